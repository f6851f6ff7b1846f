"""The drawn curve of a schedule."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from liveanim import cli
from liveanim.core.errors import UserError
from liveanim.plot import draw_curve, ticks

CURVE = (255, 176, 64)


def curve_columns(path: Path) -> set[int]:
    """The columns of the picture in which the curve's own colour is seen."""
    pixels = np.asarray(Image.open(path)).astype(int)
    return {int(x) for x in np.flatnonzero((np.abs(pixels - CURVE).sum(axis=2) < 90).any(axis=0))}


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]), (0.9, 1.15, [0.9, 0.95, 1.0, 1.05, 1.1, 1.15]), (2.0, 2.0, [2.0])],
)
def test_ticks_are_round_numbers(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == expected


def test_the_curve_reaches_from_edge_to_edge_and_has_a_gap_where_there_is_no_value(tmp_path: Path) -> None:
    values = np.linspace(0.0, 1.0, 101)
    values[40:60] = np.nan
    draw_curve(values, tmp_path / "a.png", 25.0, "x")
    seen = curve_columns(tmp_path / "a.png")
    assert min(seen) <= 86 and max(seen) >= 938
    assert not seen & set(range(430, 580))


def test_a_single_value_and_a_flat_line_can_be_drawn(tmp_path: Path) -> None:
    draw_curve(np.array([3.0]), tmp_path / "a.png", 25.0, "x")
    draw_curve(np.full(50, 3.0), tmp_path / "b.png", 25.0, "x" * 500)
    assert len(curve_columns(tmp_path / "b.png")) > 800


def test_nothing_to_draw_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no finite value"):
        draw_curve(np.full(3, np.nan), tmp_path / "a.png", 25.0, "x")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^.*nowhere/a\.png: cannot be written: No such file"):
        draw_curve(np.ones(3), tmp_path / "nowhere" / "a.png", 25.0, "x")


def test_a_schedule_is_printed_frame_by_frame(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schedule", "0:(1), 4:(2)", "--frames", "5", "--fps", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [1.0, 1.25, 1.5, 1.75, 2.0]
    assert cli.main(["schedule", "t", "--frames", "2", "--fps", "2"]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["0", "0.000", "s", "0"],
        ["1", "0.500", "s", "0.5"],
    ]


def test_a_mistake_in_a_schedule_is_one_line_with_its_column(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schedule", "1 + kik"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "column 5" in said and "kick" in said
