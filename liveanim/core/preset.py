"""A look as data: mapping (from TOML) -> checked Preset. Reading the file is the rim's job."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .deforum import FrameClock, family_driver, family_from
from .errors import UserError, near, only_known
from .expr import Driver, ExprError, compile_expr
from .journey import Journey, journey_from
from .model import Chain
from .modulators import Modulator, modulators_from
from .params import PARAMS, PROMPT_SLOTS, ParamSpec, Table, spec, with_rows
from .scenes import Drivers, Morph, Read, Scene, Wander, morph_from, scenes_from, wander_from

GROUPS = tuple(dict.fromkeys(row.group for row in PARAMS.values() if row.group != "out"))
SHADERS = "isf"
FAMILY = "deforum"
_TOP = ("about", "model", "size", "compat", "start", "media")
_TABLES = (FAMILY, "modulators", "scene", "morph", "autopilot", "knobs", "midi")
MEDIA = ("video", "mask", "init", "match", *(f"control{n}" for n in range(1, 6)))
_ONE_NAME = ("generator", "transition", "lut")
_WORDS = {
    "prompt": ("text", "negative", "keys", "path", "curve", "loop"),
    "stage": ("filters", *_ONE_NAME),
    "mask": ("words",),
}
MOST_FILTERS = 8
MOST_TEXT = 10_000


@dataclass(frozen=True, slots=True)
class Preset:
    """A checked look. `drivers`: number or compiled expression by parameter name; `size` is (width, height) pixels.

    `journey` is what slot 1 shows instead of a text; `clock` the frames of a look that is read as Deforum reads it.
    `media`: files by what they are for (MEDIA); `mask_words`: what a mask in words is of.
    `rows` are those its shaders bring to the table (names 'isf.SHADER.INPUT').
    `start` is the scene it begins with ('': none), `knobs` hold parameters from the first moment.
    `midi`: what MIDI knobs and pads do while it plays, in the words of MIDI maps (inputs.midimap reads them).
    `written` is the data it was read from, and is kept in step with live edits.
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
    modulators: tuple[Modulator, ...] = ()
    scenes: tuple[Scene, ...] = ()
    morph: Morph = field(default_factory=Morph)
    wander: Wander = field(default_factory=Wander)
    start: str = ""
    knobs: Mapping[str, float] = field(default_factory=dict)
    written: Mapping[str, Any] = field(default_factory=dict)
    media: Mapping[str, str] = field(default_factory=dict)
    mask_words: str = ""
    midi: tuple[Mapping[str, Any], ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The variables that its expressions may use besides those that all may."""
        return frozenset(row.name for row in self.modulators)

    @property
    def first_scene(self) -> Scene | None:
        """The scene it begins with."""
        return next((scene for scene in self.scenes if scene.name == self.start), None)


def preset_from(data: Mapping[str, Any], where: str, name: str, rows: Sequence[ParamSpec] = ()) -> Preset:
    """The preset called `name` in `data`; `where` (a file) appears in messages, `rows` are its shaders' parameters.

    UserError names file, key and what was expected.
    """
    _known(data, where)
    prompt = _table(data, "prompt", where)
    clock, camera = _family(data, where)
    modulators = modulators_from(data.get("modulators", {}), where)
    reader = _Reader(with_rows(rows), frozenset(row.name for row in modulators), clock)
    drivers = {**camera, **reader.drivers(data, where, _WORDS)}
    scenes = scenes_from(data.get("scene", []), where, (*GROUPS, SHADERS), reader.scene)
    prompts = _prompts(prompt.get("text", []), f"{where}: [prompt] text")
    journey = journey_from(prompt, clock, f"{where}: [prompt]")
    if journey is not None:
        prompts = ("", *prompts[: PROMPT_SLOTS - 1])
        if journey[1] is not None:
            drivers.setdefault("prompt.position", journey[1])
    return Preset(
        name=name,
        about=_text(data.get("about", ""), f"{where}: about"),
        model=_text(data.get("model", ""), f"{where}: model") or None,
        size=_size(data, where),
        prompts=prompts,
        negative=_text(prompt.get("negative", ""), f"{where}: [prompt] negative"),
        drivers=drivers,
        chain=chain_from(data, where),
        rows=tuple(rows),
        media=_media(data, where),
        mask_words=_text(_table(data, "mask", where).get("words", ""), f"{where}: [mask] words"),
        journey=None if journey is None else journey[0],
        clock=clock,
        modulators=modulators,
        scenes=scenes,
        morph=morph_from(data.get("morph", {}), scenes, where),
        wander=wander_from(data.get("autopilot", {}), where),
        start=_start(data.get("start", ""), scenes, where),
        knobs=reader.knobs(data, where),
        midi=_midi(data.get("midi", []), where),
        written=data,
    )


def _midi(rows: Any, where: str) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise UserError(f'{where}: midi: expected [[midi]] tables, such as cc = 21 with target = "stage.hue"')
    return tuple(rows)


def _size(data: Mapping[str, Any], where: str) -> tuple[int, int] | None:
    text = _text(data.get("size", ""), f"{where}: size")
    return parse_size(text, f"{where}: size") if text else None


def _known(data: Mapping[str, Any], where: str) -> None:
    """UserError for an empty preset, and for a key that nobody knows."""
    if not data:
        raise UserError(f'{where}: the preset is empty: it needs at least [prompt] with text = ["..."]')
    only_known(data, (*_TOP, *_TABLES, *GROUPS, SHADERS), where)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads values: `table` has the parameters there are, `names` the look's own variables."""

    table: Table
    names: frozenset[str]
    clock: FrameClock | None

    def drivers(self, data: Mapping[str, Any], where: str, words: Mapping[str, Sequence[str]]) -> Drivers:
        """Every parameter that `data` names; `words` are keys of a group that are none."""
        found: dict[str, Driver | float] = {}
        for group in GROUPS:
            for key, value in _table(data, group, where).items():
                if key not in words.get(group, ()):
                    full = f"{group}.{key}"
                    found[full] = self._driver(full, value, f"{where}: [{group}] {key}")
        for shader in _table(data, SHADERS, where):
            for key, value in _table(data[SHADERS], shader, f"{where}: {SHADERS}").items():
                full = f"{SHADERS}.{shader}.{key}"
                found[full] = self._driver(full, value, f"{where}: [{SHADERS}.{shader}] {key}")
        return found

    def scene(self, data: Mapping[str, Any], where: str) -> Read:
        """What a scene says."""
        prompt = _table(data, "prompt", where)
        texts, negative = prompt.get("text"), prompt.get("negative")
        return Read(
            self.drivers(data, where, {"prompt": ("text", "negative")}),
            None if texts is None else _prompts(texts, f"{where}: [prompt] text"),
            None if negative is None else _text(negative, f"{where}: [prompt] negative"),
            _media(data, where),
        )

    def knobs(self, data: Mapping[str, Any], where: str) -> dict[str, float]:
        """Where the knobs of [knobs] stand."""
        found = {}
        for name, value in _table(data, "knobs", where).items():
            if name.startswith("out."):
                raise UserError(f"{where}: [knobs] {name}: belongs to the show, not to a preset")
            driver = self._driver(name, value, f"{where}: [knobs] {name}")
            if not isinstance(driver, float):
                raise UserError(f"{where}: [knobs] {name}: expected a number, got {value!r}")
            found[name] = self.table[name].clamp(driver)
        return found

    def _driver(self, name: str, value: Any, where: str) -> Driver | float:
        return read_driver(name, value, where, self.table, self.names, self.clock)


def _start(value: Any, scenes: Sequence[Scene], where: str) -> str:
    names = [scene.name for scene in scenes]
    if value and value not in names:
        raise UserError(f"{where}: start: there is no scene {value!r}{near(str(value), names)}")
    return _text(value, f"{where}: start")


def _family(data: Mapping[str, Any], where: str) -> tuple[FrameClock | None, Drivers]:
    """The clock and the camera of a look with compat = "deforum"; none for all others."""
    compat = data.get("compat", "")
    if compat not in ("", FAMILY):
        raise UserError(f'{where}: compat: expected "{FAMILY}", got {compat!r}')
    table = dict(_table(data, FAMILY, where))
    if not compat:
        if table:
            raise UserError(f'{where}: [{FAMILY}] needs compat = "{FAMILY}" at the top of the file')
        return None, {}
    size = parse_size(_text(table.get("size", "512x512"), f"{where}: [{FAMILY}] size"), f"{where}: [{FAMILY}] size")
    return family_from(table, size, f"{where}: [{FAMILY}]")


def _media(data: Mapping[str, Any], where: str) -> dict[str, str]:
    files = _table(data, "media", where)
    only_known(files, MEDIA, f"{where}: [media]")
    return {key: _text(name, f"{where}: [media] {key}") for key, name in files.items()}


def chain_from(data: Mapping[str, Any], where: str) -> Chain:
    """The shaders and the colour table that `data` names under [stage]."""
    stage = _table(data, "stage", where)
    names = {word: _text(stage.get(word, ""), f"{where}: [stage] {word}") for word in _ONE_NAME}
    filters = stage.get("filters", [])
    filters = [filters] if isinstance(filters, str) else filters
    if not isinstance(filters, list) or len(filters) > MOST_FILTERS:
        raise UserError(
            f"{where}: [stage] filters: expected a list of up to {MOST_FILTERS} names of shaders, got {_brief(filters)}"
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


def read_driver(
    name: str,
    value: Any,
    where: str,
    table: Table,
    names: frozenset[str] = frozenset(),
    clock: FrameClock | None = None,
) -> Driver | float:
    """What drives parameter `name`: the number or the compiled expression that `value` is. `names` are variables that
    it may use besides those that all may; with a `clock` it is read as Deforum reads it. UserError as preset_from.
    """
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
    words = f" (or one of {', '.join(row.choices)})" if row.choices else ""
    if clock is not None:
        try:
            return family_driver(value, clock, where)
        except UserError as error:
            raise UserError(f"{error}{words}") from None
    try:
        expression = compile_expr(value, extra=names)
    except ExprError as error:
        raise UserError(f"{where}: {error}{words}") from None
    return expression if expression.constant is None else expression.constant


def _prompts(value: Any, where: str) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or len(texts) > PROMPT_SLOTS:
        more = " (keys make a journey of more: docs/deforum.md)" if isinstance(texts, list) else ""
        raise UserError(f"{where}: expected a text or a list of up to {PROMPT_SLOTS} texts, got {_brief(value)}{more}")
    return tuple(_text(text, where) for text in texts)


def _brief(value: Any) -> str:
    """What was got, for one line: a long list by its length."""
    return f"{len(value)} of them" if isinstance(value, list) else repr(value)[:60]


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or len(value) > MOST_TEXT:
        raise UserError(f"{where}: expected a text of at most {MOST_TEXT} characters, got {str(value)[:60]!r}")
    return value
