"""The worked bill, and what accounts of three sizes come to."""

from __future__ import annotations

import costs
from docs_blocks.markdown import table


def worked() -> str:
    """The bill of the usual account, line by line."""
    rows = [(line.what, _amount(line), _price(line), _usd(line.usd)) for line in costs.bill(_usual())]
    return table(
        ("what", "how much", "price", "a month"), [*rows, ("**all**", "", "", f"**{_usd(costs.total(_usual()))}**")]
    )


def accounts() -> str:
    rows = (
        (each.name, f"{each.calls:,}", f"{each.opened:,}", _usd(costs.total(each)), _usd(costs.total(each) - _idle()))
        for each in costs.ACCOUNTS
    )
    return table(("account", "calls", "of which open something", "a month", "of which for the events"), rows)


def _usual() -> costs.Account:
    return next(each for each in costs.ACCOUNTS if each.name == "usual")


def _idle() -> float:
    """Return the cost if nothing happens."""
    return costs.total(costs.Account("idle", calls=0, opened=0))


def _amount(line: costs.Line) -> str:
    return f"{line.amount:,.0f} {line.unit}" if line.amount >= 1 else f"{line.amount:.3f} {line.unit}"


def _price(line: costs.Line) -> str:
    many = f"{line.per:,} {line.unit}" if line.per > 1 else line.unit.removesuffix("s")
    return (
        f"${line.price:.10f}".rstrip("0").ljust(len(f"${line.price:.2f}"), "0")
        + f" for {'a ' if line.per == 1 else ''}{many}"
    )


def _usd(value: float) -> str:
    return f"${value:.2f}" if value >= 0.005 else "less than a cent"
