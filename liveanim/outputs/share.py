"""The picture for other programs: NDI, Spout, Syphon, a virtual camera. Each is an extra that is installed by itself.

A sender is a class with `send(image)` and `close()`; `Shared` gives it the newest picture from a thread of its own.
"""

from __future__ import annotations

import importlib
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from liveanim.core import extras
from liveanim.core.errors import UserError, brief, near
from liveanim.core.extras import Extra
from liveanim.core.model import Image

from .encode import plain

log = logging.getLogger(__name__)

GL_RGB = 0x1907
_REFUSALS = 30  # pictures in a row that Spout may not take before it is said


class Sender(Protocol):
    """One way to other programs."""

    def send(self, image: Image) -> None:
        """Give them `image`, (height, width, 3) uint8 RGB, top row first, not in one piece. May raise anything.

        A way with alpha may also be given (height, width, 4): light that is there, and how opaque it is.
        """

    def close(self) -> None: ...


class NdiSender:
    """NDI by cyndilib; on the network as NAME. (NDI is a registered trademark of Vizrt NDI AB, https://ndi.video)"""

    def __init__(self, name: str, size: tuple[int, int], fps: float) -> None:
        from cyndilib.sender import Sender as Ndi
        from cyndilib.video_frame import VideoSendFrame
        from cyndilib.wrapper.ndi_structs import FourCC

        self._frame = VideoSendFrame()
        self._frame.set_resolution(*size)
        self._frame.set_frame_rate(Fraction(fps).limit_denominator(1001))
        self._frame.set_fourcc(FourCC.RGBA)
        self._sender = Ndi(name)
        self._sender.set_video_frame(self._frame)
        self._sender.open()
        self._pixels = np.full((size[1], size[0], 4), 255, np.uint8)

    def send(self, image: Image) -> None:
        # NDI reads the last picture until it gets the next one.
        pixels = self._pixels = np.empty_like(self._pixels)
        if image.shape[2] == 4:
            pixels[...] = plain(image)
        else:
            pixels[:, :, :3], pixels[:, :, 3] = image, 255
        self._sender.write_video_async(pixels.reshape(-1))

    def close(self) -> None:
        self._sender.close()


class CameraSender:
    """A virtual camera by pyvirtualcam: v4l2loopback on Linux, OBS's camera on Windows and macOS."""

    def __init__(self, name: str, size: tuple[int, int], fps: float) -> None:
        import pyvirtualcam

        self._camera = pyvirtualcam.Camera(width=size[0], height=size[1], fps=fps)

    def send(self, image: Image) -> None:
        self._camera.send(np.ascontiguousarray(image))

    def close(self) -> None:
        self._camera.close()


class SpoutSender:
    """Spout on Windows, by SpoutGL."""

    def __init__(self, name: str, size: tuple[int, int], fps: float) -> None:
        import SpoutGL

        self._size = size
        self._refused = 0
        self._sender = SpoutGL.SpoutSender()
        self._sender.setSenderName(name)

    def send(self, image: Image) -> None:
        taken = self._sender.sendImage(image.tobytes(), *self._size, GL_RGB, False, 0)
        self._refused = 0 if taken else self._refused + 1
        if self._refused >= _REFUSALS:
            raise RuntimeError("Spout takes no pictures (is there a graphics card with DirectX 11?)")

    def close(self) -> None:
        self._sender.releaseSender()


class SyphonSender:
    """Syphon on macOS, by syphon-python."""

    def __init__(self, name: str, size: tuple[int, int], fps: float) -> None:
        import syphon
        from syphon.utils.numpy import copy_image_to_mtl_texture
        from syphon.utils.raw import create_mtl_texture

        self._server = syphon.SyphonMetalServer(name)
        self._texture, self._copy = create_mtl_texture(self._server.device, *size), copy_image_to_mtl_texture

    def send(self, image: Image) -> None:
        self._copy(np.dstack([image, np.full(image.shape[:2], 255, np.uint8)]), self._texture)
        self._server.publish_frame_texture(self._texture)

    def close(self) -> None:
        self._server.stop()


@dataclass(frozen=True, slots=True)
class Way:
    """How pictures are shared: the class, what it needs, and whether it has alpha."""

    make: Callable[[str, tuple[int, int], float], Sender]
    needs: Extra
    alpha: bool = False


WAYS: Mapping[str, Way] = {
    "ndi": Way(NdiSender, extras.NDI, alpha=True),
    "camera": Way(CameraSender, extras.CAMERA),
    "spout": Way(SpoutSender, extras.SPOUT),
    "syphon": Way(SyphonSender, extras.SYPHON),
}


def way(name: str) -> Way:
    """The row of WAYS called `name`; UserError when there is none or what it needs is not installed."""
    if name not in WAYS:
        raise UserError(f"cannot share by {name!r}{near(name, WAYS)}: expected one of {', '.join(WAYS)}")
    needs = WAYS[name].needs
    try:
        importlib.import_module(needs.module)
    except ImportError as error:
        raise needs.lacking(f"sharing by {name}", error) from None
    return WAYS[name]


class Shared:
    """A tap that makes a sender and hands it the newest picture in its own thread; older ones are dropped.

    UserError when the sender cannot be made. One that fails later is left off, and `status` says so.
    """

    def __init__(self, name: str, make: Callable[[], Sender]) -> None:
        self._name, self._make = name, make
        self._made: Future[None] = Future()
        self._newest: Any = None
        self._ready, self._stop = threading.Condition(), False
        self._problem = ""
        self.sent = self.dropped = 0
        self._thread = threading.Thread(target=self._run, name=f"share {name}", daemon=True)
        self._thread.start()
        try:
            self._made.result()
        except Exception as error:  # noqa: BLE001  drivers of other people raise what they like
            raise UserError(f"cannot share by {name}: {brief(error)}") from None

    def picture(self, image: Image, now: float) -> None:
        """Offer `image`. Never waits."""
        with self._ready:
            self.dropped += self._newest is not None
            self._newest = image
            self._ready.notify()

    def status(self) -> str:
        """A line about what goes wrong; '' while all is well."""
        return self._problem

    def close(self) -> None:
        """Send what is waiting and end."""
        with self._ready:
            self._stop = True
            self._ready.notify()
        self._thread.join(5.0)

    def _run(self) -> None:
        try:
            sender = self._make()
        except Exception as error:  # noqa: BLE001  raised where the tap is made
            self._made.set_exception(error)
            return
        self._made.set_result(None)
        try:
            while (image := self._next()) is not None:
                sender.send(image)
                self.sent += 1
            sender.close()
        except Exception as error:  # noqa: BLE001  top of the thread: the show goes on without this sender
            self._problem = f"no longer shared by {self._name}: {error}"
            log.warning("%s", self._problem)

    def _next(self) -> Image | None:
        """The newest picture, waited for; None when no more will come."""
        with self._ready:
            self._ready.wait_for(lambda: self._newest is not None or self._stop)
            image: Image | None
            image, self._newest = self._newest, None
            return image
