"""A take keeps the files it was played with, so that it renders again where they are not."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pictures

from liveanim import app
from liveanim.core.errors import UserError
from liveanim.farm import Piece, _words
from liveanim.library import find_preset, parse_preset, read_preset, with_shaders
from liveanim.options import Outside, PlayOptions, RenderOptions
from liveanim.plan import Painting, outside_of, params_of, plan_for, render_plan
from liveanim.recording import new_take
from liveanim.span import Span
from liveanim.takes import files
from liveanim.takes.files import Used, kept
from liveanim.takes.reader import TakeReader
from liveanim.used import used_by

from ..outputs.test_video import pictures
from .test_edit import ramp

SIZE = (64, 64)
TINTED = """/*{"INPUTS": [{"NAME": "inputImage", "TYPE": "image"}, {"NAME": "depth", "TYPE": "float", "DEFAULT": 1.0}],
"IMPORTED": {"tint": {"PATH": "../pictures/tint.png"}}}*/
varying vec2 shifted;
void main() { gl_FragColor = mix(IMG_THIS_PIXEL(inputImage), IMG_NORM_PIXEL(tint, shifted), depth); }"""
VERTEX = "varying vec2 shifted;\nvoid main() { isf_vertShaderInit(); shifted = 0.5 * isf_FragNormCoord; }"
CUBE = "LUT_1D_SIZE 2\n1 0 0\n1 0 0\n"  # everything is red
OWN = """/*{"INPUTS": [{"NAME": "inputImage", "TYPE": "image"}]}*/
void main() { gl_FragColor = IMG_THIS_PIXEL(inputImage); }"""
LOOK = """size = "64x64"
[prompt]
text = ["sea"]
[stage]
filters = ["own.fs"]
lut = "red.cube"
lut_mix = 0.5
grain = 0
vignette = 0
[media]
mask = "mask.png"
[[scene]]
name = "plain"
[[scene]]
name = "storm"
[scene.media]
video = "clips"
mask = "mask.png"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A look with a shader, a colour table and a mask, and beside it a shader with a .vs and a picture of its own."""
    home = tmp_path / "home"
    for folder in ("shaders", "pictures"):
        (home / folder).mkdir(parents=True)
    (home / "look.toml").write_text(LOOK)
    (home / "red.cube").write_text(CUBE)
    (home / "shaders" / "tinted.fs").write_text(TINTED)
    (home / "own.fs").write_text(OWN)
    (home / "shaders" / "tinted.vs").write_text(VERTEX)
    Pictures.new("RGB", (4, 4), (0, 0, 200)).save(home / "pictures" / "tint.png")
    Pictures.new("L", SIZE, 255).save(home / "mask.png")
    (home / "clips").mkdir()
    Pictures.new("RGB", SIZE, (9, 9, 99)).save(home / "clips" / "1.png")
    Pictures.new("RGB", SIZE, (9, 99, 9)).save(home / "first.png")
    return home


def played(home: Path) -> Path:
    """A second of a performance with all of them, on the command line too; then the files are gone."""
    options = PlayOptions(
        shaders=(str(home / "shaders" / "tinted.fs"),), outside=Outside({"init": str(home / "first.png")})
    )
    look = read_preset(home / "look.toml")
    plan = plan_for(with_shaders(look, options.shaders), Painting("paint", "paint", SIZE), {})
    writer = new_take(home.parent / "take", options, plan, [look, find_preset("1")], look, SIZE)
    writer.sound(ramp(0, 8000), 8000, 0.0)
    writer.close()
    assert writer.status() == ""
    shutil.rmtree(home)
    return home.parent / "take"


def test_a_take_renders_again_without_the_files_it_was_played_with(home: Path) -> None:
    folder = played(home)
    output = folder.parent / "again.mkv"
    app.render(RenderOptions(str(folder), output, quiet=True, seconds=0.2, fps=10, codec="master"))
    _, shown, _ = pictures(output)
    # The shader's picture (0, 0, 200), half of it in the red of the colour table.
    assert np.abs(shown[-1].reshape(-1, 3).mean(axis=0) - [127.5, 0, 100]).max() < 4


def test_the_command_line_and_the_presets_find_what_was_kept(home: Path) -> None:
    take = TakeReader(played(home))
    plan = render_plan(RenderOptions(str(take.folder), Path()), take, SIZE)
    outside = outside_of(Outside(), take)
    found = [*plan.preset.chain.filters, plan.preset.chain.lut, plan.preset.media["mask"], outside.files["init"]]
    found += plan.preset.scenes[1].media.values()
    names = ["own.fs", "tinted.fs", "red.cube", "mask.png", "first.png", "clips", "mask.png"]
    assert [Path(file).name for file in found] == names
    assert all(Path(file).is_relative_to(take.folder) for file in found)
    assert "isf.tinted.depth" in {row.name for row in plan.preset.rows}
    assert outside_of(Outside({"init": "/other.png"}), take).files["init"] == "/other.png"


@pytest.mark.parametrize(("asked", "covered"), [({}, True), ({"logo": "none"}, False)])
def test_a_render_has_the_logo_that_was_played_with_unless_told_otherwise(
    home: Path, asked: dict[str, str], covered: bool
) -> None:
    Pictures.new("RGBA", SIZE, (200, 0, 200, 255)).save(home / "logo.png")
    look = parse_preset("[prompt]\ntext = ['sea']\n[logo]\nsize = 1\n", "look")
    options = PlayOptions(outside=Outside({"logo": str(home / "logo.png")}))
    plan = plan_for(look, Painting("paint", "paint", SIZE), {})
    writer = new_take(home.parent / "take", options, plan, [look], None, SIZE)
    writer.sound(ramp(0, 8000), 8000, 0.0)
    writer.close()
    shutil.rmtree(home)
    output = home.parent / "again.mkv"
    words = RenderOptions(str(home.parent / "take"), output, quiet=True, seconds=0.2, fps=10, codec="master")
    app.render(replace(words, outside=Outside(asked)))
    _, shown, _ = pictures(output)
    assert (np.abs(shown[-1].astype(int) - [200, 0, 200]).max() <= 4) == covered


def test_parameters_of_the_command_line_are_kept_and_a_render_may_have_others(tmp_path: Path) -> None:
    said = params_of(["logo.x=0.9", "logo.size = 0.2 + 0.1*kick", "logo.mode=screen"])
    plan = plan_for(find_preset("1"), Painting("paint", "paint", SIZE), said)
    writer = new_take(tmp_path / "take", PlayOptions(), plan, [plan.preset], None, SIZE)
    writer.sound(ramp(0, 800), 8000, 0.0)
    writer.close()
    take = TakeReader(tmp_path / "take")
    assert take.info.overrides == {"logo.x": 0.9, "logo.size": "0.2 + 0.1*kick", "logo.mode": 2.0}
    again = render_plan(RenderOptions("", Path(), params=("logo.x=0.1",)), take, SIZE).overrides
    size = again["logo.size"]
    assert again["logo.x"] == 0.1 and not isinstance(size, float) and size.text == "0.2 + 0.1*kick"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("logo.x", "--param logo.x: expected NAME=VALUE"),
        ("logo.z=1", "--param logo.z: unknown parameter 'logo.z' .did you mean: logo"),
        ("logo.x=0.5 +", "--param logo.x: column"),
        ("out.level=kick", "--param out.level: takes no expression"),
    ],
)
def test_a_mistake_in_a_parameter_is_one_line(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        plan_for(find_preset("1"), Painting("paint", "paint", SIZE), params_of([text]))


def test_what_cannot_be_copied_is_named_and_the_rest_is_kept(tmp_path: Path) -> None:
    (tmp_path / "large.mov").write_bytes(bytes(2000))
    (tmp_path / "small.png").write_bytes(bytes(10))
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "1.png").write_bytes(bytes(10))
    names = ("large.mov", "gone.png", "frames", "small.png", "small.png")
    used = [
        Used(look, name, tmp_path / name, {}, 1000) for look, name in zip(["", "", "", "", "sea"], names, strict=True)
    ]
    folder = tmp_path / "take"
    folder.mkdir()
    said = list(files.keep(folder, used))
    assert len(said) == 2 and "large.mov" in said[0] and "gone.png" in said[1]
    found = kept(folder, (folder / files.INDEX).read_text())
    assert sorted(found[""]) == ["frames", "small.png"] and found["sea"]["small.png"] == found[""]["small.png"]
    assert [path.name for path in Path(found[""]["frames"]).iterdir()] == ["1.png"]


@pytest.mark.parametrize("file", ["../../secret", "/etc/passwd", "files/../../x", "files/none.png"])
def test_an_index_cannot_name_files_outside_of_its_take(tmp_path: Path, file: str) -> None:
    (tmp_path / "secret").touch()
    row = json.dumps({"look": "", "name": "a", "file": file})
    assert kept(tmp_path / "take", f"{row}\n[1]\n{{cut off") == {}


def test_workers_are_told_everything_that_was_asked_for() -> None:
    outside = Outside({"video": "a.mov", "mask": "b.png"}, "midas", ("c.safetensors",), ("canny",))
    options = RenderOptions("night", Path("o.mp4"), outside=outside, depth_maps=Path("maps"), shaders=("glitch",))
    options = replace(options, params=("logo.x=0.9",))
    words = " ".join(_words(options, Span(0, 10, 10, 10.0), SIZE, Piece(0, 0, 10), Path()))
    for each in ("--video a.mov", "--mask b.png", "--depth midas", "--lora c.safetensors", "--control canny"):
        assert each in words
    assert "--depth-maps maps" in words and "--shader glitch" in words and "--param logo.x=0.9" in words


def test_a_file_under_the_home_folder_is_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    look = parse_preset('[media]\ninit = "~/first.png"\n', "look")
    assert [(used.name, used.path) for used in used_by(look, [], Outside())] == [("~/first.png", home / "first.png")]
