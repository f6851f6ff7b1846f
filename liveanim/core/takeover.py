"""Soft takeover: how a knob that stands elsewhere gets hold of a value without a jump. Places and values are 0..1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Mode = Literal["scale", "pickup", "jump"]
MODES: tuple[Mode, ...] = ("scale", "pickup", "jump")

NEAR = 0.012  # of the way: one and a half steps of a knob with 128 of them


@dataclass(frozen=True, slots=True)
class Grip:
    """What is remembered of a knob. place: where it stood last, None before it was touched; sent: what it last set."""

    place: float | None = None
    sent: float | None = None


def turn(grip: Grip, place: float, value: float, mode: Mode, near: float = NEAR) -> tuple[Grip, float | None]:
    """The knob stands at `place` now while the value stands at `value`: the new grip, and the new value if it changes.

    scale    the value moves in the knob's direction at once, at such a pace that both reach the end together
    pickup   nothing moves until the knob meets the value; from then on the value is where the knob is
    jump     the value is where the knob is
    A grip is lost when the value is no longer what the knob set (a change of look, another hand). `near`: what still
    counts as the same, at least half a step of a value that has steps.
    """
    held = grip.sent is not None and abs(value - grip.sent) <= near
    base = grip.sent if held and grip.sent is not None else value
    if mode == "jump" or (held and grip.sent == grip.place) or abs(place - base) <= near:
        return Grip(place, place), place
    if mode == "pickup":
        if grip.place is not None and (grip.place - base) * (place - base) <= 0:
            return Grip(place, place), place
        return Grip(place), None
    if grip.place is None or grip.place == place:
        return Grip(place, grip.sent if held else None), None
    new = _scaled(grip.place, place, base)
    return Grip(place, new), new


def _scaled(before: float, place: float, value: float) -> float:
    """`value` moved along with a knob from `before` to `place`: both have the same share of their way behind them."""
    if place > before:
        return 1.0 - (1.0 - value) * (1.0 - place) / (1.0 - before)
    return value * place / before
