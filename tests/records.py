"""Records to tell of: one of each status, and hostile ones."""

from __future__ import annotations

from typing import get_args

from hypothesis import strategies as st
from msgspec.structs import replace

from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.attribution import attribute
from cloudmend.core.guidance import guided
from cloudmend.core.model import Actor, Attribution, Edit, Finding, Record, Request, Resource, Status, Words
from hostile import hostile_texts
from support import ACCOUNT, REGION

GROUP = "sg-05fe30eb67c909f27"
RULE = "sgr-0f30ccc3fc066201a"
WHY = "tcp/22 from 0.0.0.0/0 opens tcp/22 to 3,702,258,688 public addresses; the limit is 1,048,576"
ENTRY = "01M865NCC0BPFHRBKTPD08TVGN"
ACTOR = Actor(
    kind="IAMUser",
    arn=f"arn:aws:iam::{ACCOUNT}:user/mallory",
    account=ACCOUNT,
    user_name="mallory",
    source_ip="203.0.113.7",
    user_agent="aws-cli/2.27.0",
)
_MENDED = Record(
    status="mended",
    control="security_group_ingress",
    resource=Resource(type="AWS::EC2::SecurityGroup", id=GROUP),
    account=ACCOUNT,
    region=REGION,
    event_id="3f2a9d5e-0000-4000-8000-000000000001",
    event_name="AuthorizeSecurityGroupIngress",
    actor=ACTOR,
    attribution=attribute(ACTOR),
    decision="mode.default is fix",
    summary=f"{GROUP}: narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8.",
    findings=(Finding(part=RULE, why=WHY),),
    edits=(
        Edit(
            part=RULE,
            before="tcp/22 from 0.0.0.0/0",
            after="tcp/22 from 10.0.0.0/8",
            did="narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8",
            why=WHY,
        ),
    ),
    undo=(Request("ec2:ModifySecurityGroupRules", {"GroupId": GROUP}).command(REGION),),
    entry_id=ENTRY,
    seconds_since_call=2.0,
)
MENDED = guided(_MENDED, CONTROL)
CLOSE = Request("ec2:RevokeSecurityGroupIngress", {"GroupId": GROUP, "SecurityGroupRuleIds": [RULE]})
CLEAN = replace(MENDED, status="clean", decision="", findings=(), edits=(), undo=(), entry_id="")
GONE = replace(CLEAN, status="gone", summary=f"{GROUP} does not exist in {REGION}.")
OBSERVED = replace(MENDED, status="observed", decision="mode.default is observe", undo=(), entry_id="")
EXEMPT = replace(
    OBSERVED,
    status="exempt",
    decision="exempt: jump-host, by ops until 2026-11-24 09:00 UTC: the vendor has no VPN yet",
    summary=f"{GROUP}: left open.",
    edits=(),
)
BUDGET_SPENT = replace(
    OBSERVED,
    decision=f"Account {ACCOUNT} had its 100 mends of the hour 2026-11-24T07:00Z. Nothing was changed.",
    budget_spent=True,
)
OPEN = replace(
    MENDED,
    status="open",
    severity="high",
    summary=f"{GROUP} is STILL OPEN: {WHY}.",
    edits=(),
    undo=(),
    remaining=MENDED.findings,
    errors=("ec2:ModifySecurityGroupRules in eu-west-1: AWS answered UnauthorizedOperation (no).",),
)
FAILED = replace(CLEAN, status="failed", severity="high", summary=f"{GROUP}: no answer", errors=("no answer",))
OBSERVED, BUDGET_SPENT, OPEN = (
    replace(guided(each, CONTROL), by_hand=(CLOSE.command(REGION),)) for each in (OBSERVED, BUDGET_SPENT, OPEN)
)
CLEAN, GONE, EXEMPT, FAILED = (guided(each, CONTROL) for each in (CLEAN, GONE, EXEMPT, FAILED))
RECORDS: dict[Status, Record] = {r.status: r for r in (MENDED, CLEAN, GONE, OBSERVED, EXEMPT, OPEN, FAILED)}


def hostile(text: str, status: Status, times: int = 1) -> Record:
    """A record whose every foreign text is this one, and whose lists repeat it.

    What comes from EC2 is Unicode; CloudTrail's JSON can spell a lone surrogate. The Region is our own.
    """
    unicode = text.encode("utf-8", "ignore").decode()
    change = Request("ec2:AuthorizeSecurityGroupIngress", {"GroupId": GROUP, "Description": unicode})
    findings = (Finding(part=unicode, why=text),) * times
    return Record(
        status=status,
        control=text,
        resource=replace(MENDED.resource, id=unicode),
        account=text,
        region=REGION,
        event_id=text,
        event_name=text,
        actor=Actor(kind=text, arn=text, role_arn=text, invoked_by=text, source_ip=text, user_agent=text),
        attribution=Attribution(who=text, through=text, where=text, hint=text),
        decision=text,
        summary=text,
        findings=findings,
        edits=(Edit(part=unicode, before=text, after=text, did=text, why=text),) * times,
        remaining=findings if status == "open" else (),
        errors=(text,) * times,
        undo=(change.command(REGION),) * times,
        arn=f"arn:aws:ec2:{REGION}:{unicode}:security-group/{unicode}",
        asff=text,
        look=(change.command(REGION),) * times,
        by_hand=(change.command(REGION),) * times,
        words=Words(noun=text, fault=text, removed=text, close=text, prevent=text),
        entry_id=unicode,
        exemptions_unreadable=(text,) * times,
        ledger_unreadable=(text,) * times,
        seconds_since_call=2.0,
    )


hostile_records = st.builds(hostile, hostile_texts, st.sampled_from(get_args(Status)), times=st.integers(0, 30))
