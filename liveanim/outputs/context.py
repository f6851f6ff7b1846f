"""OpenGL 3.3 contexts: one without a screen, one for a window that is already there."""

from __future__ import annotations

from typing import Any

import moderngl

from liveanim.core.errors import UserError


def headless_context() -> moderngl.Context:
    """A context that needs no display (EGL); UserError with the remedy when there is none."""
    return _create(
        "no OpenGL 3.3 without a screen ({}); on Debian or Ubuntu: sudo apt install libegl1 libgl1-mesa-dri",
        standalone=True,
        backend="egl",
    )


def current_context(loader: object) -> moderngl.Context:
    """The context that is current on this thread. `loader` finds functions: load_opengl_function(name) -> address."""
    return _create("OpenGL 3.3 is needed ({}); a newer graphics driver may have it", context=loader)


def _create(complaint: str, **options: Any) -> moderngl.Context:
    try:
        return moderngl.create_context(require=330, **options)
    except Exception as error:  # noqa: BLE001  moderngl raises bare Exception, whatever the cause
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(complaint.format(reason)) from None
