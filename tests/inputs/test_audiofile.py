from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.errors import UserError
from liveanim.inputs.audiofile import FileSupply
from liveanim.inputs.sources import Samples, Steady

RATE = 22050


def noise(count: int, channels: int = 2) -> Samples:
    return (0.3 * np.random.default_rng(1).standard_normal((count, channels))).clip(-1, 1).astype(np.float32)


@pytest.fixture(scope="module")
def wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "noise.wav"
    soundfile.write(path, noise(RATE), RATE, "FLOAT")
    return path


def test_samples_come_out_exactly_and_silence_follows(wav: Path) -> None:
    supply = FileSupply(wav)
    assert supply.rate == RATE
    assert supply.duration == pytest.approx(1.0)
    samples = supply.take(RATE + 500)
    assert np.array_equal(samples[:RATE], noise(RATE))
    assert not samples[RATE:].any()


@given(cuts=st.lists(st.integers(0, 9000), max_size=8))
def test_the_samples_do_not_depend_on_how_they_are_asked_for(wav: Path, cuts: list[int]) -> None:
    supply = FileSupply(wav)
    parts = np.concatenate([np.zeros((0, 2), np.float32), *(supply.take(n) for n in cuts)])
    supply.close()
    whole = np.zeros((sum(cuts), 2), np.float32)
    whole[:RATE] = noise(RATE)[: len(whole)]
    assert np.array_equal(parts, whole)


def test_a_looped_file_starts_again_without_a_gap(wav: Path) -> None:
    supply = FileSupply(wav, loop=True)
    samples = supply.take(RATE * 2 + 10)
    assert np.array_equal(samples, np.concatenate([noise(RATE), noise(RATE), noise(RATE)[:10]]))


def test_a_file_read_by_frames_belongs_to_show_time(wav: Path) -> None:
    source = Steady(FileSupply(wav))
    count = sum(len(source.read(n / 30)) for n in range(31))
    assert count == RATE
    assert source.heard == pytest.approx(1.0)


@pytest.mark.parametrize("suffix", ["flac", "ogg", "mp3", "aiff", "wav"])
def test_common_formats_are_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"sound.{suffix}"
    wave = (0.5 * np.sin(np.arange(44100) * 2 * np.pi * 440 / 44100)).astype(np.float32)
    soundfile.write(path, wave, 44100)
    samples = FileSupply(path).take(44100)
    assert np.sqrt(np.mean(samples**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)
    assert np.array_equal(samples[:, 0], samples[:, 1])


def test_a_mono_file_is_on_both_sides_at_full_level(tmp_path: Path) -> None:
    path = tmp_path / "mono.wav"
    soundfile.write(path, noise(1000, 1), RATE, "FLOAT")
    samples = FileSupply(path).take(1000)
    assert np.allclose(samples, np.repeat(noise(1000, 1), 2, axis=1), atol=1e-6)


def test_the_sound_of_a_video_is_played(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    write_video(path, sound=True)
    supply = FileSupply(path)
    assert np.abs(supply.take(8000)).max() > 0.4


def write_video(path: Path, *, sound: bool) -> None:
    with av.open(str(path), "w") as out:
        video = out.add_stream("mpeg4", rate=Fraction(10))
        video.width = video.height = 32
        audio = out.add_stream("pcm_s16le", rate=8000, layout="mono") if sound else None
        for _ in range(10):
            out.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), "rgb24")))
        if audio is not None:
            wave = np.full((1, 8000), 16000, np.int16)
            frame = av.AudioFrame.from_ndarray(wave, "s16", "mono")
            frame.rate = 8000
            out.mux([*audio.encode(frame), *audio.encode(None)])
        out.mux(video.encode(None))


def test_every_unplayable_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.mp3").write_text("this is not music\n" * 100)
    (tmp_path / "junk.flac").write_bytes(np.random.default_rng(0).bytes(5000))
    soundfile.write(tmp_path / "short.wav", np.zeros((0, 2), np.float32), RATE)
    write_video(tmp_path / "mute.mkv", sound=False)
    wants = {
        "empty.wav": "empty",
        "text.mp3": "not an audio file|no sound",
        "junk.flac": "not an audio file|no sound",
        "short.wav": "no sound",
        "mute.mkv": "no sound track",
        "": "is a folder",
        "mising.wav": "no such file",
        "no/such/folder.wav": "no such file",
    }
    for name, want in wants.items():
        with pytest.raises(UserError, match=want) as caught:
            FileSupply(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_a_missing_file_names_the_near_ones(wav: Path) -> None:
    with pytest.raises(UserError, match=r"did you mean: noise\.wav"):
        FileSupply(wav.with_name("nois.wav"))


def test_a_damaged_spot_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "scratched.mp3"
    wave = (0.5 * np.sin(np.arange(44100 * 3) * 2 * np.pi * 440 / 44100)).astype(np.float32)
    soundfile.write(path, wave, 44100)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 600] = bytes(600)
    path.write_bytes(data)
    samples = FileSupply(path).take(44100 * 3)[:, 0]
    for third in (samples[10000:40000], samples[-40000:-10000]):
        assert np.sqrt(np.mean(third**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.1)


def test_a_file_that_breaks_off_plays_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "cut.flac"
    soundfile.write(path, noise(RATE * 4), RATE)
    path.write_bytes(path.read_bytes()[:60000])
    samples = FileSupply(path).take(RATE * 4)
    heard = np.flatnonzero(samples[:, 0])[-1]
    assert RATE * 0.2 < heard < RATE * 3
