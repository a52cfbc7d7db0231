"""The results of a replay of CloudTrail's records: findings that were opened, their summary, and exemptions."""

from __future__ import annotations

from cloudmend.core.replay.episode import Episode
from cloudmend.core.replay.formats import finding_line, summary_line
from cloudmend.core.replay.reading import Reading, Unread
from cloudmend.core.replay.suggestion import Suggestion
from cloudmend.core.replay.tally import NotJudged, Opener, Summary, Tally, Untold

__all__ = [
    "Episode",
    "NotJudged",
    "Opener",
    "Reading",
    "Suggestion",
    "Summary",
    "Tally",
    "Unread",
    "Untold",
    "finding_line",
    "summary_line",
]
