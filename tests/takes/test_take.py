from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.errors import UserError
from liveanim.core.model import ControlEvent
from liveanim.inputs.audiofile import FileSupply
from liveanim.takes.format import TakeInfo, from_toml, parse_event, to_toml
from liveanim.takes.reader import TakeReader, is_take
from liveanim.takes.writer import TakeWriter

INFO = TakeInfo(
    "0.1.0", "aurora", "name = 'aurora'\n[prompt]\n1 = \"sea\"\n", "ember", (640, 384), 7, 0.0, "2025-05-01"
)
EVENTS = (
    ControlEvent(0.5, "camera.zoom", 1.25, "midi"),
    ControlEvent(1.0, "prompt.1", 'a "sea"\nof \u2028 light \U0001f30a', "web"),
    ControlEvent(1.5, "camera.zoom", None, "keys"),
    ControlEvent(1.5, "out.blackout", "toggle", "keys"),
)


def sine(count: int) -> np.ndarray:
    return np.repeat(0.5 * np.sin(np.arange(count) / 10)[:, None], 2, axis=1).astype(np.float32)


def write_take(folder: Path, seconds: float = 1.0) -> Path:
    writer = TakeWriter(folder, INFO)
    sound = sine(round(seconds * 48000))
    for at in range(0, len(sound), 800):
        writer.sound(sound[at : at + 800], 48000, at / 48000)
    for event in EVENTS:
        writer.event(event)
    writer.close()
    assert writer.problem == ""
    return folder


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    reader = TakeReader(write_take(tmp_path / "take"))
    assert reader.info == INFO
    assert reader.events == EVENTS
    assert reader.warnings == []
    assert is_take(tmp_path / "take")
    samples = FileSupply(reader.audio).take(48000)
    assert np.abs(samples - sine(48000)).max() < 2e-7
    assert soundfile.info(reader.audio).duration == 1.0


def test_events_are_given_out_once_when_their_time_has_come(tmp_path: Path) -> None:
    reader = TakeReader(write_take(tmp_path / "take"))
    assert [len(reader.read(now)) for now in (0.4, 0.5, 1.4, 1.5, 99.0)] == [0, 1, 1, 2, 0]


def test_every_event_is_one_readable_line(tmp_path: Path) -> None:
    lines = (write_take(tmp_path / "take") / "events.jsonl").read_text().splitlines()
    assert json.loads(lines[0]) == {"time": 0.5, "target": "camera.zoom", "value": 1.25, "source": "midi"}
    assert len(lines) == 4


def test_a_folder_in_use_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="not empty"):
        TakeWriter(tmp_path, INFO)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot make a folder") as caught:
        TakeWriter(tmp_path / "file" / "take", INFO)
    assert "\n" not in str(caught.value)


def test_the_last_line_cut_off_is_left_out_with_a_warning(tmp_path: Path) -> None:
    folder = write_take(tmp_path / "take")
    text = (folder / "events.jsonl").read_text()
    (folder / "events.jsonl").write_text(text[: len(text) - 20])
    reader = TakeReader(folder)
    assert reader.events == EVENTS[:3]
    assert len(reader.warnings) == 1 and "cut off" in reader.warnings[0]


def test_a_bad_line_in_the_middle_is_named(tmp_path: Path) -> None:
    folder = write_take(tmp_path / "take")
    lines = (folder / "events.jsonl").read_text().splitlines()
    lines[1] = '{"time": "soon", "target": "camera.zoom"}'
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n")
    with pytest.raises(UserError, match="line 2: expected a number of seconds"):
        TakeReader(folder)


@pytest.mark.parametrize("name", ["take.toml", "events.jsonl", "audio.flac"])
def test_a_missing_part_is_named(tmp_path: Path, name: str) -> None:
    folder = write_take(tmp_path / "take")
    (folder / name).unlink()
    with pytest.raises(UserError, match=name):
        TakeReader(folder)


def test_what_is_no_folder_is_no_take(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such take"):
        TakeReader(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("version = ", "not valid TOML"),
        ("seed = 3", "'version' is missing"),
        ('version = "1"\nseed = -1', "seed: expected a whole number"),
        ('version = "1"\nseed = true', "seed: expected a whole number"),
        ('version = "1"\nsize = [1, 2, 3]', "size: expected"),
        ('version = "1"\nfps = nan', "fps: expected"),
        ('version = "1"\nfps = 1001', "fps: expected a number from 0 to 1000"),
        ('version = "1"\npreset = 3', "preset: expected a text"),
        ('version = "1"\nloras = ["a", 1]', "loras: expected a list of texts"),
        ('version = "1"\noverrides = {a = true}', "overrides: expected a table of numbers and texts"),
        ('version = "1"\nmedia = {init = 1}', "media: expected a table of texts"),
    ],
)
def test_a_wrong_key_says_what_was_expected(text: str, want: str) -> None:
    with pytest.raises(UserError, match=want):
        from_toml(text, "take.toml")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.integers(0, 2**32 - 1))
def test_any_text_survives_the_toml(text: str, seed: int) -> None:
    info = TakeInfo("1", text, text + "\n" + text, seed=seed)
    assert from_toml(to_toml(info)) == info


@given(st.text(max_size=80))
def test_any_line_is_an_event_or_a_value_error(line: str) -> None:
    try:
        parse_event(line)
    except ValueError as error:
        assert "\n" not in str(error)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists, max_leaves=4))
def test_any_value_is_an_event_or_a_value_error(value: object) -> None:
    try:
        event = parse_event(json.dumps({"time": 1, "target": "camera.x", "value": value}))
    except ValueError:
        return
    assert event.value is None or isinstance(event.value, str | float)


PLAYER = """
import sys, time, pathlib, numpy as np
from liveanim.core.model import ControlEvent
from liveanim.takes.format import TakeInfo
from liveanim.takes.writer import TakeWriter
writer = TakeWriter(pathlib.Path(sys.argv[1]), TakeInfo("1"))
for n in range(10**9):
    writer.sound(np.full((480, 2), 0.25, np.float32), 48000, n * 0.01)
    writer.event(ControlEvent(n * 0.01, "camera.zoom", 1.0))
    if n == 300:
        print("played", flush=True)
    time.sleep(0.001)
"""


def test_a_killed_take_can_be_read_up_to_the_last_half_second(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PLAYER, tmp_path / "take"], stdout=subprocess.PIPE) as player:
        assert player.stdout is not None
        player.stdout.readline()
        player.send_signal(signal.SIGKILL)
    reader = TakeReader(tmp_path / "take")
    samples = FileSupply(reader.audio).take(48000 * 10)[:, 0]
    heard = np.count_nonzero(samples > 0.2) / 48000
    assert heard > 2.0
    assert FileSupply(reader.audio).duration == pytest.approx(heard, abs=0.2)
    assert reader.events[-1].time > 2.0


def test_a_full_disk_ends_the_take_but_not_the_show(tmp_path: Path) -> None:
    writer = TakeWriter(tmp_path / "take", INFO)
    writer.sound(sine(48000), 48000, 0.0)
    writer.sound(np.zeros((48000, 5), np.float32), 48000, 1.0)
    writer.event(EVENTS[0])
    writer.close()
    assert "take ended early" in writer.problem
    writer.sound(sine(800), 48000, 2.0)
    writer.event(EVENTS[0])
