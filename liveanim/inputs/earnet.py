"""The learned ears: small causal recurrent networks on log bands, in numpy (trained by tools/train_ears.py)."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import numpy as np

from .bands import Floats, band_edges, hop_for, triangles

COMPRESSION = 100.0  # log(1 + this * magnitude / running level)
LEVEL_FALL_S = 4.0
LEVEL_FLOOR = 1e-7
BANDS = 50
LAG = 2  # hops over which a band's growth is measured
BEAT_BANDS = BANDS // 2
BEAT_LAG = 3  # pairs of hops
WEIGHTS = Path(__file__).resolve().parents[1] / "models" / "ears" / "ears.npz"

ONE, HALF = np.float32(1.0), np.float32(0.5)

Weights = MappingProxyType[str, Floats]


def ear_bank(rate: int) -> Floats:
    """(50, bins) log-spaced filters, 40 Hz to 16 kHz, six to the octave, for windows of four hops."""
    return triangles(band_edges(40.0, 16000.0, 6), hop_for(rate) * 4, rate)


@lru_cache(maxsize=1)
def load_weights() -> Weights:
    """The shipped weights, float32, by name."""
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        return MappingProxyType({name: np.ascontiguousarray(stored[name], dtype=np.float32) for name in stored.files})


class LogBands:
    """Magnitudes -> log bands relative to a running level (so gain does not matter), and how much each band grew."""

    def __init__(self, hop_s: float) -> None:
        self._fall = math.exp(-hop_s / LEVEL_FALL_S)
        self._level = 0.0
        self._past = np.zeros((LAG, BANDS), dtype=np.float32)
        self._at = -1
        self._edged = np.full(BANDS + 2, -1.0, dtype=np.float32)
        self.both = np.zeros(2 * BANDS, dtype=np.float32)  # levels, then growth

    def step(self, magnitudes: Floats) -> Floats:
        """(50,) magnitudes -> (100,) levels and growth; the array is reused by the next step."""
        self._level = max(float(magnitudes.sum()) / BANDS, self._level * self._fall, LEVEL_FLOOR)
        levels, growth = self.both[:BANDS], self.both[BANDS:]
        np.log1p(magnitudes * np.float32(COMPRESSION / self._level), out=levels)
        if self._at < 0:  # what sounds when the stream begins has not just begun
            self._past[:] = levels
            self._at = 0
        edged = self._edged
        edged[1:-1] = self._past[self._at]
        np.maximum(edged[:-2], edged[2:], out=growth)
        np.maximum(growth, edged[1:-1], out=growth)
        np.subtract(levels, growth, out=growth)
        np.maximum(growth, 0.0, out=growth)
        self._past[self._at] = levels
        self._at = (self._at + 1) % LAG
        return self.both


class Gru:
    """One gated recurrent layer, a step at a time (torch's weights and gate order: reset, update, new).

    Everything linear is one product of one matrix with [input, state, 1]; halves are folded in so that a logistic gate
    is 1 + tanh. The input is the first part of `buffer`, which the caller fills; the state is the next part.
    """

    def __init__(self, weights: Weights, name: str) -> None:
        own, past = weights[f"{name}.weight"], weights[f"{name}.recurrent"]
        own_bias, past_bias = weights[f"{name}.bias"], weights[f"{name}.recurrent_bias"]
        n, inputs = past.shape[1], own.shape[1]
        matrix = np.zeros((4 * n, inputs + n + 1), dtype=np.float32)
        gates = slice(0, 2 * n)
        matrix[gates] = 0.5 * np.column_stack([own[gates], past[gates], own_bias[gates] + past_bias[gates]])
        matrix[2 * n : 3 * n, :inputs], matrix[2 * n : 3 * n, -1] = own[2 * n :], own_bias[2 * n :]
        matrix[3 * n :, inputs:-1], matrix[3 * n :, -1] = 0.5 * past[2 * n :], 0.5 * past_bias[2 * n :]
        self._matrix = matrix
        self.buffer = np.zeros(inputs + n + 1, dtype=np.float32)
        self.buffer[-1] = 1.0
        self.input, self.state = self.buffer[:inputs], self.buffer[inputs:-1]
        self._sums = np.zeros(4 * n, dtype=np.float32)
        self._gates, self._reset, self._update = self._sums[gates], self._sums[:n], self._sums[n : 2 * n]
        self._new, self._recalled = self._sums[2 * n : 3 * n], self._sums[3 * n :]

    def step(self) -> Floats:
        """Takes `input` in; returns the new `state`."""
        new, update, state = self._new, self._update, self.state
        np.dot(self._matrix, self.buffer, out=self._sums)
        np.tanh(self._gates, out=self._gates)
        self._gates += ONE
        np.multiply(self._recalled, self._reset, out=self._recalled)
        np.add(new, self._recalled, out=new)
        np.tanh(new, out=new)
        np.subtract(state, new, out=state)
        state *= update
        state *= HALF
        state += new
        return state


class Network:
    """Two recurrent layers and a logistic read-out of both. The input's normalisation is folded into the weights."""

    def __init__(self, weights: Weights, name: str) -> None:
        self._first, self._second = Gru(weights, f"{name}.first"), Gru(weights, f"{name}.second")
        self._out = np.column_stack([weights[f"{name}.out"], weights[f"{name}.out_bias"]])

    def step(self, x: Floats) -> list[float]:
        """(inputs,) -> probabilities."""
        self._first.input[:] = x
        self._second.input[:] = self._first.step()
        self._second.step()
        logits = np.dot(self._out, self._second.buffer)  # where both states and 1 lie
        return [0.5 + 0.5 * math.tanh(0.5 * logit) for logit in logits.tolist()]


class HitNetwork:
    """Per hop: how likely an attack of any kind, a kick, a snare, a hat begins."""

    def __init__(self) -> None:
        self._network = Network(load_weights(), "hits")

    def step(self, bands: Floats) -> list[float]:
        """(100,) levels and growth -> (onset, kick, snare, hat), each 0..1."""
        return self._network.step(bands)


class BeatNetwork:
    """Every second hop: how likely a beat falls now, by two networks that were trained on different tracks."""

    def __init__(self) -> None:
        self._networks = [Network(load_weights(), name) for name in ("beats", "beats2")]
        self._input = np.zeros(3 * BEAT_BANDS, dtype=np.float32)
        self._parts = [self._input[i * BEAT_BANDS : (i + 1) * BEAT_BANDS] for i in range(3)]
        self._half: Floats | None = None
        self._past = np.zeros((BEAT_LAG, BEAT_BANDS), dtype=np.float32)
        self._at = -1

    def step(self, bands: Floats) -> float | None:
        """(100,) levels and growth -> probability after every second hop, else None."""
        if self._half is None:
            self._half = bands.copy()
            return None
        levels, growth, slow = self._parts
        both = self._half[:BANDS] + bands[:BANDS]
        np.add(both[::2], both[1::2], out=levels)
        levels *= np.float32(0.25)
        peaks = np.maximum(self._half[BANDS:], bands[BANDS:])
        np.maximum(peaks[::2], peaks[1::2], out=growth)
        if self._at < 0:
            self._past[:] = levels
            self._at = 0
        np.subtract(levels, self._past[self._at], out=slow)
        np.maximum(slow, 0.0, out=slow)
        self._past[self._at] = levels
        self._at = (self._at + 1) % BEAT_LAG
        self._half = None
        chances = [network.step(self._input)[0] for network in self._networks]
        return math.sqrt(chances[0] * chances[1])
