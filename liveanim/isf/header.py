"""The header of an ISF shader: the JSON in its first comment, read as real files write it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import json5

from liveanim.core.errors import UserError, near

Kind = Literal["generator", "filter", "transition"]
InputKind = Literal[
    "event", "bool", "long", "float", "point2D", "color", "image", "audio", "audioFFT", "sound", "noise"
]  # fmt: skip
INPUT_KINDS: tuple[InputKind, ...] = (
    *("event", "bool", "long", "float", "point2D", "color"),
    *("image", "audio", "audioFFT"),
)
"""Those of ISF: `sound` and `noise` are Shadertoy's."""
IMAGES = ("image", "audio", "audioFFT", "sound", "noise")
"""Inputs that are pictures to the shader."""
FIRST, START, END, PROGRESS = "inputImage", "startImage", "endImage", "progress"
MOST_INPUTS, MOST_PASSES, MOST_TEXT = 64, 16, 400_000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_WIDTHS = {"point2D": 2, "color": 4}


@dataclass(frozen=True, slots=True)
class Input:
    """One input. `default`, `low` and `high` have one number (point2D two, color four: RGBA); images have none.

    values, labels  of a long: the numbers it may have, and what people call them
    columns         of audio and audioFFT: how many samples or bins are wanted; 0: as many as there are
    in_pixels       a point of version 1 without a range: 0..1 here, pixels to the shader
    """

    name: str
    kind: InputKind
    label: str = ""
    default: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    columns: int = 0
    in_pixels: bool = False


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass. `target`: the buffer it draws into ('': the picture); `width`, `height`: expressions ('': as large)."""

    target: str = ""
    persistent: bool = False
    floats: bool = False
    width: str = ""
    height: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """What a shader says of itself. `imported`: file names by the name of the picture; `prelude`: GLSL that its text
    takes for granted."""

    about: str = ""
    credit: str = ""
    version: int = 2
    inputs: tuple[Input, ...] = ()
    passes: tuple[Pass, ...] = (Pass(),)
    imported: Mapping[str, str] = field(default_factory=dict)
    prelude: str = ""

    @property
    def kind(self) -> Kind:
        names = {each.name for each in self.inputs}
        if {START, END, PROGRESS} <= names:
            return "transition"
        return "filter" if FIRST in names else "generator"

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the buffers, each once."""
        return tuple(dict.fromkeys(each.target for each in self.passes if each.target))


def split(text: str, where: str) -> tuple[Header, str]:
    """(header, the text without it, its line numbers kept). UserError names `where`, the line and the reason."""
    text = unix(text, where)
    for comment in _COMMENT.finditer(text):
        inside = comment.group()[2:-2]
        if "{" in inside:
            line = text.count("\n", 0, comment.start() + 2 + inside.index("{")) + 1
            data = _json(inside[inside.index("{") : inside.rindex("}") + 1] if "}" in inside else inside, where, line)
            blank = "\n" * comment.group().count("\n")
            return header(data, f"{where}: the header"), text[: comment.start()] + blank + text[comment.end() :]
    raise UserError(f"{where}: no ISF header: the file must begin with a comment that holds JSON, as in /*{{ ... }}*/")


def unix(text: str, where: str) -> str:
    """`text` with lines that end as everywhere else. UserError where there is too much of it."""
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > MOST_TEXT:
        raise UserError(f"{where}: a shader is at most {MOST_TEXT // 1000} kB of text")
    return text


def _json(text: str, where: str, line: int) -> Mapping[str, Any]:
    data: Any = None
    try:
        data = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        try:
            data = json5.loads(text)
        except (ValueError, RecursionError) as error:
            at = re.match(r"<string>:(\d+)\s*(.*)", str(error))
            raise UserError(
                f"{where}: line {line + int(at[1]) - 1 if at else line}: the header is not JSON:"
                f" {at[2] if at else error}"
            ) from None
    if not isinstance(data, dict):
        raise UserError(f"{where}: line {line}: expected a JSON object as the header")
    return data


def header(data: Mapping[str, Any], where: str) -> Header:
    """The header in `data`; UserError names the part that is wrong and what was expected."""
    version = 1 if str(data.get("ISFVSN", "1")).strip().startswith("1") else 2
    rows = [_input(row, f"{where}: INPUTS {n}", version) for n, row in enumerate(_rows(data, "INPUTS", where), 1)]
    twice = {row.name for row in rows if [other.name for other in rows].count(row.name) > 1}
    if twice:
        raise UserError(f"{where}: two inputs are called {sorted(twice)[0]!r}")
    if len(rows) > MOST_INPUTS:
        raise UserError(f"{where}: more than {MOST_INPUTS} inputs")
    return Header(
        about=_text(data.get("DESCRIPTION")),
        credit=_text(data.get("CREDIT")),
        version=version,
        inputs=tuple(rows),
        passes=_passes(data, where),
        imported=_imported(data.get("IMPORTED"), f"{where}: IMPORTED"),
    )


def _rows(data: Mapping[str, Any], key: str, where: str) -> list[Mapping[str, Any]]:
    rows = data.get(key) or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UserError(f"{where}: {key}: expected a list of objects")
    return rows


def _input(row: Mapping[str, Any], where: str, version: int) -> Input:
    name, kind = row.get("NAME"), row.get("TYPE")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UserError(f"{where}: NAME: expected a name of letters and digits, got {name!r}")
    where = f"{where} {name}"
    if kind not in INPUT_KINDS:
        kinds = {known.lower(): known for known in INPUT_KINDS}
        kind = kinds.get(str(kind).lower())
        if kind is None:
            raise UserError(f"{where}: unknown TYPE {row.get('TYPE')!r}{near(str(row.get('TYPE')), INPUT_KINDS)}")
    label = _text(row.get("LABEL")) or name
    if kind == "image":
        return Input(name, kind, label)
    if kind in IMAGES:
        most = row.get("MAX")
        return Input(name, kind, label, columns=max(0, int(most)) if isinstance(most, (int, float)) else 0)
    if kind == "long":
        return _menu(row, name, label, where)
    return _ranged(row, Input(name, kind, label), where, version)


def _menu(row: Mapping[str, Any], name: str, label: str, where: str) -> Input:
    values = row.get("VALUES") or list(range(_whole(row.get("MIN"), 0), _whole(row.get("MAX"), 1) + 1))
    if not isinstance(values, list) or not all(isinstance(value, (int, float)) for value in values):
        raise UserError(f"{where}: VALUES: expected a list of numbers, got {values!r}")
    numbers = tuple(float(value) for value in values) or (0.0,)
    labels = row.get("LABELS")
    words = tuple(str(word) for word in labels) if isinstance(labels, list) else ()
    default = float(_whole(row.get("DEFAULT"), int(numbers[0])))
    ends = (min(numbers),), (max(numbers),)
    return Input(name, "long", label, (min(numbers, key=lambda v: abs(v - default)),), *ends, numbers, words)


def _ranged(row: Mapping[str, Any], empty: Input, where: str, version: int) -> Input:
    width = _WIDTHS.get(empty.kind, 1)
    if empty.kind == "point2D" and version == 1 and row.get("MAX") is None:
        both = (0.5, 0.5), (0.0, 0.0), (1.0, 1.0)
        return Input(empty.name, empty.kind, empty.label, *both, in_pixels=True)
    if empty.kind in ("event", "bool"):
        return Input(empty.name, empty.kind, empty.label, (float(_true(row.get("DEFAULT"))),), (0.0,), (1.0,))
    default = _numbers(row.get("DEFAULT"), width, f"{where}: DEFAULT")
    low = _numbers(row.get("MIN"), width, f"{where}: MIN") or (0.0,) * width
    high = _numbers(row.get("MAX"), width, f"{where}: MAX") or (1.0,) * width
    middle = (1.0,) * 4 if empty.kind == "color" else (0.5,) * width if empty.kind == "point2D" else low
    default = default or middle
    # A range that leaves its own default out, or is upside down, is made as wide as it takes.
    ends = [(min(a, b, d), max(a, b, d)) for a, b, d in zip(low, high, default, strict=True)]
    ends = [(a, b if b > a else a + 1.0) for a, b in ends]
    return Input(empty.name, empty.kind, empty.label, default, tuple(a for a, _ in ends), tuple(b for _, b in ends))


def _numbers(value: Any, width: int, where: str) -> tuple[float, ...]:
    """`width` numbers; () where there is nothing to read them from. A single number stands for all of them."""
    if value is None or value == "" or value == []:
        return ()
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise UserError(f"{where}: expected a number, got {value!r}") from None
    values = value if isinstance(value, list) else [value] * width
    if width == 4 and len(values) == 3:
        values = [*values, 1.0]
    good = len(values) >= width and all(isinstance(each, (int, float)) for each in values)
    if not good or not all(abs(float(each)) < 1e9 for each in values):
        raise UserError(f"{where}: expected {width} number{'s' if width > 1 else ''}, got {value!r}")
    return tuple(float(each) for each in values[:width])


def _passes(data: Mapping[str, Any], where: str) -> tuple[Pass, ...]:
    kept = _persistent(data.get("PERSISTENT_BUFFERS"), where)
    found = []
    for n, row in enumerate(_rows(data, "PASSES", where), 1):
        target = row.get("TARGET") or ""
        if not isinstance(target, str) or (target and not _NAME.fullmatch(target)):
            raise UserError(f"{where}: PASSES {n}: TARGET: expected a name, got {target!r}")
        old = kept.get(target, {})
        found.append(
            Pass(
                target,
                _true(row.get("PERSISTENT")) or target in kept,
                _true(row.get("FLOAT")) or _true(old.get("FLOAT")),
                _text(row.get("WIDTH", old.get("WIDTH"))),
                _text(row.get("HEIGHT", old.get("HEIGHT"))),
            )
        )
    if len(found) > MOST_PASSES:
        raise UserError(f"{where}: more than {MOST_PASSES} passes")
    return tuple(found) or (Pass(),)


def _persistent(value: Any, where: str) -> Mapping[str, Mapping[str, Any]]:
    """Version 1's PERSISTENT_BUFFERS: a list of names, or an object with their sizes."""
    if isinstance(value, list):
        return {str(name): {} for name in value}
    if value is None or isinstance(value, dict):
        return {name: row if isinstance(row, dict) else {} for name, row in (value or {}).items()}
    raise UserError(f"{where}: PERSISTENT_BUFFERS: expected a list of names or an object")


def _imported(value: Any, where: str) -> Mapping[str, str]:
    """Pictures of the shader's own: an object of objects with a PATH; version 1 also has a list with NAMEs."""
    if isinstance(value, list):
        value = {_text(row.get("NAME")): row for row in value if isinstance(row, dict)}
    found = {}
    for name, row in (value or {}).items() if isinstance(value, dict) or value is None else [(None, None)]:
        path = row.get("PATH") if isinstance(row, dict) else row
        path = path[0] if isinstance(path, list) and path else path
        if not isinstance(name, str) or not _NAME.fullmatch(name) or not isinstance(path, str):
            raise UserError(f"{where}: expected names with a PATH each")
        found[name] = path
    return found


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _true(value: Any) -> bool:
    return value is True or value == 1 or (isinstance(value, str) and value.strip().lower() in ("true", "1", "yes"))


def _whole(value: Any, fallback: int) -> int:
    return int(cast(float, value)) if isinstance(value, (int, float)) else fallback
