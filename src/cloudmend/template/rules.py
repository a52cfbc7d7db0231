"""The table of the calls that wake each control, as a module of literals, and the event rules of the template.

The rules come with what lets them in: permissions, and the dead-letter queue's policy. The controls are found where
they lie; the function itself searches for nothing, because it has the table.
"""

from __future__ import annotations

import pkgutil
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any, Final

from cloudmend import controls as package
from cloudmend.controls.catalog import CATALOG
from cloudmend.core.contract import Control
from cloudmend.core.event_rules import FIRST_RULE, EventRule, Wakes
from cloudmend.core.policy.model import name_of

_FUNCTION: Final = "SecurityGroupRemediationLambda"
_QUEUE: Final = {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}
_NOTHING: Final = {"Ref": "AWS::NoValue"}
_TARGET: Final[Mapping[str, Any]] = {
    "Id": _FUNCTION,
    "Arn": {"Fn::GetAtt": [_FUNCTION, "Arn"]},
    "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 185},
    "DeadLetterConfig": {"Arn": _QUEUE},
}
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


def rule(made: EventRule, policies: Sequence[str]) -> Mapping[str, Any]:
    """Return the resource. It comes after the policies, for no event may come before the rights to handle it."""
    names = [_name(call, ids, made) for call, ids in made.heard_by.items()]
    pattern = {**made.pattern, "detail": {**made.pattern["detail"], "eventName": names}}
    properties: dict[str, Any] = {"Description": _description(made), "EventPattern": pattern, "Targets": [_TARGET]}
    after = {"DependsOn": list(policies)} if policies else {}
    if made.id == FIRST_RULE:  # the outputs, an alarm and the dashboard name it, so it never goes
        state = {"Fn::If": [condition(made), "ENABLED", "DISABLED"]}
        return {"Type": "AWS::Events::Rule", **after, "Properties": {"State": state, **properties}}
    return {"Type": "AWS::Events::Rule", "Condition": condition(made), **after, "Properties": properties}


def permission(made: EventRule) -> tuple[str, Mapping[str, Any]]:
    """Return the logical id and the resource that lets EventBridge call the function for a rule."""
    properties: dict[str, Any] = {
        "Action": "lambda:InvokeFunction",
        "FunctionName": {"Fn::GetAtt": [_FUNCTION, "Arn"]},
        "Principal": "events.amazonaws.com",
        "SourceArn": {"Fn::GetAtt": [made.id, "Arn"]},
    }
    if made.id == FIRST_RULE:
        return "LambdaInvokePermission", {"Type": "AWS::Lambda::Permission", "Properties": properties}
    name = made.id.replace("Rule", "Permission")
    return name, {"Type": "AWS::Lambda::Permission", "Condition": condition(made), "Properties": properties}


def source_arn(made: EventRule) -> Any:
    """Return the rule's ARN where it is there, as an item of the list of those whom the queue lets in."""
    arn = {"Fn::GetAtt": [made.id, "Arn"]}
    return arn if made.id == FIRST_RULE else {"Fn::If": [condition(made), arn, _NOTHING]}


def condition(made: EventRule) -> str:
    """Return the condition under which any control hears the rule."""
    controls = made.controls
    return f"Hears{name_of(controls[0])}" if len(controls) == 1 else f"Hears{made.id}"


def _name(call: str, ids: Sequence[str], made: EventRule) -> Any:
    """Return the name of a call where a control hears it. A rule is there only if one of its controls does."""
    if {*ids} == {*made.controls}:
        return call
    heard: Any = _NOTHING
    for each in ids:
        heard = {"Fn::If": [f"Hears{name_of(each)}", call, heard]}
    return heard


def _description(made: EventRule) -> str:
    return f"Calls that wake {', '.join(made.controls)}, as CloudTrail records them."


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
        for right in (*control.reads, *control.follows, *control.writes, *control.asks):
            service, operation = right.call
            found[service].add(operation)
    return {service: tuple(sorted(names)) for service, names in sorted(found.items())}


def _lines(source: str, names: Iterable[tuple[str, Sequence[str]]]) -> list[str]:
    return [f'    "{source}": {{', *(f'        "{name}": {_tuple(ids)},' for name, ids in names), "    },"]


def _tuple(words: Sequence[str]) -> str:
    listed = ", ".join(f'"{word}"' for word in words)
    return f"({listed},)" if len(words) == 1 else f"({listed})"


def find_controls() -> Mapping[str, Control[Any]]:
    """Return each control by its module's name, in the order in which they run: the first of all, then by id.

    Raises ValueError if two have one id.
    """
    names = (f"{package.__name__}.{module.name}" for module in pkgutil.iter_modules(package.__path__))
    modules = {name: import_module(name) for name in names}
    found = {name: module.CONTROL for name, module in modules.items() if hasattr(module, "CONTROL")}
    by_id = {control.id: name for name, control in found.items()}
    if twice := [name for name, control in found.items() if by_id[control.id] != name]:
        raise ValueError(f"{', '.join(twice)}: another module has a control of the same id. An id is of one control.")
    return {by_id[id_]: found[by_id[id_]] for id_ in sorted(by_id, key=lambda id_: (id_ != CATALOG.first, id_))}
