"""The controls of policies that strangers can use: what is found, how it is narrowed, and what is only reported."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloudmend.controls.families.policies.comparable import comparable
from cloudmend.controls.families.public_policies import KEYS, Settings, public_policy
from cloudmend.core.contract import Control, Finding, ResourceType, State, Trigger, View, rights
from cloudmend.core.model import ApiCall, Resource, Step
from cloudmend.core.planning import NOTHING, Covers, Judgement, judge, plan, same
from cloudmend.core.policy.location import Document, Review
from cloudmend.core.ports import Call
from controls.families.policies.cases import OWNER, Golden, golden
from support import NOW, REGION

BOX = ResourceType(
    type="AWS::Some::Box", noun="box", id_pattern="[a-z-]+", arn="arn:{partition}:some:{region}:{account}:{id}"
)
ARN = f"arn:aws:some:{REGION}:{OWNER}:a-box"
OTHER = "arn:aws:iam::123456789012:root"
ORGANIZATION = "o-abc1234567"


def control(**fields: Any) -> Control[Settings]:
    usual = {
        "id": "box_policy_public",
        "title": "A box is open",
        "severity": "high",
        "resource": BOX,
        "triggers": (Trigger("some.amazonaws.com", "PutBoxPolicy", ("request.box",)),),
        "follows": (Trigger("some.amazonaws.com", "DeleteBox", ("request.box",)),),
        "says": lambda call, before: call.request.get("policy", before),
        "read": lambda *_: None,
        "put": lambda box, now, text: Call("some", "PutBoxPolicy", {"Box": box.id, "Policy": text, "Id": now.guard}),
        "every": lambda *_: (),
        "reads": rights("some:GetBoxPolicy"),
        "writes": rights("some:PutBoxPolicy"),
        "undoes": rights("some:PutBoxPolicy"),
        "limit": 1000,
        "advice": "In Terraform, add the condition to the box.",
    }
    return public_policy(**{**usual, **fields})


BOXES = control()
AT = Document("policy.toml", "[control]\n").at("control")
OPEN: dict[str, Any] = {"Effect": "Allow", "Principal": "*", "Action": "some:Open", "Resource": ARN}
NAMED = {**OPEN, "Principal": {"AWS": OTHER}}
DEPUTY = {**OPEN, "Principal": {"Service": "cloudtrail.amazonaws.com"}}
SERVED = {**OPEN, "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}}
FEDERATED = {
    "Effect": "Allow",
    "Principal": {"Federated": f"arn:aws:iam::{OWNER}:oidc-provider/token.actions.githubusercontent.com"},
    "Action": "sts:AssumeRoleWithWebIdentity",
}
BOUND = {"StringEquals": {"aws:PrincipalAccount": OWNER}}


def policy(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def viewed(text: str, guard: str = "") -> View:
    box = Resource(type=BOX.type, id="a-box", account=OWNER, region=REGION)
    cause = ApiCall(event_id="e-1", source="", name="", time=None, account=OWNER, region=REGION)
    return View(resource=box, state=State({"Policy": text} if text else {}, guard=guard), cause=cause, now=NOW)


def judged(text: str, settings: Settings = Settings(), covers: Covers = NOTHING, **fields: Any) -> Judgement:  # noqa: B008
    return judge(control(**fields), viewed(text), settings, covers)


def found(text: str, settings: Settings = Settings(), **fields: Any) -> tuple[Finding, ...]:  # noqa: B008
    return judged(text, settings, **fields).counted


def mended(text: str, settings: Settings = Settings(), covers: Covers = NOTHING, **fields: Any) -> Any:  # noqa: B008
    """The policy after the mend, whose check takes it for closed."""
    due = [each for each in judged(text, settings, covers, **fields).counted if each.is_due]
    return json.loads(plan(control(**fields), viewed(text), due, settings, covers).then["Policy"])


def narrow(statement: Any, condition: Any = None) -> Any:
    return {**statement, "Condition": condition or BOUND}


def test_a_statement_that_strangers_can_use_is_found_with_a_request_of_theirs() -> None:
    (finding,) = found(policy(NAMED, OPEN))
    assert finding.why == f"its statement number 2 is open: anybody, without credentials, may call some:Open on {ARN}"
    assert finding.part == "Policy"
    assert not finding.restraint


def test_a_statement_is_named_by_its_sid() -> None:
    (finding,) = found(policy({"Sid": "everybody", **OPEN}))
    assert finding.why.startswith("its statement everybody is open: ")


def test_the_witness_is_a_command_where_there_is_one() -> None:
    queue = f"arn:aws:sqs:{REGION}:{OWNER}:a-queue"
    statement = {**OPEN, "Action": "sqs:SendMessage", "Resource": queue}
    (finding,) = found(policy(statement), about=lambda _: (queue,))
    assert finding.witness == (
        f"aws sqs send-message --queue-url https://sqs.{REGION}.amazonaws.com/{OWNER}/a-queue --message-body hello "
        f"--region {REGION} --no-sign-request"
    )
    assert found(policy(OPEN))[0].witness == ""


@pytest.mark.parametrize("text", ["", policy(NAMED), policy(DEPUTY), policy(narrow(OPEN))])
def test_what_no_stranger_can_use_is_not_at_fault(text: str) -> None:
    assert found(text) == ()


def test_a_statement_about_another_resource_opens_nothing_here() -> None:
    assert found(policy({**OPEN, "Resource": f"{ARN}-of-others"})) == ()
    assert found(policy({**OPEN, "Resource": f"{ARN}-of-others"}), about=lambda _: (ARN, f"{ARN}-*"))


@pytest.mark.parametrize("case", list(golden()), ids=lambda case: case.name)
def test_the_golden_policies_are_found_and_after_the_mend_no_longer(case: Golden) -> None:
    text = json.dumps(case.policy)
    fields: dict[str, Any] = {"limit": 100_000, "about": lambda _: ("*",)}
    assert bool(found(text, **fields)) is (case.answer == "public")
    if any(each.is_due for each in found(text, **fields)):
        assert len(comparable(json.dumps(mended(text, **fields)))["Statement"]) == len(comparable(text)["Statement"])


def test_statements_are_narrowed_in_place_and_nothing_else_changes() -> None:
    before = policy(NAMED, {"Sid": "open", **OPEN}, DEPUTY, OPEN)
    after = {"Version": "2012-10-17", "Statement": [NAMED, narrow({"Sid": "open", **OPEN}), DEPUTY, narrow(OPEN)]}
    assert mended(before) == after


def test_one_statement_without_a_list_stays_one() -> None:
    assert mended(json.dumps({"Statement": OPEN})) == {"Statement": narrow(OPEN)}


def test_a_policy_is_narrowed_to_the_organization_if_the_settings_name_it() -> None:
    settings = Settings(organization=ORGANIZATION)
    assert mended(policy(OPEN), settings)["Statement"] == [
        narrow(OPEN, {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}})
    ]


@pytest.mark.parametrize("name", ["acme", "o-ABC1234567", "o-abc", f"{ORGANIZATION} "])
def test_what_is_no_id_of_an_organization_is_refused(name: str) -> None:
    review = Review()
    KEYS.read(Settings(organization=name), AT, review)
    (refusal,) = review.refusals
    assert refusal.endswith(
        f"control.organization: {name!r} is not the id of an organization. Write for example "
        'organization = "o-abc1234567".'
    )


def test_the_settings_are_read_and_said() -> None:
    settings, review = Settings(organization=ORGANIZATION, deputies=True), Review()
    assert KEYS.read(settings, AT, review) == settings
    assert review.refusals == ()
    assert list(KEYS.say(settings)) == [
        f"What strangers can use is narrowed to principals of organization {ORGANIZATION}.",
        "Statements that AWS services can use for any account are reported.",
    ]
    assert list(KEYS.say(Settings())) == [
        "What strangers can use is narrowed to principals of the resource's own account."
    ]
    assert KEYS.write(settings) == {"organization": ORGANIZATION, "deputies": True}


def test_a_deputy_is_reported_if_the_settings_say_so_and_never_mended() -> None:
    (finding,) = found(policy(DEPUTY), Settings(deputies=True))
    assert finding.restraint.startswith("it admits an AWS service. Whether that service sends aws:SourceAccount")
    assert "cloudtrail.amazonaws.com that acts for any AWS account may call some:Open" in finding.why


@pytest.mark.parametrize(
    ("statement", "restraint"),
    [
        (SERVED, "AWS services use it, as its conditions say."),
        (FEDERATED, "users of an identity provider have no account to be narrowed to"),
    ],
)
def test_what_cannot_be_narrowed_is_only_reported_and_the_rest_is_mended(statement: Any, restraint: str) -> None:
    text = policy(statement, OPEN)
    reported, due = found(text)
    assert reported.restraint.startswith(restraint)
    assert not due.restraint
    assert mended(text)["Statement"] == [statement, narrow(OPEN)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{nope", "The policy is not JSON"),
        ("[]", "The policy is not a JSON object"),
        ("{}", "The policy has no Statement"),
        (json.dumps({"Statement": {"Effect": "Allow"}}), "it has neither Action nor NotAction"),
    ],
)
def test_a_policy_that_cannot_be_read_is_not_called_closed(text: str, why: str) -> None:
    (finding,) = found(text)
    assert finding.why.startswith("it cannot be judged. ")
    assert why in finding.why
    assert finding.restraint == "it is left as it is: edit it by hand"


def test_a_policy_that_would_be_too_large_is_only_reported() -> None:
    long = policy(OPEN, {**NAMED, "Sid": "a" * 300})
    size = len(json.dumps(mended(long, limit=1000), separators=(",", ":")))
    assert not found(long, limit=size)[0].restraint
    (finding,) = found(long, limit=size - 1)
    assert finding.restraint == f"narrowed, it has {size:,} characters, and AWS takes {size - 1:,}"


def test_the_size_counts_those_statements_alone_that_are_narrowed() -> None:
    text = policy(OPEN, SERVED)
    size = len(json.dumps(mended(text), separators=(",", ":")))
    assert not found(text, limit=size)[0].restraint


@pytest.mark.parametrize("element", ["Principal", "NotPrincipal"])
@pytest.mark.parametrize(
    "deleted", ["AROAEXAMPLEOFAROLE123", "AIDAEXAMPLEOFAUSER123", [OTHER, "AROAEXAMPLEOFAROLE123"]]
)
def test_a_policy_that_names_a_deleted_principal_is_only_reported(element: str, deleted: Any) -> None:
    names = {"Effect": "Deny", element: {"AWS": deleted}, "Action": "some:Other", "Resource": "*"}
    (finding,) = found(policy(OPEN, names))
    assert finding.restraint == (
        "it names a principal that was deleted, and AWS takes no such policy back: remove that principal"
    )


def test_the_id_of_a_role_in_a_condition_is_no_deleted_principal() -> None:
    bound = {**OPEN, "Sid": "role", "Condition": {"StringEquals": {"aws:userid": "AROAEXAMPLEOFAROLE123"}}}
    (finding,) = found(policy(OPEN, bound))
    assert not finding.restraint


def test_one_statement_is_exempt_by_its_mark_and_stays_as_it_is() -> None:
    text = policy({**OPEN, "Sid": "exempt"}, OPEN)
    exempt, _ = found(text)
    covers = Covers(marks=frozenset({exempt.mark}))
    assert [each.mark for each in judged(text, covers=covers).exempt] == [exempt.mark]
    assert mended(text, covers=covers)["Statement"] == [{**OPEN, "Sid": "exempt"}, narrow(OPEN)]


def test_the_mark_of_a_statement_is_of_what_it_says() -> None:
    one = {**OPEN, "Principal": {"AWS": "*"}, "Action": ["some:Open", "some:Close"]}
    same_ = dict(reversed({**one, "Principal": {"AWS": ["*"]}, "Action": ["some:Close", "some:Open"]}.items()))
    marks = {found(policy(each))[0].mark for each in (one, same_)}
    assert len(marks) == 1
    assert found(policy({**one, "Action": "some:Open"}))[0].mark not in marks


@pytest.mark.parametrize(
    ("text", "said"), [('{\n "Statement" : [ ]\n}', '{"Statement":[]}'), ("{nope", "{nope"), ("", "")]
)
def test_a_policy_is_said_in_one_line(text: str, said: str) -> None:
    assert BOXES.say(text) == said


def test_a_put_writes_the_text_with_the_guard_that_was_read() -> None:
    view = viewed(policy(OPEN), guard="revision-1")
    assert BOXES.put
    sent = [*BOXES.put(view.resource, view.state, {"Policy": "text"}), *BOXES.put(view.resource, view.state, {})]
    assert sent == [
        Call("some", "PutBoxPolicy", {"Box": "a-box", "Policy": text, "Id": "revision-1"}) for text in ("text", "")
    ]


@pytest.mark.parametrize(("settings", "inside"), [(Settings(), "account"), (Settings("o-abc1234567"), "organization")])
def test_a_mend_is_told_by_the_statements_that_were_narrowed(settings: Settings, inside: str) -> None:
    before = policy({"Sid": "open", **OPEN}, NAMED, OPEN)
    after = json.dumps(mended(before, settings))
    assert BOXES.did
    assert BOXES.did(Step(part="Policy", before=before, after=after)) == (
        f"narrowed statements open and number 3 of its policy to principals of its own {inside}"
    )


def test_one_statement_is_told_alone() -> None:
    assert BOXES.did
    step = Step(part="Policy", before=policy(OPEN, NAMED), after=policy(narrow(OPEN), NAMED))
    assert BOXES.did(step) == "narrowed statement number 1 of its policy to principals of its own account"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (OPEN, {**OPEN, "Principal": {"AWS": ["*"]}}),
        (OPEN, {**OPEN, "Principal": {"AWS": "arn:aws:iam::*:root"}}),
        (NAMED, {**OPEN, "Principal": {"AWS": ["123456789012"]}}),
        (OPEN, {**OPEN, "Action": ["some:Open"], "Resource": [ARN], "Condition": {}}),
        (
            narrow(OPEN, {"Bool": {"aws:SecureTransport": True}, "StringLike": {"a": ["b", "c"]}}),
            narrow(OPEN, {"StringLike": {"a": ["c", "b"]}, "Bool": {"aws:SecureTransport": ["true"]}}),
        ),
    ],
)
def test_policies_are_compared_by_what_they_say(one: Any, other: Any) -> None:
    assert same(BOXES, policy(one), policy(other))
    assert same(BOXES, json.dumps({"Statement": one}, indent=2), json.dumps({"Statement": [other]}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (policy(OPEN), policy(OPEN, OPEN)),
        (policy(OPEN, NAMED), policy(NAMED, OPEN)),
        (policy(OPEN), policy({**OPEN, "Sid": "a"})),
        (policy(OPEN), json.dumps({"Statement": [OPEN]})),
        (policy(OPEN), ""),
        (policy(OPEN), "{nope"),
        (policy("no statement"), policy("another one")),
        (policy(narrow(OPEN, "no object")), policy(narrow(OPEN, {"Bool": "no object"}))),
        ("{}", "[]"),
    ],
)
def test_policies_that_say_other_things_are_not_the_same(one: str, other: str) -> None:
    assert not same(BOXES, one, other)


def called(name: str, **request: Any) -> ApiCall:
    return ApiCall(
        event_id="e-1", source="some.amazonaws.com", name=name, time=None, account=OWNER, region=REGION, request=request
    )


def test_a_replay_follows_the_text_that_calls_leave() -> None:
    assert BOXES.follow
    box = viewed("").resource
    calls = [called("PutBoxPolicy", policy="one"), called("PutBoxPolicy"), called("DeleteBox", policy="")]
    state, texts = None, []
    for call in calls:
        state = BOXES.follow.step(state, box, call, NOW).state
        texts.append(state and state.parts["Policy"])
    assert texts == ["one", "one", None]
    assert [each.name for each in BOXES.follow.calls] == ["PutBoxPolicy", "DeleteBox"]
