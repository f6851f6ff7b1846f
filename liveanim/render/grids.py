"""Homographies in pixels, and pictures carried by them on the device. Without OpenCV: see render.warp for the host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from liveanim.core.model import Matrix

if TYPE_CHECKING:
    import torch

Border = Literal["reflect", "replicate", "wrap", "zeros"]
_REST = 1e-9


def pixel_matrix(height: int, width: int, homography: Matrix, corners: bool = False) -> Matrix:
    """`homography` in pixels: maps (column, row) of a source pixel's centre to where it lands.

    `corners`: the picture's middle is pixel (width / 2, height / 2), as Deforum counts, instead of half a pixel before.
    """
    half = 0.0 if corners else 0.5
    to_units = np.array([[1, 0, half - width / 2], [0, 1, half - height / 2], [0, 0, height]], np.float64) / height
    return np.linalg.inv(to_units) @ homography @ to_units


def at_rest(homography: Matrix) -> bool:
    """True when `homography` moves nothing (up to rounding)."""
    scale = homography[2, 2]
    return bool(abs(scale) > _REST and np.allclose(homography / scale, np.eye(3), rtol=0, atol=_REST))


def source_matrix(height: int, width: int, homography: Matrix, corners: bool = False) -> Matrix | None:
    """Maps (column, row) of a pixel of the result to its source; None: `homography` cannot be undone."""
    if not np.all(np.isfinite(homography)) or abs(np.linalg.det(homography)) < 1e-12:
        return None
    back = np.linalg.inv(pixel_matrix(height, width, homography, corners))
    return np.asarray(back / (back[2, 2] or 1.0), np.float64)


def carried(picture: torch.Tensor, back: torch.Tensor, border: Border = "reflect") -> torch.Tensor:
    """`picture` (1, channels, height, width) float, read where `back`, a `source_matrix` (3, 3) on its device, says."""
    import torch
    from torch.nn import functional

    height, width = picture.shape[-2:]
    columns = torch.arange(width, device=picture.device, dtype=picture.dtype)[None, None]
    rows = torch.arange(height, device=picture.device, dtype=picture.dtype)[None, :, None]
    still = torch.cat([columns.expand(1, height, width), rows.expand(1, height, width)])
    size = still[:, -1:, -1:] + 1
    found = back[:, :1, None] * columns + (back[:, 1:2, None] * rows + back[:, 2:, None])
    seen = found[2] > 1e-3
    at = torch.where(seen, found[:2] / torch.where(seen, found[2], 1.0), still)
    margin = 0
    if border == "wrap":  # torch does not know this border: fold the places and pad by the kernel's reach
        at, margin = at.remainder(size), 2
        picture = functional.pad(picture, (margin,) * 4, mode="circular")
    elif border == "reflect":  # far outside the sampler itself would not be exact
        at = size - ((at + 0.5).remainder(2 * size) - size).abs() - 0.5
    else:
        at = torch.minimum(at.clamp_min(-8), size + 7)
    grid = ((at + margin + 0.5) / (size + 2 * margin) * 2 - 1).movedim(0, -1)[None]
    padding = {"reflect": "reflection", "zeros": "zeros"}.get(border, "border")
    return functional.grid_sample(picture, grid, mode="bicubic", padding_mode=padding, align_corners=False)
