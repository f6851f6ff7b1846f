"""The words of this moment: prompt slots, a journey, numbers in backticks, morphs and fades -> weighted prompts."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .deforum import FrameClock
from .expr import Env, ExprError, Expression, Memory, compile_expr
from .model import Prompt
from .params import PROMPT_SLOTS
from .step import Texts

Mix = tuple[tuple[str, float], ...]
"""Texts and their weights (sum 1)."""
_KEPT = 400  # texts taken apart
_MOST_VARIANTS = 8
_STEPS = 20  # what a morph's whole number is counted in: the steps its writer most likely had
_BACKTICKS = re.compile(r"`([^`]*)`")
_MORPH = re.compile(r"\[(?:([^\[\]:|]*):)?([^\[\]:|]*):\s*(\d*\.?\d+)\s*\]")


class Phrase:
    """One prompt text taken apart: numbers in `backticks` follow the show, [a:b:0.3] is three tenths a, the rest b.

    An expression that cannot be read stays as it is written and is named in `problem`.
    """

    def __init__(self, text: str, clock: FrameClock | None = None) -> None:
        self._clock = clock
        self._pieces: list[str | tuple[Expression, Memory]] = []
        self.problem = ""
        for index, piece in enumerate(_BACKTICKS.split(text)):
            self._pieces.append(self._compiled(piece) if index % 2 else piece)

    def _compiled(self, piece: str) -> str | tuple[Expression, Memory]:
        try:
            expression = compile_expr(piece, compat="" if self._clock is None else "deforum")
        except ExprError as error:
            self.problem = f"prompt: {error}"
            return f"`{piece}`"
        return expression, expression.memory()

    def at(self, env: Env) -> Mix:
        """The texts to paint in `env`, with weights."""
        if len(self._pieces) > 1 and self._clock is not None:
            frame = self._clock.wrapped(int(env.get("now", 0.0) * self._clock.fps + 1e-6))
            env = self._clock.env(env, frame)
        filled = [
            piece if isinstance(piece, str) else _number(piece[0].evaluate(env, piece[1])) for piece in self._pieces
        ]
        return morphed("".join(filled))


def _number(value: float) -> str:
    """Two decimals: weights that differ by less look alike, and equal texts are encoded once."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value == value else "0"


def morphed(text: str) -> Mix:
    """`text` with every [a:b:share] decided both ways, with weights; [b:share] comes in, [a::share] goes away."""
    pieces = _MORPH.split(text)
    if len(pieces) == 1:
        return ((text, 1.0),)
    choices = []
    for index in range(1, len(pieces), 4):
        share = float(pieces[index + 2])
        share = min(1.0, share if share <= 1 else share / _STEPS)
        choices.append(((pieces[index] or "", share), (pieces[index + 1], 1.0 - share)))
    found: dict[str, float] = {}
    for words in itertools.islice(itertools.product(*choices), _MOST_VARIANTS):
        weight = 1.0
        for _, share in words:
            weight *= share
        parts = [pieces[0]]
        for n, (word, _) in enumerate(words):
            parts += [word, pieces[4 * n + 4]]
        if weight > 0:
            whole = "".join(parts)
            found[whole] = found.get(whole, 0.0) + weight
    total = sum(found.values())
    return tuple((whole, weight / total) for whole, weight in found.items()) if total > 0 else ((pieces[0], 1.0),)


@dataclass(slots=True)
class _Slot:
    """One slot at work: what it shows, since when, and what it showed before while that fades."""

    shown: Mix = ()
    since: float = 0.0
    below: Mix = ()

    def toward(self, wanted: Mix, now: float, seconds: float) -> Mix:
        """What to say at `now` when `wanted` is to be shown and a change of words takes `seconds`."""
        if wanted != self.shown:
            if len(wanted) == 1 and wanted[0][0] not in dict(self.shown):
                self.below = self._mix(now, seconds)
                self.since = now
            self.shown = wanted
        return self._mix(now, seconds)

    def _mix(self, now: float, seconds: float) -> Mix:
        if seconds <= 0 or now - self.since >= seconds:
            self.below = ()
        return mixed(self.below, self.shown, (now - self.since) / seconds) if self.below else self.shown


def mixed(below: Mix, above: Mix, share: float) -> Mix:
    """`share` of `above` and the rest of `below`."""
    if share >= 1 or not below:
        return above
    found: dict[str, float] = {}
    for mix, part in ((below, 1.0 - share), (above, share)):
        for text, weight in mix:
            found[text] = found.get(text, 0.0) + weight * part
    return tuple((text, weight) for text, weight in found.items() if weight > 1e-4)


class Words:
    """What the show says to the painter. Owned by the show."""

    def __init__(self) -> None:
        self._phrases: dict[tuple[str, FrameClock | None], Phrase] = {}
        self._slots = [_Slot() for _ in range(PROMPT_SLOTS)]
        self._problem = ""

    def trouble(self) -> str:
        """One line about an expression in a prompt that cannot be read; '' when all is well."""
        return self._problem

    def prompts(self, texts: Texts, now: float, values: Mapping[str, float], env: Env) -> tuple[Prompt, ...]:
        """The prompts that count, with their weights; the first one alone when every weight is 0.

        A text that takes another's place in its slot fades in over prompt.fade seconds.
        """
        found: list[Prompt] = []
        first: Mix = ()
        self._problem = ""
        for number, wanted in enumerate(self._wanted(texts, values)):
            mix = self._slots[number].toward(wanted, now, values["prompt.fade"])
            weight = values[f"prompt.weight{number + 1}"]
            first = first or mix
            if weight > 0:
                found += self._said(mix, weight, texts.clock, env)
        return tuple(found or self._said(first, 1.0, texts.clock, env))

    def _wanted(self, texts: Texts, values: Mapping[str, float]) -> Sequence[Mix]:
        """What each slot is to show; an empty one nothing."""
        slots: list[Mix] = [((text, 1.0),) if text else () for text in texts.prompts[:PROMPT_SLOTS]]
        if texts.journey is not None:
            slots[:1] = [texts.journey.at(values["prompt.position"])]
        return slots

    def _said(self, mix: Mix, weight: float, clock: FrameClock | None, env: Env) -> list[Prompt]:
        found = []
        for text, part in mix:
            phrase = self._phrase(text, clock)
            self._problem = self._problem or phrase.problem
            found += [Prompt(said, weight * part * share) for said, share in phrase.at(env)]
        return found

    def _phrase(self, text: str, clock: FrameClock | None) -> Phrase:
        phrase = self._phrases.get((text, clock))
        if phrase is None:
            if len(self._phrases) >= _KEPT:
                self._phrases.clear()
            phrase = self._phrases[text, clock] = Phrase(text, clock)
        return phrase
