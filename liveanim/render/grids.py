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
    columns = torch.arange(width, device=picture.device, dtype=picture.dtype)[None]
    rows = torch.arange(height, device=picture.device, dtype=picture.dtype)[:, None]
    x, y, depth = (row[0] * columns + (row[1] * rows + row[2]) for row in back)
    seen = depth > 1e-3
    depth = torch.where(seen, depth, 1.0)
    x, y = torch.where(seen, x / depth, columns), torch.where(seen, y / depth, rows)
    margin = 0
    if border == "wrap":  # torch does not know this border: fold the places and pad by the kernel's reach
        x, y, margin = x.remainder(width), y.remainder(height), 2
        picture = functional.pad(picture, (margin,) * 4, mode="circular")
    elif border == "reflect":  # far outside the sampler itself would not be exact
        x, y = (size - ((at + 0.5).remainder(2 * size) - size).abs() - 0.5 for at, size in ((x, width), (y, height)))
    else:
        x, y = x.clamp(-8, width + 7), y.clamp(-8, height + 7)
    across = (x + margin + 0.5) / (width + 2 * margin) * 2 - 1
    down = (y + margin + 0.5) / (height + 2 * margin) * 2 - 1
    padding = {"reflect": "reflection", "zeros": "zeros"}.get(border, "border")
    grid = torch.stack([across, down], -1)[None]
    return functional.grid_sample(picture, grid, mode="bicubic", padding_mode=padding, align_corners=False)
