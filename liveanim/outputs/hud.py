"""The performer's display: what is shown, heard and held, in small dark panels over the picture. Never recorded."""

from __future__ import annotations

import moderngl
import numpy as np
from numpy.typing import NDArray

from liveanim.core.mapping import Mapping
from liveanim.core.model import Blend

from .fonts import Finder
from .glyphs import Letters
from .hud_canvas import scale_for, sizes_for
from .hud_layout import Readout, lay_out
from .shaders import source

_FLOATS = 13
_ROOM = 2048
_UPRIGHT = Mapping()


class Hud:
    """Draws the HUD over whatever is on the bound target; all of it in one call to the card."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        head = "#version 330 core\n"
        self._program = ctx.program(head + source("hud.vert.glsl"), head + source("hud.frag.glsl"))
        self._program["atlas"] = 0
        self._corners = ctx.buffer(reserve=_ROOM * 4 * _FLOATS * 4, dynamic=True)
        order = 4 * np.arange(_ROOM, dtype=np.int32)[:, None] + np.array([0, 1, 2, 2, 1, 3], np.int32)
        self._order = ctx.buffer(order.tobytes())
        layout = [(self._corners, "4f 4f 4f 1f", "place", "glyph", "tint", "round_by")]
        self._boxes = ctx.vertex_array(self._program, layout, index_buffer=self._order)
        self._finder = Finder()
        self._finder.start()
        self._letters: Letters | None = None
        self._atlas: moderngl.Texture | None = None
        self._scale = 0.0

    def draw(self, blend: Blend, readout: Readout, size: tuple[int, int], hangs: Mapping = _UPRIGHT) -> None:
        """Draw over a target of `size` (width, height) pixels whose row 0 is at the bottom (a window), mirrored and
        turned as its screen `hangs`."""
        size = hangs.room(size)
        letters = self._letters_for(size)
        boxes: NDArray[np.float32] = lay_out(blend, readout, size, letters)[:_ROOM]
        self._take_letters(letters)
        # Every corner knows its whole box: drawing many small instances is slow on many cards, and without one.
        self._corners.write(np.repeat(boxes, 4, axis=0))
        self._ctx.enable(moderngl.BLEND)
        self._ctx.blend_func = moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA
        assert self._atlas is not None
        self._atlas.use(0)
        self._program["window"] = size
        self._program["way"] = tuple(hangs.way().T.flat)
        self._boxes.render(moderngl.TRIANGLES, vertices=6 * len(boxes))
        self._ctx.disable(moderngl.BLEND)

    def _letters_for(self, size: tuple[int, int]) -> Letters:
        scale = scale_for(size)
        if self._letters is None or scale != self._scale:
            self._scale = scale
            self._letters = Letters(sizes_for(scale), self._finder)
            if self._atlas is not None:
                self._atlas.release()
            height, width = self._letters.image.shape
            self._atlas = self._ctx.texture((width, height), 1, self._letters.image.tobytes(), alignment=1)
            # Letters stand on whole pixels, so the nearest texel is the exact one.
            self._atlas.filter = (moderngl.NEAREST, moderngl.NEAREST)
        else:
            self._letters.refresh()
        return self._letters

    def _take_letters(self, letters: Letters) -> None:
        """Hand what is new in the atlas to the card."""
        first, end = letters.changed()
        if first < end and self._atlas is not None:
            image = letters.image[first:end]
            self._atlas.write(image, viewport=(0, first, image.shape[1], len(image)), alignment=1)

    def release(self) -> None:
        self._finder.close()
        self._boxes.release()
        self._corners.release()
        self._order.release()
        self._program.release()
        if self._atlas is not None:
            self._atlas.release()
