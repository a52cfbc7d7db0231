"""Names as long as AWS takes them: nothing is pushed off a page, no id is broken, and the whole name can be read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browser.acts import mend_by, permission
from browser.chromium import Browser
from walkthrough.conftest import REGION, run

pytestmark = pytest.mark.browser

NAME = "production-" + "w" * 234 + "-web-tier"[:10]
WORD = "supercalifragilistic" * 12
WIDTHS = (1280, 390)

# The ids that are broken: each should stand on one line. A rectangle of no width is where a line could begin.
BROKEN = r"""
const ids = /\b(?:[a-z]+-[0-9a-f]{17}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8})\b/g
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
const broken = []
for (let text = texts.nextNode(); text; text = texts.nextNode()) {
  if (text.parentElement.closest("script, style, .hidden, svg")) continue
  for (const id of text.data.matchAll(ids)) {
    const range = document.createRange()
    range.setStart(text, id.index)
    range.setEnd(text, id.index + id[0].length)
    const lines = new Set([...range.getClientRects()].filter(each => each.width > 0).map(each => Math.round(each.top)))
    if (lines.size > 1) broken.push(`${id[0]} in ${text.parentElement.outerHTML.slice(0, 200)}`)
  }
}
return broken
"""
# What can only be seen by scrolling a table sideways.
SCROLLED = "return [...document.querySelectorAll('.scroll')].filter(each => each.scrollWidth > each.clientWidth).length"

# Cells that a phone shows with another heading than their column's.
MISLABELLED = """
return [...document.querySelectorAll("tbody td:not([colspan])")].filter(cell => {
  const heading = cell.closest("table").tHead.rows[0].cells[cell.cellIndex]
  return cell.dataset.label !== heading.textContent.trim()
}).map(cell => cell.outerHTML)
"""


@pytest.fixture
def group_id(ec2: Any) -> Iterator[str]:
    """With the longest name, a rule that is open and has the longest description, and one more."""
    vpc_id = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName=NAME, Description=WORD, VpcId=vpc_id)["GroupId"]
    opened = [permission(22, description=WORD), permission(3389, "128.0.0.0/1")]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=opened)
    yield str(group)
    ec2.delete_security_group(GroupId=group)


@pytest.fixture
def mended(ec2: Any, group_id: str, environment: dict[str, str], tmp_path: Path) -> str:
    """The group's id: it was mended once, exempted, and opened again."""
    mend_by(WORD, group_id, environment, tmp_path)
    again = [permission(port, description=WORD) for port in (22, 3389)]
    ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=again)
    return group_id


def check(browser: Browser, name: str) -> None:
    """The page, light and dark, wide and narrow."""
    for width in WIDTHS:
        for scheme in ("light", "dark"):
            browser.emulate(width=width, scheme=scheme)
            browser.shoot(f"long-{name}-{width}-{scheme}")
        assert not browser.scrolls_sideways(), width
        assert browser.driver.execute_script(BROKEN) == [], width
        assert browser.driver.execute_script(SCROLLED) == 0, width
        assert browser.driver.execute_script(MISLABELLED) == [], width
    browser.emulate(width=WIDTHS[0])


def test_the_report_shows_every_column_beside_the_longest_name(
    browser: Browser, mended: str, environment: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    path.write_text(run(["cloudmend", "scan", "--region", REGION, "--format", "html"], environment).stdout)
    browser.driver.get(path.as_uri())
    check(browser, "report")
    assert NAME in browser.text("main")
    assert WORD in browser.text("main")


def test_the_console_shows_every_column_beside_the_longest_name(
    browser: Browser, console: str, mended: str, environment: dict[str, str]
) -> None:
    (entry,) = map(json.loads, run(["cloudmend", "records", "--json"], environment).stdout.splitlines())
    grounds = ["--for", "2h", "--reason", WORD, "--owner", WORD]
    browser.driver.get(console)
    check(browser, "home")
    assert NAME in browser.text("#findings")
    run(["cloudmend", "exempt", "add", "--group", mended, *grounds], environment)
    for name, page in {"record": f"records/{entry['id']}", "exemptions": "exemptions"}.items():
        browser.driver.get(console + page)
        check(browser, name)
        assert WORD in browser.text("main")
    browser.driver.get(f"{console}records/{entry['id']}")
    browser.press(browser.find("#reason"), WORD)
    check(browser, "preview")
