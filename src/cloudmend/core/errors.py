"""Every error a user can meet. Each says what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

# Codes with which AWS says that the caller may not have what was asked for.
_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "AuthFailure", "UnauthorizedOperation"})


class CloudmendError(Exception):
    """A sentence for the person who has to act on it; the base of all errors below."""


class EventError(CloudmendError):
    """An event that cannot be understood. It is kept, never dropped."""


class PolicyError(CloudmendError):
    """A policy that is unreadable, unknown or contradicts itself. A bad policy does nothing.

    `faults` are all that is wrong with it: a sentence or two each, with the place.
    """

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join((*faults, "The policy was refused; nothing uses it.")))
        self.faults = faults


class InputError(CloudmendError):
    """An invalid input. Nothing was changed."""


class UnsafePlan(CloudmendError):
    """A plan that would do more than close what is at fault. It is not carried out."""


class PlanChanged(CloudmendError):
    """A plan that is no longer the one that a person agreed to. It is not carried out."""


class StillOpen(CloudmendError):
    """A finding is not proved closed. Raised so that the event is tried again, then kept."""


class AwsError(CloudmendError):
    """AWS did not do what was asked.

    `action` is the IAM name of the call ("ec2:ModifySnapshotAttribute"); `code` is AWS's error code,
    empty where no answer came. `refused` is true when AWS is known to have done nothing. `rows` are those of the
    pages that a list had before the one that failed.
    """

    def __init__(self, sentence: str, *, action: str, code: str, refused: bool) -> None:
        super().__init__(sentence)
        self.action = action
        self.code = code
        self.refused = refused
        self.rows: Sequence[Mapping[str, Any]] = ()

    @property
    def lasts(self) -> bool:
        """Whether AWS will answer the same next time: there is no such thing, or the caller may not see it."""
        return self.code.endswith(".NotFound") or self.code in _DENIED


class LedgerError(CloudmendError):
    """The ledger cannot keep or give back something. What cannot be kept is not begun."""


class TooLarge(LedgerError):
    """An entry that the ledger has no room for. Nothing was stored."""


class Busy(CloudmendError):
    """Another mend of the same resource by the same control is under way. Nothing was stored."""


class BudgetSpent(CloudmendError):
    """The account has had mends at as many resources as it may have in an hour. Nothing was stored."""


class WrongState(CloudmendError):
    """A record is not in a state from which it can go where it was told to go. Nothing was stored."""


class UndoRefused(CloudmendError):
    """A mend that may not be taken back as it was asked. Nothing was changed."""


class UndoIncomplete(CloudmendError):
    """A mend that is taken back in part only. The same undo again completes it."""
