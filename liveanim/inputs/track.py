"""The built-in track: twenty bars of club music, synthesised here, so that a bare machine has something to dance to.

124 BPM, A minor, about 39 s, 44.1 kHz stereo; the same samples every time; the end runs into the beginning.

    bars   0-1   kick, hats, bass opening       bars  8-15   drop: everything, stabs and arpeggio
    bars   2-5   groove: clap, bass, pad        bars 16-17   break: pad and arpeggio
    bars   6-7   break: pad, roll, riser        bars 18-19   kick, clap and hats lead back to the start
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import home
from ..data import whole
from .sources import Loop, Samples

BPM = 124.0
RATE = 44100
BARS = 20
_BEAT = 60.0 / BPM
_LENGTH = round(BARS * 4 * _BEAT * RATE)
_KICK_BARS = (0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 18, 19)
_CLAP_BARS = (2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 18, 19)
_BASS_BARS = (0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15)
_PAD_BARS = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17)
_ARP_BARS = (6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17)
_DROP_BARS = (8, 9, 10, 11, 12, 13, 14, 15)
_DROP = 8
# One chord a bar, as semitones over A1 (55 Hz): Am9, Fmaj7, Cmaj9, Em7.
_CHORDS = ((24, 31, 35, 36, 40), (20, 27, 31, 36, 39), (27, 34, 38, 43, 46), (19, 26, 31, 34, 38))
_ROOTS = (0, -4, 3, -5)

Mono = NDArray[np.float32]
log = logging.getLogger(__name__)


def beats() -> NDArray[np.float64]:
    """Times of the 80 beats, seconds."""
    return np.arange(BARS * 4, dtype=np.float64) * _BEAT


def kicks() -> NDArray[np.float64]:
    """Times of the kick drum, seconds: four to the floor, none in the breaks."""
    return np.array([(bar * 4 + beat) * _BEAT for bar in _KICK_BARS for beat in range(4)])


def render() -> Samples:
    """(n, 2) float32: the whole piece, peaks at -1 dB. Takes about half a second."""
    noise = np.random.default_rng(124)
    drums = _drums(noise)
    music = _bass() + _pads() + _stabs() + _arpeggio()
    mix = drums + music * _pump()[:, None] + _riser(noise) + _impact(noise)
    mix = np.tanh(1.15 * (mix - mix.mean(axis=0)))
    return np.asarray(mix * (10 ** (-1 / 20) / np.abs(mix).max()), dtype=np.float32)


def supply() -> Loop:
    """The track as a supply without end; kept on disk, for at a start everything else wants the interpreter too."""
    return Loop("built-in track", kept(home.cache()), RATE)


def kept(folder: Path) -> Samples:
    """`render()` as it lies in `folder`, where it is put if it is not there; what cannot be written costs only that."""
    made = hashlib.sha256(Path(__file__).read_bytes() + np.__version__.encode()).hexdigest()
    path = folder / f"track-{made[:16]}.npy"
    with suppress(OSError, EOFError, ValueError):
        samples: Samples = np.load(path, allow_pickle=False)
        if samples.shape == (_LENGTH, 2) and samples.dtype == np.float32:
            return samples
    samples = render()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("track-*.npy"):
            old.unlink(missing_ok=True)
        with whole(path) as part, part.open("wb") as file:
            np.save(file, samples)
    except OSError as error:
        log.info("the built-in track is not kept: %s", error)
    return samples


def _seconds(length: float) -> Mono:
    return (np.arange(int(length * RATE)) / RATE).astype(np.float32)


def _hz(semitone: float) -> float:
    return 55.0 * 2.0 ** (semitone / 12)


def _place(out: NDArray[np.float32], sound: NDArray[np.float32], time: float, gain: float = 1.0) -> None:
    """Mix `sound` (n,) or (n, 2) into `out` at `time`; what hangs over the end comes in again at the beginning."""
    start = round(time * RATE) % len(out)
    stereo = sound if sound.ndim == 2 else sound[:, None]
    first = min(len(stereo), len(out) - start)
    out[start : start + first] += gain * stereo[:first]
    if first < len(stereo):
        out[: len(stereo) - first] += gain * stereo[first:]


def _filtered(sound: Mono, response: Callable[[Mono], Mono]) -> Mono:
    """`sound` with its spectrum multiplied by response(frequencies in Hz)."""
    size = 1 << (len(sound) - 1).bit_length()
    freqs = np.fft.rfftfreq(size, 1 / RATE).astype(np.float32)
    return np.asarray(np.fft.irfft(np.fft.rfft(sound, size) * response(freqs), size)[: len(sound)], dtype=np.float32)


def _low_pass(cutoff: float, order: int = 2) -> Callable[[Mono], Mono]:
    return lambda freqs: 1.0 / (1.0 + (freqs / cutoff) ** (2 * order)) ** 0.5


def _high_pass(cutoff: float, order: int = 2) -> Callable[[Mono], Mono]:
    return lambda freqs: 1.0 - 1.0 / (1.0 + (freqs / cutoff) ** (2 * order)) ** 0.5


def _band(low: float, high: float) -> Callable[[Mono], Mono]:
    return lambda freqs: _high_pass(low)(freqs) * _low_pass(high)(freqs)


def _saw(hz: float, t: Mono, phase: float) -> Mono:
    """A saw with its step smoothed over two samples, so that it does not alias harshly."""
    step = hz / RATE
    at = (hz * t.astype(np.float64) + phase) % 1.0
    wave = 2.0 * at - 1.0
    rising, falling = at < step, at > 1.0 - step
    wave[rising] -= 2 * at[rising] / step - (at[rising] / step) ** 2 - 1
    after = (at[falling] - 1.0) / step
    wave[falling] -= after**2 + 2 * after + 1
    return wave.astype(np.float32)


def _wide(hz: float, t: Mono, spread: float, seed: int) -> NDArray[np.float32]:
    """(n, 2): three detuned saws, the outer two leaning to either side."""
    phases = np.random.default_rng(seed).random(3)
    left, middle, right = (
        _saw(hz * (1 + k * spread), t, phase) for k, phase in zip((-1, 0.13, 1), phases, strict=True)
    )
    return np.stack([0.8 * left + 0.5 * middle + 0.2 * right, 0.2 * left + 0.5 * middle + 0.8 * right], axis=1)


def _echo(dry: NDArray[np.float32], time: float, gain: float, repeats: int = 4) -> NDArray[np.float32]:
    """Ping-pong echoes, running round the end of the piece."""
    out = dry.copy()
    wet = dry
    for n in range(1, repeats + 1):
        wet = wet[:, ::-1]
        out += gain**n * np.roll(wet, round(n * time * RATE), axis=0)
    return out


def _silence() -> NDArray[np.float32]:
    return np.zeros((_LENGTH, 2), dtype=np.float32)


def _pump() -> Mono:
    """(n,) gain that ducks under every kick and swells back, as a side-chained compressor does."""
    gain = np.ones(_LENGTH, dtype=np.float32)
    t = _seconds(_BEAT)
    duck = 1.0 - 0.88 * (1.0 - np.clip(t / (0.62 * _BEAT), 0, 1)) ** 1.6
    for time in kicks():
        start = round(time * RATE)
        gain[start : start + len(t)] = duck[: _LENGTH - start]
        ramp = min(start, round(0.004 * RATE))  # close before the kick, not on it: a step would click
        gain[start - ramp : start] *= np.linspace(1.0, duck[0] / gain[start - 1], ramp) if ramp else 1.0
    return gain


def _kick() -> Mono:
    t = _seconds(0.38)
    hz = 47 + 95 * np.exp(-t / 0.028) + 420 * np.exp(-t / 0.0045)
    body = np.sin(2 * np.pi * np.cumsum(hz) / RATE) * np.exp(-t / 0.15) * np.clip((0.38 - t) / 0.08, 0, 1)
    click = np.sin(2 * np.pi * 2600 * t) * np.exp(-t / 0.0025)
    return np.asarray(np.tanh(1.6 * body) + 0.22 * click, dtype=np.float32)


def _clap(noise: np.random.Generator) -> NDArray[np.float32]:
    t = _seconds(0.28)
    bursts = sum(np.where(t >= at, np.exp(-(t - at) / 0.006), 0) for at in (0.0, 0.011, 0.021))
    shape = 0.8 * bursts + np.where(t >= 0.028, np.exp(-(t - 0.028) / 0.075), 0)
    sides = [_filtered(noise.standard_normal(len(t)).astype(np.float32), _band(900, 5200)) * shape for _ in range(2)]
    return np.stack(sides, axis=1).astype(np.float32)


def _snare(noise: np.random.Generator) -> Mono:
    t = _seconds(0.16)
    rattle = _filtered(noise.standard_normal(len(t)).astype(np.float32), _band(1500, 9000)) * np.exp(-t / 0.045)
    return np.asarray(rattle + 0.7 * np.sin(2 * np.pi * 195 * t) * np.exp(-t / 0.05), dtype=np.float32)


def _rim() -> Mono:
    t = _seconds(0.09)
    tone = np.sin(2 * np.pi * 1720 * t) + 0.8 * np.sin(2 * np.pi * 2310 * t) + 0.7 * np.sin(2 * np.pi * 480 * t)
    return np.asarray(tone * np.exp(-t / 0.014) * np.clip(t / 0.0008, 0, 1), dtype=np.float32)


def _hat(noise: np.random.Generator, decay: float) -> NDArray[np.float32]:
    t = _seconds(decay * 5)
    shape = np.exp(-t / decay) * np.clip(t / 0.0006, 0, 1)
    raw = [noise.standard_normal(len(t)).astype(np.float32) for _ in range(2)]
    sides = [np.tanh(1.4 * _filtered(hiss, _high_pass(7200, 4))) * shape for hiss in raw]
    middle = 0.5 * (sides[0] + sides[1])
    return np.stack([0.4 * side + 0.6 * middle for side in sides], axis=1).astype(np.float32)


def _drums(noise: np.random.Generator) -> NDArray[np.float32]:
    """(n, 2): kick, clap, hats, and the snare roll that leads into the drop."""
    out = _silence()
    kick, clap, snare = _kick(), _clap(noise), _snare(noise)
    closed, open_hat = _hat(noise, 0.016), _hat(noise, 0.075)
    for time in kicks():
        _place(out, kick, time, 0.66)
    for bar in _CLAP_BARS:
        for beat in (1, 3):
            _place(out, clap, (bar * 4 + beat) * _BEAT, 0.42)
    for bar in (*_KICK_BARS, 16, 17):
        full = 1.0 if bar in _CLAP_BARS else 0.6
        for sixteenth in range(16):
            accent = (0.17, 0.09, 0.0, 0.12)[sixteenth % 4]
            _place(out, closed, (bar * 4 + sixteenth / 4) * _BEAT, full * accent)
        if bar in _KICK_BARS:
            for beat in range(4):
                _place(out, open_hat, (bar * 4 + beat + 0.5) * _BEAT, full * 0.34)
    rim = _rim()
    for bar in _KICK_BARS:
        for sixteenth, gain in ((3, 1.0), (6, 0.7), (11, 1.0), (14, 0.6)):
            lean = np.array([0.75, 0.35] if sixteenth in (3, 14) else [0.35, 0.75], dtype=np.float32)
            _place(out, rim[:, None] * lean, (bar * 4 + sixteenth / 4) * _BEAT, 0.20 * gain)
    for step in _roll():
        _place(out, snare, (6 * 4 + step) * _BEAT, float(0.07 + 0.25 * (step / 8) ** 2))
    return out


def _roll() -> NDArray[np.float64]:
    """Beats after the break begins at which the snare roll strikes: quarters, eighths, sixteenths, then a breath."""
    return np.concatenate([np.arange(0, 4, 1), np.arange(4, 6, 0.5), np.arange(6, 7.5, 0.25)])


def _bass() -> NDArray[np.float32]:
    """(n, 2), the same on both sides: a rolling off-beat bass line, its filter opening over the first bars."""
    out = np.zeros((_LENGTH, 1), dtype=np.float32)
    t = _seconds(0.20)
    shape = np.clip(t / 0.003, 0, 1) * np.exp(-t / 0.13) * np.clip((0.20 - t) / 0.03, 0, 1)
    steps = [(2, 0, 1.0), (3, 0, 0.6), (6, 0, 1.0), (7, 12, 0.55)]
    steps += [(10, 0, 1.0), (11, 0, 0.6), (13, 12, 0.5), (14, 0, 1.0)]
    notes: dict[tuple[int, int], Mono] = {}
    for bar in _BASS_BARS:
        bright = 1 if bar in (2, 3, 4, 5) else 2 if bar in _DROP_BARS else 0
        for sixteenth, octave, gain in steps:
            pitch = _ROOTS[bar % 4] + octave
            if (pitch, bright) not in notes:
                wave = _filtered(_saw(_hz(pitch), t, 0.25), _low_pass((260.0, 480.0, 900.0)[bright]))
                notes[pitch, bright] = (wave + 0.8 * np.sin(2 * np.pi * _hz(pitch) * t)) * shape
            _place(out, notes[pitch, bright], (bar * 4 + sixteenth / 4) * _BEAT, 0.31 * gain)
    return np.repeat(out, 2, axis=1)


def _pads() -> NDArray[np.float32]:
    """(n, 2): a wide chord a bar; in the break it opens until the drop."""
    out = _silence()
    t = _seconds(4 * _BEAT + 0.35)
    shape = np.clip(t / 0.12, 0, 1) * np.clip((t[-1] - t) / 0.35, 0, 1)
    for step, chord in enumerate(_CHORDS):
        raw = np.sum([_wide(_hz(note - 12), t, 0.006, 10 * step + k) for k, note in enumerate(chord)], axis=0)
        dark, bright = (
            np.stack([_filtered(raw[:, side], _band(140, cutoff)) for side in (0, 1)], axis=1) * shape[:, None]
            for cutoff in (700.0, 6500.0)
        )
        for bar in (bar for bar in _PAD_BARS if bar % 4 == step):
            opening = np.full(len(t), 0.40 if bar in _DROP_BARS else 0.18, dtype=np.float32)
            if bar in (6, 7):
                opening = ((bar - 6) + t / t[-1]) / 2
            level = 0.15 if bar in (6, 7, 16, 17) else 0.125
            _place(out, dark + (bright - dark) * opening[:, None], bar * 4 * _BEAT, level)
    return out


def _stabs() -> NDArray[np.float32]:
    """(n, 2): short bright chords of the drop, with echoes."""
    out = _silence()
    t = _seconds(0.30)
    shape = np.clip(t / 0.002, 0, 1) * np.exp(-t / 0.075) * np.clip((0.30 - t) / 0.04, 0, 1)
    for step, chord in enumerate(_CHORDS):
        raw = np.sum([_wide(_hz(note), t, 0.009, 50 + 10 * step + k) for k, note in enumerate(chord[1:])], axis=0)
        stab = np.stack([_filtered(raw[:, side], _band(250, 8000)) for side in (0, 1)], axis=1) * shape[:, None]
        for bar in (bar for bar in _DROP_BARS if bar % 4 == step):
            for sixteenth, gain in ((0, 0.9), (3, 1.0), (6, 0.8), (11, 0.9)):
                _place(out, stab, (bar * 4 + sixteenth / 4) * _BEAT, 0.15 * gain)
    return _echo(out, 0.75 * _BEAT, 0.38, 3)


def _arpeggio() -> NDArray[np.float32]:
    """(n, 2): plucked sixteenths over the chord, coming up out of the break."""
    out = _silence()
    t = _seconds(0.22)
    shape = np.clip(t / 0.002, 0, 1) * np.exp(-t / 0.055) * np.clip((0.22 - t) / 0.04, 0, 1)
    plucks: dict[int, Mono] = {}
    for bar in _ARP_BARS:
        chord = _CHORDS[bar % 4]
        for sixteenth in range(16):
            note = chord[(sixteenth * 3) % 5] + (12 if sixteenth % 8 > 3 else 0)
            if note not in plucks:
                tone = np.sin(2 * np.pi * _hz(note) * t + 1.4 * np.exp(-t / 0.03) * np.sin(4 * np.pi * _hz(note) * t))
                plucks[note] = (tone * shape).astype(np.float32)
            swell = (bar - 6 + sixteenth / 16) / 2 if bar in (6, 7) else 1.0
            lean = 0.5 + 0.35 * (-1) ** sixteenth
            sound = plucks[note][:, None] * np.array([lean, 1 - lean], dtype=np.float32)
            _place(out, sound, (bar * 4 + sixteenth / 4) * _BEAT, 0.22 * swell)
    return _echo(out, 0.75 * _BEAT, 0.45)


def _riser(noise: np.random.Generator) -> NDArray[np.float32]:
    """(n, 2): noise that rises in pitch and level through the break, and a gliding tone."""
    out = _silence()
    t = _seconds(8 * _BEAT - 0.5 * _BEAT)
    x = t / t[-1]
    edges = (300.0, 800.0, 2000.0, 5000.0, 11000.0)
    start = round(6 * 4 * _BEAT * RATE)
    for side in (0, 1):
        raw = noise.standard_normal(len(t)).astype(np.float32)
        for k, (low, high) in enumerate(pairwise(edges)):
            swell = 0.24 * x**1.6 * np.clip(1.0 - np.abs(3.4 * x - k), 0, 1)
            out[start : start + len(t), side] += swell * _filtered(raw, _band(low, high))
    tone = np.sin(2 * np.pi * np.cumsum(110 * 2.0 ** (3 * x)) / RATE) * 0.09 * x**1.5
    _place(out, tone.astype(np.float32), 6 * 4 * _BEAT)
    return out


def _impact(noise: np.random.Generator) -> NDArray[np.float32]:
    """(n, 2): crash and sub boom on the drop, a lighter crash where the track starts again."""
    out = _silence()
    t = _seconds(2.4)
    fade = np.clip((2.4 - t) / 0.3, 0, 1)
    sides = [_filtered(noise.standard_normal(len(t)).astype(np.float32), _band(3500, 15000)) for _ in range(2)]
    crash = np.stack(sides, axis=1) * (np.exp(-t / 0.55) * fade)[:, None]
    boom = np.sin(2 * np.pi * np.cumsum(32 + 30 * np.exp(-t / 0.3)) / RATE) * np.exp(-t / 0.6) * fade
    _place(out, crash.astype(np.float32), _DROP * 4 * _BEAT, 0.34)
    _place(out, boom.astype(np.float32), 16 * 4 * _BEAT, 0.35)
    _place(out, crash.astype(np.float32), 2 * 4 * _BEAT, 0.16)
    return out
