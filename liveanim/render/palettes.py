"""Colours for words: which palette a prompt asks for, as a table of gradients."""

from __future__ import annotations

import re
import zlib
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

# name: colours from the dark end to the light end, as #rrggbb; the colours that ask for it; the things that do
_TABLE: dict[str, tuple[str, str, str]] = {
    "neon": ("#0a0118 #2b0a5e #c1129f #ff3d81 #21d4fd #e8fbff", "neon magenta", "cyber synthwave vaporwave retro club"),
    "fire": (
        "#0a0203 #4a0505 #b81d05 #ff6a00 #ffc043 #fff4d0",
        "tangerine orange",
        "fire flame lava ember hot phoenix",
    ),
    "ocean": (
        "#020b1c #06304f #0a6a8a #14b3b1 #8be8d8 #f2fffb",
        "turquoise teal aqua cyan",
        "ocean sea water waves deep",
    ),
    "azure": (
        "#01060f #062a66 #0c5fd0 #3aa0ff #8fd8ff #f0fbff",
        "azure blue sapphire cobalt",
        "rain lightning electric",
    ),
    "gold": (
        "#0d0703 #3b1f08 #8a5312 #d69a2c #f8dc83 #fffbe6",
        "gold golden brass amber sepia",
        "honey temple sun sunny",
    ),
    "forest": (
        "#04100a #0d3521 #23693a #6aa84a #c9d87a #fbf7d8",
        "emerald green",
        "forest moss jungle leaf leaves fern",
    ),
    "ice": (
        "#030818 #102a5c #2f6fb3 #7fc3ea #d3effb #ffffff",
        "ice",
        "frost snow winter cold glacier crystal crystals",
    ),
    "sunset": (
        "#140a2e #4a1a5c #a32a66 #f0614a #ffb05c #fff0c2",
        "sunset dusk",
        "dawn sunrise evening desert dunes sand",
    ),
    "violet": (
        "#0a0418 #2d1259 #6a2bb0 #b26be8 #efb8f5 #fff5ff",
        "violet purple lavender indigo",
        "magic mystic orchid",
    ),
    "aurora": ("#02060f #0b2140 #0b6e6e #2fd08a #9b6bf2 #f4e9ff", "aurora", "northern polar night sky borealis"),
    "rose": ("#18040c #5c0f2e #b8325c #f07f94 #fbc9c4 #fff6f0", "rose pink", "flower flowers blossom love coral peony"),
    "mono": ("#050507 #26272b #5b5d63 #9a9ca1 #d8d9db #ffffff", "mono monochrome grey gray silver", "black white ink"),
    "acid": (
        "#050a02 #143d0a #4fae0c #c6f20d #fff04a #ff4ad8",
        "acid lime",
        "toxic rave psychedelic slime radioactive",
    ),
    "galaxy": (
        "#03020c #160a3a #3f1a7d #a13aa6 #ff8c9e #fff3d9",
        "galaxy",
        "space cosmic nebula stars starfield universe",
    ),
    "copper": (
        "#04110f #0c3a38 #2f7a6b #b86b3c #f0a868 #fff0dc",
        "copper bronze jade",
        "rust steampunk machine circuit",
    ),
    "candy": ("#1b0b3a #5a2ca0 #e0529c #ff9a8b #ffd36e #d8fff0", "candy pastel rainbow", "sweet pop bubble bubbles"),
    "blood": ("#060103 #2e0409 #7a0a14 #c4202a #f06a5a #ffe0d0", "crimson scarlet red ruby blood", "vampire velvet"),
}
NAMES = tuple(_TABLE)
_COLOURS = {word: name for name, (_, colours, _) in _TABLE.items() for word in colours.split()}
_THINGS = {word: name for name, (_, _, things) in _TABLE.items() for word in things.split()}
STEPS = 1024


def palette_of(text: str) -> str:
    """The name of the palette that `text` asks for by the most words (first wins ties); any text gives one, always.

    Colours go before things: lightning over an ocean, silver, is silver.
    """
    words = re.findall(r"[a-z]+", text.lower())
    for known in (_COLOURS, _THINGS):
        if hits := [known[word] for word in words if word in known]:
            return max(dict.fromkeys(hits), key=hits.count)
    return NAMES[zlib.crc32(" ".join(words).encode()) % len(NAMES)]


@lru_cache(maxsize=len(NAMES))
def gradient(name: str) -> NDArray[np.floating]:
    """(STEPS, 3) linear-light RGB 0..1, dark to light: a smooth curve through the palette's colours."""
    colours = np.array([_rgb(code) for code in _TABLE[name][0].split()], np.float32) ** 2.2
    places = np.linspace(0, 1, len(colours))
    line = np.linspace(0, 1, STEPS)
    curve = np.stack([np.interp(line, places, colours[:, c]) for c in range(3)], -1)[:, None]
    soft = cv2.GaussianBlur(curve, (1, 129), 1, sigmaY=STEPS / 24, borderType=cv2.BORDER_REPLICATE)
    smooth = np.asarray(soft[:, 0], np.float32)
    smooth.flags.writeable = False
    return smooth


def _rgb(code: str) -> tuple[float, ...]:
    return tuple(int(code[i : i + 2], 16) / 255 for i in (1, 3, 5))
