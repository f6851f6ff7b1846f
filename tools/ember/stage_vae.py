"""Trains the autoencoder: sharp, colour-true, with latents of unit variance that survive many round trips."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from .album import Album
from .loop import Stage
from .nets import Vae, precision

CROP = 128
BATCH = 4
REFRESH_EVERY = 40
LATENT_NOISE = 0.08
ROUND_TRIP_EVERY = 4
SMALLER_EVERY = 3
KEEPING = 3.0


def pyramid_loss(got: Tensor, want: Tensor) -> Tensor:
    """Mean absolute difference over a pyramid of sizes, the details of each counted once more, and the hue at 1/16."""
    loss = got.new_zeros(())
    for level in range(4):
        difference = got - want
        low = F.avg_pool2d(difference, 2)
        detail = difference - F.interpolate(low, scale_factor=2.0, mode="nearest")
        loss = loss + difference.abs().mean() * (0.5 if level == 0 else 0.35) + detail.abs().mean() * 0.8
        got, want = F.avg_pool2d(got, 2), F.avg_pool2d(want, 2)
    hue = got - want
    return loss + 0.8 * (
        (hue[:, 0] - hue[:, 1]).abs().mean() + (hue[:, 2] - 0.5 * (hue[:, 0] + hue[:, 1])).abs().mean()
    )


def moments(latents: Tensor) -> Tensor:
    """How far the latents are from mean 0 and deviation 1, per channel, plus a pull back of far outliers."""
    flat = latents.transpose(0, 1).flatten(1)
    far = (latents.abs() - 2.6).clamp(min=0.0).square().mean()
    return flat.mean(1).square().mean() + (flat.std(1) - 1.0).square().mean() + far


def psnr(got: Tensor, want: Tensor) -> float:
    """Peak signal to noise in dB of pictures in -1..1."""
    return float(-10.0 * torch.log10((got.detach().clamp(-1, 1) - want).square().mean() / 4.0 + 1e-10))


class VaeLoss:
    """The stage's loss for one batch of fresh crops. With `kept` the latents stay those of that autoencoder, which may
    be of another shape: what a UNet has learned stays valid.

    Now and then averaged latents must decode to the averaged picture: latents that scale as pictures do are easier for
    a UNet to learn.
    """

    def __init__(self, vae: Vae, album: Album, seed: int, device: str, kept: Vae | None) -> None:
        self.vae, self.album, self.device, self.kept = vae, album, device, kept
        self.generator = torch.Generator().manual_seed(seed)

    def latents(self, x: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """What to decode, and how far the encoder's latents are from where they should be."""
        z = self.vae.encode(x).latents
        if self.kept is None:
            return z, 0.2 * moments(z.float())
        with torch.no_grad():
            known = self.kept.encode(x).latents
        away = (z.float() - known.float()).square().mean()
        return (z if step % 2 else known), KEEPING * away

    def __call__(self, step: int, progress: float) -> tuple[Tensor, dict[str, float], int]:
        """Loss, numbers to log, crops used."""
        if step % REFRESH_EVERY == 0:
            self.album.refresh()
        x = self.album.crops(BATCH, CROP, self.generator).to(self.device, memory_format=torch.channels_last)
        with precision(self.device):
            z, away = self.latents(x, step)
            noisy = z + LATENT_NOISE * torch.rand((), device=z.device) * 2 * torch.randn_like(z)
            y = self.vae.decode(noisy).sample
            again = self.vae.encode(y).latents if step % ROUND_TRIP_EVERY == 0 else None
            smaller = self.vae.decode(F.avg_pool2d(z, 2)).sample if step % SMALLER_EVERY == 0 else None
        picture = pyramid_loss(y.float(), x)
        loss = picture + away
        if again is not None:
            loss = loss + 0.15 * F.smooth_l1_loss(again.float(), z.detach().float(), beta=0.2)
        if smaller is not None:
            loss = loss + 0.5 * pyramid_loss(smaller.float(), F.avg_pool2d(x, 2))
        numbers = {"loss": float(picture.detach()), "away": float(away.detach()), "psnr": psnr(y.float(), x)}
        return loss, numbers, BATCH


def train_vae(
    work: Path, minutes: float, device: str, seed: int, kept: Vae | None, vae: Vae, workers: int = 1
) -> Stage:
    """Trains `vae` for that long, from its checkpoint in `work` if there is one; the EMA holds the result.

    With `kept` its latents stay those of that autoencoder."""
    torch.manual_seed(seed)
    vae.to(device, memory_format=torch.channels_last)
    name, rate = ("vae", 3e-3) if kept is None else ("refit", 1.5e-3)
    if kept is not None:
        kept.to(device, memory_format=torch.channels_last).eval().requires_grad_(False)
    stage = Stage(name, work, {"vae": vae}, rate, decay=0.997)
    stage.load()
    if minutes > 0:
        album = Album(work)
        seeds = [seed + stage.curve.steps + n for n in range(workers)]
        stage.run(minutes, [VaeLoss(vae, album, own, device, kept) for own in seeds])
    return stage
