"""ULIDs are those of the specification (github.com/ulid/spec), and sort by time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmend.core.ulid import LENGTH, span, time_of, typed, ulid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The specification's own example.
EXAMPLE, EXAMPLE_TIME = "01ARYZ6S41TSV4RRFFQ69G5FAV", EPOCH + timedelta(milliseconds=1469918176385)

times = st.integers(0, 253_000_000_000_000_000).map(lambda microseconds: EPOCH + timedelta(microseconds=microseconds))
randomness = st.binary(min_size=10, max_size=10)


def test_the_time_of_the_specification_s_example_is_encoded_as_there() -> None:
    assert ulid(EXAMPLE_TIME, bytes(10))[:10] == EXAMPLE[:10]
    assert time_of(EXAMPLE) == EXAMPLE_TIME


def test_the_first_ulid_is_zeros_and_the_randomness_fills_the_rest() -> None:
    assert ulid(EPOCH, bytes(10)) == "0" * 26
    assert ulid(EPOCH, bytes(9) + b"\x01") == "0" * 25 + "1"
    assert ulid(EPOCH, b"\xff" * 10) == "0" * 10 + "Z" * 16
    assert ulid(EPOCH + timedelta(milliseconds=1), bytes(10)) == "0000000001" + "0" * 16


@given(times, times, randomness, randomness)
def test_it_sorts_by_the_millisecond(one: datetime, other: datetime, salt: bytes, pepper: bytes) -> None:
    first, second = ulid(one, salt), ulid(other, pepper)
    earlier = (one - EPOCH) // timedelta(milliseconds=1) < (other - EPOCH) // timedelta(milliseconds=1)
    assert not earlier or first < second
    assert timedelta() <= one - time_of(first) < timedelta(milliseconds=1)
    assert (len(first), first == second) == (LENGTH, first[:10] == second[:10] and salt == pepper)


@given(times, randomness, st.integers(0, LENGTH))
def test_what_begins_with_a_prefix_is_between_the_ends_of_its_span(time: datetime, salt: bytes, length: int) -> None:
    made = ulid(time, salt)
    first, last = span(made[:length])
    assert first <= made <= last
    assert first.startswith(made[:length])
    assert last.startswith(made[:length])


@pytest.mark.parametrize("text", ["", EXAMPLE[:-1], EXAMPLE + "0", EXAMPLE.lower(), EXAMPLE[:-1] + "U", "7" + "Z" * 25])
def test_what_is_no_ulid_or_past_all_time_has_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"ULID|past all time"):
        time_of(text)


def test_a_person_may_type_small_letters_and_those_that_look_like_digits() -> None:
    assert typed(" o1aryz6s4ltsv4rrffq69g5fav ") == EXAMPLE


def test_a_beginning_spans_all_that_can_follow() -> None:
    assert span("01M8") == ("01M8" + "0" * 22, "01M8" + "Z" * 22)
