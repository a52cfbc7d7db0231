"""docs/one-event.md draws the path that an event takes: these functions, in that order, each called by that line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from contenders import ROOT

PAGE = ROOT / "docs" / "one-event.md"
MOST_MOVES = 25
PROGRAM = """
import json, sys
from pathlib import Path
from cloudmend.aws import world
from cloudmend.core.world import at_need
from cloudmend.lambda_ import handlers
from client import event
world.threads = lambda: at_need  # one thread, so that who calls whom can be seen
root = Path(handlers.__file__).parents[1].as_posix() + "/"
stack, calls = [], []

def note(frame, kind, _):
    place = frame.f_code.co_filename
    if place.startswith(root) and kind == "call":
        stack.append(f"{place[len(root):]} {frame.f_code.co_name}")
        calls.append(tuple(stack))
    elif place.startswith(root) and kind == "return" and stack:
        stack.pop()

sys.setprofile(note)
handlers.respond(event(0), None)
sys.setprofile(None)
print()
print(json.dumps(list(dict.fromkeys(calls))))
"""
CONTROL = re.compile(r"^controls/(?:security_group_ingress/contract)\.py _(read|judge|put)$")


class Row(NamedTuple):
    """A line of the picture: a file and function, beneath the lines that are further left."""

    name: str
    chain: tuple[str, ...]


def drawn() -> Iterator[Row]:
    (picture,) = re.findall(r"```text\n(lambda_/handlers\.py.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    chain: list[str] = []
    for line in picture.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        name = " ".join(line.split()[:2])
        chain[depth:] = [name]
        yield Row(name, tuple(chain))


def named(function: str) -> str:
    """As the picture names it: a control's own functions by the contract's names."""
    found = CONTROL.match(function)
    return f"controls/NAME {found[1]}" if found else function


def test_an_event_takes_the_path_that_the_page_draws_with_fewer_than_25_moves(
    last_line_of: Callable[[str], str],
) -> None:
    rows = list(drawn())
    names = {row.name for row in rows}
    walked = [tuple(map(named, stack)) for stack in json.loads(last_line_of(PROGRAM))]
    taken = [tuple(each for each in stack if each in names) for stack in walked]
    firsts = [taken.index(row.chain) for row in rows]  # raises where it is not walked so
    assert firsts == sorted(firsts)
    assert len(rows) - 1 < MOST_MOVES
