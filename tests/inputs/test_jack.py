"""JACK: a program on it is heard, and neither its server's end nor a close that hangs ends the show."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

# One name for all runs: JACK's registry holds eight, and a killed server frees its place only for its own name.
NAME = "liveanim-test"
pytestmark = [
    pytest.mark.audio,
    pytest.mark.skipif(not (shutil.which("jackd") and shutil.which("jack_metro")), reason="no jackd and jack_metro"),
]


def wait(done: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "took too long"
        time.sleep(0.02)


class Jack:
    """A JACK server of this test alone."""

    def __init__(self) -> None:
        # Long periods, so that a busy machine keeps up with them.
        words = ["jackd", "-r", "-n", NAME, "-d", "dummy", "-r", "48000", "-p", "1024"]
        self._processes = [subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)]

    def started(self) -> None:
        wait(lambda: self._has("system"))

    def _has(self, port: str) -> bool:
        ports = subprocess.run(["jack_lsp"], capture_output=True, text=True, check=False)
        return ports.returncode == 0 and port in ports.stdout

    def metronome(self) -> None:
        words = ["jack_metro", "-b", "240", "-n", "metronome"]
        self._processes.append(subprocess.Popen(words, stdout=subprocess.DEVNULL))
        wait(lambda: self._has("metronome"))

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        for process in self._processes:
            process.send_signal(how)
        for process in self._processes:
            process.wait()
        self._processes = []


@pytest.fixture
def jack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Jack]:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", NAME)
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    monkeypatch.setenv("JACK_NO_AUDIO_RESERVATION", "1")
    jack = Jack()
    try:
        jack.started()
        yield jack
    finally:
        jack.end()
        for left in Path("/dev/shm").glob(f"jack*{NAME}*"):
            left.unlink()


class Program:
    """Python code in a process of its own; `line` is the next that it prints, `go` lets its next `input()` return."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip()

    def go(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def code(self) -> int:
        """Its exit status, when it has left."""
        self._process.communicate(timeout=30)
        return self._process.returncode


@contextmanager
def program(code: str) -> Iterator[Program]:
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield Program(process)
        finally:
            process.kill()


LISTENS = """
import threading, time
import numpy as np
from liveanim.inputs.analysis import Analyser
from liveanim.inputs.audio import LiveInput
from liveanim.inputs.ears import Ears
source = LiveInput("metronome (JACK", time.perf_counter)
ears, onsets, end = Ears(source, Analyser(source.rate)), [], time.monotonic() + 20
def even():
    gaps = np.abs(np.diff(onsets) - 0.25) < 0.02
    return bool((gaps[2:] & gaps[1:-1] & gaps[:-2]).any())
while not even() and time.monotonic() < end:
    onsets += [onset for hop in ears.read(time.perf_counter()) for onset in hop.onsets]
    time.sleep(0.01)
print(source.status(), even(), flush=True)
input()
end = time.monotonic() + 8
while not source.status().startswith("gone") and time.monotonic() < end:
    time.sleep(0.02)
print(source.status(), flush=True)
source.close()
print("closes that hang:", sum(one.name == "close sound" for one in threading.enumerate()), flush=True)
"""


def test_a_program_on_a_jack_server_is_heard_and_the_servers_death_hangs_nothing(jack: Jack) -> None:
    jack.metronome()
    with program(LISTENS) as run:
        assert re.fullmatch(r"metronome 48 kHz(, \d+ xruns?)? True", run.line())
        jack.end()
        run.go()
        assert run.line() == "gone: metronome, retrying"
        assert run.line() == "closes that hang: 0"
        assert run.code() == 0


LOOKS_AGAIN = """
from liveanim.inputs.portaudio import refresh, sound_devices
def jack():
    return any(device.system.startswith("JACK") for way in sound_devices() for device in way)
refresh()
print(jack(), flush=True)
input()
refresh()
print(jack(), flush=True)
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_jack_server_that_ends_takes_no_show_with_it(jack: Jack, how: signal.Signals) -> None:
    with program(LOOKS_AGAIN) as run:
        assert run.line() == "True"
        jack.end(how)
        run.go()
        assert run.line() == "True"  # PortAudio was left as it is
        assert run.code() == 0


HANGS = """
import threading
from liveanim.inputs import portaudio
class Stream:
    name = "stuck"
    close = threading.Event().wait
portaudio.sound_devices()
portaudio.close_stream(Stream())
print("left", flush=True)
"""


def test_a_program_leaves_in_peace_while_a_close_hangs_and_jack_runs(jack: Jack) -> None:
    with program(HANGS) as run:
        assert run.line() == "left"
        assert run.code() == 0


# In programs of their own, as everything here: JACK's library crashes a program that meets a second server.
LIVES = """
from liveanim.inputs.jackserver import JackServer
server = JackServer()
told = [server.lives()]
server.meet()
told += [server.lives(), server.part(), server.lives()]
server.meet()
print(*told, flush=True)
input()
print(server.lives(), server.part(), server.lives(), flush=True)
"""


def test_a_server_lives_until_it_is_gone(jack: Jack) -> None:
    with program(LIVES) as run:
        assert run.line() == "True True True True"
        jack.end()
        run.go()
        assert run.line() == "False False False"
        assert run.code() == 0


MEETS = """
from liveanim.inputs.jackserver import JackServer
server = JackServer()
server.meet()
print(server.lives(), flush=True)
"""


def test_a_server_that_is_not_there_does_not_live(jack: Jack) -> None:
    jack.end()
    with program(MEETS) as run:
        assert run.line() == "False"
        assert run.code() == 0
