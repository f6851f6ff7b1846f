"""The recorder: a tap that writes a file of pictures, of sound or of both from its own thread.

Live it never holds up the show: a full queue drops a picture (counted, the one before is shown longer), and an error of
the disk ends the recording with a line in `status()`. Offline it waits for the encoder, and an error is raised.
"""

from __future__ import annotations

import errno
import logging
import math
import os
import queue
import re
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import numpy as np

from liveanim.core.errors import UserError, brief
from liveanim.core.model import Image
from liveanim.core.pacing import Pacer, Samples, SoundLine, exact_rate
from liveanim.priority import FILMING, give_way

from .codecs import container_of
from .encode import Encoder, VideoFormat

log = logging.getLogger(__name__)

# Pictures waiting for the encoder: at most this many, and at most so many bytes of them.
_DEPTH, _WAITING_BYTES = 24, 192_000_000
# Live sound that lags this far (s) behind the picture has had a gap: filled with silence.
_GAP = 0.25
_STARVED = 0.75
# Film, and work (s), that may wait for a live encoder: at a kill it is lost, and at the end it is waited for.
_LATE = 1.0


@dataclass(frozen=True, slots=True)
class _Frames:
    """Show the last picture `held` frames more, then (if there is one) `image` becomes the last picture."""

    held: int
    image: Image | None


@dataclass(frozen=True, slots=True)
class _Sound:
    samples: Samples
    rate: int


class VideoWriter:
    """Records the pictures of a stage to `path` at exactly `fps`; frame 0 is the first picture.

    path        its ending says what is written (`codecs.CONTAINERS`): a film, a GIF, numbered PNGs (night.png becomes
                night-000000.png ...), or the sound alone (.wav, .flac), as long as the pictures and in step with them
    size        (width, height) of the pictures
    codec       one that the container takes; None: its usual one
    alpha       keep the transparency of pictures (height, width, 4), where the file can (ProRes, PNG, GIF); what comes
                as light that is there (premultiplied) is written as plain colours
    audio_rate  Hz in the file; `channels` 0 (no sound), 1 or 2. Sample 0 of the sound belongs to frame 0, the sound is
                padded or cut to the picture's length
    live        True: never blocks, the file has its name from the start and plays up to its last second after a crash.
                False: blocks while the encoder is behind; the file gets its name when it is complete (PNGs at once)
    wait        True: until the file is open. False (live): it and its folder are made meanwhile, trouble is in `status`

    UserError at construction when the file cannot be written, if that is waited for; offline also from `picture` and
    `close`.
    """

    def __init__(
        self,
        path: str | Path,
        size: tuple[int, int],
        fps: float,
        *,
        audio_rate: int = 48000,
        channels: int = 2,
        live: bool = False,
        codec: str | None = None,
        alpha: bool = False,
        wait: bool = True,
    ) -> None:
        self.path = Path(path)
        self._series = self.path.suffix.lower() == ".png"
        self._target = _numbered(self.path) if self._series else self.path
        if not live and not self._series:
            self._target = self.path.with_name(self.path.name + ".part")
        self._live, self._channels, self._wait = live, channels, wait
        self._form = VideoFormat(size, exact_rate(fps), audio_rate, channels, live, codec, alpha)
        self._pacer = Pacer(fps)
        self._queue: queue.SimpleQueue[_Frames | _Sound | None] = queue.SimpleQueue()
        self._room = threading.Semaphore(max(3, min(_DEPTH, _WAITING_BYTES // (size[0] * size[1] * 4))))
        self._failure = ""
        self._owed = self._queued = self._written = 0  # frames not yet in the queue, put there, encoded
        self._given = self._done = 0  # pictures put in the queue, and those that are encoded
        self._takes = 0.0  # s, for a picture with all its frames, of late
        self._began = math.inf  # when the picture that is encoded now was begun
        self._line = SoundLine()
        self._early: list[tuple[Samples, int, float]] = []  # sound from before the first picture
        self._newest: float | None = None
        self._closed = self._ended = False
        self.dropped = 0
        self._opened, self._refusal = threading.Event(), ""
        self._thread = threading.Thread(target=self._write, name="video writer", daemon=True)
        self._thread.start()
        if wait:
            self._opened.wait()
        if wait and self._refusal:
            raise UserError(self._refusal)

    def _open(self) -> Encoder | None:
        """None, and a refusal, when the file cannot be written."""
        try:
            return self._made()
        except UserError as error:
            self._refusal = str(error)
            return None
        finally:
            self._opened.set()

    def _made(self) -> Encoder:
        container = container_of(self.path, self._form.codec)
        try:
            if not self._wait:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            if self._series and not os.access(self.path.parent, os.W_OK):
                raise OSError(errno.ENOENT, "no folder that can be written to")
            return Encoder(self._target, container, self._form)
        except (OSError, ValueError) as error:
            raise UserError(_cannot_write(self.path, error)) from None

    @property
    def frames(self) -> int:
        """Frames recorded so far, repeats included."""
        return self._pacer.frames

    @property
    def waiting(self) -> bool:
        """Whether pictures or sound are not yet encoded."""
        return not self._queue.empty() or (self._written < self._queued and not self._failure)

    def picture(self, image: Image, now: float) -> None:
        """The stage showed `image` (height, width, 3 or 4) at show time `now` (s)."""
        if self._closed or self._stopped():
            return
        if self._newest is not None and self._live:
            self._fill(self._newest - self._line.start - _STARVED, _STARVED - 0.5)
        self._newest = now
        self._owed += self._pacer.due(now)
        self._line.start = self._pacer.start or 0.0
        early, self._early = self._early, []
        for sound in early:
            self.audio(*sound)
        if not self._late() and self._room.acquire(blocking=not self._live):
            self._queue.put(_Frames(self._owed, image))
            self._given += 1
            self._queued += self._owed
            self._owed = 0
        else:
            self.dropped += 1

    def _late(self) -> bool:
        """Whether enough waits for a live encoder."""
        film = (self._queued - self._written) / self._pacer.fps
        work = (self._given - self._done) * max(self._takes, monotonic() - self._began)
        return self._live and max(film, work) > _LATE

    def audio(self, samples: Samples, rate: int, time: float | None = None) -> None:
        """Sound: (n,) or (n, channels) float32, -1..1, at `rate` Hz. `time` is the show time (s) of its first sample;

        None: it follows what was given before. Sound from before the first picture is left out.
        """
        if not self._channels or self._closed or self._stopped() or not len(samples):
            return
        if time is not None and self._pacer.start is None:
            self._early.append((np.array(samples), rate, time))
            return
        if self._live and self._newest is not None:
            self._fill(self._newest - self._line.start - _GAP, _GAP)
        self._queue.put(_Sound(self._line.lay(np.array(samples, dtype=np.float32), rate, time), rate))

    def _fill(self, due: float, more: float) -> None:
        """Where the sound has not come as far as `due` seconds, add silence up to `due + more`."""
        if self._channels and self._line.seconds < due:
            rate = self._form.audio_rate
            self._queue.put(_Sound(self._line.silence(due + more - self._line.seconds, rate), rate))

    def label(self) -> str:
        """What the HUD's recording mark says: 'REC 02:14'; '' once the recording has ended."""
        seconds = int(self._pacer.frames / self._pacer.fps)
        return "" if self._closed or self._failure else f"REC {seconds // 60:02d}:{seconds % 60:02d}"

    def status(self) -> str:
        """One line for the HUD: '' while all is well with nothing dropped."""
        if self._failure:
            return f"recording stopped: {self._failure}"
        return f"recording: {self.dropped} pictures dropped" if self.dropped and not self._closed else ""

    def _stopped(self) -> bool:
        if self._failure and not self._live:
            self.abort()
            raise UserError(self._failure)
        return bool(self._failure)

    def close(self) -> None:
        """Write what is waiting and give the file its name. Offline, UserError when that fails; nothing is left."""
        if self._closed:
            return
        self._queue.put(_Frames(self._owed + self._pacer.last(), None))
        self._finish()
        if self._live:
            if not self._pacer.frames:
                self._discard()
            return
        if not self._failure and self._pacer.frames:
            self._failure = self._rename()
        if self._failure or not self._pacer.frames:
            self._discard()
        if self._failure:
            raise UserError(self._failure)

    def abort(self) -> None:
        """Stop without a file under the asked-for name (live: the file keeps what was recorded)."""
        if not self._closed:
            self._finish()
        if not self._live:
            self._discard()

    def _discard(self) -> None:
        if not self._series:
            self._target.unlink(missing_ok=True)

    def _finish(self) -> None:
        self._closed = True
        self._queue.put(None)
        self._thread.join()

    def _rename(self) -> str:
        if self._series:
            return ""
        try:
            os.replace(self._target, self.path)
        except OSError as error:
            return _cannot_write(self.path, error)
        return ""

    def _write(self) -> None:
        """The writer thread. After an error it goes on emptying the queue, so that nobody waits for it."""
        if self._live:
            give_way(FILMING)  # first: the encoder's own threads follow it
        encoder = self._open()
        if encoder is None and self._wait:
            return
        if encoder is not None:
            self._encode(encoder)
        else:
            self._failure = self._refusal
        if self._failure and self._live:
            log.warning("%s", self.status())
        while not self._ended:
            self._next()

    def _encode(self, encoder: Encoder) -> None:
        try:
            self._encode_all(encoder)
            encoder.finish()
        except Exception as error:  # noqa: BLE001  top of a thread: whatever went wrong, the show goes on and is told
            self._failure = _cannot_write(self.path, error)
            with suppress(OSError, ValueError):
                encoder.close()

    def _encode_all(self, encoder: Encoder) -> None:
        last: Image | None = None
        while (item := self._next()) is not None:
            if isinstance(item, _Sound):
                encoder.sound(item.samples, item.rate)
                continue
            self._began = monotonic()
            if last is not None:
                for _ in range(item.held):
                    encoder.picture(last)
                    self._written += 1
            last = item.image if item.image is not None else last
            self._takes += 0.3 * (monotonic() - self._began - self._takes)
            self._began, self._done = math.inf, self._done + 1

    def _next(self) -> _Frames | _Sound | None:
        """The next thing to write; None when there will be no more."""
        item = self._queue.get()
        self._ended = item is None
        if isinstance(item, _Frames) and item.image is not None:
            self._room.release()
        return item


def recorded(path: Path) -> bool:
    """Whether something was recorded to `path`."""
    return Path(str(_numbered(path)) % 0).exists() if path.suffix.lower() == ".png" else path.is_file()


def _numbered(path: Path) -> Path:
    """FFmpeg's pattern for the pictures of a series: night.png -> night-%06d.png; a pattern of one's own stays."""
    folder = str(path.parent).replace("%", "%%")
    if re.fullmatch(r"[^%]*%(0\d)?d[^%]*", path.name):
        return Path(folder) / path.name
    return Path(folder) / (path.stem.replace("%", "%%") + "-%06d" + path.suffix)


def _cannot_write(path: Path, error: Exception) -> str:
    folder = path.parent
    hint = f"; make the folder first: mkdir -p {folder}" if not folder.exists() else ""
    return f"cannot write {path}: {brief(error).lower()}{hint}"
