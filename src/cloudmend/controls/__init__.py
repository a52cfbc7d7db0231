"""The controls, in the order in which they run. A new one is a folder beside this file and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cloudmend.controls import security_group_ingress

if TYPE_CHECKING:
    from cloudmend.core.control import Control

CONTROLS: Final[tuple[Control, ...]] = (security_group_ingress.CONTROL,)
