"""Teaches the decoder alone to paint crisp edges; what latents mean stays as it is, so that the UNet stays valid.

A difference of pixels alone teaches it the mean of all pictures that a latent may stand for, which is soft. So critics
that see drawn pictures beside decoded ones learn to tell them apart (patches: Isola et al. 2017, arXiv:1611.07004;
hinge loss: Lim and Ye 2017, arXiv:1705.02894), and the decoder learns to please them. What they see must agree as well
as the pixels (Wang et al. 2018, arXiv:1711.11585).

Of what the UNet has painted nobody knows which edges are there. A decoder that only wants to please strews nets of
dotted lines over the busy pictures of a show. So it must stay near what a soft decoder makes of them, with little more
detail in each place than that has, and nowhere may it make dots that are not drawn.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from .album import Album, read_sheet, sheet_path
from .captions import caption
from .export import Ember
from .loop import Stage
from .nets import DOWN, PACK, Vae, embed, make_vae, precision, to_latents, to_pictures
from .sampling import denoise
from .stage_vae import BATCH, CROP, REFRESH_EVERY, ROUND_TRIP_EVERY, psnr, pyramid_loss
from .tokens import encode

LATENT_NOISE = 0.04
CRITIC_FROM = 0.15  # of the minutes
CRITIC_RATE = 3e-4
PLEASING, AGREEING = 0.07, 0.6
KEEPING, STAYING, LINING = 0.5, 5.0, 6.0  # of coarse colours, of pixels, and of detail that is too much
ENOUGH = 1.6  # times the soft decoder's finest detail
PLACE = 4  # pixels
DOTTED = 10.0
PAINTED_FOR_ONE = 12  # as many latents of the UNet for each sheet of drawn pictures
ROUNDS = 4  # of feedback, about
SHARPEST = 1.5  # how much of the detail feedback adds at most
PAINTED = 4  # of them in a batch
COARSE = 8  # pixels
SHOWS = "shows.pt"
DEALT = (
    ((1, 1, 0, 0, 0), (0, 0, 1, 1, 0), (0, 0, 0, 0, 1)),
    ((1, 0, 0, 0, 0), (0, 1, 1, 0, 0), (0, 0, 0, 1, 1)),
)
"""Which of five rows of a doubled picture lie in which of three rows of the picture, for its even and its odd rows."""


class Critic(nn.Module):
    """Pictures (B, 3, H, W) -1..1 to what it sees on the way, and last how drawn each patch looks."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        sizes = ((3, width, 4, 2), (width, 2 * width, 4, 2), (2 * width, 3 * width, 4, 2), (3 * width, 1, 3, 1))
        self.layers = nn.ModuleList(
            spectral_norm(nn.Conv2d(given, made, size, stride, 1)) for given, made, size, stride in sizes
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """One tensor for each layer."""
        seen: list[Tensor] = []
        for layer in self.layers:
            x = layer(F.leaky_relu(x, 0.2) if seen else x)
            seen.append(x)
        return seen


def crisp(vae: Vae) -> Vae:
    """An autoencoder of today's shape: of `vae` itself, or with its encoder and a new decoder if that has another."""
    new = make_vae()
    new.encoder.load_state_dict(vae.encoder.state_dict())
    if tuple(new.config["num_decoder_blocks"]) == tuple(vae.config["num_decoder_blocks"]):  # a list in a file
        new.decoder.load_state_dict(vae.decoder.state_dict())
    return new


@torch.no_grad()
def painted(ember: Ember, work: Path, device: str, seed: int) -> Tensor:
    """Latents (N, 4, h, w) that the UNet makes of captions over drawn pictures, or from noise, in one to three steps,
    half of them after some rounds of feedback that sharpens."""
    generator = torch.Generator().manual_seed(seed)
    made, index = [], 0
    while sheet_path(work, index).exists():
        pictures, specs = read_sheet(sheet_path(work, index))
        rows = torch.randperm(len(specs), generator=generator)[:PAINTED_FOR_ONE].tolist()
        words = embed(ember.text, encode(ember.tokenizer, [caption(specs[row], row) for row in rows]).to(device))
        seen = pictures[rows].to(device).float() / 127.5 - 1.0
        rounds = 1 if index % 2 else 2 + index // 2 % ROUNDS
        highest = 1.4 if rounds == 1 else 0.7  # from 1 on nothing is left of the picture
        for left in reversed(range(rounds)):
            clean = to_latents(ember.vae, seen)
            start = torch.rand(len(rows), generator=generator).mul(highest).clamp(0.3, 1.0).to(device)
            noise = torch.randn(clean.shape, generator=generator).to(device)
            with precision(device):
                begun = clean + start.view(-1, 1, 1, 1) * (noise - clean)
                painting = denoise(ember, begun, words, start, 1 + index % 3).float()
            if left:
                soft = to_pictures(ember.vae, painting)
                sharp = SHARPEST * torch.rand(len(rows), 1, 1, 1, generator=generator).to(device)
                seen = (soft + sharp * (soft - F.avg_pool2d(soft, 3, 1, 1, count_include_pad=False))).clamp(-1, 1)
        made.append(painting)
        index += 1
    return F.pixel_shuffle(torch.cat(made), PACK)


def decoded(vae: Vae, latents: Tensor) -> Tensor:
    """`vae.decode`, its last two convolutions and the doubling before them as one: half of the work of learning."""
    *most, _, inner, outer = vae.decoder.layers
    x = 3.0 * torch.tanh(latents / 3.0)
    for layer in most:
        x = layer(x)
    kernel = F.conv2d(inner.weight.transpose(0, 1), outer.weight.flip(2, 3), padding=2).transpose(0, 1)
    halved = torch.einsum("pay,qbx,oiyx->opqiab", *[kernel.new_tensor(DEALT)] * 2, kernel).flatten(0, 2)
    return F.pixel_shuffle(F.conv2d(x, halved, outer.bias.repeat_interleave(4), padding=1), 2) * 2.0 - 1.0


def detail(pictures: Tensor) -> Tensor:
    """What is finer than the mean of 3 x 3 pixels, same shape."""
    return pictures - F.avg_pool2d(F.pad(pictures, (1, 1, 1, 1), mode="replicate"), 3, 1)


def dots(pictures: Tensor) -> Tensor:
    """How far each pixel stands out from both its neighbours in every direction alike, up or down; on lines nothing."""
    height, width = pictures.shape[-2:]
    wider = F.pad(pictures, (1, 1, 1, 1), mode="replicate")

    def beside(down: int, across: int) -> Tensor:
        return wider[..., 1 + down : 1 + down + height, 1 + across : 1 + across + width]

    ways = ((0, 1), (1, 0), (1, 1), (1, -1))
    over = torch.stack([pictures - (beside(y, x) + beside(-y, -x)) / 2 for y, x in ways])
    return over.amin(0).relu() + (-over.amax(0)).relu()


def near(painted: Tensor, soft: Tensor) -> Tensor:
    """How far painted pictures are from what the soft decoder makes of the same latents."""
    away = painted - soft
    fine, wanted = (F.avg_pool2d(detail(pictures).abs(), PLACE) for pictures in (painted, soft))
    kept = KEEPING * F.avg_pool2d(away, COARSE).abs().mean() + STAYING * away.square().mean()
    return kept + LINING * F.relu(fine - ENOUGH * wanted).mean()


class CrispLoss:
    """The stage's loss for one batch of fresh crops, and beside it as many painted latents as PAINTED.

    The critic learns within it, one for each of the losses that work side by side.

    before   the soft autoencoder, also the one whose latents these are
    latents  what has been painted: (4, h, w) each, of any sizes above a crop's
    """

    def __init__(self, vae: Vae, before: Vae, latents: list[Tensor], album: Album, seed: int, device: str) -> None:
        self.vae, self.before, self.latents, self.album, self.device = vae, before, latents, album, device
        self.generator = torch.Generator().manual_seed(seed)
        critic: Any = Critic()
        self.critic = critic.to(device, memory_format=torch.channels_last)
        self.learner = torch.optim.Adam(self.critic.parameters(), CRITIC_RATE, betas=(0.5, 0.99))

    def pieces(self) -> Tensor:
        """Random squares of painted latents (PAINTED, 4, h, w), as large as the crops."""
        side = CROP * PACK // DOWN

        def roll(below: int) -> int:
            return int(torch.randint(0, below, (), generator=self.generator))

        found = []
        for _ in range(PAINTED):
            whole = self.latents[roll(len(self.latents))]
            top, left = roll(whole.shape[1] - side + 1), roll(whole.shape[2] - side + 1)
            found.append(whole[:, top : top + side, left : left + side])
        return torch.stack(found)

    def __call__(self, step: int, progress: float) -> tuple[Tensor, dict[str, float], int]:
        """Loss, numbers to log, crops used."""
        if step % REFRESH_EVERY == 0:
            self.album.refresh()
        x = self.album.crops(BATCH, CROP, self.generator).to(self.device, memory_format=torch.channels_last)
        pieces = self.pieces()
        with torch.no_grad(), precision(self.device):
            z = self.before.encode(x).latents
            soft = self.before.decode(pieces).sample.float()
        with precision(self.device):
            noisy = z + LATENT_NOISE * torch.rand((), device=z.device) * torch.randn_like(z)
            made = decoded(self.vae, torch.cat([noisy, pieces])).float()
        y, free = made[:BATCH], made[BATCH:]
        picture, kept = pyramid_loss(y, x), near(free, soft)
        spots = F.relu(F.avg_pool2d(dots(y), COARSE) - F.avg_pool2d(dots(x), COARSE)).mean() + dots(free).mean()
        loss = picture + kept + DOTTED * spots
        if step % ROUND_TRIP_EVERY == 0:
            loss = loss + 0.15 * F.smooth_l1_loss(self.before.encode(y).latents.float(), z.float(), beta=0.2)
        numbers = {"loss": picture, "kept": kept, "dots": spots}
        if progress >= CRITIC_FROM:
            told = self._learn(x, y.detach())
            adverse = self._judged(x, y)
            loss = loss + min(1.0, 10.0 * (progress - CRITIC_FROM)) * adverse
            numbers |= {"critic": told, "adverse": adverse}
        return loss, {"psnr": psnr(y, x), **{key: float(value.detach()) for key, value in numbers.items()}}, BATCH

    def _learn(self, drawn: Tensor, made: Tensor) -> Tensor:
        """One step of the critic; its loss, 2 where it cannot tell."""
        with precision(self.device):
            seen = self.critic(torch.cat([drawn, made]))[-1].float()
        told = F.relu(1.0 - seen[: len(drawn)]).mean() + F.relu(1.0 + seen[len(drawn) :]).mean()
        self.learner.zero_grad()
        told.backward()
        self.learner.step()
        return told

    def _judged(self, drawn: Tensor, made: Tensor) -> Tensor:
        """How far the pictures made are from pleasing the critic, and from what it sees in those drawn."""
        with precision(self.device):
            seen = self.critic(made)
            with torch.no_grad():
                wanted = self.critic(drawn)
        away = [(s - w).abs().mean() / w.abs().mean() for s, w in zip(seen[:-1], wanted[:-1], strict=True)]
        return AGREEING * torch.stack(away).mean() - PLEASING * seen[-1].float().mean()


def train_crisp(
    ember: Ember, work: Path, minutes: float, device: str, seed: int, workers: int = 1, soft: Vae | None = None
) -> Stage:
    """Trains the decoder of `ember.vae` for that long; the EMA holds the result.

    soft  the autoencoder that painted pictures must stay near; None: `ember.vae` as it is
    What `ember.shows` has kept in `work` is painted too.
    """
    torch.manual_seed(seed)
    before, ember.vae = ember.vae, crisp(ember.vae)
    before = soft or before
    for module in (before, ember.vae):
        module.to(device, memory_format=torch.channels_last)
    before.eval().requires_grad_(False)
    stage = Stage("crisp", work, {"decoder": ember.vae.decoder}, 2e-3, plain_rate=5e-4, decay=0.998)
    stage.load()
    if minutes > 0:
        ember.text.to(device)
        ember.unet.to(device)
        latents = list(painted(replace(ember, vae=ember.vae if stage.curve.steps else before), work, device, seed))
        if (work / SHOWS).exists():
            latents += [kept.to(device).float() for kept in torch.load(work / SHOWS, weights_only=True)]
        album = Album(work)
        seeds = [seed + stage.curve.steps + n for n in range(workers)]
        losses = [CrispLoss(ember.vae, before, latents, album, own, device) for own in seeds]
        stage.run(minutes, losses)
    return stage
