"""Resources whose parts list the sources that they admit: the sources at fault, and the lists without them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_interface
from typing import NamedTuple

from cloudmend.controls.families.ranges.exposure import excesses, exposed
from cloudmend.controls.families.ranges.settings import RangeSettings
from cloudmend.core.exposure import Opening
from cloudmend.core.network import FAMILIES, Network, Traffic, lies_inside


class Source(NamedTuple):
    """A range of addresses, as AWS spells it, that one part of a resource admits to some ports."""

    part: str
    traffic: Traffic
    text: str

    @property
    def network(self) -> Network:
        """The range; an address without a mask is a range of one."""
        return _network(self.text)

    @property
    def mark(self) -> str:
        """The source and its ports: the name that an exemption gives it."""
        return f"{self.part} from {self.text}"


def too_wide(sources: Iterable[Source], settings: RangeSettings, others: str) -> Iterator[tuple[Source, str]]:
    """Yield each source at fault, and a reason. Of sources that are too wide only together, the widest go first.

    `others` is the noun of the rest in a sentence: "its other sources".
    """
    guarded = [source for source in sources if settings.opens_guarded(source.traffic)]
    for family in FAMILIES:
        found = [
            (source, Opening(source.traffic, exposed([source.network], family, settings)))
            for source in guarded
            if source.network.version == family
        ]
        found.sort(key=lambda each: (-each[1].addresses.size, each[0].mark))
        for excess in excesses([opening for _, opening in found], family, settings, others):
            source = found[excess.index][0]
            yield source, f"{source.mark} {excess.told}"


def exposes(sources: Iterable[Source], settings: RangeSettings) -> bool:
    """Return whether any source opens a guarded port to a public address that is not trusted."""
    return any(settings.opens_guarded(each.traffic) and settings.exposes(each.network) for each in sources)


def narrowed(listed: Sequence[str], faults: Iterable[str], replacements: Iterable[Network]) -> list[str]:
    """Return a list with the replacements in place of its faults: each range once, and what stays in its order."""
    gone, new = set(faults), list(map(str, replacements))
    return list(dict.fromkeys(text for each in listed for text in (new if each in gone else (each,))))


def narrowing(what: str, before: Sequence[str], after: Sequence[str]) -> str:
    """Return in words how a list of sources was narrowed. `what` has the list, such as "its public endpoint"."""
    gone = [each for each in before if each not in after]
    new = [each for each in after if each not in before]
    return f"narrowed {what} from {', '.join(gone)} to {', '.join(new) or 'its other sources'}"


def only_narrows(now: Iterable[str], then: Iterable[str]) -> bool:
    """Return whether each range of a list is one that was in it, or lies inside one."""
    was = [_network(each) for each in now]
    return all(any(lies_inside(_network(each), outer) for outer in was) for each in then)


def _network(text: str) -> Network:
    """Return the range of an address with its mask; bits beyond the mask do not count."""
    return ip_interface(text).network
