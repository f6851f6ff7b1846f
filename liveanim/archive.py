"""What a show keeps: ports to files, for presets, takes, films and small pictures of looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from .core.model import ControlEvent
from .core.preset import Preset
from .core.setlist import SetList


class Keeper(Protocol):
    """Keeps the state of the show. Nothing here blocks or raises."""

    def keep(self, state: Preset) -> None:
        """The state has changed to `state`."""

    def called(self, name: str) -> str:
        """The nearest to `name` that a preset may be called."""

    def save(self, name: str, state: Preset) -> str:
        """Write `state` as the user's preset called `name`; a line about it."""

    def save_set(self, listed: SetList) -> str:
        """Write the set list into its file; a line about it."""


class Taker(Protocol):
    """Keeps takes of a show. Nothing here blocks or raises."""

    @property
    def name(self) -> str:
        """Of the take that runs; '' for none."""

    def take(
        self, name: str, state: Preset, presets: Sequence[Preset], now: float, stands: Sequence[ControlEvent]
    ) -> str:
        """Begin a take of a show that stands as `state` says and may choose any of `presets`, or end the one that
        runs; a line about it. `stands`: events that say how tempo, set list, master fader and loops stand."""


class Filmer(Protocol):
    """Records films and stills of what a show shows. Nothing here blocks; UserError for what cannot be begun."""

    @property
    def name(self) -> str:
        """Of the film that runs; '' for none."""

    def record(self, name: str, now: float) -> str:
        """Begin a film at show time `now`, or end the one that runs; a line about it."""

    def still(self, preset: str, now: float) -> str:
        """Keep the next picture from show time `now` on, while `preset` plays; a line about it."""


class Thumbnailer(Protocol):
    """Takes small pictures of presets while they play. Nothing here blocks or raises."""

    def plays(self, known: Sequence[Preset], preset: Preset | None, scene: str) -> None:
        """From the next frame on `preset`, one of those `known`, plays as it was loaded, in that scene ('': none);
        None: it has been edited."""

    def saved(self, preset: Preset, now: float) -> None:
        """What plays has been saved as `preset` at show time `now`."""


Reader = Callable[[str, str], Preset]
"""From the name of a preset and the text of its file to the preset. UserError: where, what, and what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """What a show keeps, and reads again; None: it does not.

    keeper      keeps its state, and saves presets
    broken_off  the state of a show that came to no good end, for `do.resume` to take up
    taker       keeps takes; filmer: films and stills; thumbnailer: what presets look like
    read        reads presets that are edited meanwhile
    """

    keeper: Keeper | None = None
    broken_off: Preset | None = None
    taker: Taker | None = None
    filmer: Filmer | None = None
    thumbnailer: Thumbnailer | None = None
    read: Reader | None = None
