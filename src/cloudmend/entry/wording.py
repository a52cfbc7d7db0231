"""What several commands say alike."""

from __future__ import annotations

from cloudmend.core.escaping import terminal
from cloudmend.core.ledger import TimedExemption


def exempted(exemption: TimedExemption) -> str:
    """What is left open, until when, why, and on whose word; for a terminal."""
    what = f"{exemption.group} {exemption.rule}".rstrip()
    until = f"{exemption.expires:%Y-%m-%d %H:%M} UTC"
    return terminal(f"{what} until {until}: {exemption.reason} ({exemption.owner})")
