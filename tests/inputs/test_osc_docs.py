"""The manual page of the hands says what the tables say."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from liveanim.core.actions import OPEN
from liveanim.core.params import PARAMS
from liveanim.inputs.midimap import MODES, map_from, shipped
from liveanim.inputs.oscnames import ADDRESSES
from liveanim.inputs.oscout import AUDIO, TEMPO
from tools.reference import written

PAGE = (Path(__file__).parents[2] / "docs" / "controls.md").read_text(encoding="utf-8")


def test_the_tables_are_those_of_today() -> None:
    assert written(PAGE) == PAGE, "run: python tools/reference.py"


def test_every_parameter_and_every_other_address_is_in_the_tables() -> None:
    assert all(f"| `{row.name}` |" in PAGE and row.doc in PAGE for row in PARAMS.values())
    others = [row for row in ADDRESSES.values() if not row.path.startswith("/liveanim/param/")]
    assert all(f"| `{row.path}` | {row.types or '-'} | {row.doc} |" in PAGE for row in others)


@pytest.mark.parametrize("word", [*MODES, *(f"do.{action}" for action in OPEN), *AUDIO, *TEMPO])
def test_every_word_is_in_the_manual(word: str) -> None:
    assert re.search(rf"`(?:/liveanim/\w+/)?{re.escape(word)}`", PAGE)


def test_every_profile_is_in_the_manual() -> None:
    assert all(f"| {one.name}" in PAGE for one in shipped() if one.match)


def test_the_map_in_the_manual_is_one() -> None:
    parts = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    one = map_from(tomllib.loads("".join(parts)), "controls.md")
    assert (len(parts), len(one.controls), len(one.lights)) == (2, 13, 64)
