"""Scores the ears on annotated music, block by block as live: ours, aubio's best setting and LedFx's, side by side.

    python tools/eval_audio.py DIR [--gain-db G] [--snr-db S] [--speed R] [--json] [--names SUBSTRING ...] [--only ours]
                               [--relock]

DIR holds NAME.flac (or .wav, .ogg, .mp3, .aiff; of any rate, mono or not) and NAME.onsets.txt, NAME.beats.txt,
NAME.kicks.txt, NAME.snares.txt, NAME.hats.txt: a time in seconds begins each line; what is missing or empty is left out
of the means, and so is sound that cannot be read or has no truth. Windows are mir_eval's: 50 ms and 25 ms for onsets
and drums, 70 ms for beats, whose first 5 s do not count. An event is stamped with the sound handed out so far.
`--relock` also scores each file with eight silent beats in its middle, and with its second half 12.5 % faster.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import mir_eval
import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfilt

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from liveanim.inputs.analysis import Analyser
from tools.ears.relock import LEAST_BEATS, beats_missed, lock_time, with_break, with_step

RATE = 44100
KINDS = ("onsets", "beats", "kicks", "snares", "hats")
SOUNDS = (".flac", ".wav", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff")
LEAST_LOCKED = 4  # beats in a row that make a lock
LEAST_TRIMMED = 2  # beats after the first 5 s, or there is nothing to score
Floats = NDArray[np.float32]
Times = NDArray[np.float64]


@dataclass(slots=True)
class Events:
    """What a detector reported (s), and how much sound it had been given when it spoke (s)."""

    times: list[float] = field(default_factory=list)
    spoken: list[float] = field(default_factory=list)

    def add(self, at: float, now: float) -> None:
        self.times.append(at)
        self.spoken.append(now)

    def arrays(self) -> tuple[Times, Times]:
        """Both, ordered by reported time, without what lies before the sound."""
        order = np.argsort(self.times, kind="stable")
        at, now = np.array(self.times)[order], np.array(self.spoken)[order]
        return at[at >= 0], now[at >= 0]


Heard = dict[str, Events]
System = Callable[[Floats], Heard]


def blocks(sound: Floats, size: int, rate: int) -> Iterator[tuple[Floats, float]]:
    """Blocks of `size` samples (the last one padded) and the seconds handed out with each."""
    for start in range(0, len(sound), size):
        block = sound[start : start + size]
        if len(block) < size:
            block = np.pad(block, (0, size - len(block)))
        yield block, (start + size) / rate


def ours(sound: Floats) -> Heard:
    """The analyser as the show runs it, every signal on."""
    heard = {kind: Events() for kind in KINDS}
    analyser = Analyser(RATE)
    for block, now in blocks(sound, analyser.hop, RATE):
        for features in analyser.feed(block):
            for kind in KINDS:
                for at in getattr(features, kind):
                    heard[kind].add(at, now)
    return heard


def aubio_events(make: Callable[[], object], sound: Floats, hop: int, rate: int) -> Events:
    """Drives an aubio onset or tempo object over `sound`."""
    detector = make()
    out = Events()
    for block, now in blocks(sound, hop, rate):
        if detector(block)[0] > 0:  # type: ignore[operator]
            out.add(float(detector.get_last_s()), now)  # type: ignore[attr-defined]
    return out


def _band(sound: Floats, low: float | None, high: float | None, rate: int) -> Floats:
    if low is None:
        sos = butter(4, high, "low", fs=rate, output="sos")
    elif high is None:
        sos = butter(4, low, "high", fs=rate, output="sos")
    else:
        sos = butter(2, (low, high), "band", fs=rate, output="sos")
    return np.asarray(sosfilt(sos, sound), dtype=np.float32)


def _aubio_system(sound: Floats, rate: int, onset: tuple[int, int], tempo: tuple[int, int]) -> Heard:
    import aubio

    def onsets(of: Floats) -> Events:
        return aubio_events(lambda: aubio.onset("hfc", *onset, rate), of, onset[1], rate)

    return {
        "onsets": onsets(sound),
        "beats": aubio_events(lambda: aubio.tempo("default", *tempo, rate), sound, tempo[1], rate),
        "kicks": onsets(_band(sound, None, 120.0, rate)),
        "snares": onsets(_band(sound, 180.0, 3000.0, rate)),
        "hats": onsets(_band(sound, 7000.0, None, rate)),
    }


def aubio_best(sound: Floats) -> Heard:
    """aubio at its best measured setting; it has no drum classes, so these are its onsets on filtered sound."""
    return _aubio_system(sound, RATE, (512, 128), (1024, 512))


def ledfx(sound: Floats) -> Heard:
    """aubio as LedFx sets it: 30 kHz, window 4096, hop 500."""
    slow = np.asarray(resample_poly(sound, 100, 147), dtype=np.float32)
    return _aubio_system(slow, 30000, (4096, 500), (4096, 500))


SYSTEMS: dict[str, System] = {"ours": ours, "aubio_best": aubio_best, "ledfx": ledfx}


def f_measure(truth: Times, found: Times, window: float) -> float:
    if not len(truth) or not len(found):
        return 0.0
    return float(mir_eval.onset.f_measure(truth, np.sort(found), window=window)[0])


def score_onsets(truth: Times, events: Events) -> dict[str, object]:
    at, now = events.arrays()
    late = [float(now[j] - truth[i]) for i, j in mir_eval.util.match_events(truth, at, 0.05)] if len(at) else []
    return {
        "onset_f50": f_measure(truth, at, 0.05),
        "onset_f25": f_measure(truth, at, 0.025),
        "onset_f25_emit": f_measure(truth, now, 0.025),
        "onset_latencies": late,
    }


def score_beats(truth: Times, events: Events) -> dict[str, object]:
    at, _ = events.arrays()
    known, found = mir_eval.beat.trim_beats(truth), mir_eval.beat.trim_beats(at)
    lock: dict[str, object] = {"lock_s": lock_time(truth, at)} if len(truth) >= LEAST_LOCKED else {}
    if len(known) < LEAST_TRIMMED:
        return lock
    enough = len(found) > 1
    scores = mir_eval.beat.continuity(known, found) if enough else (0.0, 0.0, 0.0, 0.0)
    return {
        "beat_f70": float(mir_eval.beat.f_measure(known, found, 0.07)) if len(found) else 0.0,
        "beat_cmlt": float(scores[1]),
        "beat_amlt": float(scores[3]),
        **lock,
    }


def score_file(heard: Heard, truths: dict[str, Times]) -> dict[str, object]:
    """Every measure that the file has truth for."""
    out: dict[str, object] = {}
    if "onsets" in truths:
        out.update(score_onsets(truths["onsets"], heard["onsets"]))
    if "beats" in truths:
        out.update(score_beats(truths["beats"], heard["beats"]))
    for kind in ("kicks", "snares", "hats"):
        if kind in truths:
            out[f"{kind[:-1]}_f50"] = f_measure(truths[kind], heard[kind].arrays()[0], 0.05)
    return out


def score_relock(sound: Floats, beats: Times, system: System) -> dict[str, object]:
    """Beats missed after a break, and seconds to lock after a step of the tempo. Nothing for a short file."""
    if len(beats) < LEAST_BEATS:
        return {}
    broken, after = with_break(sound, beats, RATE)
    stepped, moved, first = with_step(sound, beats, RATE)
    return {
        "relock_break_beats": beats_missed(beats, system(broken)["beats"].arrays()[0], after),
        "relock_step_s": lock_time(moved, system(stepped)["beats"].arrays()[0], first),
    }


def pink(count: int) -> NDArray[np.float64]:
    """Unit-RMS pink noise, always the same."""
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(count))
    index = np.arange(len(spectrum))
    index[0] = 1
    noise = np.fft.irfft(spectrum / np.sqrt(index), count)
    return noise / np.sqrt(np.mean(noise**2))


def read_truths(path: Path) -> dict[str, Times]:
    """What is written beside a sound, by kind, in order; kinds that are missing or hold no time are left out."""
    truths = {}
    for kind in KINDS:
        file = path.with_suffix(f".{kind}.txt")
        if file.exists():
            lines = file.read_text(encoding="utf-8-sig", errors="replace").replace(",", " ").splitlines()
            words = [line.split() for line in lines if line.strip() and not line.lstrip().startswith("#")]
            if words:
                truths[kind] = np.sort(np.array([float(word[0]) for word in words]))
    return truths


def scored(folder: Path, names: list[str]) -> list[Path]:
    """The sounds with truth in `folder`, one of each name, in order; what is left out is said."""
    paths: dict[str, Path] = {}
    for path in sorted(folder.glob("*")):
        if path.suffix.lower() not in SOUNDS or (names and not any(name in path.stem for name in names)):
            continue
        if path.stem in paths or not read_truths(path):
            print(f"eval_audio: {path.name} left out: no truth of its own", file=sys.stderr)
            continue
        try:
            soundfile.info(path)
        except soundfile.SoundFileError as error:
            print(f"eval_audio: {path.name} left out: {error}", file=sys.stderr)
            continue
        paths[path.stem] = path
    return list(paths.values())


def load(path: Path, speed: float) -> tuple[Floats, dict[str, Times]]:
    """The sound, mono at 44.1 kHz, played `speed` times as fast (tempo and pitch), and its truth to match."""
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = sound.mean(axis=1)
    if rate != RATE:
        ratio = Fraction(RATE, rate)
        mono = resample_poly(mono, ratio.numerator, ratio.denominator)
    stretch = Fraction(1 / speed).limit_denominator(200)
    if speed != 1.0:
        mono = resample_poly(mono, stretch.numerator, stretch.denominator)
    truths = {kind: times * float(stretch) if speed != 1.0 else times for kind, times in read_truths(path).items()}
    return np.ascontiguousarray(mono, dtype=np.float32), truths


def group_of(name: str) -> str:
    """drums, mix, rawsum or other: kick scores are told apart by it."""
    return next((group for group in ("drums", "mix", "rawsum") if name.endswith(f"_{group}")), "other")


def summary(files: dict[str, dict[str, object]], cpu_ms_per_s: float) -> dict[str, object]:
    """Means over the files that have each truth; latencies pooled; NaN where no file has it."""

    def values(key: str, group: str | None = None) -> list[float]:
        return [float(one[key]) for name, one in files.items() if key in one and group in (None, group_of(name))]  # type: ignore[arg-type]

    def mean(found: list[float]) -> float:
        return float(np.mean(found)) if found else float("nan")

    late = [1000 * each for one in files.values() for each in one.get("onset_latencies", [])]  # type: ignore[attr-defined]
    locks = values("lock_s")
    keys = (
        "onset_f50",
        "onset_f25",
        "onset_f25_emit",
        "kick_f50",
        "snare_f50",
        "hat_f50",
        "beat_f70",
        "beat_cmlt",
        "beat_amlt",
    )
    out: dict[str, object] = {key: mean(values(key)) for key in keys}
    for drum in ("kick", "snare", "hat"):
        for group in ("drums", "mix", "rawsum", "other"):
            out[f"{drum}_f50_{group}"] = mean(values(f"{drum}_f50", group))
    out["onset_latency_median_ms"] = float(np.median(late)) if late else float("nan")
    out["onset_latency_p95_ms"] = float(np.percentile(late, 95)) if late else float("nan")
    out["lock_median_s"] = float(np.median(locks)) if locks else float("nan")
    for key in ("relock_break_beats", "relock_step_s"):
        found = values(key)
        if found:
            out[f"{key}_median"] = float(np.median(found))
    out["cpu_ms_per_s"] = cpu_ms_per_s
    out["files"] = {name: {k: v for k, v in one.items() if k != "onset_latencies"} for name, one in files.items()}
    return out


def evaluate(paths: list[Path], system: System, options: argparse.Namespace) -> dict[str, object]:
    files: dict[str, dict[str, object]] = {}
    cpu = seconds = 0.0
    for path in paths:
        sound, truths = load(path, options.speed)
        if options.snr_db is not None:
            sound = sound + pink(len(sound)) * (np.sqrt(np.mean(sound**2)) * 10 ** (-options.snr_db / 20))
        sound = np.ascontiguousarray(sound * 10 ** (options.gain_db / 20), dtype=np.float32)
        began = time.process_time()
        heard = system(sound)
        cpu += time.process_time() - began
        seconds += len(sound) / RATE
        files[path.stem] = score_file(heard, truths)
        if options.relock and "beats" in truths:
            files[path.stem].update(score_relock(sound, truths["beats"], system))
    return summary(files, 1000 * cpu / max(seconds, 1e-9))


def table(results: dict[str, dict[str, object]]) -> str:
    keys = [key for key in next(iter(results.values())) if key != "files"]
    lines = ["measure".ljust(26) + "".join(name.rjust(12) for name in results)]
    for key in keys:
        lines.append(key.ljust(26) + "".join(f"{result[key]:12.3f}" for result in results.values()))
    return "\n".join(lines)


def without_nan(value: object) -> object:
    """The same with null for what has no number, as strict JSON wants it."""
    if isinstance(value, dict):
        return {key: without_nan(each) for key, each in value.items()}
    return None if isinstance(value, float) and not np.isfinite(value) else value


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--gain-db", type=float, default=0.0)
    parser.add_argument("--snr-db", type=float, help="add pink noise this far under the music")
    parser.add_argument("--speed", type=float, default=1.0, help="play faster (tempo and pitch)")
    parser.add_argument("--names", nargs="*", default=[], help="only files whose name has one of these in it")
    parser.add_argument("--only", nargs="*", choices=list(SYSTEMS), default=list(SYSTEMS))
    parser.add_argument("--relock", action="store_true", help="also after a break and after a step of the tempo")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    paths = scored(options.folder, options.names)
    if not paths:
        print(f"eval_audio: no sound with truth beside it in {options.folder}", file=sys.stderr)
        return 2
    warnings.filterwarnings("ignore", module="mir_eval")
    results = {name: evaluate(paths, SYSTEMS[name], options) for name in options.only}
    print(json.dumps(without_nan(results), indent=1) if options.json else table(results))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
