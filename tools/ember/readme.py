"""The README beside the exported weights: conventions, sizes, how they were trained, the loss curves in numbers."""

from __future__ import annotations

from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from .export import Ember
from .loop import Stage
from .nets import TEXT_WIDTH, TOKENS, count, to_latents, to_pictures, velocity

TEXT = """# ember

A small text-conditioned latent diffusion model in diffusers' own format. It has seen no picture that this project did
not draw itself: `python tools/train_ember.py --minutes N` draws, trains and exports everything here.

## How to sample
- Tokens: `CLIPTokenizer`, always padded to `model_max_length` (32). Embedding:
  `text_encoder(input_ids).last_hidden_state`, (1, 32, 128).
- Latents: `z = pixel_unshuffle(vae.encode(x).latents, 2)`, pictures x in -1..1: 16 channels, 1/16 of the size, about
  unit variance. Back: `x = vae.decode(pixel_shuffle(z, 2)).sample`. The packing makes the UNet four times as fast.
- Rectified flow: `x_t = (1 - t) * z + t * noise`, t in 0..1.
  `v = unet(x_t, 1000 * t, encoder_hidden_states=embedding)` is the velocity `noise - z`: `z = x_t - t * v`, and an
  Euler step to time s is `x_s = x_t + (s - t) * v`.
- From nothing: `x_1 = noise`, t = 1. Img2img: encode, mix with noise to the t the strength asks for, go on from there.
- Guidance is trained in by the stage `few`: one UNet pass a step, no negative pass needed.
- Trained at 256 x 256; other multiples of 16 work.
- Words it knows: `vocabulary.json`. Others fall into pieces that it was taught to ignore, but of many it paints the
  mean of all motifs: liveanim reads prompts with such words by `lexicon.json`, as what is nearest.

## What it is
"""


@torch.no_grad()
def work(ember: Ember) -> list[str]:
    """Lines with the parameters of each network and its billions of operations for a picture of 256 x 256."""
    picture, words = torch.zeros(1, 3, 256, 256), torch.zeros(1, TOKENS, TEXT_WIDTH)
    latents = to_latents(ember.vae, picture)
    parts = {
        "encoder": (ember.vae.encoder, lambda: to_latents(ember.vae, picture)),
        "decoder": (ember.vae.decoder, lambda: to_pictures(ember.vae, latents)),
        "UNet, one step": (ember.unet, lambda: velocity(ember.unet, latents, torch.ones(1), words)),
    }
    lines = [f"- text encoder: {count(ember.text):.2f} M parameters, once for each prompt"]
    for name, (network, run) in parts.items():
        with FlopCounterMode(display=False) as counted:
            run()
        lines.append(f"- {name}: {count(network):.2f} M parameters, {counted.get_total_flops() / 1e9:.2f} GFLOP")
    return lines


def write_readme(folder: Path, ember: Ember, stages: list[Stage], seed: int, hardware: str) -> None:
    """Writes README.md into the folder of the exported weights."""
    lines = [TEXT.rstrip(), ""]
    lines += work(ember)
    lines += [
        f"- seed {seed}, trained on: {hardware}",
        "",
        "| stage | steps | samples | minutes |",
        "|---|---|---|---|",
    ]
    for stage in stages:
        c = stage.curve
        lines.append(f"| {stage.name} | {c.steps:,} | {c.samples:,} | {c.seconds / 60:.1f} |")
    lines += ["", "## Loss curves", "Means over 25 steps at about ten points of each stage.", ""]
    for stage in stages:
        rows = stage.curve.rows
        every = max(1, len(rows) // 10)
        key = "loss"
        points = [f"{step:,}: {numbers[key]:.4f}" for step, numbers in rows[::every]]
        lines.append(f"- {stage.name}: " + ", ".join(points))
    (folder / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
