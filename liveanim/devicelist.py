"""`liveanim devices`: everything that can be plugged in or heard, in the words and numbers that the options take."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from .doctor import loopback
from .inputs.programs import WAYS
from .probes import Answer

Found = Mapping[str, Answer]


def looked_for(system: str = sys.platform) -> tuple[str, ...]:
    """The probes to ask on a `system`, the slowest first."""
    programs = [name for name, way in WAYS.items() if way.needs.system in ("", system)]
    return ("torch", *programs, "desks", "link", "cameras", "sound", "midi", "screen")


def device_lines(found: Found) -> list[tuple[str, list[str]]]:
    """(heading, lines) of each kind; one that is empty has a line that says why, where that is known."""
    programs = [name for name in WAYS if name in found]
    parts = [
        ("Sound inputs (--input NAME or number)", _sound(found), ["sound"]),
        ("MIDI inputs", [f"{one['name']} ({one['system']})" for one in _rows(found, "midi", "inputs")], ["midi"]),
        ("Monitors (--monitor N)", _monitors(found), ["screen"]),
        ("Cameras (--video N)", [f"{one['number']:>2}  {one['name']}" for one in _rows(found, "cameras")], ["cameras"]),
        (
            "Other programs (--video WAY:NAME, a part of it is enough)",
            [f"{way}:{one['name']}" for way in programs for one in _rows(found, way)],
            programs,
        ),
        (
            "Lighting desks (--dmx WAY:UNIVERSE)",
            [f"{one['way']}:{one['universe']}, from {one['sender']}" for one in _rows(found, "desks")],
            ["desks"],
        ),
        (
            "Ableton Link (--link)",
            [f"{one['others']} other{'s' * (one['others'] != 1)}, {one['bpm']:g} BPM" for one in _rows(found, "link")],
            ["link"],
        ),
        ("GPUs", _cards(found), ["torch"]),
    ]
    return [(title, lines + [why for key in keys if (why := _why(found[key]))]) for title, lines, keys in parts]


def _rows(found: Found, name: str, key: str = "found") -> list[Any]:
    return found[name].value(key) or []


def _why(answer: Answer) -> str:
    """Why there is nothing, or less than there could be; '' where it is not known."""
    return f"cannot tell: {answer.problem}" if answer.problem else answer.value("why") or ""


def _sound(found: Found) -> list[str]:
    heard = loopback(found["sound"])
    return [
        f"{one['number']:>2}  {one['name']}, {one['channels']} channels, {one['rate']} Hz, {one['system']}"
        + (" (default)" if one["default"] else "")
        for one in _rows(found, "sound", "inputs")
    ] + ([f"    loopback: what this machine plays ({heard})"] if heard else [])


def _monitors(found: Found) -> list[str]:
    return [
        f"{n:>2}  {one['name']}, {one['width']}x{one['height']}" + (f", {one['rate']} Hz" if one["rate"] else "")
        for n, one in enumerate(_rows(found, "screen", "monitors"), 1)
    ]


def _cards(found: Found) -> list[str]:
    cards = [f"{card['name']}, {card['memory'] / 1e9:.0f} GB" for card in _rows(found, "torch", "gpus")]
    return cards + (["Apple GPU (mps)"] if found["torch"].value("mps") else [])
