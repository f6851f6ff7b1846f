"""The one kind of error a user sees as a line: what is wrong, where, and what to do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable


class UserError(Exception):
    """Something the user can mend. `str(error)` is the whole one-line message; the command ends with exit code 2."""


def near(word: str, known: Iterable[str], count: int = 3) -> str:
    """' (did you mean: a, b?)' for the names nearest to `word`, or '' when none is near."""
    names = sorted(set(known))
    folded = {name.lower(): name for name in names}
    hits = [folded[hit] for hit in difflib.get_close_matches(word.lower(), folded, count, 0.5)]
    hits += [name for name in names if word and word.lower() in name.lower() and name not in hits][: count - len(hits)]
    return f" (did you mean: {', '.join(hits)}?)" if hits else ""


def key_line(text: str, key: str) -> int:
    """The line (from 1) of TOML `text` that `key` stands in."""
    found = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*[=.\]]|\s*\[+\s*["']?{re.escape(key)}\b""")
    return next((n for n, line in enumerate(text.splitlines(), 1) if found.match(line)), 1)
