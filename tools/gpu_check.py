"""Everything that only a GPU can show, in one command of at most eight minutes.

    python tools/gpu_check.py [--json FILE] [--only NAME ...] [--device cuda] [--quick]

It needs torch, numpy, diffusers, transformers and safetensors, downloads nothing (random weights of the real
architectures) and says of every part that lacks something what it lacks. Without a GPU it ends at once, as a success;
`--device cpu` runs the same with tiny networks in one process, which shows that it runs and nothing else. The figures,
with the machine and the bars they are held against, go to tools/bench_results/gpu-DATE.json.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

LONGEST = 460.0
"""Seconds for all parts together."""


@dataclass(frozen=True, slots=True)
class Part:
    """`tools.benchmarks.MODULE.FUNCTION(device, count, tiny)`, on a GPU in a process of its own; given up after
    `seconds`."""

    module: str
    function: str
    about: str
    needs: tuple[str, ...]
    count: int
    seconds: float


PARTS = {
    "keyframes": Part("keyframes", "run", "SD-Turbo at 512, one step; prompt changes", ("diffusers",), 400, 90),
    "tests": Part("gputests", "run", "tests with the marker gpu", ("pytest", "diffusers", "cv2"), 0, 120),
    "peers": Part("peers", "run", "beside StreamDiffusion and diffusers", ("diffusers", "streamdiffusion"), 200, 100),
    "profile": Part("keyframes", "run_profile", "where the time of a keyframe goes", ("diffusers",), 40, 60),
    "ways": Part("keyframes", "run_ways", "layouts, convolutions tried out", ("diffusers",), 100, 80),
    "more": Part("keyframes", "run_more", "steps, guidance, sizes to 1024", ("diffusers",), 100, 80),
    "compile": Part("keyframes", "run_compiled", "the same through torch.compile", ("diffusers", "triton"), 300, 180),
    "xl": Part("keyframes", "run_xl", "SDXL-Turbo, 512 to 1024", ("diffusers",), 100, 80),
}  # fmt: skip

BARS: Mapping[str, tuple[str, float]] = {
    "sd_turbo_512_keyframes_per_s": (">=", 200),
    "sd_turbo_512_p99_over_median": ("<=", 1.3),
    "sd_turbo_512_allocations": ("<=", 0),
    "prompt_change_over_median": ("<=", 1.5),
    "vs_streamdiffusion": (">=", 2.5),
    "vs_streamdiffusion_graphed": (">=", 1.2),
    "tests_failed": ("<=", 0),
}
"""By figure: what it is to be on an idle H200."""


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _arguments(argv)
    if arguments.inside:
        print(json.dumps(_figures(arguments.inside, arguments.device, arguments.quick)))
        return 0
    lacking = _no_gpu(arguments.device)
    if lacking:
        print(f"gpu_check: nothing to check here: {lacking}")
        return 0
    result: dict[str, object] = {"machine": machine(arguments.device), "figures": {}, "parts": {}}
    figures: dict[str, float] = {}
    parts: dict[str, str] = {}
    end, real = time.monotonic() + LONGEST, arguments.device != "cpu"
    for name in arguments.only or PARTS:
        found, parts[name] = _measured(name, arguments, end - time.monotonic())
        figures |= found
        print(f"{name}: {PARTS[name].about}: {parts[name]}")
        for figure, value in found.items():
            print(f"    {figure:44} {value:12.4g}  {verdict(figure, value) if real else ''}", flush=True)
    bars = {figure: verdict(figure, value) for figure, value in figures.items() if real and figure in BARS}
    result |= {"figures": figures, "parts": parts, "bars": bars}
    target = arguments.json or ROOT / "tools" / "bench_results" / f"gpu-{datetime.now(UTC):%Y-%m-%d-%H%M}.json"
    target.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"written to {target}")
    return int(any(state.startswith("failed") for state in parts.values()))


def verdict(figure: str, value: float) -> str:
    """'met: >= 200' or 'MISSED: >= 200'; '' where there is no bar."""
    if figure not in BARS:
        return ""
    way, bar = BARS[figure]
    met = value >= bar if way == ">=" else value <= bar
    return f"{'met' if met else 'MISSED'}: {way} {bar:g}"


def lacks(part: Part, there: Callable[[str], object] = importlib.util.find_spec) -> list[str]:
    """The packages that `part` needs and that are not there."""
    return [package for package in part.needs if there(package) is None]


def _no_gpu(device: str) -> str:
    """Why nothing can be checked; '' where it can."""
    if importlib.util.find_spec("torch") is None:
        return "torch is not installed"
    import torch

    return "" if device == "cpu" or torch.cuda.is_available() else "torch sees no CUDA GPU"


def _measured(name: str, arguments: argparse.Namespace, left: float) -> tuple[dict[str, float], str]:
    """(figures, how it went) of one part."""
    part = PARTS[name]
    if missing := lacks(part):
        return {}, f"left out, for want of {', '.join(missing)}"
    if left < 10:
        return {}, "left out, for want of time"
    since = time.monotonic()
    if arguments.device == "cpu":
        return _figures(name, "cpu", True), f"{time.monotonic() - since:.0f} s"
    words = [sys.executable, __file__, "--inside", name, "--device", arguments.device]
    command = [*words, *(["--quick"] if arguments.quick else [])]
    limit = min(left, part.seconds)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return {}, f"failed: not done after {limit:.0f} s"
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        return {}, f"failed: {(done.stderr.strip().splitlines() or ['without a word'])[-1][:200]}"
    return json.loads(lines[-1]), f"{time.monotonic() - since:.0f} s"


def _figures(name: str, device: str, quick: bool) -> dict[str, float]:
    part, tiny = PARTS[name], device == "cpu"
    run: Callable[[str, int, bool], dict[str, float]] = getattr(
        importlib.import_module(f"tools.benchmarks.{part.module}"), part.function
    )
    return run(device, 4 if tiny else 12 if quick else part.count, tiny)


def machine(device: str) -> dict[str, object]:
    """What it was measured on. Needs nothing but torch."""
    import torch

    from tools.benchmarks.cpu import processor

    gpu = {}
    if device.startswith("cuda"):
        properties = torch.cuda.get_device_properties(device)
        gpu = {"gpu": properties.name, "memory_gb": round(properties.total_memory / 1e9, 1), "cuda": torch.version.cuda}
    names = ("numpy", "diffusers", "transformers", "streamdiffusion", "tensorrt", "triton", "moderngl")
    there = {name: importlib.metadata.version(name) for name in names if importlib.util.find_spec(name) is not None}
    commit = subprocess.run(
        ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+"], capture_output=True, text=True
    )
    return {
        **gpu,
        "cpu": processor(),
        "device": device,
        "versions": {"python": sys.version.split()[0], "torch": torch.__version__, **there},
        "commit": commit.stdout.strip(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the figures go")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="NAME", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--device", default="cuda", help="cuda, cuda:1; cpu: tiny networks, to try it out")
    parser.add_argument("--quick", action="store_true", help="few pictures")
    parser.add_argument("--inside", choices=PARTS, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
