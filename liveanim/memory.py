"""Memory that was freed is kept for what comes next."""

from __future__ import annotations

import ctypes
import sys

KEPT = 256 << 20  # bytes at most
LARGEST = 32 << 20  # bytes of a piece that is kept; glibc allows no more
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # M_* of malloc.h


def keep_freed() -> bool:
    """Have the C library keep what is freed, instead of giving it back to the system; whether it does.

    Pictures come and go many times a second. Where each is new memory the system clears it page by page: at 720p that
    takes longer than much of what is done with the picture, above all beside a film. Only glibc can be told.
    """
    if sys.platform != "linux" or (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is None:
        return False
    return bool(mallopt(_TRIM_THRESHOLD, KEPT) and mallopt(_MMAP_THRESHOLD, LARGEST))
