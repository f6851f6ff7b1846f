"""Functions of 3 x 3 matrices of colours, in float64 on any device, without the host waiting for it.

On a CPU they go through eigh. On other devices eigh makes the host wait, and what is launched counts, not what is
computed: there they go through eigenvalues in closed form, in a few dozen launches.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Number = float | Tensor

_LEAST = 1e-12
_GAP = 1e-14


def transport(spread: Tensor, target: Tensor, floor: float) -> Tensor:
    """The symmetric linear map that turns covariance `spread` into `target`, each with `floor`^2 more in every
    direction, and moves colours least: a (ab)^(1/2), a the inverse of the first and b the second."""
    little = _constants(spread.device, spread.dtype)[0] * floor**2
    before, after = spread + little, target + little
    if before.device.type == "cpu":
        root, back = _powers(before.numpy(), (0.5, -0.5))
        (middle,) = _powers(root @ after.numpy() @ root, (0.5,))
        return torch.from_numpy(back @ middle @ back)
    return times(inverse(before), spectral(times(before, after), torch.sqrt))


def powered(matrix: Tensor, exponent: Number, most: float = math.inf) -> Tensor:
    """A symmetric positive matrix to a power; eigenvalues of the result within 1/most..most."""
    if matrix.device.type == "cpu":
        return torch.from_numpy(_powers(matrix.numpy(), (float(exponent),), most)[0])

    def raised(values: Tensor) -> Tensor:
        found: Tensor = values**exponent
        return found if most == math.inf else found.clamp(1 / most, most)

    return spectral(matrix, raised)


def _powers(matrix: NDArray[np.float64], exponents: Sequence[float], most: float = math.inf) -> list[NDArray]:
    """The same of arrays, for each exponent: numpy takes a fifth of torch's time for so little."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    values = np.maximum(values, _LEAST)
    return [(vectors * np.clip(values**exponent, 1 / most, most)) @ vectors.T for exponent in exponents]


def spectral(matrix: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
    """`function` of a matrix through its eigenvalues, which must be real and positive: the matrix is a symmetric
    positive one, or the product of two. `function` is told all three at once."""
    one, turns = _constants(matrix.device, matrix.dtype)
    middle = matrix.diagonal().mean()
    rest = torch.addcmul(matrix, one, middle, value=-1)
    square = times(rest, rest)
    radius = square.diagonal().sum().clamp_min(1e-30) / 6
    bend = (square * rest.T).sum() / (6 * radius**1.5)
    found = torch.addcmul(middle, radius.sqrt(), (bend.clamp(-1, 1).acos() / 3 + turns).cos(), value=2)
    answers = function(found.clamp_min(_LEAST))
    # Newton's polynomial through the three. Where two eigenvalues meet, what is divided by their gap is not needed.
    slopes = (answers[::2] - answers[1:2]) / (found[::2] - found[1:2]).clamp_min(_GAP)
    curve = (slopes[1] - slopes[0]) / (found[2] - found[0]).clamp_max(-_GAP)
    inner = torch.addcmul(torch.addcmul(matrix, one, found[1], value=-1) * curve, one, slopes[0])
    return one * answers[0] + times(torch.addcmul(matrix, one, found[0], value=-1), inner)


def times(a: Tensor, b: Tensor) -> Tensor:
    """a @ b; for a compiler as sums, which it puts into one kernel with what is around them."""
    return (a[:, :, None] * b).sum(1) if torch.compiler.is_compiling() else a @ b


def inverse(matrix: Tensor) -> Tensor:
    """Of a symmetric matrix, through its cofactors, which are cross products of its rows."""
    cofactors = torch.linalg.cross(matrix.roll(-1, 0), matrix.roll(-2, 0))
    return cofactors / (matrix[0] * cofactors[0]).sum()


def _constants(device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """The unit matrix, and what to turn an angle by for the highest, lowest and middle eigenvalue."""
    return _made(device, dtype) if torch.compiler.is_compiling() else _kept(device, dtype)


def _made(device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    thirds = torch.arange(3, device=device, dtype=dtype) * (2 * math.pi / 3)
    return torch.eye(3, device=device, dtype=dtype), thirds


_kept = cache(_made)  # for good: what was recorded on a GPU reads them
