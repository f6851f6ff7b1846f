"""Teaches the UNet straight ways: from a noisy start to where its own many guided steps have ended.

A frozen copy, the teacher, goes from noise, or from a worn picture under some noise, through STEPS Euler steps, in the
stage `few` led by classifier-free guidance. Start and end are kept; on the straight line between the two the student
learns the direction (reflow: Liu et al. 2022, arXiv:2209.03003), and from where its own first step of two stops the one
to the end. One or two of its steps then get where many did, guidance included. The stage `polish` does it once more,
with the network that came out of `few` as the teacher, whose many steps need no guidance.
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
from .nets import embed, precision, velocity
from .sampling import denoise
from .stage_unet import FlowLoss, Phase, moved

STEPS = 10
FROM_NOISE = 0.5  # share of ways that begin at pure noise
LEAST_NOISE = 0.25
DRAWING = 0.4  # share of the minutes in which the teacher makes ways
WHOLE, HALFWAY = 0.35, 0.25  # shares of the samples where one and two steps ask; the others are anywhere on the way
PHASE = Phase(batch=32, worn=0.5)


@dataclass(frozen=True)
class Course:
    """What one of the stages does: the guidance of its teacher (1: none) and its learning rate."""

    guidance: float
    rate: float


COURSES = {"few": Course(2.8, 1e-3), "polish": Course(1.0, 3e-4)}
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
    def ways(self, guidance: float) -> Ways:
        """One batch of ways."""
        specs, _, used = self.bank.batch(self.phase.batch, self.generator, self.phase.worn)
        tokens = self.tokens(specs, plain=False, dropping=0.0)
        t = LEAST_NOISE + (1.0 - LEAST_NOISE) * torch.rand(len(specs), generator=self.generator)
        t = torch.where(torch.rand(len(specs), generator=self.generator) < FROM_NOISE, 1.0, t).to(self.device)
        noise = torch.randn(used.shape, generator=self.generator).to(self.device)
        start = used + t.view(-1, 1, 1, 1) * (noise - used)
        with precision(self.device):
            end = denoise(self.ember, start, embed(self.ember.text, tokens), t, STEPS, guidance)
        return Ways(start, end.float(), t, tokens)


class FewLoss:
    """The stage's loss: how far the answer is from the straight direction, somewhere on a way or beside it."""

    def __init__(self, ember: Ember, ways: Ways, batch: int, seed: int, device: str) -> None:
        self.ember, self.ways, self.batch, self.device = ember, ways, batch, device
        self.generator = torch.Generator().manual_seed(seed)

    def places(self) -> tuple[Tensor, Tensor]:
        """Places (B,) on the ways, 1 at the start, near 0 at the end; which (B,) are where two steps stop halfway."""
        anywhere = 1.0 - 0.95 * torch.rand(self.batch, generator=self.generator)
        kind = torch.rand(self.batch, generator=self.generator)
        halfway = (kind >= WHOLE) & (kind < WHOLE + HALFWAY)
        return torch.where(kind < WHOLE, 1.0, torch.where(halfway, 0.5, anywhere)), halfway

    def __call__(self, step: int, progress: float) -> tuple[Tensor, dict[str, float], int]:
        """Loss, numbers to log, samples used."""
        rows = torch.randint(0, len(self.ways), (self.batch,), generator=self.generator).to(self.device)
        start, end, t = self.ways.start[rows], self.ways.end[rows], self.ways.t[rows]
        along, halfway = (each.to(self.device) for each in self.places())
        point = end + along.view(-1, 1, 1, 1) * (start - end)
        with precision(self.device):
            words = embed(self.ember.text, self.ways.tokens[rows])
            if halfway.any():
                point[halfway] = self._first_step(start[halfway], t[halfway], words[halfway])
            answer = velocity(self.ember.unet, point.contiguous(memory_format=torch.channels_last), along * t, words)
        loss = (answer.float() - (point - end) / (along * t).view(-1, 1, 1, 1)).square().mean()
        return loss, {"loss": float(loss.detach())}, self.batch

    @torch.no_grad()
    def _first_step(self, start: Tensor, t: Tensor, words: Tensor) -> Tensor:
        """Where the student stops after the first of two steps; what it missed, the second has to make good."""
        answer = velocity(self.ember.unet, start.contiguous(memory_format=torch.channels_last), t, words)
        return start - (0.5 * t).view(-1, 1, 1, 1) * answer.float()


def gather(teacher: Teacher, guidance: float, minutes: float) -> Ways:
    """As many ways as that time allows, one batch at least."""
    end = time.monotonic() + 60.0 * minutes
    batches = [teacher.ways(guidance)]
    while time.monotonic() < end:
        batches.append(teacher.ways(guidance))
    logger.info("%d ways of the teacher", sum(map(len, batches)))
    return Ways(*(torch.cat([getattr(b, name) for b in batches]) for name in ("start", "end", "t", "tokens")))


def train_few(
    ember: Ember,
    bank: Bank,
    work: Path,
    minutes: float,
    batch: int,
    device: str,
    seed: int,
    workers: int = 1,
    *,
    name: str = "few",
) -> Stage:
    """Trains by the course of that name for that long; the EMA holds the result. The teacher is the network as it
    came in."""
    course = COURSES[name]
    moved(ember, device)
    frozen = Ember(ember.tokenizer, copy.deepcopy(ember.text).eval(), copy.deepcopy(ember.unet).eval(), ember.vae)
    stage = Stage(name, work, {"unet": ember.unet, "text": ember.text}, course.rate, plain_rate=course.rate, decay=0.99)
    stage.load()
    if minutes > 0:
        phase = replace(PHASE, batch=batch or PHASE.batch)
        seed += 7 * stage.curve.steps
        ways = gather(Teacher(frozen, bank, phase, seed, device), course.guidance, DRAWING * minutes)
        losses = [FewLoss(ember, ways, phase.batch, seed + worker, device) for worker in range(workers)]
        stage.run((1.0 - DRAWING) * minutes, losses)
    return stage
