"""In the quick profile a few of a family that one factory makes run through the kit; the deep one has them all."""

from __future__ import annotations

import pytest

from kit.specimens import DEEP


@pytest.hookimpl(tryfirst=True)  # before pytest chooses by marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what the kit does with these specimens."""
    for item in items:
        of = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        if of.get("specimen") in DEEP:
            item.add_marker(pytest.mark.deep)
