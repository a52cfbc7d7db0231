"""What happens in the account while somebody looks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from walkthrough.conftest import ROOT, run

HOSTILE = "</td><img src=x onerror=document.title='owned'><script>document.title='owned'</script>"


def permission(port: int, source: str = "0.0.0.0/0", description: str = "a hurry") -> dict[str, Any]:
    """An IpPermission."""
    ranges = [{"CidrIp": source, "Description": description}]
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges}


def mend(group_id: str, environment: dict[str, str], event: str = "events/event.json") -> None:
    run(["cloudmend", "invoke", "-e", event, "--group", group_id], environment)


def mend_of_a_stranger(group_id: str, environment: dict[str, str], folder: Path) -> None:
    """Whoever opened it chose a hostile text for all that they may choose."""
    mend_by(HOSTILE, group_id, environment, folder)


def mend_by(text: str, group_id: str, environment: dict[str, str], folder: Path) -> None:
    """Whoever opened it chose this text for all that they may choose."""
    event = json.loads((ROOT / "events/event.json").read_text(encoding="utf-8"))
    identity = {"type": "AssumedRole", "arn": text, "userName": text}
    event["detail"].update(userIdentity=identity, userAgent=text, sourceIPAddress=text)
    path = folder / "event.json"
    path.write_text(json.dumps(event), encoding="utf-8")
    mend(group_id, environment, str(path))
