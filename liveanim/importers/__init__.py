"""Looks from other programs: their files in, a preset's text and a report out."""

from __future__ import annotations

from ..core.errors import UserError
from . import deforum, loose, parseq
from .report import Imported, as_text

__all__ = ["LARGEST", "Imported", "as_text", "import_text"]
LARGEST = 50_000_000
"""Characters of a file that is looked at."""


def import_text(text: str, name: str) -> Imported:
    """A preset from a Deforum settings file or a Parseq document; `name` of the file for messages.

    UserError says in one line, with line and column, why it cannot be read.
    """
    if len(text) > LARGEST:
        raise UserError(f"{name}: longer than {LARGEST // 1_000_000} million characters")
    data, notes = loose.read(text, name)
    if parseq.is_document(data):
        return parseq.imported(data, name, notes)
    settings = deforum.settings_in(data)
    if settings is None:
        raise UserError(f"{name}: neither Deforum settings nor a Parseq document: none of their fields is in it")
    return deforum.imported(settings, name, notes)
