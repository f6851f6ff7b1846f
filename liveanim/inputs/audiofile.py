"""Sound out of any file PyAV can read, chunk by chunk: hours of music need no more memory than seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import UserError, brief, near
from .rates import RateMatch
from .sources import Samples, Supply

if TYPE_CHECKING:
    from av import AudioFrame
    from av.container import InputContainer

_RATES = (8000, 192000)
_MAX_BAD = 50  # damaged packets in a row, about a second of music


class FileSupply:
    """The first sound track of a file as (n, 2) float32 at the file's own rate, then silence (or from the start again).

    Opening decodes the first chunk, so a file that cannot be played is refused here: UserError with one line.
    A file that breaks off later ends there; `problem` says where.
    """

    channels = 2

    def __init__(self, path: Path, *, loop: bool = False) -> None:
        self._path, self._loop = path, loop
        self.name = path.name
        self.problem = ""
        self._taken = 0
        self._open()
        self.duration = self._stated_duration()

    def _open(self) -> None:
        self._container = _open_container(self._path)
        stream = self._container.streams.audio[0]
        self.rate = int(stream.rate or 0)
        if not _RATES[0] <= self.rate <= _RATES[1]:
            self._container.close()
            why = f"sample rate {self.rate} Hz, need {_RATES[0]} to {_RATES[1]}" if self.rate else "no sample rate"
            raise UserError(f"{self._path}: not an audio file that can be read ({why})")
        self._chunks: Iterator[Samples] = self._decode()
        self._left: Samples = next(self._chunks, np.zeros((0, 2), dtype=np.float32))
        if not len(self._left):
            self._container.close()
            why = f" ({self.problem})" if self.problem else ""
            raise UserError(f"{self._path}: no sound in it{why}; try another file, or convert it to WAV or FLAC")

    def _stated_duration(self) -> float | None:
        stream = self._container.streams.audio[0]
        if stream.duration and stream.time_base:
            return float(stream.duration * stream.time_base)
        if self._container.duration:
            return self._container.duration / 1_000_000
        return _scanned_duration(self._path)

    def _decode(self) -> Iterator[Samples]:
        """Chunks of (n, 2) float32 until the end, or until the file is found to be broken."""
        import av

        # Mono is doubled here: FFmpeg would turn it down by 3 dB on the way to stereo.
        layout = "mono" if self._container.streams.audio[0].channels == 1 else "stereo"
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=self.rate)
        try:
            for frame in self._frames():
                for piece in resampler.resample(frame):
                    yield _both_sides(piece)
            for piece in resampler.resample(None):
                yield _both_sides(piece)
        except (av.error.FFmpegError, ValueError) as error:
            self.problem = f"{self.name}: broken after {self._taken / self.rate:.1f} s ({brief(error)})"

    def _frames(self) -> Iterator[AudioFrame]:
        """Decoded frames; up to `_MAX_BAD` damaged packets in a row are passed over, the next one raises."""
        import av

        bad = 0
        for packet in self._container.demux(audio=0):
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                bad += 1
                if bad > _MAX_BAD:
                    raise
                continue
            bad = bad if not frames else 0
            yield from frames

    def take(self, count: int) -> Samples:
        out = np.zeros((count, 2), dtype=np.float32)
        filled = 0
        while filled < count:
            if not len(self._left):
                chunk = next(self._chunks, None)
                if chunk is None and not self._rewind():
                    break
                self._left = self._left if chunk is None else chunk
            part = self._left[: count - filled]
            out[filled : filled + len(part)] = part
            self._left = self._left[len(part) :]
            filled += len(part)
            self._taken += len(part)
        return out

    def _rewind(self) -> bool:
        """Start again at the beginning; False when the file is not to be looped or can no longer be opened."""
        if not self._loop or self.problem:
            return False
        self._container.close()
        try:
            self._open()
        except UserError as error:
            self.problem = str(error)
            return False
        return True

    def close(self) -> None:
        self._container.close()


class Converted:
    """A supply at another sample rate."""

    def __init__(self, supply: Supply, rate: int) -> None:
        self._supply, self.rate = supply, rate
        self.name, self.channels, self.duration = supply.name, supply.channels, supply.duration
        self._match = RateMatch(supply.rate, rate, supply.channels)
        self._left: Samples = np.zeros((0, supply.channels), dtype=np.float32)

    @property
    def problem(self) -> str:
        return self._supply.problem

    def take(self, count: int) -> Samples:
        while len(self._left) < count:
            self._left = np.concatenate([self._left, self._match.convert(self._supply.take(2048))])
        out, self._left = self._left[:count], self._left[count:]
        return out

    def close(self) -> None:
        self._supply.close()


def _both_sides(frame: AudioFrame) -> Samples:
    """A planar float frame of one or two channels as (n, 2)."""
    rows = frame.to_ndarray().astype(np.float32)
    return np.repeat(rows.T, 2, axis=1) if len(rows) == 1 else rows.T


def _open_container(path: Path) -> InputContainer:
    import av

    if path.is_dir():
        raise UserError(f"{path}: is a folder, expected an audio file")
    try:
        if path.stat().st_size == 0:
            raise UserError(f"{path}: the file is empty")
        container = av.open(str(path))
    except FileNotFoundError:
        siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise UserError(f"{path}: no such file{near(path.name, siblings)}") from None
    except PermissionError:
        raise UserError(f"{path}: may not be read; check its permissions") from None
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise UserError(f"{path}: not an audio file that can be read ({brief(error)})") from None
    if not container.streams.audio:
        container.close()
        raise UserError(f"{path}: has no sound track")
    return container


def _scanned_duration(path: Path) -> float | None:
    """Seconds by the time stamps of all packets, for files that were never finished (a killed recording)."""
    import av

    end = 0.0
    with _open_container(path) as container:
        try:
            for packet in container.demux(audio=0):
                if packet.pts is not None and packet.time_base is not None:
                    end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        except av.error.FFmpegError:
            pass  # what was read up to here counts
    return end or None
