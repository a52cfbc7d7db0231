"""The errors a user can meet. Each gives the problem, the place, and the action to take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

# The codes with which AWS says that the caller lacks the right to the request.
_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "AuthFailure", "UnauthorizedOperation"})


class CloudmendError(Exception):
    """A sentence for the person who has to act on it; the base of all errors below."""


class EventError(CloudmendError):
    """An event that cannot be understood. It is kept, never dropped."""


class PolicyError(CloudmendError):
    """A policy that is unreadable, unknown or contradicts itself. A bad policy does nothing.

    `faults` are all its errors: a sentence or two each, with the place.
    """

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join((*faults, "The policy was refused; nothing uses it.")))
        self.faults = faults


class InputError(CloudmendError):
    """An invalid input. Nothing was changed."""


class UnsafePlan(CloudmendError):
    """A plan that would do more than mend its findings. It is not carried out."""


class PlanChanged(CloudmendError):
    """A plan that differs from the one that a person agreed to. It is not carried out."""


class StillOpen(CloudmendError):
    """A finding is not proved closed. Raised so that the event is tried again, then kept."""


class AwsError(CloudmendError):
    """An AWS call that failed.

    `action` is the IAM name of the call ("ec2:ModifySnapshotAttribute"); `code` is AWS's error code, empty if no answer
    came. `refused` is true if AWS is known to have done nothing. `rows` are the rows of the pages that a list had
    before the page that failed.
    """

    def __init__(self, sentence: str, *, action: str, code: str, refused: bool) -> None:
        super().__init__(sentence)
        self.action = action
        self.code = code
        self.refused = refused
        self.rows: Sequence[Mapping[str, Any]] = ()

    @property
    def lasts(self) -> bool:
        """True if a retry gets the same answer: the resource does not exist, or the caller may not see it."""
        return self.code.endswith(".NotFound") or self.code in _DENIED


class LedgerError(CloudmendError):
    """An item that the ledger cannot store or return. A mend that cannot be stored is not begun."""


class TooLarge(LedgerError):
    """An entry that the ledger has no room for. Nothing was stored."""


class Busy(CloudmendError):
    """A mend of a resource that another mend by the same control is changing now. Nothing was stored."""


class BudgetSpent(CloudmendError):
    """A mend in an account that used up its budget of mended resources for the hour. Nothing was stored."""


class WrongState(CloudmendError):
    """A record whose state does not allow the requested transition. Nothing was stored."""


class UndoRefused(CloudmendError):
    """A mend that cannot be undone as requested. Nothing was changed."""


class UndoIncomplete(CloudmendError):
    """A mend that was undone in part only. A repeat of the undo completes it."""
