"""A growing bank of encoded pictures with their captions, drawn in the background while the UNet trains.

Each shard is one file of the work folder: latents of clean pictures at full and at half size, latents of worn copies
(as feedback wears pictures), and the specs to write captions from. Shard n depends on the seed and n alone.
"""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from .drawing import Spec, draw, random_spec
from .nets import Vae

logger = logging.getLogger("ember")
SHARD = 64
SIDE = 256
DRAW_BATCH = 4
WORN = 1  # of each DRAW_BATCH; the others keep a clean copy in their place
LUMA = (0.2126, 0.7152, 0.0722)


def moved(pictures: Tensor, zoom: Tensor, angle: Tensor) -> Tensor:
    """Pictures (B, C, H, W) zoomed and turned about their centre; edges are mirrored."""
    cos, sin = torch.cos(angle) / zoom, torch.sin(angle) / zoom
    zero = torch.zeros_like(cos)
    matrix = torch.stack([torch.stack([cos, -sin, zero], 1), torch.stack([sin, cos, zero], 1)], 1)
    grid = F.affine_grid(matrix, list(pictures.shape), align_corners=False)
    return F.grid_sample(pictures, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


@torch.no_grad()
def worn(vae: Vae, pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Copies of pictures (B, 3, H, W) -1..1 as feedback wears them: moved to and fro (which softens them), passed
    through the autoencoder up to three times, noisier, paler or harsher. They stay in register with the originals."""
    count = len(pictures)

    def pick(low: float, high: float) -> Tensor:
        return (low + (high - low) * torch.rand(count, generator=generator)).to(pictures.device)

    def shape(value: Tensor) -> Tensor:
        return value.view(-1, 1, 1, 1)

    x = pictures
    for _ in range(int(torch.randint(1, 4, (), generator=generator))):
        zoom, angle = pick(0.94, 1.06), pick(-0.03, 0.03)
        x = moved(moved(x, zoom, angle), 1.0 / zoom, -angle)
        x = vae.decode(vae.encode(x).latents).sample.clamp(-1, 1)
    grey = (x * x.new_tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
    x = grey + (x - grey) * shape(pick(0.7, 1.2))
    x = x.mean((1, 2, 3), keepdim=True) + (x - x.mean((1, 2, 3), keepdim=True)) * shape(pick(0.75, 1.15))
    x = x + shape(pick(-0.08, 0.08))
    grain = torch.randn(x.shape, generator=generator).to(x.device)
    return (x + grain * shape(pick(0.0, 0.06))).clamp(-1, 1)


def shard_path(work: Path, index: int) -> Path:
    """The file of one shard."""
    return work / "bank" / f"shard_{index:05d}.pt"


@torch.no_grad()
def make_shard(work: Path, index: int, seed: int, vae: Vae, device: str) -> None:
    """Draws, wears and encodes one shard."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + index)
    specs = [random_spec(generator) for _ in range(SHARD)]
    clean, small, old = [], [], []
    with torch.autocast(torch.device(device).type, dtype=torch.bfloat16):
        for start in range(0, SHARD, DRAW_BATCH):
            x = draw(specs[start : start + DRAW_BATCH], SIDE, device=device) * 2.0 - 1.0
            x = x.contiguous(memory_format=torch.channels_last)
            clean.append(vae.encode(x).latents.float().cpu())
            small.append(vae.encode(F.avg_pool2d(x, 2)).latents.float().cpu())
            used = vae.encode(worn(vae, x[:WORN], generator)).latents.float().cpu()
            old.append(torch.cat([used, clean[-1][WORN:]]))
    path = shard_path(work, index)
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = {"clean": torch.cat(clean), "small": torch.cat(small), "worn": torch.cat(old)}
    partial = path.with_suffix(".part")
    parts = {key: value.half() for key, value in parts.items()}
    torch.save({**parts, "specs": json.dumps([asdict(spec) for spec in specs])}, partial)
    partial.replace(path)


class Bank:
    """The shards made so far, in memory: clean, small and worn latents and specs."""

    def __init__(self, work: Path, device: str) -> None:
        self.work, self.device = work, device
        self.parts: dict[str, list[Tensor]] = {"clean": [], "small": [], "worn": []}
        self.specs: list[Spec] = []
        self.shards = 0

    def refresh(self) -> None:
        """Takes in shards that have been finished since the last call."""
        while (path := shard_path(self.work, self.shards)).exists():
            shard = torch.load(path, weights_only=True)
            for key, values in self.parts.items():
                values.append(shard[key].to(self.device))
            self.specs += [Spec(**spec) for spec in json.loads(shard["specs"])]
            self.shards += 1

    def batch(self, count: int, generator: torch.Generator) -> tuple[list[int], dict[str, Tensor]]:
        """Numbers of `count` random pictures and their latents by part, float32."""
        which = torch.randint(0, len(self.specs), (count,), generator=generator).tolist()
        places = [(n // SHARD, n % SHARD) for n in which]
        return which, {
            key: torch.stack([values[shard][row] for shard, row in places]).float()
            for key, values in self.parts.items()
        }


class Filler(threading.Thread):
    """Thread `ember-bank`: owns nothing but the shard files it writes, up to `shards` of them; stops when told to."""

    def __init__(self, work: Path, shards: int, seed: int, vae: Vae, device: str) -> None:
        super().__init__(name="ember-bank", daemon=True)
        self.work, self.shards, self.seed, self.vae, self.device = work, shards, seed, vae, device
        self.halt = threading.Event()

    def run(self) -> None:
        """Makes the missing shards in order."""
        torch.set_num_threads(1)
        for index in range(self.shards):
            if self.halt.is_set():
                return
            if not shard_path(self.work, index).exists():
                make_shard(self.work, index, self.seed, self.vae, self.device)
        logger.info("bank holds %d pictures", self.shards * SHARD)


def logit_normal(count: int, generator: torch.Generator, mean: float = 0.0, spread: float = 1.0) -> Tensor:
    """Times 0..1, most of them in the middle."""
    return torch.sigmoid(mean + spread * torch.randn(count, generator=generator)).clamp(1e-3, 1.0 - 1e-4)
