"""The generated blocks of a file whose comments begin with #: `# generated: NAME`, the block, `# end`.

Values become YAML in the style of template.yaml: short lists in a line, functions by their tags.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from textwrap import indent
from typing import Any, Final

from cloudmend.core.contract import Control
from cloudmend.core.event_rules import EventRule, event_rules
from cloudmend.core.policy.model import RIGHTS, name_of, rights_parameter
from cloudmend.template import rules
from cloudmend.template.policies import RESPONDER, ManagedPolicy, policies
from cloudmend.template.rules import operations, wakes

# Words without a colon at their end; none looks like a number, a comment, or the beginning of something else.
_PLAIN: Final = re.compile(r"[A-Za-z/][^\s:#\"]*(:+[^\s:#\"]+)*( [^\s:#\"]+(:+[^\s:#\"]+)*)*(:+\*)?")
# YAML 1.1 reads these as no text.
_WORDS: Final = frozenset({"on", "off", "yes", "no", "true", "false", "null", "y", "n"})
_WIDTH: Final = 96
_BLOCK: Final = re.compile(r"^(?P<indent> *)# generated: (?P<name>.+)\n(?:.*\n)*?(?P=indent)# end$", re.MULTILINE)
_MEANING: Final = "observe holds no right to change anything; off hears no event."


def dumped(value: Any, indent: int = 0) -> str:
    """Return lines of YAML, each indented, with an end of line after the last. A mapping keeps its order."""
    return "".join(f"{' ' * indent}{line}\n" for line in _lines(value))


def _lines(value: Any) -> list[str]:
    if isinstance(value, Mapping) and not _tagged(value):
        return [line for key, inner in value.items() for line in _under(f"{_scalar(key)}:", inner)]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [line for inner in value for line in _item(inner)]
    return [_inline(value)]


def _under(key: str, value: Any) -> list[str]:
    """Return the lines of a value below or beside its key."""
    line = f"{key} {_inline(value)}"
    if _fits(line, value):
        return [line]
    if tag := _tag_of_list(value):
        return [f"{key} {tag}", *_indented(_lines(*value.values()))]
    return [key, *_indented(_lines(value))]


def _item(value: Any) -> list[str]:
    """Return the lines of an item of a list."""
    if tag := _tag_of_list(value):
        line = f"- {_inline(value)}"
        return [line] if _fits(line, value) else [f"- {tag}", *_indented(_lines(*value.values()))]
    first, *others = _lines(value)
    return [f"- {first}", *_indented(others)]


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _fits(line: str, value: Any) -> bool:
    """Return whether a value stands on one line: a text always does, a mapping only if it is short."""
    if isinstance(value, Mapping) and not _tagged(value):
        return len(value) == 1 and len(line) <= _WIDTH // 2
    return len(line) <= _WIDTH or not isinstance(value, Mapping | list | tuple) or not _has_parts(value)


def _has_parts(value: Any) -> bool:
    """Return whether a value can stand on more lines than one."""
    return isinstance(value, list | tuple) or bool(_tag_of_list(value))


def _tag_of_list(value: Any) -> str:
    """Return the tag of a function of a list that is written item by item."""
    if isinstance(value, Mapping) and (tag := _tagged(value)) and tag != "!GetAtt":
        (inner,) = value.values()
        return tag if isinstance(inner, list | tuple) else ""
    return ""


def _tagged(value: Mapping[str, Any]) -> str:
    """Return the tag of a function, empty if the mapping is none."""
    if len(value) != 1:
        return ""
    (name,) = value
    return "!Ref" if name == "Ref" else f"!{name[4:]}" if name.startswith("Fn::") else ""


def _inline(value: Any, *, in_flow: bool = False) -> str:
    if isinstance(value, Mapping):
        if tag := _tagged(value):
            (inner,) = value.values()
            return f"{tag} {'.'.join(inner) if tag == '!GetAtt' else _inline(inner, in_flow=in_flow)}"
        rows = (f"{_scalar(key, in_flow=True)}: {_inline(each, in_flow=True)}" for key, each in value.items())
        return f"{{ {', '.join(rows)} }}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(_inline(each, in_flow=True) for each in value)}]"
    return _scalar(value, in_flow=in_flow)


def _scalar(value: Any, *, in_flow: bool = False) -> str:
    """Return a text as it is where YAML reads it so, else quoted. In a list or mapping on one line less is plain."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return str(value)
    special = "{}[]," if in_flow else ""
    is_plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS and not any(each in value for each in special)
    return value if is_plain else json.dumps(value, ensure_ascii=False)


def filled(text: str, blocks: Mapping[str, str]) -> str:
    """Return the text with each of its blocks as it is now. Raises KeyError for one that nothing generates."""
    return _BLOCK.sub(lambda found: _block(found["indent"], found["name"], blocks[found["name"]]), text)


def build_blocks(controls: Iterable[Control[Any]]) -> Mapping[str, str]:
    """Return the blocks of the build's scripts."""
    rows = (f'    "{service}": {_tuple(names)},\n' for service, names in operations(controls).items())
    return {"operations of controls": f"OPERATIONS_OF_CONTROLS = {{\n{''.join(rows)}}}\n"}


def template_blocks(controls: Sequence[Control[Any]], first: str) -> Mapping[str, str]:
    """Return the blocks of template.yaml; `first` is the id of the control that has a rule of its own.

    Raises CloudmendError for controls that do not fit into AWS's limits.
    """
    made, heard = policies(controls), event_rules(wakes(controls), first)
    return {
        "parameters of controls": "".join(dumped({rights_parameter(each.id): _parameter(each)}) for each in controls),
        "conditions of controls": dumped(dict(_conditions(controls, made, heard))),
        "rights of controls": dumped({RIGHTS: _rights(controls)}),
        "policies of controls": "\n".join(f"# {each.comment}\n{dumped({each.id: each.resource})}" for each in made),
        "rules of controls": "\n".join(_rule(each, made) for each in heard),
        "rules that the queue lets in": dumped([rules.source_arn(each) for each in heard]),
    }


def _rights(controls: Iterable[Control[Any]]) -> Mapping[str, Any]:
    """Return what the functions know of the parameters: words like ebs_snapshot_public=fix."""
    words = [{"Fn::Sub": f"{each.id}=${{{rights_parameter(each.id)}}}"} for each in controls]
    return {"Fn::Join": [" ", words]}


def _parameter(control: Control[Any]) -> Mapping[str, Any]:
    name, values = rights_parameter(control.id), ["fix", "observe", "off"]
    if control.put is None:
        values.remove("fix")
    return {
        "Type": "String",
        "Default": control.mode,
        "Description": f"What {control.id} may do at most. {_MEANING}",
        "AllowedValues": values,
        "ConstraintDescription": f"{name} is {', '.join(values[:-1])} or {values[-1]}.",
    }


def _conditions(
    controls: Iterable[Control[Any]], made: Iterable[ManagedPolicy], heard: Iterable[EventRule]
) -> Iterator[tuple[str, Any]]:
    """Yield what each control may do, and which policies and rules are there."""
    for control in controls:
        name, value = name_of(control.id), {"Ref": rights_parameter(control.id)}
        fixes = {"Fn::Equals": [value, "fix"]}
        yield f"Hears{name}", {"Fn::Not": [{"Fn::Equals": [value, "off"]}]}
        yield f"Undoes{name}", fixes
        yield f"Mends{name}", {"Fn::And": [{"Condition": f"Undoes{name}"}, {"Condition": "Writes"}]}
    for policy in made:
        if policy.condition == f"Has{policy.id}":
            there = _any(policy.alternatives)
            yield policy.condition, {"Fn::And": [{"Condition": policy.where}, there]} if policy.where else there
    for rule in heard:
        if len(rule.controls) > 1:
            yield rules.condition(rule), _any([f"Hears{name_of(each)}" for each in rule.controls])


def _any(conditions: Sequence[str]) -> Mapping[str, Any]:
    """Return a condition that holds if any of these does. Fn::Or takes two to ten."""
    values: list[Mapping[str, Any]] = [{"Condition": each} for each in conditions]
    while len(values) > 1:
        tens = [values[start : start + 10] for start in range(0, len(values), 10)]
        values = [{"Fn::Or": ten} if len(ten) > 1 else ten[0] for ten in tens]
    return values[0]


def _rule(rule: EventRule, made: Iterable[ManagedPolicy]) -> str:
    name, permission = rules.permission(rule)
    resource = rules.rule(rule, [each.id for each in made if each.is_always_there and RESPONDER in each.roles])
    return f"{dumped({rule.id: resource})}\n{dumped({name: permission})}"


def _tuple(names: tuple[str, ...]) -> str:
    """Return a tuple as the formatter writes it: one name is on the line itself."""
    if len(names) == 1:
        return f'("{names[0]}",)'
    return "(\n" + "".join(f'        "{name}",\n' for name in names) + "    )"


def _block(indented: str, name: str, text: str) -> str:
    return f"{indented}# generated: {name}\n{indent(text, indented)}{indented}# end"
