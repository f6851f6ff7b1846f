"""Thumbnails: which presets have one, when one is taken of the stage, and how they are kept."""

from __future__ import annotations

import io
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pictures

from liveanim import app, thumbnails
from liveanim.archive import Archive
from liveanim.core.model import Blend, ControlEvent, Image, Keyframe, Layer, Status, frozen_image, frozen_map
from liveanim.core.preset import Preset
from liveanim.inputs.fakes import Script
from liveanim.inputs.web.hub import THUMBNAILS
from liveanim.keeping import Paper
from liveanim.library import as_toml, parse_preset, read_preset, shipped
from liveanim.options import PlayOptions
from liveanim.show import Settings, Show
from liveanim.thumbnails import REST, SIZE, Thumbnailer, content_of, kept_dir, shipped_dir
from tests.fakes import AtOnce, Hears, grey
from tests.test_taking import until

TEXT = '[prompt]\ntext = ["sea"]\n[[scene]]\nname = "calm"\n[[scene]]\nname = "storm"\n'
SEA = parse_preset(TEXT, "sea")
RATE = 10  # frames a second


def lively(step: int) -> Image:
    """Stripes whose contrast is `step`, 0..255."""
    image = np.zeros((54, 96, 3), np.uint8)
    image[:, ::8] = step
    return frozen_image(image)


class Bench:
    """A thumbnailer on a stage that shows `stage(frame number)`, frame by frame."""

    def __init__(self, folder: Path, *known: Preset, model: str | None = None, logo: bool = False) -> None:
        self.folder, self.known = folder, known
        self.thumbnailer = Thumbnailer(model, folder, logo)
        self.stage: Callable[[int], Image] = lambda frame: lively(200)
        self.frame, self.fetched = 0, 0
        self._waiting: int | None = None
        self.thumbnailer.plays(known, None, "")
        self.thumbnailer.work()

    def play(self, seconds: float, preset: Preset | None = None, scene: str = "", **changes: Any) -> None:
        """Frames of a show in which `preset` plays as it was loaded, None: as it was edited."""
        for _ in range(round(seconds * RATE)):
            now = self.frame / RATE
            self.thumbnailer.plays(self.known, preset, scene)
            if self._waiting is not None:
                self.thumbnailer.picture(self.stage(self._waiting), self._waiting / RATE)
                self.fetched += 1
            self._waiting = self.frame if self.thumbnailer.wanted() else None
            self.thumbnailer.write(blend_at(now, **changes), now)
            self.frame += 1

    def kept(self) -> dict[str, bytes]:
        """Pictures by what they are of, when the thread has done its work."""
        self.thumbnailer.work()
        found = self.thumbnailer.thumbnails()
        return {of: found.webp[address.removeprefix(THUMBNAILS)] for of, address in found.addresses.items()}

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("*"))


def blend_at(now: float, arriving: float = 1.0, by: str = "ember", age: float = 0.5, **changes: Any) -> Blend:
    layer = Layer(Keyframe(0, now - age, grey(90), by), 1.0, np.eye(3))
    given: dict[str, Any] = {"layers": (layer,), "status": Status(arriving=arriving), **changes}
    return Blend(now, **given)


def held(**knobs: float) -> dict[str, Any]:
    names = {name.replace("_", ".", 1): value for name, value in knobs.items()}
    return {"knobs": frozen_map(names), "holders": frozen_map(dict.fromkeys(names, "midi"))}


def contrast(webp: bytes) -> float:
    with Pictures.open(io.BytesIO(webp)) as picture:
        assert picture.size == SIZE
        return float(np.asarray(picture.convert("L")).max())


def test_every_shipped_preset_and_scene_has_a_thumbnail_and_none_is_left_over() -> None:
    """Paint those that are missing: python tools/gallery_presets.py NAME"""
    files = [path for path in shipped_dir().rglob("*") if path.is_file()]
    presets = [read_preset(path) for path in shipped()]
    wanted = [f"{preset.name}.webp" for preset in presets]
    wanted += [f"{preset.name}/{scene.name}.webp" for preset in presets for scene in preset.scenes]
    assert sorted(path.relative_to(shipped_dir()).as_posix() for path in files) == sorted(wanted)
    for path in files:
        with Pictures.open(path) as picture:
            assert (picture.format, picture.size) == ("WEBP", SIZE)
        assert path.stat().st_size < 32_000


def test_the_liveliest_of_four_pictures_of_a_look_that_is_left_alone_is_kept(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "cache", SEA)
    bench.stage = lambda frame: lively({51: 250}.get(frame, 120))
    bench.play(REST + 2.9, SEA)
    assert bench.kept() == {} and bench.files == []
    bench.play(0.5, SEA)
    (of, webp), *rest = bench.kept().items()
    assert (of, rest, bench.fetched) == ("sea", [], 4)
    assert contrast(webp) > 220  # the picture of 5.1 s, not those of 4.1, 6.1 and 7.1
    assert len(bench.files) == 1 and "sea" not in bench.files[0]
    bench.play(20, SEA)
    assert bench.fetched == 4  # there is one


def test_none_is_taken_while_a_logo_is_seen(tmp_path: Path) -> None:
    bench = Bench(tmp_path, SEA, logo=True)
    bench.play(9, SEA, values=frozen_map({"logo.opacity": 0.3}))
    assert bench.fetched == 0
    bench.play(9, SEA, values=frozen_map({"logo.opacity": 0.0}), **held(logo_opacity=0.0))
    assert "sea" in bench.kept()


@pytest.mark.parametrize(
    "changes",
    [
        {"blackout": True},
        {"freeze": True},
        {"level": 0.9},
        {"arriving": 0.99},
        {"layers": ()},
        {"by": "paint"},
        {"age": 4.0},
        held(stage_hue=0.2),
        held(play_morph=0.5),
        held(macro_m1=0.5),
    ],
    ids=lambda changes: next(iter(changes["knobs"] if "knobs" in changes else changes)),
)
def test_what_is_not_the_look_itself_is_not_taken(tmp_path: Path, changes: dict[str, Any]) -> None:
    bench = Bench(tmp_path, SEA)
    bench.play(20, SEA, **changes)
    assert bench.fetched == 0
    for _ in range(4):
        bench.play(REST + 2, SEA)
        bench.play(0.1, SEA, **changes)  # and begins anew
    assert bench.kept() == {}
    bench.play(REST + 4, SEA)
    assert list(bench.kept()) == ["sea"]


def test_what_hands_hold_beside_the_look_is_no_matter(tmp_path: Path) -> None:
    bench = Bench(tmp_path, SEA)
    bench.play(REST + 4, SEA, **held(out_fade=2.0, play_fade=1.0, audio_gain=2.0, macro_m1=0.0))
    assert list(bench.kept()) == ["sea"]


def test_a_preset_by_another_or_edited_one_is_not_taken(tmp_path: Path) -> None:
    bench = Bench(tmp_path, SEA)
    bench.play(10, None)
    bench.play(10, replace(SEA, knobs={"stage.hue": 0.5}))  # of the same name, but not what is listed
    assert bench.fetched == 0


def test_the_paint_renderer_is_taken_where_it_was_asked_for(tmp_path: Path) -> None:
    own = replace(SEA, name="own", model="paint")
    for folder, preset, model in ((tmp_path / "a", own, None), (tmp_path / "b", SEA, "paint")):
        bench = Bench(folder, preset, model=model)
        bench.play(REST + 4, preset, by="paint")
        assert list(bench.kept()) == [preset.name]


def test_scenes_have_their_own_and_the_one_it_starts_with_stands_for_the_preset(tmp_path: Path) -> None:
    starts = replace(SEA, name="starts", start="calm")
    bench = Bench(tmp_path, SEA, starts)
    bench.play(REST + 4, SEA, "storm")
    assert list(bench.kept()) == ["sea/storm"]
    bench.play(REST + 4, starts, "calm")
    kept = bench.kept()
    assert set(kept) == {"sea/storm", "starts", "starts/calm"} and kept["starts"] == kept["starts/calm"]


def test_an_edited_preset_shows_its_old_thumbnail_until_it_has_a_new_one(tmp_path: Path) -> None:
    bench = Bench(tmp_path, SEA)
    bench.play(REST + 4, SEA)
    (before,), files = bench.kept().values(), bench.files
    edited = parse_preset(TEXT.replace("sea", "lake"), "sea")
    bench.known = (edited,)
    bench.stage = lambda frame: lively(255)
    bench.play(0.1, edited)
    assert bench.kept() == {"sea": before} and bench.files == files
    bench.play(REST + 4, edited)
    (after,) = bench.kept().values()
    assert after != before and len(bench.files) == 1 and bench.files != files


def test_shipped_presets_keep_what_they_came_with_until_they_are_edited(tmp_path: Path) -> None:
    first = read_preset(shipped()[0])
    theirs = (shipped_dir() / f"{first.name}.webp").read_bytes()
    bench = Bench(tmp_path, first)
    bench.play(REST + 4, first)
    assert bench.kept()[first.name] == theirs and bench.fetched == 0
    own = parse_preset(first.text + "\n# mine", first.name)
    own = replace(own, knobs={"stage.hue": 0.3})
    bench.known = (own,)
    bench.play(0.1, own)
    assert bench.kept()[first.name] == theirs
    bench.play(REST + 4, own)
    assert bench.kept()[first.name] != theirs
    bench.known = (first,)
    bench.play(0.1, first)
    assert bench.kept()[first.name] == theirs


def test_scenes_of_shipped_presets_come_with_theirs(tmp_path: Path) -> None:
    preset = read_preset(next(path for path in shipped() if path.stem == "op-art"))
    bench = Bench(tmp_path, preset)
    assert bench.kept() == {
        of: (shipped_dir() / f"{of}.webp").read_bytes()
        for of in ("op-art", "op-art/waves", "op-art/rosette", "op-art/wires", "op-art/moire")
    }
    bench.play(REST + 4, preset, "wires")
    assert bench.fetched == 0
    edited = parse_preset(preset.text.replace("silver", "gold"), "op-art")
    bench.known = (edited,)
    bench.play(0.1, edited)
    bench.kept()
    bench.play(REST + 4, edited, "wires")
    kept = bench.kept()
    assert bench.fetched == 4
    assert kept["op-art/wires"] != (shipped_dir() / "op-art/wires.webp").read_bytes()
    assert kept["op-art/waves"] == (shipped_dir() / "op-art/waves.webp").read_bytes()  # until it has played


def test_where_the_package_has_no_good_one_the_stage_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "shipped_dir", lambda: tmp_path)
    first = read_preset(shipped()[0])
    (tmp_path / f"{first.name}.webp").write_bytes(b"nothing")
    bench = Bench(tmp_path / "cache", first)
    bench.play(REST + 4, first)
    assert list(bench.kept()) == [first.name]
    bench.play(20, first)
    assert bench.fetched == 4


def test_what_is_saved_is_taken_as_it_stands(tmp_path: Path) -> None:
    bench = Bench(tmp_path, SEA)
    bench.play(1, None)
    saved = replace(SEA, name="mine", start="calm", text="")
    bench.known = (SEA, saved)
    bench.thumbnailer.saved(saved, bench.frame / RATE)
    bench.play(0.3, None, **held(stage_hue=0.2))
    assert set(bench.kept()) == {"mine", "mine/calm"} and bench.fetched == 1


def test_what_is_saved_while_nothing_is_seen_waits_two_seconds_at_most(tmp_path: Path) -> None:
    bench = Bench(tmp_path, SEA)
    bench.play(1, None)
    bench.thumbnailer.saved(SEA, bench.frame / RATE)
    bench.play(3, None, blackout=True)
    bench.play(3, None)
    assert bench.kept() == {}


def test_a_picture_that_shows_nothing_is_not_kept_and_tried_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path, SEA)
    bench.stage = lambda frame: frozen_image(np.full((54, 96, 3), (40, 180, 20), np.uint8))
    bench.play(REST + 4, SEA)
    assert bench.kept() == {} and bench.fetched == 4
    bench.stage = lambda frame: lively(200)
    bench.play(REST + 4, SEA)
    assert list(bench.kept()) == ["sea"]


def test_the_oldest_files_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "MOST", 2)
    looks = [replace(SEA, name=name) for name in ("../../etc", "b/c", "d")]
    bench = Bench(tmp_path / "cache", *looks)
    for n, look in enumerate(looks):
        bench.play(REST + 4, look)
        assert len(bench.kept()) == min(n + 1, 2)
        for path in (tmp_path / "cache").iterdir():
            os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns - 10**9))
    assert list(bench.kept()) == ["b/c", "d"]
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]  # names are no paths


def test_files_that_are_no_thumbnails_are_left_out(tmp_path: Path) -> None:
    bench = Bench(tmp_path, SEA)
    bench.play(REST + 4, SEA)
    bench.kept()
    (path,) = tmp_path.iterdir()
    for bad in (b"", b"<svg/>", path.read_bytes() + bytes(thumbnails.LARGEST)):
        path.write_bytes(bad)
        assert bench.kept() == {}
    (tmp_path / "other.webp").write_bytes(b"")
    bench.play(REST + 4, SEA)
    assert list(bench.kept()) == ["sea"]  # it is taken again
    path.unlink()
    path.mkdir()
    assert bench.kept() == {}


def test_a_cache_that_cannot_be_written_is_said_and_the_thread_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cache").write_text("no folder")
    bench = Bench(tmp_path / "cache", SEA)
    bench.play(REST + 4, SEA)
    bench.thumbnailer.start()
    until(lambda: f"no thumbnail is kept in {tmp_path / 'cache'}: File exists" in caplog.text)
    (tmp_path / "cache").unlink()
    lake = replace(SEA, name="lake")
    bench.known = (SEA, lake)
    bench.play(0.1, lake)
    bench.thumbnailer.saved(lake, bench.frame / RATE)
    bench.play(0.3, lake)
    until(lambda: "lake" in bench.thumbnailer.thumbnails().addresses)
    bench.thumbnailer.close()


def test_content_is_the_same_in_a_file_and_changes_with_it() -> None:
    for path in shipped():
        preset = read_preset(path)
        assert content_of(parse_preset(as_toml(preset), preset.name, str(path))) == content_of(preset)
    edited = replace(SEA, knobs={"stage.hue": 0.25})
    assert content_of(edited) != content_of(SEA) == content_of(replace(SEA, name="lake"))
    assert content_of(parse_preset(as_toml(edited), "x")) == content_of(edited)


class Told:
    """What a show says of its presets."""

    def __init__(self) -> None:
        self.rows: list[tuple[str | None, str, bool]] = []
        self.saves: list[str] = []

    def plays(self, known: Sequence[Preset], preset: Preset | None, scene: str) -> None:
        row = (preset.name if preset else None, scene, any(preset is one for one in known))
        self.rows += [row] if row not in self.rows[-1:] else []

    def saved(self, preset: Preset, now: float) -> None:
        self.saves.append(preset.name)


def test_a_show_tells_what_plays_as_it_was_loaded() -> None:
    told = Told()
    events = [
        ControlEvent(1.0, "do.scene", "storm"),
        ControlEvent(2.0, "expr.stage.hue", "0.5"),
        ControlEvent(3.0, "do.undo"),
        ControlEvent(4.0, "prompt.1", "a lake"),
        ControlEvent(5.0, "do.save", "lake"),
        ControlEvent(6.0, "do.preset", "lake"),
        ControlEvent(7.0, "look.lake", TEXT),
    ]
    archive = Archive(keeper=Paper(), thumbnailer=told, read=lambda name, text: parse_preset(text, name))
    show = Show([Script(events)], Hears(), AtOnce(), [SEA], Settings((64, 36)), archive=archive)
    for second in range(10):
        show.tick(second + 0.5)
    assert told.rows == [
        ("sea", "", True),
        ("sea", "storm", True),
        (None, "storm", False),
        ("sea", "storm", True),
        (None, "storm", False),
        ("lake", "storm", True),
    ]
    assert told.saves == ["lake"]


def test_a_live_show_takes_what_plays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "REST", 0.2)
    monkeypatch.setattr(thumbnails, "EVERY", 0.05)
    monkeypatch.setattr("liveanim.home.cache", lambda: tmp_path)
    (tmp_path / "own.toml").write_text(TEXT)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = PlayOptions(
        "silence", headless=True, seconds=30.0, model="paint", size=(128, 72), midi="-", osc=False, web_port=port,
        preset=str(tmp_path / "own.toml"),
    )  # fmt: skip
    with app.live(options) as ready:
        for now in ready.clock.frames():
            blend = ready.show.tick(now)
            for sink in ready.sinks:
                sink.write(blend, now)
            if list(kept_dir().glob("*.webp")):
                break
    (path,) = kept_dir().iterdir()
    with Pictures.open(path) as picture:
        assert picture.size == SIZE
