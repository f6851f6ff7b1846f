"""Shaders on disk: found by name, read, and turned into rows of the table of parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from liveanim import home
from liveanim.core.errors import UserError, near, told_as
from liveanim.core.model import Chain
from liveanim.core.params import ParamSpec
from liveanim.data import data_dir

from . import shadertoy
from .header import IMAGES, Header, Input, Kind, split

GROUP = "isf"
SUFFIX = ".fs"
_FILES = (SUFFIX, ".frag", ".glsl")
_PARTS = {"point2D": ("_x", "_y"), "color": ("_red", "_green", "_blue", "_alpha")}
_FED = ("progress",)  # what the stage itself sets in a transition


@dataclass(frozen=True, slots=True)
class Shader:
    """A shader file as it was read. `name`: as parameters have it; `text`: without header; `vertex`: its own .vs."""

    name: str
    path: Path
    header: Header
    text: str
    vertex: str | None = None

    @property
    def kind(self) -> Kind:
        return self.header.kind

    @property
    def knobs(self) -> tuple[tuple[Input, tuple[ParamSpec, ...]], ...]:
        """Every input that is a number, with the rows it is turned by: one, two for a point, four for a colour."""
        fed = _FED if self.kind == "transition" else ()
        inputs = [each for each in self.header.inputs if each.kind not in IMAGES and each.name not in fed]
        return tuple((each, _rows(self.name, each)) for each in inputs)

    @property
    def rows(self) -> tuple[ParamSpec, ...]:
        """Its rows of the table."""
        return tuple(row for _, rows in self.knobs for row in rows)


def _rows(shader: str, each: Input) -> tuple[ParamSpec, ...]:
    parts = _PARTS.get(each.kind, ("",))
    curve = "toggle" if each.kind in ("event", "bool") else "step" if each.kind == "long" else "linear"
    label = each.label if each.label != each.name else snake(each.name).replace("_", " ")
    menu = ", ".join(f"{value:g} {word}" for value, word in zip(each.values, each.labels, strict=False))
    words = {"_x": " from the left", "_y": " from the bottom"}
    return tuple(
        ParamSpec(
            name=f"{GROUP}.{shader}.{snake(each.name)}{part}",
            unit="",
            low=each.low[i],
            high=each.high[i] if each.high[i] > each.low[i] else each.low[i] + 1.0,
            default=each.default[i],
            acts="stage",
            doc=f"{label}{words.get(part, part.replace('_', ' '))}" + (f": {menu}" if menu else ""),
            curve=curve,  # type: ignore[arg-type]
        )
        for i, part in enumerate(parts)
    )


def snake(name: str) -> str:
    """'centreOfX' -> 'centre_of_x': names of parameters are small, as OSC addresses are."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_") or "x"


def folders(beside: Path | None = None) -> tuple[Path, ...]:
    """Where shaders are looked for, in this order: beside the preset, the user's folder, the folder of the package."""
    near_by = () if beside is None else (beside, beside / "shaders")
    return (*near_by, own_folder(), data_dir("shaders"))


def own_folder() -> Path:
    """The user's own shaders."""
    return home.config() / "shaders"


def shipped() -> tuple[Path, ...]:
    """The shaders that travel with the package."""
    return tuple(sorted(data_dir("shaders").glob(f"*{SUFFIX}")))


def find(name: str, where: Sequence[Path]) -> Path:
    """The file of the shader called `name`: one of `where`'s, or a path ending in .fs, .frag or .glsl. UserError
    lists near ones."""
    if name.lower().endswith(_FILES):
        for folder in (Path(), *where):
            if (path := folder / name).is_file():
                return path
        raise UserError(f"there is no shader file {name}")
    for folder in where:
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            if snake(path.stem) == snake(name):
                return path
    known = [snake(path.stem) for folder in where for path in folder.glob(f"*{SUFFIX}")]
    raise UserError(f"there is no shader {name!r}{near(snake(name), known)}; liveanim shaders lists them")


def read(path: Path) -> Shader:
    """The shader in a file, ISF or Shadertoy's, and the .vs beside it. UserError names file, line and reason."""
    text = _text(path)
    header, text = (shadertoy.read if shadertoy.speaks(text) else split)(text, str(path))
    beside = path.with_suffix(".vs")
    return Shader(snake(path.stem), path, header, text, _text(beside) if beside.is_file() else None)


def _text(path: Path) -> str:
    with told_as(f"{path}: cannot be read"):
        data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")  # old files: only comments have more than ASCII


def beside(shader: Shader) -> dict[str, Path]:
    """The files that belong to a shader, by the names with which they are found in another folder."""
    vertex = shader.path.with_suffix(".vs")
    found = {vertex.name: vertex} if shader.vertex is not None else {}
    for name in shader.header.imported.values():
        path = Path(name)
        inside = not path.is_absolute() and ".." not in path.parts
        found[name if inside else path.name] = picture_of(shader, name)
    return found


def picture_of(shader: Shader, name: str) -> Path:
    """The file of an IMPORTED picture: where the shader says, or beside the shader."""
    path = shader.path.parent / name
    return path if path.is_file() else shader.path.parent / Path(name).name


def resolved(chain: Chain, beside: Path | None = None, kept: Mapping[str, str] | None = None) -> Chain:
    """`chain` with the files in the place of the names: a stage needs nothing else to find them.

    `kept` are files that are known by name already.
    """
    where, kept = folders(beside), kept or {}

    def file(name: str) -> str:
        return kept.get(name) or str(find(name, where).resolve()) if name else ""

    lut = kept.get(chain.lut) or _lut(chain.lut, beside) if chain.lut else ""
    return Chain(file(chain.generator), tuple(map(file, chain.filters)), file(chain.transition), lut)


def _lut(name: str, beside: Path | None) -> str:
    for folder in (Path(), *(() if beside is None else (beside,))):
        if (path := folder / name).is_file():
            return str(path.resolve())
    raise UserError(f"there is no colour table {name} (a .cube file)")


def rows_of(chain: Chain) -> tuple[ParamSpec, ...]:
    """The rows that the shaders of a resolved chain bring to the table.

    UserError when one cannot be read, or is no transition where one is wanted, or is one where none is.
    """
    read_once = {name: read(Path(name)) for name in chain.shaders}
    for name, shader in read_once.items():
        if (shader.kind == "transition") != (name == chain.transition):
            place = "transition" if shader.kind == "transition" else "filters or generator"
            raise UserError(f"{shader.path.name} is a {shader.kind}: it belongs into {place}")
    return tuple(row for shader in read_once.values() for row in shader.rows)
