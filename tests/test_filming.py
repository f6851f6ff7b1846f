"""Films and stills that are begun and ended while a show plays."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pictures

from liveanim import app, filming, recording
from liveanim.archive import Archive
from liveanim.core.errors import UserError
from liveanim.core.model import Blend, Image, frozen_image
from liveanim.core.preset import preset_from
from liveanim.filming import MOST_FILMS, MOST_STILLS, Filmed, Films
from liveanim.inputs.ears import Ears
from liveanim.inputs.fakes import click
from liveanim.inputs.sources import Steady
from liveanim.options import PlayOptions
from liveanim.outputs.codecs import ending_for
from liveanim.outputs.taps import Tap
from liveanim.show import Settings, Show

from .fakes import AtOnce, Hears, Tape, grey
from .inputs.test_ears import Level
from .outputs.test_video import pictures, sound
from .test_taking import Hand, until

NOON = datetime(2026, 5, 1, 12, 30, 15)


class Stage:
    """A stage that keeps its taps, and shows them a picture when the test says so."""

    def __init__(self) -> None:
        self.taps: dict[Tap, bool] = {}

    def add_tap(self, tap: Tap, whole: bool = False) -> None:
        self.taps[tap] = whole

    def remove_tap(self, tap: Tap) -> None:
        self.taps.pop(tap, None)

    def show(self, image: Image, now: float) -> None:
        for tap in tuple(self.taps):
            tap.picture(image, now)


class Reel:
    """A film that is written when the test lets it be."""

    def __init__(self, path: Path, now: float) -> None:
        self.path, self.now, self.left, self.trouble = path, now, False, ""
        self.closed, self.go = False, threading.Event()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    def label(self) -> str:
        return "" if self.closed or self.trouble else "REC 00:00"

    def status(self) -> str:
        return self.trouble

    def leave(self, stage: Filmed) -> None:
        self.left = True

    def close(self) -> None:
        self.go.wait(20)
        self.closed = True


class Bench:
    def __init__(self, folder: Path, ending: str = ".mp4", alpha: bool = False) -> None:
        self.folder, self.stage, self.reels = folder, Stage(), list[Reel]()
        stills = folder / "stills"
        self.films = Films(self._make, self.stage, folder, stills, ending, alpha=alpha, today=lambda: NOON)

    def _make(self, path: Path, now: float) -> Reel:
        self.reels.append(Reel(path, now))
        return self.reels[-1]

    def close(self) -> None:
        for reel in self.reels:
            reel.go.set()
        self.films.close()


def test_a_film_begins_is_told_of_and_ends(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    films = bench.films
    assert (films.name, films.label()) == ("", "")
    assert films.record("first night", 2.0) == f"film first night begins: {tmp_path / 'first night.mp4'}"
    assert (films.name, films.label(), bench.reels[0].now) == ("first night", "REC 00:00", 2.0)
    assert films.record("", 3.0) == f"film first night ended: {tmp_path / 'first night.mp4'}"
    assert (films.name, films.label()) == ("", "")
    bench.stage.show(grey(50), 2.99)
    assert not bench.reels[0].left  # its last picture is that of its end
    bench.stage.show(grey(50), 3.01)
    assert bench.reels[0].left and bench.stage.taps == {} and not films.name  # though it is still being written
    bench.close()
    assert bench.reels[0].closed


def test_films_are_named_by_the_date_and_a_name_that_is_taken_gets_a_number(tmp_path: Path) -> None:
    bench = Bench(tmp_path, ".mov")
    for name in ("", "", "loop.GIF", "../x/y"):
        bench.films.record(name, 0.0)
        bench.reels[-1].path.unlink()  # not yet there: it is being opened
        bench.films.record("", 0.1)
    names = [reel.path.relative_to(tmp_path).name for reel in bench.reels]
    assert names == ["2026-05-01 12-30-15.mov", "2026-05-01 12-30-15-2.mov", "loop.GIF", "-x-y.mov"]
    bench.close()


def test_the_next_film_begins_while_the_last_is_written_but_not_any_number_of_them(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for _ in range(MOST_FILMS):
        bench.films.record("a", 0.0)
        bench.films.record("a", 1.0)
        bench.stage.show(grey(50), 1.0)
    with pytest.raises(UserError, match="4 that have ended are still being written"):
        bench.films.record("a", 2.0)
    assert not bench.films.name and len(bench.reels) == MOST_FILMS
    for reel in bench.reels:
        reel.go.set()
    until(lambda: not any(thread is not None and thread.is_alive() for thread in bench.films._closing.values()))
    bench.films.record("a", 3.0)
    assert bench.films.name == f"a-{MOST_FILMS + 1}"
    bench.films.record("a", 4.0)
    bench.close()


def test_a_film_that_cannot_go_on_is_said_and_the_next_press_begins_another(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.films.record("a", 0.0)
    bench.reels[0].trouble = "recording stopped: the disk is full"
    assert bench.films.status() == "recording stopped: the disk is full" and not bench.films.name
    assert bench.films.record("", 1.0).startswith("film 2026")
    bench.stage.show(grey(50), 1.0)
    assert bench.reels[0].left and bench.films.status() == ""
    bench.films.record("", 2.0)
    bench.close()


def test_a_still_is_the_next_picture_and_no_other(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    path = tmp_path / "stills" / "2026-05-01 12-30-15 ink-storm.png"
    assert bench.films.still("ink/storm".replace("/", "-"), 5.0) == f"still: {path}"
    bench.films.still("ink-storm", 5.0)
    assert list(bench.stage.taps.values()) == [False, False]
    bench.stage.show(grey(50), 4.98)  # drawn before it was asked for
    assert len(bench.stage.taps) == 2
    picture = frozen_image(np.arange(8 * 16 * 3, dtype=np.uint8).reshape(8, 16, 3))
    bench.stage.show(picture, 5.0)
    bench.stage.show(grey(90), 5.02)
    assert bench.stage.taps == {}
    bench.close()
    assert np.array_equal(np.asarray(Pictures.open(path)), picture)
    assert sorted(one.name for one in path.parent.iterdir()) == [f"{path.stem}-2.png", path.name]


def test_a_still_keeps_transparency_as_plain_colours(tmp_path: Path) -> None:
    bench = Bench(tmp_path, alpha=True)
    bench.films.still("key", 0.0)
    assert list(bench.stage.taps.values()) == [True]
    bench.stage.show(frozen_image(np.full((8, 16, 4), 100, np.uint8)), 0.0)
    bench.close()
    assert Pictures.open(tmp_path / "stills" / "2026-05-01 12-30-15 key.png").getpixel((3, 3)) == (255, 255, 255, 100)


def test_a_still_that_cannot_be_written_is_said_until_one_is(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    (tmp_path / "stills").touch()  # no folder
    bench.films.still("a", 0.0)
    bench.stage.show(grey(50), 0.0)
    until(lambda: not bench.films._asked)
    path = tmp_path / "stills" / "2026-05-01 12-30-15 a.png"
    assert bench.films.status() == f"no still: cannot write {path}: file exists"
    (tmp_path / "stills").unlink()
    bench.films.still("a", 1.0)
    bench.stage.show(grey(50), 1.0)
    bench.close()
    assert bench.films.status() == "" and path.exists()


def test_a_full_disk_leaves_no_half_of_a_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def save(self: Pictures.Image, path: Path, *_: object, **__: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Pictures.Image, "save", save)
    bench = Bench(tmp_path)
    bench.films.still("a", 0.0)
    bench.stage.show(grey(50), 0.0)
    bench.close()
    assert bench.films.status().endswith("a.png: no space left on device")
    assert list((tmp_path / "stills").iterdir()) == []


def test_stills_that_come_too_fast_are_left_out(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for _ in range(MOST_STILLS):
        bench.films.still("a", 0.0)
    with pytest.raises(UserError, match="4 are still being written"):
        bench.films.still("a", 0.0)
    bench.stage.show(grey(50), 0.0)
    bench.close()
    assert len(list((tmp_path / "stills").iterdir())) == MOST_STILLS
    bench.films.still("a", 1.0)  # and now again


def shown(hand: Hand, archive: Archive) -> Callable[[float], Blend]:
    look = preset_from({"prompt": {"text": ["a"]}}, "t", "look")
    return Show([hand], Hears(), AtOnce(), [look], Settings((16, 8)), archive=archive).tick


def test_the_show_says_what_runs_and_what_was_kept(tmp_path: Path) -> None:
    hand, bench = Hand(), Bench(tmp_path)
    tick = shown(hand, Archive(filmer=bench.films))
    hand.events += [("do.record", "night")]
    status = tick(0.0).status
    assert status.filming == "night" and status.notice.startswith("film night begins: ")
    hand.events += [("do.still", None)]
    assert tick(0.1).status.notice == f"still: {tmp_path / 'stills' / '2026-05-01 12-30-15 look.png'}"
    hand.events += [("do.record", None)]
    status = tick(0.2).status
    assert status.filming == "" and status.notice.startswith("film night ended: ")
    bench.close()


def test_where_nothing_is_filmed_the_events_of_a_take_do_nothing() -> None:
    hand = Hand()
    tick, tape = shown(hand, Archive()), Tape()
    hand.events += [("do.record", "night"), ("do.still", None)]
    tape.write(tick(0.0), 0.0)
    status = tape.blends[0].status
    assert (status.filming, status.notice, status.warnings) == ("", "", ())


class Screen(Stage):
    """Such a stage, of a screen."""

    size, refresh_rate = (64, 48), 20.0


def test_a_film_has_the_pictures_and_the_sound_from_its_begin_to_its_end(tmp_path: Path) -> None:
    stage, heard = Screen(), Ears(Steady(click(120, rate=8000)), Level())
    options = PlayOptions(record=(tmp_path / "night.mp4",))
    films = recording.films_of(options, stage, heard)  # type: ignore[arg-type]
    for n in range(60):
        if n in (20, 49):
            films.record("part", n / 20)
        if n == 25:
            stage.show(grey(255, stage.size), 0.9)  # comes late: drawn before the film began
        heard.read(n / 20)
        stage.show(grey(4 * n, stage.size), n / 20)
        film = films._film
        until(lambda: not films.name or not any(one.waiting for one in film._writers))  # type: ignore[union-attr]  # noqa: B023
    films.close()
    _, frames, _ = pictures(tmp_path / "part.mp4")
    levels = [float(frame.mean()) / 4 for frame in frames]
    assert levels == pytest.approx(range(20, 50), abs=1)
    samples, seconds = sound(tmp_path / "part.mp4")
    loud = np.flatnonzero(samples > 0.3) / (len(samples) / seconds)
    assert seconds == pytest.approx(1.5, abs=0.01) and stage.taps == {} and heard._taps == []
    assert sorted({round(2 * float(at)) / 2 for at in loud}) == [0.0, 0.5, 1.0]


def test_the_ending_follows_from_the_codec() -> None:
    assert [ending_for(one) for one in (None, "hevc", "prores", "ffv1")] == [".mp4", ".mp4", ".mov", ".mkv"]


def test_a_live_show_films_a_part_of_itself_beside_its_recording_and_takes_stills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "stills_dir", lambda: tmp_path / "stills")
    monkeypatch.setattr(recording, "takes_dir", lambda: tmp_path / "takes")
    hand = Hand()
    monkeypatch.setattr(app, "Script", lambda events: hand)
    options = PlayOptions(
        "builtin", headless=True, seconds=600.0, model="paint", size=(128, 72), midi="-", osc=False, web=False,
        record=(tmp_path / "all.mkv",),
    )  # fmt: skip
    with app.live(options) as ready:
        frames = ready.clock.frames()

        def played(done: Callable[[Blend], bool], *events: tuple[str, float | str | None]) -> float:
            """Play `events`, then go on until a frame is as wanted; its time."""
            hand.events += events
            for now in frames:
                blend = ready.show.tick(now)
                for sink in ready.sinks:
                    sink.write(blend, now)
                if done(blend):
                    return now
            raise AssertionError

        first = played(lambda blend: True)
        played(lambda blend: bool(blend.layers), ("do.take", "beside"))
        begun = played(lambda blend: blend.status.filming == "part", ("do.record", "part"))
        played(lambda blend: blend.time > begun + 0.6)
        played(lambda blend: True, ("do.still", None))
        ended = played(lambda blend: blend.status.filming == "", ("do.record", None))
        again = played(lambda blend: blend.status.filming == "rest", ("do.record", "rest"))
        played(lambda blend: blend.time > again + 0.3)
    for name, least in (("part.mp4", 0.6), ("rest.mp4", 0.2)):
        times, _, _ = pictures(tmp_path / name)
        _, seconds = sound(tmp_path / name)
        assert times[-1] > least and seconds == pytest.approx(times[-1], abs=0.1), name
    assert pictures(tmp_path / "all.mkv")[0][-1] > again - first - 0.1
    times, _, _ = pictures(tmp_path / "part.mp4")
    assert times[-1] < ended - begun + 0.1
    (still,) = (tmp_path / "stills").iterdir()
    assert np.asarray(Pictures.open(still)).shape == (72, 128, 3)


def test_films_and_stills_lie_among_the_videos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liveanim.home.videos", lambda: tmp_path)
    assert (filming.films_dir(), filming.stills_dir()) == (tmp_path / "films", tmp_path / "stills")
