"""Ableton Link: with a session of paper, and with real ones in other processes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from liveanim.core.model import Blend, ControlEvent
from liveanim.core.tempo import BeatClock, told
from liveanim.inputs.abletonlink import LinkClock, company
from tests.inputs.test_osc import until


class Paper:
    """A session that notes what it is told."""

    def __init__(self, peers: int = 0) -> None:
        self.peers, self.bpm, self.phase = peers, 120.0, 0.0
        self.led: list[tuple[float, float, int]] = []

    def place(self, meter: int) -> tuple[float, float]:
        return self.bpm, self.phase % meter

    def lead(self, bpm: float, phase: float, meter: int) -> None:
        self.bpm, self.phase = bpm, phase % meter
        self.led.append((bpm, phase, meter))

    def close(self) -> None:
        self.led.append((0.0, 0.0, 0))


def blend(beat: float, bpm: float, meter: int = 4) -> Blend:
    return Blend(0.0, signals={"beat": beat, "bpm": bpm, "bar": beat / meter, "meter": float(meter)})


def test_in_company_the_session_leads_ten_times_a_second() -> None:
    session = Paper(peers=2)
    session.bpm, session.phase = 133.0, 2.5
    clock = LinkClock(lambda: 7.0, session)
    events = [event for n in range(61) for event in clock.read(n / 60)]
    assert len(events) == 10
    assert {(event.time, *told(event.target, event.value)) for event in events} == {(7.0, "link", 2.5, 133.0)}
    clock.write(blend(0.0, 99.0), 1.0)
    assert session.led == []
    assert clock.problem() == "Link: 2 others"


def test_alone_it_says_nothing_and_offers_our_tempo_once() -> None:
    session = Paper()
    clock = LinkClock(lambda: 0.0, session)
    assert list(clock.read(0.0)) == []
    for _ in range(3):
        clock.write(blend(5.25, 126.0), 0.0)
    assert session.led == [(126.0, 1.25, 4)]
    clock.write(blend(5.25, 126.0, 3), 0.0)
    assert session.led[1:] == [(126.0, pytest.approx(2.25), 3)]


def test_the_session_is_asked_for_its_place_in_the_bars_of_the_show() -> None:
    session = Paper(peers=1)
    session.phase = 9.5
    clock = LinkClock(lambda: 0.0, session)
    places = []
    for now, meter in enumerate((4, 3, 7)):
        clock.write(blend(0.0, 126.0, meter), float(now))
        places += [told(event.target, event.value)[1] for event in clock.read(float(now))]
    assert places == [1.5, 0.5, 2.5]


def test_others_are_told_the_beat_that_is_heard_and_not_the_one_shown_ahead_of_it() -> None:
    session = Paper()
    LinkClock(lambda: 0.0, session).write(replace(blend(5.25, 126.0), ahead=0.125), 0.0)
    assert session.led == [(126.0, 1.125, 4)]


PEER = """
import sys, link
session = link.Link(137.0)
session.enabled = True
clock = session.clock()
print("there", flush=True)
for line in sys.stdin:
    state = session.captureAppSessionState()
    if line.startswith("tempo"):
        state.setTempo(float(line.split()[1]), clock.micros())
        session.commitAppSessionState(state)
    print(state.tempo(), state.phaseAtTime(clock.micros(), 4), session.numPeers(), flush=True)
"""


@pytest.fixture
def peer() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", PEER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "there\n"
    yield process
    process.communicate(timeout=10)


def ask(peer: subprocess.Popen[str], line: str = "look") -> tuple[float, float, int]:
    assert peer.stdin is not None and peer.stdout is not None
    peer.stdin.write(line + "\n")
    peer.stdin.flush()
    bpm, phase, peers = peer.stdout.readline().split()
    return float(bpm), float(phase), int(peers)


def test_a_real_session_is_joined_followed_and_left(peer: subprocess.Popen[str]) -> None:
    clock, beats = LinkClock(time.monotonic), BeatClock()
    events: list[ControlEvent] = []

    def follow() -> None:
        for event in clock.read(time.monotonic()):
            source, beat, bpm = told(event.target, event.value)
            beats.follow(source, beat, bpm, event.time)
            events.append(event)

    def company() -> bool:
        follow()
        return len(events) > 3

    until(company)
    bpm = ask(peer, "tempo 150")[0]
    assert bpm == pytest.approx(150)

    def followed() -> bool:
        follow()
        return abs(beats.at(time.monotonic()).bpm - 150) < 0.01

    until(followed)
    end = time.monotonic() + 1.5

    def settled() -> bool:
        follow()
        return time.monotonic() > end

    until(settled)
    phase = ask(peer)[1]
    ours = beats.at(time.monotonic()).beat % 4
    assert abs((ours - phase + 2) % 4 - 2) < 0.1  # 40 ms at 150 BPM: a busy machine between the two looks
    clock.close()
    until(lambda: ask(peer)[2] == 0)


def test_who_else_is_there_is_told_and_the_session_left() -> None:
    session = Paper(peers=3)
    assert company(0.0, session) == (3, 120.0) and session.led == [(0.0, 0.0, 0)]
