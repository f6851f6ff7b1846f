"""Shaders of Shadertoy, read as if they were ISF."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.errors import UserError
from liveanim.isf import library, shadertoy
from liveanim.isf.glsl import images

DRAWS = "void mainImage( out vec4 c, in vec2 f ) {{ {} }}"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (DRAWS.format("c = vec4(1);"), True),
        ("// void main()\n" + DRAWS.format("c = vec4(1);"), True),
        (DRAWS.format("c = vec4(1);") + "void main() { mainImage(gl_FragColor, gl_FragCoord.xy); }", False),
        ("/* void mainImage( */ void main() { }", False),
    ],
)
def test_which_shaders_are_meant(text: str, is_one: bool) -> None:
    assert shadertoy.speaks(text) == is_one


@pytest.mark.parametrize(
    ("code", "names", "kind"),
    [
        ("c = vec4(iTime);", (), "generator"),
        ("c = texture(iChannel0, f / iResolution.xy);", ("inputImage",), "filter"),
        ("c = texture(iChannel0, vec2(f.x / iResolution.x, 0.25));", ("iChannel0",), "generator"),
        ("c = texelFetch(iChannel1, ivec2(int(abs(f.x)), 0), 0);", ("iChannel1",), "generator"),
        ("// iChannel0 = noise\nc = texture(iChannel0, f);", ("iChannel0",), "generator"),
        ("/* iChannel3: self */ c = texture(iChannel3, f);", ("iChannel3",), "generator"),
        ("c = texture(iChannel0, f) + texture(iChannel1, vec2(f.x, .75));", ("inputImage", "iChannel1"), "filter"),
    ],
)
def test_what_a_channel_is(code: str, names: tuple[str, ...], kind: str) -> None:
    header, _ = shadertoy.read(DRAWS.format(code), "a.frag")
    assert images(header) == names and header.kind == kind


def test_lines_keep_their_numbers_and_uniforms_are_declared_once() -> None:
    text = "uniform float iTime;\r\nuniform sampler2D iChannel0;\n\n" + DRAWS.format("c = vec4(iTime);")
    _, body = shadertoy.read(text, "a.frag")
    lines = body.split("\n")
    assert lines[:3] == ["", "", ""] and lines[3].startswith("void mainImage") and "void main()" in lines[4]


def test_it_is_about_what_its_first_comment_says() -> None:
    text = "// iChannel0: sound\n/*\n * Rings of light\n * by nobody */\n" + DRAWS.format("c = vec4(1);")
    assert shadertoy.read(text, "a.frag")[0].about == "Rings of light"


def test_what_a_channel_cannot_be_is_said() -> None:
    text = "// iChannel0: keyboard\n" + DRAWS.format("c = texture(iChannel0, f);")
    said = r"a\.frag: iChannel0 cannot be 'keyboard': expected picture, sound, noise, self"
    with pytest.raises(UserError, match=said):
        shadertoy.read(text, "a.frag")


@given(st.text(st.sampled_from("iChanel0123:=(),.;/*\n #x{}vec2tur"), max_size=200))
def test_any_text_is_read_or_refused_in_a_line(text: str) -> None:
    try:
        header, body = shadertoy.read(DRAWS.format(text), "a.frag")
    except UserError as error:
        assert "\n" not in str(error)
    else:
        assert header.kind != "transition" and body.count("\n") >= text.count("\n")


def test_a_file_is_found_by_its_path_and_has_its_mouse_for_knobs(tmp_path: Path) -> None:
    path = tmp_path / "Two Rings.glsl"
    path.write_text(DRAWS.format("c = iMouse;"))
    shader = library.read(library.find(str(path), ()))
    assert [row.name for row in shader.rows] == ["isf.two_rings.mouse_x", "isf.two_rings.mouse_y"]
    assert [row.default for row in shader.rows] == [0, 0]
