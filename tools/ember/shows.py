"""The latents of shows, for the decoder to learn on: presets play to the built-in track, and what it is given is kept.

    python -m tools.ember.shows .ember/shows.pt [--seconds S] [PRESET ...]

Latents that are made of captions look tidier than those that feedback, journeys and video leave behind.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import torch
from torch import Tensor
from torch.nn import functional

from liveanim import cli
from liveanim.library import shipped
from liveanim.render.engines import HostEngine, TorchEngine

from .nets import PACK

FROM = 14.0  # s: by then the first picture is gone
EVERY = 3  # keyframes


@contextmanager
def noted(kept: list[Tensor]) -> Iterator[None]:
    """Every so many latents (4, h, w) that are decoded meanwhile are put into `kept`, as halves."""
    seen = 0

    def noting(engine: type) -> mock._patch[object]:
        decode = engine.decode  # type: ignore[attr-defined]

        def noted_decode(self: object, latents: Tensor) -> Tensor:
            nonlocal seen
            seen += 1
            if seen % EVERY == 0:
                kept.append(latents[0].half().clone())
            return decode(self, latents)

        return mock.patch.object(engine, "decode", noted_decode)

    with noting(HostEngine), noting(TorchEngine):
        yield


def main(words: list[str] | None = None) -> int:
    """Plays them all and writes a list of latents (4, h, w), unpacked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("output", type=Path, help="what to write")
    parser.add_argument("presets", nargs="*", default=[path.stem for path in shipped()], metavar="PRESET")
    parser.add_argument("--seconds", type=float, default=12.0, metavar="S", help="of each")
    parser.add_argument("--size", default="960x544", metavar="WxH")
    arguments = parser.parse_intermixed_args(words)
    kept: list[Tensor] = []
    with noted(kept), tempfile.TemporaryDirectory() as folder:
        for preset in arguments.presets:
            asked = f"render builtin -q -m ember -p {preset} --from {FROM} --size {arguments.size}"
            if code := cli.main([*asked.split(), "--seconds", str(arguments.seconds), "-o", f"{folder}/{preset}.mp4"]):
                return code
            print(f"{preset}: {len(kept)} latents so far", flush=True)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    torch.save([functional.pixel_shuffle(latents, PACK) for latents in kept], arguments.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
