"""Whole tracks from one-shots, with exact truth: what was hit when, where the beats are, what is too soft to judge."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.fft import next_fast_len

from .patterns import STYLES, Bar, Rng, Style, fill
from .samples import RATE, Audio, Shot, coloured, shot_of, synth_kit

CLASSES = ("onset", "kick", "snare", "hat")
CLASS_OF = {"kick": "kick", "snare": "snare", "rim": "snare", "clap": "snare", "hat": "hat", "open": "hat"}
DRUM_LEVEL = {
    "kick": 1.0,
    "snare": 0.9,
    "rim": 0.5,
    "clap": 0.7,
    "hat": 0.35,
    "open": 0.4,
    "tom": 0.8,
    "crash": 0.6,
    "ride": 0.4,
    "perc": 0.5,
}

Kit = dict[str, list[list[Shot]]]
Instrument = dict[int, Shot]


@dataclass(slots=True)
class Truth:
    """Times (s) by class; `unsure` are hits that may or may not be heard; `beats` are all beats."""

    hits: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in CLASSES})
    unsure: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in CLASSES})
    beats: list[float] = field(default_factory=list)

    def add(self, time: float, part: str, level: float) -> None:
        """A drum hit at `level` relative to the loudest of the kit."""
        to = self.hits if level > 0.06 else self.unsure
        to["onset"].append(time)
        if part in CLASS_OF:
            to[CLASS_OF[part]].append(time)


class Mixer:
    """Adds shots at times, keeps drums and music apart until the end."""

    def __init__(self, seconds: float) -> None:
        self.size = int(seconds * RATE)
        self.drums = np.zeros(self.size, dtype=np.float32)
        self.music = np.zeros(self.size, dtype=np.float32)

    def put(
        self, bus: Audio, shot: Shot, time: float, level: float, length: float | None = None, speed: float = 1.0
    ) -> None:
        """Place a shot so that its attack is at `time`; `length` (s) cuts it off, `speed` repitches it."""
        sound, attack = shot.sound, shot.attack
        if speed != 1.0:
            at = np.arange(0, len(sound) - 1, speed)
            sound = np.interp(at, np.arange(len(sound)), sound).astype(np.float32)
            attack = int(attack / speed)
        if length is not None:
            count = attack + int(length * RATE)
            if count < len(sound):
                sound = sound[:count].copy()
                tail = min(len(sound), 600)
                sound[-tail:] *= np.linspace(1, 0, tail, dtype=np.float32)
        start = round(time * RATE) - attack
        if start < 0 or start >= self.size:
            return
        part = sound[: self.size - start]
        bus[start : start + len(part)] += part * np.float32(level)


def beat_times(rng: Rng, style: Style, seconds: float) -> np.ndarray:
    """Beat times (s) from a random upbeat on: steady, humanly wandering, or with a change of tempo."""
    bpm = float(np.exp(rng.uniform(np.log(style.low), np.log(style.high))))
    kind = rng.random()
    times, now, wander, end_bpm = [], rng.uniform(0.1, 1.2), 0.0, bpm * rng.uniform(0.88, 1.14)
    while now < seconds:
        times.append(now)
        tempo = bpm + (end_bpm - bpm) * np.clip((now - seconds * 0.3) / (seconds * 0.4), 0, 1) if kind < 0.15 else bpm
        if kind < 0.2 and kind >= 0.15 and now > seconds / 2:
            tempo = end_bpm
        wander = 0.9 * wander + rng.normal(0, 0.004) * (kind > 0.5) * (style.electronic < 0.5)
        now += 60 / tempo * (1 + wander)
    return np.array(times)


def swung(at: float, style: Style, amount: float) -> float:
    """Where `at` (beats) is played when off-beats come late."""
    if style.eighths:
        return at + amount if abs(at % 1 - 0.5) < 1e-6 else at
    return at + amount if abs(at % 0.5 - 0.25) < 1e-6 else at


def repitched(shot: Shot, speed: float) -> Shot:
    """The shot played `speed` times as fast."""
    at = np.arange(0, len(shot.sound) - 1, speed)
    return Shot(np.interp(at, np.arange(len(shot.sound)), shot.sound).astype(np.float32), int(shot.attack / speed))


def coloured_shot(rng: Rng, shot: Shot, curve: np.ndarray) -> Shot:
    """The shot through an equaliser: `curve` in dB at 40 Hz, 80 Hz, ... 20 kHz."""
    size = next_fast_len(len(shot.sound), real=True)
    octaves = np.log2(np.maximum(np.arange(size // 2 + 1) * RATE / size, 40) / 40)
    gain = 10 ** (np.interp(octaves, np.arange(len(curve)), curve) / 20)
    sound = np.fft.irfft(np.fft.rfft(shot.sound, size) * gain, size)[: len(shot.sound)]
    return shot_of(sound) or shot


def choose_kit(rng: Rng, kits: list[Kit], machine: bool) -> Kit:
    """One of the kits, or a mixture of several, each class tuned and equalised in its own way."""
    own = synth_kit(rng)
    whole = kits[int(rng.integers(len(kits)))]
    mixed = rng.random() < 0.5
    out: Kit = {}
    for name in sorted(whole):
        source = kits[int(rng.integers(len(kits)))] if mixed else whole
        if machine and rng.random() < 0.7 and name in own:
            source = own
        speed = float(np.exp(rng.normal(0, 0.15)))
        curve = rng.normal(0, 5, 10)
        shots = source.get(name, whole[name])
        keep = shots if name in ("tom", "perc") else [shots[int(rng.integers(len(shots)))]]
        out[name] = [[coloured_shot(rng, repitched(shot, speed), curve) for shot in layers] for layers in keep]
    return out


def sympathy(rng: Rng, kind: str) -> Shot:
    """What else moves when a drum is hit: kick and toms ring along with a snare, snare wires buzz along with a kick."""
    t = np.arange(int(0.5 * RATE)) / RATE
    if kind == "ring":
        sound = sum(np.sin(2 * np.pi * hz * t + rng.uniform(0, 6)) for hz in rng.uniform(45, 160, 3)) * np.exp(
            -t / rng.uniform(0.05, 0.25)
        )
        sound *= np.minimum(1, t / rng.uniform(0.001, 0.01))
    else:
        sound = coloured(rng, len(t), 900, 9000) * np.exp(-t / rng.uniform(0.03, 0.15))
    return Shot((sound / np.abs(sound).max()).astype(np.float32), 0)


class Track:
    """One arranged track in the making."""

    def __init__(self, rng: Rng, kits: list[Kit], voices: dict[str, list[Instrument]], seconds: float) -> None:
        self.rng, self.seconds = rng, seconds
        self.style = STYLES[int(rng.integers(len(STYLES)))]
        self.beats = beat_times(rng, self.style, seconds)
        self.truth = Truth(beats=self.beats.tolist())
        self.mixer = Mixer(seconds)
        machine = rng.random() < self.style.electronic
        self.kit = choose_kit(rng, kits, machine)
        self.levels = {name: level * float(np.exp(rng.normal(0, 0.45))) for name, level in DRUM_LEVEL.items()}
        self.picks = {name: int(rng.integers(len(shots))) for name, shots in self.kit.items()}
        self.voices = {
            role: voices[role][int(rng.integers(len(voices[role])))]
            if rng.random() > 0.25 + 0.5 * machine
            else voices[f"synth {role}"][int(rng.integers(len(voices[f"synth {role}"])))]
            for role in ("bass", "chord", "pad", "lead")
        }
        self.swing = self.style.swing * rng.uniform(0.6, 1.1) if rng.random() < 0.8 else 0.0
        self.key = int(rng.integers(12))
        acoustic = not machine and rng.random() < 0.8
        self.rings = {"ring": sympathy(rng, "ring"), "buzz": sympathy(rng, "buzz")}
        self.bleed = {name: float(np.exp(rng.normal(np.log(0.12), 0.8))) * acoustic for name in self.rings}

    def time(self, beat: float) -> float:
        """Seconds of a (fractional) beat number."""
        i = int(np.clip(np.floor(beat), 0, len(self.beats) - 2))
        return float(self.beats[i] + (beat - i) * (self.beats[i + 1] - self.beats[i]))

    def human(self) -> float:
        return float(self.rng.normal(0, self.style.loose * 0.7))

    def drum(self, beat: float, part: str, strength: float) -> None:
        shots = self.kit.get(part)
        if not shots:
            return
        pick = self.picks[part] if part not in ("tom", "perc") else int(self.rng.integers(len(shots)))
        layers = shots[pick]
        shot = layers[min(len(layers) - 1, int(strength * len(layers)))]
        time = self.time(beat) + self.human()
        level = self.levels[part] * strength**1.5
        self.mixer.put(self.mixer.drums, shot, time, level)
        along = {"snare": "ring", "rim": "ring", "kick": "buzz", "tom": "buzz"}.get(part)
        if along and self.bleed[along] > 0.01:
            self.mixer.put(self.mixer.drums, self.rings[along], time + 0.002, level * min(0.5, self.bleed[along]))
        if time < self.seconds:
            self.truth.add(time, part, level / max(self.levels.values()))

    def bar(self, first: float, notes: Bar) -> None:
        for at, part, strength in notes:
            if first + at < len(self.beats) - 1:
                self.drum(first + swung(at, self.style, self.swing), part, strength)

    def note(self, role: str, beat: float, note: int, beats: float, level: float, heard: bool) -> None:
        shots = self.voices.get(role)
        if not shots or beat >= len(self.beats) - 1:
            return
        near = min(shots, key=lambda known: abs(known - note))
        time = self.time(beat) + self.human()
        length = max(0.05, beats * 60 / 120 * 0.9)
        self.mixer.put(self.mixer.music, shots[near], time, level, length, speed=2 ** ((note - near) / 12))
        sharp = shots[near].attack < 0.03 * RATE
        if time < self.seconds:
            (self.truth.hits if heard and sharp else self.truth.unsure)["onset"].append(time)


def _music(track: Track, bars: int, active: dict[str, np.ndarray]) -> None:
    """Bass, chords, pad and lead over a loop of four chords."""
    rng = track.rng
    roots = rng.choice([0, 2, 4, 5, 7, 9, 10], 4)
    third = int(rng.choice([3, 4]))
    levels = {
        role: float(np.exp(rng.normal(np.log(base), 0.5)))
        for role, base in (("bass", 0.6), ("chord", 0.3), ("pad", 0.2), ("lead", 0.3))
    }
    bass = _rhythm(rng, str(rng.choice(["eighths", "sixteenths", "offbeat", "quarters", "roots", "free"])))
    chord = _rhythm(rng, str(rng.choice(["quarters", "offbeat", "roots", "free", "eighths", "long"])))
    density = rng.uniform(0.1, 0.5)
    for n in range(bars):
        root = track.key + int(roots[n % 4])
        first = 4.0 * n
        if active["bass"][n]:
            for at, beats in bass:
                track.note(
                    "bass",
                    first + swung(at, track.style, track.swing),
                    28 + root + (12 if rng.random() < 0.1 else 0),
                    beats,
                    levels["bass"] * rng.uniform(0.7, 1),
                    True,
                )
        if active["chord"][n]:
            for at, beats in chord:
                for k, step in enumerate((0, third, 7)):
                    track.note(
                        "chord",
                        first + swung(at, track.style, track.swing),
                        52 + root + step,
                        beats,
                        levels["chord"] * 0.6,
                        levels["chord"] > 0.25 and k == 0,
                    )
        if active["pad"][n]:
            for step in (0, third, 7):
                track.note("pad", first, 52 + root + step, 8.0, levels["pad"] * 0.6, False)
        if active["lead"][n]:
            for at in np.arange(0, 4, 0.5 if rng.random() < 0.7 else 0.25):
                if rng.random() < density:
                    track.note(
                        "lead",
                        first + swung(float(at), track.style, track.swing),
                        60 + root + int(rng.choice([0, 2, 3, 5, 7, 10, 12])),
                        rng.choice([0.25, 0.5, 1.0]),
                        levels["lead"] * rng.uniform(0.5, 1),
                        levels["lead"] > 0.25,
                    )


def _rhythm(rng: Rng, kind: str) -> list[tuple[float, float]]:
    """(beat, length) of the notes of a bar."""
    grids = {
        "eighths": np.arange(0, 4, 0.5),
        "sixteenths": np.arange(0, 4, 0.25),
        "offbeat": np.arange(0.5, 4, 1.0),
        "quarters": np.arange(0, 4, 1.0),
        "roots": np.array([0.0, 2.0]),
        "long": np.array([0.0]),
    }
    if kind == "free":
        at = np.array([0.0, *(b for b in np.arange(0.25, 4, 0.25) if rng.random() < 0.25)])
    else:
        at = grids[kind]
    ends = np.append(at[1:], 4.0)
    return [(float(a), float(b - a) * rng.uniform(0.5, 1)) for a, b in zip(at, ends, strict=True)]


def _sections(rng: Rng, bars: int, drums_alone: bool) -> dict[str, np.ndarray]:
    """Which parts play in which bar: phrases of 2 to 8 bars, parts come and go, drums rest in breaks."""
    active = {name: np.zeros(bars, dtype=bool) for name in ("drums", "bass", "chord", "pad", "lead")}
    chance = {"drums": 0.9, "bass": 0.85, "chord": 0.7, "pad": 0.4, "lead": 0.5}
    n = 0
    while n < bars:
        length = int(rng.choice([2, 4, 4, 8]))
        for name in active:
            active[name][n : n + length] = rng.random() < chance[name]
        if not any(active[name][n] for name in ("drums", "bass", "chord")):
            active["drums"][n : n + length] = True
        n += length
    if drums_alone:
        active["drums"][:] = True
        for name in ("bass", "chord", "pad", "lead"):
            active[name][:] = False
    return active


def room(rng: Rng, sound: Audio, wet: float, decay: float) -> Audio:
    """`sound` with exponentially decaying, darkening noise behind it."""
    count = int(decay * RATE * 1.5)
    answer = rng.standard_normal(count) * np.exp(-np.arange(count) / (decay * RATE / 4))
    answer = np.convolve(answer, np.ones(int(rng.integers(1, 6))) / 3, mode="same")
    answer[: int(rng.uniform(0.001, 0.015) * RATE)] = 0
    answer *= wet / np.sqrt(np.sum(answer**2))
    size = 1 << int(np.ceil(np.log2(len(sound) + count)))
    tail = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(answer, size), size)[: len(sound)]
    return (sound + tail).astype(np.float32)


def equalise(rng: Rng, sound: Audio) -> Audio:
    """A random smooth tilt of the spectrum, +-8 dB."""
    size = next_fast_len(len(sound), real=True)
    spectrum = np.fft.rfft(sound, size)
    octaves = np.log2(np.maximum(np.arange(len(spectrum)) * RATE / size, 20) / 20)
    curve = np.interp(octaves, np.arange(0, 11, 2), rng.normal(0, 4, 6))
    return np.fft.irfft(spectrum * 10 ** (curve / 20), size)[: len(sound)].astype(np.float32)


def squash(rng: Rng, sound: Audio) -> Audio:
    """A bus compressor and a little saturation."""
    power = np.convolve(sound**2, np.ones(441) / 441, mode="same")
    level = np.sqrt(power) / (np.sqrt(power.max()) + 1e-9)
    amount = rng.uniform(0, 0.6)
    out = sound / (np.abs(sound).max() + 1e-9) * (level + 0.02) ** (-amount)
    drive = rng.uniform(0.5, 3)
    return np.tanh(out / (np.abs(out).max() + 1e-9) * drive).astype(np.float32)


def pink(rng: Rng, count: int) -> Audio:
    size = next_fast_len(count, real=True)
    spectrum = np.fft.rfft(rng.standard_normal(size))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1) ** rng.uniform(0.2, 0.6)
    noise = np.fft.irfft(spectrum, size)[:count]
    return (noise / np.sqrt(np.mean(noise**2))).astype(np.float32)


def make_track(
    rng: Rng, kits: list[Kit], voices: dict[str, list[Instrument]], seconds: float = 30.0
) -> tuple[Audio, Truth]:
    """One random track, mono at 44.1 kHz, and its truth."""
    track = Track(rng, kits, voices, seconds)
    bars = len(track.beats) // 4 + 1
    drums_alone = rng.random() < 0.4
    active = _sections(rng, bars, drums_alone)
    play = track.style.drums(rng)
    for n in range(bars):
        if not active["drums"][n]:
            continue
        notes = play()
        if rng.random() < 0.12:
            ending = fill(rng)
            start = min((at for at, _, _ in ending), default=4.0)
            notes = [note for note in notes if note[0] < start] + ending
        if n % 4 == 0 and rng.random() < 0.3:
            notes.append((0.0, "crash", 0.8))
        track.bar(4.0 * n, notes)
    _music(track, bars, active)
    drums, music = track.mixer.drums, track.mixer.music
    if rng.random() < 0.75:
        drums = room(rng, drums, rng.uniform(0.05, 0.7), rng.uniform(0.1, 0.9))
    if rng.random() < 0.3:
        music = room(rng, music, rng.uniform(0.1, 0.5), rng.uniform(0.2, 1.5))
    mix = drums + music * np.float32(np.exp(rng.normal(0.5, 0.8)))
    mix = squash(rng, equalise(rng, mix))
    rms = float(np.sqrt(np.mean(mix**2)))
    snr = rng.choice([90.0, 60.0, 40.0, 25.0, 15.0, 10.0, 5.0], p=[0.25, 0.2, 0.15, 0.1, 0.1, 0.12, 0.08])
    return mix + pink(rng, len(mix)) * np.float32(rms * 10 ** (-snr / 20)), track.truth
