"""The learned ears: small causal recurrent networks on log bands, in numpy (trained by tools/train_ears.py)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy import add, log1p, maximum, multiply, subtract, tanh

from .bands import Floats, band_edges, hop_for, triangles

COMPRESSION = 100.0  # log(1 + this * magnitude / running level)
LEVEL_FALL_S = 4.0
LEVEL_FLOOR = 1e-9  # of an amplitude: so low that what begins faintly is heard the same 40 dB down
BANDS = 50
LAG = 2  # hops over which a band's growth is measured
BEAT_BANDS = BANDS // 2
BEAT_LAG = 3  # pairs of hops
LAYERS = ("first", "second")
WEIGHTS = Path(__file__).resolve().parents[1] / "models" / "ears" / "ears.npz"

MEAN, NOTHING = np.full(BANDS, 1.0 / BANDS, dtype=np.float32), np.zeros(BANDS, dtype=np.float32)
QUARTER = np.full(BEAT_BANDS, 0.25, dtype=np.float32)

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

    def __init__(self, hop_s: float, both: Floats | None = None) -> None:
        """`both`: (100,) where levels and growth are put; None: an array of its own."""
        self._fall = math.exp(-hop_s / LEVEL_FALL_S)
        self._level = 0.0
        past = np.full((LAG, BANDS + 2), -1.0, dtype=np.float32)  # levels, with an edge on either side
        self._rows = [(row[:-2], row[1:-1], row[2:]) for row in past]
        self._at = -1
        self.both = np.zeros(2 * BANDS, dtype=np.float32) if both is None else both
        self._levels, self._growth = self.both[:BANDS], self.both[BANDS:]

    def step(self, magnitudes: Floats) -> Floats:
        """(50,) magnitudes -> (100,) levels and growth; the array is reused by the next step."""
        levels, growth = self._levels, self._growth
        level, fallen = float(magnitudes.dot(MEAN)), self._level * self._fall
        level = level if level > fallen else fallen
        self._level = level if level > LEVEL_FLOOR else LEVEL_FLOOR
        multiply(magnitudes, COMPRESSION / self._level, levels)
        log1p(levels, levels)
        if self._at < 0:  # what sounds when the stream begins has not just begun
            for _, past, _ in self._rows:
                past[:] = levels
            self._at = 0
        below, past, above = self._rows[self._at]
        maximum(below, above, out=growth)
        maximum(growth, past, out=growth)
        subtract(levels, growth, growth)
        maximum(growth, NOTHING, out=growth)
        past[:] = levels
        self._at = (self._at + 1) % LAG
        return self.both


class Gru:
    """Gated recurrent layers side by side, a step at a time (torch's weights and gate order: reset, update, new).

    Everything linear is one product of `heard`, which is [input, 1, state], with one matrix; halves are folded in so
    that a logistic gate is 1 + tanh. Layers that do not share their input have one part of it each.
    """

    def __init__(self, weights: Weights, layers: Sequence[str], heard: Floats, shared: bool, bias: int) -> None:
        """`heard` is the caller's; `bias`: where in it the 1 lies."""

        def gate(kind: str, k: int) -> list[Floats]:
            return [np.split(weights[f"{layer}.{kind}"], 3)[k] for layer in layers]

        own = [np.concatenate(gate("weight", k)) if shared else beside(gate("weight", k)) for k in range(3)]
        past = [beside(gate("recurrent", k)) for k in range(3)]
        own_bias, past_bias = ([np.concatenate(gate(kind, k)) for k in range(3)] for kind in ("bias", "recurrent_bias"))
        n, nothing = len(past[0]), np.zeros_like
        rows = [0.5 * np.column_stack([own[k], past[k], own_bias[k] + past_bias[k]]) for k in range(2)]
        rows.append(np.column_stack([own[2], nothing(past[2]), own_bias[2]]))
        rows.append(0.5 * np.column_stack([nothing(own[2]), past[2], past_bias[2]]))
        matrix = np.concatenate(rows)
        order = np.insert(np.arange(len(heard) - 1), bias, len(heard) - 1)
        self._matrix = np.ascontiguousarray(matrix[:, order].T)
        self._heard, self._state = heard, heard[-n:]
        self._sums = sums = np.zeros(4 * n, dtype=np.float32)
        self._parts = (sums[: 2 * n], sums[:n], sums[n : 2 * n], sums[2 * n : 3 * n], sums[3 * n :])
        self._ones, self._halves = np.ones(2 * n, dtype=np.float32), np.full(n, 0.5, dtype=np.float32)

    def step(self) -> None:
        """Takes the input in `heard` in; puts the new state there."""
        gates, reset, update, new, recalled = self._parts
        state = self._state
        self._heard.dot(self._matrix, self._sums)
        tanh(gates, gates)
        add(gates, self._ones, gates)
        multiply(recalled, reset, recalled)
        add(new, recalled, new)
        tanh(new, new)
        subtract(state, new, state)
        multiply(state, update, state)
        multiply(state, self._halves, state)
        add(state, new, state)


def beside(blocks: Sequence[Floats]) -> Floats:
    """Matrices as one with each on its diagonal, 0 elsewhere."""
    rows, columns = (np.cumsum([0] + [block.shape[axis] for block in blocks]) for axis in (0, 1))
    out = np.zeros((rows[-1], columns[-1]), dtype=np.float32)
    for block, row, column in zip(blocks, rows, columns, strict=False):
        out[row : row + block.shape[0], column : column + block.shape[1]] = block
    return out


class Network:
    """Two recurrent layers and a logistic read-out of both; several such that hear the same run as one.

    Their input's normalisation is folded into the weights. All that is known lies in one row, [input, 1, first state,
    second state]: the second layer hears what follows the 1.
    """

    def __init__(self, weights: Weights, names: Sequence[str]) -> None:
        inputs = weights[f"{names[0]}.first.weight"].shape[1]
        first, second = (sum(weights[f"{name}.{layer}.recurrent"].shape[1] for name in names) for layer in LAYERS)
        known = np.zeros(inputs + 1 + first + second, dtype=np.float32)
        known[inputs] = 1.0
        self.input, self._after = known[:inputs], known[inputs:]
        self._first = Gru(weights, [f"{name}.first" for name in names], known[: inputs + 1 + first], True, inputs)
        self._second = Gru(weights, [f"{name}.second" for name in names], self._after, False, 0)
        out = [np.split(weights[f"{name}.out"], [first // len(names)], axis=1) for name in names]
        bias = np.concatenate([weights[f"{name}.out_bias"] for name in names])
        self._out = np.column_stack([bias, *(beside([parts[k] for parts in out]) for k in range(2))])

    def step(self) -> list[float]:
        """Takes `input` in -> probabilities, network by network."""
        self._first.step()
        self._second.step()
        return [0.5 + 0.5 * math.tanh(0.5 * logit) for logit in self._out.dot(self._after).tolist()]


class HitNetwork:
    """Per hop: how likely an attack of any kind, a kick, a snare, a hat begins."""

    def __init__(self) -> None:
        self._network = Network(load_weights(), ["hits"])
        self.input = self._network.input

    def step(self) -> list[float]:
        """Takes `input` in, (100,) levels and growth -> (onset, kick, snare, hat), each 0..1."""
        return self._network.step()


class BeatNetwork:
    """Every second hop: how likely a beat falls now, by two networks that were trained on different tracks."""

    def __init__(self) -> None:
        self._network = Network(load_weights(), ["beats", "beats2"])
        self._parts = [self._network.input[i * BEAT_BANDS : (i + 1) * BEAT_BANDS] for i in range(3)]
        self._half: Floats | None = None
        self._kept = np.zeros(2 * BANDS, dtype=np.float32)
        self._past = np.zeros((BEAT_LAG, BEAT_BANDS), dtype=np.float32)
        self._at = -1

    def step(self, bands: Floats) -> float | None:
        """(100,) levels and growth -> probability after every second hop, else None."""
        if self._half is None:
            self._half = self._kept
            self._half[:] = bands
            return None
        levels, growth, slow = self._parts
        both = self._half[:BANDS] + bands[:BANDS]
        add(both[::2], both[1::2], levels)
        multiply(levels, QUARTER, levels)
        peaks = maximum(self._half[BANDS:], bands[BANDS:])
        maximum(peaks[::2], peaks[1::2], out=growth)
        if self._at < 0:
            self._past[:] = levels
            self._at = 0
        past = self._past[self._at]
        subtract(levels, past, slow)
        maximum(slow, NOTHING[:BEAT_BANDS], out=slow)
        past[:] = levels
        self._at = (self._at + 1) % BEAT_LAG
        self._half = None
        first, second = self._network.step()
        return math.sqrt(first * second)
