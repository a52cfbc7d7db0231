"""The event that `cloudmend invoke` handles, from a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from cloudmend.core.errors import EventError

# Where the call of an event was made; without these it was made here.
_PLACE: Final = frozenset({"account", "region", "awsRegion", "recipientAccountId"})


def read_event(path: Path, group: str | None) -> Any:
    """The event in a file, or, with a group id put in, one about that group of here.

    Raises EventError that names the file and the place in it.
    """
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        event = json.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise EventError(f"The event cannot be read ({error}). Pass a JSON file, such as events/event.json.") from None
    except ValueError as error:
        raise EventError(f"The event {path} is not JSON ({error}). Correct it there.") from None
    return _with_group(event, group) if group else event


def _with_group(event: Any, group: str) -> Any:
    """The event as if it named this group, of here; what is no event stays as it is, to be refused as such."""
    if not isinstance(event, dict) or not isinstance(event.get("detail"), dict):
        return event
    detail = event["detail"]
    request = detail.get("requestParameters")
    named = {**(request if isinstance(request, dict) else {}), "groupId": group}
    envelope = {key: value for key, value in event.items() if key not in _PLACE}
    record = {key: value for key, value in detail.items() if key not in _PLACE}
    return {**envelope, "detail": {**record, "requestParameters": named}}
