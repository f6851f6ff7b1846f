"""Networks converted in a process of their own: tracing them holds the interpreter's lock for seconds at a time.

    python -m liveanim.render.apart MODEL WIDTHxHEIGHT THREADS

fills the cache of compiled models, from which a show then reads. It ends when its standard input does: with the show. A
compiler that crashes takes this process with it, and not the show.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

from .compiled import cpu_options

log = logging.getLogger(__name__)

PICKLE = "--allow-pickle"
PATIENCE = 3600.0  # s; a large model takes ten minutes on two busy processors


def converted(cache: Path, model: str, size: tuple[int, int], threads: int, allow_pickle: bool = False) -> None:
    """Have `cache` filled with the networks of `model` for pictures of `size` and that many threads, unless it is.

    RuntimeError when this has killed the process that did it: it would kill a show too. Whatever else goes wrong costs
    only the smoothness: whoever finds the cache empty converts by itself.
    """
    if done(cache, size, threads).exists():
        return
    shape = f"{size[0]}x{size[1]}"
    asked = [sys.executable, "-m", __name__, model, shape, str(threads), *([PICKLE] if allow_pickle else [])]
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    try:
        with subprocess.Popen(
            asked,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
        ) as process:
            code = _waited(process)
    except (OSError, subprocess.SubprocessError) as error:
        log.info("no process to convert %s: %s", model, error)
        return
    log.info("%s converted for %s (%d)", model, shape, code)
    if killed(code):
        raise RuntimeError(f"the compiler crashed ({code}) on {model} at {shape}")


def killed(code: int) -> bool:
    """Whether a process that ended with `code` was ended by the system (a signal, or a Windows exception)."""
    return code < 0 or code >= 0x8000_0000


def _waited(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(PATIENCE)
    finally:
        process.kill()


def done(cache: Path, size: tuple[int, int], threads: int) -> Path:
    """The file that is in `cache` once everything for `size` is, compiled as it would be today."""
    how = hashlib.sha256(json.dumps(cpu_options(threads), sort_keys=True).encode()).hexdigest()
    return cache / f"ready-{size[0]}x{size[1]}-{how[:8]}"


def main(words: list[str]) -> int:
    model, shape, threads, *options = words
    threading.Thread(target=_end_with_the_show, daemon=True).start()
    from .load import prepare

    width, _, height = shape.partition("x")
    prepare(model, (int(width), int(height)), int(threads), PICKLE in options)
    return 0


def _end_with_the_show() -> None:
    while os.read(0, 1):  # not sys.stdin, whose lock this thread would still hold when the program ends by itself
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
