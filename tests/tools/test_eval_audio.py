"""What scores the ears reads whatever folder of annotated music it is given, and leaves out what it cannot score."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("mir_eval", reason="the scores are mir_eval's (pip install .[test])")
pytest.importorskip("scipy", reason="sound is resampled by scipy (pip install .[test])")
import soundfile

from tools.eval_audio import RATE, Events, load, read_truths, score_beats, scored

ROOT = Path(__file__).resolve().parents[2]
CLICKS = np.arange(0.5, 7.9, 0.5)
SIGNALS = ("kick", "snare", "hat")


def folder(path: Path, name: str = "one.two_mix.ogg", rate: int = 22050, **truths: str) -> Path:
    """Clicks every half second, in two channels of unlike loudness, and what is said of them."""
    sound = np.zeros((8 * rate, 2))
    click = np.exp(-np.arange(rate // 20) / (0.01 * rate)) * np.random.default_rng(1).standard_normal(rate // 20)
    for at in np.round(CLICKS * rate).astype(int):
        sound[at : at + len(click)] += 0.3 * click[:, None] * (1.0, 0.4)
    soundfile.write(path / name, np.clip(sound, -1, 1), rate)
    for kind, text in truths.items():
        (path / name).with_suffix(f".{kind}.txt").write_text(text, encoding="utf-8")
    return path


def lines(times: np.ndarray) -> str:
    return "\n".join(f"{time:.4f}" for time in times)


def test_times_begin_their_lines_and_what_is_empty_is_no_truth(tmp_path: Path) -> None:
    folder(tmp_path, onsets="1.5\tsnare\n0.5, kick\n\n", beats="# time number\n1.0 1\n", kicks="", hats="\n# none\n")
    found = read_truths(tmp_path / "one.two_mix.ogg")
    assert {kind: times.tolist() for kind, times in found.items()} == {"onsets": [0.5, 1.5], "beats": [1.0]}


def test_sounds_of_any_kind_are_taken_once_and_the_others_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder(tmp_path, onsets="1\n")
    folder(tmp_path, "loud.WAV", 48000, kicks="1\n")
    folder(tmp_path, "silent.flac", 44100)
    (tmp_path / "torn.mp3").write_bytes(b"no sound")
    (tmp_path / "torn.onsets.txt").write_text("1\n", encoding="utf-8")
    (tmp_path / "INDEX.md").write_text("# Index", encoding="utf-8")
    assert [path.name for path in scored(tmp_path, [])] == ["loud.WAV", "one.two_mix.ogg"]
    assert [path.name for path in scored(tmp_path, ["mix"])] == ["one.two_mix.ogg"]
    assert {line.split()[1] for line in capsys.readouterr().err.splitlines()} == {"silent.flac", "torn.mp3"}


@pytest.mark.parametrize("speed", [1.0, 1.25])
def test_sound_is_heard_at_one_rate_and_truth_moves_with_its_speed(tmp_path: Path, speed: float) -> None:
    folder(tmp_path, rate=37800, name="odd.wav", onsets=lines(CLICKS))
    sound, truths = load(tmp_path / "odd.wav", speed)
    assert len(sound) == pytest.approx(8 * RATE / speed, abs=2) and sound.dtype == np.float32
    loud = int(np.argmax(np.abs(sound) > 0.05)) / RATE
    assert (truths["onsets"][0], loud) == pytest.approx((0.5 / speed, 0.5 / speed), abs=0.002)


def test_beats_that_are_too_few_to_be_scored_are_not_scored_as_missed() -> None:
    assert score_beats(np.array([0.5, 1.0, 1.5]), Events([1.0], [1.1])) == {}
    assert list(score_beats(np.arange(1, 5.5, 0.5), Events([1.0], [1.1]))) == ["lock_s"]


def test_the_answer_has_every_measure_and_null_for_what_has_no_truth(tmp_path: Path) -> None:
    folder(tmp_path, onsets=lines(CLICKS))
    command = [sys.executable, "tools/eval_audio.py", str(tmp_path), "--json", "--only", "ours", "ledfx"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=True)
    results = json.loads(answer.stdout)
    assert list(results) == ["ours", "ledfx"]
    ours = results["ours"]
    assert ours["onset_f50"] == 1.0 and ours["onset_latency_median_ms"] < 8.0 and ours["cpu_ms_per_s"] > 0
    assert all(ours[key] is None for key in ("kick_f50", "snare_f50", "hat_f50", "beat_f70", "beat_cmlt", "beat_amlt"))
    assert ours["lock_median_s"] is None
    assert ours["files"]["one.two_mix"]["onset_f25_emit"] > 0.9
