"""Sets to 0 what never speaks in ember's autoencoder, so that it is left out when the model is loaded.

    python -m tools.ember.silence liveanim/models/ember [--count N] [--dry]

A channel of a residual block is silent when it stays below 0 on every pixel of N drawn pictures, N of noise and flat
colours, and what the UNet paints of N captions. Another N of each say how much pictures change by it: nothing, or no
weights are written. `liveanim.render.rewrite` then leaves these channels out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from liveanim.render import brush, family
from liveanim.render.brush import Way
from liveanim.render.engines import TorchEngine
from liveanim.render.models import WEIGHTS, Parts, find
from liveanim.render.prompts import PromptBook
from liveanim.render.text import clip_encoder

from .captions import caption
from .drawing import draw, random_spec

SIZE = 192
MOST = 1.0 / 255
"""Change of a pixel 0..1 above which a channel that was taken for silent is not."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="of the model")
    parser.add_argument("--count", type=int, default=24, metavar="N")
    parser.add_argument("--dry", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    parts = Parts(find(str(arguments.folder)))
    with torch.inference_mode():
        loudest = heard(parts, arguments.count, 1)
        seen = list(shown(parts, arguments.count, 2))
        before = [through(parts.vae, one) for one in seen]
        count = silence(loudest)
        changes = [(through(parts.vae, one) - old).abs() / 2 for one, old in zip(seen, before, strict=True)]
    most, mean = max(float(c.max()) for c in changes), sum(float(c.mean()) for c in changes) / len(changes)
    print(f"{count} of {sum(map(len, loudest.values()))} channels are silent")
    print(f"most change of a pixel {255 * most:.3f} of 255, mean {255 * mean:.5f}, {len(changes)} pictures")
    if most > MOST:
        print("that is too much: nothing is written")
        return 1
    if not arguments.dry:
        write(parts.vae, parts.folder / "vae" / f"{WEIGHTS}.safetensors")
    return 0


def shown(parts: Parts, count: int, seed: int) -> Iterator[Tensor]:
    """Pictures (1, 3, SIZE, SIZE) -1..1 for the whole autoencoder, and latents (1, 4, h, w) for its second half."""
    dice = torch.Generator().manual_seed(seed)
    specs = [random_spec(dice) for _ in range(count)]
    for spec in specs:
        yield draw([spec], SIZE)[:1].float().clamp(0, 1) * 2 - 1
    for number in range(count):
        grain = 2 ** (number % 5)
        noise = torch.rand(1, 3, SIZE // grain, SIZE // grain, generator=dice)
        share = float(torch.rand((), generator=dice))
        flat = torch.rand(1, 3, 1, 1, generator=dice).round(decimals=number % 2)
        yield (functional.interpolate(noise, (SIZE, SIZE)) * share + flat * (1 - share)) * 2 - 1
    engine, book = TorchEngine(parts), PromptBook(clip_encoder(parts))
    schedule = family.schedule_of(parts.scheduler)
    side = SIZE // parts.shrinking
    for number, spec in enumerate(specs):
        first = torch.randn(1, int(parts.unet_config["in_channels"]), side, side, generator=dice)
        way = Way([(book.embedding(caption(spec, number)), 1.0)], 1 + number % 3)
        yield functional.pixel_shuffle(brush.from_noise(engine, schedule, way, first), parts.packing)


def heard(parts: Parts, count: int, seed: int) -> dict[Any, Tensor]:
    """The highest value of each channel of each convolution that a ReLU follows within a block."""
    loudest: dict[Any, Tensor] = {}

    def listen(layer: Any, _given: Any, out: Tensor) -> None:
        most = out.amax((0, 2, 3))
        loudest[layer] = torch.maximum(loudest.get(layer, most), most)

    blocks = [part for part in parts.vae.modules() if type(part).__name__ == "AutoencoderTinyBlock"]
    hooks = [block.conv[place].register_forward_hook(listen) for block in blocks for place in (0, 2)]
    for one in shown(parts, count, seed):
        through(parts.vae, one)
    for hook in hooks:
        hook.remove()
    return loudest


def through(vae: Any, one: Tensor) -> Tensor:
    """What the autoencoder makes of a picture, or its second half of latents."""
    made: Tensor = vae.decode(vae.encode(one).latents if one.shape[1] == 3 else one).sample
    return made


def silence(loudest: dict[Any, Tensor]) -> int:
    """How many channels had their weights set to 0: those whose highest value is below 0."""
    for layer, most in loudest.items():
        layer.weight[most <= 0], layer.bias[most <= 0] = 0, 0
    return sum(int((most <= 0).sum()) for most in loudest.values())


def write(vae: Any, path: Path) -> None:
    """The weights in the form that the file had, under the names that it had."""
    kept = load_file(path)
    state = vae.state_dict()
    save_file({name: state[name].to(value).contiguous() for name, value in kept.items()}, path, {"format": "pt"})


if __name__ == "__main__":
    sys.exit(main())
