"""Styles: how a motif's layers become a picture. Light is linear until `develop`; later styles work on sRGB.

A picture is (B, 3, H, W) sRGB 0..1. Numbers 100..129 of the canvas belong to the style.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from .canvas import Canvas, Layers, cells, fbm, halo, mix, noise, smooth, turn, wave
from .palettes import STOPS, ramp, to_linear, to_srgb

Colours = Tensor
LUMA = (0.2126, 0.7152, 0.0722)


def luma(picture: Tensor) -> Tensor:
    """Brightness (B, H, W) of a picture."""
    return picture[:, 0] * LUMA[0] + picture[:, 1] * LUMA[1] + picture[:, 2] * LUMA[2]


def slopes(field: Tensor, px: Tensor) -> tuple[Tensor, Tensor]:
    """The field's slope per coordinate unit to the right and down, each (B, H, W)."""
    padded = F.pad(field[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    return (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / (2 * px), (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / (
        2 * px
    )


def blur(picture: Tensor, pixels: float) -> Tensor:
    """A wide soft blur of (B, C, H, W), about `pixels` in radius, made at a smaller size."""
    factor = max(1, round(pixels / 2))
    height, width = picture.shape[-2:]
    small = F.avg_pool2d(picture, factor, ceil_mode=True, count_include_pad=False) if factor > 1 else picture
    for _ in range(3):
        small = F.avg_pool2d(F.pad(small, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    return F.interpolate(small, size=(height, width), mode="bilinear", align_corners=False)


def lit(canvas: Canvas, scene: Layers, colours: Colours, relief: float, gloss: float) -> Tensor:
    """The scene's colours in linear light with relief shading, gloss and haze, before glow. (B, 3, H, W)."""
    base = to_linear(ramp(colours[:, :STOPS], scene.tone))
    gx, gy = slopes(scene.height, canvas.px)
    angle = canvas.pick(100, 0, 2 * math.pi)
    k = relief * 0.12
    nz = torch.rsqrt(1.0 + (gx * k) ** 2 + (gy * k) ** 2)
    lx, ly = torch.cos(angle) * 0.6, torch.sin(angle) * 0.6 - 0.25
    facing = nz * (0.75 - (gx * lx + gy * ly) * k)
    shade = (0.35 + 0.85 * facing).clamp(0.15, 1.9)
    shine = (facing - 0.72).clamp(min=0.0) ** 2 * 6.0 * gloss
    light = to_linear(colours[:, STOPS])[:, :, None, None]
    flat = (gx.abs() + gy.abs() > 0.02).float()
    colour = base * shade[:, None] + (light * 0.5 + 0.5) * (shine * flat)[:, None]
    haze = to_linear(colours[:, 2])[:, :, None, None] * 0.5
    return mix(colour, haze, scene.far[:, None])


def develop(light: Tensor, exposure: float = 1.0) -> Tensor:
    """Linear light of any strength to sRGB 0..1, bright lights rolled off toward white."""
    x = light.clamp(min=0.0) * exposure
    over = (x - 0.8).clamp(min=0.0)
    x = torch.where(x > 0.8, 0.8 + 0.2 * (1 - torch.exp(-over * 2.5)), x)
    spill = (light.amax(dim=1, keepdim=True) - 1.0).clamp(0.0, 3.0) * 0.12
    return to_srgb(x + spill)


def shine(canvas: Canvas, scene: Layers, colours: Colours, relief: float, gloss: float, bloom: float) -> Tensor:
    """A lit scene with its glow and the bloom around it. sRGB."""
    light = to_linear(colours[:, STOPS])[:, :, None, None]
    picture = lit(canvas, scene, colours, relief, gloss) + light * scene.glow[:, None] * 0.9
    bright = (picture - 0.25).clamp(0.0, 2.0)
    pixels = 2.0 / float(canvas.px.flatten()[0]) / 256.0
    soft = blur(bright, 5 * pixels) * 0.6 + blur(bright, 16 * pixels) * 0.5
    return develop(picture + bloom * soft)


def plain(canvas: Canvas, scene: Layers, colours: Colours) -> Tensor:
    """Painted light without a special style, a little darker toward the corners."""
    picture = shine(canvas, scene, colours, 0.8, 0.4, 0.45)
    return picture * (1.04 - 0.16 * (canvas.x**2 + canvas.y**2).clamp(max=2.0))[:, None]


def glowing(canvas: Canvas, scene: Layers, colours: Colours) -> Tensor:
    """Dark, with the bright parts shining and wide bloom."""
    gx, gy = slopes(scene.tone, canvas.px)
    rim = ((gx * gx + gy * gy).sqrt() * 0.045).clamp(max=1.0)
    tone = (scene.tone**1.35 * 0.85).clamp(0, 1)
    hot = Layers(
        tone, scene.glow * 1.3 + rim * 0.55 + 0.5 * smooth(0.55, 1.0, scene.tone), scene.height, scene.far * 0.5
    )
    return shine(canvas, hot, colours, 0.3, 0.2, 1.25)


def neon_lines(canvas: Canvas, scene: Layers, colours: Colours) -> Tensor:
    """Only contours: thin tubes of light on a dark ground."""
    levels = canvas.pick(101, 3.0, 6.0)
    field = scene.tone + 0.25 * scene.glow
    phase = field * levels
    gx, gy = slopes(phase, canvas.px)
    steep = (gx * gx + gy * gy).sqrt() + 0.35
    d = ((torch.frac(phase + 0.5) - 0.5).abs() / steep).clamp(max=0.2)
    gate = smooth(0.5, 1.6, steep)
    tube = halo(d, 0.008) * gate
    air = halo(d, 0.035) * gate
    stops = to_linear(ramp(colours[:, :STOPS], (0.45 + 0.5 * field).clamp(0, 1)))
    calm = 1.0 / (1.0 + 0.02 * steep * steep)
    picture = (
        stops * ((0.25 + 1.25 * calm) * tube + 0.30 * air * calm)[:, None] + to_linear(colours[:, 0])[:, :, None, None]
    )
    picture = picture + to_linear(ramp(colours[:, :STOPS], scene.tone)) * 0.07
    bright = picture.clamp(0.0, 2.0)
    return develop(picture + 0.8 * blur(bright, 7.0))


def inked(canvas: Canvas, scene: Layers, colours: Colours) -> Tensor:
    """Flat colours in a few steps with bold ink lines, like a print."""
    picture = shine(canvas, scene, colours, 0.9, 0.0, 0.1)
    field = F.avg_pool2d(F.pad(luma(picture)[:, None], (2, 2, 2, 2), mode="replicate"), 5, stride=1)[:, 0]
    levels = 5.0
    stepped = ((field * levels).floor() + smooth(0.35, 0.65, torch.frac(field * levels))) / levels
    flat = ramp(colours[:, :STOPS], (stepped * 0.95 + 0.2).clamp(0, 1))
    gx, gy = slopes(field, canvas.px)
    ink = smooth(2.4, 4.2, (gx * gx + gy * gy).sqrt()) * smooth(0.9, 0.5, field)
    hatch_x, _ = turn(canvas.x, canvas.y, canvas.pick(102, 0.5, 1.1))
    hatch = smooth(0.55, 0.75, wave(hatch_x * 80.0)) * smooth(0.16, 0.06, field)
    black = colours[:, 0, :, None, None] * 0.6
    return mix(flat, black, torch.maximum(ink, 0.75 * hatch)[:, None])


def halftone(canvas: Canvas, scene: Layers, colours: Colours) -> Tensor:
    """Printed dots: size follows brightness, colour follows the picture."""
    picture = shine(canvas, scene, colours, 0.9, 0.2, 0.3)
    f = canvas.pick(103, 20.0, 30.0)
    x, y = turn(canvas.x * f, canvas.y * f, canvas.pick(104, 0.3, 1.2))
    u, v = x - x.round(), y - y.round()
    soft = blur(picture, 4.0)
    radius = (luma(soft).clamp(0, 1) ** 0.6) * 0.72
    d = torch.sqrt(u * u + v * v) - radius
    dots = (0.5 - d / (canvas.px * f * 1.4)).clamp(0, 1)
    ground = colours[:, 0, :, None, None] * 0.7 + 0.06 * soft
    vivid = (soft * 1.2 + 0.12 * colours[:, 3, :, None, None]).clamp(0, 1)
    return mix(ground, vivid, dots[:, None])


def pixelated(canvas: Canvas, scene: Layers, colours: Colours) -> Tensor:
    """Coarse square pixels in few colours."""
    picture = shine(canvas, scene, colours, 0.8, 0.3, 0.35)
    height, width = picture.shape[-2:]
    block = max(2, height // 32)
    small = F.interpolate(picture, size=(height // block, width // block), mode="area")
    small = (small * 7.0).round() / 7.0
    return F.interpolate(small, size=(height, width), mode="nearest")


def watercolour(canvas: Canvas, scene: Layers, colours: Colours) -> Tensor:
    """Transparent washes on pale paper with darker edges where they dry."""
    warp = fbm(canvas, canvas.x * 2.5, canvas.y * 2.5, 4)
    tone = (scene.tone + 0.3 * scene.glow).clamp(0, 1)
    soft = blur(tone[:, None], 2.0)[:, 0]
    level = (soft + 0.10 * warp[:, 0]) * 4.0
    step = (level.floor() + smooth(0.35, 0.65, torch.frac(level + 8))) / 4.0
    hue = ramp(colours[:, :STOPS], (0.42 + 0.36 * step).clamp(0, 1))
    hue = hue / hue.amax(dim=1, keepdim=True).clamp(min=0.2)
    gx, gy = slopes(step, canvas.px)
    rim = ((gx * gx + gy * gy).sqrt() * 0.04).clamp(max=0.5)
    density = 0.16 + 1.05 * (1 - step) * (0.75 + 0.35 * warp[:, 1]) + rim
    bloom = smooth(0.25, 0.75, warp[:, 2]) * 0.35
    density = (density * (1 - bloom)).clamp(0.05, 1.8)
    paper = 0.98 - 0.05 * noise(canvas, canvas.x * 40, canvas.y * 40)[:, 0]
    ink = (1.03 - hue * 0.93).clamp(0.03, 1.0)
    return (paper[:, None] * torch.exp(-ink * density[:, None] * 1.5)).clamp(0, 1)


def refract(picture: Tensor, dx: Tensor, dy: Tensor) -> Tensor:
    """The picture sampled at (B, H, W) offsets given in coordinate units (1 = half its height)."""
    height, width = picture.shape[-2:]
    ys = (torch.arange(height, device=picture.device) + 0.5) * 2 / height - 1
    xs = (torch.arange(width, device=picture.device) + 0.5) * 2 / width - 1
    gy, gx = torch.meshgrid(ys, xs, indexing="ij")
    grid = torch.stack([gx + dx * height / width, gy + dy], dim=-1)
    return F.grid_sample(picture, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def glass(canvas: Canvas, scene: Layers, colours: Colours) -> Tensor:
    """Seen through rippled glass: refraction, bright edges and highlights."""
    picture = shine(canvas, scene, colours, 0.7, 0.5, 0.7)
    f = canvas.pick(105, 2.2, 4.0)
    lens = fbm(canvas, canvas.x * f + 5, canvas.y * f, 2)
    field = lens[:, 0] + 0.5 * scene.height
    gx, gy = slopes(F.avg_pool2d(F.pad(field[:, None], (2, 2, 2, 2), mode="replicate"), 5, stride=1)[:, 0], canvas.px)
    bent = [refract(picture, gx * k, gy * k)[:, i] for i, k in enumerate((0.020, 0.024, 0.029))]
    angle = canvas.pick(106, 0, 6.3)
    slope = gx * torch.cos(angle) + gy * torch.sin(angle)
    spark = smooth(2.4, 7.0, slope) * 0.4
    dark = smooth(1.0, 6.0, -slope) * 0.35
    light = mix(colours[:, STOPS], torch.ones(()), 0.5)[:, :, None, None]
    return (torch.stack(bent, 1) * (1 - dark[:, None]) + light * spark[:, None]).clamp(0, 1)


def stained(canvas: Canvas, scene: Layers, colours: Colours) -> Tensor:
    """Stained glass: one colour per pane, dark leading, light from behind."""
    picture = shine(canvas, scene, colours, 0.3, 0.0, 0.4)
    f = canvas.pick(107, 4.5, 7.0)
    c = cells(canvas, canvas.x * f + 11, canvas.y * f + 4, jitter=0.9)
    flat = refract(blur(picture, 3.0), c.dx / f, c.dy / f)
    lead = smooth(0.10, 0.055, (c.second - c.first))
    grain = 0.85 + 0.3 * noise(canvas, canvas.x * 13, canvas.y * 13)[:, 2]
    back = 1.25 - 0.35 * (canvas.x**2 + canvas.y**2).clamp(max=2.0)
    vivid = flat + 0.5 * (flat - luma(flat)[:, None])
    pane = (vivid * 1.15 + 0.06 * colours[:, 3, :, None, None]) * (grain * back * (0.85 + 0.3 * c.tag))[:, None]
    return mix(pane, colours[:, 0, :, None, None] * 0.4, lead[:, None]).clamp(0, 1)


def metallic(canvas: Canvas, scene: Layers, colours: Colours) -> Tensor:
    """Polished metal: a studio reflected in the relief."""
    soft = F.avg_pool2d(
        F.pad((scene.tone * 0.8 + scene.height * 0.4)[:, None], (3, 3, 3, 3), mode="replicate"), 7, stride=1
    )
    gx, gy = slopes(soft[:, 0], canvas.px)
    k = 0.35
    nz = torch.rsqrt(1 + (gx * k) ** 2 + (gy * k) ** 2)
    up = -gy * k * nz + 0.25 * canvas.y
    side = gx * k * nz + 0.25 * canvas.x
    angle = canvas.pick(108, 0, 6.3)
    mirror = up * torch.cos(angle) + side * torch.sin(angle)
    sky = wave(mirror * canvas.pick(109, 4.0, 7.0) + 1.0) ** 1.5
    strip = smooth(0.86, 1.0, wave(mirror * 7.0 + 3.1))
    tone = (0.08 + 0.72 * sky + 0.2 * (scene.tone - 0.4)).clamp(0, 1)
    light = to_linear(ramp(colours[:, :STOPS], tone)) * (0.75 + 0.35 * scene.tone)[:, None]
    picture = light + (strip * 0.55 + scene.glow * 0.3)[:, None] * (
        0.4 + 0.6 * to_linear(colours[:, STOPS])[:, :, None, None]
    )
    return develop(picture + 0.3 * blur((picture - 0.4).clamp(0, 2), 6.0))


def embroidered(canvas: Canvas, scene: Layers, colours: Colours) -> Tensor:
    """Stitched in thread: short strands that follow the shapes."""
    picture = blur(shine(canvas, scene, colours, 0.5, 0.0, 0.2), 2.0)
    f = canvas.pick(110, 26.0, 36.0)
    lean = torch.where(scene.tone > 0.38, canvas.pick(111, 0.4, 0.9), canvas.pick(112, -0.9, -0.3))
    x, y = turn(canvas.x, canvas.y, lean)
    row = (y * f).floor()
    shift = noise(canvas, row * 3.7 + 0.5, row * 0 + 2.5)[:, 0]
    along = x * f * 0.22 + shift * 3
    strand = torch.frac(y * f + 64)
    profile = torch.sqrt((1 - (2 * strand - 1) ** 2).clamp(min=0.02))
    stitch = torch.frac(along + 64)
    ends = smooth(0.0, 0.10, stitch) * smooth(1.0, 0.90, stitch)
    tag = noise(canvas, row + 0.5, along.floor() * 5.1 + 0.5)[:, 1]
    shade = (0.42 + 0.75 * profile * (0.55 + 0.45 * ends)) * (0.82 + 0.36 * tag)
    gleam = 0.16 * profile**4 * halo(stitch - 0.5, 0.2)
    return (
        picture * shade[:, None] + gleam[:, None] * colours[:, 4, :, None, None] * luma(picture)[:, None] * 2
    ).clamp(0, 1)


def faceted(canvas: Canvas, scene: Layers, colours: Colours) -> Tensor:
    """Low-poly: flat triangles, each of one colour and its own light."""
    picture = blur(shine(canvas, scene, colours, 0.9, 0.2, 0.5), 3.0)
    f = canvas.pick(113, 4.5, 7.0)
    warp = noise(canvas, canvas.x * f * 0.5, canvas.y * f * 0.5)
    x = canvas.x * f + (warp[:, 0] - 0.5) * 1.0
    y = canvas.y * f + (warp[:, 1] - 0.5) * 1.0
    skew = (x + y) * 0.3660254
    ix, iy = (x + skew).floor(), (y + skew).floor()
    back = (ix + iy) * 0.21132487
    u, v = x - ix + back, y - iy + back
    upper = (u > v).float()
    cx = (0.333 + 0.333 * upper) + ix - (ix + iy + 1.0) * 0.21132487
    cy = (0.333 + 0.333 * (1 - upper)) + iy - (ix + iy + 1.0) * 0.21132487
    flat = refract(picture, (cx - x) / f, (cy - y) / f)
    tag = noise(canvas, ix * 3.1 + upper * 0.5, iy * 4.3 + 0.25)[:, 2]
    return (flat * (0.78 + 0.5 * tag)[:, None] + 0.03 * tag[:, None]).clamp(0, 1)


def oil(canvas: Canvas, scene: Layers, colours: Colours) -> Tensor:
    """Oil paint: thick strokes along a slow field, with ridges that catch the light."""
    picture = shine(canvas, scene, colours, 0.8, 0.2, 0.4)
    flow = fbm(canvas, canvas.x * 0.9 + 3, canvas.y * 0.9, 2)[:, 1] * 3.0
    x, y = turn(canvas.x, canvas.y, flow.mean(dim=(1, 2), keepdim=True))
    bend = flow * 0.12
    c = cells(canvas, x * 5.5 + bend, (y + bend) * 17.0, jitter=1.0)
    back = flow.mean(dim=(1, 2), keepdim=True)
    dx, dy = turn(c.dx / 5.5, c.dy / 17.0, -back)
    stroke = refract(picture, dx * 0.9, dy * 0.9)
    bristle = noise(canvas, x * 7, (y + bend) * 75)[:, 3]
    ridge = smooth(0.0, 0.3, c.second - c.first)
    shade = 0.82 + 0.16 * bristle + 0.14 * ridge + 0.16 * (c.tag - 0.5)
    return (stroke * shade[:, None] * 1.03).clamp(0, 1)


STYLES = {
    "plain": plain,
    "glowing": glowing,
    "neon lines": neon_lines,
    "inked": inked,
    "halftone": halftone,
    "pixelated": pixelated,
    "watercolour": watercolour,
    "glass": glass,
    "stained glass": stained,
    "metallic": metallic,
    "embroidered": embroidered,
    "faceted": faceted,
    "oil": oil,
}
