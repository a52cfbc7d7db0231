"""The console as somebody uses it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from browser.chromium import Browser
from walkthrough.conftest import ROOT, run

pytestmark = pytest.mark.browser

REASON = "The vendor has no VPN yet"


@pytest.fixture
def opened(ec2: Any, group_id: str) -> str:
    """A group with two rules that are open, and one that may be."""
    permissions = [_permission(22, "a hurry"), _permission(3389, "vendor"), _permission(443, "shop")]
    ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=permissions)
    return group_id


def _permission(port: int, description: str) -> dict[str, Any]:
    source = {"CidrIp": "0.0.0.0/0", "Description": description}
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [source]}


def mend(group_id: str, environment: dict[str, str], event: str = "events/event.json") -> None:
    run(["cloudmend", "invoke", "-e", event, "--group", group_id], environment)


def sources(ec2: Any, group_id: str) -> dict[int, str]:
    """Of each ingress rule, by port."""
    (group,) = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    return {each["FromPort"]: each["IpRanges"][0]["CidrIp"] for each in group["IpPermissions"]}


def test_a_mend_appears_by_itself_and_the_doors_are_looked_at_again(
    browser: Browser, console: str, opened: str, environment: dict[str, str]
) -> None:
    browser.driver.get(console)
    assert "2 rules are open to the world" in browser.text("h1")
    assert opened in browser.text("#doors")
    assert "The ledger holds none yet." in browser.text("#mends")
    browser.find("#look-again").send_keys("")
    browser.shoot("console-open")
    mend(opened, environment)
    browser.wait(lambda: opened in browser.text("#mends"))
    browser.wait(lambda: browser.text("h1") == "Nothing is open to the world")
    assert browser.driver.switch_to.active_element.get_attribute("id") == "look-again"
    browser.wait(lambda: browser.text("#news").startswith("Updated at "))
    browser.shoot("console-mended")


def test_an_undo_is_carried_through_with_the_keyboard(
    browser: Browser, console: str, opened: str, environment: dict[str, str], ec2: Any
) -> None:
    mend(opened, environment)
    browser.driver.get(console)
    browser.link(opened).send_keys(Keys.ENTER)
    browser.find("#reason").send_keys(REASON, Keys.ENTER)  # Enter only shows what it would do
    assert "Nothing was changed yet." in browser.text(".preview")
    assert sources(ec2, opened) == {22: "10.0.0.0/8", 3389: "10.0.0.0/8", 443: "0.0.0.0/0"}
    browser.shoot("console-preview")
    browser.find(".primary").send_keys(Keys.ENTER)
    assert "is tcp/22 from 0.0.0.0/0 again" in browser.text("main")
    assert browser.text("h1 .chip") == "undone"
    assert sources(ec2, opened) == dict.fromkeys((22, 3389, 443), "0.0.0.0/0")
    browser.link("Exemptions").send_keys(Keys.ENTER)
    assert REASON in browser.text("tbody")
    browser.shoot("console-exemptions")
    browser.find("tbody button").send_keys(Keys.ENTER)
    assert "It is removed" in browser.text(".notice")
    mend(opened, environment)
    assert sources(ec2, opened) == {22: "10.0.0.0/8", 3389: "10.0.0.0/8", 443: "0.0.0.0/0"}


HOSTILE = "</td><img src=x onerror=document.title='owned'><script>document.title='owned'</script>"


def test_what_strangers_wrote_does_nothing(
    browser: Browser, console: str, opened: str, environment: dict[str, str], tmp_path: Path
) -> None:
    event = json.loads((ROOT / "events/event.json").read_text())
    identity = {"type": "AssumedRole", "arn": HOSTILE, "userName": HOSTILE}
    event["detail"].update(userIdentity=identity, userAgent=HOSTILE, sourceIPAddress=HOSTILE)
    (tmp_path / "event.json").write_text(json.dumps(event))
    mend(opened, environment, str(tmp_path / "event.json"))
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
        _check_names(browser)
        browser.emulate(scheme="dark")
        browser.shoot(f"console-{name}-dark")
        browser.emulate(media="print")
        browser.shoot(f"console-{name}-print")
        browser.emulate(width=360)
        browser.shoot(f"console-{name}-narrow")
        assert browser.driver.execute_script("return document.documentElement.scrollWidth") == 360
        browser.emulate()
        browser.shoot(f"console-{name}")


def _check_names(browser: Browser) -> None:
    """What a screen reader calls things by."""
    assert len(browser.all("h1")) == len(browser.all("main")) == len(browser.all("header")) == 1
    assert all(element.accessible_name for element in browser.all("a, button, input:not([type=hidden]), [role=region]"))
    assert all(table.find_elements("css selector", "caption") for table in browser.all("table"))


def test_a_page_that_hears_nothing_new_says_so(browser: Browser, console: str) -> None:
    browser.driver.get(console)
    browser.driver.execute_script("document.getElementById('mends').dataset.from += '-that-is-gone'")
    browser.wait(lambda: "Does cloudmend console still run?" in browser.text("#news"))
    complaints = browser.complaints()
    assert complaints
    assert all("/mends-that-is-gone - Failed to load resource" in complaint for complaint in complaints)
