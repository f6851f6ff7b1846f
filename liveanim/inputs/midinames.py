"""Names of MIDI ports: which are devices, and which device a port is."""

from __future__ import annotations

import re
from collections.abc import Sequence

CLIENT = "liveanim"
_OWN = re.compile(rf"^{CLIENT}\b|^Midi Through|^RtMidi", re.IGNORECASE)
_PLACE = re.compile(r"\s+\d+(:\d+)?\s*$")  # ALSA and Windows number the sockets: another one after every replug


def device_name(name: str) -> str:
    """`name` without the socket's number, so that a device is the same one after it was unplugged."""
    return _PLACE.sub("", name).strip()


def devices(names: Sequence[str], wanted: str | None = None) -> dict[str, str]:
    """The ports of devices with `wanted` in their name, in any case: device name to what the system calls it. Twins get
    a number; our own ports are none."""
    found: dict[str, str] = {}
    for name in names:
        if _OWN.match(name) or (wanted is not None and wanted.lower() not in name.lower()):
            continue
        device, count = device_name(name), 2
        while device in found:
            device, count = f"{device_name(name)} ({count})", count + 1
        found[device] = name
    return found
