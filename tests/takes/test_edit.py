"""Takes looked into, cut and edited: what is asked for, in numbers; trouble as one line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from liveanim import app, cli, takecommands
from liveanim.core.errors import UserError
from liveanim.core.model import ControlEvent
from liveanim.options import RenderOptions
from liveanim.takes import edit
from liveanim.takes.format import EVENTS, TakeInfo, event_line, parse_event
from liveanim.takes.reader import TakeReader
from liveanim.takes.writer import Keyframe, TakeWriter

from ..fakes import grey

RATE, SECONDS = 8000, 30
PLAYED = (
    ControlEvent(1.0, "camera.zoom", 1.5, "midi"),
    ControlEvent(2.0, "prompt.1", "sea \u2028 \U0001f30a", "web"),
    ControlEvent(15.0, "camera.zoom", 1.2, "midi"),
    ControlEvent(25.0, "out.blackout", "toggle", "keys"),
)
LOOK = '[prompt]\ntext = ["sea"]\n[camera]\nangle = "10*sin(2*pi*t/10)"\n'


def ramp(first: int, count: int) -> np.ndarray:
    """(count, 2) sound whose sample k tells its own number."""
    return np.repeat((np.arange(first, first + count) % 4096 / 8192)[:, None], 2, axis=1).astype(np.float32)


@pytest.fixture
def take(tmp_path: Path) -> TakeReader:
    """30 seconds, a picture every tenth of a second, kept every two."""
    folder = tmp_path / "night"
    info = TakeInfo("1", "sea", LOOK, "paint", (64, 48), 3, picture=(64, 48))
    writer = TakeWriter(folder, info, {"sea": LOOK})
    for second in range(SECONDS):
        writer.sound(ramp(second * RATE, RATE), RATE, float(second))
    for n in range(SECONDS * 10):
        writer.begun(n, n / 10)
        writer.keyframe(Keyframe(n, n / 10, grey(n % 256, (64, 48))))
    for event in PLAYED:
        writer.event(event)
    writer.close()
    assert writer.status() == ""
    return TakeReader(folder)


def test_a_summary_counts_everything(take: TakeReader) -> None:
    found = edit.summary(take)
    assert (found.begin, found.end, found.rate) == (0.0, 30.0, RATE)
    assert (found.events, found.painted, found.kept) == (4, 300, 15)
    assert dict(found.targets) == {"camera.zoom": 2, "out.blackout": 1, "prompt.1": 1}
    assert found.keyframe_rate == pytest.approx(10.0) and found.megabytes > 0.04


def test_a_trimmed_take_keeps_its_times_its_scene_and_some_sound_before(take: TakeReader, tmp_path: Path) -> None:
    edit.trim(take, tmp_path / "part", 14.0, 20.0)
    part = TakeReader(tmp_path / "part")
    assert (part.info.begin, part.info.sound_from) == (14.0, 6.0)
    assert part.events == PLAYED[:3] and part.looks() == take.looks()
    assert (part.moments[0].time, part.moments[-1].time) == (6.0, 20.0)
    assert [moment.time for moment in part.kept_moments()] == [6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0, 20.0]
    laid, rate = soundfile.read(part.audio, dtype="float32")
    assert np.abs(laid - ramp(6 * RATE, 14 * RATE)).max() < 2e-7 and rate == RATE
    edit.trim(part, tmp_path / "again", 18.0, None)
    again = TakeReader(tmp_path / "again")
    assert (again.info.begin, again.info.sound_from, edit.summary(again).end) == (18.0, 10.0, 20.0)


def test_a_trimmed_take_is_rendered_from_its_cut(take: TakeReader, tmp_path: Path) -> None:
    edit.trim(take, tmp_path / "part", 14.0, 16.0)
    app.render(
        RenderOptions(str(tmp_path / "part"), tmp_path / "a.png", fps=5.0, quiet=True, extra=(tmp_path / "a.wav",))
    )
    assert len(list(tmp_path.glob("a-*.png"))) == 10
    laid, _rate = soundfile.read(tmp_path / "a.wav", dtype="float32")
    assert np.abs(laid - ramp(14 * RATE, 2 * RATE)).max() < 2e-7


@pytest.mark.parametrize(
    ("begin", "end", "said"),
    [
        (40.0, None, "nothing is left: it ends at"),
        (5.0, 5.0, "from 5 s to 5 s: --to has to come after --from"),
        (5.0, 4.0, "from 5 s to 4 s: --to has to come after --from"),
    ],
)
def test_a_cut_that_leaves_nothing_is_one_line_and_leaves_nothing_behind(
    take: TakeReader, tmp_path: Path, begin: float, end: float | None, said: str
) -> None:
    with pytest.raises(UserError, match=said):
        edit.trim(take, tmp_path / "part", begin, end)
    assert not (tmp_path / "part").exists()


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_its_sound_is_exported_as_it_was(take: TakeReader, tmp_path: Path, name: str) -> None:
    assert edit.export_audio(take, tmp_path / name) == SECONDS
    laid, rate = soundfile.read(tmp_path / name, dtype="float32")
    assert np.abs(laid - ramp(0, SECONDS * RATE)).max() < 2e-7 and rate == RATE
    for wrong, said in (("a.xyz", "unknown kind"), ("nowhere/a.wav", "mkdir -p")):
        with pytest.raises(UserError, match=said):
            edit.export_audio(take, tmp_path / wrong)


def test_events_are_edited_as_text(take: TakeReader, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "events.jsonl"
    assert cli.main(["take", "events", str(take.folder), "-o", str(text)]) == 0
    lines = text.read_text().splitlines()
    lines[2] = lines[2].replace("1.2", "0.9").replace("15.0", "0.5")
    text.write_text("\n".join([*lines[:3], ""]))
    assert cli.main(["take", "events", str(take.folder), "--load", str(text)]) == 0
    edited = TakeReader(take.folder).events
    assert [(event.time, event.value) for event in edited] == [(0.5, 0.9), (1.0, 1.5), (2.0, PLAYED[1].value)]
    assert len((take.folder / "events.before.jsonl").read_text().splitlines()) == 4
    assert "3 events in place of 4" in capsys.readouterr().out


def test_every_bad_line_of_an_edited_text_is_named_and_nothing_is_changed(take: TakeReader, tmp_path: Path) -> None:
    before = (take.folder / EVENTS).read_text()
    text = tmp_path / "events.jsonl"
    text.write_text('{"time": 1, "target": "a.b"}\n{"time": "soon", "target": "a.b"}\n\nnonsense\n')
    with pytest.raises(UserError, match=r"line 2: expected a number of seconds as 'time'; line 4: not valid JSON"):
        takecommands.read_events(text, lambda target: None)
    assert cli.main(["take", "events", str(take.folder), "--load", str(text)]) == 2
    assert (take.folder / EVENTS).read_text() == before


def test_an_edited_event_for_something_that_does_not_exist_is_named(
    take: TakeReader, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "events.jsonl"
    good = ("prompt.1", "stage.bloom", "expr.camera.zoom", "beat.do.scene", "do.undo")
    lines = [f'{{"time": 1, "target": "{target}", "value": 1}}' for target in (*good, "camera.zom")]
    text.write_text("\n".join(lines[:-1]))
    assert cli.main(["take", "events", str(take.folder), "--load", str(text)]) == 0
    text.write_text("\n".join(lines))
    capsys.readouterr()
    assert cli.main(["take", "events", str(take.folder), "--load", str(text)]) == 2
    assert "line 6: unknown target 'camera.zom' (did you mean: camera.zoom" in capsys.readouterr().err
    assert len(TakeReader(take.folder).events) == 5


values = (
    st.none() | st.text(st.characters(exclude_categories=["Cs"])) | st.floats(allow_nan=False, allow_infinity=False)
)


@given(st.floats(0, 1e6), st.text(min_size=1), values, st.text())
def test_any_event_comes_back_from_its_line(time: float, target: str, value: float | str | None, source: str) -> None:
    event = ControlEvent(time, target, value, source)
    line = event_line(event)
    assert parse_event(line) == event and line.count("\n") == 1


def test_info_is_a_page_for_people_and_json_for_programs(take: TakeReader, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["take", "info", str(take.folder)]) == 0
    page = capsys.readouterr().out
    assert (
        "0:30 (0.0 to 30.0 s)" in page and "300 painted (10.0 a second), 15 kept" in page and "2  camera.zoom" in page
    )
    assert cli.main(["take", "info", str(take.folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["take"]["seed"] == 3


def test_curves_show_what_was_played(take: TakeReader, tmp_path: Path) -> None:
    curves = takecommands.curves(take, 10.0)
    zoom = curves["camera.zoom"]
    assert len(zoom) == 300
    assert zoom[[12, 149, 152, 299]] == pytest.approx([1.5, 1.5, 1.2, 1.2], abs=0.05)
    assert np.ptp(curves["camera.angle"]) == pytest.approx(20.0, abs=0.5)
    names = takecommands.chosen([], curves, take.events)
    assert names[:2] == ["camera.zoom", "out.blackout"] and "camera.angle" in names
    with pytest.raises(UserError, match=r"did you mean: camera\.zoom"):
        takecommands.chosen(["camera.zom"], curves, ())
    assert (
        cli.main(["take", "plot", str(take.folder), "-o", str(tmp_path / "a.png"), "--only", "camera.zoom", "kick"])
        == 0
    )
    from PIL import Image

    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (960, 360)


@pytest.mark.parametrize("words", [["take"], ["take", "cut", "x"], ["take", "info"], ["take", "info", "/nowhere"]])
def test_a_wrong_wish_is_one_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 2
    assert capsys.readouterr().err.count("\n") == 1
