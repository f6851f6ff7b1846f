"""NDI on the loopback alone, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(script: str, folder: Path, timeout: float) -> subprocess.CompletedProcess[str]:
    """`script` run by Python, with NDI's settings in `folder`; skips where there is no library of NDI's."""
    pytest.importorskip("cyndilib", reason="macos and windows have no cyndilib here")
    network = {"ndi": {"networks": {"ips": "127.0.0.1"}, "machinename": "test"}}
    (folder / "ndi-config.v1.json").write_text(json.dumps(network), encoding="utf-8")
    root = str(Path(__file__).resolve().parents[1])
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "NDI_CONFIG_DIR": str(folder), "PYTHONPATH": root},
        timeout=timeout,
        check=False,
    )
