"""Networks converted in a process of their own, with a tiny model of the real classes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from liveanim.core.model import Prompt, RenderRequest
from liveanim.render import apart
from liveanim.render.compiled import installed
from liveanim.render.load import Options, load
from liveanim.render.models import Parts

SIZE = 64, 64
BESIDE = Options("cpu", "openvino", threads=1)


@pytest.mark.timeout(600)
@pytest.mark.skipif(not installed("openvino"), reason="openvino is an extra")
def test_a_show_reads_what_another_process_converted_and_paints_the_same(
    epsilon_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("liveanim.home.cache", lambda: tmp_path / "liveanim")

    def asked(*_: Any) -> None:
        raise AssertionError("the networks are loaded in the process of the show")

    with monkeypatch.context() as watched:
        watched.setattr(Parts, "read", asked)
        renderer = load(str(epsilon_model), SIZE, BESIDE)
    request = RenderRequest(0, 0.0, SIZE, (Prompt("a b c"),))
    picture = renderer.render(request, None).image
    renderer.close()
    (folder,) = (tmp_path / "liveanim" / "openvino").iterdir()
    assert apart.done(folder, SIZE, 1).exists() and not apart.done(folder, (96, 64), 1).exists()
    again = load(str(epsilon_model), SIZE, Options("cpu", "openvino", threads=1, background=False))
    assert np.array_equal(again.render(request, None).image, picture)
    again.close()


def test_what_was_compiled_another_way_is_compiled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = apart.done(tmp_path, SIZE, 1)
    assert first == apart.done(tmp_path, SIZE, 1) != apart.done(tmp_path, SIZE, 2)
    monkeypatch.setattr(apart, "cpu_options", lambda threads: {"INFERENCE_PRECISION_HINT": "other"})
    assert apart.done(tmp_path, SIZE, 1) != first


@pytest.mark.parametrize(("code", "crash"), [(0, False), (1, False), (-11, True), (-9, True), (0xC0000005, True)])
def test_a_crash_is_told_from_a_failure(code: int, crash: bool) -> None:
    assert apart.killed(code) is crash


@pytest.mark.skipif(os.name == "nt" or not installed("openvino"), reason="openvino is an extra; signals are POSIX")
def test_a_compiler_that_crashes_does_not_take_the_show_with_it(
    epsilon_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashing = tmp_path / "python"
    crashing.write_text("#!/bin/sh\nkill -SEGV $$\n")
    crashing.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(crashing))
    monkeypatch.setattr("liveanim.home.cache", lambda: tmp_path / "liveanim")
    renderer = load(str(epsilon_model), SIZE, BESIDE)
    assert renderer.message == f"the compiler crashed (-11) on {epsilon_model} at 64x64; torch plays"
    frame = renderer.render(RenderRequest(0, 0.0, SIZE, (Prompt("a b c"),)), None)
    assert frame.image.shape == (64, 64, 3) and not list(tmp_path.glob("**/model.xml"))
    renderer.close()


def test_where_no_process_can_be_had_the_show_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(subprocess, "Popen", refused)
    apart.converted(tmp_path, "ember", SIZE, 1)
    assert not apart.done(tmp_path, SIZE, 1).exists()
