"""MIDI in over a real MIDI server: virtual controllers of another process, as a stage has them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from liveanim.core.model import ControlEvent
from liveanim.inputs.midi import MidiInput
from liveanim.inputs.midiports import MidiPorts
from liveanim.inputs.readback import Readback
from tests.inputs.test_osc import until

pytestmark = pytest.mark.midi

CONTROLLER = """
import sys, rtmidi
out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=sys.argv[1])
out.open_virtual_port("out")
print("there", flush=True)
for line in sys.stdin:
    out.send_message([int(word) for word in line.split()])
"""
NAME = f"LPD8-{os.getpid()}"


class Controller:
    """A controller in a process of its own, to be unplugged by killing it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", CONTROLLER, NAME], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "there\n"

    def send(self, *message: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(map(str, message)) + "\n")
        self._process.stdin.flush()

    def unplug(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


@pytest.fixture
def controller() -> Iterator[Controller]:
    made = Controller()
    yield made
    made.unplug()


@pytest.fixture
def source(controller: Controller) -> Iterator[MidiInput]:
    made = MidiInput(time.monotonic, Readback(), NAME)
    until(lambda: len(made.ports.devices) == 1)
    yield made
    made.close()


def heard(source: MidiInput, target: str, value: float | None) -> ControlEvent:
    """The event of that target and value, waited for."""
    found: list[ControlEvent] = []

    def there() -> bool:
        found.extend(e for e in source.read(time.monotonic()) if (e.target, e.value) == (target, value))
        return bool(found)

    until(there)
    return found[0]


def test_knobs_and_pads_of_a_real_port_play(controller: Controller, source: MidiInput) -> None:
    before = time.monotonic()
    controller.send(0xB0, 1, 127)
    event = heard(source, "cc.1", 1.0)
    assert before <= event.time <= time.monotonic()
    controller.send(0x90, 36, 100)
    assert heard(source, "do.tap", None).source == "midi"


def test_after_3000_messages_every_knob_stands_where_it_was_left(controller: Controller, source: MidiInput) -> None:
    newest: dict[str, float | str | None] = {}
    last: dict[str, int] = {}

    def listen() -> None:
        newest.update({e.target: e.value for e in source.read(time.monotonic()) if e.target.startswith("cc.")})

    for n in range(3000):
        knob, value = 1 + n % 8, (n * 7) % 128
        controller.send(0xB0, knob, value)
        last[f"cc.{knob}"] = value
        listen()

    def all_there() -> bool:
        # The test's server has no real-time rights: when it is late it drops or repeats what is on the wire.
        for name, value in last.items():
            controller.send(0xB0, int(name[3:]), value)
        time.sleep(0.02)
        listen()
        return newest == {name: value / 127 for name, value in last.items()}

    until(all_there)
    assert source.counts["messages"] > 500
    assert source.counts["lost"] == 0


def test_a_controller_that_was_unplugged_plays_again(controller: Controller, source: MidiInput) -> None:
    controller.unplug()
    until(lambda: source.ports.devices == ())
    until(lambda: source.problem() == f"MIDI: {NAME}:out is gone")
    again = Controller()
    try:
        until(lambda: len(source.ports.devices) == 1)
        again.send(0x90, 36, 100)
        heard(source, "do.tap", None)
    finally:
        again.unplug()


def test_no_python_runs_on_the_threads_of_the_midi_system(controller: Controller) -> None:
    """It would hang the program when a port is closed in the middle of a message."""
    threads: set[str] = set()
    ports = MidiPorts(
        time.monotonic, lambda *message: threads.add(threading.current_thread().name), lambda *change: None, NAME
    )
    ports.start()
    until(lambda: len(ports.devices) == 1)
    controller.send(0xB0, 1, 127)
    until(lambda: bool(threads))
    ports.close()
    assert threads == {"midi"}
