"""Draws pictures with ember: from noise, and as feedback does it, from its own moved output."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

from .bank import moved
from .export import Ember
from .nets import DOWN, LATENT_CHANNELS, embed, to_latents, to_pictures, velocity
from .tokens import encode


def noise_for(seeds: list[int], height: int, width: int) -> Tensor:
    """Noise (B, 16, height/16, width/16), each picture's from its own seed, drawn on the CPU."""
    shape = (LATENT_CHANNELS, height // DOWN, width // DOWN)
    return torch.stack([torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds])


def levels(start: float, steps: int) -> list[float]:
    """Times from `start` (0..1) down to 0 in even steps."""
    return [start * (1.0 - index / steps) for index in range(steps + 1)]


@torch.no_grad()
def denoise(ember: Ember, latents: Tensor, words: Tensor, start: float, steps: int, guidance: float = 1.0) -> Tensor:
    """Euler steps from noisy latents at time `start` to clean ones. Guidance other than 1 costs a second pass."""
    times = levels(start, steps)
    empty = words
    if guidance != 1.0:
        empty = embed(ember.text, encode(ember.tokenizer, [""]).to(latents.device)).expand_as(words)
    for now, then in itertools.pairwise(times):
        t = torch.full((len(latents),), now, device=latents.device)
        v = velocity(ember.unet, latents, t, words)
        if guidance != 1.0:
            unsaid = velocity(ember.unet, latents, t, empty)
            v = unsaid + guidance * (v - unsaid)
        latents = latents + (then - now) * v
    return latents


@torch.no_grad()
def sample(
    ember: Ember, texts: list[str], seeds: list[int], steps: int = 2, guidance: float = 1.0, side: int = 256
) -> Tensor:
    """Pictures (B, 3, side, side) 0..1 for these captions and seeds."""
    device = next(ember.unet.parameters()).device
    words = embed(ember.text, encode(ember.tokenizer, texts).to(device))
    clean = denoise(ember, noise_for(seeds, side, side).to(device), words, 1.0, steps, guidance)
    return to_pictures(ember.vae, clean) * 0.5 + 0.5


@torch.no_grad()
def feedback(
    ember: Ember, text: str, keyframes: int, start: float, zoom: float, angle: float, steps: int = 1, side: int = 256
) -> list[Tensor]:
    """Keyframes (1, 3, side, side) 0..1: each the last one moved, mixed with noise to time `start`, denoised."""
    device = next(ember.unet.parameters()).device
    words = embed(ember.text, encode(ember.tokenizer, [text]).to(device))
    picture = sample(ember, [text], [0], 2, side=side) * 2 - 1
    out = []
    for index in range(keyframes):
        turned = moved(picture, torch.tensor([zoom], device=device), torch.tensor([angle], device=device))
        noise = noise_for([index + 1], side, side).to(device)
        noisy = (1.0 - start) * to_latents(ember.vae, turned) + start * noise
        picture = to_pictures(ember.vae, denoise(ember, noisy, words, start, steps))
        out.append(picture * 0.5 + 0.5)
    return out
