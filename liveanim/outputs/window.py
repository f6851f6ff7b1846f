"""The window: the stage on a screen, the HUD over it, the keyboard. Main thread only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import glfw
import psutil
from moderngl import Context

from liveanim.core.errors import UserError
from liveanim.core.gauges import FrameRate
from liveanim.core.model import Blend, ControlEvent, Image
from liveanim.core.params import PARAMS, Table

from . import monitors
from .beside import on_window
from .compositor import Compositor
from .context import current_context
from .hud import Hud
from .hud_layout import Readout
from .keys import BY_NAME, PLAIN, Key, Leaving, event_for
from .mapper import Mapper, Screens
from .performer import Performer, place_for
from .picker import Picker, Wish, event_of
from .present import Present
from .preview import RATE, WIDTH, Viewer
from .projector import Projector
from .shaders import Program
from .taps import Tap, TapFeed

WEIGH = 1.0  # s between looks at how much memory the program takes
_NOTHING: Any = None  # pyGLFW's types leave out that its pointers may be null
_KEY_NAMES = {getattr(glfw, f"KEY_{name.upper()}"): name for name in PLAIN}
_MORE = "tab enter backspace delete home end slash".split()
_CAUGHT = {**_KEY_NAMES, **{getattr(glfw, f"KEY_{name.upper()}"): name for name in _MORE}}
"""Keys that do something while the picture is fitted or a parameter is chosen."""


class Recorder(Protocol):
    """What a window shows of a recorder."""

    def label(self) -> str:
        """The mark: 'REC 02:14'; '' when nothing is recorded."""


class _Loader:
    """Finds OpenGL functions through GLFW, so that it does not matter which window system made the context."""

    def load_opengl_function(self, name: str) -> Any:
        return glfw.get_proc_address(name) or 0

    def release(self) -> None:
        """The context belongs to the window."""

    def __enter__(self) -> _Loader:
        return self

    def __exit__(self, *_: object) -> None: ...


class Window:
    """A stage sink on a screen, and a source of keyboard events.

    size        (width, height) of the picture in pixels, and of the window where it fits on the screen
    monitor     screen number from 1; None: wherever the system puts the window
    performer   a second window, on another screen if there is one, has the figures: this one shows only the picture
    also        numbers of further screens that the picture, or a part of it, fills
    screens     how the picture is fitted to each screen
    table       the parameters of the show, to choose from
    vsync       wait for the screen at each frame. Some systems do not wait (a virtual screen, a hidden window): hold
                the loop to `max_fps` as well

    UserError when there is no display or no OpenGL 3.3.
    """

    def __init__(
        self,
        size: tuple[int, int],
        title: str = "liveanim",
        *,
        fullscreen: bool = False,
        monitor: int | None = None,
        vsync: bool = True,
        flash_limit: bool = True,
        performer: bool = False,
        also: Sequence[int] = (),
        screens: Screens | None = None,
        table: Table = PARAMS,
    ) -> None:
        self.size, self._vsync = size, vsync
        self._window = _open_window(size, title, monitor)
        self._ctx = _context_of(self._window, vsync)
        self.compositor = Compositor(self._ctx, size, flash_limit, live=True)
        self._feed = TapFeed(self.compositor, later=True)
        self._hud, self._present = Hud(self._ctx), Present(self._ctx)
        screens = screens or Screens()
        self.mapper, self._mapped = Mapper(screens), Program(self._ctx, ["mapped.frag.glsl"])
        self.picker, self._table = Picker(table), table
        self.hud_shown, self.help_shown = True, False
        self.recorders: list[Recorder] = []
        self._pressed: list[Key | Wish] = []
        self._quit_sent = False
        self._leaving = Leaving()
        self._values: dict[str, float] = {}  # where parameters, or the knobs that hold them, stand
        self._learning = ""
        self._process, self._memory, self._weighed = psutil.Process(), 0.0, -math.inf
        self._rate = FrameRate()
        self._windowed: tuple[int, int, int, int] | None = None
        # Names of the screen the window fills, and of one it filled until it was unplugged.
        self._filled = self._lost_monitor = ""
        self._monitors_changed = False
        glfw.set_key_callback(self._window, self._on_key)
        glfw.set_monitor_callback(self._on_monitor)
        if fullscreen:
            self._enter_fullscreen(monitors.handle_under(self._window))
        self._follow_screen()
        self.projectors = [self._open_projector(f"{title} {number}", number, screens) for number in also]
        self.performer = self._open_performer(title) if performer else None

    def _open_projector(self, title: str, number: int, screens: Screens) -> Projector:
        screen = monitors.name_of(monitors.handle_of(number))
        window = _open_window(self.size, title, number, beside=self._window)
        return Projector(self._window, window, _Loader(), self._on_key, screen, screens)

    def _open_performer(self, title: str) -> Performer:
        handle, size = place_for(self._window, [each.mapper.screen for each in self.projectors])
        window = _open_window(size, f"{title} - performer", None, beside=self._window, handle=handle)
        return Performer(self._window, window, _Loader(), self._on_key)

    def _follow_screen(self) -> None:
        screen = self._screen()
        self.mapper.follow(monitors.name_of(screen) if screen else "")

    @property
    def refresh_rate(self) -> float:
        """Hz of the screen the window is on; 60 where the system does not say."""
        return monitors.rate_of(self._screen())

    @property
    def max_fps(self) -> float:
        """What to hold the loop to: with vsync a little over the screen's rate, so that the screen sets the pace."""
        return self.refresh_rate * (1.05 if self._vsync else 1.0)

    @property
    def fullscreen(self) -> bool:
        return bool(glfw.get_window_monitor(self._window))

    def add_tap(self, tap: Tap, whole: bool = False) -> None:
        """Give `tap` every picture (`whole`: its transparency too), without the HUD; it is closed with the window."""
        self._feed.add(tap, whole)

    def remove_tap(self, tap: Tap) -> None:
        self._feed.remove(tap)

    def show_to(self, viewer: Viewer, width: int = WIDTH, rate: float = RATE) -> None:
        """Small pictures for `viewer`, without the HUD, while it looks: at most so wide, and so many a second."""
        self._feed.show(self._ctx, viewer, width, rate)

    def read(self, now: float) -> Sequence[ControlEvent]:
        """What was typed since the last call, stamped `now`; closing the window asks to quit."""
        events = []
        for key in self._pressed:
            if event := self._event(key, now):
                events.append(event)
                if isinstance(event.value, float):
                    self._values[event.target] = event.value  # the next press goes on from there
        self._pressed.clear()
        if glfw.window_should_close(self._window) and not self._quit_sent:
            self._quit_sent = True
            events.append(ControlEvent(now, "do.quit", None, "window"))
        return events

    def _event(self, pressed: Key | Wish, now: float) -> ControlEvent | None:
        if isinstance(pressed, Key):
            ends = pressed.target != "do.quit" or self._leaving.pressed(now)
            return event_for(pressed, now, self._values) if ends else None
        return event_of(pressed, now, self._values, self._learning, self._table)

    def write(self, blend: Blend, now: float) -> None:
        """Draw `blend` for show time `now` (s), hand it to the taps, show it with the HUD, take in what was typed."""
        dt = 1 / 60 if self._rate.last is None else now - self._rate.last
        self._rate.frame(now)
        self._values, self._learning = {**blend.values, **blend.knobs}, blend.status.learning
        if now - self._weighed >= WEIGH:
            self._memory, self._weighed = float(self._process.memory_info().rss), now
        self.compositor.draw(blend, dt)
        self._feed.taken(now)
        if self._show(blend):
            glfw.swap_buffers(self._window)
        self._show_projectors()
        self._show_performer(blend)
        glfw.poll_events()
        if self._monitors_changed:
            self._monitors_changed = False
            self._follow_monitors()
            self._follow_screen()
            for projector in self.projectors:
                projector.follow()

    def _show_projectors(self) -> None:
        for projector in [each for each in self.projectors if each.closed]:
            projector.close()
            self.projectors.remove(projector)
        for projector in self.projectors:
            projector.show(self.compositor.texture)

    def _show_performer(self, blend: Blend) -> None:
        if self.performer is None:
            return
        if self.performer.closed:
            self.performer.close()
            self.performer = None
            return
        self.performer.show(self.compositor.texture, blend, self._readout())

    def read_picture(self) -> Image:
        """The picture last drawn, without the HUD."""
        return self.compositor.read()

    def read_window(self) -> Image:
        """What is on the window now, (height, width, 3) uint8, top row first."""
        return on_window(self._window, self._ctx)

    @property
    def fps(self) -> float:
        """Frames shown in the last second."""
        return self._rate.fps

    def _show(self, blend: Blend) -> bool:
        """Put the picture on the window, as large as fits. False when the window is minimised: nothing to swap then."""
        width, height = glfw.get_framebuffer_size(self._window)
        if width < 1 or height < 1:
            return False
        screen = self._ctx.screen
        screen.use()
        screen.viewport = (0, 0, width, height)
        screen.clear()
        if not self.mapper.plain:
            self.mapper.draw(self._mapped, self.compositor.texture, (width, height))
            return self._show_hud(blend, (width, height))
        self._present.show(self.compositor.texture, (width, height))
        return self._show_hud(blend, (width, height))

    def _show_hud(self, blend: Blend, size: tuple[int, int]) -> bool:
        shown = self.hud_shown or self.help_shown or self._hints() or self.picker.active
        if shown and self.performer is None:
            self._ctx.screen.viewport = (0, 0, *size)
            self._hud.draw(blend, self._readout(), size, self.mapper.mapping)
        return True

    def _hints(self) -> tuple[str, ...]:
        """What keys would do now, and must be seen."""
        lines = *(mapper.hint for mapper in self._mappers), self._leaving.hint(self._rate.last or 0.0)
        return tuple(line for line in lines if line)

    def _readout(self) -> Readout:
        label = "  ".join(label for recorder in self.recorders if (label := recorder.label()))
        limiter = self.compositor.limiter
        flashes, holding = (limiter.flashes, limiter.holding) if limiter else (None, False)
        return Readout(
            self.fps,
            label,
            self._hints(),
            self.hud_shown,
            self.help_shown,
            flashes,
            holding,
            self._memory,
            self.picker.pick,
        )

    def _on_key(self, _window: Any, code: int, scancode: int, action: int, mods: int) -> None:
        # Letters go by what is printed on the key, everything else by its place.
        printed = glfw.get_key_name(code, scancode) if glfw.KEY_A <= code <= glfw.KEY_Z else None
        name = (printed or "").lower() or _KEY_NAMES.get(code, "")
        if action in (glfw.PRESS, glfw.REPEAT) and self._caught(name or _CAUGHT.get(code, ""), mods):
            return
        held = "ctrl+" if mods & glfw.MOD_CONTROL else "shift+" if mods & glfw.MOD_SHIFT else ""
        key = BY_NAME.get(held + name) or (None if held == "ctrl+" else BY_NAME.get(name))
        if key is None or mods & (glfw.MOD_ALT | glfw.MOD_SUPER):
            return
        if action == glfw.PRESS and key.local:
            self._act(key.local)
        elif action == glfw.PRESS or (action == glfw.REPEAT and key.step):
            self._pressed.append(key)

    def _caught(self, name: str, mods: int) -> bool:
        """Whether a key was for what is being fitted or chosen."""
        if mods & (glfw.MOD_CONTROL | glfw.MOD_ALT | glfw.MOD_SUPER):
            return False
        fitted = next((mapper for mapper in self._mappers if mapper.active), None)
        if fitted is not None:
            return fitted.key(name, bool(mods & glfw.MOD_SHIFT))
        caught = self.picker.active and self.picker.key(name, bool(mods & glfw.MOD_SHIFT))
        self._pressed += self.picker.take()
        return caught

    def _act(self, local: str) -> None:
        if local == "hud":
            self.hud_shown = not self.hud_shown
        elif local == "help":
            self.help_shown = not self.help_shown
        elif local == "mapping":
            self._fit_next()
        elif local == "pick":
            self.picker.toggle()
        elif self.fullscreen:
            self._leave_fullscreen()
        else:
            self._enter_fullscreen(monitors.handle_under(self._window))

    @property
    def _mappers(self) -> list[Mapper]:
        """Of all screens, the first window's first."""
        return [self.mapper, *(projector.mapper for projector in self.projectors)]

    def _fit_next(self) -> None:
        """Fit the picture to the first screen, then to the next, until all are done."""
        mappers = self._mappers
        active = next((n for n, mapper in enumerate(mappers) if mapper.active), -1)
        for mapper in mappers[max(0, active) : active + 2]:
            mapper.toggle()

    def _screen(self) -> Any:
        return glfw.get_window_monitor(self._window) or monitors.handle_under(self._window)

    def _enter_fullscreen(self, handle: Any) -> None:
        if monitors.mode_of(handle) is None:
            return
        self._lost_monitor, self._filled = "", monitors.name_of(handle)
        if not self.fullscreen:
            self._windowed = (*glfw.get_window_pos(self._window), *glfw.get_window_size(self._window))
        monitors.fill(self._window, handle)
        glfw.swap_interval(1 if self._vsync else 0)

    def _leave_fullscreen(self) -> None:
        self._filled = ""
        x, y, width, height = self._windowed or (40, 40, *self.size)
        glfw.set_window_monitor(self._window, _NOTHING, x, y, width, height, -1)
        glfw.set_input_mode(self._window, glfw.CURSOR, glfw.CURSOR_NORMAL)
        glfw.swap_interval(1 if self._vsync else 0)

    def _on_monitor(self, handle: Any, event: int) -> None:
        # By name: GLFW may already have taken the window off the screen when it says that the screen is gone.
        if event == glfw.DISCONNECTED and self._filled and monitors.name_of(handle) == self._filled:
            self._lost_monitor = self._filled
        self._monitors_changed = True

    def _follow_monitors(self) -> None:
        """A screen came or went. Where one vanished under a full-screen window show a window; once back, fill it."""
        back = monitors.handle_named(self._lost_monitor) if self._lost_monitor else None
        if back:
            self._enter_fullscreen(back)
        elif self._lost_monitor and self._filled:
            first = glfw.get_primary_monitor()
            x, y = glfw.get_monitor_pos(first) if first else (0, 0)
            width, height = (self._windowed or (0, 0, *self.size))[2:]
            self._windowed = (x + 40, y + 40, width, height)
            self._leave_fullscreen()

    def close(self) -> None:
        """Close the taps and the windows."""
        for projector in self.projectors:
            projector.close()
        if self.performer is not None:
            self.performer.close()
        self._feed.close()
        self._mapped.release()
        self._hud.release()
        self._present.release()
        self.compositor.release()
        glfw.set_monitor_callback(_NOTHING)
        glfw.destroy_window(self._window)


def _context_of(window: Any, vsync: bool) -> Context:
    """The window's OpenGL, now this thread's. UserError, and no window, where it cannot be used."""
    try:
        glfw.make_context_current(window)
        context = current_context(_Loader())
    except UserError:
        glfw.destroy_window(window)
        raise
    glfw.swap_interval(1 if vsync else 0)
    return context


def _open_window(
    size: tuple[int, int], title: str, monitor: int | None, *, beside: Any = _NOTHING, handle: Any = _NOTHING
) -> Any:
    """A window on screen number `monitor`, on `handle`, or where the system puts it, sharing `beside`'s textures."""
    reason = monitors.start_glfw()
    if reason:
        raise UserError(f"no display to open a window on ({reason}); to make a video instead: liveanim render")
    asked = handle or (monitors.handle_of(monitor) if monitor is not None else None)
    handle = asked or glfw.get_primary_monitor()
    for hint, value in (
        (glfw.CONTEXT_VERSION_MAJOR, 3),
        (glfw.CONTEXT_VERSION_MINOR, 3),
        (glfw.OPENGL_PROFILE, glfw.OPENGL_CORE_PROFILE),
        (glfw.OPENGL_FORWARD_COMPAT, True),
        (glfw.DEPTH_BITS, 0),
        (glfw.STENCIL_BITS, 0),
        # A click on the performer's screen must not minimise the picture on the projector.
        (glfw.AUTO_ICONIFY, False),
        (glfw.VISIBLE, False),
    ):
        glfw.window_hint(hint, value)
    width, height = _fitted(size, handle)
    window = glfw.create_window(width, height, title, None, beside)
    if not window:
        _, why = glfw.get_error()
        text = why.decode(errors="replace") if isinstance(why, bytes) else str(why)
        raise UserError(f"cannot open a window with OpenGL 3.3 ({text}); a newer graphics driver is needed")
    if asked:
        x, y, wide, tall = glfw.get_monitor_workarea(handle)
        glfw.set_window_pos(window, x + max(0, wide - width) // 2, y + max(0, tall - height) // 2)
    glfw.show_window(window)
    return window


def _fitted(size: tuple[int, int], handle: Any) -> tuple[int, int]:
    """`size`, made smaller where the screen has no room for it."""
    if not handle:
        return size
    _, _, wide, tall = glfw.get_monitor_workarea(handle)
    scale = min(1.0, wide / size[0], tall / size[1]) if wide > 0 and tall > 0 else 1.0
    return max(1, int(size[0] * scale)), max(1, int(size[1] * scale))
