"""A pool of drawn pictures that the autoencoder trains on, renewed while it trains."""

from __future__ import annotations

import torch
from torch import Tensor

from .drawing import draw, random_spec

DRAW_BATCH = 8


class Pool:
    """`size` drawn pictures (3, side, side) uint8. `renew` replaces the oldest."""

    def __init__(self, size: int, side: int, seed: int, device: str) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.side, self.device = side, device
        self.pictures = torch.empty((size, 3, side, side), dtype=torch.uint8, device=device)
        self.filled = 0
        self.next = 0

    @torch.no_grad()
    def renew(self, count: int) -> None:
        """Draws that many new pictures into the pool."""
        specs = [random_spec(self.generator) for _ in range(count)]
        for start in range(0, count, DRAW_BATCH):
            drawn = (draw(specs[start : start + DRAW_BATCH], self.side, device=self.device) * 255.0).round().byte()
            slots = (self.next + torch.arange(len(drawn), device=self.device)) % len(self.pictures)
            self.pictures[slots] = drawn
            self.next = int((self.next + len(drawn)) % len(self.pictures))
            self.filled = min(len(self.pictures), self.filled + len(drawn))

    def crops(self, count: int, side: int) -> Tensor:
        """Random square crops (count, 3, side, side) in -1..1, mirrored and turned at random."""
        which = torch.randint(0, self.filled, (count,), generator=self.generator)
        corners = torch.randint(0, self.side - side + 1, (count, 2), generator=self.generator)
        flips = torch.randint(0, 8, (count,), generator=self.generator)
        out = []
        for index, (top, left), flip in zip(which.tolist(), corners.tolist(), flips.tolist(), strict=True):
            crop = self.pictures[index, :, top : top + side, left : left + side]
            crop = crop.flip(2) if flip & 1 else crop
            out.append(torch.rot90(crop, flip >> 1, (1, 2)))
        return torch.stack(out).float() / 127.5 - 1.0
