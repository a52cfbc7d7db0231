"""A policy from a file's text and from settings, which override what the file says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import msgspec
from msgspec import Struct

from cloudmend.core.errors import PolicyError
from cloudmend.core.network import AddressSet, Family, Traffic
from cloudmend.core.policy.addresses import check_limit, check_replacement, read_limit, read_replacement, read_trusted
from cloudmend.core.policy.file import PolicyFile, read_file
from cloudmend.core.policy.guarded import read_guarded
from cloudmend.core.policy.model import FAMILIES, Modes, Policy, PrefixLists, UnreadableLists
from cloudmend.core.policy.place import GUARDED_PORTS, MODE, REPLACEMENT, Document, Place, Refused, did_you_mean
from cloudmend.core.policy.review import Review
from cloudmend.core.policy.scopes import read_exemptions, read_mode, read_modes


def parse_policy(
    settings: Mapping[str, str], file: str | None = None, *, name: str = "policy.toml", controls: Collection[str] = ()
) -> Policy:
    """Return the policy of a file's TOML text, overridden by settings by environment-variable name.

    What is absent has its default; a setting that is empty is absent, and other settings are not looked at.
    `name` is what errors call the file; `controls` are the ids that it may name.

    Raises:
        PolicyError: It tells everything that is wrong: where, why, and what to write instead.
    """
    return review_policy(settings, file, name=name, controls=controls)[0]


def review_policy(
    settings: Mapping[str, str],
    file: str | None = None,
    *,
    name: str = "policy.toml",
    controls: Collection[str] = (),
    now: datetime | None = None,
) -> tuple[Policy, tuple[str, ...]]:
    """Return the same policy, and warnings of what is sound and yet probably not meant. Raises PolicyError."""
    document, review = Document(name, file or ""), Review()
    source = _Source(settings, document, read_file(document, review), review)
    policy = source.policy(controls, now)
    for family in FAMILIES:
        check_limit(policy, family, document.at("limits", f"ipv{family}"), review)
        check_replacement(policy, family, source.replacement(family)[1], review)
    if review.refusals:
        raise PolicyError(*review.refusals)
    return policy, review.warnings


class _Source(Struct, frozen=True):
    """Where a policy comes from: each value is that of its setting, else that of the file."""

    settings: Mapping[str, str]
    document: Document
    table: PolicyFile
    review: Review

    def policy(self, controls: Collection[str], now: datetime | None) -> Policy:
        """What is refused has a default in it, so that all else can be read."""
        attempt = self.review.attempt
        return Policy(
            guarded=self.guarded(),
            limits={family: attempt(1, self.limit, family) for family in FAMILIES},
            trusted={family: self.trusted(family) for family in FAMILIES},
            replacement={
                family: attempt("revoke", read_replacement, family, *self.replacement(family)) for family in FAMILIES
            },
            aws_prefix_lists=attempt("trusted", self.aws_prefix_lists),
            unreadable_prefix_lists=attempt("report", self.unreadable_prefix_lists),
            mode=self.mode(controls),
            exemptions=read_exemptions(self.table.exemption, self.document, now, self.review),
        )

    def guarded(self) -> tuple[Traffic, ...]:
        if setting := self.settings.get(GUARDED_PORTS.variable):
            given = [(item, GUARDED_PORTS) for item in setting.split(",") if item.strip()]
            return read_guarded(given, GUARDED_PORTS, self.review)
        key = self.document.at("guarded")
        items = [(item, key.at(index)) for index, item in enumerate(self.table.guarded) if item is not None]
        return read_guarded(items, key, self.review)

    def limit(self, family: Family) -> int:
        key = f"ipv{family}"
        return read_limit(family, getattr(self.table.limits, key), self.document.at("limits", key))

    def trusted(self, family: Family) -> AddressSet:
        key = self.document.at("trusted", f"ipv{family}")
        networks: tuple[str | None, ...] = getattr(self.table.trusted, f"ipv{family}")
        given = [(text, key.at(index)) for index, text in enumerate(networks) if text is not None]
        return read_trusted(family, given, key, self.review)

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
        raise Refused(
            self.document.at("aws_prefix_lists"),
            f"{value!r} is not a way to take AWS's own lists",
            did_you_mean(str(value), ("trusted", "resolved")),
        )

    def unreadable_prefix_lists(self) -> UnreadableLists:
        value = self.table.unreadable_prefix_lists
        if value == "report":
            return "report"
        if value == "revoke":
            return "revoke"
        raise Refused(
            self.document.at("unreadable_prefix_lists"),
            f"{value!r} is not what may become of a rule whose list cannot be read",
            did_you_mean(str(value), ("report", "revoke")),
        )

    def mode(self, controls: Collection[str]) -> Modes:
        """A setting takes the place of the default; `observe` also of all else: it stops every write."""
        modes = read_modes(self.table.mode, self.document, controls, self.review)
        setting = self.settings.get(MODE.variable)
        if not setting:
            return modes
        default = self.review.attempt(modes.default, read_mode, setting, MODE)
        return Modes(default=default) if default == "observe" else msgspec.structs.replace(modes, default=default)
