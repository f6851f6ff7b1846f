"""Pages name what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from liveanim.library import read_preset, shipped

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_pictures_and_pages_that_a_page_names_are_there(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        assert "://" in link or (DOCS / link).exists(), link


def test_the_gallery_shows_every_preset_and_names_its_scenes() -> None:
    text = (DOCS / "gallery.md").read_text(encoding="utf-8")
    shown = re.findall(r"^## (\S+)$", text, re.MULTILINE)
    assert sorted(shown) == sorted(path.stem for path in shipped())
    assert shown == re.findall(r"^\| `(\S+)` \|", text, re.MULTILINE)
    scenes = {path.stem: [f"`{scene.name}`" for scene in read_preset(path).scenes] for path in shipped()}
    rows = [row for name in shown for row in (name, *[f"scenes/{name}"] * bool(scenes[name]))]
    assert [f"gallery/{row}.jpg" for row in rows] == re.findall(r"\]\((gallery/\S+)\)", text)
    assert [", ".join(scenes[name]) for name in shown if scenes[name]] == re.findall(
        r"^Scenes: (.+)$", text, re.MULTILINE
    )
