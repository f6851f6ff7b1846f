"""The file of lights in a show and on the command line."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from liveanim import app, cli
from liveanim.core.dmx import PORTS, artnet
from liveanim.core.errors import UserError
from liveanim.lighting import LightsFile, lights_of, listed, open_lights
from liveanim.options import PlayOptions

FILE = """
[[light]]
name = "par"
to = "artnet:7 127.0.0.1"
channels = "DRGB"

[[light]]
name = "bar"
to = "sacn:1"
channels = "GRB"
grid = [300, 1]
area = [0, 0.8, 1, 1]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "lights.toml"
    path.write_text(FILE)
    return path


def test_lights_are_listed_with_their_channels(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert listed(lights_of(file)) == [
        "par: artnet:7 1 .. 4  DRGB  127.0.0.1",
        "bar: sacn:1 1 .. sacn:2 390  GRB  300 x 1",
    ]
    assert cli.main(["lights", str(file)]) == 0
    assert capsys.readouterr().out.splitlines() == listed(lights_of(file))
    assert cli.main(["lights", str(file.parent / "none.toml")]) == 2


def test_the_file_is_read_again_when_it_is_written(file: Path) -> None:
    read = LightsFile(file)
    assert read.again() is None
    file.write_text(FILE.replace("DRGB", "RGB"))
    os.utime(file, (1, 1))
    (par, _) = read.again() or ()
    assert par.channels == "RGB" and read.again() is None
    file.write_text("[[light]]")
    with pytest.raises(UserError, match="to: missing"):
        read.again()
    assert read.again() is None and len(read.lights) == 2


def test_a_universe_that_plays_the_show_is_not_sent_to_everybody(file: Path) -> None:
    with pytest.raises(UserError, match="bar: --dmx hears that universe"):
        open_lights(file, ("sacn", 2))
    open_lights(file, ("artnet", 7)).close()


def test_a_show_lights_its_lamps(tmp_path: Path) -> None:
    file = tmp_path / "lights.toml"
    file.write_text('[[light]]\nto = "artnet:7 127.0.0.1"\nchannels = "RGB+"\n')
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as node:
        node.bind(("127.0.0.1", PORTS["artnet"]))
        node.settimeout(5.0)
        options = PlayOptions("builtin", headless=True, seconds=1.5, model="paint", size=(128, 72), lights=file)
        app.play(options)
        node.settimeout(0.2)
        packets = []
        while True:
            try:
                packets.append(artnet(node.recv(2048)))
            except TimeoutError:
                break
    levels = [packet.levels for packet in packets if packet is not None and packet.universe == 7]
    assert len(levels) == len(packets) > 10
    assert len(set(levels)) > 5 and {part[3] for part in levels[:-4]} == {255}
    assert levels[-1] == bytes(4)
