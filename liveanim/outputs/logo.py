"""A logo over the finished picture: a file with transparency, read again beside the show when it is written."""

from __future__ import annotations

import logging
import math
import os
import queue
import threading
from pathlib import Path

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
_LARGEST = 4096  # pixels of its longer side: no picture shown is larger
# How colours meet, then how opaque the result is: the logo stays so where the picture is transparent.
_OVER = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
_MODES = {
    "over": (*_OVER, *_OVER),
    "add": (moderngl.ONE, moderngl.ONE, *_OVER),
    "screen": (moderngl.ONE, moderngl.ONE_MINUS_SRC_COLOR, *_OVER),
}


def read_logo(path: Path) -> Image:
    """(height, width, 4) uint8 of a picture, as light that is there and how opaque it is. UserError when it is none."""
    try:
        with Pictures.open(path) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGBA").convert("RGBa")
    except Pictures.UnidentifiedImageError:
        raise UserError(f"{path}: not a picture that can be read (a logo is a PNG, WebP, JPEG or the like)") from None
    except (OSError, ValueError, SyntaxError, Pictures.DecompressionBombError) as error:
        raise UserError(f"{path}: the logo cannot be read: {brief(error)}") from None
    picture.thumbnail((_LARGEST, _LARGEST), Pictures.Resampling.LANCZOS)
    return frozen_image(np.array(picture))


class LogoFile:
    """The picture in a file. Live it is read again, in a thread, when the file is written; one that is no good leaves
    the last. UserError when there is none to begin with."""

    def __init__(self, name: str, live: bool) -> None:
        self._path, self._live = Path(os.path.expanduser(name)), live
        self._stamp, self._looked = stamp([self._path]), -math.inf
        self._image = read_logo(self._path)
        self._came: queue.SimpleQueue[Image | str] = queue.SimpleQueue()
        self._reading = False
        self.problem = ""

    def at(self, now: float) -> Image:
        """The picture at show time `now` (s): the same array until there is another. Never waits."""
        if self._reading and not self._came.empty():
            found, self._reading = self._came.get(), False
            self.problem = found if isinstance(found, str) else ""
            self._image = self._image if isinstance(found, str) else found
        if self._live and not self._reading and abs(now - self._looked) >= LOOK_EVERY:
            self._looked, before = now, self._stamp
            self._stamp = stamp([self._path])
            self._reading = self._stamp != before
            if self._reading:
                threading.Thread(target=self._read, name="logo", daemon=True).start()
        return self._image

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


def covered(matrix: Matrix, picture: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """(x, y, width, height) in pixels of the part of a picture that a logo placed so may touch; None: it is outside."""
    corners = np.linalg.inv(matrix) @ np.array([[0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]])
    first = np.clip(np.floor(corners[:2].min(axis=1)) - 1, 0, picture).astype(int)  # its edge is soft
    last = np.clip(np.ceil(corners[:2].max(axis=1)) + 1, 0, picture).astype(int)
    wide, tall = last - first
    return (int(first[0]), int(first[1]), int(wide), int(tall)) if wide > 0 and tall > 0 else None


class Logo:
    """Draws the logo in `file` over pictures of `size` (width, height) pixels."""

    def __init__(self, ctx: moderngl.Context, size: tuple[int, int], file: LogoFile) -> None:
        self._ctx, self._size, self._file = ctx, size, file
        self._shown: Image | None = None
        self._texture: moderngl.Texture | None = None
        self._program: Program | None = None

    def problem(self) -> str:
        """One line when its file is no good any more; '' while all is well."""
        return self._file.problem

    def draw(self, target: Target, values: Values, now: float) -> None:
        """Over the picture in `target` (row 0 its top row), where and how `logo.*` say."""
        texture, program = self._ready(self._file.at(now))
        opacity = values["logo.opacity"]
        if opacity <= 0.0 or values["logo.size"] <= 0.0:
            return
        place, wide = placed(values, texture.size, self._size)
        part = covered(place, self._size)
        if part is None:
            return
        texture.use(0)
        larger = texture.height / wide[1]
        reach = 0.25 * min(1.0, max(0.0, 2.0 * (larger - 1.0)))
        program.set(logo=0, place=place, wide=wide, reach=reach, opacity=opacity)
        target.fbo.use()
        target.fbo.scissor = part
        self._ctx.enable(moderngl.BLEND)
        self._ctx.blend_func = _MODES[values.word("logo.mode")]  # type: ignore[assignment]
        program.draw()
        self._ctx.disable(moderngl.BLEND)
        target.fbo.scissor = None  # type: ignore[assignment]

    def _ready(self, image: Image) -> tuple[moderngl.Texture, Program]:
        """`image` on the card, and what draws it."""
        if self._program is None:
            self._program = Program(self._ctx, ["logo.frag.glsl"])
        if self._texture is None or image is not self._shown:
            if self._texture is not None:
                self._texture.release()
            height, width = image.shape[:2]
            self._texture = self._ctx.texture((width, height), 4, image.tobytes())
            self._texture.build_mipmaps()
            self._texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
            self._texture.repeat_x = self._texture.repeat_y = False
            self._shown = image
        return self._texture, self._program

    def release(self) -> None:
        for each in (self._texture, self._program):
            if each is not None:
                each.release()
