"""The emitted text itself: a tolerant compiler would hide what is missing from it."""

from __future__ import annotations

import re

import pytest

from liveanim.isf.glsl import complaint, images, translate
from liveanim.isf.header import split

OLD = re.compile(r"\b(texture2D\w*|textureCube|sampler2DRect|gl_FragColor|gl_FragData|varying|attribute)\b")


def fragment(body: str, head: str = "", rename: bool = False) -> str:
    header, text = split(f"/*{{{head}}}*/\n{body}", "a.fs")
    return translate(header, text, rename=rename).fragment


def own(body: str, head: str = "", rename: bool = False) -> list[str]:
    """The lines of the shader's own text."""
    return fragment(body, head, rename).split("#line 1\n")[1].splitlines()


def test_the_version_is_first_and_the_only_one() -> None:
    text = fragment("#version 120\n#extension GL_ARB_x : enable\nvoid main() { gl_FragColor = vec4(1.0); }")
    assert text.startswith("#version 330 core\n") and text.count("#version") == 1 and "#extension" not in text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("texture2D(a, p)", "texture(a, p)"),
        ("texture2DLodEXT(a, p, 0.0)", "textureLod(a, p, 0.0)"),
        ("texture2DProj(a, p)", "textureProj(a, p)"),
        ("texture2DRect(a, p)", "isf_rect(a, p)"),
        ("varying vec2 left;", "in vec2 left;"),
        ("gl_FragColor.rgb", "isf_FragColor.rgb"),
        ("gl_FragData[ 0 ]", "isf_FragColor"),
        ("my_texture2D(p)", "my_texture2D(p)"),
    ],
)
def test_old_words_become_new_ones(old: str, new: str) -> None:
    assert own(old)[1] == new


def test_comments_hold_no_words_and_lines_keep_their_numbers() -> None:
    lines = own("// gl_FragColor\n/* a\nb */ int x;\nvarying vec2 y;")
    assert [line.strip() for line in lines[1:]] == ["", "", "int x;", "in vec2 y;"]


def test_every_kind_of_input_is_declared() -> None:
    kinds = ["event", "bool", "long", "float", "point2D", "color", "image", "audio", "audioFFT"]
    rows = ", ".join(f'{{"NAME": "n{i}", "TYPE": "{kind}"}}' for i, kind in enumerate(kinds))
    text = fragment("void main() {}", f'"INPUTS": [{rows}], "PASSES": [{{"TARGET": "t"}}], "IMPORTED": {{"m": "f"}}')
    types = ["bool", "bool", "int", "float", "vec2", "vec4", "sampler2D", "sampler2D", "sampler2D"]
    for i, kind in enumerate(types):
        assert f"uniform {kind} n{i};" in text
    assert "uniform sampler2D t;" in text and "uniform sampler2D m;" in text


def test_what_the_host_declares_is_not_declared_twice() -> None:
    head = '"INPUTS": [{"NAME": "inputImage", "TYPE": "image"}]'
    body = (
        "uniform float TIME;\nvarying vec2 vv_FragNormCoord;\nuniform highp sampler2D inputImage;\nuniform float mine;"
    )
    assert [line.strip() for line in own(body, head)[1:]] == ["", "", "", "uniform float mine;"]


def test_a_vertex_shader_of_its_own_hands_on_what_it_varies() -> None:
    header, text = split("/*{}*/\nvarying vec2 side;", "a.fs")
    source = translate(header, text, "varying vec2 side;\nvoid main() { isf_vertShaderInit(); side = vec2(0.0); }")
    assert "out vec2 side;" in source.vertex and "in vec2 side;" in source.fragment
    assert not OLD.search(source.vertex) and not OLD.search(source.fragment)


def test_names_that_became_words_are_renamed_on_the_second_try_only() -> None:
    body = "float sample = 1.0; float smooth(float x) { return x * sample; }"
    assert own(body)[1] == body
    assert own(body, rename=True)[1] == body.replace("sample", "isf_own_sample")


def test_a_pass_may_have_a_program_of_its_own() -> None:
    header, text = split("/*{}*/\nvoid main() { gl_FragColor = vec4(float(PASSINDEX)); }", "a.fs")
    one, every = (translate(header, text, number=number) for number in (2, None))
    assert "const int PASSINDEX = 2;" in one.fragment and "uniform int PASSINDEX;" in every.vertex
    assert one.vertex.count("PASSINDEX") == every.fragment.count("PASSINDEX") - 1 == 1


def test_the_samplers_are_inputs_buffers_and_own_pictures() -> None:
    head = '"INPUTS": [{"NAME": "a", "TYPE": "image"}, {"NAME": "b", "TYPE": "float"}], "PASSES": [{"TARGET": "t"}]'
    header, _ = split(f'/*{{{head}, "IMPORTED": {{"m": "f"}}}}*/', "a.fs")
    assert images(header) == ("a", "t", "m")


@pytest.mark.parametrize(
    ("log", "found"),
    [
        (
            "GLSL Compiler failed\n\nfragment_shader\n====\n0:12(5): error: `x' undeclared\n",
            (12, "error: `x' undeclared"),
        ),
        ('0(7) : error C1008: undefined variable "x"\n', (7, 'error C1008: undefined variable "x"')),
        ("ERROR: 0:3: Use of undeclared identifier 'x'\n", (3, "Use of undeclared identifier 'x'")),
        ("0:2(1): warning: unused\n0:9(1): error: bad\n", (9, "error: bad")),
        ("out of memory\n", (0, "out of memory")),
        ("", (0, "the compiler refused it")),
    ],
)
def test_the_line_is_found_in_what_each_driver_says(log: str, found: tuple[int, str]) -> None:
    assert complaint(log) == found
