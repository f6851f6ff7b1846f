"""Rhythms: what is played when, in beats, for one bar of 4, by style."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Rng = np.random.Generator
Bar = list[tuple[float, str, float]]  # (beat 0..4, part, strength 0..1)


@dataclass(frozen=True, slots=True)
class Style:
    """How a style moves. `low`..`high` BPM; `swing` (beats): how late off-16ths (off-8ths where `eighths`) may come."""

    name: str
    low: float
    high: float
    drums: Callable[[Rng], Callable[[], Bar]]
    swing: float = 0.0
    eighths: bool = False
    electronic: float = 0.3  # share of drum machines
    loose: float = 0.006  # s of human timing


def _accent(rng: Rng, strong: float = 0.8) -> float:
    return float(np.clip(rng.normal(strong, 0.12), 0.05, 1.0))


def _hats(rng: Rng) -> Callable[[], Bar]:
    """A timekeeper on hat or ride: quarters, eighths, off-beats, sixteenths, with accents, openings and holes."""
    part = str(rng.choice(["hat", "hat", "hat", "ride", "open", "none"], p=[0.3, 0.2, 0.2, 0.15, 0.05, 0.1]))
    grid = float(rng.choice([1.0, 0.5, 0.5, 0.5, 0.25, 0.25]))
    shift = 0.5 if grid == 1.0 and rng.random() < 0.5 else 0.0
    weak = rng.uniform(0.25, 0.9)
    openness, holes = rng.choice([0.0, 0.05, 0.2]), rng.choice([0.0, 0.0, 0.1, 0.25])

    def bar() -> Bar:
        out: Bar = []
        for at in np.arange(shift, 4, grid):
            if part == "none" or rng.random() < holes:
                continue
            strength = _accent(rng) * (1.0 if (at * 2) % 2 == shift * 2 else weak)
            opened = part == "hat" and rng.random() < openness
            out.append((float(at), "open" if opened else part, strength * 0.7))
        return out

    return bar


def _backbeat(rng: Rng) -> Bar:
    out: Bar = [(1.0, "snare", _accent(rng, 0.9)), (3.0, "snare", _accent(rng, 0.9))]
    return out


def _ghosts(rng: Rng, chance: float) -> Bar:
    return [
        (at, "snare", rng.uniform(0.08, 0.3)) for at in np.arange(0.25, 4, 0.25) if at % 1 and rng.random() < chance
    ]


def four(rng: Rng) -> Callable[[], Bar]:
    hats, extra = _hats(rng), rng.random()
    back = str(rng.choice(["clap", "snare", "none"], p=[0.45, 0.35, 0.2]))
    offbeat = str(rng.choice(["hat", "open", "none"], p=[0.4, 0.4, 0.2]))

    def bar() -> Bar:
        out: Bar = [(float(b), "kick", _accent(rng, 0.95)) for b in range(4)]
        if back != "none":
            out += [(1.0, back, _accent(rng)), (3.0, back, _accent(rng))]
        if offbeat != "none":
            out += [(b + 0.5, offbeat, _accent(rng, 0.7)) for b in range(4)]
        if extra < 0.6:
            out += hats()
        if extra > 0.7:
            out += [(float(at), "perc", _accent(rng, 0.5)) for at in np.arange(0, 4, 0.25) if rng.random() < 0.3]
        return out

    return bar


def rock(rng: Rng) -> Callable[[], Bar]:
    hats = _hats(rng)
    kicks = [0.0] + [at for at in (0.5, 1.5, 2.0, 2.5, 3.5, 1.75, 2.75, 0.75) if rng.random() < 0.35]
    ghosts = float(rng.choice([0.0, 0.0, 0.1]))

    def bar() -> Bar:
        own = [at for at in kicks if at == 0 or rng.random() < 0.92]
        return [(at, "kick", _accent(rng, 0.9)) for at in own] + _backbeat(rng) + hats() + _ghosts(rng, ghosts)

    return bar


def fast(rng: Rng) -> Callable[[], Bar]:
    hats, doubled = _hats(rng), rng.random() < 0.5
    kicks = [at for at in np.arange(0, 4, 0.5) if at % 2 != 1 and rng.random() < 0.6] or [0.0, 2.0]

    def bar() -> Bar:
        out: Bar = [(float(at), "kick", _accent(rng, 0.9)) for at in kicks] + hats()
        return out + ([(b + 0.5, "snare", _accent(rng, 0.9)) for b in range(4)] if doubled else _backbeat(rng))

    return bar


def metal(rng: Rng) -> Callable[[], Bar]:
    hats, grid = _hats(rng), float(rng.choice([0.25, 0.25, 0.5]))
    gallop, blast = rng.random() < 0.3, rng.random() < 0.2

    def bar() -> Bar:
        out = hats()
        for at in np.arange(0, 4, grid):
            if not (gallop and at % 1 == 0.25):
                out.append((float(at), "kick", _accent(rng, 0.8)))
        return out + ([(at, "snare", 0.8) for at in np.arange(0, 4, 0.5)] if blast else _backbeat(rng))

    return bar


def funk(rng: Rng) -> Callable[[], Bar]:
    hats, ghosts = _hats(rng), rng.uniform(0.1, 0.4)
    kicks = [0.0] + [float(at) for at in np.arange(0.25, 4, 0.25) if at % 1 and rng.random() < 0.22]
    moved = rng.random() < 0.3

    def bar() -> Bar:
        out: Bar = [(at, "kick", _accent(rng, 0.85)) for at in kicks if at == 0 or rng.random() < 0.85]
        back = [
            (1.0, "snare", _accent(rng, 0.9)),
            (2.75 if moved and rng.random() < 0.5 else 3.0, "snare", _accent(rng, 0.9)),
        ]
        return out + back + hats() + _ghosts(rng, ghosts)

    return bar


def shuffle(rng: Rng) -> Callable[[], Bar]:
    part, steady = str(rng.choice(["hat", "ride", "snare"])), rng.random() < 0.7

    def bar() -> Bar:
        out: Bar = [(float(b), "kick", _accent(rng)) for b in range(4) if b % 2 == 0 or rng.random() < 0.3]
        out += _backbeat(rng)
        for b in range(4):
            out.append((float(b), part, _accent(rng, 0.5)))
            if steady or rng.random() < 0.5:
                out.append((b + 0.5, part, _accent(rng, 0.35)))
        return out

    return bar


def jazz(rng: Rng) -> Callable[[], Bar]:
    feather = rng.random() < 0.5

    def bar() -> Bar:
        out: Bar = [(b, "ride", _accent(rng, 0.6)) for b in (0.0, 1.0, 1.5, 2.0, 3.0, 3.5) if rng.random() < 0.95]
        out += [(1.0, "hat", _accent(rng, 0.5)), (3.0, "hat", _accent(rng, 0.5))]
        out += [(float(at), "snare", rng.uniform(0.1, 0.6)) for at in np.arange(0.5, 4, 0.5) if rng.random() < 0.2]
        out += [(float(b), "kick", rng.uniform(0.15, 0.4)) for b in range(4) if feather]
        return out + [
            (float(at), "kick", rng.uniform(0.4, 0.8)) for at in np.arange(0.5, 4, 1.0) if rng.random() < 0.12
        ]

    return bar


def reggae(rng: Rng) -> Callable[[], Bar]:
    steppers, rim = rng.random() < 0.3, str(rng.choice(["rim", "snare"]))
    hats = _hats(rng)

    def bar() -> Bar:
        out: Bar = [(float(b), "kick", _accent(rng)) for b in (range(4) if steppers else (2,))]
        return [*out, (2.0, rim, _accent(rng)), *hats(), *_ghosts(rng, 0.05)]

    return bar


def latin(rng: Rng) -> Callable[[], Bar]:
    clave = [0.0, 0.75, 1.5, 2.5, 3.0] if rng.random() < 0.5 else [0.5, 1.0, 2.0, 2.75, 3.5]
    conga = [at for at in np.arange(0, 4, 0.25) if rng.random() < 0.45]
    hats = _hats(rng)

    def bar() -> Bar:
        out: Bar = [(at, "rim", _accent(rng, 0.6)) for at in clave]
        out += [(float(at), "perc", _accent(rng, 0.5)) for at in conga if rng.random() < 0.9]
        out += [(at, "kick", _accent(rng, 0.7)) for at in (0.0, 0.75, 2.0, 2.75) if rng.random() < 0.8]
        return out + hats()

    return bar


def dnb(rng: Rng) -> Callable[[], Bar]:
    hats, ghosts = _hats(rng), rng.uniform(0.0, 0.3)
    kicks = [0.0, 2.5] if rng.random() < 0.7 else [0.0, 0.75, 2.5]

    def bar() -> Bar:
        return [(at, "kick", _accent(rng, 0.9)) for at in kicks] + _backbeat(rng) + hats() + _ghosts(rng, ghosts)

    return bar


def halftime(rng: Rng) -> Callable[[], Bar]:
    kicks = [0.0] + [float(at) for at in np.arange(0.5, 4, 0.5) if at != 2 and rng.random() < 0.25]
    back = str(rng.choice(["clap", "snare"]))

    def bar() -> Bar:
        out: Bar = [(at, "kick", _accent(rng, 0.9)) for at in kicks] + [(2.0, back, _accent(rng, 0.9))]
        for b in np.arange(0, 4, 0.5):
            roll = rng.random()
            steps = 4 if roll < 0.08 else 3 if roll < 0.14 else 2 if roll < 0.35 else 1
            out += [(float(b + 0.5 * k / steps), "hat", _accent(rng, 0.5)) for k in range(steps)]
        return out

    return bar


def broken(rng: Rng) -> Callable[[], Bar]:
    kicks = [0.0] + [float(at) for at in np.arange(0.25, 4, 0.25) if rng.random() < 0.18]
    snares = [1.0, 3.0] + [at for at in (1.75, 2.25, 3.75) if rng.random() < 0.35]
    hats = _hats(rng)

    def bar() -> Bar:
        out: Bar = [(at, "kick", _accent(rng, 0.9)) for at in kicks if at == 0 or rng.random() < 0.9]
        return out + [(at, "snare", _accent(rng) * (1 if at % 2 == 1 else 0.6)) for at in snares] + hats()

    return bar


def train(rng: Rng) -> Callable[[], Bar]:
    """Country: brushes or sticks running sixteenths with accents, or a plain two-beat."""
    running = rng.random() < 0.5
    hats = _hats(rng)

    def bar() -> Bar:
        out: Bar = [(0.0, "kick", _accent(rng)), (2.0, "kick", _accent(rng))]
        if running:
            accents = {1.0, 3.0} if rng.random() < 0.7 else {0.5, 1.5, 2.5, 3.5}
            return out + [(float(at), "snare", 0.8 if at in accents else 0.3) for at in np.arange(0, 4, 0.25)]
        return out + [(b, str(rng.choice(["snare", "rim"])), _accent(rng, 0.7)) for b in (1.0, 3.0)] + hats()

    return bar


STYLES = (
    Style("four", 95, 150, four, electronic=0.8, loose=0.001),
    Style("four", 95, 150, four, electronic=0.8, loose=0.001),
    Style("rock", 70, 170, rock, electronic=0.1),
    Style("rock", 75, 150, rock, electronic=0.1),
    Style("rock", 75, 150, rock, swing=0.05, electronic=0.3),
    Style("fast", 130, 210, fast, electronic=0.05),
    Style("metal", 90, 180, metal, electronic=0.05),
    Style("funk", 80, 135, funk, swing=0.04, electronic=0.15),
    Style("shuffle", 80, 180, shuffle, swing=0.167, eighths=True, electronic=0.05),
    Style("jazz", 90, 210, jazz, swing=0.15, eighths=True, electronic=0.0, loose=0.01),
    Style("reggae", 70, 150, reggae, swing=0.08, eighths=True, electronic=0.15),
    Style("latin", 85, 135, latin, electronic=0.15),
    Style("dnb", 160, 182, dnb, electronic=0.7, loose=0.001),
    Style("halftime", 125, 160, halftime, electronic=0.9, loose=0.001),
    Style("hiphop", 75, 105, funk, swing=0.06, electronic=0.6),
    Style("broken", 95, 145, broken, electronic=0.5, loose=0.003),
    Style("train", 80, 140, train, electronic=0.0),
)


def fill(rng: Rng) -> Bar:
    """The last two beats of a phrase on toms or snare, sometimes a whole bar."""
    start = float(rng.choice([0.0, 2.0, 2.0, 3.0]))
    grid = float(rng.choice([0.25, 0.25, 0.5]))
    part = str(rng.choice(["tom", "snare", "mixed"]))
    out: Bar = []
    for at in np.arange(start, 4, grid):
        if rng.random() < 0.9:
            name = part if part != "mixed" else str(rng.choice(["tom", "snare"]))
            out.append((float(at), name, _accent(rng, 0.8)))
    return out
