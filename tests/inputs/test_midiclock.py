"""MIDI clock in and out, in ticks and seconds; once over a real MIDI server."""

from __future__ import annotations

import math
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.errors import UserError
from liveanim.core.model import Blend
from liveanim.core.tempo import Bars, BeatClock, told
from liveanim.inputs.midi import MidiInput
from liveanim.inputs.midiclock import CONTINUE, PLACE, START, STOP, TICK, ClockIn, ClockOut, Ticker, TickLine, is_clock
from liveanim.inputs.readback import Readback
from tests.fakes import counted
from tests.inputs.test_osc import until


def ticks(bpm: float, count: int, first: float = 1.0, jitter: float = 0.0) -> list[float]:
    rng = random.Random(1)
    return [first + n * 60 / bpm / 24 + rng.random() * jitter for n in range(count)]


def said(clock: ClockIn) -> list[tuple[float, float | None, float]]:
    """(time, beat, bpm) of everything said since the last call."""
    return [(event.time, *told(event.target, event.value)[1:]) for event in clock.take()]


@pytest.mark.parametrize("bpm", [60.0, 127.93, 174.0, 250.0])
def test_tempo_and_place_come_through_late_and_uneven_ticks(bpm: float) -> None:
    clock = ClockIn()
    clock.message("a", [START], 0.99)
    for at in ticks(bpm, 24 * 16, jitter=0.004):
        clock.message("a", [TICK], at)
    told_ = said(clock)
    assert len(told_) == 63  # four a beat, from the second sixteenth on
    late = told_[20:]
    assert max(abs(one[2] / bpm - 1) for one in late) < 0.004
    assert max(abs(one[1] - (one[0] - 1.002) * bpm / 60) for one in late if one[1] is not None) < 0.03


def test_without_a_start_only_the_tempo_is_known() -> None:
    clock = ClockIn()
    for at in ticks(120, 48):
        clock.message("a", [TICK], at)
    assert {one[1] for one in said(clock)} == {None}


def test_a_song_goes_on_where_it_was_put() -> None:
    clock = ClockIn()
    clock.message("a", [PLACE, 10, 1], 0.5)  # sixteenth 138
    clock.message("a", [CONTINUE], 0.9)
    for at in ticks(120, 25):
        clock.message("a", [TICK], at)
    assert said(clock)[-1][1] == pytest.approx(138 / 4 + 23 / 24, abs=1e-3)


def test_a_start_in_mid_song_begins_at_the_first_beat_with_the_tempo_it_had() -> None:
    clock = ClockIn()
    times = ticks(120, 60)
    for n, at in enumerate(times):
        if n == 31:
            clock.message("a", [START], at - 0.001)
        clock.message("a", [TICK], at)
    last = said(clock)[-1]
    assert last[1] == pytest.approx((59 - 31) / 24, abs=1e-3)
    assert last[2] == pytest.approx(120, abs=0.01)


def test_a_step_of_the_tempo_is_followed_within_a_beat() -> None:
    clock = ClockIn()
    first = ticks(120, 96)
    second = ticks(140, 48, first[-1] + 60 / 140 / 24)
    for at in first + second:
        clock.message("a", [TICK], at)
    last = [one for one in said(clock) if one[0] > second[0] + 60 / 140]
    assert all(one[2] == pytest.approx(140, rel=0.01) for one in last)


def test_the_first_device_leads_until_it_is_silent() -> None:
    clock = ClockIn()
    for at in ticks(120, 48):
        clock.message("a", [TICK], at)
        clock.message("b", [TICK], at * 0.9)
    assert all(one[2] == pytest.approx(120) for one in said(clock))
    for at in ticks(90, 48, 5.0):
        clock.message("b", [TICK], at)
    assert said(clock)[-1][2] == pytest.approx(90)


@given(
    st.lists(st.tuples(st.lists(st.integers(0, 255), min_size=1, max_size=4), st.floats(0, 3), st.sampled_from("ab")))
)
def test_no_bytes_at_any_time_make_it_raise(messages: list[tuple[list[int], float, str]]) -> None:
    clock, now = ClockIn(), 0.0
    for data, wait, device in messages:
        now += wait
        clock.message(device, data, now)
    for event in clock.take():
        assert math.isfinite(told(event.target, event.value)[2])


def test_ticks_at_the_same_instant_say_no_tempo() -> None:
    line = TickLine()
    for _ in range(100):
        line.tick(1.0)
    assert line.bpm == 0.0


def test_the_beat_clock_follows_what_the_ticks_say() -> None:
    clock, beats = ClockIn(), BeatClock()
    clock.message("a", [START], 0.99)
    for at in ticks(128, 24 * 12):
        clock.message("a", [TICK], at)
        for one in said(clock):
            beats.follow("midi", one[1], one[2], one[0])
    now = 1.0 + 12.5 * 60 / 128
    assert beats.at(now).source == "midi"
    assert beats.at(now).beat % 4 == pytest.approx(0.5, abs=0.02)


def sent(ticker: Ticker, until_: float) -> list[tuple[float, int]]:
    out = []
    while ticker.due() <= until_:
        at = ticker.due()
        out += [(at, message[0]) for message in ticker.messages()]
    return out


def test_our_ticks_are_even_and_start_on_a_bar() -> None:
    ticker = Ticker()
    ticker.heard(counted(2.5), 10.0)
    out = sent(ticker, 12.0)
    times = [at for at, kind in out if kind == TICK]
    assert np.diff(times) == pytest.approx([60 / 120 / 24] * (len(times) - 1))
    starts = [at for at, kind in out if kind == START]
    assert starts == pytest.approx([10.75])  # beat 4
    assert starts[0] in times


def test_a_leap_to_another_bar_starts_again() -> None:
    ticker = Ticker()
    ticker.heard(counted(0.0), 0.0)
    sent(ticker, 1.1)
    ticker.heard(counted(4.0), 1.2)
    again = sent(ticker, 1.3)
    assert again[0] == (1.2, START)
    assert not [kind for _, kind in sent(ticker, 9.0) if kind == START]


def test_a_phase_that_is_pulled_a_little_keeps_every_tick() -> None:
    ticker, out = Ticker(), []
    for n in range(200):
        ticker.heard(counted(n / 60 * 2 + 0.1 * math.sin(n / 20)), n / 60)
        out += sent(ticker, (n + 1) / 60)
    assert len([kind for _, kind in out if kind == TICK]) == pytest.approx(200 / 60 * 2 * 24, abs=4)


@pytest.mark.parametrize(("meter", "start"), [(1, 3.0), (3, 3.0), (5, 5.0), (7, 7.0)])
def test_the_start_is_on_a_bar_of_any_meter(meter: int, start: float) -> None:
    ticker = Ticker()
    ticker.heard(counted(2.5, Bars(meter=meter)), 0.0)
    assert [at for at, kind in sent(ticker, 9.0) if kind == START] == pytest.approx([(start - 2.5) / 2])


def test_bars_of_another_meter_are_begun_with_a_start() -> None:
    ticker, out, bars = Ticker(), [], Bars().turned(3, 5.0)  # from beat 8 on
    for n in range(600):
        ticker.heard(counted(n / 30, bars), n / 60)
        out += sent(ticker, (n + 1) / 60 - 1e-9)
    assert [at * 2 for at, kind in out if kind == START] == pytest.approx([0.0, 8.0])


class Tape:
    def __init__(self) -> None:
        self.messages: list[tuple[float, int]] = []
        self.closed = False

    def send(self, message: Sequence[int]) -> None:
        self.messages.append((time.perf_counter(), message[0]))

    def close(self) -> None:
        self.closed = True


class Rack:
    """A MIDI system whose outputs are tapes."""

    def __init__(self, *there: str) -> None:
        self.there, self.tapes = list(there), list[Tape]()

    def names(self) -> list[str]:
        return self.there

    def open(self, name: str) -> Tape:
        self.tapes.append(Tape())
        return self.tapes[-1]


def test_a_machine_that_was_unplugged_is_told_to_start_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liveanim.inputs.midiclock.LOOK", 0.0)
    rack = Rack("synth 1", "drums 2")
    out = ClockOut("Drums", lambda: [rack])
    out.write(Blend(0.0, signals={"beat": 0.0, "bpm": 1000.0}), 0.0)
    until(lambda: len(rack.tapes[0].messages) > 2)
    rack.there = ["synth 1"]
    until(lambda: rack.tapes[0].closed)
    rack.there = ["synth 1", "drums 7"]
    until(lambda: len(rack.tapes) == 2 and START in [kind for _, kind in rack.tapes[1].messages])
    out.close()
    assert rack.tapes[1].messages[-1][1] == STOP and rack.tapes[1].closed


def test_the_thread_sends_on_time_and_stops() -> None:
    rack = Rack("any")
    out = ClockOut("any", lambda: [rack])
    (tape,) = rack.tapes
    out.write(Blend(0.0, signals={"beat": 0.0, "bpm": 150.0}), 0.0)
    until(lambda: len(tape.messages) > 24)
    out.close()
    assert tape.messages[0][1] == START
    assert tape.messages[-1][1] == STOP
    times = [at for at, kind in tape.messages if kind == TICK]
    assert (times[-1] - times[0]) / (len(times) - 1) == pytest.approx(60 / 150 / 24, rel=0.15)


def test_only_clock_messages_are_its_own() -> None:
    assert [is_clock(data) for data in ([TICK], [START], [PLACE, 0, 0], [0x90, 1, 2], [])] == [1, 1, 1, 0, 0]


SENDER = """
import sys, time, rtmidi
out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=sys.argv[1])
out.open_virtual_port("out")
print("there", flush=True)
sys.stdin.readline()
out.send_message([0xFA])
start = time.perf_counter()
for n in range(24 * 40):
    time.sleep(max(0, start + n * 60 / 140 / 24 - time.perf_counter()))
    out.send_message([0xF8])
"""


@pytest.fixture
def sequencer() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SENDER, "sequencer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "there\n"
    yield process
    process.kill()
    process.communicate()


@pytest.mark.midi
def test_a_sequencer_of_another_process_is_followed(sequencer: subprocess.Popen[str]) -> None:
    source = MidiInput(time.monotonic, Readback(), "sequencer")
    until(lambda: len(source.ports.devices) == 1)
    assert sequencer.stdin is not None
    sequencer.stdin.write("go\n")
    sequencer.stdin.flush()
    tempos: list[float] = []

    def followed() -> bool:
        for event in source.read(0.0):
            _, beat, bpm = told(event.target, event.value)
            tempos.append(bpm if beat is not None else 0.0)
        return len(tempos) >= 8 and abs(float(np.median(tempos[-8:])) - 140) < 7  # on a busy machine ticks get lost

    until(followed)
    source.close()


RECEIVER = """
import sys, time, rtmidi
made = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name="drum machine")
made.ignore_types(timing=False)
made.open_virtual_port("in")
print("there", flush=True)
sys.stdin.readline()
time.sleep(0.3)
print(" ".join(str(message[0]) for message, _ in iter(made.get_message, None)), flush=True)
"""


@pytest.mark.midi
def test_a_drum_machine_of_another_process_hears_our_clock() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", RECEIVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "there\n"
    out = ClockOut("Drum Machine")
    out.write(Blend(0.0, signals={"beat": 0.0, "bpm": 240.0}), 0.0)
    end = time.monotonic() + 0.6
    until(lambda: time.monotonic() > end)
    out.close()
    got = _bytes(process.communicate("done\n", timeout=10)[0])
    assert got[0] == START
    assert 40 <= got.count(TICK) <= 64
    assert got[-1] == STOP


def _bytes(text: str) -> Sequence[int]:
    return [int(word) for word in text.split()]


@pytest.mark.midi
def test_an_output_that_is_not_there_is_refused_in_one_line() -> None:
    with pytest.raises(UserError, match="no MIDI output with 'theremin' in its name; there are"):
        ClockOut("theremin")
