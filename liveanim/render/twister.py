"""The random numbers of torch's CPU generator, from the same seeds, without torch: noise looks as it does in the
family, and what paints while a model loads does not wait for torch to be imported."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_BITS = 24  # of a float's precision
_ROW = 16  # normal numbers are made by so many at once, from as many even ones


class Twister:
    """Numbers that follow each other, from `seed` alone (its lowest 32 bits)."""

    def __init__(self, seed: int) -> None:
        self._state = np.random.RandomState(seed & 0xFFFFFFFF)

    def even(self, *shape: int) -> Floats:
        """Evenly in 0..1, without 1: what torch.rand gives."""
        words = self._state.randint(0, 1 << 32, shape, np.uint32) & np.uint32((1 << _BITS) - 1)
        return words.astype(np.float32) * np.float32(2.0**-_BITS)

    def normal(self, *shape: int) -> Floats:
        """Normal, mean 0 and deviation 1: what torch.randn gives, to rounding, for 16 numbers or more."""
        count = math.prod(shape)
        if count < _ROW:
            raise ValueError(f"expected at least {_ROW} numbers, got a shape of {count}: {shape}")
        made = self.even(count)
        whole = count - count % _ROW
        made[:whole] = _pairs(made[:whole])
        if whole < count:
            made[-_ROW:] = _pairs(self.even(_ROW))
        return made.reshape(shape)


def _pairs(even: Floats) -> Floats:
    """Box and Muller's pairs: the first half of every row gives lengths, the second angles."""
    rows = even.reshape(-1, 2, _ROW // 2)
    length = np.sqrt(-2 * np.log(1 - rows[:, 0]))
    angle = np.float32(2 * math.pi) * rows[:, 1]
    return np.stack([length * np.cos(angle), length * np.sin(angle)], 1).reshape(-1)
