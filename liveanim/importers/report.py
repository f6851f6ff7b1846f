"""What became of every field of a file from another program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["exact", "near", "not", "off"]
TITLES: dict[Kind, str] = {
    "exact": "as it is",
    "near": "approximately",
    "not": "not supported",
    "off": "without effect in this file",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One field: what became of it, and how or why."""

    field: str
    kind: Kind
    note: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """A file from another program as a preset: `toml`, a line about every field, warnings about the file itself.

    sound  the soundtrack the file names, '' when it names none
    """

    toml: str
    lines: tuple[Line, ...]
    warnings: tuple[str, ...] = ()
    sound: str = ""

    def count(self, kind: Kind) -> int:
        return sum(line.kind == kind for line in self.lines)

    def summary(self) -> str:
        """'12 fields as they are, 3 approximately, 2 not supported, 230 without effect in this file'."""
        return (
            f"{self.count('exact')} fields as they are, {self.count('near')} approximately, "
            f"{self.count('not')} not supported, {self.count('off')} without effect in this file"
        )


def as_text(found: Imported) -> str:
    """The report as a table, worst first."""
    blocks = [f"warning: {warning}" for warning in found.warnings]
    order: Sequence[Kind] = ("not", "near", "exact", "off")
    for kind in order:
        rows = [line for line in found.lines if line.kind == kind]
        if rows:
            wide = min(40, max(len(line.field) for line in rows))
            blocks.append(f"\n{TITLES[kind]} ({len(rows)})")
            blocks += [f"  {line.field:<{wide}}  {line.note}".rstrip() for line in rows]
    return "\n".join([*blocks, "", found.summary()]).lstrip("\n")
