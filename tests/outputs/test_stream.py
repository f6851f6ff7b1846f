"""Streaming: a real receiver on the loopback, one that goes away and comes back, addresses that are none."""

from __future__ import annotations

import io
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from liveanim.core.errors import UserError
from liveanim.outputs.stream import Stream, check_url

from .pictures import flat

SIZE = 64, 48


class Receiver:
    """Takes in what is sent to its port; every connection ends after `most` bytes."""

    def __init__(self, most: int) -> None:
        self.received: list[bytes] = []
        self._most = most
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            data = b""
            while len(data) < self._most and (part := connection.recv(65536)):
                data += part
            self.received.append(data)
            connection.close()

    def close(self) -> None:
        self._socket.close()


def play(stream: Stream, until: Callable[[], bool]) -> None:
    """Pictures and sound at 30 a second of show time, as quickly as they are taken."""
    deadline, n = time.monotonic() + 60.0, 0
    sound = np.zeros(1600, np.float32)
    while not until():
        assert time.monotonic() < deadline, stream.status()
        stream.picture(flat(((n * 5) % 256, 100, 50), SIZE), n / 30)
        stream.audio(sound, 48000, n / 30)
        n += 1
        time.sleep(0.002)  # a real stream on real sockets: there is nobody to wait for but its thread


def test_a_receiver_that_goes_away_gets_the_stream_again() -> None:
    receiver = Receiver(60_000)
    stream = Stream(f"tcp://127.0.0.1:{receiver.port}", SIZE, 30.0, channels=1, waits=(0.05,))
    play(stream, lambda: len(receiver.received) >= 2)
    assert stream.connections >= 2
    stream.close()
    receiver.close()
    for data in receiver.received[:2]:
        with av.open(io.BytesIO(data), "r", format="mpegts") as file:
            assert (
                file.streams.video[0].codec_context.name == "h264" and file.streams.audio[0].codec_context.name == "aac"
            )
            frames = [frame.to_ndarray(format="rgb24").mean(axis=(0, 1)) for frame in file.decode(video=0)]
        assert len(frames) > 5
        assert all(abs(frame[1] - 100) < 8 and abs(frame[2] - 50) < 8 for frame in frames[1:-1])


def test_nobody_there_is_said_and_the_show_goes_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    stream = Stream(f"tcp://127.0.0.1:{port}", SIZE, 30.0, waits=(0.05,))
    play(stream, lambda: bool(stream.status()))
    assert "the stream to tcp://127.0.0.1 is down" in stream.status() and "trying again" in stream.status()
    stream.close()


def test_srt_goes_through_ffmpeg(tmp_path: Path) -> None:
    program = shutil.which("ffmpeg")
    if program is None:
        pytest.skip("macos and windows have no ffmpeg here")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    out = tmp_path / "got.ts"
    url = f"srt://127.0.0.1:{port}"
    command = [
        program,
        "-v",
        "error",
        "-y",
        "-i",
        f"{url}?mode=listener",
        "-c",
        "copy",
        "-flush_packets",
        "1",
        str(out),
    ]
    with subprocess.Popen(command) as listener:
        stream = Stream(url, SIZE, 30.0, channels=0, waits=(0.2,))
        play(stream, lambda: out.is_file() and out.stat().st_size > 20_000)
        stream.close()
        listener.terminate()
    with av.open(str(out)) as file:
        assert (file.streams.video[0].width, file.streams.video[0].height) == SIZE


def test_an_rtmp_server_gets_picture_and_sound(tmp_path: Path) -> None:
    program = shutil.which("ffmpeg")
    if program is None:
        pytest.skip("macos and windows have no ffmpeg here")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url, out = f"rtmp://127.0.0.1:{port}/live/key", tmp_path / "got.flv"
    listen = [program, "-v", "quiet", "-listen", "1", "-f", "flv", "-i", url, "-c", "copy", "-flush_packets", "1"]
    with subprocess.Popen([*listen, str(out)]) as listener:
        stream = Stream(url, SIZE, 30.0, channels=1, waits=(0.2,))
        play(stream, lambda: out.is_file() and out.stat().st_size > 20_000)
        stream.close()
        listener.terminate()
    with av.open(str(out)) as file:
        assert [one.codec_context.name for one in file.streams] == ["h264", "aac"]
        assert (file.streams.video[0].width, file.streams.video[0].height) == SIZE


@pytest.mark.parametrize("url", ["http://a/b", "rtmp:", "night.mp4", "rtp://a", ""])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UserError, match=r"expected an address that begins with rtmp://"):
        check_url(url)
