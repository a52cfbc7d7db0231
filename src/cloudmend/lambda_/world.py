"""The world of a deployed function: the ledger, the channels and the switch that its environment names.

Where nothing is named (`sam local invoke`, a test) the function works all the same: it keeps its records in a file of
the machine, tells its log, and has no switch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

import msgspec

from cloudmend.aws.ledger import DynamoDbLedger
from cloudmend.aws.notices import NoticeLog, Notices
from cloudmend.aws.stack import LaterQueue, ModeSwitch
from cloudmend.aws.world import Connection, connection, threads
from cloudmend.core.errors import CloudmendError
from cloudmend.core.ledger import Ledger, Terms
from cloudmend.core.notice.wording import NotificationTargets
from cloudmend.core.world import NoLater, World

ACCOUNT: Final = "CLOUDMEND_ACCOUNT"
LEDGER_TABLE: Final = "CLOUDMEND_LEDGER_TABLE"
BUDGET: Final = "CLOUDMEND_BUDGET"
NOTICE_TOPIC: Final = "CLOUDMEND_NOTICE_TOPIC"
CHAT_TOPIC: Final = "CLOUDMEND_CHAT_TOPIC"
SECURITY_HUB: Final = "CLOUDMEND_SECURITY_HUB"
MODE_PARAMETER: Final = "CLOUDMEND_MODE_PARAMETER"
CONTINUATION_QUEUE: Final = "CLOUDMEND_CONTINUATION_QUEUE"
SWEEP_REGIONS: Final = "CLOUDMEND_SWEEP_REGIONS"  # own, or all

# What names a resource of the stack, or its account.
_RESOURCES: Final = frozenset({ACCOUNT, LEDGER_TABLE, NOTICE_TOPIC, CHAT_TOPIC, MODE_PARAMETER, CONTINUATION_QUEUE})
# SAM sets it where there is no stack, and then puts the resources' logical ids in place of their names.
_SAM_LOCAL: Final = "AWS_SAM_LOCAL"


def stack_settings(environment: Mapping[str, str]) -> Mapping[str, str]:
    """The environment without what names a resource that is not there, or is nothing."""
    absent = _RESOURCES if _SAM_LOCAL in environment else frozenset()
    return {name: value for name, value in environment.items() if value and name not in absent}


def deployed_world(settings: Mapping[str, str], warn: Callable[[str], None], notice_log: NoticeLog) -> World:
    """`settings` are those of `stack_settings`. Raises CloudmendError for one that makes no sense."""
    here = connection()
    gateway, brief = here.gateway, here.brief_gateway
    table, queue = settings.get(LEDGER_TABLE, ""), settings.get(CONTINUATION_QUEUE, "")
    audience = NotificationTargets(
        topic=settings.get(NOTICE_TOPIC, ""),
        chat_topic=settings.get(CHAT_TOPIC, ""),
        security_hub=settings.get(SECURITY_HUB) == "on",
        region=here.region,
        ledger=table,
        account=settings.get(ACCOUNT, ""),
    )
    return World(
        account=cache(lambda: settings.get(ACCOUNT) or here.account()),
        region=here.region,
        reader=gateway,
        writer=gateway,
        ledger=_ledger(settings, here, warn),
        notifier=Notices(notice_log, brief, audience, here.clock, threads()),
        clock=here.clock,
        begin=threads(),
        keeps_baseline=bool(table),
        later=LaterQueue(gateway, queue, table, here.clock) if queue else NoLater(),
        switch=ModeSwitch(brief, settings.get(MODE_PARAMETER, ""), here.clock, warn),
    )


def in_region(home: World, region: str) -> World:
    """The world of another Region of the account. Ledger, notices and switch stay where the stack is."""
    if region == home.region:
        return home
    gateway = connection(region).gateway
    return msgspec.structs.replace(home, region=region, reader=gateway, writer=gateway)


def _ledger(settings: Mapping[str, str], here: Connection, warn: Callable[[str], None]) -> Ledger:
    terms = Terms(budget=_budget(settings))
    if table := settings.get(LEDGER_TABLE):
        return DynamoDbLedger(here.connect, table, here.clock, terms)
    # Not on a deployed function's way to a closed door.
    from pathlib import Path
    from tempfile import gettempdir

    from cloudmend.disk.ledger import SqliteLedger

    folder = Path(gettempdir()) / "cloudmend"
    warn(f"{LEDGER_TABLE} is not set: what is mended is recorded in {folder}, which does not last.")
    return SqliteLedger(folder, here.clock, terms)


def _budget(settings: Mapping[str, str]) -> int:
    text = settings.get(BUDGET, str(Terms().budget))
    if not text.isdecimal() or int(text) < 1:
        raise CloudmendError(f"{BUDGET} (template parameter Budget) is {text!r}. It takes a whole number from 1.")
    return int(text)
