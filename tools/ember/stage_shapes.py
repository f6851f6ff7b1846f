"""Teaches the UNet to paint in one step what drawn pictures look like, where regression alone paints their mean.

A critic, told what the words ask for, learns to tell drawn pictures from those that the UNet sees through the noise,
also from drawn pictures under other words; the UNet learns to please it (adversarial distillation: Sauer et al. 2024,
arXiv:2403.12015; words by projection: Miyato and Koyama 2018, arXiv:1802.05637). The critic looks at what the first
blocks of the decoder make of latents, where shapes are plainer, and that is cheap. A frozen copy of the UNet keeps it
from going far, least where it starts at pure noise, which leaves most of the picture open.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .bank import Bank
from .export import Ember
from .loop import Stage
from .nets import PACK, TEXT_WIDTH, embed, precision, velocity
from .stage_unet import REFRESH_EVERY, FlowLoss, Phase, moved

FROM_NOISE, HALFWAY = (
    0.6,
    0.3,
)  # shares of the samples that begin at pure noise, and that are at the second of two steps
LEAST_NOISE = 0.1
GRAIN = 0.3  # most noise in what critics see
LOOKS = 3  # of the critic for each step
FIRST_LOOKS = 300  # before the first
REMEMBERED = 24  # batches of painted latents that critics look at again
CRITIC_RATE = 2e-4
PLEASING, KEEPING, KEEPING_NOISE = 0.3, 1.0, 0.15
BLOCKS = 5  # layers of the decoder before its first doubling
RATE = 4e-4
PLEASING, KEEPING, KEEPING_NOISE = 0.02, 1.0, 0.2
RATE = 4e-4
PHASE = Phase(batch=16, worn=0.3)
VAE_WIDTH = 32


class ShapeCritic(nn.Module):
    """Features (B, 32, 2h, 2w) and pooled words (B, TEXT_WIDTH) to how drawn they look, (B, places): places of two
    sizes, whose centres lie 4 and 8 features apart."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        half, deep = 2 * width, 3 * width
        self.parts = nn.ModuleList(
            nn.Sequential(*(layer for conv in convs for layer in (conv, nn.LeakyReLU(0.2))))
            for convs in (
                (
                    nn.Conv2d(VAE_WIDTH, width, 3, padding=1),
                    nn.Conv2d(width, half, 4, 2, 1),
                    nn.Conv2d(half, half, 4, 2, 1),
                    nn.Conv2d(half, half, 3, padding=1),
                ),
                (nn.Conv2d(half, deep, 4, 2, 1), nn.Conv2d(deep, deep, 3, padding=1)),
            )
        )
        self.heads = nn.ModuleList(nn.Conv2d(made, 1, 1) for made in (half, deep))
        self.words = nn.ModuleList(nn.Linear(TEXT_WIDTH, made) for made in (half, deep))
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, 0.2)
                nn.init.zeros_(module.bias)
        for last in (*self.heads, *self.words):
            last.weight.data.mul_(0.1)

    def forward(self, x: Tensor, words: Tensor) -> Tensor:
        """Above 0: looks drawn."""
        found = []
        for part, head, asked in zip(self.parts, self.heads, self.words, strict=True):
            x = part(x)
            found.append((head(x) + (x * asked(words)[:, :, None, None]).mean(1, keepdim=True)).flatten(1))
        return torch.cat(found, 1)


def pooled(words: Tensor) -> Tensor:
    """Embeddings (B, TOKENS, TEXT_WIDTH) as one each, (B, TEXT_WIDTH), of unit deviation."""
    return F.layer_norm(words.float().mean(1), (words.shape[-1],))


class ShapesLoss:
    """The stage's loss for one batch from the bank.

    The critic learns within it, one for each of the losses that work side by side.
    """

    def __init__(self, ember: Ember, before: Ember, bank: Bank, phase: Phase, seed: int, device: str) -> None:
        self.ember, self.before, self.device = ember, before, device
        self.source = FlowLoss(before, bank, phase, seed, device)
        self.generator = self.source.generator
        critic: Any = ShapeCritic()
        self.critic = critic.to(device, memory_format=torch.channels_last)
        self.learner = torch.optim.Adam(self.critic.parameters(), CRITIC_RATE, betas=(0.5, 0.99))
        self.seen: list[tuple[Tensor, Tensor]] = []

    def drawn(self, worn: float) -> tuple[Tensor, Tensor, Tensor]:
        """Latents of drawn pictures, what feedback may have made of them, and token numbers."""
        specs, clean, used = self.source.bank.batch(self.source.phase.batch, self.generator, worn)
        return clean, used, self.source.tokens(specs, plain=False, dropping=0.0)

    def starts(self, used: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Noisy latents, their times (B,), and which of them (B,) go a first of two steps before."""
        count = len(used)
        t = LEAST_NOISE + (1.0 - LEAST_NOISE) * torch.rand(count, generator=self.generator)
        t = torch.where(torch.rand(count, generator=self.generator) < FROM_NOISE, 1.0, t).to(self.device)
        halfway = (torch.rand(count, generator=self.generator) < HALFWAY).to(self.device)
        noise = torch.randn(used.shape, generator=self.generator).to(self.device)
        point = used + t.view(-1, 1, 1, 1) * (noise - used)
        return point.contiguous(memory_format=torch.channels_last), t, halfway

    def __call__(self, step: int, progress: float) -> tuple[Tensor, dict[str, float], int]:
        """Loss, numbers to log, samples used."""
        if step % REFRESH_EVERY == 0:
            self.source.bank.refresh()
        while len(self.seen) < REMEMBERED:
            self._paint(self.before, *self.drawn(self.source.phase.worn)[1:])
            if len(self.seen) == REMEMBERED:
                for _ in range(FIRST_LOOKS):
                    self._look()
        painted, answer, known, t, asked = self._paint(self.ember, *self.drawn(self.source.phase.worn)[1:])
        told = [self._look() for _ in range(LOOKS)]
        seen = painted.detach().requires_grad_()
        verdict = self._judged(seen, asked).mean()
        (way,) = torch.autograd.grad(-verdict, seen)
        adverse = (painted * way / way.square().mean().sqrt().clamp(min=1e-12)).mean()
        away = (answer - known).square().mean((1, 2, 3))
        kept = (away * torch.where(t == 1.0, KEEPING_NOISE, KEEPING)).mean()
        numbers = {"loss": float(kept.detach()), "away": float(away.detach().mean()), "critic": sum(told) / LOOKS}
        return kept + PLEASING * adverse, numbers | {"verdict": float(verdict.detach())}, len(t)

    def _paint(self, ember: Ember, used: Tensor, tokens: Tensor) -> tuple[Tensor, ...]:
        """What `ember` sees through the noise, its answer and the one of before, times and pooled words. Critics will
        see it too."""
        point, t, halfway = self.starts(used)
        with torch.set_grad_enabled(ember is not self.before), precision(self.device):
            words = embed(ember.text, tokens)
            if halfway.any():
                with torch.no_grad():
                    first = velocity(ember.unet, point[halfway], t[halfway], words[halfway]).float()
                point[halfway] -= 0.5 * t[halfway].view(-1, 1, 1, 1) * first
                t[halfway] *= 0.5
            answer = velocity(ember.unet, point, t, words).float()
        with torch.no_grad(), precision(self.device):
            before = words if ember is self.before else embed(self.before.text, tokens)
            known = answer if ember is self.before else velocity(self.before.unet, point, t, before).float()
        painted = point - t.view(-1, 1, 1, 1) * answer
        self.seen = [*self.seen[-REMEMBERED + 1 :], (painted.detach(), pooled(before))]
        return painted, answer, known, t, pooled(before)

    def _judged(self, latents: Tensor, words: Tensor) -> Tensor:
        """What the critic says of them, each under noise of its own."""
        noise = GRAIN * torch.rand(len(latents), 1, 1, 1, generator=self.generator).to(self.device)
        x = latents + noise * torch.randn(latents.shape, generator=self.generator).to(self.device)
        x = 3.0 * torch.tanh(F.pixel_shuffle(x, PACK).contiguous(memory_format=torch.channels_last) / 3.0)
        with precision(self.device):
            for layer in self.before.vae.decoder.layers[:BLOCKS]:
                x = layer(x)
            return self.critic(x, words).float()

    def _look(self) -> float:
        """One step of the critic, on painted latents of now or a while ago; its loss, 2 where it cannot tell."""
        clean, _, tokens = self.drawn(0.0)
        with torch.no_grad(), precision(self.device):
            words = pooled(embed(self.before.text, tokens))
        made, asked = self.seen[int(torch.randint(0, len(self.seen), (), generator=self.generator))]
        half = len(words) // 2
        verdicts = self._judged(torch.cat([clean, made, clean[:half]]), torch.cat([words, asked, words[-half:]]))
        true, false, other = verdicts.split([len(clean), len(made), half])
        told = F.relu(1.0 - true).mean() + 0.7 * F.relu(1.0 + false).mean() + 0.3 * F.relu(1.0 + other).mean()
        self.learner.zero_grad()
        told.backward()
        self.learner.step()
        return float(told.detach())


def train_shapes(
    ember: Ember,
    bank: Bank,
    work: Path,
    minutes: float,
    batch: int,
    device: str,
    seed: int,
    workers: int = 1,
) -> Stage:
    """Trains text encoder and UNet for that long; the EMA holds the result."""
    moved(ember, device)
    torch.manual_seed(seed)
    ember.vae.to(device, memory_format=torch.channels_last).requires_grad_(False)
    before = replace(ember, text=copy.deepcopy(ember.text).eval(), unet=copy.deepcopy(ember.unet).eval())
    stage = Stage("shapes", work, {"unet": ember.unet, "text": ember.text}, RATE, plain_rate=RATE, decay=0.995)
    stage.load()
    if minutes > 0:
        phase = replace(PHASE, batch=batch or PHASE.batch)
        seeds = [seed + 7 * stage.curve.steps + worker for worker in range(workers)]
        stage.run(minutes, [ShapesLoss(ember, before, bank, phase, own, device) for own in seeds])
    return stage
