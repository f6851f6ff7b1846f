from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.model import Prompt
from liveanim.render import prompts as p
from liveanim.render.family import slerp
from liveanim.render.models import Parts, find
from liveanim.render.text import _reader, clip_encoder, compiled_encoder


class Encoder:
    """Turns a text into a fixed random direction and counts its calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __call__(self, pieces: Sequence[p.Stretch]) -> p.Embedding:
        text = " ".join(piece for piece, _ in pieces)
        self.calls.append(text)
        generator = torch.Generator().manual_seed(sum(map(ord, text)))
        return p.Embedding(torch.randn(1, 4, 8, generator=generator))


@given(st.floats(0.0, 1.0))
def test_a_journey_is_even_in_both_directions_and_goes_on(share: float) -> None:
    assert p.even(share) + p.even(1 - share) == pytest.approx(1)
    assert p.even(share) < p.even(share + 0.01)
    assert [p.even(at) for at in (0.0, 0.5, 1.0)] == pytest.approx([0, 0.5, 1])
    assert p.even(0.1) > 0.14  # where words change little the way is quick


def test_blends_have_no_order_nor_jumps_where_a_third_comes_in() -> None:
    a, b, c = (Encoder()([(text, 1.0)]) for text in "abc")
    two = p.blended([(a, 0.3), (b, 0.7)])
    assert torch.allclose(two.words, p.blended([(b, 7.0), (a, 3.0)]).words, atol=1e-5)
    assert torch.allclose(two.words, slerp(a.words, b.words, p.even(0.7)), atol=1e-5)
    three = p.blended([(a, 0.3), (b, 0.7), (c, 1e-5)])
    assert torch.allclose(two.words, three.words, atol=1e-4)
    assert torch.equal(p.blended([(a, 0.2)]).words, a.words)


def test_a_text_is_encoded_once() -> None:
    encoder = Encoder()
    book = p.PromptBook(encoder)
    for _ in range(3):
        book.conditions([Prompt("a"), Prompt("b", 0.5)])
    assert encoder.calls == ["a", "b"]


def test_the_oldest_text_is_forgotten_first() -> None:
    encoder = Encoder()
    book = p.PromptBook(encoder)
    for number in range(p.CACHE_SIZE):
        book.embedding(str(number))
    book.embedding("0")
    book.embedding("one more")
    encoder.calls.clear()
    book.embedding("0")
    book.embedding("1")
    assert encoder.calls == ["1"]


def test_weights_need_not_sum_to_one_and_nought_is_left_out() -> None:
    book = p.PromptBook(Encoder())
    a, b = Prompt("a", 0.2), Prompt("b", 0.6)
    mix = book.conditions([a, b, Prompt("c", 0.0)])
    same = book.conditions([Prompt("a", 2), Prompt("b", 6)])
    assert torch.allclose(mix[0][0].words, same[0][0].words, atol=1e-5)
    assert torch.equal(book.conditions([Prompt("a", 0.01)])[0][0].words, book.embedding("a").words)


def test_no_prompt_at_all_is_the_empty_text() -> None:
    book = p.PromptBook(Encoder())
    assert torch.equal(book.conditions([])[0][0].words, book.embedding("").words)


def test_a_bar_composes_and_minus_minus_neg_negates() -> None:
    book = p.PromptBook(Encoder())
    conditions = book.conditions([Prompt("gold | smoke --neg people", 3.0), Prompt("sea", 1.0)])
    assert [round(weight, 3) for _, weight in conditions] == [0.375, 0.375, 0.25]
    negative = book.negative([Prompt("gold --neg people")], "text")
    assert negative is not None and torch.equal(negative.words, book.embedding("text, people").words)
    assert book.negative([Prompt("gold")], " ") is None


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("plain", (("plain", 1.0),)),
        ("a (red:1.3) fox", (("a", 1.0), ("red", 1.3), ("fox", 1.0))),
        ("(x: 99)", (("x", 4.0),)),
        ("(warm) here", (("warm", 1.1), ("here", 1.0))),
        ("((a)) [b] c", (("a", 1.1 * 1.1), ("b", 1 / 1.1), ("c", 1.0))),
        ("(a (b:2) c:1.5)", (("a", 1.5), ("b", 3.0), ("c", 1.5))),
        ("open (never closed", (("open never closed", 1.0),)),
        ("closed) never [opened", (("closed never opened", 1.0),)),
        ("a\\(b\\)", (("a(b)", 1.0),)),
        ("time 12:30)", (("time 12:30", 1.0),)),
        ("", (("", 1.0),)),
        ("(:1.5)", (("", 1.0),)),
    ],
)
def test_words_in_brackets_carry_weights(text: str, pieces: tuple[p.Stretch, ...]) -> None:
    found = p.stretches(text)
    assert " ".join(piece for piece, _ in found).split() == " ".join(piece for piece, _ in pieces).split()
    assert dict(found) == pytest.approx(dict(pieces))


@given(text=st.text(max_size=60))
def test_any_text_can_be_taken_apart(text: str) -> None:
    assert p.worded(text).parts
    assert p.stretches(text)


def test_emphasis_scales_the_words_it_names(flow_model: Path) -> None:
    encode = clip_encoder(Parts(find(str(flow_model))))
    plain, strong = encode([("ab", 1.0), ("c", 1.0)]), encode([("ab", 1.0), ("c", 2.0)])
    ratio = (strong.words / plain.words)[0]
    assert torch.allclose(ratio[3], 2 * ratio[1], rtol=1e-3)
    assert torch.allclose(ratio[1], ratio[5], rtol=1e-3)
    assert float(strong.words.norm()) == pytest.approx(float(plain.words.norm()), rel=1e-4)


def test_pieces_are_read_as_the_whole_text_would_be(flow_model: Path) -> None:
    tokenizer = Parts(find(str(flow_model))).tokenizers[0]
    whole = tokenizer("a b, cd", padding="max_length", max_length=12, return_tensors="pt").input_ids
    reader = _reader(tokenizer, 12)
    assert torch.equal(reader.read([("a", 1.0), ("b,", 1.3), ("cd", 1.0)])[0], whole)
    long, weights = reader.read([("abcdefghijklmnop", 1.2)])
    assert long.shape == (1, 12) and int(long[0, -1]) == tokenizer.eos_token_id
    assert weights[0, :, 0].tolist() == pytest.approx([1.0, *[1.2] * 10, 1.0])


def test_the_compiled_encoder_agrees_and_starts_without_the_original(flow_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("openvino", reason="openvino is not installed")
    pieces = [("a fox", 1.0), ("red!", 1.4)]
    plain = clip_encoder(Parts(find(str(flow_model))))(pieces)
    first = compiled_encoder(Parts(find(str(flow_model))), 1, tmp_path / "cache")(pieces)
    bare = Parts(find(str(flow_model)))
    second = compiled_encoder(bare, 1, tmp_path / "cache")(pieces)
    assert torch.allclose(first.words, plain.words, atol=1e-4)
    assert torch.equal(first.words, second.words)
    assert not {"tokenizers", "text_encoders"} & set(vars(bare))


def test_two_encoders_give_wide_words_and_a_pooled_vector(xl_model: Path) -> None:
    embedding = clip_encoder(Parts(find(str(xl_model))))([("a", 1.0)])
    assert embedding.words.shape == (1, 12, 64)
    assert embedding.pooled is not None and embedding.pooled.shape == (1, 32)
