"""Contact sheets as PNG files, written with the standard library alone."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from .drawing import MOTIFS
from .export import Ember
from .palettes import PALETTES
from .sampling import sample
from .styles import STYLES
from .words import MOTIF_WORDS, PALETTE_WORDS, STYLE_WORDS


def write_png(path: Path, picture: Tensor) -> None:
    """Writes (3, H, W) 0..1 as an 8 bit RGB PNG."""
    rows = (picture.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).contiguous()
    height, width, _ = rows.shape
    raw = b"".join(b"\x00" + bytes(row.flatten().tolist()) for row in rows)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


def grid(pictures: Tensor, columns: int, cell: int) -> Tensor:
    """Pictures (B, 3, H, W) side by side as one (3, rows*cell, columns*cell)."""
    small = F.interpolate(pictures, size=(cell, cell), mode="area")
    missing = -len(small) % columns
    small = torch.cat([small, torch.zeros(missing, 3, cell, cell)])
    return small.view(-1, columns, 3, cell, cell).permute(2, 0, 3, 1, 4).reshape(3, -1, columns * cell)


def prompts() -> list[str]:
    """One prompt for every motif, palettes and styles going round."""
    palettes = [PALETTE_WORDS[name][0] for name in PALETTES]
    styles = ["", *(STYLE_WORDS[name][0] for name in STYLES if name != "plain")]
    return [
        ", ".join(p for p in (MOTIF_WORDS[name][0], palettes[(i * 5) % len(palettes)], styles[(i * 4) % 13]) if p)
        if i % 2
        else f"{palettes[(i * 5) % len(palettes)]} {MOTIF_WORDS[name][1]}"
        for i, name in enumerate(MOTIFS)
    ]


def gallery(ember: Ember, folder: Path, guidance: float = 1.0, cell: int = 112, columns: int = 7) -> None:
    """All motifs as the model draws them, one sheet each for 1, 2 and 4 steps."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = prompts()
    for steps in (1, 2, 4):
        done = [
            sample(ember, texts[i : i + 6], list(range(i, i + len(texts[i : i + 6]))), steps, guidance)
            for i in range(0, len(texts), 6)
        ]
        write_png(folder / f"ember_{steps}_steps.png", grid(torch.cat(done), columns, cell))
