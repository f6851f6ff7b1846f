"""What keeps a show: files and takes, told of everything once."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from liveanim import recording
from liveanim.core.errors import UserError
from liveanim.core.model import ControlEvent
from liveanim.inputs.ears import Ears
from liveanim.inputs.fakes import Script, click
from liveanim.inputs.sources import Steady
from liveanim.outputs.taps import Tap
from liveanim.outputs.video import recorded
from liveanim.takes.format import AUDIO, TakeInfo
from liveanim.takes.reader import TakeReader
from liveanim.takes.writer import TakeWriter
from liveanim.taking import free

from .fakes import Desk, grey
from .inputs.test_ears import Level

SIZE = (64, 48)


class Stage:
    """A stage that keeps its taps."""

    def __init__(self) -> None:
        self.size = SIZE
        self.taps: list[Tap] = []

    def add_tap(self, tap: Tap, whole: bool = False) -> None:
        self.taps.append(tap)


def ears() -> Ears:
    return Ears(Steady(click(120, rate=8000)), Level())


def test_a_take_is_told_of_every_event_picture_and_sound_once(tmp_path: Path) -> None:
    events = (ControlEvent(0.05, "do.tap"), ControlEvent(0.15, "camera.zoom", 1.5, "osc"))
    writer, desk, heard = TakeWriter(tmp_path / "take", TakeInfo("1"), {"a/b": "x = 1\n"}), Desk(), ears()
    [source], port = recording.keep_take(writer, [Script(events)], desk, heard)
    told: list[ControlEvent] = []
    for n in range(30):
        now = n / 10
        told += source.read(now)
        heard.read(now)
        begun = port.taken()
        port.submit(recording.RenderRequest(0 if begun is None else begun.index + 1, now, SIZE))
        if n % 2:
            desk.begin()
            desk.finish()
        port.poll()
    writer.close()
    take = TakeReader(tmp_path / "take")
    assert tuple(told) == take.events == events
    assert [(moment.index, round(moment.time, 6)) for moment in take.moments] == [
        (n, round(0.1 + 0.2 * n, 6)) for n in range(14)
    ]
    assert [moment.index for moment in take.kept_moments()] == [0, 10]
    kept = take.kept(2.5)
    assert kept is not None and abs(int(take.picture(kept).mean()) - 100) <= 1
    assert take.kept(0.05) is None
    assert take.looks() == {"a_b": "x = 1\n"}


def test_pictures_kept_are_small(tmp_path: Path) -> None:
    writer = TakeWriter(tmp_path / "take", TakeInfo("1"))
    writer.keyframe(recording.Keyframe(3, 0.0, grey(77, (1920, 1080))))
    writer.begun(3, 0.0)
    writer.close()
    (tmp_path / "take" / AUDIO).touch()
    take = TakeReader(tmp_path / "take")
    picture = take.picture(take.moments[0])
    assert picture.shape == (288, 512, 3) and np.abs(picture.astype(int) - 77).max() <= 1


def test_several_files_are_recorded_as_one(tmp_path: Path) -> None:
    stage, heard = Stage(), ears()
    paths = [tmp_path / "a.mp4", tmp_path / "a.wav"]
    recorders = recording.Recorders(paths, stage, heard, 20, live=True)
    for n in range(22):
        heard.read(n / 20)
        for tap in stage.taps:
            tap.picture(grey(n, SIZE), n / 20)
    assert recorders.label() == "REC 00:01" and recorders.status() == "" and recorders.dropped == 0
    recorders.close()
    assert recorders.label() == "" and all(path.stat().st_size > 1000 for path in paths)


def test_what_an_earlier_show_recorded_stays(tmp_path: Path) -> None:
    for name in ("night.mp4", "night-2.mp4", "night-000000.png", "of%d.png"):
        (tmp_path / name).touch()
    asked = ("night.mp4", "night.png", "night.wav", "of%d.png", "folder")
    (tmp_path / "folder").mkdir()
    made = [free(path, recorded, path.suffix).name for path in (tmp_path / name for name in asked)]
    assert made == ["night-3.mp4", "night-2.png", "night.wav", "of%d.png", "folder"]


def test_one_bad_file_of_several_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"use \.mp4"):
        recording.Recorders([tmp_path / "a.mp4", tmp_path / "b.xyz"], Stage(), ears(), 20, live=False)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UserError, match="named twice"):
        recording.Recorders([tmp_path / "a.mp4"] * 2, Stage(), ears(), 20, live=False)


def test_versions_name_the_program_and_what_it_stands_on() -> None:
    assert recording.versions().startswith("liveanim ") and ", torch " in recording.versions()


class Drifting:
    """A sound card whose clock runs `drift` fast: a click where each second of show time begins, as it hears it."""

    rate, channels = 1000, 1

    def __init__(self, drift: float) -> None:
        self._pace, self._count = 1.0 + drift, 0
        self.heard = 0.0

    def read(self, now: float) -> np.ndarray:
        end = int(now * self.rate * self._pace)
        places = np.arange(self._count, end)
        times = places / self.rate / self._pace
        clicks = np.floor(times) != np.floor((places - 1) / self.rate / self._pace)
        self._count, self.heard = end, end / self.rate / self._pace
        return clicks.astype(np.float32)[:, None]

    def status(self) -> str:
        return ""

    def close(self) -> None:
        pass


class Deaf:
    """An analyser that hears nothing, quickly."""

    def feed(self, mono: np.ndarray) -> list[object]:
        return []


@pytest.mark.parametrize("drift", [-1e-3, 1e-3])
def test_the_sound_of_a_take_stays_with_its_events_though_the_card_drifts(tmp_path: Path, drift: float) -> None:
    writer = TakeWriter(tmp_path / "take", TakeInfo("1"))
    heard = Ears(Drifting(drift), Deaf())  # type: ignore[arg-type]
    heard.add_tap(writer.sound)
    for n in range(600 * 10 + 1):  # as far as a card that is 170 millionths off goes in an hour
        heard.read(n / 10)
        if n % 1000 == 0:
            wait_for_disk(writer)
    writer.close()
    assert writer.status() == ""
    laid, rate = soundfile.read(tmp_path / "take" / "audio.flac")
    clicks = np.flatnonzero(laid > 0.45) / rate
    seconds = np.round(clicks)
    assert len(set(seconds)) >= 599 and len(laid) / rate == pytest.approx(600, abs=0.1)
    assert np.abs(clicks - seconds).max() < 1 / 60  # a display frame


def wait_for_disk(writer: TakeWriter) -> None:
    while not writer._queue.empty():
        time.sleep(0.001)
