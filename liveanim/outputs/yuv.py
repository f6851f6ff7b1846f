"""Pictures as films keep them: brightness at full size, colour at half, BT.709 in limited range."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from liveanim.core.model import Image

# What players assume for HD. Rows: Y, Cb, Cr from red, green, blue and 1.
_BT_709 = np.array(
    [
        [0.2126 * 219 / 255, 0.7152 * 219 / 255, 0.0722 * 219 / 255, 16.0],
        [-0.2126 / 1.8556 * 224 / 255, -0.7152 / 1.8556 * 224 / 255, 0.5 * 224 / 255, 128.0],
        [0.5 * 224 / 255, -0.7152 / 1.5748 * 224 / 255, -0.0722 / 1.5748 * 224 / 255, 128.0],
    ],
    dtype=np.float32,
)


class Planes:
    """Converts pictures of one `size` (width, height), both even. Its room for what lies between is used again."""

    def __init__(self, size: tuple[int, int]) -> None:
        width, height = size
        self._rgb, self._yuv = np.empty((2, height, width, 3), dtype=np.uint8)
        self._half = np.empty((height // 2, width // 2, 3), dtype=np.uint8)

    def of(self, image: Image) -> NDArray[np.uint8]:
        """(height, width, 3 or 4) RGB as (height * 3 / 2, width): all of Y, then Cb, then Cr (I420).

        In half the time that FFmpeg's own conversion takes; a colour sample is the mean of the four it stands for.
        """
        height, width = image.shape[:2]
        rgb = cv2.cvtColor(image, cv2.COLOR_RGBA2RGB, self._rgb) if image.shape[2] == 4 else image
        yuv = cv2.transform(rgb, _BT_709, self._yuv)
        half = cv2.resize(yuv, (width // 2, height // 2), self._half, interpolation=cv2.INTER_AREA)
        out = np.empty((height * 3 // 2, width), dtype=np.uint8)
        cv2.extractChannel(yuv, 0, out[:height])
        out[height:].reshape(2, height // 2, width // 2)[:] = half.transpose(2, 0, 1)[1:]
        return out
