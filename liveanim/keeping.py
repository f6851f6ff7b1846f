"""Keeps the state of a live show on disk, so that one that breaks off can be taken up, and saves presets of one's own.

In the user's state folder every running show has a file `PID-PRESET.toml`, written when something changes and taken
away at a good end. One whose process is gone, or that an error ended, broke off.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import re
import threading
from dataclasses import replace
from pathlib import Path

import psutil

from . import home
from .core.errors import UserError
from .core.preset import Preset
from .core.setlist import SetList
from .data import write_whole
from .library import as_toml, own_presets_dir, read_preset
from .setlist import SetFile, rewritten

log = logging.getLogger(__name__)

EVERY = 0.5  # s: at most this often the state is written
_FILE = re.compile(r"(\d+)-(.*)\.toml")
_CLEAN = re.compile(r"[^\w .()+-]+")


def shows_dir() -> Path:
    """Where the states of shows are kept."""
    return home.state() / "shows"


def file_name(name: str) -> str:
    """`name` as part of a file's name on every system."""
    return _CLEAN.sub("-", name).strip(" .")[:80] or "preset"


class Keeper:
    """Writes in a thread of its own; see archive.Keeper.

    As a context it takes what it kept away at an end that somebody wished for: quit, the end of the time, Ctrl-C. After
    an error all of it stays.
    """

    def __init__(self, folder: Path | None = None, presets: Path | None = None, found: SetFile | None = None) -> None:
        """`found`: the set list with which the show begins."""
        self._folder, self._presets = folder or shows_dir(), presets or own_presets_dir()
        self._set = found or SetFile(None)
        self._state: Preset | None = None
        self._saves: queue.SimpleQueue[tuple[Path, Preset | SetList]] = queue.SimpleQueue()
        self._written: Path | None = None
        self._wake, self._stop = threading.Event(), threading.Event()
        self._problem = self._unsaved = ""
        self.offered: Path | None = None
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self._thread.start()

    def keep(self, state: Preset) -> None:
        """Write `state` soon; of many only the newest."""
        self._state = state
        self._wake.set()

    def called(self, name: str) -> str:
        """As the file is, so that it has one name in this show and the next."""
        return file_name(name)

    def save(self, name: str, state: Preset) -> str:
        """Write `state` as the preset called `name`; a line about it."""
        path = self._presets / f"{file_name(name)}.toml"
        self._saves.put((path, state))
        self._wake.set()
        return f"saved as {path.stem}: {path}"

    def save_set(self, listed: SetList) -> str:
        """Write the set list into its file; a line about it. UserError where there is none."""
        path = self._set.path
        if path is None:
            raise UserError("this show has no file for a set list: begin it with --set FILE")
        self._saves.put((path, listed))
        self._wake.set()
        return f"the set list is saved: {path}"

    def problem(self) -> str:
        """One line when something could not be written; else ''. A preset that was not saved is told until one is."""
        return self._unsaved or self._problem

    def broken_off(self) -> Preset | None:
        """The state of the newest show that came to no good end, None when all did."""
        dead = [path for path in self._files() if not psutil.pid_exists(_pid(path))]
        for path in sorted(dead, key=lambda path: path.stat().st_mtime, reverse=True):
            self.offered = path
            try:
                match = _FILE.fullmatch(path.name)
                return replace(read_preset(path), name=match[2] if match else path.stem)
            except UserError as error:
                log.warning("the state of a show that broke off cannot be read: %s", error)
        return None

    def __enter__(self) -> Keeper:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(good=kind is None or not issubclass(kind, Exception))

    def close(self, good: bool = True) -> None:
        """Write what waits. After a `good` end nothing is left to take up."""
        self._stop.set()
        self._wake.set()
        self._thread.join(5.0)
        for path in (self._written, self.offered) if good else ():
            if path is not None:
                with contextlib.suppress(OSError):
                    path.unlink()

    def _files(self) -> list[Path]:
        return [path for path in self._folder.glob("*.toml") if _FILE.fullmatch(path.name)]

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait()
            self._wake.clear()
            try:
                self._write()
                self._problem = ""
            except Exception as error:  # noqa: BLE001  top of the thread: the show goes on unsaved, and says so
                self._problem = f"the state of the show cannot be saved: {error}"
                log.warning(self._problem)
            self._stop.wait(EVERY)
        with contextlib.suppress(OSError):
            self._write()

    def _write(self) -> None:
        while not self._saves.empty():
            path, what = self._saves.get()
            try:
                write_whole(path, rewritten(path, what) if isinstance(what, SetList) else as_toml(what))
                self._unsaved = ""
            except (OSError, UserError) as error:
                self._unsaved = f"{path.stem} is not saved: {error}"
                log.warning(self._unsaved)
        state, self._state = self._state, None
        if state is not None:
            path = self._folder / f"{os.getpid()}-{file_name(state.name)}.toml"
            write_whole(path, as_toml(state))
            if self._written is not None and self._written != path:
                self._written.unlink(missing_ok=True)
            self._written = path


def _pid(path: Path) -> int:
    match = _FILE.fullmatch(path.name)
    return int(match[1]) if match else -1


class Paper:
    """A keeper that keeps nothing: when a take is rendered, what was saved during the show is saved already."""

    def keep(self, state: Preset) -> None:
        pass

    def called(self, name: str) -> str:
        return file_name(name)

    def save(self, name: str, state: Preset) -> str:
        return f"saved as {name}"

    def save_set(self, listed: SetList) -> str:
        return "the set list is saved"
