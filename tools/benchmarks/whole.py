"""The program as a whole: offline rendering, start-up, memory."""

from __future__ import annotations

import compileall
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from liveanim.core.model import Blend, Prompt, RenderRequest
from liveanim.render.paint import PaintRenderer
from liveanim.render.worker import Renderer

from .machine import ROOT, peak_rss_mb, rss_mb
from .playing import FLAT_OUT
from .rig import Plan, load_ember, play
from .stats import median

SHORT, LONG = 1.0, 4.0
PATIENCE = 120.0


def run_offline(quick: bool) -> dict[str, float]:
    """Seconds of work for a second of 1280x720 video at 30 frames/s; what is the same for any length is apart."""
    from liveanim import app
    from liveanim.options import BUILTIN, RenderOptions

    figures = {}
    longer = LONG if quick else 2 * LONG
    for model in ("ember", "paint"):
        took = []
        for seconds in (SHORT, SHORT, longer):  # the first makes everything warm
            with tempfile.TemporaryDirectory() as folder:
                since = time.perf_counter()
                app.render(RenderOptions(BUILTIN, Path(folder) / "out.mp4", seconds=seconds, model=model, quiet=True))
                took.append(time.perf_counter() - since)
        slope = (took[2] - took[1]) / (longer - SHORT)
        name = "offline" if model == "ember" else f"offline_{model}"
        figures[f"{name}_s_per_s"] = slope
        figures[f"{name}_fixed_s"] = max(0.0, took[1] - SHORT * slope)
    return figures


def run_startup(quick: bool) -> dict[str, float]:
    """Seconds from the start of a fresh process to what is first to be seen."""
    window = bool(os.environ.get("DISPLAY"))
    compileall.compile_dir(ROOT / "liveanim", quiet=2)  # as pip does when it installs
    runs = [first_light(window) for _ in range(1 if quick else 3)]
    seen = set.intersection(*(set(run) for run in runs))  # a machine may be too busy for a keyframe of ember
    figures = {name: statistics.median(run[name] for run in runs) for name in runs[0] if name in seen}
    if not quick:
        with tempfile.TemporaryDirectory() as cache:
            cold = first_light(window, {"XDG_CACHE_HOME": cache})
        if "first_keyframe_s" in cold:
            figures["first_keyframe_uncompiled_s"] = cold["first_keyframe_s"]
    return figures


def first_light(window: bool, more: dict[str, str] | None = None) -> dict[str, float]:
    """One start of `liveanim play`: startup_blank_s (first frame), startup_s (first painted one), show_s (first with
    all devices open), first_keyframe_s (first of ember)."""
    command = [sys.executable, "-m", "tools.benchmarks.light", "play", "--audio", "builtin", "--seconds", str(PATIENCE)]
    environment = {**os.environ, **(more or {}), "LIVEANIM_BENCH_START": repr(time.perf_counter())}
    asked = [*command, *([] if window else ["--headless"]), "--model", "ember"]
    answer = subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=2 * PATIENCE)
    lines = answer.stdout.strip().splitlines()
    if answer.returncode or not lines:
        raise RuntimeError(f"liveanim play ended with {answer.returncode}: {answer.stderr.strip()[-500:]}")
    return {str(name): float(value) for name, value in json.loads(lines[-1]).items()}


class _Weigher:
    """A sink that notes resident memory once a second of show time."""

    def __init__(self) -> None:
        self.sizes: list[float] = []

    def write(self, blend: Blend, now: float) -> None:
        if now >= len(self.sizes):
            self.sizes.append(rss_mb())


def run_memory(quick: bool) -> dict[str, float]:
    """Memory of a show that paints flat out: the most, and how much it grew from a quarter of the run to its end."""
    weigher = _Weigher()
    seconds = 8.0 if quick else 60.0
    played = play(
        Plan(FLAT_OUT.format(steps=1), lambda: load_ember((256, 256)), painted=(256, 256), seconds=seconds), (weigher,)
    )
    third = max(1, len(weigher.sizes) // 4)
    return {
        "peak_rss_mb": peak_rss_mb(),
        "rss_growth_mb": median(weigher.sizes[-third:]) - median(weigher.sizes[third : 2 * third]),
        "memory_keyframes": float(max(played.eye.keyframes) - min(played.eye.keyframes)),
    }


def run_growth(quick: bool) -> dict[str, float]:
    """Growth of resident memory from a quarter of very many keyframes to their end, painted one after the other."""
    paint = _growth(PaintRenderer(), (128, 72), 2_000 if quick else 100_000)
    ember = _growth(load_ember((128, 128)), (128, 128), 40 if quick else 5_000)
    return {"growth_paint_mb": paint, "growth_ember_mb": ember}


def _growth(renderer: Renderer, size: tuple[int, int], count: int) -> float:
    """MiB, between the medians of the second quarter of `count` keyframes and the last."""
    picture, sizes = None, []
    for index in range(count):
        asked = RenderRequest(index, index / 30, size, (Prompt(f"scene {index // 500}"),), noise=0.02, coherence=0.4)
        picture = renderer.render(asked, picture).image
        if index % max(1, count // 100) == 0:
            sizes.append(rss_mb())
    quarter = len(sizes) // 4
    return median(sizes[-quarter:]) - median(sizes[quarter : 2 * quarter])
