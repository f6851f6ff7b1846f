"""One-shots to arrange: drums and instruments rendered from MIT-licensed soundfonts, and drums synthesised here.

Needs `fluidsynth` and the packages `fluid-soundfont-gm` and `musescore-general-soundfont` (both MIT).
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass

import mido
import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.fft import next_fast_len

RATE = 44100
FONTS = ("/usr/share/sounds/sf2/FluidR3_GM.sf2", "/usr/share/sounds/sf3/MuseScore_General.sf3")
KITS = (0, 8, 16, 24, 25, 32, 40)  # standard, room, power, electronic, 808, jazz, brush
DRUM_NOTES = {
    "kick": (35, 36),
    "snare": (38, 40),
    "rim": (37,),
    "clap": (39,),
    "hat": (42, 44),
    "open": (46,),
    "tom": (41, 43, 45, 47, 48, 50),
    "crash": (49, 57, 55, 52),
    "ride": (51, 59, 53),
    "perc": (54, 56, 60, 61, 62, 63, 64, 69, 70, 75, 76, 77),
}
BASSES = (32, 33, 34, 35, 36, 38, 39)
CHORDS = (0, 4, 5, 7, 11, 16, 17, 21, 24, 25, 26, 27, 28, 29, 30, 61, 62, 80, 81)
PADS = (48, 49, 50, 52, 88, 89, 90, 91, 92, 94)
LEADS = (12, 22, 40, 56, 57, 64, 65, 66, 71, 73, 80, 81, 82, 84)

Audio = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Shot:
    """A sound and where its attack is: `attack` samples in, the first crossing of 10 % of its peak."""

    sound: Audio
    attack: int


def shot_of(sound: NDArray[np.floating]) -> Shot | None:
    """The sound scaled to peak 1, cut at its silent ends; None when there is nothing in it."""
    peak = float(np.abs(sound).max(initial=0.0))
    if peak < 1e-4:
        return None
    sound = np.asarray(sound / peak, dtype=np.float32)
    loud = np.flatnonzero(np.abs(sound) > 0.001)
    sound = sound[max(0, loud[0] - 32) : loud[-1] + 1]
    return Shot(sound, int(np.argmax(np.abs(sound) > 0.1)))


def render_notes(
    font: str, channel: int, program: int, notes: list[tuple[int, int]], hold: float, slot: float
) -> list[Audio]:
    """Each (note, velocity) alone, mono, `slot` seconds long."""
    midi = mido.MidiFile(ticks_per_beat=1000)
    track = mido.MidiTrack()
    midi.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=1_000_000))
    track.append(mido.Message("program_change", channel=channel, program=program, time=0))
    wait = 0
    for note, velocity in notes:
        track.append(mido.Message("note_on", channel=channel, note=note, velocity=velocity, time=wait))
        track.append(mido.Message("note_off", channel=channel, note=note, time=int(hold * 1000)))
        wait = int((slot - hold) * 1000)
    with tempfile.TemporaryDirectory() as folder:
        midi.save(f"{folder}/a.mid")
        command = [
            "fluidsynth",
            "-ni",
            "-R",
            "0",
            "-C",
            "0",
            "-g",
            "0.6",
            "-r",
            str(RATE),
            "-F",
            f"{folder}/a.wav",
            font,
            f"{folder}/a.mid",
        ]
        subprocess.run(command, check=True, capture_output=True)
        sound, _ = soundfile.read(f"{folder}/a.wav", dtype="float32", always_2d=True)
    mono = sound.mean(axis=1)
    size = int(slot * RATE)
    return [mono[i * size : (i + 1) * size] for i in range(len(notes))]


def drum_kits() -> list[dict[str, list[list[Shot]]]]:
    """Kits: class -> variants -> velocity layers (soft to hard)."""
    kits = []
    for font in FONTS:
        for program in KITS:
            wanted = [(name, note) for name, notes in DRUM_NOTES.items() for note in notes]
            order = [(note, velocity) for _, note in wanted for velocity in (40, 80, 120)]
            sounds = [shot_of(sound) for sound in render_notes(font, 9, program, order, 0.3, 1.6)]
            kit: dict[str, list[list[Shot]]] = {}
            for i, (name, _) in enumerate(wanted):
                layers = [shot for shot in sounds[3 * i : 3 * i + 3] if shot is not None]
                if layers:
                    kit.setdefault(name, []).append(layers)
            kits.append(kit)
    return kits


def instruments() -> dict[str, list[dict[int, Shot]]]:
    """Role -> instruments -> note -> shot (every fourth semitone)."""
    out: dict[str, list[dict[int, Shot]]] = {}
    for role, programs, low, high, hold in (
        ("bass", BASSES, 28, 56, 0.6),
        ("chord", CHORDS, 44, 80, 0.8),
        ("pad", PADS, 44, 76, 2.4),
        ("lead", LEADS, 52, 88, 0.6),
    ):
        for font in FONTS:
            for program in programs:
                notes = list(range(low, high, 4))
                sounds = render_notes(font, 0, program, [(note, 100) for note in notes], hold, hold + 0.7)
                shots = {note: shot for note, sound in zip(notes, sounds, strict=True) if (shot := shot_of(sound))}
                if shots:
                    out.setdefault(role, []).append(shots)
    return out


def _time(seconds: float) -> NDArray[np.float64]:
    return np.arange(int(seconds * RATE)) / RATE


def synth_kick(rng: np.random.Generator) -> Audio:
    t = _time(rng.uniform(0.15, 0.9))
    base, top = rng.uniform(38, 65), rng.uniform(90, 420)
    pitch = base + (top - base) * np.exp(-t / rng.uniform(0.008, 0.05))
    body = np.sin(2 * np.pi * np.cumsum(pitch) / RATE) * np.exp(-t / rng.uniform(0.05, 0.35))
    click = rng.standard_normal(len(t)) * np.exp(-t / rng.uniform(0.001, 0.004)) * rng.uniform(0, 0.5)
    return np.tanh((body + click) * rng.uniform(1, 4)).astype(np.float32)


def coloured(rng: np.random.Generator, count: int, low: float, high: float) -> NDArray[np.float64]:
    """Noise between two frequencies (Hz), unit RMS."""
    size = next_fast_len(count, real=True)
    spectrum = np.fft.rfft(rng.standard_normal(size))
    freqs = np.arange(len(spectrum)) * RATE / size
    spectrum *= 1 / (1 + (low / np.maximum(freqs, 1)) ** 4) / (1 + (freqs / high) ** 4)
    noise = np.fft.irfft(spectrum, size)[:count]
    return noise / (np.sqrt(np.mean(noise**2)) + 1e-9)


def synth_snare(rng: np.random.Generator) -> Audio:
    t = _time(rng.uniform(0.12, 0.45))
    tone = np.sin(2 * np.pi * rng.uniform(150, 260) * t * (1 + 0.3 * np.exp(-t / 0.01))) * np.exp(
        -t / rng.uniform(0.03, 0.1)
    )
    noise = coloured(rng, len(t), rng.uniform(400, 2500), rng.uniform(6000, 15000)) * np.exp(
        -t / rng.uniform(0.04, 0.15)
    )
    return np.tanh(tone * rng.uniform(0.2, 1.2) + noise * rng.uniform(0.2, 0.6)).astype(np.float32)


def synth_clap(rng: np.random.Generator) -> Audio:
    t = _time(0.35)
    envelope = np.exp(-t / rng.uniform(0.05, 0.12)) * 0.6
    for start in np.cumsum(rng.uniform(0.006, 0.012, 3)) - 0.006:
        envelope += np.where(t >= start, np.exp(-(t - start) / 0.004), 0)
    return (coloured(rng, len(t), rng.uniform(600, 1200), rng.uniform(3000, 9000)) * envelope).astype(np.float32)


def synth_hat(rng: np.random.Generator, open_: bool) -> Audio:
    fall = rng.uniform(0.15, 0.5) if open_ else rng.uniform(0.015, 0.06)
    t = _time(fall * 5)
    metal = sum(np.sign(np.sin(2 * np.pi * f * t)) for f in rng.uniform(2000, 9000, 6))
    noise = coloured(rng, len(t), 5000, 18000)
    mixed = np.asarray(noise + metal * rng.uniform(0, 0.4))
    spectrum = np.fft.rfft(mixed)
    freqs = np.arange(len(spectrum)) * RATE / len(t)
    spectrum *= 1 / (1 + (rng.uniform(4000, 8000) / np.maximum(freqs, 1)) ** 6)
    return (np.fft.irfft(spectrum, len(t)) * np.exp(-t / fall)).astype(np.float32)


def synth_tom(rng: np.random.Generator) -> Audio:
    t = _time(0.5)
    pitch = rng.uniform(70, 220) * (1 + rng.uniform(0.2, 1) * np.exp(-t / 0.03))
    return (np.sin(2 * np.pi * np.cumsum(pitch) / RATE) * np.exp(-t / rng.uniform(0.08, 0.2))).astype(np.float32)


def synth_kit(rng: np.random.Generator) -> dict[str, list[list[Shot]]]:
    """A drum machine of our own."""
    makers = {
        "kick": [synth_kick(rng)],
        "snare": [synth_snare(rng)],
        "clap": [synth_clap(rng)],
        "rim": [synth_snare(rng)[: RATE // 20]],
        "hat": [synth_hat(rng, False), synth_hat(rng, False)],
        "open": [synth_hat(rng, True)],
        "ride": [synth_hat(rng, True)],
        "crash": [synth_hat(rng, True)],
        "tom": [synth_tom(rng) for _ in range(3)],
        "perc": [synth_tom(rng)[: RATE // 8], synth_hat(rng, False)],
    }
    return {name: [[shot] for sound in sounds if (shot := shot_of(sound))] for name, sounds in makers.items()}


def synth_tone(rng: np.random.Generator, note: int, role: str) -> Audio:
    """A saw, square or sine voice with a filter-like fall of its overtones."""
    hz = 440 * 2 ** ((note - 69) / 12)
    length = {"bass": 0.5, "chord": 0.7, "pad": 3.0, "lead": 0.5}[role]
    t = _time(length)
    out = np.zeros(len(t))
    count = int(min(30, 9000 / hz))
    fall = rng.uniform(0.05, 0.6)
    odd = rng.random() < 0.4
    for k in range(1, count + 1, 2 if odd else 1):
        for detune in (0.996, 1.0, 1.005) if role == "pad" else (1.0,):
            out += np.sin(2 * np.pi * hz * k * detune * t + rng.uniform(0, 6)) / k * np.exp(-t * (k - 1) * 0.4 / fall)
    attack = rng.uniform(0.2, 0.8) if role == "pad" else rng.uniform(0.001, 0.008)
    release = 0.5 if role == "pad" else 0.02
    return (out * np.minimum(1, t / attack) * np.minimum(1, (length - t) / release)).astype(np.float32)


def synth_instrument(rng: np.random.Generator, role: str) -> dict[int, Shot]:
    """One of our own voices over the role's range."""
    low, high = {"bass": (28, 56), "chord": (44, 80), "pad": (44, 76), "lead": (52, 88)}[role]
    state = int(rng.integers(1 << 31))
    shots = {note: shot_of(synth_tone(np.random.default_rng(state), note, role)) for note in range(low, high, 4)}
    return {note: shot for note, shot in shots.items() if shot}


def synth_instruments(count: int = 12) -> dict[str, list[dict[int, Shot]]]:
    """`count` of our own voices for each role, always the same."""
    rng = np.random.default_rng(7)
    return {
        f"synth {role}": [synth_instrument(rng, role) for _ in range(count)]
        for role in ("bass", "chord", "pad", "lead")
    }


def library() -> tuple[list[dict[str, list[list[Shot]]]], dict[str, list[dict[int, Shot]]]]:
    """Kits, and instruments by role. Rendering them takes some minutes."""
    return drum_kits(), {**instruments(), **synth_instruments()}
