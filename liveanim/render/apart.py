"""Networks converted in a process of their own: tracing them holds the interpreter's lock for seconds at a time.

    python -m liveanim.render.apart MODEL WIDTHxHEIGHT

fills the cache of compiled models, from which a show then reads. It ends when its standard input does: with the show.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

log = logging.getLogger(__name__)

PICKLE = "--allow-pickle"
PATIENCE = 3600.0  # s; a large model takes ten minutes on two busy processors


def converted(cache: Path, model: str, size: tuple[int, int], double: bool = False, allow_pickle: bool = False) -> None:
    """Have `cache` filled with the networks of `model` for pictures of `size`, unless it is.

    `double`: two text encoders, which are run as they are.
    What goes wrong costs only the smoothness: whoever finds the cache empty converts by itself.
    """
    if there(cache, size, double):
        return
    asked = [sys.executable, "-m", __name__, model, f"{size[0]}x{size[1]}", *([PICKLE] if allow_pickle else [])]
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
    else:
        log.info("%s converted for %dx%d (%d)", model, *size, code)


def _waited(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(PATIENCE)
    finally:
        process.kill()


def there(cache: Path, size: tuple[int, int], double: bool = False) -> bool:
    """Whether the text encoder and all three networks for `size` are in `cache`."""
    return (double or (cache / "text").is_dir()) and len(list(cache.glob(f"*-{size[0]}x{size[1]}-*"))) >= 3


def main(words: list[str]) -> int:
    model, shape, *options = words
    threading.Thread(target=_end_with_the_show, daemon=True).start()
    from .load import prepare

    width, _, height = shape.partition("x")
    prepare(model, (int(width), int(height)), PICKLE in options)
    return 0


def _end_with_the_show() -> None:
    while os.read(0, 1):  # not sys.stdin, whose lock this thread would still hold when the program ends by itself
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
