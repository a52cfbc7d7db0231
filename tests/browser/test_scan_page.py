"""The page of `cloudmend scan --format html`, as somebody opens it who got it by mail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from browser.acts import mend_of_a_stranger, permission
from browser.chromium import Browser
from walkthrough.conftest import REGION, run

pytestmark = pytest.mark.browser

TABLE = "[aria-labelledby=findings-security_group_ingress]"


@pytest.fixture
def page(ec2: Any, group_id: str, environment: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """Its address: three rules are open, a snapshot is public, and a rule was mended that a stranger had opened."""
    ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[permission(22)])
    mend_of_a_stranger(group_id, environment, tmp_path)
    opened = [permission(3389, "128.0.0.0/1"), permission(22), permission(8022, "64.0.0.0/2")]
    opened[2].update(FromPort=22, ToPort=8022)
    ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=opened)
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    everybody = {"Add": [{"Group": "all"}]}
    sharing = {"Attribute": "createVolumePermission", "CreateVolumePermission": everybody}
    ec2.modify_snapshot_attribute(SnapshotId=snapshot, **sharing)
    path = tmp_path / "report.html"
    path.write_text(run(["cloudmend", "scan", "--region", REGION, "--format", "html"], environment).stdout)
    yield path.as_uri()
    ec2.delete_security_group(GroupId=group_id)
    ec2.delete_snapshot(SnapshotId=snapshot)


def column(browser: Browser, number: int) -> list[float]:
    """What the findings are sorted by, in the order of the rows."""
    cells = browser.all(f"{TABLE} tbody td:nth-child({number})")
    return [float(str(cell.get_attribute("data-sort"))) for cell in cells]


def test_it_is_sorted_by_the_heading_that_is_pressed(browser: Browser, page: str) -> None:
    browser.driver.get(page)
    heading = browser.find(f"{TABLE} thead th:nth-child(4)")
    button = browser.find(f"{TABLE} thead th:nth-child(4) button")
    assert len(set(column(browser, 4))) >= 3
    button.click()
    assert column(browser, 4) == sorted(column(browser, 4))
    assert heading.get_attribute("aria-sort") == "ascending"
    button.send_keys(Keys.ENTER)
    assert column(browser, 4) == sorted(column(browser, 4), reverse=True)
    assert heading.get_attribute("aria-sort") == "descending"
    assert "every AWS account" in browser.text("[aria-labelledby=findings-ebs_snapshot_public]")


def test_it_reads_well_in_the_dark_on_a_phone_and_on_paper(browser: Browser, page: str) -> None:
    browser.driver.get(page)
    browser.check_names()
    browser.shoot_all("scan")


def test_what_strangers_wrote_does_nothing(browser: Browser, page: str) -> None:
    browser.driver.get(page)
    assert "onerror" in browser.text("main")
    assert browser.driver.title.startswith("cloudmend scan")
    assert browser.all("img, td script") == []
