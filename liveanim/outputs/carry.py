"""Keyframes that a homography alone does not show as they should be: flights through their depth, fades that follow
what has moved, borders that are no mirror. Each is drawn into a picture of the stage's size first; where
there is nothing of the kind that costs nothing."""

from __future__ import annotations

from dataclasses import replace

import moderngl
import numpy as np
from numpy.typing import NDArray

from liveanim.core import space
from liveanim.core.model import Blend, Layer, Matrix
from liveanim.core.params import Values
from liveanim.core.space import Lens

from .shaders import Program
from .stage import cover
from .targets import Target
from .textures import Picture

_KEPT = 8
_ROUNDS = 3


class Carry:
    """Draws such layers. `begin` for every display frame, then `picture` for each of its layers."""

    def __init__(self, ctx: moderngl.Context, size: tuple[int, int]) -> None:
        self._ctx, self._size = ctx, size
        self._aspect = size[0] / size[1]
        self._program: Program | None = None
        self._targets: list[Target] = []
        self._planes: list[tuple[NDArray[np.float32], moderngl.Texture]] = []
        self._values, self._lens = Values({}), Lens()
        self._newest: Layer | None = None
        self._used = 0

    def begin(self, blend: Blend) -> None:
        """Take what the coming layers have in common."""
        self._values, self._lens, self._used = Values(blend.values), Lens.of(blend.values), 0
        self._newest = blend.layers[-1] if blend.layers else None

    def level(self, layer: Layer) -> Layer:
        """`layer` without its flight: one that has no depth is seen as a flat picture at a middle distance."""
        if space.at_rest(layer.move) or layer.keyframe.depth is not None:
            return layer
        height, width = layer.keyframe.image.shape[:2]
        homography = space.level(layer.move, self._lens, width / height) @ layer.homography
        return replace(layer, homography=homography, move=np.eye(4))

    def picture(self, layer: Layer, picture: Picture) -> Picture | None:
        """`layer` as a picture of the whole stage before its motion; None where its homography is enough."""
        drawn = self._drawn(layer)
        border = int(self._values["camera.border"])
        flies = not space.at_rest(layer.move) and layer.keyframe.depth is not None
        moves = not np.allclose(layer.homography, np.eye(3), rtol=0, atol=1e-9)
        if not flies and not drawn and not (border and moves):
            return None
        program = self._ready()
        target = self._target()
        self._place(program, layer, flies)
        program.set(drawn=drawn, border=border, picture=0, relief=1, flow=2)
        picture.texture.use(0)
        if flies and layer.keyframe.depth is not None:
            self._plane(layer.keyframe.depth).use(1)
        newest = self._newest
        if drawn and newest is not None and newest.keyframe.flow is not None:
            self._plane(newest.keyframe.flow).use(2)
            program.set(flow_place=_texture_of(newest) @ _undone(newest.homography))
        target.fbo.use()
        program.draw()
        return Picture(layer.keyframe, target.texture, 1)

    def _drawn(self, layer: Layer) -> float:
        """Share of the newest keyframe's flow by which `layer` is looked up ahead or back."""
        newest, amount = self._newest, self._values["picture.flow_fade"]
        if amount <= 0 or newest is None or newest.keyframe.flow is None or newest.weight >= 1:
            return 0.0
        return amount * (1 - newest.weight) if layer.keyframe is newest.keyframe else -amount * newest.weight

    def _place(self, program: Program, layer: Layer, flies: bool) -> None:
        height, width = layer.keyframe.image.shape[:2]
        ray, focal = self._lens.scales(width / height)
        program.set(
            aspect=self._aspect,
            cover=cover(width / height, self._aspect),
            texture_of=_texture_of(layer),
            before=_undone(layer.homography),
            move=np.asarray(layer.move),
            ray=ray,
            focal=focal,
            far=self._lens.relief,
            rounds=0 if not flies else 1 if self._lens.compat else _ROUNDS,
            compat=int(self._lens.compat),
        )

    def _ready(self) -> Program:
        self._program = self._program or Program(self._ctx, ["carry.frag.glsl"])
        return self._program

    def _target(self) -> Target:
        self._used += 1
        if self._used > len(self._targets):
            self._targets.append(Target(self._ctx, self._size))
        return self._targets[self._used - 1]

    def _plane(self, plane: NDArray[np.float32]) -> moderngl.Texture:
        """`plane` (h, w[, 2]) as a texture; the last few are kept. Identity counts."""
        for known, texture in self._planes:
            if known is plane:
                return texture
        rows, columns = plane.shape[:2]
        components = 1 if plane.ndim == 2 else plane.shape[2]
        data = np.ascontiguousarray(plane, np.float16).tobytes()
        texture = self._ctx.texture((columns, rows), components, data=data, dtype="f2", alignment=1)
        texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
        texture.repeat_x = texture.repeat_y = False
        self._planes.append((plane, texture))
        while len(self._planes) > _KEPT:
            self._planes.pop(0)[1].release()
        return texture

    def release(self) -> None:
        """Give everything back to the card."""
        for target in self._targets:
            target.release()
        for _, texture in self._planes:
            texture.release()
        if self._program is not None:
            self._program.release()


def on_stage(motion: Matrix, aspect: float) -> Matrix:
    """Stage point -> texture coordinates of a picture that covers the whole stage before `motion`."""
    return np.array([[1 / aspect, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]]) @ _undone(motion)


def _texture_of(layer: Layer) -> Matrix:
    height, width = layer.keyframe.image.shape[:2]
    return np.array([[height / width, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])


def _undone(homography: Matrix) -> Matrix:
    seen = np.asarray(homography, np.float64)
    if not np.all(np.isfinite(seen)) or abs(np.linalg.det(seen)) < 1e-9:
        return np.eye(3)
    return np.asarray(np.linalg.inv(seen), np.float64)
