"""Captions: sentences for specs, varied in words and order, with foreign words mixed in so that they get ignored."""

from __future__ import annotations

import random

from .drawing import Spec
from .words import COMPOSITION_WORDS, MOTIF_WORDS, PALETTE_WORDS, STYLE_WORDS

DROP_PALETTE, DROP_STYLE, DROP_MOTIF = 0.07, 0.07, 0.05
FOREIGN = 0.15
CONSONANTS, VOWELS = "bcdfghjklmnpqrstvwxz", "aeiouy"


def foreign_word(chance: random.Random) -> str:
    """A word ember does not know: two to four made-up syllables."""
    syllables = range(chance.randint(1, 4))
    word = "".join(chance.choice(CONSONANTS) + chance.choice(VOWELS) for _ in syllables)
    return word + (chance.choice(CONSONANTS) if chance.random() < 0.5 else "")


def _palette(said: str, chance: random.Random) -> str:
    forms = ("{} ", "in {}", "in {} colours", "{} palette", "{} tones", "{} light", "{} hues", "shades of {}")
    return chance.choice(forms).format(said).strip()


def _style(said: str, chance: random.Random) -> str:
    forms = ("{}", "{}", "{} style", "in {} style", "{} look")
    return chance.choice(forms).format(said)


def _subject(spec: Spec, chance: random.Random) -> str:
    first = chance.choice(MOTIF_WORDS[spec.motif])
    if not spec.second:
        return first
    second = chance.choice(MOTIF_WORDS[spec.second])
    joined = chance.choice(("{} and {}", "{} with {}", "{} merged with {}", "{} made of {}", "{}, {}"))
    return joined.format(first, second)


def plain_caption(spec: Spec) -> str:
    """The first word for each thing in the picture, always in the same order: what is learned first."""
    subject = MOTIF_WORDS[spec.motif][0] + (f" and {MOTIF_WORDS[spec.second][0]}" if spec.second else "")
    named = [PALETTE_WORDS[spec.palette][0]]
    named += STYLE_WORDS[spec.style][:1] + COMPOSITION_WORDS[spec.composition][:1]
    return ", ".join([subject, *named])


def caption(spec: Spec, seed: int) -> str:
    """A sentence for the spec. The same seed gives the same sentence; now and then it leaves something out."""
    chance = random.Random(seed)
    subject = _subject(spec, chance) if chance.random() >= DROP_MOTIF else ""
    palette = chance.choice(PALETTE_WORDS[spec.palette]) if chance.random() >= DROP_PALETTE else ""
    style = chance.choice(STYLE_WORDS[spec.style]) if spec.style != "plain" and chance.random() >= DROP_STYLE else ""
    composition = chance.choice(COMPOSITION_WORDS[spec.composition]) if spec.composition != "plain" else ""
    before: list[str] = []
    after: list[str] = []
    if palette:
        (before if chance.random() < 0.5 else after).append(palette)
    if style:
        (before if chance.random() < 0.35 else after).append(style)
    if composition:
        (before if chance.random() < 0.4 else after).append(composition)
    chance.shuffle(before)
    chance.shuffle(after)
    words = [w if not subject or w in before else _dress(w, palette, style, chance) for w in after]
    bare = subject.split(" ", 1)[-1] if before and subject.split(" ")[0] in ("a", "an", "the") else subject
    text = " ".join([*before, bare]).strip()
    parts = [part for part in (text, *words) if part]
    if chance.random() < FOREIGN:
        parts.insert(chance.randint(0, len(parts)), " ".join(foreign_word(chance) for _ in range(chance.randint(1, 3))))
    opening = chance.choice(("", "", "", "", "a picture of ", "an image of "))
    return opening + chance.choice((", ", ", ", " ")).join(parts)


def _dress(word: str, palette: str, style: str, chance: random.Random) -> str:
    if word == palette:
        return _palette(word, chance)
    return _style(word, chance) if word == style else word
