"""The console as somebody uses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browser.acts import HOSTILE, mend, mend_of_a_stranger, permission
from browser.chromium import Browser
from walkthrough.conftest import REGION, run

pytestmark = pytest.mark.browser

REASON = "The vendor has no VPN yet"


@pytest.fixture
def opened(ec2: Any, group_id: str) -> Iterator[str]:
    """A group with two rules that are open, and one that may be: all that is open in the Region."""
    permissions = [permission(22), permission(3389), permission(443)]
    ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=permissions)
    yield group_id
    ec2.delete_security_group(GroupId=group_id)


def sources(ec2: Any, group_id: str) -> dict[int, str]:
    """Of each ingress rule, by port."""
    (group,) = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    return {each["FromPort"]: each["IpRanges"][0]["CidrIp"] for each in group["IpPermissions"]}


def test_a_mend_appears_by_itself_and_the_findings_are_looked_at_again(
    browser: Browser, console: str, opened: str, environment: dict[str, str]
) -> None:
    browser.driver.get(console)
    assert "2 findings" in browser.text("h1")
    assert opened in browser.text("#findings")
    assert "The ledger holds no mend yet." in browser.text("#mends")
    browser.find("#look-again").send_keys("")
    browser.shoot("console-open")
    mend(opened, environment)
    browser.wait(lambda: opened in browser.text("#mends"))
    browser.wait(lambda: browser.text("h1") == "Nothing but settings is at fault")
    assert browser.driver.switch_to.active_element.get_attribute("id") == "look-again"
    browser.wait(lambda: browser.text("#news").startswith("Updated at "))
    browser.shoot("console-mended")


def test_an_undo_is_carried_through_with_the_keyboard(
    browser: Browser, console: str, opened: str, environment: dict[str, str], ec2: Any
) -> None:
    mend(opened, environment)
    browser.driver.get(console)
    browser.press(browser.link(opened))
    browser.press(browser.find("#reason"), REASON)  # Enter only shows what it would do
    assert "Nothing was changed yet." in browser.text(".preview")
    assert sources(ec2, opened) == {22: "10.0.0.0/8", 3389: "10.0.0.0/8", 443: "0.0.0.0/0"}
    browser.shoot("console-preview")
    browser.press(browser.find(".primary"))
    assert "is tcp/22 from 0.0.0.0/0 again" in browser.text("main")
    assert browser.text("h1 .chip") == "undone"
    assert sources(ec2, opened) == dict.fromkeys((22, 3389, 443), "0.0.0.0/0")
    browser.press(browser.link("Exemptions"))
    assert REASON in browser.text("tbody")
    browser.shoot("console-exemptions")
    browser.press(browser.find("tbody button"))
    assert "The exemption is removed" in browser.text(".notice")
    mend(opened, environment)
    assert sources(ec2, opened) == {22: "10.0.0.0/8", 3389: "10.0.0.0/8", 443: "0.0.0.0/0"}


def test_what_strangers_wrote_does_nothing(
    browser: Browser, console: str, opened: str, environment: dict[str, str], tmp_path: Path
) -> None:
    mend_of_a_stranger(opened, environment, tmp_path)
    (entry,) = map(json.loads, run(["cloudmend", "records", "--json"], environment).stdout.splitlines())
    grounds = ["--for", "2h", "--reason", HOSTILE, "--owner", HOSTILE]
    run(["cloudmend", "exempt", "add", "--group", opened, *grounds], environment)
    for page in ("", f"records/{entry['id']}", "exemptions"):
        browser.driver.get(console + page)
        assert "onerror" in browser.text("main")
        assert browser.driver.title.endswith("cloudmend console")
        assert browser.all("img, td script") == []
    browser.shoot("console-hostile")


def test_every_page_reads_well_in_the_dark_on_a_phone_and_on_paper(
    browser: Browser, console: str, opened: str, environment: dict[str, str]
) -> None:
    mend(opened, environment)
    run(["cloudmend", "exempt", "add", "--group", opened, "--for", "2h", "--reason", REASON], environment)
    browser.driver.get(console)
    record = browser.link(opened).get_attribute("href")
    for name, address in {"home": console, "record": record, "exemptions": f"{console}exemptions"}.items():
        browser.driver.get(str(address))
        browser.check_names()
        browser.shoot_all(f"console-{name}")


@pytest.fixture
def snapshot(ec2: Any) -> Iterator[str]:
    """A snapshot that is shared with every account."""
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]
    found = str(ec2.create_snapshot(VolumeId=volume)["SnapshotId"])
    sharing = {"Attribute": "createVolumePermission", "CreateVolumePermission": {"Add": [{"Group": "all"}]}}
    ec2.modify_snapshot_attribute(SnapshotId=found, **sharing)
    yield found
    ec2.delete_snapshot(SnapshotId=found)


def test_what_another_control_finds_and_mends_is_shown_as_it_happens(
    browser: Browser, console: str, opened: str, snapshot: str, environment: dict[str, str]
) -> None:
    browser.driver.get(console)
    assert "3 findings" in browser.text("h1")
    shared = browser.text("[aria-labelledby=control-ebs_snapshot_public]")
    assert snapshot in shared
    assert "would become not shared with every AWS account" in shared
    assert opened in browser.text("[aria-labelledby=control-security_group_ingress]")
    browser.check_names()
    browser.shoot_all("console-two-controls")
    run(["cloudmend", "fix", "--region", REGION, "--resource", snapshot, "--yes"], environment)
    browser.wait(lambda: snapshot in browser.text("#mends"))
    browser.wait(lambda: "2 findings" in browser.text("h1"))
    browser.press(browser.link(snapshot))
    assert "shared with every AWS account" in browser.text(".difference del")
    assert "not shared with every AWS account" in browser.text(".difference ins")
    browser.shoot_all("console-snapshot")


def test_a_page_that_hears_nothing_new_says_so(browser: Browser, console: str) -> None:
    browser.driver.get(console)
    browser.driver.execute_script("document.getElementById('mends').dataset.from += '-that-is-gone'")
    browser.wait(lambda: "Does cloudmend console still run?" in browser.text("#news"))
    complaints = browser.complaints()
    assert complaints
    assert all("/mends-that-is-gone - Failed to load resource" in complaint for complaint in complaints)
