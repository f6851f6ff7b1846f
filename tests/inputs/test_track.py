"""The built-in track: in time, at a decent level, and the same every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from liveanim.inputs import track
from liveanim.inputs.sources import Samples


@pytest.fixture(scope="module")
def piece() -> Samples:
    return track.render()


def band(samples: Samples, low: float, high: float) -> float:
    """Level in dB of the mono sum between two frequencies."""
    spectrum = np.abs(np.fft.rfft(samples.mean(axis=1))) ** 2
    freqs = np.fft.rfftfreq(len(samples), 1 / track.RATE)
    return float(10 * np.log10(spectrum[(freqs >= low) & (freqs < high)].sum() * 2 / len(samples) ** 2 + 1e-12))


def bar(samples: Samples, number: int) -> Samples:
    length = 4 * 60 / track.BPM * track.RATE
    return samples[round(number * length) : round((number + 1) * length)]


def test_it_is_stereo_about_forty_seconds_and_a_whole_number_of_bars(piece: Samples) -> None:
    assert piece.shape == (round(20 * 4 * 60 / 124 * 44100), 2)
    assert piece.dtype == np.float32


def test_it_is_loud_but_never_clips_and_has_no_offset(piece: Samples) -> None:
    assert 0.85 < np.abs(piece).max() < 0.9
    assert -14 < 20 * np.log10(np.sqrt(np.mean(piece**2))) < -9
    assert np.abs(piece.mean(axis=0)).max() < 1e-3


def test_it_is_the_same_every_time(piece: Samples) -> None:
    assert np.array_equal(piece, track.render())


def test_it_is_made_once_and_kept(piece: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "cache"
    assert np.array_equal(track.kept(folder), piece)
    (path,) = folder.iterdir()
    with monkeypatch.context() as patch:
        patch.setattr(track, "render", lambda: pytest.fail("made again"))
        assert np.array_equal(track.kept(folder), piece)
    path.write_bytes(path.read_bytes()[:1000])  # whatever is wrong with it
    assert np.array_equal(track.kept(folder), piece)
    assert np.array_equal(track.kept(path / "no folder"), piece)
    assert [file.name for file in folder.iterdir()] == [path.name]


def test_every_kick_is_a_clear_low_transient_and_breaks_have_none(piece: Samples) -> None:
    sharpness = [rise(piece, time) for time in track.kicks()]
    assert min(sharpness) > 1.6
    assert np.median(sharpness) > 2.5
    breaks = [time for time in track.beats() if time not in track.kicks()]
    assert len(breaks) == 16
    assert band(bar(piece, 6), 30, 100) < band(bar(piece, 8), 30, 100) - 20


def rise(piece: Samples, time: float) -> float:
    """Peak in the 30 ms after `time` over the peak in the 10 ms before it."""
    mono: NDArray[np.float32] = np.abs(piece.mean(axis=1))
    mono = np.concatenate([mono[-1000:], mono])
    at = round(time * track.RATE) + 1000
    return float(mono[at : at + 1323].max() / (mono[at - 441 : at].max() + 1e-6))


def test_the_drop_is_fuller_than_the_beginning_in_every_band(piece: Samples) -> None:
    for low, high in ((120, 400), (400, 1500), (1500, 6000), (6000, 18000)):
        assert band(bar(piece, 9), low, high) > band(bar(piece, 0), low, high) + 1


def test_no_band_of_the_drop_drowns_the_others(piece: Samples) -> None:
    levels = [band(bar(piece, 9), low, high) for low, high in ((30, 120), (120, 1500), (1500, 6000), (6000, 18000))]
    assert max(levels) - min(levels) < 20


def test_it_is_wider_than_mono_but_its_bass_is_not(piece: Samples) -> None:
    drop = bar(piece, 9)
    side: Samples = (drop[:, :1] - drop[:, 1:]) * np.float32(0.5)
    assert -25 < 10 * np.log10(np.mean(side**2) / np.mean(drop**2)) < -6
    assert band(side, 20, 100) < band(drop, 20, 100) - 30


def test_the_end_runs_into_the_beginning_without_a_gap_or_a_click(piece: Samples) -> None:
    supply = track.supply()
    supply.take(len(piece) - 100)
    seam = supply.take(200)
    assert np.array_equal(seam, np.concatenate([piece[-100:], piece[:100]]))
    assert np.abs(np.diff(seam[90:110], axis=0)).max() < 0.3


def test_beats_are_124_to_the_minute() -> None:
    assert len(track.beats()) == 80
    assert np.allclose(np.diff(track.beats()), 60 / 124)
    assert set(track.kicks()) <= set(track.beats())
