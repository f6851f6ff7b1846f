"""The prompts of a Parseq document at each frame: which of them play, how much, with their formulas filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .functions import MOVED
from .moment import Document, FormulaError, Keyed, Moment, Node, number_of
from .parse import compile_formula

_FORMULA = re.compile(r"\$\{(.*?)\}", re.DOTALL)
_MOVED = re.compile(f"{MOVED[0]}(.*?){MOVED[1]}", re.DOTALL)
_MOST_PROMPTS, _MOST_TEXT = 100, 20_000


@dataclass(frozen=True, slots=True)
class _Prompt:
    """A prompt that plays from frame `first` to `last`. weight: formula or None; fades: frames in and out."""

    positive: str
    negative: str
    first: float
    last: float
    weight: str | None = None
    fades: tuple[float, float] = (0.0, 0.0)

    def share(self, frame: int) -> str:
        """How much of it there is at `frame`, as it is written."""
        if self.weight is not None:
            return "${" + self.weight + "}"
        rising, falling = self.fades
        if frame < self.first + rising:
            return f"{(frame - self.first) / rising:#.4g}"
        if frame > self.last - falling:
            return f"{(self.last - frame) / falling:#.4g}"
        return "1"


def prompt_lines(prompts: Any, rows: Sequence[dict[str, Any]], document: Document, fields: Sequence[str]) -> list[str]:
    """Writes 'deforum_prompt' of each row, and says what of it cannot be worked out. `fields` are words of formulas."""
    if isinstance(prompts, Mapping) and prompts.get("enabled", True) is False:
        return []
    found, filler = _prompts(prompts), _Filler(document)
    for row in rows:
        filler.row(row, fields)
        playing = [prompt for prompt in found if prompt.first <= row["frame"] <= prompt.last]
        halves = [filler.halves(prompt) for prompt in playing]
        weights = [f": {filler.text(prompt.share(row['frame']), None)}" for prompt in playing]
        if len(playing) < 2:
            weights = [""] * len(playing)
        wanted, avoided = (
            " AND ".join(half[n] + weight for half, weight in zip(halves, weights, strict=True)) for n in (0, 1)
        )
        row["deforum_prompt"] = f"{wanted} --neg {avoided}" if avoided else wanted
    return filler.lost


def _prompts(data: Any) -> list[_Prompt]:
    """The document's prompts, in any of the three forms they have had, with the common one around them."""
    around: Mapping[str, Any] = {}
    place = "append"
    if isinstance(data, Mapping) and isinstance(data.get("promptList"), list):
        around = data["commonPrompt"] if isinstance(data.get("commonPrompt"), Mapping) else {}
        place = str(data.get("commonPromptPos", place))
        data = data["promptList"]
    elif isinstance(data, Mapping):
        data = [{**data, "allFrames": True}]
    rows = [row for row in data[:_MOST_PROMPTS] if isinstance(row, Mapping)] if isinstance(data, list) else []
    return [_prompt(row, around, place) for row in rows]


def _prompt(row: Mapping[str, Any], around: Mapping[str, Any], place: str) -> _Prompt:
    def half(name: str) -> str:
        return _joined(str(row.get(name) or "")[:_MOST_TEXT], str(around.get(name) or "")[:_MOST_TEXT], place)

    overlap = row.get("overlap")
    overlap = overlap if isinstance(overlap, Mapping) else {}
    always, kind = row.get("allFrames", False) is True, overlap.get("type")
    fades = [_number(overlap.get(key), 0.0) if kind == "linear" else 0.0 for key in ("inFrames", "outFrames")]
    return _Prompt(
        half("positive"),
        half("negative"),
        first=0.0 if always else _number(row.get("from"), 0.0),
        last=1e9 if always else _number(row.get("to"), 1e9),
        weight=str(overlap.get("custom") or "1") if kind == "custom" else None,
        fades=(fades[0], fades[1]),
    )


def _joined(text: str, common: str, place: str) -> str:
    if not common:
        return text
    if place == "template":
        return common.replace("[prompt]", text)
    return f"{common} {text}" if place == "prepend" else f"{text} {common}"


def _number(value: Any, usual: float) -> float:
    found = number_of(value) if isinstance(value, (int, float, str)) and value != "" else usual
    return found if abs(found) < 1e12 else usual


class _Filler:
    """Fills in the formulas of prompts, frame by frame. `lost` says once which of them cannot be worked out."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._keyed = Keyed(tuple(frame for frame, _ in document.labels))
        self._compiled: dict[str, Node] = {}
        self._frame, self._words = 0, dict[str, Any]()
        self.lost: list[str] = []

    def row(self, row: Mapping[str, Any], fields: Sequence[str]) -> None:
        """From now on the frame of `row`, whose `fields` are variables."""
        self._frame, self._words = row["frame"], {field: row[field] for field in fields}

    def halves(self, prompt: _Prompt) -> tuple[str, str]:
        """Both halves of a prompt; terms with a weight below zero have changed sides."""
        wanted, avoided = self.text(prompt.positive, True), self.text(prompt.negative, False)
        avoided = _with_moved(avoided, wanted)
        wanted = _MOVED.sub("", wanted)
        return _with_moved(wanted, avoided), _MOVED.sub("", avoided)

    def text(self, text: str, positive: bool | None) -> str:
        return _FORMULA.sub(lambda match: self._filled(match[1], positive), text).replace("\n", " ")

    def _filled(self, formula: str, positive: bool | None) -> str:
        moment = Moment(
            self._frame, self._document, self._frame, self._keyed, (), self._words, positive, name="prompts"
        )
        try:
            if formula not in self._compiled:
                self._compiled[formula] = compile_formula(formula)
            value = self._compiled[formula](moment)
        except (FormulaError, ArithmeticError, ValueError) as error:
            line = f"prompts: {formula.strip()[:60]!r}: {error}"
            if line not in self.lost:
                self.lost.append(line)
            return ""
        return value if isinstance(value, str) else f"{value + 0.0:.5f}"  # no -0


def _with_moved(text: str, other: str) -> str:
    """`text` with what is marked in `other` to go there put before it, the last first."""
    for said in _MOVED.findall(other):
        text = f" {said} {text}"
    return text
