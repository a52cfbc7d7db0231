"""The rights of the roles in a Region: the functions mend there with their roles, and a person undoes with theirs.

What is at fault is in us-east-1, and the stack there or in another Region. `scripts/check_rights.py` runs these tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from moto.sts.models import sts_backends

from cli.doctor.patient import Patient
from cloudmend.aws.gateway import Gateway
from cloudmend.controls import every, security_group_ingress, snapshot_block_public_access
from cloudmend.core.policy.model import Policy
from cloudmend.local.server import EmbeddedAws
from cloudmend.testing.bench import REGION, Aws, Bench
from cloudmend.testing.specimen import Client, Specimen, name
from cloudmend.testing.undo import undone
from kit.specimens import SPECIMENS
from local.embedded.helpers import ACCOUNT, client, unheard
from walkthrough.template import RESPONDER, SWEEPER, UNDOER

# The Region of a stack, what it sweeps, and the role that mends: events wake its function in that Region alone.
STACKS = (("eu-west-1", "all", SWEEPER), (REGION, "own", SWEEPER), (REGION, "own", RESPONDER))
GROUP = "AWS::EC2::SecurityGroup"
REVOKES_IPV6 = 'replacement = { ipv4 = "vpc", ipv6 = "revoke" }\n'


def _open_group(client: Client) -> str:
    """A group with a rule that is narrowed, one that is revoked, and one of a prefix list, all with a tag."""
    ec2 = client("ec2")
    group = str(ec2.create_security_group(GroupName="elsewhere", Description="testing")["GroupId"])
    world = {"PrefixListName": "world", "AddressFamily": "IPv4", "MaxEntries": 1, "Entries": [{"Cidr": "0.0.0.0/0"}]}
    prefix_list = ec2.create_managed_prefix_list(**world)
    ssh: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    sources: list[dict[str, Any]] = [
        {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        {"Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
        {"PrefixListIds": [{"PrefixListId": prefix_list["PrefixList"]["PrefixListId"]}]},
    ]
    tags = [{"ResourceType": "security-group-rule", "Tags": [{"Key": "owner", "Value": "alice"}]}]
    for source in sources:
        permissions = [{**ssh, **source}]
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=permissions, TagSpecifications=tags)
    return group


def _half_open(client: Client) -> str:
    client("ec2").enable_snapshot_block_public_access(State="block-new-sharing")
    return REGION


ALL = (
    *SPECIMENS,
    Specimen(security_group_ingress.CONTROL, _open_group),
    Specimen(snapshot_block_public_access.CONTROL, _half_open, policy='state = "block-all-sharing"\n'),
)


class InRegion(Bench):
    """A bench that acts with a role of the stack."""

    def __init__(self, patient: Patient, specimen: Specimen, role: str) -> None:
        self._patient = patient
        self._role = role
        super().__init__(patient.aws, specimen)

    @property
    def client(self) -> Client:
        return lambda service: client(self.aws, service, region=REGION)

    def restart(self) -> None:
        super().restart()
        self.act_as(self._role)

    def act_as(self, role: str) -> None:
        """Act with a session of a role from now on."""
        keys = session(self._patient[role])
        gateway = Gateway(REGION, lambda service: client(self.aws, service, region=REGION, **keys), self.clock)
        self._role, self.api = role, Aws(gateway, self.steps)

    def policy(self, mode: str = "fix", more: str = "") -> Policy:
        return super().policy(mode, more or (REVOKES_IPV6 if self.control.resource.type == GROUP else ""))


def session(role: str) -> Mapping[str, str]:
    made = sts_backends[ACCOUNT]["aws"].assume_role(
        region_name=REGION,
        role_session_name="testing",
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/{role}",
        policy="",
        duration=3600,
        external_id="",
    )
    return {
        "aws_access_key_id": made.access_key_id,
        "aws_secret_access_key": made.secret_access_key,
        "aws_session_token": made.session_token,
    }


@pytest.fixture(scope="module", params=STACKS, ids=["elsewhere", "at-home", "woken"])
def stack(request: pytest.FixtureRequest) -> Iterator[tuple[Patient, str]]:
    """A stack with all rights that it can be given where it sweeps, and the role that mends."""
    region, sweeps, mender = request.param
    with EmbeddedAws(log=unheard, region=region) as aws:
        deployed = Patient(aws)
        rights = {f"{control.id.title().replace('_', '')}Rights": "fix" for control in every()}
        deployed.deploy(SweepRegions=sweeps, **rights)
        yield deployed, mender


@pytest.mark.deep
@pytest.mark.parametrize("specimen", ALL, ids=name)
def test_the_roles_mend_and_undo_in_a_region(stack: tuple[Patient, str], specimen: Specimen) -> None:
    patient, mender = stack
    bench = InRegion(patient, specimen, mender)
    before = bench.state()
    (record,) = bench.sweep() if mender == SWEEPER else [bench.mend()]
    assert record.status == "mended"
    bench.act_as(UNDOER)
    done = undone(bench, record.entry_id)
    assert done.record
    assert done.record.status == "exempt"
    assert len(bench.state().parts) == len(before.parts)  # a rule that was revoked has another id
