"""A logo over the finished picture: a file with transparency, read again beside the show when it is written."""

from __future__ import annotations

import logging
import math
import os
import queue
import threading
from pathlib import Path

import cv2
import moderngl
import numpy as np
from PIL import Image as Pictures
from PIL import ImageOps

from liveanim.core.errors import UserError, brief
from liveanim.core.model import Image, Matrix, frozen_image
from liveanim.core.params import Values
from liveanim.data import stamp

from .shaders import Program
from .shading import LOOK_EVERY
from .targets import Target

log = logging.getLogger(__name__)

NONE = "none"  # asked for in place of a file: no logo, also where a take or settings have one
_LARGEST, _SMALLEST = 4096, 8  # pixels of its longer side: no picture shown is larger
_STEPS = 4  # sizes from one to half of it
_FINER = 2  # sizes above that which is seen: 1.4 to 1.7 times as large is as sharp as it gets without sparks
# How colours meet, then how opaque the result is: the logo stays so where the picture is transparent.
_OVER = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
_MODES = {
    "over": (*_OVER, *_OVER),
    "add": (moderngl.ONE, moderngl.ONE, *_OVER),
    "screen": (moderngl.ONE, moderngl.ONE_MINUS_SRC_COLOR, *_OVER),
}


Part = tuple[int, int, int, int]
"""(x, y, width, height) of a picture, in pixels."""
Sizes = tuple[Image, ...]
"""A logo and smaller copies of it, each (height, width, 4) uint8: light that is there, and how opaque it is."""


def read_logo(path: Path) -> Sizes:
    """The picture in a file, in sizes that are made here, so that none costs more than a look when it is shown.
    UserError when it is none."""
    try:
        with Pictures.open(path) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGBA").convert("RGBa")
    except Pictures.UnidentifiedImageError:
        raise UserError(f"{path}: not a picture that can be read (a logo is a PNG, WebP, JPEG or the like)") from None
    except (OSError, ValueError, SyntaxError, Pictures.DecompressionBombError) as error:
        raise UserError(f"{path}: the logo cannot be read: {brief(error)}") from None
    picture.thumbnail((_LARGEST, _LARGEST), Pictures.Resampling.BOX)
    return _reduced(np.array(picture))


def _reduced(image: Image) -> Sizes:
    """`image` and smaller ones, each the mean of what it covers."""
    sizes = [frozen_image(image)]
    while max(sizes[-1].shape[:2]) > _SMALLEST:
        count = len(sizes)
        tall, wide = (max(1, round(side * 2 ** (-count / _STEPS))) for side in image.shape[:2])
        larger = sizes[max(0, count - _STEPS)]
        sizes.append(frozen_image(np.asarray(cv2.resize(larger, (wide, tall), interpolation=cv2.INTER_AREA), np.uint8)))
    return tuple(sizes)


class LogoFile:
    """The picture in a file. Live it is read again, in a thread, when the file is written; one that is no good leaves
    the last. UserError when there is none to begin with."""

    def __init__(self, name: str, live: bool) -> None:
        self._path, self._live = Path(os.path.expanduser(name)), live
        self._stamp, self._looked = stamp([self._path]), -math.inf
        self._sizes = read_logo(self._path)
        self._came: queue.SimpleQueue[Sizes | str] = queue.SimpleQueue()
        self._reading = False
        self.problem = ""

    def at(self, now: float) -> Sizes:
        """The picture at show time `now` (s): the same until there is another. Never waits."""
        if self._reading and not self._came.empty():
            found, self._reading = self._came.get(), False
            self.problem = found if isinstance(found, str) else ""
            self._sizes = self._sizes if isinstance(found, str) else found
        if self._live and not self._reading and abs(now - self._looked) >= LOOK_EVERY:
            self._looked, before = now, self._stamp
            self._stamp = stamp([self._path])
            self._reading = self._stamp != before
            if self._reading:
                threading.Thread(target=self._read, name="logo", daemon=True).start()
        return self._sizes

    def _read(self) -> None:
        """Thread 'logo', one for each time that the file is written."""
        try:
            self._came.put(read_logo(self._path))
        except Exception as error:  # noqa: BLE001  top of the thread: the last logo stays, and it is said
            self._came.put(str(error) if isinstance(error, UserError) else f"{self._path}: {brief(error, kind=True)}")
            log.warning("%s", error)


def open_logo(name: str | None, live: bool) -> LogoFile | None:
    """The logo in the file of that name; None for None and NONE. UserError when it cannot be read."""
    return None if name in (None, NONE) else LogoFile(str(name), live)


def placed(values: Values, logo: tuple[int, int], picture: tuple[int, int]) -> tuple[Matrix, tuple[float, float]]:
    """Where a logo of that (width, height) lies on a picture of that: (3, 3) pixel of the picture (row 0 the top) ->
    place on the logo (0..1, y down), and its (width, height) there in pixels."""
    scale = values["logo.size"] * min(whole / own for whole, own in zip(picture, logo, strict=True))
    width, height = (scale * own for own in logo)
    x, y = values["logo.x"] * picture[0], values["logo.y"] * picture[1]
    turn = math.radians(values["logo.angle"])
    c, s = math.cos(turn), math.sin(turn)
    upright = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    to_logo = np.array([[1.0 / width, 0.0, 0.5], [0.0, 1.0 / height, 0.5], [0.0, 0.0, 1.0]])
    matrix: Matrix = to_logo @ upright @ np.array([[1.0, 0.0, -x], [0.0, 1.0, -y], [0.0, 0.0, 1.0]])
    return matrix, (width, height)


def covered(matrix: Matrix, picture: tuple[int, int]) -> Part | None:
    """The part of a picture that a logo placed so may touch; None: it is outside."""
    corners = np.linalg.inv(matrix) @ np.array([[0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]])
    first = np.clip(np.floor(corners[:2].min(axis=1)) - 1, 0, picture).astype(int)  # its edge is soft
    last = np.clip(np.ceil(corners[:2].max(axis=1)) + 1, 0, picture).astype(int)
    wide, tall = last - first
    return (int(first[0]), int(first[1]), int(wide), int(tall)) if wide > 0 and tall > 0 else None


class Logo:
    """Draws the logo in `file` over pictures of `size` (width, height) pixels."""

    def __init__(self, ctx: moderngl.Context, size: tuple[int, int], file: LogoFile) -> None:
        self._ctx, self._size, self._file = ctx, size, file
        self._sizes: Sizes = ()
        self._textures: dict[int, moderngl.Texture] = {}  # by the place of their size
        self._program: Program | None = None
        self._below: Target | None = None  # the last picture that it was drawn over
        self._drawn = False

    def problem(self) -> str:
        """One line when its file is no good any more; '' while all is well."""
        return self._file.problem

    def draw(self, target: Target, values: Values, now: float) -> None:
        """Over the picture in `target` (row 0 its top row), where and how `logo.*` say. What was there is kept."""
        self._drawn = False
        if self._program is None:
            self._program = Program(self._ctx, ["logo.frag.glsl"])
        if self._file.at(now) is not self._sizes:
            self._forget()
            self._sizes = self._file.at(now)
        opacity = values["logo.opacity"]
        if opacity <= 0.0 or values["logo.size"] <= 0.0:
            return
        tall, wide = self._sizes[0].shape[:2]
        place, shown = placed(values, (wide, tall), self._size)
        part = covered(place, self._size)
        if part is None:
            return
        if self._below is None:
            self._below = Target(self._ctx, self._size, "f1")
        self._below.copy(target)
        self._drawn = True
        self._texture(wide / shown[0]).use(0)
        self._program.set(logo=0, place=place, wide=shown, opacity=opacity)
        self._ctx.enable(moderngl.BLEND)
        self._ctx.blend_func = _MODES[values.word("logo.mode")]  # type: ignore[assignment]
        target.fbo.use()
        target.fbo.scissor = part
        self._program.draw()
        target.fbo.scissor = None  # type: ignore[assignment]
        self._ctx.disable(moderngl.BLEND)

    def lift(self, target: Target) -> None:
        """Have the picture in `target` as it was before the logo was drawn over it."""
        if self._below is not None and self._drawn:
            target.copy(self._below)

    def _texture(self, reduction: float) -> moderngl.Texture:
        """The logo in the size to read it from where so many of its pixels are one that is seen."""
        steps = math.floor(_STEPS * math.log2(max(1.0, reduction)) + 1e-6) - _FINER
        number = max(0, min(steps, len(self._sizes) - 1))
        if number not in self._textures:
            height, width = self._sizes[number].shape[:2]
            texture = self._ctx.texture((width, height), 4, self._sizes[number].tobytes())
            texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
            texture.repeat_x = texture.repeat_y = False
            self._textures[number] = texture
        return self._textures[number]

    def _forget(self) -> None:
        for texture in self._textures.values():
            texture.release()
        self._textures.clear()

    def release(self) -> None:
        self._forget()
        for made in (self._program, self._below):
            if made is not None:
                made.release()
