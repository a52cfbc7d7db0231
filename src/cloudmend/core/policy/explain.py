"""A policy in plain sentences, for the person who answers for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from cloudmend.core.policy.catalog import Catalog, Described
from cloudmend.core.policy.model import Choice, Exemption, Existing, Mode, Modes, Policy


def explain(policy: Policy, now: datetime, catalog: Catalog) -> tuple[str, ...]:
    """Return a sentence for each thing that the policy says; `now` decides which exemptions hold."""
    return (
        *(sentence for control in catalog.controls.values() for sentence in _settings(policy, control, catalog)),
        *_existing(policy, catalog),
        *_modes(policy, catalog),
        *(_exemption(exemption, now) for exemption in policy.exemptions),
    )


def as_data(policy: Policy, now: datetime, catalog: Catalog) -> dict[str, Any]:
    """Return the policy as JSON can hold it, under the file's own keys; of each exemption also whether it holds."""
    return {
        "control": {
            name: {
                "mode": policy.modes.get(name, Modes()),
                "existing": policy.existing_of_control.get(name, Choice()),
                **_as_data(policy, control),
            }
            for name, control in catalog.controls.items()
        },
        "mode": policy.mode,
        "existing": policy.existing,
        "is_observing": policy.is_observing,
        "exemption": [
            {**msgspec.structs.asdict(exemption), "holds": exemption.holds(now)} for exemption in policy.exemptions
        ],
    }


def _settings(policy: Policy, control: Described, catalog: Catalog) -> Iterable[str]:
    """Return a sentence for each setting of the first control, and of any other control that has not its defaults."""
    settings = policy.settings_of(control)
    if control.keys and control.id == catalog.first:
        return control.keys.say(settings)
    if control.keys:
        said = control.keys.say(settings) if settings != control.settings() else ()
        return (f"{control.id}: {sentence}" for sentence in said)
    told, default = (dict(_flat(msgspec.to_builtins(each))) for each in (settings, control.settings()))
    return (f"{control.id}: {name} is {value}." for name, value in told.items() if value != default.get(name))


def _flat(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Yield the dotted key and the words of each value."""
    for name, value in table.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{above}{name}.")
        elif isinstance(value, list | tuple | dict):
            yield above + name, ", ".join(map(str, value)) or "empty"
        else:
            yield above + name, str(value)


def _as_data(policy: Policy, control: Described) -> Mapping[str, Any]:
    settings = policy.settings_of(control)
    return control.keys.write(settings) if control.keys else msgspec.structs.asdict(settings)


_DONE: Final[dict[Mode, str]] = {"fix": "mended", "observe": "only reported", "off": "not looked at"}


def _modes(policy: Policy, catalog: Catalog) -> Iterator[str]:
    """Yield a sentence for each mode: those of one control first, then those of a place."""
    done = {**_DONE, "fix": _DONE["observe"]} if policy.is_observing else _DONE
    for control in catalog.controls.values():
        modes = policy.modes.get(control.id, Modes())
        yield from _of_places(modes, done, f"What {control.id} finds")
        own = control.mode if control.mode != "fix" and (modes.vpc or modes.account) else None
        if mode := modes.default or own:
            elsewhere = " elsewhere" if modes.vpc or modes.account else ""
            yield f"What {control.id} finds{elsewhere} is {done[mode]}."
    yield from _by_default(policy, catalog, done)
    of_places = tuple(_of_places(policy.mode, done, "What is at fault"))
    yield from of_places
    elsewhere = " elsewhere" if of_places or policy.modes else ""
    yield f"What is at fault{elsewhere} is {done[policy.mode.default or 'fix']}."


def _by_default(policy: Policy, catalog: Catalog, done: Mapping[Mode, str]) -> Iterator[str]:
    """Yield a sentence about the controls that do not mend by default, and that the policy does not set."""
    kept: tuple[Mode, ...] = ("observe", "off")
    for mode in kept:
        left = [each.id for each in catalog.controls.values() if each.mode == mode and each.id not in policy.modes]
        if left[1:]:
            yield f"What {', '.join(left[:-1])} and {left[-1]} find is {done[mode]}."
        elif left:
            yield f"What {left[0]} finds is {done[mode]}."


def _of_places(modes: Modes, done: Mapping[Mode, str], subject: str) -> Iterator[str]:
    """Yield the most specific first, as they count."""
    for kind, table in (("VPC", modes.vpc), ("account", modes.account)):
        for name, mode in table.items():
            yield f"{subject} in {kind} {name} is {done[mode]}."


_OF_EXISTING: Final[dict[Existing, str]] = {
    "fix": "mended",
    "observe": "its baseline: only reported, until cloudmend fix --ledger TABLE accepts it",
}


def _existing(policy: Policy, catalog: Catalog) -> Iterator[str]:
    """Yield a sentence for each line about what was there before a stack was: those of one control first."""
    for control in catalog.controls:
        own = policy.existing_of_control.get(control, Choice())
        subject = f"What the first sweep of a stack finds of {control}"
        yield from _choices(own, subject)
        if own.default:
            yield f"{subject}{' elsewhere' if own.account else ''} is {_OF_EXISTING[own.default]}."
    subject = "What the first sweep of a stack finds"
    yield from _choices(policy.existing, subject)
    elsewhere = " elsewhere" if policy.existing.account or policy.existing_of_control else ""
    yield f"{subject}{elsewhere} is {_OF_EXISTING[policy.existing.default or 'observe']}."


def _choices(choice: Choice, subject: str) -> Iterator[str]:
    for account, value in choice.account.items():
        yield f"{subject} in account {account} is {_OF_EXISTING[value]}."


def _exemption(exemption: Exemption, now: datetime) -> str:
    told = "Exempt from" if exemption.holds(now) else "No longer exempt, because it expired, from"
    return f"{told} {exemption.control}: {exemption}."
