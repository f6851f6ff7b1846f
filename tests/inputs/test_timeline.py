from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveanim.inputs.rates import RateMatch
from liveanim.inputs.sources import Samples
from liveanim.inputs.timeline import Ring, Stamps, Timeline

RATE = 48000
BLOCK = 256


def follow(arrivals: list[float], rate: int = RATE) -> list[float]:
    """What the line says about the end of each block when it has arrived."""
    line = Timeline(rate)
    told = []
    for n, time in enumerate(arrivals, 1):
        line.block(n * BLOCK, time)
        told.append(line.time_of(n * BLOCK))
    return told


def test_late_callbacks_do_not_shake_the_line() -> None:
    late = np.random.default_rng(0).exponential(0.003, 4000)
    true = np.arange(1, 4001) * BLOCK / RATE
    errors = np.array(follow(list(true + late)))[1000:] - true[1000:]
    assert np.abs(errors).max() < 0.0015
    assert np.abs(np.diff(errors)).max() <= 0.0011


@pytest.mark.parametrize("ppm", [-300, 300])
def test_a_clock_that_runs_wrong_is_followed(ppm: int) -> None:
    true = np.arange(1, 40001) * BLOCK / RATE * (1 + ppm * 1e-6)
    assert np.abs(np.array(follow(list(true))) - true).max() < 0.001


def test_lost_samples_move_the_line_within_a_second() -> None:
    true = np.arange(1, 2001) * BLOCK / RATE
    true[800:] += 0.2
    errors = np.array(follow(list(true))) - true
    assert np.abs(errors[:800]).max() < 1e-6
    assert np.abs(errors[800 + 190 :]).max() < 0.001


def test_a_stall_whose_backlog_comes_in_a_burst_leaves_the_line_where_it_was() -> None:
    true = np.arange(1, 2001) * BLOCK / RATE
    arrivals = true.copy()
    arrivals[800:1080] = true[1080]
    errors = np.array(follow(list(arrivals))) - true
    assert np.abs(errors[1200:]).max() < 0.002


def test_counting_back_gives_the_sample_of_a_time() -> None:
    line = Timeline(1000)
    line.block(500, 2.0)
    assert line.time_of(500) == 2.0
    assert line.count_at(2.1) == 600


@given(st.lists(st.integers(0, 40), max_size=30))
def test_a_ring_keeps_the_newest_samples(sizes: list[int]) -> None:
    ring, whole = Ring(64, 1), np.arange(sum(sizes), dtype=np.float32)[:, None]
    at = 0
    for size in sizes:
        ring.write(whole[at : at + size])
        at += size
    begin = max(0, at - 64)
    assert ring.written == at
    assert np.array_equal(ring.copy(begin, at), whole[begin:])


def test_stamps_are_handed_on_once_and_the_newest_survive_a_long_absence() -> None:
    stamps, line = Stamps(), Timeline(1000)
    for n in range(1, 5001):
        stamps.note(n * 10, n * 0.01 + 3.0)
    stamps.tell(line)
    assert line.time_of(50000) == pytest.approx(53.0)


RATES = [(44100, 48000), (48000, 44100), (192000, 48000), (16000, 48000), (8000, 48000), (96000, 44100)]


def tone(hz: float, rate: int, seconds: float) -> Samples:
    return np.sin(2 * np.pi * hz * np.arange(round(rate * seconds)) / rate).astype(np.float32)[:, None]


@given(st.lists(st.integers(0, 700), min_size=1, max_size=12), st.sampled_from(RATES))
def test_rate_matching_does_not_depend_on_the_blocks(sizes: list[int], rates: tuple[int, int]) -> None:
    wave = np.sin(np.arange(sum(sizes)) / 5).astype(np.float32)[:, None]
    whole = RateMatch(*rates, 1).convert(wave)
    match, at, parts = RateMatch(*rates, 1), 0, [whole[:0]]
    for size in sizes:
        parts.append(match.convert(wave[at : at + size]))
        at += size
    together = np.concatenate(parts)
    both = min(len(together), len(whole))
    assert np.abs(together[:both] - whole[:both]).max(initial=0) < 1e-5
    assert len(together) / rates[1] + match.pending == pytest.approx(at / rates[0], abs=1.5 / min(rates))


@pytest.mark.parametrize("rates", RATES)
def test_rate_matching_keeps_level_and_place(rates: tuple[int, int]) -> None:
    match = RateMatch(*rates, 1)
    wave = tone(440, rates[0], 1.0)
    out = np.concatenate([match.convert(wave[at : at + 256]) for at in range(0, len(wave), 256)])
    inner = slice(rates[1] // 20, len(out) - rates[1] // 100)
    assert np.abs(out[inner] - tone(440, rates[1], 1.0)[: len(out)][inner]).max() < 1e-4
    assert 0 <= match.pending < 0.06


def test_one_bad_sample_is_forgotten() -> None:
    match, bad = RateMatch(44100, 48000, 1), np.full((1, 1), np.nan, np.float32)
    out = [match.convert(wave) for wave in (tone(440, 44100, 0.1), bad, tone(440, 44100, 0.2), tone(440, 44100, 0.1))]
    assert np.isnan(out[2]).any()
    assert np.isfinite(out[3]).all()


def test_what_the_lower_rate_cannot_hold_does_not_fold_back() -> None:
    out = RateMatch(96000, 44100, 1).convert(tone(30000, 96000, 0.5))
    assert np.abs(out[2000:]).max() < 1e-4
