"""What is generated, in docs/ and elsewhere, is what the code says today."""

from __future__ import annotations

import pytest

from cloudmend.controls import every
from docs_blocks import BLOCKS, filled, named, structs
from docs_blocks.markdown import table
from write_docs import DOCS, ROOT, generated

PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def test_what_is_generated_is_as_the_code_says() -> None:
    old = [
        str(path.relative_to(ROOT))
        for path, text in generated()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    assert not old, "write them anew: make generate"


def test_each_control_has_a_page_and_no_other_page_is_there() -> None:
    assert {path.stem for path in (DOCS / "controls").iterdir()} == {control.id for control in every()}


def test_every_block_has_its_place_in_one_page() -> None:
    assert sorted(name for page in PAGES for name in named(page.read_text(encoding="utf-8"))) == sorted(BLOCKS)


def test_only_what_is_between_the_comments_is_written() -> None:
    page = "by hand\n<!-- generated: decisions -->\nold\n<!-- end -->\nby hand too\n"
    before, _, rest = filled(page).partition(" -->\n")
    block, _, after = rest.partition("<!-- end -->")
    assert (before, after) == ("by hand\n<!-- generated: decisions", "\nby hand too\n")
    assert block.strip() == BLOCKS["decisions"]()


def test_a_block_that_nothing_generates_is_an_error() -> None:
    with pytest.raises(KeyError, match="nonsense"):
        filled("<!-- generated: nonsense -->\n<!-- end -->\n")


def test_a_field_without_a_meaning_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    meanings = {**structs._meanings(), "Finding": {"part": "what is at fault"}}
    monkeypatch.setattr(structs, "_meanings", lambda: meanings)
    with pytest.raises(ValueError, match=r"^Finding in scripts/docs_blocks/meanings\.toml: .* why is in it alone"):
        structs.detail()


def test_a_bar_in_a_cell_is_an_error_rather_than_another_column() -> None:
    with pytest.raises(ValueError, match="holds a bar"):
        table(("format",), [("table|json",)])
