"""ULIDs: ids of 26 characters that sort by the millisecond in which they were made (github.com/ulid/spec)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

LENGTH: Final = 26  # characters
TIME_LENGTH: Final = 10  # of those: the milliseconds since 1970
SHORTEST: Final = 6  # characters of a prefix that a command takes: they span four and a half minutes

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base32
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_READ_AS: Final = str.maketrans("ILO", "110")  # Crockford's: letters that a person may read for a digit


def ulid(time: datetime, randomness: bytes) -> str:
    """Return the ULID of a time and ten bytes."""
    milliseconds = (time - _EPOCH) // timedelta(milliseconds=1)
    number = int.from_bytes(milliseconds.to_bytes(6) + randomness)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(5 * LENGTH - 5, -1, -5))


def time_of(text: str) -> datetime:
    """Return the time of a ULID, to the millisecond. Raises ValueError for a text that is none, or is past all time."""
    if len(text) != LENGTH or not set(text) <= set(_ALPHABET):
        raise ValueError(f"{text!r} is not a ULID")
    number = 0
    for character in text[:TIME_LENGTH]:
        number = number * 32 + _ALPHABET.index(character)
    try:
        return _EPOCH + timedelta(milliseconds=number)
    except OverflowError:
        raise ValueError(f"{text!r} is of a time past all time") from None


def span(prefix: str) -> tuple[str, str]:
    """Return the first and the last ULID that begin so."""
    return prefix.ljust(LENGTH, _ALPHABET[0]), prefix.ljust(LENGTH, _ALPHABET[-1])


def typed(text: str) -> str:
    """Return a ULID, or the beginning of one, as it is spelled: people may type small letters, and O for 0."""
    return text.strip().upper().translate(_READ_AS)
