"""Headers as the format has them, and as real files write them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.errors import UserError
from liveanim.isf.header import INPUT_KINDS, Header, Input, Pass, split


def head(text: str) -> Header:
    return split(f"/*{{{text}}}*/\nvoid main() {{}}\n", "a.fs")[0]


def one(**row: object) -> Input:
    return head(f'"ISFVSN": "2", "INPUTS": [{json.dumps({"NAME": "x", **row})}]').inputs[0]


@pytest.mark.parametrize(
    ("row", "default", "low", "high"),
    [
        ({"TYPE": "float", "DEFAULT": 0.5, "MIN": -1, "MAX": 2}, (0.5,), (-1,), (2,)),
        ({"TYPE": "float"}, (0.0,), (0.0,), (1.0,)),
        ({"TYPE": "float", "DEFAULT": 5.0}, (5.0,), (0.0,), (5.0,)),
        ({"TYPE": "float", "DEFAULT": "0.25"}, (0.25,), (0.0,), (1.0,)),
        ({"TYPE": "float", "MIN": 1, "MAX": 0}, (1.0,), (0.0,), (1.0,)),
        ({"TYPE": "bool", "DEFAULT": True}, (1.0,), (0.0,), (1.0,)),
        ({"TYPE": "event"}, (0.0,), (0.0,), (1.0,)),
        ({"TYPE": "point2D"}, (0.5, 0.5), (0, 0), (1, 1)),
        ({"TYPE": "point2D", "DEFAULT": [1, 2], "MIN": [0, 0], "MAX": [4, 4]}, (1, 2), (0, 0), (4, 4)),
        ({"TYPE": "color", "DEFAULT": [1, 0.5, 0]}, (1, 0.5, 0, 1), (0,) * 4, (1,) * 4),
        ({"TYPE": "long", "VALUES": [4, 2, 9], "DEFAULT": 8}, (9.0,), (2.0,), (9.0,)),
        ({"TYPE": "long", "MIN": 1, "MAX": 3}, (1.0,), (1.0,), (3.0,)),
        ({"TYPE": "POINT2d"}, (0.5, 0.5), (0, 0), (1, 1)),
    ],
)
def test_an_input_has_its_range(
    row: dict[str, object], default: tuple[float, ...], low: tuple[float, ...], high: tuple[float, ...]
) -> None:
    found = one(**row)
    assert (found.default, found.low, found.high) == (default, low, high)


def test_pictures_and_sound_are_inputs_without_a_range() -> None:
    assert one(TYPE="image") == Input("x", "image", "x")
    assert one(TYPE="audioFFT", MAX=32).columns == 32 and one(TYPE="audio").columns == 0


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["inputImage"], "filter"),
        (["startImage", "endImage"], "transition"),
        (["other"], "generator"),
        (["startImage"], "generator"),
    ],
)
def test_the_names_of_the_images_say_what_a_shader_is(names: list[str], kind: str) -> None:
    rows = [{"NAME": name, "TYPE": "image"} for name in names]
    if kind == "transition":
        rows.append({"NAME": "progress", "TYPE": "float"})
    assert head(f'"INPUTS": {json.dumps(rows)}').kind == kind


def test_passes_with_their_buffers() -> None:
    rows = '[{"TARGET": "a", "PERSISTENT": true, "FLOAT": "true", "WIDTH": "$WIDTH/2", "HEIGHT": 8}, {}]'
    found = head(f'"ISFVSN": "2", "PASSES": {rows}')
    assert found.passes == (Pass("a", True, True, "$WIDTH/2", "8"), Pass()) and found.targets == ("a",)
    assert head("").passes == (Pass(),)


def test_persistent_buffers_of_version_one() -> None:
    rows = '"PASSES": [{"TARGET": "a"}, {"TARGET": "b"}, {}]'
    as_list = head(f'"PERSISTENT_BUFFERS": ["a"], {rows}')
    as_object = head(f'"PERSISTENT_BUFFERS": {{"b": {{"WIDTH": "$WIDTH/4", "FLOAT": true}}}}, {rows}')
    assert [each.persistent for each in as_list.passes] == [True, False, False]
    assert as_object.passes[1] == Pass("b", True, True, "$WIDTH/4", "")


def test_pictures_of_its_own_in_both_versions() -> None:
    assert head('"IMPORTED": {"map": {"PATH": "m.png"}}').imported == {"map": "m.png"}
    assert head('"IMPORTED": [{"NAME": "map", "PATH": "m.png"}]').imported == {"map": "m.png"}


def test_real_files_are_read_as_they_are() -> None:
    text = "\ufeff// by somebody\r\n/* not the header */\r\n#version 120\r\n/*\r\n{\r\n 'CREDIT': 'me', // who\r\n "
    text += '"DESCRIPTION": "two\tlines",\r\n INPUTS: [ {"NAME": "inputImage", "TYPE": "image"}, ],\r\n}\r\n*/\r\nX'
    found, rest = split(text, "a.fs")
    assert found.kind == "filter" and found.credit == "me" and found.version == 1
    assert rest.splitlines()[10] == "X" and rest.splitlines()[0] == "// by somebody"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("void main() {}", r"^a.fs: no ISF header: the file must begin with a comment"),
        ('\n/*{\n"A": 1,\n"B": : }*/', r"^a.fs: line 4: the header is not JSON"),
        ('/*{"INPUTS": [{"NAME": "a b", "TYPE": "float"}]}*/', r"INPUTS 1: NAME: expected a name.*got 'a b'"),
        ('/*{"INPUTS": [{"NAME": "a", "TYPE": "flot"}]}*/', r"INPUTS 1 a: unknown TYPE 'flot' \(did you mean: float"),
        ('/*{"INPUTS": [{"NAME": "a", "TYPE": "float", "MAX": "big"}]}*/', r"INPUTS 1 a: MAX: expected a number"),
        ('/*{"INPUTS": [{"NAME": "a", "TYPE": "color", "DEFAULT": [1]}]}*/', r"DEFAULT: expected 4 numbers"),
        ('/*{"INPUTS": {"NAME": "a"}}*/', r"INPUTS: expected a list of objects"),
        ('/*{"PASSES": [{"TARGET": "a b"}]}*/', r"PASSES 1: TARGET: expected a name"),
        ('/*{"IMPORTED": {"a": 3}}*/', r"IMPORTED: expected names with a PATH"),
        ('/*{"IMPORTED": [{"NAME": []}]}*/', r"IMPORTED: expected names with a PATH"),
        (
            '/*{"INPUTS": [{"NAME": "a", "TYPE": "bool"}, {"NAME": "a", "TYPE": "bool"}]}*/',
            r"two inputs are called 'a'",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        split(text, "a.fs")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=8) | st.sampled_from(INPUT_KINDS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["NAME", "TYPE", "MAX"]), inner),
    max_leaves=12,
)
KEYS = ["INPUTS", "PASSES", "ISFVSN", "IMPORTED", "PERSISTENT_BUFFERS", "DESCRIPTION", "CREDIT"]


@given(st.dictionaries(st.sampled_from(KEYS), VALUES))
def test_any_json_is_a_header_or_a_user_error(data: dict[str, object]) -> None:
    try:
        found, _ = split(f"/*{json.dumps(data)}*/", "a.fs")
    except UserError:
        return
    ends = [row for x in found.inputs for row in zip(x.low, x.default, x.high, strict=True)]
    assert all(low <= default <= high for low, default, high in ends)


@given(st.text(alphabet='/*{}[]":,abN0 \n\\', max_size=60))
def test_any_text_is_a_header_or_a_user_error(text: str) -> None:
    try:
        split(text, "a.fs")
    except UserError as error:
        assert str(error).startswith("a.fs: ")
