"""The screens of this machine, as GLFW sees them."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import glfw

from liveanim.core.errors import UserError

_USUAL_RATE = 60.0


@dataclass(frozen=True, slots=True)
class Monitor:
    """One screen. `number` counts from 1, as `--monitor` does; `refresh_rate` in Hz, 0: the system does not say."""

    number: int
    name: str
    size: tuple[int, int]
    position: tuple[int, int]
    refresh_rate: float

    def __str__(self) -> str:
        rate = f" {self.refresh_rate:.0f} Hz" if self.refresh_rate else ""
        return f"{self.number} {self.name} {self.size[0]}x{self.size[1]}{rate}"


def start_glfw() -> str:
    """Start GLFW; '' when it runs, else why not. May be called again."""
    glfw.ERROR_REPORTING = "ignore"
    if glfw.init():
        return ""
    _, reason = glfw.get_error()
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason or "unknown reason")


def monitors() -> list[Monitor]:
    """Every screen; empty where there is none. Never raises."""
    if start_glfw():
        return []
    return [describe(number, handle) for number, handle in enumerate(glfw.get_monitors(), 1)]


def describe(number: int, handle: Any) -> Monitor:
    """The screen behind a GLFW monitor handle; size (0, 0) when it has just gone."""
    mode = mode_of(handle)
    size = (int(mode.size.width), int(mode.size.height)) if mode else (0, 0)
    x, y = glfw.get_monitor_pos(handle)
    return Monitor(number, name_of(handle), size, (int(x), int(y)), float(mode.refresh_rate) if mode else 0.0)


def mode_of(handle: Any) -> Any:
    """GLFW's present video mode of a screen; None when there is no screen or it has just gone."""
    try:
        return glfw.get_video_mode(handle) if handle else None
    except ValueError:  # pyGLFW follows the null pointer it gets for a screen that is gone
        return None


def name_of(handle: Any) -> str:
    """What the system calls a screen, also one that is just going; the second of that name is 'NAME 2'."""
    name, alike = _called(handle), 0
    for other in glfw.get_monitors():
        alike += _called(other) == name
        if _same(other, handle):
            break
    return f"{name} {alike}" if alike > 1 else name


def _called(handle: Any) -> str:
    name = glfw.get_monitor_name(handle)
    return name.decode(errors="replace") if isinstance(name, bytes) else str(name or "screen")


def _same(one: Any, other: Any) -> bool:
    """Whether two handles are of one screen: GLFW makes new ones at each question."""
    return ctypes.addressof(one.contents) == ctypes.addressof(other.contents)


def fill(window: Any, handle: Any) -> bool:
    """Have `window` fill the screen, in its present mode; False where that has just gone."""
    mode = mode_of(handle)
    if mode is not None:
        glfw.set_window_monitor(window, handle, 0, 0, mode.size.width, mode.size.height, mode.refresh_rate or -1)
        glfw.set_input_mode(window, glfw.CURSOR, glfw.CURSOR_HIDDEN)
    return mode is not None


def handle_of(number: int) -> Any:
    """GLFW's handle of screen `number`; UserError that lists the screens when there is no such one."""
    handles = glfw.get_monitors()
    if 1 <= number <= len(handles):
        return handles[number - 1]
    there = "; ".join(str(monitor) for monitor in monitors()) or "none"
    raise UserError(f"no monitor {number}; there are: {there}")


def handle_named(name: str) -> Any:
    """GLFW's handle of the screen called `name`, or None."""
    named = [handle for handle in glfw.get_monitors() if name_of(handle) == name]
    return named[0] if named else None


def handle_under(window: Any) -> Any:
    """The screen that holds most of a window; the first one when it is on none; None without screens."""
    x, y = glfw.get_window_pos(window)
    width, height = glfw.get_window_size(window)

    def shared(handle: Any) -> int:
        screen = describe(0, handle)
        wide = min(x + width, screen.position[0] + screen.size[0]) - max(x, screen.position[0])
        tall = min(y + height, screen.position[1] + screen.size[1]) - max(y, screen.position[1])
        return max(0, wide) * max(0, tall)

    handles = glfw.get_monitors()
    return max(handles, key=shared) if handles else None


def rate_of(handle: Any) -> float:
    """Refresh rate in Hz; 60 where the system says 0 or there is no screen."""
    mode = mode_of(handle)
    return float(mode.refresh_rate) if mode and mode.refresh_rate > 0 else _USUAL_RATE
