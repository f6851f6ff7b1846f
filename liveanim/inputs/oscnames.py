"""The OSC address space: derived from the table of parameters, looked up by name or pattern, read into events."""

from __future__ import annotations

import fnmatch
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from ..core.actions import OPEN, Action
from ..core.errors import near
from ..core.model import ControlEvent
from ..core.params import PARAMS, PROMPT_SLOTS, ParamSpec, Table
from ..core.quantise import PREFIXES
from .oscwire import Argument

ROOT = "/liveanim"
Kind = Literal["value", "raw", "release", "text", "expression", "name", "number", "nothing"]
NAMELESS = frozenset({"do.save", "do.take", "do.record"})
"""What finds a name by itself when it is told none: a button may do it, too."""
MOST_TEXT = 2000
_BRACES = re.compile(r"\{([^{}]*)\}")
_MOST_PATTERNS = 512  # remembered
_MOST_SPELLINGS = 24  # of one pattern with {a,b} groups
SOURCE = "osc"
UNKNOWN = "unknown address"


class Refused(Exception):
    """A message that is not applied. `kind` sorts it for the counters, the text is for the sender, and so is what
    `hint` adds, which takes milliseconds."""

    def __init__(self, kind: str, reason: str, hint: Callable[[], str] = str) -> None:
        self.kind, self.hint = kind, hint
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Address:
    """One address: what it takes (`types`, as OSC type tags), what it does, the control event it becomes (`target`)."""

    path: str
    kind: Kind
    target: str
    types: str
    doc: str
    spec: ParamSpec | None = None
    wait: str = ""  # 'beat' or 'bar': what it does is put off to the next one

    @property
    def range(self) -> tuple[float, float] | None:
        """Lowest and highest value; None where it takes no number."""
        if self.kind == "value":
            return 0.0, 1.0
        return (self.spec.low, self.spec.high) if self.kind == "raw" and self.spec is not None else None


def path_of(row: ParamSpec) -> str:
    """The address that sets `row`."""
    return f"{ROOT}/param/{row.name.replace('.', '/')}"


def _of_param(row: ParamSpec) -> list[Address]:
    base = path_of(row)
    unit = f" ({row.unit})" if row.unit else ""
    return [
        Address(base, "value", row.name, "f", row.doc, row),
        Address(f"{base}/raw", "raw", row.name, "f", f"the same in its own unit{unit}", row),
        Address(f"{base}/release", "release", row.name, "", "back to its expression"),
        Address(
            f"{base}/expression", "expression", f"expr.{row.name}", "s", "what it runs; an empty text: the preset's"
        ),
    ]


def _of_prompt(slot: int, table: Table) -> list[Address]:
    weight = table[f"prompt.weight{slot}"]
    return [
        Address(f"{ROOT}/prompt/{slot}", "text", f"prompt.{slot}", "s", f"text of prompt slot {slot}"),
        Address(f"{ROOT}/prompt/{slot}/text", "text", f"prompt.{slot}", "s", "the same"),
        Address(f"{ROOT}/prompt/{slot}/weight", "value", weight.name, "f", weight.doc, weight),
    ]


def _of_action(row: Action, path: str) -> Address:
    kind: Kind = "text" if row.takes == "wish" else row.takes
    types = {"nothing": "", "number": "f"}.get(kind, "s")
    return Address(f"{ROOT}/{path}", kind, f"do.{row.name}", types, row.doc)


def _all(table: Table) -> list[Address]:
    rows = [address for row in table.values() for address in _of_param(row)]
    rows += [address for slot in range(1, PROMPT_SLOTS + 1) for address in _of_prompt(slot, table)]
    rows.append(Address(f"{ROOT}/prompt/negative", "text", "prompt.negative", "s", "what not to paint"))
    rows += [_of_action(row, row.path) for row in OPEN.values() if row.path]
    for name in ("blackout", "freeze", "level"):
        row = table[f"out.{name}"]
        types = "T" if row.curve == "toggle" else "f"
        rows.append(Address(f"{ROOT}/out/{name}", "value", row.name, types, row.doc, row))
    rows += [_of_action(row, f"trigger/{row.name}") for row in OPEN.values() if row.takes == "nothing"]
    return rows


class Book:
    """The address space of one table of parameters."""

    def __init__(self, table: Table = PARAMS) -> None:
        self.table = table
        self.addresses: Mapping[str, Address] = MappingProxyType({row.path: row for row in _all(table)})
        self._words = {path: path.split("/") for path in self.addresses}
        self._found: dict[str, tuple[Address, ...]] = {}  # of patterns: reading one takes a while

    def find(self, path: str) -> tuple[Address, ...]:
        """The addresses that `path`, a name or a pattern with * ? [] {}, means; in any case. Empty where there is none.

        Only one thread may ask.
        """
        name = path.lower().rstrip("/")
        for word in PREFIXES:
            if name.startswith(f"{ROOT}/{word}/"):
                waiting = self.find(ROOT + name.removeprefix(f"{ROOT}/{word}"))
                return tuple(replace(address, wait=word) for address in waiting if not address.wait)
        if name in self.addresses:
            return (self.addresses[name],)
        if not any(mark in name for mark in "*?[{"):
            return ()
        if name not in self._found:
            if len(self._found) >= _MOST_PATTERNS:
                self._found.clear()
            self._found[name] = self._matching(name)
        return self._found[name]

    def _matching(self, name: str) -> tuple[Address, ...]:
        found: dict[str, Address] = {}
        for spelling in _spellings(name):
            parts = [re.compile(fnmatch.translate(part)) for part in spelling.split("/")]
            for key, words in self._words.items():
                if len(words) == len(parts) and all(p.fullmatch(w) for p, w in zip(parts, words, strict=True)):
                    found[key] = self.addresses[key]
        return tuple(found.values())

    def hint(self, path: str) -> str:
        """' (did you mean ...?)' with the addresses near to `path`, or ''. Takes milliseconds."""
        # What all addresses begin with would make all of them near.
        found = near(path.lower().removeprefix(ROOT)[:80], (known.removeprefix(ROOT) for known in self.addresses))
        return re.sub(r"(?<=: |, )/", f"{ROOT}/", found)


ADDRESSES: Mapping[str, Address] = Book().addresses
"""Those that every show has."""


def _spellings(pattern: str) -> list[str]:
    """`pattern` once for every choice of its {a,b} groups; only the first few dozen."""
    done: list[str] = []
    waiting = [pattern]
    while waiting and len(done) + len(waiting) <= _MOST_SPELLINGS:
        text = waiting.pop()
        group = _BRACES.search(text)
        if group is None:
            done.append(text)
        else:
            waiting += [text[: group.start()] + word + text[group.end() :] for word in group[1].split(",")]
    return done


def event(address: Address, arguments: Sequence[Argument], time: float) -> ControlEvent | None:
    """What a message to `address` does at show time `time`; None for the release of a button. Raises Refused."""
    made = _event(address, arguments, time)
    if made is not None and address.wait:
        return replace(made, target=f"{address.wait}.{made.target}")
    return made


def _event(address: Address, arguments: Sequence[Argument], time: float) -> ControlEvent | None:
    if address.kind == "value":
        return _value_event(address, arguments, time)
    if address.kind == "raw":
        word = _word(_spec(address), arguments)
        value = _spec(address).clamp(_one_number(arguments)) if word is None else word
        return ControlEvent(time, address.target, value, SOURCE)
    if address.kind in ("release", "nothing"):
        return ControlEvent(time, address.target, None, SOURCE) if _pressed(arguments) else None
    if address.kind == "number":
        row = OPEN[address.target.removeprefix("do.")]
        return ControlEvent(time, address.target, row.clamp(_one_number(arguments)), SOURCE)
    if len(arguments) == 1 and isinstance(arguments[0], str):
        return ControlEvent(time, address.target, _clean(arguments[0]), SOURCE)
    if address.kind == "name":
        return ControlEvent(time, address.target, _one_number(arguments), SOURCE)
    if address.target in NAMELESS and len(arguments) < 2:
        return ControlEvent(time, address.target, None, SOURCE) if _pressed(arguments) else None
    raise Refused("wrong type", "expected one text (s)")


def is_question(arguments: Sequence[Argument]) -> bool:
    """Whether a message asks for a value instead of setting it."""
    return len(arguments) == 1 and arguments[0] == "?"


def answer(address: Address, values: Mapping[str, float | str]) -> float | str:
    """What `address` stands at; `values` by parameter name in their own units, and texts by target. Raises Refused."""
    if address.spec is None:
        if address.target not in values:
            raise Refused("wrong type", "this cannot be asked for")
        return values[address.target]
    value = float(values.get(address.spec.name, address.spec.default))
    return value if address.kind == "raw" else address.spec.to_unit(value)


def foreign(path: str, arguments: Sequence[Argument], time: float) -> ControlEvent:
    """A message to an address outside of ours: its first number is there for osc("/address") in expressions."""
    if not arguments or not isinstance(arguments[0], int | float):
        raise Refused(UNKNOWN, "unknown address")
    return ControlEvent(time, f"osc.{path}", number(arguments[0]), SOURCE)


def _value_event(address: Address, arguments: Sequence[Argument], time: float) -> ControlEvent:
    row = _spec(address)
    first = arguments[0] if arguments else None
    if row.curve == "toggle" and (not arguments or (len(arguments) == 1 and first == "toggle")):
        return ControlEvent(time, row.name, "toggle", SOURCE)
    if (word := _word(row, arguments)) is not None:
        return ControlEvent(time, row.name, word, SOURCE)
    if isinstance(first, str) and len(arguments) == 2:
        amount = number(arguments[1])
        if first in ("+", "-"):
            return ControlEvent(time, f"add.{row.name}", amount if first == "+" else -amount, SOURCE)
        if first == "*":
            return ControlEvent(time, f"scale.{row.name}", amount, SOURCE)
        if first == "a":
            return ControlEvent(time, row.name, row.from_unit(amount), SOURCE)
    return ControlEvent(time, row.name, row.from_unit(_one_number(arguments)), SOURCE)


def _word(row: ParamSpec, arguments: Sequence[Argument]) -> float | None:
    """The value of a choice that is said by its name; None for everything else. Raises Refused at no name of it."""
    if not row.choices or len(arguments) != 1 or not isinstance(arguments[0], str):
        return None
    if (value := row.chosen(arguments[0])) is None:
        raise Refused("wrong type", f"expected a number or one of {', '.join(row.choices)}, got {shown(arguments[0])}")
    return value


def _spec(address: Address) -> ParamSpec:
    assert address.spec is not None
    return address.spec


def number(value: Argument) -> float:
    """`value` as a finite number; T and F are 1 and 0. Raises Refused."""
    if not isinstance(value, int | float):
        raise Refused("wrong type", f"expected a number, got {shown(value)}")
    if not math.isfinite(value):
        raise Refused("not a number", f"expected a finite number, got {value}")
    return float(value)


def _one_number(arguments: Sequence[Argument]) -> float:
    if len(arguments) != 1:
        raise Refused("wrong type", f"expected one number, got {len(arguments)} arguments")
    return number(arguments[0])


def _pressed(arguments: Sequence[Argument]) -> bool:
    """Buttons send nothing, 1, T, or a number above 0 when pressed; 0 or F when released."""
    return not arguments or arguments[0] is None or number(arguments[0]) > 0


def _clean(text: str) -> str:
    if len(text) > MOST_TEXT:
        raise Refused("wrong type", f"expected a text of at most {MOST_TEXT} characters, got {len(text)}")
    return "".join(char if char.isprintable() else " " for char in text)


def shown(value: object) -> str:
    """`value` for a message about it."""
    return "nothing" if value is None else f"{value:g}" if isinstance(value, float) else repr(value)[:40]


def as_text() -> str:
    """The address space for people."""
    wide = max(len(path) for path in ADDRESSES)
    lines = [f"{row.path:<{wide}}  {row.types or '-':<2}  {_range(row):<18}  {row.doc}" for row in ADDRESSES.values()]
    return "\n".join(line.rstrip() for line in lines)


def as_json() -> str:
    """The address space for programs: path, type tags, lowest and highest value, unit, default, what it does."""
    rows = []
    for row in ADDRESSES.values():
        item: dict[str, object] = {"path": row.path, "types": row.types, "about": row.doc}
        if row.range is not None and row.spec is not None:
            item["range"] = list(row.range)
            item["default"] = row.spec.to_unit(row.spec.default) if row.kind == "value" else row.spec.default
            item["unit"] = row.spec.unit if row.kind == "raw" else ""
            item["parameter"] = row.spec.name
        rows.append(item)
    return json.dumps(rows, indent=2)


def _range(row: Address) -> str:
    return "" if row.range is None else f"{row.range[0]:g} .. {row.range[1]:g}"
