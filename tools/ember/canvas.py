"""A batch of blank canvases: coordinates, per-picture random numbers and noise, all on one device.

Shapes: B pictures of H x W pixels. Fields are (B, H, W) float32; scalars per picture are (B, 1, 1).
Coordinates: y runs -1 (top) to 1 (bottom), x to the right in the same unit, so circles are round at any aspect.
Everything about a picture follows from its own seed: neither the batch it is in nor the device changes it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

LATTICE = 64
CHANNELS = 4
NUMBERS = 160


@dataclass(frozen=True)
class Canvas:
    """Coordinates x, y (B, H, W), pixel size px (B, 1, 1), numbers u (B, NUMBERS) 0..1, lattice (B, 4, 65, 65) 0..1."""

    x: Tensor
    y: Tensor
    px: Tensor
    u: Tensor
    lattice: Tensor

    def pick(self, index: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        """The picture's own number `index`, between low and high, as (B, 1, 1)."""
        return (low + (high - low) * self.u[:, index]).view(-1, 1, 1)

    def count(self, index: int, low: int, high: int) -> Tensor:
        """The picture's own whole number low..high (both included) as (B, 1, 1) float."""
        return (low + (self.u[:, index] * (high - low + 1)).floor().clamp(max=high - low)).view(-1, 1, 1)

    def chance(self, index: int, probability: float) -> Tensor:
        """1.0 with that probability, else 0.0, as (B, 1, 1)."""
        return (self.u[:, index] < probability).float().view(-1, 1, 1)

    def at(self, x: Tensor, y: Tensor, scale: Tensor | float = 1.0) -> Canvas:
        """The same canvas seen through other coordinates; `scale` is how much larger a pixel has become."""
        return replace(self, x=x, y=y, px=self.px * scale)

    def shifted(self, columns: int) -> Canvas:
        """The same canvas with its random numbers rotated by `columns`: another drawing from the same seed."""
        return replace(self, u=torch.roll(self.u, columns, 1), lattice=torch.roll(self.lattice, 1, 1))


def numbers(seed: int) -> tuple[Tensor, Tensor]:
    """The random numbers (NUMBERS,) and the noise lattice (4, 65, 65) of one picture, both 0..1, from its seed."""
    generator = torch.Generator().manual_seed(seed)
    u = torch.rand(NUMBERS, generator=generator)
    lattice = torch.rand(CHANNELS, LATTICE, LATTICE, generator=generator)
    return u, F.pad(lattice[None], (0, 1, 0, 1), mode="circular")[0]


def blank(seeds: list[int], height: int, width: int, device: torch.device | str = "cpu") -> Canvas:
    """Canvases for these seeds."""
    pairs = [numbers(seed) for seed in seeds]
    u = torch.stack([pair[0] for pair in pairs]).to(device)
    lattice = torch.stack([pair[1] for pair in pairs]).to(device)
    step = 2.0 / height
    ys = (torch.arange(height, device=device) + 0.5) * step - 1.0
    xs = (torch.arange(width, device=device) + 0.5) * step - width / height
    y, x = torch.meshgrid(ys, xs, indexing="ij")
    full = (len(seeds), height, width)
    return Canvas(x.expand(full), y.expand(full), torch.full((len(seeds), 1, 1), step, device=device), u, lattice)


def smooth(low: Tensor | float, high: Tensor | float, value: Tensor) -> Tensor:
    """Smoothstep: 0 below low, 1 above high (low > high falls instead)."""
    t = ((value - low) / (high - low)).clamp(0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def edge(canvas: Canvas, distance: Tensor, soft: float = 1.0) -> Tensor:
    """Anti-aliased inside: 1 where distance < 0, 0 outside, over `soft` pixels."""
    return (0.5 - distance / (canvas.px * (1.0 + soft))).clamp(0.0, 1.0)


def line(canvas: Canvas, distance: Tensor, width: Tensor | float) -> Tensor:
    """An anti-aliased line of that half width around distance 0."""
    return edge(canvas, distance.abs() - width)


def halo(distance: Tensor, reach: Tensor | float) -> Tensor:
    """Light that falls off from distance 0: 1 at 0, about 0.1 at three reaches."""
    d = distance / reach
    return 1.0 / (1.0 + d * d)


def mix(a: Tensor, b: Tensor, amount: Tensor | float) -> Tensor:
    """a where amount is 0, b where it is 1."""
    return a + (b - a) * amount


def wave(phase: Tensor) -> Tensor:
    """A cosine between 0 and 1, 1 at phase 0, period 2 pi."""
    return 0.5 + 0.5 * torch.cos(phase)


def turn(x: Tensor, y: Tensor, angle: Tensor | float) -> tuple[Tensor, Tensor]:
    """Coordinates rotated by angle (radians)."""
    angle = torch.as_tensor(angle, device=x.device)
    c, s = torch.cos(angle), torch.sin(angle)
    return c * x - s * y, s * x + c * y


def polar(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Radius and angle (-pi..pi)."""
    return torch.sqrt(x * x + y * y + 1e-8), torch.atan2(y, x)


def fold(angle: Tensor, parts: Tensor | float) -> Tensor:
    """The angle folded into one of `parts` equal mirrored sectors: 0 on a sector's axis, up to pi/parts at its edge."""
    sector = 2.0 * math.pi / parts
    return (torch.remainder(angle + sector / 2, sector) - sector / 2).abs()


def noise(canvas: Canvas, x: Tensor, y: Tensor) -> Tensor:
    """Four independent smooth value noises with features of size 1: (B, 4, H, W), 0..1."""
    xi, yi = x.floor(), y.floor()
    fx, fy = x - xi, y - yi
    sx = fx * fx * (3.0 - 2.0 * fx)
    sy = fy * fy * (3.0 - 2.0 * fy)
    gx = (torch.remainder(xi, LATTICE) + sx) * (2.0 / LATTICE) - 1.0
    gy = (torch.remainder(yi, LATTICE) + sy) * (2.0 / LATTICE) - 1.0
    grid = torch.stack([gx, gy], dim=-1)
    return F.grid_sample(canvas.lattice, grid, mode="bilinear", align_corners=True, padding_mode="border")


def fbm(canvas: Canvas, x: Tensor, y: Tensor, octaves: int = 4, gain: float = 0.5) -> Tensor:
    """Four fractal noises (B, 4, H, W) about 0, mostly within -1..1."""
    total = torch.zeros(())
    weight, scale = 1.0, 0.0
    for octave in range(octaves):
        cos, sin = math.cos(0.7 * octave), math.sin(0.7 * octave)
        f = 2.03**octave
        layer = noise(canvas, (cos * x - sin * y) * f + 17.3 * octave, (sin * x + cos * y) * f + 9.1 * octave)
        total = layer * weight if octave == 0 else total + layer * weight
        scale += weight
        weight *= gain
    return (total / scale - 0.5) * 2.6


def ridged(field: Tensor) -> Tensor:
    """Sharp crests where a field about 0 crosses 0: 1 on the crest, falling to 0."""
    return (1.0 - field.abs() * 1.6).clamp(0.0, 1.0)


@dataclass(frozen=True)
class Cells:
    """Distances to the nearest and second nearest cell centre, vector to the nearest, and two numbers of that cell."""

    first: Tensor
    second: Tensor
    dx: Tensor
    dy: Tensor
    tag: Tensor
    tag2: Tensor


def cells(canvas: Canvas, x: Tensor, y: Tensor, jitter: float = 0.85) -> Cells:
    """Worley cells of about size 1 around points taken from the picture's lattice."""
    size = canvas.lattice.shape[-1]
    flat = canvas.lattice.flatten(2)
    xi, yi = x.floor(), y.floor()
    fx, fy = x - xi, y - yi
    best = Cells(*(torch.full_like(x, 9.0) for _ in range(6)))
    for oy in (-1, 0, 1):
        for ox in (-1, 0, 1):
            index = torch.remainder(yi + oy, LATTICE) * size + torch.remainder(xi + ox, LATTICE)
            point = flat.gather(2, index.long().flatten(1)[:, None].expand(-1, 4, -1)).unflatten(2, x.shape[1:])
            dx = ox + 0.5 + (point[:, 0] - 0.5) * jitter - fx
            dy = oy + 0.5 + (point[:, 1] - 0.5) * jitter - fy
            d = torch.sqrt(dx * dx + dy * dy)
            near = d < best.first
            best = Cells(
                torch.minimum(d, best.first),
                torch.where(near, best.first, torch.minimum(best.second, d)),
                torch.where(near, dx, best.dx),
                torch.where(near, dy, best.dy),
                torch.where(near, point[:, 2], best.tag),
                torch.where(near, point[:, 3], best.tag2),
            )
    return best


@dataclass(frozen=True)
class Layers:
    """What a motif draws, each (B, H, W): tone 0..1 (place on the palette, 0 is its dark end), glow >= 0 (added
    light), height (relief for shading, about -1..1), far 0..1 (haze)."""

    tone: Tensor
    glow: Tensor
    height: Tensor
    far: Tensor


def layers(tone: Tensor, glow: Tensor | None = None, height: Tensor | None = None, far: Tensor | None = None) -> Layers:
    """Layers with the missing ones filled in: no glow, relief from tone, no haze."""
    zero = torch.zeros_like(tone)
    return Layers(
        tone.clamp(0.0, 1.0),
        zero if glow is None else glow.clamp(min=0.0),
        tone if height is None else height,
        zero if far is None else far.clamp(0.0, 1.0),
    )
