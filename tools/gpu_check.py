"""Everything that only a GPU can show, in one command of at most eight minutes.

    python tools/gpu_check.py [--json FILE] [--only NAME ...] [--device cuda] [--quick]

It needs torch, numpy, diffusers, transformers and safetensors, downloads nothing (random weights of the real
architectures) and says of every part that lacks something what it lacks. Without a GPU it ends at once, as a success;
`--device cpu` runs the same with tiny networks in one process, which shows that it runs and nothing else. The figures,
with the machine and the bars they are held against, go to tools/bench_results/gpu-DATE.json: what is known is there
after every part, whatever becomes of the next.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.metadata
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.benchmarks import gputests  # noqa: E402

LONGEST = 460.0
"""Seconds for all parts together."""
SAID = 25  # lines that are kept of what a part complains of


@dataclass(frozen=True, slots=True)
class Part:
    """`tools.benchmarks.MODULE.FUNCTION(device, count, tiny)`, which gives its figures as they come, on a GPU in a
    process of its own; given up after `seconds`, with what it has found by then."""

    module: str
    function: str
    about: str
    needs: tuple[str, ...]
    count: int
    seconds: float


PARTS = {
    "keyframes": Part("keyframes", "run", "SD-Turbo at 512, one step; prompt changes", ("diffusers",), 400, 120),
    "tests": Part("gputests", "run", "tests with the marker gpu", gputests.NEEDS, 0, 120),
    "peers": Part("peers", "figures", "beside others, the same weights", ("diffusers", "streamdiffusion"), 200, 120),
    "interop": Part("sharing", "run", "pictures into textures on the card", ("moderngl", "cuda"), 300, 60),
    "profile": Part("keyframes", "run_profile", "where the time of a keyframe goes", ("diffusers",), 40, 60),
    "compile": Part("keyframes", "run_compiled", "the same through torch.compile", ("diffusers", "triton"), 300, 180),
    "ways": Part("keyframes", "run_ways", "layouts, convolutions tried out", ("diffusers",), 100, 80),
    "more": Part("keyframes", "run_more", "steps, guidance, sizes to 1024", ("diffusers",), 100, 80),
    "xl": Part("keyframes", "run_xl", "SDXL-Turbo, 512 to 1024", ("diffusers",), 100, 80),
    "flux": Part("keyframes", "run_flux", "FLUX.2 klein, 512, four steps and two", ("diffusers",), 40, 80),
}  # fmt: skip

BARS: Mapping[str, tuple[str, float]] = {
    "sd_turbo_512_keyframes_per_s": (">=", 200),
    "sd_turbo_512_p99_over_median": ("<=", 1.3),
    "sd_turbo_512_allocations": ("<=", 0),
    "sd_turbo_512_alive": (">=", 1),
    "sd_turbo_512_compiled_keyframes_per_s": (">=", 200),
    "sd_turbo_512_compiled_p99_over_median": ("<=", 1.3),
    "sd_turbo_512_compiled_alive": (">=", 1),
    "compiled_prompt_change_over_median": ("<=", 1.5),
    "prompt_change_over_median": ("<=", 1.5),
    "vs_streamdiffusion": (">=", 2.5),
    "vs_streamdiffusion_graphed": (">=", 1.2),
    "compiled_vs_streamdiffusion": (">=", 2.5),
    "compiled_vs_streamdiffusion_graphed": (">=", 1.2),
    "texture_512_wrong": ("<=", 0),
    "texture_1024_wrong": ("<=", 0),
    "tests_failed": ("<=", 0),
}
"""By figure: what it is to be on an idle H200."""


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a part: its figures, how it went in one line, and the last lines that it wrote to stderr."""

    figures: Mapping[str, float]
    state: str
    said: str = ""


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _arguments(argv)
    if arguments.inside:
        for some in _pieces(arguments.inside, arguments.device, arguments.quick):
            print(json.dumps(some), flush=True)
        return 0
    lacking = _no_gpu(arguments.device)
    if lacking:
        print(f"gpu_check: nothing to check here: {lacking}")
        return 0
    target = arguments.json or ROOT / "tools" / "bench_results" / f"gpu-{datetime.now(UTC):%Y-%m-%d-%H%M}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    result = _all(arguments, target)
    print(f"written to {target}")
    return int(any(str(state).startswith("failed") for state in result["parts"].values()))


def _all(arguments: argparse.Namespace, target: Path) -> dict[str, dict[str, object]]:
    """Every part asked for; what is known is in `target` after each."""
    result: dict[str, dict[str, object]] = {"machine": machine(arguments.device)}
    result |= {"figures": {}, "parts": {}, "bars": {}, "said": {}}
    end, real = time.monotonic() + LONGEST, arguments.device != "cpu"
    for name in arguments.only or PARTS:
        found = _measured(name, arguments, end - time.monotonic())
        print(f"{name}: {PARTS[name].about}: {found.state}")
        for figure, value in found.figures.items():
            print(f"    {figure:44} {value:12.4g}  {verdict(figure, value) if real else ''}", flush=True)
        result["figures"] |= found.figures
        result["bars"] |= {key: verdict(key, value) for key, value in found.figures.items() if real and key in BARS}
        result["parts"][name] = found.state
        if found.said:
            result["said"][name] = found.said
            print(found.said, flush=True)
        target.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return result


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


def _measured(name: str, arguments: argparse.Namespace, left: float) -> Found:
    part = PARTS[name]
    if missing := lacks(part):
        return Found({}, f"left out, for want of {', '.join(missing)}")
    if left < 10:
        return Found({}, "left out, for want of time")
    since = time.monotonic()
    if arguments.device == "cpu":
        figures = {key: value for some in _pieces(name, "cpu", True) for key, value in some.items()}
        return Found(figures, f"{time.monotonic() - since:.0f} s")
    words = [sys.executable, __file__, "--inside", name, "--device", arguments.device]
    return told([*words, *(["--quick"] if arguments.quick else [])], min(left, part.seconds))


def told(command: Sequence[str], limit: float) -> Found:
    """What `command` says within `limit` seconds: lines of JSON with figures. Whatever it has started ends with it."""
    since = time.monotonic()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=out, stderr=errors, start_new_session=True)
        try:
            code = process.wait(limit)
            state = f"{time.monotonic() - since:.0f} s" if code == 0 else f"failed: exit code {code}"
        except subprocess.TimeoutExpired:
            state = f"failed: not done after {limit:.0f} s"
        finally:
            _end(process)
        out.seek(0)
        errors.seek(0)
        figures = _read(out)
        said = errors.read().strip().splitlines() if state.startswith("failed") else []
    if said and "exit code" in state:
        state = f"failed: {said[-1][:200]}"
    return Found(figures, state, "\n".join(said[-SAID:]))


def _read(lines: Iterable[str]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for line in lines:
        with contextlib.suppress(ValueError):  # other words, or half a line
            figures |= json.loads(line)
    return figures


def _end(process: subprocess.Popen[bytes]) -> None:
    """It and what it has started: a test or a compiler that went on would slow the next part down."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def _pieces(name: str, device: str, quick: bool) -> Iterator[dict[str, float]]:
    part, tiny = PARTS[name], device == "cpu"
    run: Callable[[str, int, bool], Iterator[dict[str, float]]] = getattr(
        importlib.import_module(f"tools.benchmarks.{part.module}"), part.function
    )
    yield from run(device, 4 if tiny else 12 if quick else part.count, tiny)


def machine(device: str) -> dict[str, object]:
    """What it was measured on. Needs nothing but torch."""
    import torch

    from tools.benchmarks.cpu import processor

    gpu = {}
    if device.startswith("cuda"):
        properties = torch.cuda.get_device_properties(device)
        gpu = {"gpu": properties.name, "memory_gb": round(properties.total_memory / 1e9, 1), "cuda": torch.version.cuda}
    names = ("numpy", "diffusers", "transformers", "streamdiffusion", "tensorrt", "triton", "moderngl")
    return {
        **gpu,
        "cpu": processor(),
        "device": device,
        "versions": {"python": sys.version.split()[0], "torch": torch.__version__, **_versions(names)},
        "commit": _commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _versions(names: Sequence[str]) -> dict[str, str]:
    """By name, of those that are there; '' where it is not said."""
    found = {}
    for name in names:
        if importlib.util.find_spec(name) is not None:
            try:
                found[name] = importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                found[name] = ""
    return found


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+"]
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


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
