"""Prompts that follow music: the preset that is written says exactly what the sound gave."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from liveanim.cli import main
from liveanim.core.errors import UserError
from liveanim.core.expr import Expression, compile_expr
from liveanim.inputs import soundway
from liveanim.library import parse_preset
from liveanim.soundjourney import prompts_in, travel


@pytest.fixture(scope="module")
def clicks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds: silence, then eight clicks in the second half."""
    import soundfile

    sound = np.zeros(4 * 22050, np.float32)
    for n in range(8):
        at = int((2 + n / 4) * 22050)
        sound[at : at + 400] = np.random.default_rng(n).uniform(-0.8, 0.8, 400)
    path = tmp_path_factory.mktemp("sound") / "clicks.wav"
    soundfile.write(path, sound, 22050)
    return path


def place(driver: Expression, now: float) -> float:
    return driver.evaluate({"t": now}, driver.memory())


def test_prompts_lie_evenly_and_move_by_the_sound_between_them(clicks: Path) -> None:
    text = travel(clicks, [(None, "a"), (None, "b"), (None, "c")], 12, "both", "max")
    preset = parse_preset(text, "x")
    driver = preset.drivers["prompt.position"]
    assert isinstance(driver, Expression) and preset.journey is not None
    assert preset.journey.texts == ("a", "b", "c") and not preset.journey.loop
    sound = soundway.load(clicks)
    line = soundway.weights(sound[2 * 22050 :], 25, 12, "max")
    for n in range(1, 24):
        assert place(driver, 2 + n / 12) - 1 == pytest.approx(line[n], abs=3e-4)
    assert [place(driver, t) for t in (0, 2, 4, 9)] == pytest.approx([0, 1, 2, 2], abs=1e-3)


def test_keyed_lines_say_when(clicks: Path, tmp_path: Path) -> None:
    listed = tmp_path / "prompts.txt"
    listed.write_text("0: ocean\n24: forest, mist\n# a note\n48: ocean again")
    assert prompts_in(listed, 12) == [(0, "ocean"), (2, "forest, mist"), (4, "ocean again")]
    listed.write_text("ocean\n24: forest")
    with pytest.raises(UserError, match="line 2: 'frame: text' on every line or on none"):
        prompts_in(listed, 12)
    listed.write_text("24: ocean\n0: forest")
    with pytest.raises(UserError, match="later than the one before"):
        prompts_in(listed, 12)
    with pytest.raises(UserError, match=r"lasts 4\.0 s"):
        travel(clicks, [(0, "a"), (20, "b")], 12, "both", "max")
    with pytest.raises(UserError, match="at least two"):
        travel(clicks, [(0, "a")], 12, "both", "max")


def test_the_command_writes_a_preset_that_opens(clicks: Path, tmp_path: Path) -> None:
    listed, made = tmp_path / "prompts.txt", tmp_path / "out.toml"
    listed.write_text("a mandala\nsmoke\n")
    assert main(["travel", str(clicks), str(listed), "-o", str(made), "--part", "percussive"]) == 0
    assert parse_preset(made.read_text(), "out").journey is not None


def test_a_list_that_is_not_there_is_answered_with_those_like_it(tmp_path: Path) -> None:
    (tmp_path / "prompts.txt").write_text("a mandala\nsmoke\n")
    with pytest.raises(UserError, match=r"promts.txt: no such file \(did you mean: prompts.txt\?\)"):
        prompts_in(tmp_path / "promts.txt", 12)


def test_the_live_form_takes_its_time_and_goes_where_the_sound_goes() -> None:
    """`travel` knows nothing of what comes: on a beat it keeps to its seconds a prompt, and it moves on the hits."""
    driver = compile_expr("travel(onset, 8)")
    memory, line, rate = driver.memory(), [], 60
    for n in range(64 * rate):
        since = (n / rate) % 0.5
        line.append(driver.evaluate({"onset": float(np.exp(-since / 0.08)), "dt": 1 / rate}, memory))
    assert line[-1] == pytest.approx(8, abs=0.8)
    steps = np.diff(line[-8 * rate :]).reshape(-1)
    phase = (np.arange(len(line))[-8 * rate + 1 :] / rate) % 0.5
    assert steps[phase < 0.1].sum() > 0.6 * steps.sum()
    assert (steps >= 0).all()


def test_in_silence_the_live_form_goes_on_slowly() -> None:
    driver = compile_expr("travel(onset, 10)")
    memory = driver.memory()
    for _ in range(600):
        value = driver.evaluate({"onset": 0.0, "dt": 1 / 60}, memory)
    assert 0.05 < value < 0.3


def test_live_and_offline_agree_on_a_click_track(clicks: Path) -> None:
    """Both put the same share of the way between the same clicks, once the live form knows how loud they are."""
    sound = soundway.load(clicks)
    power = soundway.mel_power(sound, soundway.HOP).max(axis=0)
    strength = power / power.max()
    driver = compile_expr("travel(onset, 4)")
    memory, step = driver.memory(), soundway.HOP / soundway.RATE
    for _ in range(4):  # heard before: the pace is known
        line = [driver.evaluate({"onset": float(level), "dt": step}, memory) for level in strength]
    way = (np.array(line) - line[0]) / (line[-1] - line[0])
    exact = soundway.weights(sound, len(way), soundway.RATE / soundway.HOP)
    moving = slice(len(way) // 2, None)
    assert np.abs(way[moving] - exact[moving]).max() < 0.15


@pytest.mark.parametrize("level", [0.1, 0.3, 0.9])
def test_the_live_form_keeps_its_seconds_from_the_beginning_however_busy_the_sound(level: float) -> None:
    driver = compile_expr("travel(onset, 12)")
    memory = driver.memory()
    way = [driver.evaluate({"onset": level, "dt": 1 / 60}, memory) for _ in range(24 * 60)]
    assert way[12 * 60] == pytest.approx(1.0, abs=0.4)
    assert way[-1] - way[12 * 60] == pytest.approx(1.0, abs=0.1)
