"""Sharing with other programs: a real NDI receiver on the loopback, and senders that fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from liveanim.core.errors import UserError
from liveanim.core.model import Image
from liveanim.outputs.share import WAYS, Shared, way

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
image = np.zeros((48, 64, 3), np.uint8)
image[:24], image[24:] = (200, 40, 10), (10, 40, 200)
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
            print(got[10, 32, :3].tolist(), got[40, 32, :3].tolist())
            break
shared.close()
"""


def test_an_ndi_receiver_sees_the_picture_the_right_way_up(tmp_path: Path) -> None:
    pytest.importorskip("cyndilib", reason="macos and windows have no cyndilib here")
    network = {"ndi": {"networks": {"ips": "127.0.0.1"}, "machinename": "test"}}
    (tmp_path / "ndi-config.v1.json").write_text(json.dumps(network), encoding="utf-8")
    environment = {
        **os.environ,
        "NDI_CONFIG_DIR": str(tmp_path),
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }
    done = subprocess.run(
        [sys.executable, "-c", NDI], capture_output=True, text=True, env=environment, timeout=100, check=False
    )
    numbers = [int(word.strip(" [],")) for word in done.stdout.replace("]", " ").replace("[", " ").split()]
    assert numbers == pytest.approx([200, 40, 10, 10, 40, 200], abs=15), done.stdout + done.stderr


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
