"""The table of actions: what can be done besides turning parameters. Adding one is adding a row here and doing it in
`hands`.

From one row follow the event 'do.NAME', OSC's addresses, what a pad may do, the remote's list, the key's help.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True, slots=True)
class Action:
    """One action, done by an event 'do.NAME'.

    takes     the event's value: nothing; a number from `low` to `high`; the name of a preset or scene, or its number
              from `low` on; a text or nothing; a wish: what is to be learned and how (inputs.midilearn)
    path      OSC address under /liveanim, '' for none; what takes nothing has one under /liveanim/trigger as well
    edit      whether undo takes it back
    waits     whether `play.quantise` holds for it
    closed    whether only the keyboard, or MIDI itself, may do it
    """

    name: str
    takes: Literal["nothing", "number", "name", "text", "wish"]
    doc: str
    path: str = ""
    edit: bool = False
    waits: bool = False
    low: float = 0.0
    high: float = 0.0
    closed: bool = False

    def clamp(self, number: float) -> float:
        """`number` between `low` and `high`."""
        return min(self.high, max(self.low, number))

    def fault(self, value: object) -> str:
        """What is wrong with `value` in a map; '' when it is good."""
        if self.takes == "nothing":
            return "" if value is None else "takes no value"
        if self.takes == "number":
            good = type(value) in (int, float) and self.low <= value <= self.high  # type: ignore[operator]
            return "" if good else f"needs value = a number from {self.low:g} to {self.high:g}"
        if self.takes == "name":
            good = isinstance(value, str) or (type(value) is int and value >= self.low)
            return "" if good else f"needs value = a {self.name}'s name or number"
        return "" if value is None or isinstance(value, str) else "takes a text as its value, or none"


A = Action
_ROWS = (
    A("preset", "name", "preset by name or number (i) from 1; + next, - before", "preset", True, True, low=1),
    A("scene", "name", "scene by name or number (i) from 1; 0: the preset itself", "scene/go", True, True),
    A("reset", "nothing", "paint the next picture afresh", waits=True),
    A("release", "nothing", "give every held parameter back to its expression", edit=True),
    A("loop", "nothing", "record what knobs do; again: repeat it in time"),
    A("loop_clear", "nothing", "end all loops, and a recording", edit=True),
    A("panic", "nothing", "the preset as it was loaded, macros released, not frozen, on a fresh picture", edit=True),
    A("next", "nothing", "the next scene", edit=True, waits=True),
    A("back", "nothing", "the scene before", edit=True, waits=True),
    A("undo", "nothing", "take the last live edit back"),
    A("redo", "nothing", "do it again"),
    A("resume", "nothing", "take up the show that broke off", edit=True),
    A("save", "text", "save the show as it is now as a preset", "show/save"),
    A("set", "text", 'the set list: {"presets": [names in the order of their numbers], "only": false}', "show/set"),
    A("save_set", "nothing", "write the set list into its file"),
    A("take", "text", "keep a take from here on; end the one that runs", "show/take"),
    A("record", "text", "record a film from here on; end the one that runs", "show/record"),
    A("still", "nothing", "keep the picture on the stage as a PNG"),
    A(
        "input",
        "text",
        "hear another sound input, as 'USB:3-4' or 'loopback'; none: what it began with",
        "show/input",
    ),
    A("learn", "wish", "the next MIDI knob or pad to move plays this; nothing: none after all", "midi/learn"),
    A("forget", "wish", "give up the learned MIDI knobs and pads of this", "midi/forget"),
    A("adjust", "wish", "how a learned MIDI knob plays: 'stage.hue range=0.2..0.8 curve=2 invert'", "midi/adjust"),
    A("bpm", "number", "tempo in beats per minute", "tempo/bpm", low=1.0, high=1000.0),
    A("nudge", "number", "push the beat by a share of a beat", "tempo/nudge", low=-1.0, high=1.0),
    A("tap", "nothing", "a tap of the tempo", "tempo/tap"),
    A("resync", "nothing", "this is the first beat of a bar", "tempo/resync"),
    A("double", "nothing", "tempo twice as fast", "tempo/double"),
    A("halve", "nothing", "tempo half as fast", "tempo/halve"),
    A("lock", "nothing", "hold the tempo, or let it go"),
    A("follow", "nothing", "track the music again"),
    A("quit", "nothing", "end the show", closed=True),
    A("learned", "wish", "what became of a wish: the wish, a line end, and a line about it", closed=True),
)
ACTIONS: Mapping[str, Action] = MappingProxyType({row.name: row for row in _ROWS})
OPEN: Mapping[str, Action] = MappingProxyType({row.name: row for row in _ROWS if not row.closed})
"""What may be done from outside. Ending the show is not among them: that needs somebody at the keyboard."""
