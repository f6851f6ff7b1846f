"""A file of pictures and sound being written, by PyAV. One thread uses it; errors of the file come out as OSError."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import av
import av.filter
import numpy as np
from av.video.frame import PictureType
from numpy.typing import NDArray

from liveanim.core.model import Image

from .codecs import Codec, Container, choose, options_for
from .repeats import Repeater
from .yuv import Planes

Samples = NDArray[np.float32]

_BLOCK = 1024
_LOOKED_AT = 160 * 90  # pixels of a picture for a GIF's colours
# On music half the work of the usual search at 192 kbit/s, and nearer to it: 36 dB above what is lost, not 29.
_AAC_RATE, _AAC = 256_000, {"aac_coder": "fast", "aac_tns": "0", "aac_is": "0", "aac_pns": "0"}


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """What is written. `size` (width, height) of the pictures; odd sides get one more row or column in the file.

    alpha  the file keeps the transparency of pictures (height, width, 4) where its codec can
    """

    size: tuple[int, int]
    rate: Fraction
    audio_rate: int
    channels: int
    live: bool
    codec: str | None = None
    alpha: bool = False


class Encoder:
    """Writes pictures and sound into one file, each in its own order; the container interleaves them.

    A container without pictures (.wav, .flac) counts them all the same: the sound is as long as they are.
    """

    def __init__(self, target: Path | str | IO[bytes], container: Container, form: VideoFormat) -> None:
        codec = choose(form.codec or container.codecs[0], form.size) if container.codecs else None
        self._form = form
        where: Any = str(target) if isinstance(target, Path) else target  # an address, or a pipe
        self._file: Any = av.open(where, "w", format=container.name, options=options_for(container, codec, form.rate))
        self._pictures = _Pictures(self._file, codec, form) if codec else None
        kind = container.sound if codec is None or container.sound != "aac" else codec.sound
        self._sound = _Sound(self._file, kind, form) if kind and form.channels else None
        self.frames = 0
        # Opens the file now: a path that cannot be written is found before the show and not at its first picture.
        self._file.start_encoding()
        if self._pictures is not None:
            self._pictures.opened()

    @property
    def codec(self) -> str:
        """FFmpeg's name of the encoder in use; '' without pictures."""
        return self._pictures.codec.encoder if self._pictures else ""

    def picture(self, image: Image) -> None:
        """Append one frame: (height, width, 3 or 4) uint8 RGB or RGBA of the size promised."""
        if self._pictures is not None:
            self._file.mux(self._pictures.encode(image, self.frames))
        self.frames += 1
        self._write_sound()

    def sound(self, samples: Samples, rate: int) -> None:
        """Append sound: (n,) or (n, channels) float32 at `rate` Hz; other rates and channel counts are converted."""
        if self._sound is not None and len(samples):
            self._sound.add(samples, rate)
            self._write_sound()

    def _write_sound(self) -> None:
        """Encode whole blocks as far as the picture has come; what is ahead of it waits: it may have to be cut."""
        if self._sound is not None:
            ready = min(self._sound.waiting, self._length() - self._sound.written)
            self._file.mux(self._sound.encode(ready - ready % _BLOCK))

    def _length(self) -> int:
        """Sound samples that belong to the frames written so far."""
        return round(self.frames * self._form.audio_rate / self._form.rate)

    def finish(self) -> None:
        """Bring the sound to the length of the picture, write what is waiting and close the file."""
        if self._sound is not None:
            self._file.mux(self._sound.finish(self._length()))
        if self._pictures is not None:
            self._file.mux(self._pictures.finish(self.frames - 1))
        self._file.close()

    def close(self) -> None:
        """Close the file as it is, after an error."""
        self._file.close()


class _Pictures:
    """The stream of pictures."""

    def __init__(self, file: Any, codec: Codec, form: VideoFormat) -> None:
        self.codec, self._form = codec, form
        self._alpha = form.alpha and bool(codec.alpha)
        self._stream = file.add_stream(
            codec.encoder, rate=form.rate, options=dict(codec.live if form.live else codec.offline)
        )
        stream, context = self._stream, self._stream.codec_context
        stream.width, stream.height = self._size = tuple(side + side % 2 for side in form.size)
        stream.pix_fmt = codec.alpha if self._alpha else codec.pixels
        stream.time_base = context.time_base = 1 / form.rate
        if codec.tag and file.format.name in ("mp4", "mov"):
            context.codec_tag = codec.tag
        # A fragment ends at each key picture: half a second live, so that kill -9 loses less than a second.
        self._most = max(1, round(float(form.rate) * (0.5 if form.live else 1.0)))
        context.gop_size = 1 if codec.intra else self._most
        self._image: Image | None = None  # converted last, to `_frame`
        self._frame: Any = None
        self._repeater: Repeater | None = None
        self._key = 0  # number of the last key picture
        self._data: bytes | None = None  # of that picture, where it may be written again as it is
        self._held = False  # whether a GIF lacks what was shown since: it has a picture until the next one
        self._yuv = stream.pix_fmt.startswith("yuv")
        self._planes = Planes((stream.width, stream.height)) if stream.pix_fmt == "yuv420p" else None
        if self._yuv:
            # BT.709, limited range: what players assume for HD, said aloud so that none has to guess.
            context.color_primaries = context.color_trc = context.colorspace = 1
            context.color_range = 1
        self._palette = (
            _Palette(self._size, "rgba" if self._alpha else "rgb24", form.rate) if codec.encoder == "gif" else None
        )

    def opened(self) -> None:
        """The encoder runs: live, what it says of its stream may allow to repeat pictures without it."""
        if self._form.live and self.codec.encoder == "libx264":
            with contextlib.suppress(ValueError):
                self._repeater = Repeater(bytes(self._stream.codec_context.extradata or b""))

    def encode(self, image: Image, number: int) -> Iterable[Any]:
        """Frame `number` as packets. One that is shown again (a late screen, a late painter) is not converted again."""
        again = image is self._image
        if again and self._data is not None:
            return [self._packet(self._data, number, key=True)]
        if again and number < self._key + self._most:
            if self._repeater is not None:
                return [self._packet(self._repeater.again(), number)]
            self._held = self._palette is not None
            if self._held:
                return []
        if not again:
            self._image, self._frame = image, self._converted(image)
        self._frame.pts, self._frame.time_base = number, 1 / self._form.rate
        if self._repeater is not None:
            return self._beside_repeats(self._frame, number)
        self._key, self._held = number, False
        packets: list[Any] = self._stream.encode(self._frame)
        if self.codec.intra and self._palette is None:
            self._data = bytes(packets[0]) if len(packets) == 1 else None
        return packets

    def _beside_repeats(self, frame: Any, number: int) -> Iterable[Any]:
        """The packets of an encoder that does not count all frames, and so would make key pictures too seldom."""
        assert self._repeater is not None
        if number >= self._key + self._most:
            self._key = number
        frame.pict_type = PictureType.I if number == self._key else PictureType.NONE
        for packet in self._stream.encode(frame):
            whole = bytes(packet)
            passed = self._repeater.passed(whole)
            yield packet if passed is whole else self._packet(passed, packet.pts)

    def _packet(self, data: bytes, number: int, key: bool = False) -> Any:
        packet: Any = av.Packet(data)
        packet.is_keyframe = key
        packet.stream, packet.pts, packet.dts = self._stream, number, number
        packet.time_base, packet.duration = 1 / self._form.rate, 1
        return packet

    def _converted(self, image: Image) -> Any:
        """`image` as the encoder wants it."""
        if self._alpha:
            image = plain(image)
        wide, high = self._size[0] - image.shape[1], self._size[1] - image.shape[0]
        if wide or high:
            image = np.pad(image, ((0, high), (0, wide), (0, 0)), mode="edge")
        if image.shape[2] == 4 and not self._alpha and not self._yuv:
            image = image[:, :, :3]
        if self._planes is not None:
            # Without copying where PyAV can: it takes heights of this kind to be lower by two.
            make = av.VideoFrame.from_ndarray if self._size[1] % 4 else av.VideoFrame.from_numpy_buffer
            frame: Any = make(self._planes.of(image), format="yuv420p")
            frame.color_primaries = frame.color_trc = frame.colorspace = frame.color_range = 1
            return frame
        layout = "rgba" if image.shape[2] == 4 else "rgb24"
        frame = av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(image), format=layout)
        if self._yuv:
            frame = frame.reformat(
                format=self._stream.pix_fmt, dst_colorspace="ITU709", src_color_range="JPEG", dst_color_range="MPEG"
            )
            frame.color_primaries = frame.color_trc = 1
        return frame if self._palette is None else self._palette.apply(frame)

    def finish(self, last: int) -> Iterable[Any]:
        """The last packets, when frame `last` was the last."""
        held: list[Any] = []
        if self._held:
            self._frame.pts = last
            held = self._stream.encode(self._frame)
        return [*held, *self._stream.encode(None)]


def plain(image: Image) -> Image:
    """(height, width, 4) of light that is there as plain colours: what an editor expects to lay over something."""
    solid = image[..., 3:]
    if solid.min() == 255:
        return image
    colours = image[..., :3].astype(np.uint32) * 255 + solid // 2
    whole = np.minimum(colours // np.maximum(solid, 1), 255).astype(np.uint8)
    return np.concatenate([whole, solid], axis=2)


def light(image: Image) -> Image:
    """(height, width, 4) of plain colours as light that is there: the way back from `plain`."""
    solid = image[..., 3:].astype(np.uint16)
    colours = ((image[..., :3] * solid + 127) // 255).astype(np.uint8)
    return np.concatenate([colours, image[..., 3:]], axis=2)


class _Palette:
    """Each picture in 256 colours of its own, for GIF: those of every nth pixel, as all would take thrice the time."""

    def __init__(self, size: tuple[int, ...], layout: str, rate: Fraction) -> None:
        graph: Any = av.filter.Graph()
        self._source = graph.add_buffer(width=size[0], height=size[1], format=layout, time_base=1 / rate)
        split = graph.add("split")
        make = graph.add("palettegen", "stats_mode=single")
        use = graph.add("paletteuse", "new=1:dither=bayer:bayer_scale=3")
        self._sink = graph.add("buffersink")
        self._source.link_to(split)
        split.link_to(use, 0, 0)
        nth = max(1, round(math.sqrt(size[0] * size[1] / _LOOKED_AT)))
        few = graph.add("scale", f"iw/{nth}:ih/{nth}:flags=neighbor")
        split.link_to(few, 1, 0)
        few.link_to(make)
        make.link_to(use, 0, 1)
        use.link_to(self._sink)
        graph.configure()
        self._graph = graph  # its parts do not keep it alive

    def apply(self, frame: Any) -> Any:
        self._source.push(frame)
        return self._sink.pull()


class _Sound:
    """The stream of sound. `written` and `waiting` count samples at the file's rate."""

    def __init__(self, file: Any, kind: str, form: VideoFormat) -> None:
        self._rate, self._channels = form.audio_rate, min(2, form.channels)
        self._whole = kind != "aac"  # 24 bit, not float
        self._layout = "mono" if self._channels == 1 else "stereo"
        self._stream = file.add_stream(kind, rate=self._rate)
        context = self._stream.codec_context
        context.layout = self._layout
        if kind == "aac":
            context.bit_rate, context.options = _AAC_RATE, dict(_AAC)
        if kind == "flac":
            context.format = "s32"
            context.options = {"bits_per_raw_sample": "24"}
        self._resampler: Any = None
        self._input_rate = 0
        self._waiting: list[Samples] = []
        self.waiting = self.written = 0

    def add(self, samples: Samples, rate: int) -> None:
        """Sound to be written later."""
        planes = _channels(samples, self._channels)
        if rate == self._rate and self._resampler is None:
            self._wait(planes)
            return
        if self._resampler is None or rate != self._input_rate:
            self._flush()
            self._resampler = av.AudioResampler(format="fltp", layout=self._layout, rate=self._rate)
            self._input_rate = rate
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=self._layout)
        frame.sample_rate = rate
        for converted in self._resampler.resample(frame):
            self._wait(converted.to_ndarray())

    def _wait(self, planes: Samples) -> None:
        self._waiting.append(planes)
        self.waiting += planes.shape[1]

    def _flush(self) -> None:
        if self._resampler is not None:
            for rest in self._resampler.resample(None):
                self._wait(rest.to_ndarray())

    def encode(self, count: int) -> list[Any]:
        """`count` of the waiting samples as packets."""
        if count <= 0:
            return []
        waiting = np.concatenate(self._waiting, axis=1)
        self._waiting = [waiting[:, count:]]
        self.waiting -= count
        packets: list[Any] = []
        for start in range(0, count, _BLOCK):
            part = np.ascontiguousarray(waiting[:, start : min(start + _BLOCK, count)])
            block: Any = av.AudioFrame.from_ndarray(
                _packed(part) if self._whole else part, format="s32" if self._whole else "fltp", layout=self._layout
            )
            block.sample_rate = self._rate
            block.pts, block.time_base = self.written, Fraction(1, self._rate)
            self.written += block.samples
            packets += self._stream.encode(block)
        return packets

    def finish(self, length: int) -> list[Any]:
        """The last packets: what is waiting, with silence or cut so that there are `length` samples in all."""
        self._flush()
        left = length - self.written
        self._wait(np.zeros((self._channels, max(0, left)), dtype=np.float32))
        return [*self.encode(left), *self._stream.encode(None)]


def _channels(samples: Samples, count: int) -> Samples:
    """(n,) or (n, channels) sound as (count, n): for 1 the mean of the first two, for 2 those two, or one doubled."""
    planes = np.atleast_2d(samples.T)
    planes = planes[:2].mean(axis=0, keepdims=True) if count == 1 else planes[[0, min(1, len(planes) - 1)]]
    return np.ascontiguousarray(planes, dtype=np.float32)


def _packed(planes: Samples) -> NDArray[np.int32]:
    """(channels, n) float -1..1 as (1, n * channels) whole numbers of 24 bits, in the upper part of 32."""
    whole = np.round(np.clip(planes.T.astype(np.float64), -1.0, 1.0 - 2.0**-23) * 2.0**23).astype(np.int32)
    return np.ascontiguousarray((whole << 8).reshape(1, -1))
