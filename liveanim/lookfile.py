"""A file with a look where a command expects something to play: what is played, how long and how large."""

from __future__ import annotations

import logging
import os
import shlex
from dataclasses import replace
from pathlib import Path

from .core.errors import UserError
from .library import FOREIGN, beside, read_import, read_preset
from .options import PlayOptions, RenderOptions

ENDLESS = 60.0  # s rendered of a look without an end when nothing says how long
SILENCE = "silence"
log = logging.getLogger(__name__)


def is_look(name: str) -> bool:
    """Whether `name` is a file with a look: a preset, or another program's settings."""
    return Path(name).suffix.lower() in (".toml", *FOREIGN)


def rendered(options: RenderOptions, audio: str | None) -> RenderOptions:
    """The options of a render whose source may be a look: its own rate, size and length where nothing else is said.

    With `audio` (or where the look names a soundtrack that is there) it is played to that, else in silence.
    """
    if not is_look(options.source):
        if audio is not None:
            raise UserError(
                f"render: the sound is {options.source} already: --audio goes with a preset or a settings file"
            )
        return options
    path = Path(options.source)
    clock = read_preset(path).clock
    own = soundtrack(path, audio)
    seconds = options.seconds
    if seconds is None and audio is None:
        seconds = clock.seconds if clock is not None and clock.frames else ENDLESS
    return replace(
        options,
        source=own or SILENCE,
        preset=options.preset or options.source,
        fps=options.fps or (clock.fps if clock else None),
        size=options.size or (clock.size if clock else None),
        seconds=seconds,
    )


def played(options: PlayOptions, source: str | None) -> PlayOptions:
    """The options of a live show that was given `source`: a look, or a piece of music to play to."""
    if source is None:
        return options
    if not is_look(source):
        if options.audio is not None or options.input is not None:
            raise UserError(f"play: {source} and --audio or --input: one sound at a time")
        return replace(options, audio=source)
    if options.preset is not None:
        raise UserError(f"play: {source} and --preset {options.preset}: one look to begin with")
    path = Path(source)
    clock = read_preset(path).clock
    sound = soundtrack(path, options.audio or options.input)
    audio = options.audio or (None if options.input else sound)
    return replace(options, preset=source, audio=audio, size=options.size or (clock.size if clock else None))


def soundtrack(path: Path, given: str | None) -> str | None:
    """The sound that is `given`, else what another program's file names, where it is there: beside it, or from here.

    What is to be known of such a file is said.
    """
    if path.suffix.lower() not in FOREIGN:
        return given
    found = read_import(path)
    for warning in found.warnings:
        log.warning("%s: %s", path, warning)
    log.warning("%s: %s; liveanim import %s --report lists them", path, found.summary(), shlex.quote(str(path)))
    named = beside(path.parent, found.sound)
    if given or os.path.isfile(named):
        return given or named
    if named:
        log.warning("%s: its soundtrack %s is not there: --audio FILE gives another", path, named)
    return None
