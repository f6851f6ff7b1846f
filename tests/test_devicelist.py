"""What `liveanim devices` says: the words and numbers that the options take, and why there is nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from liveanim import cli, devicelist
from liveanim.devicelist import device_lines, looked_for
from liveanim.probes import PROBES, Answer

DEVICE = {"number": 3, "name": "USB Audio", "channels": 2, "rate": 48000, "system": "ALSA", "default": True}
FOUND = {
    "sound": Answer("sound", {"inputs": [DEVICE, {**DEVICE, "number": 4, "name": "pulse", "default": False}]}),
    "midi": Answer("midi", problem="crashed with signal 11"),
    "screen": Answer("screen", {"monitors": [{"name": "DP-1", "width": 1920, "height": 1080, "rate": 60}]}),
    "cameras": Answer("cameras", {"found": [{"number": 0, "name": "BRIO"}, {"number": 12, "name": "Capture"}]}),
    "ndi": Answer("ndi", {"found": [{"name": "STUDIO (Arena)"}]}),
    "spout": Answer("spout", {"found": [], "why": "spout: needs SpoutGL"}),
    "desks": Answer("desks", {"found": [{"way": "artnet", "universe": 3, "sender": "10.0.0.5"}], "why": "sacn: taken"}),
    "link": Answer("link", {"found": [{"others": 2, "bpm": 124.0}]}),
    "torch": Answer("torch", {"gpus": [], "mps": False}),
}


def test_devices_are_listed_in_the_words_that_the_options_take() -> None:
    assert [lines for _title, lines in device_lines(FOUND)] == [
        [
            " 3  USB Audio, 2 channels, 48000 Hz, ALSA (default)",
            " 4  pulse, 2 channels, 48000 Hz, ALSA",
            "    loopback: what this machine plays (pulse)",
        ],
        ["cannot tell: crashed with signal 11"],
        [" 1  DP-1, 1920x1080, 60 Hz"],
        [" 0  BRIO", "12  Capture"],
        ["ndi:STUDIO (Arena)", "spout: needs SpoutGL"],
        ["artnet:3, from 10.0.0.5", "sacn: taken"],
        ["2 others, 124 BPM"],
        [],
    ]


def test_only_what_a_system_has_is_looked_for() -> None:
    asked = {system: set(looked_for(system)) for system in ("linux", "win32", "darwin")}
    assert all({"cameras", "ndi", "desks", "link"} < names <= set(PROBES) for names in asked.values())
    own = {system: names & {"spout", "syphon"} for system, names in asked.items()}
    assert own == {"linux": set(), "win32": {"spout"}, "darwin": {"syphon"}}


def test_a_program_has_the_same_as_a_person(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def found(names: Iterable[str]) -> dict[str, Answer]:
        return {name: FOUND[name] for name in names}

    monkeypatch.setattr("liveanim.probes.run_all", found)
    monkeypatch.setattr(devicelist, "looked_for", lambda: tuple(FOUND))
    assert cli.main(["devices", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows["cameras"] == {
        "found": [{"number": 0, "name": "BRIO"}, {"number": 12, "name": "Capture"}],
        "problem": "",
    }
    assert rows["spout"]["why"] == "spout: needs SpoutGL" and rows["midi"] == {"problem": "crashed with signal 11"}
    assert cli.main(["devices"]) == 0
    said = capsys.readouterr().out
    assert "Cameras (--video N)\n   0  BRIO\n" in said and "GPUs\n  none\n" in said
