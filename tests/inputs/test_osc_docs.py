"""The manual page of the hands says what the tables say."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from liveanim.inputs.midimap import ACTIONS, MODES, map_from, shipped
from liveanim.inputs.oscnames import ADDRESSES, Address
from liveanim.inputs.oscout import AUDIO, TEMPO

PAGE = (Path(__file__).parents[2] / "docs" / "controls.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("row", ADDRESSES.values(), ids=lambda row: row.path)
def test_every_address_is_in_the_manual(row: Address) -> None:
    if row.kind in ("raw", "release", "expression"):
        assert f"| `{row.path.rpartition('/')[0]}` |" in PAGE
        return
    own = "" if row.spec is None else f"{row.spec.low:g} .. {row.spec.high:g} {row.spec.unit}".strip()
    assert f"| `{row.path}` | {row.types or '-'} | {own} | {row.doc} |" in PAGE


def test_every_address_in_the_manual_is_one() -> None:
    named = set(re.findall(r"^\| `(/liveanim/[a-z0-9_/]+)` \| [-fsT] \|", PAGE, re.MULTILINE))
    out = {f"/liveanim/tempo/{name}" for name in ("phase", "bpm")} | {"/liveanim/perf/delay"}
    assert named - out <= set(ADDRESSES)


@pytest.mark.parametrize("word", [*MODES, *(f"do.{action}" for action in ACTIONS), *AUDIO, *TEMPO])
def test_every_word_is_in_the_manual(word: str) -> None:
    assert re.search(rf"`(?:/liveanim/\w+/)?{re.escape(word)}`", PAGE)


def test_every_profile_is_in_the_manual() -> None:
    assert all(f"| {one.name}" in PAGE for one in shipped() if one.match)


def test_the_map_in_the_manual_is_one() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert len(map_from(tomllib.loads(text), "controls.md").controls) == 9
