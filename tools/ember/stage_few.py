"""Teaches the UNet straight ways: from a noisy start to where its own many guided steps have ended.

A frozen copy, the teacher, is led by classifier-free guidance from noise, or from a worn picture under some noise,
through STEPS Euler steps. Start and end are kept; on the straight line between the two the student learns the direction
(reflow: Liu et al. 2022, arXiv:2209.03003). One or two of its steps then get where many did, guidance included.
"""

from __future__ import annotations

import copy
import logging
import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from .bank import Bank
from .export import Ember
from .loop import Stage
from .nets import embed, precision, quick_attention, velocity
from .sampling import denoise
from .stage_unet import FlowLoss, Phase

STEPS = 10
GUIDANCE = 2.8
FROM_NOISE = 0.5  # share of ways that begin at pure noise
LEAST_NOISE = 0.25
DRAWING = 0.4  # share of the minutes in which the teacher makes ways
WHOLE, HALFWAY = 0.35, 0.25  # shares of the samples where one and two steps ask; the others are anywhere on the way
PHASE = Phase(batch=32, worn=0.5)
logger = logging.getLogger("ember")


@dataclass(frozen=True)
class Ways:
    """Starts and ends, latents (N, 16, h, w), the times (N,) of the starts, and token numbers (N, TOKENS)."""

    start: Tensor
    end: Tensor
    t: Tensor
    tokens: Tensor

    def __len__(self) -> int:
        return len(self.t)


class Teacher(FlowLoss):
    """Goes ways with guidance, all of its batches under the same rules as the training before."""

    @torch.no_grad()
    def ways(self) -> Ways:
        """One batch of ways."""
        specs, _, used = self.bank.batch(self.phase.batch, self.generator, self.phase.worn)
        tokens = self.tokens(specs, plain=False, dropping=0.0)
        t = LEAST_NOISE + (1.0 - LEAST_NOISE) * torch.rand(len(specs), generator=self.generator)
        t = torch.where(torch.rand(len(specs), generator=self.generator) < FROM_NOISE, 1.0, t).to(self.device)
        noise = torch.randn(used.shape, generator=self.generator).to(self.device)
        start = used + t.view(-1, 1, 1, 1) * (noise - used)
        with precision(self.device):
            end = denoise(self.ember, start, embed(self.ember.text, tokens), t, STEPS, GUIDANCE)
        return Ways(start, end.float(), t, tokens)


class FewLoss:
    """The stage's loss: how far the answer is from the straight direction, somewhere on a way."""

    def __init__(self, ember: Ember, ways: Ways, batch: int, seed: int, device: str) -> None:
        self.ember, self.ways, self.batch, self.device = ember, ways, batch, device
        self.generator = torch.Generator().manual_seed(seed)

    def places(self) -> Tensor:
        """Places (B,) on the ways: 1 at the start, near 0 at the end; most are those that few steps stop at."""
        anywhere = 1.0 - 0.95 * torch.rand(self.batch, generator=self.generator)
        kind = torch.rand(self.batch, generator=self.generator)
        return torch.where(kind < WHOLE, 1.0, torch.where(kind < WHOLE + HALFWAY, 0.5, anywhere))

    def __call__(self, step: int, progress: float) -> tuple[Tensor, dict[str, float], int]:
        """Loss, numbers to log, samples used."""
        rows = torch.randint(0, len(self.ways), (self.batch,), generator=self.generator).to(self.device)
        start, end, t = self.ways.start[rows], self.ways.end[rows], self.ways.t[rows]
        along = self.places().to(self.device)
        point = end + along.view(-1, 1, 1, 1) * (start - end)
        with precision(self.device):
            words = embed(self.ember.text, self.ways.tokens[rows])
            answer = velocity(self.ember.unet, point.contiguous(memory_format=torch.channels_last), along * t, words)
        loss = (answer.float() - (start - end) / t.view(-1, 1, 1, 1)).square().mean()
        return loss, {"loss": float(loss.detach())}, self.batch


def gather(teacher: Teacher, minutes: float) -> Ways:
    """As many ways as that time allows, one batch at least."""
    end = time.monotonic() + 60.0 * minutes
    batches = [teacher.ways()]
    while time.monotonic() < end:
        batches.append(teacher.ways())
    logger.info("few: %d ways of the teacher", sum(map(len, batches)))
    return Ways(*(torch.cat([getattr(b, name) for b in batches]) for name in ("start", "end", "t", "tokens")))


def train_few(
    ember: Ember, bank: Bank, work: Path, minutes: float, batch: int, device: str, seed: int, workers: int = 1
) -> Stage:
    """Trains for that long; the EMA holds the result. The teacher is the network as it came in."""
    ember.text.to(device)
    ember.unet.to(device, memory_format=torch.channels_last)
    if device == "cpu":
        quick_attention(ember.unet)
    frozen = Ember(ember.tokenizer, copy.deepcopy(ember.text).eval(), copy.deepcopy(ember.unet).eval(), ember.vae)
    stage = Stage("few", work, {"unet": ember.unet, "text": ember.text}, 1e-3, plain_rate=1e-3, decay=0.99)
    stage.load()
    if minutes > 0:
        phase = replace(PHASE, batch=batch or PHASE.batch)
        seed += 7 * stage.curve.steps
        ways = gather(Teacher(frozen, bank, phase, seed, device), DRAWING * minutes)
        losses = [FewLoss(ember, ways, phase.batch, seed + worker, device) for worker in range(workers)]
        stage.run((1.0 - DRAWING) * minutes, losses)
    return stage
