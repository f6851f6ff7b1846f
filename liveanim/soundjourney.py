"""`liveanim travel`: prompts that follow a piece of music, as a preset: what sound plays is known beforehand."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .core.errors import UserError
from .importers.toml import Value, quoted, written
from .inputs import soundway
from .inputs.soundway import Part, Reduce
from .library import read_text

MOST_TEXT = 1_000_000
_LINE = re.compile(r"\s*(\d+)\s*:\s*(.+)")


def prompts_in(path: Path, fps: float) -> list[tuple[float | None, str]]:
    """(seconds or None, text) of a file with one prompt a line: 'text', or Giffusion's 'frame: text'. UserError."""
    text = read_text(path)[:MOST_TEXT]
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found = [_LINE.fullmatch(line) for line in lines]
    if all(found):
        rows = [(int(match[1]) / fps, match[2]) for match in found if match]
        if [time for time, _ in rows] != sorted({time for time, _ in rows}):
            raise UserError(f"{path}: each frame must be later than the one before")
        return list(rows)
    for number, (line, match) in enumerate(zip(lines, found, strict=True), 1):
        if match:
            raise UserError(f"{path}: line {number}: 'frame: text' on every line or on none, got {line[:40]!r}")
    return [(None, line) for line in lines]


def travel(audio: Path, prompts: Sequence[tuple[float | None, str]], fps: float, part: Part, reduce: Reduce) -> str:
    """The text of a preset that goes from prompt to prompt as Giffusion would with this music. UserError."""
    if len(prompts) < 2:
        raise UserError("travel needs at least two prompts: a file with one a line")
    sound = soundway.load(audio)
    length = len(sound) / soundway.RATE
    places = [time for time, _ in prompts if time is not None] or list(np.linspace(0.0, length, len(prompts)))
    if places[-1] > length + 1:
        raise UserError(f"{audio}: it lasts {length:.1f} s, and the last prompt comes at {places[-1]:.1f} s")
    keys = _keys(sound, places, fps, part, reduce)
    tables: dict[str, dict[str, Value]] = {
        "": {"about": f"Prompts that travel with {audio.name}."},
        "prompt": {"path": [text for _, text in prompts], "loop": False, "position": keys},
        "picture": {"strength": "0.6 - 0.2*onset", "cadence": 1 / 12, "seed": f"0s: 1, {length:.2f}s: {len(prompts)}"},
        "camera": {"zoom": "1.03 + 0.2*kick"},
        "stage": {"punch": "0.04*kick"},
    }
    note = f"liveanim render {quoted(str(audio))[1:-1]} --preset THIS.toml -o OUT.mp4"
    return written(
        tables, [f"Made by liveanim travel from {audio.name}, {part} sound by {reduce}. Play it to that:", note]
    )


def _keys(sound: soundway.Floats, places: Sequence[float], fps: float, part: Part, reduce: Reduce) -> str:
    """Where the journey is, as a schedule: from each prompt to the next by the sound between them."""
    rows: list[tuple[float, float]] = []
    for number, (start, end) in enumerate(itertools.pairwise(places)):
        piece = soundway.part_of(sound[round(start * soundway.RATE) : round(end * soundway.RATE)], part)
        count = max(2, round((end - start) * fps) + 1)
        line = soundway.weights(piece, count, fps, reduce) if len(piece) else np.linspace(0, 1, count)
        # The first picture of a segment is its prompt alone, as the last one of the segment before.
        line = np.concatenate([[0.0], line[1:]])
        rows += [(start + n / fps, number + float(value)) for n, value in enumerate(line[:-1])]
    rows.append((places[-1], len(places) - 1.0))
    kept = [row for n, row in enumerate(rows) if n in (0, len(rows) - 1) or _bends(rows[n - 1], row, rows[n + 1])]
    return ", ".join(f"{time:.3f}s: {value:.4f}" for time, value in kept)


def _bends(before: tuple[float, float], here: tuple[float, float], after: tuple[float, float]) -> bool:
    """Whether a straight line past `here` would miss it by more than can be seen."""
    share = (here[0] - before[0]) / max(1e-9, after[0] - before[0])
    return abs(before[1] + share * (after[1] - before[1]) - here[1]) > 1e-4
