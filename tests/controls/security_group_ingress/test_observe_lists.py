"""Prefix lists, read one by one and compared with what they were: whole values, against a reader of literals."""

from __future__ import annotations

from typing import Any

import pytest

from cloudmend.controls.security_group_ingress.facts import Unread
from cloudmend.controls.security_group_ingress.observe import Lists, read_lists
from cloudmend.controls.security_group_ingress.recorded import ListState, change_of, list_before
from cloudmend.controls.security_group_ingress.settings import Settings
from cloudmend.core.contract import Difference
from cloudmend.core.errors import AwsError
from cloudmend.core.model import Request

OWN, AWS = {"PrefixListId": "pl-1", "OwnerId": "111122223333"}, {"PrefixListId": "pl-2", "OwnerId": "AWS"}
ENTRIES = [{"Cidr": "10.0.0.0/8"}, {"Cidr": "8.8.8.8/32"}]


def error(code: str, *rows: Any) -> AwsError:
    failed = AwsError(f"It failed: {code}.", action="", code=code, refused=True)
    failed.rows = rows
    return failed


class ListReader:
    """A Reader that gives each list of ids, and each list, its rows, or raises; it notes what it was asked."""

    def __init__(self, described: Any = (), **entries: Any) -> None:
        self._described = described
        self._entries = entries
        self.asked: list[tuple[Request, str]] = []

    def rows(self, request: Request, key: str) -> Any:
        self.asked.append((request, key))
        if key == "PrefixLists":
            return _given(self._described)
        return _given(self._entries[request.params["PrefixListId"].replace("-", "_")])

    lasting_rows = rows


def _given(answer: Any) -> Any:
    if isinstance(answer, AwsError):
        raise answer
    return answer


def describe(*ids: str) -> tuple[Request, str]:
    filters = [{"Name": "prefix-list-id", "Values": list(ids)}]
    return Request("ec2:DescribeManagedPrefixLists", {"Filters": filters}), "PrefixLists"


def entries_of(list_id: str, **more: int) -> tuple[Request, str]:
    return Request("ec2:GetManagedPrefixListEntries", {"PrefixListId": list_id, **more}), "Entries"


def test_lists_are_described_together_and_aws_s_own_are_trusted_unread() -> None:
    reader: Any = ListReader([OWN, AWS], pl_1=ENTRIES, pl_2=[], pl_3=ENTRIES[:1])
    found = read_lists(["pl-1", "pl-2", "pl-3"], reader, Settings())
    assert found == Lists([OWN, AWS], {"pl-1": ENTRIES, "pl-3": ENTRIES[:1]})
    assert found.image() == {"PrefixLists": [OWN, AWS], "PrefixListEntries": found.entries}
    assert reader.asked == [
        describe("pl-1", "pl-2", "pl-3"),
        entries_of("pl-1", MaxResults=100),
        entries_of("pl-3", MaxResults=100),
    ]
    resolved = read_lists(["pl-2"], ListReader([AWS], pl_2=ENTRIES), Settings(aws_prefix_lists="resolved"))  # type: ignore[arg-type]
    assert resolved == Lists([AWS], {"pl-2": ENTRIES})


def test_a_list_that_cannot_be_read_has_the_entries_before_the_failure_and_hides_no_other() -> None:
    reader: Any = ListReader([OWN], pl_1=error("InternalError", ENTRIES[0]), pl_2=ENTRIES)
    found = read_lists(["pl-1", "pl-2"], reader, Settings())
    unread = {"pl-1": Unread("It failed: InternalError.", lasts=False)}
    assert found == Lists([OWN], {"pl-1": (ENTRIES[0],), "pl-2": ENTRIES}, unread)
    assert found.image()["UnreadPrefixLists"] == {"pl-1": "It failed: InternalError."}


def test_lists_that_cannot_be_described_are_not_read() -> None:
    ids = [f"pl-{number}" for number in range(201)]
    reader: Any = ListReader(error("UnauthorizedOperation"))
    found = read_lists(ids, reader, Settings())
    assert reader.asked == [describe(*ids[:200]), describe(ids[200])]
    assert found == Lists([], {}, dict.fromkeys(ids, Unread("It failed: UnauthorizedOperation.", lasts=True)))


def test_a_portion_that_cannot_be_described_costs_itself_alone() -> None:
    ids = [f"pl-{number}" for number in range(601)]
    refused = {ids[200]: "Throttling", ids[400]: "UnauthorizedOperation"}

    class Portions(ListReader):
        def rows(self, request: Request, key: str) -> Any:
            if key == "Entries":
                return ENTRIES
            first = request.params["Filters"][0]["Values"][0]
            return _given(error(refused[first]) if first in refused else [{"PrefixListId": first}])

        lasting_rows = rows

    found = read_lists(ids, Portions(), Settings())  # type: ignore[arg-type]
    assert found.described == [{"PrefixListId": ids[0]}, {"PrefixListId": ids[600]}]
    assert list(found.entries) == [*ids[:200], ids[600]]
    assert {each: found.unread[each].lasts for each in (ids[200], ids[399], ids[400], ids[599])} == {
        ids[200]: False,
        ids[399]: False,
        ids[400]: True,
        ids[599]: True,
    }
    assert len(found.unread) == 400


IMAGE = {
    "PrefixLists": [{**OWN, "Version": 3}, AWS],
    "PrefixListEntries": {"pl-1": ENTRIES, "pl-2": [], "pl-4": ENTRIES},
    "UnreadPrefixLists": {"pl-4": "no"},
}
BOTH = frozenset({"10.0.0.0/8", "8.8.8.8/32"})


@pytest.mark.parametrize(
    ("list_id", "state"),
    [
        ("pl-1", ListState(3, BOTH)),
        ("pl-2", ListState(None, frozenset())),
        ("pl-3", ListState(None, None)),
        ("pl-4", ListState(None, None)),
    ],
)
def test_a_list_was_what_the_before_image_holds(list_id: str, state: ListState) -> None:
    assert list_before(list_id, IMAGE) == state
    assert list_before("pl-1", {**IMAGE, "UnreadPrefixLists": {}}) == ListState(3, BOTH)
    without = {key: value for key, value in IMAGE.items() if key != "UnreadPrefixLists"}
    assert list_before("pl-1", without) == ListState(3, BOTH)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (ListState(3, BOTH), "a prefix list in version 3 of 2 ranges"),
        (ListState(None, frozenset({"::/0"})), "a prefix list of 1 range"),
        (ListState(None, None), "a prefix list of unknown ranges"),
    ],
)
def test_a_list_is_told_by_its_version_and_its_number_of_ranges(state: ListState, said: str) -> None:
    assert str(state) == said


def test_of_new_ranges_the_first_three_are_named() -> None:
    was = ListState(1, frozenset({"10.0.0.0/8"}))
    four = frozenset({"4.0.0.0/8", "3.0.0.0/8", "2.0.0.0/8", "1.0.0.0/8", "10.0.0.0/8"})
    assert ListState(2, four).added(was) == "; new are 1.0.0.0/8, 2.0.0.0/8, 3.0.0.0/8 and 1 more"
    assert ListState(2, four - {"4.0.0.0/8"}).added(was) == "; new are 1.0.0.0/8, 2.0.0.0/8, 3.0.0.0/8"
    assert ListState(2, was.ranges).added(was) == ""
    assert ListState(2, None).added(was) == ""
    assert was.added(ListState(None, None)) == "; new are 10.0.0.0/8"


def test_a_list_that_is_as_it_was_has_no_difference() -> None:
    reader: Any = ListReader([{**OWN, "Version": 3}], pl_1=ENTRIES)
    assert change_of("pl-1", ListState(3, BOTH), reader) is None
    assert reader.asked == [describe("pl-1"), entries_of("pl-1")]


def test_another_version_or_range_is_a_difference() -> None:
    reader: Any = ListReader([{**OWN, "Version": 4}], pl_1=ENTRIES)
    assert change_of("pl-1", ListState(3, BOTH - {"8.8.8.8/32"}), reader) == Difference(
        part="pl-1",
        expected="a prefix list in version 3 of 1 range",
        found="a prefix list in version 4 of 2 ranges; new are 8.8.8.8/32",
    )


def test_a_list_that_is_gone_is_a_difference_and_one_that_cannot_be_read_an_error() -> None:
    gone: Any = ListReader(error("InvalidPrefixListID.NotFound"))
    told = Difference(part="pl-1", expected="a prefix list in version 3 of 2 ranges", found="no such prefix list")
    assert change_of("pl-1", ListState(3, BOTH), gone) == told
    denied: Any = ListReader([OWN], pl_1=error("UnauthorizedOperation"))
    with pytest.raises(AwsError, match="UnauthorizedOperation"):
        change_of("pl-1", ListState(3, BOTH), denied)
