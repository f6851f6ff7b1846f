"""Sharing with other programs: a real NDI receiver on the loopback, and senders that fail."""

from __future__ import annotations

import sys
import threading
import types
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from liveanim.core.errors import UserError
from liveanim.core.model import Image
from liveanim.outputs.share import WAYS, CameraSender, Shared, SpoutSender, SyphonSender, way

from .. import ndi
from .pictures import flat

NDI = """
import sys, time
import numpy as np
from cyndilib.finder import Finder
from cyndilib.receiver import Receiver
from cyndilib.video_frame import VideoFrameSync
from cyndilib.wrapper.ndi_recv import RecvColorFormat, RecvBandwidth
from liveanim.outputs.share import NdiSender, Shared

shared = Shared("ndi", lambda: NdiSender("liveanim", (64, 48), 30.0))
image = np.zeros((48, 64, 4), np.uint8)
image[:24], image[24:] = (200, 40, 10, 255), (5, 20, 100, 128)  # below half as much light, half transparent
finder = Finder()
finder.open()
receiver = Receiver(color_format=RecvColorFormat.RGBX_RGBA, bandwidth=RecvBandwidth.highest)
frame = VideoFrameSync()
receiver.frame_sync.set_video_frame(frame)
end, connected = time.monotonic() + 40, False
while time.monotonic() < end:
    shared.picture(image, 0.0)
    time.sleep(0.02)
    if not connected:
        for source in finder.iter_sources():
            if "liveanim" in source.name:
                receiver.set_source(source)
                connected = True
        continue
    receiver.frame_sync.capture_video()
    if frame.xres == 64 and min(frame.get_data_size(), 1):
        got = np.array(frame.get_array()).reshape(48, 64, 4)
        if got[:, :, 0].max() > 100:
            print(got[10, 32].tolist(), got[40, 32].tolist())
            break
shared.close()
"""


def test_an_ndi_receiver_sees_the_picture_the_right_way_up_with_its_transparency(tmp_path: Path) -> None:
    done = ndi.run(NDI, tmp_path, timeout=100)
    numbers = [int(word.strip(" [],")) for word in done.stdout.replace("]", " ").replace("[", " ").split()]
    assert numbers == pytest.approx([200, 40, 10, 255, 10, 40, 200, 128], abs=15), done.stdout + done.stderr


class Fake:
    """A sender under the test's hand."""

    def __init__(self, fail: bool = False) -> None:
        self.fail, self.got, self.closed = fail, list[Image](), False
        self.may = threading.Event()

    def send(self, image: Image) -> None:
        self.may.wait(10.0)
        if self.fail:
            raise RuntimeError("the other program is gone")
        self.got.append(image)

    def close(self) -> None:
        self.closed = True


def test_a_slow_sender_gets_the_newest_picture_and_holds_nobody_up() -> None:
    fake = Fake()
    shared = Shared("fake", lambda: fake)
    pictures = [flat((n, 0, 0)) for n in range(20)]
    for n, picture in enumerate(pictures):
        shared.picture(picture, n / 60)
    fake.may.set()
    shared.close()
    assert fake.got[-1] is pictures[-1] and len(fake.got) <= 2 and shared.dropped >= 18 and fake.closed


def test_a_sender_that_fails_is_left_off_and_said() -> None:
    fake = Fake(fail=True)
    fake.may.set()
    shared = Shared("fake", lambda: fake)
    shared.picture(flat((0, 0, 0)), 0.0)
    shared.close()
    assert shared.status() == "no longer shared by fake: the other program is gone"


class Spout:
    """SpoutGL's SpoutSender as its bindings have it: a buffer in one piece that is large enough, and a yes or no."""

    takes = True
    sent: ClassVar[list[tuple[bytes, int, int, int, bool, int]]] = []

    def setSenderName(self, name: str) -> None:
        self.name = name

    def sendImage(self, pixels: bytes, width: int, height: int, layout: int, invert: bool, fbo: int) -> bool:
        if len(memoryview(pixels)) < width * height * {0x1907: 3, 0x1908: 4}[layout]:
            raise BufferError("Buffer not large enough")
        self.sent.append((bytes(pixels), width, height, layout, invert, fbo))
        return self.takes

    def releaseSender(self) -> None:
        self.sent.append((b"released", 0, 0, 0, False, 0))


def whole(red: int) -> Image:
    """A picture as the stage hands it out: the first three of four channels, not in one piece."""
    image = np.full((4, 6, 4), 255, np.uint8)
    image[0], image[1:] = (red, 2, 3, 255), (7, 8, 9, 255)
    return image[..., :3]


def test_spout_gets_rows_from_the_top_in_one_piece_and_says_when_it_takes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "SpoutGL", types.SimpleNamespace(SpoutSender=Spout))
    monkeypatch.setattr(Spout, "sent", [])
    shared = Shared("spout", lambda: SpoutSender("liveanim", (6, 4), 60.0))
    shared.picture(whole(1), 0.0)
    shared.close()
    pixels, *rest = Spout.sent[0]
    assert pixels == bytes([1, 2, 3] * 6 + [7, 8, 9] * 18) and rest == [6, 4, 0x1907, False, 0]
    assert Spout.sent[-1][0] == b"released" and shared.status() == ""
    monkeypatch.setattr(Spout, "takes", False)
    sender = SpoutSender("liveanim", (6, 4), 60.0)
    with pytest.raises(RuntimeError, match="Spout takes no pictures"):
        for _ in range(40):
            sender.send(whole(1))
    with pytest.raises(BufferError):
        SpoutSender("liveanim", (60, 40), 60.0).send(whole(1))


class Syphon:
    """syphon-python's Metal server, its texture and its copy, as far as they are used."""

    device = "the card"

    def __init__(self, name: str) -> None:
        self.name, self.published, self.stopped = name, list[np.ndarray](), False

    def publish_frame_texture(self, texture: dict[str, Any], is_flipped: bool = False) -> None:
        assert not is_flipped, "rows come from the top, as Metal has them"
        self.published.append(texture["pixels"])

    def stop(self) -> None:
        self.stopped = True


def copied(image: np.ndarray, texture: dict[str, Any]) -> None:
    assert image.ndim == 3 and image.shape[2] == 4, "Image has to be of shape (m, n, 4)"
    assert image.shape[:2] == texture["size"][::-1]
    texture["pixels"] = image.copy()


def test_syphon_gets_four_channels_of_the_size_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    parts: dict[str, dict[str, Any]] = {
        "syphon": {"SyphonMetalServer": Syphon},
        "syphon.utils": {},
        "syphon.utils.numpy": {"copy_image_to_mtl_texture": copied},
        "syphon.utils.raw": {"create_mtl_texture": lambda device, width, height: {"size": (width, height)}},
    }
    for name, content in parts.items():
        module = types.ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    sender = SyphonSender("liveanim", (6, 4), 60.0)
    sender.send(whole(1))
    server: Any = sender._server
    assert server.name == "liveanim" and server.published[0][0, 0].tolist() == [1, 2, 3, 255]
    with pytest.raises(AssertionError):
        SyphonSender("liveanim", (60, 40), 60.0).send(whole(1))
    sender.close()
    assert server.stopped


class Camera:
    """pyvirtualcam's Camera: particular about what it is sent."""

    def __init__(self, *, width: int, height: int, fps: float) -> None:
        self.shape, self.got, self.closed = (height, width, 3), list[np.ndarray](), False

    def send(self, frame: np.ndarray) -> None:
        if frame.dtype != np.uint8 or frame.shape != self.shape:
            raise ValueError(f"unexpected frame shape: {frame.shape} != {self.shape}")
        if not frame.flags.c_contiguous:
            raise BufferError("not in one piece")
        self.got.append(frame)

    def close(self) -> None:
        self.closed = True


def test_a_virtual_camera_gets_frames_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyvirtualcam", types.SimpleNamespace(Camera=Camera))
    sender = CameraSender("liveanim", (6, 4), 60.0)
    sender.send(whole(1))
    sender.close()
    camera: Any = sender._camera
    assert camera.got[0][0, 0].tolist() == [1, 2, 3] and camera.closed
    with pytest.raises(ValueError, match="unexpected frame shape"):
        CameraSender("liveanim", (60, 40), 60.0).send(whole(1))


def test_one_that_cannot_be_made_is_a_line() -> None:
    def broken() -> Fake:
        raise RuntimeError("no device\nfound")

    with pytest.raises(UserError, match=r"^cannot share by camera: no device$"):
        Shared("camera", broken)


def test_ways_say_what_to_install() -> None:
    with pytest.raises(UserError, match=r"cannot share by 'nid' \(did you mean: ndi"):
        way("nid")
    missing = [name for name in WAYS if name in ("spout", "syphon") and sys.platform == "linux"]
    for name in missing:
        with pytest.raises(UserError, match=rf"sharing by {name} needs .*pip install"):
            way(name)
