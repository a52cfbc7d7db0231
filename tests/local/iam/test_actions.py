"""The rights that a call needs, held against AWS's documentation: written by hand, call by call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.serialize import create_serializer
from moto.core.utils import get_service_model

from cloudmend.local.iam.actions import required, seen
from cloudmend.local.iam.request import AccessRequest
from cloudmend.local.iam.resources_described import ApiCall, Undescribed
from cloudmend.local.messages import ApiRequest
from local.iam.api_calls import ACCOUNT, KEY, KNOWN, REGION, sent

GROUP, RULE, OTHER = "sg-1234567890abcdef0", "sgr-1234567890abcdef0", "sgr-0234567890abcdef0"
EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs"
URL = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/jobs"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/ledger"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:sweep"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/worker"
STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack"
RULES = f"arn:aws:events:{REGION}:{ACCOUNT}:rule"
LOG = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/sweep"
KEYS = KEY.rpartition("/")[0]
SNAPSHOT = "snap-1234567890abcdef0"
CODE = {"FunctionName": "sweep", "Role": ROLE, "Code": {"ZipFile": b"zip"}}
BLOCK = {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}
TARGET = {"Arn": FUNCTION, "RoleArn": ROLE}
WINDOW = {"Mode": "OFF"}


def asked(service: str, operation: str, params: Mapping[str, Any]) -> tuple[AccessRequest, ...]:
    return required(sent(service, operation, params), KNOWN)


def pairs(requests: tuple[AccessRequest, ...]) -> list[tuple[str, str]]:
    return [(each.action, each.resource) for each in requests]


CALLS: list[tuple[str, str, dict[str, Any], list[tuple[str, str]]]] = [
    # A rule that goes is checked against its group alone; one that is modified against itself, too.
    (
        "ec2",
        "RevokeSecurityGroupIngress",
        {"GroupId": GROUP, "SecurityGroupRuleIds": [RULE]},
        [("ec2:RevokeSecurityGroupIngress", f"{EC2}:security-group/{GROUP}")],
    ),
    (
        "ec2",
        "ModifySecurityGroupRules",
        {
            "GroupId": GROUP,
            "SecurityGroupRules": [{"SecurityGroupRuleId": each, "SecurityGroupRule": {}} for each in (RULE, OTHER)],
        },
        [
            ("ec2:ModifySecurityGroupRules", f"{EC2}:security-group/{GROUP}"),
            ("ec2:ModifySecurityGroupRules", f"{EC2}:security-group-rule/{RULE}"),
            ("ec2:ModifySecurityGroupRules", f"{EC2}:security-group-rule/{OTHER}"),
        ],
    ),
    (
        "ec2",
        "AuthorizeSecurityGroupIngress",
        {"GroupId": GROUP, "CidrIp": "10.0.0.0/8", "IpProtocol": "-1"},
        [("ec2:AuthorizeSecurityGroupIngress", f"{EC2}:security-group/{GROUP}")],
    ),
    (
        "ec2",
        "AuthorizeSecurityGroupIngress",
        {
            "GroupId": GROUP,
            "TagSpecifications": [{"ResourceType": "security-group-rule", "Tags": [{"Key": "a", "Value": "b"}]}],
        },
        [
            ("ec2:AuthorizeSecurityGroupIngress", f"{EC2}:security-group/{GROUP}"),
            ("ec2:AuthorizeSecurityGroupIngress", f"{EC2}:security-group-rule/*"),
            ("ec2:CreateTags", f"{EC2}:security-group-rule/*"),
        ],
    ),
    ("ec2", "DescribeSecurityGroups", {"GroupIds": [GROUP]}, [("ec2:DescribeSecurityGroups", "*")]),
    ("ec2", "DescribeRegions", {}, [("ec2:DescribeRegions", "*")]),
    (
        "ec2",
        "CreateSecurityGroup",
        {"GroupName": "web", "Description": "of a test", "VpcId": "vpc-1"},
        [
            ("ec2:CreateSecurityGroup", f"{EC2}:security-group/*"),
            ("ec2:CreateSecurityGroup", f"{EC2}:vpc/vpc-1"),
        ],
    ),
    (
        "ec2",
        "CreateTags",
        {"Resources": [GROUP, RULE, SNAPSHOT], "Tags": [{"Key": "a", "Value": "b"}]},
        [
            ("ec2:CreateTags", f"{EC2}:security-group/{GROUP}"),
            ("ec2:CreateTags", f"{EC2}:security-group-rule/{RULE}"),
            ("ec2:CreateTags", f"arn:aws:ec2:{REGION}::snapshot/{SNAPSHOT}"),
        ],
    ),
    # S3's actions have other names than its operations.
    ("s3", "ListBuckets", {}, [("s3:ListAllMyBuckets", "*")]),
    ("s3", "HeadBucket", {"Bucket": "logs"}, [("s3:ListBucket", "arn:aws:s3:::logs")]),
    ("s3", "ListObjectsV2", {"Bucket": "logs"}, [("s3:ListBucket", "arn:aws:s3:::logs")]),
    ("s3", "PutObject", {"Bucket": "logs", "Key": "a/b c"}, [("s3:PutObject", "arn:aws:s3:::logs/a/b c")]),
    ("s3", "GetObject", {"Bucket": "logs", "Key": "a"}, [("s3:GetObject", "arn:aws:s3:::logs/a")]),
    (
        "s3",
        "GetObject",
        {"Bucket": "logs", "Key": "a", "VersionId": "v"},
        [("s3:GetObjectVersion", "arn:aws:s3:::logs/a")],
    ),
    (
        "s3",
        "DeleteObjects",
        {"Bucket": "logs", "Delete": {"Objects": [{"Key": "a"}, {"Key": "b"}]}},
        [("s3:DeleteObject", "arn:aws:s3:::logs/a"), ("s3:DeleteObject", "arn:aws:s3:::logs/b")],
    ),
    ("s3", "GetPublicAccessBlock", {"Bucket": "logs"}, [("s3:GetBucketPublicAccessBlock", "arn:aws:s3:::logs")]),
    (
        "s3",
        "PutPublicAccessBlock",
        {"Bucket": "logs", **BLOCK},
        [("s3:PutBucketPublicAccessBlock", "arn:aws:s3:::logs")],
    ),
    ("s3", "DeletePublicAccessBlock", {"Bucket": "logs"}, [("s3:PutBucketPublicAccessBlock", "arn:aws:s3:::logs")]),
    # A role that is handed to a service is passed to it.
    (
        "lambda",
        "CreateFunction",
        CODE,
        [("lambda:CreateFunction", FUNCTION), ("iam:PassRole", ROLE)],
    ),
    (
        "lambda",
        "UpdateFunctionConfiguration",
        {"FunctionName": FUNCTION, "Role": ROLE},
        [("lambda:UpdateFunctionConfiguration", FUNCTION), ("iam:PassRole", ROLE)],
    ),
    (
        "lambda",
        "UpdateFunctionConfiguration",
        {"FunctionName": "sweep", "Timeout": 9},
        [("lambda:UpdateFunctionConfiguration", FUNCTION)],
    ),
    ("lambda", "Invoke", {"FunctionName": "sweep"}, [("lambda:InvokeFunction", FUNCTION)]),
    (
        "lambda",
        "Invoke",
        {"FunctionName": f"{ACCOUNT}:function:sweep", "Qualifier": "live"},
        [("lambda:InvokeFunction", f"{FUNCTION}:live")],
    ),
    (
        "lambda",
        "GetFunction",
        {"FunctionName": "444455556666:function:sweep"},
        [("lambda:GetFunction", FUNCTION.replace(ACCOUNT, "444455556666"))],
    ),
    ("lambda", "GetFunctionConcurrency", {"FunctionName": "sweep"}, [("lambda:GetFunctionConcurrency", FUNCTION)]),
    ("lambda", "GetPolicy", {"FunctionName": "sweep"}, [("lambda:GetPolicy", FUNCTION)]),
    (
        "events",
        "PutTargets",
        {"Rule": "wake", "Targets": [{"Id": "1", **TARGET}, {"Id": "2", **TARGET}]},
        [("events:PutTargets", f"{RULES}/wake"), ("iam:PassRole", ROLE)],
    ),
    (
        "events",
        "DescribeRule",
        {"Name": "wake", "EventBusName": "hub"},
        [("events:DescribeRule", f"{RULES}/hub/wake")],
    ),
    ("events", "ListRules", {}, [("events:ListRules", "*")]),
    (
        "scheduler",
        "CreateSchedule",
        {"Name": "sweep", "ScheduleExpression": "rate(1 hour)", "Target": TARGET, "FlexibleTimeWindow": WINDOW},
        [
            ("scheduler:CreateSchedule", f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/sweep"),
            ("iam:PassRole", ROLE),
        ],
    ),
    # SQS has no actions for batches.
    ("sqs", "SendMessage", {"QueueUrl": URL, "MessageBody": "m"}, [("sqs:SendMessage", QUEUE)]),
    (
        "sqs",
        "SendMessageBatch",
        {"QueueUrl": URL, "Entries": [{"Id": "1", "MessageBody": "m"}]},
        [("sqs:SendMessage", QUEUE)],
    ),
    (
        "sqs",
        "DeleteMessageBatch",
        {"QueueUrl": URL, "Entries": [{"Id": "1", "ReceiptHandle": "h"}]},
        [("sqs:DeleteMessage", QUEUE)],
    ),
    ("sqs", "GetQueueUrl", {"QueueName": "jobs"}, [("sqs:GetQueueUrl", QUEUE)]),
    (
        "sqs",
        "GetQueueUrl",
        {"QueueName": "jobs", "QueueOwnerAWSAccountId": "444455556666"},
        [("sqs:GetQueueUrl", f"arn:aws:sqs:{REGION}:444455556666:jobs")],
    ),
    ("sqs", "ListQueues", {}, [("sqs:ListQueues", "*")]),
    # An alias stands for its key, which alone is the resource; by id and by ARN.
    ("kms", "DescribeKey", {"KeyId": "1234"}, [("kms:DescribeKey", f"{KEYS}/1234")]),
    ("kms", "DescribeKey", {"KeyId": KEY}, [("kms:DescribeKey", KEY)]),
    ("kms", "DescribeKey", {"KeyId": "alias/ledger"}, [("kms:DescribeKey", f"{KEYS}/alias/ledger")]),
    (
        "kms",
        "DescribeKey",
        {"KeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/ledger"},
        [("kms:DescribeKey", f"{KEYS}/alias/ledger")],
    ),
    # CloudFormation names the stack in the words of the call.
    (
        "cloudformation",
        "CreateChangeSet",
        {"StackName": "cloudmend", "ChangeSetName": "c", "TemplateBody": "{}", "RoleARN": ROLE},
        [("cloudformation:CreateChangeSet", f"{STACK}/cloudmend/*"), ("iam:PassRole", ROLE)],
    ),
    (
        "cloudformation",
        "ExecuteChangeSet",
        {"StackName": f"{STACK}/cloudmend/1", "ChangeSetName": "c"},
        [("cloudformation:ExecuteChangeSet", f"{STACK}/cloudmend/1")],
    ),
    ("cloudformation", "DescribeStacks", {}, [("cloudformation:DescribeStacks", f"{STACK}/*/*")]),
    ("cloudformation", "GetTemplateSummary", {"TemplateBody": "{}"}, [("cloudformation:GetTemplateSummary", "*")]),
    (
        "rds",
        "DescribeDBSnapshots",
        {"SnapshotType": "manual"},
        [("rds:DescribeDBSnapshots", f"arn:aws:rds:{REGION}:{ACCOUNT}:snapshot:*")],
    ),
    (
        "rds",
        "ModifyDBSnapshotAttribute",
        {"DBSnapshotIdentifier": "orders", "AttributeName": "restore", "ValuesToRemove": ["all"]},
        [("rds:ModifyDBSnapshotAttribute", f"arn:aws:rds:{REGION}:{ACCOUNT}:snapshot:orders")],
    ),
    (
        "rds",
        "DescribeDBClusterSnapshots",
        {"SnapshotType": "manual"},
        [("rds:DescribeDBClusterSnapshots", f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster-snapshot:*")],
    ),
    (
        "rds",
        "ModifyDBClusterSnapshotAttribute",
        {"DBClusterSnapshotIdentifier": "orders", "AttributeName": "restore", "ValuesToRemove": ["all"]},
        [("rds:ModifyDBClusterSnapshotAttribute", f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster-snapshot:orders")],
    ),
    (
        "ec2",
        "DeleteNetworkAclEntry",
        {"NetworkAclId": "acl-1", "RuleNumber": 50, "Egress": False},
        [("ec2:DeleteNetworkAclEntry", f"arn:aws:ec2:{REGION}:{ACCOUNT}:network-acl/acl-1")],
    ),
    (
        "ec2",
        "ModifyImageAttribute",
        {"ImageId": "ami-1", "LaunchPermission": {"Remove": [{"Group": "all"}]}},
        [("ec2:ModifyImageAttribute", f"arn:aws:ec2:{REGION}::image/ami-1")],
    ),
    (
        "ec2",
        "ModifyVpcEndpointServicePermissions",
        {"ServiceId": "vpce-svc-1", "RemoveAllowedPrincipals": ["*"]},
        [
            (
                "ec2:ModifyVpcEndpointServicePermissions",
                f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc-endpoint-service/vpce-svc-1",
            )
        ],
    ),
    (
        "ec2",
        "DescribeVpcEndpointServiceConfigurations",
        {"ServiceIds": ["vpce-svc-1"]},
        [("ec2:DescribeVpcEndpointServiceConfigurations", "*")],
    ),
    (
        "ssm",
        "ModifyDocumentPermission",
        {"Name": "runbook", "PermissionType": "Share", "AccountIdsToRemove": ["all"]},
        [("ssm:ModifyDocumentPermission", f"arn:aws:ssm:{REGION}:{ACCOUNT}:document/runbook")],
    ),
    ("ssm", "ListDocuments", {}, [("ssm:ListDocuments", "*")]),
    (
        "ecr",
        "PutImageTagMutability",
        {"repositoryName": "web", "imageTagMutability": "IMMUTABLE"},
        [("ecr:PutImageTagMutability", f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/web")],
    ),
    (
        "ssm",
        "GetParameter",
        {"Name": "/cloudmend/mode"},
        [("ssm:GetParameter", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/cloudmend/mode")],
    ),
    ("sts", "GetCallerIdentity", {}, [("sts:GetCallerIdentity", "*")]),
    ("sts", "AssumeRole", {"RoleArn": ROLE, "RoleSessionName": "alice"}, [("sts:AssumeRole", ROLE)]),
    ("iam", "GetRole", {"RoleName": "deploy"}, [("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/teams/deploy")]),
    (
        "iam",
        "CreateRole",
        {"RoleName": "reader", "Path": "/cloudmend/", "AssumeRolePolicyDocument": "{}"},
        [("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/cloudmend/reader")],
    ),
    (
        "logs",
        "CreateLogStream",
        {"logGroupName": "/aws/lambda/sweep", "logStreamName": "s"},
        [("logs:CreateLogStream", f"{LOG}:log-stream:s")],
    ),
    (
        "logs",
        "FilterLogEvents",
        {"logGroupName": "/aws/lambda/sweep"},
        [("logs:FilterLogEvents", f"{LOG}:log-stream:")],
    ),
    (
        "cloudwatch",
        "GetMetricData",
        {"MetricDataQueries": [], "StartTime": 0, "EndTime": 1},
        [("cloudwatch:GetMetricData", "*")],
    ),
    (
        "cloudwatch",
        "DescribeAlarms",
        {},
        [("cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*")],
    ),
    (
        "cloudwatch",
        "DescribeAlarms",
        {"AlarmNames": ["silence"]},
        [("cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:silence")],
    ),
    # A query of an index is checked against the index alone.
    (
        "dynamodb",
        "Query",
        {
            "TableName": "ledger",
            "IndexName": "by-time",
            "KeyConditionExpression": "#k = :kind",
            "ExpressionAttributeNames": {"#k": "kind"},
            "ExpressionAttributeValues": {":kind": {"S": "entry"}},
        },
        [("dynamodb:Query", f"{TABLE}/index/by-time")],
    ),
    ("dynamodb", "DescribeTable", {"TableName": "ledger"}, [("dynamodb:DescribeTable", TABLE)]),
    (
        "cloudtrail",
        "GetTrailStatus",
        {"Name": "all"},
        [("cloudtrail:GetTrailStatus", f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/all")],
    ),
    ("cloudtrail", "DescribeTrails", {}, [("cloudtrail:DescribeTrails", "*")]),
]


@pytest.mark.parametrize(
    ("service", "operation", "params", "expected"), CALLS, ids=lambda each: each if isinstance(each, str) else ""
)
def test_a_call_needs_the_actions_on_the_resources_that_aws_documents(
    service: str, operation: str, params: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert pairs(asked(service, operation, params)) == expected


def test_a_block_of_a_whole_account_is_no_action_on_buckets() -> None:
    call = ApiCall("s3control", "PutPublicAccessBlock", {"AccountId": ACCOUNT, **BLOCK}, ACCOUNT, REGION)
    assert pairs(required(call)) == [("s3:PutAccountPublicAccessBlock", "*")]


def test_a_transaction_needs_the_action_of_each_kind_of_item_for_its_partitions() -> None:
    def key(pk: str) -> dict[str, Any]:
        return {"pk": {"S": pk}, "sk": {"S": "1"}}

    checked = {"ConditionExpression": "attribute_exists(pk)", "TableName": "ledger"}
    items = [
        {"Put": {"TableName": "ledger", "Item": key("place/a")}},
        {"Put": {"TableName": "ledger", "Item": key("open")}},
        {"Update": {"TableName": "ledger", "Key": key("budget/1"), "UpdateExpression": "SET a = b"}},
        {"Delete": {"TableName": "ledger", "Key": key("place/b")}},
        {"ConditionCheck": {**checked, "Key": key("exemptions")}},
    ]
    requests = asked("dynamodb", "TransactWriteItems", {"TransactItems": items})
    assert {(each.action, each.resource): each.context["dynamodb:LeadingKeys"] for each in requests} == {
        ("dynamodb:PutItem", TABLE): ["place/a", "open"],
        ("dynamodb:UpdateItem", TABLE): ["budget/1"],
        ("dynamodb:DeleteItem", TABLE): ["place/b"],
        ("dynamodb:ConditionCheckItem", TABLE): ["exemptions"],
    }
    assert {each.context["dynamodb:EnclosingOperation"] for each in requests} == {"TransactWriteItems"}


def test_a_batch_needs_its_own_action_for_all_its_partitions() -> None:
    items = {
        "ledger": [{"PutRequest": {"Item": {"pk": {"S": "open"}}}}, {"DeleteRequest": {"Key": {"pk": {"S": "units"}}}}]
    }
    (request,) = asked("dynamodb", "BatchWriteItem", {"RequestItems": items})
    assert (request.action, request.context["dynamodb:LeadingKeys"]) == ("dynamodb:BatchWriteItem", ["open", "units"])


def test_each_event_is_asked_for_by_its_source_and_type() -> None:
    entry = {"Source": "cloudmend", "DetailType": "record", "Detail": "{}"}
    other = {**entry, "Source": "aws.ec2", "EventBusName": f"arn:aws:events:{REGION}:444455556666:event-bus/hub"}
    own, hub = asked("events", "PutEvents", {"Entries": [entry, entry, other]})
    assert (own.resource, own.context["events:source"]) == (
        f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default",
        "cloudmend",
    )
    assert (hub.resource, hub.context["events:source"]) == (other["EventBusName"], "aws.ec2")
    assert hub.context["aws:ResourceAccount"] == "444455556666"


def test_a_message_to_an_encrypted_topic_needs_its_key_through_the_service() -> None:
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:notices"
    requests = asked("sns", "Publish", {"TopicArn": topic, "Message": "m"})
    assert pairs(requests) == [("sns:Publish", topic), ("kms:GenerateDataKey", KEY), ("kms:Decrypt", KEY)]
    assert requests[1].context["kms:ViaService"] == f"sns.{REGION}.amazonaws.com"
    assert requests[1].context["kms:EncryptionContext:aws:sns:topicArn"] == topic


def test_a_snapshot_s_keys_say_whom_a_call_adds_and_removes() -> None:
    change = {"Remove": [{"Group": "all"}], "Add": [{"UserId": "444455556666"}]}
    params = {"SnapshotId": SNAPSHOT, "Attribute": "createVolumePermission", "CreateVolumePermission": change}
    (request,) = asked("ec2", "ModifySnapshotAttribute", params)
    assert request.resource == f"arn:aws:ec2:{REGION}::snapshot/{SNAPSHOT}"
    assert request.context["ec2:Remove/group"] == "all"
    assert request.context["ec2:Add/userId"] == "444455556666"
    assert "ec2:Add/group" not in request.context


def test_a_cluster_s_keys_say_what_else_of_it_a_call_changes() -> None:
    (request,) = asked("eks", "UpdateClusterConfig", {"name": "prod", "resourcesVpcConfig": {"publicAccessCidrs": []}})
    assert request.resource == f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/prod"
    assert not [key for key in request.context if key.startswith("eks:")]
    changing = {"computeConfig": {"enabled": False}, "accessConfig": {"authenticationMode": "API"}}
    (more,) = asked("eks", "UpdateClusterConfig", {"name": "prod", **changing})
    assert {key: value for key, value in more.context.items() if key.startswith("eks:")} == {
        "eks:authenticationMode": "API",
        "eks:computeConfigEnabled": "false",
    }


def test_a_change_of_a_database_says_whether_rds_keeps_its_password() -> None:
    (request,) = asked("rds", "ModifyDBInstance", {"DBInstanceIdentifier": "orders", "PubliclyAccessible": False})
    assert request.resource == f"arn:aws:rds:{REGION}:{ACCOUNT}:db:orders"
    assert "rds:ManageMasterUserPassword" not in request.context
    for value in (True, False):
        changing = {"DBInstanceIdentifier": "orders", "ManageMasterUserPassword": value}
        (more,) = asked("rds", "ModifyDBInstance", changing)
        assert more.context["rds:ManageMasterUserPassword"] == str(value).lower()


def test_a_redshift_cluster_is_named_by_its_id_and_a_list_of_all_by_any() -> None:
    (request,) = asked("redshift", "ModifyCluster", {"ClusterIdentifier": "sales", "PubliclyAccessible": False})
    assert request.resource == f"arn:aws:redshift:{REGION}:{ACCOUNT}:cluster:sales"
    (listed,) = asked("redshift", "DescribeClusters", {})
    assert listed.resource == f"arn:aws:redshift:{REGION}:{ACCOUNT}:cluster:*"


def test_a_lightsail_instance_is_named_by_the_calls_that_change_it() -> None:
    (request,) = asked("lightsail", "PutInstancePublicPorts", {"instanceName": "web-1", "portInfos": []})
    assert request.resource == f"arn:aws:lightsail:{REGION}:{ACCOUNT}:Instance/web-1"
    (listed,) = asked("lightsail", "GetInstances", {})
    assert listed.resource == "*"


def test_tags_at_creation_say_which_call_creates() -> None:
    tagged = [{"ResourceType": "security-group-rule", "Tags": [{"Key": "team", "Value": "web"}]}]
    *_, tags = asked("ec2", "AuthorizeSecurityGroupIngress", {"GroupId": GROUP, "TagSpecifications": tagged})
    assert tags.context["ec2:CreateAction"] == "AuthorizeSecurityGroupIngress"
    assert (tags.context["aws:RequestTag/team"], tags.context["aws:TagKeys"]) == ("web", ["team"])


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("kms", "TagResource", {"KeyId": KEY, "Tags": [{"TagKey": "team", "TagValue": "web"}]}),
        ("lambda", "TagResource", {"Resource": FUNCTION, "Tags": {"team": "web"}}),
        ("sqs", "TagQueue", {"QueueUrl": URL, "Tags": {"team": "web"}}),
    ],
)
def test_tags_are_keys_however_a_service_spells_them(service: str, operation: str, params: dict[str, Any]) -> None:
    (request,) = asked(service, operation, params)
    assert (request.context["aws:RequestTag/team"], request.context["aws:TagKeys"]) == ("web", ["team"])


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("kms", "UntagResource", {"KeyId": KEY, "TagKeys": ["team"]}),
        ("lambda", "UntagResource", {"Resource": FUNCTION, "TagKeys": ["team"]}),
        ("logs", "UntagResource", {"resourceArn": LOG, "tagKeys": ["team"]}),
    ],
)
def test_names_of_tags_that_go_are_a_key_too(service: str, operation: str, params: dict[str, Any]) -> None:
    (request,) = asked(service, operation, params)
    assert request.context["aws:TagKeys"] == ["team"]
    assert "aws:RequestTag/team" not in request.context


def test_a_role_is_passed_to_the_service_that_uses_it() -> None:
    *_, passed = asked("lambda", "CreateFunction", CODE)
    assert passed.context["iam:PassedToService"] == "lambda.amazonaws.com"


def test_every_request_has_the_keys_of_the_call_and_of_the_resource() -> None:
    (request,) = asked("ec2", "RevokeSecurityGroupIngress", {"GroupId": GROUP, "SecurityGroupRuleIds": [RULE]})
    expected = {
        "aws:RequestedRegion": REGION,
        "aws:ResourceAccount": ACCOUNT,
        "aws:ResourceTag/team": "web",
        "aws:SecureTransport": "true",
        "aws:ViaAWSService": "false",
        "ec2:Region": REGION,
        "ec2:SecurityGroupID": GROUP,
        "ec2:Vpc": f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/vpc-1",
    }
    assert {key: request.context[key] for key in expected} == expected


def test_a_list_of_another_account_is_that_account_s() -> None:
    (request,) = asked("ec2", "GetManagedPrefixListEntries", {"PrefixListId": "pl-1234567890abcdef0"})
    assert (request.owner, request.context["aws:ResourceAccount"]) == ("444455556666", "444455556666")


def test_a_subscription_says_its_protocol() -> None:
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:chat"
    (request,) = asked("sns", "Subscribe", {"TopicArn": topic, "Protocol": "email", "Endpoint": "a@example.com"})
    assert (request.context["sns:Protocol"], request.context["sns:Endpoint"]) == ("email", "a@example.com")


def test_the_arns_are_of_the_region_s_partition() -> None:
    call = sent("sqs", "GetQueueUrl", {"QueueName": "jobs"}, "cn-north-1")
    assert pairs(required(call)) == [("sqs:GetQueueUrl", f"arn:aws-cn:sqs:cn-north-1:{ACCOUNT}:jobs")]


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("s3", "CopyObject", {"Bucket": "logs", "Key": "a", "CopySource": "logs/b"}),  # needs a second action
        ("dynamodb", "ExecuteStatement", {"Statement": "SELECT * FROM ledger"}),
        ("dynamodb", "PutItem", {"TableName": "unknown", "Item": {"pk": {"S": "open"}}}),  # its partition key
        ("cloudwatch", "PutMetricAlarm", None),  # by a protocol that is not read
        ("ec2", "AuthorizeSecurityGroupIngress", {"CidrIp": "10.0.0.0/8"}),  # no group
        ("chime", "ListAccounts", {}),  # no service of the table
        ("events", "PutEvents", {"Entries": []}),  # no item, so no request that could be denied
        ("dynamodb", "BatchGetItem", {"RequestItems": {}}),
    ],
)
def test_a_call_that_nobody_described_is_granted_to_nobody(service: str, operation: str, params: Any) -> None:
    with pytest.raises(Undescribed, match=f"does not know which rights {service}:{operation} needs"):
        required(ApiCall(service, operation, params, ACCOUNT, REGION), KNOWN)


def test_a_call_by_cbor_is_read() -> None:
    model = get_service_model("cloudwatch").operation_model("PutMetricAlarm")
    written = create_serializer("smithy-rpc-v2-cbor").serialize_to_request({"AlarmName": "silence"}, model)
    call = seen(request("monitoring", "PutMetricAlarm", written["headers"], written["body"]), ACCOUNT, None)
    assert pairs(required(call)) == [
        ("cloudwatch:PutMetricAlarm", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:silence")
    ]


@pytest.mark.parametrize(("service", "operation"), [("nosuch", "ListThings"), ("monitoring", "GET /")])
def test_a_request_that_is_no_operation_is_granted_to_nobody(service: str, operation: str) -> None:
    with pytest.raises(Undescribed, match="botocore has no model of it"):
        seen(request(service, operation, {}, b""), ACCOUNT, None)


def request(service: str, operation: str, headers: Mapping[str, str], body: bytes) -> ApiRequest:
    lowered = {name.lower(): value for name, value in headers.items()}
    return ApiRequest(service, operation, REGION, "AKIAIOSFODNN7EXAMPLE", "POST", "/", {}, lowered, body, "127.0.0.1")
