"""Draws pictures with ember from noise."""

from __future__ import annotations

import torch
from torch import Tensor

from .export import Ember
from .nets import DOWN, LATENT_CHANNELS, embed, to_pictures, velocity
from .tokens import encode

RESCALED = 0.7


def noise_for(seeds: list[int], height: int, width: int) -> Tensor:
    """Noise (B, 16, height/16, width/16), each picture's from its own seed, drawn on the CPU."""
    shape = (LATENT_CHANNELS, height // DOWN, width // DOWN)
    return torch.stack([torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds])


def guided(latents: Tensor, t: Tensor, said: Tensor, unsaid: Tensor, guidance: float) -> Tensor:
    """The velocity led away from `unsaid`, most of what that adds in strength to the picture taken back: pale pictures
    would burn out (rescaled guidance: Lin et al. 2023, arXiv:2305.08891, section 3.4)."""
    end = latents - t * (unsaid + guidance * (said - unsaid))
    gain = (latents - t * said).flatten(1).norm(dim=1) / end.flatten(1).norm(dim=1)
    return (latents - end * (1.0 + RESCALED * (gain - 1.0)).view(-1, 1, 1, 1)) / t


@torch.no_grad()
def denoise(ember: Ember, latents: Tensor, words: Tensor, start: Tensor, steps: int, guidance: float = 1.0) -> Tensor:
    """Even Euler steps from noisy latents at times `start` (B,) to clean ones. Guidance other than 1 costs a second
    pass."""
    empty = words
    if guidance != 1.0:
        empty = embed(ember.text, encode(ember.tokenizer, [""]).to(latents.device)).expand_as(words)
    for index in range(steps):
        t = start * (1.0 - index / steps)
        v = velocity(ember.unet, latents, t, words)
        if guidance != 1.0:
            v = guided(latents, t.view(-1, 1, 1, 1), v, velocity(ember.unet, latents, t, empty), guidance)
        latents = latents - (start / steps).view(-1, 1, 1, 1) * v
    return latents


@torch.no_grad()
def sample(
    ember: Ember, texts: list[str], seeds: list[int], steps: int = 2, guidance: float = 1.0, side: int = 256
) -> Tensor:
    """Pictures (B, 3, side, side) 0..1 for these captions and seeds."""
    device = next(ember.unet.parameters()).device
    words = embed(ember.text, encode(ember.tokenizer, texts).to(device))
    start = torch.ones(len(seeds), device=device)
    clean = denoise(ember, noise_for(seeds, side, side).to(device), words, start, steps, guidance)
    return to_pictures(ember.vae, clean) * 0.5 + 0.5
