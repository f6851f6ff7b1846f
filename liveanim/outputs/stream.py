"""A tap that streams the show to an address from its own thread: RTMP, SRT, or MPEG-TS over UDP and TCP.

Nothing here holds up the show. While the receiver is away pictures are dropped, and it is tried again and again.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import shutil
import subprocess
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

import av.error
import numpy as np

from liveanim.core.errors import UserError, brief, near
from liveanim.core.model import Image
from liveanim.core.pacing import Pacer, Samples, SoundLine, exact_rate

from .codecs import STREAMS
from .encode import Encoder, VideoFormat

log = logging.getLogger(__name__)

WAITS = (1.0, 2.0, 4.0, 8.0, 15.0)  # s until it is tried again, then always the last
_WAITING = 8  # pictures
_WAITING_SOUND = 200  # blocks
_TROUBLE = (OSError, av.error.FFmpegError, ValueError)

Open = Callable[[str, VideoFormat], "Connection"]


class Connection:
    """An encoder that writes to an address."""

    def __init__(self, url: str, form: VideoFormat) -> None:
        self._pipe: subprocess.Popen[bytes] | None = None
        scheme = urlsplit(url).scheme
        if scheme == "srt":
            # FFmpeg's libraries come without SRT; its program has it.
            self._pipe = _ffmpeg(url)
        target = url if self._pipe is None or self._pipe.stdin is None else self._pipe.stdin
        try:
            self.encoder = Encoder(target, STREAMS[scheme], form)
        except _TROUBLE:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the address; whatever was not sent is lost."""
        with contextlib.suppress(*_TROUBLE, AttributeError):
            self.encoder.close()
        if self._pipe is not None:
            with contextlib.suppress(OSError):
                if self._pipe.stdin is not None:
                    self._pipe.stdin.close()
            self._pipe.kill()
            self._pipe.wait()


def _ffmpeg(url: str) -> subprocess.Popen[bytes]:
    program = shutil.which("ffmpeg")
    if program is None:
        raise OSError("streaming to srt:// needs the program ffmpeg; on Debian or Ubuntu: sudo apt install ffmpeg")
    command = [program, "-v", "error", "-f", "mpegts", "-i", "pipe:0", "-c", "copy", "-f", "mpegts", url]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def check_url(url: str) -> str:
    """`url` when we can stream there; UserError says what addresses look like."""
    scheme = urlsplit(url).scheme
    if scheme not in STREAMS or not urlsplit(url).netloc:
        known = ", ".join(f"{name}://" for name in STREAMS)
        raise UserError(
            f"cannot stream to {url!r}{near(scheme, STREAMS)}: expected an address that begins with {known}"
        )
    return url


class Stream:
    """Streams pictures of `size` (width, height) at `fps`, with sound at `audio_rate` Hz (`channels` 0: none).

    open_, waits   for tests: what makes a connection, and the pauses (s) between attempts
    UserError when the address is none that we can stream to.
    """

    def __init__(
        self,
        url: str,
        size: tuple[int, int],
        fps: float,
        *,
        audio_rate: int = 48000,
        channels: int = 2,
        open_: Open = Connection,
        waits: tuple[float, ...] = WAITS,
    ) -> None:
        self._url, self._open, self._waits = check_url(url), open_, waits
        # Where stream keys are kept in an address: they are not shown.
        self._name = f"{urlsplit(url).scheme}://{urlsplit(url).hostname or ''}"
        self._form = VideoFormat(size, exact_rate(fps), audio_rate, channels, live=True, codec="stream")
        self._pictures: queue.Queue[tuple[Image, float]] = queue.Queue(_WAITING)
        self._sounds: queue.Queue[tuple[Samples, int, float | None]] = queue.Queue(_WAITING_SOUND)
        self._stop, self._there = threading.Event(), threading.Event()
        self._problem = ""
        self.dropped = self.connections = 0
        self._thread = threading.Thread(target=self._run, name="stream", daemon=True)
        self._thread.start()

    def picture(self, image: Image, now: float) -> None:
        """Send `image` as the picture of show time `now` (s); dropped while nobody is there or the network is slow."""
        if not self._there.is_set():
            return
        try:
            self._pictures.put_nowait((image, now))
        except queue.Full:
            self.dropped += 1

    def audio(self, samples: Samples, rate: int, time: float | None = None) -> None:
        """Sound: (n,) or (n, channels) float32 at `rate` Hz; `time` is the show time (s) of its first sample."""
        if self._there.is_set() and len(samples):
            with contextlib.suppress(queue.Full):
                self._sounds.put_nowait((np.array(samples, dtype=np.float32), rate, time))

    def status(self) -> str:
        """A line about what goes wrong; '' while all is well."""
        return self._problem

    def close(self) -> None:
        """End the stream."""
        self._stop.set()
        self._thread.join(5.0)

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                sent = self._stream()
            except Exception as error:  # noqa: BLE001  top of the thread: whatever the network does, try again
                sent = False
                self._problem = f"the stream to {self._name} is down ({brief(error)}); trying again"
                log.warning("%s", self._problem)
            failures = 0 if sent else failures + 1
            self._stop.wait(self._waits[min(failures, len(self._waits) - 1)])

    def _stream(self) -> bool:
        """Stream until it ends; whether anything was sent before it broke."""
        connection = self._open(self._url, self._form)
        self.connections += 1
        self._empty()
        self._there.set()
        pacer, last = Pacer(float(self._form.rate)), None
        line = SoundLine()
        try:
            while not self._stop.is_set():
                try:
                    image, now = self._pictures.get(timeout=0.2)
                except queue.Empty:
                    continue
                for _ in range(min(pacer.due(now), 5 * int(pacer.fps))):
                    if last is not None:
                        connection.encoder.picture(last)
                        self._problem = ""
                last = image
                line.start = pacer.start or 0.0
                self._send_sound(connection.encoder, line)
        except _TROUBLE as error:
            self._problem = f"the stream to {self._name} broke off ({brief(error)}); connecting again"
            log.warning("%s", self._problem)
        finally:
            self._there.clear()
            connection.close()
        return pacer.frames > 0

    def _send_sound(self, encoder: Encoder, line: SoundLine) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                samples, rate, time = self._sounds.get_nowait()
                encoder.sound(line.lay(samples, rate, time), rate)

    def _empty(self) -> None:
        for waiting in (self._pictures, self._sounds):
            with contextlib.suppress(queue.Empty):
                while True:
                    waiting.get_nowait()
