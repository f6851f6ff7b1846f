"""The noise of a request: from its seeds alone, or turning slowly from keyframe to keyframe."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from liveanim.core.model import RenderRequest

from .family import noise_like

PERIOD = 6  # keyframes from one noise to the next: between them it turns, so that texture drifts and not boils
_PARALLEL = 0.9995
_kept = lru_cache(maxsize=24)(noise_like)  # nobody writes to noise


def still(shape: tuple[int, ...], request: RenderRequest, *key: int) -> Tensor:
    """Noise of (seed, keyframe), or of the seed alone where the noise does not drift. `key` tells uses apart."""
    return _mixed(shape, request, *((request.index,) if request.drift else ()), *key)


def turning(shape: tuple[int, ...], request: RenderRequest) -> Tensor:
    """Noise on its way along the arc from one of the seed's noises to the next; always one where it does not drift."""
    step, phase = divmod(request.index if request.drift else 0, PERIOD)
    a = _mixed(shape, request, 7, step)
    if phase == 0:
        return a
    turn = phase / PERIOD * np.pi / 2
    return a * float(np.cos(turn)) + _mixed(shape, request, 7, step + 1) * float(np.sin(turn))


def _mixed(shape: tuple[int, ...], request: RenderRequest, *key: int) -> Tensor:
    noise = _kept(shape, request.seed, *key)
    if request.subseed_share <= 0:
        return noise
    return travelled(noise, _kept(shape, request.subseed, *key), request.subseed_share)


def travelled(a: Tensor, b: Tensor, share: float) -> Tensor:
    """The arc from `a` (share 0) to `b` (share 1), each taken as one long vector; a line where they are parallel.

    `share` outside 0..1 goes on along the same arc.
    """
    flat_a, flat_b = a.flatten(), b.flatten()
    cosine = float(torch.dot(flat_a, flat_b) / (flat_a.norm() * flat_b.norm()).clamp_min(1e-12))
    if abs(cosine) > _PARALLEL:
        return a + share * (b - a)
    angle = float(np.arccos(cosine))
    return (np.sin((1 - share) * angle) * a + np.sin(share * angle) * b) / float(np.sin(angle))
