"""`liveanim doctor`: what works on this machine, what is missing, and what to type to mend each.

Judging is apart from looking: `probes` looks (each thing in its own process), here an answer becomes rows.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from .core.errors import UserError
from .data import data_dir
from .inputs.devices import SoundDevice, find_loopback, loopback_cure
from .probes import Answer, run_all

State = Literal["ok", "note", "missing"]
_GB = 1e9
_PIP = f"{sys.executable} -m pip install"
_LEAST_SPACE = 2 * _GB  # bytes: about an hour of 720p video
_COLOURS: Mapping[State, str] = {"ok": "32", "note": "33", "missing": "31"}
EMBER = Path(__file__).resolve().parent / "models" / "ember"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    state   'ok'; 'note': the show goes on with less; 'missing': a show needs it
    fix     what to do, '' where nothing is to be done
    """

    name: str
    state: State
    found: str
    fix: str = ""


def system_fix(packages: str, otherwise: str) -> str:
    """The line that installs `packages` where there is apt, else `otherwise`."""
    return f"sudo apt-get install {packages}" if shutil.which("apt-get") else otherwise


def _again(library: str) -> str:
    return f"{_PIP} --force-reinstall {library}"


def python_rows(version: tuple[int, ...] = sys.version_info[:3]) -> list[Row]:
    text = ".".join(str(part) for part in version) + f" on {platform.system()} {platform.machine()}"
    if (3, 11) <= version[:2] <= (3, 13):
        return [Row("python", "ok", text)]
    return [Row("python", "missing", text, "use Python 3.11, 3.12 or 3.13")]


def library_rows(names: Iterable[str] | None = None) -> list[Row]:
    """Which of our requirements are not installed."""
    wanted = list(_requirements() if names is None else names)
    missing = [name for name in wanted if not _installed(name)]
    if missing == ["liveanim"]:
        return [Row("libraries", "note", "run from a folder, not installed", f"{_PIP} -e . (in that folder)")]
    if missing:
        return [Row("libraries", "missing", f"not installed: {', '.join(missing)}", f"{_PIP} {' '.join(missing)}")]
    return [Row("libraries", "ok", f"all {len(wanted)} installed")]


def _requirements() -> list[str]:
    try:
        lines = importlib.metadata.requires("liveanim") or []
    except importlib.metadata.PackageNotFoundError:
        return ["liveanim"]
    plain = [line for line in lines if "extra ==" not in line]
    return [line.replace(">", " ").replace("=", " ").replace("<", " ").split()[0].rstrip(";") for line in plain]


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def screen_rows(answer: Answer) -> list[Row]:
    fix = system_fix("libgl1 libegl1 libgl1-mesa-dri", "install the driver of the graphics card")
    if answer.problem:
        return [Row("window", "note", answer.problem, _again("glfw moderngl"))]
    monitors = answer.value("monitors")
    if not monitors:
        return [
            Row("window", "note", f"no screen: {answer.value('why')}", "on a desktop; else use --headless or render")
        ]
    shown = [
        f"{n} {one['name']} {one['width']}x{one['height']}" + (f" {one['rate']} Hz" if one["rate"] else "")
        for n, one in enumerate(monitors, 1)
    ]
    rows = [Row("monitors", "ok", "; ".join(shown))]
    window = answer.value("window") or {}
    if "why" in window:
        return [*rows, Row("window", "note", window["why"], fix)]
    return [*rows, _gl_row("window", window)]


def _gl_row(name: str, facts: Mapping[str, str]) -> Row:
    found = f"OpenGL {facts['version']}, {facts['renderer']}"
    if any(word in facts["renderer"].lower() for word in ("llvmpipe", "softpipe", "swiftshader", "gdi generic")):
        return Row(name, "note", f"{found}: drawn by the processor", "install the graphics driver for large pictures")
    return Row(name, "ok", found)


def headless_rows(answer: Answer) -> list[Row]:
    if answer.problem:
        fix = system_fix("libegl1 libgl1-mesa-dri", "install the driver of the graphics card")
        return [Row("off-screen GL", "missing", answer.problem, fix)]
    return [_gl_row("off-screen GL", answer.facts)]


def sound_rows(answer: Answer) -> list[Row]:
    if answer.problem:
        return [Row("sound", "note", answer.problem, system_fix("libportaudio2", _again("sounddevice")))]
    rows = []
    for key, name, way in (("inputs", "sound input", "--audio FILE"), ("outputs", "sound output", "")):
        devices = sorted(answer.value(key), key=lambda one: not one["default"])
        if devices:
            first = devices[0]
            more = f" and {len(devices) - 1} more" if len(devices) > 1 else ""
            rows.append(Row(name, "ok", f"{first['name']} ({first['system']}, {first['rate']} Hz){more}"))
        else:
            fix = "plug one in, or start the sound server" + (f"; until then play with {way}" if way else "")
            rows.append(Row(name, "note", "none found", fix))
    if answer.value("outputs"):
        heard = loopback(answer)
        found = f"--input loopback hears what this machine plays ({heard})" if heard else "none found"
        rows.append(Row("loopback", "ok" if heard else "note", found, "" if heard else loopback_cure()))
    return rows


def loopback(answer: Answer) -> str:
    """Name of the input that `--input loopback` opens; '' where nothing hears what this machine plays."""
    inputs, outputs = ([SoundDevice(**row) for row in answer.value(way) or []] for way in ("inputs", "outputs"))
    device = find_loopback(inputs, outputs)
    return device.name if device is not None else ""


def midi_rows(answer: Answer) -> list[Row]:
    if answer.problem:
        return [Row("MIDI", "note", answer.problem, system_fix("libasound2 libjack0", _again("python-rtmidi mido")))]
    ports = [port["name"] for port in answer.value("inputs")]
    if ports:
        return [Row("MIDI", "ok", "; ".join(ports))]
    if answer.value("systems"):
        return [Row("MIDI", "note", "no controller is plugged in", "plug one in; the keyboard works without")]
    return [
        Row(
            "MIDI", "note", "no MIDI system answers: " + "; ".join(answer.value("silent")), "the keyboard works without"
        )
    ]


def aubio_rows(answer: Answer) -> list[Row]:
    if answer.problem:
        return [Row("aubio", "missing", answer.problem, _again("aubio-ledfx"))]
    if answer.value("heard") != 1:
        return [Row("aubio", "missing", f"hears {answer.value('heard')} onsets in one click", _again("aubio-ledfx"))]
    return [Row("aubio", "ok", f"{answer.value('version')}, hears a click")]


def torch_rows(answer: Answer, nvidia: bool | None = None) -> list[Row]:
    """`nvidia`: whether the machine has such a card (None: look)."""
    if answer.problem:
        return [Row("torch", "missing", answer.problem, _again("torch"))]
    rows = [Row("torch", "ok", f"{answer.value('version')}, {answer.value('threads')} threads")]
    nvidia = shutil.which("nvidia-smi") is not None if nvidia is None else nvidia
    cards = [f"{card['name']}, {card['memory'] / _GB:.0f} GB" for card in answer.value("gpus")]
    if cards:
        return [*rows, Row("GPU", "ok", "; ".join(cards))]
    if answer.value("mps"):
        return [*rows, Row("GPU", "ok", "Apple GPU (mps)")]
    if nvidia and answer.value("cuda"):
        return [
            *rows,
            Row("GPU", "note", "an NVIDIA card that torch cannot use", "update the NVIDIA driver (nvidia-smi)"),
        ]
    if nvidia:
        return [*rows, Row("GPU", "note", "an NVIDIA card, but torch is its CPU build", _again("torch"))]
    return [*rows, Row("GPU", "note", "none: the processor paints", "ember is made for that; sd-turbo wants a GPU")]


def openvino_rows(answer: Answer) -> list[Row]:
    if answer.problem:
        return [Row("OpenVINO", "note", answer.problem, f"{_PIP} openvino (paints about twice as fast on a CPU)")]
    devices = "; ".join(f"{key}: {name}" for key, name in answer.value("devices").items())
    return [Row("OpenVINO", "ok", f"{answer.value('version')}, {devices}")]


def encoder_rows(answer: Answer) -> list[Row]:
    if answer.problem:
        return [Row("video", "missing", answer.problem, _again("av"))]
    works = answer.value("works")
    lacks = [name for name in ("libx264", "aac") if name not in works]
    if lacks:
        return [Row("video", "missing", f"cannot encode {' and '.join(lacks)}", _again("av"))]
    return [Row("video", "ok", f"encodes {', '.join(works)}")]


def ember_rows(folder: Path = EMBER) -> list[Row]:
    weights = sorted(folder.rglob("*.safetensors"))
    if not weights:
        fix = "install liveanim again, or train it: python tools/train_ember.py; --model paint works without"
        return [Row("ember", "missing", f"no weights in {folder}", fix)]
    broken = [str(path.relative_to(folder)) for path in weights if not _whole(path)]
    if broken:
        return [Row("ember", "missing", f"damaged: {', '.join(broken)}", "install liveanim again")]
    size = sum(path.stat().st_size for path in weights)
    return [Row("ember", "ok", f"{len(weights)} files of weights, {size / 1e6:.0f} MB")]


def _whole(path: Path) -> bool:
    """Whether a safetensors file is as long as its own header says."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= size - 8:
            return False
        try:
            header = json.loads(file.read(length))
        except ValueError:
            return False
    ends = [row["data_offsets"][1] for name, row in header.items() if name != "__metadata__"]
    return size == 8 + length + max(ends, default=0)


def data_rows() -> list[Row]:
    rows = []
    for name, pattern in (("presets", "*.toml"), ("shaders", "*.fs")):
        count = len(list(data_dir(name).glob(pattern)))
        fix = "" if count else "install liveanim again"
        rows.append(Row(name, "ok" if count else "missing", f"{count} in {data_dir(name)}", fix))
    return rows


def settings_rows() -> list[Row]:
    """Which file has options for every show, and what it sets."""
    from .playfile import open_settings, own_settings

    try:
        found = open_settings(None)
    except UserError as error:
        return [Row("settings", "missing", str(error), "mend it, or play with --settings none")]
    return [Row("settings", "ok", found.line() if found.path else f"none ({own_settings()} would be)")]


def disk_rows(folder: Path | None = None) -> list[Row]:
    folder = Path.cwd() if folder is None else folder
    rows = []
    free = shutil.disk_usage(folder).free
    state: State = "ok" if free > _LEAST_SPACE else "note"
    rows.append(Row("disk", state, f"{free / _GB:.0f} GB free in {folder}", "" if state == "ok" else "make room"))
    for name, place in (("this folder", folder), ("temporary files", Path(tempfile.gettempdir()))):
        if not os.access(place, os.W_OK):
            rows.append(Row(name, "note", f"{place} cannot be written to", "work in a folder of your own"))
    return rows


_JUDGES: Mapping[str, Callable[[Answer], list[Row]]] = {
    "screen": screen_rows,
    "headless": headless_rows,
    "sound": sound_rows,
    "midi": midi_rows,
    "aubio": aubio_rows,
    "torch": torch_rows,
    "openvino": openvino_rows,
    "encoders": encoder_rows,
}


def examine() -> list[Row]:
    """Every row of the table, in reading order. Takes about as long as importing torch does."""
    answers = run_all(_JUDGES)
    rows = python_rows() + library_rows()
    for name, judge in _JUDGES.items():
        rows += judge(answers[name])
    return rows + ember_rows() + data_rows() + settings_rows() + disk_rows()


def table(rows: Iterable[Row], colour: bool = False) -> str:
    """The rows as text, one or two lines each (the second says what to do)."""
    rows = list(rows)
    wide = max(len(row.name) for row in rows)
    lines = []
    for row in rows:
        state = f"\x1b[{_COLOURS[row.state]}m{row.state:<7}\x1b[0m" if colour else f"{row.state:<7}"
        lines.append(f"{state}  {row.name:<{wide}}  {row.found}")
        if row.fix:
            lines.append(" " * (wide + 11) + f"-> {row.fix}")
    missing = [row.name for row in rows if row.state == "missing"]
    lines.append("")
    lines.append(f"Missing for a show: {', '.join(missing)}." if missing else "Everything a show needs is here.")
    return "\n".join(lines)


def as_json(rows: Iterable[Row]) -> str:
    return json.dumps([asdict(row) for row in rows], indent=2)
