"""liveanim beside StreamDiffusion and diffusers, on the same weights, in one process (tools/benchmarks/peers.py).

    pip install --no-deps streamdiffusion==0.1.1
    python tools/bench_peers.py [--device cuda] [--count N] [--size 512x512] [--json FILE]

On a CPU the networks are tiny unless `--full` is given: then a picture takes seconds, and memory 16 GB (less
`--without openvino onnx`).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device", default="", help="cuda, cuda:1, cpu")
    parser.add_argument("--count", type=int, default=200, metavar="N", help="pictures of each")
    parser.add_argument("--full", action="store_true", help="the real sizes on a CPU too")
    parser.add_argument("--size", type=_size, metavar="WxH", help="of the pictures, multiples of 64 (512x512)")
    parser.add_argument("--without", nargs="+", default=[], choices=("openvino", "onnx"), help="leave out")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    missing = [name for name in ("torch", "diffusers", "streamdiffusion") if importlib.util.find_spec(name) is None]
    if missing:
        print(f"bench_peers needs {', '.join(missing)}: pip install --no-deps streamdiffusion==0.1.1")
        return 1
    import torch

    from tools.benchmarks import peers
    from tools.gpu_check import machine

    device = arguments.device or ("cuda" if torch.cuda.is_available() else "cpu")
    tiny = device == "cpu" and not arguments.full
    before = os.getloadavg() if hasattr(os, "getloadavg") else ()
    figures = peers.run(device, arguments.count, tiny, arguments.size, arguments.without)
    for name, value in figures.items():
        print(f"{name:44} {value:12.4g}")
    if arguments.json is not None:
        after = os.getloadavg() if hasattr(os, "getloadavg") else ()
        result = {"machine": machine(device), "load": [*before[:1], *after[:1]], "figures": figures}
        arguments.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


def _size(text: str) -> tuple[int, int]:
    width, height = (int(side) for side in text.split("x"))
    return width, height


if __name__ == "__main__":
    sys.exit(main())
