"""Video in the feedback, Deforum's "hybrid video": it lends its motion, is mixed in, or both; and masks.

Pictures are (height, width, 3) float32 0..1 unless they are called bytes; masks (height, width) float32 0..1.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from liveanim.core.model import Image
from liveanim.core.params import Values

from . import optical, tune
from .tune import Floats

Plane = NDArray[np.float32]
DepthOf = Callable[[Image], Plane]


def composite(picture: Floats, video: Image, values: Values, depth_of: DepthOf) -> Floats:
    """The video mixed into `picture` as `hybrid.*` says."""
    return picture + np.float32(values["hybrid.alpha"]) * (mixed(picture, video, values, depth_of) - picture)


def mixed(picture: Floats, video: Image, values: Values, depth_of: DepthOf) -> Floats:
    """The video where the mask is black, `picture` where it is white; the video alone without a mask."""
    over = tune.floats(video)
    mask = _mask(picture, over, video, values, depth_of)
    return over if mask is None else over + mask[..., None] * (picture - over)


def _mask(picture: Floats, over: Floats, video: Image, values: Values, depth_of: DepthOf) -> Plane | None:
    kind = values.word("hybrid.mask")
    if kind == "none":
        return None
    if kind in ("depth", "video_depth"):
        near = depth_of(video if kind == "video_depth" else tune.levels(picture))
        mask = cv2.resize(near, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    elif kind == "difference":
        mask = _grey(np.abs(picture - over))
    else:
        mask = _grey(picture + np.float32(values["hybrid.mask_alpha"]) * (over - picture))
    return _shaped(np.asarray(mask, np.float32), values)


def _shaped(mask: Plane, values: Values) -> Plane:
    """Inverted, evened out, its contrast about mid-grey and its ends set: in Deforum's order."""
    if values.on("hybrid.mask_invert"):
        mask = 1 - mask
    even = values.word("hybrid.mask_equalize")
    if even in ("before", "both"):
        mask = _even(mask)
    mask = np.clip((mask - 0.5) * np.float32(values["hybrid.mask_contrast"]) + 0.5, 0, 1)
    if values.on("hybrid.mask_auto"):
        low, high = np.percentile(mask, sorted((values["hybrid.mask_low"], values["hybrid.mask_high"])))
        mask = np.clip((mask - np.float32(low)) / np.float32(max(high - low, 1e-6)), 0, 1)
    return _even(mask) if even in ("after", "both") else mask.astype(np.float32)


def _even(mask: Plane) -> Plane:
    return np.asarray(cv2.equalizeHist((mask * 255).astype(np.uint8)), np.float32) / np.float32(255)


def _grey(picture: Floats) -> Plane:
    return np.asarray(cv2.cvtColor(np.clip(picture, 0, 1).astype(np.float32), cv2.COLOR_RGB2GRAY), np.float32)


def led(picture: Floats, before: Image, video: Image, values: Values) -> Floats:
    """`picture` moved as the video has moved from `before` to `video` (bytes)."""
    kind, factor = values.word("hybrid.motion"), values["hybrid.factor"]
    if kind == "none" or factor == 0:
        return picture
    first = tune.levels(picture) if values.on("hybrid.from_picture") else before
    if kind == "flow":
        way = optical.flow(first, video, values.word("hybrid.method"))
        if values.on("hybrid.consistency"):
            back = optical.flow(video, first, values.word("hybrid.method"))
            way = way * optical.consistent(way, back, values["hybrid.blur"])[..., None]
        return np.clip(optical.carried(picture, way * np.float32(factor)), 0, 1)
    matrix = optical.move_between(first, video, perspective=kind == "perspective")
    if matrix is None:
        return picture
    height, width = picture.shape[:2]
    moved = cv2.warpPerspective(
        picture,
        optical.shared(matrix, factor),
        (width, height),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return np.clip(moved, 0, 1).astype(np.float32)


def mask_of(mask: Image | None, size: tuple[int, int], values: Values) -> Plane | None:
    """The mask of a keyframe, white painted; None when there is none."""
    if mask is None:
        return None
    plane = cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    if values.on("mask.invert"):
        plane = 1 - plane
    plane = (plane - 0.5) * np.float32(values["mask.contrast"]) + 0.5
    plane = np.clip(plane * np.float32(values["mask.brightness"]), 0, 1)
    blur = values["mask.blur"]
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), blur) if blur > 0 else plane, np.float32)
