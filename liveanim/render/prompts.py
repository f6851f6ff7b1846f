"""Prompts to embeddings: encoded once, cached, blended on the arc between them.

Written: `a golden mandala | smoke` composes (denoised results are averaged), `(smoke:1.4)` gives words more or less
weight, `forest --neg people` asks for the opposite of what follows. A change of prompt is a change of a tensor.
"""

from __future__ import annotations

import math
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from liveanim.core.model import Prompt

from .family import slerp
from .lexicon import Lexicon, Stretch

CACHE_SIZE = 256
EVENING = 0.45  # by which a journey starts faster and is slower half-way (ember, 18 journeys, a judge's features)
_BRACKET = 1.1  # what a pair of (brackets) multiplies by and [brackets] divide by
_MARKS = re.compile(r"\\[()\[\]\\]|[()\[\]]|:\s*-?\d*\.?\d+\s*\)")


@dataclass(frozen=True, slots=True)
class Embedding:
    """A text as the network reads it: `words` (1, tokens, width), `pooled` (1, width) for the models that want it.

    keys  what a network's attention makes of the words, layer by layer, where that is kept (render.attention)
    """

    words: Tensor
    pooled: Tensor | None = None
    keys: tuple[tuple[Tensor, Tensor], ...] = ()


Encoder = Callable[[Sequence[Stretch]], Embedding]


@dataclass(frozen=True, slots=True)
class Wording:
    """A prompt taken apart: parts to compose, and what to keep away from."""

    parts: tuple[str, ...]
    negative: str = ""


def worded(text: str) -> Wording:
    """`text` at its `|` and `--neg`. An empty text is one empty part."""
    positive, _, negative = text.partition("--neg")
    parts = tuple(part.strip() for part in positive.split("|") if part.strip())
    return Wording(parts or ("",), negative.strip())


def stretches(text: str) -> tuple[Stretch, ...]:
    """`text` cut at its brackets into pieces with weights (-2..4).

    `(words:1.3)` has that weight, `(words)` 1.1 and `[words]` 1/1.1, also one in another; a bracket that is not closed
    is none, and `\\(` is a bracket to be painted.
    """
    pieces: list[tuple[str, float]] = []
    opened: list[tuple[str, int]] = []
    end = 0
    for match in _MARKS.finditer(text):
        mark = match.group()
        pieces.append((text[end : match.start()], 1.0))
        end = match.end()
        if mark in ("(", "["):
            opened.append((mark, len(pieces)))
        elif mark[0] == "\\":
            pieces.append((mark[1:], 1.0))
        elif opened and (opened[-1][0] == "[") == (mark == "]"):
            first = opened.pop()[1]
            factor = 1 / _BRACKET if mark == "]" else _BRACKET if mark == ")" else float(mark[1:-1])
            pieces[first:] = [(piece, weight * factor) for piece, weight in pieces[first:]]
        elif mark[0] == ":":
            pieces.append((mark[:-1], 1.0))
    pieces.append((text[end:], 1.0))
    return _joined(pieces)


def _joined(pieces: Sequence[tuple[str, float]]) -> tuple[Stretch, ...]:
    """Pieces of one weight that follow one another together, without those that say nothing."""
    found: list[tuple[str, float]] = []
    for piece, weight in pieces:
        if found and found[-1][1] == weight:
            found[-1] = (found[-1][0] + piece, weight)
        elif piece.strip():
            found.append((piece, weight))
    kept = tuple((piece.strip(), min(4.0, max(-2.0, weight))) for piece, weight in found if piece.strip())
    return kept or (("", 1.0),)


def even(share: float) -> float:
    """How far from one prompt to another to go for a picture that has changed by `share` (0..1) of the whole change.

    Words change little near either end, and nearly all half-way. Ends and middle stay where they are.
    """
    return share + EVENING * math.sin(2 * math.pi * share) / (2 * math.pi)


def blended(weighted: Sequence[tuple[Embedding, float]]) -> Embedding:
    """Embeddings mixed by weight (positive, any sum), evenly to the eye: each next one is reached along the arc by its
    share so far."""
    whole = sum(weight for _, weight in weighted)
    mix, total = weighted[0][0], even(weighted[0][1] / whole)
    for embedding, weight in weighted[1:]:
        part = even(weight / whole)
        total += part
        share = part / total
        pooled = None
        if mix.pooled is not None and embedding.pooled is not None:
            pooled = slerp(mix.pooled, embedding.pooled, share)
        mix = Embedding(slerp(mix.words, embedding.words, share), pooled)
    return mix


class PromptBook:
    """Embeddings by text. `encode` runs the text encoder; those of the last `kept` texts are kept.

    lexicon  of a model that knows few words
    """

    def __init__(self, encode: Encoder, lexicon: Lexicon | None = None, kept: int = CACHE_SIZE) -> None:
        self._encode, self._lexicon, self._kept = encode, lexicon, kept
        self._known: OrderedDict[tuple[str, bool], Embedding] = OrderedDict()

    def embedding(self, text: str, subject: bool = True) -> Embedding:
        """The embedding of one part. `subject`: it names what is to be painted."""
        key = text, subject
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        result = self._encode(self._read(text, subject))
        self._known[key] = result
        if len(self._known) > self._kept:
            self._known.popitem(last=False)
        return result

    def plain(self, text: str) -> str:
        """The words that are read of one part, without their weights: what it is about."""
        return " ".join(piece for piece, _ in self._read(text))

    def _read(self, text: str, subject: bool = True) -> tuple[Stretch, ...]:
        pieces = stretches(text)
        return pieces if self._lexicon is None else self._lexicon.read(pieces, subject)

    def conditions(self, prompts: Sequence[Prompt]) -> list[tuple[Embedding, float]]:
        """What to denoise with, with weights that sum to 1: one blend, or every part where a prompt composes with |."""
        slots = [(worded(prompt.text).parts, prompt.weight) for prompt in prompts if prompt.weight > 0] or [
            (("",), 1.0)
        ]
        total = sum(weight for _, weight in slots)
        if all(len(parts) == 1 for parts, _ in slots):
            return [(blended([(self.embedding(parts[0]), weight) for parts, weight in slots]), 1.0)]
        return [(self.embedding(part), weight / total / len(parts)) for parts, weight in slots for part in parts]

    def negative(self, prompts: Sequence[Prompt], text: str) -> Embedding | None:
        """What to keep away from: `text` and the prompts' --neg parts together; None when none is asked for."""
        found = [text.strip(), *(worded(prompt.text).negative for prompt in prompts if prompt.weight > 0)]
        joined = ", ".join(dict.fromkeys(part for part in found if part))
        return self.embedding(joined, subject=False) if joined else None
