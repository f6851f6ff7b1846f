"""Takes that begin and end while a show plays, and are rendered again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from liveanim import app, presetfiles, recording
from liveanim.core.errors import UserError
from liveanim.core.model import Blend, ControlEvent, Keyframe
from liveanim.core.preset import Preset, preset_from
from liveanim.options import PlayOptions, RenderOptions
from liveanim.takes.format import TakeInfo
from liveanim.takes.reader import TakeReader
from liveanim.takes.writer import TakeWriter
from liveanim.taking import Takes

from .fakes import grey
from .outputs.test_video import pictures


class Hand:
    """A source of events that come with the next frame."""

    def __init__(self) -> None:
        self.events: list[tuple[str, float | str | None]] = []

    def read(self, now: float) -> list[ControlEvent]:
        events, self.events = self.events, []
        return [ControlEvent(now, target, value, "keys") for target, value in events]


STATE = preset_from({"prompt": {"text": ["a"]}}, "t", "look")


def until(done: Callable[[], object], patience: float = 20.0) -> None:
    end = time.monotonic() + patience
    while not done():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.005)


def made(folder: Path, state: Preset, presets: Sequence[Preset], now: float, sound_from: float) -> TakeWriter:
    return TakeWriter(folder, TakeInfo("1", state.name, begin=now, sound_from=sound_from))


def tempo(at: float) -> list[ControlEvent]:
    return [ControlEvent(at, "clock.midi", "120.000 21.5", "take")]


def play(takes: Takes, at: float) -> None:
    """A moment of a show: a turn, a picture, a quarter of a second of sound."""
    takes.event(ControlEvent(at, "stage.hue", at))
    takes.begun(int(at * 4), at)
    takes.keyframe(Keyframe(int(at * 4), at, grey(100)))
    takes.sound(np.zeros((2000, 1), np.float32), 8000, at)


def test_a_take_has_what_was_played_between_its_begin_and_its_end(tmp_path: Path) -> None:
    takes = Takes(made, tmp_path / "takes")
    assert not takes.name and takes.rows() == []
    play(takes, 9.0)
    assert takes.take("first", STATE, [], 10.0, tempo(10.0)).startswith("take first begins")
    play(takes, 10.0)  # most likely before its folder is made
    play(takes, 10.25)
    assert takes.take("", STATE, [], 10.5, []) == "take first ended" and not takes.name
    play(takes, 11.0)
    takes.close()
    (row,) = takes.rows()
    assert row["name"] == "first"
    take = TakeReader(Path(row["folder"]))
    assert [(event.time, event.target) for event in take.events] == [
        (10.0, "clock.midi"),
        (10.0, "stage.hue"),
        (10.25, "stage.hue"),
    ]
    assert [moment.time for moment in take.moments] == [9.0, 10.0, 10.25]
    assert (take.info.begin, take.info.sound_from) == (10.0, 9.0)


def test_a_name_that_is_taken_gets_a_number_and_none_is_the_date(tmp_path: Path) -> None:
    takes = Takes(made, tmp_path / "takes")
    for name in ("one", "one", "", "../x/y"):
        takes.take(name, STATE, [], 0.0, tempo(0.0))
        play(takes, 0.0)
        takes.take("", STATE, [], 0.0, [])
        takes.close()
    names = sorted(path.name for path in (tmp_path / "takes").iterdir())
    assert {"one", "one-2"} < set(names) and len(names) == 4 and any(name.startswith("20") for name in names)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_take_that_cannot_be_made_is_said_and_the_next_one_may(tmp_path: Path) -> None:
    broken = [True]

    def make(folder: Path, state: Preset, presets: Sequence[Preset], now: float, sound_from: float) -> TakeWriter:
        if broken[0]:
            raise UserError("the disk is full")
        return made(folder, state, presets, now, sound_from)

    takes = Takes(make, tmp_path)
    takes.take("one", STATE, [], 0.0, tempo(0.0))
    until(lambda: takes.status() == "no take: the disk is full")
    assert not takes.name
    broken[0] = False
    takes.take("two", STATE, [], 1.0, tempo(1.0))
    play(takes, 1.0)
    assert takes.status() == ""
    takes.close()
    assert [row["name"] for row in takes.rows()] == ["two"]


def test_one_that_ends_before_its_folder_is_made_is_whole_all_the_same(tmp_path: Path) -> None:
    go = threading.Event()

    def make(folder: Path, state: Preset, presets: Sequence[Preset], now: float, sound_from: float) -> TakeWriter:
        go.wait(20)
        return made(folder, state, presets, now, sound_from)

    takes = Takes(make, tmp_path)
    takes.take("one", STATE, [], 0.0, tempo(0.0))
    play(takes, 0.0)
    takes.take("", STATE, [], 0.1, [])
    play(takes, 0.2)
    go.set()
    takes.close()
    assert [event.target for event in TakeReader(tmp_path / "one").events] == ["clock.midi", "stage.hue"]


LIGHT = '[prompt]\ntext = ["sea"]\n[picture]\ncadence = 0.1\n[stage]\nexposure = 1\n'


def test_a_preset_that_is_saved_during_a_take_is_read_again_in_its_render(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presetfiles, "LOOK_EVERY", 0.02)
    (tmp_path / "light.toml").write_text(LIGHT)
    options = PlayOptions(
        "silence", headless=True, seconds=600.0, model="paint", size=(128, 72), midi="-", osc=False, web=False,
        preset=str(tmp_path / "light.toml"), take=tmp_path / "take",
    )  # fmt: skip
    with app.live(options) as ready:
        frames = ready.clock.frames()

        def until_shown(done: Callable[[Blend], bool]) -> float:
            return next(now for now in frames if done(ready.show.tick(now)))

        begun = until_shown(lambda blend: bool(blend.layers))
        until_shown(lambda blend: blend.time > begun + 0.5)
        (tmp_path / "light.toml").write_text(LIGHT.replace("exposure = 1", "exposure = -4"))
        turned = until_shown(lambda blend: blend.values["stage.exposure"] == -4.0)
        until_shown(lambda blend: blend.time > turned + 0.5)
    (tmp_path / "light.toml").unlink()
    out = tmp_path / "out.mp4"
    assert app.render(RenderOptions(str(tmp_path / "take"), out, fps=10.0, model="paint", quiet=True)) == 0
    _, shown, _ = pictures(out)
    assert shown[round(begun * 10) + 3].mean() > 4 * shown[-1].mean()


def test_a_live_show_keeps_a_part_of_itself_that_renders_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "takes_dir", lambda: tmp_path)
    monkeypatch.setattr("liveanim.home.config", lambda: tmp_path / "config")
    hand = Hand()
    monkeypatch.setattr(app, "Script", lambda events: hand)
    options = PlayOptions(
        "builtin", headless=True, seconds=600.0, model="paint", size=(128, 72), midi="-", osc=False, web=False
    )
    with app.live(options) as ready:
        frames = ready.clock.frames()

        def until_shown(done: Callable[[Blend], bool], *events: tuple[str, float | str | None]) -> float:
            """Play `events`, then go on until a frame is as wanted; its time."""
            hand.events += events
            return next(now for now in frames if done(ready.show.tick(now)))

        until_shown(lambda blend: bool(blend.layers), ("prompt.1", "green leaves"), ("do.save", "leaves"))
        begun = until_shown(lambda blend: blend.status.taking == "part", ("do.take", "part"))
        until_shown(lambda blend: blend.time > begun + 0.6)
        turned = until_shown(lambda blend: True, ("stage.exposure", -4.0))
        until_shown(lambda blend: blend.time > turned + 0.6)  # however long frames take
        until_shown(lambda blend: not blend.status.taking, ("do.take", None))
    take = TakeReader(tmp_path / "part")
    assert take.info.begin == pytest.approx(begun) and "green leaves" in take.info.preset_text
    assert "green leaves" in take.looks()["leaves"]  # saved since the show began
    played = [event.target for event in take.events if event.target != "look.leaves"]  # its file, a moment later
    assert played == ["clock.midi", "stage.exposure", "do.take"]
    out = tmp_path / "out.mp4"
    assert app.render(RenderOptions(str(tmp_path / "part"), out, fps=10.0, model="paint", quiet=True)) == 0
    _, shown, _ = pictures(out)
    assert len(shown) >= 12
    assert shown[3].mean() > 1.5 * shown[-1].mean()  # the turn that came during the take
