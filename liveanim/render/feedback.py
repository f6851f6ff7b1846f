"""From the last picture to the one the model paints over, and from the painted one to the keyframe.

Order: the camera (picture, then space) -> video mixed in -> colours matched -> grey -> contrast about black -> unsharp
mask -> noise; after painting: colours matched -> grey -> what the mask keeps is put back. Everything here is numpy and
OpenCV on the CPU: pictures arrive as bytes, and a few milliseconds are all it takes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from liveanim.core import space
from liveanim.core.model import Image, Keyframe, RenderRequest, frozen_image
from liveanim.core.params import Values
from liveanim.core.space import Lens

from . import tune
from .deep import fly
from .depth import Depth, Plane
from .tune import Floats
from .warp import BORDERS, SAMPLINGS, fit, warp


@dataclass(frozen=True, slots=True)
class Start:
    """What a keyframe is painted over.

    picture   (height, width, 3) float32 0..1, or that as a tensor (1, 3, height, width) where it already is on a GPU
    denoise   how strongly to paint, 0..1
    """

    picture: Any
    denoise: float


class Feedback:
    """Prepares pictures for a painter and finishes what it painted. Its memory only saves work: answers do not depend
    on it."""

    def __init__(self, depth: Depth | None = None) -> None:
        self._depth = depth or Depth()
        self._near: tuple[Image, Plane] | None = None

    def plain(self, request: RenderRequest) -> bool:
        """Whether the last picture is only moved by a homography before it is painted over."""
        values = Values(request.values)
        off = ("match.space", "unsharp.amount", "noise.amount", "picture.grey", "picture.mode", "camera.border")
        return space.at_rest(request.move) and not any(values[name] for name in (*off, "camera.warp", "picture.pivot"))

    def contrasts(self, request: RenderRequest) -> bool:
        """Whether the contrast is done here: about black, as Deforum does it, and not about mid-grey."""
        return Values(request.values).on("picture.pivot")

    def start(self, request: RenderRequest, previous: Image | None) -> Start | None:
        """What to paint `request` over; None: paint it from noise."""
        values = Values(request.values)
        mode = values.word("picture.mode")
        if mode == "still":
            return None
        if mode == "video" and request.shots.video is not None:
            picture, denoise = tune.floats(fit(request.shots.video, request.size)), request.denoise
        elif previous is not None and not request.fresh:
            picture, denoise = self.moved(request, fit(previous, request.size)), request.denoise
        elif request.shots.init is not None:
            return Start(tune.floats(fit(request.shots.init, request.size)), 1 - values["picture.init_strength"])
        else:
            return None
        return Start(self._tuned(request, picture), denoise) if denoise < 1 else None

    def moved(self, request: RenderRequest, still: Image) -> Floats:
        """`still` as the camera has moved it."""
        values = Values(request.values)
        border = BORDERS[int(values["camera.border"])]
        sampling = SAMPLINGS[int(values["camera.sampling"])]
        compat = values.on("camera.warp")
        picture = tune.floats(still)
        if space.at_rest(request.move):
            moved = warp(picture, request.motion, border, sampling, compat)
        else:
            lens = Lens.of(request.values)
            distance = lens.z(self._nearness(still, request))
            moved = fly(picture, request.motion, space.bounded(request.move), distance, lens, border, sampling)
        return np.clip(moved, 0, 1)

    def finished(self, request: RenderRequest, painted: Image) -> Image:
        """The painted picture with its colours matched once more."""
        values = Values(request.values)
        sample = request.shots.sample
        if values.word("match.space") != "none" and sample is not None:
            picture = tune.floats(painted)
            painted = tune.levels(tune.matched(picture, sample, values.word("match.space"), values["match.amount"]))
        return tune.levels(tune.grey(tune.floats(painted))) if values.on("picture.grey") else painted

    def developed(self, request: RenderRequest, keyframe: Keyframe) -> Keyframe:
        """`keyframe` with its depth, when something flies through it."""
        names = ("space.x", "space.y", "space.z", "space.pitch", "space.yaw", "space.roll")
        values = Values(request.values)
        if space.at_rest(request.move) and not any(values[name] for name in names):
            return keyframe
        image = frozen_image(keyframe.image)
        nearness, near_far = self._depth.of(image, values, request.near_far)
        self._near = image, nearness
        return replace(keyframe, depth=nearness, near_far=near_far)

    def _nearness(self, still: Image, request: RenderRequest) -> Plane:
        if self._near is not None and self._near[0] is still:
            return self._near[1]
        return self._depth.of(still, Values(request.values), request.near_far)[0]

    def _tuned(self, request: RenderRequest, picture: Floats) -> Floats:
        values = Values(request.values)
        sample = request.shots.sample
        if sample is not None:
            picture = tune.matched(picture, sample, values.word("match.space"), values["match.amount"])
        if values.on("picture.grey"):
            picture = tune.grey(picture)
        if values.on("picture.pivot"):
            picture = np.minimum(picture * np.float32(values["picture.contrast"]), 1)
        picture = tune.unsharp(
            picture, values["unsharp.amount"], int(values["unsharp.kernel"]), values["unsharp.sigma"],
            values["unsharp.threshold"],
        )  # fmt: skip
        return tune.noised(picture, values["noise.amount"], request.seed + request.index, _perlin(values))


def _perlin(values: Values) -> tune.Perlin | None:
    if values.word("noise.type") != "perlin":
        return None
    across, down, octaves = (int(values[f"noise.{name}"]) for name in ("width", "height", "octaves"))
    return tune.Perlin(across, down, octaves, values["noise.persistence"])
