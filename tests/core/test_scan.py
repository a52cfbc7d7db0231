"""The report of a scan: what it comes to, and what other programs read of it."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from msgspec.structs import replace

from cloudmend.controls.security_group_ingress.functions import CONTROL
from cloudmend.core.decide import Decision
from cloudmend.core.model import Edit, Json
from cloudmend.core.scan import Attached, Report, Row, Unread, as_csv, as_json, as_sarif, attached_to, outcome
from hostile import hostile_texts
from records import GROUP, RULE, WHY
from support import ACCOUNT, REGION, VPC

ROW = Row(
    account=ACCOUNT,
    region=REGION,
    group=GROUP,
    group_name="testing",
    vpc=VPC.id,
    rule=RULE,
    description="",
    ports="tcp/22",
    source="0.0.0.0/0",
    public_addresses=3_702_258_688,
    interfaces=2,
    attached_addresses=("54.1.2.3", "54.1.2.4"),
    control="security_group_ingress",
    why=WHY,
    action="fix",
    outcome="would become tcp/22 from 10.0.0.0/8 (mode.default is fix)",
    after="tcp/22 from 10.0.0.0/8",
)
EXEMPT = replace(ROW, action="exempt", rule="sgr-0f30ccc3fc066201b", outcome="is left open (exempt: by us)", after="")
UNREAD = Unread(region="us-east-1", error="ec2:DescribeRegions in us-east-1: no answer.")
REPORT = Report(regions=(REGION,), rows=(ROW, EXEMPT), all_clear="no port is open", unread=(UNREAD,))

EDIT = Edit(part=RULE, before="tcp/22 from 0.0.0.0/0", after="tcp/22 from 10.0.0.0/8", did="narrowed", why=WHY)


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (REPORT, "2 rules at fault in 1 group, 1 of them exempt; 1 Region read; 1 Region could not be read in full."),
        (replace(REPORT, regions=("a", "b"), rows=(), unread=()), "No port is open; 2 Regions read."),
        (
            replace(REPORT, rows=()),
            "1 Region could not be read in full. No port is open in what was read of 1 Region.",
        ),
        (replace(REPORT, regions=(), rows=()), "1 Region could not be read in full. So nothing is known."),
    ],
)
def test_a_line_sums_it_up(report: Report, said: str) -> None:
    assert report.summary == said


def test_what_is_exempt_does_not_count() -> None:
    assert REPORT.counted == 1


@pytest.mark.parametrize(
    ("action", "edit", "said"),
    [
        ("fix", EDIT, "would become tcp/22 from 10.0.0.0/8 (W)"),
        ("fix", replace(EDIT, after=""), "would be removed (W)"),
        ("observe", EDIT, "is only reported (W), otherwise would become tcp/22 from 10.0.0.0/8"),
        ("exempt", EDIT, "is left open (W)"),
    ],
)
def test_an_outcome_says_what_would_be_done_and_by_which_line_of_the_policy(action: Any, edit: Edit, said: str) -> None:
    assert outcome(Decision(action, "W"), edit) == said


def test_behind_a_group_are_its_interfaces_and_their_public_addresses() -> None:
    association = {"Association": {"PublicIp": "54.1.2.3"}}
    interfaces: list[Json] = [
        {
            "Groups": [{"GroupId": "sg-a"}, {"GroupId": "sg-b"}],
            **association,
            "PrivateIpAddresses": [association, {"Association": {"PublicIp": "54.1.2.4"}}, {}],
            "Ipv6Addresses": [{"Ipv6Address": "2600:1f18::1"}, {"Ipv6Address": "fd00::1"}],
        },
        {"Groups": [{"GroupId": "sg-a"}]},
    ]
    addresses = ("2600:1f18::1", "54.1.2.3", "54.1.2.4")
    assert attached_to(interfaces) == {"sg-a": Attached(2, addresses), "sg-b": Attached(1, addresses)}


def test_json_is_one_versioned_document() -> None:
    told = json.loads(as_json(REPORT))
    assert (told["version"], told["summary"]) == (1, REPORT.summary)
    assert told["rows"][0]["attached_addresses"] == ["54.1.2.3", "54.1.2.4"]
    assert told["unread"] == [{"region": "us-east-1", "error": UNREAD.error}]


@given(hostile_texts)
def test_json_keeps_foreign_text_to_the_letter_and_tells_a_terminal_nothing(text: str) -> None:
    written = as_json(replace(REPORT, rows=(replace(ROW, description=unicode(text)),)))
    assert json.loads(written)["rows"][0]["description"] == unicode(text)
    assert written.isascii()
    assert written.replace("\n", "").isprintable()


def test_csv_has_a_line_for_each_row() -> None:
    header, first, second = csv.reader(io.StringIO(as_csv(REPORT)))
    assert header == list(Row.__struct_fields__)
    assert dict(zip(header, first, strict=True))["attached_addresses"] == "54.1.2.3 54.1.2.4"
    assert second[header.index("action")] == "exempt"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\N{FULLWIDTH EQUALS SIGN}1"])
def test_no_cell_of_csv_is_a_formula(text: str) -> None:
    _, row = csv.reader(io.StringIO(as_csv(replace(REPORT, rows=(replace(ROW, description=text),)))))
    assert row[Row.__struct_fields__.index("description")].startswith("'")


@given(hostile_texts)
def test_foreign_text_adds_neither_lines_nor_formulas_to_csv(text: str) -> None:
    written = as_csv(replace(REPORT, rows=(replace(ROW, group_name=unicode(text), description=unicode(text)),)))
    assert len(written.splitlines()) == 2
    _, row = csv.reader(io.StringIO(written))
    assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t"))]


def unicode(text: str) -> str:
    """What EC2 may answer: it knows no half of a surrogate pair."""
    return text.encode("utf-8", "ignore").decode()


def closed(**properties: Any) -> dict[str, Any]:
    """The schema of an object that holds these and nothing else; the required ones end in an underscore."""
    named = {name.rstrip("_"): schema for name, schema in properties.items()}
    required = [name.rstrip("_") for name in properties if name.endswith("_")]
    return {"type": "object", "properties": named, "required": required, "additionalProperties": False}


STRING = {"type": "string", "minLength": 1}
MESSAGE = closed(text_=STRING)
LEVEL = {"enum": ["none", "note", "warning", "error"]}


def array(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema}


# Of sarif-schema-2.1.0.json, the part that is used here, with what GitHub requires beyond it (locations).
SARIF = closed(
    version_={"const": "2.1.0"},
    runs_=array(
        closed(
            tool_=closed(
                driver_=closed(name_=STRING, version=STRING, rules=array(closed(id_=STRING, shortDescription=MESSAGE)))
            ),
            invocations=array(
                closed(
                    executionSuccessful_={"type": "boolean"},
                    toolExecutionNotifications=array(closed(level=LEVEL, message_=MESSAGE)),
                )
            ),
            results_=array(
                closed(
                    ruleId_=STRING,
                    level=LEVEL,
                    message_=MESSAGE,
                    locations_=array(
                        closed(
                            physicalLocation_=closed(artifactLocation_=closed(uri_=STRING)),
                            logicalLocations=array(closed(name=STRING, fullyQualifiedName=STRING, kind=STRING)),
                        )
                    ),
                    partialFingerprints={"type": "object", "additionalProperties": {"type": "string"}},
                    suppressions=array(
                        closed(
                            kind_={"enum": ["inSource", "external"]},
                            status={"enum": ["accepted", "underReview", "rejected"]},
                            justification=STRING,
                        )
                    ),
                )
            ),
        )
    ),
)
SARIF["properties"]["$schema"] = STRING


def test_sarif_is_a_run_with_a_result_for_each_row() -> None:
    told = json.loads(as_sarif(REPORT, [CONTROL], "0.1.0"))
    jsonschema.validate(told, SARIF)
    (run,) = told["runs"]
    first, second = run["results"]
    assert first["ruleId"] in {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert first["message"]["text"] == f"{GROUP} (testing): {WHY}. It {ROW.outcome}."
    assert (first["level"], first["suppressions"]) == ("error", [])
    assert second["suppressions"][0]["status"] == "accepted"
    assert first["partialFingerprints"] != second["partialFingerprints"]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert "us-east-1" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


@given(hostile_texts)
def test_sarif_makes_no_link_of_foreign_text(text: str) -> None:
    report = replace(REPORT, rows=(replace(ROW, group_name=unicode(text)),))
    (result,) = json.loads(as_sarif(report, [CONTROL], "0.1.0"))["runs"][0]["results"]
    assert not set("[]<>*`") & set(result["message"]["text"])
