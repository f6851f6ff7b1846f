"""A video file being written: H.264 and AAC by PyAV. One thread uses it; errors of the file come out as OSError."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from liveanim.core.errors import UserError
from liveanim.core.model import Image

Samples = NDArray[np.float32]

# An ordinary MP4 once closed; until then fragments, so that what is there after kill -9 still plays.
# delay_moov: the header waits for the first fragment and can then say by how much the sound begins early.
_MP4 = {"movflags": "hybrid_fragmented+frag_keyframe+delay_moov", "flush_packets": "1"}
_MKV = {"flush_packets": "1", "cluster_time_limit": "500"}
_CONTAINERS = {".mp4": ("mp4", _MP4), ".m4v": ("mp4", _MP4), ".mov": ("mov", _MP4), ".mkv": ("matroska", _MKV)}
_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """What is written. `size` (width, height) of the pictures; odd sides get one more row or column in the file."""

    size: tuple[int, int]
    rate: Fraction
    audio_rate: int
    channels: int
    live: bool


def container_of(path: Path) -> tuple[str, dict[str, str]]:
    """FFmpeg's name and options for the container that `path` asks for; UserError for one we do not write."""
    try:
        return _CONTAINERS[path.suffix.lower()]
    except KeyError:
        raise UserError(f"cannot write {path}: unknown kind {path.suffix!r}; use {', '.join(_CONTAINERS)}") from None


class Encoder:
    """Writes pictures and sound into one file, each in its own order; the container interleaves them."""

    def __init__(self, target: Path, container: tuple[str, dict[str, str]], form: VideoFormat) -> None:
        name, options = container
        self._form = form
        self._file: Any = av.open(str(target), "w", format=name, options=options)
        self._video: Any = self._add_video()
        self._audio: Any = self._add_audio() if form.channels else None
        self._resampler: Any = None
        self._waiting: list[Samples] = []
        self._input_rate = 0
        self._samples = 0
        self.frames = 0
        # Opens the file now: a path that cannot be written is found before the show and not at its first picture.
        self._file.start_encoding()

    def _add_video(self) -> Any:
        form = self._form
        # A fragment ends at each key picture: half a second live, so that kill -9 loses less than a second.
        gop = max(1, round(float(form.rate) * (0.5 if form.live else 1.0)))
        options = {"crf": "18", "preset": "ultrafast", "tune": "zerolatency"}
        if not form.live:
            options = {"crf": "18", "preset": "veryfast"}
        stream = self._file.add_stream("libx264", rate=form.rate, options=options)
        stream.width, stream.height = (side + side % 2 for side in form.size)
        stream.pix_fmt = "yuv420p"
        stream.time_base = 1 / form.rate
        context = stream.codec_context
        context.gop_size = gop
        context.time_base = 1 / form.rate
        # BT.709, limited range: what players assume for HD, said aloud so that none has to guess.
        context.color_primaries = context.color_trc = context.colorspace = 1
        context.color_range = 1
        return stream

    def _add_audio(self) -> Any:
        stream = self._file.add_stream("aac", rate=self._form.audio_rate)
        stream.codec_context.layout = "mono" if self._form.channels == 1 else "stereo"
        stream.codec_context.bit_rate = 192_000
        return stream

    def picture(self, image: Image) -> None:
        """Append one frame: (height, width, 3) uint8 RGB of the size promised."""
        height, width = image.shape[:2]
        if height % 2 or width % 2:
            image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        frame: Any = rgb.reformat(
            format="yuv420p", dst_colorspace="ITU709", src_color_range="JPEG", dst_color_range="MPEG"
        )
        frame.pts, frame.time_base = self.frames, 1 / self._form.rate
        frame.color_primaries = frame.color_trc = 1
        self.frames += 1
        self._file.mux(self._video.encode(frame))
        if self._audio is not None:
            self._encode_sound()

    def sound(self, samples: Samples, rate: int) -> None:
        """Append sound: (n,) or (n, channels) float32 at `rate` Hz; other rates and channel counts are converted."""
        if self._audio is None or not len(samples):
            return
        planes = _channels(samples, self._form.channels)
        layout = self._audio.codec_context.layout.name
        if self._resampler is None or rate != self._input_rate:
            self._flush_resampler()
            self._resampler = av.AudioResampler(format="fltp", layout=layout, rate=self._form.audio_rate)
            self._input_rate = rate
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=layout)
        frame.sample_rate = rate
        self._waiting += [converted.to_ndarray() for converted in self._resampler.resample(frame)]
        self._encode_sound()

    def _flush_resampler(self) -> None:
        if self._resampler is not None:
            self._waiting += [rest.to_ndarray() for rest in self._resampler.resample(None)]

    def _encode_sound(self) -> None:
        """Encode whole blocks as far as the picture has come; what is ahead of it waits: it may have to be cut."""
        ready = min(sum(part.shape[1] for part in self._waiting), self._length() - self._samples)
        self._encode_samples(ready - ready % _BLOCK)

    def _encode_samples(self, count: int) -> None:
        """Encode `count` of the waiting samples."""
        if count <= 0:
            return
        waiting = np.concatenate(self._waiting, axis=1)
        self._waiting = [waiting[:, count:]]
        for start in range(0, count, _BLOCK):
            block: Any = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(waiting[:, start : min(start + _BLOCK, count)]),
                format="fltp",
                layout=self._audio.codec_context.layout.name,
            )
            block.sample_rate = self._form.audio_rate
            block.pts, block.time_base = self._samples, Fraction(1, self._form.audio_rate)
            self._samples += block.samples
            self._file.mux(self._audio.encode(block))

    def _length(self) -> int:
        """Sound samples that belong to the frames written so far."""
        return round(self.frames * self._form.audio_rate / self._form.rate)

    def finish(self) -> None:
        """Bring the sound to the length of the picture, write what is waiting and close the file."""
        if self._audio is not None:
            self._flush_resampler()
            left = self._length() - self._samples
            self._waiting.append(np.zeros((min(2, self._form.channels), left), dtype=np.float32))
            self._encode_samples(left)
            self._file.mux(self._audio.encode(None))
        self._file.mux(self._video.encode(None))
        self._file.close()

    def close(self) -> None:
        """Close the file as it is, after an error."""
        self._file.close()


def _channels(samples: Samples, count: int) -> Samples:
    """(n,) or (n, channels) sound as (count, n): for 1 the mean of the first two, for 2 those two, or one doubled."""
    planes = np.atleast_2d(samples.T)
    planes = planes[:2].mean(axis=0, keepdims=True) if count == 1 else planes[[0, min(1, len(planes) - 1)]]
    return np.ascontiguousarray(planes, dtype=np.float32)
