"""The checks for a GPU, as far as they can be tried without one."""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools import gpu_check
from tools.benchmarks.keyframes import Painter
from tools.benchmarks.random_models import RandomParts

ROOT = Path(__file__).resolve().parents[2]


def test_without_a_gpu_it_ends_at_once_and_well(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert gpu_check.main([]) == 0
    assert "nothing to check here: torch sees no CUDA GPU" in capsys.readouterr().out


def test_a_part_says_what_it_lacks_and_a_figure_how_it_stands() -> None:
    part = gpu_check.PARTS["peers"]
    assert gpu_check.lacks(part, lambda package: None) == ["diffusers", "streamdiffusion"]
    assert gpu_check.lacks(part, lambda package: object()) == []
    assert gpu_check.verdict("sd_turbo_512_keyframes_per_s", 250) == "met: >= 200"
    assert gpu_check.verdict("prompt_change_over_median", 2.0) == "MISSED: <= 1.5"
    assert gpu_check.verdict("compile_s", 3.0) == ""


def test_every_part_can_be_found_and_all_fit_the_time() -> None:
    for part in gpu_check.PARTS.values():
        function = getattr(importlib.import_module(f"tools.benchmarks.{part.module}"), part.function)
        assert list(inspect.signature(function).parameters)[:3] == ["device", "count", "tiny"]
    assert gpu_check.LONGEST < 480


@pytest.mark.parametrize(
    ("model", "size", "steps", "guidance"), [("sd-turbo", (64, 64), 2, 1), ("sdxl-turbo", (128, 64), 1, 2)]
)
def test_the_large_architectures_paint_with_tiny_weights(
    model: str, size: tuple[int, int], steps: int, guidance: float
) -> None:
    painter = Painter(RandomParts(model, "cpu", tiny=True), size, steps, guidance)
    pictures = set()
    for index, text in enumerate((0, 0, 1)):
        painter.next(index, text)
        pictures.add(painter.picture.tobytes())
    assert painter.picture.shape == (size[1], size[0], 3) and painter.picture.std() > 1
    assert len(pictures) == 3


def test_it_can_be_tried_out_without_a_gpu(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    file = tmp_path / "check.json"
    assert gpu_check.main(["--device", "cpu", "--only", "keyframes", "--json", str(file)]) == 0
    result = json.loads(file.read_text(encoding="utf-8"))
    assert result["figures"]["sd_turbo_512_alive"] == 1 and result["figures"]["prompt_change_over_median"] >= 1
    assert result["bars"] == {} and "MISSED" not in capsys.readouterr().out


def test_the_measurements_need_neither_opencv_nor_a_window() -> None:
    script = (
        "import sys; [sys.modules.__setitem__(name, None) for name in ('cv2', 'moderngl', 'glfw', 'psutil')];"
        "import tools.benchmarks.keyframes, tools.benchmarks.peers"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=100)
