"""Which presets have numbers, and in which order: what a performer's set list says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from .errors import UserError


@dataclass(frozen=True, slots=True)
class SetList:
    """names: of presets, by their numbers from 1. The others come after them; with `only` they have no numbers."""

    names: tuple[str, ...] = ()
    only: bool = False

    def numbered(self, known: Sequence[str]) -> list[str]:
        """Those of the presets `known` that have a number, by their numbers from 1: never none, where any is known."""
        named = [name for name in self.names if name in known]
        return named if self.only and named else named + [name for name in known if name not in named]

    def as_text(self) -> str:
        """As an event says it."""
        return json.dumps({"presets": self.names, "only": self.only}, ensure_ascii=False)


NO_SET = SetList()


def parsed(text: str, before: SetList) -> SetList:
    """What an event says: `{"presets": [names], "only": true or false}`; what it leaves out is as `before`."""
    try:
        data = json.loads(text)
        names, only = data.get("presets", before.names), data.get("only", before.only)
        good = isinstance(only, bool) and all(isinstance(name, str) for name in names)
    except (ValueError, AttributeError, TypeError, RecursionError):
        good = False
    if not good:
        raise UserError('a set list is said as {"presets": ["first", "second"], "only": false}')
    return SetList(tuple(dict.fromkeys(names)), only)
