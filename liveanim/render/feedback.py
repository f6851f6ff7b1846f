"""From the last picture to the one the model paints over, and from the painted one to the keyframe.

Order: the camera (picture, then space) -> eddies -> video (mixed in, its motion) -> colours matched -> grey ->
contrast about black -> unsharp mask -> noise; after painting: video mixed in -> colours matched -> grey -> what a mask
keeps is put back. Everything here is numpy and OpenCV on the CPU: pictures arrive as bytes, and a few milliseconds do.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from liveanim.core import space
from liveanim.core.model import Image, Keyframe, RenderRequest, frozen_image
from liveanim.core.params import Values
from liveanim.core.space import Lens

from . import hybrid, optical, tune
from .deep import fly
from .depth import Depth, Plane
from .tune import Floats
from .warp import BORDERS, SAMPLINGS, fit, warp
from .wordmask import Finder

log = logging.getLogger(__name__)
_OFF = (
    "match.space", "unsharp.amount", "noise.amount", "picture.grey", "picture.mode", "picture.pivot",
    "picture.flow_fade", "picture.redo", "picture.redo_flow", "camera.border", "camera.warp", "camera.sampling",
    "mask.source", "hybrid.composite", "hybrid.motion", "flow.amount",
)  # fmt: skip
_FLIGHT = ("space.x", "space.y", "space.z", "space.pitch", "space.yaw", "space.roll")


@dataclass(frozen=True, slots=True)
class Start:
    """What a keyframe is painted over.

    picture   (height, width, 3) float32 0..1, or that as a tensor (1, 3, height, width) where it already is on a GPU;
              None: nothing, paint it from noise
    denoise   how strongly to paint, 0..1
    kept      what shows where the mask keeps; `mask` (height, width) 0..1, white painted
    carried   the last picture as the camera alone has moved it
    """

    picture: Any = None
    denoise: float = 1.0
    kept: Floats | None = None
    mask: Plane | None = None
    carried: Floats | None = None


class Feedback:
    """Prepares pictures for a painter and finishes what it painted. Its memory only saves work: answers do not depend
    on it."""

    def __init__(self, depth: Depth | None = None, finder: Finder | None = None, plain: bool = False) -> None:
        """`plain`: colours are matched by mean and spread alone (ModelSpec.plain)."""
        self._depth, self._finder, self._led_colours = depth or Depth(), finder, plain
        self._said = False
        self._near: tuple[Image, Plane] | None = None

    def plain(self, request: RenderRequest) -> bool:
        """Whether the last picture is only moved by a homography before it is painted over."""
        values = Values(request.values)
        return space.at_rest(request.move) and not any(values[name] for name in _OFF)

    def contrasts(self, request: RenderRequest) -> bool:
        """Whether the contrast is done here: about black, as Deforum does it, and not about mid-grey."""
        return Values(request.values).on("picture.pivot")

    def start(self, request: RenderRequest, previous: Image | None) -> Start:
        """What to paint `request` over."""
        values, shots = Values(request.values), request.shots
        mode = values.word("picture.mode")
        init = None if shots.init is None else tune.floats(fit(shots.init, request.size))
        video = None if shots.video is None else tune.floats(fit(shots.video, request.size))
        carried = None
        if mode == "still":
            picture, denoise = init, 1 - values["picture.init_strength"]
        elif mode == "video" and video is not None:
            picture, denoise = video, request.denoise
        elif previous is not None and not request.fresh:
            carried = self.moved(request, fit(previous, request.size))
            picture, denoise = self._led(request, carried), request.denoise
        else:
            picture, denoise = init, 1 - values["picture.init_strength"]
        mask = self._mask(request, values, picture)
        if picture is None:
            return Start(kept=video, mask=mask)
        tuned = picture if request.fresh else self._tuned(request, picture, mask)
        return Start(tuned if denoise < 1 else None, denoise, picture, mask, carried)

    def _mask(self, request: RenderRequest, values: Values, picture: Floats | None) -> Plane | None:
        """The mask of the keyframe: a picture from outside, or where its words are in what is painted over."""
        found = request.shots.mask
        if values.word("mask.source") == "words":
            if self._finder is None and not self._said:
                self._said = True
                log.warning("a mask in words needs a model that finds them (--words clipseg); everything is painted")
            if self._finder is None or picture is None or not request.mask_words.strip(", "):
                return None
            found = tune.levels(self._finder(tune.levels(picture), request.mask_words))
        return hybrid.mask_of(found, request.size, values)

    def moved(self, request: RenderRequest, still: Image) -> Floats:
        """`still` as the camera has moved it."""
        values = Values(request.values)
        border = BORDERS[int(values["camera.border"])]
        sampling = SAMPLINGS[int(values["camera.sampling"])]
        picture = tune.floats(still)
        if space.at_rest(request.move):
            moved = warp(picture, request.motion, border, sampling, values.on("camera.warp"))
        else:
            lens = Lens.of(request.values)
            distance = lens.z(self._nearness(still, request))
            moved = fly(picture, request.motion, space.bounded(request.move), distance, lens, border, sampling)
        return np.clip(moved, 0, 1)

    def finished(self, request: RenderRequest, painted: Image, start: Start) -> Image:
        """The painted picture with the video mixed in, its colours matched once more, and what is masked put back."""
        values, shots = Values(request.values), request.shots
        after = values.word("hybrid.composite") == "after" and shots.video is not None
        matches = values.word("match.space") != "none" and shots.sample is not None
        keeps = start.mask is not None and start.kept is not None and values.on("mask.overlay")
        if not (after or matches or keeps or values.on("picture.grey")):
            return painted
        picture = tune.floats(painted)
        if after and shots.video is not None:
            picture = hybrid.composite(picture, fit(shots.video, request.size), values, self.depth_of(request))
        if matches:
            picture = self.coloured(request, picture)
        if values.on("picture.grey"):
            picture = tune.grey(picture)
        if keeps and start.mask is not None and start.kept is not None:
            picture = start.kept + start.mask[..., None] * (picture - start.kept)
        return tune.levels(picture)

    def developed(self, request: RenderRequest, keyframe: Keyframe, start: Start) -> Keyframe:
        """`keyframe` with what the stage needs to carry it: depth to fly through, flow for its fade."""
        values = Values(request.values)
        image = frozen_image(keyframe.image)
        if values["picture.flow_fade"] > 0 and start.carried is not None:
            keyframe = replace(keyframe, flow=_flow(start.carried, image))
        if space.at_rest(request.move) and not any(values[name] for name in _FLIGHT):
            return keyframe
        nearness, near_far = self._depth.of(image, values, request.near_far)
        self._near = image, nearness
        return replace(keyframe, depth=nearness, near_far=near_far)

    def _nearness(self, still: Image, request: RenderRequest) -> Plane:
        if self._near is not None and self._near[0] is still:
            return self._near[1]
        return self.depth_of(request)(still)

    def depth_of(self, request: RenderRequest) -> hybrid.DepthOf:
        """What finds the nearness of a picture for `request`."""
        return lambda image: self._depth.of(image, Values(request.values), request.near_far)[0]

    def _led(self, request: RenderRequest, picture: Floats) -> Floats:
        """`picture` as eddies and the video move it, with the video mixed in."""
        values, shots = Values(request.values), request.shots
        height, width = picture.shape[:2]
        if values["flow.amount"]:
            if values.word("flow.source") == "noise":
                way = optical.eddies(
                    height, width, request.time * values["flow.speed"], values["flow.scale"], request.seed
                )
            else:
                way = optical.along_edges(tune.levels(picture))
            way = optical.followed(way * np.float32(values["flow.amount"] * request.since * height))
            picture = np.clip(optical.carried(picture, way), 0, 1)
        if shots.video is None:
            return picture
        video, when = fit(shots.video, request.size), values.word("hybrid.composite")
        if when == "before_motion":
            picture = hybrid.composite(picture, video, values, self.depth_of(request))
        if shots.before is not None:
            picture = hybrid.led(picture, fit(shots.before, request.size), video, values)
        if when == "normal":
            picture = hybrid.composite(picture, video, values, self.depth_of(request))
        return picture

    def coloured(self, request: RenderRequest, picture: Floats) -> Floats:
        """`picture` with its colours matched to the sample, where that is asked for."""
        values, sample = Values(request.values), request.shots.sample
        if sample is None:
            return picture
        if self._led_colours and values.word("match.space") != "none":
            return tune.led(picture, sample, values["match.amount"])
        return tune.matched(picture, sample, values.word("match.space"), values["match.amount"])

    def _tuned(self, request: RenderRequest, picture: Floats, mask: Plane | None) -> Floats:
        values, picture = Values(request.values), self.coloured(request, picture)
        if values.on("picture.grey"):
            picture = tune.grey(picture)
        if values.on("picture.pivot"):
            picture = np.minimum(picture * np.float32(values["picture.contrast"]), 1)
        picture = tune.unsharp(
            picture, values["unsharp.amount"], int(values["unsharp.kernel"]), values["unsharp.sigma"],
            values["unsharp.threshold"],
        )  # fmt: skip
        where = mask if values.on("noise.masked") else None
        return tune.noised(picture, values["noise.amount"], request.seed + request.index, _perlin(values), where)


def _flow(carried: Floats, image: Image) -> Plane:
    """(h, w, 2) picture heights from the carried picture to the painted one, smooth."""
    height, width = image.shape[:2]
    scale = min(1.0, optical.HEIGHT / height)
    size = max(16, round(width * scale)), max(16, round(height * scale))
    before, after = (
        np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        for picture in (tune.levels(carried), image)
    )
    way = optical.flow(before, after)
    back = optical.flow(after, before)
    sure = optical.consistent(way, back, 3.0)[..., None]
    return np.asarray(cv2.GaussianBlur(way * sure, (0, 0), 2.0) / np.float32(size[1]), np.float32)


def _perlin(values: Values) -> tune.Perlin | None:
    if values.word("noise.type") != "perlin":
        return None
    across, down, octaves = (int(values[f"noise.{name}"]) for name in ("width", "height", "octaves"))
    return tune.Perlin(across, down, octaves, values["noise.persistence"])
