"""The real window on a real (if virtual) screen: keys by xdotool, size, full screen, what is seen."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import glfw
import numpy as np
import pytest
from PIL import Image as Pillow

from liveanim.core.errors import UserError
from liveanim.core.mapping import Mapping
from liveanim.core.model import Blend, ControlEvent, Image, Status
from liveanim.outputs.keys import KEYS
from liveanim.outputs.mapper import Screens
from liveanim.outputs.monitors import handle_named, monitors, name_of
from liveanim.outputs.window import Window

from .pictures import flat, smooth, still

SIZE = (640, 360)
X11 = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="macos and windows have no xdotool")


class Player:
    """A window that is fed the same blend over and over, on a clock of its own."""

    def __init__(self, window: Window, blend: Blend) -> None:
        self.window, self.blend, self.now = window, blend, 0.0
        self.events: list[ControlEvent] = []

    def play(self, until: Callable[[], bool], seconds: float = 15.0) -> bool:
        """Write frames until `until()` holds; False after `seconds` of real time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.now += 1 / 60
            self.window.write(self.blend, self.now)
            self.events += self.window.read(self.now)
            if until():
                return True
        return False

    def frames(self, count: int) -> None:
        end = self.now + (count - 0.5) / 60
        assert self.play(lambda: self.now > end)


@pytest.fixture
def player() -> Iterator[Player]:
    window = Window(SIZE, "liveanim test", vsync=False)
    window.hud_shown = False
    made = Player(window, still(smooth(SIZE)))
    made.frames(3)
    yield made
    window.close()


def xdotool(*words: str) -> str:
    tool = shutil.which("xdotool")
    assert tool, "xdotool is missing: sudo apt install xdotool"
    return subprocess.run([tool, *words], capture_output=True, text=True, check=True, timeout=20).stdout.strip()


def press(player: Player, *keys: str) -> None:
    """Type on the window, as a person would."""
    number = xdotool("search", "--onlyvisible", "--name", "liveanim test").splitlines()[0]
    xdotool("windowfocus", number)
    player.frames(2)
    xdotool("key", "--delay", "20", *keys)


def screenshot(path: Path) -> Image:
    """The whole X screen, (height, width, 3)."""
    tool = shutil.which("import")
    assert tool, "import is missing: sudo apt install imagemagick"
    subprocess.run([tool, "-window", "root", str(path)], check=True, timeout=60)
    with Pillow.open(path) as image:
        return np.asarray(image.convert("RGB"))


def at_window(player: Player, path: Path) -> Image:
    """What the screen shows where the window is."""
    import glfw

    x, y = glfw.get_window_pos(player.window._window)
    width, height = glfw.get_window_size(player.window._window)
    return screenshot(path)[y : y + height, x : x + width]


@X11
@pytest.mark.screen
def test_the_screen_shows_the_picture_the_right_way_up(player: Player, tmp_path: Path) -> None:
    seen = at_window(player, tmp_path / "s.png")
    assert seen.shape == (360, 640, 3)
    assert np.abs(seen.astype(int) - smooth(SIZE)).max() <= 2


@X11
@pytest.mark.screen
def test_the_hud_is_on_the_screen_and_not_in_the_tap(player: Player, tmp_path: Path) -> None:
    pictures: list[Image] = []

    class Keep:
        def picture(self, image: Image, now: float) -> None:
            pictures.append(image)

        def close(self) -> None:
            pass

    player.window.add_tap(Keep())
    player.window.hud_shown = True
    player.blend = Blend(0.0, player.blend.layers, player.blend.stage, status=Status(preset="Neon Garden"))
    player.frames(3)
    seen = at_window(player, tmp_path / "s.png")
    assert np.abs(seen[16:60, 16:150].astype(int) - smooth(SIZE)[16:60, 16:150]).mean() > 20
    assert all(np.array_equal(picture, smooth(SIZE)) for picture in pictures) and len(pictures) == 2


@X11
@pytest.mark.screen
def test_keys_reach_the_show_in_order_and_once(player: Player) -> None:
    press(player, "space", "b", "3", "t", "r", "Up", "BackSpace")
    assert player.play(lambda: len(player.events) >= 7)
    player.frames(3)
    assert [(event.target, event.value) for event in player.events] == [
        ("out.freeze", "toggle"),
        ("out.blackout", "toggle"),
        ("do.preset", 3.0),
        ("do.tap", None),
        ("do.reset", None),
        ("stage.exposure", 0.25),
        ("do.release", None),
    ]
    assert all(event.time <= player.now for event in player.events)


@pytest.mark.screen
def test_keys_that_step_go_on_from_the_knob_and_all_count_however_slow_the_frames_are(player: Player) -> None:
    held = {"stage.exposure": 0.5}  # by a knob; a kick is on top of it
    player.window.write(replace(player.blend, values={"stage.exposure": 0.9}, knobs=held), 1.0)
    for _ in range(3):
        player.window._on_key(None, glfw.KEY_UP, 0, glfw.PRESS, 0)
    assert [event.value for event in player.window.read(1.0)] == [0.75, 1.0, 1.25]


@X11
@pytest.mark.screen
def test_escape_asks_to_quit_when_it_is_pressed_twice(player: Player) -> None:
    press(player, "Escape")
    assert player.play(lambda: bool(player.window._hints())) and player.events == []
    press(player, "Escape")
    assert player.play(lambda: [event.target for event in player.events] == ["do.quit"])


@X11
@pytest.mark.screen
def test_closing_the_window_asks_to_quit_once(player: Player) -> None:
    import glfw

    glfw.set_window_should_close(player.window._window, True)
    player.frames(5)
    assert [event.target for event in player.events] == ["do.quit"]


@X11
@pytest.mark.screen
def test_f_fills_the_screen_and_goes_back_and_the_cursor_hides(player: Player, tmp_path: Path) -> None:
    import glfw

    press(player, "f")
    assert player.play(lambda: player.window.fullscreen)
    player.frames(3)
    screen = screenshot(tmp_path / "s.png")
    picture = np.asarray(Pillow.fromarray(smooth(SIZE)).resize((1600, 900), Pillow.Resampling.BILINEAR))
    if screen.shape == picture.shape:
        assert np.abs(screen.astype(int) - picture).mean() < 3
    assert glfw.get_input_mode(player.window._window, glfw.CURSOR) == glfw.CURSOR_HIDDEN
    press(player, "F11")
    assert player.play(lambda: not player.window.fullscreen)
    assert glfw.get_input_mode(player.window._window, glfw.CURSOR) == glfw.CURSOR_NORMAL
    assert player.play(lambda: glfw.get_window_size(player.window._window) == SIZE)


@X11
@pytest.mark.screen
def test_an_unplugged_projector_gives_a_window_and_is_filled_again_when_it_is_back(
    player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    import glfw

    projector = glfw.get_primary_monitor()
    press(player, "f")
    assert player.play(lambda: player.window.fullscreen)
    with monkeypatch.context() as gone:
        gone.setattr("liveanim.outputs.monitors.handle_named", lambda _name: None)
        player.window._on_monitor(projector, glfw.DISCONNECTED)
        player.frames(3)
        assert not player.window.fullscreen
    player.window._on_monitor(projector, glfw.CONNECTED)
    player.frames(3)
    assert player.window.fullscreen
    press(player, "f")
    assert player.play(lambda: not player.window.fullscreen)
    player.window._on_monitor(projector, glfw.DISCONNECTED)
    player.window._on_monitor(projector, glfw.CONNECTED)
    player.frames(3)
    assert not player.window.fullscreen


@X11
@pytest.mark.screen
def test_h_and_f1_toggle_what_lies_over_the_picture(player: Player) -> None:
    press(player, "h", "F1")
    assert player.play(lambda: player.window.hud_shown and player.window.help_shown)
    press(player, "h", "F1")
    assert player.play(lambda: not player.window.hud_shown and not player.window.help_shown)
    assert player.events == []


@X11
@pytest.mark.screen
def test_a_resized_window_shows_the_whole_picture_with_black_beside_it(player: Player, tmp_path: Path) -> None:
    import glfw

    number = xdotool("search", "--onlyvisible", "--name", "liveanim test").splitlines()[0]
    xdotool("windowsize", number, "640", "640")
    assert player.play(lambda: glfw.get_framebuffer_size(player.window._window) == (640, 640))
    player.frames(3)
    seen = at_window(player, tmp_path / "s.png")
    assert seen[:135].max() == 0 and seen[-135:].max() == 0
    assert np.abs(seen[140:500].astype(int) - smooth(SIZE)).max() <= 2


@X11
@pytest.mark.screen
def test_a_minimised_window_goes_on_feeding_its_taps(player: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    import glfw

    count = []

    class Count:
        def picture(self, image: Image, now: float) -> None:
            count.append(now)

        def close(self) -> None:
            pass

    player.window.add_tap(Count())
    monkeypatch.setattr(glfw, "get_framebuffer_size", lambda _window: (0, 0))
    player.frames(5)
    assert len(count) == 4


@pytest.mark.screen
def test_blackout_and_freeze_act_whatever_else_happens(player: Player) -> None:
    image = smooth(SIZE)
    other = still(flat((200, 10, 10), SIZE))
    player.blend = Blend(0.0, other.layers, other.stage, freeze=True)
    player.frames(2)
    assert np.array_equal(player.window.read_picture(), image)
    player.blend = Blend(0.0, other.layers, other.stage, blackout=True, level=0.0)
    player.frames(2)
    assert player.window.read_picture().max() == 0


@pytest.mark.screen
def test_it_says_how_fast_to_run_it_even_where_the_screen_does_not(player: Player) -> None:
    assert player.window.refresh_rate >= 30 and player.window.max_fps >= player.window.refresh_rate
    player.frames(70)
    assert player.window.fps == pytest.approx(60, abs=1)


@pytest.mark.screen
def test_screens_are_listed_with_numbers_from_one() -> None:
    found = monitors()
    assert [one.number for one in found] == list(range(1, len(found) + 1)) and found[0].size[0] > 0
    assert str(found[0]).startswith("1 ")


@pytest.mark.screen
def test_a_monitor_that_is_not_there_is_one_line_that_lists_those_that_are() -> None:
    with pytest.raises(UserError, match=r"no monitor 77; there are: 1 ") as caught:
        Window(SIZE, monitor=77)
    assert "\n" not in str(caught.value)


@X11
def test_without_a_display_there_is_one_line_and_no_monitor() -> None:
    script = (
        "from liveanim.outputs.window import Window\n"
        "from liveanim.outputs.monitors import monitors\n"
        "from liveanim.core.errors import UserError\n"
        "import sys\n"
        "assert monitors() == []\n"
        "try: Window((64, 36))\n"
        "except UserError as error: sys.stdout.write(str(error))\n"
    )
    bare = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], env=bare, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("no display to open a window on (") and "\n" not in done.stdout and not done.stderr


def test_every_key_of_the_table_is_one_that_glfw_knows() -> None:
    from liveanim.outputs.window import _KEY_NAMES

    assert sorted(_KEY_NAMES.values()) == sorted({key.name.rpartition("+")[2] for key in KEYS})


@pytest.mark.screen
def test_the_performers_window_has_the_figures_and_the_other_only_the_picture() -> None:
    window = Window(SIZE, "liveanim test", vsync=False, performer=True)
    made = Player(window, still(flat((200, 100, 50), SIZE)))
    made.frames(5)
    assert window.performer is not None
    clean, figures = window.read_window(), window.performer.read()
    height, width = figures.shape[:2]
    # The figures stand at the rim; the middle of both windows is the picture, to the bit.
    assert np.array_equal(clean, np.full_like(clean, (200, 100, 50)))
    assert np.array_equal(figures[height // 2, width // 2], (200, 100, 50))
    assert not np.array_equal(figures, np.full_like(figures, (200, 100, 50)))
    window.compositor.draw(still(flat((0, 0, 0), SIZE), time=made.now), 1 / 60)  # the first window's context is current
    glfw.set_window_should_close(window.performer.handle, True)
    made.frames(2)
    assert window.performer is None
    window.hud_shown = True
    made.frames(2)
    assert not np.array_equal(window.read_window(), clean)
    window.close()


@X11
@pytest.mark.screen
def test_the_picture_is_fitted_by_keys(player: Player) -> None:
    press(player, "k", *["shift+Right"] * 12, "b", "k")
    assert player.play(lambda: not player.window.mapper.active and not player.window.mapper.plain)
    player.frames(2)
    shown = player.window.read_window()
    assert player.window.mapper.mapping.corners[0] == pytest.approx((0.12, 0.0))
    assert shown[2, 2].max() == 0 and shown[-3, 2].max() > 0
    assert [event.target for event in player.events] == ["out.blackout"]


@X11
@pytest.mark.screen
def test_a_parameter_is_chosen_turned_and_learned_by_keys(player: Player) -> None:
    press(player, "Tab", "s", "b", "l", "o", "o", "m", "Return", "Right", "shift+Left", "l", "Delete", "b", "Escape")
    assert player.play(lambda: len(player.events) >= 5 and not player.window.picker.active)
    assert [(event.target, event.value) for event in player.events] == [
        ("add.stage.bloom", 0.02),
        ("add.stage.bloom", -0.002),
        ("do.learn", "stage.bloom"),
        ("do.forget", "stage.bloom"),
        ("out.blackout", "toggle"),
    ]
    press(player, "Escape", "Escape")
    assert player.play(lambda: player.events[-1].target == "do.quit")


@pytest.mark.screen
def test_further_projectors_show_their_part_and_are_fitted_one_after_the_other(tmp_path: Path) -> None:
    screens = Screens(tmp_path / "screens.toml")
    name = monitors()[0].name
    screens.keep(name, Mapping(part=(0.5, 0, 1, 1)))
    window = Window(SIZE, "liveanim test", vsync=False, also=[1], screens=screens)
    window.hud_shown = False
    picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    picture[:, :320], picture[:, 320:] = (200, 0, 0), (0, 0, 200)
    made = Player(window, still(picture))
    made.frames(4)
    (projector,) = window.projectors
    shown = projector.read()
    height, width = shown.shape[:2]
    assert glfw.get_window_monitor(projector.handle)
    assert np.array_equal(shown[height // 2, width // 2], (0, 0, 200))
    red, blue = ((shown[height // 2, :, channel] > 0).sum() for channel in (0, 2))
    assert red <= 4 and blue == pytest.approx(min(width, height * 320 / 360), abs=4)
    window.compositor.draw(still(flat((0, 0, 0), SIZE), time=made.now), 1 / 60)  # the first window's context is current
    steps = []
    for _ in range(4):
        window._fit_next()
        steps.append([mapper.active for mapper in window._mappers])
    assert steps == [[True, False], [False, True], [False, False], [True, False]]
    nothing: Any = None
    glfw.set_window_monitor(projector.handle, nothing, 0, 0, 64, 36, -1)  # as GLFW does when the screen is unplugged
    with pytest.MonkeyPatch.context() as gone:
        gone.setattr("liveanim.outputs.monitors.handle_named", lambda _name: None)
        projector.follow()
    assert not glfw.get_window_attrib(projector.handle, glfw.VISIBLE)
    projector.follow()
    made.frames(2)
    assert glfw.get_window_attrib(projector.handle, glfw.VISIBLE) and glfw.get_window_monitor(projector.handle)
    glfw.set_window_should_close(projector.handle, True)
    made.frames(1)
    assert window.projectors == []
    window.close()


@pytest.mark.screen
def test_screens_of_one_name_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, other = (ctypes.pointer(ctypes.c_int(n)) for n in range(3))
    monkeypatch.setattr(glfw, "get_monitors", lambda: [first, other, second])
    monkeypatch.setattr(glfw, "get_monitor_name", lambda handle: b"LG" if handle.contents.value == 2 else b"EPSON")
    assert [name_of(each) for each in (first, other, second)] == ["EPSON", "LG", "EPSON 2"]
    assert handle_named("EPSON 2") is second and handle_named("EPSON 3") is None
