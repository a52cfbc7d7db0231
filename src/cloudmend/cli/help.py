"""The help of a command, the exit codes, which are the same for all commands, and the version."""

from __future__ import annotations

import inspect
import re
import sys
from typing import Any, Final

from typer.core import TyperCommand

from cloudmend.core.version import CODE_VERSION

DONE: Final = 0
INCOMPLETE: Final = 1
BAD_INPUT: Final = 2
DECLINED: Final = 3
FOUND: Final = 4

MEANINGS: Final = {
    DONE: "done, and everything was read",
    INCOMPLETE: "something was not read, not mended, not proved, or is broken or unknown",
    BAD_INPUT: "the command, its input, the settings, or the policy is invalid, or there is no terminal to ask on",
    DECLINED: "you said no",
    FOUND: "--fail-on-findings found something",
}
_EXAMPLE: Final = "Example: "
_GROUP: Final = re.compile(r"sg-[0-9a-f]{8,17}", re.ASCII)


def listed() -> str:
    """Return all codes with their meanings, in one sentence."""
    return "; ".join(f"{code} {meaning}" for code, meaning in MEANINGS.items())


class Command(TyperCommand):
    """A command of Typer's. Its arguments are shown by their metavar, as options are that have one."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, their types unnamed."""
        found: list[Any] = super().get_params(ctx)
        for each in found:
            if each.param_type_name == "argument":
                each.display_type_rich = _nothing
        return found

    def format_help_text(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - as the class has it
        """Write the help; a long example goes on as a shell's line does, so that it can be pasted."""
        from cloudmend.cli.screen import GOES_ON, continued

        text, _, example = inspect.cleandoc(self.help or "").partition(f"\n\n{_EXAMPLE}")
        with formatter.indentation():
            formatter.write_paragraph()
            formatter.write_text(text)
            formatter.write_paragraph()
            edge = " " * (formatter.current_indent + len(_EXAMPLE))
            lines = continued(" ".join(example.split()), formatter.width - len(edge) - len(GOES_ON))
            shown = f"{GOES_ON}\n{edge}".join(lines)
            formatter.write(f"{edge[: -len(_EXAMPLE)]}{_EXAMPLE}{shown}\n")

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Return what is left of the arguments; an id that stands alone is refused with the option that takes it."""
        ctx.allow_extra_args = True
        extra: list[str] = super().parse_args(ctx, args)
        taken = {name for each in self.get_params(ctx) for name in each.opts}
        if extra and not ctx.resilient_parsing:
            option = next((name for name in ("--resource", "--group") if name in taken), "")
            hint = f" Pass it as {option} {extra[0]}." if option and _GROUP.fullmatch(extra[0]) else ""
            ctx.fail(f"There is no place for {' '.join(extra)!r} here.{hint}")
        return extra


def _nothing(**_: Any) -> str:
    return ""


def version() -> None:
    """Print the version.

    Example: cloudmend version
    """
    sys.stdout.write(f"cloudmend {CODE_VERSION}\n")
