"""The site that `make docs` builds: whole, and it asks nobody else for anything."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
# What a browser fetches by itself; an <a> is followed by a person.
FETCHED = {"src", "srcset", "data", "poster"}


@pytest.fixture(scope="module")
def site() -> Path:
    done = subprocess.run(["make", "--silent", "docs"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return ROOT / "build" / "site"


class Fetches(HTMLParser):
    """The addresses that a page's tags make a browser fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        wanted = FETCHED | ({"href"} if tag == "link" else set())
        self.addresses += [value for name, value in attrs if name in wanted and value]


def fetched(html: str) -> list[str]:
    parser = Fetches()
    parser.feed(html)
    styles = re.findall(r"url\(['\"]?([^'\")]+)|@import ['\"]([^'\"]+)", html)
    return parser.addresses + [first or second for first, second in styles]


def is_elsewhere(address: str) -> bool:
    return bool(re.match(r"(https?:)?//", address))


def test_no_page_and_no_style_fetches_anything_from_elsewhere(site: Path) -> None:
    files = [*site.rglob("*.html"), *site.rglob("*.css")]
    assert len(files) > len(list(DOCS.rglob("*.md")))
    for path in files:
        assert not [each for each in fetched(path.read_text(encoding="utf-8")) if is_elsewhere(each)], path


def test_no_page_has_what_the_theme_would_fetch_a_program_for(site: Path) -> None:
    """Diagrams, galleries and runnable code: the theme's script knows where to get their programs."""
    for path in site.rglob("*.html"):
        classes = set(re.findall(r"[\w-]+", " ".join(re.findall(r'class="([^"]*)"', path.read_text(encoding="utf-8")))))
        assert not classes & {"mermaid", "glightbox", "pyodide"}, path


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://unpkg.com/x"></script>',
        '<link rel="stylesheet" href="//fonts.googleapis.com/css">',
        "<style>@import 'https://fonts.googleapis.com/css'</style>",
        "<p style=\"background: url('http://example.com/x.png')\">",
    ],
)
def test_a_fetch_from_elsewhere_would_be_found(html: str) -> None:
    assert any(map(is_elsewhere, fetched(html)))
    assert not fetched('<a href="https://docs.aws.amazon.com/">AWS</a>')


def in_nav(entries: Any) -> Iterator[str]:
    """The pages of mkdocs.yml's nav."""
    for entry in entries:
        for value in entry.values():
            yield from [value] if isinstance(value, str) else in_nav(value)


def test_every_page_is_in_the_navigation_of_mkdocs_yml() -> None:
    pages = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md") if not path.match("decisions/[0-9]*.md")}
    nav = list(in_nav(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]))
    assert sorted(nav) == sorted(pages), "add the page to nav in mkdocs.yml; decisions are listed by their index"
