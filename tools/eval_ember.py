"""Measures how well ember paints: `python tools/eval_ember.py --json FILE`.

A classifier trained on drawn pictures (once, kept in the cache folder) judges what the renderer that plays paints. The
counts fit two cores: about 25 minutes in all, nearly all of it `feedback`; `--quick` takes a tenth of the pictures.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np  # noqa: E402
import torch  # noqa: E402
from ember import judge as judging  # noqa: E402
from ember import measures  # noqa: E402
from ember.sheets import grid, write_png  # noqa: E402

from liveanim.core.model import Prompt, RenderRequest  # noqa: E402
from liveanim.core.motion import step_matrix  # noqa: E402
from liveanim.core.params import defaults  # noqa: E402
from liveanim.render.load import Options, load  # noqa: E402
from tools.benchmarks import machine, painting  # noqa: E402

logger = logging.getLogger("ember")
MEASURES = ("motifs", "palettes", "few", "feedback", "rest", "evenness", "speed", "startup")
# zoom 1.01 and 0.3 degrees a keyframe, at ten keyframes a second
MOTION = {**defaults(), "camera.zoom": 1.01**10, "camera.angle": 3.0}

START = """
import sys, time
from liveanim.core.model import Prompt, RenderRequest
from liveanim.render.load import Options, load
begin = time.perf_counter()
renderer = load(sys.argv[1], None, Options(background=False))
renderer.render(RenderRequest(0, 0.0, (256, 256), (Prompt("a neon mandala"),), fresh=True), None)
print(time.perf_counter() - begin)
"""


class Played:
    """The renderer that plays, with everything on that presets usually have on."""

    def __init__(self, model: str) -> None:
        self.renderer = load(model, measures.SIZE, Options(background=False))
        self.motion = step_matrix(MOTION, 0.1, 1.0)

    def fresh(self, prompts: Sequence[tuple[str, float]], seed: int, steps: int) -> measures.Frame:
        """A picture from noise."""
        said = tuple(Prompt(text, weight) for text, weight in prompts)
        request = RenderRequest(0, 0.0, measures.SIZE, said, seed=seed, steps=steps, fresh=True)
        return self.renderer.render(request, None).image

    def next(self, prompt: str, index: int, previous: measures.Frame, strength: float, moving: bool) -> measures.Frame:
        """The next picture of a feedback."""
        request = RenderRequest(
            index,
            index / 10,
            measures.SIZE,
            (Prompt(prompt),),
            seed=3,
            denoise=1 - strength,
            coherence=defaults()["picture.coherence"],
            motion=self.motion if moving else np.eye(3),
        )
        return self.renderer.render(request, previous).image


def speed(quick: bool) -> dict[str, float]:
    """Whole keyframes per second, one step, and against plain diffusers on the same weights in the same run."""
    found = painting.run(quick)
    return {
        "keyframes_per_s": found["ember_256_keyframes_per_s"],
        "keyframes_per_s_512": found["ember_512_keyframes_per_s"],
        "speedup_vs_eager": found["ember_vs_diffusers_eager"],
    }


def startup(model: str) -> float:
    """Seconds from the end of the imports to the first picture in a fresh process whose engine has been compiled."""
    done = subprocess.run([sys.executable, "-c", START, model], cwd=ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def measured(args: argparse.Namespace) -> dict[str, float]:
    """The figures asked for."""
    part = 10 if args.quick else 1
    played = Played(args.model)
    figures: dict[str, float] = {}
    shown: list[torch.Tensor] = []

    @cache
    def judge() -> judging.Judge:
        """Trained where there is none yet, which takes half an hour."""
        found, figures["judge_top1"] = judging.known(args.cache)
        return found

    def show(prompt: str, index: int, frame: measures.Frame) -> None:
        shown.append(measures.stack([frame]))
        logger.info("%s, keyframe %d", prompt, index)

    groups: dict[str, Callable[[], dict[str, float]]] = {
        "motifs": lambda: {
            "motif_top1": measures.motifs(played, judge(), max(1, 12 // part)),
            "motif_top1_4_steps": measures.motifs(played, judge(), max(1, 12 // part), 4),
        },
        "palettes": lambda: {"palette_top1": measures.palettes(played, max(2, 6 // part))},
        "few": lambda: measures.few_steps(played, judge(), 328 // part),
        "feedback": lambda: measures.feedback(played, 3000 // part, show),
        "rest": lambda: {"rest_change_ratio": measures.rest(played, 600 // part)},
        "evenness": lambda: measures.evenness(played, judge()),
        "speed": lambda: speed(args.quick),
        "startup": lambda: {"startup_s": startup(args.model)},
    }
    for name in args.only:
        found = groups[name]()
        logger.info("%s: %s", name, ", ".join(f"{key} {value:.3f}" for key, value in found.items()))
        figures |= found
    if args.sheet and shown:
        write_png(args.sheet, grid(torch.cat(shown), 7, 256))
    return figures


def main() -> int:
    """Measures and writes {"machine": ..., "figures": ...}."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=MEASURES, metavar="NAME", help="some measures")
    parser.add_argument("--quick", action="store_true", help="a tenth of the pictures")
    parser.add_argument("--model", default="ember", help="the model, as `liveanim play --model` takes it")
    parser.add_argument("--sheet", type=Path, help="write pictures of the feedback, one row for each prompt")
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "liveanim" / "eval",
        help="where the classifier is kept",
    )
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    result = {"machine": machine.machine(), "figures": measured(args)}
    text = json.dumps(result, indent=1)
    print(text)
    if args.json:
        with tempfile.NamedTemporaryFile("w", dir=args.json.parent, delete=False) as partial:
            partial.write(text + "\n")
        Path(partial.name).replace(args.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
