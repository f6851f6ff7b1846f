"""How bright the finished picture is shown: by the master fader, and by a blackout that fades."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dimmer:
    """open: 0 blacked out .. 1 not at all; None before the first frame, which does not fade."""

    open: float | None = None

    def after(self, dt: float, values: Mapping[str, float]) -> Dimmer:
        """`dt` seconds later, where the parameters have `values`. A fade that is turned round goes back from where it
        is."""
        goal, seconds = float(values["out.blackout"] <= 0.5), values["out.fade"]
        if self.open is None or seconds <= 0.0:
            return Dimmer(goal)
        step = dt / seconds
        return Dimmer(min(goal, self.open + step) if goal > self.open else max(goal, self.open - step))

    def level(self, values: Mapping[str, float]) -> float:
        """0 black .. 1 as it is."""
        return values["out.level"] * (1.0 if self.open is None else self.open)
