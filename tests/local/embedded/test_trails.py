"""A trail is a real thing: EventBridge hears of the writes that one records, and of no others."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudmend.local.messages import ApiError
from cloudmend.local.selectors import checked_selectors
from cloudmend.local.server import EmbeddedAws
from cloudmend.local.trails import Listener
from local.embedded.helpers import ACCOUNT, assume, client, member, open_to_the_world, role, trail_bucket, unheard

FIRST = "management-events"
NO_MANAGEMENT = {"IncludeManagementEvents": False}
MANAGEMENT = {"Field": "eventCategory", "Equals": ["Management"]}
Silence = Callable[[Any], object]


def is_heard(aws: EmbeddedAws, write: Callable[[], object]) -> bool:
    """Return whether EventBridge hears of a write."""
    before = len(aws.events)
    write()
    return len(aws.events) > before


def hears_of_groups(aws: EmbeddedAws, region: str = "us-east-1") -> bool:
    ec2 = client(aws, "ec2", region=region)
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    return is_heard(aws, lambda: ec2.create_tags(Resources=[vpc["VpcId"]], Tags=[{"Key": "a", "Value": "b"}]))


def basic(**selector: Any) -> Silence:
    return lambda trails: trails.put_event_selectors(TrailName=FIRST, EventSelectors=[selector])


def advanced(*fields: dict[str, Any]) -> Silence:
    selector = {"FieldSelectors": [MANAGEMENT, *fields]}
    return lambda trails: trails.put_event_selectors(TrailName=FIRST, AdvancedEventSelectors=[selector])


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as error:
        call()
    return str(error.value.response["Error"]["Code"])


SILENCES: list[Silence] = [
    lambda trails: trails.stop_logging(Name=FIRST),
    basic(ReadWriteType="ReadOnly"),
    advanced({"Field": "readOnly", "Equals": ["true"]}),
    lambda trails: trails.delete_trail(Name=FIRST),
]


def test_eventbridge_hears_of_no_write_that_no_trail_records(aws: EmbeddedAws) -> None:
    trails = client(aws, "cloudtrail")
    for silence in SILENCES:
        assert hears_of_groups(aws)
        silence(trails)
        assert not hears_of_groups(aws)
        if trails.describe_trails()["trailList"]:
            trails.start_logging(Name=FIRST)
            basic(ReadWriteType="WriteOnly")(trails)


def a_write(region: str = "us-east-1") -> Any:
    identity = {"arn": f"arn:aws:iam::{ACCOUNT}:user/alice"}
    fields = {"source": "ec2.amazonaws.com", "name": "CreateTags", "is_read": False, "kind": "AwsApiCall"}
    return SimpleNamespace(account=ACCOUNT, region=region, identity=identity, **fields)


@pytest.mark.parametrize(
    ("hears", "selector"),
    [
        (True, {}),
        (True, {"ReadWriteType": "WriteOnly"}),
        (True, {"ExcludeManagementEventSources": ["kms.amazonaws.com"]}),
        (False, {"ReadWriteType": "ReadOnly"}),
        (False, {"IncludeManagementEvents": False}),
        (False, {"ExcludeManagementEventSources": ["ec2.amazonaws.com"]}),
    ],
)
def test_a_basic_selector_hears_of_what_it_includes(hears: bool, selector: Any) -> None:
    assert listening(basic=[selector]).hears(a_write()) is hears
    assert listening(basic=[{"ReadWriteType": "ReadOnly"}, selector]).hears(a_write()) is hears


@pytest.mark.parametrize(
    ("hears", "field"),
    [
        (True, {"Field": "readOnly", "Equals": ["false"]}),
        (True, {"Field": "eventName", "StartsWith": ["Delete", "Create"], "NotEndsWith": ["Group"]}),
        (True, {"Field": "sessionCredentialFromConsole", "NotEquals": ["true"]}),
        (True, {"Field": "eventType", "Equals": ["AwsApiCall"]}),
        (False, {"Field": "readOnly", "Equals": ["true"]}),
        (False, {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com", "ec2.amazonaws.com"]}),
        (False, {"Field": "eventName", "NotStartsWith": ["Create"]}),
        (False, {"Field": "eventName", "StartsWith": ["Create"], "EndsWith": ["Group"]}),
        (False, {"Field": "userIdentity.arn", "EndsWith": ["user/bob"]}),
        (False, {"Field": "sessionCredentialFromConsole", "Equals": ["true"]}),
    ],
)
def test_an_advanced_selector_hears_of_what_meets_all_its_fields(hears: bool, field: Any) -> None:
    selector = {"FieldSelectors": [MANAGEMENT, field]}
    others = {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}
    assert listening(advanced=[selector]).hears(a_write()) is hears
    assert listening(advanced=[others, selector], basic=[{"ReadWriteType": "ReadOnly"}]).hears(a_write()) is hears


def listening(**selectors: Any) -> Listener:
    given: dict[str, Any] = {"basic": [], "advanced": [], **selectors}
    return Listener(frozenset({ACCOUNT}), "us-east-1", everywhere=True, global_services=True, **given)


def test_a_trail_hears_of_nothing_in_another_partition() -> None:
    assert not listening().hears(a_write("cn-north-1"))


def test_a_source_that_is_excluded_is_the_only_one_that_is_not_heard(aws: EmbeddedAws) -> None:
    basic(ExcludeManagementEventSources=["kms.amazonaws.com"])(client(aws, "cloudtrail"))
    assert not is_heard(aws, client(aws, "kms").create_key)
    assert is_heard(aws, lambda: client(aws, "sqs").create_queue(QueueName="a-queue"))


def test_a_trail_that_is_started_again_is_heard_again_and_says_when_that_was(aws: EmbeddedAws) -> None:
    trails = client(aws, "cloudtrail")
    first = trails.get_trail_status(Name=FIRST)
    assert first["IsLogging"]
    assert "StopLoggingTime" not in first
    trails.stop_logging(Name=FIRST)
    stopped = trails.get_trail_status(Name=FIRST)
    assert not stopped["IsLogging"]
    assert stopped["StopLoggingTime"] >= stopped["StartLoggingTime"] == first["StartLoggingTime"]
    assert stopped["LatestDeliveryTime"] == stopped["StopLoggingTime"]
    trails.start_logging(Name=FIRST)
    again = trails.get_trail_status(Name=FIRST)
    assert again["StartLoggingTime"] >= again["StopLoggingTime"]
    assert hears_of_groups(aws)


@pytest.mark.parametrize("tells", [True, False])
def test_a_switch_says_whether_the_call_that_silences_the_trail_is_heard(tells: bool) -> None:
    with EmbeddedAws(log=unheard, tells_of_silence=tells) as aws:
        trails = client(aws, "cloudtrail")
        assert is_heard(aws, lambda: trails.stop_logging(Name=FIRST)) is tells
        assert is_heard(aws, lambda: trails.start_logging(Name=FIRST))
        assert is_heard(aws, lambda: basic(ReadWriteType="ReadOnly")(trails)) is tells
        assert is_heard(aws, lambda: basic(ReadWriteType="All")(trails))
        assert is_heard(aws, lambda: trails.delete_trail(Name=FIRST)) is tells


def test_a_trail_of_one_region_hears_there_alone(aws: EmbeddedAws) -> None:
    assert hears_of_groups(aws, "eu-west-1")
    client(aws, "cloudtrail").update_trail(Name=FIRST, IsMultiRegionTrail=False)
    assert hears_of_groups(aws)
    assert not hears_of_groups(aws, "eu-west-1")
    trails = client(aws, "cloudtrail", region="eu-west-1")
    trails.create_trail(Name="irish", S3BucketName=trail_bucket(aws))
    assert not hears_of_groups(aws, "eu-west-1")  # a new trail logs nothing until it is started
    trails.start_logging(Name="irish")
    assert hears_of_groups(aws, "eu-west-1")
    assert not hears_of_groups(aws, "eu-central-1")


def test_a_trail_of_one_region_can_leave_out_global_services(aws: EmbeddedAws) -> None:
    assert is_heard(aws, lambda: role(aws, "first"))
    client(aws, "cloudtrail").update_trail(Name=FIRST, IsMultiRegionTrail=False, IncludeGlobalServiceEvents=False)
    assert not is_heard(aws, lambda: role(aws, "second"))
    assert hears_of_groups(aws)


def test_a_trail_hears_its_own_account_and_the_organizations_trail_hears_all_accounts(aws: EmbeddedAws) -> None:
    _, keys = member(aws)
    ec2 = client(aws, "ec2", **keys)
    assert not is_heard(aws, lambda: ec2.create_security_group(GroupName="first", Description="testing"))
    client(aws, "cloudtrail").update_trail(Name=FIRST, IsOrganizationTrail=True)
    assert is_heard(aws, lambda: ec2.create_security_group(GroupName="second", Description="testing"))

    theirs = client(aws, "cloudtrail", **keys)
    (shadow,) = theirs.describe_trails()["trailList"]
    assert shadow["IsOrganizationTrail"]
    assert not theirs.describe_trails(includeShadowTrails=False)["trailList"]
    assert refused(lambda: theirs.get_trail_status(Name=FIRST)) == "TrailNotFoundException"
    assert theirs.get_trail_status(Name=shadow["TrailARN"])["IsLogging"]
    assert refused(lambda: theirs.stop_logging(Name=shadow["TrailARN"])) == "NotOrganizationMasterAccountException"
    asked = {"Name": "theirs", "S3BucketName": "trails", "IsOrganizationTrail": True}
    assert refused(lambda: theirs.create_trail(**asked)) == "NotOrganizationMasterAccountException"


def test_an_account_of_no_organization_has_no_trail_of_one(aws: EmbeddedAws) -> None:
    trails = client(aws, "cloudtrail")
    assert (
        refused(lambda: trails.update_trail(Name=FIRST, IsOrganizationTrail=True)) == "OrganizationsNotInUseException"
    )


def test_a_shadow_trail_is_described_by_its_arn_and_changed_at_home(aws: EmbeddedAws) -> None:
    home, abroad = client(aws, "cloudtrail"), client(aws, "cloudtrail", region="eu-west-1")
    (trail,) = home.describe_trails()["trailList"]
    arn = trail["TrailARN"]
    assert (trail["HomeRegion"], trail["HasCustomEventSelectors"]) == ("us-east-1", False)
    assert abroad.describe_trails()["trailList"] == [trail]
    assert not abroad.describe_trails(includeShadowTrails=False)["trailList"]
    assert not abroad.describe_trails(trailNameList=[FIRST])["trailList"]
    assert abroad.describe_trails(trailNameList=[arn])["trailList"] == [trail]
    assert home.describe_trails(trailNameList=[FIRST])["trailList"] == [trail]

    assert abroad.get_trail_status(Name=arn)["IsLogging"]
    assert refused(lambda: abroad.get_trail_status(Name=FIRST)) == "TrailNotFoundException"
    for change in (abroad.stop_logging, abroad.delete_trail, abroad.update_trail):
        assert refused(partial(change, Name=arn)) == "InvalidHomeRegionException"
        assert refused(partial(change, Name=FIRST)) == "InvalidHomeRegionException"
    basic(ReadWriteType="All")(home)
    assert home.describe_trails()["trailList"][0]["HasCustomEventSelectors"]


def test_selectors_of_one_kind_replace_those_of_the_other(aws: EmbeddedAws) -> None:
    trails = client(aws, "cloudtrail")
    plain = trails.get_event_selectors(TrailName=FIRST)
    assert plain["EventSelectors"][0]["ReadWriteType"] == "All"
    assert "AdvancedEventSelectors" not in plain
    advanced()(trails)
    assert "EventSelectors" not in trails.get_event_selectors(TrailName=FIRST)
    basic(ReadWriteType="WriteOnly")(trails)
    again = trails.get_event_selectors(TrailName=FIRST)
    assert "AdvancedEventSelectors" not in again
    assert again["EventSelectors"][0]["IncludeManagementEvents"]


@pytest.mark.parametrize(
    "selectors",
    [
        {},
        {"EventSelectors": [{}], "AdvancedEventSelectors": [{"FieldSelectors": [MANAGEMENT]}]},
        {"EventSelectors": [{}] * 6},
        {"EventSelectors": [{"ReadWriteType": "read-only"}]},
        {"EventSelectors": [{"ExcludeManagementEventSources": ["ec2.amazonaws.com"]}]},
        {
            "EventSelectors": [
                {"IncludeManagementEvents": False, "ExcludeManagementEventSources": ["kms.amazonaws.com"]}
            ]
        },
        *(
            {"AdvancedEventSelectors": [{"FieldSelectors": fields}]}
            for fields in (
                [{"Field": "readOnly", "Equals": ["true"]}],
                [MANAGEMENT, MANAGEMENT],
                [{"Field": "eventCategory", "Equals": ["Everything"]}],
                [MANAGEMENT, {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}],
                [MANAGEMENT, {"Field": "eventName"}],
                [MANAGEMENT, {"Field": "readOnly", "NotEquals": ["true"]}],
                [MANAGEMENT, {"Field": "readOnly", "Equals": ["yes"]}],
                [MANAGEMENT, {"Field": "eventName", "Equals": ["A"]}, {"Field": "eventName", "NotEquals": ["B"]}],
                [MANAGEMENT, {"Field": "eventName", "Equals": [f"Name{each}" for each in range(500)]}],
            )
        ),
    ],
)
def test_selectors_that_aws_refuses_are_refused(selectors: Any) -> None:
    with pytest.raises(ApiError) as error:
        checked_selectors(selectors, {})
    assert error.value.code == "InvalidEventSelectorsException"


def test_refused_selectors_change_nothing(aws: EmbeddedAws) -> None:
    assert refused(lambda: basic(ReadWriteType="read-only")(client(aws, "cloudtrail"))) == (
        "InvalidEventSelectorsException"
    )
    assert hears_of_groups(aws)


def test_a_trail_needs_a_new_name_a_bucket_and_a_policy_that_lets_cloudtrail_write(aws: EmbeddedAws) -> None:
    trails, s3 = client(aws, "cloudtrail"), client(aws, "s3")
    bucket = trail_bucket(aws)

    def create(name: str, bucket: str, **more: Any) -> Callable[[], object]:
        return lambda: trails.create_trail(Name=name, S3BucketName=bucket, **more)

    assert refused(create(FIRST, bucket)) == "TrailAlreadyExistsException"
    assert refused(create("second", "missing")) == "S3BucketDoesNotExistException"
    s3.create_bucket(Bucket="closed")
    assert refused(create("second", "closed")) == "InsufficientS3BucketPolicyException"
    assert refused(create("second", bucket, S3KeyPrefix="elsewhere")) == "InsufficientS3BucketPolicyException"
    for name in ("second", "third", "fourth", "fifth"):
        create(name, bucket)()
    assert refused(create("sixth", bucket)) == "MaximumNumberOfTrailsExceededException"
    assert refused(lambda: trails.update_trail(Name="fifth", S3BucketName="closed")) == (
        "InsufficientS3BucketPolicyException"
    )
    trails.delete_trail(Name="fifth")
    create("sixth", bucket)()


def test_a_trail_that_there_is_not_is_named_by_its_arn(aws: EmbeddedAws) -> None:
    trails = client(aws, "cloudtrail")
    with pytest.raises(ClientError, match=f"Unknown trail: arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/none for"):
        trails.delete_trail(Name="none")
    assert refused(lambda: trails.get_trail(Name="arn:aws:s3:::none")) == "CloudTrailARNInvalidException"


def test_a_refused_write_is_heard_only_where_a_trail_records_it(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2", **assume(aws, role(aws, "reader", "ec2:Describe*")))

    def tries() -> None:
        with pytest.raises(ClientError, match="UnauthorizedOperation"):
            ec2.create_security_group(GroupName="testing", Description="testing")

    assert is_heard(aws, tries)
    client(aws, "cloudtrail").stop_logging(Name=FIRST)
    assert not is_heard(aws, tries)


def test_no_function_is_woken_while_the_trail_is_stopped(aws: EmbeddedAws) -> None:
    events = client(aws, "events")
    events.put_rule(Name="all", EventPattern='{"source": ["aws.ec2"]}')
    events.put_targets(Rule="all", Targets=[{"Id": "none", "Arn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:none"}])
    client(aws, "cloudtrail").stop_logging(Name=FIRST)
    open_to_the_world(aws)
    aws.settle(5)
    assert not aws.deliveries
