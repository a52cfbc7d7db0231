"""Unpack text that came as base64, compressed or not. Few bytes can hold gigabytes, so decompression has a bound."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Final

from cloudmend.core.errors import EventError

LARGEST: Final = 1 << 24  # bytes of one text, decompressed: ten times what CloudWatch Logs puts into one

_GZIP: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 31  # zlib's word for gzip's header


def unpacked(text: str, most: int) -> tuple[str, int]:
    """Return what base64 holds, as text, and the bytes that were decompressed for it.

    Raises EventError for what is none, and where more than `most` bytes, or LARGEST, would be decompressed.
    """
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise EventError("It is neither JSON nor base64. Send it as the AWS service wrote it.") from None
    size = 0
    if content.startswith(_GZIP):
        content = _inflated(content, min(most, LARGEST))
        size = len(content)
    return content.decode(errors="replace"), size


def _inflated(content: bytes, most: int) -> bytes:
    stream = zlib.decompressobj(_GZIP_WINDOW)
    try:
        inflated = stream.decompress(content, most + 1)
    except zlib.error as error:
        raise EventError(f"Its gzip data are damaged ({error}). Send it as the AWS service wrote it.") from None
    if len(inflated) > most:
        raise EventError(f"It holds more than {most:,} bytes once it is decompressed. Send smaller batches.")
    if not stream.eof:
        raise EventError("Its gzip data end too early. Send it as the AWS service wrote it.")
    return inflated
