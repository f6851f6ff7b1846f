"""Pictures that are shown again are written without the encoder, and decoders take them for frames like others."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from liveanim.outputs.repeats import Repeater
from liveanim.outputs.video import VideoWriter
from liveanim.outputs.yuv import Planes

SIZE = (192, 112)


def noise(count: int, size: tuple[int, int] = SIZE) -> list[NDArray[np.uint8]]:
    """Pictures that are all different and hard to pack, the last half of them nearly empty."""
    random = np.random.default_rng(5)
    full = [random.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8) for _ in range(count // 2)]
    flat = [np.full((size[1], size[0], 3), 9 * n, dtype=np.uint8) for n in range(count - count // 2)]
    return full + flat


def film(path: Path, images: list[NDArray[np.uint8]], held: list[int], codec: str | None = None) -> None:
    """A live recording at 60 frames a second in which image n stays for held[n] frames."""
    writer = VideoWriter(path, SIZE, 60, channels=0, live=True, codec=codec)
    at = 0
    for image, frames in zip(images, held, strict=True):
        writer.picture(image, at / 60)
        at += frames
        while writer.waiting:
            pass
    writer.picture(images[-1], (at - 1) / 60)
    writer.close()
    assert writer.dropped == 0


def packets(path: Path) -> list[Any]:
    with av.open(str(path)) as file:
        return [(packet.size, packet.is_keyframe) for packet in file.demux(video=0) if packet.size]


def decoded(path: Path) -> list[NDArray[np.uint8]]:
    with av.open(str(path)) as file:
        file.streams.video[0].codec_context.options = {"err_detect": "explode"}
        frames = list(file.decode(video=0))
        assert [round(float(frame.time or 0.0) * 60) for frame in frames] == list(range(len(frames)))
        return [np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8) for frame in frames]


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", None), ("a.mkv", None), ("a.mov", "h264"), ("a.mkv", "master"), ("a.mov", "master")]
)
def test_what_stays_on_the_screen_stays_in_the_film_to_the_bit_and_costs_some_bytes(
    tmp_path: Path, name: str, codec: str | None
) -> None:
    held = [
        3,
        1,
        2,
        40,
        1,
        1,
        19,
        2,
        3,
        3,
        70,
        1,
        2,
        2,
    ]  # some longer than key pictures are apart
    images = noise(len(held))
    film(tmp_path / name, images, held, codec)
    frames, written = decoded(tmp_path / name), packets(tmp_path / name)
    assert len(frames) == len(written) == sum(held)
    at = 0
    for image, count in zip(images, held, strict=True):
        close = 12.0 if codec == "master" else 60.0  # of noise, colour at half the size is all that is lost
        assert np.abs(frames[at].astype(int) - image).mean() < close
        for n in range(at + 1, at + count):
            if not written[n][1]:
                assert written[n][0] < 40 and np.array_equal(frames[n], frames[n - 1])
        at += count
    keys = [n for n, (_, key) in enumerate(written) if key]
    assert keys[0] == 0 and max(np.diff([*keys, len(written)])) <= 30


def test_ffmpeg_has_nothing_to_say_against_such_a_film(tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", noise(40), [1 + n % 4 for n in range(40)])
    command = ["ffmpeg", "-v", "warning", "-err_detect", "explode", "-i", str(tmp_path / "a.mp4"), "-f", "null", "-"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("the program ffmpeg is not installed")
    assert (said.returncode, said.stderr) == (0, "")


def header(**options: str) -> bytes:
    context: Any = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = 64, 48, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 30), Fraction(30)
    context.options = {"preset": "ultrafast", "tune": "zerolatency", **options}
    context.flags |= 1 << 22  # the header apart from the pictures
    context.open()
    return bytes(context.extradata)


@pytest.mark.parametrize("options", [{"preset": "veryfast"}, {"x264-params": "bframes=2"}, {"x264-params": "cabac=1"}])
def test_a_stream_of_another_kind_is_left_alone(options: dict[str, str]) -> None:
    Repeater(header())
    with pytest.raises(ValueError, match="another kind"):
        Repeater(header(**options))


@pytest.mark.parametrize("data", [b"", b"\0\0\0\1", b"\0\0\0\1\x67", b"\0\0\0\1\x67\x42\0\0\1\x68\xce", b"\xff" * 99])
def test_a_header_that_is_none_is_an_error_and_no_more(data: bytes) -> None:
    with pytest.raises(ValueError):
        Repeater(data)


@pytest.mark.parametrize("alpha", [False, True])
def test_planes_are_those_of_bt_709(alpha: bool) -> None:
    random = np.random.default_rng(2)
    image = random.integers(0, 256, (24, 32, 4 if alpha else 3), dtype=np.uint8)
    out = Planes((32, 24)).of(image)
    r, g, b = image[..., :3].astype(float).transpose(2, 0, 1)
    luma = 0.2126 * r + 0.7152 * g + 0.0722 * b
    assert np.abs(out[:24] - (16 + luma * 219 / 255)).max() <= 1
    small = out[24:].reshape(2, 12, 16)
    for plane, difference in zip(small, ((b - luma) / 1.8556, (r - luma) / 1.5748), strict=True):
        mean = difference.reshape(12, 2, 16, 2).mean(axis=(1, 3))
        assert np.abs(plane - (128 + mean * 224 / 255)).max() <= 1.5
