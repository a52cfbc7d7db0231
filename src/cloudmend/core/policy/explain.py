"""A policy in plain sentences, for the person who answers for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from cloudmend.core.policy.catalog import Catalog, Described
from cloudmend.core.policy.model import Exemption, Mode, Modes, Policy


def explain(policy: Policy, now: datetime, catalog: Catalog) -> tuple[str, ...]:
    """Return a sentence for each thing that the policy says; `now` decides which exemptions hold."""
    return (
        *(sentence for control in catalog.controls.values() for sentence in _settings(policy, control)),
        *_modes(policy.mode),
        *(_exemption(exemption, now) for exemption in policy.exemptions),
    )


def as_data(policy: Policy, now: datetime, catalog: Catalog) -> dict[str, Any]:
    """Return the policy as JSON can hold it, under the file's own keys; of each exemption also whether it holds."""
    return {
        "control": {name: _as_data(policy, control) for name, control in catalog.controls.items()},
        "mode": policy.mode,
        "exemption": [
            {**msgspec.structs.asdict(exemption), "holds": exemption.holds(now)} for exemption in policy.exemptions
        ],
    }


def _settings(policy: Policy, control: Described) -> Iterable[str]:
    settings = policy.settings_of(control)
    if control.keys:
        return control.keys.say(settings)
    return (f"{control.id}: {name} is {value}." for name, value in msgspec.structs.asdict(settings).items())


def _as_data(policy: Policy, control: Described) -> Mapping[str, Any]:
    settings = policy.settings_of(control)
    return control.keys.write(settings) if control.keys else msgspec.structs.asdict(settings)


_DONE: Final[dict[Mode, str]] = {"fix": "closed", "observe": "only reported"}


def _modes(modes: Modes) -> Iterator[str]:
    """The most specific first, as they count."""
    for kind, table in (("VPC", modes.vpc), ("account", modes.account), ("control", modes.control)):
        for name, mode in table.items():
            yield f"What is at fault in {kind} {name} is {_DONE[mode]}."
    elsewhere = " elsewhere" if modes.vpc or modes.account or modes.control else ""
    yield f"What is at fault{elsewhere} is {_DONE[modes.default]}."


def _exemption(exemption: Exemption, now: datetime) -> str:
    told = "Left open" if exemption.holds(now) else "No longer left open, because it expired"
    return f"{told}: {exemption}."
