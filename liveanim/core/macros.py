"""What macros do in looks that do not use them: a controller plays at once, whatever the preset is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .expr import Driver
from .params import MACRO_NAMES

_MENTION = re.compile(r"\bm([1-8])\b")


@dataclass(frozen=True, slots=True)
class Macro:
    """`name`: what it is called; it adds `reach` of the way (0..1) of parameter `target` when it is turned up."""

    name: str
    target: str
    reach: float


_PLAYED = (
    ("stage.feedback", 0.9),
    ("stage.bloom", 0.8),
    ("stage.split", 0.6),
    ("stage.hue", 0.5),
    ("stage.kaleidoscope", 0.5),
    ("camera.zoom", 0.15),
    ("stage.pixelate", 0.6),
    ("picture.strength", -0.3),
)
MACROS = tuple(Macro(name, *played) for name, played in zip(MACRO_NAMES, _PLAYED, strict=True))
"""By number from 1."""


def free(
    drivers: Mapping[str, Driver | float], others: Iterable[Driver | float], texts: Iterable[str]
) -> frozenset[int]:
    """Numbers of the macros that a look does not use: not in its `drivers` nor in the inputs of its modulators
    (`others`), nor in weights within `texts`, nor driven by it."""
    sources = [*drivers.values(), *others]
    names = {name for one in sources if not isinstance(one, (int, float)) for name in one.names}
    names |= {name.removeprefix("macro.") for name in drivers}
    names |= {f"m{number}" for text in texts for number in _MENTION.findall(text)}
    return frozenset(number for number in range(1, len(MACROS) + 1) if f"m{number}" not in names)
