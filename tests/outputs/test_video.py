"""The recorder: frames counted, sound in step, nothing half-written, alive after kill -9."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from liveanim.core.errors import UserError
from liveanim.outputs import encode, video
from liveanim.outputs.video import VideoWriter

from .pictures import flat, smooth

SIZE = (128, 72)
RATE = 48000


def pictures(path: Path) -> tuple[list[float], NDArray[np.uint8], Any]:
    """(times, (n, h, w, 3) frames, stream) of a video file."""
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        frames = list(file.decode(stream))
        times = [float(frame.time or 0.0) for frame in frames]
        return times, np.stack([frame.to_ndarray(format="rgb24") for frame in frames]), stream


def sound(path: Path) -> tuple[NDArray[np.float32], float]:
    """((n,) loudest channel, stated seconds) of a video file's sound; sample 0 is at time 0."""
    with av.open(str(path)) as file:
        stream = file.streams.audio[0]
        blocks = [(frame.time, _planes(frame)) for frame in file.decode(stream)]
        assert blocks[0][0] == 0
        length = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
        return np.abs(np.concatenate([block for _, block in blocks], axis=1)).max(axis=0), length


def _planes(frame: Any) -> NDArray[np.float32]:
    """(channels, n), -1..1, of a block of sound, whatever its format."""
    samples = frame.to_ndarray()
    if samples.dtype == np.int32:
        samples = samples.reshape(frame.samples, -1).T / np.float32(2**31)
    return np.asarray(samples, dtype=np.float32)


def click(at: float, seconds: float, rate: int = RATE) -> NDArray[np.float32]:
    """(n, 2) silence with a short burst that begins at `at` seconds."""
    samples = np.zeros((round(seconds * rate), 2), dtype=np.float32)
    start = round(at * rate)
    samples[start : start + 240] = 0.9 * np.sin(np.arange(240) * 0.6)[:, None]
    return samples


def flash(path: Path, fps: float, count: int, flash_at: int, paced: bool = False, **options: Any) -> VideoWriter:
    """A black video with one white frame, and a click that begins with it. `paced`: no faster than it is encoded."""
    writer = VideoWriter(path, SIZE, fps, **options)
    rate = 44100
    samples = click(flash_at / fps, count / fps + 1, rate)
    for n in range(count):
        writer.picture(flat((255,) * 3 if n == flash_at else (0,) * 3, SIZE), 3.5 + n / fps)
        writer.audio(samples[round(n / fps * rate) : round((n + 1) / fps * rate)], rate)
        while paced and writer.waiting:
            time.sleep(0.001)
    return writer


def test_after_a_screen_that_stood_still_everything_is_recorded_again(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "a.mp4", SIZE, 30, channels=0, live=True)
    for n, now in enumerate([0.0, 5.0, *(5.0 + k / 30 for k in range(1, 16))]):
        writer.picture(flat((255,) * 3 if n == 16 else (0,) * 3, SIZE), now)
        while writer.waiting:
            time.sleep(0.001)
    writer.close()
    _, frames, _ = pictures(tmp_path / "a.mp4")
    assert (len(frames), writer.dropped) == (166, 0) and frames[-1].min() > 240


def test_of_a_late_encoder_at_most_a_second_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may = threading.Event()
    picture = encode.Encoder.picture
    monkeypatch.setattr(encode.Encoder, "picture", lambda self, image: (may.wait(30.0), picture(self, image)))
    writer = VideoWriter(tmp_path / "a.mp4", SIZE, 30, channels=0, live=True)
    for n in range(20):  # two pictures a second: each is shown for fifteen frames
        writer.picture(flat((n,) * 3, SIZE), n / 2)
    assert writer.dropped >= 15
    may.set()
    writer.close()
    assert len(pictures(tmp_path / "a.mp4")[1]) == 19 * 15 + 1, "the film is as long as the show all the same"


@pytest.mark.parametrize("fps", [24, 29.97, 30, 60])
@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
def test_frame_count_length_and_sync_are_exact(tmp_path: Path, fps: float, name: str) -> None:
    path = tmp_path / name
    flash(path, fps, 45, 31).close()
    times, frames, _ = pictures(path)
    loud, length = sound(path)
    assert len(frames) == 45 and times[0] == 0
    assert np.diff(times) == pytest.approx([1 / fps] * 44, abs=0.0011)
    white = times[int(frames.mean(axis=(1, 2, 3)).argmax())]
    assert white == pytest.approx(31 / fps, abs=0.002)
    assert np.argmax(loud > 0.3) / RATE == pytest.approx(white, abs=0.003)
    assert len(loud) / RATE == pytest.approx(45 / fps, abs=0.03)
    assert name == "a.mkv" or length == pytest.approx(45 / fps, abs=0.001)


@pytest.mark.parametrize(
    "colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (200, 120, 40), (16, 16, 16), (255, 255, 255)]
)
def test_colours_come_back_as_they_were_and_are_tagged_as_bt_709(tmp_path: Path, colour: tuple[int, int, int]) -> None:
    writer = VideoWriter(tmp_path / "a.mp4", SIZE, 30, channels=0)
    for n in range(5):
        writer.picture(flat(colour, SIZE), n / 30)
    writer.close()
    _, frames, stream = pictures(tmp_path / "a.mp4")
    assert np.abs(frames[2].astype(int) - colour).max() <= 4
    context = stream.codec_context
    assert (context.name, context.pix_fmt, context.colorspace, context.color_range) == ("h264", "yuv420p", 1, 1)
    assert (context.color_primaries, context.color_trc) == (1, 1)


def test_details_come_back_where_they_were(tmp_path: Path) -> None:
    image = np.repeat(smooth((320, 180))[:, :, :1], 3, axis=2)
    writer = VideoWriter(tmp_path / "a.mp4", (320, 180), 30, channels=0)
    for n in range(5):
        writer.picture(image, n / 30)
    writer.close()
    assert np.abs(pictures(tmp_path / "a.mp4")[1][2].astype(int) - image).mean() < 1.5


def test_pictures_at_odd_times_become_a_constant_rate(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "a.mp4", SIZE, 20, channels=0)
    for level, at in [(40, 0.0), (80, 0.1), (120, 0.11), (160, 0.12), (200, 0.3)]:
        writer.picture(flat((level,) * 3, SIZE), at)
    writer.close()
    times, frames, stream = pictures(tmp_path / "a.mp4")
    assert [round(float(frame.mean()) / 40) * 40 for frame in frames] == [40, 40, 80, 160, 160, 160, 200]
    assert stream.average_rate == Fraction(20) and times[-1] == pytest.approx(0.3)


def test_short_sound_is_padded_and_long_sound_is_cut(tmp_path: Path) -> None:
    for name, seconds in (("short.mp4", 0.3), ("long.mp4", 9.0)):
        writer = VideoWriter(tmp_path / name, SIZE, 30)
        writer.audio(click(0.1, seconds), RATE)
        for n in range(60):
            writer.picture(flat((9, 9, 9), SIZE), n / 30)
        writer.close()
        loud, length = sound(tmp_path / name)
        assert length == pytest.approx(2.0, abs=0.001) and len(loud) == pytest.approx(2 * RATE, abs=1100)
        assert np.argmax(loud > 0.3) / RATE == pytest.approx(0.1, abs=0.002)


@pytest.mark.parametrize("shape", [(4800,), (4800, 1), (4800, 2), (4800, 6)])
@pytest.mark.parametrize("channels", [1, 2])
def test_any_channel_count_is_taken(tmp_path: Path, shape: tuple[int, ...], channels: int) -> None:
    writer = VideoWriter(tmp_path / "a.mp4", SIZE, 30, channels=channels)
    tone = 0.5 * np.sin(2 * np.pi * 500 / RATE * np.arange(shape[0], dtype=np.float32))
    for n in range(15):
        writer.picture(flat((0, 0, 0), SIZE), n / 30)
        writer.audio(np.broadcast_to(tone.reshape(-1, *[1] * (len(shape) - 1)), shape), RATE)
    writer.close()
    heard = sound(tmp_path / "a.mp4")[0]
    middle = heard[len(heard) // 4 : -len(heard) // 4]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


@pytest.mark.parametrize("size", [(65, 37), (64, 37), (65, 36)])
def test_odd_sizes_get_one_more_row_or_column(tmp_path: Path, size: tuple[int, int]) -> None:
    image = np.repeat(smooth(size)[:, :, :1], 3, axis=2)
    writer = VideoWriter(tmp_path / "a.mp4", size, 30, channels=0)
    writer.picture(image, 0.0)
    writer.close()
    _, frames, _ = pictures(tmp_path / "a.mp4")
    assert frames.shape[1:3] == (size[1] + size[1] % 2, size[0] + size[0] % 2)
    assert np.abs(frames[0, : size[1], : size[0]].astype(int) - image).mean() < 4


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere/a.mp4", "mkdir -p"),
        ("a.avi", "use .mp4"),
        ("noend", "use .mp4"),
        ("folder.mp4", "is a directory"),
    ],
)
def test_a_path_that_cannot_be_written_is_one_line_at_once(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(UserError, match=said) as caught:
        VideoWriter(tmp_path / name, SIZE, 30, live=True)
    assert "\n" not in str(caught.value) and str(tmp_path) in str(caught.value)


def test_offline_the_name_appears_when_the_file_is_complete(tmp_path: Path) -> None:
    writer = flash(tmp_path / "a.mp4", 30, 20, 3)
    assert not (tmp_path / "a.mp4").exists()
    writer.close()
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    writer.close()
    writer.abort()
    assert len(pictures(tmp_path / "a.mp4")[1]) == 20


def test_an_aborted_render_leaves_nothing_and_keeps_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"older")
    flash(tmp_path / "a.mp4", 30, 20, 3).abort()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"older"]


def test_a_render_without_a_picture_leaves_nothing(tmp_path: Path) -> None:
    VideoWriter(tmp_path / "a.mp4", SIZE, 30).close()
    assert list(tmp_path.iterdir()) == []


def full_disk(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """The encoder finds the disk full at its picture number `after`."""
    real = encode.Encoder.picture

    def picture(self: encode.Encoder, image: NDArray[np.uint8]) -> None:
        if self.frames >= after:
            raise OSError(28, "No space left on device")
        real(self, image)

    monkeypatch.setattr(encode.Encoder, "picture", picture)


def test_a_full_disk_ends_a_live_recording_with_a_line_and_never_the_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_disk(monkeypatch, after=10)
    writer = flash(tmp_path / "a.mp4", 30, 60, 3, live=True)
    writer.close()
    assert writer.status() == f"recording stopped: cannot write {tmp_path / 'a.mp4'}: no space left on device"
    assert writer.label() == ""


def test_a_full_disk_offline_is_a_user_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_disk(monkeypatch, after=10)
    with pytest.raises(UserError, match="no space left on device"):
        flash(tmp_path / "a.mp4", 30, 200, 3).close()
    assert list(tmp_path.iterdir()) == []


def held_up(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """The encoder waits at its first picture until the event is set."""
    go, real = threading.Event(), encode.Encoder.picture

    def picture(self: encode.Encoder, image: NDArray[np.uint8]) -> None:
        go.wait(30)
        real(self, image)

    monkeypatch.setattr(encode.Encoder, "picture", picture)
    return go


def test_live_a_late_encoder_drops_pictures_and_keeps_the_frame_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = held_up(monkeypatch)
    writer = VideoWriter(tmp_path / "a.mp4", SIZE, 30, live=True, channels=0)
    for n in range(80):
        writer.picture(flat((n * 3,) * 3, SIZE), n / 30)  # returns at once though nothing is encoded
    assert writer.dropped > 40 and f"{writer.dropped} pictures dropped" in writer.status()
    go.set()
    writer.close()
    levels = [float(frame.mean()) / 3 for frame in pictures(tmp_path / "a.mp4")[1]]
    assert len(levels) == 80
    assert levels[:20] == pytest.approx(range(20), abs=1)
    assert all(level <= n + 1 for n, level in enumerate(levels)) and min(np.diff(levels)) > -1


def test_of_a_slow_encoder_only_what_it_does_within_a_second_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, clock = threading.Event(), [0.0]
    monkeypatch.setattr(video, "monotonic", lambda: clock[0])
    real = encode.Encoder.picture

    def picture(self: encode.Encoder, image: NDArray[np.uint8]) -> None:
        clock[0] += 0.3
        if self.frames == 5:
            held.wait(30)
        real(self, image)

    monkeypatch.setattr(encode.Encoder, "picture", picture)
    writer = VideoWriter(tmp_path / "a.mp4", SIZE, 30, live=True, channels=0)
    for n in range(6):
        writer.picture(flat((n,) * 3, SIZE), n / 30)
        while n < 5 and writer.waiting:
            time.sleep(0.001)
    for n in range(6, 20):
        writer.picture(flat((n,) * 3, SIZE), n / 30)
    assert 9 <= writer.dropped <= 11  # of 14: what one takes is known about
    held.set()
    writer.close()
    assert len(pictures(tmp_path / "a.mp4")[1]) == 20


def test_offline_a_late_encoder_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = held_up(monkeypatch)
    writer = VideoWriter(tmp_path / "a.mp4", SIZE, 30, channels=0)
    threading.Timer(0.2, go.set).start()
    for n in range(60):
        writer.picture(flat((n * 4,) * 3, SIZE), n / 30)
    writer.close()
    assert writer.dropped == 0 and len(pictures(tmp_path / "a.mp4")[1]) == 60


def test_live_sound_that_was_gone_for_a_while_comes_back_in_step(tmp_path: Path) -> None:
    fps, samples = 30, click(3.0, 5)
    writer = VideoWriter(tmp_path / "a.mp4", SIZE, fps, live=True)
    for n in range(120):
        if not 20 <= n < 70:  # the device is unplugged
            writer.audio(samples[n * RATE // fps : (n + 1) * RATE // fps], RATE)
        writer.picture(flat((0, 0, 0), SIZE), n / fps)
    writer.close()
    loud, _ = sound(tmp_path / "a.mp4")
    assert np.argmax(loud > 0.3) / RATE == pytest.approx(3.0, abs=0.04)


KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests.outputs.test_video import flash
flash(Path(sys.argv[1]), 30, 150, 40, paced=True, live=True)
os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9")
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_after_kill_9_all_but_the_last_second_plays_in_sync(tmp_path: Path, name: str) -> None:
    path, root = tmp_path / name, Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), str(root)], env=dict(os.environ), timeout=60)
    assert done.returncode == -9
    times, frames, _ = pictures(path)
    assert len(frames) >= 150 - 30
    loud, _ = sound(path)
    white = times[int(frames.mean(axis=(1, 2, 3)).argmax())]
    assert white == pytest.approx(40 / 30, abs=0.002)
    assert np.argmax(loud > 0.3) / RATE == pytest.approx(white, abs=0.003)


def test_sound_is_laid_at_its_own_time_whenever_the_first_picture_comes(tmp_path: Path) -> None:
    """A click at 0.5 s of show time; the first picture comes at 0.2 s: the click is 0.3 s into the file."""
    path = tmp_path / "late.mp4"
    writer = VideoWriter(path, SIZE, 10, audio_rate=RATE, live=True)
    samples = click(0.5, 1.2)
    for n in range(12):
        writer.audio(samples[n * RATE // 10 : (n + 1) * RATE // 10], RATE, n / 10)
        if n >= 2:
            writer.picture(flat((10 * n,) * 3, SIZE), n / 10)
    writer.close()
    heard, _ = sound(path)
    assert np.argmax(heard > 0.3) / RATE == pytest.approx(0.3, abs=0.003)
