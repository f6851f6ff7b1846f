"""Colour tables on the stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from liveanim.core.model import Blend, Chain, Image
from liveanim.outputs.headless import Headless

from .pictures import flat, smooth, still

Make = Callable[..., Headless]
SIZE = 64, 36


def graded(stage: Headless, text: str, blend: Blend, folder: Path) -> Image:
    path = folder / f"{abs(hash(text))}.cube"
    path.write_text(text, encoding="utf-8")
    stage.write(replace(blend, chain=Chain(lut=str(path))), blend.time)
    return stage.read()


def cube(change: Callable[[np.ndarray], np.ndarray], size: int = 9) -> str:
    """A 3D table of `change` of every colour."""
    ends = np.linspace(0, 1, size)
    colours = [[red, green, blue] for blue in ends for green in ends for red in ends]
    rows = "\n".join(" ".join(f"{x:.6f}" for x in change(np.array(colour))) for colour in colours)
    return f"LUT_3D_SIZE {size}\n{rows}\n"


def test_a_table_that_changes_nothing_changes_nothing(stage: Make, tmp_path: Path) -> None:
    one, picture = stage(SIZE), smooth(SIZE)
    for text in (cube(lambda c: c), "LUT_1D_SIZE 2\n0 0 0\n1 1 1\n"):
        assert np.abs(graded(one, text, still(picture), tmp_path).astype(int) - picture).max() <= 1


def test_colours_are_looked_up_between_the_entries(stage: Make, tmp_path: Path) -> None:
    text = cube(lambda c: np.array([c[2], 1 - c[0], 0.5 * c[1]]))
    shown = graded(stage(SIZE), text, still(flat((40, 90, 200), SIZE)), tmp_path)[18, 32]
    assert shown.tolist() == pytest.approx([200, 215, 45], abs=1)
    half = graded(stage(SIZE), text, still(flat((40, 90, 200), SIZE), lut_mix=0.5), tmp_path)[18, 32]
    assert half.tolist() == pytest.approx([120, 152, 122], abs=1)


def test_each_channel_has_its_own_curve_and_range(stage: Make, tmp_path: Path) -> None:
    text = "LUT_1D_SIZE 3\nDOMAIN_MAX 1 1 0.5\n0 1 0\n0.2 0.5 0.5\n1 0 1\n"
    shown = graded(stage(SIZE), text, still(flat((128, 64, 64), SIZE)), tmp_path)[18, 32]
    assert shown.tolist() == pytest.approx([51, 191, 128], abs=2)


def test_a_broken_table_is_left_out_and_said(stage: Make, tmp_path: Path) -> None:
    one, picture = stage(SIZE, live=True), smooth(SIZE)
    assert np.abs(graded(one, "LUT_3D_SIZE 2\n", still(picture), tmp_path).astype(int) - picture).max() <= 1
    assert "expected 8 rows" in one.compositor.problem()


def test_a_table_is_read_again_when_it_was_written_and_a_broken_one_leaves_the_last(
    stage: Make, tmp_path: Path
) -> None:
    one, path, picture = stage(SIZE, live=True), tmp_path / "one.cube", flat((40, 90, 200), SIZE)

    def shown(text: str, time: float) -> list[int]:
        if text:
            path.write_text(text, encoding="utf-8")
        one.write(replace(still(picture), time=time, chain=Chain(lut=str(path))), time)
        found: list[int] = one.read()[18, 32].tolist()
        return found

    swapped, inverted = cube(lambda c: c[::-1]), cube(lambda c: 1 - c, 5)
    assert shown(swapped, 0.0) == pytest.approx([200, 90, 40], abs=1)
    assert shown(inverted, 0.1) == pytest.approx([200, 90, 40], abs=1)
    assert shown("", 0.6) == pytest.approx([215, 165, 55], abs=1)
    assert shown("LUT_3D_SIZE 2\n", 1.2) == pytest.approx([215, 165, 55], abs=1)
    assert "expected 8 rows" in one.compositor.problem()
    assert shown(swapped, 1.8) == pytest.approx([200, 90, 40], abs=1)
    assert one.compositor.problem() == ""
