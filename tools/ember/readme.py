"""The README beside the exported weights: conventions, sizes, how they were trained, the loss curves in numbers."""

from __future__ import annotations

from pathlib import Path

from .loop import Stage

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
- Guidance is trained in: one UNet pass a step, no negative pass needed.
- Trained at 256 x 256; other multiples of 16 work.
- Words it knows: `vocabulary.json`. Others fall into pieces that it was taught to ignore.

## What it is
"""


def write_readme(folder: Path, stages: list[Stage], sizes: dict[str, float], seed: int, hardware: str) -> None:
    """Writes README.md into the folder of the exported weights."""
    lines = [TEXT.rstrip(), ""]
    lines += [f"- {name}: {value:.2f} M parameters" for name, value in sizes.items()]
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
