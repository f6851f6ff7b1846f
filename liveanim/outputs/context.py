"""OpenGL 3.3 contexts: one without a screen, one for a window that is already there."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import moderngl

from liveanim.core.errors import UserError, brief

_SOFTWARE = ("llvmpipe", "softpipe", "swiftshader", "basic render driver", "software")


class Loader(Protocol):
    def load_opengl_function(self, name: str) -> Any:
        """The address of a function; 0 where there is none."""


@dataclass(frozen=True, slots=True)
class _Card:
    """What draws. finish: glFinish; software: the processors that everything else runs on."""

    finish: Callable[[], Any]
    software: bool


def headless_context() -> moderngl.Context:
    """A context that needs no display (EGL); UserError with the remedy when there is none."""
    context = _create(
        "no OpenGL 3.3 without a screen ({}); on Debian or Ubuntu: sudo apt install libegl1 libgl1-mesa-dri",
        standalone=True,
        backend="egl",
    )
    context.extra = _card(context, _egl_function)
    return context


def current_context(loader: Loader) -> moderngl.Context:
    """The context that is current on this thread. `loader` finds functions."""
    context = _create("OpenGL 3.3 is needed ({}); a newer graphics driver may have it", context=loader)
    context.extra = _card(context, loader.load_opengl_function)
    return context


def software(context: moderngl.Context) -> bool:
    """Whether the processors draw."""
    return isinstance(context.extra, _Card) and context.extra.software


def wait(context: moderngl.Context) -> None:
    """Return when all is drawn that was asked for; the program's other threads go on meanwhile.

    Whoever reads a picture waits for it, and in moderngl's own waiting no thread of Python gets on: neither the one
    that the model paints in nor the one that listens. So wait here before.
    """
    (context.extra.finish if isinstance(context.extra, _Card) else context.finish)()


def drawn(context: moderngl.Context) -> None:
    """After each drawing: where the processors draw, they are waited for at once.

    They are given a few drawings ahead; the next one then waits in moderngl.
    """
    if software(context):
        context.extra.finish()


def _card(context: moderngl.Context, find: Callable[[str], Any]) -> _Card:
    address = find("glFinish")
    name = str(context.info["GL_RENDERER"]).lower()
    # Through ctypes, which lets other threads of Python run.
    finish = ctypes.CFUNCTYPE(None)(address) if address else context.finish
    return _Card(finish, any(word in name for word in _SOFTWARE))


def _egl_function(name: str) -> Any:
    try:
        find = ctypes.CDLL("libEGL.so.1").eglGetProcAddress
    except OSError:
        return 0
    find.restype = ctypes.c_void_p
    return find(name.encode())


def _create(complaint: str, **options: Any) -> moderngl.Context:
    try:
        return moderngl.create_context(require=330, **options)
    except Exception as error:  # noqa: BLE001  moderngl raises bare Exception, whatever the cause
        raise UserError(complaint.format(brief(error))) from None
