"""ISF's GLSL, of any age, into `#version 330 core` and nothing else: drivers differ in what more they let pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .header import IMAGES, Header

OUTPUT = "isf_FragColor"
OWN = "isf_own_"
"""What names begin with that were given others."""
_VERSION = "#version 330 core\n"
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_HOST = {
    *("PASSINDEX", "RENDERSIZE", "TIME", "TIMEDELTA", "DATE", "FRAMEINDEX"),
    *("isf_FragNormCoord", "vv_FragNormCoord", "isf_FragCoord", "vv_FragPixelCoord", OUTPUT),
}
_TYPES = {"event": "bool", "bool": "bool", "long": "int", "float": "float", "point2D": "vec2", "color": "vec4"}
_OLD = {
    "texture2D": "texture",
    "texture2DRect": "isf_rect",
    "textureCube": "texture",
    "texture2DLod": "textureLod",
    "texture2DLodEXT": "textureLod",
    "texture2DProj": "textureProj",
    "texture2DProjLod": "textureProjLod",
    "texture2DGrad": "textureGrad",
    "texture2DGradEXT": "textureGrad",
    "textureCubeLod": "textureLod",
    "sampler2DRect": "sampler2D",
    "gl_FragColor": OUTPUT,
}
_WORDS = re.compile(rf"\b({'|'.join(sorted(_OLD, key=len, reverse=True))})\b")
_FRAG_DATA = re.compile(r"\bgl_FragData\s*\[\s*0\s*\]")
_DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(version|extension)\b[^\n]*", re.MULTILINE)
_DECLARED = re.compile(
    r"^[ \t]*(?:(?:flat|smooth|noperspective|centroid|highp|mediump|lowp)\s+)*"
    r"(?:uniform|varying|in|out|attribute)\s+(?:(?:highp|mediump|lowp)\s+)?\w+\s+(\w+)\s*;",
    re.MULTILINE,
)
# Words that became GLSL's own after the shaders were written; renamed where a shader does not compile otherwise.
_RESERVED = re.compile(
    r"\b(sample|filter|input|output|smooth|common|active|partition|buffer|shared|patch|precise|resource|flat|"
    r"texture|subroutine|noise|half|fixed|template|this|goto|inline|public|static|extern|external|interface|"
    r"long|short|double|unsigned|cast|namespace|using|hvec2|hvec3|hvec4|packed)\b(?!\s*\()"
)
_BIASED = """\
vec4 isf_norm(sampler2D s, vec2 p, float bias) { return texture(s, p, bias); }
vec4 isf_rect(sampler2D s, vec2 p, float bias) { return texture(s, p / vec2(textureSize(s, 0)), bias); }
"""
_FUNCTIONS = """\
vec4 isf_norm(sampler2D s, vec2 p) { return texture(s, p); }
vec4 isf_rect(sampler2D s, vec2 p) { return texture(s, p / vec2(textureSize(s, 0))); }
vec4 isf_this(sampler2D s) { return texture(s, isf_FragNormCoord); }
vec2 isf_size(sampler2D s) { return vec2(textureSize(s, 0)); }
#define IMG_PIXEL isf_rect
#define IMG_NORM_PIXEL isf_norm
#define IMG_THIS_PIXEL isf_this
#define IMG_THIS_NORM_PIXEL isf_this
#define IMG_SIZE isf_size
#define vv_FragNormCoord isf_FragNormCoord
#define vv_FragPixelCoord (isf_FragNormCoord * RENDERSIZE)
#define isf_FragCoord vv_FragPixelCoord
"""
_VERTEX = """\
#define vv_vertShaderInit isf_vertShaderInit
void isf_vertShaderInit() {
    vec2 corner = vec2(float(gl_VertexID & 1), float(gl_VertexID >> 1));
    isf_FragNormCoord = corner;
    gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}
"""
_PLAIN_VERTEX = "void main() { isf_vertShaderInit(); }\n"


@dataclass(frozen=True, slots=True)
class Source:
    """A translated shader: draws with four vertices as a triangle strip. Its lines have the numbers of the files."""

    vertex: str
    fragment: str


def translate(
    header: Header, fragment: str, vertex: str | None = None, *, rename: bool = False, number: int | None = None
) -> Source:
    """`fragment` is the text without its header, `vertex` a vertex shader of its own.

    rename  give names that have become words of the language others: the second try, after a compiler refused
    number  for that pass alone, so that a compiler leaves out the others; None: for all of them
    """
    shared = "uniform int PASSINDEX;\n" if number is None else f"const int PASSINDEX = {number};\n"
    shared += _renamed(_uniforms(header)) if rename else _uniforms(header)
    names = _HOST | set(_declared_names(header))

    def own(text: str, old: str, new: str) -> str:
        text = _outside_comments(text, lambda code: _modern(code, names, old, new, rename))
        return "#line 1\n" + text + "\n"

    before = _VERSION + shared + "out vec2 isf_FragNormCoord;\n" + _FUNCTIONS + _VERTEX
    after = _VERSION + shared + f"in vec2 isf_FragNormCoord;\nout vec4 {OUTPUT};\n" + _FUNCTIONS + _BIASED
    after += header.prelude
    return Source(
        before + (own(vertex, "attribute", "out") if vertex else _PLAIN_VERTEX), after + own(fragment, "", "in")
    )


def images(header: Header) -> tuple[str, ...]:
    """Every sampler of the shader: its inputs, its buffers and its own pictures."""
    inputs = [each.name for each in header.inputs if each.kind in IMAGES]
    return tuple(dict.fromkeys([*inputs, *header.targets, *header.imported]))


def _declared_names(header: Header) -> Iterable[str]:
    yield from (each.name for each in header.inputs)
    for name in images(header):
        yield from (name, f"_{name}_imgRect", f"_{name}_imgSize", f"_{name}_flip")


def _uniforms(header: Header) -> str:
    lines = [
        "precision highp float;",
        "precision highp int;",
        "uniform vec2 RENDERSIZE;",
        "uniform float TIME;",
        "uniform float TIMEDELTA;",
        "uniform vec4 DATE;",
        "uniform int FRAMEINDEX;",
    ]
    lines += [f"uniform {_TYPES[each.kind]} {each.name};" for each in header.inputs if each.kind in _TYPES]
    for name in images(header):
        lines.append(f"uniform sampler2D {name};")
        lines.append(f"#define _{name}_imgRect vec4(0.0, 0.0, 1.0, 1.0)")
        lines.append(f"#define _{name}_imgSize vec2(textureSize({name}, 0))")
        lines.append(f"#define _{name}_flip false")
    return "\n".join(lines) + "\n"


def _modern(code: str, host: set[str], attribute: str, varying: str, rename: bool) -> str:
    code = _DIRECTIVE.sub("", code)
    # What the host declares is not declared again.
    code = _DECLARED.sub(lambda found: "" if found[1] in host else found[0], code)
    code = _FRAG_DATA.sub(OUTPUT, code)
    code = _WORDS.sub(lambda found: _OLD[found[1]], code)
    code = re.sub(r"\bvarying\b", varying, code)
    if attribute:
        code = re.sub(r"\battribute\b", "in", code)
    return _renamed(code) if rename else code


def _renamed(code: str) -> str:
    return _RESERVED.sub(lambda found: f"{OWN}{found[1]}", code)


def _outside_comments(text: str, change: Callable[[str], str]) -> str:
    """`text` with its comments blanked and `change` applied to what is left. Line numbers stay."""
    return change(COMMENT.sub(lambda found: " " + "\n" * found[0].count("\n"), text))


_PLACES = (
    re.compile(r"^\s*\d+:(\d+)(?:\(\d+\))?:\s*(.*)$"),  # Mesa
    re.compile(r"^\s*\d+\((\d+)\)\s*:\s*(.*)$"),  # NVIDIA
    re.compile(r"^\s*(?:ERROR|WARNING):\s*\d+:(\d+):\s*(.*)$", re.IGNORECASE),  # AMD, Intel, macOS
)


def complaint(log: str) -> tuple[int, str]:
    """(line, message) of the first error in what a compiler says; line 0 where it names none."""
    lines = log.splitlines()
    found = [(int(hit[1]), hit[2].strip()) for line in lines for place in _PLACES if (hit := place.match(line))]
    errors = [each for each in found if "warning" not in each[1].lower()] or found
    if errors:
        return errors[0]
    told = [line.strip() for line in lines if line.strip(" =-")]
    return 0, told[-1] if told else "the compiler refused it"
