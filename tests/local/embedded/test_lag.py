"""Reads that lag behind writes, for any service: switched on, and as AWS calls it eventually consistent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudmend.local.lag import Lag
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import ACCOUNT, client, document, unheard

CLOSED = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}


def lagging(**lag: Lag) -> EmbeddedAws:
    return EmbeddedAws(log=unheard, lag=lag)


def test_so_many_reads_show_what_was_before() -> None:
    with lagging(s3=2) as aws:
        s3 = client(aws, "s3")
        s3.create_bucket(Bucket="reports")
        s3.put_public_access_block(
            Bucket="reports", PublicAccessBlockConfiguration={**CLOSED, "BlockPublicAcls": False}
        )
        assert not _blocked(s3)
        s3.put_public_access_block(Bucket="reports", PublicAccessBlockConfiguration=CLOSED)
        assert [_blocked(s3) for _ in range(3)] == [False, False, True]


def test_a_refusal_is_shown_again_too() -> None:
    with lagging(s3=1) as aws:
        s3 = client(aws, "s3")
        s3.create_bucket(Bucket="reports")
        with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
            s3.get_bucket_policy(Bucket="reports")
        own = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "s3:GetObject"}
        ours = document({**own, "Resource": "arn:aws:s3:::reports/*"})
        s3.put_bucket_policy(Bucket="reports", Policy=ours)
        with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
            s3.get_bucket_policy(Bucket="reports")
        assert s3.get_bucket_policy(Bucket="reports")["Policy"]


def test_a_setting_is_pending_until_its_time_has_passed() -> None:
    with EmbeddedAws(log=unheard, lag={"ec2:GetImageBlockPublicAccessState": timedelta(minutes=10)}) as aws:
        ec2 = client(aws, "ec2")
        assert _images(ec2) == "unblocked"
        ec2.enable_image_block_public_access(ImageBlockPublicAccessState="block-new-sharing")
        assert _images(ec2) == "unblocked"
        aws.advance(timedelta(minutes=9))
        assert _images(ec2) == "unblocked"
        aws.advance(timedelta(minutes=1))
        assert _images(ec2) == "block-new-sharing"


def test_each_write_starts_the_lag_again_and_the_oldest_answer_stays() -> None:
    with lagging(sqs=1) as aws:
        sqs = client(aws, "sqs")
        url = sqs.create_queue(QueueName="orders", Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
        assert _timeout(sqs, url) == "1"
        for value in ("2", "3"):
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": value})
        assert [_timeout(sqs, url) for _ in range(2)] == ["1", "3"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "4"})
        assert [_timeout(sqs, url) for _ in range(2)] == ["3", "4"]


def test_a_refused_write_and_another_service_hide_nothing() -> None:
    with lagging(sqs=1) as aws:
        sqs, sns = client(aws, "sqs"), client(aws, "sns")
        url = sqs.create_queue(QueueName="orders", Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
        assert _timeout(sqs, url) == "1"
        with pytest.raises(ClientError):
            sqs.delete_queue(QueueUrl=f"{url}-gone")
        assert _timeout(sqs, url) == "1"
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "2"})
        assert sns.list_topics()["Topics"] == []
        sns.create_topic(Name="alarms")
        assert len(sns.list_topics()["Topics"]) == 1
        assert [_timeout(sqs, url) for _ in range(2)] == ["1", "2"]


def _blocked(s3: Any) -> bool:
    blocked: bool = s3.get_public_access_block(Bucket="reports")["PublicAccessBlockConfiguration"]["BlockPublicAcls"]
    return blocked


def _images(ec2: Any) -> str:
    state: str = ec2.get_image_block_public_access_state()["ImageBlockPublicAccessState"]
    return state


def _timeout(sqs: Any, url: str) -> str:
    name = "VisibilityTimeout"
    timeout: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name]
    return timeout
