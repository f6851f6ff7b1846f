"""On what, with what and beside what the figures were measured."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from .cpu import processor

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "torch",
    "diffusers",
    "transformers",
    "openvino",
    "numpy",
    "opencv-python-headless",
    "moderngl",
    "glfw",
    "av",
)
MEGABYTE = 1024 * 1024


def machine() -> dict[str, object]:
    """cpu, cores, ram, os, python, gpu, versions, commit, date. What cannot be found out is an empty text."""
    return {
        "cpu": processor(),
        "cores": os.cpu_count() or 0,
        "ram_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "os": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "gpu": _gpu(),
        "gl": _gl(),
        "versions": {name: version for name in PACKAGES if (version := _version(name))},
        "commit": _commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _gpu() -> str:
    """Asked of the driver's tool: importing torch for it would take seconds."""
    try:
        asked = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
        return subprocess.run(asked, capture_output=True, text=True, timeout=20, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _gl() -> str:
    """What draws the stage without a screen, such as llvmpipe."""
    from liveanim.core.errors import UserError
    from liveanim.outputs.headless import headless_context

    try:
        context = headless_context()
    except UserError:
        return ""
    name = str(context.info["GL_RENDERER"])
    context.release()
    return name


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _commit() -> str:
    """Short hash; a '+' after it when tracked files differ from it."""
    try:
        asked = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+", "--exclude=*"]
        return subprocess.run(asked, capture_output=True, text=True, timeout=20, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def rss_mb() -> float:
    """Resident memory of this process in MiB."""
    return float(psutil.Process().memory_info().rss) / MEGABYTE


def peak_rss_mb() -> float:
    """The most resident memory this process has had, in MiB; 0 where the system does not say."""
    if importlib.util.find_spec("resource") is None:
        return 0.0
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1024 if platform.system() == "Linux" else most / MEGABYTE


class Neighbours:
    """Measures, over a `with` block, how busy the rest of the machine was.

    load     mean of the one-minute load average at both ends (0 where the system has none)
    others   share 0..1 of the processors' time that other processes took
    """

    def __init__(self) -> None:
        self.load = self.others = 0.0

    def __enter__(self) -> Self:
        self._loads = [_load()]
        self._since = time.perf_counter(), processors_busy(), _own()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        wall, busy, own = (
            b - a for a, b in zip(self._since, (time.perf_counter(), processors_busy(), _own()), strict=True)
        )
        room = max(1e-9, wall * (os.cpu_count() or 1))
        self.others = min(1.0, max(0.0, (busy - own) / room))
        self.load = (self._loads[0] + _load()) / 2


def _load() -> float:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def processors_busy() -> float:
    """Seconds all processors together have been busy since the system started."""
    times = psutil.cpu_times()
    return float(times.user + times.system + getattr(times, "nice", 0.0) + getattr(times, "irq", 0.0))


def _own() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
