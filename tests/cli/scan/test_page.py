"""The page of a scan: self-contained, to be read by everybody, and inert whatever a name holds."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from hypothesis import given
from msgspec.structs import replace

from cli.scan.test_history import mended
from cli.scan.test_report import CLEAR, EXEMPT, REPORT, ROW, SETTING, SNAPSHOT, UNREAD, unicode
from cloudmend.cli.scan.page import asset, lasting, scan_page
from cloudmend.cli.scan.pictures import OpenPeriod, bars, timeline
from cloudmend.cli.scan.report import Report, Row
from cloudmend.controls import every
from cloudmend.core.ledger_records import End, LedgerRecord, StoredRecord, Unreadable
from hostile import hostile_texts
from support import NOW, REGION

UNREADABLE = Unreadable("sg-1/x", "Record sg-1/x cannot be read.")
EMPTY = replace(REPORT, rows=(), unread=(), clear=CLEAR)
OBSERVED = replace(ROW, action="observe", part="sgr-0f30ccc3fc066201c")
# Elements that have no end, and attributes whose value a browser would fetch, run or apply.
VOID = {"br", "meta"}
FETCHING = {"action", "background", "data", "formaction", "poster", "src", "srcset", "style", "xlink:href"}


class Page(HTMLParser):
    """What a browser's parser would make of a page: its elements in order, and the texts in each kind of them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)
        elif tag == "br":
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in self.open:
            self.texts.setdefault(tag, []).append(data)

    def text(self, tag: str) -> str:
        return " ".join("".join(self.texts.get(tag, [])).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def shape(self) -> list[tuple[str, list[str]]]:
        """Elements with the names of their attributes, without what any text says."""
        return [(tag, sorted(attributes)) for tag, attributes in self.elements]


def page_of(report: Report = REPORT, entries: Iterable[StoredRecord] | None = None) -> Page:
    return Page(scan_page(report, every(), entries, NOW))


def test_settings_have_a_section_of_their_own_between_the_findings_and_the_plan() -> None:
    page = page_of(replace(REPORT, rows=(ROW, SETTING)))
    headings = [attributes["id"] for attributes in page.all("h2")]
    assert headings == ["summary", "findings", "settings", "plan", "periods"]
    assert [attributes["id"] for attributes in page.all("h3")] == [
        f"findings-{each.control}" for each in (ROW, SETTING)
    ]
    assert "Settings at fault" in page.text("dt")
    assert "Settings at fault" not in page_of().text("dt")
    assert [attributes["id"] for attributes in page_of(replace(REPORT, rows=(SETTING,))).all("h2")][1] == "settings"


def test_a_bar_of_settings_comes_after_those_of_resources_however_many_they_are() -> None:
    report = replace(REPORT, rows=(ROW, *[SETTING] * 3, SNAPSHOT, SNAPSHOT))
    found = bars(report, lambda row: row.control)
    assert [bar.label for bar in found] == [each.control for each in (SNAPSHOT, ROW, SETTING)]
    assert [bar.where for bar in found][2] == "in 1 setting"


def test_a_record_that_cannot_be_read_is_a_warning_and_hides_no_door() -> None:
    page = page_of(REPORT, (UNREADABLE, mended(NOW)))
    assert UNREADABLE.problem in " ".join(page.texts["p"])
    assert "The last 1 finding of the ledger" in page.text("caption")


def entry_of(text: str) -> LedgerRecord:
    entry = mended(NOW)
    assert entry.ended
    told = replace(entry.ended.record, summary=text)
    return replace(
        entry, ended=End(NOW, told), intent=replace(entry.intent, actor=replace(entry.intent.actor, arn=text))
    )


def report_with(text: str) -> Report:
    row = replace(ROW, name=text, part=text, details={"a": f"typed: {text}"}, why=text, outcome=text, witness=text)
    return replace(REPORT, rows=(row,), unread=(replace(UNREAD, error=text),))


@pytest.mark.parametrize("report", [REPORT, EMPTY])
@pytest.mark.parametrize("entries", [None, (), (mended(NOW),)])
def test_the_page_is_well_formed_and_fetches_nothing(report: Report, entries: Iterable[StoredRecord] | None) -> None:
    page = page_of(report, entries)
    assert page.open == []
    for tag, attributes in page.elements:
        assert tag not in {"iframe", "img", "link", "object", "form", "base"}
        assert not FETCHING & set(attributes)
        assert not [name for name in attributes if name.startswith("on")]
        assert attributes.get("href", "#").startswith("#")
    assert not re.search(r"https?://|url\(|@import", scan_page(report, every(), entries, NOW))


def test_a_browser_may_run_and_apply_these_two_texts_and_nothing_else() -> None:
    page = page_of()
    (policy,) = [meta["content"] for meta in page.all("meta") if "http-equiv" in meta]
    hashes = {
        tag: b64encode(sha256("".join(page.texts[tag]).encode()).digest()).decode() for tag in ("style", "script")
    }
    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{hashes['style']}'",
        f"script-src 'sha256-{hashes['script']}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert (len(page.all("style")), len(page.all("script"))) == (1, 1)
    first = [tag for tag, _ in page.elements].index("style")
    assert [tag for tag, _ in page.elements[:first]].count("meta") == 4  # the policy stands before what it rules


@given(hostile_texts)
def test_foreign_text_adds_no_element_and_hides_nothing(text: str) -> None:
    text = unicode(text)
    page = page_of(report_with(text or "a"), [entry_of(text)])
    assert page.shape == page_of(report_with("name"), [entry_of("name")]).shape
    shown = page.text("main")
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]", shown)


def test_a_template_in_a_name_is_a_name() -> None:
    assert "{{ 7 * 7 }}" in page_of(report_with("{{ 7 * 7 }}")).text("bdi")


@pytest.mark.parametrize(
    ("rows", "in_use", "addresses"),
    [
        ((ROW, EXEMPT), "1", "2"),
        ((ROW, SNAPSHOT), "1 known", "2 known"),
        ((SNAPSHOT, replace(ROW, reach=None)), "not known", "not known"),
        ((), "0", "0"),
    ],
)
def test_what_is_not_known_of_a_finding_is_not_counted_as_none(
    rows: tuple[Row, ...], in_use: str, addresses: str
) -> None:
    page = page_of(replace(REPORT, rows=rows))
    tiles = dict(zip(page.texts["dt"], page.texts["dd"], strict=True))
    assert (tiles["Of these in use"], tiles["Public addresses behind them"]) == (in_use, addresses)


def test_everybody_can_read_it() -> None:
    page = page_of(REPORT, [mended(NOW)])
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.elements:
        named = f"{attributes.get('aria-labelledby', '')} {attributes.get('aria-describedby', '')}".split()
        assert set(named) <= set(ids)
    assert page.all("html") == [{"lang": "en"}]
    assert [len(page.all(tag)) for tag in ("h1", "header", "main", "footer")] == [1, 1, 1, 1]
    assert len(page.all("table")) == len(page.all("caption")) == 3
    assert all(heading.get("scope") in ("col", "row") for heading in page.all("th"))
    assert len([h for h in page.all("th") if h["scope"] == "col"]) == len(page.all("button"))
    assert all(picture["role"] == "img" and "aria-labelledby" in picture for picture in page.all("svg"))
    assert all(each["tabindex"] == "0" for each in page.all("div") if each.get("role") == "region")


def test_the_findings_and_the_plan_say_what_the_report_says() -> None:
    page = page_of(replace(REPORT, rows=(ROW, EXEMPT, OBSERVED)))
    told = page.text("main")
    assert "would be closed would become tcp/22 from 10.0.0.0/8 (mode.default is fix)" in told
    assert "left open on purpose is left open (exempt: by us)" in told
    assert "1 finding to mend." in told
    assert "3,702,258,688" in told
    assert "54.1.2.3" in told


def test_each_control_has_a_table_with_its_own_columns_advice_and_proof() -> None:
    page = page_of(replace(REPORT, rows=(SNAPSHOT, ROW)))
    told = page.text("main")
    headings = [text for text in page.texts["button"] if text.strip()]
    first = ["Security group", "Region", "At fault", "Public addresses", "Behind it", "What happens to it"]
    assert headings[:10] == [*first, "EBS snapshot", "Region", "At fault", "What happens to it"]
    assert "ebs_snapshot_public, critical; Security Hub EC2.1. In Terraform, remove the" in told
    assert SNAPSHOT.witness in page.text("code")
    for bar in ("ebs_snapshot_public", "tcp/22", "snapshot: shared with", REGION):
        assert bar in page.text("svg")


def test_where_all_is_exempt_or_reported_there_is_nothing_to_plan() -> None:
    assert "Nothing would be changed" in page_of(replace(REPORT, rows=(EXEMPT, OBSERVED))).text("main")


def test_a_region_that_could_not_be_read_is_told_first() -> None:
    told = page_of().text("main")
    failed = "sqs_policy_public could not look at everything in us-east-1. sqs:ListQueues in us-east-1: no answer."
    assert told.startswith(failed)


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (None, "No ledger is known here"),
        ((), "The ledger holds no record of these controls and Regions"),
        ((replace(mended(NOW), intent=replace(mended(NOW).intent, region="eu-north-1")),), "no record of these"),
        ((replace(mended(NOW), intent=replace(mended(NOW).intent, control="other")),), "no record of these"),
        ((mended(NOW),), "The last 1 finding of the ledger"),
    ],
)
def test_the_periods_are_those_of_the_ledger_or_a_sentence(entries: Iterable[StoredRecord] | None, said: str) -> None:
    assert said in page_of(REPORT, entries).text("main")


def test_bars_are_as_long_as_there_are_rules_and_parted_by_what_would_be_done() -> None:
    others = [replace(ROW, details={"ports": f"tcp/{port}"}) for port in range(2000, 2012)]
    made = bars(replace(REPORT, rows=(ROW, ROW, EXEMPT, OBSERVED, *others)), lambda row: row.kind)
    assert (made[0].label, made[0].told, made[0].where) == ("tcp/22", "4 findings", "in 1 security group")
    assert [(part.kind, part.x, part.width) for part in made[0].parts] == [
        ("fix", 0, 50),
        ("observe", 50, 25),
        ("exempt", 75, 25),
    ]
    assert (len(made), made[-1].label, made[-1].told) == (11, "3 others", "3 findings")


def door(resource: str, **fields: object) -> OpenPeriod:
    made = OpenPeriod(
        control="security_group_ingress",
        region=REGION,
        resource=resource,
        record_id="e",
        kind="mended",
        opened=NOW,
        closed=NOW,
        who="somebody",
        told="closed",
    )
    return replace(made, **fields)


def test_a_door_is_where_its_time_is_and_to_the_edge_where_it_is_open() -> None:
    hour = timedelta(hours=1)
    periods = [
        door("sg-a", opened=NOW, closed=NOW + hour),
        door("sg-b", opened=NOW + 2 * hour, closed=NOW + 2 * hour),
        door("sg-a", opened=NOW + 3 * hour, closed=None, kind="open"),
    ]
    picture = timeline(periods, NOW + 4 * hour)
    first, second = picture.lanes
    assert [(part.kind, part.x, part.width) for part in first.parts] == [("mended", 0, 25), ("open", 75, 25)]
    (brief,) = second.parts
    assert (first.label, second.label, brief.x) == ("sg-a", "sg-b", 50)
    assert 0 < brief.width < 1
    assert [tick.label for tick in picture.ticks] == [f"24 Nov {hour:02}:00" for hour in range(7, 12)]


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.44, "0.4 s"), (59.94, "59.9 s"), (61, "1 minute 1 second"), (47029489, "544 days 7 hours")]
)
def test_how_long_a_door_was_open_is_told_in_tenths_of_seconds_or_in_words(seconds: float, said: str) -> None:
    assert lasting(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize("seconds", [60, 200, 240, 3600, 3 * 86400, 4 * 86400, 400 * 86400])
def test_no_two_marks_of_a_timeline_say_the_same(seconds: int) -> None:
    picture = timeline([door("sg-a", opened=NOW)], NOW + timedelta(seconds=seconds))
    assert len({tick.label for tick in picture.ticks}) == len(picture.ticks) == 5


def test_a_timeline_has_twenty_lanes_of_the_groups_that_were_opened_last() -> None:
    periods = [door(f"sg-{number}", opened=NOW + timedelta(days=number)) for number in range(25)]
    picture = timeline(periods, NOW + timedelta(days=25))
    assert (len(picture.lanes), picture.lanes[0].label, picture.left_out) == (20, "sg-24", 5)
    assert picture.ticks[0].label == "29 Nov 2026"


def test_a_timeline_without_periods_or_of_this_very_moment_is_no_error() -> None:
    assert not timeline((), NOW).lanes
    (lane,) = timeline([door("sg-a", closed=None)], NOW).lanes
    assert lane.parts[0].x <= 100


def channels(colour: str) -> list[float]:
    values = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in values]


def luminance(colour: str) -> float:
    """As WCAG 2.2 defines it."""
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), channels(colour), strict=True))


@pytest.mark.parametrize("theme", [0, 1, 2], ids=["light", "dark", "print"])
def test_every_colour_of_text_has_the_contrast_that_wcag_asks_for(theme: int) -> None:
    block = re.findall(r":root \{(.*?)\}", asset("style.css"), re.DOTALL)[theme]
    colours = dict(re.findall(r"--(\w+): (#\w{6});", block))
    for ink in ("ink", "soft", "link", "fix", "observe", "exempt", "mended"):
        for ground in ("paper", "raised"):
            lighter, darker = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (ink, ground)
