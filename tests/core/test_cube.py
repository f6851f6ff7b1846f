"""Colour tables as text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.cube import parse_cube
from liveanim.core.errors import UserError

TWO = "0 0 0\n1 0 0\n0 1 0\n1 1 0\n0 0 1\n1 0 1\n0 1 1\n1 1 1\n"


def test_a_table_of_three_dimensions_has_red_run_fastest() -> None:
    cube = parse_cube(f'TITLE "plain"\n# nothing\nLUT_3D_SIZE 2\n\n{TWO}', "a.cube")
    assert cube.is_3d and cube.table.shape == (2, 2, 2, 3)
    assert cube.table[1, 0, 1].tolist() == [1, 0, 1]  # blue, green, red


def test_a_table_of_one_dimension_with_a_range() -> None:
    cube = parse_cube("LUT_1D_SIZE 3\nDOMAIN_MIN -1 0 0\nDOMAIN_MAX 1 2 4\n0 0 0\n.5 .5 .5\n1 1e0 1\n", "a.cube")
    assert not cube.is_3d and cube.low == (-1, 0, 0) and cube.high == (1, 2, 4)
    assert parse_cube("LUT_1D_SIZE 2\nLUT_1D_INPUT_RANGE 0 4\n0 0 0\n1 1 1\n", "a").high == (4, 4, 4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 0 0\n", "a.cube: expected one of LUT_1D_SIZE and LUT_3D_SIZE, found none"),
        ("LUT_3D_SIZE 2\nLUT_1D_SIZE 2\n", "found LUT_1D_SIZE and LUT_3D_SIZE"),
        ("LUT_3D_SIZE 1\n", "a.cube: line 1: LUT_3D_SIZE: expected a whole number from 2 to 256"),
        ("LUT_3D_SIZE two\n", "line 1: LUT_3D_SIZE: expected a whole number"),
        ("LUT_3D_SIZE 2\n0 0 0\n", r"expected 8 rows of three numbers for a table of 2, found 1"),
        ("LUT_1D_SIZE 2\n0 0 0\n0 0\n", "a.cube: line 3: expected 3 numbers, got '0 0'"),
        ("LUT_1D_SIZE 2\n0 0 nan\n1 1 1\n", "line 2: expected 3 numbers"),
        ("LUT_1D_SIZE 2\nWHAT 3\n", "line 2: expected 3 numbers, got 'WHAT 3'"),
        ("LUT_1D_SIZE 2\nDOMAIN_MIN 1 1 1\n0 0 0\n1 1 1\n", "the range of the table ends before it begins"),
        ("", "found none"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_cube(text, "a.cube")


@given(st.text(alphabet="LUT_13DSIZE DOMAINMX0123.-e\n#", max_size=80))
def test_any_text_is_a_table_or_a_user_error(text: str) -> None:
    try:
        assert np.isfinite(parse_cube(text, "a").table).all()
    except UserError:
        pass
