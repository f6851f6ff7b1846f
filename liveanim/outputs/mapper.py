"""Fitting the picture to a screen by keys, and keeping what was found for each screen by its name."""

from __future__ import annotations

import json
import logging
import tomllib
from pathlib import Path

import moderngl

from liveanim.core.errors import UserError, brief
from liveanim.core.mapping import CORNERS, EDGES, Mapping, mapping_from
from liveanim.data import write_whole

from .shaders import Program

log = logging.getLogger(__name__)

STEP, LEAP = 0.001, 0.01  # of the screen, for a press of an arrow; with shift
_WAYS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
_MOVED = (
    *(f"{name} corner" for name in CORNERS),
    *(f"{name} soft edge" for name in EDGES),
    *(f"{name} side of what is shown" for name in EDGES),
)
_LARGEST = 1_000_000  # bytes of the file


class Screens:
    """The mappings of all screens, in a .toml file (None: they are not kept)."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known = {} if path is None else _read(path)

    def of(self, name: str) -> Mapping:
        """What the screen called `name` was given; else the picture as it is."""
        return self._known.get(name, Mapping())

    def keep(self, name: str, mapping: Mapping) -> str:
        """Remember, and write the file; '' or why it cannot be written."""
        self._known[name] = mapping
        if self._path is None:
            return ""
        rows = [_row(screen, each) for screen, each in self._known.items() if not each.plain]
        head = "# How the picture is fitted to each screen; K in the window changes it.\n"
        try:
            write_whole(self._path, head + "".join(rows))
        except OSError as error:
            return f"cannot keep the corners in {self._path}: {brief(error)}"
        return ""


def _row(screen: str, mapping: Mapping) -> str:
    corners = ", ".join(f"[{x:.6g}, {y:.6g}]" for x, y in mapping.corners)
    edges = ", ".join(f"{edge:.6g}" for edge in mapping.edges)
    name = json.dumps(screen, ensure_ascii=False)
    part = ", ".join(f"{side:.6g}" for side in mapping.part)
    rows = f"part = [{part}]\ncorners = [{corners}]\nedges = [{edges}]\ngamma = {mapping.gamma:g}\n"
    return f"\n[[screen]]\nname = {name}\n{rows}mirror = {str(mapping.mirror).lower()}\nturn = {mapping.turn}\n"


def _read(path: Path) -> dict[str, Mapping]:
    """What the file holds. A file that is no good is said and left out: the show is more important."""
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return {}
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("screen", [])
        return {str(row["name"]): mapping_from(row, f"{path}: {row['name']}") for row in rows}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, UserError) as error:
        log.warning("the picture is shown as it is: %s", error if isinstance(error, UserError) else f"{path}: {error}")
        return {}


class Mapper:
    """Of one window. `mapping` is what it shows, `screen` the name of its screen; `active` while the keys move it."""

    def __init__(self, screens: Screens) -> None:
        self._screens, self.screen = screens, ""
        self.mapping = Mapping()
        self.active, self._chosen = False, 0
        self.problem = ""

    def follow(self, screen: str) -> None:
        """The window is on the screen of that name now."""
        if screen != self.screen:
            self.screen, self.mapping = screen, self._screens.of(screen)

    def toggle(self) -> None:
        """Begin to move, or end it and keep what was found."""
        self.active = not self.active
        if not self.active:
            self.problem = self._screens.keep(self.screen, self.mapping)

    def key(self, name: str, shift: bool) -> bool:
        """A key while active; whether it was one of ours."""
        if name == "tab":
            self._chosen = (self._chosen + (-1 if shift else 1)) % len(_MOVED)
        elif name == "backspace":
            self.mapping = self.mapping.afresh()
        elif name == "m":
            self.mapping = self.mapping.mirrored()
        elif name == "r":
            self.mapping = self.mapping.turned()
        elif name in ("escape", "enter"):
            self.toggle()
        elif name in _WAYS:
            step = LEAP if shift else STEP
            dx, dy = _WAYS[name]
            corners, edge = len(CORNERS), (self._chosen - len(CORNERS)) % len(EDGES)
            if self._chosen < corners:
                self.mapping = self.mapping.moved(self._chosen, dx * step, dy * step)
            elif self._chosen < corners + len(EDGES):
                self.mapping = self.mapping.widened(edge, (dx - dy) * step)
            else:
                self.mapping = self.mapping.cut(edge, (dx if edge < 2 else dy) * step)
        else:
            return False
        return True

    @property
    def hint(self) -> str:
        """What the keys do now, for the HUD; '' while not active."""
        if not self.active:
            return self.problem
        keys = "arrows move it (shift: far), tab the next, M mirror, R turn, backspace afresh, K done"
        return f"fitting {self.screen}: {_MOVED[self._chosen]} - {keys}"

    @property
    def plain(self) -> bool:
        """Whether the picture goes on the screen as it is."""
        return self.mapping.plain and not self.active

    def draw(self, program: Program, picture: moderngl.Texture, window: tuple[int, int]) -> None:
        """The picture over a whole window of `window` (width, height) pixels."""
        mapping = self.mapping
        width, height = mapping.shown(picture.size)
        picture.use(0)
        program.set(picture=0, place=mapping.onto(window, picture.size), edges=mapping.edges, gamma=mapping.gamma)
        program.set(chosen=self._chosen if self.active else -1, aspect=1.0, aspect_of_part=width / height)
        program.set(part=mapping.part)
        program.draw()
