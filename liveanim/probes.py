"""Looks at what this machine has, one thing at a time, each in a process of its own.

A driver that hangs, aborts or prints to the terminal then costs one answer, never the program: `run_all` starts
this file with each name, reads one line of JSON and says what went wrong where there is none.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

LISTEN = 1.0  # seconds in which whoever sends on the network is heard
_MARK = "liveanim-probe "
_PATIENCE = 60.0  # seconds; the first import of torch from a cold disk takes tens of them

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a probe found. `problem` is one line, '' when it answered."""

    name: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""

    def value(self, key: str) -> Any:
        """The fact called `key`, or None."""
        return self.facts.get(key)


def _sound() -> Facts:
    import sounddevice

    rows: Facts = {"inputs": [], "outputs": [], "version": sounddevice.get_portaudio_version()[1]}
    default = sounddevice.default.device
    apis = sounddevice.query_hostapis()
    for index, device in enumerate(sounddevice.query_devices()):
        for way, key in ((0, "input"), (1, "output")):
            channels = device[f"max_{key}_channels"]
            if channels:
                rows[f"{key}s"].append(
                    {
                        "number": index,
                        "name": device["name"],
                        "channels": channels,
                        "rate": round(device["default_samplerate"]),
                        "system": apis[device["hostapi"]]["name"],
                        "default": index == default[way],
                    }
                )
    return rows


def _midi() -> Facts:
    import rtmidi

    found: Facts = {"inputs": [], "outputs": [], "systems": [], "silent": []}
    for api in rtmidi.get_compiled_api():
        name = rtmidi.get_api_display_name(api)
        try:
            found["inputs"] += [{"name": port, "system": name} for port in rtmidi.MidiIn(api).get_ports()]
            found["outputs"] += [{"name": port, "system": name} for port in rtmidi.MidiOut(api).get_ports()]
            found["systems"].append(name)
        except (rtmidi.RtMidiError, SystemError) as error:
            found["silent"].append(f"{name}: {error}")
    return found


def _aubio() -> Facts:
    import aubio
    import numpy as np

    onset = aubio.onset("hfc", 512, 128, 44100)
    seconds = np.arange(44032) / 44100
    burst = np.where(seconds > 0.5, np.exp((0.5 - seconds) * 20) * np.sin(seconds * 5000), 0).astype(np.float32)
    heard = sum(bool(onset(block)[0]) for block in burst.reshape(-1, 128))
    return {"version": aubio.version, "heard": heard}


def _torch() -> Facts:
    import torch

    facts: Facts = {
        "version": torch.__version__,
        "threads": torch.get_num_threads(),
        "sum": float((torch.ones(8, 8) @ torch.ones(8, 8)).sum()),
        "cuda": torch.version.cuda,
        "gpus": [],
    }
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            card = torch.cuda.get_device_properties(index)
            facts["gpus"].append({"name": card.name, "memory": card.total_memory, "works": True})
            torch.ones(8, device=f"cuda:{index}").sum().item()
    facts["mps"] = torch.backends.mps.is_available()
    return facts


def _openvino() -> Facts:
    import openvino

    core = openvino.Core()
    devices = {name: str(core.get_property(name, "FULL_DEVICE_NAME")) for name in core.available_devices}
    return {"version": openvino.__version__.partition("-")[0], "devices": devices}


def _screen() -> Facts:
    import glfw

    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return {"monitors": [], "why": "neither DISPLAY nor WAYLAND_DISPLAY is set"}
    if not glfw.init():
        return {"monitors": [], "why": _glfw_error(glfw)}
    monitors = []
    for monitor in glfw.get_monitors():
        mode = glfw.get_video_mode(monitor)
        monitors.append(
            {
                "name": _text(glfw.get_monitor_name(monitor)),
                "width": mode.size.width,
                "height": mode.size.height,
                "rate": mode.refresh_rate,
            }
        )
    return {"monitors": monitors, "window": _window(glfw) if monitors else None}


def _glfw_error(glfw: Any) -> str:
    _code, text = glfw.get_error()
    return _text(text) or "no reason given"


def _text(text: Any) -> str:
    return text.decode(errors="replace") if isinstance(text, bytes) else str(text or "")


def _window(glfw: Any) -> Facts:
    """Opens a hidden window and asks for its renderer."""
    import moderngl

    for hint, value in (
        (glfw.VISIBLE, False),
        (glfw.CONTEXT_VERSION_MAJOR, 3),
        (glfw.CONTEXT_VERSION_MINOR, 3),
        (glfw.OPENGL_PROFILE, glfw.OPENGL_CORE_PROFILE),
        (glfw.OPENGL_FORWARD_COMPAT, True),
    ):
        glfw.window_hint(hint, value)
    window = glfw.create_window(64, 64, "liveanim", None, None)
    if not window:
        return {"why": _glfw_error(glfw)}
    glfw.make_context_current(window)
    info = moderngl.create_context(require=330).info
    glfw.destroy_window(window)
    glfw.terminate()
    return {"version": info["GL_VERSION"], "renderer": info["GL_RENDERER"]}


def _headless() -> Facts:
    import moderngl

    if sys.platform.startswith("linux"):
        backend: Any = "egl"
        context = moderngl.create_context(standalone=True, require=330, backend=backend)
    else:
        context = moderngl.create_context(standalone=True, require=330)
    return {"version": context.info["GL_VERSION"], "renderer": context.info["GL_RENDERER"]}


_ENCODERS = (
    ("libx264", "yuv420p"),
    ("aac", ""),
    ("libx265", "yuv420p"),
    ("libsvtav1", "yuv420p"),
    ("prores_ks", "yuva444p10le"),
    ("h264_nvenc", "yuv420p"),
    ("hevc_nvenc", "yuv420p"),
    ("h264_videotoolbox", "yuv420p"),
)


def _encoders() -> Facts:
    """Opens each encoder: many are listed that need a device which is not there."""
    import av

    av.logging.set_level(av.logging.PANIC)
    works, fails = [], []
    for name, pixels in _ENCODERS:
        try:
            encoder: Any = av.CodecContext.create(name, "w")
            if pixels:
                encoder.width, encoder.height, encoder.pix_fmt, encoder.framerate = 256, 256, pixels, 30
            else:
                encoder.sample_rate, encoder.layout, encoder.format = 48000, "stereo", "fltp"
            encoder.open()
            works.append(name)
        except (av.error.FFmpegError, ValueError, OSError) as error:
            fails.append(f"{name}: {error}")
    return {"version": av.__version__, "works": works, "fails": fails}


def _outside(look: Callable[[], list[Facts]]) -> Facts:
    """What `look` finds; where something for it is not installed, or taken, `why` there is nothing."""
    from liveanim.core.errors import UserError

    try:
        return {"found": look()}
    except UserError as error:
        return {"found": [], "why": str(error)}


def _cameras() -> list[Facts]:
    from liveanim.inputs.video import cameras

    return [{"number": camera.number, "name": camera.name} for camera in cameras()]


def _senders(way: str) -> list[Facts]:
    from liveanim.inputs.programs import senders

    return [{"name": name} for name in senders(way, LISTEN)]


def _desks() -> Facts:
    from liveanim.inputs.dmx import Overhearing

    ears = Overhearing()
    return {"found": [asdict(desk) for desk in ears.heard(LISTEN)], "why": "; ".join(ears.trouble)}


def _link() -> list[Facts]:
    from liveanim.inputs.abletonlink import company

    others, bpm = company(LISTEN)
    return [{"others": others, "bpm": bpm}] if others else []


PROBES: Mapping[str, Callable[[], Facts]] = {
    "sound": _sound,
    "midi": _midi,
    "aubio": _aubio,
    "torch": _torch,
    "openvino": _openvino,
    "screen": _screen,
    "headless": _headless,
    "encoders": _encoders,
    "cameras": partial(_outside, _cameras),
    **{way: partial(_outside, partial(_senders, way)) for way in ("ndi", "spout", "syphon")},
    "desks": _desks,
    "link": partial(_outside, _link),
}


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def ask(name: str, command: list[str] | None = None, patience: float = _PATIENCE) -> Answer:
    """The answer of one probe, from a process of its own (`command` instead of the usual one, for tests)."""
    # -P: this folder must not come first on the path, its modules would hide others of the same name.
    command = command or [sys.executable, "-P", __file__, name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=patience, check=False)
    except subprocess.TimeoutExpired:
        return Answer(name, problem=f"no answer within {patience:g} s")
    for line in done.stdout.splitlines():
        if line.startswith(_MARK):
            return Answer(name, json.loads(line.removeprefix(_MARK)))
    if done.returncode < 0:
        return Answer(name, problem=f"crashed with signal {-done.returncode}")
    return Answer(name, problem=_last_line(done.stderr) or f"ended with code {done.returncode}")


def run_all(names: Iterable[str]) -> dict[str, Answer]:
    """The answers of several probes, asked at the same time."""
    names = list(names)
    with ThreadPoolExecutor(max_workers=max(1, len(names))) as pool:
        return dict(zip(names, pool.map(ask, names), strict=True))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this liveanim, installed or not
    sys.stdout.write(f"{_MARK}{json.dumps(PROBES[sys.argv[1]]())}\n")
    sys.stdout.flush()
    # Some drivers crash while they are unloaded; the answer is out, so leave without that.
    os._exit(0)
