"""The pseudo parameters that a Region decides, and the conditions that an update turns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from moto.cloudformation.parsing import ResourceMap

from cloudmend.core.partitions import partition_of


class Resources(ResourceMap):
    """A stack's resources. moto: has every Region in the partition aws, whose hosts end in amazonaws.com; an update
    does not see that another value of a parameter turns a condition.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        partition = partition_of(self._region_name)
        self._parsed_resources |= {"AWS::Partition": partition.id, "AWS::URLSuffix": partition.url_suffix}

    def build_resource_diff(
        self, other_template: dict[str, Any], parameters: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the names of resources to add, to modify and to remove."""
        found = super().build_resource_diff(other_template, parameters)
        if parameters is None:
            return found
        then = self._conditions(other_template, parameters)
        turned = {name for name, holds in then.items() if bool(self.lazy_condition_map.get(name)) is not holds}
        for name, resource in other_template["Resources"].items():
            if name in self._resource_json_map and turned & {*_conditions_of(resource)}:
                was, will = self[name] is not None, then.get(resource.get("Condition"), True)
                action = "Modify" if was and will else "Add" if will else "Remove" if was else ""
                found = {
                    key: [*({*names} - {name}), *([name] if key == action else ())] for key, names in found.items()
                }
        return found

    def update(self, template: dict[str, Any], parameters: dict[str, Any] | None = None) -> None:
        """Update the stack, and forget what is gone: it may come again."""
        super().update(template, parameters)
        for name in set(self._parsed_resources) & set(self._resource_json_map):
            condition = self._resource_json_map[name].get("Condition")
            if condition and not self.lazy_condition_map[condition]:
                del self._parsed_resources[name]

    def _conditions(self, template: dict[str, Any], parameters: dict[str, Any]) -> Mapping[str, bool]:
        """Return which conditions hold with these parameters."""
        names: tuple[Any, ...] = (
            self.stack_id,
            "",
            parameters,
            {},
            self._region_name,
            self._account_id,
            template,
            None,
        )
        then = Resources(*names)
        then.load_mapping()
        then.load_parameters()
        then.load_conditions()
        return {name: bool(then.lazy_condition_map[name]) for name in template.get("Conditions", {})}


def _conditions_of(value: Any) -> Iterator[str]:
    """Yield the conditions that a resource, or a part of it, depends on."""
    if isinstance(value, dict):
        if isinstance(value.get("Condition"), str):
            yield value["Condition"]
        if "Fn::If" in value:
            yield value["Fn::If"][0]
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _conditions_of(inner)
