"""The beat tracker on activations whose beats are known."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from liveanim.inputs.beattrack import Backbeat, BeatTracker
from tools.ears.relock import beats_missed, hits, lock_time, with_break, with_step

FRAME = 512 / 44100


def tracked(bpm: float, seconds: float, strong: float, weak: float, drums: bool) -> tuple[float, list[float]]:
    """Tempo and beats from an activation `strong` on the beats and `weak` half-way, kick and snare taking turns."""
    tracker, beats = BeatTracker(FRAME), []
    half = 30.0 / bpm
    places = {round(n * half / FRAME): n for n in range(1, int(seconds / half))}
    for frame in range(int(seconds / FRAME)):
        n = places.get(frame, -1)
        heard = (strong if n % 2 == 0 else weak) if n > 0 else 0.01
        kick, snare = float(drums and n > 0 and n % 4 == 0), float(drums and n > 0 and n % 4 == 2)
        beats += tracker.step(heard, (frame + 1) * FRAME, kick, snare)
    return tracker.bpm, beats


@pytest.mark.parametrize("bpm", [72.0, 110.0, 170.0])
def test_a_clear_beat_has_its_tempo_and_its_places(bpm: float) -> None:
    found, beats = tracked(bpm, 12.0, 0.9, 0.01, drums=False)
    assert found == pytest.approx(bpm, rel=0.02)
    late = np.array([beat for beat in beats if beat > 4.0])
    places = late * bpm / 60
    assert np.abs(places - np.round(places)).max() < 0.1


@pytest.mark.parametrize("bpm", [82.0, 88.0, 130.0, 172.0, 260.0])
def test_kick_and_snare_tell_the_tempo_from_its_double_and_its_half(bpm: float) -> None:
    found, _ = tracked(bpm, 14.0, 0.6, 0.45, drums=True)
    assert found == pytest.approx(bpm, rel=0.02)


def test_how_far_kicks_and_snares_lie_apart_is_counted_and_forgotten() -> None:
    backbeat = Backbeat(100, FRAME)
    for frame in range(400):
        backbeat.step(float(frame % 80 == 0), float(frame % 80 == 40))
    shares = backbeat.shares()
    assert int(shares.argmax()) == 40
    assert shares[40] > 1.0 and shares[20] < 1e-6 and shares[80] < 1e-6
    for _ in range(4000):
        backbeat.step(0.0, 0.0)
    assert backbeat.shares().max() < 0.05


BEATS = np.arange(1.0, 21.0, 0.5)


def test_a_break_and_a_step_are_cut_where_they_should_be() -> None:
    sound = np.ones(22 * 1000, dtype=np.float32)
    broken, after = with_break(sound, BEATS, 1000)
    assert after == 28
    quiet = np.flatnonzero(broken == 0.0) / 1000
    assert (quiet[0], quiet[-1]) == pytest.approx((10.98, 14.979))
    stepped, moved, first = with_step(sound, BEATS, 1000)
    gaps = [b - a for a, b in pairwise(moved)]
    assert gaps[:19] == pytest.approx([0.5] * 19) and gaps[21:] == pytest.approx([0.5 * 8 / 9] * 18)
    assert first == 20 and moved[20] == pytest.approx(11.0, abs=0.003)
    assert len(stepped) == pytest.approx(10980 + (22000 - 10980) * 8 / 9, abs=2)


def test_beats_missed_and_time_to_lock() -> None:
    found = BEATS[[0, 1, 2, 3, 8, 10, 11, 12, 13]] + 0.03
    assert hits(BEATS, found)[:5].tolist() == [True, True, True, True, False]
    assert beats_missed(BEATS, found, 8) == 2.0
    assert lock_time(BEATS, found) == pytest.approx(1.5)
    assert lock_time(BEATS, found, 4) == pytest.approx(4.5)
    assert lock_time(BEATS, BEATS[:3]) == float("inf") and beats_missed(BEATS, BEATS[:3], 3) == float("inf")
