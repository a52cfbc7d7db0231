"""The control that closes what opens a guarded port to the world."""

from __future__ import annotations

from cloudmend.controls.security_group_ingress.contract import CONTROL

__all__ = ["CONTROL"]
