"""The parser of our own gives what botocore's gives, for any answer."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import pytest
from botocore.parsers import EC2QueryParser, ResponseParserError
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st

from cloudmend.aws.ec2_answers import TOKEN, Ec2Parser, ParserFactory, row_by_row
from cloudmend.aws.gateway import connector
from cloudmend.local.ec2 import wire
from hostile import hostile_texts
from support import Account, ipv4, ipv6

LISTS = {"DescribeSecurityGroups": "SecurityGroups", "DescribeSecurityGroupRules": "SecurityGroupRules"}
OPERATIONS = list(LISTS)


def outcome(parser: Any, body: bytes, operation: str, status: int = 200) -> Any:
    """What a parser makes of an answer: a value, or the class of its error."""
    shape = wire.ec2_model().operation_model(operation).output_shape
    try:
        return plain(parser.parse({"body": body, "headers": {"Server": "AmazonEC2"}, "status_code": status}, shape))
    except Exception as error:  # noqa: BLE001 - which error it is, is what is compared
        return type(error)


def plain(value: Any) -> Any:
    """With names in place of the elements that botocore leaves where a member comes twice: no two are equal."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value.tag if isinstance(value, Element) else value


def assert_equal(body: bytes, operation: str, status: int = 200) -> Any:
    ours = outcome(Ec2Parser(), body, operation, status)
    if status == 200:
        assert_same_rows(body, operation)
    assert ours == outcome(EC2QueryParser(), body, operation, status)
    return ours


def account() -> Account:
    """One with a rule of each kind of source."""
    account = Account()
    made = account.ec2.create_managed_prefix_list(PrefixListName="l", AddressFamily="IPv4", MaxEntries=1)
    source = {"PrefixListIds": [{"PrefixListId": made["PrefixList"]["PrefixListId"], "Description": "a list & more"}]}
    group_id = account.group(
        ipv4(22, "0.0.0.0/0", "10.0.0.0/8", Description="R&D (1-2) [x] {y}"),
        ipv6((0, 65535), "::/0"),
        {"IpProtocol": "-1", **source},
        {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "1.2.3.4/32"}]},
    )
    peers = [{"GroupId": group_id}, {"GroupId": account.group()}]
    account.ec2.authorize_security_group_ingress(
        GroupId=group_id, IpPermissions=[{"IpProtocol": "6", "FromPort": 1, "ToPort": 2, "UserIdGroupPairs": peers}]
    )
    account.ec2.create_tags(
        Resources=[group_id], Tags=[{"Key": "Name", "Value": ""}, {"Key": "é", "Value": "\U0001f600"}]
    )
    return account


def rows_one_by_one(body: bytes, operation: str) -> Any:
    """What they and the token are, or the class of the error that reading them ends in."""
    shape = wire.ec2_model().operation_model(operation).output_shape
    key = LISTS[operation]
    try:
        with row_by_row(key):
            answer = Ec2Parser().parse({"body": body, "headers": {}, "status_code": 200}, shape)
        return plain(list(answer[key])), answer[TOKEN]
    except Exception as error:  # noqa: BLE001 - which error it is, is what is compared
        return type(error)


def assert_same_rows(body: bytes, operation: str) -> None:
    """As botocore reads them, all of them; or an error, where botocore finds one or the answer is odd."""
    whole = outcome(EC2QueryParser(), body, operation)
    found = rows_one_by_one(body, operation)
    if not isinstance(found, type):
        assert found == (whole[LISTS[operation]], whole.get(TOKEN) or None)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("size", [5, 1000])
def test_real_answers_are_read_as_botocore_reads_them(operation: str, size: int) -> None:
    result = account().groups.call(operation, {"MaxResults": size})
    body = wire.encode(operation, result, "7a62c49f")
    answer = assert_equal(body, operation)
    assert answer["ResponseMetadata"]["RequestId"] == "7a62c49f"
    assert rows_one_by_one(body, operation) == (answer[LISTS[operation]], answer.get(TOKEN))
    assert ("NextToken" in answer) == (size == 5 and operation == "DescribeSecurityGroupRules")


@given(hostile_texts)
def test_hostile_descriptions_are_read_as_botocore_reads_them(text: str) -> None:
    rows = [{"SecurityGroupRuleId": "sgr-1", "Description": text, "Tags": [{"Key": text, "Value": text}]}]
    body = wire.encode("DescribeSecurityGroupRules", {"SecurityGroupRules": rows}, "r")
    assert_equal(body, "DescribeSecurityGroupRules")


PERMISSION = (
    b"<a><securityGroupInfo><item><ipPermissions><item><fromPort>22</fromPort></item></ipPermissions></item>"
    b"</securityGroupInfo></a>"
)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<",
        b"<html><body>busy</body></html>",
        b"<a><requestId/></a>",
        b"<a><requestId>1</requestId><requestId>2</requestId></a>",
        b"<a><securityGroupInfo><item><groupId>1</groupId><groupId>2</groupId></item></securityGroupInfo></a>",
        b"<a><securityGroupInfo><item><groupId>1<b/>2</groupId></item></securityGroupInfo></a>",
        b"<a><securityGroupInfo><item><groupId>1<!-- c -->2</groupId></item></securityGroupInfo></a>",
        b"<a><securityGroupInfo><item><groupId>1<?p i?>2</groupId></item></securityGroupInfo></a>",
        b"<a><securityGroupInfo><item><groupId>1<![CDATA[<2>]]></groupId></item></securityGroupInfo></a>",
        b"<e:a xmlns:e='u'><e:securityGroupInfo><e:item><e:groupId>1</e:groupId></e:item></e:securityGroupInfo></e:a>",
        PERMISSION.replace(b"22", b"x"),
        PERMISSION.replace(b"22", b""),
        PERMISSION.replace(b"22", b" 22\n"),
        b"<a><securityGroupInfo><item>" + b"<new><deep>er</deep></new>" * 2 + b"</item></securityGroupInfo></a>",
        b"<!DOCTYPE a [<!ENTITY e '22'>]>" + PERMISSION.replace(b"22", b"&e;"),
        b"<!DOCTYPE a SYSTEM 'a.dtd'>" + PERMISSION.replace(b"22", b"&e;"),
        b"<?xml version='1.0' encoding='latin-1'?><a><nextToken>\xc3\xa9</nextToken></a>",
        b"<a><nextToken>\xff</nextToken></a>",
    ],
)
def test_odd_answers_are_read_as_botocore_reads_them(body: bytes) -> None:
    assert_equal(body, "DescribeSecurityGroups")


def page(rows: int, token: str) -> bytes:
    """An answer of so many groups, longer than what is read at once."""
    groups = "".join(f"<item><groupId>sg-{n}</groupId><groupName>{'n' * 90}</groupName></item>" for n in range(rows))
    return f"<a><securityGroupInfo>{groups}</securityGroupInfo>{token}</a>".encode()


@pytest.mark.parametrize("body", [b"<html><body>busy</body></html>", b"<a><nextToken>1</nextToken></a>", b"<a/>"])
def test_an_answer_without_rows_is_no_empty_page(body: bytes) -> None:
    assert rows_one_by_one(body, "DescribeSecurityGroups") is ResponseParserError


def test_an_empty_page_is_one() -> None:
    assert rows_one_by_one(b"<a><securityGroupInfo/></a>", "DescribeSecurityGroups") == ([], None)


def test_rows_are_given_before_all_of_them_are_read() -> None:
    shape = wire.ec2_model().operation_model("DescribeSecurityGroups").output_shape
    body = page(1000, "<nextToken>more</nextToken>").replace(b"sg-999", b"\xff")
    with row_by_row("SecurityGroups"):
        answer = Ec2Parser().parse({"body": body, "headers": {}, "status_code": 200}, shape)
    assert answer[TOKEN] == "more"
    assert next(answer["SecurityGroups"])["GroupId"] == "sg-0"
    with pytest.raises(ResponseParserError):
        list(answer["SecurityGroups"])


def test_a_row_that_only_botocore_reads_is_given_once_as_are_those_before_it() -> None:
    shape = wire.ec2_model().operation_model("DescribeSecurityGroups").output_shape
    body = page(1000, "").replace(b"<groupId>sg-900", b"<groupId>sg-<b/>900")
    with row_by_row("SecurityGroups"):
        answer = Ec2Parser().parse({"body": body, "headers": {}, "status_code": 200}, shape)
    ids = [row["GroupId"] for row in answer["SecurityGroups"]]
    assert len(ids) == 1000
    assert ids[0] == "sg-0"
    assert ids[-1] == "sg-999"


@pytest.mark.parametrize(
    "token",
    [
        "<nextToken>1&amp;2</nextToken>",
        "<nextToken> </nextToken>",
        "<nextToken/>",
        "<nextToken></nextToken>",
        "<nextToken>1<b/>2</nextToken>",
        "<other><nextToken>1</nextToken></other>",
        "<!-- <nextToken>1</nextToken> --><nextToken>2</nextToken>",
        "<nextToken>1</nextToken><nextToken>2</nextToken>",
    ],
)
def test_a_token_is_botocore_s_or_none_at_all(token: str) -> None:
    assert_same_rows(page(3, token), "DescribeSecurityGroups")


@pytest.mark.parametrize(("written", "token"), [("1&amp;2", "1&2"), ("1&quot;&#43;&lt;", '1"+<'), ("AQ==", "AQ==")])
def test_a_token_is_known_before_the_rows_are_read(written: str, token: str) -> None:
    rows, found = rows_one_by_one(page(3, f"<nextToken>{written}</nextToken>"), "DescribeSecurityGroups")
    assert len(rows) == 3
    assert found == token


@pytest.mark.parametrize("token", ["", "<nextToken/>", "<nextToken></nextToken>"])
def test_an_empty_token_is_the_end(token: str) -> None:
    rows, found = rows_one_by_one(page(3, token), "DescribeSecurityGroups")
    assert len(rows) == 3
    assert found is None


def test_errors_are_botocore_s_own() -> None:
    error = b"<Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors>"
    body = b"<Response>" + error + b"<RequestID>1</RequestID></Response>"
    assert assert_equal(body, "DescribeSecurityGroups", 503)["Error"]["Code"] == "RequestLimitExceeded"


NAMES = [
    "securityGroupInfo", "securityGroupRuleSet", "item", "groupId", "ipPermissions", "fromPort", "ipRanges", "cidrIp",
    "isEgress", "tagSet", "key", "value", "referencedGroupInfo", "requestId", "nextToken", "unknown",
]  # fmt: skip
texts = st.sampled_from(["", "22", "-1", "true", "false", "TRUE", " \n ", "sg-1"]) | st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=9
)
trees = st.recursive(
    texts.map(escape),
    lambda inner: st.lists(st.tuples(st.sampled_from(NAMES), inner), max_size=5).map(
        lambda members: "".join(f"<{name}>{body}</{name}>" for name, body in members)
    ),
    max_leaves=30,
)


@given(st.lists(st.tuples(st.sampled_from(NAMES), trees), max_size=4), st.sampled_from(OPERATIONS))
def test_any_answer_is_read_as_botocore_reads_it(members: list[tuple[str, str]], operation: str) -> None:
    body = "".join(f"<{name}>\n  {inner}</{name}>" for name, inner in members)
    assert_equal(f'<a xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">{body}</a>'.encode(), operation)


def test_the_clients_of_the_gateway_read_with_it_and_only_ec2_s() -> None:
    session = Session()
    connector(session, "eu-west-1")
    factory = session.get_component("response_parser_factory")
    assert isinstance(factory, ParserFactory)
    assert isinstance(factory.create_parser("ec2"), Ec2Parser)
    assert not isinstance(factory.create_parser("query"), Ec2Parser)
