"""Choosing a parameter by keys: which one, what the keys do to it. No window in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from liveanim.core.model import ControlEvent
from liveanim.core.params import PARAMS, ParamSpec, Table

SOURCE = "keyboard"
STEP, FINE = 0.02, 0.002  # of the way, for a press of an arrow; with shift
_PAGE = 8  # rows
_LONGEST = 24  # letters of a search
_TURN = "turn."
Wish = tuple[str, float | str | None]
"""An event without its time; 'turn.NAME' with a share of the way for a press of an arrow."""


@dataclass(frozen=True, slots=True)
class Pick:
    """What is to be seen of it: rows to choose from, the number of the chosen one, what is searched for (None: the keys
    turn the chosen one)."""

    rows: tuple[ParamSpec, ...]
    at: int
    search: str | None = None

    @property
    def chosen(self) -> ParamSpec | None:
        return self.rows[self.at] if self.rows else None


class Picker:
    """Of one window. `active` while the keys choose."""

    def __init__(self, table: Table = PARAMS) -> None:
        self._all = tuple(table.values())
        self._rows, self._at = self._all, 0
        self._text, self._typing = "", False
        self._done: list[Wish] = []
        self.active = False

    @property
    def pick(self) -> Pick | None:
        """None while not active."""
        return Pick(self._rows, self._at, self._text if self._typing else None) if self.active else None

    def toggle(self) -> None:
        """Begin to choose, or end it; the next time begins where it was left."""
        self.active, self._typing = not self.active, False

    def take(self) -> list[Wish]:
        """What the keys wished for since the last call."""
        done, self._done = self._done, []
        return done

    def key(self, name: str, shift: bool) -> bool:
        """A key while active; whether it was one of ours."""
        if name in ("tab", "escape", "enter"):
            self._close(name)
        elif self._typing and (len(name) == 1 or name in ("space", "backspace")):
            self._type(name)
        elif name in ("up", "down", "page_up", "page_down", "home", "end"):
            self._move(name)
        else:
            return self._act(name, shift)
        return True

    def _close(self, name: str) -> None:
        if self._typing and name != "tab":
            self._typing = False
            if name == "escape":
                self._find("")
        else:
            self.toggle()

    def _type(self, name: str) -> None:
        letter = {"space": " ", "backspace": ""}.get(name, name)
        self._find((self._text + letter)[:_LONGEST] if letter else self._text[:-1])

    def _find(self, text: str) -> None:
        """Only the parameters with all words of `text` in their name or description."""
        chosen = self._rows[self._at] if self._rows else None
        words = text.lower().split()
        self._text = text
        self._rows = tuple(row for row in self._all if all(word in f"{row.name} {row.doc}".lower() for word in words))
        self._at = self._rows.index(chosen) if chosen in self._rows else 0

    def _move(self, name: str) -> None:
        last = len(self._rows) - 1
        if name in ("home", "end"):
            self._at = 0 if name == "home" else max(0, last)
            return
        far = _PAGE if name.startswith("page") else 1
        step = -far if name in ("up", "page_up") else far
        ends = self._at + step < 0 or self._at + step > last
        if far == 1 and ends:
            self._at = max(0, last) if step < 0 else 0  # round the end
        else:
            self._at = max(0, min(last, self._at + step))

    def _act(self, name: str, shift: bool) -> bool:
        if name in ("s", "slash"):
            self._typing = True
            self._find("")
            return True
        if not self._rows:
            return False
        chosen = self._rows[self._at].name
        if name in ("left", "right"):
            step = FINE if shift else STEP
            self._done.append((_TURN + chosen, step if name == "right" else -step))
        elif name == "backspace":
            self._done.append((chosen, None))
        elif name == "l":
            self._done.append(("do.learn", chosen))
        elif name == "delete":
            self._done.append(("do.forget", chosen))
        else:
            return False
        return True


def event_of(wish: Wish, now: float, values: Mapping[str, float], learning: str, table: Table) -> ControlEvent:
    """The event of a wish at show time `now`. `values`: where the parameters stand; `learning`: what the show is
    learning, so that a second press of L gives it up."""
    target, value = wish
    if target == "do.learn" and value == learning.partition(" ")[0]:
        return ControlEvent(now, target, None, SOURCE)
    if target.startswith(_TURN):
        target, value = _turned(table[target.removeprefix(_TURN)], float(value or 0.0), values)
    return ControlEvent(now, target, value, SOURCE)


def _turned(row: ParamSpec, step: float, values: Mapping[str, float]) -> Wish:
    """One press of an arrow: a share of the way, of what has whole numbers the next one."""
    name = row.name
    if row.curve not in ("step", "toggle"):
        return f"add.{name}", step
    way = row.high - row.low
    whole = max(1.0, round(way * abs(step))) if way > 200 else 1.0  # a seed has four thousand million
    return name, row.clamp(values.get(name, row.default) + (whole if step > 0 else -whole))
