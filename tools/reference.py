"""Writes the tables of docs/controls.md from the table of parameters and the address space.

python tools/reference.py            # after a row was added or changed; a test says when it is due
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from liveanim.core.actions import OPEN  # noqa: E402
from liveanim.core.params import PARAMS, ParamSpec  # noqa: E402
from liveanim.inputs.oscnames import ADDRESSES, path_of  # noqa: E402

PAGE = ROOT / "docs" / "controls.md"
BEGIN, END = "<!-- written by tools/reference.py -->\n", "<!-- end -->\n"
_VALUES = {"nothing": "", "number": "number", "name": "name or number", "text": "text or none", "wish": "text"}
_ACTS = {"stage": "next frame", "keyframe": "next picture"}


def tables() -> str:
    """Parameters, the addresses that are not a parameter's own, and actions."""
    head = "| parameter | OSC address | range | default | shows on the | what it does |\n|---|---|---|---|---|---|\n"
    params = "".join(map(_param, PARAMS.values()))
    rest = [row for row in ADDRESSES.values() if not row.path.startswith("/liveanim/param/")]
    other = "".join(f"| `{row.path}` | {row.types or '-'} | {row.doc} |\n" for row in rest)
    actions = "".join(f"| `do.{row.name}` | {_VALUES[row.takes]} | {row.doc} |\n" for row in OPEN.values())
    return (
        f"{head}{params}\n| OSC address | type | what it does |\n|---|---|---|\n{other}"
        f"\n| action | value | what it does |\n|---|---|---|\n{actions}"
    )


def _param(row: ParamSpec) -> str:
    span = f"{row.low:g} .. {row.high:g} {row.unit}".strip()
    return f"| `{row.name}` | `{path_of(row)}` | {span} | {row.default:g} | {_ACTS[row.acts]} | {row.doc} |\n"


def written(page: str) -> str:
    """`page` with the tables of today between its two marks."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}{tables()}{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
