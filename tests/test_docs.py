"""The reference page says what the table says."""

from __future__ import annotations

from pathlib import Path

import pytest

from liveanim.core.params import PARAMS, ParamSpec

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.mark.parametrize("row", [row for row in PARAMS.values() if row.group != "macro"], ids=lambda row: row.name)
def test_every_parameter_is_on_the_reference_page(row: ParamSpec) -> None:
    line = f"| `{row.name}` | {row.unit} | {row.low:g} .. {row.high:g} | {row.default:g} | {row.acts} | {row.doc} |"
    assert line in (DOCS / "presets.md").read_text(encoding="utf-8")
