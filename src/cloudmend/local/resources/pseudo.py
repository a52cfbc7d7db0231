"""The pseudo parameters that a Region decides."""

from __future__ import annotations

from typing import Any

from moto.cloudformation.parsing import ResourceMap

from cloudmend.core.partitions import partition_of


class Resources(ResourceMap):
    """A stack's resources. moto: has every Region in the partition aws, whose hosts end in amazonaws.com."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        partition = partition_of(self._region_name)
        self._parsed_resources |= {"AWS::Partition": partition.id, "AWS::URLSuffix": partition.url_suffix}
