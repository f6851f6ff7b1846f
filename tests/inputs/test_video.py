"""Pictures from files, folders and streams; the numbers of frames are written into them as brightness."""

from __future__ import annotations

import socket
import threading
import time
import wave
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from liveanim.core.errors import UserError
from liveanim.core.model import Image, frozen_image
from liveanim.core.params import defaults
from liveanim.core.scenes import Scene
from liveanim.inputs import media
from liveanim.inputs.media import MediaDesk
from liveanim.inputs.video import FileClip, FolderClip, Waiting, address, cameras, is_camera, open_clip

SIZE = (64, 32)


def frame(level: int, size: tuple[int, int] = (96, 48)) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(np.full((size[1], size[0], 3), level, np.uint8), format="rgb24")


def write(path: Path, count: int, fps: int = 10, codec: str = "libx264", gap: int = 12) -> Path:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = 96, 48, "yuv420p"
        stream.gop_size = gap
        for number in range(count):
            container.mux(stream.encode(frame(5 * number)))
        container.mux(stream.encode())
    return path


def level(image: np.ndarray) -> int:
    return round(float(image[..., :3].mean()) / 5)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("video") / "levels.mp4", 45)


def test_every_frame_is_the_very_frame_in_whatever_order(video: Path) -> None:
    clip = FileClip(video, SIZE)
    assert (clip.fps, clip.count) == (10.0, 45)
    order = [0, 1, 2, 7, 44, 3, 30, 29, 28, 12, 12, 0, 44]
    assert [level(clip.at(number)) for number in order] == order
    assert clip.at(5).shape == (32, 64, 4) and not clip.at(5).flags.writeable
    clip.close()


def test_live_nobody_waits_and_the_newest_wish_wins(video: Path) -> None:
    waiting = Waiting(FileClip(video, SIZE))
    assert level(waiting.at(0)) == 0
    for number in range(1, 20):
        waiting.at(number)
    end = time.monotonic() + 20
    while level(waiting.at(19)) != 19 and time.monotonic() < end:
        time.sleep(0.01)
    assert level(waiting.at(19)) == 19
    assert waiting.problem() == ""
    waiting.close()


def test_a_folder_of_pictures_is_a_video_and_a_bad_one_is_said(tmp_path: Path) -> None:
    for number in range(3):
        write_picture(tmp_path / f"pass_{number:03}.png", 50 * number)
    (tmp_path / "pass_003.png").write_bytes(b"no picture")
    (tmp_path / "notes.txt").write_text("not one")
    clip = FolderClip(tmp_path, SIZE)
    assert clip.count == 4
    assert [round(clip.at(n)[..., 0].mean()) for n in (0, 1, 2)] == [0, 50, 100]
    assert round(clip.at(3)[..., 0].mean()) == 100
    assert "pass_003.png" in clip.problem()


def write_picture(path: Path, value: int, alpha: int = 255) -> None:
    from PIL import Image

    Image.new("RGBA", (40, 40), (value, value, value, alpha)).save(path)


def test_a_sound_is_said_to_be_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(1600))
    with pytest.raises(UserError, match=r"song\.wav: not a video or picture: there is nothing to see in it"):
        open_clip(str(path), SIZE, live=False)


@pytest.mark.parametrize(
    ("content", "said"), [(None, "there is no such file"), (b"", "not a video"), (b"\x00" * 400, "not a video")]
)
def test_what_is_no_video_is_one_line(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "clip.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=said):
        open_clip(str(path), SIZE, live=False)


def test_a_video_cut_short_gives_what_there_is(video: Path, tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.mkv", 45)
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    clip = FileClip(cut, SIZE)
    assert level(clip.at(2)) == 2
    assert clip.at(44).shape == (32, 64, 4)
    assert clip.at(400).shape == (32, 64, 4)
    clip.close()


@pytest.mark.parametrize(
    ("name", "system", "expected"),
    [
        ("0", "linux", ("/dev/video0", "v4l2")),
        ("camera", "linux", ("/dev/video0", "v4l2")),
        ("/dev/video2", "linux", ("/dev/video2", "v4l2")),
        ("1", "darwin", ("1", "avfoundation")),
        ("USB Cam", "win32", ("video=USB Cam", "dshow")),
        ("rtsp://x/y", "linux", ("rtsp://x/y", None)),
    ],
)
def test_names_of_cameras(name: str, system: str, expected: tuple[str, str | None]) -> None:
    assert address(name, system) == expected


def test_cameras_are_listed_by_the_numbers_that_open_them(monkeypatch: pytest.MonkeyPatch) -> None:
    drivers: dict[str, list[tuple[str, str, list[str]]]] = {
        "v4l2": [("/dev/video10", "Capture", []), ("/dev/video2", "BRIO", [])],
        "avfoundation": [("0", "FaceTime", ["video"]), ("0", "Microphone", ["audio"])],
        "dshow": [("@mic", "Microphone", ["audio"]), ("@a", "BRIO", ["video"]), ("@b", "BRIO", ["video", "audio"])],
    }

    def listed(driver: str) -> list[SimpleNamespace]:
        return [SimpleNamespace(name=one, description=said, media_types=kinds) for one, said, kinds in drivers[driver]]

    monkeypatch.setattr("av.enumerate_input_devices", listed)
    found = {system: [(one.number, one.name) for one in cameras(system)] for system in ("linux", "darwin", "win32")}
    assert found == {
        "linux": [(2, "BRIO"), (10, "Capture")],
        "darwin": [(0, "FaceTime")],
        "win32": [(0, "BRIO"), (1, "BRIO")],
    }
    assert address("1", "win32") == ("video=@b", "dshow") and address("7", "win32") == ("video=7", "dshow")
    monkeypatch.delattr("av.enumerate_input_devices")
    with pytest.raises(UserError, match="pip install -U av"):
        cameras()


def test_a_camera_is_told_from_a_file() -> None:
    assert is_camera("0") and is_camera("udp://127.0.0.1:5000") and not is_camera("clip.mp4")
    with pytest.raises(UserError, match="camera 77: cannot be opened"):
        open_clip("77", SIZE, live=True)


def test_a_stream_plays_its_newest_picture_and_is_looked_for_when_it_ends() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"udp://127.0.0.1:{probe.getsockname()[1]}"
    stop = threading.Event()

    def send() -> None:
        with av.open(url, "w", format="mpegts") as container:
            stream: Any = container.add_stream("mpeg2video", rate=25)
            stream.width, stream.height, stream.pix_fmt, stream.gop_size = 96, 48, "yuv420p", 5
            while not stop.wait(0.02):
                container.mux(stream.encode(frame(200)))

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    camera = open_clip(url, SIZE, live=True)
    assert abs(camera.at(0)[..., :3].mean() - 200) < 4
    assert camera.problem() == ""
    stop.set()
    sender.join(5)
    end = time.monotonic() + 30
    while "is away" not in camera.problem() and time.monotonic() < end:
        time.sleep(0.02)
    assert "is away" in camera.problem()
    assert abs(camera.at(0)[..., :3].mean() - 200) < 4
    camera.close()


def test_the_desk_gives_each_keyframe_its_pictures(video: Path, tmp_path: Path) -> None:
    write_picture(tmp_path / "mask.png", 200)
    write_picture(tmp_path / "init.png", 80, alpha=100)
    files = {"video": str(video), "mask": str(tmp_path / "mask.png"), "init": str(tmp_path / "init.png")}
    desk = MediaDesk(files, SIZE, live=False)
    values = defaults()
    levels = []
    for now in (0.0, 0.1, 0.35, 1.0):
        shots = desk.at(now, values)
        assert shots.video is not None and shots.mask is None
        levels.append(level(shots.video))
    assert levels == [0, 1, 3, 10]
    mask = desk.at(1.0, {**values, "mask.source": 1.0}).mask
    assert mask is not None and mask.shape == (32, 64) and abs(int(mask.mean()) - 200) <= 1
    alpha = desk.at(1.0, {**values, "mask.source": 2.0}).mask
    assert alpha is not None and abs(int(alpha.mean()) - 100) <= 1
    desk.look({"video": "nowhere.mp4"})  # the named one stays
    assert desk.at(1.1, values).video is not None
    desk.close()


def test_a_look_with_a_missing_file_is_said_and_its_others_are_used(video: Path) -> None:
    for late in (False, True):
        wanted = {"match": "nowhere.png", "video": str(video)}
        desk = MediaDesk({}, SIZE, live=False, media={} if late else wanted)
        desk.look(wanted)
        shots = desk.at(0.1, defaults())
        assert shots.video is not None and shots.sample is None
        assert desk.problem() == "nowhere.png: there is no such file (the look's match: --match FILE gives another)"
    with pytest.raises(UserError, match=r"nowhere\.png: there is no such file"):
        MediaDesk({"match": "nowhere.png"}, SIZE, live=False)
    desk.look({})
    assert desk.at(0.2, defaults()).video is None and desk.problem() == ""
    desk.close()


class Level:
    """A clip without a file, of one brightness, that may be slow to open: it waits for `gate`."""

    fps, count = 10.0, 0

    def __init__(self, level: int, gate: threading.Event | None = None) -> None:
        self.level, self.gate, self.closed = level, gate or threading.Event(), threading.Event()
        if gate is None:
            self.gate.set()

    def at(self, number: int) -> Image:
        return frozen_image(np.full((SIZE[1], SIZE[0], 4), 5 * self.level, np.uint8))

    def problem(self) -> str:
        return ""

    def close(self) -> None:
        self.closed.set()


def shelf(monkeypatch: pytest.MonkeyPatch, clips: dict[str, Level]) -> list[str]:
    """Where the desk finds `clips` instead of files; the names that it opens are put down."""
    opened: list[str] = []

    def found(name: str, size: tuple[int, int], live: bool) -> Level:
        opened.append(name)
        if name not in clips:
            raise UserError(f"{name}: there is no such file")
        assert clips[name].gate.wait(30)
        return clips[name]

    monkeypatch.setattr(media, "open_clip", found)
    return opened


def shown(desk: MediaDesk, now: float = 0.0) -> int | None:
    video = desk.at(now, defaults()).video
    return None if video is None else level(video)


def test_a_scene_has_files_of_its_own_over_those_of_its_look(video: Path, tmp_path: Path) -> None:
    write_picture(tmp_path / "mask.png", 200)
    other = write(tmp_path / "other.mp4", 20, fps=20)
    whole, masked = {"video": str(video)}, Scene("masked", media={"mask": str(tmp_path / "mask.png")})
    launched = Scene("launched", media={"video": str(other)})
    desk, values = MediaDesk({}, SIZE, live=False, media=whole), {**defaults(), "mask.source": 1.0}
    desk.at(0.0, values)
    assert desk.look(whole, masked)
    shots = desk.at(1.0, values)
    assert shots.mask is not None and shots.video is not None and level(shots.video) == 10  # it plays on
    desk.look(whole, launched)
    assert shown(desk, 5.0) == 0 and shown(desk, 5.25) == 5  # from its beginning, at its own pace
    desk.look(whole, launched, 1)
    assert shown(desk, 5.25) == 0 and shown(desk, 5.35) == 2  # launched again
    desk.look(whole, launched, 1)
    assert shown(desk, 5.5) == 5
    assert desk.at(5.5, values).mask is None
    desk.look(whole, None, 1)
    assert shown(desk, 6.0) == 0 and shown(desk, 6.2) == 2
    desk.close()
    named = MediaDesk({"video": str(video)}, SIZE, live=False, scene=launched)
    assert shown(named, 0.0) == 0 and shown(named, 0.2) == 2  # the command line goes before all of them
    named.close()


def test_a_file_that_a_scene_lacks_is_said_with_its_name_and_the_looks_own_shows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened = shelf(monkeypatch, {"base": Level(3)})
    lacking = Scene("storm", media={"video": "gone.mp4", "control1": "none.png"})
    for first in (None, lacking):
        desk = MediaDesk({}, SIZE, live=False, media={"video": "base"}, scene=first)
        assert desk.look({"video": "base"}, lacking)
        assert shown(desk) == 3
        assert desk.problem() == "none.png: there is no such file (the control1 of scene 'storm')"
        desk.look({"video": "base"}, Scene("rain", media={"video": "gone.mp4"}))
        said = "gone.mp4: there is no such file (the video of scene 'rain': --video FILE gives another)"
        assert desk.problem() == said and shown(desk) == 3
        desk.look({"video": "base"})
        assert desk.problem() == ""
    assert opened.count("base") == 2  # by each desk once


def test_live_the_clip_before_stays_until_the_newest_choice_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    slow, late = threading.Event(), threading.Event()
    clips = {"base": Level(1), "slow": Level(2, slow), "late": Level(3, late)}
    shelf(monkeypatch, clips)
    scenes = {name: Scene(name, media={"video": name}) for name in clips}
    desk = MediaDesk({}, SIZE, live=True, media={"video": "base"})
    assert not desk.look({}, scenes["slow"]) and shown(desk) == 1
    assert not desk.look({}, scenes["late"]) and shown(desk) == 1
    late.set()
    until(lambda: desk.look({}, scenes["late"]))
    assert shown(desk) == 3 and clips["base"].closed.wait(30)
    slow.set()  # what nobody wants any more
    until(lambda: desk.look({}, scenes["late"]) and clips["slow"].closed.is_set())
    assert shown(desk) == 3 and not clips["late"].closed.is_set()
    desk.close()


def test_whatever_happens_to_a_file_of_a_scene_the_clip_before_stays_and_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shelf(monkeypatch, {"base": Level(1)})
    desk = MediaDesk({}, SIZE, live=True, media={"video": "base"})

    def broken(*_: object) -> Level:
        raise ZeroDivisionError("by a codec")

    monkeypatch.setattr(media, "open_clip", broken)
    storm = Scene("storm", media={"video": "storm.mp4"})
    until(lambda: desk.look({"video": "base"}, storm))
    assert shown(desk) == 1
    assert desk.problem() == "the look's files cannot be opened: ZeroDivisionError: by a codec"
    desk.close()


def until(true: Callable[[], bool]) -> None:
    """Looks again and again, for what another thread does."""
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_folder_that_cannot_be_read_and_a_home_that_is_not_there_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match=r"^~nobody-here/a\.mp4: there is no such file$"):
        open_clip("~nobody-here/a.mp4", SIZE, live=True)

    def closed(folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", closed)
    with pytest.raises(UserError, match=f"^{tmp_path}: cannot be read: Permission denied$"):
        open_clip(str(tmp_path), SIZE, live=True)
