"""What prompts' own pictures are like, kept on disk: the next show need not paint eight of them to know.

An `Own` is a function of model, engine, text and size alone, so that it may be found out once and for all.
"""

from __future__ import annotations

import hashlib
import logging
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch

from ..data import whole
from .brush import Own
from .coherence import Look

log = logging.getLogger(__name__)

MOST = 1000  # files, of 1.5 kB
FORM = 1
"""Another number where what is measured of which pictures changes in the code."""


class Looks:
    """In `folder`, which belongs to one model as one compiler runs it; a small file for each.

    device   where their tensors are wanted
    threads  that the engine has: with another number its sums differ in their last bits
    What cannot be read is found out again; what cannot be written only costs that.
    """

    def __init__(self, folder: Path, device: str, threads: int) -> None:
        self._folder, self._device, self._threads = folder, device, threads
        self._works = True
        with suppress(OSError):
            kept = sorted(folder.glob("*.npz"), key=lambda path: path.stat().st_mtime)
            for path in kept[: -MOST // 2] if len(kept) > MOST else []:
                path.unlink(missing_ok=True)

    def find(self, engine: str, text: str, size: tuple[int, int]) -> Own | None:
        """What is known of `text` painted by `engine` at `size` (width, height); None: nothing."""
        try:
            with self._path(engine, text, size).open("rb") as file, np.load(file, allow_pickle=False) as kept:
                numbers, plan = (torch.from_numpy(kept[name]).to(self._device) for name in ("numbers", "plan"))
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
            return None
        return Own(Look(numbers), plan)

    def keep(self, own: Own, engine: str, text: str, size: tuple[int, int]) -> None:
        if not self._works:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._path(engine, text, size)
            with whole(path) as part, part.open("wb") as file:
                np.savez(file, numbers=own.look.numbers.cpu().numpy(), plan=own.plan.cpu().numpy())
        except OSError as error:
            self._works = False
            log.warning("what prompts look like is not kept: %s", error)

    def _path(self, engine: str, text: str, size: tuple[int, int]) -> Path:
        key = "\n".join([f"form {FORM}", engine, str(self._threads), f"{size[0]}x{size[1]}", text])
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.npz"
