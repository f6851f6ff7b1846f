"""Settings of a venue: a file with options of `liveanim play`, so that they are not typed every night."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import home
from .arguments import Arguments, opposite, parse, play_options, said
from .core.errors import UserError, near, told_as
from .core.toml import key_line, read_toml
from .data import write_whole
from .library import beside, is_file_name, read_text
from .lookfile import is_look

NONE = "none"  # asked for in place of a file: there are no settings
_NOT_KEPT = ("help", "settings", "save-settings", "prepare")
Value = str | int | float | bool | list[str | int | float]


@dataclass(frozen=True, slots=True)
class PlaySettings:
    """What a file says, by the long names of options. path: None where there is none."""

    path: Path | None = None
    values: Mapping[str, Value] = field(default_factory=dict)

    def words(self) -> list[str]:
        """The same as it is typed."""
        return [word for key, value in self.values.items() for word in _words(key, value)]

    def line(self) -> str:
        """Which file, and what it sets."""
        return f"{self.path}: {shlex.join(self.words()) or 'sets nothing'}"


def own_settings() -> Path:
    """Where the user's settings are, if there are any."""
    return home.config() / "play.toml"


def open_settings(asked: str | None) -> PlaySettings:
    """The settings in the file that was `asked` for (None: the user's own, if there are any). UserError: file, line,
    option, reason."""
    if asked == NONE or (asked is None and not own_settings().exists()):
        return PlaySettings()
    return read_settings(Path(asked) if asked else own_settings())


def in_effect(arguments: Arguments) -> PlaySettings:
    """Those of the settings that hold beside what was typed."""
    found, typed = open_settings(arguments.settings), said(arguments.argv, "play")
    if arguments.look is not None:
        typed |= {"preset": ""} if is_look(arguments.look) else {"audio": ""}
    if typed.keys() & {"audio", "input"}:
        typed |= {"audio": "", "input": ""}  # one sound at a time
    options = play_options()
    return PlaySettings(found.path, {key: v for key, v in found.values.items() if options[key].dest not in typed})


def settled(arguments: Arguments, settings: PlaySettings) -> Arguments:
    """The arguments as if the settings had been typed before them."""
    first, *rest = arguments.argv
    return parse([first, *settings.words(), *rest], ["play"])


def read_settings(path: Path) -> PlaySettings:
    """The settings in a file, checked as what is typed. UserError: file, line, option, reason."""
    text = read_text(path)
    data = read_toml(text, str(path))
    options = {key: one for key, one in play_options().items() if key not in _NOT_KEPT}
    places = {key: f"{path}: line {key_line(text, key)}: {key}" for key in data}
    values: dict[str, Value] = {}
    for key, value in data.items():
        if key not in options:
            raise UserError(f"{places[key]}: play has no such option{near(key, options)}")
        values[key] = _checked(value, options[key], places[key], path.parent)
    found = PlaySettings(path, values)
    try:
        _checked_together(found, str(path))
    except UserError:
        for key, value in values.items():  # whose fault it is
            _checked_together(PlaySettings(path, {key: value}), places[key])
        raise
    return found


def _checked(value: Any, option: argparse.Action, where: str, folder: Path) -> Value:
    """`value` for that option; files that lie in the `folder` of the settings by their whole paths."""
    if option.nargs == 0:
        if not isinstance(value, bool):
            raise UserError(f"{where}: expected true or false")
        return value
    many = isinstance(option, argparse._AppendAction)
    values = value if many and isinstance(value, list) else [value]
    if not all(isinstance(one, str | int | float) and not isinstance(one, bool) for one in values):
        raise UserError(f"{where}: expected {'texts in a list' if many else 'a text or a number'}")
    places = [_place(one, option, folder) if isinstance(one, str) else one for one in values]
    return places if many else places[0]


def _place(text: str, option: argparse.Action, folder: Path) -> str:
    text = str(Path(text).expanduser()) if text.startswith("~") else text
    return beside(folder, text) if _reads(option, text) else text


def _reads(option: argparse.Action, text: str) -> bool:
    """Whether `text` is, for that option, the name of a file to read."""
    if option.dest == "preset":
        return is_file_name(text)
    return option.metavar in ("FILE", "DIR") and option.dest != "take"


def _words(key: str, value: Value) -> list[str]:
    if isinstance(value, bool):
        return [f"--{key}" if value else opposite(f"--{key}")]
    return [f"--{key}={one}" for one in (value if isinstance(value, list) else [value])]


def _checked_together(settings: PlaySettings, where: str) -> None:
    """UserError where what is typed in their stead would be refused."""
    try:
        parse(["play", *settings.words()], ["play"])
    except UserError as error:
        reason = re.sub(r"^(argument \S+|--[a-z-]+): | \(liveanim play --help shows how\)$", "", str(error))
        raise UserError(f"{where}: {reason}") from None


def save(arguments: Arguments) -> PlaySettings:
    """Write the options that were typed, and the settings that hold beside them, into a file; remarks that it has stay.
    UserError where it cannot be written, or is no such file."""
    import tomlkit

    path = Path(arguments.save_settings) if arguments.save_settings else own_settings()
    if path.suffix.lower() != ".toml":
        raise UserError(f"--save-settings {path}: the name of a file of settings ends in .toml")
    if path.exists():
        read_settings(path)
    document = tomlkit.parse(read_text(path) if path.exists() else "# options of liveanim play: docs/venue.md\n")
    values = {**in_effect(arguments).values, **_typed(arguments)}
    for key in document.keys() - values.keys():
        del document[key]
    document.update(values)
    with told_as(f"{path}: cannot be written"):
        write_whole(path, tomlkit.dumps(document))
    return read_settings(path)


def _typed(arguments: Arguments) -> dict[str, Value]:
    """The options that were typed, by their long names; files that are there by their whole paths."""
    typed, values = said(arguments.argv, "play"), dict[str, Value]()
    for key, option in play_options().items():
        value = typed.get(option.dest)
        if value is None or option.help == argparse.SUPPRESS or key in _NOT_KEPT:
            continue
        if option.nargs == 0:
            values[key] = value == option.const
        elif isinstance(value, list):
            values[key] = [_kept(one, option) for one in value]
        else:
            values[key] = _kept(value, option)
    return values


def _kept(text: str, option: argparse.Action) -> str | int:
    if _reads(option, text) and Path(text).exists():
        return str(Path(text).absolute())
    return int(text) if text.isdecimal() and str(int(text)) == text else text
