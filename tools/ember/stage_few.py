"""Teaches the UNet to arrive in one or two steps, and to keep feedback sharp.

A frozen copy of the network goes part of the way (two Euler steps); from there the averaged network says where the
picture ends. The student must say the same from the start, so that its single step lands where many would.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from .bank import Bank
from .export import Ember
from .loop import Stage
from .nets import embed, precision, velocity
from .stage_unet import REFRESH_EVERY, FlowLoss, Phase

STRIDE = 0.35
SUBSTEPS = 2
SOFTNESS = 0.02
PHASE = Phase(batch=24, worn=0.5, guided=False)


class FewLoss(FlowLoss):
    """The stage's loss for one batch. `averages` give the end point, `teacher` the way there."""

    def __init__(self, ember: Ember, bank: Bank, phase: Phase, averages: Ember, teacher: Ember, seed: int, device: str):
        super().__init__(ember, bank, phase, averages, seed, device)
        self.teacher, self.averages = teacher, averages

    @torch.no_grad()
    def goal(self, noisy: Tensor, t: Tensor, tokens: Tensor) -> Tensor:
        """Where the way from `noisy` at times t ends."""
        words = embed(self.teacher.text, tokens)
        end = (t - STRIDE * torch.rand((), generator=self.generator)).clamp(min=0.0)
        x, now = noisy, t
        for index in range(SUBSTEPS):
            then = t + (end - t) * (index + 1) / SUBSTEPS
            x = x + (then - now).view(-1, 1, 1, 1) * velocity(self.teacher.unet, x, now, words).float()
            now = then
        assert self.averages is not None
        last = velocity(self.averages.unet, x, now, embed(self.averages.text, tokens)).float()
        return x - now.view(-1, 1, 1, 1) * last

    def __call__(self, step: int, progress: float) -> tuple[Tensor, dict[str, float], int]:
        """Loss, numbers to log, samples used."""
        if step % REFRESH_EVERY == 0:
            self.bank.refresh()
        specs, clean, used = self.bank.batch(self.phase.batch, self.generator, self.phase.worn)
        tokens, _ = self.tokens(specs, False)
        t = self.times(len(specs)).clamp(min=0.05)
        noisy = self.start(clean, used, t)
        tt = t.view(-1, 1, 1, 1)
        with precision(self.device):
            goal = self.goal(noisy, t, tokens)
            answer = velocity(self.ember.unet, noisy, t, embed(self.ember.text, tokens)).float()
        error = ((noisy - tt * answer - goal) / tt.clamp(min=0.2)).square().mean((1, 2, 3))
        loss = ((error + SOFTNESS**2).sqrt() - SOFTNESS).mean()
        plain = (answer - (noisy - clean) / tt).square().mean()
        return loss, {"loss": float(loss.detach()), "plain": float(plain.detach())}, len(specs)


def train_few(
    ember: Ember, bank: Bank, work: Path, minutes: float, device: str, seed: int, workers: int, batch: int
) -> Stage:
    """Trains for that long; the EMA holds the result. The teacher is the network as it came in."""
    ember.text.to(device)
    ember.unet.to(device, memory_format=torch.channels_last)
    teacher = Ember(ember.tokenizer, copy.deepcopy(ember.text).eval(), copy.deepcopy(ember.unet).eval(), ember.vae)
    stage = Stage("few", work, {"unet": ember.unet, "text": ember.text}, 5e-4, plain_rate=5e-4, decay=0.99)
    stage.load()
    averages = Ember(ember.tokenizer, stage.ema["text"].module, stage.ema["unet"].module, ember.vae)
    if minutes > 0:
        phase = PHASE if not batch else replace(PHASE, batch=batch)
        seeds = [seed + stage.curve.steps * 7 + worker for worker in range(workers)]
        stage.run(minutes, [FewLoss(ember, bank, phase, averages, teacher, own, device) for own in seeds])
    return stage
