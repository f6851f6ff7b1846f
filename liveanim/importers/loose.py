"""JSON as people write it by hand: comments, commas at the end, words without quotes, Python's words and quotes.

What the standard allows is read as the standard has it. Mistakes are named by line and column.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ..core.errors import UserError

MOST_DEPTH = 60
MOST_DIGITS = 400
_BLANK = re.compile(r"(?:[ \t\r\n\ufeff]+|//[^\n]*|#[^\n]*|/\*.*?\*/)*", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])", re.ASCII)
_WORD = re.compile(r"[^\s,:{}\[\]\"'#]+")
_PLAIN = {'"': re.compile(r'[^"\\]*'), "'": re.compile(r"[^'\\]*")}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "none": None}


def read(text: str, where: str) -> tuple[Any, list[str]]:
    """The value in `text`, and a line about everything that is not JSON but could be read.

    UserError: `where`, line and column, and what was expected.
    """
    twice: list[str] = []
    try:
        return json.loads(text, object_pairs_hook=lambda pairs: _table(pairs, twice)), twice
    except RecursionError:
        raise UserError(f"{where}: nested too deeply") from None
    except ValueError:
        reader = _Reader(text, where)
        return reader.whole(), reader.notes


def _table(pairs: list[tuple[str, Any]], notes: list[str]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        for name in sorted({name for name in names if names.count(name) > 1}):
            notes.append(f"{name!r} is there twice: the last one counts")
    return found


def _paired(text: str) -> str:
    """`text` with the halves of characters that were written as two escapes put together, as JSON means them."""
    if not any("\ud800" <= sign <= "\udfff" for sign in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


class _Reader:
    def __init__(self, text: str, where: str) -> None:
        self._text, self._where, self._at = text, where, 0
        self.notes: list[str] = []
        self._again: dict[str, list[int]] = {}  # what was noted -> its place among the notes, how often more

    def whole(self) -> Any:
        self._skip()
        start, value = self._at, self._value(0)
        self._skip()
        if self._at < len(self._text):
            if not isinstance(value, (dict, list)):
                self._at = start
                raise self._wrong("expected '{'")
            raise self._wrong("nothing more was expected here")
        for place, more in self._again.values():
            self.notes[place] += f" (and {more} more)" if more else ""
        return value

    def _skip(self) -> None:
        match = _BLANK.match(self._text, self._at)
        assert match is not None
        if comment := match.group().lstrip(" \t\r\n\ufeff"):
            self._at = match.end() - len(comment)
            self._note("a comment")
        self._at = match.end()

    def _peek(self) -> str:
        self._skip()
        return self._text[self._at : self._at + 1]

    def _value(self, depth: int) -> Any:
        sign = self._peek()
        if depth > MOST_DEPTH:
            raise self._wrong("nested too deeply")
        if sign == "{":
            return self._object(depth)
        if sign == "[":
            return self._list(depth)
        if sign in ('"', "'") and sign:
            return self._string(sign)
        if match := _NUMBER.match(self._text, self._at):
            return self._number(match)
        return self._word()

    def _object(self, depth: int) -> dict[str, Any]:
        pairs = []
        self._at += 1
        while (sign := self._peek()) != "}":
            key = self._string(sign) if sign in ('"', "'") and sign else str(self._bare("a key in quotes"))
            if self._peek() != ":":
                raise self._wrong(f"expected ':' after {key[:40]!r}")
            self._at += 1
            pairs.append((key, self._value(depth + 1)))
            self._comma("}")
        self._at += 1
        return _table(pairs, self.notes)

    def _list(self, depth: int) -> list[Any]:
        found = []
        self._at += 1
        while self._peek() != "]":
            found.append(self._value(depth + 1))
            self._comma("]")
        self._at += 1
        return found

    def _comma(self, end: str) -> None:
        sign = self._peek()
        if sign == ",":
            self._at += 1
            if self._peek() == end:
                self._note("a comma at the end")
        elif sign != end:
            raise self._wrong(f"expected ',' or '{end}'")

    def _string(self, quote: str) -> str:
        start, parts = self._at, []
        if quote == "'":
            self._note("text in single quotes")
        self._at += 1
        while True:
            match = _PLAIN[quote].match(self._text, self._at)
            assert match is not None
            parts.append(match.group())
            self._at = match.end()
            sign = self._text[self._at : self._at + 1]
            if not sign:
                self._at = start
                raise self._wrong("a text that begins here has no end")
            self._at += 1
            if sign == quote:
                return _paired("".join(parts))
            parts.append(self._escape())

    def _escape(self) -> str:
        sign = self._text[self._at : self._at + 1]
        self._at += 1
        if sign == "u" and re.fullmatch(r"[0-9a-fA-F]{4}", self._text[self._at : self._at + 4]):
            self._at += 4
            return chr(int(self._text[self._at - 4 : self._at], 16))
        return _ESCAPES.get(sign, sign)

    def _number(self, match: re.Match[str]) -> float:
        written = match.group()
        self._at = match.end()
        if len(written) > MOST_DIGITS:
            raise self._wrong("number too long")
        return int(written) if re.fullmatch(r"[+-]?\d+", written) else float(written)

    def _word(self) -> Any:
        word = self._bare("a value")
        return _WORDS.get(word.lower(), word)

    def _bare(self, wanted: str) -> str:
        match = _WORD.match(self._text, self._at)
        if match is None:
            raise self._wrong(f"expected {wanted}")
        if match.group() not in ("true", "false", "null"):
            self._note(f"{match.group()[:40]!r} without quotes")
        self._at = match.end()
        return match.group()

    def _place(self) -> str:
        line = self._text.count("\n", 0, self._at) + 1
        return f"line {line}, column {self._at - (self._text.rfind(chr(10), 0, self._at) + 1) + 1}"

    def _note(self, what: str) -> None:
        if what in self._again:
            self._again[what][1] += 1
        elif len(self.notes) < 20:
            self._again[what] = [len(self.notes), 0]
            self.notes.append(f"{self._place()}: {what}")

    def _wrong(self, what: str) -> UserError:
        found = self._text[self._at : self._at + 12].split("\n")[0]
        got = f", got {found!r}" if self._at < len(self._text) else ", but the file ends"
        return UserError(f"{self._where}: {self._place()}: {what}{got}")
