"""PortAudio, tamed: what the other sound modules need of it, and how to live with cards that come and go.

Measured habits that shape this module: a block size must always be given; an unplugged stream ends without an
exception, or stays "active" and brings no more blocks; the device list is frozen until PortAudio is started again;
closing a stream never returns, at times, where its PulseAudio died; where JACK died, `jackserver` tells what happens.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

from ..core.errors import UserError
from .devices import LOOPBACK, SoundDevice
from .jackserver import JACK, JackServer

log = logging.getLogger(__name__)

Callback = Callable[[Any, int, Any, Any], None]
"""(buffer (frames, channels) float32, frames, time info, status flags), as sounddevice calls it."""

LOWEST_RATE, HIGHEST_RATE, USUAL_RATE = 16000, 192000, 48000  # Hz that the ears are made for; where there is a choice
_SOURCE, _MONITOR = "PULSE_SOURCE", "@DEFAULT_MONITOR@"  # PulseAudio's and PipeWire's word for what is played
_SILENT = 0.5  # seconds without a block after which the status says so
_STALLED = 2.0  # seconds without a block after which the stream is opened anew
_RETRY = (0.5, 5.0)  # seconds between attempts: first, and at most
_OUTPUT_LATENCY = 0.1  # seconds: music need not be prompt, since the show follows it, but it must not stutter
_CLOSE = 1.0  # seconds a close may take before it is left behind

# PortAudio is not made for calls from several threads at once, and starting it anew kills every stream there is.
_LOCK = threading.RLock()
_OPEN: set[int] = set()
_LEFT: list[threading.Thread] = []  # closes that took too long
_JACK = JackServer()


class Stream(Protocol):
    """An open, running stream. `latency` in seconds."""

    @property
    def name(self) -> str: ...
    @property
    def rate(self) -> int: ...
    @property
    def latency(self) -> float: ...
    @property
    def active(self) -> bool: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """A stream to open: `channels` are opened from the first on; `rate` None means the device's own.

    monitor   of a sound server: what it plays
    """

    device: SoundDevice
    channels: int
    rate: int | None = None
    output: bool = False
    monitor: bool = False


def sounddevice() -> ModuleType:
    """The sounddevice module. UserError with the cure when PortAudio is not on this machine."""
    try:
        import sounddevice as module
    except OSError:
        raise UserError(
            "live sound needs PortAudio: on Debian or Ubuntu type `apt install libportaudio2`; files play without it"
        ) from None
    except ImportError as error:
        raise UserError(f"live sound needs the sounddevice package: `pip install sounddevice` ({error})") from None
    _settle(module)
    return module


@functools.cache
def _settle(sd: ModuleType) -> None:
    """Once: PortAudio's library stays in memory whatever the interpreter unloads, and it ends as `_leave` says.

    JACK's threads call into it from its start to its end, and at times it cannot be ended.
    """
    ctypes.CDLL(sd._libname)  # ctypes gives no library back
    atexit.unregister(sd._exit_handler)
    atexit.register(_leave, sd)
    _meet_jack(sd)


def _meet_jack(sd: ModuleType) -> None:
    if any(api["name"] == JACK for api in sd.query_hostapis()):
        with contextlib.suppress(OSError):
            _JACK.meet()


def _leave(sd: ModuleType) -> None:
    """End PortAudio and let nobody start it again; not while a call of it hangs: this would hang as well."""
    if _LOCK.acquire(timeout=_CLOSE) and not any(close.is_alive() for close in _LEFT) and _JACK.part():
        sd._exit_handler()


def sound_devices() -> tuple[tuple[SoundDevice, ...], tuple[SoundDevice, ...]]:
    """(inputs, outputs) that PortAudio knew when it was last started. UserError when it cannot be asked."""
    sd = sounddevice()
    with _LOCK:
        try:
            systems = [api["name"] for api in sd.query_hostapis()]
            rows = list(sd.query_devices())
            defaults = list(sd.default.device)
        except sd.PortAudioError as error:
            raise UserError(f"sound devices cannot be listed: {_one_line(error)}") from None
    ways = []
    for way, key in enumerate(("input", "output")):
        ways.append(
            tuple(
                SoundDevice(
                    number=number,
                    name=row["name"],
                    system=systems[row["hostapi"]],
                    channels=row[f"max_{key}_channels"],
                    rate=round(row["default_samplerate"]),
                    latency=row[f"default_low_{key}_latency"],
                    default=number == defaults[way],
                )
                for number, row in enumerate(rows)
                if row[f"max_{key}_channels"] > 0
            )
        )
    return ways[0], ways[1]


def input_names() -> list[str]:
    """Of the inputs that `sound_devices` knows; none where PortAudio is not to be had."""
    try:
        return list(dict.fromkeys(device.name for device in sound_devices()[0]))
    except UserError:
        return []


def refresh() -> None:
    """Start PortAudio anew, so that it sees what was plugged in since; not where that would end a stream of ours or,
    with JACK gone, the program."""
    sd = sounddevice()
    with _LOCK:
        if _OPEN or not _JACK.part():
            return
        try:
            sd._terminate()
            sd._initialize()
            _meet_jack(sd)
        except sd.PortAudioError as error:
            raise UserError(f"PortAudio does not start: {_one_line(error)}") from None


def best_rate(device: SoundDevice) -> int:
    """The device's own rate; 48 kHz for the doors to a sound server, which claim 44.1 kHz whatever it runs at."""
    server = device.system == "ALSA" and device.name in ("pulse", "default", "pipewire")
    return device.rate if not server and LOWEST_RATE <= device.rate <= HIGHEST_RATE else USUAL_RATE


def block_for(rate: int) -> int:
    """Samples per block: a power of two near 5 ms."""
    return 1 << max(5, round(math.log2(rate * 0.0053)))


class _PortAudioStream:
    """`Stream` over sounddevice."""

    def __init__(self, spec: StreamSpec, rate: int, callback: Callback) -> None:
        sd = sounddevice()
        make = sd.OutputStream if spec.output else sd.InputStream
        self.name, self.rate = LOOPBACK if spec.monitor else spec.device.name, rate
        self._finished, self._on_jack = False, spec.device.system == JACK
        with _source(_MONITOR if spec.monitor else None):
            self._stream = make(
                device=spec.device.number,
                channels=spec.channels,
                samplerate=rate,
                blocksize=block_for(rate) * (4 if spec.output else 1),
                dtype="float32",
                latency=_OUTPUT_LATENCY if spec.output else "low",
                callback=callback,
                finished_callback=self._finish,
                **_extras(sd, spec.device),
            )
        self._stream.start()
        self.latency = float(self._stream.latency)

    def _finish(self) -> None:
        self._finished = True

    @property
    def active(self) -> bool:
        return not self._finished and bool(self._stream.active)

    def close(self) -> None:
        if self._on_jack and not _JACK.lives():
            return
        try:
            self._stream.close()
        except sounddevice().PortAudioError as error:
            log.info("sound: closing %s: %s", self.name, _one_line(error))


@contextlib.contextmanager
def _source(name: str | None) -> Iterator[None]:
    """What is opened meanwhile gets this source of the sound server (PortAudio cannot be told; None: as it is)."""
    before = os.environ.get(_SOURCE)
    if name is not None:
        os.environ[_SOURCE] = name
    try:
        yield
    finally:
        if name is not None and before is None:
            del os.environ[_SOURCE]
        elif name is not None and before is not None:
            os.environ[_SOURCE] = before


def _extras(sd: ModuleType, device: SoundDevice) -> dict[str, Any]:
    if device.system == "Windows WASAPI":
        return {"extra_settings": sd.WasapiSettings(auto_convert=True)}
    return {}


def open_stream(spec: StreamSpec, callback: Callback) -> Stream:
    """Open and start a stream at the asked rate, or at the device's own where that is refused. UserError if neither."""
    sd = sounddevice()
    rates = [rate for rate in dict.fromkeys((spec.rate, best_rate(spec.device), spec.device.rate)) if rate]
    problem = ""
    with _LOCK:
        for rate in rates:
            try:
                stream = _PortAudioStream(spec, rate, callback)
            except (sd.PortAudioError, ValueError) as error:
                problem = _one_line(error)
            else:
                _OPEN.add(id(stream))
                return stream
    way = "output" if spec.output else "input"
    raise UserError(f"sound {way} {spec.device.name!r} cannot be opened: {problem}")


def close_stream(stream: Stream) -> None:
    """Close `stream`, waiting a second at most: the close of a dead JACK stream never returns."""
    with _LOCK:
        helper = threading.Thread(target=_close, args=(stream,), name="close sound", daemon=True)
        helper.start()
        helper.join(_CLOSE)
        if helper.is_alive():
            _LEFT.append(helper)
            log.warning("sound: closing %s does not return; left behind", stream.name)


def _close(stream: Stream) -> None:
    try:
        stream.close()
    finally:
        _OPEN.discard(id(stream))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


class Keeper:
    """Keeps one stream going: watches it in a thread of its own, closes it when it is dead, opens it again.

    make    opens the stream (by name, afresh every time); UserError when that fails
    blocks  how many blocks have come so far: a stream that brings none is dead, whatever it says
    The first opening is done here, so UserError tells at once that there is nothing to keep.
    """

    def __init__(self, make: Callable[[], Stream], blocks: Callable[[], int]) -> None:
        self._make, self._blocks = make, blocks
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._stream: Stream | None = make()
        self.state = "open"  # open, silent (no blocks just now), gone
        self.openings = 1
        self._count = blocks()
        self._changed = time.perf_counter()
        self._retry_at, self._pause = 0.0, _RETRY[0]

    def start(self) -> None:
        """Begin to watch."""
        self._thread = threading.Thread(target=self._run, name="sound watch", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(0.1):
            try:
                self.step(time.perf_counter())
            except Exception as error:  # noqa: BLE001  top of the thread: whatever the driver does, try again
                log.warning("sound: %s", _one_line(error))

    def step(self, now: float) -> None:
        """Look after the stream at `now` (seconds of any clock that does not jump)."""
        if self._stream is None:
            if now >= self._retry_at:
                self._reopen(now)
            return
        count = self._blocks()
        if count != self._count:
            self._count, self._changed, self.state, self._pause = count, now, "open", _RETRY[0]
        elif now - self._changed > _SILENT:
            self.state = "silent"
        if not self._stream.active or now - self._changed > _STALLED:
            self._lose(now)

    def _lose(self, now: float) -> None:
        self.state = "gone"
        self._retry_at = now + self._pause
        stream, self._stream = self._stream, None
        if stream is not None:
            log.warning("sound: %s is gone, retrying", stream.name)
            close_stream(stream)

    def _reopen(self, now: float) -> None:
        self._pause = min(2 * self._pause, _RETRY[1])
        try:
            self._stream = self._make()
        except UserError as error:
            log.info("sound: %s", error)
            self._retry_at = now + self._pause
            return
        log.info("sound: %s is back", self._stream.name)
        self.openings += 1
        self._count, self._changed, self.state = self._blocks(), now, "open"

    def close(self) -> None:
        """Stop watching and close the stream; takes about two seconds at most."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(2.0)
        stream, self._stream = self._stream, None
        if stream is not None:
            close_stream(stream)
