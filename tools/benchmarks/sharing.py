"""Pictures that stay on the card: whether they come into their textures whole, and what a texture costs either way.

Needs torch, numpy and moderngl. Without a card of NVIDIA's the way through the host is measured, and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import moderngl
import numpy as np
import torch

from liveanim.core.model import Keyframe, frozen_image
from liveanim.outputs.context import headless_context
from liveanim.outputs.interop import Interop
from liveanim.render.resident import on_card

from .stats import median, percentile


def run(device: str, count: int, tiny: bool = False) -> Iterator[dict[str, float]]:
    """Milliseconds a texture, and how many of them were not the picture to the last byte."""
    ctx = headless_context()
    interop, busy = Interop(ctx), _Busy(device)
    for side in (64,) if tiny else (512, 1024):
        times: dict[str, list[float]] = {"host": [], "shared": []}
        wrong = 0
        for index in range(count):
            keyframe = _painted(device, side, index)
            busy.go_on()
            times["host"].append(_took(ctx, lambda: _by_host(ctx, keyframe).release()))  # noqa: B023
            if keyframe.on_card is None:
                continue
            times["shared"].append(_took(ctx, lambda: interop.texture(keyframe)))  # noqa: B023
            texture = interop.texture(keyframe)
            if texture is None:
                raise RuntimeError("textures are not shared with this card")
            seen = np.frombuffer(texture.read(), np.uint8).reshape(side, side, 4)[..., :3]
            wrong += not np.array_equal(seen, keyframe.image)
        for way in filter(times.get, times):
            yield {f"texture_{side}_{way}_p50_ms": median(times[way])}
            yield {f"texture_{side}_{way}_p99_ms": percentile(times[way], 99)}
        if times["shared"]:
            yield {f"texture_{side}_wrong": float(wrong)}
    interop.release()


class _Busy:
    """Arithmetic on a stream of its own, as a model that paints the next picture."""

    def __init__(self, device: str) -> None:
        self._stream = torch.cuda.Stream(device) if device.startswith("cuda") else None
        self._matrix = torch.rand(2048 if self._stream else 8, 2048 if self._stream else 8, device=device)

    def go_on(self) -> None:
        with torch.cuda.stream(self._stream):
            for _ in range(4):
                self._matrix = torch.tanh(self._matrix @ self._matrix)


def _painted(device: str, side: int, index: int) -> Keyframe:
    """A picture of noise; on a card it lies in memory that the one before has just given back."""
    dice = torch.Generator(device).manual_seed(index)
    levels = torch.randint(0, 256, (side, side, 3), dtype=torch.uint8, device=device, generator=dice)
    shared = on_card(levels) if device.startswith("cuda") else None
    return Keyframe(index, 0.0, frozen_image(levels.cpu().numpy()), on_card=shared)


def _by_host(ctx: moderngl.Context, keyframe: Keyframe) -> moderngl.Texture:
    height, width = keyframe.image.shape[:2]
    return ctx.texture((width, height), 3, data=keyframe.image.tobytes(), alignment=1)


def _took(ctx: moderngl.Context, work: Callable[[], object]) -> float:
    """Milliseconds until it is done on the card too."""
    since = time.perf_counter()
    work()
    ctx.finish()
    return 1e3 * (time.perf_counter() - since)
