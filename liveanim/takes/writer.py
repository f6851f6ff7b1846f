"""Writes a take while the show goes on; the disk is waited for in a thread of its own."""

from __future__ import annotations

import io
import logging
import queue
import shutil
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import brief, told_as
from ..core.model import ControlEvent, Image, Keyframe
from ..core.pacing import Samples, SoundLine
from ..data import whole, write_whole
from .files import Used, keep
from .format import (
    AUDIO,
    EVENTS,
    KEEP_EVERY,
    KEYFRAMES,
    LARGEST_PICTURE,
    META,
    PICTURES,
    Moment,
    TakeInfo,
    event_line,
    make_folder,
    moment_line,
    to_toml,
    write_looks,
)

log = logging.getLogger(__name__)

_QUEUE = 4000  # things waiting for the disk: about half a minute
_PIECE = 0.5  # seconds of sound collected before they are encoded
_QUALITY = 92
_FULL = 100_000  # bytes free: too little for anything


class TakeWriter:
    """A take being written to `folder`.

    looks   the texts of the presets that can be chosen while it plays, by name
    used    the files that they name, copied beside the show
    UserError when `folder` is there and not empty, or cannot be written.
    Later trouble (disk full) ends the take, is logged, and told by `status`; the show goes on.
    """

    def __init__(
        self, folder: Path, info: TakeInfo, looks: Mapping[str, str] | None = None, used: Sequence[Used] = ()
    ) -> None:
        self.problem = ""
        self._used = used
        self._folder = folder
        make_folder(folder)
        with told_as(f"{folder}: cannot write a take there"):
            write_whole(folder / META, to_toml(info))
            write_looks(folder, looks or {})
            (folder / PICTURES).mkdir()
            self._events = (folder / EVENTS).open("w", encoding="utf-8", buffering=1)
            self._moments = (folder / KEYFRAMES).open("w", encoding="utf-8", buffering=1)
        self._sound = _SoundFile(folder / AUDIO, info.sound_from)
        self._next_picture = 0.0
        self._left_out = 0
        self._queue: queue.Queue[_Item | None] = queue.Queue(_QUEUE)
        self._thread = threading.Thread(target=self._run, name="take", daemon=True)
        self._thread.start()

    def event(self, event: ControlEvent) -> None:
        """Keep `event`. Never blocks."""
        self._put(event)

    def sound(self, samples: Samples, rate: int, time: float) -> None:
        """Keep (n, channels) samples, not to be changed afterwards, the first of them heard at show time `time` (s).

        Give this to `Ears.add_tap`. Never blocks.
        """
        self._put((samples, rate, time))

    def begun(self, index: int, time: float) -> None:
        """Keep that picture `index`, for show time `time` (s), was begun. Never blocks."""
        self._put(Moment(index, time))

    def keyframe(self, keyframe: Keyframe) -> None:
        """Keep every two seconds what was painted. Never blocks."""
        if keyframe.time >= self._next_picture:
            self._next_picture = keyframe.time + KEEP_EVERY
            self._put(keyframe)

    def status(self) -> str:
        """One line for the HUD: '' while all is well."""
        return self.problem or (f"take: {self._left_out} things left out" if self._left_out else "")

    def close(self) -> None:
        """Write what is still waiting and finish the files. Waits at most ten seconds for the disk."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(10.0)

    def _put(self, item: _Item) -> None:
        if self.problem:
            return
        try:
            self._queue.put_nowait(item)
        except queue.Full:
            if not self._left_out:
                log.warning("take: the disk is too slow, something was left out")
            self._left_out += 1

    def _run(self) -> None:
        try:
            for line in keep(self._folder, self._used) if self._used else ():
                log.warning("take: %s", line)
            while (item := self._queue.get()) is not None:
                self._write(item)
            self._sound.close()
        except Exception as error:  # noqa: BLE001  top of the thread: whatever it is, the show goes on
            self.problem = f"take ended early: {self._folder}: {self._reason(error)}"
            log.warning(self.problem)
        finally:
            self._close_texts()

    def _reason(self, error: Exception) -> str:
        """libsndfile and JPEG say little when a disk is full."""
        try:
            full = shutil.disk_usage(self._folder).free < _FULL
        except OSError:
            full = False
        return "the disk is full" if full else brief(error)

    def _write(self, item: _Item) -> None:
        if isinstance(item, ControlEvent):
            self._events.write(event_line(item))
        elif isinstance(item, Moment):
            self._moments.write(moment_line(item))
        elif isinstance(item, Keyframe):
            _write_picture(self._folder / PICTURES / Moment(item.index, item.time).file, item.image)
        else:
            self._sound.write(*item)

    def _close_texts(self) -> None:
        for file in (self._events, self._moments):
            try:
                file.close()
            except OSError as error:
                self.problem = self.problem or f"take ended early: {self._folder}: {self._reason(error)}"


_Sound = tuple[Samples, int, float]
_Item = ControlEvent | Moment | Keyframe | _Sound


class _SoundFile:
    """A FLAC file opened with the first samples and grown piece by piece, so that a kill loses little."""

    def __init__(self, path: Path, start: float) -> None:
        self._path = path
        self._line = SoundLine(start)
        self._file: Any = None
        self._pending: list[Samples] = []

    def write(self, samples: Samples, rate: int, time: float) -> None:
        import soundfile

        if self._file is None:
            channels = samples.shape[1]
            self._file = soundfile.SoundFile(self._path, "w", rate, channels, "PCM_24", format="FLAC")
        self._pending.append(self._line.lay(samples, rate, time))
        if sum(map(len, self._pending)) >= _PIECE * rate:
            self._flush()

    def _flush(self) -> None:
        if self._pending:
            self._file.write(np.clip(np.concatenate(self._pending), -1.0, 1.0))
            self._pending.clear()

    def close(self) -> None:
        if self._file is not None:
            self._flush()
            self._file.close()


def _write_picture(path: Path, image: Image) -> None:
    """`image` as a small JPEG that has its name only when it is whole."""
    from PIL import Image as Pictures

    picture = Pictures.fromarray(image)
    picture.thumbnail((LARGEST_PICTURE, LARGEST_PICTURE), Pictures.Resampling.LANCZOS)
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=_QUALITY, subsampling=0)
    with whole(path) as part:
        part.write_bytes(data.getvalue())
