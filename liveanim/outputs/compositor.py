"""Draws a Blend with OpenGL 3.3: keyframes where the camera sees them, stage effects, finish.

Needs a current context; everything here stays on the thread that owns it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import moderngl
import numpy as np

from liveanim.core.model import Blend, Image, Layer, Matrix
from liveanim.core.params import Values

from .carry import Carry, on_stage
from .context import software, wait
from .flash import FlashLimiter
from .logo import Logo, LogoFile
from .post import Post
from .settle import Settle
from .shaders import Program
from .stage import Stage, at_rest, colour_matrix, frame_seed, place, reduction, stage_motion
from .targets import Target
from .textures import Picture, Pictures

_MOST_LAYERS = 4
_NOTHING = Stage.of({})
_SCENE_PARTS = ["scene.glsl", "finish.glsl", "stage.frag.glsl"]
# Programs a show is likely to need, made one a frame from its start so that no first kick waits for a compiler.
_LIKELY: list[tuple[str, ...]] = [(f"LAYERS {n}", way) for way in ("SCENE", "DIRECT") for n in (4, 3, 2, 1)]


@dataclass(frozen=True, slots=True)
class _Drawn:
    """One layer, ready to draw."""

    picture: Picture
    weight: float
    matrix: Matrix
    reduction: float


def _named(**flags: bool) -> list[str]:
    return [name for name, wanted in flags.items() if wanted]


def _tilted(drawn: Sequence[_Drawn]) -> bool:
    """Whether some layer is seen in perspective."""
    return any(max(abs(x), abs(y), abs(z - 1.0)) > 1e-12 for x, y, z in (layer.matrix[2] for layer in drawn))


class Compositor:
    """Blend -> picture in `framebuffer`, `size` (width, height) pixels, row 0 the picture's top row.

    flash_limit     hold back pictures that would flash more than three times a second
    live            go on without a shader that is no good (see Post); where processors draw, make do with 8 bits where
                    nobody sees it: that is twice as fast
    """

    def __init__(
        self, ctx: moderngl.Context, size: tuple[int, int], flash_limit: bool = True, live: bool = False
    ) -> None:
        self._ctx, self.size = ctx, size
        self.by_processors = software(ctx)
        quick = live and self.by_processors
        self._kind = "f1" if quick else "f2"  # of the glow
        self._aspect = size[0] / size[1]
        self._pictures = Pictures(ctx, size, quick)
        self._carry, self._settle = Carry(ctx, size), Settle()
        self._out = Target(ctx, size, "f1")
        self._black = Target(ctx, size, "f1")
        self._black.fbo.clear(alpha=1.0)
        self._programs: dict[tuple[str, ...], Program] = {}
        self._likely = list(_LIKELY)
        self._coming: tuple[str, ...] = ()
        self._scene: list[Target] = []
        self._glow: list[Target] = []
        self._glow_programs: dict[str, Program] = {}
        self._trailing = False
        self._shown = self._black
        self.post = Post(ctx, size, live)
        self._logo: Logo | None = None
        self._fades: list[Target] = []
        self._dim = Program(ctx, ["dim.frag.glsl"])
        self._dimmed: list[Target] = []
        self.limiter = FlashLimiter(ctx, size) if flash_limit else None
        self._drawn_once = False

    @property
    def framebuffer(self) -> moderngl.Framebuffer:
        """The picture now shown."""
        return self._shown.fbo

    @property
    def texture(self) -> moderngl.Texture:
        """The picture now shown, to be put on a window."""
        return self._shown.texture

    @property
    def uploads(self) -> int:
        """Keyframes uploaded so far."""
        return self._pictures.uploads

    def draw(self, blend: Blend, dt: float) -> None:
        """Draw `blend`, `dt` seconds after the last one. Frozen: the picture stays, but for logo and level."""
        self._ctx.disable(moderngl.BLEND | moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        if not blend.freeze or not self._drawn_once:
            self._draw_picture(blend, dt)
            self._drawn_once = True
        elif self._logo:
            self._logo.lift(self._out)
        if self._logo:
            self._logo.draw(self._out, Values(blend.values), blend.time)
        self._shown = self._at_level(blend.level)
        if self.limiter:
            self._shown = self.limiter.limit(self._shown, blend.time, cut=blend.level <= 0.0)
        if self._likely:
            self._program(*self._likely.pop())
        elif self._coming and not self.post.shading.prepare(self._coming):
            self._coming = ()

    def _at_level(self, level: float) -> Target:
        """The finished picture, as bright as `level` says."""
        if level >= 1.0:
            return self._out
        if level <= 0.0:
            return self._black
        if not self._dimmed:
            self._dimmed = [Target(self._ctx, self.size, "f1")]
        (target,) = self._dimmed
        self._out.texture.use(0)
        self._dim.set(picture=0, level=level)
        target.fbo.use()
        self._dim.draw()
        return target

    def lay_over(self, logo: LogoFile | None) -> None:
        """Have `logo`, if there is one, over every picture from now on."""
        self._logo = None if logo is None else Logo(self._ctx, self.size, logo)

    def prepare(self, shaders: Sequence[str]) -> None:
        """Files of the ISF shaders that may be called for: made one a frame, before they are needed."""
        self._coming = tuple(shaders)

    def problem(self) -> str:
        """One line of what is wrong with the look's shaders or the logo; '' when all is well."""
        return self.post.problem() or (self._logo.problem() if self._logo else "")

    def read(self) -> Image:
        """The picture now shown, (height, width, 3) uint8, top row first, read-only. Waits for the card."""
        image: Image = np.ascontiguousarray(self.read_whole()[..., :3])
        image.flags.writeable = False
        return image

    def read_whole(self) -> Image:
        """The same with how opaque it is, (height, width, 4): light that is there, fetched without any conversion."""
        width, height = self.size
        image: Image = np.empty((height, width, 4), dtype=np.uint8)
        wait(self._ctx)
        self._shown.fbo.read_into(image, components=4, alignment=1)
        image.flags.writeable = False
        return image

    def _draw_picture(self, blend: Blend, dt: float) -> None:
        stage = Stage.of(blend.stage)
        self._carry.begin(blend)
        self.post.begin(blend, stage, dt)
        going_on = self.post.active
        motion = stage_motion(stage, blend.time)
        layers = self._settle.settled(blend.layers, stage.deflicker, stage.steady)
        drawn = self._transition(blend, layers, motion, stage) or self._layers(layers, motion, stage)
        folded = stage.folds or any(layer.reduction > 1.3 for layer in drawn)
        way = "SCENE" if stage.needs_scene or (stage.trailing and going_on) else "DIRECT"
        grains = way == "DIRECT" and stage.grains
        flags = _named(FOLDED=folded, TILTED=_tilted(drawn), GRAIN=grains, TRAILS=stage.trailing)
        program = self._program(f"LAYERS {len(drawn)}", way, *flags)
        self._set_scene(program, drawn, stage, folded, blend.time)
        if way == "DIRECT":
            self._set_finish(program, stage, blend)
            program.set(turned=int(going_on))
        result = self.post.start if going_on else self._out
        target = result
        if stage.trailing or stage.needs_scene:
            target = self._next_scene(program, stage, dt)
        self._trailing = target is not result
        (target.both if way == "DIRECT" and target.both else target.fbo).use()
        program.draw()
        if way == "SCENE":
            self._finish(target, stage, blend, result)
        if going_on:
            self.post.finish(self._out)

    def _transition(self, blend: Blend, layers: tuple[Layer, ...], motion: Matrix, stage: Stage) -> list[_Drawn]:
        """The look's own fade, as one layer; empty where it has none or there is nothing to fade."""
        shown = [layer for layer in layers if layer.weight > 1e-4]
        if not blend.chain.transition or len(shown) < 2:
            return []
        if not self._fades:
            self._fades = [Target(self._ctx, self.size) for _ in range(2)]
        still = np.eye(3)
        for target, part in zip(self._fades, (tuple(shown[:-1]), tuple(shown[-1:])), strict=True):
            drawn = self._layers(part, still, stage)
            program = self._program(f"LAYERS {len(drawn)}", "SCENE", *_named(TILTED=_tilted(drawn)))
            self._set_scene(program, drawn, _NOTHING, False, blend.time)
            program.set(turned=1)
            target.fbo.use()
            program.draw()
            program.set(turned=0)
        progress = shown[-1].weight / sum(layer.weight for layer in shown)
        below, above = (target.texture for target in self._fades)
        faded = self.post.shading.transition(below, above, progress)
        if faded is None:
            return []
        matrix = at_rest(self._aspect) @ np.linalg.inv(motion)
        return [_Drawn(Picture(shown[-1].keyframe, faded, 1), 1.0, matrix, 1.0)]

    def _layers(self, layers: tuple[Layer, ...], motion: Matrix, stage: Stage) -> list[_Drawn]:
        """The newest four layers with weight, their weights made to sum to 1 (as they should already)."""
        shown = [layer for layer in layers if layer.weight > 1e-4][-_MOST_LAYERS:] or list(layers[-1:])
        total = sum(layer.weight for layer in shown)
        pictures = self._pictures.get([layer.keyframe for layer in shown])
        drawn = []
        for layer, picture in zip(map(self._carry.level, shown), pictures, strict=True):
            gain = self._settle.gain(layer.keyframe, stage.deflicker) ** (2 if stage.linear_fade else 1)
            weight = gain * (layer.weight / total if total > 0 else 1.0)
            carried = self._carry.picture(layer, picture)
            if carried is not None:
                drawn.append(_Drawn(carried, weight, on_stage(motion, self._aspect), 1.0))
                continue
            matrix = place(layer, motion, self._aspect)
            factor = reduction(matrix, self._aspect, layer.keyframe.image, self.size[1])
            drawn.append(_Drawn(picture, weight, matrix, factor))
        return drawn

    def _set_scene(self, program: Program, drawn: list[_Drawn], stage: Stage, folded: bool, time: float) -> None:
        places, weights = np.tile(np.eye(3), (_MOST_LAYERS, 1, 1)), [0.0] * _MOST_LAYERS
        texels = [(1.0, 1.0, 0.0, 0.0)] * _MOST_LAYERS
        for i, layer in enumerate(drawn):
            places[i], weights[i] = layer.matrix, layer.weight
            if folded:
                layer.picture.with_levels()
                texels[i] = self._texels(layer, stage)
        for i in range(_MOST_LAYERS):
            if drawn:
                drawn[min(i, len(drawn) - 1)].picture.texture.use(i)
            program.set(**{f"layer{i}": i})
        program.set(place=places, weights=tuple(weights), linear_light=stage.linear_fade, idle_time=time)
        program.set(aspect=self._aspect, aspect_of_target=self._aspect)
        if folded:
            program.set(texels=texels, blocks=stage.blocks, mirror=stage.mirror, kaleidoscope=stage.kaleidoscope)

    def _texels(self, layer: _Drawn, stage: Stage) -> tuple[float, float, float, float]:
        wide, tall = layer.picture.texture.size
        # A block shows the mean of what it covers.
        per_height = abs(layer.matrix[1, 1]) + abs(layer.matrix[1, 0])
        level = float(np.log2(max(tall * per_height / stage.blocks, 1.0))) if stage.blocks else 0.0
        return float(wide), float(tall), level, 1.0

    def _set_finish(self, program: Program, stage: Stage, blend: Blend) -> None:
        program.set(
            colour=stage.gain * colour_matrix(stage.hue, stage.saturation),
            gain=stage.gain,
            invert=stage.invert,
            vignette=stage.vignette,
            grain=stage.grain,
            grain_cell=max(1.0, self.size[1] / 720.0),
            frame_seed=frame_seed(blend.time),
            lamp=stage.lamp(blend.signals.get("beat", 2.0 * blend.time)),
            aspect=self._aspect,
            aspect_of_target=self._aspect,
        )

    def _next_scene(self, program: Program, stage: Stage, dt: float) -> Target:
        """The float target for this frame's unfinished picture; `program` gets the last one for its trails."""
        if not self._scene:
            self._scene = [Target(self._ctx, self.size, beside=self._out) for _ in range(2)]
        self._scene.reverse()
        target, last = self._scene
        last.texture.use(_MOST_LAYERS)
        # Where the last frame kept no such picture there is nothing to trail.
        program.set(last=_MOST_LAYERS, trails=stage.trails(dt) if self._trailing else 0.0)
        return target

    def _finish(self, scene: Target, stage: Stage, blend: Blend, result: Target) -> None:
        flags = _named(SPLIT=stage.splits, BLOOM=stage.glows, GRAIN=stage.grains)
        program = self._program("LAYERS 0", "FINISH", *flags)
        if stage.glows:
            self._draw_glow(scene)
            self._glow[1].texture.use(1)
        scene.texture.use(0)
        program.set(picture=0, glow=1, split=stage.split, bloom=stage.bloom)
        self._set_finish(program, stage, blend)
        program.set(turned=int(result is not self._out))
        result.fbo.use()
        program.draw()

    def _draw_glow(self, scene: Target) -> None:
        """Bright parts at a quarter and a sixteenth of the size, blurred, and both together in _glow[1]."""
        if not self._glow:
            quarter, sixteenth = (tuple(max(1, side // n) for side in self.size) for n in (4, 16))
            sizes = quarter, quarter, sixteenth, sixteenth
            self._glow = [Target(self._ctx, size, self._kind) for size in sizes]  # type: ignore[arg-type]
            self._glow_programs = {
                name: Program(self._ctx, ["glow.frag.glsl"], [name]) for name in ("BRIGHT", "SHRINK", "BLUR", "JOIN")
            }
        near, spare, far, far_spare = self._glow
        self._glow_pass("BRIGHT", scene, near, (1.0, 1.0))
        self._glow_pass("BLUR", near, spare, (1.0, 0.0))
        self._glow_pass("BLUR", spare, near, (0.0, 1.0))
        self._glow_pass("SHRINK", near, far, (1.0, 1.0))
        for _ in range(2):
            self._glow_pass("BLUR", far, far_spare, (1.0, 0.0))
            self._glow_pass("BLUR", far_spare, far, (0.0, 1.0))
        far.texture.use(1)
        self._glow_programs["JOIN"].set(far=1)
        self._glow_pass("JOIN", near, spare, (1.0, 1.0))

    def _glow_pass(self, name: str, source: Target, target: Target, step: tuple[float, float]) -> None:
        program = self._glow_programs[name]
        width, height = source.texture.size
        source.texture.use(0)
        program.set(picture=0, texel=(step[0] / width, step[1] / height))
        target.fbo.use()
        program.draw()

    def _program(self, *defines: str) -> Program:
        if defines not in self._programs:
            self._programs[defines] = Program(self._ctx, _SCENE_PARTS, defines)
        return self._programs[defines]

    def release(self) -> None:
        """Give everything back to the card."""
        for target in (self._out, self._black, *self._scene, *self._glow, *self._fades, *self._dimmed):
            target.release()
        for program in (self._dim, *self._programs.values(), *self._glow_programs.values()):
            program.release()
        if self.limiter:
            self.limiter.release()
        self.post.release()
        if self._logo:
            self._logo.release()
        self._pictures.release()
        self._carry.release()
