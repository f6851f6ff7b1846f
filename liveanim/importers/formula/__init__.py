"""Parseq's formulas, and the frames of a document that has not been rendered."""

from __future__ import annotations

from .frames import render_frames
from .moment import FormulaError
from .parse import compile_formula

__all__ = ["FormulaError", "compile_formula", "render_frames"]
