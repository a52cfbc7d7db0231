"""Values of a template as YAML, in the style of template.yaml: short lists in a line, functions by their tags."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

# Words without a colon at their end; none looks like a number, a comment, or the beginning of something else.
_PLAIN: Final = re.compile(r"[A-Za-z/][^\s:#\"]*(:+[^\s:#\"]+)*( [^\s:#\"]+(:+[^\s:#\"]+)*)*(:+\*)?")
# YAML 1.1 reads these as no text.
_WORDS: Final = frozenset({"on", "off", "yes", "no", "true", "false", "null", "y", "n"})
_WIDTH: Final = 96


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
