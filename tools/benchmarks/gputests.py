"""The tests that need a GPU, run where there is one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(device: str, count: int, tiny: bool) -> dict[str, float]:
    """How many tests with the marker gpu passed, failed and were skipped."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider", "tests/render"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    counts = {word: float(number) for number, word in re.findall(r"(\d+) (passed|failed|skipped|error)", done.stdout)}
    return {f"tests_{word}": counts.get(word, 0.0) for word in ("passed", "failed", "skipped", "error")}
