"""Rows of queries: the whole record, or its columns as Athena prints them; nothing odd in them is a crash."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from cloudmend.core.attribution import attribute
from cloudmend.core.errors import EventError
from cloudmend.core.model import ApiCall
from cloudmend.core.wrappings import parse_events

ROW: Final = {
    "eventversion": "1.11",
    "eventtime": "2026-03-10 09:24:31.000",
    "eventsource": "ec2.amazonaws.com",
    "eventname": "AuthorizeSecurityGroupIngress",
    "awsregion": "eu-west-1",
    "errorcode": "null",
    "requestparameters": json.dumps({"groupId": "sg-1"}),
    "responseelements": "null",
    "eventid": "e-1",
    "recipientaccountid": "111122223333",
    "partition_0": "a column that Athena adds",
}
ROLE: Final = (
    "{type=AssumedRole, principalid=AROAEXAMPLE:ci,42, arn=arn:aws:sts::111122223333:assumed-role/deploy/ci,x=42, "
    "accountid=111122223333, invokedby=null, accesskeyid=ASIAEXAMPLE, username=null, sessioncontext={attributes="
    "{mfaauthenticated=false, creationdate=2026-03-10T09:00:00Z}, sessionissuer={type=Role, principalid=AROAEXAMPLE, "
    "arn=arn:aws:iam::111122223333:role/deploy, accountid=111122223333, username=deploy}}}"
)
ODD: Final[list[Any]] = [None, True, 7, "", "x", "{}", [], {}, [[]], [{}], [7], {"Data": 7}, [{"Data": [7]}], [["x"]]]


def answer(**columns: Any) -> ApiCall | str:
    (told,) = parse_events({"results": [{**ROW, **columns}]})
    assert isinstance(told, ApiCall | EventError)
    return told if isinstance(told, ApiCall) else str(told)


def test_columns_are_a_record_with_its_time_its_request_and_who_it_was() -> None:
    call = answer(useridentity=ROLE)
    assert isinstance(call, ApiCall)
    assert (call.name, call.account, call.region, call.event_id) == (
        "AuthorizeSecurityGroupIngress",
        "111122223333",
        "eu-west-1",
        "e-1",
    )
    assert (f"{call.time:%H:%M:%S}", call.request, call.response) == ("09:24:31", {"groupId": "sg-1"}, {})
    assert attribute(call.actor).who == (
        "a session that calls itself ci,x=42, of the role arn:aws:iam::111122223333:role/deploy"
    )


@pytest.mark.parametrize(
    "identity",
    [
        "",
        "null",
        "{",
        "{type=",
        "{type=IAMUser",
        "arn:aws:iam::111122223333:user/jane",
        "{a={a={a={a={a={a=1",
        7,
        [],
        {},
    ],
)
def test_an_identity_that_cannot_be_read_hides_no_call(identity: Any) -> None:
    call = answer(useridentity=identity)
    assert isinstance(call, ApiCall)
    attribute(call.actor)


@pytest.mark.parametrize(
    ("identity", "who"),
    [
        ("{type=IAMUser, username=null, arn=arn:aws:iam::111122223333:user/jane}", "the IAM user jane"),
        ("{type=IAMUser, username=jane", "the IAM user jane"),
        ("{type=Root, accountid=111122223333, x={y=1}}", "the root user of account 111122223333"),
    ],
)
def test_an_identity_is_read_as_far_as_it_goes(identity: str, who: str) -> None:
    call = answer(useridentity=identity)
    assert isinstance(call, ApiCall)
    assert attribute(call.actor).who == who


def test_structs_in_structs_have_an_end() -> None:
    assert isinstance(answer(useridentity="{a=" * 5000), ApiCall)


def test_a_row_of_athena_s_may_have_fewer_cells_than_columns() -> None:
    head = [{"VarCharValue": name} for name in ROW]
    cells = [{"VarCharValue": value} for value in list(ROW.values())[:-2]]
    (call,) = parse_events({"ResultSet": {"Rows": [{"Data": head}, {"Data": cells}]}})
    assert isinstance(call, ApiCall)
    assert (call.event_id, call.account) == ("e-1", "")


def test_an_identity_as_json_is_one_too() -> None:
    call = answer(useridentity=json.dumps({"type": "IAMUser", "userName": "jane"}))
    assert isinstance(call, ApiCall)
    assert attribute(call.actor).who == "the IAM user jane"


@pytest.mark.parametrize("parameters", [None, "", "null", "{}"])
def test_a_call_without_parameters_is_a_call(parameters: str | None) -> None:
    assert isinstance(answer(requestparameters=parameters), ApiCall)


@pytest.mark.parametrize(
    "columns",
    [{"requestparameters": "{groupId=sg-1}"}, {"eventname": None}],
    ids=["a map that is no JSON", "no name"],
)
def test_a_row_without_what_a_judgement_needs_says_what_to_query(columns: dict[str, Any]) -> None:
    assert "Select eventJson in CloudTrail Lake" in str(answer(**columns))


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    "shape",
    [
        lambda odd: {"results": odd},
        lambda odd: {"results": [odd]},
        lambda odd: {"results": [[{"field": odd, "value": odd}]]},
        lambda odd: {"QueryResultRows": [[odd, {"eventJson": odd}]]},
        lambda odd: {"ResultSet": odd},
        lambda odd: {"ResultSet": {"Rows": odd}},
        lambda odd: {"ResultSet": {"Rows": [odd, odd]}},
        lambda odd: {"ResultSet": {"Rows": [{"Data": odd}, {"Data": odd}]}},
    ],
)
def test_no_shape_of_an_answer_is_a_crash(shape: Any, odd: Any) -> None:
    assert all(isinstance(told, EventError) for told in parse_events(shape(odd)))
