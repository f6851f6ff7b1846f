"""The loop pedal for knobs: one press records what is done to them, the next one has it repeat."""

from __future__ import annotations

import math

from . import loops
from .loops import LONGEST, Moment, Recording
from .performance import Performance
from .tempo import Beat

LETS_GO = 0.25  # s: a hand that still moves this soon after the press was about to stop


class Looper:
    """Owned by the hands. Times are moments: (show time in s, beat)."""

    def __init__(self, play: Performance) -> None:
        self._play = play
        self._recording: Recording | None = None
        self._ended = -math.inf  # show time of the press that ended a recording
        self._repeat: frozenset[str] = frozenset()  # the parameters of that recording

    def line(self, moment: Moment) -> str:
        """How long the gesture is that is being recorded; '' for none."""
        return "" if self._recording is None else self._recording.line(moment)

    def press(self, moment: Moment, timed: bool) -> str:
        """Begin to record (`timed`: in seconds), or have what was recorded repeat; a line about it."""
        recording, play = self._recording, self._play
        if recording is None:
            play.panel.replay(moment)
            self._recording = Recording(moment[0 if timed else 1], timed, play.panel.knobs())
            return ""
        gestures = recording.gestures(moment)
        self._recording, self._ended, self._repeat = None, moment[0], frozenset(gestures)
        if not gestures:
            return "no knob was moved: nothing repeats"
        before = play.state()
        play.loop(gestures, moment[0])
        play.history.will_change("do.loop", before, moment[0])
        first, *more = gestures
        return f"every {recording.line(moment)}: {first}{f' and {len(more)} more' if more else ''}"

    def full(self, moment: Moment) -> bool:
        """Whether the recording that runs has to end now."""
        return self._recording is not None and self._recording.passed(moment) >= LONGEST

    def turned(self, name: str, moment: Moment) -> None:
        """A hand has turned the knob of `name`, or let it go."""
        if self._recording is not None:
            self._recording.turned(name, self._play.panel.knob(name), moment)

    def release(self, moment: Moment) -> None:
        """Let every knob go."""
        self._play.panel.release()
        for name in () if self._recording is None else self._recording.steps:
            self.turned(name, moment)

    def goes_on(self, name: str, time: float) -> bool:
        """Whether a turn of `name` at `time` (s) is but the end of a gesture that repeats already."""
        return name in self._repeat and 0.0 <= time - self._ended < LETS_GO

    def drop(self) -> None:
        """Give up what is being recorded."""
        self._recording = None

    def as_text(self, at: Beat) -> str:
        """For `take_up`: what repeats and what is being recorded, `at` a beat; '' when there is nothing."""
        playing = self._play.panel.loops()
        return loops.as_text(playing, self._recording, at) if playing or self._recording is not None else ""

    def take_up(self, text: str, time: float, at: Beat) -> None:
        """Go on with what `as_text` said at the same place in a bar: at show time `time` it is `at`."""
        gestures, self._recording = loops.parsed(text, at)
        self._play.loop(gestures, time)
