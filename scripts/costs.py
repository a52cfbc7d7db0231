"""The cost of a month of cloudmend in one account and Region, from the usage of one event and one mend.

Prices are AWS's list prices for us-east-1 in USD, without any free tier. They were read on 2026-11-24 from pages
that quote them; a month has 30 days.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

DAYS: Final = 30

# What the template deploys. A test compares.
MEMORY_GB: Final = 0.5
SWEEPS: Final = DAYS * 24 / 6
ALARM_METRICS: Final = 7  # of six alarms; one adds two metrics up
METRICS: Final = 13
RETENTION_DAYS: Final = 400

# What is assumed of one invocation, and larger than what the tests see on the embedded AWS.
EVENT_S: Final = 2.0
SWEEP_S: Final = 60.0
LOG_KB: Final = 5

# What one mend writes into the ledger. Writes in a transaction count twice; each of the entry is repeated by the index.
ENTRY_KB: Final = 2
INTEND_SMALL: Final = 3  # items of up to 1 KB beside the entry: lease, budget, "open"
FINISH_SMALL: Final = 2  # the lease and "open" again
WRITE_UNITS: Final = 2 * (ENTRY_KB + INTEND_SMALL) + ENTRY_KB + 2 * (ENTRY_KB + FINISH_SMALL) + ENTRY_KB
LOOK_READ_UNITS: Final = 2  # of each invocation: exemptions, and what was mended within the hour
READ_UNITS: Final = LOOK_READ_UNITS + 1  # of one that mends: the exemptions again

# Lambda asks the sweep's queue for more: five long polls of 20 seconds, all the time.
POLLS: Final = 5 * DAYS * 24 * 3600 / 20


class Account(Struct, frozen=True):
    """The API calls of a month that wake the function, and the number of them that open something."""

    name: str
    calls: int
    opened: int

    @property
    def invocations(self) -> int:
        """The invocations of a month. Each mend is a call too, and wakes the function once more."""
        return self.calls + self.opened

    @property
    def stored_gb(self) -> float:
        """The size of the table and its index in GB, once DynamoDB deletes as much as cloudmend adds."""
        return 2 * ENTRY_KB * self.opened * RETENTION_DAYS / DAYS / 1024**2


ACCOUNTS: Final = (
    Account("quiet", calls=100, opened=5),
    Account("usual", calls=2_000, opened=100),
    Account("busy", calls=50_000, opened=5_000),
)


class Line(Struct, frozen=True):
    """A line of the bill: `amount` units at `price` for `per` of them."""

    what: str
    amount: float
    unit: str
    price: float
    per: int = 1

    @property
    def usd(self) -> float:
        return self.amount * self.price / self.per


def _read_units(account: Account) -> int:
    return account.opened * READ_UNITS + (account.invocations - account.opened) * LOOK_READ_UNITS


def bill(account: Account) -> tuple[Line, ...]:
    """Return the lines of the bill; those that do not depend on events come first."""
    seconds = account.invocations * EVENT_S + SWEEPS * SWEEP_S
    runs, million = account.invocations + SWEEPS, 1_000_000
    return (
        Line("CloudWatch dashboard", 1, "dashboard", 3.00),
        Line("CloudWatch metrics", METRICS, "metrics", 0.30),
        Line("KMS key of the topics", 1, "key", 1.00),
        Line("CloudWatch alarms", ALARM_METRICS, "metrics", 0.10),
        Line("SQS, polled for sweeps", POLLS, "requests", 0.40, million),
        Line("Lambda, time (arm64)", seconds * MEMORY_GB, "GB-seconds", 0.0000133334),
        Line("Lambda, requests", runs, "requests", 0.20, million),
        Line("CloudWatch Logs, taken in", runs * LOG_KB / 1024**2, "GB", 0.50),
        Line("DynamoDB, writes", account.opened * WRITE_UNITS, "units", 0.625, million),
        Line("DynamoDB, reads", _read_units(account), "units", 0.125, million),
        Line("DynamoDB, stored and backed up", account.stored_gb, "GB", 0.25 + 0.20),
        Line("EventBridge, own events", account.opened, "events", 1.00, million),
        Line("EventBridge Scheduler", SWEEPS, "invocations", 1.00, million),
        Line("SNS, both topics", 2 * account.opened, "messages", 0.50, million),
        Line("SNS, mail to one address", account.opened, "mails", 2.00, 100_000),
        Line("KMS, two for each message", 4 * account.opened, "requests", 0.03, 10_000),
    )


def total(account: Account) -> float:
    return sum(line.usd for line in bill(account))
