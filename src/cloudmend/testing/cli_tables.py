"""The commands that the pinned AWS CLI has, by its own tables."""

from __future__ import annotations

from functools import cache
from typing import Any

from awscli.clidriver import create_clidriver


@cache
def _services() -> Any:
    return create_clidriver()._get_command_table()


@cache
def operations(service: str) -> frozenset[str]:
    """The subcommands of a service's command; none if there is no such command."""
    command = _services().get(service)
    return frozenset(command._get_command_table()) if command else frozenset()
