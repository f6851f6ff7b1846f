"""What keeps a picture alive through hours of feedback: its colours and its detail are measured and led back.

Pictures are (1, 3, height, width) float32 sRGB 0..1 on any device, height and width multiples of 8. A `Look` is what a
prompt's own picture measures; the fed-back picture is led toward it by small, bounded corrections.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

OCTAVES = 3
LAYOUT = 4
_LUMA = (0.299, 0.587, 0.114)
_FLOOR = 0.012  # standard deviation (0..1) below which a colour direction or an octave counts as empty
_MOST_COLOUR = 1.35
_MOST_DETAIL = 1.4


@dataclass(frozen=True, slots=True)
class Look:
    """Statistics of a picture.

    mean     (3,) RGB
    spread   (3, 3) covariance of RGB
    detail   (OCTAVES,) standard deviation of luma in each octave, finest (1-2 pixels) first
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    detail: NDArray[np.float64]

    @property
    def contrast(self) -> float:
        """Standard deviation of luma, 0..0.5."""
        luma = np.array(_LUMA)
        return float(np.sqrt(max(0.0, luma @ self.spread @ luma)))


def measure(picture: Tensor, octaves: int = OCTAVES) -> Look:
    """The look of one picture; octaves 0 leaves its detail out."""
    pixels = picture[0, :, ::2, ::2].reshape(3, -1)
    mean = pixels.mean(1, keepdim=True)
    centred = pixels - mean
    spread = centred @ centred.T / pixels.shape[1]
    detail = [octave.std(correction=0)[None] for octave in _octaves(_luma(picture), octaves)]
    numbers = torch.cat([mean[:, 0], spread.reshape(-1), *detail]).double().cpu().numpy()
    return Look(numbers[:3], numbers[3:12].reshape(3, 3), numbers[12:])


def mixed(looks: Sequence[tuple[Look, float]]) -> Look:
    """Looks mixed by weight (positive, any sum)."""
    total = sum(weight for _, weight in looks)
    return Look(
        np.sum([look.mean * (weight / total) for look, weight in looks], 0),
        np.sum([look.spread * (weight / total) for look, weight in looks], 0),
        np.sum([look.detail * (weight / total) for look, weight in looks], 0),
    )


def vitality(now: Look, own: Look) -> float:
    """How alive a picture is beside the prompt's own: 1 fine, 0 flat; the worse of contrast and detail."""
    contrast = (now.contrast + 1e-4) / (own.contrast + 1e-4)
    detail = (now.detail[1:].sum() + 1e-4) / (own.detail[1:].sum() + 1e-4)
    return float(np.clip(min(contrast, detail), 0.0, 1.0))


def recoloured(picture: Tensor, now: Look, own: Look, amount: float) -> Tensor:
    """`picture` with its colours led toward `own` by `amount` 0..1: one affine map of RGB, bounded either way."""
    if amount <= 0:
        return picture
    gain = _power(_transport(now.spread, own.spread), amount, _MOST_COLOUR)
    mean = now.mean + amount * (own.mean - now.mean)
    offset = mean - gain @ now.mean
    matrix = torch.from_numpy(gain.astype(np.float32)).to(picture.device)
    shift = torch.from_numpy(offset.astype(np.float32)).to(picture.device)
    return functional.conv2d(picture, matrix[:, :, None, None], shift)


def redetailed(picture: Tensor, now: Look, own: Look, amount: float, sharpen: float = 0.0) -> Tensor:
    """`picture` with each octave of its detail led toward `own` by `amount` 0..1 (bounded), then sharpened.

    `sharpen` is an unsharp mask: the finest octave grows by it, the next by half of it.
    """
    ratio = np.maximum(own.detail, _FLOOR / 4) / np.maximum(now.detail, _FLOOR / 4)
    gains = np.clip(ratio**amount, 1 / _MOST_DETAIL, _MOST_DETAIL)
    gains[0] *= 1 + sharpen
    gains[1] *= 1 + sharpen / 2
    return amplified(picture, tuple(map(float, gains)))


def amplified(picture: Tensor, gains: Sequence[float]) -> Tensor:
    """`picture` with the octaves of its luma (finest first) multiplied by `gains`; colours keep their differences."""
    if all(abs(gain - 1) < 1e-3 for gain in gains):
        return picture
    planes = [_luma(picture)]
    for _ in gains:
        planes.append(functional.avg_pool2d(planes[-1], 2))
    # An octave is a plane less the next one enlarged: what is enlarged is added up before, so that it is done once.
    change = torch.zeros_like(planes[-1])
    for plane, smaller, gain in zip(planes[-2::-1], planes[:0:-1], reversed(gains), strict=True):
        inner = functional.interpolate(change - (gain - 1) * smaller, scale_factor=2, mode="bilinear")
        change = (gain - 1) * plane + inner
    return picture + change


def contrasted(picture: Tensor, contrast: float) -> Tensor:
    """Contrast about mid-grey; 1 changes nothing. The result may leave 0..1."""
    return picture if contrast == 1 else (picture - 0.5) * contrast + 0.5


def layout(latents: Tensor) -> Tensor:
    """The coarse arrangement of a picture: its latents (1, c, h, w) averaged over LAYOUT cells in the shorter side."""
    height, width = latents.shape[-2:]
    cell = max(1, min(height, width) // LAYOUT)
    return functional.adaptive_avg_pool2d(latents, (max(1, height // cell), max(1, width // cell)))


def laid_out(latents: Tensor, plan: Tensor, amount: float) -> Tensor:
    """`latents` with their layout led toward `plan` by `amount` 0..1; everything finer than its cells stays."""
    if amount <= 0:
        return latents
    return latents + amount * functional.interpolate(plan - layout(latents), size=latents.shape[-2:], mode="bilinear")


def _luma(picture: Tensor) -> Tensor:
    return picture[:, 0:1] * _LUMA[0] + picture[:, 1:2] * _LUMA[1] + picture[:, 2:3] * _LUMA[2]


def _octaves(plane: Tensor, count: int) -> list[Tensor]:
    """Detail of each octave, finest first, each at its own size."""
    octaves = []
    for _ in range(count):
        small = functional.avg_pool2d(plane, 2)
        octaves.append(plane - functional.interpolate(small, scale_factor=2, mode="bilinear"))
        plane = small
    return octaves


def _transport(spread: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """The symmetric linear map that turns covariance `spread` into `target` and moves colours least."""
    floor = np.eye(3) * _FLOOR**2
    root = _power(spread + floor, 0.5)
    back = np.linalg.inv(root)
    return back @ _power(root @ (target + floor) @ root, 0.5) @ back


def _power(matrix: NDArray[np.float64], exponent: float, most: float = np.inf) -> NDArray[np.float64]:
    """A symmetric positive matrix to a power; eigenvalues of the result within 1/most..most."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    raised = np.clip(np.maximum(values, 1e-12) ** exponent, 1 / most, most)
    return (vectors * raised) @ vectors.T
