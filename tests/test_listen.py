"""`liveanim listen`: meters, lines and the drawn picture, from sound whose content is known."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from liveanim import cli
from liveanim.clock import FrameClock
from liveanim.inputs.analysis import Analyser
from liveanim.inputs.ears import Ears
from liveanim.inputs.fakes import click
from liveanim.inputs.levels import LevelMeter
from liveanim.inputs.sources import Steady
from liveanim.listen import Heard, bar, note_name, picture, summary, watch
from liveanim.plot_sound import COLUMNS, LAMPS, columns


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def listened(out: io.StringIO, seconds: float = 6.0) -> Heard:
    source = Steady(click(120))
    ears, level = Ears(source, Analyser(source.rate)), LevelMeter()
    ears.add_tap(level)
    return watch(ears, level, FrameClock(24, round(seconds * 24)), out)


def test_without_a_terminal_there_is_a_line_a_second() -> None:
    out = io.StringIO()
    heard = listened(out)
    lines = out.getvalue().splitlines()
    assert len(lines) == 5
    assert "120" in lines[-1] and "BPM" in lines[-1] and "good level" in lines[-1] and "[click 120 BPM]" in lines[-1]
    assert heard.counts["onset"] == pytest.approx(12, abs=1)
    assert heard.bpm == pytest.approx(120, abs=1.5)
    assert summary(heard).startswith("1") and "onsets" in summary(heard)


@pytest.mark.parametrize("width", [30, 80, 200])
def test_the_meters_fit_the_terminal(width: int) -> None:
    heard = listened(io.StringIO(), 2.0)
    shown = io.StringIO()
    Console(file=shown, width=width).print(picture(heard, LevelMeter(), "a name", 2.0, width))
    lines = shown.getvalue().splitlines()
    assert max(map(len, lines)) <= max(width, 44)
    text = "\n".join(lines)
    if width >= 80:
        assert all(name in text for name in ("bass", "percussive", "centroid", "kick", "BPM", "waiting for sound"))


@pytest.mark.parametrize("meter", [3, 4, 16])
def test_there_is_a_lamp_for_every_beat_of_the_bar(meter: int) -> None:
    out = Terminal()
    source = Steady(click(120))
    watch(Ears(source, Analyser(source.rate)), LevelMeter(), FrameClock(24, 2), out, meter)
    assert out.getvalue().rpartition("no tempo")[2].count("■") == meter


def test_on_a_terminal_the_picture_is_drawn_over_and_over() -> None:
    out = Terminal()
    listened(out, 1.0)
    assert out.getvalue().count("centroid") >= 20


@pytest.mark.parametrize(("value", "expected"), [(0.0, "    "), (1.0, "████"), (0.5, "██  "), (0.28125, "█▏  ")])
def test_a_bar_is_as_long_as_its_value(value: float, expected: str) -> None:
    assert bar(value, 4) == expected


@pytest.mark.parametrize(("note", "name"), [(0.0, ""), (69.0, "A4"), (60.2, "C4"), (33.4, "A1")])
def test_notes_have_names(note: float, name: str) -> None:
    assert note_name(note) == name


def test_columns_keep_the_greatest() -> None:
    assert columns(np.array([1.0, 5.0, 2.0, 3.0]), 2).tolist() == [5.0, 3.0]
    assert columns(np.array([1.0, 2.0]), 4).tolist() == [1.0, 1.0, 2.0, 2.0]


def test_a_file_is_drawn_with_its_onsets_in_their_places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.png"
    assert cli.main(["listen", "click:120", "--plot", str(path), "--seconds", "4"]) == 0
    assert "7 onsets" in capsys.readouterr().out
    pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
    lane = pixels[445, 96:]
    seen = np.flatnonzero(np.abs(lane - LAMPS["onset"]).sum(axis=1) < 30)
    starts = seen[np.diff(seen, prepend=-9) > 1]
    assert list(starts) == pytest.approx([COLUMNS * n * 0.5 / 4 for n in range(1, 8)], abs=4)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--plot", "a.png"], "--plot draws a file"),
        (["builtin", "--input", "x"], "not both"),
        (["nowhere.flac"], "no such file"),
        (["builtin", "--plot", "/nowhere/a.png", "--seconds", "1"], "No such file"),
    ],
)
def test_what_cannot_be_is_one_line(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["listen", *words]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
