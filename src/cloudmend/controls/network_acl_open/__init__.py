"""The control of network ACLs whose entries open a guarded port to the world."""

from __future__ import annotations

from cloudmend.controls.network_acl_open.contract import CONTROL

__all__ = ["CONTROL"]
