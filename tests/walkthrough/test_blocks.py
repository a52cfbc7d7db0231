"""Every command that the documentation shows is run by a test, or says why it is not."""

from __future__ import annotations

from walkthrough.blocks import ROOT, all_blocks


def test_every_block_of_commands_is_run_or_says_why_it_is_not() -> None:
    blocks = list(all_blocks())
    assert not [each for each in blocks if not each.kind], "write <!-- test: MARK --> or <!-- not run: why --> above it"
    assert not [each for each in blocks if each.kind == "not run" and len(each.mark.split()) < 4], "say why"


def test_every_mark_is_one_that_a_test_runs() -> None:
    """Some test names the page and the mark, or all pages of controls at once."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py")]
    marked = {(each.page, each.mark) for each in all_blocks() if each.kind == "test"}
    assert len(marked) >= 5
    for page, mark in marked:
        name = "controls/{control}.md" if page.startswith("docs/controls/") else page.rpartition("/")[2]
        assert any(name in source and f'"{mark}"' in source for source in sources), f"no test runs {mark!r} of {page}"
