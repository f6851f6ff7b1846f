"""Live input: with a card that the test moves, and with a real sound server that is pulled from under it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from liveanim.clock import WallClock
from liveanim.core.errors import UserError
from liveanim.core.model import Features
from liveanim.inputs.analysis import Analyser
from liveanim.inputs.audio import LiveInput
from liveanim.inputs.devices import Choice
from liveanim.inputs.ears import Ears
from liveanim.inputs.fakes import click
from liveanim.inputs.playback import Heard, play
from liveanim.inputs.portaudio import block_for, refresh
from liveanim.inputs.sources import Samples
from liveanim.latency import click_times, played_and_heard
from tests.inputs.cards import Card, Clock


def ramp(begin: int, end: int, channels: int = 2) -> Samples:
    return np.repeat(np.arange(begin, end, dtype=np.float32)[:, None], channels, axis=1)


def live(card: Card, clock: Clock, columns: tuple[int, ...] = (0, 1)) -> LiveInput:
    return LiveInput(None, clock, opener=card.open, chooser=lambda again: Choice(card.device, columns), watched=False)


def test_samples_arrive_once_in_order_and_say_when_they_were_heard() -> None:
    card, clock = Card(), Clock()
    source = live(card, clock)
    assert len(source.read(0.0)) == 0
    read = []
    for n in range(1, 11):
        clock.time = 5.0 + n * 0.1
        card.play(ramp((n - 1) * 1600, n * 1600))
        if n % 2:
            read.append(source.read(clock.time))
    assert np.array_equal(np.concatenate(read), ramp(0, 14400))
    assert source.heard == pytest.approx(5.9)
    assert source.status() == "Fake Card 16 kHz"


def test_sound_from_before_show_time_runs_is_not_part_of_the_show() -> None:
    card, clock = Card(), Clock()
    source = live(card, clock)
    ears, kept = Ears(source, Analyser(source.rate)), []
    ears.add_tap(lambda samples, rate, time: kept.append((samples, time)))
    card.play(ramp(0, 1600))
    for n in range(1, 40):  # four seconds in which a show is opened
        card.play(ramp(n * 1600, (n + 1) * 1600))
    ears.read(0.0)
    for n in range(40, 45):
        clock.time = (n - 39) * 0.1
        card.play(ramp(n * 1600, (n + 1) * 1600))
        ears.read(clock.time)
    samples, first = np.concatenate([samples for samples, _ in kept]), kept[0][1]
    assert first == pytest.approx(0.0, abs=1e-3)
    assert np.array_equal(samples, ramp(64000, 72000))


def test_what_the_way_to_us_takes_is_made_up_for() -> None:
    card, clock = Card(), Clock()
    choice = Choice(card.device, (0, 1))
    delays = {"Fake Card": 0.012, "another": 0.1}
    source = LiveInput(None, clock, opener=card.open, chooser=lambda again: choice, delays=delays, watched=False)
    clock.time = 1.0
    card.play(ramp(0, 1600))
    source.read(1.0)
    assert source.heard == pytest.approx(0.988)


def test_chosen_channels_alone_are_read() -> None:
    card, clock = Card(channels=4), Clock()
    source = live(card, clock, columns=(2,))
    assert card.specs[0].channels == 3
    card.play(np.tile(np.array([[1, 2, 3]], dtype=np.float32), (100, 1)))
    assert np.array_equal(source.read(0.1), np.full((100, 1), 3))


def test_a_reader_that_slept_gets_the_newest_seconds() -> None:
    card, clock = Card(rate=48000), Clock()
    source = live(card, clock)
    for n in range(100):
        clock.time = (n + 1) * 0.1
        card.play(ramp(n * 4800, (n + 1) * 4800))
    samples = source.read(clock.time)
    assert 1.0 < len(samples) / 48000 < 4.0
    assert samples[-1, 0] == 479999
    assert source.heard == pytest.approx(10.0)


def test_a_device_that_ends_comes_back_by_itself() -> None:
    card, clock = Card(), Clock()
    source = live(card, clock)
    source.keeper.step(0.0)
    card.streams[0].active = False
    card.plugged = False
    source.keeper.step(1.0)
    assert source.status() == "gone: Fake Card, retrying"
    assert source.problem() == "sound: Fake Card is gone, retrying"
    assert card.streams[0].closed
    for t in (1.6, 2.7, 4.8):
        source.keeper.step(t)
    assert len(source.read(5.0)) == 0
    card.plugged = True
    source.keeper.step(9.0)
    assert (source.status(), source.problem()) == ("Fake Card 16 kHz", "")
    clock.time = 9.1
    card.play(ramp(0, 80))
    assert len(source.read(9.1)) == 80
    assert source.heard == pytest.approx(9.1)


def test_a_device_that_brings_no_blocks_is_told_and_then_opened_again() -> None:
    card, clock = Card(), Clock()
    source = live(card, clock)
    card.play(ramp(0, 80))
    source.keeper.step(10.0)
    source.keeper.step(10.7)
    assert source.status() == "no sound from Fake Card, waiting"
    source.keeper.step(12.2)
    assert source.status() == "gone: Fake Card, retrying"
    source.keeper.step(13.0)
    assert len(card.streams) == 2
    assert source.keeper.openings == 2


def test_retries_become_rarer_up_to_five_seconds() -> None:
    card, clock = Card(), Clock()
    source = live(card, clock)
    card.streams[0].active, card.plugged = False, False
    asked: list[float] = []
    for n in range(300):
        before = card.refused
        source.keeper.step(n * 0.1)
        asked += [n * 0.1] * (card.refused - before)
    assert np.diff(asked[:4]) == pytest.approx([1.0, 2.0, 4.0], abs=0.15)
    assert np.diff(asked[3:]) == pytest.approx([5.0] * (len(asked) - 4), abs=1.15)


def test_a_device_that_comes_back_at_another_rate_goes_on_at_the_first() -> None:
    card, clock = Card(rate=48000), Clock()
    source = live(card, clock)
    card.streams[0].active = False
    card.rate = 44100
    source.keeper.step(0.0)
    source.keeper.step(1.0)
    count = 0
    for n in range(100):
        clock.time = 1.0 + n * 0.01
        card.play(ramp(0, 441))
        count += len(source.read(clock.time))
    assert source.rate == 48000
    assert count == pytest.approx(48000, abs=48)
    assert source.heard == pytest.approx(1.99 - (48000 - count) / 48000, abs=1e-4)


def test_a_device_with_a_rate_of_the_telephone_is_heard_at_48_khz_in_time() -> None:
    card, clock = Card(rate=8000), Clock()
    source = live(card, clock)
    assert source.rate == 48000
    at = []
    for n in range(100):
        clock.time = (n + 1) * 0.01
        block = np.zeros((80, 2), np.float32)
        block[20] = float(n == 50)  # a click at 0.5025 s
        card.play(block)
        samples = source.read(clock.time)
        if len(samples) and samples.max() > 0.5:
            at.append(source.heard - (len(samples) - int(samples[:, 0].argmax())) / 48000)
    assert at == [pytest.approx(0.5025, abs=2e-4)]


def test_a_device_that_comes_back_with_fewer_channels_still_fills_all() -> None:
    card, clock = Card(channels=2), Clock()
    source = live(card, clock)
    card.streams[0].active = False
    source._choose = lambda again: Choice(card.device, (0,))
    source.keeper.step(0.0)
    source.keeper.step(1.0)
    card.play(ramp(0, 50, channels=1))
    assert np.array_equal(source.read(1.0), ramp(0, 50))
    card.streams[-1].active, card.rate = False, 48000
    source.keeper.step(2.0)
    source.keeper.step(4.0)
    card.play(ramp(0, 4800, channels=1))
    samples = source.read(4.0)
    assert samples.shape[1] == 2 and np.array_equal(samples[:, 0], samples[:, 1])


def test_no_device_at_the_start_is_one_line() -> None:
    card = Card()
    card.plugged = False
    with pytest.raises(UserError, match="cannot be opened"):
        live(card, Clock())


def test_the_callback_keeps_no_memory() -> None:
    card, clock = Card(rate=48000), Clock()
    live(card, clock)
    block = ramp(0, 256)
    card.play(block)
    tracemalloc.start()
    for _ in range(2000):
        card.play(block)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 2000 and peak < 10000


def test_xruns_are_told() -> None:
    card, clock = Card(), Clock()
    source = live(card, clock)
    card.streams[0].callback(ramp(0, 10), 10, None, "input overflow")
    assert source.status() == "Fake Card 16 kHz, 1 xrun"


@pytest.mark.parametrize(("rate", "block"), [(16000, 64), (44100, 256), (48000, 256), (96000, 512), (192000, 1024)])
def test_blocks_are_about_five_milliseconds_at_any_rate(rate: int, block: int) -> None:
    assert block_for(rate) == block


# --- with a sound server of its own ---------------------------------------------------------------------------------

SINK = ("module-null-sink", "sink_name=stage", "norewinds=1", "rate=48000", "channels=2")


class Server:
    """A PulseAudio of this test alone, with one sink whose monitor is the default source."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "native"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        # fmt: off
        self._process = subprocess.Popen([
            "pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--realtime=no",
            "--high-priority=no", "--log-level=error",
            "-L", f"module-native-protocol-unix auth-anonymous=1 socket={self.socket}", "-L", " ".join(SINK),
        ], stderr=subprocess.DEVNULL)
        # fmt: on
        wait(lambda: self.pactl("info"), 10.0)

    def pactl(self, *words: str) -> bool:
        return subprocess.run(["pactl", *words], capture_output=True, check=False).returncode == 0

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


def wait(done: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "took too long"
        time.sleep(0.02)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    if not (shutil.which("pulseaudio") and shutil.which("pacat")):
        pytest.skip("no pulseaudio program")
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/native")
    monkeypatch.setenv("PULSE_RUNTIME_PATH", str(tmp_path))
    monkeypatch.setenv("PULSE_STATE_PATH", str(tmp_path))
    monkeypatch.setenv("PULSE_SINK", "stage")
    monkeypatch.setenv("PULSE_SOURCE", "stage.monitor")
    server = Server(tmp_path)
    server.start()
    refresh()
    yield server
    server.kill()
    monkeypatch.undo()
    refresh()


class Listener:
    """A show's ears in small: reads them sixty times a second."""

    def __init__(self, wanted: str = "default") -> None:
        self.clock = WallClock()
        self.ears = Ears(LiveInput(wanted, self.clock.now), Analyser(48000))
        self.features: list[Features] = []

    def until(self, done: Callable[[], bool], seconds: float) -> None:
        def step() -> bool:
            self.features += self.ears.read(self.clock.now())
            return done()

        wait(step, seconds)

    def listen(self, seconds: float) -> list[Features]:
        first, end = len(self.features), self.clock.now() + seconds
        self.until(lambda: self.clock.now() > end, seconds + 5)
        return self.features[first:]


def clicks(seconds: float) -> Samples:
    out = np.zeros((round(48000 * seconds), 2), np.float32)
    for at in range(0, len(out) - 200, 24000):
        out[at : at + 144] = 0.8 * np.cos(np.arange(144) * 2 * np.pi * 2000 / 48000)[:, None] * np.hanning(144)[:, None]
    return out


def hears_clicks(server: Server, listener: Listener, folder: Path) -> bool:
    """Play clicks to the sink until four in a row were heard half a second apart; a busy machine may lose some."""
    (folder / "clicks.raw").write_bytes(clicks(15.0).tobytes())
    options = ["--latency-msec=100", "--format=float32le", "--rate=48000", "--channels=2", "-d", "stage"]
    first = len(listener.features)

    def four() -> bool:
        gaps = np.diff([onset for features in listener.features[first:] for onset in features.onsets])
        good = np.abs(gaps - 0.5) < 0.02
        return bool((good[2:] & good[1:-1] & good[:-2]).any()) if len(good) > 2 else False

    with subprocess.Popen(["pacat", *options, folder / "clicks.raw"], stderr=subprocess.DEVNULL) as player:
        try:
            listener.until(four, 14.0)
        finally:
            player.kill()
    return True


@pytest.mark.audio
def test_clicks_through_a_sound_server_arrive_half_a_second_apart(server: Server, tmp_path: Path) -> None:
    listener = Listener()
    try:
        assert hears_clicks(server, listener, tmp_path)
    finally:
        listener.ears.close()


@pytest.mark.audio
def test_loopback_is_what_the_sound_server_plays(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert server.pactl("load-module", "module-null-source", "source_name=mute")
    monkeypatch.setenv("PULSE_SOURCE", "mute")
    listener = Listener("loopback")
    try:
        assert hears_clicks(server, listener, tmp_path)
    finally:
        listener.ears.close()
    assert listener.ears.status().startswith("loopback 48 kHz")
    assert os.environ["PULSE_SOURCE"] == "mute"


@pytest.mark.audio
def test_clicks_that_are_played_are_heard_and_timed(server: Server) -> None:
    sound = played_and_heard("loopback", click_times(6))
    assert sound.name == "loopback"
    assert -0.05 < sound.delays.median < 0.3
    assert max(sound.delays.values) - min(sound.delays.values) < 0.009
    assert sound.events.median > sound.delays.median


@pytest.mark.audio
def test_a_sink_that_is_unloaded_and_loaded_again_does_not_end_the_show(server: Server, tmp_path: Path) -> None:
    listener = Listener()
    ears = listener.ears
    try:
        assert hears_clicks(server, listener, tmp_path)
        server.pactl("unload-module", "module-null-sink")
        listener.until(lambda: ears.status() == "gone: default, retrying", 10.0)
        silent = listener.listen(1.0)
        assert 140 < len(silent) < 220
        assert silent[-1].values["rms"] < 0.05
        server.pactl("load-module", *SINK)
        listener.until(lambda: ears.status().startswith("default 48 kHz"), 20.0)
        assert hears_clicks(server, listener, tmp_path)
    finally:
        ears.close()
    assert np.diff([f.time for f in listener.features]) == pytest.approx(listener.features[0].time, abs=0.06)


@pytest.mark.audio
def test_a_killed_sound_server_that_is_started_again_is_heard_again(server: Server, tmp_path: Path) -> None:
    listener = Listener()
    ears = listener.ears
    try:
        listener.listen(0.3)
        server.kill()
        listener.until(lambda: ears.status() == "gone: default, retrying", 10.0)
        server.socket.unlink(missing_ok=True)
        server.start()
        listener.until(lambda: ears.status().startswith("default 48 kHz"), 20.0)
        assert hears_clicks(server, listener, tmp_path)
    finally:
        ears.close()


@pytest.mark.audio
def test_music_played_through_a_sound_server_is_heard_in_its_own_time(server: Server) -> None:
    clock = WallClock()
    source = play(click(120.0, rate=48000), clock.now)
    times: list[float] = []

    def three() -> bool:
        samples = source.read(clock.now())
        at = np.flatnonzero(np.abs(samples[:, 0]) > 0.7)
        times.extend(source.heard - (len(samples) - at[:1]) / 48000)
        return len(times) == 4

    try:
        wait(three, 10.0)
    finally:
        source.close()
    assert isinstance(source, Heard)
    assert np.median(np.diff(times)) == pytest.approx(0.5, abs=0.01)
