"""How far an offline render is: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from .clock import Clock, WallClock

_WINDOW = 8.0  # seconds over which the rate is measured
_LINE_EVERY = 5.0  # seconds between two lines where there is no terminal


class Pace:
    """Rate and time left from (frames done, seconds) marks, measured over the last few seconds."""

    def __init__(self, total: int, window: float = _WINDOW) -> None:
        self._total, self._window = total, window
        self._marks: deque[tuple[float, int]] = deque([(0.0, 0)])

    def mark(self, done: int, now: float) -> None:
        """`done` frames were finished at `now` seconds."""
        self._marks.append((now, done))
        while len(self._marks) > 2 and now - self._marks[1][0] >= self._window:
            self._marks.popleft()

    @property
    def rate(self) -> float:
        """Frames per second; 0 before anything is known."""
        (start, before), (end, after) = self._marks[0], self._marks[-1]
        return (after - before) / (end - start) if end > start else 0.0

    @property
    def left(self) -> float | None:
        """Seconds to go; None before anything is known."""
        return (self._total - self._marks[-1][1]) / self.rate if self.rate > 0 else None


def clock_text(seconds: float | None) -> str:
    """'0:07', '12:30', '1:02:03', or '-:--' when not known."""
    if seconds is None:
        return "-:--"
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def line(title: str, done: int, total: int, pace: Pace) -> str:
    """The progress as one line of text."""
    share = 100 * done // total if total else 100
    return f"{title}: frame {done} of {total} ({share} %), {pace.rate:.1f} frames/s, {clock_text(pace.left)} left"


@contextmanager
def frames(
    total: int,
    title: str,
    *,
    quiet: bool = False,
    plain: bool = False,
    stream: TextIO | None = None,
    clock: Clock | None = None,
) -> Iterator[Callable[[int], None]]:
    """Gives a function to call with the number of frames done so far, as often as one likes.

    Writes to `stream` (standard error): a bar if it is a terminal, else a line every few seconds and one at the end.
    `plain`: only the number, once a second, on standard output: for programs.
    """
    if plain:
        yield _numbers(total, sys.stdout if stream is None else stream, WallClock() if clock is None else clock)
        return
    out = sys.stderr if stream is None else stream
    clock = WallClock() if clock is None else clock
    if quiet:
        yield lambda done: None
    elif out.isatty():
        with _bar(total, title, out, clock) as advance:
            yield advance
    else:
        yield _lines(total, title, out, clock)


def _numbers(total: int, out: TextIO, clock: Clock) -> Callable[[int], None]:
    due = 0.0

    def advance(done: int) -> None:
        nonlocal due
        now = clock.now()
        if now >= due or done == total:
            due = now + 1.0
            out.write(f"{done}\n")
            out.flush()

    return advance


def _lines(total: int, title: str, out: TextIO, clock: Clock) -> Callable[[int], None]:
    pace = Pace(total)
    due = clock.now() + _LINE_EVERY

    def advance(done: int) -> None:
        nonlocal due
        now = clock.now()
        pace.mark(done, now)
        if now >= due or done == total:
            due = now + _LINE_EVERY
            out.write(line(title, done, total, pace) + "\n")
            out.flush()

    return advance


@contextmanager
def _bar(total: int, title: str, out: TextIO, clock: Clock) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("frames · {task.fields[rate]:.1f}/s · {task.fields[left]} left"),
    )
    pace = Pace(total)
    with Progress(*columns, console=Console(file=out)) as progress:
        task = progress.add_task(title, total=total, rate=0.0, left=clock_text(None))

        def advance(done: int) -> None:
            pace.mark(done, clock.now())
            progress.update(task, completed=done, rate=pace.rate, left=clock_text(pace.left))

        yield advance
