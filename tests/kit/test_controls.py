"""Every control, run through the kit."""

from __future__ import annotations

from cloudmend.testing.suite import *  # noqa: F403 - the tests and their fixtures
from kit.specimens import SPECIMENS as SPECIMENS
