"""Whole commands with real parts: sound in, video out. The paint renderer stands in for a model."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from liveanim import app, plan
from liveanim.core.errors import UserError
from liveanim.core.model import Blend
from liveanim.inputs.media import MediaDesk
from liveanim.library import parse_preset
from liveanim.options import Outside, PlayOptions, RenderOptions
from liveanim.show import Show, run
from liveanim.takes.format import EVENTS, META
from liveanim.takes.reader import TakeReader
from liveanim.used import unseen

SMALL = (128, 72)


def pictures(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as video:
        return [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]


def seconds_of(path: Path, kind: str) -> float:
    with av.open(str(path)) as video:
        stream = video.streams.get(**{kind: 0})[0]
        assert stream.duration is not None and stream.time_base is not None
        return float(stream.duration * stream.time_base)


def digest(path: Path) -> str:
    return hashlib.sha256(b"".join(picture.tobytes() for picture in pictures(path))).hexdigest()


def options(tmp_path: Path, source: str = "click:120", **more: object) -> RenderOptions:
    plain = RenderOptions(source, tmp_path / "out.mp4", size=SMALL, fps=20, seconds=2.0, model="paint", quiet=True)
    return replace(plain, **more)  # type: ignore[arg-type]


def test_a_render_is_as_long_as_its_sound_and_has_every_frame(tmp_path: Path) -> None:
    asked = options(tmp_path, sheet=tmp_path / "sheet.png")
    assert app.render(asked) == 0
    assert len(pictures(asked.output)) == 40
    assert seconds_of(asked.output, "video") == pytest.approx(2.0, abs=1e-3)
    assert seconds_of(asked.output, "audio") == pytest.approx(2.0, abs=1 / 20)
    assert (tmp_path / "sheet.png").stat().st_size > 1000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.mp4", "sheet.png"]


def test_the_same_seed_gives_the_same_pictures_and_another_seed_others(tmp_path: Path) -> None:
    asked = options(tmp_path, seed=5)
    twice = []
    for name in ("a.mp4", "b.mp4"):
        app.render(replace(asked, output=tmp_path / name))
        twice.append(digest(tmp_path / name))
    app.render(replace(asked, output=tmp_path / "c.mp4", seed=6))
    assert twice[0] == twice[1] != digest(tmp_path / "c.mp4")


def test_the_picture_jumps_on_the_click(tmp_path: Path) -> None:
    look = tmp_path / "flash.toml"
    look.write_text('[prompt]\ntext = ["blue"]\n[picture]\nstrength = 1\n[stage]\nexposure = "-2 + 3*onset"\n')
    asked = options(tmp_path, "click:60", preset=str(look), fps=30.0, seconds=4.0)
    app.render(asked)
    light = np.array([picture.mean() for picture in pictures(asked.output)])
    rises = np.flatnonzero(np.diff(light) > 0.5 * np.diff(light).max()) + 1
    assert [int(frame) for frame in rises if frame > 2] == pytest.approx([30, 60, 90], abs=1)


def test_a_strobe_is_held_back_unless_that_is_asked_for_and_then_it_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    look = tmp_path / "strobe.toml"
    look.write_text('[prompt]\ntext = ["blue"]\n[stage]\nexposure = "-4 + 4*step(0, sin(2*pi*8*t+0.1))"\n')
    asked = options(tmp_path, preset=str(look), fps=30.0, flash_limit=True)
    app.render(asked)
    held = np.array([picture.mean() for picture in pictures(asked.output)])
    assert not caplog.records
    app.render(replace(asked, flash_limit=False))
    free = np.array([picture.mean() for picture in pictures(asked.output)])
    assert [record.getMessage() for record in caplog.records] == [
        "the flash limiter is off: the picture may flash in ways that can cause seizures"
    ]
    deep = 0.5 * np.ptp(free)
    assert (np.abs(np.diff(held)) > deep).sum() <= 13 < 24 < (np.abs(np.diff(free)) > deep).sum()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"source": "no-such.wav"}, "no-such.wav: no such file"),
        ({"preset": "neon-tunel"}, "did you mean: neon-tunnel"),
        ({"output": Path("/nowhere/out.mp4")}, "/nowhere"),
        ({"model": "embr"}, "did you mean: ember"),
    ],
)
def test_a_wrong_wish_is_one_line_and_leaves_nothing_behind(
    tmp_path: Path, change: dict[str, object], said: str
) -> None:
    source = str(change.pop("source", "tone:440"))
    with pytest.raises(UserError) as caught:
        app.render(options(tmp_path, source, **change))
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("names", "said"),
    [('filters = ["bad"]', "bad.fs: line 2: "), ('lut = "bad.cube"', "bad.cube: expected 8 rows")],
)
def test_a_render_ends_where_its_look_cannot_be_drawn(tmp_path: Path, names: str, said: str) -> None:
    look = tmp_path / "look.toml"
    look.write_text(f'[prompt]\ntext = "a"\n[stage]\n{names}\n')
    (tmp_path / "bad.fs").write_text('/*{"INPUTS": [{"NAME": "inputImage", "TYPE": "image"}]}*/\nvoid main() { none; }')
    (tmp_path / "bad.cube").write_text("LUT_3D_SIZE 2\n")
    before = set(tmp_path.iterdir())
    with pytest.raises(UserError, match=said):
        app.render(options(tmp_path, preset=str(look)))
    assert set(tmp_path.iterdir()) == before


def test_paint_says_what_only_a_model_can_use(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    app.render(options(tmp_path, seconds=0.1, outside=Outside(depth="midas", loras=("a.safetensors",))))
    said = "paint has no networks: it makes nothing of --lora, --depth"
    assert [record.getMessage() for record in caplog.records] == [said]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("", ["--video", "--mask", "--match"]),
        ('[picture]\nmode = "video"\n[mask]\nsource = "file"', ["--match"]),
        ('[[scene]]\nname = "a"\n[scene.match]\nto = "image"\n[scene.hybrid]\nmotion = "3*m1"', ["--mask"]),
        ('[hybrid]\nmotion = "none"', ["--video", "--mask", "--match"]),
    ],
)
def test_a_look_that_makes_nothing_of_a_file_says_how_one_does(values: str, said: list[str]) -> None:
    look = parse_preset(f'[prompt]\ntext = "a"\n{values}', "look")
    lines = [*unseen(look, {"video": "a.mp4", "mask": "b.png", "match": "c.png", "init": "d.png"})]
    assert [line.split()[4].strip(";") for line in lines] == said


def test_what_a_look_makes_nothing_of_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Image.new("L", (16, 16)).save(tmp_path / "m.png")
    app.render(options(tmp_path, seconds=0.1, outside=Outside({"mask": str(tmp_path / "m.png")})))
    said = 'makes nothing of --mask; a preset with [mask] source = "file" does (docs/modes.md)'
    assert [record.getMessage().split(" ", 1)[1] for record in caplog.records] == [said]


def test_a_live_show_is_recorded_and_its_take_plays_again(tmp_path: Path) -> None:
    take, video = tmp_path / "take", tmp_path / "live.mp4"
    (take / "of another show").mkdir(parents=True)
    video.write_text("of another show")
    played = PlayOptions("click:120", headless=True, seconds=3.0, model="paint", record=(video,), take=take, seed=3)
    assert app.play(replace(played, size=SMALL)) == 0
    assert video.read_text() == "of another show"
    take, video = tmp_path / "take-2", tmp_path / "live-2.mp4"
    assert 0.5 < seconds_of(video, "video") < 3.2  # real time: a busy machine shows its first frame late
    assert (take / META).is_file() and (take / EVENTS).is_file()
    again = options(tmp_path, str(take), model=None, seconds=None)
    app.render(again)
    assert 0.5 < seconds_of(again.output, "video") < 3.3
    first = digest(again.output)
    app.render(again)
    assert digest(again.output) == first


def test_a_show_that_is_slow_to_open_is_played_and_kept_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take, video, late, machine = tmp_path / "take", tmp_path / "live.mp4", 0.0, time.perf_counter
    monkeypatch.setattr(time, "perf_counter", lambda: machine() + late)

    def slow(*args: Any) -> MediaDesk:
        nonlocal late
        late += 30.0
        return media(*args)

    media = MediaDesk
    monkeypatch.setattr("liveanim.inputs.media.MediaDesk", slow)
    app.play(PlayOptions("builtin", headless=True, seconds=0.6, model="paint", record=(video,), take=take, size=SMALL))
    assert 0.0 < seconds_of(TakeReader(take).audio, "audio") <= 0.7
    assert 0.0 < seconds_of(video, "video") <= 0.7


def test_a_live_show_outlives_an_error_in_a_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    tick, ticks = Show.tick, []

    def failing(show: Show, now: float) -> Blend:
        ticks.append(now)
        if len(ticks) % 2:
            raise ZeroDivisionError
        return tick(show, now)

    asked = PlayOptions("silence", headless=True, seconds=0.5, model="paint", size=SMALL, midi="-", osc=False)
    with app.live(replace(asked, web=False)) as ready:
        monkeypatch.setattr(Show, "tick", failing)
        run(ready.show, ready.clock, ready.sinks)
    assert ticks[-1] > 0.3


@pytest.mark.parametrize(
    ("files", "more", "told"),
    [
        (["night"], {}, "unknown kind ''; use .mp4"),
        (["a.mp4", "a.mp4"], {}, "named twice"),
        (["a.mp4"], {"codec": "prores"}, "does not hold prores"),
        (["a.mp4"], {"alpha": True}, "keeps no transparency"),
    ],
)
def test_a_recording_that_cannot_be_is_refused_before_anything_is_opened(
    files: list[str], more: dict[str, Any], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "_stage", lambda *_: pytest.fail("the stage is opened"))
    with pytest.raises(UserError, match=told):
        app.play(PlayOptions("silence", headless=True, model="paint", record=tuple(map(Path, files)), **more))


def test_a_take_may_be_kept_right_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "night"
    here.mkdir()
    monkeypatch.chdir(here)
    asked = PlayOptions("builtin", headless=True, seconds=0.6, model="paint", take=Path("."), size=SMALL)
    app.play(asked)
    app.play(asked)  # which is kept beside the first
    for folder in (here, tmp_path / "night-2"):
        assert 0.0 < seconds_of(TakeReader(folder).audio, "audio") <= 0.7
    with pytest.raises(UserError, match="name a folder"):
        app.play(replace(asked, take=Path("/")))


def test_the_events_of_a_take_are_played_at_their_times(tmp_path: Path) -> None:
    take = tmp_path / "take"
    app.play(PlayOptions("silence", headless=True, seconds=2.0, model="paint", take=take, size=SMALL))
    line = '{"time": 0.25, "target": "out.blackout", "value": "toggle", "source": "test"}\n'
    (take / EVENTS).write_text(line)
    asked = options(tmp_path, str(take), model=None, seconds=0.5)
    app.render(asked)
    dark = [picture.mean() < 20 for picture in pictures(asked.output)]
    assert dark == [False] * 5 + [True] * 5


@pytest.mark.parametrize(
    ("model", "picture", "painted"),
    [
        ("paint", (1280, 720), (640, 352)),
        ("ember", (256, 256), (256, 256)),
        ("ember", (1280, 720), (448, 256)),
        ("ember", (1080, 1920), (256, 448)),
        ("ember", (512, 512), (256, 256)),  # in more of a square it paints pebbles
        ("ember", (1024, 768), (352, 256)),
        ("ember", (320, 240), (320, 240)),
        ("ember", (384, 216), (384, 208)),  # 27 rows of latents cannot be halved
        ("paint", (384, 216), (384, 216)),
        ("sd-turbo", (1024, 1024), (512, 512)),
        ("some/folder", (64, 64), (64, 64)),
    ],
)
def test_a_model_paints_what_it_does_well(model: str, picture: tuple[int, int], painted: tuple[int, int]) -> None:
    assert plan.painted_size(model, picture) == painted
