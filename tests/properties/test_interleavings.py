"""Edits and events in any order: late, twice, never, with lagging reads, throttling, deaths. It ends closed, told."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from unittest.mock import patch

from botocore.exceptions import ClientError
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cloudmend import engine
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.local.ec2.checks import Ec2Error
from oracle.packets import TCP, UDP, exposure
from random_groups import authorize, permissions, resolved
from support import Account, event, ipv4, policy

LIMITS = {4: 2**20, 6: 2**88}
GUARDED = ((TCP, 22), (TCP, 3389), (UDP, 3389))
WRITES = ("ModifySecurityGroupRules", "RevokeSecurityGroupIngress")
STEPS = ("intend", "intend_all", "publish", "finish", "finish_all", "resume")
REFUSALS = ("ModifySecurityGroupRules", "RevokeSecurityGroupIngress", "DescribeSecurityGroupRules")

deaths = st.tuples(st.sampled_from([*WRITES, *STEPS]), st.sampled_from(["before", "after"]))


def is_open(account: Account, rows: list[dict[str, Any]]) -> bool:
    packets = resolved(account, rows)
    return any(exposure(packets, version, *port) > limit for version, limit in LIMITS.items() for port in GUARDED)


def exposes_anything(account: Account, row: dict[str, Any]) -> bool:
    """Whether a rule lets any public address to a guarded port: no other can ever be at fault."""
    return any(exposure(resolved(account, [row]), version, *port) for version in LIMITS for port in GUARDED)


class Killed(BaseException):
    """The process dies: nothing catches it."""


class Interleavings(RuleBasedStateMachine):
    """Users edit one group; CloudTrail delivers as it pleases; AWS throttles. A last sweep must end it closed."""

    @initialize(seed=st.integers(0, 2**16))
    def start(self, seed: int) -> None:
        """Ids decide between rules that are alike, so they are drawn too: what was found can be played again."""
        chance = random.Random(seed)  # noqa: S311 - ids are no secrets
        self.ids = patch.object(secrets, "token_hex", lambda size: chance.randbytes(size).hex())
        self.ids.start()
        self.lag = 0
        self.acts = False  # cloudmend, and not a user
        self.account = Account(read_lag=lambda: self.lag)
        self.group_id = self.account.group()
        self.events: list[dict[str, Any]] = []
        self.by_users: dict[str, dict[str, Any]] = {}
        self.changed: set[str] = set()  # rules that cloudmend wrote to
        self.death: tuple[str, str] | None = None
        for step in STEPS:
            self._make_deadly(self.account if step == "publish" else self.account.ledger, step)
        call = self.account.groups.call
        self.account.groups.call = partial(self._called, call)  # type: ignore[method-assign]

    def _make_deadly(self, port: Any, step: str) -> None:
        real = getattr(port, step)

        def deadly(*arguments: Any) -> Any:
            self._dies_if((step, "before"))
            answer = real(*arguments)
            self._dies_if((step, "after"))
            return answer

        setattr(port, step, deadly)

    def _called(self, call: Any, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Of users and of cloudmend; what cloudmend writes is noted."""
        self._dies_if((operation, "before"))
        answer: dict[str, Any] = call(operation, params)
        if self.acts and operation in WRITES:
            self.changed.update(rule_ids(params))
        self._dies_if((operation, "after"))
        return answer

    def _dies_if(self, step: tuple[str, str]) -> None:
        if self.acts and self.death == step:
            self.death = None
            raise Killed

    def _act(self, act: Callable[[], object], death: tuple[str, str] | None = None) -> None:
        """One run of a process; if it dies, the next comes when its lease has run out, and no read lags any more."""
        self.acts, self.death = True, death
        try:
            act()
        except Killed:
            self.account.clock.sleep(61)
            self.lag = 0
            self._rows()
        self.acts, self.death = False, None

    @rule(permission=permissions())
    def a_user_opens(self, permission: dict[str, Any]) -> None:
        self._remember(authorize(self.account, self.group_id, permission))
        self.events.append(event(self.group_id))

    @precondition(lambda self: self.by_users)
    @rule(data=st.data())
    def a_user_closes(self, data: st.DataObject) -> None:
        rule_id = data.draw(st.sampled_from(sorted(self.by_users)))
        del self.by_users[rule_id]
        try:
            self.account.ec2.revoke_security_group_ingress(GroupId=self.group_id, SecurityGroupRuleIds=[rule_id])
        except ClientError:
            return  # cloudmend was first

    @precondition(lambda self: self.events)
    @rule(data=st.data(), forgotten=st.booleans())
    def an_event_arrives_in_any_order_and_maybe_again_later(self, data: st.DataObject, forgotten: bool) -> None:
        index = data.draw(st.integers(0, len(self.events) - 1))
        self._act(lambda: self.account.handle(self.events[index]))
        if forgotten:
            del self.events[index]

    @rule(port=st.sampled_from([22, 3389]), death=deaths)
    def a_user_opens_wide_and_the_process_of_the_event_dies(self, port: int, death: tuple[str, str]) -> None:
        self.a_user_opens(ipv4(port, "0.0.0.0/0"))
        self._act(lambda: self.account.handle(self.events[-1]), death)

    @rule(death=deaths)
    def a_sweep_dies(self, death: tuple[str, str]) -> None:
        self._act(self._sweep, death)

    @precondition(lambda self: self.events)
    @rule()
    def an_event_is_lost(self) -> None:
        self.events.pop()

    @rule(operation=st.sampled_from(REFUSALS), times=st.integers(1, 3))
    def aws_throttles_for_a_while(self, operation: str, times: int) -> None:
        left = [times]

        def throttle(_: Mapping[str, Any]) -> None:
            if left[0]:
                left[0] -= 1
                raise Ec2Error("RequestLimitExceeded", "Request limit exceeded.", 503)

        self.account.groups.before[operation] = throttle

    @rule(reads=st.integers(0, 2))
    def reads_begin_to_lag_or_stop(self, reads: int) -> None:
        self.lag = reads

    @rule()
    def a_sweep_comes_by(self) -> None:
        self._act(self._sweep)

    @invariant()
    def what_was_never_at_fault_is_as_its_user_made_it(self) -> None:
        rows = {row["SecurityGroupRuleId"]: row for row in self._rows()}
        for rule_id, row in self.by_users.items():
            assert rows.get(rule_id) == row or exposes_anything(self.account, row)

    def teardown(self) -> None:
        if not hasattr(self, "ids"):
            return
        try:
            self._it_ends_closed()
        finally:
            self.ids.stop()

    def _it_ends_closed(self) -> None:
        self.account.groups.before.clear()
        self.lag = 0
        self._rows()
        self.account.clock.sleep(61)  # an intent whose write had no answer is left open on purpose
        self._act(self._sweep)
        assert not is_open(self.account, self._rows())
        assert self.account.ledger.open_intents() == ()
        told = [record for record in self.account.records if record.status != "observed"]
        assert self.changed <= {edit.part for record in told for edit in record.edits}
        self.account.calls.clear()
        assert [record.status for record in self._sweep().records] == ["clean"]

    def _sweep(self) -> engine.Sweep:
        return engine.sweep(controls=[CONTROL], policy=policy(), world=self.account.world)

    def _rows(self) -> list[dict[str, Any]]:
        """What is true now, asked of the model itself, until no read lags any more."""
        filters = [{"Name": "group-id", "Values": [self.group_id]}]
        for _ in range(3):
            answer = self.account.groups.unhindered("DescribeSecurityGroupRules", {"Filters": filters})
        return list(answer["SecurityGroupRules"])

    def _remember(self, rule_ids: list[str]) -> None:
        self.by_users |= {row["SecurityGroupRuleId"]: row for row in self._rows() if row_id(row) in rule_ids}


def rule_ids(params: Mapping[str, Any]) -> list[str]:
    """The rules that a write is about."""
    updates = params.get("SecurityGroupRules", [])
    return [*params.get("SecurityGroupRuleIds", []), *(update["SecurityGroupRuleId"] for update in updates)]


def row_id(row: dict[str, Any]) -> str:
    return str(row["SecurityGroupRuleId"])


TestInterleavings = Interleavings.TestCase
