"""Who goes first where processors are scarce."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from liveanim.priority import FILMING, PAINTING

LOOK = """
import os, sys, threading
from pathlib import Path
from liveanim.outputs.video import VideoWriter
from liveanim.priority import give_way

os.nice(int(sys.argv[1]))
writer = VideoWriter(Path(sys.argv[2]) / "a.mp4", (64, 36), 30, channels=0, live=True)
niceness = lambda number: os.getpriority(os.PRIO_PROCESS, number)
found = []
thread = threading.Thread(target=lambda: (give_way(), give_way(), found.append(niceness(threading.get_native_id()))))
thread.start()
thread.join()
print(niceness(os.getpid()), *found, niceness(writer._thread.native_id))
writer.close()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no niceness of threads")
@pytest.mark.parametrize("more", [0, 3, 18])
def test_painting_and_recording_give_way_however_the_program_was_started(tmp_path: Path, more: int) -> None:
    done = subprocess.run([sys.executable, "-c", LOOK, str(more), str(tmp_path)], capture_output=True, text=True)
    own, thread, recorder = map(int, done.stdout.split())
    assert (thread, recorder) == (min(19, own + PAINTING), min(19, own + FILMING)), done.stderr
