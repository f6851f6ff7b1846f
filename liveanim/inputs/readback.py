"""What the show's parameters stand at, for inputs that answer questions or must meet a value before they move it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..core.model import Blend, Status, frozen_map
from ..core.params import PROMPT_SLOTS


def slots_of(status: Status) -> dict[str, str]:
    """The texts that play, by slot ('1' ..; '' where there is none), and 'negative'."""
    texts = [*status.prompts, *[""] * PROMPT_SLOTS][:PROMPT_SLOTS]
    return {**{str(slot): text for slot, text in enumerate(texts, 1)}, "negative": status.negative}


def told_of(blend: Blend) -> Mapping[str, float | str]:
    """What may be asked for: every parameter's value by name, in its own unit, and by the target of the event that
    sets it prompts, what plays, tempo."""
    status = blend.status
    return {
        **blend.values,
        **{f"prompt.{slot}": text for slot, text in slots_of(status).items()},
        "do.preset": status.preset,
        "do.scene": status.scene,
        "do.bpm": blend.signals.get("bpm", 0.0),
    }


class Readback:
    """A sink that keeps the newest values. Any thread may read: each attribute is replaced whole.

    values   every parameter's value by name, in its own unit; empty before the first frame
    knobs    where the knobs stand that have taken over
    told     what `told_of` has of the newest frame
    presets  names of those that can be played; at first those given
    midi     what MIDI knobs do in the preset that plays, in the words of MIDI maps
    frame    the newest one; None before the first
    learning what the next MIDI knob to move shall play; '' for nothing
    """

    def __init__(self, presets: Sequence[str] = ()) -> None:
        self.presets: Sequence[str] = tuple(presets)
        self.values: Mapping[str, float] = frozen_map({})
        self.knobs: Mapping[str, float] = frozen_map({})
        self.learning = ""
        self.midi: Sequence[Mapping[str, Any]] = ()
        self.frame: Blend | None = None

    @property
    def told(self) -> Mapping[str, float | str]:
        return told_of(self.frame or Blend(0.0))

    def write(self, blend: Blend, now: float) -> None:
        self.frame = blend
        self.values, self.knobs, self.learning = blend.values, blend.knobs, blend.status.learning
        self.midi, self.presets = blend.midi, blend.status.presets
