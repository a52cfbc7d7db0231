"""A policy from a file's text and from settings, which override what the file says."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec
from msgspec import Struct

from cloudmend.core.network import AddressSet, Family, Traffic
from cloudmend.core.policy.addresses import check_limit, check_replacement, read_limit, read_replacement, read_trusted
from cloudmend.core.policy.file import PolicyFile, read_file
from cloudmend.core.policy.guarded import read_guarded
from cloudmend.core.policy.model import FAMILIES, Modes, Policy, PrefixLists
from cloudmend.core.policy.place import GUARDED_PORTS, MODE, REPLACEMENT, Document, Place, did_you_mean
from cloudmend.core.policy.scopes import read_exemptions, read_mode, read_modes


def parse_policy(
    settings: Mapping[str, str], file: str | None = None, *, name: str = "policy.toml", controls: Collection[str] = ()
) -> Policy:
    """The policy of a file's TOML text, overridden by settings by environment-variable name.

    What is absent has its default; a setting that is empty is absent, and other settings are not looked at.
    `name` is what errors call the file; `controls` are the ids that it may name. Raises PolicyError that says
    where, why and what to write instead.
    """
    document = Document(name, file or "")
    source = _Source(settings, document, read_file(document))
    replacements = {family: source.replacement(family) for family in FAMILIES}
    policy = Policy(
        guarded=source.guarded(),
        limits={family: source.limit(family) for family in FAMILIES},
        trusted={family: source.trusted(family) for family in FAMILIES},
        replacement={family: read_replacement(family, *replacements[family]) for family in FAMILIES},
        aws_prefix_lists=source.aws_prefix_lists(),
        mode=source.mode(controls),
        exemptions=read_exemptions(source.table.exemption, document),
    )
    for family in FAMILIES:
        check_limit(policy, family, document.at("limits", f"ipv{family}"))
        check_replacement(policy, family, replacements[family][1])
    return policy


class _Source(Struct, frozen=True):
    """Where a policy comes from: each value is that of its setting, else that of the file."""

    settings: Mapping[str, str]
    document: Document
    table: PolicyFile

    def guarded(self) -> tuple[Traffic, ...]:
        if setting := self.settings.get(GUARDED_PORTS.variable):
            return read_guarded([(item, GUARDED_PORTS) for item in setting.split(",") if item.strip()], GUARDED_PORTS)
        items = [(item, self.document.at("guarded", index)) for index, item in enumerate(self.table.guarded)]
        return read_guarded(items, self.document.at("guarded"))

    def limit(self, family: Family) -> int:
        key = f"ipv{family}"
        return read_limit(family, getattr(self.table.limits, key), self.document.at("limits", key))

    def trusted(self, family: Family) -> AddressSet:
        key = self.document.at("trusted", f"ipv{family}")
        networks: tuple[str, ...] = getattr(self.table.trusted, f"ipv{family}")
        return read_trusted(family, [(text, key.at(index)) for index, text in enumerate(networks)], key)

    def replacement(self, family: Family) -> tuple[str, Place]:
        """The text and where it stands."""
        key = f"ipv{family}"
        if setting := self.settings.get(REPLACEMENT[family].variable):
            return setting, REPLACEMENT[family]
        return getattr(self.table.replacement, key), self.document.at("replacement", key)

    def aws_prefix_lists(self) -> PrefixLists:
        value = self.table.aws_prefix_lists
        if value == "trusted":
            return "trusted"
        if value == "resolved":
            return "resolved"
        place = self.document.at("aws_prefix_lists")
        raise place.error(
            f"{value!r} is not a way to take AWS's own lists", did_you_mean(str(value), ("trusted", "resolved"))
        )

    def mode(self, controls: Collection[str]) -> Modes:
        """A setting takes the place of the default; `observe` also of all else: it stops every write."""
        modes = read_modes(self.table.mode, self.document, controls)
        setting = self.settings.get(MODE.variable)
        if not setting:
            return modes
        default = read_mode(setting, MODE)
        return Modes(default=default) if default == "observe" else msgspec.structs.replace(modes, default=default)
