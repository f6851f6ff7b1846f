"""The keyboard: one table, from which follow what a key does, the help on screen and the reference page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from liveanim.core.actions import ACTIONS
from liveanim.core.model import ControlEvent
from liveanim.core.params import PARAMS


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `name` as GLFW names it ('space', 'f', '1', 'up'), after 'shift+' or 'ctrl+' where that is held.

    target/value  the control event it sends; with `step` the value is the parameter's present one plus `step`
    local         what the window does by itself: 'fullscreen', 'hud', 'help', 'mapping' or 'pick'
    """

    name: str
    doc: str
    target: str = ""
    value: float | str | None = None
    step: float = 0.0
    local: str = ""


KEYS: tuple[Key, ...] = (
    Key("escape", "quit (twice)", "do.quit"),
    Key("f", "full screen on and off", local="fullscreen"),
    Key("f11", "full screen on and off", local="fullscreen"),
    Key("space", "freeze the picture", "out.freeze", "toggle"),
    Key("b", "blackout", "out.blackout", "toggle"),
    Key("h", "this display on and off", local="hud"),
    Key("k", "fit the picture to the screen", local="mapping"),
    Key("f1", "list of keys", local="help"),
    Key("tab", "choose a parameter: turn, learn, release it by keys", local="pick"),
    *(Key(str(n), f"preset {n}", "do.preset", float(n)) for n in range(1, 10)),
    Key("page_down", "next preset", "do.preset", "+"),
    Key("page_up", "the preset before", "do.preset", "-"),
    *(Key(f"shift+{n}", f"scene {n}", "do.scene", float(n)) for n in range(1, 10)),
    Key("shift+0", "no scene: the preset itself", "do.scene", 0.0),
    Key("n", ACTIONS["next"].doc, "do.next"),
    Key("shift+n", ACTIONS["back"].doc, "do.back"),
    Key("a", "autopilot on and off", "play.autopilot", "toggle"),
    Key("q", "scenes wait for: nothing, beat, bar, four bars", "play.quantise", step=1.0),
    Key("m", "a beat more in a bar, from 16 to 1", "play.meter", step=1.0),
    Key("shift+m", "a beat less in a bar", "play.meter", step=-1.0),
    Key("ctrl+z", ACTIONS["undo"].doc, "do.undo"),
    Key("ctrl+y", ACTIONS["redo"].doc, "do.redo"),
    Key("ctrl+s", ACTIONS["save"].doc, "do.save"),
    Key("ctrl+r", ACTIONS["take"].doc, "do.take"),
    Key("ctrl+v", ACTIONS["record"].doc, "do.record"),
    Key("s", ACTIONS["still"].doc, "do.still"),
    Key("o", ACTIONS["resume"].doc, "do.resume"),
    Key("t", ACTIONS["tap"].doc, "do.tap"),
    Key("shift+t", ACTIONS["follow"].doc, "do.follow"),
    Key("y", ACTIONS["resync"].doc, "do.resync"),
    Key("r", ACTIONS["reset"].doc, "do.reset"),
    Key("p", "panic: the preset as it was loaded, on a fresh picture", "do.panic"),
    Key("backspace", ACTIONS["release"].doc, "do.release"),
    Key("l", ACTIONS["loop"].doc, "do.loop"),
    Key("shift+l", ACTIONS["loop_clear"].doc, "do.loop_clear"),
    Key("up", "brighter", "stage.exposure", step=0.25),
    Key("down", "darker", "stage.exposure", step=-0.25),
    Key("right", "turn the colours", "stage.hue", step=1 / 24),
    Key("left", "turn the colours back", "stage.hue", step=-1 / 24),
)
AGAIN = 2.0  # s within which a second press of the key that quits is its second
PLAIN = {key.name.rpartition("+")[2] for key in KEYS}
"""The keys themselves, without what is held down with them."""
BY_NAME: Mapping[str, Key] = {key.name: key for key in KEYS}


def event_for(key: Key, now: float, values: Mapping[str, float]) -> ControlEvent | None:
    """What pressing `key` at show time `now` sends; None for keys the window acts on itself.

    `values` holds the parameters' present values, for keys that step one up or down.
    """
    if not key.target:
        return None
    if not key.step:
        return ControlEvent(now, key.target, key.value, "keyboard")
    row = PARAMS[key.target]
    value = values.get(row.name, row.default) + key.step
    if key.target == "stage.hue":
        value = (value + 0.5) % 1.0 - 0.5
    elif row.curve == "step" and value > row.high:
        value = row.low
    value = row.clamp(value)
    return ControlEvent(now, key.target, value, "keyboard")


class Leaving:
    """The key that quits has to be pressed twice: a show is not ended by mistake. Times are show seconds."""

    def __init__(self) -> None:
        self._until = -math.inf

    def pressed(self, now: float) -> bool:
        """Whether this press ends the show; else it is the first of two."""
        ends, self._until = now < self._until, now + AGAIN
        return ends

    def hint(self, now: float) -> str:
        """What a second press would do, as long as it would; else ''."""
        return "escape once more ends the show" if now < self._until else ""


def help_lines() -> list[tuple[str, str]]:
    """(key, what it does) for people, with the digits in one line and doubles left out."""
    lines: list[tuple[str, str]] = []
    for key in KEYS:
        if key.name.isdigit():
            if key.name == "1":
                lines.append(("1 - 9", "preset"))
        elif key.name.startswith("shift+") and key.name[-1].isdigit():
            if key.name == "shift+1":
                lines.append(("shift 1 - 9, 0", "scene; none"))
        elif key.doc not in [doc for _, doc in lines]:
            lines.append((key.name.replace("_", " ") if len(key.name) > 1 else key.name.upper(), key.doc))
    return lines
