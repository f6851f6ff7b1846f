"""What the ears heard in a file as a PNG: waveform, spectrum, lamps, levels and tempo over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .core.errors import UserError
from .core.model import FFT, Features
from .plot import save, ticks

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

COLUMNS = 1500  # of the plot proper
_LEFT, _RIGHT, _TOP, _GAP, _FOOT = 96, 24, 56, 16, 40
_ROWS = {"wave": 170, "spectrum": 170, "lamps": 120, "levels": 210, "tempo": 120}
_PAPER, _PANEL, _GRID, _INK, _FAINT = (16, 18, 24), (22, 25, 33), (44, 48, 60), (214, 218, 228), (128, 134, 150)
LAMPS = {"onset": (232, 236, 244), "kick": (255, 92, 92), "snare": (255, 200, 64), "hat": (96, 220, 255)}
LEVELS = {"rms": (232, 236, 244), "bass": (255, 92, 138), "mid": (255, 190, 90), "high": (96, 200, 255)}
_WAVE, _TEMPO, _BEAT = (96, 156, 255), (130, 230, 150), (130, 230, 150)
_HEAT = np.array([(16, 18, 24), (48, 24, 92), (150, 34, 110), (236, 96, 64), (255, 224, 130)], dtype=float)
BANDS = 96


@dataclass(slots=True)
class SoundLog:
    """Everything of a stretch of sound that the picture needs: fed in order, kept small."""

    rate: int
    times: list[float] = field(default_factory=list)
    rows: list[tuple[float, ...]] = field(default_factory=list)  # LEVELS, bpm, confidence of each hop
    events: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in (*LAMPS, "beat")})
    spectra: list[NDArray[np.uint8]] = field(default_factory=list)  # every other hop
    blocks: list[tuple[float, float]] = field(default_factory=list)  # (lowest, highest) sample of each 5 ms

    def sound(self, mono: NDArray[np.float32]) -> None:
        """The next samples; all but the last call give a whole number of 5 ms blocks."""
        size = max(1, self.rate // 200)
        for part in np.split(mono, range(size, len(mono), size)):
            if len(part):
                self.blocks.append((float(part.min()), float(part.max())))

    def take(self, hops: Iterable[Features]) -> None:
        """The next hops."""
        for hop in hops:
            self.times.append(hop.time)
            self.rows.append((*(hop.values.get(name, 0.0) for name in LEVELS), hop.bpm, hop.confidence))
            found = (hop.onsets, hop.kicks, hop.snares, hop.hats, hop.beats)
            for name, times in zip(self.events, found, strict=True):
                self.events[name].extend(times)
            if len(self.times) % 2:
                self.spectra.append(_octaves(hop.fft))

    @property
    def seconds(self) -> float:
        return self.times[-1] if self.times else 0.0


def _octaves(fft: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(256,) magnitudes -> (BANDS,) levels over 60 dB, 0..255, on a scale of octaves."""
    at = np.geomspace(0.7, FFT - 1, BANDS)
    db = 20.0 * np.log10(np.maximum(np.interp(at, np.arange(FFT), fft), 1e-6))
    return np.asarray(np.clip(1.0 + db / 60.0, 0.0, 1.0) * 255, dtype=np.uint8)


def columns(values: NDArray[np.floating], count: int) -> NDArray[np.float64]:
    """(n,) or (n, k) -> the greatest of each of `count` equal stretches; values are repeated where n is smaller."""
    starts = np.arange(count) * len(values) // count
    return np.asarray(np.maximum.reduceat(values, starts, axis=0), dtype=np.float64)


def draw(log: SoundLog, path: Path, title: str) -> None:
    """Writes the picture. UserError when there was less than a hop of sound, or where it cannot be written."""
    from PIL import Image, ImageDraw, ImageFont

    if not log.times or not log.blocks:
        raise UserError("there is nothing to draw: no sound in it")
    height = _TOP + sum(_ROWS.values()) + _GAP * (len(_ROWS) - 1) + _FOOT
    picture = Image.new("RGB", (_LEFT + COLUMNS + _RIGHT, height), _PAPER)
    pen = ImageDraw.Draw(picture)
    small, large = ImageFont.load_default(13), ImageFont.load_default(20)
    tops = {}
    y = _TOP
    for name, tall in _ROWS.items():
        pen.rectangle([_LEFT, y, _LEFT + COLUMNS - 1, y + tall - 1], _PANEL)
        tops[name] = y
        y += tall + _GAP
    pen.text((_LEFT, 28), title, _INK, large, anchor="lm")
    picture.paste(Image.fromarray(_heat(log)).resize((COLUMNS, _ROWS["spectrum"])), (_LEFT, tops["spectrum"]))
    _time_lines(pen, log.seconds, height, small)
    _draw_wave(pen, log, tops["wave"])
    _draw_lamps(pen, log, tops["lamps"])
    _draw_curves(pen, log, tops["levels"])
    _draw_tempo(pen, log, tops["tempo"])
    labels: Mapping[str, list[tuple[str, tuple[int, ...]]]] = {
        "wave": [("waveform", _WAVE)],
        "spectrum": [("spectrum", _HEAT_INK)],
        "lamps": list(LAMPS.items()),
        "levels": list(LEVELS.items()),
        "tempo": [("BPM", _TEMPO), ("beats", _FAINT)],
    }
    for name, words in labels.items():
        step = _ROWS[name] / len(words) if name == "lamps" else 20
        first = step / 2 if name == "lamps" else 12
        for n, (word, colour) in enumerate(words):
            pen.text((_LEFT - 12, tops[name] + first + n * step), word, colour, small, anchor="rm")
    save(picture, path)


_HEAT_INK = (236, 96, 64)


def _x(log: SoundLog, time: float) -> float:
    return _LEFT + COLUMNS * time / log.seconds


def _time_lines(pen: ImageDraw, seconds: float, height: int, font: object) -> None:
    for time in ticks(0.0, seconds, 12):
        x = _LEFT + COLUMNS * time / seconds
        if x < _LEFT + COLUMNS:
            pen.line([(x, _TOP), (x, height - _FOOT)], _GRID)
        pen.text((x, height - _FOOT + 8), f"{time:g} s", _FAINT, font, anchor="ma")  # type: ignore[arg-type]


def _draw_wave(pen: ImageDraw, log: SoundLog, top: int) -> None:
    tall = _ROWS["wave"]
    blocks = np.array(log.blocks)
    high, low = columns(blocks[:, 1], COLUMNS), -columns(-blocks[:, 0], COLUMNS)
    scale = 0.48 * tall / max(1e-6, float(np.abs(blocks).max()))
    for n in range(COLUMNS):
        middle = top + tall / 2
        pen.line([(_LEFT + n, middle - high[n] * scale), (_LEFT + n, middle - low[n] * scale)], _WAVE)
    for time in log.events["onset"]:
        pen.line([(_x(log, time), top), (_x(log, time), top + 10)], LAMPS["onset"])


def _heat(log: SoundLog) -> NDArray[np.uint8]:
    """(BANDS, COLUMNS, 3) the spectrum over time, low at the bottom."""
    levels = columns(np.array(log.spectra), COLUMNS).T[::-1] / 255.0
    at = np.arange(len(_HEAT)) / (len(_HEAT) - 1)
    return np.stack([np.interp(levels, at, _HEAT[:, k]) for k in range(3)], axis=-1).astype(np.uint8)


def _draw_lamps(pen: ImageDraw, log: SoundLog, top: int) -> None:
    tall = _ROWS["lamps"] / len(LAMPS)
    for row, (name, colour) in enumerate(LAMPS.items()):
        y = top + row * tall
        pen.line([(_LEFT, y + tall - 1), (_LEFT + COLUMNS, y + tall - 1)], _GRID)
        for time in log.events[name]:
            pen.rectangle([_x(log, time), y + 4, _x(log, time) + 2, y + tall - 5], colour)


def _draw_curves(pen: ImageDraw, log: SoundLog, top: int) -> None:
    tall = _ROWS["levels"]
    rows = columns(np.array(log.rows), COLUMNS)
    for k, colour in enumerate(LEVELS.values()):
        points = [(_LEFT + n, top + tall - 6 - (tall - 12) * value) for n, value in enumerate(rows[:, k])]
        pen.line(points, colour, 1)


def _draw_tempo(pen: ImageDraw, log: SoundLog, top: int) -> None:
    tall, rows = _ROWS["tempo"], np.array(log.rows)
    bpm = rows[:, len(LEVELS)][rows[:, len(LEVELS) + 1] > 0.3]
    low, high = (float(bpm.min()) - 4, float(bpm.max()) + 4) if len(bpm) else (60.0, 180.0)
    for value in ticks(low, high, 3):
        y = top + tall - tall * (value - low) / (high - low)
        pen.line([(_LEFT, y), (_LEFT + COLUMNS, y)], _GRID)
        pen.text((_LEFT + 6, y - 2), f"{value:g}", _FAINT, anchor="lb")
    for time in log.events["beat"]:
        pen.line([(_x(log, time), top + tall - 14), (_x(log, time), top + tall)], _FAINT)
    run: list[tuple[float, float]] = []
    for time, row in zip(log.times, log.rows, strict=True):
        if row[-1] > 0.3:
            run.append((_x(log, time), top + tall - tall * (row[-2] - low) / (high - low)))
        elif len(run) > 1:
            pen.line(run, _TEMPO, 2)
            run = []
    if len(run) > 1:
        pen.line(run, _TEMPO, 2)
