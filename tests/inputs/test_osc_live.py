"""The hands in a whole live show: options, ports, what is kept in a take."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from liveanim import app, cli, controls
from liveanim.arguments import parse
from liveanim.core.errors import UserError
from liveanim.core.model import Blend
from liveanim.inputs import oscwire
from liveanim.inputs.oscwire import message
from liveanim.options import PlayOptions
from liveanim.takes.format import EVENTS
from liveanim.takes.reader import TakeReader

PLAY = PlayOptions("silence", headless=True, seconds=60.0, model="paint", size=(128, 72), midi="-")


@pytest.fixture
def port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def frames(ready: app.Live, done: Callable[[Blend], bool]) -> Blend:
    """Play until a frame is as wanted."""
    for now in ready.clock.frames():
        blend = ready.show.tick(now)
        for sink in ready.sinks:
            sink.write(blend, now)
        if done(blend):
            return blend
    raise AssertionError("the show ended before")


def test_osc_plays_a_live_show_hears_from_it_and_is_kept_in_its_take(tmp_path: Path, port: int) -> None:
    take = tmp_path / "take"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("127.0.0.1", 0))
        client.setblocking(False)
        asked = replace(PLAY, osc_port=port, osc_out=(client.getsockname(),), take=take)
        with app.live(asked) as ready:
            frames(ready, lambda blend: bool(blend.layers))
            for packet in (
                message("/liveanim/param/stage/invert", 0.75),
                message("/liveanim/out/blackout", True),
                message("/liveanim/nothing/at/all"),
            ):
                client.sendto(packet, ("127.0.0.1", port))
            blend = frames(ready, lambda blend: blend.blackout and bool(blend.status.warnings))
            assert blend.stage["invert"] == 0.75
            assert blend.status.warnings[0].startswith("OSC: /liveanim/nothing/at/all: unknown address")
            told: dict[str, object] = {}

            def heard(blend: Blend) -> bool:
                try:
                    while True:
                        told.update({m.address: m.arguments[-1] for m in oscwire.read(client.recv(65536))})
                except BlockingIOError:
                    return told.get("/liveanim/param/stage/invert") == 0.75 and "/liveanim/error" in told

            frames(ready, heard)
            assert isinstance(told["/liveanim/audio/rms"], float)
            client.sendto(message("/liveanim/param/stage/invert", "?"), ("127.0.0.1", port))
            told.clear()
            frames(ready, lambda blend: heard(blend) or told.get("/liveanim/param/stage/invert") == 0.75)
    rows = [
        (json.loads(line)["target"], json.loads(line)["source"]) for line in (take / EVENTS).read_text().splitlines()
    ]
    assert rows == [("stage.invert", "osc"), ("out.blackout", "osc")]
    assert [event.value for event in TakeReader(take).events] == [0.75, 1.0]


def test_a_taken_port_only_stops_a_show_that_asked_for_it(
    port: int, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controls, "PORT", port)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", port))
        with app.live(PLAY) as ready:
            assert frames(ready, lambda blend: True).status.warnings == ()
        assert f"OSC: port {port} on 127.0.0.1 cannot be opened" in caplog.text
        assert "the show goes on without OSC" in caplog.text
        with pytest.raises(UserError, match=f"OSC: port {port}"), app.live(replace(PLAY, osc_port=port)):
            pass
        with app.live(replace(PLAY, osc=False)):
            pass


def test_a_show_does_not_turn_its_own_knobs(port: int) -> None:
    asked = replace(PLAY, osc_port=port, osc_out=(("127.0.0.1", port),))
    with pytest.raises(UserError, match="its own knobs"), app.live(asked):
        pass


def test_a_broken_map_is_said_before_the_show(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text("[[control]]\ncc = 1\n")
    with (
        pytest.raises(UserError, match=r"my\.toml: control 1"),
        app.live(replace(PLAY, osc=False, midi=None, midi_map=path)),
    ):
        pass


def test_the_options_of_the_hands() -> None:
    words = ["play", "--osc-port", "9001", "--listen", "--osc-out", "10.0.0.2:9000", "--osc-out", ":9002"]
    given = parse([*words, "--midi", "LPD8", "--midi-map", "my.toml"], cli.COMMANDS)
    assert (given.osc, given.osc_port, given.listen) == (True, 9001, True)
    assert given.osc_out == [("10.0.0.2", 9000), ("127.0.0.1", 9002)]
    assert (given.midi, given.midi_map) == ("LPD8", Path("my.toml"))
    assert parse(["play", "--no-osc"], cli.COMMANDS).osc is False


@pytest.mark.parametrize("words", [["--osc-port", "0"], ["--osc-port", "x"], ["--osc-out", "somewhere"]])
def test_a_wrong_option_of_the_hands_is_refused(words: list[str]) -> None:
    with pytest.raises(UserError, match=words[0]):
        parse(["play", *words], cli.COMMANDS)


def test_the_addresses_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["osc"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "/liveanim/param/stage/hue/raw" in [line.split()[0] for line in lines]
    assert cli.main(["osc", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == len(lines)
