"""Small work: expressions, noise, flow, a tick of the show, drawing and reading back one frame, a hop of analysis."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import cv2
import numpy as np

from liveanim.core.expr import compile_expr
from liveanim.core.model import Keyframe, RenderRequest, RenderStatus, frozen_image
from liveanim.core.params import PARAMS
from liveanim.core.preset import Preset
from liveanim.inputs.analysis import Analyser
from liveanim.inputs.ears import Ears
from liveanim.inputs.sources import Steady, open_supply
from liveanim.latency import finish
from liveanim.library import read_preset, shipped
from liveanim.outputs.headless import Headless
from liveanim.render import optical, tune
from liveanim.show import Settings, Show

from .rig import FPS, HD, PAINTED
from .stats import median, percentile

PARTS = ("tick", "draw", "read", "draw_cpu")
WARM, LEAST_FRAMES = 5, 5
EXPRESSIONS = (
    "1.01 + 0.05*kick",
    "lerp(0.3, 0.6, smooth(bass, 0.2))",
    "0.15 + 0.55*kick - 0.6*silence",
    "9*sin(2*pi*bar/8)",
    "0:(1.01), 90:(1.04+0.02*sin(2*pi*beat/4))",
    "0.72 - 0.15*smooth(bass, 0.2)",
    "clamp(0.5 + 0.4*sin(2*pi*beat/4)*kick, 0, 1)",
)
SIGNALS = {
    "kick": 0.4,
    "bass": 0.6,
    "silence": 0.0,
    "bar": 3.2,
    "beat": 12.8,
    "t": 6.4,
    "f": 64.0,
    "fps": 30.0,
    "dt": 0.016,
}


def run_expression(quick: bool) -> dict[str, float]:
    """Microseconds for one value of an expression: the median of usual ones, and the slowest."""
    rounds = 2000 if quick else 20000
    costs = []
    for text in EXPRESSIONS:
        expression = compile_expr(text)
        memory = expression.memory()
        env = dict(SIGNALS)
        costs.append(_microseconds(lambda: expression.evaluate(env, memory), rounds))  # noqa: B023
    return {
        "expression_us": median(costs),
        "expression_slowest_us": max(costs),
        "compile_1000_characters_ms": max(_microseconds(partial(compile_expr, text), 5) for text in _long()) / 1e3,
        "compile_1000_characters_family_ms": max(
            _microseconds(partial(compile_expr, text, compat="deforum"), 5) for text in _long()
        )
        / 1e3,
    }


def _long() -> list[str]:
    """Schedules of 1,000 characters: many keys with expressions, many numbers, one deep formula."""
    keys = ", ".join(f"{20 * n}:(1.0{n % 9}+0.02*sin(2*pi*t/{n + 4}))" for n in range(40))
    numbers = ", ".join(f"{5 * n}:(1.0{n % 90:02})" for n in range(90))
    formula = "1.0 + 0.5*kick" + "".join(f" + 0.0{n % 9}*sin(2*pi*t/{n + 3})" for n in range(50))
    return [text[:1000].rpartition("," if ":" in text else " + ")[0] for text in (keys, numbers, formula)]


def run_optical(quick: bool) -> dict[str, float]:
    """Milliseconds of a keyframe's work on the processor at 256x256 and 512x512: noise, flow, moves of a video."""
    found: dict[str, float] = {}
    for side in (256, 512):
        noise = np.random.default_rng(1).random((side // 8, side // 8, 3), np.float32)
        smooth = cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC)
        picture = np.asarray(np.clip(smooth, 0, 1), np.float32)
        before = frozen_image(tune.levels(picture))
        turn = cv2.getRotationMatrix2D((side / 2, side / 2), 2, 1.02)
        after = frozen_image(np.asarray(cv2.warpAffine(before, turn, (side, side)), np.uint8))
        work: dict[str, Callable[[], object]] = {
            "noise_perlin": partial(tune.noised, picture, 0.065, 1, tune.Perlin()),
            "noise_uniform": partial(tune.noised, picture, 0.065, 1),
            "move_affine": partial(optical.move_between, before, after, False),
            "move_perspective": partial(optical.move_between, before, after, True),
        }
        for method in PARAMS["hybrid.method"].choices:
            work[f"flow_{method}"] = partial(optical.flow, before, after, method)
        found |= {f"{name}_{side}_ms": _microseconds(one, 1 if quick else 5) / 1e3 for name, one in work.items()}
    return found


def _microseconds(work: Callable[[], object], rounds: int) -> float:
    """The best of five goes at `rounds` times `work`: what else runs on the machine can only add."""
    best = float("inf")
    for _ in range(5):
        since = time.perf_counter()
        for _ in range(rounds):
            work()
        best = min(best, (time.perf_counter() - since) / rounds)
    return 1e6 * best


class _Desk:
    """A render port that has a new picture ten times a second without painting any."""

    def __init__(self) -> None:
        dice = np.random.default_rng(1)
        self._pictures = [frozen_image(dice.integers(0, 256, (PAINTED[1], PAINTED[0], 3), np.uint8)) for _ in range(4)]
        self._taken: RenderRequest | None = None
        self._fresh = False

    def submit(self, request: RenderRequest) -> None:
        self._taken, self._fresh = request, True

    def taken(self) -> RenderRequest | None:
        return self._taken

    def poll(self) -> Keyframe | None:
        if self._taken is None or not self._fresh:
            return None
        self._fresh = False
        return Keyframe(self._taken.index, self._taken.time, self._pictures[self._taken.index % 4], "desk")

    def status(self) -> RenderStatus:
        return RenderStatus("desk")


def run_loop(quick: bool) -> dict[str, float]:
    """Milliseconds of one display frame's parts, with nothing painting beside it: over all shipped presets."""
    stage = Headless(HD, live=True)
    ways = list(shipped())
    within = (15.0 if quick else 45.0) / len(ways)
    presets = {path.stem: _parts(stage, read_preset(path), 40 if quick else 120, within) for path in ways}
    stage.close()
    together = {name: [ms for parts in presets.values() for ms in parts[name]] for name in PARTS}
    return {
        "tick_ms": median(together["tick"]),
        "tick_p99_ms": percentile(together["tick"], 99),
        "draw_720p_ms": median(together["draw"]),
        "draw_720p_cpu_ms": median(together["draw_cpu"]),
        "read_720p_ms": median(together["read"]),
        **{f"draw_720p_{name}_ms": median(parts["draw"]) for name, parts in presets.items()},
        "analysis_ms_per_s": _analysis(),
    }


def _parts(stage: Headless, preset: Preset, frames: int, within: float) -> dict[str, list[float]]:
    """Milliseconds of every frame by part; draw_cpu: summed over processors, whatever else runs on them.

    As many of `frames` as there is time for `within` so many seconds, of which the first WARM do not count.
    """
    source = Steady(open_supply("builtin"))
    show = Show([], Ears(source, Analyser(source.rate)), _Desk(), [preset], Settings(PAINTED, FPS))
    parts: dict[str, list[float]] = {name: [] for name in PARTS}
    begun = time.perf_counter()
    for n in range(WARM + frames):
        times = [time.perf_counter()]
        if times[0] > begun + within and n >= WARM + LEAST_FRAMES:
            break
        blend = show.tick(n / FPS)
        times.append(time.perf_counter())
        computed = time.process_time()
        stage.write(blend, n / FPS)
        finish(stage)
        computed = time.process_time() - computed
        times.append(time.perf_counter())
        stage.read()
        times.append(time.perf_counter())
        if n >= WARM:
            spans = [after - before for before, after in pairwise(times)]
            for name, seconds in zip(PARTS, [*spans, computed], strict=True):
                parts[name].append(1e3 * seconds)
    return parts


def _analysis() -> float:
    """Milliseconds of analysis for a second of sound."""
    source = Steady(open_supply("builtin"))
    sound = source.read(10.0).mean(axis=1, dtype=np.float32)
    analyser = Analyser(source.rate)
    since = time.perf_counter()
    for start in range(0, len(sound), 735):
        analyser.feed(sound[start : start + 735])
    return 1e3 * (time.perf_counter() - since) / 10.0
