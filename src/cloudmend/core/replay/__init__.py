"""The results of a replay of CloudTrail's records: findings that were opened, their summary, and exemptions."""

from __future__ import annotations

from cloudmend.core.replay.door import Door
from cloudmend.core.replay.formats import door_line, summary_line
from cloudmend.core.replay.reading import Reading, Unread
from cloudmend.core.replay.suggestion import Suggestion
from cloudmend.core.replay.tally import Opener, Summary, Tally

__all__ = ["Door", "Opener", "Reading", "Suggestion", "Summary", "Tally", "Unread", "door_line", "summary_line"]
