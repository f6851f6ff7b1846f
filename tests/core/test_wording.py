"""Words over time: journeys, fades, numbers in backticks, morphs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.deforum import FrameClock
from liveanim.core.errors import UserError
from liveanim.core.journey import Journey
from liveanim.core.params import defaults
from liveanim.core.schedule import key_frame
from liveanim.core.step import Texts
from liveanim.core.wording import Phrase, Words, morphed
from liveanim.library import parse_preset

REFERENCE = Path(__file__).parents[3] / "shared" / "data" / "prompt_reference.json"


def said(words: Words, texts: Texts, now: float = 0.0, **values: float) -> dict[str, Any]:
    row = defaults() | {f"prompt.{name}": value for name, value in values.items()}
    env = {"now": now, "t": now, "beat": now * 2, "fps": 60.0, "kick": 0.5}
    return {p.text: pytest.approx(p.weight, abs=1e-6) for p in words.prompts(texts, now, row, env)}


def test_slots_are_blended_by_their_weights_and_the_first_plays_when_all_are_0() -> None:
    texts = Texts(("a", "b", "", "d"))
    assert said(Words(), texts, weight2=0.5, weight3=1) == {"a": 1, "b": 0.5}
    assert said(Words(), texts, weight1=0) == {"a": 1}
    assert said(Words(), Texts()) == {}


def journey(text: str) -> tuple[Journey, Any]:
    preset = parse_preset(text, "look")
    assert preset.journey is not None
    return preset.journey, preset.drivers.get("prompt.position")


def test_keys_run_straight_from_one_prompt_to_the_next() -> None:
    way, driver = journey('[prompt]\nkeys = {"0b" = "a", "8b" = "b", "16b" = "c"}')
    seen = [way.at(driver.evaluate({"beat": beat}, driver.memory())) for beat in (0, 2, 8, 15, 40)]
    assert seen[0] == (("a", 1),) and seen[2] == (("b", 1),) and seen[4] == (("c", 1),)
    assert seen[1] == (("a", 0.75), ("b", 0.25))
    assert dict(seen[3]) == pytest.approx({"b": 0.125, "c": 0.875})


def test_a_curve_bends_the_way_and_cut_keeps_the_words_until_the_next_key() -> None:
    for curve, share in (("x", 0.25), ("ease_in_cubic(x)", 0.25**3), ("smoothstep(0.5, 1, x)", 0), ("cut", 0)):
        way, _ = journey(f'[prompt]\npath = ["a", "b"]\ncurve = "{curve}"')
        assert dict(way.at(0.25)).get("b", 0) == pytest.approx(share)
        assert way.at(1.0) == (("b", 1.0),)


def test_a_loop_ends_where_it_began_without_a_doubled_frame() -> None:
    way, driver = journey('[prompt]\nloop = "60"\nkeys = {"0" = "a", "20" = "b", "40" = "c"}')
    line = [dict(way.at(driver.evaluate({"f": f}, driver.memory()))) for f in range(121)]
    assert line[0] == line[60] == line[120] == {"a": 1}
    assert line[:60] == line[60:120]
    assert line[59] == pytest.approx({"c": 0.05, "a": 0.95})
    assert all(line[f] != line[f + 1] for f in range(60))


@given(st.floats(-1e6, 1e6), st.integers(1, 9), st.booleans())
def test_weights_of_a_journey_sum_to_one_wherever_it_is(position: float, count: int, loop: bool) -> None:
    mix = Journey(tuple(f"p{n}" for n in range(count)), None, loop).at(position)
    assert sum(weight for _, weight in mix) == pytest.approx(1)


def test_the_familys_keys_are_frames_of_its_clock_and_may_be_computed() -> None:
    text = 'compat = "deforum"\n[deforum]\nfps = 10\nframes = 100\n[prompt]\ncurve = "cut"\n'
    way, driver = journey(text + 'keys = {"max_f/2" = "late", "0" = "early"}')
    seen = [way.at(driver.evaluate({"now": now, "dt": 0}, driver.memory())) for now in (0.0, 4.9, 5.0, 9.9, 10.0)]
    assert [mix[0][0] for mix in seen] == ["early", "early", "late", "late", "early"]


@pytest.mark.parametrize(
    ("table", "wrong"),
    [
        ('keys = {"0" = "a"}\npath = ["a"]', "keys and a path"),
        ("keys = {}", "keys: expected a table"),
        ('keys = {"x y" = "a", "1" = "b"}', "keys: column"),
        ('keys = {"8" = "a", "4" = "b"}', "later than the one before"),
        ('keys = {"0" = "a", "4b" = "b"}\nloop = "8b"', "same unit"),
        ('keys = {"0" = "a"}\nloop = true', "loop: expected the key"),
        ("path = []", "path: expected 1 to"),
        ('path = ["a"]\ncurve = "kik"', "curve: column"),
        ('path = ["a"]\nloop = "8b"', "loop: expected true or false"),
    ],
)
def test_a_mistake_in_a_journey_is_named(table: str, wrong: str) -> None:
    with pytest.raises(UserError, match=wrong):
        parse_preset(f"[prompt]\n{table}", "look")


def test_new_words_fade_in_and_the_old_ones_out() -> None:
    words = Words()
    assert said(words, Texts(("a",)), 0.0, fade=2) == {"a": 1}
    assert said(words, Texts(("b",)), 1.0, fade=2) == {"a": 1}
    assert said(words, Texts(("b",)), 1.5, fade=2) == {"a": 0.75, "b": 0.25}
    assert said(words, Texts(("c",)), 2.0, fade=2) == {"a": 0.5, "b": 0.5}
    assert said(words, Texts(("c",)), 3.0, fade=2) == {"a": 0.25, "b": 0.25, "c": 0.5}
    assert said(words, Texts(("c",)), 4.5, fade=2) == {"c": 1}


def test_without_a_fade_new_words_are_there_at_once() -> None:
    words = Words()
    said(words, Texts(("a",)))
    assert said(words, Texts(("b",)), 0.1) == {"b": 1}


def test_a_cut_of_a_journey_fades_too() -> None:
    words, texts = Words(), Texts(("",), "", Journey(("a", "b"), None))
    said(words, texts, 0.0, fade=1, position=0.9)
    assert said(words, texts, 1.0, fade=1, position=1.0) == {"a": 1}
    assert said(words, texts, 1.5, fade=1, position=1.2) == {"a": 0.5, "b": 0.5}


def test_what_is_typed_into_the_first_slot_takes_the_journeys_place() -> None:
    texts = Texts(("", "x"), "", Journey(("a", "b"), None)).with_slot(1, "typed")
    assert said(Words(), texts) == {"typed": 1}


def test_numbers_in_backticks_follow_the_show() -> None:
    assert Phrase("a (cat:`1+kick`), `t`").at({"kick": 0.25, "t": 3.0}) == (("a (cat:1.25), 3", 1.0),)


def test_a_bad_expression_in_a_prompt_stays_as_it_is_and_is_told() -> None:
    words = Words()
    assert said(words, Texts(("a `kik`",))) == {"a `kik`": 1}
    assert "did you mean: kick" in words.trouble()
    said(words, Texts(("fine",)))
    assert words.trouble() == ""


def test_in_the_familys_prompts_t_is_the_frame() -> None:
    texts = Texts(("(a:`where(t>=10, 1, 0.5)`)",), clock=FrameClock(fps=10))
    assert said(Words(), texts, 0.95) == {"(a:0.5)": 1}
    assert said(Words(), texts, 1.0) == {"(a:1)": 1}


@pytest.mark.parametrize(
    ("text", "mix"),
    [
        ("a [cat:dog:0.25] b", {"a cat b": 0.25, "a dog b": 0.75}),
        ("[cat:dog:1]", {"cat": 1}),
        ("[cat:dog:5]", {"cat": 0.25, "dog": 0.75}),
        ("tree[, snow:0.4]", {"tree": 0.4, "tree, snow": 0.6}),
        ("tree[, snow::0.4]", {"tree, snow": 0.4, "tree": 0.6}),
        ("[a:b:0.5] [c:d:0.5]", {"a c": 0.25, "a d": 0.25, "b c": 0.25, "b d": 0.25}),
        ("[dim] a:b", {"[dim] a:b": 1}),
    ],
)
def test_a_morph_is_a_blend_of_both_readings(text: str, mix: dict[str, float]) -> None:
    assert dict(morphed(text)) == pytest.approx(mix)


def test_a_morph_moves_with_an_expression() -> None:
    phrase = Phrase("[ice:fire:`1-kick`]")
    assert dict(phrase.at({"kick": 0.2})) == pytest.approx({"ice": 0.8, "fire": 0.2})


@given(st.text(alphabet="[]:|`a1.0 ()", max_size=40))
def test_any_text_is_a_blend_that_sums_to_one(text: str) -> None:
    mix = Phrase(text).at({})
    assert sum(weight for _, weight in mix) == pytest.approx(1)


def straight(keys: list[tuple[int, str]], frame: int) -> dict[str, float]:
    """The share of each text at `frame` on a straight way from key to key."""
    shares = np.interp(frame, [at for at, _ in keys], range(len(keys)))
    first = min(int(shares), len(keys) - 1)
    mix = {keys[first][1]: 1 - (shares - first), **({keys[first + 1][1]: shares - first} if shares > first else {})}
    return {text: share for text, share in mix.items() if share > 0}


def test_reference_prompts_travel_as_the_familys_interpolation_mode_does() -> None:
    if not REFERENCE.exists():
        pytest.skip("needs shared/data")
    for case in json.loads(REFERENCE.read_text()):
        if case["kind"] != "interpolation_mode":
            continue
        count = case["max_frames"]
        table = "".join(f"{json.dumps(key)} = {json.dumps(text)}\n" for key, text in case["prompts"].items())
        head = f'compat = "deforum"\n[deforum]\nfps = 12\nframes = {count}\nloop = false\n'
        way, driver = journey(f"{head}[prompt.keys]\n{table}")
        keys = sorted((key_frame(key, max_f=count), text) for key, text in case["prompts"].items())
        for frame in range(len(case["values"])):
            env = {"now": frame / 12, "dt": 1 / 12}
            mix = dict(way.at(driver if isinstance(driver, float) else driver.evaluate(env, driver.memory())))
            assert mix == pytest.approx(straight(keys, frame))
            assert len(mix) == (2 if " AND " in case["values"][frame] else 1)
