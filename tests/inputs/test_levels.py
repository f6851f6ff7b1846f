"""Advice on the level of an input, from samples whose fault is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveanim.inputs.levels import LevelMeter
from liveanim.inputs.sources import Samples

RATE = 8000


def sine(db: float, seconds: float = 1.0, channels: int = 2) -> Samples:
    wave = 10 ** (db / 20) * np.sin(2 * np.pi * 97 * np.arange(round(seconds * RATE)) / RATE)
    return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)


def heard(*sounds: Samples, block: int = 160) -> LevelMeter:
    meter = LevelMeter()
    for sound in sounds:
        for at in range(0, len(sound), block):
            meter(sound[at : at + block], RATE, 0.0)
    return meter


@pytest.mark.parametrize(
    ("db", "said"),
    [
        (-90.0, "no sound: is this the right input, and is it turned up?"),
        (-40.0, "too quiet: +28 dB"),
        (-31.0, "too quiet: +19 dB"),
        (-20.0, "good level"),
        (-3.0, "good level"),
        (-0.2, "hot: -5 dB for headroom"),
    ],
)
def test_a_level_has_its_advice(db: float, said: str) -> None:
    meter = heard(sine(db))
    assert meter.advice() == said
    assert meter.peak_db == pytest.approx(db, abs=0.1)
    assert meter.now_db == pytest.approx(db, abs=0.1)


def test_flat_tops_are_clipping_and_single_full_samples_are_not() -> None:
    full = sine(-10.0)
    full[1000, 0] = full[2000, 1] = 1.0
    assert heard(full).advice() == "hot: -6 dB for headroom"
    clipped = np.clip(2.0 * sine(0.0), -1.0, 1.0)
    assert heard(clipped).advice().startswith("clipping (")


def test_old_faults_are_forgotten_after_five_seconds() -> None:
    clipped = np.clip(2.0 * sine(0.0), -1.0, 1.0)
    assert heard(clipped, sine(-20.0, 4.5)).advice().startswith("clipping (")
    assert heard(clipped, sine(-20.0, 5.2)).advice() == "good level"


def test_a_silent_side_and_an_offset_are_named() -> None:
    left = sine(-20.0)
    left[:, 1] = 0.0
    assert heard(left).advice() == "channel 2 is silent: a cable? ('NAME:1' listens to the other alone)"
    assert heard(left[:, ::-1]).advice() == "channel 1 is silent: a cable? ('NAME:2' listens to the other alone)"
    assert heard(sine(-20.0) + np.float32(0.2)).advice().startswith("the sound lies off centre")


def test_before_any_sound_it_waits() -> None:
    assert LevelMeter().advice() == "waiting for sound"


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 3000), st.integers(1, 4), st.sampled_from([np.nan, np.inf, 0.0, 1.0, -1.0, 0.3]))
def test_any_block_of_any_samples_gives_some_advice(block: int, channels: int, sample: float) -> None:
    sound = np.full((2000, channels), sample, dtype=np.float32)
    assert heard(np.nan_to_num(sound, posinf=0.0), block=block).advice()
