"""The tags that say whose a resource is: those whose keys end like Owner or StartedBy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cloudmend.core.model import Json

ENDINGS: Final = ("Owner", "owner", "By", "by")
# A key that a setting may name. It leaves out the keys of AWS.
KEY: Final = rf"(?!aws:)[A-Za-z0-9+=._:/@-]{{0,100}}({'|'.join(ENDINGS)})"
_SHOWN: Final = 3


def owner_in(tags: Iterable[Json]) -> dict[str, str]:
    """Return the label with the tags that say whose a resource is, in EC2's form; none if no tag does."""
    told = sorted(f"{tag['Key']}: {tag['Value']}" for tag in tags if tag["Key"].endswith(ENDINGS) and tag["Value"])
    return {"owner": "; ".join(told[:_SHOWN])} if told else {}
