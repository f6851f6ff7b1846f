"""Drawn pictures on disk, made by a process of their own while the networks train.

A sheet is one file of SHEET pictures (uint8) and their specs. Sheet n depends on the seed and n alone.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from liveanim.data import whole

from .drawing import Spec, draw, random_spec

SHEET = 64
SIDE = 256
DRAW_BATCH = 8


def sheet_path(work: Path, index: int) -> Path:
    """The file of one sheet."""
    return work / "album" / f"sheet_{index:05d}.pt"


@torch.no_grad()
def make_sheet(work: Path, index: int, seed: int, device: str = "cpu") -> None:
    """Draws one sheet and writes it whole."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + index)
    specs = [random_spec(generator) for _ in range(SHEET)]
    drawn = [
        (draw(specs[i : i + DRAW_BATCH], SIDE, device=device) * 255.0).round().byte().cpu()
        for i in range(0, SHEET, DRAW_BATCH)
    ]
    path = sheet_path(work, index)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as part:
        torch.save({"pictures": torch.cat(drawn), "specs": json.dumps([asdict(spec) for spec in specs])}, part)


def read_sheet(path: Path) -> tuple[Tensor, list[Spec]]:
    """Pictures (SHEET, 3, SIDE, SIDE) uint8 and their specs."""
    sheet = torch.load(path, weights_only=True)
    return sheet["pictures"], [Spec(**spec) for spec in json.loads(sheet["specs"])]


class Album:
    """The pictures drawn so far, in memory as bytes."""

    def __init__(self, work: Path, most: int = 64) -> None:
        """At most `most` sheets are kept, the newest."""
        self.work, self.most = work, most
        self.sheets: list[Tensor] = []
        self.read = 0
        self.refresh()

    def refresh(self) -> None:
        """Takes in sheets finished since the last call."""
        while (path := sheet_path(self.work, self.read)).exists():
            self.sheets = [*self.sheets[-self.most + 1 :], read_sheet(path)[0]]
            self.read += 1

    def crops(self, count: int, side: int, generator: torch.Generator) -> Tensor:
        """Random square pieces (count, 3, side, side) -1..1 of random pictures, half of them mirrored."""

        def roll(below: int) -> int:
            return int(torch.randint(0, below, (), generator=generator))

        pieces = []
        for _ in range(count):
            picture = self.sheets[roll(len(self.sheets))][roll(SHEET)]
            top, left = roll(SIDE - side + 1), roll(SIDE - side + 1)
            piece = picture[:, top : top + side, left : left + side]
            pieces.append(piece.flip(-1) if roll(2) else piece)
        return torch.stack(pieces).float() / 127.5 - 1.0
