"""The drawn pictures encoded: what the UNet trains on, with the specs to write captions from.

Each shard belongs to one sheet of the album: latents of its pictures, of the same mirrored, and of worn copies of the
first WORN (as feedback wears pictures). A process of its own draws and encodes while the UNet trains.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from liveanim.data import whole

from .album import SHEET, make_sheet, read_sheet, sheet_path
from .drawing import Spec
from .nets import Vae, precision, to_latents, to_pictures

BATCH = 8
WORN = 16
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
        x = to_pictures(vae, to_latents(vae, x))
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
    """Wears and encodes one sheet."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + index)
    pictures = read_sheet(sheet_path(work, index))[0]
    parts: dict[str, list[Tensor]] = {"clean": [], "mirrored": [], "worn": []}
    with precision(device):
        for start in range(0, SHEET, BATCH):
            x = (pictures[start : start + BATCH].to(device).float() / 127.5 - 1.0).contiguous(
                memory_format=torch.channels_last
            )
            parts["clean"].append(to_latents(vae, x))
            parts["mirrored"].append(to_latents(vae, x.flip(-1)))
            if start < WORN:
                parts["worn"].append(to_latents(vae, worn(vae, x, generator)))
    path = shard_path(work, index)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as part:
        torch.save({key: torch.cat(values).half().cpu() for key, values in parts.items()}, part)


class Bank:
    """The shards made so far, in memory: latents and specs."""

    def __init__(self, work: Path, device: str) -> None:
        self.work, self.device = work, device
        self.parts: dict[str, list[Tensor]] = {"clean": [], "mirrored": [], "worn": []}
        self.specs: list[list[Spec]] = []
        self.known: set[Path] = set()

    def refresh(self) -> None:
        """Takes in shards that have been finished since the last call."""
        for path in sorted(set(shard_path(self.work, 0).parent.glob("shard_*.pt")) - self.known):
            shard = torch.load(path, weights_only=True)
            for key, values in self.parts.items():
                values.append(shard[key].to(self.device))
            self.specs.append(read_sheet(sheet_path(self.work, int(path.stem[6:])))[1])
            self.known.add(path)

    @property
    def size(self) -> int:
        """Pictures so far."""
        return SHEET * len(self.specs)

    def batch(self, count: int, generator: torch.Generator, worn_share: float) -> tuple[list[Spec], Tensor, Tensor]:
        """Specs, clean latents (count, ...) and what feedback may have made of them: `worn_share` of them are worn."""
        specs, clean, used = [], [], []
        for wears, flips in zip(
            (torch.rand(count, generator=generator) < worn_share).tolist(),
            (torch.rand(count, generator=generator) < 0.5).tolist(),
            strict=True,
        ):
            shard = int(torch.randint(0, len(self.specs), (), generator=generator))
            row = int(torch.randint(0, WORN if wears else SHEET, (), generator=generator))
            specs.append(self.specs[shard][row])
            clean.append(self.parts["mirrored" if flips and not wears else "clean"][shard][row])
            used.append(self.parts["worn"][shard][row] if wears else clean[-1])
        return specs, torch.stack(clean).float(), torch.stack(used).float()


def fill(work: Path, sheets: int, seed: int, vae: Vae | None, device: str, parent: int) -> None:
    """Draws the missing ones of the first `sheets` sheets, and encodes them if there is a `vae`.

    Runs in a process of its own and ends with the process `parent`.
    """
    torch.set_num_threads(1)
    if vae is not None:
        vae.to(device, memory_format=torch.channels_last).eval()
    for index in range(sheets):
        if os.getppid() != parent:
            return
        if not sheet_path(work, index).exists():
            make_sheet(work, index, seed, device)
        if vae is not None and not shard_path(work, index).exists():
            make_shard(work, index, seed, vae, device)


def wait_for(path: Path, alive: object) -> None:
    """Waits for a file that another process makes; `alive` has is_alive()."""
    while not path.exists():
        if not alive.is_alive():  # type: ignore[attr-defined]
            raise RuntimeError("drawing the training pictures failed: see the message above")
        time.sleep(0.2)


def logit_normal(count: int, generator: torch.Generator, mean: float = 0.0, spread: float = 1.0) -> Tensor:
    """Times 0..1, most of them in the middle."""
    return torch.sigmoid(mean + spread * torch.randn(count, generator=generator)).clamp(1e-3, 1.0 - 1e-4)
