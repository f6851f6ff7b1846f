"""Pictures from other programs: a real NDI sender on the loopback, stand-ins for the libraries of Spout and Syphon."""

from __future__ import annotations

import itertools
import sys
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from liveanim.core.errors import UserError
from liveanim.inputs import programs
from liveanim.inputs.video import Camera, is_camera, open_clip

from .. import ndi

SIZE = (64, 32)

NDI = """
import sys, time
import numpy as np
from liveanim.core.errors import UserError
from liveanim.inputs import programs
from liveanim.inputs.video import open_clip
from liveanim.outputs.share import NdiSender

programs.PATIENCE = 2.0
try:
    open_clip("ndi:nobody", (64, 48), live=True)
except UserError as error:
    print(error)


def sent(level):
    image = np.zeros((48, 64, 4), np.uint8)
    image[:24], image[24:] = (level, 40, 10, 255), (5, 20, 100, 255)
    sender.send(image)
    time.sleep(0.02)


def until(true, level):
    end = time.monotonic() + 30
    while not true() and time.monotonic() < end:
        sent(level)


import threading
sender, go_on = NdiSender("liveanim out", (64, 48), 30.0), [True]
def always():
    while go_on[0]:
        sent(200)
thread = threading.Thread(target=always)
thread.start()
clip = open_clip("NDI:Liveanim", (64, 48), live=True)
print(clip.at(0)[10, 32].tolist(), clip.at(0)[40, 32].tolist(), clip.at(0).shape, clip.problem() == "")
go_on[0] = False
thread.join()
until(lambda: clip.at(0)[10, 32, 0] < 120, 90)
print(clip.at(0)[10, 32].tolist())
sender.close()
end = time.monotonic() + 30
while not clip.problem() and time.monotonic() < end:
    time.sleep(0.02)
print(clip.problem().partition(" (")[0], clip.at(0)[10, 32].tolist())
sender = NdiSender("liveanim out", (64, 48), 30.0)
until(lambda: clip.at(0)[10, 32, 0] > 220, 250)
print(clip.at(0)[10, 32].tolist(), clip.problem() == "")
clip.close()
sender.close()
"""


def test_an_ndi_sender_is_seen_goes_away_and_is_found_again(tmp_path: Path) -> None:
    done = ndi.run(NDI, tmp_path, timeout=110)
    nobody, first, later, away, back = done.stdout.splitlines() or [""] * 5
    assert nobody.startswith("ndi:nobody: cannot be opened (no NDI sender nobody: "), done.stdout + done.stderr
    assert numbers(first)[:8] == pytest.approx([200, 40, 10, 255, 5, 20, 100, 255], abs=15) and "True" in first
    assert "(48, 64, 4)" in first and numbers(later)[0] == pytest.approx(90, abs=15)
    assert away.startswith("NDI:Liveanim is away") and numbers(away)[0] == pytest.approx(90, abs=15)
    assert numbers(back)[0] == pytest.approx(250, abs=15) and back.endswith("True")


SEEN = """
import time
import numpy as np
from liveanim.outputs.share import NdiSender
from liveanim.probes import ask

sender, found, end = NdiSender("liveanim out", (64, 48), 30.0), [], time.monotonic() + 60
sender.send(np.zeros((48, 64, 3), np.uint8))
while not found and time.monotonic() < end:
    found = ask("ndi").facts["found"]
print(found)
sender.close()
"""


def test_an_ndi_sender_is_listed(tmp_path: Path) -> None:
    done = ndi.run(SEEN, tmp_path, timeout=100)
    assert done.stdout == "[{'name': 'TEST (liveanim out)'}]\n", done.stdout + done.stderr


def numbers(line: str) -> list[int]:
    return [int(word) for word in "".join(c if c.isdigit() else " " for c in line).split()]


class Spout:
    """SpoutGL's receiver: a first call tells the size, later ones fill the buffer, until the sender is gone."""

    def __init__(self) -> None:
        self.calls, self.name, self.released = 0, "", False
        self.size = (6, 4)

    def getSenderList(self) -> list[str]:
        return ["Arena - Composition", "TouchDesigner"]

    def setReceiverName(self, name: str) -> None:
        self.name = name

    def receiveImage(self, pixels: bytearray | None, layout: int, invert: bool, fbo: int) -> bool:
        assert (layout, invert, fbo) == (0x1908, False, 0)
        self.calls += 1
        if self.calls == 6:
            self.size = (8, 2)
        if self.calls > 8:
            return False
        if pixels is not None and not self.isUpdated():
            assert len(pixels) == 4 * self.size[0] * self.size[1]
            pixels[:] = bytes([self.calls, 2, 3, 255]) * (self.size[0] * self.size[1])
        return True

    def isUpdated(self) -> bool:
        return self.calls in (1, 6)

    def getSenderWidth(self) -> int:
        return self.size[0]

    def getSenderHeight(self) -> int:
        return self.size[1]

    def releaseReceiver(self) -> None:
        self.released = True


def test_spout_gives_each_picture_at_its_size_until_the_sender_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    receiver = Spout()
    monkeypatch.setitem(sys.modules, "SpoutGL", types.SimpleNamespace(SpoutReceiver=lambda: receiver))
    came = programs.pictures_of("spout:arena")()
    pictures = [next(came) for _ in range(8)]
    assert receiver.name == "Arena - Composition"
    assert [None if one is None else (one.shape, int(one[0, 0, 0])) for one in pictures] == [
        None, *[((4, 6, 4), n) for n in (2, 3, 4, 5)], None, *[((2, 8, 4), n) for n in (7, 8)],
    ]  # fmt: skip
    with pytest.raises(OSError, match="its sender is gone"):
        list(came)
    assert receiver.released
    receiver.released = False
    assert programs.senders("spout", 0.0) == ["Arena - Composition", "TouchDesigner"] and receiver.released
    with pytest.raises(OSError, match="no Spout sender nobody: there are Arena - Composition, TouchDesigner"):
        next(programs.pictures_of("spout:nobody")())


class Texture:
    def __init__(self, level: int, layout: int) -> None:
        self.level, self.layout = level, layout

    def pixelFormat(self) -> int:
        return self.layout


class Syphon:
    """syphon-python's Metal client with three pictures to give, one in the other order of channels."""

    def __init__(self, server: Any) -> None:
        self.server, self.stopped = server, False
        self._textures = iter([Texture(9, 80), None, Texture(11, 70)])
        self._next: Texture | None = None
        Syphon.made = self

    @property
    def is_valid(self) -> bool:
        try:
            self._next = next(self._textures)
        except StopIteration:
            return False
        return True

    @property
    def has_new_frame(self) -> bool:
        return self._next is not None

    @property
    def new_frame_image(self) -> Texture | None:
        return self._next

    def stop(self) -> None:
        self.stopped = True

    made: Syphon


def test_syphon_gives_red_first_whatever_the_card_has(monkeypatch: pytest.MonkeyPatch) -> None:
    servers = [types.SimpleNamespace(app_name="Resolume", name="Out"), types.SimpleNamespace(app_name="VDMX", name="")]
    parts: dict[str, dict[str, Any]] = {
        "syphon": {
            "SyphonMetalClient": Syphon,
            "SyphonServerDirectory": lambda: types.SimpleNamespace(servers=servers),
        },
        "syphon.utils": {},
        "syphon.utils.numpy": {
            "copy_mtl_texture_to_image": lambda texture: np.full((2, 3, 4), (texture.level, 2, 3, 4), np.uint8)
        },
    }
    for name, content in parts.items():
        module = types.ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    came = programs.pictures_of("syphon:vdmx")()
    pictures = [next(came) for _ in range(3)]
    assert [None if one is None else one[0, 0].tolist() for one in pictures] == [[3, 2, 9, 4], None, [11, 2, 3, 4]]
    with pytest.raises(OSError, match="its server is gone"):
        next(came)
    assert Syphon.made.server is servers[1] and Syphon.made.stopped
    assert programs.senders("syphon", 0.0) == ["Resolume Out", "VDMX"]
    with pytest.raises(OSError, match="no Syphon server nobody: there are Resolume Out, VDMX"):
        next(programs.pictures_of("syphon:nobody")())


def test_names_of_programs_and_what_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(map(is_camera, ("ndi", "ndi:Resolume", "NDI:x", "spout:", "syphon:VDMX")))
    assert not any(map(is_camera, ("ndi.mp4", "nditest", "./ndi", "C:\\clips\\a.mp4")))
    monkeypatch.setitem(sys.modules, "SpoutGL", None)
    with pytest.raises(UserError, match=r'^spout:x: needs SpoutGL .*pip install "liveanim\[spout\]"'):
        open_clip("spout:x", SIZE, live=True)
    with pytest.raises(UserError, match=r"^spout: needs SpoutGL "):
        programs.senders("spout", 0.0)


def test_one_that_gives_nothing_or_ends_is_said_and_one_that_comes_back_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("liveanim.inputs.video._PATIENCE", 0.05)
    monkeypatch.setattr("liveanim.inputs.video._AGAIN", 0.0)
    with pytest.raises(UserError, match=r"^ndi:a: it gives no pictures$"):
        Camera("ndi:a", SIZE, lambda: itertools.repeat(None))
    with pytest.raises(UserError, match=r"^ndi:a: it gives no pictures$"):
        Camera("ndi:a", SIZE, lambda: iter(()))
    rounds = itertools.count(1)
    closed: list[int] = []

    def again() -> Iterator[Any]:
        number = next(rounds)
        try:
            yield None
            yield np.full((40, 100, 4), 50 * number, np.uint8)
            while number > 1:
                yield None
            raise OSError("the other program is gone")
        finally:
            closed.append(number)

    camera = Camera("ndi:a", SIZE, again)
    _until(lambda: int(camera.at(0).mean()) == 100)
    assert camera.at(0).shape == (32, 64, 4) and camera.problem() == "" and closed == [1]
    camera.close()
    assert closed == [1, 2]


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.002)
