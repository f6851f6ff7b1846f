"""ISF shaders at work: programs, buffers that persist, sound as pictures. Rows run upwards here, as ISF has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import moderngl
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures

from liveanim.core.errors import UserError
from liveanim.core.model import Blend
from liveanim.isf import glsl
from liveanim.isf.header import Input, Pass
from liveanim.isf.library import Shader, picture_of
from liveanim.isf.sizes import pixels

from .context import drawn, software
from .targets import Target

Floats = NDArray[np.float32]
SHADERTOY = 512
"""Columns of its picture of the sound."""
_MOST_BYTES = 1e9  # of the buffers of a shader
_DATE = 2000.0, 1.0, 1.0
"""DATE's day: the same always, with the show's seconds, so that a take renders again to the same pictures."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What every shader of a display frame is told. `values`: parameters by name; `dt`: 0 on the first frame."""

    time: float
    dt: float
    index: int
    values: Mapping[str, float]
    wave: Floats
    fft: Floats

    @classmethod
    def of(cls, blend: Blend, dt: float, index: int) -> Frame:
        return cls(blend.time, dt if index else 0.0, index, blend.values, blend.wave, blend.fft)


def sound_row(each: Input, frame: Frame) -> Floats:
    """(columns,) 0..1: the wave about 0.5, or the spectrum (its root: one sees quiet bins), in `each.columns` parts."""
    row = 0.5 + 0.5 * np.asarray(frame.wave) if each.kind == "audio" else np.sqrt(np.maximum(frame.fft, 0.0))
    count = each.columns
    if count == 1 and each.kind == "audio":
        return np.array([0.5 + 0.5 * np.abs(2.0 * row - 1.0).mean()], np.float32)
    if 0 < count < len(row):
        edges = np.linspace(0, len(row), count + 1).astype(int)
        row = np.add.reduceat(row, edges[:-1]) / np.diff(edges)
    return np.ascontiguousarray(np.clip(row, 0.0, 1.0), dtype=np.float32)


def sound_picture(frame: Frame) -> Floats:
    """(2, SHADERTOY) 0..1: the spectrum up to a quarter of the sample rate (its root), and the wave about 0.5."""
    columns = np.linspace(0.0, 1.0, SHADERTOY, dtype=np.float32)
    rows = np.sqrt(np.maximum(frame.fft[: len(frame.fft) // 2], 0.0)), 0.5 + 0.5 * np.asarray(frame.wave)
    both = [np.interp(columns, np.linspace(0.0, 1.0, len(row)), row) for row in rows]
    return np.ascontiguousarray(np.clip(both, 0.0, 1.0), dtype=np.float32)


class _Buffer:
    """A pass's buffer: what was drawn last, and the target that the next frame is drawn into."""

    def __init__(self, ctx: moderngl.Context, size: tuple[int, int], floats: bool) -> None:
        self.size = size
        self.now, self.next = (Target(ctx, size, "f4" if floats else "f1") for _ in range(2))

    def turn(self) -> None:
        self.now, self.next = self.next, self.now

    def release(self) -> None:
        self.now.release()
        self.next.release()


class _Compiled:
    """A program, and the square that it draws."""

    def __init__(self, ctx: moderngl.Context, program: moderngl.Program) -> None:
        self._ctx, self._program = ctx, program
        self._square = ctx.vertex_array(program, [])
        self._known: dict[str, Any] = {name.removeprefix(glsl.OWN): program[name] for name in program}

    def set(self, name: str, value: Any) -> None:
        uniform = self._known.get(name)  # the compiler leaves out what is not read
        if uniform is not None:
            uniform.value = value

    def draw(self) -> None:
        self._square.render(moderngl.TRIANGLE_STRIP, vertices=4)
        drawn(self._ctx)

    def release(self) -> None:
        self._square.release()
        self._program.release()


class Isf:
    """One shader, compiled. UserError with file, line and the compiler's words when that fails."""

    def __init__(self, ctx: moderngl.Context, shader: Shader) -> None:
        self._ctx, self.shader = ctx, shader
        # Processors work out both sides of a branch, so there each pass has a program without the others.
        numbers: list[int | None] = [*range(len(shader.header.passes))] if software(ctx) else [None]
        self._compiled = [_Compiled(ctx, _program(ctx, shader, number)) for number in numbers]
        self._buffers: dict[str, _Buffer] = {}
        self._sounds: dict[str, moderngl.Texture] = {}
        self._imported = {name: self._picture(file) for name, file in shader.header.imported.items()}
        self._imported |= {each.name: _noise(ctx) for each in shader.header.inputs if each.kind == "noise"}
        self._nothing = ctx.texture((1, 1), 4, bytes(4))
        self._pressed: dict[str, bool] = {}

    def draw(self, frame: Frame, pictures: Mapping[str, moderngl.Texture], output: Target) -> moderngl.Texture:
        """Draw one frame of `output`'s size; the result is `output`'s texture, or the last buffer's.

        `pictures` are image inputs by name; one that is missing is fed from `inputImage`, or with nothing.
        """
        size = output.texture.size
        values = self._inputs(frame, size)
        self._hear(frame)
        self._size_buffers(size, values)
        self._set("TIME", frame.time)
        self._set("TIMEDELTA", frame.dt)
        self._set("FRAMEINDEX", frame.index)
        self._set("DATE", (*_DATE, frame.time % 86400.0))
        shown = output.texture
        for number, each in enumerate(self.shader.header.passes):
            shown = self._pass(number, each, pictures, output)
        return shown

    def _pass(
        self, number: int, each: Pass, pictures: Mapping[str, moderngl.Texture], output: Target
    ) -> moderngl.Texture:
        buffer = self._buffers.get(each.target)
        target = buffer.next if buffer else output
        compiled = self._compiled[min(number, len(self._compiled) - 1)]
        self._bind(compiled, pictures)
        compiled.set("PASSINDEX", number)
        compiled.set("RENDERSIZE", tuple(float(side) for side in target.texture.size))
        target.fbo.use()
        if not each.persistent:
            target.fbo.clear()
        compiled.draw()
        if buffer:
            buffer.turn()
        return target.texture

    def _bind(self, compiled: _Compiled, pictures: Mapping[str, moderngl.Texture]) -> None:
        fallback = pictures.get("inputImage", self._nothing)
        for unit, name in enumerate(glsl.images(self.shader.header)):
            if name in self._buffers:
                texture = self._buffers[name].now.texture
            else:
                texture = self._sounds.get(name) or self._imported.get(name) or pictures.get(name, fallback)
            texture.use(unit)
            compiled.set(name, unit)

    def _inputs(self, frame: Frame, size: tuple[int, int]) -> dict[str, float]:
        """Set every input that is a number; the single numbers by name, for the sizes of buffers."""
        single: dict[str, float] = {}
        for each, rows in self.shader.knobs:
            numbers = [row.clamp(float(frame.values.get(row.name, row.default))) for row in rows]
            single[each.name] = numbers[0]
            if each.kind == "event":
                down, was = numbers[0] > 0.5, self._pressed.get(each.name, False)
                self._pressed[each.name] = down
                self._set(each.name, down and not was)
            elif each.kind == "bool":
                self._set(each.name, numbers[0] > 0.5)
            elif each.kind == "long":
                self._set(each.name, int(min(each.values, key=lambda value: abs(value - numbers[0]))))
            elif each.in_pixels:
                self._set(each.name, (numbers[0] * size[0], numbers[1] * size[1]))
            else:
                self._set(each.name, numbers[0] if len(numbers) == 1 else tuple(numbers))
        return single

    def set_progress(self, progress: float) -> None:
        """How far a transition is: 0..1."""
        self._set("progress", progress)

    def _hear(self, frame: Frame) -> None:
        for each in self.shader.header.inputs:
            if each.kind not in ("audio", "audioFFT", "sound"):
                continue
            rows = sound_picture(frame) if each.kind == "sound" else sound_row(each, frame)[None]
            size = rows.shape[1], rows.shape[0]
            texture = self._sounds.get(each.name)
            if texture is None or texture.size != size:
                texture = self._sounds[each.name] = self._ctx.texture(size, 1, dtype="f4")
                texture.swizzle = "RRR1"
                texture.repeat_x = texture.repeat_y = False
            texture.write(rows.tobytes())

    def _size_buffers(self, size: tuple[int, int], values: Mapping[str, float]) -> None:
        names = {**values, "WIDTH": float(size[0]), "HEIGHT": float(size[1])}
        wanted = {  # of several passes into one buffer the first says how large it is
            each.target: (pixels(each.width, names, size[0]), pixels(each.height, names, size[1]), each.floats)
            for each in reversed(self.shader.header.passes)
            if each.target
        }
        needed = sum(2 * width * height * (16 if floats else 4) for width, height, floats in wanted.values())
        if needed > _MOST_BYTES:
            most = f"more than {_MOST_BYTES / 1e9:g} GB"
            raise UserError(f"{self.shader.path}: its buffers would take {needed / 1e9:.1f} GB, {most}")
        for name, (width, height, floats) in wanted.items():
            held = self._buffers.get(name)
            if held is None or held.size != (width, height):
                if held:
                    held.release()
                self._buffers[name] = _Buffer(self._ctx, (width, height), floats)

    def _picture(self, file: str) -> moderngl.Texture:
        path = picture_of(self.shader, file)
        try:
            with Pictures.open(path) as opened:
                image = opened.convert("RGBA").transpose(Pictures.Transpose.FLIP_TOP_BOTTOM)
        except (OSError, ValueError, Pictures.DecompressionBombError) as error:
            raise UserError(f"{self.shader.path}: IMPORTED picture {file} cannot be read: {error}") from None
        return self._ctx.texture(image.size, 4, image.tobytes())

    def _set(self, name: str, value: Any) -> None:
        for compiled in self._compiled:
            compiled.set(name, value)

    def release(self) -> None:
        for buffer in self._buffers.values():
            buffer.release()
        for texture in (*self._sounds.values(), *self._imported.values(), self._nothing):
            texture.release()
        for compiled in self._compiled:
            compiled.release()


def _noise(ctx: moderngl.Context) -> moderngl.Texture:
    """256 x 256 of four independent values each, the same always."""
    levels = np.random.default_rng(0).integers(0, 256, (256, 256, 4), np.uint8)
    texture = ctx.texture((256, 256), 4, levels.tobytes())
    texture.build_mipmaps()
    return texture


def _program(ctx: moderngl.Context, shader: Shader, number: int | None) -> moderngl.Program:
    """The program of pass `number`; None: of all."""
    try:
        return _tried(ctx, shader, number, rename=False)
    except moderngl.Error as first:
        try:
            return _tried(ctx, shader, number, rename=True)
        except moderngl.Error:
            line, words = glsl.complaint(str(first))
            file = shader.path.with_suffix(".vs") if "vertex_shader" in str(first) and shader.vertex else shader.path
            raise UserError(f"{file}: {f'line {line}: ' if line else ''}{words}") from None


def _tried(ctx: moderngl.Context, shader: Shader, number: int | None, rename: bool) -> moderngl.Program:
    source = glsl.translate(shader.header, shader.text, shader.vertex, rename=rename, number=number)
    try:
        return ctx.program(source.vertex, source.fragment)
    except KeyError as error:  # moderngl looks for what #include names
        raise moderngl.Error(f"0:0(0): error: {str(error).strip(chr(39))}") from None
