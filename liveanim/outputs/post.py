"""What happens to a finished picture before it is shown: a look's ISF shaders, then its colour table."""

from __future__ import annotations

import logging
from pathlib import Path

import moderngl
import numpy as np

from liveanim.core.cube import Cube, parse_cube
from liveanim.core.errors import UserError, told_as
from liveanim.core.model import Blend, Chain
from liveanim.data import stamp

from .shaders import Program
from .shading import LOOK_EVERY, Shading
from .stage import Stage
from .targets import Target

log = logging.getLogger(__name__)

_LUT_LIMIT = 20_000_000  # bytes of a .cube file


class Lut:
    """The colour table of the look: read when it is first asked for, and again when its file changes."""

    def __init__(self, ctx: moderngl.Context, live: bool) -> None:
        self._ctx, self._live = ctx, live
        self._path, self._stamp, self._looked = "", stamp(()), 0.0
        self._texture: moderngl.Texture | moderngl.Texture3D | None = None
        self.cube: Cube | None = None
        self.problem = ""

    def take(self, path: str, now: float) -> None:
        """Make `path` ('': none) the table, `now` in seconds of the show. Of one that cannot be read the last that
        could stays, or none, live, and it is said; offline that is a UserError."""
        if path == self._path and abs(now - self._looked) < LOOK_EVERY:
            return
        found = stamp([Path(path)] if path else ())
        self._looked = now
        if (path, found) == (self._path, self._stamp):
            return
        if path != self._path:
            self.cube = None
        self._path, self._stamp, self.problem = path, found, ""
        if not path:
            return
        try:
            self.cube = read_cube(Path(path))
        except UserError as error:
            if not self._live and self.cube is None:
                raise
            self.problem = str(error)
            log.warning("%s", error)
            return
        self._load(self.cube)

    def _load(self, cube: Cube) -> None:
        if self._texture is not None:
            self._texture.release()
        data = np.ascontiguousarray(cube.table, np.float32)
        if cube.is_3d:
            self._texture = self._ctx.texture3d((len(data),) * 3, 3, data.tobytes(), dtype="f4")
        else:
            self._texture = self._ctx.texture((len(data), 1), 3, data.tobytes(), dtype="f4")
        self._texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
        self._texture.repeat_x = self._texture.repeat_y = False
        if isinstance(self._texture, moderngl.Texture3D):
            self._texture.repeat_z = False

    @property
    def flag(self) -> str:
        """What the grading program is compiled with."""
        return "" if self.cube is None else "LUT3" if self.cube.is_3d else "LUT1"

    def bind(self, unit: int) -> None:
        if self._texture is not None:
            self._texture.use(unit)

    def release(self) -> None:
        if self._texture is not None:
            self._texture.release()


def read_cube(path: Path) -> Cube:
    """The colour table in a .cube file; UserError names file, line and reason."""
    with told_as(f"{path}: cannot be read"):
        if path.stat().st_size > _LUT_LIMIT:
            raise UserError(f"{path}: a colour table is at most {_LUT_LIMIT // 1_000_000} MB of text")
        return parse_cube(path.read_text(encoding="utf-8", errors="replace"), str(path))


class Post:
    """Of one compositor whose pictures have `size` (width, height) pixels.

    live    go on without a shader or table that is no good, and say so; else that is a UserError
    """

    def __init__(self, ctx: moderngl.Context, size: tuple[int, int], live: bool) -> None:
        self._ctx, self._size = ctx, size
        self.shading = Shading(ctx, size, live)
        self.lut = Lut(ctx, live)
        self._programs: dict[tuple[str, ...], Program] = {}
        self._starts: list[Target] = []  # where pictures begin, the newest last: with `median` the last three are kept
        self._mixed: Target | None = None
        self._median: Target | None = None
        self._smoothed = 0  # frames in a row that are comparable
        self._chain, self._stage = Chain(), Stage.of({})

    def begin(self, blend: Blend, stage: Stage, dt: float) -> None:
        """A new display frame."""
        self._chain, self._stage = blend.chain, stage
        self._smoothed = min(3, self._smoothed + 1) if stage.smooths else 0
        if stage.smooths:
            self._starts.append(self._starts.pop(0) if len(self._starts) == 3 else Target(self._ctx, self._size))
        self.shading.begin(blend, dt)
        self.lut.take(blend.chain.lut, blend.time)

    def problem(self) -> str:
        """One line of what is wrong with the look's shaders or its table; '' when all is well."""
        return self.shading.problem() or self.lut.problem

    @property
    def active(self) -> bool:
        """Whether a finished picture has further to go: then it is to be drawn, turned, into `start`."""
        return bool(
            self._chain.generator or self._chain.filters or self.lut.cube or self._stage.key or self._stage.smooths
        )

    @property
    def start(self) -> Target:
        """Where the picture begins its way. Row 0 is its bottom row."""
        if not self._starts:
            self._starts.append(Target(self._ctx, self._size))
        return self._starts[-1]

    def finish(self, out: Target) -> None:
        """The picture in `start` through the chain, into `out` (row 0 the top row)."""
        chain, stage, picture = self._chain, self._stage, self.start.texture
        if self._smoothed == 3:
            picture = self._middle(stage.median)
        drawn = self.shading.generator(picture, chain.generator) if chain.generator else None
        if drawn is not None and chain.filters:
            mixed = self._target()
            self._grade(picture, drawn, mixed, stage, turned=False, graded=False)
            picture, drawn = mixed.texture, None
        if chain.filters:
            picture = self.shading.filters(picture, len(chain.filters))
        self._grade(picture, drawn, out, stage, turned=True, graded=True)

    def _middle(self, amount: float) -> moderngl.Texture:
        """The middle of the last three pictures."""
        if self._median is None:
            self._median = Target(self._ctx, self._size)
        if ("median",) not in self._programs:
            self._programs["median",] = Program(self._ctx, ["median.frag.glsl"])
        program = self._programs["median",]
        for unit, target in enumerate(reversed(self._starts)):
            target.texture.use(unit)
        program.set(picture=0, before=1, earlier=2, amount=amount)
        self._median.fbo.use()
        program.draw()
        return self._median.texture

    def _target(self) -> Target:
        if self._mixed is None:
            self._mixed = Target(self._ctx, self._size)
        return self._mixed

    def _grade(
        self,
        picture: moderngl.Texture,
        drawn: moderngl.Texture | None,
        out: Target,
        stage: Stage,
        turned: bool,
        graded: bool,
    ) -> None:
        names = ["TURNED"] * turned + ["MIXED"] * (drawn is not None) + [self.lut.flag] * bool(graded and self.lut.flag)
        if graded and stage.key:
            names.append("KEYED")
        program = self._program(tuple(names))
        picture.use(0)
        program.set(picture=0, drawn=1, table=2)
        if drawn is not None:
            drawn.use(1)
            program.set(amount=stage.generator_mix, mode=stage.generator_mode)
        if graded and self.lut.cube:
            self.lut.bind(2)
            program.set(low=self.lut.cube.low, high=self.lut.cube.high, share=stage.lut_mix)
        program.set(key=stage.key, key_level=stage.key_level, key_soft=stage.key_soft, key_hue=stage.key_hue)
        out.fbo.use()
        program.draw()

    def _program(self, names: tuple[str, ...]) -> Program:
        if names not in self._programs:
            self._programs[names] = Program(self._ctx, ["grade.frag.glsl"], names)
        return self._programs[names]

    def release(self) -> None:
        for each in (self.shading, self.lut, self._mixed, self._median, *self._starts, *self._programs.values()):
            if each is not None:
                each.release()
