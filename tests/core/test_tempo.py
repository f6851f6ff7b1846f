"""The beat clock, told in beats and seconds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.model import Features
from liveanim.core.tempo import BeatClock


def test_without_any_tempo_it_runs_at_120_with_no_confidence() -> None:
    clock = BeatClock()
    beat = clock.at(2.0)
    assert (beat.beat, beat.bpm, beat.confidence, beat.source) == (4.0, 120.0, 0.0, "free")


def test_four_taps_set_the_tempo_and_the_phase() -> None:
    clock = BeatClock()
    for n in range(5):
        clock.tap(1.0 + n * 0.6)
    beat = clock.at(1.0 + 6 * 0.6)
    assert beat.bpm == pytest.approx(100.0)
    assert beat.phase == pytest.approx(0.0, abs=1e-6) or beat.phase == pytest.approx(1.0, abs=1e-6)


def test_tracked_beats_pull_the_phase_in_and_then_it_coasts() -> None:
    clock = BeatClock()
    for n in range(32):
        now = 0.1 + n * 0.5
        clock.observe(Features(time=now, beats=(now,), bpm=120.0, confidence=0.9))
    distance = abs(clock.at(0.1 + 40 * 0.5).phase - 0.5)
    assert distance == pytest.approx(0.5, abs=0.01)


def test_locked_it_ignores_what_is_heard() -> None:
    clock = BeatClock()
    clock.lock(True)
    clock.observe(Features(time=1.0, beats=(0.9,), bpm=150.0, confidence=1.0))
    assert clock.at(2.0).bpm == 120.0


@given(
    st.lists(st.tuples(st.floats(0, 0.7), st.sampled_from(["tap", "nudge", "beat", "double", "half", "resync", "at"])))
)
def test_the_beat_never_runs_backwards(steps: list[tuple[float, str]]) -> None:
    clock, now, last = BeatClock(), 0.0, 0.0
    for wait, what in steps:
        now += wait
        if what == "tap":
            clock.tap(now)
        elif what == "nudge":
            clock.nudge(-0.3)
        elif what == "beat":
            clock.observe(Features(time=now, beats=(now - 0.02,), bpm=133.0, confidence=0.5))
        elif what == "resync":
            clock.resync(now)
        elif what != "at":
            clock.scale(2.0 if what == "double" else 0.5)
        beat = clock.at(now).beat
        assert beat >= last
        last = beat
