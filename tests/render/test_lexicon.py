"""Prompts in the words of a model that knows few."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.errors import UserError
from liveanim.core.model import Prompt
from liveanim.data import data_dir
from liveanim.doctor import EMBER
from liveanim.render.lexicon import LEXICON, Lexicon, lexicon_of
from liveanim.render.models import Parts, find
from liveanim.render.prompts import PromptBook, stretches, worded

from .test_prompts import Encoder


@pytest.fixture(scope="module")
def ember() -> Lexicon:
    found = lexicon_of(EMBER)
    assert found is not None
    return found


def text_of(lexicon: Lexicon, text: str, subject: bool = True) -> str:
    return " ".join(piece for piece, _ in lexicon.read(stretches(text), subject))


@pytest.mark.parametrize(
    ("prompt", "read"),
    [  # of the settings files in public repositories
        ("mushroom, glowing blue, subtle crystalline structure, high res", "jellyfish and crystals, azure, glowing"),
        ("A sterile hallway, brightly lit with fluorescent lights and empty", "tunnel, neon, glowing"),
        ("a colorful representation of musical notes flying on a beautiful rainbow, 3D", "waves, rainbow"),
        (
            "tiny cute swamp bunny, highly detailed, intricate, ultra hd, sharp photo, crepuscular rays, in focus, "
            "by tomasz alen kopera",
            "forest and eye",
        ),
    ],
)
def test_prompts_of_others_are_painted_as_what_is_nearest(ember: Lexicon, prompt: str, read: str) -> None:
    assert text_of(ember, prompt) == read


def test_phrases_go_before_their_words_and_plurals_are_the_same(ember: Lexicon) -> None:
    assert text_of(ember, "god rays, unreal engine") == "rays"
    assert text_of(ember, "northern lights qqq") == "aurora"
    assert text_of(ember, "a statue of gods, 8k") == "marble and eye"
    assert text_of(ember, "nebulas") == "galaxy"


def test_a_few_unknown_words_beside_a_subject_change_nothing(ember: Lexicon) -> None:
    for text in ("water caustics, waves, turquoise, glass", "calligraphy, ribbons, inked, silver, dark background"):
        assert text_of(ember, text) == text
    assert text_of(ember, "calligraphy, inked, silver, dark background").endswith(" silver, inked")  # no subject


def test_a_prompt_of_unknown_words_has_a_subject_of_its_own_whatever_their_weights(ember: Lexicon) -> None:
    said = {text_of(ember, f"(qwx:{weight}) zzyx{weight:.0f}") for weight in (1.2, 1.3)}
    assert len(said) == 1 and said <= set(ember.otherwise)
    assert text_of(ember, "qwx zzyx") != text_of(ember, "emma watson") or len(ember.otherwise) == 1
    assert text_of(ember, "qwx, azure").endswith(" azure")
    assert text_of(ember, "blurry, watermark", subject=False) == ""


def test_weights_stay_with_their_words(ember: Lexicon) -> None:
    read = ember.read(stretches("masterpiece, (a nebula:1.4), (a cat:0.7), (nebula:2)"))
    assert read == (("galaxy", 1.4), ("eye", 0.7))


def test_what_is_led_away_from_gets_no_subject(ember: Lexicon) -> None:
    encoder = Encoder()
    book = PromptBook(encoder, ember)
    prompts = [Prompt("durian --neg blurry, a city, watermark")]
    book.conditions(prompts)
    book.negative(prompts, "text")
    assert encoder.calls[0] in ember.otherwise
    assert encoder.calls[1] == "city"


def test_what_a_prompt_is_about_is_what_is_read_of_it(ember: Lexicon) -> None:
    book = PromptBook(Encoder(), ember)
    assert book.plain("(a cat:1.2), 8k") == book.plain("a puppy on artstation") == "eye"
    assert book.plain("(neon:1.2) waves") == "neon waves"


def texts(table: object, key: str = "") -> Iterator[str]:
    if isinstance(table, dict):
        for name, value in table.items():
            yield from texts(value, "text" if key == "keys" else name)
    elif isinstance(table, list):
        for value in table:
            yield from texts(value, key)
    elif isinstance(table, str) and key in ("text", "path", "negative"):
        yield table


def test_the_words_of_the_shipped_presets_are_read_as_they_are(ember: Lexicon) -> None:
    found = [
        piece
        for path in sorted(data_dir("presets").glob("*.toml"))
        for text in texts(tomllib.loads(path.read_text(encoding="utf-8")))
        for part in worded(text).parts
        for piece in [stretches(part)]
    ]
    assert len(found) > 40
    assert [ember.read(pieces) for pieces in found] == found


@given(text=st.text(max_size=80))
def test_any_text_is_read_as_known_words(text: str) -> None:
    lexicon = lexicon_of(EMBER)
    assert lexicon is not None
    pieces = lexicon.read(stretches(text))
    assert pieces and lexicon.read(pieces) == pieces


def test_only_a_folder_that_says_so_knows_few_words(flow_model: Path) -> None:
    assert lexicon_of(Parts(find(str(flow_model))).folder) is None


def test_a_broken_lexicon_is_one_line(tmp_path: Path) -> None:
    (tmp_path / LEXICON).write_text(json.dumps({"filler": []}))
    with pytest.raises(UserError, match=r"lexicon\.json: .*install it again$"):
        lexicon_of(tmp_path)
