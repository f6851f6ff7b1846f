"""Drawing of ember's training pictures and their captions."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from ember.captions import caption, foreign_word  # noqa: E402
from ember.drawing import COMPOSITIONS, MOTIFS, Spec, draw, random_spec  # noqa: E402
from ember.palettes import PALETTES  # noqa: E402
from ember.styles import STYLES  # noqa: E402
from ember.words import (  # noqa: E402
    COMPOSITION_WORDS,
    MEANINGS,
    MOTIF_WORDS,
    PALETTE_WORDS,
    STYLE_WORDS,
    all_words,
    lexicon,
    vocabulary,
)

SIDE = 40


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """These pictures are too small to share among threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def specs(count: int, seed: int = 0) -> list[Spec]:
    generator = torch.Generator().manual_seed(seed)
    return [random_spec(generator) for _ in range(count)]


@pytest.mark.parametrize("motif", list(MOTIFS))
def test_every_motif_fills_the_picture_with_light_and_dark(motif: str) -> None:
    picture = draw([Spec(motif, "azure", "plain", "plain", 5)], SIDE)
    assert picture.shape == (1, 3, SIDE, SIDE)
    assert torch.isfinite(picture).all()
    assert 0.0 <= float(picture.min()) and float(picture.max()) <= 1.0
    assert float(picture.std()) > 0.04


@pytest.mark.parametrize("style", list(STYLES))
def test_every_style_changes_the_picture_and_stays_in_range(style: str) -> None:
    plain = draw([Spec("flower", "rose", "plain", "plain", 5)], 64)
    styled = draw([Spec("flower", "rose", style, "plain", 5)], 64)
    assert torch.isfinite(styled).all()
    assert 0.0 <= float(styled.min()) and float(styled.max()) <= 1.0
    if style != "plain":
        assert float((styled - plain).abs().mean()) > 0.02


@pytest.mark.parametrize("composition", COMPOSITIONS)
def test_every_composition_draws_at_any_aspect(composition: str) -> None:
    picture = draw([Spec("mandala", "gold", "plain", composition, 3)], 40, 72)
    assert picture.shape == (1, 3, 40, 72)
    assert torch.isfinite(picture).all()


def test_the_same_spec_is_the_same_picture_alone_or_in_a_batch() -> None:
    chosen = specs(8)
    together = draw(chosen, SIDE)
    assert torch.equal(together, draw(chosen, SIDE))
    for index in (0, 3, 7):
        assert torch.allclose(draw([chosen[index]], SIDE)[0], together[index], atol=1e-4)


def test_another_seed_is_another_picture() -> None:
    a, b = (draw([Spec("marble", "jade", "plain", "plain", seed)], SIDE) for seed in (1, 2))
    assert float((a - b).abs().mean()) > 0.03


def test_motifs_differ_from_each_other() -> None:
    pictures = draw([Spec(motif, "silver", "plain", "plain", 9) for motif in MOTIFS], SIDE).mean(1).flatten(1)
    distances = torch.cdist(pictures, pictures) / pictures.shape[1] ** 0.5
    distances.fill_diagonal_(1.0)
    assert float(distances.min()) > 0.05


def test_each_palette_is_nearest_to_itself_in_mean_colour() -> None:
    def means(seed: int) -> Any:
        chosen = [Spec(m, p, "plain", "plain", seed) for p in PALETTES for m in ("marble", "waves")]
        return draw(chosen, 32).mean((2, 3)).view(len(PALETTES), 2, 3).mean(1)

    right = torch.cdist(means(1), means(2)).argmin(1) == torch.arange(len(PALETTES))
    assert float(right.float().mean()) > 0.8


def test_there_is_a_word_for_everything_that_is_drawn() -> None:
    assert set(MOTIF_WORDS) == set(MOTIFS) and len(MOTIFS) >= 32
    assert set(PALETTE_WORDS) == set(PALETTES) and len(PALETTES) >= 16
    assert set(STYLE_WORDS) == set(STYLES) and len(STYLES) >= 11
    assert set(COMPOSITION_WORDS) == set(COMPOSITIONS)


def test_no_synonym_means_two_things_of_one_kind() -> None:
    for entries in vocabulary().values():
        said = [word for words in entries.values() for word in words]
        assert len(said) == len(set(said))


def test_words_of_others_mean_one_thing_and_the_model_has_them_with_it() -> None:
    words = [word for said in MEANINGS.values() for word in said.split()]
    assert len(words) == len(set(words)) > 200
    folder = Path(__file__).parents[2] / "liveanim" / "models" / "ember"
    assert json.loads((folder / "lexicon.json").read_text()) == lexicon()


def test_a_caption_follows_from_its_seed_and_names_the_motif() -> None:
    for index, spec in enumerate(specs(60)):
        text = caption(spec, index)
        assert text == caption(spec, index)
        assert text.strip()
    named = sum(
        any(word.split()[-1] in caption(spec, index) for word in MOTIF_WORDS[spec.motif])
        for index, spec in enumerate(specs(200, seed=1))
    )
    assert named > 170


def test_captions_of_one_picture_vary() -> None:
    spec = Spec("ocean", "azure", "oil", "wide", 1)
    assert len({caption(spec, seed) for seed in range(50)}) > 35


def test_foreign_words_are_not_ours() -> None:
    import random

    words = {foreign_word(random.Random(seed)) for seed in range(300)}
    assert len(words - set(all_words())) > 290
