"""The answers of the canned server to the API calls that cloudmend and its peers make, and to no others."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from cloudmend.local.ec2.checks import Ec2Error
from cloudmend.local.ec2.groups import WRITING, Throttle
from estate import ACCOUNT, DOOR, RULES, WORLD, Estate, rule_id

PAGE = 1000  # the most that EC2 gives in one answer; here also where the caller names no size
REQUEST_ID = "59dbff89-35bd-4eac-99ed-be587EXAMPLE"
WRITES = frozenset({"ModifySecurityGroupRules", "RevokeSecurityGroupIngress", "AuthorizeSecurityGroupIngress"})

Form = Mapping[str, str]

# The calls that are answered in JSON, by the last part of X-Amz-Target or, in REST, by what the path stands for.
_JSON: dict[str, Any] = {
    "BatchImportFindings": {"FailedCount": 0, "SuccessCount": 1, "FailedFindings": []},
    "GetParameter": {"Parameter": {"Name": "/cloudmend/mode", "Type": "String", "Value": "as-deployed"}},
    "PutEvents": {"FailedEntryCount": 0, "Entries": [{"EventId": REQUEST_ID}]},
    "Query": {"Items": [], "Count": 0, "ScannedCount": 0},
    "SendMessage": {"MessageId": REQUEST_ID, "MD5OfMessageBody": "d41d8cd98f00b204e9800998ecf8427e"},
    "TransactWriteItems": {},
}


def _marked(key: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return a unit whose first sweep has ended, as in every account after its first minutes.

    Every other key has no item, so the answer for it is empty.
    """
    if key["pk"]["S"] != "units":
        return {}
    account, region, control = key["sk"]["S"].split("/")
    since = "2026-11-01T00:00:00Z"
    unit = {"version": 1, "account": account, "region": region, "control": control, "tried": since, "baseline": since}
    return {"Item": {**key, "unit": {"S": json.dumps(unit)}}}


_UNIT = {"pk": {"S": "units"}, "sk": {"S": f"{ACCOUNT}/us-east-1/security_group_ingress"}}


def _asks_for_units(query: Mapping[str, Any]) -> bool:
    values: Mapping[str, Mapping[str, str]] = query.get("ExpressionAttributeValues", {})
    return values.get(":pk") == _UNIT["pk"]


class Answers:
    """The answers of one account, and a count of the calls of each action."""

    def __init__(self, estate: Estate, *, throttled: bool = False) -> None:
        """With `throttled`, each write API has the same token bucket as in EC2."""
        self.estate = estate
        self.calls: Counter[str] = Counter()
        self.refused = 0
        self.closed_at = 0.0  # on the machine's monotonic clock, which all its processes share
        self._throttle = Throttle(time.monotonic) if throttled else None
        self._forms: Mapping[str, Callable[[Form], str]] = {
            "AuthorizeSecurityGroupIngress": self._authorize,
            "DescribeSecurityGroupRules": self._rules,
            "DescribeSecurityGroups": self._groups,
            "GetCallerIdentity": _identity,
            "ModifySecurityGroupRules": self._modify,
            "Publish": _publish,
            "RevokeSecurityGroupIngress": self._revoke,
        }

    def answer(self, action: str, body: str) -> tuple[int, bytes]:
        """Return the status and the body of an answer."""
        self.calls[action] += 1
        if action == "Query" and _asks_for_units(json.loads(body)):
            return 200, json.dumps({"Items": [_marked(_UNIT)["Item"]], "Count": 1, "ScannedCount": 1}).encode()
        if action == "GetItem":
            return 200, json.dumps(_marked(json.loads(body)["Key"])).encode()
        if action in _JSON:
            return 200, json.dumps(_JSON[action]).encode()
        try:
            text = self._answer_form(action, dict(parse_qsl(body)))
        except Ec2Error as error:
            self.refused += 1
            return error.status, _error(error).encode()
        return 200, f"<{action}Response>{text}<requestId>{REQUEST_ID}</requestId></{action}Response>".encode()

    def _answer_form(self, action: str, form: Form) -> str:
        if self._throttle and action in WRITES:
            self._throttle.take(action, WRITING)
        if action not in self._forms:
            raise Ec2Error("InvalidAction", f"The canned server has no answer to {action}: give it one in {__file__}.")
        return self._forms[action](form)

    def _groups(self, form: Form) -> str:
        named = _named(form)
        numbers = [number for group in named if (number := self.estate.number(group)) is not None]
        if "GroupId.1" in form and not numbers:
            raise _no_group(form["GroupId.1"])
        everything = range(len(self.estate.doors))
        return _page("securityGroupInfo", form, numbers if named else everything, self.estate.groups)

    def _rules(self, form: Form) -> str:
        named = _named(form)
        numbers = [number for group in named if (number := self.estate.number(group)) is not None]
        places = [number * RULES + place for number in numbers for place in range(RULES)]
        everything = range(len(self.estate.doors) * RULES)
        return _page("securityGroupRuleSet", form, places if named else everything, self.estate.rules)

    def _modify(self, form: Form) -> str:
        number = self._known(form)
        if form.get("SecurityGroupRule.1.SecurityGroupRuleId") != rule_id(number, DOOR):
            raise Ec2Error("InvalidSecurityGroupRuleId.NotFound", "Only the door of a group can be modified here.")
        self._set_door(number, form["SecurityGroupRule.1.SecurityGroupRule.CidrIpv4"])
        return "<return>true</return>"

    def _revoke(self, form: Form) -> str:
        number = self._known(form)
        by_id = form.get("SecurityGroupRuleId.1") == rule_id(number, DOOR)
        if not by_id and form.get("IpPermissions.1.IpRanges.1.CidrIp") != self.estate.doors[number]:
            raise Ec2Error("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
        self._set_door(number, None)
        return "<return>true</return>"

    def _authorize(self, form: Form) -> str:
        self._set_door(self._known(form), form["IpPermissions.1.IpRanges.1.CidrIp"])
        return "<return>true</return><securityGroupRuleSet/>"

    def _set_door(self, number: int, source: str | None) -> None:
        if self.estate.doors[number] == WORLD:
            self.closed_at = time.monotonic()
        self.estate.doors[number] = source

    def _known(self, form: Form) -> int:
        number = self.estate.number(form.get("GroupId", ""))
        if number is None:
            raise _no_group(form.get("GroupId", ""))
        return number


def _named(form: Form) -> list[str]:
    """Return the groups that a describe call names by id or by `group-id`, the only filter that this server knows."""
    if form.get("Filter.1.Name", "group-id") != "group-id":
        raise Ec2Error("InvalidParameterValue", f"The canned server has no filter {form['Filter.1.Name']}.")
    return [value for name, value in form.items() if name.startswith(("GroupId.", "Filter.1.Value."))]


def _page(name: str, form: Form, places: Sequence[int], render: Callable[[Sequence[int]], str]) -> str:
    start = int(form.get("NextToken", "0"))
    end = start + min(PAGE, int(form.get("MaxResults", PAGE)))
    token = f"<nextToken>{end}</nextToken>" if end < len(places) else ""
    return f"<{name}>{render(places[start:end])}</{name}>{token}"


def _identity(_: Form) -> str:
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/bench/bench"
    return (
        f"<GetCallerIdentityResult><Arn>{arn}</Arn><UserId>AROAEXAMPLE:bench</UserId>"
        f"<Account>{ACCOUNT}</Account></GetCallerIdentityResult>"
    )


def _publish(_: Form) -> str:
    return f"<PublishResult><MessageId>{REQUEST_ID}</MessageId></PublishResult>"


def _no_group(group: str) -> Ec2Error:
    return Ec2Error("InvalidGroup.NotFound", f"The security group '{group}' does not exist")


def _error(error: Ec2Error) -> str:
    code, message = f"<Code>{error.code}</Code>", f"<Message>{escape(error.message)}</Message>"
    return f"<Response><Errors><Error>{code}{message}</Error></Errors><RequestID>{REQUEST_ID}</RequestID></Response>"
