"""Text that somebody else chose -> text that only says what it says, in each channel.

Session names, user agents, descriptions, tags and group names are whatever their author typed. Where a
person reads them they may not hide or reorder what follows, start a line of their own, mention anybody,
format anything or become a link. The record itself keeps them as they came.

`plural` and `counted` write the numbers of things in such sentences.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

# What mail and chat programs make a link of: a scheme's colon, and the dot of a name (IDNA has two of them).
# Numbers keep their dots: 10.0.0.0/8 becomes no link.
_LINKING: Final = re.compile(r":(?=//)|(?<=[wW]{3})[.\u3002]|[.\u3002](?=[^\W\d_])")

# Signs that programs act upon -> signs that look like them. Angle brackets make Slack's mentions and HTML's
# tags, and whoever forwards plain text may forward it there.
_WITHOUT_TAGS: Final = str.maketrans(
    {
        "<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
        ">": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
    }
)
# What else Slack's mrkdwn or Teams' Markdown acts upon. Neither has an escape that the other understands, and
# Teams' cards know no code spans, so nothing is left that needs one.
_WITHOUT_MARKUP: Final = str.maketrans(
    {
        "&": "\N{FULLWIDTH AMPERSAND}",
        "@": "\N{FULLWIDTH COMMERCIAL AT}",
        "#": "\N{FULLWIDTH NUMBER SIGN}",
        "[": "\N{FULLWIDTH LEFT SQUARE BRACKET}",
        "]": "\N{FULLWIDTH RIGHT SQUARE BRACKET}",
        "|": "\N{FULLWIDTH VERTICAL LINE}",
        "*": "\N{ASTERISK OPERATOR}",
        "~": "\N{TILDE OPERATOR}",
        "`": "\N{MODIFIER LETTER GRAVE ACCENT}",
        "\\": "\N{FULLWIDTH REVERSE SOLIDUS}",
    }
)
# Within a word an underscore formats nothing, and names that are copied keep theirs.
_FORMATTING_UNDERSCORE: Final = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_FULLWIDTH_UNDERSCORE: Final = "\N{FULLWIDTH LOW LINE}"

_ELLIPSIS: Final = "\N{HORIZONTAL ELLIPSIS}"
_NOUNS: Final = 3  # kinds of resources that a sentence counts one by one

# In a command of ours these stand inside its JSON only, which may spell any character as \uXXXX.
_ACTIVE_IN_COMMAND: Final = re.compile(rf"[^\x20-\x7e]|<|{_LINKING.pattern}")


def plain(text: str, limit: int) -> str:
    """For plain text: one line of at most `limit` characters, neither a link nor a tag."""
    return cut(_without_links(_visible(text)), limit)


def terminal(text: str) -> str:
    """For a terminal, which makes no links: one line of what can be seen, without tags."""
    return _visible(text)


def chat(text: str, limit: int) -> str:
    """For Slack and Teams alike: as `plain`, and neither a mention nor formatting, in a code span or out of it."""
    literal = _without_links(_visible(text).translate(_WITHOUT_MARKUP))
    return _FORMATTING_UNDERSCORE.sub(_FULLWIDTH_UNDERSCORE, cut(literal, limit))


def ascii_line(text: str, limit: int) -> str:
    """Return what `plain` returns, in ASCII: a question mark for each other character, a tilde where text was cut."""
    return plain(text, limit).replace(_ELLIPSIS, "~").encode("ascii", "replace").decode()


def cell(text: str, limit: int) -> str:
    """For a spreadsheet: one line of at most `limit` characters, and no formula, which would begin with a sign."""
    shown = cut(_visible(text), limit - 1)
    return f"'{shown}" if shown.startswith(("=", "+", "-", "@")) else shown


def command(text: str) -> str:
    """The same command, to the letter of what it does, with nothing in it that a reader's program acts upon.

    For a command whose JSON is the only place of foreign text. It is never cut: half a command is another one.
    """
    return _ACTIVE_IN_COMMAND.sub(_json_escape, text)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters; an ellipsis says that there were more."""
    return text if len(text) <= limit else text[: limit - 1] + _ELLIPSIS


def counted(resources: Iterable[tuple[str, Any]]) -> str:
    """Return how many resources there are of each kind, from the noun and the key of each."""
    found: defaultdict[str, set[Any]] = defaultdict(set)
    for noun, key in resources:
        found[noun].add(key)
    if len(found) > _NOUNS:
        return plural(sum(map(len, found.values())), "resource")
    return _listed([plural(len(keys), noun) for noun, keys in found.items()])


def shares(resources: Iterable[tuple[str, Any, bool]]) -> str:
    """Return of how many resources of each kind something holds: "1 of 2 queues".

    Each resource comes as its noun, its key, and whether it holds. If one comes twice, it has to hold both times.
    """
    found: defaultdict[str, dict[Any, bool]] = defaultdict(dict)
    for noun, key, holds in resources:
        found[noun][key] = holds and found[noun].get(key, True)
    if len(found) > _NOUNS:
        held = [each for keys in found.values() for each in keys.values()]
        return f"{sum(held):,} of {plural(len(held), 'resource')}"
    return _listed([f"{sum(keys.values()):,} of {plural(len(keys), noun)}" for noun, keys in found.items()])


def _listed(told: list[str]) -> str:
    """Return "a, b and c"."""
    return " and ".join(filter(None, [", ".join(told[:-1]), *told[-1:]]))


def plural(count: int, noun: str) -> str:
    """1 rule, 2 rules."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _visible(text: str) -> str:
    """Return one line, without tags and characters that nobody sees (controls, bidirectional overrides, zero widths).

    Spellings that only look different (fullwidth dots and slashes) are made the usual ones, for what follows.
    """
    shown = (c if c.isspace() or not unicodedata.category(c).startswith("C") else "" for c in text)
    return " ".join(unicodedata.normalize("NFKC", "".join(shown)).split()).translate(_WITHOUT_TAGS)


def _without_links(text: str) -> str:
    """Write links so that nobody can follow them: http(:)//example(.)com. Square brackets could make a link again."""
    return _LINKING.sub(r"(\g<0>)", text)


def _json_escape(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))
