"""How late sound and picture are: measured on delays that are known, kept, and made up for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from liveanim import app, calibration, cli, latency
from liveanim.calibration import Calibration
from liveanim.clock import FrameClock
from liveanim.core.errors import UserError
from liveanim.core.model import Blend
from liveanim.inputs.analysis import Analyser
from liveanim.inputs.ears import Ears
from liveanim.inputs.sources import AudioSource, Steady
from liveanim.latency import Drawn, Picture, Sound, Spread, agreeing, answers, click_times, measure_sound, piece
from liveanim.options import LatencyOptions, PlayOptions
from liveanim.outputs.headless import Headless

TIMES = click_times(4)


def ears(source: AudioSource) -> Ears:
    return Ears(source, Analyser(source.rate))


def test_of_all_that_is_heard_the_delay_counts_that_most_clicks_have() -> None:
    played = [1.0, 1.6, 2.1, 2.9, 3.4]
    heard = sorted([1.0212, 1.6204, 1.7, 2.1199, 2.3, 2.95, 3.4201, 3.41])
    found = agreeing(played, heard)
    assert [heard[n] for n, _ in found] == [1.0212, 1.6204, 2.1199, 3.4201]
    assert [delay for _, delay in found] == pytest.approx([0.0212, 0.0204, 0.0199, 0.0201])


def test_clicks_that_too_few_agree_on_were_not_heard() -> None:
    assert agreeing([1.0, 2.0, 3.0, 4.0, 5.0], [1.02, 2.02, 3.3]) == []
    assert agreeing([], []) == []


@pytest.mark.parametrize("delay", [0.012, 0.21])
def test_the_way_of_the_sound_is_found(delay: float) -> None:
    clock = FrameClock(250, 2500)
    played, heard = (ears(Steady(piece(TIMES), start)) for start in (0.0, delay))
    sound = measure_sound(played, heard, clock, TIMES[-1] + 0.5, "x")
    assert sound.delays.values == pytest.approx([delay] * len(TIMES), abs=0.0015)
    assert delay < sound.events.median < delay + 0.012


def test_an_input_that_hears_nothing_is_told_in_one_line() -> None:
    clock = FrameClock(100, 400)
    with pytest.raises(UserError, match=r"not heard at 'mic' \(\d played, 0 sounds heard\): connect"):
        measure_sound(ears(Steady(piece(TIMES))), ears(Steady(piece([90.0]))), clock, 4.0, "mic")


def test_frames_and_their_answers_are_timed() -> None:
    stage, clock = Headless((64, 32)), iter([0.51, 0.85, 1.02])
    eye = Drawn(stage, lambda: next(clock))
    for now, count in ((0.5, 0.0), (0.8, 1.0), (1.0, 1.0)):
        eye.write(Blend(now, signals={"onset_count": count}), now)
    stage.close()
    assert eye.took == pytest.approx([0.05, 0.02])
    assert answers([0.79, 0.9], eye.onsets) == pytest.approx([0.06])


def test_what_was_measured_is_kept_and_forgotten(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "new" / "latency.toml"
    assert calibration.read(path) == Calibration()
    measured = Calibration(0.0215, {"USB Audio: 2": 0.0123})
    assert calibration.read(calibration.write(measured, path)) == measured
    path.write_text('display = 90\n[inputs]\nmic = "soon"\nline = -7\n')
    assert calibration.read(path) == Calibration(0.5, {"mic": 0.0, "line": -0.1})
    path.write_text("display = ")
    assert calibration.read(path) == Calibration()
    assert "is not read" in caplog.text
    calibration.forget(path)
    calibration.forget(path)
    assert not path.exists()
    path.touch()
    with pytest.raises(UserError, match="cannot be written"):
        calibration.write(measured, path / "x")


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "latency.toml"
    monkeypatch.setattr(calibration, "place", lambda: path)
    return path


def test_the_command_measures_says_and_keeps(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = Sound("line", Spread((0.011, 0.012, 0.013)), Spread((0.02, 0.021, 0.03)))
    picture = Picture("in a window", Spread((0.008, 0.009, 0.02)), Spread((0.03, 0.04)))
    monkeypatch.setattr(latency, "played_and_heard", lambda wanted, times: replace(line, name=wanted or "default"))
    monkeypatch.setattr(latency, "measure_picture", lambda headless, times: picture)
    assert cli.main(["latency", "--input", "line", "--screen", "20"]) == 0
    assert cli.main(["latency"]) == 0
    out = capsys.readouterr().out
    assert "sound -> input 'line': 12.0 ms (95 % within 12.9 ms), 3 of 12 clicks" in out
    assert "event -> picture drawn, in a window: 9.0 ms" in out
    assert calibration.read() == Calibration(0.009, {"line": 0.012, "default": 0.012})
    assert cli.main(["latency", "--forget"]) == 0
    assert not kept.exists()


def test_an_input_that_was_not_asked_for_may_be_deaf(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deaf(wanted: str | None, times: list[float]) -> Sound:
        raise UserError("no sound input found")

    picture = Picture("without a screen", Spread((0.01,)), Spread(()))
    monkeypatch.setattr(latency, "played_and_heard", deaf)
    monkeypatch.setattr(latency, "measure_picture", lambda headless, times: picture)
    said: list[str] = []
    latency.latency(LatencyOptions(), said.append)
    assert said[1] == "no sound input found"
    assert said[2].startswith("sound -> event, of the ears alone: ")
    assert calibration.read() == Calibration(0.01)
    with pytest.raises(UserError, match="no sound input found"):
        latency.latency(LatencyOptions(input="line"), said.append)


def test_what_a_busy_machine_measures_is_not_kept(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "measure_picture", lambda headless, times: Picture("x", Spread((2.2,)), Spread(())))
    said: list[str] = []
    latency.latency(LatencyOptions(inject=True), said.append)
    assert said[-1].startswith("nothing is kept: more than 500 ms")
    assert not kept.exists()


def test_a_show_makes_up_for_the_picture(kept: Path) -> None:
    calibration.write(Calibration(0.04))
    options = PlayOptions(audio="silence", model="paint", size=(64, 32), headless=True, osc=False, web=False, midi="-")
    with app.live(options) as ready:
        ready.show.tick(0.0)
        blend = ready.show.tick(0.5)
    assert blend.values["play.ahead"] == pytest.approx(40.0)
    assert blend.ahead == pytest.approx(0.04 * blend.signals["bpm"] / 60)
