"""Display frames while diffusion runs flat out: off screen, on a window, and beside a recording."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from .painting import STAGES
from .rig import FPS, HD, PAINTED, Plan, load_ember, play
from .stats import Intervals, median

FLAT_OUT = """
[prompt]
text = ["a neon tunnel, glowing, dark background"]
[picture]
cadence = 0
steps = {steps}
noise = 0.02
coherence = 0.4
sharpen = 0.15
[camera]
zoom = "1.22 + 1.1*kick"
angle = "9*sin(2*pi*bar/8)"
[stage]
punch = "0.085*kick"
exposure = "0.15 + 0.55*kick"
bloom = "0.25 + 0.35*kick"
vignette = 0.35
"""


def run(quick: bool) -> dict[str, float]:
    seconds = 3.0 if quick else 12.0
    figures = _figures("display_720p", _plan(seconds))
    figures |= _figures("display_512p", _plan(seconds, size=(912, 512)))
    figures |= _figures("display_360p", _plan(seconds, size=(640, 360)))
    figures |= _figures("display_720p_paint", _plan(seconds, load=None, model="paint", painted=(640, 360)))
    figures |= _figures("display_720p_ember256", _plan(seconds, painted=(256, 256), steps=1))
    headline = "display_720p"
    if _screen():
        headline = "window_720p"
        figures |= _figures(headline, _plan(seconds, window=True))
    figures["display_p99_over_period"] = figures[f"{headline}_p99_ms"] * FPS / 1e3
    return figures


def run_recording(quick: bool) -> dict[str, float]:
    """With and without a film, in turn: what else the machine does then falls on both. On a window where there is a
    screen: off screen nobody waits for what is drawn until a film wants it."""
    turns = (False, True, True, False) * (1 if quick else 2)
    found: dict[bool, list[dict[str, float]]] = {False: [], True: []}
    with tempfile.TemporaryDirectory() as folder:
        for n, recorded in enumerate(turns):
            film = Path(folder) / f"{n}.mp4" if recorded else None
            seconds = 3.0 if quick else 8.0
            plan = _plan(seconds, painted=(256, 256), steps=1, record=film, window=_screen())
            found[recorded].append(_figures("", plan))
    means = {
        recorded: {name: sum(turn[name] for turn in taken) / len(taken) for name in taken[0]}
        for recorded, taken in found.items()
    }
    figures = {f"unrecorded_720p{name}": value for name, value in means[False].items()}
    figures |= {f"recorded_720p{name}": value for name, value in means[True].items()}
    for name in ("frames_per_s", "keyframes_per_s"):
        figures[f"recording_costs_{name}_share"] = 1 - means[True][f"_{name}"] / means[False][f"_{name}"]
    return figures


def _screen() -> bool:
    return bool(os.environ.get("DISPLAY"))


def _plan(seconds: float, *, steps: int = 2, painted: tuple[int, int] = PAINTED, **more: object) -> Plan:
    settings: dict[str, object] = {"load": lambda: load_ember(painted), "size": HD, **more}
    return Plan(FLAT_OUT.format(steps=steps), seconds=seconds, painted=painted, **settings)  # type: ignore[arg-type]


def _figures(name: str, plan: Plan) -> dict[str, float]:
    played = play(plan)
    found = Intervals.of(played.eye.drawn)
    figures = {
        f"{name}_frames_per_s": found.rate,
        f"{name}_p50_ms": found.p50,
        f"{name}_p99_ms": found.p99,
        f"{name}_longest_ms": found.longest,
        f"{name}_keyframes_per_s": played.eye.keyframe_rate,
    }
    if plan.record is not None:
        figures[f"{name}_dropped"] = float(played.dropped)
    if plan.model == "ember":
        keyframes = played.eye.keyframes.values()
        total = [sum(keyframe.timings.get(stage, 0.0) for stage in STAGES) for keyframe in keyframes]
        figures[f"{name}_keyframe_ms"] = median(total)
    return figures
