"""`liveanim listen`: what the ears hear, as meters in the terminal."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TextIO

import numpy as np

from .clock import Clock
from .core.model import SILENT_FFT, Features, Floats
from .core.params import METER
from .core.tempo import Beat, BeatClock, beat_of_bar
from .inputs.levels import LevelMeter

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

RATE = 24.0  # Hz
LINE_EVERY = 1.0  # s between lines where there is no terminal
LAMPS = ("onset", "kick", "snare", "hat")
METERS = ("rms", "bass", "mid", "high", "harmonic", "percussive", "flux", "centroid", "energy")
NOTES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_STEPS = " ▁▂▃▄▅▆▇█"
_LOW, _HIGH, _DIM = (64, 156, 255), (255, 92, 138), "grey42"
_GREEN, _YELLOW, _RED, _OFF = (80, 220, 120), (230, 200, 60), (255, 80, 60), (58, 62, 76)
_LAMP_COLOURS = {"onset": (255, 255, 255), "kick": (255, 92, 92), "snare": (255, 200, 64), "hat": (96, 220, 255)}


class Hearing(Protocol):
    """Ears: sound as features."""

    def read(self, now: float) -> Sequence[Features]: ...
    def status(self) -> str: ...


@dataclass(slots=True)
class Heard:
    """What the screen shows; `take` follows the ears. `peaks`: impulses since the last picture."""

    clock: BeatClock = field(default_factory=BeatClock)
    values: Mapping[str, float] = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LAMPS, 0))
    fft: Floats = field(default_factory=lambda: SILENT_FFT)
    bpms: deque[float] = field(default_factory=lambda: deque(maxlen=2000))

    def take(self, hops: Iterable[Features]) -> None:
        """The hops of one frame."""
        self.peaks = {name: self.values.get(name, 0.0) * 0.8 for name in LAMPS}
        for hop in hops:
            self.clock.observe(hop)
            self.values, self.fft = hop.values, hop.fft
            found = (hop.onsets, hop.kicks, hop.snares, hop.hats)
            for name, times in zip(LAMPS, found, strict=True):
                self.counts[name] += len(times)
                self.peaks[name] = max(self.peaks[name], hop.values.get(name, 0.0))
            if hop.bpm > 0 and hop.confidence > 0.5:
                self.bpms.append(hop.bpm)

    @property
    def bpm(self) -> float:
        """The median of the tempo over the last seconds in which it was sure, 0 when it never was."""
        return float(np.median(self.bpms)) if self.bpms else 0.0


def watch(ears: Hearing, level: LevelMeter, clock: Clock, out: TextIO, meter: int = METER) -> Heard:
    """Show the meters until the clock ends or somebody presses Ctrl-C; a line a second where there is no terminal.
    Bars have `meter` beats."""
    heard = Heard()
    heard.clock.set_meter(meter, 0.0)
    if not out.isatty():
        _lines(ears, level, clock, out, heard)
        return heard
    from rich.console import Console
    from rich.live import Live

    console = Console(file=out)
    with Live(console=console, auto_refresh=False, screen=False, transient=True) as live:
        try:
            for now in clock.frames():
                heard.take(ears.read(now))
                live.update(picture(heard, level, ears.status(), now, console.width), refresh=True)
        except KeyboardInterrupt:
            pass
    return heard


def _lines(ears: Hearing, level: LevelMeter, clock: Clock, out: TextIO, heard: Heard) -> None:
    due = LINE_EVERY
    for now in clock.frames():
        heard.take(ears.read(now))
        if now >= due:
            due += LINE_EVERY
            out.write(line(heard, level, ears.status(), now) + "\n")
            out.flush()


def line(heard: Heard, level: LevelMeter, status: str, now: float) -> str:
    """The same as one line of text."""
    beat = heard.clock.at(now)
    tempo = f"{beat.bpm:.1f} BPM ({beat.confidence:.0%})" if beat.source != "free" else "no tempo yet"
    counts = " ".join(f"{name} {count}" for name, count in heard.counts.items())
    return f"{now:6.1f} s  {level.now_db:5.0f} dB  {tempo}  {counts}  {level.advice()}  [{status}]"


def summary(heard: Heard) -> str:
    """What was heard in all, for the end."""
    tempo = f"{heard.bpm:.1f} BPM" if heard.bpm else "no tempo"
    return f"{tempo}; " + ", ".join(f"{count} {name}{'s' * (count != 1)}" for name, count in heard.counts.items())


def picture(heard: Heard, level: LevelMeter, status: str, now: float, width: int) -> RenderableType:
    """One frame of the meters, `width` columns wide."""
    from rich.box import ROUNDED
    from rich.console import Group
    from rich.panel import Panel
    from rich.text import Text

    inner = max(40, min(width, 110)) - 4
    beat = heard.clock.at(now)
    parts = [
        _input_line(level, inner),
        Text(""),
        *_spectrum(heard.fft, inner, 6),
        Text(""),
        *(_meter(name, heard.values.get(name, 0.0), inner) for name in METERS),
        Text(""),
        _lamps(heard),
        _tempo(beat, heard.values, inner),
    ]
    return Panel(
        Group(*parts), title=f"liveanim hears · {status}", subtitle="Ctrl-C ends", width=inner + 4, box=ROUNDED
    )


def _colour(share: float, low: tuple[int, ...] = _LOW, high: tuple[int, ...] = _HIGH) -> str:
    mixed = (round(a + (b - a) * min(1.0, max(0.0, share))) for a, b in zip(low, high, strict=True))
    return "rgb({},{},{})".format(*mixed)


def bar(value: float, width: int) -> str:
    """`value` 0..1 as a bar of `width` columns, to an eighth of a column."""
    eighths = round(min(1.0, max(0.0, value)) * width * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(width)


def _meter(name: str, value: float, width: int) -> Text:
    from rich.text import Text

    text = Text(f"{name:>10}  ", style="grey70")
    text.append(bar(value, width - 18), style=_colour(value))
    return text.append(f"  {value:.2f}", style=_DIM)


def _input_line(level: LevelMeter, width: int) -> Text:
    """The raw level over 60 dB, the highest peak of the last seconds as a mark, and the advice."""
    from rich.text import Text

    room = width - 20
    text = Text(f"{'input':>10}  ", style="bold")
    row = list(bar(1.0 + level.now_db / 60.0, room))
    mark = min(room - 1, max(0, round((1.0 + level.peak_db / 60.0) * room) - 1))
    if level.peak_db > -60.0:
        row[mark] = "│" if row[mark] == " " else row[mark]
    for at, sign in enumerate(row):
        text.append(sign, style=_colour(at / room, _GREEN, _RED if at > 0.9 * room else _YELLOW))
    advice = level.advice()
    text.append(f" {level.peak_db:4.0f} dB\n", style=_DIM)
    return text.append(" " * 12 + advice, style="green" if advice == "good level" else "bold yellow")


def _spectrum(fft: Floats, width: int, height: int) -> list[Text]:
    """Rows from the top: magnitudes over 60 dB on a scale of octaves."""
    from rich.text import Text

    at = np.geomspace(0.7, len(fft) - 1, width)
    lows = at.astype(int)
    tops = np.clip(np.append(lows[1:], len(fft)), lows + 1, len(fft))
    values = np.array([fft[low:top].max() for low, top in zip(lows, tops, strict=True)])
    levels = np.clip(1.0 + 20.0 * np.log10(np.maximum(values, 1e-6)) / 60.0, 0.0, 1.0) * height
    rows = []
    for row in range(height - 1, -1, -1):
        text = Text()
        for column, value in enumerate(levels):
            text.append(_STEPS[round(min(1.0, max(0.0, value - row)) * 8)], style=_colour(column / width))
        rows.append(text)
    return rows


def _lamps(heard: Heard) -> Text:
    from rich.text import Text

    text = Text(" " * 12)
    for name in LAMPS:
        glow = heard.peaks.get(name, 0.0)
        text.append("● ", style=_colour(glow**0.7, _OFF, _LAMP_COLOURS[name]))
        text.append(f"{name} {heard.counts[name]}".ljust(14), style="bold" if glow > 0.5 else "grey70")
    return text


def _tempo(beat: Beat, values: Mapping[str, float], width: int) -> Text:
    """BPM, the beats of the bar with the one that is on lit, how sure, and the note."""
    from rich.text import Text

    known = beat.source != "free"
    text = Text(" " * 12)
    text.append(f"{beat.bpm:6.1f} BPM  " if known else "  no tempo  ", style="bold" if known else _DIM)
    on = beat_of_bar(beat.bar, beat.phase, beat.meter)
    for n in range(beat.meter):
        glow = (1.0 - beat.phase) ** 1.5 * min(1.0, 0.3 + beat.confidence) if n == on and known else 0.0
        text.append("■ ", style=_colour(glow, _OFF, (255, 92, 138) if n == 0 else (120, 200, 255)))
    text.append(f" {beat.confidence:4.0%} sure   " if known else " " * 13, style=_DIM)
    text.append(note_name(values.get("note", 0.0)).ljust(5), style="bold")
    silent = values.get("silence", 0.0) > 0.5
    return text.append("silence" if silent else "", style="yellow")


def note_name(note: float) -> str:
    """MIDI number 69.0 -> 'A4'; 0 (no pitch) -> ''."""
    number = round(note)
    return f"{NOTES[number % 12]}{number // 12 - 1}" if number > 0 else ""
