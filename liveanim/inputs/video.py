"""Pictures from files, folders, cameras, streams and other programs, cut to the size of a keyframe.

A *clip* has `fps`, `count` (frames; 0: endless) and `at(number)`, which waits for the very frame. `Waiting` hands a
clip to a thread, so that a live show never waits: it gives the newest frame that is there.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np

from ..core.errors import UserError, brief, told_as
from ..core.model import Image, frozen_image
from .programs import is_program, pictures_of

log = logging.getLogger(__name__)

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")
FOLDER_FPS = 30.0
_V4L2 = "/dev/video"
_KEPT = 8  # decoded frames of a file that are remembered
_FAR = 90  # frames ahead from which seeking is quicker than decoding on
_AGAIN = 1.0  # s between two tries to open a camera that is away
_PATIENCE = 8.0  # s in which one must give its first picture
_SOON = 0.004  # s between two looks at whether there is a new picture

Size = tuple[int, int]


class Clip(Protocol):
    """Numbered pictures: (height, width, 4) uint8 RGBA, read-only, of the size asked for."""

    fps: float
    count: int

    def at(self, number: int) -> Image: ...

    def problem(self) -> str: ...

    def close(self) -> None: ...


def cut(frame: Any, size: Size) -> Image:
    """A decoded frame, or RGBA pixels, scaled and cut about its centre to `size` = (width, height), as RGBA."""
    if isinstance(frame, np.ndarray):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgba")
    width, height = size
    scale = max(width / frame.width, height / frame.height)
    wide, tall = max(width, round(frame.width * scale)), max(height, round(frame.height * scale))
    whole = frame.reformat(width=wide, height=tall, format="rgba", interpolation="AREA").to_ndarray()
    left, top = (wide - width) // 2, (tall - height) // 2
    return frozen_image(np.ascontiguousarray(whole[top : top + height, left : left + width]))


class FileClip:
    """A video or a picture. UserError when the file cannot be read as one."""

    def __init__(self, path: Path, size: Size) -> None:
        self._path, self._size = path, size
        try:
            self._container: Any = av.open(str(path))
            self._stream = self._container.streams.video[0]
        except IndexError:
            raise UserError(f"{path}: not a video or picture: there is nothing to see in it") from None
        except (av.FFmpegError, OSError, ValueError) as error:
            raise UserError(f"{path}: not a video or picture that can be read ({brief(error)})") from None
        self._stream.thread_type = "AUTO"
        rate = self._stream.average_rate or self._stream.guessed_rate
        self.fps = float(rate) if rate else FOLDER_FPS
        self.count = self._length()
        self._kept: OrderedDict[int, Image] = OrderedDict()
        self._frames: Iterator[Any] = iter(())
        self._next = -1  # number of the frame that `_frames` gives next; -1: not known
        self._trouble = ""
        self.at(0)

    def at(self, number: int) -> Image:
        """Frame `number` from 0. One that cannot be decoded gives the last one that could."""
        if number in self._kept:
            self._kept.move_to_end(number)
            return self._kept[number]
        try:
            self._decode_to(number)
        except (av.FFmpegError, OSError, ValueError) as error:
            self._trouble, self._next = f"{self._path.name}: {brief(error)}", -1
        if not self._kept:
            raise UserError(f"{self._path}: there is no picture in it")
        return self._kept[number] if number in self._kept else next(reversed(self._kept.values()))

    def problem(self) -> str:
        return self._trouble

    def close(self) -> None:
        self._container.close()

    def _decode_to(self, number: int) -> None:
        if self._next < 0 or not self._next <= number <= self._next + _FAR:
            self._seek(number)
        for frame in self._frames:
            self._next = self._number(frame) + 1
            if self._next > number:
                self._keep(number, cut(frame, self._size))
                return
        self._next = -1
        self.count = max(1, min(self.count, number))  # the end came earlier than the file says

    def _seek(self, number: int) -> None:
        base, start = self._stream.time_base, self._stream.start_time or 0
        target = start + (int(number / self.fps / float(base)) if base else 0)
        if number > 0 or self._next >= 0:
            self._container.seek(max(start, target), stream=self._stream, backward=True)
        self._frames = self._container.decode(self._stream)

    def _number(self, frame: Any) -> int:
        if frame.pts is None:
            return max(0, self._next)
        return round(float((frame.pts - (self._stream.start_time or 0)) * frame.time_base) * self.fps)

    def _keep(self, number: int, image: Image) -> None:
        self._kept[number] = image
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def _length(self) -> int:
        if self._stream.frames:
            return int(self._stream.frames)
        if self._path.suffix.lower() in PICTURES:
            return 1
        if self._stream.duration and self._stream.time_base:
            return max(1, round(float(self._stream.duration * self._stream.time_base) * self.fps))
        return max(1, round((self._container.duration or 0) / av.time_base * self.fps))


class FolderClip:
    """The pictures of a folder in the order of their names, as renderers and cameras write them.

    UserError when there is none, or the first cannot be read.
    """

    def __init__(self, folder: Path, size: Size, fps: float = FOLDER_FPS) -> None:
        self._files = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES)
        if not self._files:
            raise UserError(f"{folder}: there are no pictures in it ({', '.join(PICTURES)})")
        self._size, self.fps, self.count = size, fps, len(self._files)
        self._shown, self._image = 0, self._read(0)
        self._trouble = ""

    def at(self, number: int) -> Image:
        """Picture `number` from 0. One that cannot be read gives the last one that could."""
        if number != self._shown:
            try:
                self._shown, self._image = number, self._read(number)
            except UserError as error:
                self._trouble = str(error)
        return self._image

    def _read(self, number: int) -> Image:
        clip = FileClip(self._files[number % self.count], self._size)
        clip.close()
        return clip.at(0)

    def problem(self) -> str:
        return self._trouble

    def close(self) -> None:
        """Nothing is open."""


class Waiting:
    """A clip behind a thread: `at` gives the newest frame that is there and wishes for `number`."""

    def __init__(self, clip: Clip) -> None:
        self.fps, self.count = clip.fps, clip.count
        self._clip = clip
        self._image, self._shown = clip.at(0), 0
        self._wish = 0
        self._wake, self._closing = threading.Event(), False
        self._trouble = ""
        self._thread = threading.Thread(target=self._run, name="video", daemon=True)
        self._thread.start()

    def at(self, number: int) -> Image:
        if number != self._shown:
            self._wish = number
            self._wake.set()
        return self._image

    def problem(self) -> str:
        return self._trouble or self._clip.problem()

    def close(self) -> None:
        self._closing = True
        self._wake.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        """Thread 'video': owns the clip."""
        try:
            while True:
                self._wake.wait()
                self._wake.clear()
                if self._closing:
                    break
                number = self._wish
                self._image = self._clip.at(number)
                self._shown = number
        except Exception as error:  # top of the thread: the last picture stays, and it is said
            log.exception("the video stopped")
            self._trouble = f"the video stopped: {brief(error)}"
        self._clip.close()


class Camera:
    """A camera, a stream or another program: always its newest picture. One that goes away is looked for until it is
    back.

    pictures   begins what gives its pictures, RGBA of any size; None where there is no new one yet

    UserError when it is not there to begin with.
    """

    def __init__(self, name: str, size: Size, pictures: Callable[[], Iterator[Any]]) -> None:
        self.fps, self.count = 0.0, 0
        self._name, self._size, self._pictures = name, size, pictures
        self._closing = threading.Event()
        self._trouble = ""
        begun, end = pictures(), time.monotonic() + _PATIENCE
        try:
            while (first := next(begun)) is None and time.monotonic() < end:
                self._closing.wait(_SOON)
        except StopIteration:
            first = None
        except (av.FFmpegError, OSError, ValueError, RuntimeError) as error:
            raise UserError(f"{name}: cannot be opened ({brief(error)})") from None
        if first is None:
            raise UserError(f"{name}: it gives no pictures")
        self._image = cut(first, size)
        self._thread = threading.Thread(target=self._run, args=(begun,), name="camera", daemon=True)
        self._thread.start()

    def at(self, number: int) -> Image:
        return self._image

    def problem(self) -> str:
        return self._trouble

    def close(self) -> None:
        self._closing.set()
        self._thread.join(1.0)

    def _run(self, begun: Any) -> None:
        """Thread 'camera': reads, and begins again after trouble."""
        while not self._closing.is_set():
            try:
                begun = begun or self._pictures()
                for frame in begun:
                    if frame is not None:
                        self._image, self._trouble = cut(frame, self._size), ""
                    if self._closing.wait(_SOON if frame is None else 0.0):
                        break
                else:
                    raise OSError("it has ended")
            except Exception as error:  # noqa: BLE001  top of the thread: whatever a driver does, the show goes on
                self._trouble = f"{self._name} is away ({brief(error)}); looking for it"
                _shut(begun)
                begun = None
                self._closing.wait(_AGAIN)
        _shut(begun)


def filmed(name: str) -> Iterator[Any]:
    """The pictures of a camera or a stream."""
    url, kind = address(name)
    with av.open(url, format=kind, timeout=(5.0, 2.0)) as container:
        yield from container.decode(video=0)


@dataclass(frozen=True, slots=True)
class Device:
    """A camera: its number for `--video`, what it calls itself, and the name that its driver has for it."""

    number: int
    name: str
    opened: str


def cameras(system: str = sys.platform) -> list[Device]:
    """The cameras there are, none asked for a picture. UserError when they cannot be listed."""
    if not hasattr(av, "enumerate_input_devices"):
        raise UserError("cameras are listed by a newer version of av: pip install -U av")
    driver = _driver(system)
    try:
        listed = av.enumerate_input_devices(driver)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise UserError(f"cameras cannot be listed ({brief(error)})") from None
    found = []
    for n, each in enumerate(each for each in listed if "video" in (each.media_types or ["video"])):
        number = int(each.name.removeprefix(_V4L2)) if driver == "v4l2" else n
        found.append(Device(number, each.description, each.name))
    return sorted(found, key=lambda device: device.number)


def address(name: str, system: str = sys.platform) -> tuple[str, str | None]:
    """(what to open, driver) of a camera: a number, 'camera', a device file, its name, or the URL of a stream."""
    if "://" in name:
        return name, None
    number, driver = "0" if name == "camera" else name, _driver(system)
    if driver == "v4l2":
        return (f"{_V4L2}{number}" if number.isdecimal() else number), driver
    if driver == "avfoundation":
        return number, driver
    if number.isdecimal():  # it knows names alone
        number = next((device.opened for device in cameras(system) if device.number == int(number)), number)
    return f"video={number}", driver


def _driver(system: str) -> str:
    return "v4l2" if system.startswith("linux") else "avfoundation" if system == "darwin" else "dshow"


def is_camera(name: str) -> bool:
    """Whether `name` means a camera, a stream or another program, and not a file."""
    named = name == "camera" or name.isdecimal() or "://" in name or name.startswith("/dev/video")
    return named or is_program(name)


def open_clip(name: str, size: Size, live: bool) -> Clip:
    """The clip that `name` means, of pictures of `size`; live in a thread of its own. UserError when there is none."""
    if is_program(name):
        return Camera(name, size, pictures_of(name))
    if is_camera(name):
        return Camera(f"camera {name}", size, lambda: filmed(name))
    path = Path(os.path.expanduser(name))
    if not os.path.exists(path):
        raise UserError(f"{name[:200]}: there is no such file")
    with told_as(f"{name[:200]}: cannot be read"):
        clip: Clip = FolderClip(path, size) if path.is_dir() else FileClip(path, size)
    return Waiting(clip) if live and clip.count != 1 else clip


def _shut(begun: Any) -> None:
    if begun is not None:
        try:
            begun.close()
        except (av.FFmpegError, OSError) as error:
            log.info("a camera did not close: %s", error)
