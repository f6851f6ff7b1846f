"""An hour of show with recording and take, faster than real time; then the files are measured.

    python tools/load_test.py [--minutes 60] [--fps 30] [--drift 100] [--json FILE]

A frame clock stands in for the wall, a sound card whose clock is `--drift` millionths off clicks once a second, and the
picture flashes at every whole second of show time. In the finished film each click should fall on its flash: how far
apart they are, in frames, at the beginning, at the end and at worst, is the drift between picture and sound. The clicks
in the sound of the take should fall on whole seconds. The writer's queue is waited for where it would overflow only
because the show runs faster than time.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from liveanim.clock import FrameClock  # noqa: E402
from liveanim.core.model import Blend  # noqa: E402
from liveanim.inputs.ears import Deaf, Ears  # noqa: E402
from liveanim.library import parse_preset  # noqa: E402
from liveanim.outputs.headless import Headless  # noqa: E402
from liveanim.outputs.video import VideoWriter  # noqa: E402
from liveanim.recording import keep_take  # noqa: E402
from liveanim.render.inline import InlineRender  # noqa: E402
from liveanim.render.paint import PaintRenderer  # noqa: E402
from liveanim.show import Settings, Show, run  # noqa: E402
from liveanim.takes.format import TakeInfo  # noqa: E402
from liveanim.takes.writer import TakeWriter  # noqa: E402
from tools.benchmarks.machine import machine, rss_mb  # noqa: E402

SIZE, RATE = (64, 48), 16000
LOOK = """[prompt]
text = ["deep blue sea"]
[picture]
strength = 0.8
cadence = 0.5
[stage]
exposure = "-1 + 3*smoothstep(0.94, 0.95, cos(2*pi*t))"
"""


class Card:
    """A sound card that is `drift` (a share) too fast, beside a metronome on the second."""

    rate, channels = RATE, 1

    def __init__(self, drift: float) -> None:
        self._pace, self._count = 1.0 + drift, 0
        self.heard = 0.0

    def read(self, now: float) -> NDArray[np.float32]:
        end = int(now * RATE * self._pace)
        since = np.arange(self._count, end) / RATE / self._pace % 1.0
        self._count, self.heard = end, end / RATE / self._pace
        return (0.9 * np.cos(2 * np.pi * 2000 * since) * (since < 0.004)).astype(np.float32)[:, None]

    def status(self) -> str:
        return ""

    def close(self) -> None:
        pass


class Patient:
    """A sink that waits for the recorder, as real time would, and notes the memory in use once a minute."""

    def __init__(self, film: VideoWriter) -> None:
        self._film = film
        self.memory: list[float] = []

    def write(self, blend: Blend, now: float) -> None:
        while self._film.waiting:
            time.sleep(0.0002)
        if now >= 60.0 * len(self.memory):
            self.memory.append(rss_mb())


def perform(folder: Path, minutes: float, fps: float, drift: float) -> dict[str, float]:
    """Plays into `folder`: film.mkv and take. What can be said of the run itself."""
    frames = round(minutes * 60 * fps)
    preset = parse_preset(LOOK, "load")
    stage, ears = Headless(SIZE), Ears(Card(drift), Deaf())
    take = TakeWriter(folder / "take", TakeInfo("1", preset.name, LOOK, "paint", SIZE, fps=fps), {preset.name: LOOK})
    film = VideoWriter(folder / "film.mp4", SIZE, fps, audio_rate=RATE, channels=1, live=True)
    stage.add_tap(film, whole=True)
    ears.add_tap(film.audio)
    sources, port = keep_take(take, [], InlineRender(PaintRenderer()), ears)
    patient = Patient(film)
    started, used = time.monotonic(), time.process_time()
    run(Show(sources, ears, port, [preset], Settings(SIZE, fps)), FrameClock(fps, frames), [stage, patient])
    closing = time.monotonic()
    stage.close()
    take.close()
    half = len(patient.memory) // 2
    return {
        "minutes": minutes,
        "fps": fps,
        "card_drift_ppm": drift * 1e6,
        "wall_s": round(time.monotonic() - started, 1),
        "cpu_ms_per_frame": round(1e3 * (time.process_time() - used) / frames, 2),
        "closing_s": round(time.monotonic() - closing, 2),
        "dropped_frames": film.dropped,
        "frames_missing": frames - film.frames,
        "take_left_out": float(bool(take.status())),
        "rss_mb_half_way": round(patient.memory[half], 1),
        "rss_mb_end": round(patient.memory[-1], 1),
        "rss_mb_peak": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "film_mb": round((folder / "film.mp4").stat().st_size / 1e6, 1),
        "take_mb": round(sum(path.stat().st_size for path in (folder / "take").rglob("*") if path.is_file()) / 1e6, 1),
    }


def flashes(film: Path) -> NDArray[np.float64]:
    """Times (s) of the frames on which a flash begins."""
    with av.open(str(film)) as file:
        seen = [(float(frame.time or 0.0), frame.to_ndarray(format="gray").mean()) for frame in file.decode(video=0)]
    times, light = np.array(seen).T
    bright = light > (light.min() + light.max()) / 2
    rises = np.flatnonzero(bright[1:] & ~bright[:-1]) + 1
    # A flash lasts from some hundredths before the second to as much after it: its middle is the second.
    falls = np.array([next((n for n in range(rise, len(bright)) if not bright[n]), len(bright)) for rise in rises])
    middle: NDArray[np.float64] = (times[rises] + times[np.minimum(falls, len(times)) - 1]) / 2
    return middle


def clicks(samples: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Times (s) at which a click begins."""
    loud = np.flatnonzero(np.abs(samples) > 0.3) / rate
    return loud[np.r_[True, np.diff(loud) > 0.5]]


def film_sound(film: Path) -> NDArray[np.float32]:
    with av.open(str(film)) as file:
        return np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])


def offsets(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each of `one`, how far the nearest of `other` is from it (s)."""
    nearest = np.abs(one[:, None] - other[None]).argmin(axis=1)
    return other[nearest] - one


def measure(folder: Path, fps: float) -> dict[str, float]:
    """What the files of a run say."""
    heard = clicks(film_sound(folder / "film.mp4"), RATE)
    apart = offsets(flashes(folder / "film.mp4")[1:-1], heard) * fps
    laid, rate = soundfile.read(folder / "take" / "audio.flac", dtype="float32")
    kept = clicks(laid if laid.ndim == 1 else laid[:, 0], rate)
    part = max(1, min(60, len(apart) // 4))
    return {
        "film_flashes": len(apart),
        "film_sound_off_frames_begin": round(float(np.median(apart[:part])), 3),
        "film_sound_off_frames_end": round(float(np.median(apart[-part:])), 3),
        "film_drift_frames": round(float(np.median(apart[-part:]) - np.median(apart[:part])), 3),
        "film_sound_off_frames_worst": round(float(np.abs(apart).max()), 3),
        "take_clicks": len(kept),
        "take_sound_off_ms_worst": round(float(np.abs(kept - np.round(kept)).max()) * 1e3, 2),
    }


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--fps", type=float, default=30.0)
    parser.add_argument("--drift", type=float, default=100.0, metavar="PPM")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        figures = perform(Path(folder), arguments.minutes, arguments.fps, arguments.drift * 1e-6)
        figures |= measure(Path(folder), arguments.fps)
    for name, value in figures.items():
        print(f"{name:<30} {value:g}")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps({"machine": machine(), "figures": figures}, indent=1) + "\n")
    good = abs(figures["film_drift_frames"]) <= 1.0 and not figures["dropped_frames"]
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
