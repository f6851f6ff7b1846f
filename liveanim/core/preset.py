"""A look as data: mapping (from TOML) -> checked Preset. Reading the file is the rim's job."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .deforum import FamilyLook, FrameClock, family_driver, family_from
from .errors import UserError, near
from .expr import Driver, ExprError, compile_expr
from .journey import Journey, journey_from
from .model import Chain
from .params import PARAMS, PROMPT_SLOTS, ParamSpec, Table, spec, with_rows

GROUPS = tuple(dict.fromkeys(row.group for row in PARAMS.values() if row.group != "out"))
SHADERS = "isf"
FAMILY = "deforum"
_TOP = ("about", "model", "size", "compat")
_ONE_NAME = ("generator", "transition", "lut")
_WORDS = {"prompt": ("text", "negative", "keys", "path", "curve", "loop"), "stage": ("filters", *_ONE_NAME)}
MOST_FILTERS = 8
MOST_TEXT = 2000


@dataclass(frozen=True, slots=True)
class Preset:
    """A checked look. `drivers`: number or compiled expression by parameter name; `size` is (width, height) pixels.

    `journey` is what slot 1 shows instead of a text; `clock` the frames of a look that is read as Deforum reads it.
    `rows` are those its shaders bring to the table (names 'isf.SHADER.INPUT').
    `text` is the TOML it was read from ('' when there is none), kept in takes.
    """

    name: str
    about: str = ""
    model: str | None = None
    size: tuple[int, int] | None = None
    prompts: tuple[str, ...] = ()
    negative: str = ""
    drivers: Mapping[str, Driver | float] = field(default_factory=dict)
    text: str = ""
    journey: Journey | None = None
    clock: FrameClock | None = None
    chain: Chain = field(default_factory=Chain)
    rows: tuple[ParamSpec, ...] = ()


def preset_from(data: Mapping[str, Any], where: str, name: str, rows: Sequence[ParamSpec] = ()) -> Preset:
    """The preset called `name` in `data`; `where` (a file) appears in messages, `rows` are its shaders' parameters.

    UserError names file, key and what was expected.
    """
    if not data:
        raise UserError(f'{where}: the preset is empty: it needs at least [prompt] with text = ["..."]')
    for key in data:
        if key not in _TOP and key not in GROUPS and key not in (SHADERS, FAMILY):
            raise UserError(f"{where}: unknown key {key!r}{near(key, (*_TOP, *GROUPS, SHADERS, FAMILY))}")
    prompt = _table(data, "prompt", where)
    family = _family(data, where)
    clock = None if family is None else family.clock
    drivers = {} if family is None else dict(family.drivers)
    table = with_rows(rows)
    for group in GROUPS:
        for key, value in _table(data, group, where).items():
            if key in _WORDS.get(group, ()):
                continue
            full = f"{group}.{key}"
            drivers[full] = _driver(full, value, f"{where}: [{group}] {key}", table, clock)
    for shader in _table(data, SHADERS, where):
        for key, value in _table(data[SHADERS], shader, f"{where}: {SHADERS}").items():
            full = f"{SHADERS}.{shader}.{key}"
            drivers[full] = _driver(full, value, f"{where}: [{SHADERS}.{shader}] {key}", table, clock)
    prompts = _prompts(prompt.get("text", []), f"{where}: [prompt] text")
    journey = journey_from(prompt, clock, f"{where}: [prompt]")
    if journey is not None:
        prompts = ("", *prompts[: PROMPT_SLOTS - 1])
        if journey[1] is not None:
            drivers.setdefault("prompt.position", journey[1])
    return Preset(
        name=name,
        about=_text(data.get("about", ""), f"{where}: about"),
        model=None if data.get("model") is None else _text(data["model"], f"{where}: model"),
        size=None if data.get("size") is None else parse_size(_text(data["size"], f"{where}: size"), f"{where}: size"),
        prompts=prompts,
        negative=_text(prompt.get("negative", ""), f"{where}: [prompt] negative"),
        drivers=drivers,
        chain=chain_from(data, where),
        rows=tuple(rows),
        journey=None if journey is None else journey[0],
        clock=clock,
    )


def _family(data: Mapping[str, Any], where: str) -> FamilyLook | None:
    """The [deforum] table of a look with compat = "deforum"; None for all others."""
    compat = data.get("compat", "")
    if compat not in ("", FAMILY):
        raise UserError(f'{where}: compat: expected "{FAMILY}", got {compat!r}')
    table = dict(_table(data, FAMILY, where))
    if not compat:
        if table:
            raise UserError(f'{where}: [{FAMILY}] needs compat = "{FAMILY}" at the top of the file')
        return None
    size = parse_size(_text(table.get("size", "512x512"), f"{where}: [{FAMILY}] size"), f"{where}: [{FAMILY}] size")
    return family_from(table, size, f"{where}: [{FAMILY}]")


def chain_from(data: Mapping[str, Any], where: str) -> Chain:
    """The shaders and the colour table that `data` names under [stage]."""
    stage = _table(data, "stage", where)
    names = {word: _text(stage.get(word, ""), f"{where}: [stage] {word}") for word in _ONE_NAME}
    filters = stage.get("filters", [])
    filters = [filters] if isinstance(filters, str) else filters
    if not isinstance(filters, list) or len(filters) > MOST_FILTERS:
        raise UserError(
            f"{where}: [stage] filters: expected a list of up to {MOST_FILTERS} names of shaders, got {filters!r}"
        )
    return Chain(filters=tuple(_text(name, f"{where}: [stage] filters") for name in filters), **names)


def parse_size(text: str, where: str = "size") -> tuple[int, int]:
    """'512x288' -> (512, 288). UserError when it is no such thing or not a multiple of 8 from 64 to 4096."""
    left, _, right = text.lower().strip().partition("x")
    if not (left.strip().isdecimal() and right.strip().isdecimal()):
        raise UserError(f"{where}: expected WIDTHxHEIGHT in pixels such as 512x288, got {text!r}")
    size = int(left), int(right)
    if any(n % 8 or not 64 <= n <= 4096 for n in size):
        fit = "x".join(str(min(4096, max(64, round(n / 8) * 8))) for n in size)
        raise UserError(f"{where}: width and height must be multiples of 8 from 64 to 4096, got {text}: try {fit}")
    return size


def _table(data: Mapping[str, Any], group: str, where: str) -> Mapping[str, Any]:
    table = data.get(group, {})
    if not isinstance(table, Mapping):
        raise UserError(f"{where}: {group}: expected a table [{group}], got {table!r}")
    return table


def _driver(name: str, value: Any, where: str, table: Table, clock: FrameClock | None) -> Driver | float:
    try:
        row = spec(name, table)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, (int, float)):
        if not math.isfinite(value):
            raise UserError(f"{where}: expected a finite number from {row.low:g} to {row.high:g}, got {value}")
        return float(value)
    if not isinstance(value, str):
        raise UserError(f"{where}: expected a number or an expression in quotes, got {value!r}")
    if (chosen := row.chosen(value)) is not None:
        return chosen
    if clock is not None:
        return family_driver(value, clock, where)
    try:
        expression = compile_expr(value)
    except ExprError as error:
        words = f" (or one of {', '.join(row.choices)})" if row.choices else ""
        raise UserError(f"{where}: {error}{words}") from None
    return expression if expression.constant is None else expression.constant


def _prompts(value: Any, where: str) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or len(texts) > PROMPT_SLOTS:
        raise UserError(f"{where}: expected a text or a list of up to {PROMPT_SLOTS} texts, got {value!r}")
    return tuple(_text(text, where) for text in texts)


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or len(value) > MOST_TEXT:
        raise UserError(f"{where}: expected a text of at most {MOST_TEXT} characters, got {str(value)[:60]!r}")
    return value
