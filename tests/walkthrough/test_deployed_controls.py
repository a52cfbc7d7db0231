"""The controls by the contract, deployed: opened by an AWS CLI call, mended, proved, told, taken back, exempt."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from cloudmend.controls import every
from cloudmend.core.policy.model import name_of
from cloudmend.core.ports import PutOff
from local.embedded.helpers import ACCOUNT, client, member
from walkthrough.buckets import GRANTS, POLICY
from walkthrough.conftest import run
from walkthrough.deployed import Deployed, an_account
from walkthrough.packaged import deploy
from walkthrough.policies import POLICIES, make_function, no_longer_permitted
from walkthrough.proof import Proof as Proof
from walkthrough.proof import Someone as Someone
from walkthrough.proof import cli as cli
from walkthrough.template import RESPONDER, SWEEPER, UNDOER, allowed_to_controls, granted

PARTNER = "111122223333"
POLICY_FILE = "cloudmend/policy.toml"
OPEN = {"Sid": "open", "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
OWN = {"Sid": "own", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{PARTNER}:root"}, "Action": "sqs:*"}
REGION = "us-east-1"
NEW_AND_OLD = re.compile(r"(, in place of )?\bsgr-[0-9a-f]{17} ?")  # ids of a rule that an undo brings back
OFF = {"BlockPublicSecurityGroupRules": False, "PermittedPublicSecurityGroupRuleRanges": [{"MinRange": 22}]}
NARROWED = {**OPEN, "Condition": {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}}


def make_snapshot(account: Someone, _: str) -> str:
    volume = cli(account, "ec2", "create-volume", "--availability-zone", "us-east-1a", "--size", "1")["VolumeId"]
    snapshot = str(cli(account, "ec2", "create-snapshot", "--volume-id", volume)["SnapshotId"])
    cli(account, *sharing(snapshot, f"Add=[{{UserId={PARTNER}}}]"))
    return snapshot


def sharing(snapshot: str, change: str) -> list[str]:
    words = ["ec2", "modify-snapshot-attribute", "--snapshot-id", snapshot, "--attribute", "createVolumePermission"]
    return [*words, "--create-volume-permission", change]


def share_with_all(snapshot: str) -> list[str]:
    return sharing(snapshot, "Add=[{Group=all}]")


def shared_with(account: Someone, snapshot: str) -> Any:
    words = ("--snapshot-id", snapshot, "--attribute", "createVolumePermission")
    return cli(account, "ec2", "describe-snapshot-attribute", *words)["CreateVolumePermissions"]


def make_db_snapshot(account: Someone, name: str) -> str:
    login = ("--master-username", "owner", "--master-user-password", "a-password")
    size = ("--db-instance-class", "db.t4g.micro", "--allocated-storage", "20", "--engine", "postgres")
    cli(
        account,
        "rds",
        "create-db-instance",
        "--db-instance-identifier",
        name,
        *size,
        *login,
        "--no-publicly-accessible",
    )
    cli(account, "rds", "create-db-snapshot", "--db-instance-identifier", name, "--db-snapshot-identifier", name)
    cli(account, *sharing_db(f"snapshot:{name}", PARTNER))
    return f"snapshot:{name}"


def db_words(verb: str, snapshot: str, noun: str) -> list[str]:
    prefix, _, name = snapshot.partition(":")
    kind = f"db-{prefix}"
    return ["rds", f"{verb}-{kind}-{noun}", f"--{kind}-identifier", name]


def sharing_db(snapshot: str, account: str) -> list[str]:
    words = db_words("modify", snapshot, "attribute")
    return [*words, "--attribute-name", "restore", "--values-to-add", account]


def share_db_with_all(snapshot: str) -> list[str]:
    return sharing_db(snapshot, "all")


def db_shared_with(account: Someone, snapshot: str) -> Any:
    (answer,) = cli(account, *db_words("describe", snapshot, "attributes")).values()
    (restore,) = next(rows for rows in answer.values() if isinstance(rows, list))
    return set(restore["AttributeValues"])


def make_cluster_snapshot(account: Someone, name: str) -> str:
    login = ("--master-username", "owner", "--master-user-password", "a-password")
    cli(account, "rds", "create-db-cluster", "--db-cluster-identifier", name, "--engine", "aurora-postgresql", *login)
    words = ("--db-cluster-identifier", name, "--db-cluster-snapshot-identifier", name)
    cli(account, "rds", "create-db-cluster-snapshot", *words)
    cli(account, *sharing_db(f"cluster-snapshot:{name}", PARTNER))
    return f"cluster-snapshot:{name}"


def make_image(account: Someone, name: str) -> str:
    image = str(cli(account, "ec2", "register-image", "--name", name)["ImageId"])
    cli(account, *sharing_image(image, f"Add=[{{UserId={PARTNER}}}]"))
    return image


def sharing_image(image: str, change: str) -> list[str]:
    words = ["ec2", "modify-image-attribute", "--image-id", image, "--attribute", "launchPermission"]
    return [*words, "--launch-permission", change]


def share_image_with_all(image: str) -> list[str]:
    return sharing_image(image, "Add=[{Group=all}]")


def launched_by(account: Someone, image: str) -> Any:
    words = ("--image-id", image, "--attribute", "launchPermission")
    return cli(account, "ec2", "describe-image-attribute", *words)["LaunchPermissions"]


def make_document(account: Someone, name: str) -> str:
    content = json.dumps({"schemaVersion": "2.2", "description": "Says something.", "mainSteps": []})
    cli(account, "ssm", "create-document", "--name", name, "--document-type", "Command", "--content", content)
    return name


def share_document(name: str) -> list[str]:
    words = ["ssm", "modify-document-permission", "--name", name, "--permission-type", "Share"]
    return [*words, "--account-ids-to-add", "all", "--shared-document-version", "$LATEST"]


def run_by(account: Someone, name: str) -> Any:
    words = ("--name", name, "--permission-type", "Share")
    return cli(account, "ssm", "describe-document-permission", *words)["AccountSharingInfoList"]


def make_service(account: Someone, name: str) -> str:
    vpc = cli(account, "ec2", "create-vpc", "--cidr-block", "10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = cli(account, "ec2", "create-subnet", "--vpc-id", vpc, "--cidr-block", "10.1.1.0/24")["Subnet"]["SubnetId"]
    words = ("--name", name.removesuffix("_public")[-20:], "--subnets", subnet, "--type", "network")
    balancer = cli(account, "elbv2", "create-load-balancer", *words)["LoadBalancers"][0]["LoadBalancerArn"]
    created = cli(
        account,
        *("ec2", "create-vpc-endpoint-service-configuration", "--network-load-balancer-arns", balancer),
        "--no-acceptance-required",
    )
    service = str(created["ServiceConfiguration"]["ServiceId"])
    cli(account, *permitting(service, f"arn:aws:iam::{PARTNER}:root"))
    return service


def permitting(service: str, principal: str) -> list[str]:
    words = ["ec2", "modify-vpc-endpoint-service-permissions", "--service-id", service]
    return [*words, "--add-allowed-principals", principal]


def permit_all(service: str) -> list[str]:
    return permitting(service, "*")


def permitted(account: Someone, service: str) -> Any:
    rows = cli(account, "ec2", "describe-vpc-endpoint-service-permissions", "--service-id", service)
    return {row["Principal"] for row in rows["AllowedPrincipals"]}


def make_bucket(account: Someone, name: str) -> str:
    cli(account, "s3api", "create-bucket", "--bucket", name)
    return name


def open_bucket(bucket: str) -> list[str]:
    flags = "BlockPublicAcls=true,IgnorePublicAcls=false,BlockPublicPolicy=false,RestrictPublicBuckets=true"
    words = ["s3api", "put-public-access-block", "--bucket", bucket]
    return [*words, "--public-access-block-configuration", flags]


def blocked(account: Someone, bucket: str) -> Any:
    return cli(account, "s3api", "get-public-access-block", "--bucket", bucket)["PublicAccessBlockConfiguration"]


def make_queue(account: Someone, name: str) -> str:
    cli(account, "sqs", "create-queue", "--queue-name", name)
    return name


def open_queue(name: str) -> list[str]:
    policy = json.dumps({"Version": "2012-10-17", "Statement": [OPEN, OWN]})
    words = ["sqs", "set-queue-attributes", "--queue-url", f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/{name}"]
    return [*words, "--attributes", json.dumps({"Policy": policy})]


def admitted(account: Someone, name: str) -> Any:
    url = cli(account, "sqs", "get-queue-url", "--queue-name", name)["QueueUrl"]
    answer = cli(account, "sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", "Policy")
    return json.loads(answer["Attributes"]["Policy"])["Statement"]


def make_instance(account: Someone, name: str) -> str:
    words = ("--availability-zone", "us-east-1a", "--blueprint-id", "debian_12", "--bundle-id", "nano_3_0")
    cli(account, "lightsail", "create-instances", "--instance-names", name, *words)
    while instance(account, name)["state"]["name"] == "pending":
        pass
    ssh = "fromPort=22,toPort=22,protocol=tcp,cidrs=203.0.113.7/32"
    web = "fromPort=80,toPort=80,protocol=tcp,cidrs=0.0.0.0/0"
    cli(account, "lightsail", "put-instance-public-ports", "--instance-name", name, "--port-infos", ssh, web)
    return name


def instance(account: Someone, name: str) -> Any:
    return cli(account, "lightsail", "get-instance", "--instance-name", name)["instance"]


def open_ssh(name: str) -> list[str]:
    words = ["lightsail", "open-instance-public-ports", "--instance-name", name]
    return [*words, "--port-info", "fromPort=22,toPort=22,protocol=tcp,cidrs=0.0.0.0/0"]


def ports_of(account: Someone, name: str) -> Any:
    rows = cli(account, "lightsail", "get-instance-port-states", "--instance-name", name)["portStates"]
    return {row["fromPort"]: [*row["cidrs"], *row["ipv6Cidrs"]] for row in rows}


def make_cluster(account: Someone, name: str) -> str:
    role, network = f"arn:aws:iam::{ACCOUNT}:role/cluster", "subnetIds=subnet-0123456789abcdef0"
    listed = "endpointPrivateAccess=true,publicAccessCidrs=203.0.113.7/32"
    words = ("--name", name, "--role-arn", role, "--resources-vpc-config", f"{network},{listed}")
    cli(account, "eks", "create-cluster", *words)
    return name


def open_endpoint(name: str) -> list[str]:
    listed = "publicAccessCidrs=203.0.113.7/32,0.0.0.0/0"
    return ["eks", "update-cluster-config", "--name", name, "--resources-vpc-config", listed]


def endpoint(account: Someone, name: str) -> Any:
    """The list, once EKS has applied what it accepted."""
    while (cluster := cli(account, "eks", "describe-cluster", "--name", name)["cluster"])["status"] == "UPDATING":
        pass
    return cluster["resourcesVpcConfig"]["publicAccessCidrs"]


def make_database(account: Someone, name: str) -> str:
    login = ("--master-username", "owner", "--master-user-password", "a-password", "--no-publicly-accessible")
    size = ("--db-instance-class", "db.t4g.micro", "--allocated-storage", "20", "--engine", "postgres")
    cli(account, "rds", "create-db-instance", "--db-instance-identifier", name, *size, *login)
    database(account, f"db:{name}")
    return f"db:{name}"


def open_database(database_id: str) -> list[str]:
    name = database_id.removeprefix("db:")
    return ["rds", "modify-db-instance", "--db-instance-identifier", name, "--publicly-accessible"]


def database(account: Someone, database_id: str) -> Any:
    """The flag, once RDS has applied what it accepted."""
    words = ("rds", "describe-db-instances", "--db-instance-identifier", database_id.removeprefix("db:"))
    while (row := cli(account, *words)["DBInstances"][0])["DBInstanceStatus"] != "available":
        pass
    return row["PubliclyAccessible"]


def make_warehouse(account: Someone, name: str) -> str:
    login = ("--master-username", "owner", "--master-user-password", "A-passw0rd")
    cli(account, "redshift", "create-cluster", "--cluster-identifier", name, "--node-type", "ra3.large", *login)
    return name


def open_warehouse(name: str) -> list[str]:
    return ["redshift", "modify-cluster", "--cluster-identifier", name, "--publicly-accessible"]


def warehouse(account: Someone, name: str) -> Any:
    """The flag, once Redshift has applied what it accepted."""
    words = ("redshift", "describe-clusters", "--cluster-identifier", name)
    while (row := cli(account, *words)["Clusters"][0])["ClusterStatus"] != "available":
        pass
    return row["PubliclyAccessible"]


def make_default_group(account: Someone, _: str) -> str:
    """The group of a new VPC, emptied: by a stack that heard of the VPC, or else here."""
    vpc = cli(account, "ec2", "create-vpc", "--cidr-block", "10.1.0.0/16")["Vpc"]["VpcId"]
    own = ("--filters", f"Name=vpc-id,Values={vpc}", "Name=group-name,Values=default")
    (group,) = cli(account, "ec2", "describe-security-groups", *own)["SecurityGroups"]
    settle = getattr(account, "settle", lambda: None)
    settle()
    for rule in rules_of(account, group["GroupId"]):
        direction = "egress" if rule["IsEgress"] else "ingress"
        words = ("--group-id", group["GroupId"], "--security-group-rule-ids", rule["SecurityGroupRuleId"])
        cli(account, "ec2", f"revoke-security-group-{direction}", *words)
    settle()
    return str(group["GroupId"])


def open_default_group(group_id: str) -> list[str]:
    words = ["ec2", "authorize-security-group-egress", "--group-id", group_id]
    return [*words, "--protocol", "tcp", "--port", "443", "--source-group", group_id]


def rules_of(account: Someone, group_id: str) -> Any:
    words = ("--filters", f"Name=group-id,Values={group_id}")
    return cli(account, "ec2", "describe-security-group-rules", *words)["SecurityGroupRules"]


def allowed(account: Someone, group_id: str) -> Any:
    return [(rule["IpProtocol"], rule["FromPort"], rule["IsEgress"]) for rule in rules_of(account, group_id)]


ALL_ON = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
SNAPSHOT = Proof(
    "ebs_snapshot_public",
    "EBS snapshot",
    make_snapshot,
    share_with_all,
    shared_with,
    [{"UserId": PARTNER}],
    "ended its sharing with every AWS account.",
    "snapshot is shared with every AWS account again",
)
BUCKET = Proof(
    "s3_bucket_block_public_access",
    "S3 bucket",
    make_bucket,
    open_bucket,
    blocked,
    ALL_ON,
    "switched IgnorePublicAcls on; switched BlockPublicPolicy on.",
    "BlockPublicPolicy is off again; IgnorePublicAcls is off again",
)
QUEUE = Proof(
    "sqs_policy_public",
    "SQS queue",
    make_queue,
    open_queue,
    admitted,
    [NARROWED, OWN],
    "narrowed statement open of its policy to principals of its own account.",
    "Policy is again what it was",
)
DB_SNAPSHOT = Proof(
    "rds_snapshot_public",
    "DB snapshot",
    make_db_snapshot,
    share_db_with_all,
    db_shared_with,
    {PARTNER},
    "ended its sharing with every AWS account.",
    "snapshot is shared with every AWS account again",
)
CLUSTER_SNAPSHOT = DB_SNAPSHOT._replace(make=make_cluster_snapshot)
IMAGE = Proof(
    "ami_public",
    "AMI",
    make_image,
    share_image_with_all,
    launched_by,
    [{"UserId": PARTNER}],
    "ended its sharing with every AWS account.",
    "image is shared with every AWS account again",
)
DOCUMENT = Proof(
    "ssm_document_public",
    "SSM document",
    make_document,
    share_document,
    run_by,
    [],
    "ended its sharing with every AWS account.",
    "document is shared with every AWS account again",
)
SERVICE = Proof(
    "endpoint_service_public",
    "VPC endpoint service",
    make_service,
    permit_all,
    permitted,
    {f"arn:aws:iam::{PARTNER}:root"},
    "ended its sharing with every AWS account.",
    "vpc-endpoint is shared with every AWS account again",
)
INSTANCE = Proof(
    "lightsail_ports",
    "Lightsail instance",
    make_instance,
    open_ssh,
    ports_of,
    {22: ["203.0.113.7/32", "10.0.0.0/8"], 80: ["0.0.0.0/0"]},
    "narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8.",
    "tcp/22 is open to 203.0.113.7/32, 0.0.0.0/0 again",
)
CLUSTER = Proof(
    "eks_endpoint_cidrs",
    "EKS cluster",
    make_cluster,
    open_endpoint,
    endpoint,
    ["203.0.113.7/32", "198.51.100.0/24"],
    "narrowed its public endpoint from 0.0.0.0/0 to 198.51.100.0/24.",
    "public endpoint is open to 203.0.113.7/32, 0.0.0.0/0 again",
)
DATABASE = Proof(
    "rds_instance_public",
    "RDS database",
    make_database,
    open_database,
    database,
    False,
    "set PubliclyAccessible from public to private.",
    "PubliclyAccessible is public again",
)
WAREHOUSE = Proof(
    "redshift_cluster_public",
    "Redshift cluster",
    make_warehouse,
    open_warehouse,
    warehouse,
    False,
    "set PubliclyAccessible from public to private.",
    "PubliclyAccessible is public again",
)
DEFAULT_GROUP = Proof(
    "default_security_group",
    "default security group",
    make_default_group,
    open_default_group,
    allowed,
    [],
    "revoked tcp/443 to its own members.",
    "is tcp/443 to its own members again",
    again=255,
)
SLOW = (CLUSTER, DATABASE, WAREHOUSE)  # observed by default, and applied by AWS some time after it accepted
APPROVED = f'\n[control.{CLUSTER.control}]\nmode = "fix"\napproved.ipv4 = ["198.51.100.0/24"]\n'
SNAPSHOT_BLOCK = Proof(
    "snapshot_block_public_access",
    "snapshot block public access",
    lambda *_: REGION,
    lambda _: ["ec2", "disable-snapshot-block-public-access"],
    lambda account, _: cli(account, "ec2", "get-snapshot-block-public-access-state")["State"],
    "block-new-sharing",
    "set State from unblocked to block-new-sharing.",
    "State is unblocked again",
)
EMR_BLOCK = Proof(
    "emr_block_public_access",
    "EMR block public access",
    lambda *_: REGION,
    lambda _: ["emr", "put-block-public-access-configuration", "--block-public-access-configuration", json.dumps(OFF)],
    lambda account, _: cli(account, "emr", "get-block-public-access-configuration")["BlockPublicAccessConfiguration"],
    {**OFF, "BlockPublicSecurityGroupRules": True},
    "set BlockPublicSecurityGroupRules from off to on.",
    "BlockPublicSecurityGroupRules is off again",
)
# What the stack is not deployed with: the right to change what is only observed, but for the bucket.
OBSERVED = [name_of(control.id) for control in every() if control.mode != "fix" and control.id != BUCKET.control]
# Nor with that to change a function's policy: the AWS CLI takes a statement once, so a function is proved by hand.
NOT_DEPLOYED = [f"{verb}{name}" for verb in ("Mends", "Undoes") for name in (*OBSERVED, "LambdaPolicyPublic")]
# Once the block of snapshots is mended, no snapshot can be shared, and once that of buckets is, none can be opened.
PROOFS = (
    SNAPSHOT,
    POLICY,
    GRANTS,
    BUCKET,
    QUEUE,
    DB_SNAPSHOT,
    CLUSTER_SNAPSHOT,
    IMAGE,
    DOCUMENT,
    SERVICE,
    INSTANCE,
    DEFAULT_GROUP,
    *POLICIES,
    EMR_BLOCK,
    SNAPSHOT_BLOCK,
)
OF_RESOURCES = tuple(proof for proof in PROOFS if proof not in (EMR_BLOCK, SNAPSHOT_BLOCK, POLICY, GRANTS))
ONE_EACH = tuple({proof.control: proof for proof in OF_RESOURCES}.values())  # the last of each control
# Settings that are at fault by AWS's own defaults, in every Region of every account.
BY_DEFAULT = {
    "default_security_group",
    "ebs_encryption_default",
    "image_block_public_access",
    "instance_metadata_defaults",
    "s3_account_block_public_access",
    "snapshot_block_public_access",
    "vpc_block_public_access",
}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with an_account(tmp_path_factory.mktemp("sam")) as account:
        deploy_with(account, S3BucketBlockPublicAccessRights="fix", LambdaPolicyPublicRights="observe")
        make_cluster(account, "observed")
        yield account


def deploy_with(account: Deployed, **parameters: str) -> None:
    """Deploy the stack, and subscribe a queue to the topic for people."""
    deploy(account, **parameters)
    subscribe(account)


def subscribe(account: Deployed) -> None:
    """Have a queue get what people get."""
    cli(account, "sqs", "create-queue", "--queue-name", "mailbox")
    mailbox = f"arn:aws:sqs:us-east-1:{ACCOUNT}:mailbox"
    subscribing = ("--protocol", "sqs", "--notification-endpoint", mailbox)
    cli(account, "sns", "subscribe", "--topic-arn", account.resource("NoticeTopic"), *subscribing)


def mails(deployed: Deployed, about: str) -> list[str]:
    """The texts that the topic for people got about a resource since the last time, in order."""
    sqs, texts = deployed.client("sqs"), []
    queue = sqs.get_queue_url(QueueName="mailbox")["QueueUrl"]
    while received := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in received:
            texts.append(json.loads(message["Body"])["Message"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return [text for text in texts if about in text]


def events(deployed: Deployed, about: str, control: str) -> list[dict[str, Any]]:
    """cloudmend's own events about a resource under a control."""
    own = (event["detail"] for event in deployed.aws.events if event["detail-type"] == "cloudmend record")
    return [detail for detail in own if (detail["resource"]["id"], detail["control"]) == (about, control)]


def records(deployed: Deployed, about: str, control: str) -> list[dict[str, Any]]:
    """The records about a resource under a control: the id of a Region is that of each of its settings."""
    return [record for record in deployed.records(about) if record["control"] == control]


def policy_says(deployed: Deployed, more: str) -> None:
    """The deployed archive, with these lines more at the end of its policy file."""
    client = deployed.client("lambda")
    (key,) = {each["Key"] for each in packages(deployed) if not each["Key"].endswith(".template")}
    body = deployed.client("s3").get_object(Bucket="cloudmend-packages", Key=key)["Body"].read()
    old, new = zipfile.ZipFile(io.BytesIO(body)), io.BytesIO()
    with zipfile.ZipFile(new, "w") as archive:
        for name in old.namelist():
            archive.writestr(name, old.read(name) + (more.encode() if name == POLICY_FILE else b""))
    for function in ("SecurityGroupRemediationLambda", "SweepFunction"):
        client.update_function_code(FunctionName=deployed.resource(function), ZipFile=new.getvalue())


def packages(deployed: Deployed) -> Sequence[dict[str, Any]]:
    listed: Sequence[dict[str, Any]] = deployed.client("s3").list_objects_v2(Bucket="cloudmend-packages")["Contents"]
    return listed


def test_a_bucket_is_only_observed_unless_the_policy_says_otherwise(deployed: Deployed) -> None:
    bucket = make_bucket(deployed, "only-observed")
    cli(deployed, *open_bucket(bucket))
    before = blocked(deployed, bucket)
    deployed.settle()
    (record,) = records(deployed, bucket, BUCKET.control)
    assert record["status"] == "observed"
    assert "would have switched IgnorePublicAcls on" in record["summary"]
    assert blocked(deployed, bucket) == before
    (mail,) = mails(deployed, bucket)
    assert "s3_bucket_block_public_access is observe, unless" in mail


@pytest.mark.parametrize("proof", PROOFS, ids=[proof.control for proof in PROOFS])
def test_it_is_mended_proved_told_recorded_and_taken_back_exactly(deployed: Deployed, proof: Proof) -> None:
    if proof is BUCKET:
        policy_says(deployed, f'\n[control.{proof.control}]\nmode = "fix"\n')
    name = f"proof-{PROOFS.index(proof)}-{proof.control.replace('_', '-')}"
    resource = proof.make(deployed, name)
    deployed.settle()
    earlier, known = len(records(deployed, resource, proof.control)), len(events(deployed, resource, proof.control))
    mails(deployed, resource)  # those of its creation
    cli(deployed, *proof.open(resource))
    deployed.settle()
    assert proof.read(deployed, resource) == proof.mended
    mended, *own = records(deployed, resource, proof.control)[earlier:]
    assert (mended["status"], mended["control"]) == ("mended", proof.control)
    named, told = mended["summary"].split(": ")
    assert (named.removesuffix(f" ({name})"), told) == (f"{proof.noun} {resource}", proof.said)
    assert {record["status"] for record in own} <= {"clean"}  # its own write wakes it, and ends there
    assert mended["attribution"]["through"].startswith("the AWS CLI")
    (mail,) = mails(deployed, f"{proof.noun} {resource}")
    assert f"{named}: " in mail
    assert [detail["status"] for detail in events(deployed, resource, proof.control)[known:]] == ["mended"]
    entry = deployed.ledger().get(mended["entry_id"])
    assert (entry.state, entry.intent.control) == ("DONE", proof.control)
    taken_back(deployed, proof, named, mended)


def taken_back(deployed: Deployed, proof: Proof, named: str, mended: dict[str, Any]) -> None:
    """By a person in the undo role; what is restored is what the AWS CLI's call had left, and it stays so."""
    resource, person = mended["resource"]["id"], deployed.assume(UNDOER)
    said = run(
        ["cloudmend", "undo", mended["entry_id"], "--for", "2h", "--reason", "a partner needs it"], person
    ).stdout
    assert "undone" in said
    assert resource in said
    deployed.settle()
    opened = proof.read(deployed, resource)
    assert opened != proof.mended
    run(["aws", *proof.open(resource)], deployed.environment, status=proof.again)
    deployed.settle()
    assert proof.read(deployed, resource) == opened  # the same call again leaves nothing else, so nothing was else
    woken = 1 if proof.again else 2  # by the undo, and by the call if AWS took it
    assert {record["status"] for record in records(deployed, resource, proof.control)[-woken:]} == {"exempt"}
    undone = [record for record in records(deployed, resource, proof.control) if record["event_name"] == "Undo"]
    assert [record["control"] for record in undone] == [proof.control]
    (mail,) = mails(deployed, named)
    told = NEW_AND_OLD.sub("", " ".join(mail.split()))
    assert f"{named}: {proof.restored}. Only that is exempt until" in told
    (exemption,) = [
        each
        for each in deployed.ledger().exemptions(datetime.now(UTC)).held
        if (each.group, each.control) == (resource, proof.control)
    ]
    assert not exemption.is_whole
    assert run(["cloudmend", "exempt", "remove", exemption.id], person).returncode == 0


def test_the_sweep_mends_what_no_event_reported(deployed: Deployed) -> None:
    """The bucket too: the policy says by now that it is mended.

    Before the stack there were the default group of the default VPC, four settings of the Region that are only
    observed, and the account's block public access.
    """
    with deployed.without_events():
        no_longer_permitted(deployed, make_function(deployed, "without-a-policy"))
        made = [
            (proof, proof.make(deployed, f"missed-{number}-{proof.control.replace('_', '-')}"))
            for number, proof in enumerate(PROOFS)
        ]
        for proof, resource in made:
            cli(deployed, *proof.open(resource))
        answer = deployed.invoke("SweepFunction")
    assert {record["status"] for record in answer["records"]} == {"mended"}
    assert answer["held"] == 6
    for proof, resource in made:
        assert proof.read(deployed, resource) == proof.mended
        *_, record = records(deployed, resource, proof.control)
        assert (record["status"], record["missed"], record["control"]) == ("mended", True, proof.control)


def test_who_took_a_snapshot_meanwhile_is_told_and_asked_again(deployed: Deployed) -> None:
    """Another account copied it before the sweep came; the second question finds no more than that."""
    stranger = client(deployed.aws, "ec2", **member(deployed.aws)[1])
    with deployed.without_events():
        run(["aws", *SNAPSHOT_BLOCK.open(REGION)], deployed.environment)
        snapshot = make_snapshot(deployed, "")
        cli(deployed, *share_with_all(snapshot))
        stranger.copy_snapshot(SourceRegion=REGION, SourceSnapshotId=snapshot)
        deployed.invoke("SweepFunction")
    *_, mended = records(deployed, snapshot, SNAPSHOT.control)
    assert mended["status"] == "mended"
    told, later = mended["taken"]
    assert told.startswith("Before the mend: a copy of it was begun at ")
    assert later.startswith("cloudmend asks again at ")
    entry = deployed.ledger().get(mended["entry_id"])
    assert entry.ended
    assert entry.ended.record.taken == (told, later)
    task = PutOff(
        due=datetime.now(UTC),
        account=ACCOUNT,
        region=REGION,
        control=SNAPSHOT.control,
        resource=entry.intent.resource,
        cause=entry.intent.cause,
        mended=entry.id,
    )
    answer = deployed.invoke("SweepFunction", {"Records": [{"body": task.body()}]})
    assert answer["ignored"] == [f"AWS reports nothing more about {snapshot}"]


def test_what_was_used_is_exactly_what_the_controls_declare(deployed: Deployed) -> None:
    """After the proofs before it; and with events that name nothing, so that the whole Region is looked at."""
    told = {event["detail"]["eventName"]: event for event in deployed.aws.events if "eventName" in event["detail"]}
    event = told["ModifySnapshotAttribute"]
    for trigger in (trigger for control in every()[1:] for trigger in control.triggers):
        called = {"eventSource": trigger.source, "eventName": trigger.name}
        nameless = {**event["detail"], **called, "requestParameters": None, "responseElements": None}
        deployed.aws.put_event({**event, "source": f"aws.{trigger.source.split('.')[0]}", "detail": nameless})
    deployed.settle()
    needs_no_right = {"sts:GetCallerIdentity"}
    strict = {"ec2:EnableSnapshotBlockPublicAccess"}  # for a policy that asks for the strictest block
    unused = {UNDOER: strict}
    for role in (RESPONDER, SWEEPER, UNDOER):
        declared = allowed_to_controls(role, NOT_DEPLOYED) - unused.get(role, set())
        assert deployed.used(role) - granted(role) - needs_no_right == declared - granted(role)
