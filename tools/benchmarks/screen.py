"""A screen to measure windows on, where the machine has none."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def screen() -> Iterator[str]:
    """Has DISPLAY set meanwhile: as it is, or by an Xvfb of its own. Yields what there is, in words."""
    if os.environ.get("DISPLAY"):
        yield f"display {os.environ['DISPLAY']}"
        return
    if shutil.which("Xvfb") is None:
        yield "no screen (no DISPLAY, and Xvfb is not installed): pictures are drawn off screen"
        return
    reading, writing = os.pipe()
    asked = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1920x1080x24", "-nolisten", "tcp"]
    server = subprocess.Popen(asked, pass_fds=(writing,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()
        if not number:
            yield "no screen (Xvfb does not start): pictures are drawn off screen"
            return
        os.environ["DISPLAY"] = f":{number}"
        yield "Xvfb"
    finally:
        os.environ.pop("DISPLAY", None)
        server.terminate()
        server.wait()
