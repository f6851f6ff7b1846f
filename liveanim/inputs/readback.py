"""What the show's parameters stand at, for inputs that answer questions or must meet a value before they move it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..core.model import Blend, frozen_map


class Readback:
    """A sink that keeps the newest values. Any thread may read: each attribute is replaced whole.

    values   every parameter's value by name, in its own unit; empty before the first frame
    knobs    where the knobs stand that have taken over
    presets  names of those that can be played; at first those given
    midi     what MIDI knobs do in the preset that plays, in the words of MIDI maps
    learning what the next MIDI knob to move shall play; '' for nothing
    """

    def __init__(self, presets: Sequence[str] = ()) -> None:
        self.presets: Sequence[str] = tuple(presets)
        self.values: Mapping[str, float] = frozen_map({})
        self.knobs: Mapping[str, float] = frozen_map({})
        self.learning = ""
        self.midi: Sequence[Mapping[str, Any]] = ()

    def write(self, blend: Blend, now: float) -> None:
        self.values, self.knobs, self.learning = blend.values, blend.knobs, blend.status.learning
        self.midi, self.presets = blend.midi, blend.status.presets
