"""Memory that is kept: what the system has to hand out while pictures come and go."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

SCRIPT = """
import resource, sys
import numpy as np
from liveanim.memory import keep_freed

print(sys.argv[1] == "as it is" or keep_freed())
def pictures():
    for _ in range(50):
        frames = [np.ones((720, 1280, 4), np.uint8) for _ in range(4)]
        del frames
pictures()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
pictures()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told to keep memory")
def test_pictures_come_out_of_memory_that_is_there() -> None:
    faults = {}
    for way in ("as it is", "kept"):
        done = subprocess.run([sys.executable, "-c", SCRIPT, way], capture_output=True, text=True, check=True)
        told, faults[way] = done.stdout.split()
        assert told == "True"
    assert int(faults["kept"]) < 50 < int(faults["as it is"]) / 20
