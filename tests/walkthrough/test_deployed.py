"""deploy.sh with the real SAM CLI onto the embedded AWS: what then runs is the deployed archive, in its own role."""

from __future__ import annotations

import json
import os
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from cloudmend.controls import CONTROLS
from cloudmend.local.server import EmbeddedAws
from walkthrough.conftest import TOOLS, run
from walkthrough.test_build import SAM, THIS_MACHINE
from walkthrough.template import RESPONDER, SWEEPER, granted
from walkthrough.walkthrough import MENDED, comparable

PATIENCE_S = 60.0
# As the README says it; a test compares.
NAMES = shlex.split("--bucket cloudmend-packages --region us-east-1 --stack-name cloudmend")
DELETE = shlex.split(
    "delete --stack-name cloudmend --region us-east-1 --s3-bucket cloudmend-packages --s3-prefix cloudmend"
)
# IAM has no name for a transaction: these are what the ledger's consist of.
IN_TRANSACTIONS = {
    "dynamodb:TransactWriteItems": ("dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
}


class Deployed:
    """The embedded AWS with the stack in it."""

    def __init__(self, aws: EmbeddedAws, environment: dict[str, str], log: list[str]) -> None:
        self.aws = aws
        self.environment = environment
        self._log = log

    def client(self, service: str) -> Any:
        return Session().create_client(
            service,
            region_name=self.aws.region,
            endpoint_url=self.aws.endpoint,
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )

    def group(self, name: str) -> str:
        group = self.client("ec2").create_security_group(GroupName=name, Description="testing")
        return str(group["GroupId"])

    def open(self, group_id: str, *cidrs: str) -> None:
        ranges = [{"CidrIp": cidr} for cidr in cidrs]
        permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": ranges}
        self.client("ec2").authorize_security_group_ingress(GroupId=group_id, IpPermissions=[permission])

    def refer_to_a_list_that_grows(self, group_id: str, name: str = "offices") -> None:
        """A rule from a prefix list that holds little; then the list comes to hold the world."""
        ec2 = self.client("ec2")
        made = ec2.create_managed_prefix_list(PrefixListName=name, AddressFamily="IPv4", MaxEntries=5)
        prefix_list = made["PrefixList"]["PrefixListId"]
        sources = [{"PrefixListId": prefix_list}]
        permission = {"IpProtocol": "tcp", "FromPort": 3389, "ToPort": 3389, "PrefixListIds": sources}
        ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[permission])
        world = [{"Cidr": "0.0.0.0/0"}]
        ec2.modify_managed_prefix_list(PrefixListId=prefix_list, CurrentVersion=1, AddEntries=world)

    def settle(self) -> None:
        self.aws.settle(PATIENCE_S)

    def records(self, group_id: str) -> list[dict[str, Any]]:
        """What the function logged about a group, in order."""
        records = [json.loads(line)["record"] for line in self._log if '"record":' in line]
        return [record for record in records if record["resource"]["id"] == group_id]

    def resource(self, name: str) -> str:
        """The physical id of a resource of the stack: a queue's URL, a table's name."""
        found = self.client("cloudformation").describe_stack_resource(StackName="cloudmend", LogicalResourceId=name)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def ledger(self, clock: Clock) -> DynamoDbLedger:
        """The deployed table, at a time of one's own."""
        return DynamoDbLedger(self.client, self.resource("LedgerTable"), clock, Terms())

    def used(self, role: str) -> set[str]:
        """The IAM actions of all calls in a role."""
        calls = [call for call in self.aws.calls if f":assumed-role/cloudmend-{role}" in call.principal]
        names = {f"{call.service}:{call.operation}" for call in calls}
        return {action for name in names for action in IN_TRANSACTIONS.get(name, (name,))}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    home = tmp_path_factory.mktemp("sam")
    (home / "metadata.json").write_text('{"lastVersionCheck": 4102444800.0}')  # SAM asks PyPI once a week
    log: list[str] = []
    with EmbeddedAws(log=log.append) as aws:
        path = f"{TOOLS}{os.pathsep}{os.environ['PATH']}"
        sam = {"__SAM_CLI_APP_DIR": str(home), "SAM_CLI_TELEMETRY": "0", "HOME": str(home)}
        environment = {**aws.environment, **THIS_MACHINE, **sam, "PATH": path}
        run(["aws", "s3", "mb", "s3://cloudmend-packages"], environment)
        said = run(["scripts/deploy.sh", *NAMES], environment).stdout
        assert "cloudmend watches us-east-1" in said
        yield Deployed(aws, environment, log)


def test_a_group_opened_by_bad_boy_is_mended_by_the_deployed_function(deployed: Deployed) -> None:
    group_id = deployed.group("testing")
    run(["scripts/bad_boy.sh", group_id], deployed.environment)
    wait_for(lambda: bool(deployed.records(group_id)))
    deployed.settle()
    words = ["aws", "ec2", "describe-security-groups", "--group-ids", group_id]
    assert comparable(run(words, deployed.environment).stdout) == MENDED


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def test_its_own_write_wakes_it_once_and_ends_there(deployed: Deployed) -> None:
    group_id = deployed.group("wakes-once")
    deployed.open(group_id, "0.0.0.0/0")
    deployed.settle()
    own, theirs = deployed.records(group_id)[::-1]
    assert (theirs["status"], theirs["event_name"]) == ("mended", "AuthorizeSecurityGroupIngress")
    assert (own["status"], own["event_name"]) == ("clean", "ModifySecurityGroupRules")
    assert "SecurityGroupRemediationRole" in own["actor"]["role_arn"]


def test_the_function_uses_exactly_the_rights_it_has(deployed: Deployed) -> None:
    group_id = deployed.group("rights")
    deployed.open(group_id, "0.0.0.0/0", "128.0.0.0/1")  # narrowed; revoked
    deployed.settle()
    deployed.refer_to_a_list_that_grows(group_id)  # the list and the groups that refer to it; revoked
    deployed.aws.put_event(named_only("nobody"))  # by its name, in the default VPC
    gone = deployed.group("gone")
    deployed.client("ec2").delete_security_group(GroupId=gone)
    deployed.aws.put_event(sample_event(gone))  # no rules: is there a group?
    deployed.settle()
    deployed.aws.put_event(sample_event("GROUP_ID"))  # no id: it fails, and is kept
    deployed.settle()
    assert deployed.used(RESPONDER) == granted(RESPONDER, security_hub=False)


def test_the_sweep_uses_exactly_the_rights_it_has(deployed: Deployed) -> None:
    group_id = deployed.group("left-behind")
    deployed.ledger(Earlier()).intend(intent(group_id))  # a crash, for all that the ledger knows
    deployed.refer_to_a_list_that_grows(deployed.group("swept"), "branches")
    deployed.settle()
    deployed.open(deployed.group("missed"), "0.0.0.0/0", "128.0.0.0/1")
    deployed.invoke("SweepFunction", {})
    deployed.continue_with("nonsense")  # kept, in the end
    deployed.continue_with("[]")
    deployed.settle()
    assert deployed.used(SWEEPER) == granted(SWEEPER, security_hub=False)


def named_only(name: str) -> dict[str, Any]:
    event = sample_event("")
    event["detail"]["requestParameters"] = {"groupName": name}
    return event


def sample_event(group_id: str) -> dict[str, Any]:
    event = json.loads(Path("events/event.json").read_text().replace("sg-05fe30eb67c909f27", group_id))
    assert isinstance(event, dict)
    return event


def test_an_event_that_cannot_be_understood_is_kept_whole_with_the_reason(deployed: Deployed) -> None:
    event = sample_event("GROUP_ID")
    deployed.aws.put_event(event)
    deployed.settle()
    sqs = deployed.client("sqs")
    (message,) = sqs.receive_message(QueueUrl=deployed.resource("DeadLetterQueue"), MaxNumberOfMessages=10)["Messages"]
    kept = json.loads(message["Body"])
    assert kept["requestPayload"] == event
    assert "is not a group id" in kept["responsePayload"]["errorMessage"]
    assert kept["requestContext"]["approximateInvokeCount"] == 3


def test_a_call_that_was_refused_wakes_nobody(deployed: Deployed) -> None:
    before = len(deployed.aws.deliveries)
    with pytest.raises(Exception, match="DryRunOperation"):
        deployed.client("ec2").authorize_security_group_ingress(
            GroupId=deployed.group("dry"), IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0", DryRun=True
        )
    deployed.settle()
    assert len(deployed.aws.deliveries) == before


def test_sam_delete_leaves_nothing(deployed: Deployed) -> None:
    """The last test of this file: the stack is gone after it."""
    run([str(SAM), *DELETE, "--no-prompts"], deployed.environment)
    assert not deployed.client("lambda").list_functions()["Functions"]
    assert not deployed.client("events").list_rules()["Rules"]
    assert not deployed.client("logs").describe_log_groups()["logGroups"]
    assert not [role for role in deployed.client("iam").list_roles()["Roles"] if "cloudmend" in role["RoleName"]]
    assert not deployed.client("sqs").list_queues().get("QueueUrls")
    assert not deployed.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert not deployed.client("s3").list_objects_v2(Bucket="cloudmend-packages").get("Contents")
