"""A command whose help calls what a person types by words alone, and not by Python's types."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand


class Command(TyperCommand):
    """A command of Typer's. Its arguments are shown by their metavar, as options are that have one."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, their types unnamed."""
        found: list[Any] = super().get_params(ctx)
        for each in found:
            if each.param_type_name == "argument":
                each.display_type_rich = _nothing
        return found


def _nothing(**_: Any) -> str:
    return ""
