"""Opens the web remote of a live show, and says where it is."""

from __future__ import annotations

import logging
import os
import re
import secrets
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import segno

from . import __version__, home
from .core.errors import UserError, brief
from .core.params import Table
from .core.preset import Preset
from .inputs.web.hub import Learned, Rows, Thumbnails
from .inputs.web.server import PORT, WebRemote
from .options import PlayOptions

log = logging.getLogger(__name__)

_TOKEN = re.compile(r"[\w-]{16,64}", re.ASCII)


def open_remote(
    options: PlayOptions,
    clock: Callable[[], float],
    presets: Sequence[Preset],
    table: Table,
    osc_port: int | None,
    learned: Learned = lambda: {},
    takes: Rows = lambda: [],
    thumbnails: Callable[[], Thumbnails] = Thumbnails,
) -> WebRemote | None:
    """The remote that was asked for; None without one. UserError only where its port was named, or --listen.

    table: the parameters of this show; osc_port: where OSC comes in; learned: what MIDI knobs have learned;
    takes, thumbnails: those there are.
    """
    if not options.web:
        return None
    host, token = ("0.0.0.0", kept_token(token_file())) if options.listen else ("127.0.0.1", "")
    rows = [(preset.name, preset.about) for preset in presets]
    try:
        remote = WebRemote(
            clock, rows, host, options.web_port or PORT, token, __version__, table, osc_port, learned, takes, thumbnails
        )
    except UserError as error:
        if options.web_port is not None or options.listen:
            raise
        log.warning("%s; the show goes on without it", error)
        return None
    _say(remote.link, code=options.listen)
    return remote


def token_file() -> Path:
    """Where the token is kept from show to show, so that a phone finds its way back after a restart."""
    return home.config() / "remote-token"


def kept_token(path: Path) -> str:
    """The token in `path`; a new one, written there for this user alone, when there is none."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        text = ""
    if _TOKEN.fullmatch(text):
        return text
    token = secrets.token_urlsafe(12)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(token + "\n")
    except OSError as error:
        log.warning("the remote's token cannot be kept for the next show (%s: %s)", path, brief(error))
    return token


def _say(link: str, code: bool) -> None:
    """The link on standard output; for phones as a QR code too, where there is a terminal to show it."""
    sys.stdout.write(f"Web remote: {link}\n")
    if code and sys.stdout.isatty():
        try:
            segno.make(link, error="l").terminal(sys.stdout, compact=True)
        except UnicodeEncodeError:
            log.warning("this terminal cannot show a QR code: type the link")
    sys.stdout.flush()
