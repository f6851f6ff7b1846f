"""The one kind of error a user sees as a line: what is wrong, where, and what to do."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

_LONGEST = 120  # characters of an error inside another line


class UserError(Exception):
    """Something the user can mend. `str(error)` is the whole one-line message; the command ends with exit code 2."""


def brief(error: BaseException, kind: bool = False) -> str:
    """What `error` says as a part of another line: its own first line, shortened; what it is when it says nothing.

    Of an error of the system only the reason, for the line around it names the file. With `kind`, for errors that
    nobody foresaw: what it is, and all of that line.
    """
    name = type(error).__name__
    said = str(error if kind else getattr(error, "strerror", None) or error)
    first = (said.strip().splitlines() or [""])[0]
    return (f"{name}: {first}" if kind and first else first or name)[:_LONGEST].rstrip()


@contextmanager
def told_as(failure: str) -> Iterator[None]:
    """Errors of the system in here are the user's to mend: 'a.toml: cannot be read: No such file or directory'."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{failure}: {brief(error)}") from None


def near(word: str, known: Iterable[str], count: int = 3) -> str:
    """' (did you mean: a, b?)' for the names nearest to `word`, or '' when none is near."""
    names = sorted(set(known))
    folded = {name.lower(): name for name in names}
    hits = [folded[hit] for hit in difflib.get_close_matches(word.lower(), folded, count, 0.5)]
    hits += [name for name in names if word and word.lower() in name.lower() and name not in hits][: count - len(hits)]
    return f" (did you mean: {', '.join(hits)}?)" if hits else ""


def only_known(keys: Iterable[str], known: Collection[str], where: str) -> None:
    """UserError for the first of `keys` that is not among the `known`."""
    for key in keys:
        if key not in known:
            raise UserError(f"{where}: unknown key {key!r}{near(key, known)}")


def number_within(value: object, low: float, high: float, where: str) -> float:
    """`value`, which is to be a number from `low` to `high`; UserError where it is not."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not good or not low <= value <= high:  # type: ignore[operator]
        raise UserError(f"{where}: expected a number from {low:g} to {high:g}, got {value!r}")
    return float(value)  # type: ignore[arg-type]
