"""A deployed stack that a command is about: its functions and their settings. This module only reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from msgspec import Struct

from cloudmend.aws.world import connection
from cloudmend.cli.doctor import reads
from cloudmend.controls import wakes
from cloudmend.controls.catalog import CATALOG
from cloudmend.core.errors import InputError
from cloudmend.core.event_rules import EventRule
from cloudmend.core.event_rules import event_rules as rules_of
from cloudmend.core.model import Json

# Resources of template.yaml.
FUNCTION: Final = "SecurityGroupRemediationLambda"
SWEEP: Final = "SweepFunction"
LOG: Final = "RemediationLogGroup"
NOTICE_RULE: Final = "NoticeRequestRule"
DEPLOYMENT_RULE: Final = "DeploymentRule"


class Stack(Struct, frozen=True, kw_only=True):
    """A stack of cloudmend's. `resources` are physical ids by logical id."""

    name: str
    region: str
    resources: Mapping[str, str]

    def function(self, logical_id: str = FUNCTION) -> Json:
        """Return the configuration of one of its functions. Raises InputError if it has none."""
        name = self.resources.get(logical_id)
        configuration = reads.function(connection(self.region).gateway, name) if name else None
        if configuration is None:
            raise InputError(f"Stack {self.name} in {self.region} has no {logical_id}: it is not cloudmend's.")
        return configuration

    def settings(self) -> Mapping[str, str]:
        """Return the environment of the function that events wake."""
        variables: Mapping[str, str] = self.function().get("Environment", {}).get("Variables", {})
        return variables


def find_stack(name: str, region: str | None) -> Stack:
    """Find a stack in a Region, or in the Region of the environment if it is None. Raises CloudmendError."""
    here = connection(region)
    if reads.stack(here.gateway, name) is None:
        raise InputError(f"There is no stack {name} in {here.region}. Pass another --stack-name or --region.")
    return Stack(name=name, region=here.region, resources=reads.resources(here.gateway, name))


def event_rules(off: Collection[str] = ()) -> tuple[EventRule, ...]:
    """Return the rules that pass on the calls that controls watch, but for controls that are off."""
    made = (rule.without(off) for rule in rules_of(wakes(), CATALOG.first))
    return tuple(rule for rule in made if rule.names)
