"""Colours, detail and grain of `render.brush` on a CPU: what render.coherence computes, in few passes of OpenCV.

Values are those of coherence up to rounding (1e-6). Pictures are tensors (1, 3, height, width) float32 sRGB 0..1
on the CPU, height and width multiples of 8; what is returned lies in memory pixel by pixel.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .brush import Dials, Hand
from .coherence import LUMA, OCTAVES, Look, colour_map, detail_gains, sharpened
from .matrices import Number
from .tune import Floats

_TO_LUMA = np.array([LUMA], np.float32)


def measure(picture: Tensor, octaves: int = OCTAVES) -> Look:
    """The look of one picture; octaves 0 leaves its detail out."""
    pixels = pixelwise(picture)
    height, width = pixels.shape[:2]
    few = cv2.split(cv2.resize(pixels, (width // 2, height // 2), interpolation=cv2.INTER_NEAREST))
    colours = np.stack(few).reshape(3, -1)
    mean = colours.mean(1, keepdims=True)
    colours -= mean
    spread = colours @ colours.T / colours.shape[1]
    detail, plane = [], cv2.transform(pixels, _TO_LUMA) if octaves else pixels
    for _ in range(octaves):
        small = _halved(plane)
        detail.append(cv2.meanStdDev(cv2.subtract(plane, _doubled(small)))[1].item())
        plane = small
    return Look(torch.from_numpy(np.concatenate([mean.ravel(), spread.ravel(), detail]).astype(np.float64)))


def prepared(moved: Tensor, now: Look, own: Look, dials: Dials, grain: Tensor | None) -> Tensor:
    """`moved` with its colours led, contrasted, its detail led and sharpened, `grain` added; clamped."""
    mapping = colour_map(now, own, dials.coherence).numpy() if dials.coherence > 0 else np.eye(3, 4)
    mapping = mapping * dials.contrast + np.array([0, 0, 0, 0.5 - 0.5 * dials.contrast])
    made = cv2.transform(pixelwise(moved), mapping)
    changes = []
    if dials.coherence > 0 or dials.sharpen > 0:
        gains = sharpened(detail_gains(now, own, dials.coherence).tolist(), dials.sharpen)
        changes.append(_change(cv2.transform(made, _TO_LUMA), gains))
    if grain is not None:
        changes.append(_grainy(grain[0, 0].numpy()) * np.float32(dials.noise))
    if changes:
        made = cv2.add(made, cv2.cvtColor(sum(changes[1:], changes[0]), cv2.COLOR_GRAY2RGB), dst=made)
    return planewise(np.clip(made, 0, 1, out=made))


def recoloured(picture: Tensor, now: Look, own: Look, amount: Number) -> Tensor:
    """`picture` with its colours led toward `own` by `amount` 0..1."""
    return planewise(cv2.transform(pixelwise(picture), colour_map(now, own, amount).numpy()))


def pixelwise(picture: Tensor) -> Floats:
    """(1, 3, height, width) -> (height, width, 3), contiguous; a copy only where it must be."""
    values = picture[0].permute(1, 2, 0).numpy()
    return values if values.flags.c_contiguous else np.asarray(cv2.merge(list(picture[0].numpy())), np.float32)


def planewise(pixels: NDArray) -> Tensor:
    """(height, width, 3) -> the same memory as (1, 3, height, width)."""
    return torch.from_numpy(pixels).permute(2, 0, 1)[None]


def _change(plane: NDArray, gains: Sequence[float]) -> NDArray:
    """What is to be added to `plane` so that its octaves (finest first) are multiplied by `gains`."""
    if not gains:
        return np.zeros_like(plane)
    small = _halved(plane)
    gain = gains[0] - 1
    inner = cv2.addWeighted(_change(small, gains[1:]), 1, small, -gain, 0)
    return cv2.addWeighted(plane, gain, _doubled(inner), 1, 0)


def _grainy(fine: Floats) -> NDArray:
    """Grey noise of two sizes of grain, standard deviation about 1, twice as large as `fine`."""
    height, width = fine.shape
    coarse = cv2.resize(np.roll(fine, 1, -1)[::2, ::2], (width, height), interpolation=cv2.INTER_NEAREST)
    return cv2.resize((fine + coarse) * np.float32(0.7), (2 * width, 2 * height), interpolation=cv2.INTER_NEAREST)


def _halved(plane: NDArray) -> NDArray:
    return cv2.resize(plane, (plane.shape[1] // 2, plane.shape[0] // 2), interpolation=cv2.INTER_AREA)


def _doubled(plane: NDArray) -> NDArray:
    return cv2.resize(plane, (2 * plane.shape[1], 2 * plane.shape[0]), interpolation=cv2.INTER_LINEAR)


HAND = Hand(measure, prepared, recoloured)
"""For `brush.repainted`, on a CPU."""
