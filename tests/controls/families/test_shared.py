"""What the controls of resources that are shared with everybody ask AWS, find in its answers, and send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from cloudmend.controls import (
    ami_public,
    ebs_snapshot_public,
    endpoint_service_public,
    rds_snapshot_public,
    ssm_document_public,
)
from cloudmend.controls.families.shared import shared_with_everybody
from cloudmend.core.contract import Control, Finding, NoSettings, Parts, State, Trigger, View, rights
from cloudmend.core.model import ApiCall, Hints, Json, Resource, Step, Words
from cloudmend.core.ports import Call
from cloudmend.core.target import resources
from support import ACCOUNT, NOW, REGION

AMI, EBS, RDS = ami_public.CONTROL, ebs_snapshot_public.CONTROL, rds_snapshot_public.CONTROL
SSM, SERVICE = ssm_document_public.CONTROL, endpoint_service_public.CONTROL
ALL = (AMI, EBS, RDS, SSM, SERVICE)
PARTNER = "123456789012"
ORGANIZATION = f"arn:aws:organizations::{PARTNER}:organization/o-abc1234567"
IDS = {
    AMI.id: "ami-0123456789abcdef0",
    EBS.id: "snap-0123456789abcdef0",
    RDS.id: "snapshot:orders",
    SSM.id: "Patch",
    SERVICE.id: "vpce-svc-0123456789abcdef0",
}
SNAPSHOT, CLUSTER = "snapshot:orders", "cluster-snapshot:orders"
READ_IMAGE = Call("ec2", "DescribeImages", {"ImageIds": [IDS[AMI.id]], "IncludeDisabled": True})
READ_EBS = Call("ec2", "DescribeSnapshotAttribute", {"SnapshotId": IDS[EBS.id], "Attribute": "createVolumePermission"})
READ_DB = Call("rds", "DescribeDBSnapshotAttributes", {"DBSnapshotIdentifier": "orders"})
READ_CLUSTER = Call("rds", "DescribeDBClusterSnapshotAttributes", {"DBClusterSnapshotIdentifier": "orders"})
READ_DOCUMENT = Call("ssm", "DescribeDocumentPermission", {"Name": "Patch", "PermissionType": "Share"})
READ_PERMISSIONS = Call(
    "ec2",
    "DescribeVpcEndpointServicePermissions",
    {"ServiceId": IDS[SERVICE.id], "Filters": [{"Name": "principal-type", "Values": ["All"]}]},
)
READ_SERVICE = Call("ec2", "DescribeVpcEndpointServiceConfigurations", {"ServiceIds": [IDS[SERVICE.id]]})
ACCEPTS = [(READ_SERVICE, {"ServiceConfigurations": [{"AcceptanceRequired": True}]})]
TAKES_ALL = [(READ_SERVICE, {"ServiceConfigurations": [{"AcceptanceRequired": False}]})]


class Answers:
    """A Reader that gives each call its answer; a call without one meets the error code that is `refused`."""

    def __init__(self, answers: Sequence[tuple[Call, Any]], refused: str = "") -> None:
        self._answers = answers
        self._refused = refused

    def get(self, call: Call, absent: Mapping[str, Json | None]) -> Any:
        found = [answer for asked, answer in self._answers if asked == call]
        return found[0] if found else absent[self._refused]

    def rows(self, call: Call, key: str) -> Any:
        return self.get(call, {})[key]


def resource(control: Control[Any], name: str = "") -> Resource:
    return Resource(type=control.resource.type, id=name or IDS[control.id], account=ACCOUNT, region=REGION)


def read(control: Control[Any], *answers: tuple[Call, Any], name: str = "", refused: str = "") -> State | None:
    reader: Any = Answers(answers, refused)
    return control.read(resource(control, name), reader, NoSettings())


def image(**row: Any) -> tuple[Call, Any]:
    return READ_IMAGE, {"Images": [{"OwnerId": ACCOUNT, "State": "available", "Public": True, **row}]}


def restore(call: Call, *accounts: str, name: str = "restore") -> tuple[Call, Any]:
    kind = call.operation.removeprefix("Describe")
    older = {"AttributeName": "older", "AttributeValues": []}
    return call, {f"{kind}Result": {kind: [older, {"AttributeName": name, "AttributeValues": list(accounts)}]}}


def shared(*accounts: str, version: str = "") -> tuple[Call, Any]:
    rows = [{"AccountId": each, **({"SharedDocumentVersion": version} if version else {})} for each in accounts]
    return READ_DOCUMENT, {"AccountIds": list(accounts), "AccountSharingInfoList": rows}


def allowed(*rows: Json) -> tuple[Call, Any]:
    return READ_PERMISSIONS, {"AllowedPrincipals": list(rows)}


@pytest.mark.parametrize(
    ("answer", "shared"),
    [
        ([], False),
        ([{"UserId": "all"}], False),
        ([{"UserId": ACCOUNT}], False),  # golden case 2
        ([{"UserId": ACCOUNT}, {"UserId": PARTNER}, {"Group": "all"}], True),  # golden case 1
    ],
)
def test_an_ebs_snapshot_is_shared_if_the_group_all_may_use_it(answer: list[Json], shared: bool) -> None:
    assert read(EBS, (READ_EBS, {"CreateVolumePermissions": answer})) == State({"snapshot": shared})


@pytest.mark.parametrize(("name", "call"), [(SNAPSHOT, READ_DB), (CLUSTER, READ_CLUSTER)])
@pytest.mark.parametrize(
    ("attribute", "accounts", "shared"),
    [
        ("restore", [ACCOUNT, "all"], True),
        ("restore", [ACCOUNT], False),
        ("restore", [], False),
        ("another", ["all"], False),
    ],
)
def test_a_db_snapshot_is_shared_if_all_stands_in_restore(
    name: str, call: Call, attribute: str, accounts: list[str], shared: bool
) -> None:
    assert read(RDS, restore(call, *accounts, name=attribute), name=name) == State({"snapshot": shared})


def test_a_db_snapshot_whose_answer_lists_nothing_is_not_shared() -> None:
    nothing = (READ_DB, {"DBSnapshotAttributesResult": {"DBSnapshotAttributes": [{"AttributeName": "restore"}]}})
    none: tuple[Call, Any] = (READ_DB, {"DBSnapshotAttributesResult": {"DBSnapshotAttributes": []}})
    assert read(RDS, nothing) == read(RDS, none) == State({"snapshot": False})


def test_a_db_snapshot_is_asked_for_by_its_whole_name() -> None:
    """AWS Backup's names have a colon."""
    asked = Call("rds", "DescribeDBSnapshotAttributes", {"DBSnapshotIdentifier": "awsbackup:job-1"})
    assert read(RDS, restore(asked, "all"), name="snapshot:awsbackup:job-1") == State({"snapshot": True})


def test_an_image_is_read_with_its_name_owner_and_date_of_deprecation() -> None:
    """Golden cases 9 and 13: a deprecated image is still public, and its date is kept with the state before."""
    state = read(AMI, image(Name="base", DeprecationTime="2020-01-01T00:00:00.000Z"))
    assert state == State(
        {"image": True}, owner=ACCOUNT, labels={"name": "base", "deprecated": "2020-01-01T00:00:00.000Z"}
    )
    assert AMI.image_of(state)["labels"]["deprecated"] == "2020-01-01T00:00:00.000Z"
    assert read(AMI, image(Public=False, OwnerId=PARTNER)) == State({"image": False}, owner=PARTNER)


@pytest.mark.parametrize("rows", [[], [{"State": "deregistered", "Public": True, "OwnerId": ACCOUNT}]])
def test_an_image_that_ec2_no_longer_lists_as_there_is_gone(rows: list[Json]) -> None:
    assert read(AMI, (READ_IMAGE, {"Images": rows})) is None


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (shared(), False),
        (shared(PARTNER, version="$LATEST"), False),
        (shared("all", version="$LATEST"), "$LATEST"),
        (shared("All", version="$ALL"), "$ALL"),
        (shared("all"), "$DEFAULT"),
        ((READ_DOCUMENT, {"AccountIds": ["all"], "AccountSharingInfoList": []}), "$DEFAULT"),
    ],
)
def test_a_document_is_read_as_the_version_that_everybody_may_use(answer: tuple[Call, Any], value: Any) -> None:
    assert read(SSM, answer) == State({"document": value})


BOTH = (
    {"Principal": "*", "PermissionType": "vpc-endpoint"},
    {"Principal": "*", "PermissionType": "transit-gateway-attachment"},
)


@pytest.mark.parametrize(
    ("rows", "endpoint", "gateway"),
    [
        ((), False, False),
        (({"Principal": "*"},), True, False),
        (({"Principal": "arn:aws:iam::123456789012:root"},), False, False),
        (BOTH[:1], True, False),
        (BOTH[1:], False, True),
        (BOTH, True, True),  # golden case 37
    ],
)
def test_each_type_of_permission_of_a_service_is_a_part(rows: tuple[Json, ...], endpoint: bool, gateway: bool) -> None:
    state = read(SERVICE, allowed(*rows), *TAKES_ALL)
    assert state == State({"vpc-endpoint": endpoint, "transit-gateway-attachment": gateway}, context=False)


@pytest.mark.parametrize(
    ("control", "code"),
    [
        (AMI, "InvalidAMIID.NotFound"),
        (AMI, "InvalidAMIID.Unavailable"),
        (EBS, "InvalidSnapshot.NotFound"),
        (RDS, "DBSnapshotNotFound"),
        (RDS, "DBClusterSnapshotNotFoundFault"),
        (SSM, "InvalidDocument"),
        (SERVICE, "InvalidVpcEndpointServiceId.NotFound"),
    ],
)
def test_what_aws_does_not_know_is_gone(control: Control[Any], code: str) -> None:
    assert read(control, refused=code) is None
    assert control.errors[code] == "settled"


@pytest.mark.parametrize("known", [[], [(READ_SERVICE, {"ServiceConfigurations": []})]])
def test_a_service_that_goes_between_the_two_reads_is_gone(known: list[tuple[Call, Any]]) -> None:
    assert read(SERVICE, allowed(), *known, refused="InvalidVpcEndpointServiceId.NotFound") is None


def judged(control: Control[Any], state: State, name: str = "", region: str = REGION) -> list[Finding]:
    where = Resource(type=control.resource.type, id=name or IDS[control.id], account=ACCOUNT, region=region)
    cause = ApiCall(event_id="e", source="", name="", time=None, account=ACCOUNT, region=region)
    return list(control.judge(View(resource=where, state=state, cause=cause, now=NOW), NoSettings()))


@pytest.mark.parametrize(
    ("control", "name", "value", "may", "witness"),
    [
        (
            AMI,
            "",
            True,
            "launch it",
            f"aws ec2 run-instances --region {REGION} --image-id {IDS[AMI.id]} --instance-type t3.micro",
        ),
        (
            EBS,
            "",
            True,
            "copy it",
            f"aws ec2 copy-snapshot --source-region {REGION} --source-snapshot-id {IDS[EBS.id]}",
        ),
        (
            RDS,
            SNAPSHOT,
            True,
            "restore it",
            (
                f"aws rds restore-db-instance-from-db-snapshot --region {REGION} --db-instance-identifier a-copy "
                f"--db-snapshot-identifier arn:aws:rds:{REGION}:{ACCOUNT}:snapshot:orders"
            ),
        ),
        (
            RDS,
            CLUSTER,
            True,
            "restore it",
            (
                f"aws rds copy-db-cluster-snapshot --region {REGION} --source-db-cluster-snapshot-identifier "
                f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster-snapshot:orders --target-db-cluster-snapshot-identifier a-copy"
            ),
        ),
        (
            SSM,
            "",
            "$LATEST",
            "read and run it",
            f"aws ssm get-document --region {REGION} --name arn:aws:ssm:{REGION}:{ACCOUNT}:document/Patch",
        ),
        (
            SERVICE,
            "",
            True,
            "connect to it",
            (
                f"aws ec2 create-vpc-endpoint --region {REGION} --vpc-endpoint-type Interface --vpc-id vpc-11112222 "
                f"--service-name com.amazonaws.vpce.{REGION}.{IDS[SERVICE.id]}"
            ),
        ),
    ],
)
def test_what_is_shared_is_at_fault_with_a_command_of_a_stranger(
    control: Control[Any], name: str, value: Any, may: str, witness: str
) -> None:
    found = judged(control, State({"a": False, "b": value}), name)
    assert found == [Finding(part="b", why=f"every AWS account may {may}", mended=False, witness=witness)]


def test_the_arn_of_a_witness_has_the_partition_of_its_region() -> None:
    for control in (RDS, SSM):
        (finding,) = judged(control, State({"one": True}), region="cn-north-1")
        assert f"arn:aws-cn:{control.id[:3]}:cn-north-1:{ACCOUNT}:" in finding.witness


def test_a_service_whose_owner_accepts_each_connection_is_only_reported() -> None:
    state = read(SERVICE, allowed({"Principal": "*"}), *ACCEPTS)
    assert state
    (finding,) = judged(SERVICE, state)
    assert (finding.restraint, finding.is_due) == ("the owner accepts each connection", False)


def test_severity_and_words_are_those_of_the_family() -> None:
    assert {each.severity for each in ALL} == {"critical"}
    for each in ALL:
        assert each.words == Words(
            fault="shared with every AWS account",
            close="end its sharing with every AWS account. Accounts that are named keep their access",
            prevent="Share it by their ids with the accounts that need it.",
        )
        assert each.hints == Hints(again="share it again", change="end the sharing")
        assert each.did
        assert each.did(Step("snapshot", before=True, after=False)) == "ended its sharing with every AWS account"
    assert {(each.say(True), each.say(False)) for each in ALL} == {
        ("shared with every AWS account", "not shared with every AWS account")
    }


def test_what_a_row_says_is_what_its_control_says() -> None:
    """The rights and references of the rows are no judgement: they stand here once, and on the pages."""
    reads, writes, undoes = (rights(f"ec2:{name}Lamp") for name in ("Describe", "Modify", "Open"))
    made = shared_with_everybody(
        id="lamp_public",
        title="A lamp is shared",
        resource=EBS.resource,
        triggers=EBS.triggers,
        read=EBS.read,
        put=lambda *_: READ_EBS,
        every=lambda *_: (),
        reads=reads,
        writes=writes,
        undoes=undoes,
        may="light it",
        witness=lambda _: "aws",
        advice="In Terraform, name the accounts.",
        references=("Security Hub EC2.1",),
    )
    assert (made.id, made.title, made.advice) == ("lamp_public", "A lamp is shared", "In Terraform, name the accounts.")
    assert (made.references, made.follow) == (("Security Hub EC2.1",), None)
    assert (made.reads, made.writes, made.undoes) == (reads, writes, undoes)


def test_a_db_snapshot_is_named_by_the_answer_first_and_an_endpoint_service_by_the_request() -> None:
    places = ("response.dBSnapshotIdentifier", "request.dBSnapshotIdentifier")
    assert RDS.triggers[0] == Trigger("rds.amazonaws.com", "ModifyDBSnapshotAttribute", places, prefix="snapshot:")
    name = "ModifyVpcEndpointServicePermissions"
    places = (f"request.{name}Request.ServiceId", "request.serviceId")
    assert Trigger("ec2.amazonaws.com", name, places) in SERVICE.triggers


def call_of(control: Control[Any], key: str, name: str, part: str) -> Call:
    group = [{"Group": "all"}]
    if control is AMI:
        asked: Json = {"ImageId": IDS[AMI.id], "Attribute": "launchPermission"}
        return Call("ec2", "ModifyImageAttribute", {**asked, "LaunchPermission": {key: group}}, parts=(part,))
    if control is EBS:
        asked = {"SnapshotId": IDS[EBS.id], "Attribute": "createVolumePermission"}
        return Call("ec2", "ModifySnapshotAttribute", {**asked, "CreateVolumePermission": {key: group}}, parts=(part,))
    if control is SERVICE:
        asked = {"ServiceId": IDS[SERVICE.id], f"{key}AllowedPrincipals": ["*"], "PermissionType": part}
        return Call("ec2", "ModifyVpcEndpointServicePermissions", asked, parts=(part,))
    kind = "DBSnapshot" if name == SNAPSHOT else "DBClusterSnapshot"
    asked = {f"{kind}Identifier": "orders", "AttributeName": "restore", f"ValuesTo{key}": ["all"]}
    return Call("rds", f"Modify{kind}Attribute", asked, parts=(part,))


@pytest.mark.parametrize(
    ("control", "name", "part"),
    [
        (AMI, "", "image"),
        (EBS, "", "snapshot"),
        (RDS, SNAPSHOT, "snapshot"),
        (RDS, CLUSTER, "snapshot"),
        (SERVICE, "", "vpc-endpoint"),
        (SERVICE, "", "transit-gateway-attachment"),
    ],
)
def test_the_word_for_everybody_alone_goes_and_comes_back(control: Control[Any], name: str, part: str) -> None:
    """Golden cases 1 and 8: nobody who is named is in the calls, and nothing is reset."""
    put, one = control.put, resource(control, name)
    assert put
    assert list(put(one, State({part: True}), {part: False})) == [call_of(control, "Remove", name, part)]
    assert list(put(one, State({part: False}), {part: True})) == [call_of(control, "Add", name, part)]


def test_a_document_is_given_back_in_the_version_that_was_shared() -> None:
    put, one = SSM.put, resource(SSM)
    assert put
    asked = {"Name": "Patch", "PermissionType": "Share"}
    removed = Call("ssm", "ModifyDocumentPermission", {**asked, "AccountIdsToRemove": ["all"]}, parts=("document",))
    again = {**asked, "AccountIdsToAdd": ["all"], "SharedDocumentVersion": "$ALL"}
    added = Call("ssm", "ModifyDocumentPermission", again, parts=("document",))
    assert list(put(one, State({"document": "$ALL"}), {"document": False})) == [removed]
    assert list(put(one, State({"document": False}), {"document": "$ALL"})) == [added]


MANUAL = {"SnapshotType": "manual"}
PUBLIC = {"OwnerIds": ["self"], "RestorableByUserIds": ["all"]}
LISTS: Sequence[tuple[Control[Any], Sequence[tuple[Call, Json]], list[str]]] = [
    (EBS, [(Call("ec2", "DescribeSnapshots", PUBLIC), {"Snapshots": [{"SnapshotId": "one"}]})], ["one"]),
    (
        AMI,
        [
            (
                Call("ec2", "DescribeImages", {"Owners": ["self"], "ExecutableUsers": ["all"]}),
                {"Images": [{"ImageId": "one"}]},
            )
        ],
        ["one"],
    ),
    (
        RDS,
        [
            (
                Call("rds", "DescribeDBSnapshots", MANUAL),
                {
                    "DBSnapshots": [
                        {"DBSnapshotIdentifier": "one"},
                        {"DBSnapshotIdentifier": "two", "Encrypted": False},
                        {"DBSnapshotIdentifier": "shut", "Encrypted": True},  # golden case 3
                    ]
                },
            ),
            (
                Call("rds", "DescribeDBClusterSnapshots", MANUAL),
                {
                    "DBClusterSnapshots": [
                        {"DBClusterSnapshotIdentifier": "one", "StorageEncrypted": False},
                        {"DBClusterSnapshotIdentifier": "shut", "StorageEncrypted": True},
                    ]
                },
            ),
        ],
        ["snapshot:one", "snapshot:two", "cluster-snapshot:one"],
    ),
    (
        SSM,
        [
            (
                Call("ssm", "ListDocuments", {"Filters": [{"Key": "Owner", "Values": ["Self"]}]}),
                {"DocumentIdentifiers": [{"Name": "one"}]},
            )
        ],
        ["one"],
    ),
    (
        SERVICE,
        [
            (
                Call("ec2", "DescribeVpcEndpointServiceConfigurations", {}),
                {"ServiceConfigurations": [{"ServiceId": "one"}]},
            )
        ],
        ["one"],
    ),
]


@pytest.mark.parametrize(("control", "answers", "ids"), LISTS)
def test_a_sweep_lists_what_can_be_shared(
    control: Control[Any], answers: Sequence[tuple[Call, Json]], ids: list[str]
) -> None:
    reader: Any = Answers(answers)
    assert control.every
    assert list(control.every(resource(control), reader, NoSettings())) == ids


def named(control: Control[Any], name: str, request: Json, response: Json) -> list[str]:
    source = control.triggers[0].source
    call = ApiCall(
        event_id="1",
        source=source,
        name=name,
        time=NOW,
        account=ACCOUNT,
        region=REGION,
        request=request,
        response=response,
    )
    return [each.id for each in resources(control, call)]


ARN = f"arn:aws:rds:{REGION}:{ACCOUNT}"
BY_NAME = {"dBSnapshotIdentifier": "Orders"}
CLUSTER_BY_NAME = {"dBClusterSnapshotIdentifier": "orders"}
WRAPPED = {"ModifyVpcEndpointServicePermissionsRequest": {"ServiceId": IDS[SERVICE.id]}}


@pytest.mark.parametrize(
    ("control", "name", "request_", "response", "found"),
    [
        (AMI, "ModifyImageAttribute", {"imageId": IDS[AMI.id]}, {"_return": True}, IDS[AMI.id]),
        (EBS, "ModifySnapshotAttribute", {"snapshotId": IDS[EBS.id]}, {"_return": True}, IDS[EBS.id]),
        (RDS, "ModifyDBSnapshotAttribute", BY_NAME, {"dBSnapshotIdentifier": "orders"}, SNAPSHOT),
        (RDS, "ModifyDBSnapshotAttribute", BY_NAME, {}, SNAPSHOT),
        (RDS, "ModifyDBSnapshotAttribute", {"dBSnapshotIdentifier": f"{ARN}:snapshot:orders"}, {}, SNAPSHOT),
        (RDS, "ModifyDBClusterSnapshotAttribute", CLUSTER_BY_NAME, CLUSTER_BY_NAME, CLUSTER),  # golden case 14
        (
            RDS,
            "ModifyDBClusterSnapshotAttribute",
            {"dBClusterSnapshotIdentifier": f"{ARN}:cluster-snapshot:orders"},
            {},
            CLUSTER,
        ),
        (SSM, "ModifyDocumentPermission", {"name": "Patch"}, {}, "Patch"),
        (SERVICE, "ModifyVpcEndpointServicePermissions", WRAPPED, {}, IDS[SERVICE.id]),
        (SERVICE, "ModifyVpcEndpointServiceConfiguration", {"serviceId": IDS[SERVICE.id]}, {}, IDS[SERVICE.id]),
    ],
)
def test_an_event_names_the_resource(
    control: Control[Any], name: str, request_: Json, response: Json, found: str
) -> None:
    assert named(control, name, request_, response) == [found]


def items(**member: str) -> Json:
    return {"items": [member]}


OPEN: Parts = {"image": True}
MODIFIED = "ModifyImageAttribute"


@pytest.mark.parametrize(
    ("control", "name", "request_", "before", "left"),
    [
        (AMI, MODIFIED, {"launchPermission": {"add": items(group="all")}}, None, {"image": True}),
        (AMI, MODIFIED, {"launchPermission": {"remove": items(group="all")}}, OPEN, None),
        (AMI, MODIFIED, {"launchPermission": {"add": items(organizationArn=ORGANIZATION)}}, OPEN, OPEN),
        (AMI, MODIFIED, {"launchPermission": {"remove": items(userId=PARTNER)}}, None, None),
        (AMI, MODIFIED, {"description": {"value": "new"}}, OPEN, OPEN),
        (AMI, "DisableImage", {}, OPEN, None),  # golden case 10
        (AMI, "ResetImageAttribute", {}, OPEN, None),
        (AMI, "DeregisterImage", {}, OPEN, None),
        (
            EBS,
            "ModifySnapshotAttribute",
            {"createVolumePermission": {"add": items(group="all")}},
            None,
            {"snapshot": True},
        ),
        (
            EBS,
            "ModifySnapshotAttribute",
            {"createVolumePermission": {"remove": items(group="all")}},
            {"snapshot": True},
            None,
        ),
        (EBS, "DeleteSnapshot", {}, {"snapshot": True}, None),
        (EBS, "ResetSnapshotAttribute", {}, {"snapshot": True}, None),
        (RDS, "ModifyDBSnapshotAttribute", {"valuesToAdd": [PARTNER, "all"]}, None, {"snapshot": True}),
        (RDS, "ModifyDBClusterSnapshotAttribute", {"valuesToAdd": ["all"]}, None, {"snapshot": True}),
        (RDS, "ModifyDBSnapshotAttribute", {"valuesToRemove": ["all"]}, {"snapshot": True}, None),
        (RDS, "ModifyDBSnapshotAttribute", {"valuesToRemove": [PARTNER]}, {"snapshot": True}, {"snapshot": True}),
        (RDS, "DeleteDBClusterSnapshot", {}, {"snapshot": True}, None),
        (SSM, "ModifyDocumentPermission", {"accountIdsToAdd": ["ALL"]}, None, {"document": True}),
        (SSM, "ModifyDocumentPermission", {"accountIdsToRemove": ["All"]}, {"document": "$ALL"}, None),
        (SSM, "ModifyDocumentPermission", {"accountIdsToAdd": ["all"], "accountIdsToRemove": ["all"]}, None, None),
        (
            SSM,
            "ModifyDocumentPermission",
            {"accountIdsToRemove": [PARTNER]},
            {"document": "$ALL"},
            {"document": "$ALL"},
        ),
        (SSM, "DeleteDocument", {}, {"document": "$ALL"}, None),
    ],
)
def test_a_call_leaves_what_its_record_says(
    control: Control[Any], name: str, request_: Json, before: Parts | None, left: Parts | None
) -> None:
    follow = control.follow
    assert follow
    assert name in {each.name for each in follow.calls}
    call = ApiCall(event_id="e", source="", name=name, time=NOW, account=ACCOUNT, region=REGION, request=request_)
    found = follow.step(None if before is None else State(before), resource(control), call, NOW)
    assert (found.state and found.state.parts, found.older) == (left, ())


def test_a_replay_does_not_judge_the_calls_of_a_service() -> None:
    """Whether its owner accepts each connection does not stand in them."""
    assert SERVICE.follow is None


def test_a_state_that_refuses_a_write_now_is_tried_again_later() -> None:
    """Golden case 18."""
    later = {code for code, meaning in RDS.errors.items() if meaning == "deferred"}
    assert later == {"InvalidDBSnapshotState", "InvalidDBClusterSnapshotStateFault"}
