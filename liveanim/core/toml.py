"""TOML that users write: read with one line about a mistake."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from .errors import UserError


def read_toml(text: str, where: str) -> dict[str, Any]:
    """What TOML `text` says. UserError names `where`, and the line and column of a mistake."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UserError(f"{where}: not valid TOML: {error}") from None


def key_line(text: str, key: str) -> int:
    """The line (from 1) of TOML `text` that `key` stands in."""
    found = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*[=.\]]|\s*\[+\s*["']?{re.escape(key)}\b""")
    return next((n for n, line in enumerate(text.splitlines(), 1) if found.match(line)), 1)
