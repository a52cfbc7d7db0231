"""Access to the EC2 serial console, one setting of the account in each Region.

The console is for the rescue of instances. Whoever uses it needs a right in IAM and a password of the operating system.
"""

from __future__ import annotations

from typing import Any, Final

from cloudmend.controls.families.switches import ask, managed, on_off, sets, switch
from cloudmend.controls.resource_types import SERIAL_CONSOLE
from cloudmend.core.contract import NoSettings, State, Trigger, rights
from cloudmend.core.model import ApiCall, Resource, Words
from cloudmend.core.ports import Call, Reader

_FLAG: Final = "SerialConsoleAccessEnabled"


def _read(_: Resource, reader: Reader, __: NoSettings) -> State:
    answer = ask(reader, "ec2", "GetSerialConsoleAccessStatus")
    return State({_FLAG: bool(answer[_FLAG])}, context=managed(answer))


def _put(_: Resource, then: Any) -> Call:
    return Call("ec2", "EnableSerialConsoleAccess" if then else "DisableSerialConsoleAccess")


def _says(call: ApiCall) -> Any:
    return call.name == "EnableSerialConsoleAccess"


CONTROL: Final = switch(
    id="serial_console_access",
    title="The EC2 serial console may be used",
    advice="In Terraform, set enabled of aws_ec2_serial_console_access to false.",
    words=Words(
        fault="on",
        close="switch it off. Sessions that are open now stay open",
        prevent="Switch it on for the time of a rescue only.",
    ),
    resource=SERIAL_CONSOLE,
    part=_FLAG,
    values=(True, False),
    wanted=lambda _: False,
    settings=NoSettings,
    effect="whoever has the right in IAM reaches instances past their security groups",
    triggers=(
        Trigger("ec2.amazonaws.com", "DisableSerialConsoleAccess"),
        Trigger("ec2.amazonaws.com", "EnableSerialConsoleAccess"),
    ),
    says=_says,
    say=on_off,
    reads=rights("ec2:GetSerialConsoleAccessStatus", of="*"),
    writes=rights("ec2:DisableSerialConsoleAccess", of="*"),
    undoes=rights("ec2:EnableSerialConsoleAccess", of="*"),
    read=_read,
    put=sets(_put),
)
