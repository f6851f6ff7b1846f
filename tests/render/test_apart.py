"""Networks converted in a process of their own, with a tiny model of the real classes."""

from __future__ import annotations

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
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name: str(tmp_path / name))

    def asked(*_: Any) -> None:
        raise AssertionError("the networks are loaded in the process of the show")

    with monkeypatch.context() as watched:
        watched.setattr(Parts, "_ready", asked)
        renderer = load(str(epsilon_model), SIZE, BESIDE)
    request = RenderRequest(0, 0.0, SIZE, (Prompt("a b c"),))
    picture = renderer.render(request, None).image
    renderer.close()
    (folder,) = (tmp_path / "liveanim" / "openvino").iterdir()
    assert apart.there(folder, SIZE) and not apart.there(folder, (96, 64))
    again = load(str(epsilon_model), SIZE, Options("cpu", "openvino", threads=1, background=False))
    assert np.array_equal(again.render(request, None).image, picture)
    again.close()


def test_only_a_whole_cache_is_a_cache(tmp_path: Path) -> None:
    for name in ("encode-64x64-12", "unet-64x64-12", "text"):
        (tmp_path / name).mkdir()
        assert not apart.there(tmp_path, SIZE)
    (tmp_path / "decode-64x64-12").mkdir()
    assert apart.there(tmp_path, SIZE)
    (tmp_path / "text").rmdir()
    assert apart.there(tmp_path, SIZE, double=True) and not apart.there(tmp_path, SIZE)


def test_where_no_process_can_be_had_the_show_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(subprocess, "Popen", refused)
    apart.converted(tmp_path, "ember", SIZE)
    assert not apart.there(tmp_path, SIZE)
