"""The reference page says what the table says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from liveanim.core.params import PARAMS, ParamSpec
from liveanim.library import shipped

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.mark.parametrize("row", [row for row in PARAMS.values() if row.group != "macro"], ids=lambda row: row.name)
def test_every_parameter_is_on_the_reference_page(row: ParamSpec) -> None:
    line = f"| `{row.name}` | {row.unit} | {row.low:g} .. {row.high:g} | {row.default:g} | {row.acts} | {row.doc} |"
    assert line in (DOCS / "presets.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_pictures_and_pages_that_a_page_names_are_there(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        assert "://" in link or (DOCS / link).exists(), link


def test_the_gallery_shows_every_preset() -> None:
    text = (DOCS / "gallery.md").read_text(encoding="utf-8")
    shown = re.findall(r"^## (\S+)$", text, re.MULTILINE)
    assert sorted(shown) == sorted(path.stem for path in shipped())
    assert shown == re.findall(r"^\| `(\S+)` \|", text, re.MULTILINE)
    assert [f"gallery/{name}.jpg" for name in shown] == re.findall(r"\]\((gallery/\S+)\)", text)
