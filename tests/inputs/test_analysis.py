"""The analyser on signals whose answer is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from liveanim.core.model import Features
from liveanim.inputs.analysis import Analyser, AnalyserConfig
from liveanim.inputs.bands import hop_for

RATE = 44100


def clicks(seconds: float = 4.0, every: float = 0.5, rate: int = RATE) -> NDArray[np.float32]:
    """A decaying burst of noise every `every` s, from `every` on."""
    rng = np.random.default_rng(1)
    out = 0.0005 * rng.standard_normal(round(seconds * rate))
    burst = rng.standard_normal(round(0.08 * rate)) * np.exp(-np.arange(round(0.08 * rate)) / (0.02 * rate)) * 0.5
    for start in np.arange(every, seconds - 0.1, every):
        at = round(start * rate)
        out[at : at + len(burst)] += burst
    return out.astype(np.float32)


def onsets(features: list[Features]) -> list[float]:
    return [time for one in features for time in one.onsets]


@pytest.mark.parametrize("rate", [16000, 22050, 32000, 44100, 48000, 88200, 96000, 192000])
def test_bursts_are_heard_at_any_rate(rate: int) -> None:
    heard = [time for time in onsets(Analyser(rate).feed(clicks(rate=rate))) if time > 0.4]
    assert 0.0052 < hop_for(rate) / rate < 0.0061
    assert heard == pytest.approx(list(np.arange(0.5, 3.9, 0.5)), abs=0.02)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 3000), min_size=1, max_size=40))
def test_the_cutting_of_the_stream_changes_nothing(cuts: list[int]) -> None:
    sound = clicks(1.5)
    whole = Analyser(RATE).feed(sound)
    analyser, at = Analyser(RATE), 0
    parts: list[list[Features]] = []
    while at < len(sound):
        n = cuts[len(parts) % len(cuts)]
        parts.append(analyser.feed(sound[at : at + n]))
        at += n
    assert [one for part in parts for one in part] == whole


@pytest.mark.parametrize("kind", ["silence", "dc", "square", "nan", "inf"])
def test_faulty_input_gives_no_events(kind: str) -> None:
    t = np.arange(2 * RATE) / RATE
    sound = {
        "silence": np.zeros_like(t),
        "dc": np.ones_like(t),
        "square": np.where(np.sin(2 * np.pi * 100 * t) >= 0, 1.0, -1.0),
        "nan": np.full_like(t, np.nan),
        "inf": np.full_like(t, np.inf),
    }[kind]
    heard = Analyser(RATE).feed(sound.astype(np.float32))
    assert not any(one.onsets or one.kicks or one.snares or one.hats or one.beats for one in heard)


def test_every_level_lies_between_0_and_1() -> None:
    free = {"pitch", "note", "onset_count", "time_since_onset"}
    for one in Analyser(RATE, AnalyserConfig(bands={"sub": (20, 60)})).feed(clicks()):
        assert all(0.0 <= value <= 1.0 for name, value in one.values.items() if name not in free)
        assert "sub" in one.values
