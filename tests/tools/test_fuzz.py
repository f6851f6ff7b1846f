"""A small slice of what tools/fuzz.py does at length: the same dice every time."""

from __future__ import annotations

import logging
import random

import pytest

from tools import fuzz


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


def test_noise_over_osc_is_applied_or_counted() -> None:
    counts = fuzz.run_osc(4000, random.Random(1))
    assert counts["applied"] > 500 and counts["malformed packet"] > 500 and counts["wrong type"] > 100


def test_noise_over_midi_is_applied_or_counted() -> None:
    counts = fuzz.run_midi(2000, random.Random(1))
    assert counts["messages"] > 1000 and counts["other"] > 100


def test_noise_over_the_web_is_applied_or_refused() -> None:
    counts = fuzz.run_web(2000, random.Random(1))
    assert counts["applied"] > 300 and counts["refused"] > 300
