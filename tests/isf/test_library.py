"""Shader files and the rows they bring."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from liveanim.core.errors import UserError
from liveanim.core.model import Chain
from liveanim.isf import library
from liveanim.library import as_toml, parse_preset, read_preset, table_of, with_shaders

HEAD = """/*{"ISFVSN": "2", "INPUTS": [
 {"NAME": "inputImage", "TYPE": "image"}, {"NAME": "howMuch", "TYPE": "float", "LABEL": "how much", "DEFAULT": 0.5},
 {"NAME": "at", "TYPE": "point2D"}, {"NAME": "ink", "TYPE": "color"}, {"NAME": "now", "TYPE": "event"},
 {"NAME": "mode", "TYPE": "long", "VALUES": [0, 1], "LABELS": ["soft", "hard"]}]}*/
void main() { gl_FragColor = IMG_THIS_PIXEL(inputImage); }
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "My Own.fs").write_text(HEAD, encoding="utf-8")
    return tmp_path


def test_every_number_of_an_input_is_a_row(mine: Path) -> None:
    rows = library.read(mine / "My Own.fs").rows
    assert [row.short for row in rows] == [
        *("my_own.how_much", "my_own.at_x", "my_own.at_y"),
        *("my_own.ink_red", "my_own.ink_green", "my_own.ink_blue", "my_own.ink_alpha"),
        *("my_own.now", "my_own.mode"),
    ]
    assert all(row.group == "isf" and row.acts == "stage" and row.doc for row in rows)
    assert [row.curve for row in rows[-2:]] == ["toggle", "step"] and rows[-1].doc == "mode: 0 soft, 1 hard"


def test_a_shader_is_found_beside_the_preset_before_those_of_the_package(mine: Path) -> None:
    assert library.find("my_own", library.folders(mine)) == mine / "My Own.fs"
    assert library.find("My Own.fs", library.folders(mine)) == mine / "My Own.fs"
    assert library.find("glitch", library.folders(mine)).name == "glitch.fs"
    with pytest.raises(UserError, match=r"there is no shader 'glich' \(did you mean: glitch"):
        library.find("glich", library.folders(mine))


def test_a_preset_plays_the_shaders_beside_it(mine: Path) -> None:
    text = '[prompt]\ntext = "a"\n[stage]\nfilters = ["my_own", "glitch"]\ngenerator = "plasma"\n'
    (mine / "look.toml").write_text(text + '[isf.my_own]\nhow_much = "kick"\n', encoding="utf-8")
    look = read_preset(mine / "look.toml")
    assert [Path(name).stem for name in look.chain.shaders] == ["plasma", "My Own", "glitch"]
    assert {"isf.my_own.how_much", "isf.glitch.amount", "isf.plasma.hue"} <= set(table_of([look]))
    assert list(look.drivers) == ["isf.my_own.how_much"]


def test_a_preset_that_names_a_missing_or_broken_shader_says_where(mine: Path) -> None:
    preset = mine / "look.toml"
    preset.write_text('[prompt]\ntext = "a"\n[stage]\nfilters = ["nothing_like_it"]\n', encoding="utf-8")
    with pytest.raises(UserError, match=r"look.toml: there is no shader 'nothing_like_it'"):
        read_preset(preset)
    (mine / "bad.fs").write_text("/*{]}*/", encoding="utf-8")
    preset.write_text('[prompt]\ntext = "a"\n[stage]\nfilters = ["bad"]\n', encoding="utf-8")
    with pytest.raises(UserError, match=r"bad.fs: line 1: the header is not JSON"):
        read_preset(preset)
    preset.write_text('[prompt]\ntext = "a"\n[stage]\nlut = "film.cube"\n', encoding="utf-8")
    with pytest.raises(UserError, match=r"look.toml: there is no colour table film.cube"):
        read_preset(preset)


def test_a_transition_is_wanted_where_one_is_named_and_nowhere_else() -> None:
    where = {shader.stem: str(shader) for shader in library.shipped()}
    assert library.rows_of(Chain(transition=where["liquid"], filters=(where["glitch"],)))
    for chain, said in [
        (Chain(transition=where["glitch"]), "glitch.fs is a filter: it belongs into filters"),
        (Chain(filters=(where["liquid"],)), "liquid.fs is a transition: it belongs into transition"),
    ]:
        with pytest.raises(UserError, match=said):
            library.rows_of(chain)


def test_shaders_can_be_put_on_top_of_a_preset(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (mine / "look.toml").write_text('[prompt]\ntext = "a"\n[stage]\nfilters = "glitch"\n', encoding="utf-8")
    monkeypatch.chdir(mine)
    look = with_shaders(read_preset(mine / "look.toml"), ["My Own.fs", "plasma", "liquid"])
    assert [Path(name).stem for name in look.chain.filters] == ["glitch", "My Own"]
    assert Path(look.chain.generator).stem == "plasma" and Path(look.chain.transition).stem == "liquid"
    assert "isf.liquid.strength" in {row.name for row in look.rows}
    assert "isf.liquid.progress" not in {row.name for row in look.rows}
    saved = parse_preset(as_toml(replace(look, knobs={"isf.plasma.size": 0.5})), "saved")  # they are kept with it
    assert (saved.chain, saved.rows) == (look.chain, look.rows)
    assert with_shaders(saved, ["plasma", "My Own.fs"]).chain == look.chain


def test_an_old_file_in_another_encoding_is_read(tmp_path: Path) -> None:
    (tmp_path / "old.fs").write_bytes(b'/*{"CREDIT": "J\xf6rg"}*/ void main() {}')
    assert library.read(tmp_path / "old.fs").header.credit == "Jörg"


def test_every_shipped_shader_says_what_it_is_and_what_each_input_does() -> None:
    shaders = [library.read(path) for path in library.shipped()]
    assert len(shaders) >= 10 and {shader.kind for shader in shaders} == {"generator", "filter", "transition"}
    for shader in shaders:
        assert shader.header.about and shader.header.version == 2
        assert all(each.label != each.name for each, _ in shader.knobs), shader.name
    assert library.resolved(Chain()) == Chain()
