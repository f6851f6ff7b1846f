"""Keyframes on the graphics card: each is uploaded once, enlarged once, and dropped when it is no longer shown.

Where processors draw, they enlarge ten times as fast by plain arithmetic on bytes (`Enlarger`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import moderngl
import numpy as np

from liveanim.core.model import Image, Keyframe

from .interop import Interop
from .shaders import Program
from .stage import cover

_KEPT = 4
_SPARE = 4
_MOST_TEXELS = 12_000_000
# Edge steepening after enlarging: reach in pixels of the painted keyframe, and strength. Found on drawn strokes reduced
# four times: the error against the original falls by about a third.
_REACH, _CRISPNESS = 0.7, 1.2


@dataclass(slots=True, eq=False)
class Picture:
    """A keyframe's texture. `factor`: how many times it was enlarged; `levels`: whether it has mipmaps."""

    keyframe: Keyframe
    texture: moderngl.Texture
    factor: int
    levels: bool = False

    def with_levels(self) -> None:
        """Give the texture its smaller copies (once)."""
        if not self.levels:
            self.texture.build_mipmaps()
            self.texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
            self.levels = True


class Pictures:
    """The textures of the keyframes on the stage, newest last; a few that left it are kept in case they come back.

    `quick`: in 8 bits, which a card that is none enlarges and reads in half the time.
    """

    def __init__(self, ctx: moderngl.Context, size: tuple[int, int], quick: bool = False) -> None:
        self._ctx, self._size, self._quick = ctx, size, quick
        self._kept: list[Picture] = []
        self._spare: list[moderngl.Texture] = []
        self._enlarge = Program(ctx, ["enlarge.frag.glsl"])
        self._crisp = Program(ctx, ["crisp.frag.glsl"])
        self._enlarger = Enlarger()
        self._interop = Interop(ctx)
        self.uploads = 0

    def get(self, keyframes: Sequence[Keyframe]) -> list[Picture]:
        """The picture of each keyframe, uploaded where it is new. Identity counts, not equality."""
        found = [self._find(keyframe) for keyframe in keyframes]
        self._kept = [kept for kept in self._kept if kept not in found] + found
        while len(self._kept) > max(_KEPT, len(found)):
            self._give_back(self._kept.pop(0).texture)
        return found

    def _find(self, keyframe: Keyframe) -> Picture:
        for kept in self._kept:
            if kept.keyframe is keyframe:
                return kept
        picture = self._upload(keyframe)
        self._kept.append(picture)
        return picture

    def _upload(self, keyframe: Keyframe) -> Picture:
        image = np.ascontiguousarray(keyframe.image)
        height, width = image.shape[:2]
        self.uploads += 1
        factor = self._factor(width, height)
        if self._quick:
            texture = self._in_bytes(self._enlarger(image, factor))
        elif (shared := self._interop.texture(keyframe)) is not None:
            texture = self._enlarged(shared, factor) if factor > 1 else self._copied(shared)
        else:
            texture = self._ctx.texture((width, height), 3, data=image.tobytes(), alignment=1)
            if factor > 1:
                painted, texture = texture, self._enlarged(texture, factor)
                painted.release()
        texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
        texture.repeat_x = texture.repeat_y = False
        return Picture(keyframe, texture, factor)

    def _in_bytes(self, image: Image) -> moderngl.Texture:
        """`image`, with four channels, as a texture: those are read most quickly."""
        height, width = image.shape[:2]
        texture = self._spare_of((width, height)) or self._ctx.texture((width, height), 4)
        texture.write(image.data)
        return texture

    def _copied(self, shared: moderngl.Texture) -> moderngl.Texture:
        copy = self._ctx.texture(shared.size, 4)
        source, target = self._ctx.framebuffer([shared]), self._ctx.framebuffer([copy])
        self._ctx.copy_framebuffer(target, source)
        source.release()
        target.release()
        return copy

    def _factor(self, width: int, height: int) -> int:
        """Whole factor that brings a keyframe near the stage's own pixels; the little that is left is bilinear."""
        stage_width, stage_height = self._size
        scale = stage_height / height / cover(width / height, stage_width / stage_height)
        room = math.isqrt(max(1, _MOST_TEXELS // (width * height)))
        return max(1, min(4, math.ceil(0.8 * scale), room))

    def _enlarged(self, painted: moderngl.Texture, factor: int) -> moderngl.Texture:
        """`painted` at `factor` times its size, smooth, its edges crisp."""
        width, height = painted.size
        across = self._pass(painted, (width * factor, height), self._enlarge, along=(1, 0), factor=factor)
        both = self._pass(across, (width * factor, height * factor), self._enlarge, along=(0, 1), factor=factor)
        crisp = self._pass(both, both.size, self._crisp, reach=max(1, round(_REACH * factor)), strength=_CRISPNESS)
        self._give_back(across)
        self._give_back(both)
        return crisp

    def _pass(
        self, source: moderngl.Texture, size: tuple[int, int], program: Program, **uniforms: Any
    ) -> moderngl.Texture:
        result = self._float_texture(size)
        target = self._ctx.framebuffer([result])
        target.use()
        source.repeat_x = source.repeat_y = False
        source.use(0)
        program.set(picture=0, **uniforms)
        program.draw()
        target.release()
        return result

    def _float_texture(self, size: tuple[int, int]) -> moderngl.Texture:
        """A texture to draw into, one that was given back where there is one: new memory costs as much as drawing."""
        # Half floats hold what enlarging puts between two 8-bit values; the stage's dither needs it in dark gradients.
        return self._spare_of(size) or self._ctx.texture(size, 4, dtype="f2")

    def _spare_of(self, size: tuple[int, int]) -> moderngl.Texture | None:
        for spare in self._spare:
            if spare.size == size:
                self._spare.remove(spare)
                return spare
        return None

    def _give_back(self, texture: moderngl.Texture) -> None:
        if texture.components != 4:
            texture.release()
            return
        self._spare.append(texture)
        while len(self._spare) > _SPARE:
            self._spare.pop(0).release()

    def release(self) -> None:
        for texture in [kept.texture for kept in self._kept] + self._spare:
            texture.release()
        self._kept.clear()
        self._spare.clear()
        self._interop.release()
        self._enlarge.release()
        self._crisp.release()


class Enlarger:
    """Pictures at a whole factor of their size, smooth, their edges crisp: what the shaders do, in bytes.

    It works in memory that it keeps: where each picture takes new memory, that costs more than the arithmetic.
    """

    def __init__(self) -> None:
        self._plain: list[Image] = []
        self._whole: Image = np.empty((0, 0, 4), np.uint8)

    def __call__(self, image: Image, factor: int) -> Image:
        """`image` (height, width, 3) as RGBA, opaque, `factor` times as large; good until the next one."""
        height, width = factor * image.shape[0], factor * image.shape[1]
        if self._whole.shape[:2] != (height, width):
            self._plain = [np.empty((height, width, 3), np.uint8) for _ in range(3)]
            self._whole = np.empty((height, width, 4), np.uint8)
        crisp = image if factor == 1 else self._crisp(image, factor)
        cv2.cvtColor(crisp, cv2.COLOR_RGB2RGBA, dst=self._whole)
        return self._whole

    def _crisp(self, image: Image, factor: int) -> Image:
        big, crisp, extreme = self._plain
        cv2.resize(image, big.shape[1::-1], dst=big, interpolation=cv2.INTER_CUBIC)
        reach = max(1, round(_REACH * factor))
        ways = np.zeros((2 * reach + 1, 2 * reach + 1), np.uint8)
        ways[reach, [0, -1]] = ways[[0, -1], reach] = 1
        steeper = ways * np.float32(-_CRISPNESS / 4)
        ways[reach, reach], steeper[reach, reach] = 1, 1 + _CRISPNESS
        cv2.filter2D(big, -1, steeper, dst=crisp, borderType=cv2.BORDER_REPLICATE)
        cv2.max(crisp, cv2.erode(big, ways, dst=extreme), dst=crisp)
        cv2.min(crisp, cv2.dilate(big, ways, dst=extreme), dst=crisp)
        return crisp
