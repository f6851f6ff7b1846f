"""Motifs of landscape and life: clouds, sea, mountains, forest, city, dunes, flowers, feathers, eyes, jellyfish.

Each takes a Canvas (B pictures) and returns Layers. Numbers 0..59 of the canvas belong to the motif.
"""

from __future__ import annotations

import math

import torch

from .canvas import Canvas, Layers, edge, fbm, fold, halo, layers, line, mix, noise, polar, ridged, smooth, turn, wave
from .motifs_light import stars


def clouds(canvas: Canvas) -> Layers:
    """Towering clouds lit from one side."""
    f = canvas.pick(0, 0.9, 1.5)
    x, y = canvas.x * f, canvas.y * f * 1.35
    w = fbm(canvas, x, y, 3)
    low = fbm(canvas, x + 0.5 * w[:, 0], y + 0.5 * w[:, 1], 5)[:, 2]
    lx = canvas.pick(1, -0.16, 0.16)
    lit = fbm(canvas, x + lx + 0.5 * w[:, 0], y - 0.16 + 0.5 * w[:, 1], 5)[:, 2]
    bank = smooth(-1.1, 0.8, canvas.y) * canvas.pick(2, 0.3, 1.0)
    density = smooth(-0.25, 0.45, low + 0.5 * bank - 0.2)
    shade = 0.48 + 1.1 * (low - lit) + 0.3 * smooth(0.0, 0.8, low)
    sky = 0.12 + 0.24 * smooth(-1.0, 1.0, canvas.y)
    sun = halo(torch.sqrt((canvas.x - lx * 5) ** 2 + (canvas.y + 0.7) ** 2), 0.25)
    tone = mix(sky + 0.5 * sun, shade.clamp(0.08, 1.0), density)
    return layers(tone, glow=sun * 0.4 * (1 - 0.6 * density) + 0.12 * shade.clamp(min=0) ** 3, height=low * 0.15)


def ocean(canvas: Canvas) -> Layers:
    """An open sea with a low moon or sun and its glitter on the water."""
    horizon = canvas.pick(0, -0.25, 0.1)
    x, y = canvas.x, canvas.y
    below = (y - horizon).clamp(min=1e-3)
    depth = 0.5 / (below + 0.02)
    sea = edge(canvas, horizon - y)
    swell = fbm(canvas, x * depth * 0.9, depth * 4.2, 4)
    ripple = swell[:, 0] + 0.5 * fbm(canvas, x * depth * 2.6, depth * 9.0, 2)[:, 1]
    mx, my = canvas.pick(1, -0.6, 0.6), horizon - canvas.pick(2, 0.12, 0.55)
    radius = canvas.pick(3, 0.1, 0.2)
    r, _ = polar(x - mx, y - my)
    disk = edge(canvas, r - radius)
    path = torch.exp(-(((x - mx) / (0.10 + 0.5 * below)) ** 2))
    glitter = smooth(0.05, 0.75, ripple + 0.35 * path) * path
    haze = torch.exp(-(r - radius).clamp(min=0) * 3.2)
    cloud = fbm(canvas, x * 1.3, y * 4.0, 4)[:, 3]
    sky = 0.16 + 0.4 * haze + 0.12 * smooth(0.0, 0.7, cloud) + 0.12 * smooth(-0.9, 0.0, y - horizon)
    water = 0.10 + 0.2 * smooth(-0.5, 0.9, ripple) + 0.16 * torch.exp(-below * 6) + 0.62 * glitter
    tone = mix(mix(sky, torch.full_like(x, 0.97), disk), water, sea)
    glow = (disk * 0.7 + haze**2 * 0.4) * (1 - sea) + 0.6 * glitter * sea
    return layers(tone, glow=glow, height=ripple * 0.2 * sea)


def mountains(canvas: Canvas) -> Layers:
    """Ranges of mountains in haze, one behind the other, under a sun or moon."""
    x, y = canvas.x, canvas.y
    r, _ = polar(x - canvas.pick(0, -0.6, 0.6), y + canvas.pick(1, 0.25, 0.7))
    sun = edge(canvas, r - canvas.pick(2, 0.08, 0.2))
    haze = torch.exp(-r * 1.9)
    tone = 0.2 + 0.42 * haze + 0.14 * smooth(-0.8, 0.4, y) + 0.6 * sun
    glow = 0.75 * sun + 0.35 * haze**2 + 0.5 * stars(canvas, 9, 0.007, x, y) * smooth(0.0, -0.7, y)
    height = torch.zeros_like(x)
    for k in range(6):
        depth = k / 5.0
        f = 0.8 + 0.55 * canvas.pick(4 + k, 0.6, 1.4)
        profile = fbm(canvas, x * f + 13.0 * k, torch.full_like(x, 3.3 * k), 6, gain=0.48)[:, k % 4]
        top = -0.28 + 0.95 * depth - (profile * 0.42 + 0.1) * (1.1 - 0.55 * depth)
        d = y - top
        inside = edge(canvas, -d)
        rock = fbm(canvas, x * 3.5 + 5.0 * k, (y - top) * 2.2 + profile * 2, 4)[:, 0]
        snow = smooth(0.22, 0.0, d + 0.12 * rock) * (1 - depth) * smooth(0.1, -0.3, top)
        ridge = 0.44 * (1 - depth) ** 1.2 + 0.03 + 0.07 * rock * (1.2 - depth) + 0.4 * snow
        mist = 0.22 * (1 - depth) * smooth(0.0, 0.5, d)
        tone = mix(tone, ridge + mist, inside)
        glow = mix(glow, 0.12 * halo(d, 0.012) * haze, inside)
        height = mix(height, rock * 0.3 * (1.1 - depth), inside)
    return layers(tone, glow=glow, height=height)


def forest(canvas: Canvas) -> Layers:
    """Tall trunks in mist with light coming through."""
    x, y = canvas.x, canvas.y
    lx = canvas.pick(0, -0.5, 0.5)
    r, a = polar(x - lx, y + canvas.pick(1, 0.2, 0.8))
    beams = noise(canvas, a * 7, r * 0.3)[:, 0]
    light = torch.exp(-r * 1.1) * (0.65 + 0.6 * beams)
    tone = 0.12 + 0.75 * light
    glow = 0.5 * light**2
    height = torch.zeros_like(x)
    for k in range(5):
        depth = k / 4.0
        f = 8.5 - 6.2 * depth
        bend = 0.12 * fbm(canvas, torch.full_like(y, 4.0 + k), y * 0.5, 2)[:, 1]
        gx = (x + bend) * f + 7.3 * k + canvas.pick(2 + k, 0, 9)
        ix = gx.floor()
        tag = noise(canvas, ix + 0.001, torch.full_like(ix, 3.001 + k))
        dx = gx - ix - 0.5 + (tag[:, 0] - 0.5) * 0.5
        half = (0.08 + 0.14 * tag[:, 1]) * (1.0 + 0.3 * smooth(0.3, 1.0, y) + 0.12 * smooth(0.6, 1.0, y))
        inside = edge(canvas, (dx.abs() - half) / f) * (tag[:, 2] > 0.3)
        bark = noise(canvas, gx * 5, y * 1.4)[:, 2]
        rim = smooth(0.2, 1.0, dx / half * torch.sign(lx - x))
        shade = 0.34 * (1 - depth) ** 1.1 + 0.02 + 0.07 * bark + 0.4 * rim * light + 0.12 * (1 - depth) * light
        tone = mix(tone, shade, inside)
        glow = glow * (1 - 0.75 * inside)
        height = mix(height, -((dx / half) ** 2) * 0.4 + bark * 0.2, inside)
    leaves = fbm(canvas, x * 3.2, y * 3.2, 5)[:, 3] + 1.5 * smooth(-0.35, -1.1, y) + 1.3 * smooth(0.75, 1.05, y) - 0.75
    leaf = smooth(0.0, 0.12, leaves)
    dapple = fbm(canvas, x * 9, y * 9, 2)[:, 0]
    tone = mix(tone, 0.08 + 0.2 * light + 0.16 * smooth(0, 0.8, dapple) * (0.4 + light), leaf)
    return layers(tone, glow=glow * (1 - 0.8 * leaf), height=height * (1 - leaf) + leaf * dapple * 0.3)


def city(canvas: Canvas) -> Layers:
    """A skyline at night: towers with lit windows before a glowing sky."""
    x, y = canvas.x, canvas.y
    base = canvas.pick(0, 0.55, 0.95)
    mist = torch.exp(-(base - y).clamp(min=0) * 1.5)
    r, _ = polar(x - canvas.pick(1, -0.6, 0.6), y + 0.45)
    moon = edge(canvas, r - canvas.pick(2, 0.1, 0.22)) * canvas.chance(3, 0.6)
    tone = 0.08 + 0.5 * mist + 0.75 * moon
    glow = moon * 0.6 + 0.2 * mist**3 + stars(canvas, 9, 0.007, x, y) * 0.8 * (1 - mist)
    height = torch.zeros_like(x)
    for k in range(3):
        f = 6.5 - 1.7 * k
        gx = x * f + 5.7 * k + canvas.pick(4 + k, 0, 9)
        ix = gx.floor()
        tag = noise(canvas, ix + 0.001, torch.full_like(ix, 6.001 + 2 * k))
        u = gx - ix
        tall = (0.25 + 0.85 * tag[:, 0] ** 1.3) * (1.1 - 0.22 * k)
        top = base + 0.12 * k - tall
        step = 0.12 * tag[:, 1] * ((u - 0.5).abs() > 0.3)
        gap = 0.04 + 0.1 * tag[:, 2]
        mast = edge(canvas, ((u - 0.5).abs() - 0.012) / f) * (y > top - 0.14) * (tag[:, 3] > 0.7)
        wall = edge(canvas, top + step - y) * edge(canvas, (gap - u.minimum(1 - u)) / f)
        inside = torch.maximum(wall, mast)
        rows, cols = (y * (15.0 - 2.0 * k)), u * (5.0 + 3.0 * tag[:, 1]).floor()
        key = noise(canvas, ix * 3.3 + cols.floor() + 0.001, rows.floor() + 0.001 + 11 * k)[:, 1]
        pane_d = torch.maximum((torch.frac(cols) - 0.5).abs() - 0.28, (torch.frac(rows + 64) - 0.5).abs() - 0.27)
        lit = edge(canvas, pane_d / 14.0) * (key > 0.55) * wall * (0.4 + 0.6 * smooth(0.5, 0.9, key))
        shade = 0.2 * (1 - k / 2.0) * mist + 0.03 + 0.1 * smooth(0.3, 1.0, (u - 0.5) * 2)
        tone = mix(tone, shade + 0.72 * lit, inside)
        glow = mix(glow, 0.55 * lit, inside)
        height = mix(height, -u * 0.3, inside)
    return layers(tone, glow=glow, height=height * 0.2)


def dunes(canvas: Canvas) -> Layers:
    """Sand dunes with sharp crests, shadowed lee sides and wind ripples."""
    x, y = canvas.x, canvas.y
    r, _ = polar(x - canvas.pick(0, -0.7, 0.7), y + 0.75)
    tone = 0.3 + 0.5 * torch.exp(-r * 1.6) + 0.3 * edge(canvas, r - 0.12)
    glow = 0.5 * edge(canvas, r - 0.12) + 0.3 * torch.exp(-r * 2.2)
    height = torch.zeros_like(x)
    for k in range(6):
        depth = k / 5.0
        f = canvas.pick(2 + k, 0.7, 1.6) * (1.35 - 0.6 * depth)
        phase = x * f * 1.7 + canvas.pick(9 + k, 0, 6.3)
        saw = torch.sin(phase + 0.75 * torch.sin(phase))
        top = -0.32 + 1.05 * depth - 0.15 * saw - 0.06 * torch.sin(x * 1.1 + 2.2 * k)
        d = y - top
        inside = edge(canvas, -d)
        sunny = smooth(-0.45, 0.45, torch.cos(phase + 0.75 * torch.sin(phase)) + d * 1.6)
        ripple = wave((d * 34.0 + 5.0 * torch.sin(x * 2.0 + d * 3.0)) * (1.35 - 0.7 * depth))
        body = (
            0.15
            + 0.5 * sunny
            + 0.10 * ripple * sunny * smooth(0.0, 0.12, d)
            + 0.16 * torch.exp(-d.clamp(min=0) * 9) * sunny
        )
        tone = mix(tone, mix(body, torch.full_like(x, 0.5), 0.35 * (1 - depth)), inside)
        glow = mix(glow, 0.18 * halo(d, 0.01) * sunny, inside)
        height = mix(height, ripple * 0.12 * sunny, inside)
    return layers(tone, glow=glow, height=height)


def flower(canvas: Canvas) -> Layers:
    """One great flower: layers of petals around a heart of stamens."""
    x, y = turn(canvas.x - canvas.pick(0, -0.12, 0.12), canvas.y - canvas.pick(1, -0.12, 0.12), canvas.pick(2, 0, 6.3))
    r, a = polar(x, y)
    n = canvas.count(3, 5, 11)
    back = fbm(canvas, canvas.x * 0.9, canvas.y * 0.9, 3)[:, 0]
    tone = 0.06 + 0.08 * (back + 0.6).clamp(min=0.0)
    height = torch.zeros_like(x)
    glow = torch.zeros_like(x)
    for k in range(5):
        size = canvas.pick(4, 0.85, 1.15) * (1.0 - 0.17 * k)
        af = fold(a + (math.pi / n) * (k % 2) + 0.22 * k, n)
        s = af / (math.pi / n)
        tip = size * (0.62 + 0.38 * torch.cos(s * math.pi / 2).clamp(min=1e-4) ** canvas.pick(5, 0.4, 0.9))
        notch = 0.06 * size * halo(s, 0.12) * canvas.chance(6, 0.5)
        d = r - tip + notch
        inside = edge(canvas, d)
        t = (r / size).clamp(0.0, 1.0)
        vein = noise(canvas, torch.sin(a * 1.0) * 24 + k, torch.cos(a * 1.0) * 24 + 2.0)[:, 1]
        shade = 0.16 + 0.52 * t**1.3 * (1 - 0.55 * s**2) + 0.14 * vein * t + 0.06 * k
        shade = shade + 0.16 * halo(d, 0.02) - 0.1 * halo(s, 0.03) * (1 - t)
        tone = mix(tone * (1 - 0.55 * halo(d.clamp(min=0), 0.05)), shade, inside)
        height = mix(height, (1 - s**2) * 0.4 + t * 0.25, inside)
    heart = canvas.pick(7, 0.12, 0.2)
    seeds_r, seeds_a = r / heart, a + r * 30.0
    dots = wave(seeds_a * 13.0) * wave(seeds_r * 22.0)
    inside = edge(canvas, r - heart)
    tone = mix(tone, 0.35 + 0.6 * dots * (1.1 - 0.5 * seeds_r), inside)
    glow = glow + 0.5 * inside * dots + 0.25 * halo(r, 0.16)
    return layers(tone, glow=glow, height=height + 0.4 * dots * inside)


def feathers(canvas: Canvas) -> Layers:
    """Feathers with fine barbs along a bright shaft."""
    x0, y0 = canvas.x, canvas.y
    tone = 0.05 + 0.06 * fbm(canvas, x0, y0, 3)[:, 0].abs()
    glow = torch.zeros_like(x0)
    height = torch.zeros_like(x0)
    for k in range(5):
        x, y = turn(x0 - canvas.pick(k, -0.55, 0.55), y0 - canvas.pick(6 + k, -0.45, 0.45), canvas.pick(12 + k, 0, 6.3))
        long = canvas.pick(18 + k, 0.75, 1.05)
        t = (y / long + 1.0) * 0.5
        spine = x - canvas.pick(24 + k, -0.25, 0.25) * (t - 0.5) ** 2 * 2
        tc = t.clamp(0.001, 0.999)
        half = 0.34 * long * (torch.sin(math.pi * tc**0.75)) ** 0.8 * (1 - 0.25 * tc)
        lean = y * 1.0 - spine.abs() * 1.5
        split = noise(canvas, lean * 9 + 5 * k, torch.sign(spine) * 3.0)[:, 0]
        d = spine.abs() - half * (1.0 - 0.3 * smooth(0.68, 0.8, split))
        inside = edge(canvas, d) * smooth(0.0, 0.01, t) * smooth(1.0, 0.99, t)
        barb = wave(lean * 62.0) * 0.5 + 0.5 * noise(canvas, lean * 26, spine * 2.0)[:, 1]
        eye = torch.exp(-(((t - 0.78) / 0.12) ** 2) - (spine / (0.12 * long)) ** 2)
        shade = 0.16 + 0.4 * barb * (0.55 + 0.45 * tc) + 0.2 * smooth(0.0, 1.0, spine.abs() / (half + 1e-3)) + 0.5 * eye
        shaft = line(canvas, spine, 0.007) * smooth(-0.06, 0.02, t) * smooth(1.0, 0.95, t)
        tone = mix(tone * (1 - 0.5 * inside - 0.3 * halo(d.clamp(min=0), 0.05) * smooth(0, 0.05, tc)), shade, inside)
        tone = mix(tone, torch.full_like(x, 0.92), shaft)
        glow = glow * (1 - inside) + 0.35 * eye * inside + 0.25 * shaft
        height = mix(height, barb * 0.35 - spine.abs(), inside)
    return layers(tone, glow=glow, height=height)


def eye(canvas: Canvas) -> Layers:
    """A great eye: fibrous iris, dark pupil, reflections, lids."""
    x, y = canvas.x - canvas.pick(0, -0.1, 0.1), canvas.y - canvas.pick(1, -0.08, 0.08)
    lid = canvas.pick(2, 0.62, 0.85) * (1 - (x.abs() / 1.25) ** 2.2)
    d_lid = y.abs() - lid
    ix, iy = x - canvas.pick(3, -0.12, 0.12), y - canvas.pick(4, -0.06, 0.06)
    r, a = polar(ix, iy)
    size = canvas.pick(5, 0.46, 0.6)
    pupil = size * canvas.pick(6, 0.28, 0.5)
    t = ((r - pupil) / (size - pupil)).clamp(0, 1)
    ca, sa = torch.cos(a), torch.sin(a)
    fibre = (
        noise(canvas, ca * 21 + 30, sa * 21 + t * 1.5 + 30)[:, 0] * 0.6
        + noise(canvas, ca * 9 + 9, sa * 9 + t * 2.5)[:, 1] * 0.5
    )
    collar = halo(t - 0.28 + 0.1 * noise(canvas, ca * 6, sa * 6)[:, 2], 0.1)
    iris = 0.16 + 0.62 * fibre * (1 - 0.35 * t) + 0.32 * collar - 0.45 * smooth(0.82, 1.0, t)
    in_iris = edge(canvas, r - size)
    in_pupil = edge(canvas, r - pupil)
    white = (
        0.72
        - 0.4 * smooth(0.5, 1.2, torch.sqrt(x * x + y * y * 2))
        - 0.08 * ridged(fbm(canvas, x * 4, y * 4, 3)[:, 0]) ** 4
    )
    ball = mix(mix(white, iris, in_iris), torch.full_like(x, 0.01), in_pupil)
    ball = ball * (1 - 0.55 * smooth(0.3, 0.0, -d_lid) * (y < 0))
    skin_n = fbm(canvas, x * 3, d_lid * 5, 4)[:, 1]
    skin = (
        0.2
        + 0.16 * torch.exp(-d_lid.clamp(min=0) * 3)
        + 0.06 * skin_n
        + 0.1 * wave(d_lid * 22) * torch.exp(-d_lid.clamp(min=0) * 6)
    )
    lash = line(canvas, d_lid - 0.01, 0.018)
    open_ = edge(canvas, d_lid)
    shine = halo(torch.sqrt((ix + size * 0.3) ** 2 + (iy + size * 0.32) ** 2), 0.05) ** 2 * open_
    tone = mix(skin, ball, open_) * (1 - 0.85 * lash) + shine
    return layers(
        tone,
        glow=shine * 1.0 + 0.35 * collar * in_iris * (1 - in_pupil) * open_,
        height=fibre * in_iris * 0.25 + skin_n * 0.15 * (1 - open_),
    )


def jellyfish(canvas: Canvas) -> Layers:
    """Glowing jellyfish that drift in the deep."""
    x0, y0 = canvas.x, canvas.y
    tone = 0.05 + 0.2 * smooth(0.8, -1.0, y0) * (0.7 + 0.3 * fbm(canvas, x0, y0, 3)[:, 0])
    glow = 0.4 * stars(canvas, 5.0, 0.010, x0, y0)
    for k in range(3):
        size = canvas.pick(k, 0.32, 0.5) * (0.45 + 0.28 * k)
        x, y = turn(
            x0 - canvas.pick(4 + k, -0.6, 0.6), y0 - canvas.pick(8 + k, -0.6, 0.1), canvas.pick(12 + k, -0.5, 0.5)
        )
        x, y = x / size, y / size
        r, _a = polar(x, y * 1.15)
        bell = edge(canvas, torch.maximum(r - 1.0, y - 0.18 - 0.06 * torch.cos(x * 14)) * size)
        rim = bell * (
            0.25 + 0.75 * r.clamp(max=1.0) ** 4 + 0.3 * wave(x / (torch.sqrt((1.05 - y * y).clamp(min=0.05))) * 12)
        )
        down = (y - 0.1).clamp(min=0.0)
        arms = torch.zeros_like(x)
        for j in range(7):
            at = (j - 3) * 0.24 * (1 - 0.12 * down)
            sway = 0.16 * down * torch.sin(down * 3.0 + canvas.pick(20 + k, 0, 6.3) + 0.7 * j)
            thick = (0.05 if j % 3 == 0 else 0.02) / (1 + 0.5 * down)
            fade = smooth(0.0, 0.1, down) * smooth(canvas.pick(28 + j, 1.6, 3.4), 0.6, down)
            arms = torch.maximum(arms, halo(x - at - sway, thick) * fade * (0.6 + 0.4 * wave(down * 16 + j)))
        body = (0.3 * bell + 0.6 * rim) * (1 - 0.3 * y.clamp(0, 1))
        tone = tone * (1 - 0.4 * bell) + 0.75 * body + 0.5 * arms * (1 - 0.7 * bell)
        glow = glow + 0.25 * rim + 0.2 * arms + 0.16 * halo(r, 0.5) + 0.3 * bell * halo(r, 0.25)
    return layers(tone, glow=glow, height=torch.zeros_like(x0))


def butterfly(canvas: Canvas) -> Layers:
    """A butterfly with veined, eyed wings."""
    x, y = turn(canvas.x - canvas.pick(0, -0.1, 0.1), canvas.y, canvas.pick(1, -0.5, 0.5))
    x = x.abs() / canvas.pick(2, 0.8, 1.1)
    tone = 0.05 + 0.08 * (fbm(canvas, canvas.x, canvas.y, 3)[:, 0] + 0.5).clamp(min=0)
    height = torch.zeros_like(x)
    glow = torch.zeros_like(x)
    for k, (cx, cy, size, lean) in enumerate(((0.05, 0.05, 0.72, 0.62), (0.05, -0.05, 0.98, -0.66))):
        u, v = x - cx, y - cy
        r, a = polar(u, v)
        t = (a - lean) / (0.85 if k else 0.75)
        scallop = 0.03 * torch.cos(a * canvas.pick(4 + k, 14, 22))
        tip = size * (torch.cos(t.clamp(-1.57, 1.57)) ** 0.55) * canvas.pick(6 + k, 0.85, 1.05) + scallop
        d = r - tip
        inside = edge(canvas, d)
        q = (r / tip.clamp(min=0.05)).clamp(0, 1)
        vein = halo((torch.frac(t * 2.6 + 8.5) - 0.5) * r * 0.5, 0.006) * smooth(0.2, 0.5, q)
        spot_r, _ = polar((q - 0.72) * 3.2, (torch.frac(t * 1.3 + 8.4) - 0.5) * 2.4)
        spot = smooth(0.36, 0.28, spot_r) - 0.9 * smooth(0.18, 0.12, spot_r)
        border = smooth(0.82, 0.9, q)
        shade = 0.25 + 0.5 * wave(q * canvas.pick(8, 3.0, 8.0)) * (1 - border) + 0.4 * spot - 0.25 * border
        tone = mix(tone, (shade - 0.3 * vein).clamp(0.03, 1.0), inside)
        glow = mix(glow, 0.35 * spot.clamp(min=0) + 0.12 * halo(d, 0.02), inside) + (1 - inside) * 0.1 * halo(
            d.clamp(min=0), 0.06
        )
        height = mix(height, q * 0.3 - vein * 0.3, inside)
    body = edge(canvas, torch.sqrt((x / 0.05) ** 2 + ((y - 0.05) / 0.42) ** 2) * 0.05 - 0.05)
    feeler = (
        line(canvas, x - 0.02 - 0.35 * (-0.3 - y).clamp(min=0) ** 1.2, 0.006)
        * smooth(-0.85, -0.8, y)
        * smooth(-0.28, -0.34, y)
    )
    tone = mix(tone, 0.12 + 0.5 * (1 - x / 0.05).clamp(0, 1) * wave(y * 50), torch.maximum(body, feeler))
    return layers(tone, glow=glow * (1 - body), height=height)


NATURE = {
    "clouds": clouds,
    "ocean": ocean,
    "mountains": mountains,
    "forest": forest,
    "city": city,
    "dunes": dunes,
    "flower": flower,
    "feathers": feathers,
    "eye": eye,
    "jellyfish": jellyfish,
    "butterfly": butterfly,
}
