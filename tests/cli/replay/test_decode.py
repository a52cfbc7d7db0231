"""Files in forms that hold no records: each is named, with what to do."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.replay.told import Told
from cloudmend.cli.replay import decode


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "It is empty."),
        (b"\n \n", "It is empty."),
        (gzip.compress(b"", mtime=0), "It is empty."),
        (b"PK\x03\x04 and more", "It is a ZIP archive. Decompress it"),
        (bz2.compress(b"{}"), "It is compressed by bzip2."),
        (lzma.compress(b"{}"), "It is compressed by xz."),
        (b"\x28\xb5\x2f\xfd and more", "It is compressed by zstd."),
        (b"PAR1 and more", "It is Parquet, as Security Lake and data lakes store it."),
        (b"Events:\n- AccessKeyId: x\n", "It is YAML. Run the same command with --output json."),
        (b"EVENTS\tAKIAEXAMPLE\t{}\n", "It is the AWS CLI's text"),
        (b"-------\n| LookupEvents |\n", "It is the AWS CLI's table"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "It is XML or HTML"),
        (b"# Notes", "What begins at byte 0 is not CloudTrail's JSON"),
        (b'eventname,x\n"AuthorizeSecurityGroupIngress,' + b"x" * 2000, "Its CSV cannot be read on"),
    ],
)
def test_a_file_that_holds_no_records_is_named_with_what_to_do(
    told: Callable[..., Told], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, said: str
) -> None:
    monkeypatch.setattr(decode, "LONGEST", 1000)
    (tmp_path / "1.json").write_bytes(content)
    found = told(path=tmp_path)
    assert (found.code, found.summary["read"]["records"]) == (1, 0)
    assert f"cloudmend: {tmp_path}/1.json: {said}" in found.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"name": "x", "data": 1}, "In data: The event is a number, not an object."),
        ([{"a": 1}, "prose", {"Records": "prose"}], 'The event has no "detail".'),
        ({"digestStartTime": "", "logFiles": []}, "This is a digest of CloudTrail's"),
        ({"class_uid": 6003, "metadata": {}}, "This is an event in OCSF"),
        (
            {"results": [{"eventName": "x", "@ptr": "y"}]},
            "This is a row of a query that does not hold the whole record.",
        ),
    ],
)
def test_json_that_is_no_record_is_not_understood(
    told: Callable[..., Told], tmp_path: Path, content: Any, said: str
) -> None:
    (tmp_path / "1.json").write_text(json.dumps(content))
    found = told(path=tmp_path)
    assert (found.code, found.summary["read"]["not_understood"] > 0) == (1, True)
    assert said in found.summary["read"]["first_not_understood"]
