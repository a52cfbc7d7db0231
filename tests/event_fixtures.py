"""The events in tests/fixtures/events, by the name of their file. Written fresh: every id is invented."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

EVENTS: dict[str, Any] = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parent / "fixtures" / "events").glob("*.json"))
}
