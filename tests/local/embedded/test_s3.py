"""Who may use a bucket of the embedded AWS: defaults, policies, ACLs, and block public access, as S3 has them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from cloudmend.local.s3.public import is_public
from local.embedded.helpers import ACCOUNT, client, document, member

if TYPE_CHECKING:
    from cloudmend.local.server import EmbeddedAws

BUCKET = "reports"
ARN = f"arn:aws:s3:::{BUCKET}"
FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"
SIGNED = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
PUBLIC = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{ARN}/*"}


@pytest.fixture
def s3(aws: EmbeddedAws) -> Any:
    found = client(aws, "s3")
    found.create_bucket(Bucket=BUCKET)
    found.put_object(Bucket=BUCKET, Key="a", Body=b"body")
    return found


def flags(*on: str) -> dict[str, bool]:
    return {flag: flag in on for flag in FLAGS}


def block(s3: Any, *on: str) -> None:
    s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=flags(*on))


def own(s3: Any, ownership: str = "ObjectWriter") -> None:
    s3.put_bucket_ownership_controls(Bucket=BUCKET, OwnershipControls={"Rules": [{"ObjectOwnership": ownership}]})


def refused(operation: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        operation(**params)
    told = error.value.response["Error"]
    return told["Code"], told["Message"]


def code(operation: Any, **params: Any) -> str:
    return refused(operation, **params)[0]


def nobody(aws: EmbeddedAws) -> Any:
    return client(aws, "s3", Config(signature_version=UNSIGNED))


def grants(s3: Any) -> list[tuple[str, str]]:
    found = s3.get_bucket_acl(Bucket=BUCKET)
    own_id = found["Owner"]["ID"]
    named = [(each["Grantee"].get("URI", each["Grantee"].get("ID")), each["Permission"]) for each in found["Grants"]]
    return [("owner" if name == own_id else name, permission) for name, permission in named]


def test_a_new_bucket_blocks_all_public_access_and_has_no_acl(s3: Any) -> None:
    assert s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"] == flags(*FLAGS)
    found = s3.get_bucket_ownership_controls(Bucket=BUCKET)["OwnershipControls"]
    assert found == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert grants(s3) == [("owner", "FULL_CONTROL")]
    assert code(s3.put_bucket_acl, Bucket=BUCKET, ACL="private") == "AccessControlListNotSupported"


def test_a_bucket_is_not_made_with_an_acl_that_could_not_hold(aws: EmbeddedAws) -> None:
    s3 = client(aws, "s3")
    s3.create_bucket(Bucket="private", ACL="private")
    public = {"Bucket": "public", "ACL": "public-read"}
    assert code(s3.create_bucket, **public) == "InvalidBucketAclWithObjectOwnership"
    blocked = "InvalidBucketAclWithBlockPublicAccessError"
    assert code(s3.create_bucket, **public, ObjectOwnership="ObjectWriter") == blocked
    s3.create_bucket(Bucket=BUCKET, ACL="log-delivery-write", ObjectOwnership="ObjectWriter")
    delivery = "http://acs.amazonaws.com/groups/s3/LogDelivery"
    assert grants(s3) == [("owner", "FULL_CONTROL"), (delivery, "WRITE"), (delivery, "READ_ACP")]


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("{nope", "Policies must be valid JSON"),
        ("[]", "Policies must be valid JSON"),
        (document(), "Statement is empty"),
        (document({**PUBLIC, "Resource": "arn:aws:s3:::other/*"}), "Policy has invalid resource"),
        (document({**PUBLIC, "Resource": f"{ARN}s"}), "Policy has invalid resource"),
        (document({**PUBLIC, "Principal": {"AWS": "AROAEXAMPLEEXAMPLE"}}), "Invalid principal in policy"),
        (document({**PUBLIC, "Effect": "Maybe"}), "Invalid effect in policy"),
        (document({name: PUBLIC[name] for name in ("Effect", "Principal", "Action")}), "required field Resource"),
        (document({**PUBLIC, "Sid": "one"}, {**PUBLIC, "Sid": "one"}), "must be unique"),
        (document(PUBLIC) + " " * 20_480, "maximum allowed document size"),
    ],
)
def test_a_policy_that_s3_does_not_take_is_malformed(s3: Any, policy: str, words: str) -> None:
    block(s3)
    told, message = refused(s3.put_bucket_policy, Bucket=BUCKET, Policy=policy)
    assert told == "MalformedPolicy"
    assert words in message
    assert code(s3.get_bucket_policy, Bucket=BUCKET) == "NoSuchBucketPolicy"


def test_a_public_policy_is_refused_while_bucket_or_account_blocks_it(aws: EmbeddedAws, s3: Any) -> None:
    account = client(aws, "s3control")
    told, message = refused(s3.put_bucket_policy, Bucket=BUCKET, Policy=document(PUBLIC))
    assert told == "AccessDenied"
    assert "public policies are prevented by the BlockPublicPolicy setting" in message
    block(s3)
    account.put_public_access_block(AccountId=ACCOUNT, PublicAccessBlockConfiguration=flags("BlockPublicPolicy"))
    assert code(s3.put_bucket_policy, Bucket=BUCKET, Policy=document(PUBLIC)) == "AccessDenied"
    s3.put_bucket_policy(Bucket=BUCKET, Policy=document({**PUBLIC, "Principal": {"AWS": ACCOUNT}}))
    account.delete_public_access_block(AccountId=ACCOUNT)
    s3.put_bucket_policy(Bucket=BUCKET, Policy=document(PUBLIC))
    assert s3.get_bucket_policy_status(Bucket=BUCKET)["PolicyStatus"] == {"IsPublic": True}


def test_the_flags_of_an_account_are_four_and_can_be_absent(aws: EmbeddedAws) -> None:
    account = client(aws, "s3control")
    assert code(account.get_public_access_block, AccountId=ACCOUNT) == "NoSuchPublicAccessBlockConfiguration"
    account.put_public_access_block(AccountId=ACCOUNT, PublicAccessBlockConfiguration={"IgnorePublicAcls": True})
    found = account.get_public_access_block(AccountId=ACCOUNT)["PublicAccessBlockConfiguration"]
    assert found == flags("IgnorePublicAcls")


def test_a_public_policy_lets_nobody_in_while_its_bucket_is_restricted(aws: EmbeddedAws, s3: Any) -> None:
    account, keys = member(aws)
    theirs = {**PUBLIC, "Principal": {"AWS": account}}
    get, others = nobody(aws).get_object, client(aws, "s3", **keys).get_object
    block(s3, "RestrictPublicBuckets")
    s3.put_bucket_policy(Bucket=BUCKET, Policy=document(PUBLIC, theirs))
    assert code(get, Bucket=BUCKET, Key="a") == "AccessDenied"
    assert code(others, Bucket=BUCKET, Key="a") == "AccessDenied"
    assert s3.get_object(Bucket=BUCKET, Key="a")["Body"].read() == b"body"
    block(s3)
    assert get(Bucket=BUCKET, Key="a")["Body"].read() == b"body"
    assert others(Bucket=BUCKET, Key="a")["Body"].read() == b"body"
    block(s3, *FLAGS)
    s3.put_bucket_policy(Bucket=BUCKET, Policy=document(theirs))
    assert others(Bucket=BUCKET, Key="a")["Body"].read() == b"body"
    assert code(get, Bucket=BUCKET, Key="a") == "AccessDenied"


def test_a_public_acl_is_refused_ignored_or_in_force(aws: EmbeddedAws, s3: Any) -> None:
    own(s3)
    told, message = refused(s3.put_bucket_acl, Bucket=BUCKET, ACL="public-read")
    assert told == "AccessDenied"
    assert "ACLs) are prevented by the BlockPublicAcls setting" in message
    block(s3)
    s3.put_bucket_acl(Bucket=BUCKET, ACL="public-read-write")
    assert grants(s3) == [("owner", "FULL_CONTROL"), (EVERYBODY, "READ"), (EVERYBODY, "WRITE")]
    assert nobody(aws).list_objects_v2(Bucket=BUCKET)["KeyCount"] == 1
    assert nobody(aws).put_object(Bucket=BUCKET, Key="b", Body=b"")["ETag"]
    block(s3, "IgnorePublicAcls")
    assert grants(s3) == [("owner", "FULL_CONTROL")]
    assert code(nobody(aws).list_objects_v2, Bucket=BUCKET) == "AccessDenied"
    block(s3)
    assert len(grants(s3)) == 3


def test_authenticated_users_are_all_with_an_account_but_not_nobody(aws: EmbeddedAws, s3: Any) -> None:
    _, keys = member(aws)
    own(s3)
    block(s3)
    s3.put_bucket_acl(Bucket=BUCKET, GrantRead=f'uri="{SIGNED}"', GrantFullControl='id="a-canonical-id"')
    assert grants(s3) == [("a-canonical-id", "FULL_CONTROL"), (SIGNED, "READ")]
    assert client(aws, "s3", **keys).list_objects_v2(Bucket=BUCKET)["KeyCount"] == 1
    assert code(nobody(aws).list_objects_v2, Bucket=BUCKET) == "AccessDenied"


def test_an_acl_is_written_whole_and_checked(s3: Any) -> None:
    own(s3)
    block(s3)
    s3.put_bucket_acl(Bucket=BUCKET, ACL="authenticated-read")
    found = s3.get_bucket_acl(Bucket=BUCKET)
    kept = {"Owner": found["Owner"], "Grants": found["Grants"][:1]}
    s3.put_bucket_acl(Bucket=BUCKET, AccessControlPolicy=kept)
    assert grants(s3) == [("owner", "FULL_CONTROL")]
    group = {"Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/Most"}, "Permission": "READ"}
    unknown = {**kept, "Grants": [group]}
    assert code(s3.put_bucket_acl, Bucket=BUCKET, AccessControlPolicy=unknown) == "InvalidArgument"
    ownerless = {"Grants": kept["Grants"]}
    assert code(s3.put_bucket_acl, Bucket=BUCKET, AccessControlPolicy=ownerless) == "MalformedACLError"
    odd = {**kept, "Grants": [{**kept["Grants"][0], "Permission": "LIST"}]}
    assert code(s3.put_bucket_acl, Bucket=BUCKET, AccessControlPolicy=odd) == "MalformedACLError"
    both = {"ACL": "private", "GrantRead": f'uri="{EVERYBODY}"'}
    assert code(s3.put_bucket_acl, Bucket=BUCKET, **both) == "InvalidRequest"
    assert code(s3.put_bucket_acl, Bucket=BUCKET, ACL="public") == "InvalidArgument"
    assert code(s3.put_bucket_acl, Bucket=BUCKET, GrantRead="everybody") == "InvalidArgument"
    assert code(s3.put_bucket_acl, Bucket=BUCKET) == "MissingSecurityHeader"


def test_ownership_is_not_taken_over_while_the_acl_grants_to_others(s3: Any) -> None:
    own(s3)
    block(s3)
    s3.put_bucket_acl(Bucket=BUCKET, ACL="public-read")
    controls = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    put = {"Bucket": BUCKET, "OwnershipControls": controls}
    assert code(s3.put_bucket_ownership_controls, **put) == "InvalidBucketAclWithObjectOwnership"
    s3.put_bucket_acl(Bucket=BUCKET, ACL="private")
    s3.put_bucket_ownership_controls(**put)
    s3.delete_bucket_ownership_controls(Bucket=BUCKET)
    s3.put_bucket_acl(Bucket=BUCKET, ACL="public-read")


def test_an_object_has_an_acl_only_where_its_bucket_allows_one(s3: Any) -> None:
    put = {"Bucket": BUCKET, "Key": "a", "Body": b"body"}
    s3.put_object(**put, ACL="bucket-owner-full-control")
    assert code(s3.put_object, **put, ACL="public-read") == "AccessControlListNotSupported"
    named = {"Bucket": BUCKET, "Key": "a"}
    assert code(s3.put_object_acl, **named, ACL="private") == "AccessControlListNotSupported"
    own(s3)
    assert code(s3.put_object, **put, ACL="public-read") == "AccessDenied"
    assert code(s3.put_object_acl, **named, ACL="public-read") == "AccessDenied"
    s3.put_object_acl(**named, ACL="private")
    block(s3)
    s3.put_object(**put, ACL="public-read")


def test_a_bucket_of_another_owner_than_expected_is_not_touched(aws: EmbeddedAws, s3: Any) -> None:
    assert code(s3.get_bucket_acl, Bucket=BUCKET, ExpectedBucketOwner="111122223333") == "AccessDenied"
    assert s3.get_bucket_acl(Bucket=BUCKET, ExpectedBucketOwner=ACCOUNT)["Grants"]
    account, keys = member(aws)
    theirs = {**PUBLIC, "Principal": {"AWS": account}, "Action": "s3:*", "Resource": ARN}
    s3.put_bucket_policy(Bucket=BUCKET, Policy=document(theirs))
    assert code(client(aws, "s3", **keys).get_bucket_policy, Bucket=BUCKET) == "MethodNotAllowed"


def test_a_stack_says_who_may_use_its_bucket(aws: EmbeddedAws) -> None:
    properties = {
        "BucketName": BUCKET,
        "AccessControl": "PublicRead",
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]},
        "PublicAccessBlockConfiguration": {"BlockPublicAcls": True},
    }
    stacks, s3 = client(aws, "cloudformation"), client(aws, "s3")

    def template(properties: Any) -> str:
        return json.dumps({"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": properties}}})

    stacks.create_stack(StackName="a", TemplateBody=template(properties))
    assert s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"] == flags("BlockPublicAcls")
    assert grants(s3) == [("owner", "FULL_CONTROL"), (EVERYBODY, "READ")]
    stacks.update_stack(StackName="a", TemplateBody=template({**properties, "AccessControl": "Private"}))
    assert grants(s3) == [("owner", "FULL_CONTROL")]
    stacks.create_stack(StackName="b", TemplateBody=template({"BucketName": "plain"}))
    assert s3.get_public_access_block(Bucket="plain")["PublicAccessBlockConfiguration"] == flags(*FLAGS)


def conditioned(operator: str, key: str, value: Any) -> Any:
    return {**PUBLIC, "Condition": {operator: {key: value}}}


@pytest.mark.parametrize(
    "statements",
    [
        [PUBLIC],
        [{**PUBLIC, "Principal": {"AWS": ["111122223333", "*"]}}],
        [{**{key: PUBLIC[key] for key in ("Effect", "Action", "Resource")}, "NotPrincipal": {"AWS": "111122223333"}}],
        [conditioned("StringLike", "aws:PrincipalOrgID", "o-*")],
        [conditioned("StringLike", "aws:userid", "AROAEXAMPLE:*")],
        [conditioned("StringEquals", "aws:PrincipalOrgID", "${aws:ResourceOrgID}")],
        [conditioned("StringEqualsIfExists", "aws:PrincipalOrgID", "o-mine")],
        [conditioned("StringEquals", "aws:Referer", "https://example.com")],
        [conditioned("IpAddress", "aws:SourceIp", "8.0.0.0/7")],
        [conditioned("IpAddress", "aws:SourceIp", "anywhere")],
        [conditioned("NotIpAddress", "aws:SourceIp", "203.0.113.0/24")],
        [PUBLIC, {**PUBLIC, "Effect": "Deny"}],
    ],
)
def test_these_policies_are_public_for_s3(statements: Any) -> None:
    assert is_public({"Statement": statements}, BUCKET)


@pytest.mark.parametrize(
    "statements",
    [
        {**PUBLIC, "Principal": {"AWS": "111122223333"}},
        {**PUBLIC, "Principal": {"Service": "cloudtrail.amazonaws.com"}},
        {**PUBLIC, "Effect": "Deny"},
        conditioned("StringEquals", "AWS:principalorgid", "o-mine"),
        conditioned("StringEquals", "aws:PrincipalAccount", "111122223333"),
        conditioned("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", ["o-mine/r-ab/ou-cd/"]),
        conditioned("IpAddress", "aws:SourceIp", ["8.0.0.0/8", "2001:db8::/32"]),
        conditioned("ArnLike", "s3:DataAccessPointArn", "arn:aws:s3:us-east-1:111122223333:accesspoint/*"),
        [PUBLIC, {**PUBLIC, "Effect": "Deny", "Action": "s3:*", "Resource": [ARN, f"{ARN}/*"]}],
        [PUBLIC, {**PUBLIC, "Effect": "Deny", "Action": "*", "Resource": "*"}],
    ],
)
def test_these_policies_are_not_public_for_s3(statements: Any) -> None:
    assert not is_public({"Statement": statements}, BUCKET)
