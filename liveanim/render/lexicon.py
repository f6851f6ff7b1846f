"""Prompts for a model that knows few words: the words of others in its own, and nothing that it would not understand.

Words that such a model never read muddle it, and of a prompt without any subject that it knows it paints the mean of
all of them. Its folder says what it knows: vocabulary.json (kind -> name -> ways to say it) and lexicon.json (`filler`:
words that are about nothing, `meanings`: name -> words of others, `most`: kind -> how many names of it a picture takes,
`otherwise`: subjects for prompts that have none).
"""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from liveanim.core.errors import UserError

LEXICON, VOCABULARY, SUBJECT = "lexicon.json", "vocabulary.json", "motifs"
FEW = 0.25  # share of unknown words that does not muddle a prompt with a subject
_WORDS = re.compile(r"[^\W_]+")

Stretch = tuple[str, float]
Name = tuple[str, str]
"""Kind and name."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """known: single words; phrases: what stands for which name; longest: words of a phrase."""

    known: frozenset[str]
    phrases: Mapping[tuple[str, ...], Name]
    longest: int
    most: Mapping[str, int]
    otherwise: Sequence[str]

    def read(self, pieces: Sequence[Stretch], subject: bool = True) -> tuple[Stretch, ...]:
        """`pieces` of a prompt in known words: as they are where few are unknown, else the names in them alone.

        `subject`: a prompt that loses words and names none gets one, for the same words always the same.
        """
        words = [_WORDS.findall(text.lower()) for text, _ in pieces]
        every = [word for one in words for word in one]
        unknown = sum(word not in self.known for word in every)
        named = [list(dict.fromkeys(self._named(one))) for one in words]
        clear = unknown <= FEW * len(every) and any(kind == SUBJECT for one in named for kind, _ in one)
        if clear or not unknown:
            return tuple(pieces)
        said: Counter[str] = Counter()
        names: set[Name] = set()
        kept = []
        for one, (_, weight) in zip(named, pieces, strict=True):
            fresh = [name for name in one if name not in names and self._counts(name, said)]
            names.update(fresh)
            kept += [(self._caption(fresh), weight)] if fresh else []
        if subject and not said[SUBJECT]:
            kept.insert(0, (self.otherwise[zlib.crc32(" ".join(every).encode()) % len(self.otherwise)], 1.0))
        return tuple(kept) or (("", 1.0),)

    def _counts(self, name: Name, said: Counter[str]) -> bool:
        """Whether there is room for one more of its kind, which is then taken."""
        said[name[0]] += 1
        return said[name[0]] <= self.most[name[0]]

    def _named(self, words: Sequence[str]) -> Iterator[Name]:
        """The names in a text, the longest phrases first."""
        at = 0
        while at < len(words):
            for count in range(min(self.longest, len(words) - at), 0, -1):
                if name := self._meant(tuple(words[at : at + count])):
                    yield name
                    break
            at += count

    def _meant(self, phrase: tuple[str, ...]) -> Name | None:
        *first, last = phrase
        forms = (last, f"{last}s", last.removesuffix("s"))
        return next((name for form in forms if (name := self.phrases.get((*first, form)))), None)

    def _caption(self, names: Sequence[Name]) -> str:
        """As the model's captions are: kind after kind."""
        return ", ".join(filter(None, (" and ".join(name for its, name in names if its == kind) for kind in self.most)))


def lexicon_of(folder: Path) -> Lexicon | None:
    """The lexicon of the model in `folder`; None for one that reads any word. UserError where it cannot be read."""
    if not (folder / LEXICON).is_file():
        return None
    try:
        return _lexicon(*(json.loads((folder / name).read_text(encoding="utf-8")) for name in (LEXICON, VOCABULARY)))
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise UserError(f"{folder / LEXICON}: it or {VOCABULARY} is broken ({error}): install it again") from None


def _lexicon(lexicon: Mapping[str, Any], vocabulary: Mapping[str, Mapping[str, Sequence[str]]]) -> Lexicon:
    kinds = {name: kind for kind, group in vocabulary.items() for name in group}
    phrases: dict[tuple[str, ...], Name] = {
        (word,): (kinds[name], name) for name, words in lexicon["meanings"].items() for word in words
    }
    known = set(lexicon["filler"])
    for kind, group in vocabulary.items():
        for name, ways in group.items():
            for words in (_WORDS.findall(way) for way in ways):
                known.update(words)
                phrases[tuple(words[words[0] in ("a", "an", "the") :])] = kind, name
    longest = max(map(len, phrases))
    return Lexicon(frozenset(known), phrases, longest, lexicon["most"], lexicon["otherwise"])
