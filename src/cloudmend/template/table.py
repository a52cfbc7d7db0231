"""The table of what wakes each control, as a module of literals: nothing is searched for when the function runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cloudmend.core.contract import Control
from cloudmend.core.event_rules import Wakes

_TEXT = '''"""The module of each control, and the calls that wake it. Generated from the controls: make generate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# By id, in the order in which they run.
MODULES: Final[Mapping[str, str]] = {{
{modules}
}}
# By event source and name of the call.
WAKES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {{
{wakes}
}}
'''


def table(modules: Mapping[str, Control[Any]]) -> str:
    """Return the text of the module, for controls by the name of the module that holds each."""
    return _TEXT.format(
        modules="\n".join(f'    "{control.id}": "{name}",' for name, control in modules.items()),
        wakes="\n".join(
            line for source, names in wakes(modules.values()).items() for line in _lines(source, names.items())
        ),
    )


def wakes(controls: Iterable[Control[Any]]) -> Wakes:
    """Return the ids of the controls that each call wakes, in their order, by source and name."""
    found: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for control in controls:
        for trigger in control.triggers:
            if control.id not in found[trigger.source][trigger.name]:
                found[trigger.source][trigger.name].append(control.id)
    return {source: dict(sorted(names.items())) for source, names in sorted(found.items())}


def operations(controls: Iterable[Control[Any]]) -> dict[str, tuple[str, ...]]:
    """Return the operations that the deployed function calls for controls, by service as botocore names it."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for control in controls:
        for right in (*control.reads, *control.follows, *control.writes):
            service, operation = right.call
            found[service].add(operation)
    return {service: tuple(sorted(names)) for service, names in sorted(found.items())}


def _lines(source: str, names: Iterable[tuple[str, Sequence[str]]]) -> list[str]:
    return [f'    "{source}": {{', *(f'        "{name}": {_tuple(ids)},' for name, ids in names), "    },"]


def _tuple(words: Sequence[str]) -> str:
    listed = ", ".join(f'"{word}"' for word in words)
    return f"({listed},)" if len(words) == 1 else f"({listed})"
