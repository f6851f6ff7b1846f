"""Presets on disk: the ones that travel with the package, any .toml file, and files of other programs."""

from __future__ import annotations

import codecs
import os
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

from . import home
from .core.errors import UserError, brief, near
from .core.params import Table, with_rows
from .core.preset import Preset, chain_from, preset_from
from .core.preset_data import preset_data
from .core.toml import read_toml
from .data import data_dir
from .isf import library as shaders

if TYPE_CHECKING:  # nothing of it is imported before it is needed: a start has no time for it
    from .importers import Imported

LARGEST = 8_000_000  # bytes of a preset file
LARGEST_FOREIGN = 50_000_000
FOREIGN = (".txt", ".json")
"""Endings of files of other programs (Deforum settings, Parseq documents)."""


def read_preset(path: Path) -> Preset:
    """The preset in a .toml file, or made of another program's file.

    UserError names file, line or key, and what was expected.
    """
    return parse_preset(preset_text(path), path.stem, str(path))


def preset_text(path: Path) -> str:
    """The text of the preset in a file, or made of another program's file. UserError where there is none."""
    return read_import(path).toml if path.suffix.lower() in FOREIGN else read_text(path)


def read_text(path: Path) -> str:
    """What is in a preset file. UserError where it cannot be read, is too large, or no text."""
    return _text(path, LARGEST)


def read_import(path: Path) -> Imported:
    """Another program's file as the text of a preset, with a report. UserError: file, line, column, reason."""
    from .importers import import_text

    return import_text(_text(path, LARGEST_FOREIGN), str(path))


def _text(path: Path, largest: int) -> str:
    try:
        if path.stat().st_size > largest:
            raise UserError(f"{path}: at most {largest // 1_000_000} MB of text are read")
        with path.open("rb") as file:
            wide = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        return path.read_text(encoding="utf-16" if wide else "utf-8-sig")
    except FileNotFoundError:
        siblings = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
        raise UserError(f"{path}: no such file{near(path.name, siblings)}") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {brief(error)}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}: line {line}: not a text in UTF-8: save it as UTF-8") from None


def parse_preset(text: str, name: str, where: str | None = None, kept: Mapping[str, str] | None = None) -> Preset:
    """The preset called `name` in TOML `text`; `where` appears in messages.

    `kept`: paths of files by the names that the text has for them, where they do not lie beside it (in a take).
    """
    where = where or name
    data = read_toml(text, where)
    try:
        chain = shaders.resolved(chain_from(data, where), Path(where).parent, kept)
        rows = shaders.rows_of(chain)
    except UserError as error:
        raise UserError(str(error) if str(error).startswith(where) else f"{where}: {error}") from None
    preset = preset_from(data, where, name, rows)

    def found(media: Mapping[str, str]) -> dict[str, str]:
        return {key: (kept or {}).get(file) or beside(Path(where).parent, file) for key, file in media.items()}

    scenes = tuple(replace(scene, media=found(scene.media)) for scene in preset.scenes)
    return replace(preset, text=text, chain=chain, media=found(preset.media), scenes=scenes)


def beside(folder: Path, name: str) -> str:
    """`name`, or the whole path of the file of that name in the `folder` of the preset, wherever it lay on the machine
    it comes from."""
    last = PureWindowsPath(name).name
    if "://" in name or not last:
        return name
    near_by = (folder / name, folder / last)
    return next((str(path.absolute()) for path in near_by if os.path.exists(path)), name)


def beside_again(text: str, folder: Path, new: Path) -> str:
    """`text` of a preset that moves from `folder` to the folder `new`: what lies in `folder` by its whole path."""
    if folder.resolve() == new.resolve() or "media" not in tomllib.loads(text):
        return text
    import tomlkit

    document = tomlkit.parse(text)
    media = document["media"]
    assert isinstance(media, dict)
    for key, name in media.items():
        media[key] = beside(folder, str(name))
    return tomlkit.dumps(document)


def with_shaders(preset: Preset, names: Sequence[str]) -> Preset:
    """`preset` with shaders put on top of it: names, or paths of .fs files. Filters that it has not got are added, the
    others replaced; all are kept with it when it is saved."""
    chain = preset.chain
    for name in names:
        path = shaders.find(name, shaders.folders(Path()))
        kind = shaders.read(path).kind
        if str(path.resolve()) in chain.shaders:
            continue
        if kind == "filter":
            chain = replace(chain, filters=(*chain.filters, str(path.resolve())))
        elif kind == "generator":
            chain = replace(chain, generator=str(path.resolve()))
        else:
            chain = replace(chain, transition=str(path.resolve()))
    if chain == preset.chain:
        return preset
    named = {"generator": chain.generator, "filters": list(chain.filters), "transition": chain.transition}
    stage = {**preset.written.get("stage", {}), **{key: value for key, value in named.items() if value}}
    return replace(preset, chain=chain, rows=shaders.rows_of(chain), written={**preset.written, "stage": stage})


def table_of(presets: Iterable[Preset]) -> Table:
    """The parameters of a show that may play any of `presets`."""
    return with_rows(row for preset in presets for row in preset.rows)


def as_toml(preset: Preset) -> str:
    """`preset` as the text of a file that `parse_preset` reads back as the same."""
    import tomlkit

    return tomlkit.dumps(preset_data(preset))


def shipped() -> tuple[Path, ...]:
    """The files of the presets that travel with the package, in the order of the keys 1 to 9."""
    return tuple(sorted(data_dir("presets").glob("*.toml")))


def own_presets_dir() -> Path:
    """Where a user's own presets lie."""
    return home.config() / "presets"


def own() -> tuple[Path, ...]:
    """The files of the user's own presets, by name."""
    return tuple(sorted(own_presets_dir().glob("*.toml")))


def choice(bad: Callable[[Path, UserError], None], more: Iterable[Path] = ()) -> tuple[tuple[Path, Preset], ...]:
    """The presets that a show chooses from, with their files, by their numbers there (from 1) where no set list says
    otherwise: the shipped ones, one of the user's in the place of the shipped one of its name, then the user's others,
    and so those in the files `more`. `bad` is told of those of the user that cannot be read."""
    found = {path.stem: (path, read_preset(path)) for path in shipped()}
    for path in (*own(), *more):
        try:
            found[path.stem] = path, read_preset(path)
        except UserError as error:
            bad(path, error)
    return tuple(found.values())


def is_file_name(name: str) -> bool:
    """Whether `name`, where a preset is expected, is that of a file."""
    return name.lower().endswith((".toml", *FOREIGN)) or "/" in name


def find_preset(name: str, numbered: Sequence[Preset] = ()) -> Preset:
    """The preset called `name`, numbered `name` (from 1, as in a show), or in the file `name`. UserError lists the near
    ones. `numbered`: those that have numbers in the show; none: as where there is no set list."""
    files = shipped()
    if name.isdecimal():
        numbered = numbered or [preset for _, preset in choice(lambda path, error: None)]
        if 1 <= int(name) <= len(numbered):
            return numbered[int(name) - 1]
    for preset in numbered:
        if name.lower() == preset.name.lower():
            return preset
    for path in (*own(), *files):  # what one has saved goes before what it was saved over
        if name.lower() == path.stem.lower():
            return read_preset(path)
    if is_file_name(name):
        return read_preset(Path(name))
    names = [*(path.stem for path in (*files, *own())), *(preset.name for preset in numbered)]
    raise UserError(f"there is no preset {name!r}{near(name, names)}; liveanim presets lists them")
