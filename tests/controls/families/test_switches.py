"""What the controls of settings ask AWS, how they rank values, and what they send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from cloudmend.controls import (
    ebs_encryption_default,
    emr_block_public_access,
    image_block_public_access,
    instance_imdsv2,
    instance_metadata_defaults,
    serial_console_access,
    snapshot_block_public_access,
    subnet_public_ip,
    transit_gateway_auto_accept,
    vpc_block_public_access,
)
from cloudmend.controls.families.switches import Standing
from cloudmend.core.contract import Control, Finding, Parts, State, View
from cloudmend.core.model import ApiCall, Json, Resource, Step
from cloudmend.core.ports import NEVER, Call
from cloudmend.core.target import resources
from support import ACCOUNT, NOW, REGION

SNAPSHOTS, IMAGES = snapshot_block_public_access.CONTROL, image_block_public_access.CONTROL
EBS, CONSOLE = ebs_encryption_default.CONTROL, serial_console_access.CONTROL
DEFAULTS, VPCS, EMR = (
    instance_metadata_defaults.CONTROL,
    vpc_block_public_access.CONTROL,
    emr_block_public_access.CONTROL,
)
GATEWAY, INSTANCE, SUBNET = transit_gateway_auto_accept.CONTROL, instance_imdsv2.CONTROL, subnet_public_ip.CONTROL
OF_REGION = (SNAPSHOTS, IMAGES, EBS, CONSOLE, DEFAULTS, VPCS, EMR)
ALL = (*OF_REGION, GATEWAY, INSTANCE, SUBNET)
IDS = {
    GATEWAY.id: "tgw-0123456789abcdef0",
    INSTANCE.id: "i-0123456789abcdef0",
    SUBNET.id: "subnet-0123456789abcdef0",
}
PARTS = {
    SNAPSHOTS.id: "State",
    IMAGES.id: "ImageBlockPublicAccessState",
    EBS.id: "EbsEncryptionByDefault",
    CONSOLE.id: "SerialConsoleAccessEnabled",
    DEFAULTS.id: "HttpTokens",
    VPCS.id: "InternetGatewayBlockMode",
    EMR.id: "BlockPublicSecurityGroupRules",
    GATEWAY.id: "AutoAcceptSharedAttachments",
    INSTANCE.id: "HttpTokens",
    SUBNET.id: "MapPublicIpOnLaunch",
}
TWO = [IDS[INSTANCE.id], "i-0123456789abcdef1"]
POLICY = "a declarative policy of the organization sets it, and the account cannot change it"
RANGES = [{"MinRange": 22, "MaxRange": 22}]


class Answers:
    """A Reader that gives each operation its answer; one without an answer meets the error code that is `refused`."""

    def __init__(self, answers: Mapping[str, Any], refused: str = "") -> None:
        self.answers, self.refused = answers, refused
        self.calls: list[Call] = []

    def get(self, call: Call, absent: Mapping[str, Json | None] = NEVER) -> Any:
        self.calls.append(call)
        return self.answers[call.operation] if call.operation in self.answers else absent[self.refused]

    def rows(self, call: Call, key: str) -> Any:
        return self.get(call, {})[key]


def resource(control: Control[Any]) -> Resource:
    return Resource(type=control.resource.type, id=IDS.get(control.id, REGION), account=ACCOUNT, region=REGION)


def read(control: Control[Any], answers: Mapping[str, Any], refused: str = "", settings: Any = None) -> State | None:
    reader: Any = Answers(answers, refused)
    return control.read(resource(control), reader, settings or control.settings())


def judged(control: Control[Any], state: State, settings: Any = None) -> list[Finding]:
    cause = ApiCall(event_id="e", source="", name="", time=None, account=ACCOUNT, region=REGION)
    view = View(resource=resource(control), state=state, cause=cause, now=NOW)
    return list(control.judge(view, settings or control.settings()))


def options(**row: Any) -> Json:
    return {"DescribeVpcBlockPublicAccessOptions": {"VpcBlockPublicAccessOptions": row}}


def encryption(key: str, *, is_on: bool) -> Json:
    return {
        "GetEbsEncryptionByDefault": {"EbsEncryptionByDefault": is_on},
        "GetEbsDefaultKmsKeyId": {"KmsKeyId": key},
    }


def gateway(state: str = "available", option: str = "enable") -> Json:
    row = {"State": state, "OwnerId": ACCOUNT, "Options": {"AutoAcceptSharedAttachments": option}}
    return {"DescribeTransitGateways": {"TransitGateways": [{"TransitGatewayId": IDS[GATEWAY.id], **row}]}}


def instance(state: str = "running", **metadata: str) -> Json:
    row = {"InstanceId": IDS[INSTANCE.id], "State": {"Name": state}, "MetadataOptions": metadata}
    return {"DescribeInstances": {"Reservations": [{"Instances": [row]}]}}


def subnet(*, gives: bool, is_default: bool = False) -> Json:
    row = {"SubnetId": IDS[SUBNET.id], "VpcId": "vpc-1", "OwnerId": ACCOUNT, "DefaultForAz": is_default}
    return {"DescribeSubnets": {"Subnets": [{**row, "MapPublicIpOnLaunch": gives}]}}


IMDS, NEW = "HttpTokens", "block-new-sharing"
OWN_KEY = "the default key is not AWS's own, and services without a grant for it could not launch instances"
UPDATING = "AWS is applying another change of its metadata options"


@pytest.mark.parametrize(
    ("control", "answers", "parts", "standing"),
    [
        (
            SNAPSHOTS,
            {"GetSnapshotBlockPublicAccessState": {"State": "unblocked", "ManagedBy": "account"}},
            "unblocked",
            {},
        ),
        (
            SNAPSHOTS,  # golden case 6
            {"GetSnapshotBlockPublicAccessState": {"State": "unblocked", "ManagedBy": "declarative-policy"}},
            "unblocked",
            {"restraint": POLICY},
        ),
        (IMAGES, {"GetImageBlockPublicAccessState": {"ImageBlockPublicAccessState": "unblocked"}}, "unblocked", {}),
        (CONSOLE, {"GetSerialConsoleAccessStatus": {"SerialConsoleAccessEnabled": True}}, True, {}),
        (CONSOLE, {"GetSerialConsoleAccessStatus": {"SerialConsoleAccessEnabled": False}}, False, {}),
        (DEFAULTS, {"GetInstanceMetadataDefaults": {"AccountLevel": {"HttpTokens": "optional"}}}, "optional", {}),
        (DEFAULTS, {"GetInstanceMetadataDefaults": {"AccountLevel": {"HttpEndpoint": "enabled"}}}, "no-preference", {}),
        (DEFAULTS, {"GetInstanceMetadataDefaults": {}}, "no-preference", {}),
        (
            DEFAULTS,
            {"GetInstanceMetadataDefaults": {"AccountLevel": {"ManagedBy": "declarative-policy"}}},
            "no-preference",
            {"restraint": POLICY},
        ),
        (VPCS, options(InternetGatewayBlockMode="off", State="default-state"), "off", {}),
        (
            VPCS,
            options(InternetGatewayBlockMode="off", State="update-in-progress", ManagedBy="declarative-policy"),
            "off",
            {"restraint": POLICY, "wait": "AWS is changing it"},
        ),
        (
            EBS,
            {
                "GetEbsEncryptionByDefault": {"EbsEncryptionByDefault": False},
                "GetEbsDefaultKmsKeyId": {"KmsKeyId": "alias/aws/ebs"},
            },
            False,
            {},
        ),
        (
            EBS,  # golden case 39
            {
                "GetEbsEncryptionByDefault": {"EbsEncryptionByDefault": True},
                "GetEbsDefaultKmsKeyId": {"KmsKeyId": "arn:aws:kms:a:b:key/c"},
            },
            True,
            {"restraint": OWN_KEY},
        ),
        (GATEWAY, gateway(), "enable", {}),
        (GATEWAY, gateway("modifying", "disable"), "disable", {"wait": "it is modifying"}),  # golden case 36
        (INSTANCE, instance(HttpTokens="optional", HttpEndpoint="enabled"), "optional", {}),
        (INSTANCE, instance(HttpTokens="optional", HttpEndpoint="disabled"), "required", {}),  # golden case 28
        (INSTANCE, instance(HttpTokens="optional", State="pending"), "optional", {"wait": UPDATING}),  # golden case 29
        (SUBNET, subnet(gives=True), True, None),
        (SUBNET, subnet(gives=False), False, None),
        (SUBNET, subnet(gives=True, is_default=True), False, None),
    ],
)
def test_a_setting_is_read_with_its_circumstances(
    control: Control[Any], answers: Json, parts: Any, standing: dict[str, str] | None
) -> None:
    state = read(control, answers)
    assert state
    assert list(state.parts.values()) == [parts]
    assert state.context == (None if standing is None else Standing(**standing))


BLOCKED = {"BlockPublicAccessConfiguration": {"BlockPublicSecurityGroupRules": True}}
ASKED: Sequence[tuple[Control[Any], Json, list[Call]]] = [
    (
        SNAPSHOTS,
        {"GetSnapshotBlockPublicAccessState": {"State": NEW}},
        [Call("ec2", "GetSnapshotBlockPublicAccessState")],
    ),
    (
        IMAGES,
        {"GetImageBlockPublicAccessState": {"ImageBlockPublicAccessState": NEW}},
        [Call("ec2", "GetImageBlockPublicAccessState")],
    ),
    (
        EBS,
        encryption("alias/aws/ebs", is_on=True),
        [Call("ec2", "GetEbsEncryptionByDefault"), Call("ec2", "GetEbsDefaultKmsKeyId")],
    ),
    (
        CONSOLE,
        {"GetSerialConsoleAccessStatus": {"SerialConsoleAccessEnabled": False}},
        [Call("ec2", "GetSerialConsoleAccessStatus")],
    ),
    (DEFAULTS, {"GetInstanceMetadataDefaults": {}}, [Call("ec2", "GetInstanceMetadataDefaults")]),
    (
        VPCS,
        options(InternetGatewayBlockMode="off", State="default-state"),
        [Call("ec2", "DescribeVpcBlockPublicAccessOptions")],
    ),
    (EMR, {"GetBlockPublicAccessConfiguration": BLOCKED}, [Call("emr", "GetBlockPublicAccessConfiguration")]),
    (
        GATEWAY,
        gateway(),
        [Call("ec2", "DescribeTransitGateways", {"TransitGatewayIds": [IDS[GATEWAY.id]]})],
    ),
    (
        INSTANCE,
        instance(HttpTokens="required"),
        [Call("ec2", "DescribeInstances", {"InstanceIds": [IDS[INSTANCE.id]]})],
    ),
    (SUBNET, subnet(gives=True), [Call("ec2", "DescribeSubnets", {"SubnetIds": [IDS[SUBNET.id]]})]),
]


@pytest.mark.parametrize(("control", "answers", "calls"), ASKED)
def test_aws_is_asked_for_the_setting_alone(control: Control[Any], answers: Json, calls: list[Call]) -> None:
    reader: Any = Answers(answers)
    assert control.read(resource(control), reader, control.settings())
    assert reader.calls == calls


def test_emr_is_read_with_the_ports_that_stay_permitted() -> None:
    block = {"BlockPublicSecurityGroupRules": False, "PermittedPublicSecurityGroupRuleRanges": RANGES}
    state = read(EMR, {"GetBlockPublicAccessConfiguration": {"BlockPublicAccessConfiguration": block}})
    assert state == State(block)


def test_owner_and_vpc_are_known_of_what_can_be_shared() -> None:
    shared, within = read(GATEWAY, gateway()), read(SUBNET, subnet(gives=True))
    assert shared
    assert within
    assert (shared.owner, within.owner, within.labels) == (ACCOUNT, ACCOUNT, {"vpc": "vpc-1"})


@pytest.mark.parametrize(
    ("control", "answers", "code"),
    [
        (GATEWAY, {}, "InvalidTransitGatewayID.NotFound"),
        (GATEWAY, {"DescribeTransitGateways": {"TransitGateways": []}}, ""),
        (GATEWAY, gateway("deleting"), ""),
        (GATEWAY, gateway("deleted"), ""),
        (INSTANCE, {}, "InvalidInstanceID.NotFound"),
        (INSTANCE, {"DescribeInstances": {"Reservations": []}}, ""),
        (INSTANCE, instance("shutting-down", HttpTokens="optional"), ""),
        (INSTANCE, instance("terminated", HttpTokens="optional"), ""),  # golden case 29
        (SUBNET, {}, "InvalidSubnetID.NotFound"),
        (SUBNET, {"DescribeSubnets": {"Subnets": []}}, ""),
    ],
)
def test_what_is_gone_has_no_state(control: Control[Any], answers: Json, code: str) -> None:
    assert read(control, answers, code) is None
    assert not code or control.errors[code] == "settled"


def test_what_a_state_refuses_now_is_tried_again_later() -> None:
    assert GATEWAY.errors["IncorrectState"] == INSTANCE.errors["IncorrectInstanceState"] == "deferred"


@pytest.mark.parametrize(
    ("control", "values", "wanted"),
    [
        (SNAPSHOTS, ["unblocked", "block-new-sharing", "block-all-sharing"], "block-new-sharing"),  # golden case 5
        (IMAGES, ["unblocked", "block-new-sharing"], "block-new-sharing"),
        (EBS, [False, True], True),
        (CONSOLE, [True, False], False),
        (DEFAULTS, ["no-preference", "optional", "required"], "required"),
        (VPCS, ["off", "block-ingress", "block-bidirectional"], "block-ingress"),
        (EMR, [False, True], True),
        (GATEWAY, ["enable", "disable"], "disable"),
        (INSTANCE, ["optional", "required"], "required"),
        (SUBNET, [True, False], False),
    ],
)
def test_a_laxer_value_is_at_fault_and_a_stricter_one_is_left(
    control: Control[Any], values: list[Any], wanted: Any
) -> None:
    part = PARTS[control.id]
    faults = [value for value in values if judged(control, State({part: value}))]
    assert faults == values[: values.index(wanted)]
    (found,) = judged(control, State({part: values[0]}, context=Standing(restraint="a", wait="b")))
    assert (found.part, found.mended, found.restraint, found.wait) == (part, wanted, "a", "b")
    assert found.why.startswith(f"it is {control.say(values[0])}, so ")
    (bare,) = judged(control, State({part: values[0]}))
    assert bare.is_due


def test_a_value_that_cloudmend_does_not_know_is_only_reported() -> None:
    (found,) = judged(VPCS, State({"InternetGatewayBlockMode": "block-some"}, context=Standing(wait="later")))
    assert (found.why, found.mended) == ("it is block-some", "block-ingress")
    assert (found.restraint, found.wait) == ("cloudmend does not know how strict this value is", "")


def test_a_policy_may_ask_for_the_strictest_block_of_snapshots() -> None:
    strict = snapshot_block_public_access.Settings(state="block-all-sharing")
    (found,) = judged(SNAPSHOTS, State({"State": "block-new-sharing"}), strict)
    assert found.mended == "block-all-sharing"
    assert judged(SNAPSHOTS, State({"State": "block-all-sharing"}), strict) == []


def test_a_policy_may_have_default_subnets_looked_at() -> None:
    every_subnet = subnet_public_ip.Settings(default_subnets=True)
    state = read(SUBNET, subnet(gives=True, is_default=True), settings=every_subnet)
    assert state
    assert state.parts == {"MapPublicIpOnLaunch": True}


def test_flags_are_said_as_on_and_off() -> None:
    assert [EMR.say(each) for each in (True, False, RANGES)] == ["on", "off", str(RANGES)]
    assert {each.id for each in ALL if each.say(True) == "on"} == {EBS.id, CONSOLE.id, EMR.id, SUBNET.id}


@pytest.mark.parametrize(
    ("control", "value", "call"),
    [
        (
            SNAPSHOTS,
            "block-new-sharing",
            Call("ec2", "EnableSnapshotBlockPublicAccess", {"State": NEW}),
        ),
        (SNAPSHOTS, "unblocked", Call("ec2", "DisableSnapshotBlockPublicAccess", {})),
        (
            IMAGES,
            "block-new-sharing",
            Call("ec2", "EnableImageBlockPublicAccess", {"ImageBlockPublicAccessState": "block-new-sharing"}),
        ),
        (IMAGES, "unblocked", Call("ec2", "DisableImageBlockPublicAccess", {})),
        (EBS, True, Call("ec2", "EnableEbsEncryptionByDefault", {})),
        (EBS, False, Call("ec2", "DisableEbsEncryptionByDefault", {})),
        (CONSOLE, True, Call("ec2", "EnableSerialConsoleAccess", {})),
        (CONSOLE, False, Call("ec2", "DisableSerialConsoleAccess", {})),
        (DEFAULTS, "required", Call("ec2", "ModifyInstanceMetadataDefaults", {IMDS: "required"})),
        (DEFAULTS, "no-preference", Call("ec2", "ModifyInstanceMetadataDefaults", {IMDS: "no-preference"})),
        (VPCS, "off", Call("ec2", "ModifyVpcBlockPublicAccessOptions", {"InternetGatewayBlockMode": "off"})),
        (
            GATEWAY,
            "disable",
            Call(
                "ec2",
                "ModifyTransitGateway",
                {"TransitGatewayId": IDS[GATEWAY.id], "Options": {"AutoAcceptSharedAttachments": "disable"}},
            ),
        ),
        # Golden case 28: nothing but the tokens.
        (
            INSTANCE,
            "required",
            Call("ec2", "ModifyInstanceMetadataOptions", {"InstanceId": TWO[0], IMDS: "required"}),
        ),
        (
            SUBNET,
            False,
            Call("ec2", "ModifySubnetAttribute", {"SubnetId": IDS[SUBNET.id], "MapPublicIpOnLaunch": {"Value": False}}),
        ),
    ],
)
def test_a_value_is_set_by_one_call_that_names_nothing_else(control: Control[Any], value: Any, call: Call) -> None:
    part = PARTS[control.id]
    assert control.put
    (sent,) = control.put(resource(control), State({part: None}), {part: value})
    assert (sent.service, sent.operation, sent.params, sent.parts) == (
        call.service,
        call.operation,
        call.params,
        (part,),
    )


def test_emr_gets_its_whole_configuration() -> None:
    block: Parts = {"BlockPublicSecurityGroupRules": True, "PermittedPublicSecurityGroupRuleRanges": RANGES}
    assert EMR.put
    (sent,) = EMR.put(resource(EMR), State({**block, "BlockPublicSecurityGroupRules": False}), block)
    assert sent == Call("emr", "PutBlockPublicAccessConfiguration", {"BlockPublicAccessConfiguration": dict(block)})
    assert EMR.whole
    assert not VPCS.whole


GATEWAYS, SUBNETS = Call("ec2", "DescribeTransitGateways"), Call("ec2", "DescribeSubnets")
OPTIONAL = [
    {"Name": "metadata-options.http-tokens", "Values": ["optional"]},
    {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]},
]
LISTED: Sequence[tuple[Control[Any], Call, Json, list[str]]] = [
    (GATEWAY, GATEWAYS, gateway(), [IDS[GATEWAY.id]]),
    (GATEWAY, GATEWAYS, gateway(option="disable"), []),
    (INSTANCE, Call("ec2", "DescribeInstances", {"Filters": OPTIONAL}), instance(), [IDS[INSTANCE.id]]),
    (SUBNET, SUBNETS, subnet(gives=True), [IDS[SUBNET.id]]),
    (SUBNET, SUBNETS, subnet(gives=False), []),
    (SUBNET, SUBNETS, subnet(gives=True, is_default=True), []),
]


@pytest.mark.parametrize(("control", "call", "answers", "ids"), LISTED)
def test_a_sweep_lists_what_is_at_fault_in_one_call(
    control: Control[Any], call: Call, answers: Json, ids: list[str]
) -> None:
    reader: Any = Answers(answers)
    assert control.every
    assert list(control.every(resource(control), reader, control.settings())) == ids
    assert reader.calls == [call]


def test_a_setting_of_the_region_is_one_resource() -> None:
    assert {each.resource.scope for each in OF_REGION} == {"region"}
    assert {each.every for each in OF_REGION} == {None}


def call_of(control: Control[Any], name: str, request: Json, response: Json | None = None) -> ApiCall:
    return ApiCall(
        event_id="e",
        source=control.triggers[0].source,
        name=name,
        time=NOW,
        account=ACCOUNT,
        region=REGION,
        request=request,
        response=response or {},
    )


def wrapped(name: str, request: Json) -> tuple[str, Json]:
    """A call's name, and its request as newer calls of EC2 have it."""
    return name, {f"{name}Request": request}


MADE = {"CreateTransitGatewayResponse": {"transitGateway": {"transitGatewayId": IDS[GATEWAY.id]}}}
RUN = {"instancesSet": {"items": [{"instanceId": IDS[INSTANCE.id]}, {"instanceId": "i-0123456789abcdef1"}]}}


@pytest.mark.parametrize(
    ("control", "name", "request_", "response", "ids"),
    [
        (SNAPSHOTS, "DisableSnapshotBlockPublicAccess", {"DisableSnapshotBlockPublicAccessRequest": ""}, {}, [REGION]),
        (EMR, "PutBlockPublicAccessConfiguration", {}, {}, [REGION]),
        (GATEWAY, "CreateTransitGateway", {}, MADE, [IDS[GATEWAY.id]]),
        (
            GATEWAY,
            "CreateTransitGateway",
            {},
            {"transitGateway": {"transitGatewayId": IDS[GATEWAY.id]}},
            [IDS[GATEWAY.id]],
        ),
        (
            GATEWAY,
            "ModifyTransitGateway",
            {"ModifyTransitGatewayRequest": {"TransitGatewayId": IDS[GATEWAY.id]}},
            {},
            [IDS[GATEWAY.id]],
        ),
        (GATEWAY, "ModifyTransitGateway", {"transitGatewayId": IDS[GATEWAY.id]}, {}, [IDS[GATEWAY.id]]),
        (INSTANCE, "RunInstances", {}, RUN, TWO),
        (
            INSTANCE,
            "ModifyInstanceMetadataOptions",
            {"ModifyInstanceMetadataOptionsRequest": {"InstanceId": TWO[0]}},
            {},
            TWO[:1],
        ),
        (INSTANCE, "ModifyInstanceMetadataOptions", {"instanceId": TWO[0]}, {}, TWO[:1]),
        (SUBNET, "ModifySubnetAttribute", {"subnetId": IDS[SUBNET.id]}, {}, [IDS[SUBNET.id]]),
    ],
)
def test_an_event_names_what_it_set(
    control: Control[Any], name: str, request_: Json, response: Json, ids: list[str]
) -> None:
    assert [each.id for each in resources(control, call_of(control, name, request_, response))] == ids


@pytest.mark.parametrize(
    ("control", "name", "request_", "value"),
    [
        (SNAPSHOTS, "DisableSnapshotBlockPublicAccess", {"DisableSnapshotBlockPublicAccessRequest": ""}, "unblocked"),
        (
            SNAPSHOTS,
            "EnableSnapshotBlockPublicAccess",
            {"EnableSnapshotBlockPublicAccessRequest": {"State": "block-all-sharing"}},
            "block-all-sharing",
        ),
        (SNAPSHOTS, "EnableSnapshotBlockPublicAccess", {"state": "block-all-sharing"}, "block-all-sharing"),
        (IMAGES, "DisableImageBlockPublicAccess", {}, "unblocked"),
        (IMAGES, "EnableImageBlockPublicAccess", {}, "block-new-sharing"),
        (EBS, "DisableEbsEncryptionByDefault", {}, False),
        (EBS, "EnableEbsEncryptionByDefault", {}, True),
        (CONSOLE, "EnableSerialConsoleAccess", {"EnableSerialConsoleAccessRequest": ""}, True),
        (CONSOLE, "DisableSerialConsoleAccess", {}, False),
        (
            DEFAULTS,
            "ModifyInstanceMetadataDefaults",
            {"ModifyInstanceMetadataDefaultsRequest": {IMDS: "optional"}},
            "optional",
        ),
        (
            DEFAULTS,
            "ModifyInstanceMetadataDefaults",
            {"ModifyInstanceMetadataDefaultsRequest": {"HttpEndpoint": "enabled"}},
            None,
        ),
        (
            VPCS,
            "ModifyVpcBlockPublicAccessOptions",
            {"ModifyVpcBlockPublicAccessOptionsRequest": {"InternetGatewayBlockMode": "off"}},
            "off",
        ),
        (
            EMR,
            "PutBlockPublicAccessConfiguration",
            {"blockPublicAccessConfiguration": {"blockPublicSecurityGroupRules": False}},
            False,
        ),
        (
            GATEWAY,
            "ModifyTransitGateway",
            {"ModifyTransitGatewayRequest": {"Options": {"AutoAcceptSharedAttachments": "enable"}}},
            "enable",
        ),
        (GATEWAY, *wrapped("CreateTransitGateway", {"Description": "a"}), None),
        (
            INSTANCE,
            "ModifyInstanceMetadataOptions",
            {"ModifyInstanceMetadataOptionsRequest": {IMDS: "optional"}},
            "optional",
        ),
        (INSTANCE, "RunInstances", {"metadataOptions": {"httpTokens": "required"}}, "required"),
        (INSTANCE, "RunInstances", {}, None),
        (SUBNET, "ModifySubnetAttribute", {"mapPublicIpOnLaunch": {"value": True}}, True),
        (SUBNET, "ModifySubnetAttribute", {"enableDns64": {"value": True}}, None),
    ],
)
def test_a_call_leaves_what_its_record_says(control: Control[Any], name: str, request_: Json, value: Any) -> None:
    follow, part = control.follow, PARTS[control.id]
    assert follow
    assert name in {each.name for each in follow.calls}
    before = State({part: "before"})
    found = follow.step(before, resource(control), call_of(control, name, request_), NOW)
    assert (found.state, found.older) == (before if value is None else State({part: value}), ())


def test_amis_may_show_the_former_value_for_ten_minutes() -> None:
    """Golden case 7; and a change of VPC block public access takes a while, too."""
    assert {each.id for each in ALL if each.settles_in == timedelta(minutes=10)} == {IMAGES.id, VPCS.id}
    assert {each.settles_in for each in ALL if each not in (IMAGES, VPCS)} == {timedelta()}


def test_only_what_breaks_nothing_that_runs_is_mended_by_default() -> None:
    assert {each.id for each in ALL if each.mode == "fix"} == {SNAPSHOTS.id, EMR.id}


def test_a_mend_is_told_with_both_values() -> None:
    assert CONSOLE.did
    assert CONSOLE.did(Step("SerialConsoleAccessEnabled", True, False)) == (
        "set SerialConsoleAccessEnabled from on to off"
    )


def test_each_has_its_severity_and_the_name_that_others_have_for_it() -> None:
    assert {GATEWAY.id, INSTANCE.id} <= {each.id for each in ALL if each.severity == "high"}
    assert {each.severity for each in (EBS, SUBNET)} == {"medium"}
    assert (GATEWAY.references, EBS.references) == (("Security Hub EC2.23",), ("Security Hub EC2.7",))
