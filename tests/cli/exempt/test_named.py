"""What `cloudmend exempt add --resource` may name: one resource under one control, or a sentence that says why not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cloudmend.cli.exempt import run as exempting
from cloudmend.cli.subjects import named_resources
from cloudmend.core.errors import AwsError, CloudmendError, InputError
from cloudmend.core.ports import Call, Reader
from support import ACCOUNT, NOW, REGION, Account, ipv4
from undoing import ALICE

WORLD = "0.0.0.0/0"
RULE = "sgr-05fe30eb67c909f27"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    account = Account()
    monkeypatch.setattr(exempting, "connection", lambda _: connected(account, account.world.reader))
    monkeypatch.setattr(exempting, "open_ledger", lambda *_: account.ledger)
    return account


def connected(account: Account, reader: Reader) -> SimpleNamespace:
    return SimpleNamespace(
        caller=lambda: ALICE,
        identity=lambda: SimpleNamespace(account=ACCOUNT),
        gateway=reader,
        region=REGION,
        clock=account.clock,
    )


def add(named: str, *, part: str = "", control: str = "") -> Any:
    more: dict[str, Any] = {"owner": "", "ledger": "", "region": None, "resource_region": None}
    return exempting.add(named, part=part, control=control, duration="2h", reason="No VPN yet", **more)


def test_a_rule_is_named_by_its_id_or_by_what_it_says_also_before_it_is_there(account: Account) -> None:
    group = account.group(ipv4(22, WORLD))
    (rule,) = [row["SecurityGroupRuleId"] for row in account.rules(group) if not row["IsEgress"]]
    for part in (rule, "tcp/22  from 0.0.0.0/0"):
        assert add(group, part=part).parts == ("tcp/22 from 0.0.0.0/0",)
    made = add(group, part="tcp/022 from 1.0.0.0/8")
    assert (made.parts, made.name, made.account) == (("tcp/22 from 1.0.0.0/8",), account.label(group)[22:-1], ACCOUNT)


@pytest.mark.parametrize("is_egress", [True, False])
def test_a_rule_that_is_no_ingress_rule_of_the_group_is_refused(account: Account, *, is_egress: bool) -> None:
    group = account.group()
    rule = next(row["SecurityGroupRuleId"] for row in account.rules(group)) if is_egress else RULE
    with pytest.raises(InputError) as refused:
        add(group, part=rule)
    assert str(refused.value) == f"{group} has no part '{rule}'. Nothing was changed. Its parts: none."


def test_a_name_that_two_kinds_of_resources_have_needs_the_control(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    existing = [
        exempting._Found(each.control, each.resource, SimpleNamespace(labels={}, owner="", parts={}))  # type: ignore[arg-type]
        for each in named_resources("web")
        if each.control.id in ("sqs_policy_public", "s3_bucket_block_public_access")
    ]

    def found(subjects: Any, *_: object) -> Any:
        return [each for each in existing if each.control.id in {one.control.id for one in subjects}]

    monkeypatch.setattr(exempting, "_existing", found)
    with pytest.raises(InputError) as refused:
        add("web")
    assert str(refused.value).startswith("web is the name of a")
    assert "Choose one with --control." in str(refused.value)
    made = add("web", control="sqs_policy_public")
    assert (made.group, made.control, made.created) == ("web", "sqs_policy_public", NOW)


@pytest.mark.parametrize(
    ("named", "control", "said"),
    [
        (RULE, "", f"{RULE} is a part of a resource. Pass the id of its security group."),
        ("not an id", "", "'not an id' is no id or ARN of what a control watches."),
        ("web", "sqs", "There is no control 'sqs'. There are: security_group_ingress, "),
        ("sg-05fe30eb67c909f27", "sqs_policy_public", "sg-05fe30eb67c909f27 is no SQS queue, and sqs_policy_public"),
        ("snap-05fe30eb67c909f27", "", "There is no EBS snapshot snap-05fe30eb67c909f27 in eu-west-1. Nothing was"),
    ],
)
def test_what_names_nothing_is_refused_with_what_to_write(
    account: Account, monkeypatch: pytest.MonkeyPatch, named: str, control: str, said: str
) -> None:
    monkeypatch.setattr(exempting, "_existing", lambda *_: ())
    with pytest.raises(InputError) as refused:
        add(named, control=control)
    assert str(refused.value).startswith(said)
    assert account.ledger.exemptions(account.clock.now()).held == ()


class Refusing:
    """A Reader that answers about queues alone."""

    def get(self, call: Call, _: Any) -> Any:
        if call.service != "sqs":
            raise AwsError("AWS refused.", action=call.action, code="AccessDenied", refused=True)
        return {"QueueUrl": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/web", "Attributes": {}}


def test_a_kind_that_cannot_be_read_hinders_no_exemption_whose_control_is_named(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader: Any = Refusing()
    monkeypatch.setattr(exempting, "connection", lambda _: connected(account, reader))
    with pytest.raises(CloudmendError) as refused:
        add("web")
    assert str(refused.value) == (
        "ECR repository web: AWS refused. Nothing was changed. If you mean another kind of resource, choose its "
        "control with --control."
    )
    with pytest.raises(AwsError, match=r"^AWS refused\.$"):
        add("web", control="s3_bucket_block_public_access")
    assert account.ledger.exemptions(NOW).held == ()
    assert add("web", control="sqs_policy_public").group == "web"
