"""The networks are trained on exactly what the analyser will give them."""

import numpy as np
import pytest

pytest.importorskip("scipy", reason="the training tools need scipy (pip install .[test])")

from liveanim.inputs.bands import Ring, newest_window
from liveanim.inputs.earnet import BANDS, LogBands, ear_bank
from tools.ears.arrange import Truth
from tools.ears.features import HOP, HOP_S, RATE, frame_of, hit_inputs, log_bands, targets


def test_the_tools_and_the_analyser_make_the_same_bands() -> None:
    rng = np.random.default_rng(5)
    sound = (rng.standard_normal(RATE) * np.repeat(rng.uniform(0, 1, 20), RATE // 20)).astype(np.float32)
    wanted = hit_inputs(log_bands(sound))
    ring, live, bank, window = Ring(HOP * 4, HOP), LogBands(HOP_S), ear_bank(RATE), newest_window(HOP * 4, HOP // 4)
    for n in range(len(wanted)):
        newest = ring.push(sound[n * HOP : (n + 1) * HOP])
        heard = live.step(bank @ np.abs(np.fft.rfft(newest * window)))
        assert heard[:BANDS] == pytest.approx(wanted[n, :BANDS], abs=1e-3)
        assert heard[BANDS:] == pytest.approx(wanted[n, BANDS:], abs=1e-3)


def test_an_onset_is_wanted_at_once_and_a_drum_two_hops_later() -> None:
    truth = Truth()
    truth.add(1.0, "kick", 1.0)
    wanted, weight = targets(truth, 400)
    first = int(frame_of([1.0])[0])
    assert np.flatnonzero(wanted[:, 0]).tolist() == [first, first + 1]
    assert np.flatnonzero(wanted[:, 1]).tolist() == [first + 2, first + 3]
    assert np.flatnonzero(weight[:, 1] == 0).tolist() == [first - 1, first, first + 1, first + 4, first + 5]
