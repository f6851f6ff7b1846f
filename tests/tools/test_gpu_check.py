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
from tools.benchmarks import gputests, sharing
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
    ("model", "size", "steps", "guidance"),
    [("sd-turbo", (64, 64), 2, 1), ("sdxl-turbo", (128, 64), 1, 2), ("flux2-klein", (128, 64), 2, 1)],
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


def test_textures_are_measured_by_the_host_without_a_card() -> None:
    figures = {name: value for some in sharing.run("cpu", 3, True) for name, value in some.items()}
    assert set(figures) == {"texture_64_host_p50_ms", "texture_64_host_p99_ms"} and min(figures.values()) > 0


def test_a_part_that_breaks_off_keeps_what_it_has_found() -> None:
    script = "import sys, time; print('{\"a\": 1}', flush=True); print('{\"b\"'); "
    assert gpu_check.told([sys.executable, "-c", script + "sys.exit('what it says')"], 60) == gpu_check.Found(
        {"a": 1}, "failed: what it says", "what it says"
    )
    stuck = gpu_check.told([sys.executable, "-c", script + "sys.stdout.flush(); time.sleep(60)"], 1.5)
    assert stuck.figures in ({"a": 1}, {}) and stuck.state == "failed: not done after 2 s"


def test_what_is_known_is_written_after_every_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "new" / "check.json"

    def measured(name: str, *_: object) -> gpu_check.Found:
        if name == "ways":
            raise KeyboardInterrupt
        return gpu_check.Found({"a_figure": 2.0}, "failed: so", "so") if name == "more" else gpu_check.Found({}, "1 s")

    monkeypatch.setattr(gpu_check, "_measured", measured)
    with pytest.raises(KeyboardInterrupt):
        gpu_check.main(["--device", "cpu", "--only", "more", "xl", "ways", "--json", str(file)])
    result = json.loads(file.read_text(encoding="utf-8"))
    assert result["parts"] == {"more": "failed: so", "xl": "1 s"}
    assert result["figures"] == {"a_figure": 2.0} and result["said"] == {"more": "so"}


def test_tests_of_which_none_ran_are_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [Path(path).name for path in gputests.files()] == ["test_card.py", "test_resident.py"]
    said = subprocess.CompletedProcess([], 2, "1 error in 0.1s\n", "")
    monkeypatch.setattr(gputests.subprocess, "run", lambda *_, **__: said)
    found = gputests.run("cuda", 0, False)
    assert next(found)["tests_error"] == 1
    with pytest.raises(RuntimeError, match="1 error in"):
        next(found)


def test_the_measurements_need_neither_opencv_nor_a_window() -> None:
    script = (
        "import sys; [sys.modules.__setitem__(name, None) for name in ('cv2', 'moderngl', 'glfw', 'psutil')];"
        "import tools.benchmarks.keyframes, tools.benchmarks.peers"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=100)
