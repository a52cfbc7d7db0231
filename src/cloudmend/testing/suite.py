"""The tests of the kit, and their fixtures: `from cloudmend.testing.suite import *` in a file that has SPECIMENS."""

from __future__ import annotations

from cloudmend.testing.fix import *  # noqa: F403 - tests have no callers, and the file that imports them names none
from cloudmend.testing.fixtures import *  # noqa: F403 - the same
from cloudmend.testing.notices import *  # noqa: F403 - the same
from cloudmend.testing.promises import *  # noqa: F403 - the same
from cloudmend.testing.undo import *  # noqa: F403 - the same
