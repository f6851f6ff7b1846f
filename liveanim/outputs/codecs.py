"""What can be written: which file ending holds which codecs, and FFmpeg's settings for each of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from liveanim.core.errors import UserError, near


@dataclass(frozen=True, slots=True)
class Codec:
    """An encoder of FFmpeg's.

    pixels, alpha  pixel formats without and with transparency; alpha '': it has none
    live, offline  options: quick enough to play beside; better for its size
    intra          every picture stands by itself
    tag            FourCC that players want in MP4 and MOV
    sound          what its sound is written as, where the container leaves the choice
    """

    encoder: str
    pixels: str = "yuv420p"
    alpha: str = ""
    live: Mapping[str, str] = field(default_factory=dict)
    offline: Mapping[str, str] = field(default_factory=dict)
    intra: bool = False
    tag: str = ""
    sound: str = "aac"


@dataclass(frozen=True, slots=True)
class Container:
    """A kind of file: FFmpeg's name for it and its options, the codecs it takes (the usual one first), and its sound.

    codecs ()   no pictures
    sound       '' none, 'aac' or what the codec says, or the only one
    """

    name: str
    options: Mapping[str, str] = field(default_factory=dict)
    codecs: tuple[str, ...] = ()
    sound: str = ""


_NVIDIA_LIVE = {"preset": "p3", "tune": "ll", "rc": "vbr", "cq": "19", "b": "0", "bf": "0", "forced-idr": "1"}
_NVIDIA = {"preset": "p6", "rc": "vbr", "cq": "19", "b": "0", "forced-idr": "1"}
_QUIET = "log-level=error"
# Without pictures that wait for later ones: what was handed in is in the file at once.
_AT_ONCE = "pred-struct=1:lookahead=0"

CODECS: Mapping[str, tuple[Codec, ...]] = {
    "h264": (
        Codec("h264_nvenc", live=_NVIDIA_LIVE, offline=_NVIDIA),
        Codec(
            "libx264",
            # At a constant quantiser: to find out how hard a picture is takes a fifth of the time.
            live={"qp": "18", "preset": "ultrafast", "tune": "zerolatency", "forced-idr": "1"},
            offline={"crf": "18", "preset": "veryfast"},
        ),
    ),
    # At a steady rate, for the network.
    "stream": (
        Codec("h264_nvenc", live={"preset": "p4", "tune": "ll", "rc": "cbr", "b": "6M", "bf": "0", "forced-idr": "1"}),
        Codec(
            "libx264",
            live={"preset": "veryfast", "tune": "zerolatency", "b": "6M", "maxrate": "6M", "bufsize": "6M"},
        ),
    ),
    "hevc": (
        Codec("hevc_nvenc", live=_NVIDIA_LIVE, offline=_NVIDIA, tag="hvc1"),
        Codec(
            "libx265",
            live={"crf": "20", "preset": "ultrafast", "tune": "zerolatency", "x265-params": _QUIET},
            offline={"crf": "20", "preset": "fast", "x265-params": _QUIET},
            tag="hvc1",
        ),
    ),
    "av1": (
        Codec("av1_nvenc", live=_NVIDIA_LIVE, offline=_NVIDIA),
        Codec(
            "libsvtav1",
            live={"crf": "28", "preset": "12", "svtav1-params": _AT_ONCE},
            offline={"crf": "26", "preset": "8"},
        ),
    ),
    "prores": (
        Codec(
            "prores_ks",
            "yuv444p10le",
            "yuva444p10le",
            live={"profile": "4444", "vendor": "apl0"},
            offline={"profile": "4444", "vendor": "apl0"},
            intra=True,
            sound="pcm_s24le",
        ),
    ),
    # At next to no loss, for what is encoded again.
    "master": (
        Codec(
            "libx264",
            "yuv444p",
            live={"qp": "6", "preset": "ultrafast", "tune": "zerolatency", "forced-idr": "1"},
            offline={"crf": "4", "preset": "ultrafast"},
            sound="pcm_s24le",
        ),
    ),
    # Without any loss.
    "ffv1": (Codec("ffv1", "bgr0", "bgra", intra=True, sound="pcm_s24le"),),
    "gif": (Codec("gif", "pal8", "pal8", intra=True),),
    "png": (Codec("png", "rgb24", "rgba", live={"compression_level": "1"}, intra=True),),
}
"""Encoders by the name of the codec: the first that opens here is used."""

# An ordinary MP4 once closed; until then fragments, so that what is there after kill -9 still plays.
# delay_moov: the header waits for the first fragment and can then say by how much the sound begins early.
_MP4 = {"movflags": "hybrid_fragmented+frag_keyframe+delay_moov", "flush_packets": "1"}
_MP4_INTRA = {"movflags": "hybrid_fragmented+delay_moov", "frag_duration": "500000", "flush_packets": "1"}
_MKV = {"flush_packets": "1", "cluster_time_limit": "500"}
_FLUSH = {"flush_packets": "1"}
_FILMS = ("h264", "hevc", "av1")

CONTAINERS: Mapping[str, Container] = {
    ".mp4": Container("mp4", _MP4, _FILMS, "aac"),
    ".m4v": Container("mp4", _MP4, _FILMS, "aac"),
    ".mov": Container("mov", _MP4, ("h264", "hevc", "prores", "master"), "aac"),
    ".mkv": Container("matroska", _MKV, (*_FILMS, "prores", "master", "ffv1"), "aac"),
    ".gif": Container("gif", _FLUSH, ("gif",)),
    ".png": Container("image2", {"start_number": "0"}, ("png",)),
    ".wav": Container("wav", {"rf64": "auto", **_FLUSH}, (), "pcm_s24le"),
    ".flac": Container("flac", _FLUSH, (), "flac"),
}
STREAMS: Mapping[str, Container] = {
    "rtmp": Container("flv", {"flvflags": "no_duration_filesize"}, ("stream",), "aac"),
    "rtmps": Container("flv", {"flvflags": "no_duration_filesize"}, ("stream",), "aac"),
    "srt": Container("mpegts", _FLUSH, ("stream",), "aac"),
    "udp": Container("mpegts", _FLUSH, ("stream",), "aac"),
    "tcp": Container("mpegts", _FLUSH, ("stream",), "aac"),
}
"""What an address begins with, and what is sent there."""
MOST_GIF_FPS = 50.0
"""A GIF counts in hundredths of a second, and players slow down what is quicker than two of them."""


def container_of(path: Path, codec: str | None = None) -> Container:
    """The container that `path` asks for; UserError for one we do not write, or that does not take `codec`."""
    container = CONTAINERS.get(path.suffix.lower())
    if container is None:
        raise UserError(f"cannot write {path}: unknown kind {path.suffix!r}; use {', '.join(CONTAINERS)}")
    if codec is not None and container.codecs and codec not in container.codecs:
        raise UserError(f"cannot write {path}: {path.suffix} does not hold {codec}; {_homes(codec)}")
    return container


def ending_for(codec: str | None) -> str:
    """The ending of a film that says no other: the first that holds `codec`; None: the usual one."""
    return next(ending for ending, container in CONTAINERS.items() if (codec or "h264") in container.codecs)


def _homes(codec: str) -> str:
    homes = [ending for ending, container in CONTAINERS.items() if codec in container.codecs]
    return f"use {' or '.join(homes)}" if homes else f"unknown codec{near(codec, CODECS)}"


def choose(codec: str, size: tuple[int, int]) -> Codec:
    """The first encoder of `codec` that opens here for pictures of `size` (width, height).

    UserError when none does. Opening is the only proof: FFmpeg lists encoders of cards that are not there.
    """
    os.environ.setdefault("SVT_LOG", "1")  # its advice would land on the terminal
    for candidate in CODECS[codec]:
        if len(CODECS[codec]) == 1 or opens(candidate, size):
            return candidate
    raise UserError(f"no encoder for {codec} works here; use --codec h264")


def opens(codec: Codec, size: tuple[int, int]) -> bool:
    try:
        context: Any = av.CodecContext.create(codec.encoder, "w")
        context.width, context.height = (side + side % 2 for side in size)
        context.pix_fmt = codec.pixels
        context.time_base, context.framerate = Fraction(1, 30), Fraction(30)
        context.options = {"x265-params": _QUIET} if codec.encoder == "libx265" else {}
        context.open()
    except (OSError, ValueError):  # FFmpeg's errors are one or the other
        return False
    return True


def options_for(container: Container, codec: Codec | None, rate: Fraction) -> dict[str, str]:
    """The container's options for that codec and frame `rate`: where every picture is a key picture, fragments go by
    time; how long a GIF shows its last picture has to be said."""
    if container.name == "gif":
        return {**container.options, "final_delay": str(max(1, round(100 / rate)))}
    by_time = codec is not None and codec.intra and container.name in ("mp4", "mov")
    return dict(_MP4_INTRA if by_time else container.options)
