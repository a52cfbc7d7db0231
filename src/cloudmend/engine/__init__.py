"""The only place where pure meets impure: an event comes in, a resource is mended, a record goes out.

`handle` answers events, `sweep` looks everywhere; both walk through the seven stations. `tell` reports what people
did by hand. `ask_again` asks who took what was mended.
"""

from __future__ import annotations

from cloudmend.engine.handle import handle, mend_all
from cloudmend.engine.stations.taken import ask_again
from cloudmend.engine.stations.walk import mend
from cloudmend.engine.sweep import Sweep, sweep
from cloudmend.engine.undo import tell

__all__ = ["Sweep", "ask_again", "handle", "mend", "mend_all", "sweep", "tell"]
