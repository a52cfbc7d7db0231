"""The variables for a terminal, and with an organization a file that has a profile for each account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Final

from cloudmend.local.example_organization import MANAGEMENT

if TYPE_CHECKING:
    from cloudmend.local.server import EmbeddedAws

# A variable counts more than the profile that AWS_PROFILE names.
_OF_PROFILES: Final = frozenset({"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"})
_LISTED: Final = """
The organization has these accounts. Each profile is an administrator's; AWS_PROFILE or --profile chooses one.

{rows}
"""


@contextmanager
def settings(aws: EmbeddedAws) -> Iterator[Mapping[str, str]]:
    """Yield the variables for a terminal. With an organization they name a file of profiles, which goes afterwards."""
    if not aws.profiles:
        yield aws.environment
        return
    with NamedTemporaryFile("w", encoding="utf-8", prefix="cloudmend-local-", suffix=".ini") as file:
        file.write(Path(aws.environment["AWS_CONFIG_FILE"]).read_text(encoding="utf-8"))
        file.writelines(f"\n{profile.section}" for profile in aws.profiles)
        file.flush()
        kept = {name: value for name, value in aws.environment.items() if name not in _OF_PROFILES}
        yield {**kept, "AWS_PROFILE": MANAGEMENT, "AWS_CONFIG_FILE": file.name}


def listed(aws: EmbeddedAws) -> str:
    """Return the organization's accounts and their profiles, for a person; empty without an organization."""
    width = max((len(each.name) for each in aws.profiles), default=0)
    rows = (f"  {each.name:{width}}  {each.account}  {each.region}" for each in aws.profiles)
    return _LISTED.format(rows="\n".join(rows)) if aws.profiles else ""
