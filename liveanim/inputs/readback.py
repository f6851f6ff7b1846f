"""What the show's parameters stand at, for inputs that answer questions or must meet a value before they move it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..core.model import Blend, frozen_map
from ..core.params import PROMPT_SLOTS


def texts_of(blend: Blend) -> dict[str, float | str]:
    """What may be asked for besides parameters, by the target of the event that sets it: prompts, what plays, tempo."""
    status = blend.status
    slots = [*status.prompts, *[""] * PROMPT_SLOTS][:PROMPT_SLOTS]
    return {
        **{f"prompt.{slot}": text for slot, text in enumerate(slots, 1)},
        "prompt.negative": status.negative,
        "do.preset": status.preset,
        "do.scene": status.scene,
        "do.bpm": blend.signals.get("bpm", 0.0),
    }


class Readback:
    """A sink that keeps the newest values. Any thread may read: each attribute is replaced whole.

    values   every parameter's value by name, in its own unit; empty before the first frame
    knobs    where the knobs stand that have taken over
    told     the values, and what `texts_of` has
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
        self._blend = Blend(0.0)

    @property
    def told(self) -> Mapping[str, float | str]:
        return {**self.values, **texts_of(self._blend)}

    def write(self, blend: Blend, now: float) -> None:
        self._blend = blend
        self.values, self.knobs, self.learning = blend.values, blend.knobs, blend.status.learning
        self.midi, self.presets = blend.midi, blend.status.presets
