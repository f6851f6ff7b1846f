from __future__ import annotations

import logging

import numpy as np
import pytest
from numpy.typing import NDArray

from liveanim.core.model import Features
from liveanim.core.params import defaults
from liveanim.inputs.analysis import Analyser
from liveanim.inputs.ears import Ears
from liveanim.inputs.fakes import Vanishing, click, silence, tone
from liveanim.inputs.meters import Tuning
from liveanim.inputs.sources import Samples, Steady

RATE = 8000
HOP = 80


class Level:
    """An analyser of ten-millisecond hops that knows nothing but loudness."""

    def __init__(self) -> None:
        self.fed = 0
        self._kept = np.zeros(0, dtype=np.float32)

    def feed(self, mono: NDArray[np.float32]) -> list[Features]:
        assert np.isfinite(mono).all()
        data = np.concatenate([self._kept, mono])
        whole = len(data) // HOP * HOP
        self._kept = data[whole:]
        return [self._hop(data[at : at + HOP]) for at in range(0, whole, HOP)]

    def tune(self, tuning: Tuning) -> None:
        self.tuning = tuning

    def _hop(self, hop: NDArray[np.float32]) -> Features:
        self.fed += HOP
        time = self.fed / RATE
        return Features(time, {"rms": float(np.sqrt(np.mean(hop**2)))}, onsets=(time - 0.005,))


class Prepared:
    """A source that hands out prepared (heard, samples) pairs, one a read."""

    rate, channels = RATE, 2

    def __init__(self, *blocks: tuple[float, Samples]) -> None:
        self._blocks = list(blocks)
        self.heard = 0.0

    def read(self, now: float) -> Samples:
        if not self._blocks:
            return np.zeros((0, 2), np.float32)
        self.heard, samples = self._blocks.pop(0)
        return samples

    def status(self) -> str:
        return "prepared"

    def close(self) -> None:
        pass


def ones(seconds: float) -> Samples:
    return np.ones((round(seconds * RATE), 2), np.float32)


def test_features_come_on_an_even_grid_whatever_the_frame_rate() -> None:
    for fps in (24, 60, 144):
        ears = Ears(Steady(tone(500, rate=RATE)), Level())
        times = [f.time for n in range(2 * fps + 1) for f in ears.read(n / fps)]
        assert times == pytest.approx([0.01 * n for n in range(1, 201)])


def test_offline_features_are_the_same_at_every_frame_rate() -> None:
    runs = []
    for fps in (25, 60):
        ears = Ears(Steady(click(120, rate=44100)), Analyser(44100))
        runs.append([f for n in range(2 * fps + 1) for f in ears.read(n / fps)])
    assert [dict(f.values) for f in runs[0]] == [dict(f.values) for f in runs[1]]
    assert [f.onsets for f in runs[0]] == [f.onsets for f in runs[1]]


def test_taps_get_every_sample_as_it_was_and_gain_is_for_the_analysis_only() -> None:
    ears, heard = Ears(Steady(tone(500, level=0.1, rate=RATE)), Level()), []
    ears.add_tap(lambda samples, rate, time: heard.append(samples))
    ears.set_gain(20.0)
    levels = [f.values["rms"] for n in range(61) for f in ears.read(n / 60)]
    assert np.array_equal(np.concatenate(heard), tone(500, level=0.1, rate=RATE).take(RATE))
    assert levels == pytest.approx([1 / np.sqrt(2)] * 100, rel=1e-3)


def test_a_silly_gain_counts_as_none() -> None:
    ears = Ears(Steady(tone(500, level=1.0, rate=RATE)), Level())
    for gain in (float("nan"), float("inf"), 1e9):
        ears.set_gain(gain)
    assert ears.read(0.5)[-1].values["rms"] == pytest.approx(1 / np.sqrt(2), rel=1e-3)


def test_bad_samples_are_silence_for_analysis_and_taps() -> None:
    block = ones(0.1)
    block[100:200, 0] = np.nan
    block[300, 1] = np.inf
    block[301, 1] = -np.inf
    ears, heard = Ears(Prepared((0.1, block)), Level()), []
    ears.add_tap(lambda samples, rate, time: heard.append(samples))
    assert len(ears.read(0.1)) == 10
    assert np.isfinite(heard[0]).all()
    assert heard[0].sum() == 1600 - 102
    assert np.isnan(block[100, 0])


def test_silence_stands_in_for_a_source_that_went_away_and_the_grid_goes_on() -> None:
    ears = Ears(Vanishing(tone(500, rate=RATE), gaps=[(1.0, 2.0)]), Level())
    features = [f for n in range(181) for f in ears.read(n / 60)]
    times = np.array([f.time for f in features])
    assert np.all(np.diff(times) > 0.0099)
    assert times[-1] == pytest.approx(3.0, abs=0.011)
    quiet = [f.time for f in features if f.values["rms"] < 0.01]
    assert min(quiet) == pytest.approx(1.0, abs=0.03)
    assert max(quiet) == pytest.approx(2.0, abs=0.03)


def test_lamps_fall_when_the_source_is_gone() -> None:
    ears = Ears(Vanishing(tone(100, rate=44100), gaps=[(2.0, 9.0)]), Analyser(44100))
    last = {}
    for n in range(60 * 5):
        last.update({round(f.time, 2): f.values["bass"] for f in ears.read(n / 60)})
    assert last[1.9] > 0.5
    assert last[4.0] < 0.05


def test_sound_recorded_across_a_gap_keeps_its_place_in_show_time() -> None:
    ears, heard = Ears(Vanishing(click(60, rate=RATE), gaps=[(0.5, 1.5)]), Level()), []
    ears.add_tap(lambda samples, rate, time: heard.append(samples))
    for n in range(60 * 3 + 1):
        ears.read(n / 60)
    loud = np.flatnonzero(np.abs(np.concatenate(heard)[:, 0]) > 0.5)
    assert loud[0] == 0
    assert any(abs(at - 2 * RATE) <= 1 for at in loud)


def test_a_source_that_starts_late_is_placed_exactly() -> None:
    ears, heard = Ears(Prepared((0.0, ones(0)), (0.07, ones(0.02))), Level()), []
    ears.add_tap(lambda samples, rate, time: heard.append(samples))
    ears.read(0.0)
    ears.read(0.07)
    assert np.flatnonzero(np.concatenate(heard)[:, 0])[0] == 0.05 * RATE


def test_a_backlog_that_arrives_after_silence_was_put_in_is_dropped() -> None:
    ears, heard = Ears(Prepared((0.1, ones(0.1)), (0.1, ones(0)), (1.2, ones(1.1))), Level()), []
    ears.add_tap(lambda samples, rate, time: heard.append(samples))
    for now in (0.1, 1.1, 1.2):
        ears.read(now)
    track = np.concatenate(heard)[:, 0]
    assert len(track) == pytest.approx(1.2 * RATE, abs=2)
    assert not track[round(0.1 * RATE) : round(0.85 * RATE)].any()
    assert track[-1] == 1


def test_hop_times_follow_a_device_whose_clock_runs_fast_without_a_jump() -> None:
    blocks = [(n * 0.01 * (1 - 5e-4), ones(0.01)) for n in range(1, 3001)]
    ears = Ears(Prepared(*blocks), Level())
    times = [f.time for heard, _ in blocks for f in ears.read(heard)]
    assert times[-1] == pytest.approx(blocks[-1][0], abs=0.005)
    assert np.abs(np.diff(times) - 0.01).max() < 1e-4


def test_an_hour_asleep_costs_no_more_than_a_second_of_analysis() -> None:
    level = Level()
    ears, told = Ears(Prepared((0.1, ones(0.1)), (0.1, ones(0)), (3600.0, ones(0.01))), level), []
    ears.add_tap(lambda samples, rate, time: told.append(len(samples)))
    ears.read(0.1)
    features = [*ears.read(3600.0), *ears.read(3600.0)]
    assert level.fed < 2.2 * RATE
    assert features[-1].time == pytest.approx(3600.0, abs=0.02)
    assert sum(told) == pytest.approx(3600 * RATE, abs=2)


def test_a_recorder_that_fails_is_let_go_and_the_show_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    def full(samples: Samples, rate: int, time: float) -> None:
        raise OSError(28, "No space left on device")

    ears = Ears(Steady(silence(rate=RATE)), Level())
    ears.add_tap(full)
    with caplog.at_level(logging.WARNING):
        assert len(ears.read(0.5)) == 50
        assert len(ears.read(1.0)) == 50
    assert [record.message for record in caplog.records] == [
        "recording of the sound ended: [Errno 28] No space left on device"
    ]


def test_status_is_the_sources_own() -> None:
    ears = Ears(Vanishing(silence(), gaps=[(0.0, 1.0)]), Level())
    ears.read(0.5)
    assert ears.status() == "gone: silence, retrying"


def test_the_parameters_tune_gain_and_analysis_and_only_when_they_change() -> None:
    level = Level()
    ears = Ears(Steady(tone(500, level=0.1, rate=RATE)), level)
    ears.tune(defaults() | {"audio.gain": 20.0})
    assert not hasattr(level, "tuning")
    assert ears.read(0.5)[-1].values["rms"] == pytest.approx(1 / np.sqrt(2), rel=1e-3)
    ears.tune(defaults() | {"audio.release": 0.5})
    assert level.tuning == Tuning(release=0.5)
