"""What the page for Deforum users says is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from liveanim.core.params import PARAMS
from liveanim.core.preset import FAMILY
from liveanim.library import parse_preset

PAGE = (Path(__file__).parents[2] / "docs" / "deforum.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block[:20])
def test_every_preset_on_the_page_opens(block: str) -> None:
    preset = parse_preset(block, "page")
    assert (preset.clock is not None) == (FAMILY in block)


def test_every_parameter_on_the_page_is_one() -> None:
    named = set(re.findall(r"`((?:camera|space|picture|match|unsharp|noise|prompt)\.\w+)", PAGE))
    assert len(named) > 20
    assert named <= set(PARAMS)
