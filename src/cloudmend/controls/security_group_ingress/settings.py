"""The control's settings, as quantities and sets."""

from __future__ import annotations

from typing import Literal

from cloudmend.controls.families.ranges.settings import RangeSettings

PrefixLists = Literal["trusted", "resolved"]
UnreadableLists = Literal["report", "revoke"]
Flapping = Literal["narrow", "revoke"]


class Settings(RangeSettings, frozen=True, kw_only=True):
    """The limits and replacements of the control. The defaults are those of an empty policy file."""

    aws_prefix_lists: PrefixLists = "trusted"  # those that AWS owns: trusted without a look, or resolved like any other
    unreadable_prefix_lists: UnreadableLists = "report"  # what becomes of a rule whose list AWS does not show
    flapping: Flapping = "narrow"  # what becomes of a rule that is opened for the third time within an hour

    def for_flapping(self) -> Settings:
        """Return the settings for what is opened again and again."""
        return self.revoking() if self.flapping == "revoke" else self
