"""Commands of liveanim done by several workers at once."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from .core.errors import UserError

TRIES = 3  # before a piece that loses its workers is given up
_SAID = 2000  # characters kept of what a worker said last


@dataclass(frozen=True, slots=True)
class Job:
    """A command line after `liveanim`, the file it makes, and how many frames that has."""

    words: Sequence[str]
    file: Path
    frames: int


class Lost(Exception):
    """A worker is gone: killed, crashed, out of reach."""


class Place(Protocol):
    """Where jobs are done."""

    workers: int

    def do(self, job: Job, slot: int, tell: Callable[[int], None]) -> None:
        """Do `job`, its file complete afterwards; `tell` how many frames are done. Called in a thread for each slot.

        Lost when the worker is gone, UserError when it says that something is wrong.
        """

    def stop(self) -> None:
        """End whatever still works."""


class Crew:
    """Jobs in the hands of as many threads as the place has workers.

    done   frames finished so far, work   seconds that finished jobs took in all, lost   workers that were replaced
    """

    def __init__(self, jobs: Sequence[Job], place: Place) -> None:
        self._place = place
        self._waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._state = _State()
        for job in jobs:
            if job.file.exists():
                self._state.finish(job, 0.0)
            else:
                self._waiting.put(job)
        self._threads = [
            threading.Thread(target=self._work, args=(slot,), name=f"worker {slot}", daemon=True)
            for slot in range(min(place.workers, max(1, len(jobs))))
        ]

    def __enter__(self) -> Crew:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._state.closing = True
        self._place.stop()
        for thread in self._threads:
            thread.join(10.0)

    @property
    def done(self) -> int:
        return self._state.done

    @property
    def work(self) -> float:
        return self._state.work

    @property
    def lost(self) -> int:
        return self._state.lost

    def finished(self, job: Job, timeout: float) -> bool:
        """Whether `job` is finished; waits up to `timeout` seconds for it. UserError when it cannot be."""
        return self._state.wait(job, timeout)

    def _work(self, slot: int) -> None:
        """A thread: does jobs until there are none left."""
        while not self._state.closing:
            try:
                job = self._waiting.get(timeout=0.1)
            except queue.Empty:
                if self._state.settled:
                    return
                continue
            started = time.monotonic()
            try:
                self._place.do(job, slot, lambda frames, job=job: self._state.progress(job, frames))  # type: ignore[misc]
            except Lost as error:
                if self._state.lose(job, str(error)):
                    self._waiting.put(job)
            except Exception as error:  # noqa: BLE001  top of a thread: told to whoever waits for the job
                self._state.fail(str(error))
            else:
                self._state.finish(job, time.monotonic() - started)


@dataclass(slots=True)
class _State:
    """What the threads of a crew share; every change is made with the lock held."""

    work: float = 0.0
    lost: int = 0
    closing: bool = False
    _frames: dict[Path, int] = field(default_factory=dict)
    _finished: set[Path] = field(default_factory=set)
    _tries: dict[Path, int] = field(default_factory=dict)
    _failure: str = ""
    _open: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def done(self) -> int:
        with self._changed:
            return sum(self._frames.values())

    @property
    def settled(self) -> bool:
        """Whether nothing that is begun may come back into the queue."""
        with self._changed:
            return bool(self._failure) or all(file in self._finished for file in self._frames)

    def progress(self, job: Job, frames: int) -> None:
        with self._changed:
            self._frames[job.file] = frames

    def finish(self, job: Job, seconds: float) -> None:
        with self._changed:
            self._frames[job.file] = job.frames
            self._finished.add(job.file)
            self.work += seconds
            self._changed.notify_all()

    def lose(self, job: Job, why: str) -> bool:
        """A worker is gone; whether its job is to be tried again."""
        with self._changed:
            if self.closing:
                return False
            self.lost += 1
            self._frames[job.file] = 0
            self._tries[job.file] = self._tries.get(job.file, 0) + 1
            if self._tries[job.file] < TRIES:
                return True
            self._failure = f"{TRIES} workers were lost with the same piece ({why})"
            self._changed.notify_all()
            return False

    def fail(self, message: str) -> None:
        with self._changed:
            self._failure = self._failure or message
            self._changed.notify_all()

    def wait(self, job: Job, timeout: float) -> bool:
        with self._changed:
            if job.file not in self._finished and not self._failure:
                self._changed.wait(timeout)
            if job.file in self._finished:
                return True
            if self._failure:
                raise UserError(self._failure)
            return False


def counted(
    words: Sequence[str], cores: set[int] | None, keep: Callable[[subprocess.Popen[str]], None]
) -> Iterator[int]:
    """Runs `liveanim WORDS` in a process of its own and yields the numbers it prints, until it is done.

    cores   the only processors it may use; `keep` is given the process, to stop it.
    UserError with its own line when it ends with one, Lost when it dies.
    """
    command = [sys.executable, "-m", "liveanim", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        keep(process)
        if cores and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(process.pid, cores)
        assert process.stdout is not None and process.stderr is not None
        said: list[str] = []
        listener = threading.Thread(target=lambda err=process.stderr: said.append(err.read()[-_SAID:]), daemon=True)
        listener.start()
        for line in process.stdout:
            if line.strip().isdecimal():
                yield int(line)
        code = process.wait()
        listener.join()
    if code == 2:
        lines = "".join(said).strip().splitlines()
        raise UserError(lines[-1].removeprefix("liveanim: ") if lines else "a worker refused its piece")
    if code != 0:
        raise Lost(f"exit code {code}")


def shares(workers: int, cores: Sequence[int]) -> list[set[int]]:
    """Which processors each of `workers` may use: as evenly as can be, one at least."""
    if workers >= len(cores):
        return [{cores[slot % len(cores)]} for slot in range(workers)]
    return [set(cores[slot::workers]) for slot in range(workers)]


class Local:
    """Processes on this machine, each on its own processors."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
        self._cores = shares(workers, cores)
        self._processes: dict[int, subprocess.Popen[str]] = {}

    def do(self, job: Job, slot: int, tell: Callable[[int], None]) -> None:
        def keep(process: subprocess.Popen[str]) -> None:
            self._processes[slot] = process

        for frames in counted(job.words, self._cores[slot], keep):
            tell(frames)
        if not job.file.exists():
            raise Lost("it left no file")

    def stop(self) -> None:
        for process in list(self._processes.values()):
            if process.poll() is None:
                process.terminate()
