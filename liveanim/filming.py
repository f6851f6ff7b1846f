"""Films and stills that are begun while a show plays: the disk is waited for in threads, the show never."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image as Pictures

from . import home
from .core.cadence import SLACK
from .core.errors import UserError, brief
from .core.model import Image
from .data import whole
from .keeping import file_name
from .outputs.codecs import CONTAINERS
from .outputs.encode import plain
from .outputs.taps import Tap
from .outputs.video import recorded
from .priority import FILMING, give_way
from .taking import called, free

log = logging.getLogger(__name__)

MOST_STILLS, MOST_FILMS = 4, 4  # that are being written at once


class Filmed(Protocol):
    """A stage that a film may leave."""

    def add_tap(self, tap: Tap, whole: bool = False) -> None: ...

    def remove_tap(self, tap: Tap) -> None: ...


class Film(Protocol):
    """What is begun by a `Make` (recording.Recorders)."""

    def label(self) -> str: ...

    def status(self) -> str: ...

    def leave(self, stage: Filmed) -> None: ...

    def close(self) -> None: ...


Make = Callable[[Path, float], Film]
"""Begins the film in a file, from a show time (s) on. Never blocks; UserError for what the file cannot be."""


class Films:
    """Films and stills of a live show, for its thread. The stage closes a film that runs when the show ends.

    make           begins films; stage: has the picture of a still; alpha: with its transparency
    films, stills  folders that they are put in; ending: of films whose name has none
    today          the date and time that names them
    """

    def __init__(
        self,
        make: Make,
        stage: Filmed,
        films: Path,
        stills: Path,
        ending: str = ".mp4",
        *,
        alpha: bool = False,
        today: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._make, self._stage, self._alpha, self._today = make, stage, alpha, today
        self._films, self._stills, self._ending = films, stills, ending
        self._film: Film | None = None  # the newest, also when it has ended
        self._path = films  # of that
        self._closing: dict[Path, threading.Thread | None] = {}  # films that have ended; None: their last picture comes
        self._asked: set[Path] = set()  # stills that are not yet written
        self._writing: list[threading.Thread] = []
        self._problem = ""

    @property
    def name(self) -> str:
        """Of the film that runs; '' for none, also when it could not go on."""
        return self._path.stem if self.label() else ""

    def label(self) -> str:
        """The HUD's recording mark; '' when nothing is filmed."""
        return self._film.label() if self._film is not None and self._path not in self._closing else ""

    def record(self, name: str, now: float) -> str:
        """Begin a film called `name` ('' is named by the date) at show time `now`, or end the one that runs; a line
        about it. `name` may have an ending. UserError for one that it cannot have."""
        ended = self.name
        self._end(now)
        if ended:
            return f"film {ended} ended: {self._path}"
        self._closing = {path: one for path, one in self._closing.items() if one is None or one.is_alive()}
        if len(self._closing) >= MOST_FILMS:
            raise UserError(f"no film yet: {len(self._closing)} that have ended are still being written")
        stem = called(name, self._today())
        ending = "" if Path(stem).suffix.lower() in CONTAINERS else self._ending
        path = self._films / f"{stem}{ending}"
        path = free(path, lambda one: recorded(one) or one in self._closing, path.suffix)
        self._film, self._path = self._make(path, now), path
        return f"film {path.stem} begins: {path}"

    def _end(self, now: float) -> None:
        """The newest film, also one that could not go on: with the picture of show time `now`, which is yet to come."""
        film, path = self._film, self._path
        if film is None or path in self._closing:
            return

        def last(tap: Tap, image: Image) -> None:
            self._stage.remove_tap(tap)
            film.leave(self._stage)
            self._closing[path] = _spawned(film.close, "films")

        self._closing[path] = None
        self._stage.add_tap(_Next(now, last))

    def still(self, preset: str, now: float) -> str:
        """Keep the next picture of the stage from show time `now` (s) on, named by the date and `preset`; a line about
        it. UserError while too many are being written."""
        if len(self._asked) >= MOST_STILLS:
            raise UserError(f"no still: {len(self._asked)} are still being written")
        path = self._stills / f"{called('', self._today())} {file_name(preset)}.png"
        path = free(path, lambda one: one.exists() or one in self._asked, path.suffix)
        self._asked.add(path)
        self._stage.add_tap(_Next(now, lambda tap, image: self._take(tap, image, path)), whole=self._alpha)
        return f"still: {path}"

    def _take(self, tap: Tap, image: Image, path: Path) -> None:
        self._stage.remove_tap(tap)
        self._writing = [one for one in self._writing if one.is_alive()]
        self._writing.append(_spawned(lambda: self._write(path, image), "stills"))

    def _write(self, path: Path, image: Image) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole(path) as part:
                solid = plain(image) if self._alpha else np.ascontiguousarray(image)
                Pictures.fromarray(solid).save(part, "PNG", compress_level=1)
            self._problem = ""
        except OSError as error:
            self._problem = f"no still: cannot write {path}: {brief(error).lower()}"
            log.warning("%s", self._problem)
        finally:
            self._asked.discard(path)

    def status(self) -> str:
        """One line for the HUD: '' while all is well. What went wrong is told until the next one."""
        film = self._film.status() if self._film is not None else ""
        return "; ".join(line for line in (film, self._problem) if line)

    def close(self) -> None:
        """Wait for the disk."""
        for thread in (*self._closing.values(), *self._writing):
            if thread is not None:
                thread.join()


class _Next:
    """A tap for one picture: the first from show time `since` (s) on."""

    def __init__(self, since: float, take: Callable[[Tap, Image], None]) -> None:
        self._since, self._take = since, take

    def picture(self, image: Image, now: float) -> None:
        if now >= self._since - SLACK:
            self._take(self, image)

    def close(self) -> None:
        """The show has ended without another picture."""


def _spawned(work: Callable[[], None], name: str) -> threading.Thread:
    def run() -> None:
        give_way(FILMING)
        work()

    thread = threading.Thread(target=run, name=name)
    thread.start()
    return thread


def films_dir() -> Path:
    """Where films lie that were given no place."""
    return home.videos() / "films"


def stills_dir() -> Path:
    """Where stills lie."""
    return home.videos() / "stills"
