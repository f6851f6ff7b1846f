"""Sound devices as values, and how a performer's words choose among them. `probes` lists what a machine has."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..core.errors import UserError, near

# The same card shows up once per host API; the quicker ones come first.
_SYSTEMS = ("ASIO", "Windows WASAPI", "Core Audio", "ALSA", "JACK Audio Connection Kit", "OSS", "Windows WDM-KS")

LOOPBACK = "loopback"
# In names of inputs that hear what the machine plays: WASAPI's and PulseAudio's own, then what one can install.
_LOOPS = ("[loopback]", "monitor of ", "blackhole", "loopback", "soundflower", "cable output", "stereo mix")
_SERVER = ("pulse", "ALSA")  # the door to PulseAudio and PipeWire; which of their sources it opens is said besides


@dataclass(frozen=True, slots=True)
class SoundDevice:
    """One PortAudio device in one direction. `latency` is what the driver claims for quick work, seconds."""

    number: int
    name: str
    system: str
    channels: int
    rate: int
    latency: float = 0.0
    default: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A chosen device and which of its channels to take, counted from 0.

    monitor   the sound server is to give what it plays, not what a microphone hears
    """

    device: SoundDevice
    columns: tuple[int, ...]
    monitor: bool = False


def choose_input(devices: Sequence[SoundDevice], wanted: str | None, outputs: Sequence[SoundDevice] = ()) -> Choice:
    """The input a performer asked for.

    None          the system's default input, its first two channels
    'USB'         the device whose name holds this, in any case; 'jack' works too: names of systems count
    '3'           the device of that number
    'USB:1-2'     its channels 1 and 2; 'USB:3' its third channel alone; ':2' the default device's second
    'loopback'    what this machine plays, if possible on the default one of `outputs`; 'loopback:1' too
    UserError lists the inputs when none fits.
    """
    if wanted is not None and wanted.partition(":")[0].strip().casefold() == LOOPBACK:
        return _loopback_choice(devices, wanted.partition(":")[2], outputs)
    if not devices:
        file = "liveanim play --audio FILE, liveanim listen FILE"
        raise UserError(f"no sound input found; plug one in, start the sound server, or hear a file: {file}")
    if wanted is None or not wanted.strip():
        return _with_channels(_default(devices), None)
    device = None if wanted.startswith(":") else find(devices, wanted)
    if device is not None:
        return _with_channels(device, None)
    name, _, channels = wanted.rpartition(":")
    if re.fullmatch(r"\d{1,3}(-\d{1,3})?", channels):
        device = find(devices, name) if name else _default(devices)
        if device is not None:
            return _with_channels(device, channels)
    known = ", ".join(f"{device.name!r}" for device in devices)
    raise UserError(f"no sound input {wanted!r}{near(wanted, [d.name for d in devices])}; there are: {known}")


def find_loopback(devices: Sequence[SoundDevice], outputs: Sequence[SoundDevice] = ()) -> SoundDevice | None:
    """The input that hears what this machine plays, if possible on the default one of `outputs`."""
    server = next((device for device in devices if (device.name, device.system) == _SERVER), None)
    if server is not None:
        return server
    played = _default(outputs).name.casefold() if outputs else ""
    loops = [device for device in devices if any(word in device.name.casefold() for word in _LOOPS)]
    return min(loops, key=lambda one: (played not in one.name.casefold(), _kind(one), _rank(one)), default=None)


def _kind(loop: SoundDevice) -> int:
    return next(place for place, word in enumerate(_LOOPS) if word in loop.name.casefold())


def loopback_cure(platform: str = sys.platform) -> str:
    """What to do where nothing hears what the machine plays."""
    if platform == "darwin":
        return "install BlackHole and play through it"
    if platform == "win32":
        return "turn on Stereo Mix, or install VB-CABLE and play through it"
    return "start PulseAudio or PipeWire, and install its ALSA plugin (`apt install libasound2-plugins`)"


def _loopback_choice(devices: Sequence[SoundDevice], channels: str, outputs: Sequence[SoundDevice]) -> Choice:
    device = find_loopback(devices, outputs)
    if device is None:
        raise UserError(f"no input here hears what this machine plays: {loopback_cure()}")
    monitor = (device.name, device.system) == _SERVER
    return replace(_with_channels(device, channels or None), monitor=monitor)


def find(devices: Sequence[SoundDevice], wanted: str) -> SoundDevice | None:
    """The device of that number, of exactly that name, or with that in its name; the quickest system first."""
    text = wanted.strip().casefold()
    ranked = sorted(devices, key=_rank)
    tests = (
        lambda device: text == str(device.number),
        lambda device: text == device.name.casefold(),
        lambda device: text in device.name.casefold(),
        lambda device: text in f"{device.name} ({device.system})".casefold(),
    )
    return next((device for test in tests for device in ranked if text and test(device)), None)


def _rank(device: SoundDevice) -> tuple[int, int]:
    return (_SYSTEMS.index(device.system) if device.system in _SYSTEMS else len(_SYSTEMS), device.number)


def _default(devices: Sequence[SoundDevice]) -> SoundDevice:
    return next((device for device in devices if device.default), devices[0])


def _with_channels(device: SoundDevice, text: str | None) -> Choice:
    if text is None:
        return Choice(device, tuple(range(min(2, device.channels))))
    first, _, last = text.partition("-")
    low, high = (int(word) if word.isdecimal() else 0 for word in (first, last or first))
    if not (1 <= low <= high <= device.channels and high - low < 8):
        raise UserError(f"{device.name!r} has channels 1 to {device.channels}; {text!r} is not among them (8 at most)")
    return Choice(device, tuple(range(low - 1, high)))
