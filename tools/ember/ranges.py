"""Measures what goes into ember's convolutions, so that they can be computed in whole numbers of 8 bits.

    python -m tools.ember.ranges liveanim/models/ember [--captions N]

Keyframes of drawn captions are painted over each other in float32 meanwhile. The ends of a range are where rounding to
256 steps, with what lies beyond cut off, loses least. The first and the last convolution of a network stay as they
are: by far the most is lost there and next to no time is won. `liveanim.render.quantized` reads what is written.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from liveanim.core.model import Prompt, RenderRequest
from liveanim.render.diffusion import DiffusionRenderer
from liveanim.render.engines import EnginePool, TorchEngine
from liveanim.render.models import RANGES, Parts, find
from liveanim.render.prompts import PromptBook
from liveanim.render.quantized import STEPS
from liveanim.render.text import clip_encoder

from .captions import caption
from .drawing import random_spec

NETWORKS = {"unet": 1, "decode": 2}
SIZE = (256, 256)
KEYFRAMES = 6  # of a caption, over each other
DENOISE = (0.35, 0.5, 0.7)
SAMPLE = 200  # numbers of a layer at a time
SHARES = np.linspace(0.5, 1.0, 11)
"""Of the lowest and the highest there is: where the ends of a range may be."""


class Heard:
    """What went into one convolution: its ends and some of it."""

    def __init__(self) -> None:
        self.low, self.high, self.some = np.inf, -np.inf, list[NDArray[np.float32]]()

    def hear(self, given: Tensor, dice: torch.Generator) -> None:
        flat = given.detach().float().flatten()
        self.low, self.high = min(self.low, float(flat.min())), max(self.high, float(flat.max()))
        self.some.append(flat[torch.randint(len(flat), (SAMPLE,), generator=dice)].numpy())

    def range(self) -> tuple[float, float]:
        """(low, high) at which rounding loses least; 0 is one of the steps, for what is around a picture is 0."""
        some = np.concatenate(self.some)
        ends = itertools.product(SHARES * min(self.low, 0.0), SHARES * max(self.high, 0.0))
        return min(itertools.starmap(around_zero, ends), key=lambda pair: lost(some, *pair))


def around_zero(low: float, high: float) -> tuple[float, float]:
    """The ends moved so that 0 is one of the steps between them."""
    step = (high - low) / (STEPS - 1)
    below = round(-low / step)
    return -below * step, (STEPS - 1 - below) * step


def lost(values: NDArray[np.float32], low: float, high: float) -> float:
    """The mean square of what rounding `values` to STEPS steps from `low` to `high` changes."""
    step = (high - low) / (STEPS - 1)
    return float(np.mean((np.clip(np.round((values - low) / step), 0, STEPS - 1) * step + low - values) ** 2))


@contextmanager
def heard(network: nn.Module) -> Iterator[dict[str, Heard]]:
    """By its name, in the order of the first calls: what each convolution of `network` is given meanwhile."""
    dice, found = torch.Generator().manual_seed(1), dict[str, Heard]()

    def listen(name: str) -> Any:
        return lambda _layer, given: found.setdefault(name, Heard()).hear(given[0], dice)

    layers = [(name, layer) for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d)]
    hooks = [layer.register_forward_pre_hook(listen(name)) for name, layer in layers]
    yield found
    for hook in hooks:
        hook.remove()


def measured(folder: Path, captions: int) -> dict[str, dict[str, tuple[float, float]]]:
    """By network and convolution of the model in `folder`: (low, high)."""
    parts = Parts(find(str(folder)))
    engine = TorchEngine(parts)
    pool = EnginePool(lambda: engine, None, background=False)
    renderer = DiffusionRenderer(parts, pool, PromptBook(clip_encoder(parts)))
    dice = torch.Generator().manual_seed(1)
    with ExitStack() as stack:
        found = {name: stack.enter_context(heard(engine.networks[number].net)) for name, number in NETWORKS.items()}
        for number in range(captions):
            picture, prompts = None, (Prompt(caption(random_spec(dice), number)),)
            for n in range(KEYFRAMES):
                denoise, steps = DENOISE[n % len(DENOISE)], 1 + n % 2
                asked = RenderRequest(n, n / 15, SIZE, prompts, seed=number, denoise=denoise, steps=steps)
                picture = renderer.render(asked, picture).image
    return {name: {row: layers[row].range() for row in list(layers)[1:-1]} for name, layers in found.items()}


def write_ranges(folder: Path, captions: int = 16) -> None:
    """Measures the model in `folder` and puts its ranges there."""
    rows = {
        network: {name: [float(f"{end:.5g}") for end in ends] for name, ends in found.items()}
        for network, found in measured(folder, captions).items()
    }
    (folder / RANGES).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="of the model")
    parser.add_argument("--captions", type=int, default=16, metavar="N")
    arguments = parser.parse_args()
    write_ranges(arguments.folder, arguments.captions)
    return 0


if __name__ == "__main__":
    sys.exit(main())
