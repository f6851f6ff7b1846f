"""Schedules from sound, against numbers computed with librosa from the published formulas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from liveanim.inputs import soundway

DATA = Path(__file__).parents[3] / "shared" / "data" / "giffusion_reference"
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="shared data absent")
REFERENCE: dict[str, Any] = json.loads((DATA / "reference.json").read_text()) if DATA.exists() else {"schedules": {}}
TOLERANCE = 2e-3  # the reference was computed in single precision


@pytest.fixture(scope="module")
def clicks() -> np.ndarray:
    import soundfile

    samples, rate = soundfile.read(DATA / REFERENCE["audio"])
    assert rate == soundway.RATE
    return np.asarray(samples, np.float64)


@pytest.fixture(scope="module")
def parts(clicks: np.ndarray) -> dict[str, np.ndarray]:
    names: tuple[soundway.Part, ...] = ("both", "percussive", "harmonic")
    return {name: soundway.part_of(clicks, name) for name in names}


@pytest.mark.parametrize("name", sorted(REFERENCE["schedules"]))
def test_reference_schedules_of_giffusion(name: str, parts: dict[str, np.ndarray]) -> None:
    part, _, reduce = name.partition("_")
    wanted = REFERENCE["schedules"][name]
    got = soundway.weights(parts[part], len(wanted), REFERENCE["fps"], reduce)  # type: ignore[arg-type]
    assert got == pytest.approx(wanted, abs=TOLERANCE)


def test_silence_and_a_single_frame_are_no_trouble() -> None:
    for sound in (np.zeros(22050), np.zeros(10)):
        assert np.isfinite(soundway.weights(soundway.part_of(sound, "percussive"), 12, 12)).all()


def test_a_file_is_read_as_mono_at_the_rate(clicks: np.ndarray) -> None:
    found = soundway.load(DATA / REFERENCE["audio"])
    assert abs(len(found) - len(clicks)) < 64
    assert np.abs(found[: len(clicks)][:60000] - clicks[:60000]).max() < 1e-3
