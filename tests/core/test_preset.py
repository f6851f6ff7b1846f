"""Presets from TOML: what is read, and how a mistake is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from liveanim.core.errors import UserError
from liveanim.core.preset import parse_size
from liveanim.library import as_toml, find_preset, parse_preset, read_preset, shipped

GOOD = '[prompt]\ntext = ["a", "b"]\nweight2 = "0.5*kick"\n[camera]\nzoom = 1.2\n'


def test_numbers_expressions_and_texts_are_read() -> None:
    preset = parse_preset(GOOD, "mine")
    assert (preset.name, preset.prompts, preset.drivers["camera.zoom"]) == ("mine", ("a", "b"), 1.2)
    assert preset.drivers["prompt.weight2"].text == "0.5*kick"  # type: ignore[union-attr]
    assert preset.text == GOOD


def test_what_knobs_do_is_kept_when_it_is_saved() -> None:
    preset = parse_preset(f'{GOOD}[[midi]]\ncc = "1-2"\ntarget = ["stage.hue", "stage.bloom"]\n', "mine")
    assert [dict(row) for row in preset.midi] == [{"cc": "1-2", "target": ["stage.hue", "stage.bloom"]}]
    assert parse_preset(as_toml(preset), "saved").midi == preset.midi


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "look.toml: the preset is empty"),
        ("x = [", "look.toml: not valid TOML"),
        ("colour = 1", "look.toml: unknown key 'colour'"),
        ("camera = 3", r"look.toml: camera: expected a table \[camera\], got 3"),
        ("[camera]\nzom = 1", r"look.toml: \[camera\] zom: unknown parameter 'camera.zom' \(did you mean: camera.zoom"),
        ("[camera]\nzoom = nan", r"look.toml: \[camera\] zoom: expected a finite number from 0.1 to 10, got nan"),
        ('[camera]\nzoom = "1 +"', r"look.toml: \[camera\] zoom: .*column"),
        ('[camera]\nzoom = "kik"', r"look.toml: \[camera\] zoom: .*kick"),
        ('[camera]\nborder = "wrp"', r"border: .*'wrp'.* \(or one of reflect, replicate, wrap, zeros\)"),
        ('compat = "deforum"\n[match]\nspace = "off"', r"space: .*'off'.* \(or one of none, lab, hsv, rgb\)"),
        ("[camera]\nzoom = [1]", r"look.toml: \[camera\] zoom: expected a number or an expression in quotes"),
        (f"[prompt]\ntext = {['a'] * 100}", r"list of up to 8 texts, got 100 of them \(keys make a journey"),
        ("[prompt]\ntext = 5", r"look.toml: \[prompt\] text: expected a text or a list of up to 8 texts"),
        ('[prompt]\ntext = ["a", 5]', r"look.toml: \[prompt\] text: expected a text"),
        ('[knobs]\n"out.level" = 0.5', r"look.toml: \[knobs\] out.level: belongs to the show, not to a preset"),
        ("midi = 3", r"look.toml: midi: expected \[\[midi\]\] tables"),
        ('size = "100x64"', "look.toml: size: .*multiples of 8.*try 96x64"),
    ],
)
def test_a_mistake_is_named_with_file_key_and_what_was_expected(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        parse_preset(text, "look", "look.toml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["512", "512x", "x512", "512x-8", "axb", "", "10x10", "99999x512"])
def test_a_size_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        parse_size(text)


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_every_shipped_preset_reads_and_reacts_to_the_beat(path: Path) -> None:
    preset = read_preset(path)
    assert preset.about and preset.prompts
    heard = {
        name for driver in preset.drivers.values() if not isinstance(driver, (int, float)) for name in driver.names
    }
    assert heard & {"kick", "onset", "snare", "bass"}


def test_presets_are_found_by_name_number_and_path(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(GOOD)
    assert find_preset(str(mine)).name == "mine"
    assert find_preset("1").name == shipped()[0].stem
    assert find_preset("neon-tunnel").name == "neon-tunnel"
    with pytest.raises(UserError, match="neon-tunnel"):
        find_preset("neon-tunel")


def test_a_preset_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none.toml: no such file"):
        find_preset(str(tmp_path / "none.toml"))
