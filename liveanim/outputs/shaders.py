"""Shader programs of the compositor and the HUD: read from shaders/, put together from parts, compiled once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import moderngl
import numpy as np

from liveanim.core.errors import UserError, brief
from liveanim.data import data_dir

from .context import drawn

_HEAD = "#version 330 core\n"


@cache
def source(name: str) -> str:
    """Text of shaders/`name`; UserError when it is missing."""
    path = data_dir("shaders") / name
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot read the shader {path}: {brief(error)}; install liveanim again") from None


def _fit(value: Any, uniform: Any) -> Any:
    """The part of an array that the program kept: compilers cut off elements that are never read."""
    length: int = uniform.array_length
    if isinstance(value, list) or (isinstance(value, np.ndarray) and value.ndim == 3):
        return value[:length] if length > 1 else value[0]
    return value


class Program:
    """A compiled program with a fullscreen triangle. Uniforms the compiler dropped may be set all the same."""

    def __init__(self, ctx: moderngl.Context, fragment: Sequence[str], defines: Sequence[str] = ()) -> None:
        head = _HEAD + "".join(f"#define {define}\n" for define in defines)
        vertex = head + source("fullscreen.vert.glsl")
        self._ctx = ctx
        self._program = ctx.program(vertex, head + "\n".join(source(part) for part in fragment))
        self._triangle = ctx.vertex_array(self._program, [])
        self._known = {name: self._program[name] for name in self._program}

    def set(self, **uniforms: Any) -> None:
        """Set uniforms by name; matrices as numpy arrays in row order."""
        for name, value in uniforms.items():
            uniform: Any = self._known.get(name)
            if uniform is None:
                continue
            if isinstance(value, np.ndarray):
                # GL wants columns first; an array of matrices keeps its leading axis.
                uniform.write(np.ascontiguousarray(_fit(value, uniform).swapaxes(-1, -2), dtype=np.float32).tobytes())
            else:
                uniform.value = _fit(value, uniform)

    def draw(self) -> None:
        """Cover the bound target."""
        self._triangle.render(moderngl.TRIANGLES, vertices=3)
        drawn(self._ctx)

    def release(self) -> None:
        self._triangle.release()
        self._program.release()
