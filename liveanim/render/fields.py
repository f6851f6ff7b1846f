"""Moving height fields, the brush of the paint renderer.

Every field has one shape: `field(view, t, drive) -> (height, width) float32, about 0..1`, a pure function of its
arguments. `t` is show time in seconds, `drive` the mapping of audio signals (0 where silent).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.floating]
TILE = 512


@dataclass(frozen=True, slots=True)
class View:
    """The canvas of a field: x and y in picture heights from the centre, polar r and a (turns), the noise tile."""

    x: Plane
    y: Plane
    r: Plane
    turns: Plane
    tile: Plane
    seed: int

    def noise(self, x: Plane, y: Plane, scale: float) -> Plane:
        """Smooth tileable noise about 0..1 at (x, y); one tile spans 4 / scale picture heights."""
        step = TILE * scale / 4
        places = _wrapped(x, step), _wrapped(y, step)
        return np.asarray(cv2.remap(self.tile, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), np.float32)

    def chance(self, *key: int) -> np.random.Generator:
        """Random numbers that depend on the seed and `key` only."""
        return np.random.Generator(np.random.Philox(np.random.SeedSequence([self.seed, *key])))


def _wrapped(places: Plane, step: float) -> Plane:
    scaled = places * np.float32(step)
    return scaled - np.floor(scaled * np.float32(1 / TILE)) * np.float32(TILE)


@lru_cache(maxsize=8)
def noise_tile(seed: int) -> Plane:
    """(TILE, TILE) tileable cloud noise, 0..1 with mean about 0.5, from the seed alone."""
    white = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, 7]))).standard_normal((TILE, TILE))
    frequency = np.hypot(np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None]) * TILE
    weight = np.where(frequency > 0, 1 / np.maximum(frequency, 3.0) ** 1.75, 0) * np.exp(-((frequency / 110) ** 2))
    cloud = np.fft.irfft2(np.fft.rfft2(white) * weight, s=(TILE, TILE))
    tile = np.clip(0.5 + cloud / cloud.std() * 0.2, 0, 1).astype(np.float32)
    tile.flags.writeable = False
    return tile


@lru_cache(maxsize=4)
def view(width: int, height: int, seed: int) -> View:
    """The canvas of a width x height picture."""
    x, y = np.meshgrid(
        (np.arange(width, dtype=np.float32) + 0.5 - width / 2) / height,
        (np.arange(height, dtype=np.float32) + 0.5 - height / 2) / height,
    )
    turns = np.arctan2(y, x) / np.float32(2 * np.pi)
    return View(x, y, np.hypot(x, y), turns.astype(np.float32), noise_tile(seed), seed)


def silk(v: View, t: float, drive: Mapping[str, float]) -> Plane:
    """Folded cloth: noise bent twice by noise, with its folds drawn as ridges."""
    bend = np.float32(0.75 + 0.5 * drive.get("bass", 0.0))
    qx, qy = v.noise(v.x + 0.05 * t, v.y, 0.7), v.noise(v.x + 1.7, v.y - 0.06 * t, 0.7)
    rx = v.noise(v.x + bend * qx + 0.03 * t, v.y + bend * qy, 1.0)
    ry = v.noise(v.x + bend * qy + 2.3, v.y + bend * qx - 0.04 * t, 1.0)
    folded = v.noise(v.x + 1.3 * rx, v.y + 1.3 * ry, 1.3)
    ridges = 1 - np.abs(np.sin(np.float32(9) * (rx + 0.5 * folded)))
    return 0.5 * folded + 0.3 * (1 - np.abs(2 * ry - 1)) + 0.22 * ridges


def plasma(v: View, t: float, drive: Mapping[str, float]) -> Plane:
    """Crossing waves that drift through each other, contoured like oil on water."""
    bent_x = v.x + 0.6 * v.noise(v.x, v.y + 0.05 * t, 0.9)
    bent_y = v.y + 0.6 * v.noise(v.y - 0.04 * t, v.x, 0.9)
    waves = np.sin(6 * bent_x + 0.9 * t) + np.sin(8 * bent_y - 0.7 * t) + np.sin(5 * (bent_x + bent_y) + 0.5 * t)
    films = np.sin(waves * np.float32(3.2 + 1.5 * drive.get("bass", 0.0)) + np.float32(0.6 * t))
    return (0.5 + 0.1 * waves + 0.22 * films).astype(np.float32)


def tunnel(v: View, t: float, drive: Mapping[str, float]) -> Plane:
    """A flight down a ribbed tube toward a far light."""
    x, y = v.x - np.float32(0.06 * np.sin(0.6 * t)), v.y - np.float32(0.05 * np.cos(0.47 * t))
    r = np.hypot(x, y) + np.float32(0.03)
    depth = np.float32(0.45) / r + np.float32(1.1 * t)
    around = np.abs(np.arctan2(y, x)) / np.float32(np.pi)
    bent = v.noise(depth * 0.5, around * 2, 0.7)
    ribs = 0.5 + 0.5 * np.sin(np.float32(4.4) * depth + np.float32(5) * bent)
    panels = 0.5 + 0.5 * np.cos(np.float32(12 * np.pi) * (around + np.float32(0.06) * depth))
    grain = v.noise(depth * 0.8, around * 3, 1.6)
    far = np.exp(-np.square(r * np.float32(9 - 3 * drive.get("bass", 0.0))))
    return ((0.5 * ribs * ribs + 0.2 * panels + 0.45 * grain) * np.clip(r * 2.6, 0, 1) + 0.9 * far).astype(np.float32)


def mandala(v: View, t: float, drive: Mapping[str, float]) -> Plane:
    """Petals about the centre, breathing."""
    folds = int(v.chance(1).integers(5, 10))
    sector = np.abs(np.mod(v.turns * folds + 0.02 * t * folds, 1) - 0.5).astype(np.float32) * 2
    r = v.r * np.float32(1 - 0.12 * drive.get("bass", 0.0))
    bend = v.noise(sector * 0.5, r * 1.5 - 0.12 * t, 0.8)
    petals = np.cos(np.float32(np.pi) * sector + 9 * r - 1.1 * t) + np.cos(22 * r - 3 * sector + 0.8 * t)
    return (0.5 + 0.17 * petals + 0.55 * (bend - 0.5)).astype(np.float32)


def waves(v: View, t: float, drive: Mapping[str, float]) -> Plane:
    """A swell seen across the water."""
    swell = 0.16 + 0.14 * drive.get("bass", 0.0)
    depth = np.clip(v.y + 0.75, 0.12, None)
    far_x, far_y = v.x / depth, np.float32(0.8) / depth + np.float32(0.35 * t)
    bent = v.noise(far_x * 0.7, far_y * 0.8, 0.6)
    crest = np.sin(np.float32(7) * far_y + np.float32(9) * bent + np.float32(1.3) * np.sin(far_x + np.float32(0.3 * t)))
    foam = v.noise(far_x + swell * crest, far_y * 1.5, 1.1)
    return (0.32 + 0.24 * crest * np.abs(crest) + 0.4 * foam).astype(np.float32)


def cells(v: View, t: float, drive: Mapping[str, float]) -> Plane:
    """Bubbles that crowd each other: distances to drifting points."""
    rng = v.chance(2)
    spots, phase, speed = rng.random((26, 2)), rng.random((26, 2)) * 6.28, 0.2 + 0.3 * rng.random((26, 2))
    span = np.array([float(v.x.max()) * 2.3, 1.15])
    places = (spots - 0.5) * span + 0.09 * np.sin(phase + speed * t)
    nearest = np.full(v.x.shape, 9, np.float32)
    second = nearest.copy()
    bent_x, bent_y = v.x + 0.1 * v.noise(v.x, v.y, 0.8), v.y + 0.1 * v.noise(v.y, v.x, 0.8)
    for px, py in places.astype(np.float32):
        distance = np.square(bent_x - px) + np.square(bent_y - py)
        np.minimum(second, np.maximum(nearest, distance), out=second)
        np.minimum(nearest, distance, out=nearest)
    wall = np.sqrt(second) - np.sqrt(nearest)
    return np.clip(0.95 - 3.2 * np.sqrt(nearest) * (1 - 0.4 * drive.get("bass", 0.0)), 0, 1) * np.clip(wall * 9, 0, 1)


def spiral(v: View, t: float, drive: Mapping[str, float]) -> Plane:
    """Arms of a galaxy."""
    arms = int(v.chance(3).integers(2, 5))
    log_r = np.log(v.r + np.float32(0.04))
    twist = np.mod(v.turns * arms + 0.75 * log_r - 0.11 * t, 1).astype(np.float32)
    dust = v.noise(v.x * 1.2 + 0.5 * np.cos(6.28 * twist), v.y * 1.2 + 0.03 * t, 1.2)
    arm = 0.5 + 0.5 * np.cos(np.float32(6.2832) * twist)
    core = np.exp(-v.r * np.float32(4.5 - 1.5 * drive.get("bass", 0.0)))
    return (0.75 * arm * (0.35 + 0.9 * dust) * np.exp(-0.9 * v.r) + 0.75 * core + 0.12 * dust).astype(np.float32)


def flames(v: View, t: float, drive: Mapping[str, float]) -> Plane:
    """Tongues that rise and tear."""
    rise = np.float32(0.6 * t)
    bend = v.noise(v.x * 1.3, v.y * 0.8 + rise * 0.8, 1.0) - np.float32(0.5)
    licks = v.noise(v.x * 1.9 + bend * (0.9 + 0.6 * drive.get("bass", 0.0)), v.y * 0.8 + rise, 1.2)
    sparks = v.noise(v.x * 2 + bend, v.y * 1.6 + rise * 1.7, 2.2)
    lean = np.clip(v.y + np.float32(0.55), 0, 1.05)
    heat = np.clip(licks * (0.5 + 0.8 * lean) + 0.22 * lean + 0.25 * (sparks - 0.5) - 0.24, 0, 1)
    return (heat * heat * (3 - 2 * heat)).astype(np.float32)


Field = Callable[[View, float, Mapping[str, float]], Plane]
_TABLE: dict[str, tuple[Field, str]] = {
    "silk": (silk, "silk marble smoke cloud clouds cloth velvet nebula sky dream fluid ink ribbons jellyfish"),
    "plasma": (plasma, "plasma acid psychedelic lava stripes moire liquid oil knots abstract"),
    "tunnel": (tunnel, "tunnel tube corridor portal vortex hyperspace cave techno circuit city"),
    "mandala": (mandala, "mandala flower flowers kaleidoscope rose lace temple eye star rays butterfly"),
    "waves": (waves, "waves wave ocean sea water dunes sand desert mountains landscape synthwave sunset"),
    "cells": (cells, "cells bubbles bubble coral crystals crystal stones glass hexagons shards scales"),
    "spiral": (spiral, "spiral galaxy stars space starfield planet cosmic universe swirl rings"),
    "flames": (flames, "fire flame flames inferno lightning forest grass feathers aurora rain"),
}
NAMES = tuple(_TABLE)
_WORDS = {word: name for name, (_, words) in reversed(_TABLE.items()) for word in (*words.split(), name)}


def field_of(text: str) -> str:
    """The field that `text` asks for: one named outright, else by the first known word; any text gives one, always."""
    words = re.findall(r"[a-z]+", text.lower())
    named = [word for word in words if word in _TABLE]
    known = [_WORDS[word] for word in words if word in _WORDS]
    return next(iter(named + known), NAMES[zlib.crc32(" ".join(reversed(words)).encode()) % len(NAMES)])


def field(name: str) -> Field:
    """The field called `name`."""
    return _TABLE[name][0]
