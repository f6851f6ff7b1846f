"""Motifs made of light and space: rays, tunnels, galaxies, fire, lightning, auroras and the like.

Each takes a Canvas (B pictures) and returns Layers. Numbers 0..59 of the canvas belong to the motif.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .canvas import (
    Canvas,
    Layers,
    cells,
    edge,
    fbm,
    halo,
    layers,
    mix,
    noise,
    polar,
    ridged,
    smooth,
    turn,
    wave,
)


def stars(canvas: Canvas, density: float, size: float, x: Tensor, y: Tensor) -> Tensor:
    """Points of light of varied brightness, `density` cells per unit."""
    c = cells(canvas, x * density, y * density, jitter=0.95)
    bright = (c.tag**6) * 1.6 + 0.03
    return bright * halo(c.first, size * density * (0.5 + c.tag2)) ** 2 * smooth(0.6, 0.2, c.first)


def rays(canvas: Canvas) -> Layers:
    """Sun rays breaking out of a light source through haze."""
    x, y = canvas.x - canvas.pick(0, -0.5, 0.5), canvas.y - canvas.pick(1, -0.8, 0.3)
    r, a = polar(x, y)
    n = canvas.count(2, 9, 22)
    spokes = 0.5 * wave(a * n + canvas.pick(3, 0, 6.3)) + 0.5 * wave(a * (n + 5) + canvas.pick(4, 0, 6.3))
    beams = smooth(0.25, 0.85, spokes + 0.2 * noise(canvas, a * 6, r * 0.6)[:, 0] - 0.1)
    haze = fbm(canvas, x * 2.2, y * 2.2, 4)[:, 1]
    fall = torch.exp(-r * canvas.pick(5, 0.7, 1.2))
    core = halo(r, canvas.pick(6, 0.08, 0.16))
    tone = 0.06 + fall * (0.25 + 0.75 * beams) * (0.85 + 0.25 * haze) + 0.5 * core
    return layers(tone, glow=core * 1.4 + beams * fall**2 * 0.35, height=beams * 0.15)


def tunnel(canvas: Canvas) -> Layers:
    """A tunnel of panels that runs to a light at its end."""
    x, y = canvas.x - canvas.pick(0, -0.2, 0.2), canvas.y - canvas.pick(1, -0.2, 0.2)
    round_r, a = polar(x, y)
    square_r = torch.maximum(x.abs(), y.abs())
    r = mix(round_r, square_r, canvas.chance(2, 0.35))
    depth = 0.9 / (r + 0.03) + canvas.pick(3, 0, 4)
    sides = canvas.count(4, 6, 14)
    across = a / (2 * math.pi) * sides + depth * canvas.pick(5, -0.25, 0.25)
    u, v = torch.frac(across + 64.0), torch.frac(depth)
    soft = (canvas.px * 1.2 / (r * r + 0.004)).clamp(max=0.5)
    seam_v = smooth(0.0, 1.0, (0.10 + soft - torch.minimum(v, 1 - v)) / (soft + 0.05))
    seam_u = smooth(0.0, 1.0, (0.07 + soft * 0.3 - torch.minimum(u, 1 - u)) / (soft * 0.4 + 0.05))
    tag = noise(canvas, across.floor() * 7.3 + 0.5, depth.floor() * 5.1 + 0.5)[:, 0]
    near = smooth(0.02, 0.75, r)
    seam = torch.maximum(seam_u, seam_v)
    end = halo(r, canvas.pick(6, 0.05, 0.11))
    tone = (0.10 + 0.5 * tag * tag * near + 0.12 * near) * (1 - 0.8 * seam) + 0.9 * end
    lamp = seam_v * smooth(0.06, 0.4, r) * canvas.pick(7, 0.35, 1.0) * torch.exp(-r * 0.6)
    return layers(tone + lamp * 0.6, glow=end * 1.4 + lamp * 0.7, height=-seam * 0.4, far=0.35 * torch.exp(-r * 4))


def galaxy(canvas: Canvas) -> Layers:
    """A tilted spiral galaxy with dust lanes among stars."""
    x, y = turn(canvas.x - canvas.pick(0, -0.2, 0.2), canvas.y - canvas.pick(1, -0.2, 0.2), canvas.pick(2, 0, 6.3))
    y = y / canvas.pick(3, 0.4, 0.95)
    r, a = polar(x, y)
    twist = canvas.pick(4, 3.5, 6.5) * (2 * canvas.chance(5, 0.5) - 1)
    arms = canvas.count(6, 2, 3)
    cloud = fbm(canvas, x * 3.4, y * 3.4, 5)
    phase = arms * a + twist * torch.log(r + 0.06) * 1.4 + cloud[:, 0] * 1.3
    arm = wave(phase) ** 1.7
    disk = torch.exp(-r * canvas.pick(7, 1.9, 2.7))
    core = torch.exp(-((r / 0.17) ** 1.3))
    dust = (0.72 + 0.5 * cloud[:, 1]).clamp(0.1, 1.3)
    tone = 0.03 + disk * (0.25 + 1.3 * arm * dust) + core
    dots = stars(canvas, 9.0, 0.012, canvas.x, canvas.y) + disk * arm * stars(canvas, 21.0, 0.008, x, y) * 2
    return layers(tone, glow=core * 1.1 + dots * 1.2 + disk * arm * 0.25, height=cloud[:, 1] * 0.1)


def fire(canvas: Canvas) -> Layers:
    """Tongues of flame rising from the lower edge, with sparks."""
    x, y = canvas.x, canvas.y
    up = (1.0 - y) * 0.5
    sway = fbm(canvas, x * 1.1, y * 0.7 + 3.0, 2)[:, 2] * 0.5 * up
    f = canvas.pick(0, 1.7, 2.7)
    q = fbm(canvas, (x + sway) * f, y * f * 0.55 + canvas.pick(1, 0, 9), 4)
    flame = fbm(canvas, (x + sway) * f + q[:, 0] * 0.9, y * f * 0.5 + 5.0 + q[:, 1] * 0.7, 4)[:, 3]
    tall = canvas.pick(2, 0.75, 1.15) * (1.0 - 0.35 * (x * canvas.pick(3, 0.4, 1.0)).abs() ** 1.5)
    heat = tall + 0.55 * flame + 0.25 * ridged(q[:, 2]) * up - up * 1.15
    body = smooth(0.05, 0.75, heat)
    tone = 0.02 + 0.95 * body * (0.62 + 0.38 * smooth(-0.5, 0.6, flame + heat - 0.3))
    sparks = stars(canvas, 6.0, 0.010, x + sway, y * 0.6) * smooth(1.0, 0.3, up)
    return layers(tone, glow=0.75 * smooth(0.45, 1.1, heat) + sparks * 1.5, height=flame * 0.1)


def lightning(canvas: Canvas) -> Layers:
    """Branching bolts under a lit storm cloud."""
    x, y = turn(canvas.x, canvas.y, canvas.pick(0, -0.3, 0.3))
    cloud = fbm(canvas, x * 1.6, y * 2.2, 5)
    sky = smooth(0.9, -0.9, y + 0.3 * cloud[:, 0])
    glow = torch.zeros_like(x)
    light = torch.zeros_like(x)
    for bolt in range(4):
        start = canvas.pick(1, -0.5, 0.5)
        split = -1.2 if bolt == 0 else canvas.pick(2 + bolt, -0.8, 0.3)
        slope = canvas.pick(8 + bolt, -0.2, 0.2) if bolt == 0 else canvas.pick(8 + bolt, -0.9, 0.9)
        jag = fbm(canvas, y * 2.3 + 0.31, torch.full_like(y, 3.7), 5)[:, 0] * 0.32
        own = fbm(canvas, y * 4.7 + 11.0 * bolt, torch.full_like(y, 7.9 + bolt), 4)[:, 1] * 0.16
        below = (y - split).clamp(min=0.0)
        d = (x - start - jag - (slope * below + own * below.clamp(max=0.5) * 2)).abs()
        on = smooth(0.0, 0.05, y - split) * (1.0 if bolt == 0 else smooth(1.3, 0.5, below))
        power = 1.0 if bolt == 0 else 0.6
        light = torch.maximum(light, on * power * edge(canvas, d - (0.012 if bolt == 0 else 0.005)))
        glow = torch.maximum(glow, on * power * halo(d, 0.035))
    tone = 0.05 + 0.33 * sky * (0.6 + 0.6 * cloud[:, 1]) + 0.35 * glow + light
    return layers(tone, glow=light * 1.4 + glow * 0.55 + 0.1 * sky, height=cloud[:, 1] * 0.3 * sky)


def smoke(canvas: Canvas) -> Layers:
    """Twisting wisps of smoke lit from one side."""
    x, y = turn(canvas.x, canvas.y, canvas.pick(0, -0.6, 0.6))
    f = canvas.pick(1, 0.8, 1.3)
    a = fbm(canvas, x * f, y * f, 3)
    b = fbm(canvas, x * f + 1.5 * a[:, 0], y * f + 1.5 * a[:, 1], 3)
    c = fbm(canvas, x * f + 1.3 * b[:, 0] + 4.0, y * f * 0.8 + 1.3 * b[:, 1], 4)
    veil = ridged(c[:, 0]) ** 2 * 0.8 + ridged(c[:, 1] + 0.2) ** 3 * 0.7
    mask = smooth(1.25, 0.1, (x + 0.5 * b[:, 2]).abs())
    density = veil * mask * (0.55 + 0.6 * smooth(-0.6, 0.8, b[:, 3]))
    return layers(0.02 + 0.85 * density, glow=density**2 * 0.35, height=c[:, 0] * 0.3 * density)


def aurora(canvas: Canvas) -> Layers:
    """Curtains of northern light over a dark ridge."""
    x, y = canvas.x, canvas.y
    glow = torch.zeros_like(x)
    for band in range(3):
        bend = fbm(canvas, x * canvas.pick(band, 0.7, 1.3) + 7.0 * band, torch.full_like(x, 2.2 * band), 3)[:, band]
        foot = canvas.pick(4 + band, -0.25, 0.4) + bend * 0.55 - 0.2 * band
        above = foot - y
        streak = noise(canvas, x * 17 + bend * 14.0, y * 0.35 + 5.0 * band)[:, 3]
        fine = noise(canvas, x * 42 + bend * 30.0, y * 0.2 + 5.0 * band)[:, 2]
        tall = canvas.pick(8 + band, 0.35, 0.7)
        curtain = smooth(-0.06, 0.05, above) * torch.exp(-above.clamp(min=0.0) / tall)
        glow = glow + curtain * (0.25 + 0.75 * streak) * (0.6 + 0.5 * fine) * (1.0 - 0.22 * band)
    ridge = 0.72 + 0.28 * fbm(canvas, x * 1.6, torch.full_like(x, 30.0), 5)[:, 1]
    land = edge(canvas, ridge - y)
    night = stars(canvas, 10.0, 0.008, x, y)
    tone = (0.10 + 0.62 * glow) * (1 - land) + 0.015 * land
    return layers(tone, glow=(0.5 * glow**1.5 + night) * (1 - land), height=torch.zeros_like(x))


def sun_grid(canvas: Canvas) -> Layers:
    """A striped sun over a perspective grid of light."""
    horizon = canvas.pick(0, 0.0, 0.25)
    x, y = canvas.x - canvas.pick(1, -0.15, 0.15), canvas.y
    below = (y - horizon).clamp(min=1e-3)
    depth = 0.32 / below
    soft = canvas.px * depth / below
    row = torch.frac(depth * 1.6 + canvas.pick(2))
    col = torch.frac(x * depth * 2.2 + 64.5)
    d_row = torch.minimum(row, 1 - row) / (soft * 1.6 + 0.03)
    d_col = torch.minimum(col, 1 - col) / (canvas.px * depth * 2.2 + 0.02)
    lines = torch.maximum(halo(d_row, 0.9), halo(d_col, 0.9))
    ground = edge(canvas, horizon - y)
    radius = canvas.pick(3, 0.38, 0.58)
    cy = y - (horizon - radius * canvas.pick(4, 0.55, 0.85))
    r, _ = polar(x, cy)
    k = (cy / radius + 0.25).clamp(min=0.0)
    cuts = smooth(-0.1, 0.1, torch.cos(cy / radius * 24.0) - 1.0 + k * 1.25) * smooth(0.0, 0.1, k)
    disk = edge(canvas, r - radius) * (1 - cuts) * (1 - ground)
    night = stars(canvas, 9.0, 0.008, x, y) * (1 - ground) * smooth(0.0, 0.4, r - radius)
    warm = torch.exp(-(r - radius).clamp(min=0.0) * 3.0) * (1 - ground)
    sky = 0.06 + 0.26 * torch.exp(-(horizon - y).clamp(min=0) * 2.2)
    tone = (
        sky * (1 - ground)
        + disk * (0.62 + 0.33 * cy / -radius)
        + ground * (0.05 + 0.62 * lines * smooth(0, 0.1, below))
    )
    fog = torch.exp(-(y - horizon).abs() * 16.0)
    return layers(tone, glow=0.35 * warm + ground * lines * 0.55 + night + 0.4 * fog, height=torch.zeros_like(x))


def planet(canvas: Canvas) -> Layers:
    """A banded planet with an atmosphere, lit from one side, some with rings, among stars."""
    x, y = turn(canvas.x - canvas.pick(0, -0.3, 0.3), canvas.y - canvas.pick(1, -0.3, 0.3), canvas.pick(2, -0.7, 0.7))
    radius = canvas.pick(3, 0.4, 0.68)
    r, _ = polar(x, y)
    z = torch.sqrt((radius * radius - r * r).clamp(min=0.0))
    warp = fbm(canvas, x * 2.5, y * 5.0, 4)
    bands = fbm(canvas, warp[:, 1] * 0.5 + z, y * canvas.pick(4, 3.0, 7.0) + warp[:, 0] * 0.5, 3)[:, 2]
    lx, ly = torch.cos(canvas.pick(5, 0, 6.3)), torch.sin(canvas.pick(5, 0, 6.3))
    lit = ((x * lx + y * ly + z * 0.55) / radius).clamp(min=0.0)
    body = edge(canvas, r - radius)
    rim = torch.exp(-(r - radius).abs() * 16.0) * (0.2 + ((x * lx + y * ly) / (r + 0.05)).clamp(min=0.0))
    belt_y = y / 0.28
    rr, _ = polar(x, belt_y)
    ringed = canvas.chance(6, 0.55)
    grain = noise(canvas, rr * 22.0, torch.full_like(rr, 8.0))[:, 0]
    belt = smooth(1.25, 1.32, rr / radius) * smooth(2.05, 1.95, rr / radius) * (0.25 + 0.75 * grain) * ringed
    belt = belt * (1 - body * (y < 0).float())
    sky = 0.04 + 0.10 * (fbm(canvas, canvas.x * 1.2, canvas.y * 1.2, 3)[:, 3] + 0.4).clamp(min=0.0)
    surface = (0.25 + 0.75 * smooth(-0.7, 0.7, bands)) * (0.04 + 1.05 * lit)
    tone = mix(mix(sky, surface, body), 0.75 * grain + 0.1, belt * 0.85)
    night = stars(canvas, 9.0, 0.010, canvas.x, canvas.y) * (1 - body) * (1 - belt)
    return layers(tone, glow=0.7 * rim + night * 1.2 + 0.25 * body * lit**3, height=torch.zeros_like(x))


def rain(canvas: Canvas) -> Layers:
    """Falling streaks before blurred lights, with ripples on wet ground."""
    x, y = turn(canvas.x, canvas.y, canvas.pick(0, -0.15, 0.15))
    lights = cells(canvas, x * 1.7 + 9.0, y * 1.7, jitter=0.9)
    disk = smooth(0.36, 0.28, lights.first) * smooth(0.45, 0.9, lights.tag) * (0.55 + 0.9 * lights.first)
    streak = torch.zeros_like(x)
    for k, (fx, fy) in enumerate(((11.0, 0.9), (19.0, 1.5), (31.0, 2.3))):
        c = cells(canvas, x * fx + 13.0 * k, y * fy + 5.0 * k, jitter=0.8)
        thin = halo(c.dx / fx, 0.0045 - 0.001 * k) * smooth(0.5, 0.0, c.dy.abs()) * smooth(0.35, 0.8, c.tag)
        streak = streak + thin * (0.9 - 0.25 * k)
    ground = smooth(0.35, 0.75, y)
    pools = cells(canvas, x * 2.1, y * 6.0 + 3.0, jitter=0.7)
    rings = wave(pools.first * 26.0) ** 4 * smooth(0.55, 0.1, pools.first) * ground
    mist = 0.5 + 0.5 * fbm(canvas, x * 0.9, y * 0.9, 3)[:, 1]
    tone = 0.06 + 0.14 * mist + 0.4 * disk + 0.5 * streak + 0.45 * rings
    return layers(tone, glow=disk * 0.3 + streak * 0.35 + rings * 0.15, height=rings * 0.3)


def rings(canvas: Canvas) -> Layers:
    """Glowing concentric rings, some of two or three centres that interfere."""
    centres = canvas.count(0, 1, 3)
    f = canvas.pick(1, 16.0, 34.0)
    total = torch.zeros_like(canvas.x)
    glow = torch.zeros_like(canvas.x)
    for k in range(3):
        on = (centres > k).float()
        spread = 0.0 if k == 0 else 0.75
        x = canvas.x - canvas.pick(3 + k, -0.2 - spread, 0.2 + spread)
        y = canvas.y - canvas.pick(6 + k, -0.2 - spread, 0.2 + spread)
        r, _ = polar(x, y)
        total = total + on * torch.cos(r * f) * torch.exp(-r * 0.35)
        glow = glow + on * halo(r, 0.09)
    level = total / centres.sqrt()
    sharp = canvas.pick(9, 1.2, 3.5)
    band = torch.sigmoid(level * sharp * 2.5)
    tone = 0.05 + 0.8 * band * (0.6 + 0.4 * torch.exp(-(canvas.x**2) - canvas.y**2)) + 0.2 * glow
    return layers(tone, glow=glow * 0.9 + 0.25 * band**4, height=level * 0.25)


def spiral(canvas: Canvas) -> Layers:
    """A hypnotic spiral that winds into a bright centre."""
    x, y = canvas.x - canvas.pick(0, -0.15, 0.15), canvas.y - canvas.pick(1, -0.15, 0.15)
    r, a = polar(x, y)
    arms = canvas.count(2, 1, 6) * (2 * canvas.chance(3, 0.5) - 1)
    wind = canvas.pick(4, 6.0, 12.0)
    wobble = fbm(canvas, x * 1.5, y * 1.5, 2)[:, 0] * canvas.pick(5, 0.0, 0.8)
    phase = arms * a + wind * torch.log(r + 0.02) + wobble
    band = torch.sigmoid(torch.cos(phase) * canvas.pick(6, 1.5, 6.0) * smooth(0.0, 0.12, r))
    groove = torch.sin(phase)
    tone = 0.05 + band * (0.42 + 0.45 * torch.exp(-r * 1.1)) + 0.08 * groove * band
    return layers(tone, glow=halo(r, 0.07) * 1.1 + 0.25 * band * torch.exp(-r * 2.2), height=torch.cos(phase) * 0.3)


def kaleidoscope_star(canvas: Canvas) -> Layers:
    """A many-pointed star of shards with glowing edges."""
    x, y = turn(canvas.x, canvas.y, canvas.pick(0, 0, 6.3))
    r, a = polar(x, y)
    n = canvas.count(1, 5, 12)
    sector = math.pi / n
    af = ((torch.remainder(a, 2 * sector)) - sector).abs()
    px, py = r * torch.cos(af), r * torch.sin(af)
    tone = torch.zeros_like(x)
    rim = torch.zeros_like(x)
    for k in range(5):
        outer = 0.22 + 0.2 * k + canvas.pick(3 + k, -0.05, 0.07)
        angle = canvas.pick(9 + k, 0.25, 1.1)
        d = (px - outer) * torch.cos(angle) + py * torch.sin(angle)
        inside = edge(canvas, d)
        shade = canvas.pick(15 + k, 0.15, 0.85) * (0.55 + 0.9 * (py / (px + 0.1)).clamp(0, 1))
        tone = torch.where(tone > 0, tone, inside * shade.clamp(min=0.02))
        rim = torch.maximum(rim, halo(d, 0.012) * (0.9 - 0.1 * k))
    spokes = halo(r * torch.sin(af.minimum(sector - af)), 0.008) * smooth(0.02, 0.2, r) * torch.exp(-r)
    light = halo(r, 0.06)
    return layers(0.03 + tone * 0.8 + 0.3 * rim, glow=rim * 0.55 + spokes * 0.3 + light * 1.2, height=tone * 0.5)


def starfield(canvas: Canvas) -> Layers:
    """Hyperspace: stars stretched away from a vanishing point over nebula haze."""
    x, y = canvas.x - canvas.pick(0, -0.25, 0.25), canvas.y - canvas.pick(1, -0.25, 0.25)
    r, a = polar(x, y)
    glow = torch.zeros_like(x)
    for k, n in enumerate((26.0, 44.0, 70.0)):
        across = a / (2 * math.pi) * n
        own = noise(canvas, across.floor() + 0.5 + 11 * k, torch.full_like(a, 3.5 + k))
        along = torch.log(r + 0.02) * (1.4 + own[:, 0] * 1.4) + own[:, 1] * 9.0
        t = torch.frac(along + 64.0)
        side = (torch.frac(across) - 0.5).abs() * r / n * 6.3
        trail = smooth(0.0, 0.75, t) * smooth(1.0, 0.93, t)
        glow = glow + trail * halo(side, 0.004 + 0.006 * r) * smooth(0.06, 0.4, r) * smooth(0.3, 0.7, own[:, 2])
    nebula = fbm(canvas, x * 1.3, y * 1.3, 4)[:, 3]
    centre = halo(r, 0.1)
    tone = 0.04 + 0.2 * smooth(-0.3, 0.9, nebula) + 0.55 * glow + 0.5 * centre
    return layers(tone, glow=glow * 0.6 + centre * 0.9, height=torch.zeros_like(x))


def lines_of_light(canvas: Canvas) -> Layers:
    """Flowing ribbons of light: many fine strands that follow one field."""
    x, y = turn(canvas.x, canvas.y, canvas.pick(0, -0.7, 0.7))
    glow = torch.zeros_like(x)
    bend = fbm(canvas, x * 0.7, y * 0.25, 2)
    for k in range(12):
        s = k / 11.0
        at = -0.5 + s * canvas.pick(1, 0.5, 1.1) + bend[:, 0] * (0.45 + 0.4 * s)
        at = at + 0.16 * torch.sin(x * canvas.pick(2, 1.5, 3.5) + s * canvas.pick(3, 1.0, 4.0) + canvas.pick(4, 0, 6.3))
        d = (y - at).abs()
        glow = glow + (0.75 * halo(d, 0.008) + 0.22 * halo(d, 0.05)) * (0.35 + 0.65 * wave(x * 1.3 + 2.0 * s))
    return layers(0.03 + 0.62 * glow, glow=glow * 0.42, height=bend[:, 0] * 0.1)


def stripes(canvas: Canvas) -> Layers:
    """Silky stripes that bend and fold like cloth."""
    x, y = turn(canvas.x, canvas.y, canvas.pick(0, 0, 3.14))
    bend = fbm(canvas, x * canvas.pick(1, 0.5, 1.1), y * 0.8, 2)[:, 0]
    f = canvas.pick(2, 10.0, 24.0)
    phase = x * f + bend * canvas.pick(3, 2.0, 7.0) + canvas.pick(4, 0, 6.3)
    band = torch.sigmoid(torch.cos(phase) * canvas.pick(5, 2.0, 9.0))
    fold = torch.sin(bend * 3.0 + y * 2.0)
    tone = 0.08 + band * 0.55 + 0.25 * fold * (0.4 + 0.6 * band)
    return layers(tone, glow=0.25 * band * smooth(0.3, 1.0, fold), height=fold * 0.7 + 0.2 * torch.cos(phase))


LIGHT = {
    "rays": rays,
    "tunnel": tunnel,
    "galaxy": galaxy,
    "fire": fire,
    "lightning": lightning,
    "smoke": smoke,
    "aurora": aurora,
    "synthwave": sun_grid,
    "planet": planet,
    "rain": rain,
    "rings": rings,
    "spiral": spiral,
    "star": kaleidoscope_star,
    "starfield": starfield,
    "ribbons": lines_of_light,
    "stripes": stripes,
}
