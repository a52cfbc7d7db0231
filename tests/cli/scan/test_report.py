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

from cloudmend.cli.scan.formats import COLUMNS, as_csv, as_json, as_sarif, print_table
from cloudmend.cli.scan.report import SETTINGS, Report, Row, UnreadableUnit, detail_text, outcome, sections, texts
from cloudmend.controls import every
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.contract import Reach
from cloudmend.core.escaping import chat
from cloudmend.core.model import Edit
from cloudmend.core.policy.model import Decision
from hostile import hostile_texts
from records import GROUP, RULE, WHY
from support import ACCOUNT, REGION, VPC

ROW = Row(
    account=ACCOUNT,
    region=REGION,
    control="security_group_ingress",
    severity="high",
    type="AWS::EC2::SecurityGroup",
    noun="security group",
    resource=GROUP,
    name="testing",
    place=VPC.id,
    part=RULE,
    value="tcp/22 from 0.0.0.0/0",
    why=WHY,
    witness="",
    action="fix",
    outcome="would become tcp/22 from 10.0.0.0/8 (mode.default is fix)",
    after="tcp/22 from 10.0.0.0/8",
    details={"ports": "tcp/22", "source": "0.0.0.0/0", "description": "", "public_addresses": 3_702_258_688},
    reach=Reach(users=2, noun="interface", addresses=("54.1.2.3", "54.1.2.4")),
)
SNAPSHOT = Row(
    account=ACCOUNT,
    region=REGION,
    control="ebs_snapshot_public",
    severity="critical",
    type="AWS::EC2::Snapshot",
    noun="EBS snapshot",
    resource="snap-0123456789abcdef0",
    name="",
    place="",
    part="snapshot",
    value="shared with every AWS account",
    why="every AWS account may copy it",
    witness="aws ec2 copy-snapshot",
    action="fix",
    outcome="would become not shared with every AWS account (mode.default is fix)",
    after="not shared with every AWS account",
)
SETTING = Row(
    account=ACCOUNT,
    region=REGION,
    control="snapshot_block_public_access",
    severity="medium",
    type="AWS::EC2::SnapshotBlockPublicAccess",
    noun="snapshot block public access",
    scope="region",
    resource=REGION,
    name="",
    place="",
    part="State",
    value="unblocked",
    why="it is unblocked, so snapshots may be shared with every AWS account",
    witness="",
    action="fix",
    outcome="would become block-new-sharing (mode.default is fix)",
    after="block-new-sharing",
)
EXEMPT = replace(ROW, action="exempt", part="sgr-0f30ccc3fc066201b", outcome="is left open (exempt: by us)", after="")
UNREAD = UnreadableUnit(
    region="us-east-1", control="sqs_policy_public", error="sqs:ListQueues in us-east-1: no answer."
)
REPORT = Report(
    controls=("security_group_ingress", "sqs_policy_public"),
    regions=(REGION, "us-east-1"),
    looks=4,
    rows=(ROW, EXEMPT),
    unread=(UNREAD,),
)
CLEAR = {"security_group_ingress": "no port is open", "sqs_policy_public": "", "ebs_snapshot_public": ""}
HOLDS = "no port is open; no finding of sqs_policy_public, ebs_snapshot_public"
PARTLY = "1 of 4 looks, each at one control in one Region, could not be finished"

EDIT = Edit(part=RULE, before="tcp/22 from 0.0.0.0/0", after="tcp/22 from 10.0.0.0/8", did="narrowed", why=WHY)


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (
            REPORT,
            f"2 findings in 1 security group, 1 of them exempt; 2 controls looked at in 2 Regions; {PARTLY}.",
        ),
        (
            replace(REPORT, rows=(ROW, SNAPSHOT), unread=()),
            "2 findings in 1 security group and 1 EBS snapshot; 2 controls looked at in 2 Regions.",
        ),
        (
            replace(REPORT, rows=(), unread=(), clear=CLEAR),
            "No port is open; no finding of sqs_policy_public, ebs_snapshot_public; 2 controls looked at in 2 Regions.",
        ),
        (replace(REPORT, rows=(), clear=CLEAR), f"{PARTLY}. In the others {HOLDS}."),
        (replace(REPORT, rows=()), f"{PARTLY}. So nothing is known."),
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


def test_kinds_of_resources_are_counted_one_by_one_and_many_kinds_together() -> None:
    rows = [replace(SNAPSHOT, noun=noun, type=noun) for noun in ("EBS snapshot", "S3 bucket", "SQS queue")]
    three, four = replace(REPORT, rows=rows), replace(REPORT, rows=(ROW, *rows))
    assert three.summary.startswith("3 findings in 1 EBS snapshot, 1 S3 bucket and 1 SQS queue; ")
    assert four.summary.startswith("4 findings in 4 resources; ")


def test_settings_are_counted_together_and_apart_from_resources() -> None:
    other = replace(SETTING, type="AWS::EC2::SerialConsoleAccess", noun="EC2 serial console access", action="exempt")
    report = replace(REPORT, rows=(ROW, SETTING, other), unread=())
    assert report.summary.startswith("3 findings in 1 security group and 2 settings, 1 of them exempt; ")
    assert (report.counted, report.settings, report.resources) == (2, 1, 1)


def test_settings_are_a_section_of_their_own_after_the_resources_whatever_the_order() -> None:
    controls = sorted(every(), key=lambda each: not each.resource.is_setting)
    assert [
        (heading, [(control.id, list(rows)) for control, rows in found])
        for heading, found in sections((SETTING, ROW, EXEMPT), controls)
    ] == [("", [(ROW.control, [ROW, EXEMPT])]), (SETTINGS, [(SETTING.control, [SETTING])])]
    assert [heading for heading, _ in sections((SETTING,), controls)] == [SETTINGS]
    assert [heading for heading, _ in sections((ROW,), controls)] == [""]


def test_json_and_csv_say_that_a_row_is_about_a_setting() -> None:
    report = replace(REPORT, rows=(ROW, SETTING))
    assert [row["scope"] for row in json.loads(as_json(report))["rows"]] == ["resource", "region"]
    assert [row["scope"] for row in csv.DictReader(io.StringIO(as_csv(report)))] == ["resource", "region"]


def test_a_setting_that_is_the_same_in_all_regions_is_one_row_of_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    regions = [f"eu-west-{number}" for number in range(1, 5)]
    same = [replace(SETTING, region=region, resource=region) for region in regions]
    few = [replace(each, control="serial_console_access", why="it is on") for each in same[:2]]
    print_table(replace(REPORT, regions=tuple(regions), rows=(*same, *few, ROW), unread=()), every())
    said = capsys.readouterr().out
    resources, settings = said.split(f"{SETTINGS}\n")
    assert ROW.resource in resources
    assert settings.count("it is unblocked") == settings.count("all 4 Regions") == 1
    assert [settings.count(region) for region in regions] == [1, 1, 0, 0]


def test_the_row_of_what_each_vpc_has_names_each_one_once(capsys: pytest.CaptureFixture[str]) -> None:
    regions = [f"eu-west-{number}" for number in range(1, 5)]
    of_vpc = replace(SETTING, control="default_security_group", scope="vpc", why="it allows all traffic")
    ids = [f"sg-{number:017x}" for number in range(1, 5)]
    same = [
        replace(of_vpc, region=region, resource=group, part=f"sgr-{part}{group}")
        for region, group in zip(regions, ids, strict=True)
        for part in range(2)
    ]
    print_table(replace(REPORT, regions=tuple(regions), rows=tuple(same), unread=()), every())
    said = capsys.readouterr().out
    assert said.count("it allows all traffic") == 1
    assert [said.count(f"{region} {group}") for region, group in zip(regions, ids, strict=True)] == [1] * 4


def test_a_value_too_long_to_read_is_told_by_what_is_done_to_it() -> None:
    policy = replace(EDIT, before="{" * 90, after="{" * 99, did="narrowed statement one")
    assert outcome(Decision("fix", "W"), policy) == "would be mended: narrowed statement one (W)"


def test_details_are_words_numbers_or_not_known_and_none_repeats_the_value() -> None:
    details = {"ports": "tcp/22", "described_as": "a hurry", "addresses": 1 << 40, "unread": None}
    assert texts(details, "tcp/22 from ::/0") == {"described as": "a hurry"}
    assert replace(ROW, details=details).numbers == {"addresses": 1 << 40, "unread": None}
    assert [detail_text(each) for each in (1000, 1 << 40, None, "a")] == ["1,000", "2^40", "not known", "a"]
    assert (ROW.kind, SNAPSHOT.kind) == ("tcp/22", "snapshot: shared with every AWS account")
    policy = replace(SNAPSHOT, part="Policy", value="{" * 90, why="its statement lets everybody in")
    assert (policy.kind, policy.shown, SNAPSHOT.shown) == ("Policy", policy.why, SNAPSHOT.value)


def test_json_is_one_versioned_document() -> None:
    detail_text = json.loads(as_json(REPORT))
    assert (detail_text["version"], detail_text["summary"]) == (2, REPORT.summary)
    assert detail_text["rows"][0]["reach"] == {
        "status": "reachable",
        "users": 2,
        "noun": "interface",
        "addresses": ["54.1.2.3", "54.1.2.4"],
    }
    assert detail_text["rows"][0]["details"] == ROW.details
    assert detail_text["unread"] == [{"region": "us-east-1", "control": "sqs_policy_public", "error": UNREAD.error}]
    assert json.loads(as_json(replace(REPORT, rows=(SNAPSHOT,))))["rows"][0]["reach"] is None


@given(hostile_texts)
def test_json_keeps_foreign_text_to_the_letter_and_tells_a_terminal_nothing(text: str) -> None:
    written = as_json(replace(REPORT, rows=(replace(ROW, name=unicode(text)),)))
    assert json.loads(written)["rows"][0]["name"] == unicode(text)
    assert written.isascii()
    assert written.replace("\n", "").isprintable()


def test_csv_has_a_line_for_each_row() -> None:
    header, first, second = csv.reader(io.StringIO(as_csv(REPORT)))
    assert header == list(COLUMNS)
    assert dict(zip(header, first, strict=True))["addresses"] == "54.1.2.3 54.1.2.4"
    assert json.loads(dict(zip(header, first, strict=True))["details"]) == ROW.details
    assert second[header.index("action")] == "exempt"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\N{FULLWIDTH EQUALS SIGN}1"])
def test_no_cell_of_csv_is_a_formula(text: str) -> None:
    _, row = csv.reader(io.StringIO(as_csv(replace(REPORT, rows=(replace(ROW, name=text),)))))
    assert row[COLUMNS.index("name")].startswith("'")


@given(hostile_texts)
def test_foreign_text_adds_neither_lines_nor_formulas_to_csv(text: str) -> None:
    written = as_csv(replace(REPORT, rows=(replace(ROW, name=unicode(text), details={"a": unicode(text)}),)))
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
                driver_=closed(
                    name_=STRING,
                    version=STRING,
                    rules=array(
                        closed(
                            id_=STRING,
                            shortDescription=MESSAGE,
                            help=MESSAGE,
                            properties={
                                "type": "object",
                                "properties": {
                                    "tags": {"type": "array", "items": STRING, "uniqueItems": True},
                                    "security-severity": {"type": "string", "pattern": r"^\d+\.\d$"},
                                },
                                "additionalProperties": False,
                            },
                        )
                    ),
                )
            ),
            invocations=array(
                closed(
                    executionSuccessful_={"type": "boolean"},
                    toolExecutionNotifications=array(
                        closed(level=LEVEL, message_=MESSAGE, associatedRule=closed(id=STRING))
                    ),
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
    detail_text = json.loads(as_sarif(REPORT, every(), "0.1.0"))
    jsonschema.validate(detail_text, SARIF)
    (run,) = detail_text["runs"]
    first, second = run["results"]
    assert first["ruleId"] in {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert first["message"]["text"] == f"security group {GROUP} (testing): {WHY}. It {chat(ROW.outcome, 1000)}."
    assert (first["level"], first["suppressions"]) == ("error", [])
    assert second["suppressions"][0]["status"] == "accepted"
    assert first["partialFingerprints"] != second["partialFingerprints"]
    assert run["invocations"][0]["executionSuccessful"] is False
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert list(rules) == [control.id for control in every()]
    assert rules["ebs_snapshot_public"]["properties"] == {
        "security-severity": "9.5",
        "tags": ["security", "critical", "Security Hub EC2.1"],
    }
    assert rules[CONTROL.id]["help"]["text"] == CONTROL.advice
    assert "us-east-1" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


@given(hostile_texts)
def test_sarif_makes_no_link_of_foreign_text(text: str) -> None:
    report = replace(REPORT, rows=(replace(ROW, name=unicode(text), why=unicode(text) or "a", outcome=unicode(text)),))
    (result,) = json.loads(as_sarif(report, [CONTROL], "0.1.0"))["runs"][0]["results"]
    assert not set("[]<>*`") & set(result["message"]["text"])


def test_two_findings_of_one_part_are_two_results_for_code_scanning() -> None:
    report = replace(REPORT, rows=(replace(ROW, why="one"), replace(ROW, why="two")))
    results = json.loads(as_sarif(report, [CONTROL], "0.1.0"))["runs"][0]["results"]
    assert len({each["partialFingerprints"]["finding/v1"] for each in results}) == 2


def test_a_place_for_code_scanning_is_a_path_whatever_the_id_holds() -> None:
    report = replace(REPORT, rows=(replace(ROW, resource="a name/\u00e9"), ROW))
    results = json.loads(as_sarif(report, [CONTROL], "0.1.0"))["runs"][0]["results"]
    uris = [each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in results]
    assert uris == [f"{ACCOUNT}/{REGION}/a%20name/%C3%A9", f"{ACCOUNT}/{REGION}/{GROUP}"]
