"""Moving pictures by homographies (units and direction: core.model), in numpy/OpenCV and in torch.

Both versions sample the source at the inverse of the homography with the same bicubic kernel (a = -0.75), with pixel
centres at half-integers and the same borders, so they agree up to rounding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from liveanim.core.model import Image, Matrix

from .grids import Border, at_rest, carried, source_matrix

if TYPE_CHECKING:
    import torch

Sampling = Literal["bicubic", "bilinear", "nearest"]
BORDERS: tuple[Border, ...] = ("reflect", "replicate", "wrap", "zeros")
SAMPLINGS: tuple[Sampling, ...] = ("bicubic", "bilinear", "nearest")
_CV_BORDERS: dict[Border, int] = {
    "reflect": cv2.BORDER_REFLECT,
    "replicate": cv2.BORDER_REPLICATE,
    "wrap": cv2.BORDER_WRAP,
    "zeros": cv2.BORDER_CONSTANT,
}
_CV_SAMPLINGS: dict[Sampling, int] = {
    "bicubic": cv2.INTER_CUBIC,
    "bilinear": cv2.INTER_LINEAR,
    "nearest": cv2.INTER_NEAREST,
}


def source_grid(
    height: int, width: int, homography: Matrix, corners: bool = False
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Column and row (pixels, centres at whole numbers) of the source for each pixel of a (height, width) result.

    A homography that cannot be undone, or one that sends a pixel to infinity, leaves that pixel where it is.
    """
    columns = np.arange(width, dtype=np.float32)[None]
    rows = np.arange(height, dtype=np.float32)[:, None]
    still = np.broadcast_to(columns, (height, width)), np.broadcast_to(rows, (height, width))
    back = source_matrix(height, width, homography, corners)
    if back is None:
        return np.ascontiguousarray(still[0]), np.ascontiguousarray(still[1])
    b = back.astype(np.float32)
    x, y = b[0, 0] * columns + (b[0, 1] * rows + b[0, 2]), b[1, 0] * columns + (b[1, 1] * rows + b[1, 2])
    if b[2, 0] or b[2, 1]:
        depth = b[2, 0] * columns + (b[2, 1] * rows + b[2, 2])
        seen = depth > 1e-3
        depth = np.where(seen, depth, np.float32(1))
        x, y = np.where(seen, x / depth, still[0]), np.where(seen, y / depth, still[1])
    return x, y


def warp(
    picture: NDArray,
    homography: Matrix,
    border: Border = "reflect",
    sampling: Sampling = "bicubic",
    corners: bool = False,
) -> NDArray:
    """`picture` (height, width[, channels], uint8 or float32) as seen after `homography`; same shape and type."""
    if at_rest(homography):
        return picture
    height, width = picture.shape[:2]
    return read_at(picture, *source_grid(height, width, homography, corners), border, sampling)


def read_at(
    picture: NDArray, x: NDArray[np.float32], y: NDArray[np.float32], border: Border, sampling: Sampling
) -> NDArray:
    """`picture` read at columns `x` and rows `y` (pixels, centres at whole numbers)."""
    height, width = picture.shape[:2]
    x, y = _folded(x, width, border), _folded(y, height, border)
    return cv2.remap(picture, x, y, _CV_SAMPLINGS[sampling], borderMode=_CV_BORDERS[border])


def _folded(places: NDArray[np.float32], size: int, border: Border) -> NDArray[np.float32]:
    """Places brought back to the picture where the border would, once they lie far outside of it."""
    if places.min() >= -size and places.max() <= 2 * size:
        return places  # the samplers themselves do it as well
    if border in ("replicate", "zeros"):
        return np.clip(places, -8, size + 7)
    if border == "wrap":
        return np.mod(places + 0.5, np.float32(size)) - 0.5
    return size - np.abs(np.mod(places + 0.5, np.float32(2 * size)) - size) - 0.5


def fit(picture: Image, size: tuple[int, int]) -> Image:
    """`picture` resized to `size` = (width, height), cropped about its centre to the new shape first."""
    width, height = size
    rows, columns = picture.shape[:2]
    if (columns, rows) == (width, height):
        return picture
    scale = min(columns / width, rows / height)
    keep_w, keep_h = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (columns - keep_w) // 2, (rows - keep_h) // 2
    cut = picture[top : top + keep_h, left : left + keep_w]
    how = cv2.INTER_AREA if scale > 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.ascontiguousarray(cut), (width, height), interpolation=how), np.uint8)


def warp_tensor(picture: torch.Tensor, homography: Matrix, border: Border = "reflect") -> torch.Tensor:
    """`picture` (1, channels, height, width) float, any device, as seen after `homography`."""
    import torch

    if at_rest(homography):
        return picture
    height, width = picture.shape[-2:]
    back = source_matrix(height, width, homography)
    if back is None:
        return picture
    return carried(picture, torch.from_numpy(back).to(picture.device, picture.dtype), border)
