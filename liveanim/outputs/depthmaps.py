"""Keeps the depth map of every keyframe as a grey picture, near is white."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image as Pictures

from liveanim.core.errors import told_as
from liveanim.core.model import Blend


class DepthMaps:
    """A sink that writes FOLDER/depth_000012.png for keyframe 12, of the keyframe's size. UserError when it cannot."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._last = folder, -1
        with told_as(f"{folder}: cannot write depth maps there"):
            folder.mkdir(parents=True, exist_ok=True)

    def write(self, blend: Blend, now: float) -> None:
        if not blend.layers:
            return
        keyframe = blend.layers[-1].keyframe
        if keyframe.depth is None or keyframe.index == self._last:
            return
        self._last = keyframe.index
        grey = Pictures.fromarray((np.clip(keyframe.depth, 0, 1) * 255 + 0.5).astype(np.uint8))
        size = keyframe.image.shape[1], keyframe.image.shape[0]
        path = self._folder / f"depth_{keyframe.index:06}.png"
        with told_as(f"{path}: cannot be written"):
            grey.resize(size, Pictures.Resampling.BILINEAR).save(path)
