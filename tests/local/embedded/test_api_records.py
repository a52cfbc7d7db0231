"""CloudTrail stands in front of every service: what each call leaves behind, in that service's own spelling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.embedded.helpers import ACCOUNT, SETTLE_S, client, deploy, document

if TYPE_CHECKING:
    from cloudmend.local.server import EmbeddedAws

STATEMENT = '{"Sid":"own","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sqs:*","Resource":"*"}'
POLICY = f'{{"Version":"2012-10-17","Statement":[{STATEMENT}]}}'


def told(aws: EmbeddedAws) -> Any:
    """The newest event on the bus."""
    aws.settle(SETTLE_S)
    return aws.events[-1]


def test_s3_names_the_calls_of_block_public_access_otherwise_than_its_api(aws: EmbeddedAws) -> None:
    s3 = client(aws, "s3")
    s3.create_bucket(Bucket="a-bucket")
    s3.put_public_access_block(Bucket="a-bucket", PublicAccessBlockConfiguration={"BlockPublicAcls": False})
    detail = told(aws)["detail"]
    assert (detail["eventSource"], detail["eventName"]) == ("s3.amazonaws.com", "PutBucketPublicAccessBlock")
    assert detail["requestParameters"]["bucketName"] == "a-bucket"
    assert detail["requestParameters"]["PublicAccessBlockConfiguration"]["BlockPublicAcls"] is False
    assert detail["responseElements"] is None

    s3.delete_public_access_block(Bucket="a-bucket")
    assert told(aws)["detail"]["eventName"] == "DeleteBucketPublicAccessBlock"


def test_a_bucket_policy_is_an_object_in_the_record(aws: EmbeddedAws) -> None:
    s3 = client(aws, "s3")
    s3.create_bucket(Bucket="a-bucket")
    own = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "s3:*", "Resource": "arn:aws:s3:::a-bucket"}
    s3.put_bucket_policy(Bucket="a-bucket", Policy=document(own))
    request = told(aws)["detail"]["requestParameters"]
    assert request["bucketPolicy"] == {"Version": "2012-10-17", "Statement": [own]}
    assert request["policy"] == ""


def test_sqs_lowers_one_letter_of_each_member_and_none_of_an_attribute(aws: EmbeddedAws) -> None:
    sqs = client(aws, "sqs")
    url = sqs.create_queue(QueueName="a-queue", Attributes={"Policy": POLICY})["QueueUrl"]
    created = told(aws)["detail"]
    assert created["requestParameters"] == {"queueName": "a-queue", "attributes": {"Policy": POLICY}}
    assert created["responseElements"] == {"queueUrl": url}

    sqs.add_permission(QueueUrl=url, Label="a", AWSAccountIds=[ACCOUNT], Actions=["SendMessage"])
    assert told(aws)["detail"]["requestParameters"]["aWSAccountIds"] == [ACCOUNT]


def test_what_a_data_event_is_stays_untold(aws: EmbeddedAws) -> None:
    sqs = client(aws, "sqs")
    url = sqs.create_queue(QueueName="a-queue")["QueueUrl"]
    before = len(aws.events)
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    sqs.get_queue_attributes(QueueUrl=url)
    aws.settle(SETTLE_S)
    assert len(aws.events) == before


def test_lambda_dates_the_names_of_its_calls(aws: EmbeddedAws) -> None:
    name = deploy(aws)["FunctionName"]
    client(aws, "lambda").add_permission(
        FunctionName=name, StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    detail = told(aws)["detail"]
    assert detail["eventName"] == "AddPermission20150331v2"
    assert detail["requestParameters"]["functionName"] == name


def test_rds_lowers_the_first_letter_alone_and_hides_passwords(aws: EmbeddedAws) -> None:
    rds = client(aws, "rds")
    rds.create_db_instance(
        DBInstanceIdentifier="db", DBInstanceClass="db.t3.micro", Engine="mysql", AllocatedStorage=5,
        MasterUsername="admin", MasterUserPassword="not-to-be-told",
    )  # fmt: skip
    detail = told(aws)["detail"]
    assert detail["requestParameters"]["dBInstanceIdentifier"] == "db"
    assert "not-to-be-told" not in str(detail)

    rds.create_db_snapshot(DBSnapshotIdentifier="snap", DBInstanceIdentifier="db")
    rds.modify_db_snapshot_attribute(DBSnapshotIdentifier="snap", AttributeName="restore", ValuesToAdd=["all"])
    detail = told(aws)["detail"]
    assert detail["requestParameters"]["valuesToAdd"] == ["all"]
    assert detail["responseElements"]["dBSnapshotAttributes"][0]["attributeValues"] == ["all"]


def test_iam_is_recorded_in_us_east_1_wherever_the_caller_is(aws: EmbeddedAws) -> None:
    client(aws, "iam").create_role(RoleName="a-role", AssumeRolePolicyDocument=POLICY)
    event = told(aws)
    assert (event["source"], event["region"], event["detail"]["awsRegion"]) == ("aws.iam", "us-east-1", "us-east-1")
    assert event["detail"]["responseElements"]["role"]["roleName"] == "a-role"


def test_a_refused_call_is_recorded_with_its_code(aws: EmbeddedAws) -> None:
    sqs = client(aws, "sqs")
    with pytest.raises(sqs.exceptions.ClientError):
        sqs.set_queue_attributes(QueueUrl=f"{aws.endpoint}/{ACCOUNT}/none", Attributes={"Policy": POLICY})
    detail = told(aws)["detail"]
    assert detail["errorCode"]
    assert detail["responseElements"] is None
