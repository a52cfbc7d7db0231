"""The kit: it runs any control through every promise, on an embedded AWS. `docs/own-control.md` shows how it is used.

specimen.py       how a person puts a resource of a kind at fault: what a test of a control has to say
suite.py          all of the kit's tests and their fixtures, for a test file to import
promises.py, undo.py, notices.py, fix.py   those tests
bench.py          where they run: an embedded AWS, and ports that note, hinder, shuffle and crash
memory_ledger.py  a ledger in memory
plugin.py         pytest's plugin, with the fixture cloudmend_local for any project's tests
clients.py        clients of the embedded AWS, and the commands that the AWS CLI has
"""

from __future__ import annotations

import pytest

# So that an assertion that fails shows its values, as in a file of tests.
pytest.register_assert_rewrite(*(f"cloudmend.testing.{name}" for name in ("fix", "notices", "promises", "undo")))
