"""What other programs' pictures need: said once, for both ways, as the package has it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from liveanim.core.extras import CAMERA, NDI, SPOUT, SYPHON, Extra
from liveanim.inputs import programs
from liveanim.outputs import share

PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


@pytest.mark.parametrize("extra", [NDI, CAMERA, SPOUT, SYPHON], ids=lambda extra: extra.name)
def test_each_is_an_extra_of_the_package_for_the_same_system(extra: Extra) -> None:
    (line,) = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["optional-dependencies"][extra.name]
    assert line.partition("sys_platform == ")[2].strip("'") == extra.system


def test_both_ways_need_the_same_and_say_so() -> None:
    assert all(programs.WAYS[name].needs is share.WAYS[name].needs for name in programs.WAYS)
    assert str(SPOUT.lacking("spout:x:", ImportError("no"))) == (
        'spout:x: needs SpoutGL (no): pip install "liveanim[spout]" (Windows only)'
    )
    assert str(NDI.lacking("sharing by ndi", ImportError("no"))).endswith('(no): pip install "liveanim[ndi]"')
