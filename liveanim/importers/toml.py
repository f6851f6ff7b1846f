"""Tables of numbers and texts as TOML."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

Value = str | float | bool | list[str] | Mapping[str, str]
_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def written(tables: Mapping[str, Mapping[str, Value]], comments: list[str]) -> str:
    """`tables` by name ('' for the keys at the top) as the text of a TOML file, after `comments`."""
    lines = [f"# {_line(comment)}" for comment in comments]
    for name, table in tables.items():
        if not table:
            continue
        if lines:
            lines.append("")
        if name:
            lines.append(f"[{name}]")
        inner = {key: value for key, value in table.items() if isinstance(value, Mapping)}
        lines += [f"{key} = {_value(value)}" for key, value in table.items() if not isinstance(value, Mapping)]
        for key, rows in inner.items():
            lines += ["", f"[{name}.{key}]", *(f"{_key(word)} = {quoted(text)}" for word, text in rows.items())]
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """`text` as a TOML string."""
    sound = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return json.dumps(sound, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(word: str) -> str:
    return word if _BARE.fullmatch(word) else quoted(word)


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, (int, float)):
        return f"{value:.10g}"
    if isinstance(value, list):
        return "[\n" + "".join(f"    {quoted(text)},\n" for text in value) + "]" if value else "[]"
    raise TypeError(value)


def _line(text: str) -> str:
    return " ".join(quoted(text)[1:-1].split())[:300]
