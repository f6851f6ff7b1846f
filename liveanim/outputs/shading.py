"""The ISF shaders of a look on the stage: made when first needed, read again when their files change.

A shader that does not compile leaves the last good one at work. Live, one that never did is left out, and `problem`
says why; offline that is a UserError.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

import moderngl

from liveanim.core.errors import UserError
from liveanim.core.model import Blend
from liveanim.data import Stamp, stamp
from liveanim.isf.header import END, FIRST, START
from liveanim.isf.library import beside, read

from .isf import Frame, Isf
from .targets import Target

log = logging.getLogger(__name__)

LOOK_EVERY = 0.5  # s of show time between looks at the files
_KEPT = 24  # shaders that stay compiled; the ones not used for longest go first


class _Slot:
    """A place in the chain: the file it plays, the shader at work (None until one compiles), its output."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = {path, path.with_suffix(".vs")}  # with the pictures that it brings
        self.stamp: Stamp = ()
        self.isf: Isf | None = None
        self.output: Target | None = None
        self.problem = ""

    def release(self) -> None:
        for each in (self.isf, self.output):
            if each is not None:
                each.release()


class Shading:
    """The shaders of a stage whose pictures have `size` (width, height) pixels. Row 0 of all textures is the bottom."""

    def __init__(self, ctx: moderngl.Context, size: tuple[int, int], live: bool) -> None:
        self._ctx, self._size, self._live = ctx, size, live
        self._slots: dict[tuple[str, int], _Slot] = {}
        self._active: list[_Slot] = []
        self._looked = 0.0
        self._index = 0
        self.frame = Frame.of(Blend(0.0), 0.0, 0)

    def begin(self, blend: Blend, dt: float) -> None:
        """A new display frame: which shaders play, and what they are told."""
        self.frame = Frame.of(blend, dt, self._index)
        self._index += 1
        counts: dict[str, int] = {}
        self._active = []
        for name in blend.chain.shaders:
            counts[name] = counts.get(name, 0) + 1
            self._active.append(self._slot(name, counts[name]))
        if abs(blend.time - self._looked) >= LOOK_EVERY:
            self._looked = blend.time
            for slot in self._active:
                self._refresh(slot)

    def problem(self) -> str:
        """The first line of what is wrong with the shaders at work; '' when all is well."""
        return next((slot.problem for slot in self._active if slot.problem), "")

    def transition(self, below: moderngl.Texture, above: moderngl.Texture, progress: float) -> moderngl.Texture | None:
        """The fade from `below` to `above`, `progress` 0..1; None where the shader is not to be had."""
        slot = self._active[0]
        if slot.isf is None or slot.isf.shader.kind != "transition":
            return None
        slot.isf.set_progress(progress)
        return self._draw(slot, {START: below, END: above, FIRST: above})

    def generator(self, picture: moderngl.Texture, path: str) -> moderngl.Texture | None:
        """What the generator of the chain draws. `picture`: what images it asks for are fed with."""
        slot = next((slot for slot in self._active if str(slot.path) == path), None)
        return None if slot is None else self._draw(slot, {FIRST: picture, START: picture, END: picture})

    def filters(self, picture: moderngl.Texture, count: int) -> moderngl.Texture:
        """`picture` after the last `count` shaders of the chain, which are its filters."""
        for slot in self._active[len(self._active) - count :]:
            picture = self._draw(slot, {FIRST: picture, START: picture, END: picture}) or picture
        return picture

    def prepare(self, paths: Iterable[str]) -> bool:
        """Compile one of `paths` that is not yet; True while there may be more."""
        for path in paths:
            if (path, 1) not in self._slots and len(self._slots) < _KEPT:
                self._slot(path, 1)
                return True
        return False

    def _draw(self, slot: _Slot, pictures: dict[str, moderngl.Texture]) -> moderngl.Texture | None:
        if slot.isf is None:
            return None
        if slot.output is None:
            slot.output = Target(self._ctx, self._size, "f1")
        try:
            return slot.isf.draw(self.frame, pictures, slot.output)
        except (UserError, moderngl.Error) as error:
            slot.isf.release()
            slot.isf = None
            self._refuse(slot, error)
            return None

    def _slot(self, name: str, count: int) -> _Slot:
        slot = self._slots.pop((name, count), None)
        if slot is None:
            slot = _Slot(Path(name))
            self._refresh(slot)
        self._slots[(name, count)] = slot  # the newest at the end
        while len(self._slots) > _KEPT:
            self._slots.pop(next(iter(self._slots))).release()
        return slot

    def _refresh(self, slot: _Slot) -> None:
        """Read the files again where they changed."""
        if stamp(slot.files) == slot.stamp:
            return
        slot.stamp = stamp(slot.files)
        try:
            shader = read(slot.path)
            if more := set(beside(shader).values()) - slot.files:
                slot.files |= more
                slot.stamp = stamp(slot.files)
            fresh = Isf(self._ctx, shader)
        except (UserError, moderngl.Error) as error:
            self._refuse(slot, error)
            return
        if slot.isf is not None:
            slot.isf.release()
        slot.isf, slot.problem = fresh, ""

    def _refuse(self, slot: _Slot, error: Exception) -> None:
        """Say why what was read cannot be played; offline a UserError, where there is nothing else to play."""
        slot.problem = f"shader {error if isinstance(error, UserError) else f'{slot.path}: {error}'}"
        if not self._live and slot.isf is None:
            raise UserError(slot.problem) from None
        log.warning("%s", slot.problem)

    def release(self) -> None:
        for slot in self._slots.values():
            slot.release()
        self._slots.clear()
        self._active = []
