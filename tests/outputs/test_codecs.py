"""Every kind of file comes back as it was written: pictures, transparency, sound, rate; also after kill -9."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from liveanim.core.errors import UserError
from liveanim.outputs import codecs, encode
from liveanim.outputs.video import VideoWriter

from .pictures import flat, smooth
from .test_video import RATE, SIZE, click, flash, pictures, sound

FILMS = [
    ("a.mp4", "hevc", "hevc"),
    ("a.mkv", "hevc", "hevc"),
    ("a.mp4", "av1", "libdav1d"),
    ("a.mov", "prores", "prores"),
    ("a.mkv", "prores", "prores"),
    ("a.mov", "master", "h264"),
    ("a.mkv", "master", "h264"),
    ("a.mkv", "ffv1", "ffv1"),
]


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize(("name", "codec", "decoder"), FILMS)
def test_every_film_has_its_frames_colours_and_sound_in_step(
    tmp_path: Path, name: str, codec: str, decoder: str, live: bool
) -> None:
    path = tmp_path / name
    flash(path, 30, 40, 21, live=live, codec=codec, paced=True).close()
    times, frames, stream = pictures(path)
    loud, _ = sound(path)
    assert stream.codec_context.name == decoder
    assert len(frames) == 40 and times == pytest.approx([n / 30 for n in range(40)], abs=0.0011)
    assert np.median(frames[21]) >= 250 and np.median(frames[10]) <= 5
    assert np.argmax(loud > 0.3) / RATE == pytest.approx(0.7, abs=0.003)
    assert (tmp_path / name).exists() and len(list(tmp_path.iterdir())) == 1


def shaded(size: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture whose transparency rises from left to right."""
    alpha = np.tile(np.linspace(0, 255, size[0]).astype(np.uint8), (size[1], 1))[:, :, None]
    return np.concatenate([smooth(size), alpha], axis=2)


@pytest.mark.parametrize(("name", "codec"), [("a.mov", "prores"), ("a.mkv", "ffv1"), ("a.png", None)])
def test_transparency_is_kept(tmp_path: Path, name: str, codec: str | None) -> None:
    image = shaded(SIZE)
    writer = VideoWriter(tmp_path / name, SIZE, 30, channels=0, codec=codec, alpha=True)
    solid = image[..., 3:].astype(float) / 255
    light = np.concatenate([np.round(image[..., :3] * solid), image[..., 3:]], axis=2).astype(np.uint8)
    for n in range(3):
        writer.picture(light, n / 30)
    writer.close()
    with av.open(str(next(tmp_path.iterdir()))) as file:
        back = next(iter(file.decode(video=0))).to_ndarray(format="rgba")
    assert np.abs(back[:, :, 3].astype(int) - image[:, :, 3]).max() <= 2
    seen = image[:, :, 3] > 16
    assert np.abs(back[:, :, :3].astype(int) - image[:, :, :3])[seen].mean() < 3


def test_what_cannot_be_transparent_drops_it(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "a.mp4", SIZE, 30, channels=0, alpha=True)
    writer.picture(shaded(SIZE), 0.0)
    writer.close()
    assert np.abs(pictures(tmp_path / "a.mp4")[1][0].astype(int) - smooth(SIZE)).mean() < 10


def test_a_gif_has_every_frame_at_its_time(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "a.gif", SIZE, 30)
    colours = [(250, 20, 20), (20, 250, 20), (20, 20, 250)]
    for n in range(30):
        writer.picture(flat(colours[n // 10], SIZE), n / 30)
        writer.audio(np.zeros((1600, 2), np.float32), RATE)
    writer.close()
    times, frames, _ = pictures(tmp_path / "a.gif")
    seen = [tuple(frame.mean(axis=(0, 1))) for frame in frames]
    assert list(np.flatnonzero(np.abs(np.diff(seen, axis=0)).max(axis=1) > 100)) == [9, 19]
    assert times == pytest.approx([n / 30 for n in range(30)], abs=0.006)


@pytest.mark.parametrize(
    ("name", "codec", "copies"),
    [("a.mov", "prores", 59), ("a.mkv", "ffv1", 59), ("a%d.png", None, 59), ("a.gif", None, 0)],
)
def test_a_picture_that_is_shown_for_long_is_encoded_once(
    tmp_path: Path, name: str, codec: str | None, copies: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied: list[int] = []
    packet = encode._Pictures._packet

    def noted(self: encode._Pictures, data: bytes, number: int, key: bool = False) -> Any:
        copied.append(number)
        return packet(self, data, number, key)

    monkeypatch.setattr(encode._Pictures, "_packet", noted)
    writer = VideoWriter(tmp_path / name, SIZE, 30, channels=0, live=True, codec=codec)
    red, blue = flat((250, 20, 20), SIZE), flat((20, 20, 250), SIZE)
    for now, image in enumerate((red, blue, blue)):
        writer.picture(image, float(now))
    writer.close()
    assert len(copied) == copies
    with av.open(str(tmp_path / name), format="image2" if "%" in name else None, options={"framerate": "30"}) as film:
        shown = [
            (float(one.time or 0.0), one.to_ndarray(format="rgb24")[9, 9, 2] > 128) for one in film.decode(video=0)
        ]
        length = film.duration
    assert [at for at, _ in shown] == pytest.approx(
        [n / 30 for n in range(61)] if copies else [0, 0.5, 1, 1.5, 2], abs=0.01
    )
    assert all(late == (at > 0.99) for at, late in shown)
    assert length is None or length / av.time_base == pytest.approx(61 / 30, abs=0.02)


@pytest.mark.parametrize(
    ("asked", "first"), [("n.png", "n-000000.png"), ("n%03d.png", "n000.png"), ("50%.png", "50%-000000.png")]
)
def test_a_series_of_pictures_is_numbered_from_nought(tmp_path: Path, asked: str, first: str) -> None:
    writer = VideoWriter(tmp_path / asked, SIZE, 30)
    images = [smooth(SIZE), flat((9, 90, 200), SIZE)]
    for n, image in enumerate(images):
        writer.picture(image, n / 30)
    writer.close()
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == [first, first.replace("0.png", "1.png")]
    for path, image in zip(files, images, strict=True):
        with av.open(str(path)) as file:
            assert np.array_equal(next(iter(file.decode(video=0))).to_ndarray(format="rgb24"), image)


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_sound_alone_is_as_long_as_the_pictures_and_in_step_with_them(tmp_path: Path, name: str, live: bool) -> None:
    writer = VideoWriter(tmp_path / name, SIZE, 30, live=live)
    samples = click(0.5, 1.2)
    for n in range(30):
        writer.picture(flat((0, 0, 0), SIZE), 3.0 + n / 30)
        writer.audio(samples[n * 1600 : (n + 1) * 1600], RATE, 3.0 + n / 30)
    writer.close()
    back, rate = soundfile.read(tmp_path / name)
    assert rate == RATE and back.shape == (RATE, 2)
    assert np.abs(back - samples[:RATE]).max() < 2e-7
    assert soundfile.info(tmp_path / name).subtype == "PCM_24"


@pytest.mark.parametrize(
    ("name", "codec", "said"),
    [
        ("a.mp4", "prores", "use .mov or .mkv"),
        ("a.gif", "h264", "use .mp4"),
        ("a.mov", "av1", "use .mp4 or .m4v or .mkv"),
    ],
)
def test_a_codec_in_the_wrong_file_names_the_right_one(tmp_path: Path, name: str, codec: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        VideoWriter(tmp_path / name, SIZE, 30, codec=codec)
    assert list(tmp_path.iterdir()) == []


def test_an_encoder_whose_card_is_away_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def opens(codec: codecs.Codec, size: tuple[int, int]) -> bool:
        tried.append(codec.encoder)
        return codec.encoder != "hevc_nvenc"

    monkeypatch.setattr(codecs, "opens", opens)
    assert codecs.choose("hevc", (640, 360)).encoder == "libx265"
    assert tried == ["hevc_nvenc", "libx265"]
    monkeypatch.setattr(codecs, "opens", lambda codec, size: True)
    assert codecs.choose("av1", (640, 360)).encoder == "av1_nvenc"
    monkeypatch.setattr(codecs, "opens", lambda codec, size: False)
    with pytest.raises(UserError, match="no encoder for av1"):
        codecs.choose("av1", (640, 360))


def test_opening_is_the_proof() -> None:
    assert codecs.opens(codecs.CODECS["h264"][1], (640, 360))
    assert not codecs.opens(codecs.Codec("libx264", "no such format"), (640, 360))


KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests.outputs.test_video import flash
flash(Path(sys.argv[1]), 30, 150, 40, paced=True, live=True, codec=sys.argv[3] or None)
os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9")
@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "hevc"), ("a.mp4", "av1"), ("a.mov", "prores"), ("a.wav", ""), ("a.flac", "")]
)
def test_after_kill_9_all_but_the_last_second_is_there(tmp_path: Path, name: str, codec: str) -> None:
    path, root = tmp_path / name, Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), str(root), codec], env=dict(os.environ), timeout=60)
    assert done.returncode == -9
    assert seconds_that_play(path) >= 4.0


def seconds_that_play(path: Path) -> float:
    """Seconds of the shortest stream that can be decoded."""
    found = []
    with av.open(str(path)) as file:
        kinds = [stream.type for stream in file.streams]
    for kind in kinds:
        with av.open(str(path)) as file:
            end = 0.0
            frames: Any = file.decode(**{kind: 0})
            try:
                for frame in frames:
                    end = max(
                        end, float(frame.time) + (1 / 30 if kind == "video" else frame.samples / frame.sample_rate)
                    )
            except av.error.InvalidDataError:
                pass  # the piece that was being written
            found.append(end)
    return min(found)
