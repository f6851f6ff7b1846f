"""A renderer without a model: moving fields, lit like relief, in the colours the prompt names.

It plays while a model loads or when one fails, and it is the renderer of tests: fast, and the same bytes for the same
request and previous picture.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from liveanim.core.model import Image, Keyframe, Prompt, RenderRequest, frozen_image, frozen_map

from . import fields, palettes, tune
from .feedback import Feedback, Start
from .warp import fit, warp

_LIGHT = np.array([-0.45, -0.62, 0.64], np.float32)
_FIELDS_AT_ONCE = 2


class PaintRenderer:
    """Paints without a model. `delay` (s) makes every picture late and `fail_at` makes keyframes raise: for tests."""

    name = "paint"
    message = ""
    vram = 0.0, 0.0

    def __init__(self, delay: float = 0.0, fail_at: Sequence[int] = ()) -> None:
        self._delay = delay
        self._fail_at = frozenset(fail_at)
        self._feedback = Feedback()

    def render(self, request: RenderRequest, previous: Image | None) -> Keyframe:
        if self._delay:
            time.sleep(self._delay)
        if request.index in self._fail_at:
            raise RuntimeError(f"asked to fail at keyframe {request.index}")
        started = time.perf_counter()
        start, moved = self._moved(request, previous)
        warped = time.perf_counter()
        picture = paint(replace(request, denoise=start.denoise), moved)
        picture = self._feedback.finished(request, picture, start)
        done = time.perf_counter()
        timings = {"warp": (warped - started) * 1e3, "paint": (done - warped) * 1e3}
        keyframe = Keyframe(request.index, request.time, frozen_image(picture), self.name, frozen_map(timings))
        return self._feedback.developed(request, keyframe, start)

    def _moved(self, request: RenderRequest, previous: Image | None) -> tuple[Start, Image | None]:
        """What to paint over, also as bytes; bytes are moved as they are where that is all there is to do."""
        if previous is not None and not request.fresh and self._feedback.plain(request):
            return Start(denoise=request.denoise), warp(fit(previous, request.size), request.motion)
        start = self._feedback.start(request, previous)
        return start, None if start.picture is None else tune.levels(start.picture)

    def close(self) -> None:
        """Nothing to give back."""


def paint(request: RenderRequest, moved: Image | None) -> Image:
    """New strokes over `moved`, the previous picture as the camera has moved it; denoise 0 gives `moved` itself."""
    if moved is not None and request.denoise <= 0:
        return np.array(moved)
    width, height = request.size
    canvas = fields.view(max(8, width * 3 // 4), max(8, height * 3 // 4), request.seed)
    relief = _relief(canvas, request)
    fresh = _coloured(relief, request)
    light = np.asarray(cv2.resize(fresh, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    picture = _graded(light, request)
    if moved is None or request.denoise >= 1:
        return picture
    return _laid_over(moved, picture, canvas, request)


def _relief(canvas: fields.View, request: RenderRequest) -> fields.Plane:
    """The height field of the prompts: the heaviest few, mixed by weight."""
    mix: dict[str, float] = {}
    for prompt, weight in _shares(request.prompts):
        name = fields.field_of(prompt.text)
        mix[name] = mix.get(name, 0.0) + weight
    chosen = sorted(mix.items(), key=lambda item: -item[1])[:_FIELDS_AT_ONCE]
    total = sum(weight for _, weight in chosen)
    planes = [fields.field(name)(canvas, request.time, request.signals) * (weight / total) for name, weight in chosen]
    relief = planes[0] if len(planes) == 1 else planes[0] + planes[1]
    kick = request.signals.get("kick", 0.0)
    if kick > 0.01:
        ring = np.exp(-np.square((canvas.r - np.float32(0.7 * (1 - kick))) * 9))
        relief = relief + np.float32(0.3 * kick) * ring
    return relief.astype(np.float32)


def _coloured(relief: fields.Plane, request: RenderRequest) -> NDArray[np.floating]:
    """(height, width, 3) linear light of the lit relief in the prompts' colours."""
    gradient = np.zeros((palettes.STEPS, 3), np.float32)
    for prompt, weight in _shares(request.prompts):
        gradient += palettes.gradient(palettes.palette_of(prompt.text)) * np.float32(weight)
    low, high = np.percentile(relief[::4, ::4], (3, 99))
    level = (relief - np.float32(low)) * np.float32(1 / max(high - low, 0.05))
    level = np.clip(level, 0, 1.2) ** np.float32(1.8) + np.float32(
        0.05 * np.sin(0.4 * request.time) + 0.1 * request.signals.get("mid", 0.0) - 0.02
    )
    places = (np.clip(level, 0, 1) * (palettes.STEPS - 1)).astype(np.int16)
    colour = gradient[places]
    slope = np.float32(0.35 * relief.shape[0] / 144)
    dx = cv2.Sobel(level, cv2.CV_32F, 1, 0, ksize=3, scale=1) * slope
    dy = cv2.Sobel(level, cv2.CV_32F, 0, 1, ksize=3, scale=1) * slope
    length = np.sqrt(1 + dx * dx + dy * dy)
    facing = (_LIGHT[2] - _LIGHT[0] * dx - _LIGHT[1] * dy) / length
    diffuse = np.float32(0.5) + np.float32(0.75) * np.maximum(facing, 0)
    shine = np.maximum(facing, 0) ** 24 * np.float32(0.5) * np.clip(level, 0, 1)
    return colour * diffuse[..., None] + shine[..., None] * gradient[-1]


def _graded(light: NDArray[np.floating], request: RenderRequest) -> Image:
    """Linear light -> sRGB bytes with a glow, sparkle on treble and a soft shoulder."""
    height = light.shape[0]
    small = cv2.resize(light, (max(1, light.shape[1] // 8), max(1, height // 8)), interpolation=cv2.INTER_AREA)
    glow = cv2.GaussianBlur(np.square(small), (0, 0), max(1.0, height / 110))
    glow = cv2.resize(glow, (light.shape[1], height), interpolation=cv2.INTER_LINEAR)
    gain = 0.8 + 0.5 * request.signals.get("kick", 0.0)
    light = np.clip(light, 0, None) * np.float32(gain) + glow * np.float32(0.3 + 0.3 * request.signals.get("bass", 0.0))
    return _encoded(light)


def _encoded(light: NDArray[np.floating]) -> Image:
    """Linear light 0.. -> bytes: a filmic shoulder, then gamma, by one table."""
    places = np.minimum(light * np.float32(1024 / 4), np.float32(1023)).astype(np.int16)
    return _SHOULDER[places]


def _shoulder() -> NDArray[np.uint8]:
    light = np.arange(1024, dtype=np.float64) / 1024 * 4
    toned = (1 - np.exp(-1.35 * light)) / (1 - np.exp(-1.35 * 4))
    return np.round(255 * toned ** (1 / 2.2)).astype(np.uint8)


_SHOULDER = _shoulder()


def _laid_over(moved: Image, picture: Image, canvas: fields.View, request: RenderRequest) -> Image:
    """`picture` over `moved` in drifting strokes: on average `denoise` of it, more here and less there."""
    drift = request.time * 0.11
    patches = canvas.noise(canvas.x + np.float32(drift), canvas.y - np.float32(drift * 0.7), 1.3)
    edge = np.quantile(patches[::4, ::4], 1 - request.denoise)
    share = np.clip((patches - edge) * 3.5 + 0.5, 0, 1) * 0.7 + 0.3 * request.denoise
    cover = np.asarray(cv2.resize(share.astype(np.float32), request.size, interpolation=cv2.INTER_LINEAR), np.float32)
    return np.asarray(cv2.blendLinear(picture, moved, cover, 1 - cover), np.uint8)


def _shares(prompts: Sequence[Prompt]) -> list[tuple[Prompt, float]]:
    """The prompts with weights that sum to 1; without any, an empty text."""
    weighted = [(prompt, prompt.weight) for prompt in prompts if prompt.weight > 0]
    total = sum(weight for _, weight in weighted)
    return [(prompt, weight / total) for prompt, weight in weighted] if total > 0 else [(Prompt(""), 1.0)]
