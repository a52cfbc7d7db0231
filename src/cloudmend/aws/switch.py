"""The one switch that stops all writes without a deployment: a parameter in SSM Parameter Store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Literal

from cloudmend.aws.gateway import Gateway
from cloudmend.core.errors import CloudmendError
from cloudmend.core.model import Request
from cloudmend.core.ports import Clock

PERMISSIONS: Final = frozenset({"ssm:GetParameter"})

AS_DEPLOYED: Final = "as-deployed"  # a parameter cannot be empty, so this is how it says nothing
_MODES: Final[dict[str, Literal["fix", "observe"] | None]] = {"fix": "fix", "observe": "observe", AS_DEPLOYED: None}

# A storm of events must not become one of GetParameter, whose rate is limited.
_CACHED: Final = timedelta(seconds=30)


class ModeSwitch:
    """A Switch. A value that cannot be read, or is no mode, has no effect: hiding it must not disarm cloudmend."""

    def __init__(self, gateway: Gateway, name: str, clock: Clock, tell: Callable[[str], None]) -> None:
        """`name` is the parameter's, or empty. `tell` gets one sentence until the switch holds a mode again."""
        self._gateway = gateway
        self._name = name
        self._clock = clock
        self._tell = tell
        self._mode: Literal["fix", "observe"] | None = None
        self._read_again_at: datetime | None = None
        self._is_broken = False

    def mode(self) -> Literal["fix", "observe"] | None:
        now = self._clock.now()
        if self._name and (self._read_again_at is None or now >= self._read_again_at):
            self._mode = self._read()
            self._read_again_at = now + _CACHED
        return self._mode

    def _read(self) -> Literal["fix", "observe"] | None:
        try:
            answer = self._gateway.call(Request("ssm:GetParameter", {"Name": self._name}))
        except CloudmendError as error:
            self._tell_once(f"cannot be read: {error}")
            return None
        value = str(answer["Parameter"]["Value"]).strip()
        if value not in _MODES:
            self._tell_once(f"says {value!r}. It takes fix, observe or {AS_DEPLOYED}.")
            return None
        self._is_broken = False
        return _MODES[value]

    def _tell_once(self, problem: str) -> None:
        if not self._is_broken:
            self._tell(f"The switch {self._name} {problem} The mode stays as it was deployed.")
        self._is_broken = True
