"""The tests that need a GPU, run where there is one."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NEEDS = ("pytest", "pytest_timeout", "hypothesis", "diffusers", "cv2")
MARK = "pytest.mark.gpu"
WORDS = ("passed", "failed", "skipped", "error")


def files() -> list[str]:
    """Where they are: other tests may need what a machine with a GPU does not have."""
    return [str(path) for path in sorted(ROOT.glob("tests/**/test_*.py")) if MARK in path.read_text(encoding="utf-8")]


def run(device: str, count: int, tiny: bool) -> Iterator[dict[str, float]]:
    """How many passed, failed and were skipped. What failed goes to stderr; RuntimeError then, and where none ran."""
    # What a library of that machine warns of is no failure there.
    options = ["-q", "-m", "gpu", "-W", "default", "-p", "no:cacheprovider", "--tb=short"]
    command = [sys.executable, "-m", "pytest", *options, *files()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    counts = {word: float(number) for number, word in re.findall(rf"(\d+) ({'|'.join(WORDS)})", done.stdout)}
    yield {f"tests_{word}": counts.get(word, 0.0) for word in WORDS}
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
    if done.returncode or not (counts.get("passed") or device == "cpu"):
        raise RuntimeError((done.stdout.strip().splitlines() or ["pytest says nothing"])[-1])
