"""What loads models, and what it leaves behind."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import gc
from liveanim import painters

painters._importing().join()
modules, objects = gc.get_freeze_count(), len(gc.get_objects())
painters._importing().join()
print(modules, objects, gc.isenabled(), gc.get_freeze_count() == modules)
"""


def test_the_collector_has_nothing_to_do_with_the_modules_of_a_model() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=100, check=True)
    modules, objects, enabled, once = done.stdout.split()
    assert int(modules) > 100_000 and int(objects) < int(modules) / 20
    assert enabled == once == "True"
