"""The switch: what its parameter may say, how long that is believed, and what happens when it cannot be read."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudmend.aws.gateway import Gateway
from cloudmend.aws.stack import ModeSwitch
from support import REGION, StandingClock

NAME = "/cloudmend/mode"


class Parameters:
    """The part of an SSM client that is called; `value` None: there is no such parameter."""

    def __init__(self, value: str | None) -> None:
        self.value = value
        self.names: list[str] = []

    def get_parameter(self, Name: str) -> dict[str, Any]:  # noqa: N803 - AWS's own
        self.names.append(Name)
        if self.value is None:
            raise ClientError({"Error": {"Code": "ParameterNotFound", "Message": "none"}}, "GetParameter")
        return {"Parameter": {"Name": Name, "Value": self.value}}


class Switched:
    """A switch over a parameter, and what it told."""

    def __init__(self, value: str | None, name: str = NAME) -> None:
        self.parameters = Parameters(value)
        self.clock = StandingClock()
        self.told: list[str] = []
        gateway = Gateway(REGION, lambda _: self.parameters, self.clock)
        self.switch = ModeSwitch(gateway, name, self.clock, self.told.append)


@pytest.mark.parametrize(("value", "mode"), [("fix", "fix"), ("observe", "observe"), ("as-deployed", None)])
def test_it_says_what_the_parameter_says(value: str, mode: str | None) -> None:
    switched = Switched(value)
    assert switched.switch.mode() == mode
    assert switched.parameters.names == [NAME]
    assert not switched.told


def test_it_is_believed_for_half_a_minute() -> None:
    switched = Switched("fix")
    switched.switch.mode()
    switched.parameters.value = "observe"
    switched.clock.sleep(29)
    assert switched.switch.mode() == "fix"
    switched.clock.sleep(1)
    assert switched.switch.mode() == "observe"
    assert len(switched.parameters.names) == 2


@pytest.mark.parametrize(
    ("value", "said"), [(None, "cannot be read: ssm:GetParameter"), ("off", "says 'off'. It takes fix, observe or")]
)
def test_what_cannot_be_read_or_is_no_mode_switches_nothing_and_is_told_once(value: str | None, said: str) -> None:
    switched = Switched(value)
    for _ in range(3):
        assert switched.switch.mode() is None
        switched.clock.sleep(60)
    (sentence,) = switched.told
    assert NAME in sentence
    assert said in sentence
    assert sentence.endswith("The mode stays as it was deployed.")


def test_it_does_not_stay_on_observe_when_it_can_no_longer_be_read() -> None:
    switched = Switched("observe")
    assert switched.switch.mode() == "observe"
    switched.parameters.value = None
    switched.clock.sleep(30)
    assert switched.switch.mode() is None


def test_a_trouble_that_comes_back_is_told_again() -> None:
    switched = Switched(None)
    for value in (None, "fix", None):
        switched.parameters.value = value
        switched.switch.mode()
        switched.clock.sleep(60)
    assert len(switched.told) == 2


def test_without_a_name_nothing_is_asked() -> None:
    switched = Switched("observe", name="")
    assert switched.switch.mode() is None
    assert not switched.parameters.names
