"""How a person opens settings with ordered values with the AWS CLI, and how they are read."""

from __future__ import annotations

from typing import Any, Final

from local.embedded.helpers import ACCOUNT
from walkthrough.test_deployed_controls import EMR_BLOCK, REGION, SNAPSHOT_BLOCK, Proof, Someone, cli


def _of_the_region(control: str, noun: str, opening: str, reading: str, *words: Any) -> Proof:
    """A setting of EC2 that the Region has once; `reading` is a call and a path of its answer."""
    call, _, path = reading.partition(" ")
    made, opened = (lambda *_: REGION), (lambda _: ["ec2", *opening.split()])
    return Proof(control, noun, made, opened, lambda account, _: cli(account, "ec2", call, "--query", path), *words)


def make_gateway(account: Someone, _: str) -> str:
    return str(cli(account, "ec2", "create-transit-gateway")["TransitGateway"]["TransitGatewayId"])


def make_machine(account: Someone, name: str) -> str:
    image = cli(account, "ec2", "register-image", "--name", name)["ImageId"]
    words = ("--image-id", image, "--count", "1", "--metadata-options", "HttpTokens=required,HttpEndpoint=enabled")
    (made,) = cli(account, "ec2", "run-instances", *words)["Instances"]
    return str(made["InstanceId"])


def make_subnet(account: Someone, _: str) -> str:
    vpc = cli(account, "ec2", "create-vpc", "--cidr-block", "10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = cli(account, "ec2", "create-subnet", "--vpc-id", vpc, "--cidr-block", "10.1.1.0/24")["Subnet"]
    return str(subnet["SubnetId"])


def make_image(account: Someone, name: str) -> str:
    return str(cli(account, "ec2", "register-image", "--name", name)["ImageId"])


def started_by(account: Someone, image: str) -> Any:
    """The tag of each instance that runs of an image."""
    of_it = ("--filters", f"Name=image-id,Values={image}", "Name=instance-state-name,Values=running")
    tags = "Reservations[].Instances[].Tags[?Key==`StartedBy`].Value[]"
    return cli(account, "ec2", "describe-instances", *of_it, "--query", f"{tags}[]")


def gateway(account: Someone, gateway_id: str) -> Any:
    words = ("--transit-gateway-ids", gateway_id, "--query", "TransitGateways[0].Options.AutoAcceptSharedAttachments")
    return cli(account, "ec2", "describe-transit-gateways", *words)


def machine(account: Someone, instance: str) -> Any:
    words = ("--instance-ids", instance, "--query", "Reservations[0].Instances[0].MetadataOptions.HttpTokens")
    return cli(account, "ec2", "describe-instances", *words)


def subnet(account: Someone, subnet_id: str) -> Any:
    words = ("--subnet-ids", subnet_id, "--query", "Subnets[0].MapPublicIpOnLaunch")
    return cli(account, "ec2", "describe-subnets", *words)


GATEWAY: Final = Proof(
    "transit_gateway_auto_accept",
    "transit gateway",
    make_gateway,
    lambda it: (
        f"ec2 modify-transit-gateway --transit-gateway-id {it} --options AutoAcceptSharedAttachments=enable".split()
    ),
    gateway,
    "disable",
    "set AutoAcceptSharedAttachments from enable to disable.",
    "AutoAcceptSharedAttachments is enable again",
)
MACHINE: Final = Proof(
    "instance_imdsv2",
    "EC2 instance",
    make_machine,
    lambda it: f"ec2 modify-instance-metadata-options --instance-id {it} --http-tokens optional".split(),
    machine,
    "required",
    "set HttpTokens from optional to required.",
    "HttpTokens is optional again",
)
SUBNET: Final = Proof(
    "subnet_public_ip",
    "subnet",
    make_subnet,
    lambda it: f"ec2 modify-subnet-attribute --subnet-id {it} --map-public-ip-on-launch".split(),
    subnet,
    False,
    "set MapPublicIpOnLaunch from on to off.",
    "MapPublicIpOnLaunch is on again",
)
TAGGED: Final = Proof(
    "instance_owner_tag",
    "EC2 instance",
    make_image,
    lambda image: f"ec2 run-instances --image-id {image} --count 1".split(),
    started_by,
    [f"arn:aws:iam::{ACCOUNT}:user/walkthrough"],
    f"set its tag StartedBy to arn:aws:iam::{ACCOUNT}:user/walkthrough.",
    "StartedBy is not there again",
)
ENCRYPTION: Final = _of_the_region(
    "ebs_encryption_default",
    "EBS encryption by default",
    "disable-ebs-encryption-by-default",
    "get-ebs-encryption-by-default EbsEncryptionByDefault",
    True,
    "set EbsEncryptionByDefault from off to on.",
    "EbsEncryptionByDefault is off again",
)
IMAGE_BLOCK: Final = _of_the_region(
    "image_block_public_access",
    "AMI block public access",
    "disable-image-block-public-access",
    "get-image-block-public-access-state ImageBlockPublicAccessState",
    "block-new-sharing",
    "set ImageBlockPublicAccessState from unblocked to block-new-sharing.",
    "ImageBlockPublicAccessState is unblocked again",
)
METADATA: Final = _of_the_region(
    "instance_metadata_defaults",
    "instance metadata defaults",
    "modify-instance-metadata-defaults --http-tokens optional",
    "get-instance-metadata-defaults AccountLevel.HttpTokens",
    "required",
    "set HttpTokens from optional to required.",
    "HttpTokens is optional again",
)
CONSOLE: Final = _of_the_region(
    "serial_console_access",
    "EC2 serial console access",
    "enable-serial-console-access",
    "get-serial-console-access-status SerialConsoleAccessEnabled",
    False,
    "set SerialConsoleAccessEnabled from on to off.",
    "SerialConsoleAccessEnabled is on again",
)
VPC_BLOCK: Final = _of_the_region(
    "vpc_block_public_access",
    "VPC block public access",
    "modify-vpc-block-public-access-options --internet-gateway-block-mode off",
    "describe-vpc-block-public-access-options VpcBlockPublicAccessOptions.InternetGatewayBlockMode",
    "block-ingress",
    "set InternetGatewayBlockMode from off to block-ingress.",
    "InternetGatewayBlockMode is off again",
)
OF_THE_REGION: Final = (EMR_BLOCK, SNAPSHOT_BLOCK, ENCRYPTION, IMAGE_BLOCK, METADATA, CONSOLE, VPC_BLOCK)
BY_EVENT: Final = (TAGGED,)  # what no look by hand can mend
SETTINGS: Final = (*OF_THE_REGION, GATEWAY, MACHINE, SUBNET)
