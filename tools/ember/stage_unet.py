"""Trains the text encoder and the UNet: a rectified flow from noise to encoded pictures, guided by captions.

Late in the training the target is pushed away from what the model says without words (strength GUIDANCE), so that
one pass gives what classifier-free guidance needs two for. A share of the samples starts from worn copies and must
arrive at the clean picture: that is what keeps feedback sharp.
"""

from __future__ import annotations

from dataclasses import dataclass
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
GUIDANCE = 1.8
FROM_NOISE = 0.12
PLAIN_UNTIL = 0.35  # share of a phase with plain captions
REFRESH_EVERY = 20


@dataclass(frozen=True)
class Phase:
    """One part of the training: batch size, share of worn samples, guidance or not, whether it starts with plain
    captions."""

    batch: int
    worn: float
    guided: bool
    plain: bool = False


class FlowLoss:
    """The stage's loss for one batch from the bank. `averages` are the EMA copies that the guided targets ask."""

    def __init__(self, ember: Ember, bank: Bank, phase: Phase, averages: Ember | None, seed: int, device: str) -> None:
        self.ember, self.bank, self.phase, self.averages, self.device = ember, bank, phase, averages, device
        self.generator = torch.Generator().manual_seed(seed)
        self.empty = encode(ember.tokenizer, [""]).to(device)

    def tokens(self, specs: list[Spec], plain: bool) -> tuple[Tensor, Tensor]:
        """Token numbers of fresh captions for these pictures, and which (B,) of them are left empty."""
        seeds = torch.randint(0, 2**31 - 1, (len(specs),), generator=self.generator).tolist()
        texts = [plain_caption(spec) if plain else caption(spec, s) for spec, s in zip(specs, seeds, strict=True)]
        dropped = torch.rand(len(specs), generator=self.generator) < DROP_CAPTION
        texts = ["" if gone else text for text, gone in zip(texts, dropped.tolist(), strict=True)]
        return encode(self.ember.tokenizer, texts).to(self.device), dropped.to(self.device)

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

    @torch.no_grad()
    def push(self, answer: Tensor, noisy: Tensor, t: Tensor, dropped: Tensor) -> Tensor:
        """What to add to the target: the answer with words minus the average model's without, for guidance GUIDANCE."""
        assert self.averages is not None
        silence = embed(self.averages.text, self.empty).expand(len(noisy), -1, -1)
        unsaid = velocity(self.averages.unet, noisy, t, silence).float()
        weight = (1.0 - 1.0 / GUIDANCE) * (~dropped).float() * ((t - 0.1) / 0.3).clamp(0.0, 1.0)
        return (answer.detach() - unsaid) * weight.view(-1, 1, 1, 1)

    def __call__(self, step: int, progress: float) -> tuple[Tensor, dict[str, float], int]:
        """Loss, numbers to log, samples used."""
        if step % REFRESH_EVERY == 0:
            self.bank.refresh()
        specs, clean, used = self.bank.batch(self.phase.batch, self.generator, self.phase.worn)
        tokens, dropped = self.tokens(specs, self.phase.plain and progress < PLAIN_UNTIL)
        t = self.times(len(specs))
        noisy = self.start(clean, used, t)
        with precision(self.device):
            answer = velocity(self.ember.unet, noisy, t, embed(self.ember.text, tokens)).float()
            push = self.push(answer, noisy, t, dropped) if self.phase.guided else torch.zeros_like(noisy)
        target = (noisy - clean) / t.view(-1, 1, 1, 1)
        plain = (answer - target).square().mean()
        loss = (answer - target - push).square().mean() if self.phase.guided else plain
        return loss, {"loss": float(plain.detach()), "pictures": float(self.bank.size)}, len(specs)


def train_unet(
    ember: Ember,
    bank: Bank,
    work: Path,
    minutes: float,
    phase: Phase,
    name: str,
    rate: float,
    device: str,
    seed: int,
    workers: int = 1,
) -> Stage:
    """Trains text encoder and UNet for that long in one phase; the EMA holds the result."""
    ember.text.to(device)
    ember.unet.to(device, memory_format=torch.channels_last)
    if device == "cpu":
        quick_attention(ember.unet)
    stage = Stage(name, work, {"unet": ember.unet, "text": ember.text}, rate, plain_rate=rate, decay=0.995)
    stage.load()
    averages = None
    if phase.guided:
        averages = Ember(ember.tokenizer, stage.ema["text"].module, stage.ema["unet"].module, ember.vae)
    if minutes > 0:
        seeds = [seed + stage.curve.steps * 7 + worker for worker in range(workers)]
        stage.run(minutes, [FlowLoss(ember, bank, phase, averages, own, device) for own in seeds])
    return stage
