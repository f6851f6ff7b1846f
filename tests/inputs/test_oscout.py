"""OSC out: what is told, when, and that nobody waits for it."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from liveanim.core.errors import UserError
from liveanim.core.model import Blend, Status
from liveanim.core.params import defaults
from liveanim.inputs import oscwire
from liveanim.inputs.oscout import OscOut, parse_target
from tests.inputs.test_osc import PATIENCE, until


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        made.settimeout(0.5)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        yield made


def heard(listener: socket.socket) -> list[dict[str, oscwire.Argument]]:
    """Every packet that has come, as address: first argument."""
    packets: list[dict[str, oscwire.Argument]] = []
    listener.setblocking(False)
    while True:
        try:
            packets.append({one.address: one.arguments[0] for one in oscwire.read(listener.recv(65536))})
        except BlockingIOError:
            return packets


def out_to(*listeners: socket.socket) -> OscOut:
    return OscOut([one.getsockname() for one in listeners])


def blend(time: float, preset: str = "a", **values: float) -> Blend:
    signals = {"rms": 0.25, "kick": values.pop("kick", 0.0), "beat": 2 * time, "bpm": 120.0}
    named = {name.replace("_", ".", 1): value for name, value in values.items()}
    return Blend(time, signals=signals, values={**defaults(), **named}, status=Status(preset=preset))


def test_everybody_hears_sound_and_tempo_thirty_times_a_second(listener: socket.socket) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        out = out_to(listener, other)
        for n in range(121):
            out.write(blend(n / 60), n / 60)
        packets = [p for p in heard(listener) if "/liveanim/audio/rms" in p]
        assert len([p for p in heard(other) if "/liveanim/audio/rms" in p]) == len(packets)
    assert 59 <= len(packets) <= 62
    last = packets[-1]
    assert last["/liveanim/audio/rms"] == 0.25
    assert last["/liveanim/tempo/bpm"] == 120.0
    assert last["/liveanim/perf/fps"] == pytest.approx(60, rel=0.01)
    out.close()


def test_others_are_told_the_beat_that_is_heard(listener: socket.socket) -> None:
    out = out_to(listener)
    out.write(replace(blend(2.75), ahead=0.25), 2.75)
    (packet,) = [p for p in heard(listener) if "/liveanim/tempo/beat" in p]
    assert [packet[f"/liveanim/tempo/{name}"] for name in ("beat", "bar", "phase", "meter")] == [5.25, 1.3125, 0.25, 4]
    out.write(Blend(3.0, signals={"beat": 7.0, "bar": 2 + 1 / 3, "meter": 3.0, "bpm": 120.0}), 3.0)
    (packet,) = [p for p in heard(listener) if "/liveanim/tempo/beat" in p]
    assert packet["/liveanim/tempo/bar"] == pytest.approx(7 / 3) and packet["/liveanim/tempo/meter"] == 3
    out.close()


def test_a_kick_between_two_packets_is_not_lost(listener: socket.socket) -> None:
    out = out_to(listener)
    for n in range(7):
        out.write(blend(n / 60, kick=1.0 if n == 3 else 0.0), n / 60)
    kicks = [p["/liveanim/audio/kick"] for p in heard(listener) if "/liveanim/audio/kick" in p]
    assert kicks == [0.0, 0.0, 1.0, 0.0]
    out.close()


def test_parameters_and_texts_are_told_when_they_change_and_again_after_five_seconds(listener: socket.socket) -> None:
    out = out_to(listener)
    hue, preset = "/liveanim/param/stage/hue", "/liveanim/state/preset"
    told: list[tuple[float, str, object]] = []
    for n in range(400):
        now = n / 60
        out.write(blend(now, "a" if now < 2 else "b", stage_hue=0.0 if now < 1 else 0.5), now)
        told += [(round(now), key, p[key]) for p in heard(listener) for key in (hue, preset) if key in p]
    assert told == [(0, hue, 0.5), (0, preset, "a"), (1, hue, 0.75), (2, preset, "b"), (5, hue, 0.75), (5, preset, "b")]
    out.close()


def test_every_control_of_a_parameter_follows_it_and_the_scene_is_told(listener: socket.socket) -> None:
    out = out_to(listener)
    seen: dict[str, object] = {}
    for now, value in ((0.0, 0.0), (1.0, 1.0)):
        status = Status(scene="storm" if now else "", vram=(3e9, 12e9))
        out.write(replace(blend(now, out_blackout=value, prompt_weight2=value / 2), status=status), now)
        for packet in heard(listener):
            seen.update(packet)
    for name in ("param/out/blackout", "out/blackout"):
        assert seen[f"/liveanim/{name}"] == 1.0
    for name in ("param/prompt/weight2", "prompt/2/weight"):
        assert seen[f"/liveanim/{name}"] == 0.5
    assert seen["/liveanim/state/scene"] == "storm" and seen["/liveanim/perf/vram"] == 0.25
    out.close()


def test_what_the_loop_pedal_does_is_told(listener: socket.socket) -> None:
    out, told = out_to(listener), []
    looped = Status(looped=("stage.hue",))
    for now, status in enumerate([Status(), replace(looped, loop="1 beat"), looped]):
        out.write(replace(blend(float(now)), status=status), float(now))
        told += [packet["/liveanim/state/loop"] for packet in heard(listener) if "/liveanim/state/loop" in packet]
    assert told == ["", "recording", "playing"]
    out.close()


def test_a_fader_that_is_held_stands_where_its_knob_does(listener: socket.socket) -> None:
    out = out_to(listener)
    out.write(replace(blend(0.0, stage_hue=0.75), knobs={"stage.hue": 0.5}), 0.0)  # 'knob + 0.25*kick'
    (hue,) = [packet[key] for packet in heard(listener) for key in packet if key == "/liveanim/param/stage/hue"]
    assert hue == 0.75
    out.close()


def test_packets_pass_any_network_in_one_piece(listener: socket.socket) -> None:
    out = out_to(listener)
    out.write(blend(0.0), 0.0)
    sizes = []
    listener.setblocking(False)
    try:
        while True:
            sizes.append(len(listener.recv(65536)))
    except BlockingIOError:
        pass
    assert len(sizes) > 1
    assert max(sizes) <= 1400
    out.close()


def test_what_cannot_be_sent_is_counted_and_stops_nothing() -> None:
    out = OscOut([("127.0.0.1", 9), ("240.0.0.1", 9)])
    out.write(blend(0.0), 0.0)
    out.close()
    out.write(blend(1.0), 1.0)
    assert out.failures > 0


def test_a_real_client_reads_it(tmp_path: Path) -> None:
    if shutil.which("oscdump") is None:
        pytest.skip("liblo-tools is not installed")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path / "dump.txt"
    out = OscOut([("127.0.0.1", port)])
    with log.open("w") as file:
        client = subprocess.Popen(["oscdump", "-L", str(port)], stdout=file)
    start = time.monotonic()

    def read() -> bool:
        out.write(blend(time.monotonic() - start), time.monotonic() - start)
        return len(re.findall(r"/liveanim/audio/rms f 0\.25", log.read_text())) >= 3

    try:
        until(read, PATIENCE)
    finally:
        client.kill()
        client.wait()
        out.close()


@pytest.mark.parametrize(("text", "target"), [("10.0.0.2:9000", ("10.0.0.2", 9000)), (":9001", ("127.0.0.1", 9001))])
def test_targets_are_host_and_port(text: str, target: tuple[str, int]) -> None:
    assert parse_target(text) == target


@pytest.mark.parametrize("text", ["", "host", "host:", "host:0", "host:70000", "host:x"])
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        parse_target(text)


def test_an_unknown_host_is_one_line() -> None:
    with pytest.raises(UserError, match=r"unknown host 'no\.\.such'"):
        OscOut([("no..such", 9000)])
