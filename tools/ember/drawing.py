"""Draws a batch of specs: composition, one or two motifs, palette, style.

`draw` gives (B, 3, H, W) float32 sRGB 0..1. A spec's picture depends on nothing but the spec and the size.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .canvas import Canvas, Layers, blank, fbm, fold, mix, noise, polar, smooth, turn
from .motifs_light import LIGHT
from .motifs_nature import NATURE
from .motifs_pattern import PATTERN
from .palettes import PALETTES, table
from .styles import STYLES

MOTIFS = {**LIGHT, **PATTERN, **NATURE}
COMPOSITIONS = ("plain", "centred", "tiled", "mirrored", "kaleidoscopic", "close-up", "wide")
PLAIN_STYLE, PLAIN_COMPOSITION, BLENDED = 0.5, 0.72, 0.08


@dataclass(frozen=True)
class Spec:
    """One picture: names from MOTIFS, PALETTES, STYLES, COMPOSITIONS; `second` is "" or a motif that is blended in."""

    motif: str
    palette: str
    style: str
    composition: str
    seed: int
    second: str = ""


def compose(canvas: Canvas, composition: str) -> Canvas:
    """The canvas with the coordinates the composition asks for."""
    x, y = canvas.x, canvas.y
    if composition == "tiled":
        n = canvas.count(130, 2, 3)
        size = 2.0 / n
        return canvas.at(_repeat(x, size) * n, _repeat(y, size) * n, n)
    if composition == "mirrored":
        return canvas.at(x.abs() * 1.0 - 0.25, y)
    if composition == "kaleidoscopic":
        r, a = polar(x, y)
        af = fold(a + canvas.pick(131, 0, 6.3), canvas.count(132, 3, 6))
        return canvas.at(r * torch.cos(af) * 1.2 - 0.45, r * torch.sin(af) * 1.2 - 0.1, 1.2)
    if composition == "close-up":
        zoom = canvas.pick(133, 0.42, 0.6)
        return canvas.at(x * zoom + canvas.pick(134, -0.15, 0.15), y * zoom + canvas.pick(135, -0.15, 0.15), zoom)
    if composition == "wide":
        zoom = canvas.pick(133, 1.5, 1.9)
        return canvas.at(x * zoom, y * zoom, zoom)
    if composition == "centred":
        return canvas.at(x * 1.12, y * 1.12, 1.12)
    return canvas


def _repeat(value: Tensor, size: Tensor) -> Tensor:
    """The coordinate folded into mirrored tiles of that size, about 0."""
    t = torch.remainder(value + size / 2, 2 * size)
    return torch.where(t < size, t - size / 2, 1.5 * size - t)


def finish_layers(canvas: Canvas, scene: Layers, composition: str) -> Layers:
    """Dark surroundings for centred pictures."""
    if composition != "centred":
        return scene
    r = (canvas.x**2 + canvas.y**2).sqrt()
    inside = smooth(1.12, 0.72, r)
    return Layers(scene.tone * inside, scene.glow * inside, scene.height * inside, scene.far * inside)


def blend(canvas: Canvas, a: Layers, b: Layers) -> Layers:
    """Two motifs in one picture: b shows through a in soft regions, and its light everywhere."""
    field = fbm(canvas, canvas.x * 0.8 + 31, canvas.y * 0.8, 2)[:, 2]
    show = smooth(-0.35, 0.35, field + 0.25 * (b.tone - a.tone))
    tone = mix(torch.maximum(a.tone, 0.7 * b.tone), torch.maximum(b.tone, 0.7 * a.tone), show)
    return Layers(tone, a.glow + b.glow * 0.8, mix(a.height, b.height, show), mix(a.far, b.far, show))


def _scene(seeds: list[int], motif: str, second: str, composition: str, size: tuple[int, int], device: str) -> tuple:
    canvas = blank(seeds, *size, device)
    view = compose(canvas, composition)
    tilt = canvas.chance(136, 0.3) * canvas.pick(137, -0.12, 0.12)
    view = view.at(*turn(view.x, view.y, tilt))
    scene = MOTIFS[motif](view)
    if second:
        scene = blend(canvas, scene, MOTIFS[second](view.shifted(60)))
    return canvas, finish_layers(canvas, scene, composition)


def colours_for(specs: Sequence[Spec], canvas: Canvas) -> Tensor:
    """Each picture's palette (B, 6, 3), nudged a little so that no two are quite alike."""
    base = torch.stack([table(spec.palette) for spec in specs]).to(canvas.u.device)
    gain = 1.0 + 0.10 * (canvas.u[:, 140:143] - 0.5)
    level = 1.0 + 0.14 * (canvas.u[:, 143:144] - 0.5)
    return (base * (gain * level)[:, None, :]).clamp(0.0, 1.0)


def draw(specs: Sequence[Spec], height: int = 256, width: int | None = None, device: str = "cpu") -> Tensor:
    """Pictures (B, 3, height, width) sRGB 0..1, in the order of specs. Specs that share a motif, composition and
    style are drawn together."""
    size = (height, width or height)
    groups: dict[tuple[str, str, str, str], list[int]] = defaultdict(list)
    for index, spec in enumerate(specs):
        groups[spec.motif, spec.second, spec.composition, spec.style].append(index)
    out = torch.empty((len(specs), 3, *size), device=device)
    for (motif, second, composition, style), members in groups.items():
        chosen = [specs[i] for i in members]
        canvas, scene = _scene([s.seed for s in chosen], motif, second, composition, size, device)
        picture = STYLES[style](canvas, scene, colours_for(chosen, canvas))
        grain = noise(canvas, canvas.x * 97.0, canvas.y * 97.0)[:, 3] - 0.5
        out[members] = (picture + 0.012 * grain[:, None]).clamp(0.0, 1.0)
    return out


def random_spec(generator: torch.Generator) -> Spec:
    """A random spec. Most show one motif plainly: what a motif is has to be learned first."""
    motif, palette = _one(list(MOTIFS), generator), _one(list(PALETTES), generator)
    style = "plain" if _uniform(generator) < PLAIN_STYLE else _one([s for s in STYLES if s != "plain"], generator)
    composition = "plain" if _uniform(generator) < PLAIN_COMPOSITION else _one(list(COMPOSITIONS[1:]), generator)
    second = _one([m for m in MOTIFS if m != motif], generator) if _uniform(generator) < BLENDED else ""
    seed = int(torch.randint(0, 2**31 - 1, (), generator=generator))
    return Spec(motif, palette, style, composition, seed, second)


def _uniform(generator: torch.Generator) -> float:
    return float(torch.rand((), generator=generator))


def _one(names: list[str], generator: torch.Generator) -> str:
    return names[math.floor(_uniform(generator) * len(names)) % len(names)]
