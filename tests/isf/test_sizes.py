"""Sizes of buffers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveanim.isf.sizes import LARGEST, pixels

NAMES = {"WIDTH": 640.0, "HEIGHT": 360.0, "blur": 3.0}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", 99),
        ("16", 16),
        ("$WIDTH", 640),
        ("$WIDTH/4.0", 160),
        ("floor($HEIGHT / 7)", 51),
        ("max($WIDTH*0.001, 1.0)", 1),
        ("$WIDTH / (2 + $blur)", 128),
        ("2^5", 32),
        ("-5", 1),
        ("1e9", LARGEST),
        ("$nothing", 99),
        ("$WIDTH / 0", 99),
        ("__import__('os')", 99),
        ("(1).real", 99),
        ("9^9^9^9", 99),
        ("$WIDTH +", 99),
    ],
)
def test_a_size_is_worked_out_or_falls_back(text: str, value: int) -> None:
    assert pixels(text, NAMES, 99) == value


@given(st.text(alphabet="0123456789.+-*/^()$WIDTHmaxin, ", max_size=40))
def test_no_text_gives_anything_but_pixels(text: str) -> None:
    assert 1 <= pixels(text, NAMES, 99) <= LARGEST
