"""Plays for a long time as `liveanim play` does, and says what became of memory and of the display's pace.

    python tools/soak.py [--minutes 30] [--model ember] [--preset NAME] [--size WxH] [--headless] [--json FILE]

A window where there is a display, else off screen. Prints one line a minute; at the end the memory at 5 minutes and at
the end, and the gaps over 100 ms between display frames, with how many of them fell while the model was painting. The
model paints most of the time (`painting_share`), so that number alone proves little. Each gap therefore comes with the
time for which this thread computed, stood in the queue for a processor, and how much the program's other threads and
other programs computed meanwhile; and `--model paint`, or `--model none` (nothing is painted at all), shows which gaps
come without diffusion too.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from liveanim.app import live  # noqa: E402
from liveanim.argtypes import size as parsed_size  # noqa: E402
from liveanim.core.model import Blend, Image, Keyframe, RenderRequest  # noqa: E402
from liveanim.options import BUILTIN, PlayOptions  # noqa: E402
from liveanim.show import run  # noqa: E402
from tools.benchmarks.machine import Neighbours, machine, peak_rss_mb, processors_busy, rss_mb  # noqa: E402
from tools.benchmarks.stats import percentile  # noqa: E402

GAP = 0.1
WARM_UP = 20.0
"""Seconds at the beginning whose gaps do not count: the model loads and shaders are compiled."""
MOST_FPS = 130
MOST_GAPS_KEPT = 400
BUSY = 0.4
"""Share of the processors that other programs must have taken in a gap to be its likely cause."""


class Painting:
    """For how long the model has been painting in all, and how many pictures it has finished. Read from any thread."""

    def __init__(self) -> None:
        self.finished, self._total, self._since = 0, 0.0, 0.0

    def seconds(self) -> float:
        since = self._since
        return self._total + (time.perf_counter() - since if since else 0.0)

    def watch(self, renderer: Any) -> None:
        """Time every `render` of the class `renderer`."""
        inner = renderer.render

        def render(painter: Any, request: RenderRequest, previous: Image | None) -> Keyframe:
            self._since = time.perf_counter()
            try:
                keyframe: Keyframe = inner(painter, request, previous)
                return keyframe
            finally:
                self._total += time.perf_counter() - self._since
                self._since = 0.0
                self.finished += 1

        renderer.render = render


@dataclass(frozen=True, slots=True)
class Moment:
    """Running totals at a display frame, in seconds. queued: ready to run, but something else had the processor."""

    wall: float
    painting: float
    own: float
    queued: float
    threads: float
    busy: float

    @classmethod
    def now(cls, painting: Painting) -> Moment:
        own, process = time.thread_time(), time.process_time()
        return cls(time.perf_counter(), painting.seconds(), own, _queued(), process - own, processors_busy() - process)


@dataclass(frozen=True, slots=True)
class Gap:
    """A display interval over 100 ms. at: seconds since the start; the others are milliseconds within the gap.

    painting   the model was at work
    own        the display thread computed;  queued: it was ready but got no processor
    threads    other threads of the program computed (model, drawing, sound), summed over processors
    others     other programs computed, summed over processors
    """

    at: float
    ms: float
    painting: float
    own: float
    queued: float
    threads: float
    others: float

    @classmethod
    def between(cls, before: Moment, after: Moment, start: float) -> Gap:
        names = ("wall", "painting", "own", "queued", "threads", "busy")
        parts = [round(1e3 * max(0.0, getattr(after, name) - getattr(before, name)), 1) for name in names]
        return cls(round(before.wall - start, 2), *parts)

    @property
    def cause(self) -> str:
        """A rule of thumb: other programs had the processors; else painting went on; else the display by itself.

        Under a heavy load every gap is the first kind, which does not say that painting had no part in it.
        """
        if self.others > BUSY * self.ms * (os.cpu_count() or 1):
            return "other programs"
        return "while painting" if self.painting > 0.5 * self.ms else "display alone"


@dataclass
class Watch:
    """A sink that keeps the figures of the run. It takes all its memory at the start, so that it does not grow."""

    minutes: float
    painting: Painting
    gaps: list[Gap] = field(default_factory=list)
    causes: Counter[str] = field(default_factory=Counter)
    rss: list[tuple[float, float]] = field(default_factory=list)
    frames: int = 0
    while_painting: int = 0

    def __post_init__(self) -> None:
        self._intervals = np.full(int(self.minutes * 60 * MOST_FPS) + 1, np.nan, dtype=np.float32)
        self._start = time.perf_counter()
        self._last: Moment | None = None
        self._painted_warm: tuple[float, float] | None = None

    def write(self, blend: Blend, now: float) -> None:
        moment = Moment.now(self.painting)
        at = moment.wall - self._start
        if self._last is not None and at > WARM_UP:
            self._painted_warm = self._painted_warm or (moment.wall, moment.painting)
            self._interval(moment.wall - self._last.wall, Gap.between(self._last, moment, self._start))
        self._last = moment
        if at >= 60 * len(self.rss):
            self.rss.append((round(at, 1), round(rss_mb(), 1)))
            print(f"{at / 60:5.1f} min  {rss_mb():7.1f} MiB  {self.line()}", flush=True)

    def _interval(self, seconds: float, gap: Gap) -> None:
        if self.frames < len(self._intervals):
            self._intervals[self.frames] = seconds
        self.frames += 1
        if seconds > GAP:
            self.causes[gap.cause] += 1
            self.while_painting += gap.painting > 0.5 * gap.ms
            if len(self.gaps) < MOST_GAPS_KEPT:
                self.gaps.append(gap)

    def line(self) -> str:
        gaps = ", ".join(f"{count} {cause}" for cause, count in self.causes.most_common()) or "none"
        return f"{self.frames} frames, {self.painting.finished} keyframes, gaps over {1e3 * GAP:.0f} ms: {gaps}"

    def figures(self) -> dict[str, Any]:
        """Everything as plain values for JSON; rates per second, memory in MiB."""
        intervals = 1e3 * self._intervals[: self.frames].astype(np.float64)
        intervals = intervals[np.isfinite(intervals)]
        since, painted = self._painted_warm or (self._start, 0.0)
        last = self._last or Moment.now(self.painting)
        seconds = max(1e-9, last.wall - since)
        return {
            "minutes": round((last.wall - self._start) / 60, 2),
            "rss_5min_mb": self._rss_at(300.0),
            "rss_end_mb": round(rss_mb(), 1),
            "rss_growth_mb": round(rss_mb() - self._rss_at(300.0), 1),
            "peak_rss_mb": round(peak_rss_mb(), 1),
            "display_frames": self.frames,
            "display_frames_per_s": round(self.frames / seconds, 2),
            "display_p50_ms": round(percentile(list(intervals), 50), 2),
            "display_p99_ms": round(percentile(list(intervals), 99), 2),
            "display_longest_ms": round(float(intervals.max(initial=0.0)), 1),
            "keyframes": self.painting.finished,
            "painting_share": round((last.painting - painted) / seconds, 3),
            "gaps_over_100_ms": sum(self.causes.values()),
            "gaps_while_painting": self.while_painting,
            "gaps_by_cause": dict(self.causes),
            "gaps": [asdict(gap) for gap in self.gaps],
            "rss_mb": self.rss,
        }

    def _rss_at(self, seconds: float) -> float:
        """Memory at the first reading from then on; in a shorter run at the last one."""
        return next((mb for at, mb in self.rss if at >= seconds), self.rss[-1][1] if self.rss else rss_mb())


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _arguments(argv)
    logging.basicConfig(level=logging.WARNING)
    options = PlayOptions(
        audio=BUILTIN,
        preset=arguments.preset,
        size=arguments.size,
        model="paint" if arguments.model == "none" else arguments.model,
        seconds=60 * arguments.minutes,
        headless=arguments.headless or not (os.environ.get("DISPLAY") or sys.platform in ("win32", "darwin")),
    )
    watch = Watch(arguments.minutes, _painting(arguments.model))
    with Neighbours() as neighbours, live(options) as ready, suppress(KeyboardInterrupt):
        run(ready.show, ready.clock, [*ready.sinks, watch])
    about = {"model": arguments.model, "headless": options.headless, "preset": arguments.preset}
    beside = {"load": round(neighbours.load, 2), "others": round(neighbours.others, 3)}
    figures = watch.figures()
    if arguments.json:
        result = {"machine": machine() | about, "neighbours": beside, "figures": figures}
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(
        "\n".join(f"{name:<24} {value}" for name, value in (figures | beside).items() if name not in ("gaps", "rss_mb"))
    )
    return 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    about, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=about, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30.0, metavar="N")
    parser.add_argument("--model", default="ember", metavar="NAME", help="ember, paint, none, a diffusers folder ...")
    parser.add_argument("--preset", metavar="NAME")
    parser.add_argument("--size", type=parsed_size, metavar="WxH", help="picture in pixels (1280x720)")
    parser.add_argument("--headless", action="store_true", help="off screen, even where there is a display")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args(argv)


def _painting(model: str) -> Painting:
    """Watches the model's renderer. 'none': the painter hands out the same dark picture, at no cost."""
    painting = Painting()
    if model in ("paint", "none"):
        from liveanim.render.paint import PaintRenderer

        if model == "none":
            setattr(PaintRenderer, "render", _nothing)  # noqa: B010
        painting.watch(PaintRenderer)
    else:
        from liveanim.render.diffusion import DiffusionRenderer

        painting.watch(DiffusionRenderer)
    return painting


def _nothing(_renderer: Any, request: RenderRequest, previous: Image | None) -> Keyframe:
    width, height = request.size
    image = previous if previous is not None else np.full((height, width, 3), 40, dtype=np.uint8)
    return Keyframe(request.index, request.time, image, "none")


def _queued() -> float:
    """Seconds this thread stood ready in the queue for a processor; 0 where the system does not say."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


if __name__ == "__main__":
    sys.exit(main())
