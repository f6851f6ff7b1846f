"""Shaders as shadertoy.com has them (one pass, `mainImage`), read as if they were ISF.

What its uniforms and textures are: shadertoy.com/howto.
"""

from __future__ import annotations

import re

from liveanim.core.errors import UserError

from .glsl import COMMENT
from .header import FIRST, Header, Input, Pass, unix

SOURCES = ("picture", "sound", "noise", "self")
"""What a channel may be: the stage's picture, the sound (512 x 2: spectrum, wave), noise, what was drawn last."""
_ENTRY = re.compile(r"\bvoid\s+mainImage\s*\(")
_MAIN = re.compile(r"\bvoid\s+main\s*\(")
_SAID = re.compile(r"\biChannel([0-3])\s*[:=]\s*([^\s*/]+)")
_DECLARED = re.compile(r"^[ \t]*uniform\s+\w+\s+i(?:Channel|Time|Frame|Res|Mouse|Date|Sample|Global)\w*[^;\n]*;", re.M)
_CHANNEL = re.compile(r"\biChannel([0-3])\b")
_AS_SOUND = r"\btex\w*\s*\(\s*iChannel{}\s*,\s*i?vec2\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*,\s*[\d.]+\s*\)"
"""A channel that is read along a line of its own has the sound: that is how its texture is used."""
_CLOCKS = """\
#define iTime TIME
#define iGlobalTime TIME
#define iTimeDelta TIMEDELTA
#define iFrameRate (1.0 / max(TIMEDELTA, 1e-3))
#define iFrame FRAMEINDEX
#define iDate DATE
#define iResolution vec3(RENDERSIZE, 1.0)
#define iSampleRate 48000.0
#define iChannelTime float[4](TIME, TIME, TIME, TIME)
"""
_END = """
void main() { vec4 drawn = vec4(0.0); mainImage(drawn, gl_FragCoord.xy); gl_FragColor = vec4(drawn.rgb, 1.0); }"""


def speaks(text: str) -> bool:
    """Whether `text` is one of these: it draws in `mainImage`, and nobody calls that."""
    code = COMMENT.sub(" ", text)
    return bool(_ENTRY.search(code)) and not _MAIN.search(code)


def read(text: str, where: str) -> tuple[Header, str]:
    """(what ISF would say of it, its text with a `main` at the end, line numbers kept).

    A comment `iChannel0: sound` says what a channel is (`SOURCES`); without, one that is read as sound is read is
    sound, and every other is the picture. UserError names `where` and what a channel cannot be.
    """
    text = unix(text, where)
    comments = COMMENT.findall(text)
    said = {int(number): source for comment in comments for number, source in _SAID.findall(comment)}
    code = COMMENT.sub(" ", text)
    channels: dict[int, str] = {}
    for number in sorted({int(found) for found in _CHANNEL.findall(code)}):
        read_as = "sound" if re.search(_AS_SOUND.format(number), code) else "picture"
        channels[number] = said.get(number, read_as)
        if channels[number] not in SOURCES:
            raise UserError(f"{where}: iChannel{number} cannot be {channels[number]!r}: expected {', '.join(SOURCES)}")
    body = _DECLARED.sub("", text) + _END
    about = next((line for line in map(_words, comments) if line and not _SAID.search(line)), "")
    return Header(about, inputs=_inputs(channels, code), passes=_passes(channels), prelude=_prelude(channels)), body


def _inputs(channels: dict[int, str], code: str) -> tuple[Input, ...]:
    inputs = [Input(FIRST, "image")] if "picture" in channels.values() else []
    inputs += [Input(_name(n), "sound") for n, source in channels.items() if source == "sound"]
    inputs += [Input(_name(n), "noise") for n, source in channels.items() if source == "noise"]
    if "iMouse" in code:
        label = "where the mouse is; both 0: untouched"
        inputs.append(Input("mouse", "point2D", label, (0.0, 0.0), (0.0, 0.0), (1.0, 1.0)))
    return tuple(inputs)


def _passes(channels: dict[int, str]) -> tuple[Pass, ...]:
    own = [Pass(_name(n), persistent=True, floats=True) for n, source in channels.items() if source == "self"]
    return tuple(own[:1]) or (Pass(),)


def _prelude(channels: dict[int, str]) -> str:
    own = [n for n, source in channels.items() if source == "self"]
    stands = {n: FIRST for n, source in channels.items() if source == "picture"} | {n: _name(own[0]) for n in own[1:]}
    sizes = [f"vec3(textureSize({_name(n)}, 0), 1.0)" if n in channels else "vec3(0.0)" for n in range(4)]
    lines = [f"#define {_name(n)} {name}\n" for n, name in stands.items()]
    mouse = "#define iMouse vec4(mouse * RENDERSIZE, mouse * RENDERSIZE)\n"
    return f"{_CLOCKS}{mouse}#define iChannelResolution vec3[4]({', '.join(sizes)})\n{''.join(lines)}"


def _name(number: int) -> str:
    return f"iChannel{number}"


def _words(comment: str) -> str:
    """The first line that says something."""
    lines = (line.strip(" \t/*-=") for line in comment.splitlines())
    return next((line for line in lines if line), "")[:120]
