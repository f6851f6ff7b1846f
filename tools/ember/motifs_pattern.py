"""Motifs made of ornament and matter: mandalas, cells, marble, hexagons, circuits, crystals and the like.

Each takes a Canvas (B pictures) and returns Layers. Numbers 0..59 of the canvas belong to the motif.
"""

from __future__ import annotations

import math

import torch

from .canvas import (
    Canvas,
    Layers,
    cells,
    edge,
    fbm,
    fold,
    halo,
    layers,
    line,
    mix,
    noise,
    polar,
    ridged,
    smooth,
    turn,
    wave,
)


def waves(canvas: Canvas) -> Layers:
    """Layered waves, one behind the other, with bright crests."""
    x, y = canvas.x, canvas.y
    tone = 0.10 + 0.12 * smooth(-1.0, 0.4, y)
    glow = torch.zeros_like(x)
    height = torch.zeros_like(x)
    amplitude = canvas.pick(0, 0.07, 0.19)
    for k in range(8):
        depth = k / 7.0
        f = canvas.pick(1, 1.6, 3.6) * (1.25 - 0.5 * depth)
        crest = -0.75 + 1.65 * depth + amplitude * torch.sin(x * f + canvas.pick(4 + k, 0, 6.3))
        crest = crest + amplitude * 0.45 * torch.sin(x * f * 2.3 + canvas.pick(14 + k, 0, 6.3))
        d = y - crest
        inside = edge(canvas, -d)
        shade = (0.14 + 0.5 * depth) + 0.42 * torch.exp(-d.clamp(min=0.0) * 6.0) - 0.12 * smooth(0.0, 0.5, d)
        tone = mix(tone, shade, inside)
        glow = mix(glow, 0.45 * halo(d, 0.018), inside)
        height = mix(height, torch.exp(-d.clamp(min=0.0) * 8.0) * 0.5, inside)
    return layers(tone, glow=glow, height=height, far=0.35 * smooth(0.3, -1.0, y))


def mandala(canvas: Canvas) -> Layers:
    """Rings of petals, arcs and dots around a centre, in n-fold symmetry."""
    x, y = turn(canvas.x, canvas.y, canvas.pick(0, 0, 6.3))
    r, a = polar(x, y)
    n = canvas.count(1, 6, 16)
    ink = torch.zeros_like(x)
    fill = 0.06 + 0.1 * torch.exp(-r)
    for k in range(6):
        base = 0.1 + 0.155 * k
        parts = n * (1.0 if k < 3 else 2.0)
        af = fold(a + (math.pi / parts) * (k % 2), parts)
        tall = canvas.pick(4 + k, 0.14, 0.26)
        half = (base + 0.1) * torch.tan(math.pi / parts) * canvas.pick(11 + k, 0.75, 1.25)
        t = ((r - base) / tall).clamp(0.0, 1.0)
        shape = half * torch.sin(math.pi * t ** canvas.pick(18 + k, 0.55, 1.5))
        d = (r - base).abs().clamp(max=0.0) + r * torch.sin(af) - shape
        within = smooth(0.0, 0.01, r - base) * smooth(base + tall + 0.01, base + tall, r)
        petal = edge(canvas, d) * within
        fill = mix(fill, 0.18 + 0.5 * canvas.pick(25 + k) * (1 - t) + 0.2 * t, petal)
        ink = torch.maximum(ink, line(canvas, d, 0.004) * within)
        ink = torch.maximum(ink, line(canvas, d + 0.022, 0.002) * within * 0.7)
        ink = torch.maximum(ink, line(canvas, r - base, 0.004) * 0.8)
        dots, _ = polar(r * torch.cos(af) - (base + tall * 0.62), r * torch.sin(af))
        ink = torch.maximum(ink, edge(canvas, dots - 0.016) * canvas.chance(32 + k, 0.7))
    core = halo(r, 0.05)
    tone = fill * smooth(1.35, 0.9, r) + 0.72 * ink + 0.3 * core
    return layers(tone, glow=ink * 0.35 * torch.exp(-r * 0.6) + core * 0.9, height=fill + ink * 0.4)


def living_cells(canvas: Canvas) -> Layers:
    """Living cells with bright membranes and dim nuclei."""
    f = canvas.pick(0, 1.8, 3.6)
    warp = fbm(canvas, canvas.x * 1.6, canvas.y * 1.6, 2) * 0.22
    c = cells(canvas, canvas.x * f + warp[:, 0], canvas.y * f + warp[:, 1], jitter=0.8)
    border = c.second - c.first
    wall = halo(border, canvas.pick(1, 0.05, 0.09))
    kernel = smooth(0.19, 0.11, torch.sqrt((c.dx + 0.1 * (c.tag - 0.5)) ** 2 + (c.dy + 0.1 * (c.tag2 - 0.5)) ** 2))
    inner = smooth(0.0, 0.5, border)
    grain = noise(canvas, canvas.x * 22, canvas.y * 22)[:, 0]
    tone = 0.06 + 0.30 * inner * (0.4 + 0.6 * c.tag) * (0.7 + 0.5 * grain) + 0.55 * wall + 0.38 * kernel
    return layers(tone, glow=wall**2 * 0.45 + kernel * 0.25, height=-c.first + 0.5 * kernel)


def bubbles(canvas: Canvas) -> Layers:
    """Soap bubbles of many sizes with bright rims and highlights."""
    x, y = canvas.x, canvas.y
    tone = 0.10 + 0.16 * smooth(1.0, -1.0, y + 0.4 * fbm(canvas, x, y, 3)[:, 0])
    glow = torch.zeros_like(x)
    height = torch.zeros_like(x)
    aspect = canvas.x.amax(dim=(1, 2), keepdim=True)
    for k in range(18):
        size = 0.07 + 0.42 * canvas.pick(k, 0, 1) ** 2.2 * (0.35 + 0.65 * k / 17)
        dx = x - canvas.pick(20 + k, -1.05, 1.05) * aspect
        dy = y - canvas.pick(40 + k, -1.05, 1.05)
        r, _ = polar(dx / size, dy / size)
        inside = edge(canvas, (r - 1.0) * size)
        rim = inside * r.clamp(max=1.0) ** 7
        shine = halo(torch.sqrt((dx / size + 0.38) ** 2 + (dy / size + 0.42) ** 2), 0.13) ** 2
        under = smooth(0.55, 0.9, r) * smooth(-0.2, 0.9, (dx + dy) / (size * 1.4)) * 0.4
        tone = mix(tone, tone * 0.72 + 0.06 + 0.62 * rim + under * 0.5 + 0.7 * shine, inside)
        glow = glow * (1 - 0.5 * inside) + inside * (0.55 * shine + 0.3 * rim**2)
        height = mix(height, torch.sqrt((1.0 - r * r).clamp(min=0.0)) * 0.5, inside * 0.6)
    return layers(tone, glow=glow, height=height * 0.2)


def marble(canvas: Canvas) -> Layers:
    """Polished marble with flowing veins."""
    x, y = turn(canvas.x, canvas.y, canvas.pick(0, 0, 3.14))
    f = canvas.pick(1, 0.7, 1.3)
    a = fbm(canvas, x * f, y * f, 5)
    b = fbm(canvas, x * f * 1.2 + 1.4 * a[:, 0], y * f * 1.2 + 1.4 * a[:, 1], 5)
    vein = ridged(b[:, 0] * 1.5) ** 5
    thin = ridged(b[:, 1] * 1.9 + 0.2) ** 9
    flow = wave(x * 2.2 + 4.2 * b[:, 2] + 2.0 * a[:, 3])
    tone = 0.12 + 0.46 * flow + 0.14 * b[:, 3] + 0.42 * vein * (0.4 + 0.6 * flow) + 0.3 * thin
    return layers(tone, glow=0.4 * vein**2 + 0.25 * thin, height=b[:, 0] * 0.12)


def hexagons(canvas: Canvas) -> Layers:
    """A honeycomb of bevelled tiles, some of them lit."""
    f = canvas.pick(0, 3.0, 6.5)
    x, y = turn(canvas.x * f, canvas.y * f, canvas.pick(1, 0, 1.05))
    s3 = math.sqrt(3.0)
    ax, ay = torch.remainder(x, 1.0) - 0.5, torch.remainder(y, s3) - s3 / 2
    bx, by = torch.remainder(x - 0.5, 1.0) - 0.5, torch.remainder(y - s3 / 2, s3) - s3 / 2
    first = (ax * ax + ay * ay) < (bx * bx + by * by)
    dx, dy = torch.where(first, ax, bx), torch.where(first, ay, by)
    cx, cy = x - dx, y - dy
    rim = 0.5 - torch.maximum(dx.abs(), 0.5 * dx.abs() + dy.abs() * (s3 / 2))
    tag = noise(canvas, cx * 7.31 + 0.5, cy * 5.17 + 0.5)
    sweep = smooth(-0.7, 0.9, fbm(canvas, cx / f * 1.1, cy / f * 1.1, 2)[:, 1])
    lit = smooth(0.55, 0.72, tag[:, 0] * 0.6 + sweep * 0.5)
    soft = canvas.px * f
    gap = smooth(0.03, 0.03 + 2.0 * soft, rim)
    bevel = smooth(0.17, 0.03, rim)
    tilt = (dx * 0.7 - dy) * 0.5
    tone = gap * (0.14 + 0.34 * tag[:, 1] * sweep + 0.5 * lit + 0.22 * bevel * (0.5 - dy * 1.6) + 0.15 * tilt)
    return layers(
        tone + 0.02, glow=lit * gap * 0.3 * (1 - bevel) + (1 - gap) * 0.18 * sweep, height=rim.clamp(max=0.15) * 3
    )


def circuit(canvas: Canvas) -> Layers:
    """A circuit board: traces that turn on a grid, pads and glowing chips."""
    f = canvas.pick(0, 4.0, 7.0)
    x, y = canvas.x * f + canvas.pick(1, 0, 9), canvas.y * f + canvas.pick(2, 0, 9)
    traces = torch.zeros_like(x)
    pads = torch.zeros_like(x)
    live = torch.zeros_like(x)
    for k, zoom in enumerate((1.0, 2.0)):
        gx, gy = x * zoom, y * zoom
        ix, iy = gx.floor(), gy.floor()
        u, v = gx - ix - 0.5, gy - iy - 0.5
        tag = noise(canvas, ix + 0.001 + 20 * k, iy + 0.001)
        flip = torch.where(tag[:, 0] > 0.5, 1.0, -1.0)
        uu = u * flip
        bend = torch.minimum((uu + v + 0.5).abs(), (uu + v - 0.5).abs()) / math.sqrt(2.0)
        straight = torch.where(tag[:, 1] > 0.5, u.abs(), v.abs())
        d = torch.where(tag[:, 2] > 0.62, straight, bend) / (zoom * f)
        pad_r, _ = polar(u, v)
        pad_d = (pad_r - 0.2) / (zoom * f)
        has = (tag[:, 3] > 0.72).float()
        width = 0.011 / zoom**0.6
        traces = torch.maximum(traces, line(canvas, d, width) * (1.0 if k == 0 else 0.55))
        pads = torch.maximum(pads, has * (edge(canvas, pad_d) - 0.8 * edge(canvas, pad_d + 0.1 / (zoom * f))))
        live = torch.maximum(live, halo(d, 0.02 / zoom) * smooth(0.5, 0.8, noise(canvas, gx * 0.23, gy * 0.23)[:, k]))
    chip = noise(canvas, (x / 3).floor() + 0.001, (y / 3).floor() + 0.001 + 9)[:, 0] > 0.8
    cu, cv = torch.remainder(x, 3.0) - 1.5, torch.remainder(y, 3.0) - 1.5
    body = edge(canvas, (torch.maximum(cu.abs(), cv.abs()) - 0.95) / f) * chip.float()
    pins = (
        edge(canvas, (torch.maximum(cu.abs(), cv.abs()) - 1.15) / f)
        * chip.float()
        * (wave(cu * 26) * wave(cv * 26) < 0.3)
    )
    tone = mix(0.12 + 0.5 * traces + 0.55 * pads + 0.25 * live, 0.12 + 0.08 * wave(cv * 9), body)
    tone = tone + 0.6 * pins.float() * (1 - body)
    return layers(tone, glow=0.6 * live * (1 - body) + pads * 0.25, height=traces * 0.4 + pads * 0.4 + body * 0.6)


def crystals(canvas: Canvas) -> Layers:
    """Clustered crystals with flat, differently lit faces."""
    x, y = canvas.x - canvas.pick(0, -0.3, 0.3), canvas.y - canvas.pick(1, 0.2, 0.9)
    r, a = polar(x, y)
    f = canvas.pick(2, 3.0, 5.0)
    c = cells(canvas, a * f, torch.log(r + 0.15) * canvas.pick(3, 1.6, 2.6) + 7.0, jitter=0.95)
    border = c.second - c.first
    angle = c.tag * 6.3
    slope = c.dx * torch.cos(angle) + c.dy * torch.sin(angle)
    half = torch.where(c.dx + 0.25 * (c.tag2 - 0.5) > 0, 0.16, -0.1)
    face = 0.12 + 0.55 * c.tag2**1.5 + 0.5 * slope + half
    seam = halo(border, 0.03)
    inner = ridged(fbm(canvas, x * 3.2, y * 3.2, 3)[:, 0] + slope) ** 6
    light = torch.exp(-r * 1.3)
    tone = (face + 0.16 * inner) * (0.55 + 0.7 * light) + 0.5 * seam * (0.4 + 0.6 * light)
    return layers(
        tone, glow=0.45 * seam * light + 0.5 * halo(r, 0.14) + 0.2 * face.clamp(min=0) ** 3, height=slope * 0.8
    )


def coral(canvas: Canvas) -> Layers:
    """Labyrinth coral: winding walls that grow from a slow pattern."""
    f = canvas.pick(0, 1.3, 2.1)
    x, y = canvas.x * f, canvas.y * f
    w = fbm(canvas, x, y, 3)
    bend = 1.1 * w[:, 0] + 0.25 * torch.sin(3 * x + 2 * w[:, 1])
    phase = (bend * 4.2 + w[:, 2] * 2.0) * canvas.pick(1, 1.6, 2.6)
    ridge = wave(phase)
    wall = smooth(0.25, 0.8, ridge)
    polyp = cells(canvas, x * 9, y * 9, jitter=0.7)
    bumps = smooth(0.5, 0.05, polyp.first) * wall
    tone = 0.06 + 0.5 * wall * (0.65 + 0.35 * w[:, 3]) + 0.28 * bumps + 0.1 * smooth(0.75, 1.0, ridge)
    return layers(tone, glow=0.22 * bumps**2 + 0.16 * smooth(0.8, 1.0, ridge), height=ridge * 0.6 + bumps * 0.25)


def lace(canvas: Canvas) -> Layers:
    """Fine lace: a doily of threads, loops and eyelets."""
    x, y = turn(canvas.x, canvas.y, canvas.pick(0, 0, 6.3))
    r, a = polar(x, y)
    n = canvas.count(1, 8, 14)
    ink = torch.zeros_like(x)
    ring = canvas.pick(2, 0.16, 0.22)
    band = (r / ring).floor()
    t = r / ring - band
    odd = torch.remainder(band, 2.0)
    parts = n * (1.0 + (band > 1).float() + (band > 3).float() * 2.0)
    af = fold(a + odd * math.pi / parts, parts)
    side = r * torch.sin(af)
    wide = (r * math.pi / parts).clamp(min=0.02)
    arc = (t - torch.cos((side / wide).clamp(0, 1) * math.pi / 2) * 0.85).abs() * ring
    mesh = torch.minimum(side, (wide - side).abs() * 0.9)
    eye_r, _ = polar(side, (t - 0.4) * ring)
    for d, w, power in ((arc, 0.008, 1.0), (mesh, 0.0035, 0.75), ((t.minimum(1 - t)) * ring, 0.006, 0.9)):
        ink = torch.maximum(ink, line(canvas, d, w) * power)
    ink = torch.maximum(ink, line(canvas, eye_r - wide * 0.3, 0.006))
    net_x, net_y = turn(x, y, 0.785)
    net = torch.maximum(wave(net_x * 75.0), wave(net_y * 75.0)) ** 6 * 0.28
    fade = smooth(1.25, 0.9, r)
    back = 0.07 + 0.08 * fbm(canvas, x, y, 3)[:, 0].abs()
    tone = back + (0.78 * ink + net * smooth(0.1, 0.3, t)) * fade
    return layers(tone, glow=ink * 0.16 + 0.5 * halo(r, 0.05), height=ink * 0.7)


def splashes(canvas: Canvas) -> Layers:
    """Splashes of paint with fingers and drops, one over another."""
    x, y = canvas.x, canvas.y
    tone = 0.05 + 0.05 * fbm(canvas, x * 2, y * 2, 3)[:, 3]
    height = torch.zeros_like(x)
    glow = torch.zeros_like(x)
    for k in range(7):
        dx, dy = x - canvas.pick(k, -0.85, 0.85), y - canvas.pick(8 + k, -0.8, 0.8)
        r, a = polar(dx, dy)
        size = canvas.pick(16 + k, 0.2, 0.42)
        ca, sa = torch.cos(a), torch.sin(a)
        ring = noise(canvas, ca * 2.2 + 9 * k, sa * 2.2 + 5.0)
        finger = noise(canvas, ca * 4.5 + 9 * k, sa * 4.5 + 2.0)[:, 1] ** 3
        d = (r - size * (0.5 + 0.6 * ring[:, 0] + 1.1 * finger)) * 0.7
        drops = cells(canvas, dx * 5 + 3.0 * k, dy * 5, jitter=0.9)
        reach = smooth(size * 3.6, size * 1.2, r) * (drops.tag2 > 0.4)
        d = torch.minimum(d, (drops.first - 0.38 * drops.tag * reach) / 5)
        inside = edge(canvas, d)
        lip = smooth(-0.045, -0.008, d)
        shade = canvas.pick(24 + k, 0.3, 0.95) * (0.95 - 0.25 * lip) + 0.06 * ring[:, 2]
        tone = mix(tone * (1 - 0.5 * halo(d.clamp(min=0), 0.03)), shade, inside)
        height = mix(height, smooth(0.0, -0.06, d) * 0.9, inside)
        glow = mix(glow, 0.12 * (1 - lip), inside)
    return layers(tone, glow=glow, height=height)


def kaleidoscope(canvas: Canvas) -> Layers:
    """A kaleidoscope of shards and beads in n mirrors."""
    r, a = polar(canvas.x, canvas.y)
    n = canvas.count(0, 3, 8)
    af = fold(a + canvas.pick(1, 0, 6.3), n)
    x, y = r * torch.cos(af) + canvas.pick(2, 0, 9), r * torch.sin(af) + canvas.pick(3, 0, 9)
    f = canvas.pick(4, 2.2, 3.6)
    warp = fbm(canvas, x * 1.2, y * 1.2, 3)
    c = cells(canvas, x * f + 0.3 * warp[:, 0], y * f + 0.3 * warp[:, 1], jitter=1.0)
    seam = smooth(0.05, 0.02, c.second - c.first)
    band = wave(x * 9.0 + 3.0 * warp[:, 2])
    bead = smooth(0.2, 0.16, c.first) * (c.tag2 > 0.5)
    face = 0.12 + 0.75 * c.tag**1.4 * (0.6 + 0.4 * band) + 0.25 * bead
    tone = face * (1 - 0.85 * seam)
    return layers(tone, glow=0.3 * bead * c.tag + 0.7 * halo(r, 0.07) + 0.15 * c.tag**4, height=-c.first * 0.7)


def scales(canvas: Canvas) -> Layers:
    """Overlapping dragon scales with shining rims."""
    f = canvas.pick(0, 3.0, 6.0)
    x, y = turn(canvas.x, canvas.y, canvas.pick(1, -0.5, 0.5))
    x, y = x * f, y * f * 1.5
    best = torch.zeros_like(x)
    tone = torch.full_like(x, 0.05)
    height = torch.zeros_like(x)
    for row in (2.0, 1.0, 0.0):
        iy = y.floor() + row
        ix = torch.floor(x + 0.5 * torch.remainder(iy, 2.0))
        dx = x + 0.5 * torch.remainder(iy, 2.0) - ix - 0.5
        dy = (y - iy + 0.15) / 1.5 - 0.0
        r, _ = polar(dx, dy)
        d = (r - 0.66) / f
        inside = edge(canvas, torch.maximum(d, -(y - iy + 1.2) / f))
        tag = noise(canvas, ix * 3.7 + 0.5, iy * 2.9 + 0.5)[:, 0]
        rim = smooth(0.5, 0.64, r)
        shade = (
            0.14
            + 0.45 * tag * smooth(0.7, -0.1, dy)
            + 0.42 * rim * (0.5 + dy)
            + 0.2 * halo(dx, 0.05) * smooth(0.6, 0, r)
        )
        tone = mix(tone, shade, inside)
        height = mix(height, 0.5 - r * 0.7, inside)
        best = mix(best, rim * 0.25 * tag, inside)
    sweep = 0.6 + 0.5 * fbm(canvas, canvas.x, canvas.y, 2)[:, 1]
    return layers(tone * (0.55 + 0.7 * sweep), glow=best, height=height)


def knots(canvas: Canvas) -> Layers:
    """Interwoven bands that pass over and under each other."""
    f = canvas.pick(0, 1.6, 3.2)
    x, y = turn(canvas.x, canvas.y, canvas.pick(1, 0, 1.57))
    x, y = x * f + 20.0, y * f + 20.0
    wob = canvas.pick(2, 0.15, 0.38)
    a_d = torch.remainder(y + wob * torch.sin(x * math.pi), 1.0) - 0.5
    b_d = torch.remainder(x + wob * torch.sin(y * math.pi), 1.0) - 0.5
    over = torch.remainder(torch.floor(x + 0.5) + torch.floor(y + 0.5), 2.0)
    half = canvas.pick(3, 0.22, 0.32)
    tone = torch.full_like(x, 0.04)
    height = torch.zeros_like(x)
    for turn_, first in ((0, True), (1, False), (2, True)):
        d = a_d if first else b_d
        on = torch.ones_like(x) if turn_ < 2 else over
        profile = torch.sqrt((1 - (d / half) ** 2).clamp(min=0.0))
        inside = edge(canvas, (d.abs() - half) / f) * on
        shadow = halo(((d.abs() - half) / f).clamp(min=0.0), 0.03) * on
        strands = 0.75 + 0.25 * wave(d / half * 9.4)
        tone = mix(tone * (1 - 0.6 * shadow), (0.2 + 0.62 * profile) * strands * (1.0 if first else 0.8), inside)
        height = mix(height, profile * 0.5, inside)
    return layers(tone, glow=0.12 * tone**3, height=height)


PATTERN = {
    "waves": waves,
    "mandala": mandala,
    "cells": living_cells,
    "bubbles": bubbles,
    "marble": marble,
    "hexagons": hexagons,
    "circuit": circuit,
    "crystals": crystals,
    "coral": coral,
    "lace": lace,
    "splashes": splashes,
    "kaleidoscope": kaleidoscope,
    "scales": scales,
    "knots": knots,
}
