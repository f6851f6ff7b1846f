"""Measures liveanim and stores the figures with the machine they were measured on.

    python tools/bench.py [--json FILE] [--only NAME ...] [--quick]

The file holds {"machine": {...}, "figures": {name: number}, "groups": {name: {"load", "others", "seconds"}}}. Each
group runs in a fresh process; `load` is the load average, `others` the share of the processors that other processes
took meanwhile: figures taken on a busy machine are low, ratios within a group still hold. Where there is no DISPLAY, an
Xvfb of its own is the screen; without that, display and latency figures are of the same compositor off screen.
docs/performance.md says what each one means.
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from liveanim.memory import keep_freed  # noqa: E402
from tools.benchmarks.machine import Neighbours, machine  # noqa: E402
from tools.benchmarks.screen import screen  # noqa: E402

LONGEST = 1800.0
"""Seconds after which a group is given up."""


@dataclass(frozen=True, slots=True)
class Group:
    """Figures measured together, by `tools.benchmarks.MODULE.FUNCTION`."""

    module: str
    function: str
    about: str

    def measure(self, quick: bool) -> dict[str, float]:
        run: Callable[[bool], dict[str, float]] = getattr(
            importlib.import_module(f"tools.benchmarks.{self.module}"), self.function
        )
        return run(quick)


GROUPS = {
    "expression": Group("small", "run_expression", "one value of an expression; reading 1,000 characters of one"),
    "optical": Group("small", "run_optical", "noise, flow and moves of a video, by keyframe"),
    "loop": Group("small", "run_loop", "the parts of a display frame, nothing else running"),
    "painting": Group("painting", "run", "keyframes, and milliseconds by stage"),
    "display": Group("playing", "run", "display frames while diffusion runs flat out"),
    "recording": Group("playing", "run_recording", "the same with and without a film being recorded"),
    "sound": Group("latency", "run_sound", "a click at the input to the picture that shows it"),
    "ears": Group("latency", "run_ears", "a block of sound to its signals while ember paints"),
    "control": Group("latency", "run_control", "a knob to the picture that shows it"),
    "hud": Group("hud", "run", "the performer's display, by frame"),
    "offline": Group("whole", "run_offline", "rendering a video, 1280x720 at 30 frames/s"),
    "startup": Group("whole", "run_startup", "a fresh process to the first pictures"),
    "memory": Group("whole", "run_memory", "memory of a show that paints flat out"),
    "growth": Group("whole", "run_growth", "memory after 100,000 keyframes of paint and 5,000 of ember"),
}


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _arguments(argv)
    if arguments.inside:
        logging.disable(logging.WARNING)
        keep_freed()  # as `liveanim play` does
        print(json.dumps(GROUPS[arguments.inside].measure(arguments.quick)), flush=True)
        os._exit(0)  # a keyframe that is still being painted would make an orderly end an abortion
    with screen() as found:
        return _all(arguments, found)


def _all(arguments: argparse.Namespace, found: str) -> int:
    """The groups asked for, one after the other, on the screen that was `found`; 1 where one failed."""
    result: dict[str, dict[str, object]] = {"machine": machine(), "figures": {}, "groups": {}}
    result["machine"] |= {"quick": arguments.quick, "screen": found}
    print(f"{title(result['machine'])}\n{found}")
    failed = False
    for name in arguments.only or GROUPS:
        with Neighbours() as neighbours:
            since = time.perf_counter()
            figures, problem = _measured(name, arguments.quick)
            seconds = round(time.perf_counter() - since, 1)
        about: dict[str, object] = {"load": round(neighbours.load, 2), "others": round(neighbours.others, 2)}
        result["groups"][name] = {**about, "seconds": seconds, **({"problem": problem} if problem else {})}
        result["figures"] |= figures
        failed = failed or bool(problem)
        print(table(name, figures, problem, neighbours), flush=True)
        if arguments.json:
            arguments.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 1 if failed else 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    about, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=about, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="store the figures here")
    parser.add_argument("--only", nargs="+", choices=list(GROUPS), metavar="NAME", help=f"of {', '.join(GROUPS)}")
    parser.add_argument("--quick", action="store_true", help="few repeats: to see that it works, not for the record")
    parser.add_argument("--inside", choices=list(GROUPS), help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def _measured(name: str, quick: bool) -> tuple[dict[str, float], str]:
    """The figures of one group, from a process of its own, and what went wrong ('' when nothing did)."""
    command = [sys.executable, str(Path(__file__).resolve()), "--inside", name, *(["--quick"] if quick else [])]
    try:
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LONGEST)
    except subprocess.TimeoutExpired:
        return {}, f"took longer than {LONGEST:.0f} s"
    if answer.returncode:
        return {}, (answer.stderr.strip().splitlines() or [f"exit code {answer.returncode}"])[-1]
    figures = json.loads(answer.stdout.strip().splitlines()[-1])
    return {key: rounded(value) for key, value in figures.items() if math.isfinite(value)}, ""


def rounded(value: float) -> float:
    """Four significant digits."""
    return float(f"{value:.4g}")


def title(facts: dict[str, object]) -> str:
    versions = facts["versions"]
    packages = (
        ", ".join(f"{name} {version}" for name, version in versions.items()) if isinstance(versions, dict) else ""
    )
    where = f"{facts['cpu']}, {facts['cores']} cores, {facts['ram_gb']} GB, {facts['gpu'] or 'no GPU'}"
    with_what = f"{facts['os']}, {facts['gl'] or 'no OpenGL'}, python {facts['python']}, {packages}"
    return f"{where}\n{with_what}\ncommit {facts['commit']}, {facts['date']}"


def table(name: str, figures: dict[str, float], problem: str, neighbours: Neighbours) -> str:
    """One group as lines of text."""
    busy = f"load {neighbours.load:.1f}, other processes took {100 * neighbours.others:.0f} % of the processors"
    rows = [f"  {key:<44} {value:>10.4g}" for key, value in figures.items()]
    return "\n".join(
        [f"\n{name}: {GROUPS[name].about} ({busy})", *rows, *([f"  FAILED: {problem}"] if problem else [])]
    )


if __name__ == "__main__":
    sys.exit(main())
