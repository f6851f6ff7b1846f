"""What the painted pictures measure: named motifs, palettes, few against many steps, feedback, rest, evenness.

Everything is painted by the renderer that plays, (256, 256), from prompts and seeds that no training picture had.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from .drawing import Spec, draw
from .judge import NAMES, Judge, frechet, top1
from .palettes import PALETTES
from .words import MOTIF_WORDS, PALETTE_WORDS

SIZE = (256, 256)
FEEDBACK_PROMPTS = ("a neon mandala", "ocean, azure", "emerald crystals", "a galaxy, sunset colours")
PALETTE_MOTIFS = ("waves", "mandala", "mountains", "flower", "marble", "eye")
DRAWN_EACH, PAINTED_EACH = 12, 3

Frame = np.ndarray


class Painter(Protocol):
    """What is measured: a picture (H, W, 3) uint8 from noise, and the next one of a feedback."""

    def fresh(self, prompts: Sequence[tuple[str, float]], seed: int, steps: int) -> Frame: ...

    def next(self, prompt: str, index: int, previous: Frame, strength: float, moving: bool) -> Frame: ...


def stack(frames: Sequence[Frame]) -> Tensor:
    """Pictures (B, 3, H, W) 0..1."""
    return torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).float() / 255


def motif_prompts(each: int) -> list[tuple[str, int]]:
    """`each` prompts for every motif with its number; palettes and synonyms go round."""
    palettes = [PALETTE_WORDS[name][0] for name in PALETTES]
    return [
        (f"{MOTIF_WORDS[name][k % 2]}, {palettes[(5 * number + 7 * k) % len(palettes)]}", number)
        for k in range(each)
        for number, name in enumerate(NAMES)
    ]


def motifs(painter: Painter, judge: Judge, each: int, steps: int = 2) -> float:
    """Share of pictures whose motif the judge names."""
    prompts = motif_prompts(each)
    frames = [painter.fresh([(text, 1.0)], 5_000_000 + i, steps) for i, (text, _) in enumerate(prompts)]
    return top1(judge, stack(frames), torch.tensor([number for _, number in prompts]))


def palettes(painter: Painter, each: int, steps: int = 2) -> float:
    """Share of pictures whose mean colour is nearest to that of drawn pictures of the palette that was asked for."""
    motifs_used = PALETTE_MOTIFS[:each]
    centres = torch.stack(
        [
            draw([Spec(m, name, "plain", "plain", 77 + k) for m in motifs_used for k in range(DRAWN_EACH)], 64)
            .view(len(motifs_used), DRAWN_EACH, 3, -1)
            .mean((1, 3))
            for name in PALETTES
        ]
    )
    right = 0
    for number, name in enumerate(PALETTES):
        for k, motif in enumerate(motifs_used):
            text = f"{MOTIF_WORDS[motif][0]}, {PALETTE_WORDS[name][0]}"
            seeds = range(6_000_000 + k, 6_000_000 + k + 10 * PAINTED_EACH, 10)
            colours = stack([painter.fresh([(text, 1.0)], seed, steps) for seed in seeds]).mean((2, 3))
            right += int((torch.cdist(colours, centres[:, k]).argmin(1) == number).sum())
    return right / (len(PALETTES) * len(motifs_used) * PAINTED_EACH)


def few_steps(painter: Painter, judge: Judge, count: int) -> dict[str, float]:
    """Distance of 2-step (and 1-step) pictures from 20-step ones, beside that of two sets of 20-step pictures."""
    texts = [text for text, _ in motif_prompts(-(-count // len(NAMES)))][:count]

    @torch.no_grad()
    def features(steps: int, first: int) -> Tensor:
        frames = [painter.fresh([(text, 1.0)], first + i, steps) for i, text in enumerate(texts)]
        return judge.features(stack(frames))

    many, again = features(20, 7_000_000), features(20, 8_000_000)
    floor = frechet(many, again)
    return {
        "frechet_ratio_2_to_20": frechet(features(2, 9_000_000), many) / floor,
        "frechet_ratio_1_to_20": frechet(features(1, 9_500_000), many) / floor,
    }


def health(frame: Frame) -> tuple[float, float, float]:
    """Contrast (deviation of luma), mean saturation (HSV) and fine detail (deviation of luma beyond 2 pixels)."""
    rgb = frame.astype(np.float32) / 255
    luma = rgb @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    top = rgb.max(-1)
    height, width = luma.shape
    coarse = luma.reshape(height // 4, 4, width // 4, 4).mean((1, 3)).repeat(4, 0).repeat(4, 1)
    saturation = np.where(top > 0.02, (top - rgb.min(-1)) / np.maximum(top, 0.02), 0.0)
    return float(luma.std()), float(saturation.mean()), float((luma - coarse).std())


def feedback(painter: Painter, keyframes: int, show: Callable[[str, int, Frame], None]) -> dict[str, float]:
    """How far contrast, saturation and detail of the last sixth are from those of an early sixth (100..600 of 3,000).

    The worst of the prompts counts: 0.2 is 20 % away, either way. `show` is given pictures now and then.
    """
    sixth = keyframes // 6
    early = slice(keyframes // 30, keyframes // 30 + sixth)
    worst = np.zeros(3)
    for prompt in FEEDBACK_PROMPTS:
        frame = painter.fresh([(prompt, 1.0)], 11, 2)
        rows = []
        for index in range(1, keyframes + 1):
            frame = painter.next(prompt, index, frame, 0.6, True)
            rows.append(health(frame))
            if index % max(1, keyframes // 6) == 0 or index == 1:
                show(prompt, index, frame)
        table = np.array(rows)
        drift = np.abs(table[-sixth:].mean(0) / np.maximum(table[early].mean(0), 1e-6) - 1)
        worst = np.maximum(worst, drift)
    names = ("feedback_contrast_drift", "feedback_saturation_drift", "feedback_detail_drift")
    return dict(zip(names, map(float, worst), strict=True))


def rest(painter: Painter, keyframes: int) -> float:
    """Mean change per keyframe late in a feedback at rest (strength 0.8) over that of an early stretch."""
    ratios = []
    for prompt in FEEDBACK_PROMPTS[:2]:
        frame = painter.fresh([(prompt, 1.0)], 12, 2)
        changes = []
        for index in range(1, keyframes + 1):
            after = painter.next(prompt, index, frame, 0.8, False)
            changes.append(float(np.abs(after.astype(np.float32) - frame).mean()))
            frame = after
        early = float(np.mean(changes[keyframes // 6 : keyframes // 3]))
        ratios.append(float(np.mean(changes[keyframes * 5 // 6 :])) / max(early, 1e-6))
    return max(ratios, key=lambda ratio: abs(math.log(max(ratio, 1e-6))))


@torch.no_grad()
def _path(judge: Judge, frames: Sequence[Frame]) -> np.ndarray:
    steps = judge.features(stack(frames)).diff(dim=0).norm(dim=1)
    return steps.numpy()


def evenness(painter: Painter, judge: Judge) -> dict[str, float]:
    """Largest over mean step of an 11-point journey between two prompts, and of strength 0.8 down to 0.2."""
    pairs = (("an emerald forest", "a crimson galaxy"), ("ocean, azure", "a gold mandala"))
    journeys = []
    for a, b in pairs:
        frames = [painter.fresh([(a, 1 - k / 10), (b, k / 10)], 13, 4) for k in range(11)]
        steps = _path(judge, frames)
        journeys.append(float(steps.max() / max(steps.mean(), 1e-6)))
    start = painter.fresh([(pairs[0][0], 1.0)], 14, 4)
    frames = [painter.next(pairs[1][0], 1, start, 0.8 - 0.06 * k, False) for k in range(11)]
    changes = np.array([np.abs(frame.astype(np.float32) - start).mean() for frame in frames])
    steps = np.abs(np.diff(changes))
    return {"slerp_evenness": max(journeys), "strength_evenness": float(steps.max() / max(steps.mean(), 1e-6))}
