"""How late sound and picture are on this machine, as `liveanim latency` has measured it: a small file of the user's."""

from __future__ import annotations

import logging
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import home
from .core.errors import told_as
from .data import write_whole

log = logging.getLogger(__name__)

EARLIEST, LATEST = -0.1, 0.5  # s: anything else was not measured but typed, or is no latency


@dataclass(frozen=True, slots=True)
class Calibration:
    """Seconds.

    display   from the moment that a frame is computed for to when it is seen
    inputs    by name of a sound input, from its socket to the program
    """

    display: float = 0.0
    inputs: Mapping[str, float] = field(default_factory=dict)


def place() -> Path:
    """The file that it is kept in."""
    return home.config() / "latency.toml"


def read(path: Path | None = None) -> Calibration:
    """What was measured; nothing where nothing was. A broken file is said and counts as none."""
    path = path or place()
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Calibration()
    except (OSError, ValueError) as error:
        log.warning("%s is not read: %s; `liveanim latency` writes it anew", path, error)
        return Calibration()
    inputs = data.get("inputs")
    named = inputs if isinstance(inputs, dict) else {}
    return Calibration(_seconds(data.get("display")), {str(name): _seconds(value) for name, value in named.items()})


def _seconds(value: Any) -> float:
    number = float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0
    return min(LATEST, max(EARLIEST, number))


def write(measured: Calibration, path: Path | None = None) -> Path:
    """Keep it; returns where. UserError where that cannot be."""
    import tomlkit

    path = path or place()
    data = {"display": round(measured.display, 5), "inputs": {k: round(v, 5) for k, v in measured.inputs.items()}}
    with told_as(f"{path}: cannot be written"):
        write_whole(path, tomlkit.dumps(data))
    return path


def forget(path: Path | None = None) -> Path:
    """As if nothing had been measured."""
    path = path or place()
    path.unlink(missing_ok=True)
    return path
