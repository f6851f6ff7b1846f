"""Trains the text encoder and the UNet: a rectified flow from noise to encoded pictures, guided by captions.

A share of the samples starts from worn copies and must arrive at the clean picture: that is what keeps feedback sharp.
A few captions are left out, so that guidance can ask what the model says without words.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from .bank import Bank, logit_normal
from .captions import caption, plain_caption
from .drawing import Spec
from .export import Ember
from .loop import Stage
from .nets import embed, precision, quick_attention, velocity
from .tokens import encode

DROP_CAPTION = 0.1
FROM_NOISE = 0.12
REFRESH_EVERY = 20


@dataclass(frozen=True)
class Phase:
    """One part of the training: batch size, share of worn samples, share of its time with plain captions."""

    batch: int
    worn: float
    plain: float = 0.0


PHASE = Phase(batch=32, worn=0.15, plain=0.2)
RATE = 2.5e-3


class FlowLoss:
    """The stage's loss for one batch from the bank."""

    def __init__(self, ember: Ember, bank: Bank, phase: Phase, seed: int, device: str) -> None:
        self.ember, self.bank, self.phase, self.device = ember, bank, phase, device
        self.generator = torch.Generator().manual_seed(seed)

    def tokens(self, specs: list[Spec], plain: bool, dropping: float = DROP_CAPTION) -> Tensor:
        """Token numbers of fresh captions for these pictures; a share `dropping` of them is left empty."""
        seeds = torch.randint(0, 2**31 - 1, (len(specs),), generator=self.generator).tolist()
        texts = [plain_caption(spec) if plain else caption(spec, s) for spec, s in zip(specs, seeds, strict=True)]
        dropped = (torch.rand(len(specs), generator=self.generator) < dropping).tolist()
        texts = ["" if gone else text for text, gone in zip(texts, dropped, strict=True)]
        return encode(self.ember.tokenizer, texts).to(self.device)

    def times(self, count: int) -> Tensor:
        """Times (B,): logit-normal, some at pure noise."""
        t = logit_normal(count, self.generator, mean=0.7)
        noise = torch.rand(count, generator=self.generator) < FROM_NOISE
        return torch.where(noise, 1.0 - 0.03 * torch.rand(count, generator=self.generator), t).to(self.device)

    def start(self, clean: Tensor, used: Tensor, t: Tensor) -> Tensor:
        """Noisy latents at times t: of the worn copies, but of the clean pictures where little noise is left."""
        tt = t.view(-1, 1, 1, 1)
        noise = torch.randn(clean.shape, generator=self.generator).to(self.device)
        noisy = (1.0 - tt) * torch.where(tt > 0.2, used, clean) + tt * noise
        return noisy.contiguous(memory_format=torch.channels_last)

    def __call__(self, step: int, progress: float) -> tuple[Tensor, dict[str, float], int]:
        """Loss, numbers to log, samples used."""
        if step % REFRESH_EVERY == 0:
            self.bank.refresh()
        specs, clean, used = self.bank.batch(self.phase.batch, self.generator, self.phase.worn)
        tokens = self.tokens(specs, progress < self.phase.plain)
        t = self.times(len(specs))
        noisy = self.start(clean, used, t)
        with precision(self.device):
            answer = velocity(self.ember.unet, noisy, t, embed(self.ember.text, tokens))
        loss = (answer.float() - (noisy - clean) / t.view(-1, 1, 1, 1)).square().mean()
        return loss, {"loss": float(loss.detach()), "pictures": float(self.bank.size)}, len(specs)


def moved(ember: Ember, device: str) -> None:
    """Puts text encoder and UNet on the device, as they train fastest there."""
    ember.text.to(device)
    ember.unet.to(device, memory_format=torch.channels_last)
    if device == "cpu":
        quick_attention(ember.unet)


def train_unet(
    ember: Ember,
    bank: Bank,
    work: Path,
    minutes: float,
    batch: int,
    device: str,
    seed: int,
    workers: int = 1,
) -> Stage:
    """Trains text encoder and UNet for that long; the EMA holds the result. `batch` 0: as suits a CPU."""
    moved(ember, device)
    stage = Stage("flow", work, {"unet": ember.unet, "text": ember.text}, RATE, plain_rate=RATE, decay=0.995)
    stage.load()
    if minutes > 0:
        phase = replace(PHASE, batch=batch or PHASE.batch)
        seeds = [seed + stage.curve.steps * 7 + worker for worker in range(workers)]
        stage.run(minutes, [FlowLoss(ember, bank, phase, own, device) for own in seeds])
    return stage
