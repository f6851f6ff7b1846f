"""Who goes first where processors are scarce: display and sound before painting and recording."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

PAINTING, FILMING = 3, 8
"""Niceness of what gives way, above that of the program's main thread. A film has a second's time for each picture."""


def give_way(distance: int = PAINTING, thread: int | None = None) -> None:
    """Let this thread (and those it starts) give way to display and sound, where the system allows it; or another of
    this process, by the system's number for it."""
    if sys.platform == "linux":
        below = min(19, os.getpriority(os.PRIO_PROCESS, os.getpid()) + distance)
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id() if thread is None else thread, below)
