"""Pictures of other programs: NDI, Spout, Syphon. Each is an extra that is installed by itself (as for `--share`).

`pictures(name)` begins a generator of (height, width, 4) uint8 RGBA pictures, top row first; None where nothing new has
come yet. It raises what the library raises, and OSError with a reason where the sender is not there or goes away.
`senders(way, seconds)` lists who sends.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from ..core import extras
from ..core.extras import Extra
from ..core.model import Image

Pictures = Iterator[Image | None]
T = TypeVar("T")

PATIENCE = 5.0  # s until a sender that says nothing is taken to be away
GL_RGBA = 0x1908
BGRA8 = 80  # MTLPixelFormatBGRA8Unorm
_REFUSALS = 30  # pictures in a row that Spout may not have before its sender is taken to be gone


def ndi(name: str) -> Pictures:
    """NDI by cyndilib. (NDI is a registered trademark of Vizrt NDI AB, https://ndi.video)"""
    from cyndilib.finder import Finder
    from cyndilib.receiver import Receiver
    from cyndilib.video_frame import VideoFrameSync
    from cyndilib.wrapper.ndi_recv import RecvBandwidth, RecvColorFormat
    from cyndilib.wrapper.ndi_structs import FourCC

    finder, frame = Finder(), VideoFrameSync()
    finder.open()
    receiver = Receiver(color_format=RecvColorFormat.RGBX_RGBA, bandwidth=RecvBandwidth.highest)
    receiver.frame_sync.set_video_frame(frame)
    end = time.monotonic() + PATIENCE
    try:
        while (source := _called(name, [(each.name, each) for each in finder.iter_sources()])) is None:
            if time.monotonic() > end:
                raise OSError(_none("NDI sender", name, finder.get_source_names()))
            yield None
        receiver.set_source(source)
        shown, heard = 0.0, time.monotonic()
        while receiver.is_connected() or time.monotonic() < heard + PATIENCE:
            receiver.frame_sync.capture_video()
            if frame.xres < 1 or frame.get_data_size() < 1 or frame.get_timestamp_posix() == shown:
                yield None
                continue
            shown, heard = frame.get_timestamp_posix(), time.monotonic()
            image = np.array(frame.get_array()).reshape(frame.yres, frame.xres, 4)
            if frame.get_fourcc() == FourCC.RGBX:
                image[..., 3] = 255
            yield image
        raise OSError("its sender is gone")
    finally:
        receiver.disconnect()
        finder.close()


def ndi_senders(seconds: float) -> Sequence[str]:
    from cyndilib.finder import Finder

    with Finder() as finder:
        time.sleep(seconds)
        return list(finder.get_source_names())


def spout(name: str) -> Pictures:
    """Spout on Windows, by SpoutGL; without a name, the sender that is active."""
    import SpoutGL

    receiver = SpoutGL.SpoutReceiver()
    try:
        if name:
            known = list(receiver.getSenderList())
            found = _called(name, [(each, each) for each in known])
            if found is None:
                raise OSError(_none("Spout sender", name, known))
            receiver.setReceiverName(found)
        pixels, size, refused = None, (0, 0), 0
        while refused < _REFUSALS:
            came = receiver.receiveImage(pixels, GL_RGBA, False, 0)
            if receiver.isUpdated():
                size = receiver.getSenderHeight(), receiver.getSenderWidth()
                pixels, came = bytearray(4 * size[0] * size[1]), False
            elif not came:
                refused += 1
            if came and pixels:
                refused = 0
                yield np.frombuffer(bytes(pixels), np.uint8).reshape(*size, 4)
            else:
                yield None
        raise OSError("its sender is gone")
    finally:
        receiver.releaseReceiver()


def spout_senders(seconds: float) -> Sequence[str]:
    import SpoutGL

    receiver = SpoutGL.SpoutReceiver()
    try:
        return list(receiver.getSenderList())
    finally:
        receiver.releaseReceiver()


def syphon(name: str) -> Pictures:
    """Syphon on macOS, by syphon-python."""
    from syphon import SyphonMetalClient
    from syphon.utils.numpy import copy_mtl_texture_to_image

    servers = _syphon_servers()
    server = _called(name, servers)
    if server is None:
        raise OSError(_none("Syphon server", name, [each for each, _ in servers]))
    client = SyphonMetalClient(server)
    try:
        while client.is_valid:
            texture = client.new_frame_image if client.has_new_frame else None
            if texture is None:
                yield None
                continue
            image = copy_mtl_texture_to_image(texture)
            yield image[..., [2, 1, 0, 3]] if texture.pixelFormat() == BGRA8 else image
        raise OSError("its server is gone")
    finally:
        client.stop()


def syphon_senders(seconds: float) -> Sequence[str]:
    return [name for name, _ in _syphon_servers()]


def _syphon_servers() -> list[tuple[str, Any]]:
    from syphon import SyphonServerDirectory

    return [(f"{each.app_name} {each.name}".strip(), each) for each in SyphonServerDirectory().servers]


@dataclass(frozen=True, slots=True)
class Way:
    """How pictures come, and what that needs.

    pictures  begins those of a sender
    senders   the names of those that are seen within so many seconds, where the way does not know them at once
    """

    pictures: Callable[[str], Pictures]
    senders: Callable[[float], Sequence[str]]
    needs: Extra


WAYS: Mapping[str, Way] = {
    "ndi": Way(ndi, ndi_senders, extras.NDI),
    "spout": Way(spout, spout_senders, extras.SPOUT),
    "syphon": Way(syphon, syphon_senders, extras.SYPHON),
}


def is_program(name: str) -> bool:
    """Whether `name` is 'ndi', 'ndi:NAME' or the like."""
    return name.partition(":")[0].lower() in WAYS


def pictures_of(name: str) -> Callable[[], Pictures]:
    """What begins the pictures of 'ndi', 'ndi:NAME' ..; UserError when what it needs is not installed."""
    kind, _, sender = name.partition(":")
    way = _way(kind.lower(), name)
    return lambda: way.pictures(sender.strip())


def senders(kind: str, seconds: float) -> Sequence[str]:
    """The names of those that send by 'ndi', 'spout' or 'syphon', looked for that long where they are not known at
    once; UserError when what it needs is not installed."""
    return _way(kind, kind).senders(seconds)


def _way(kind: str, asked: str) -> Way:
    way = WAYS[kind]
    try:
        importlib.import_module(way.needs.module)
    except ImportError as error:
        raise way.needs.lacking(f"{asked}:", error) from None
    return way


def _called(name: str, known: Sequence[tuple[str, T]]) -> T | None:
    """The one of `known` whose name is `name`, else the first that has it in its name; case does not matter."""
    wanted = name.casefold()
    fitting = [(called, one) for called, one in known if wanted in called.casefold()]
    return next((one for called, one in fitting if called.casefold() == wanted), fitting[0][1] if fitting else None)


def _none(what: str, name: str, known: Sequence[Any]) -> str:
    there = f"there are {', '.join(map(str, known))}" if known else "there is none"
    return f"no {what}{' ' if name else ''}{name}: {there}"
