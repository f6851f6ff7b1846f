from __future__ import annotations

import logging

import numpy as np
import pytest

from liveanim.core.errors import UserError
from liveanim.inputs import playback
from liveanim.inputs.audiofile import Converted
from liveanim.inputs.fakes import silence, tone
from liveanim.inputs.playback import Heard, WrongRate, play
from liveanim.inputs.sources import Loop, Samples, Steady
from tests.inputs.cards import Card, CardStream, Clock

RATE = 8000
BLOCK = 80
LATENCY = CardStream.latency


def counting() -> Loop:
    return Loop("counting", np.repeat(np.arange(RATE * 60, dtype=np.float32)[:, None], 2, axis=1), RATE)


def speakers(card: Card, clock: Clock) -> Heard:
    """In a show whose time has just begun to run."""
    clock.time = 1e-6
    return Heard(counting(), clock, opener=card.open, chooser=lambda again: card.device, watched=False)


def run(card: Card, clock: Clock, source: Heard, seconds: float) -> tuple[Samples, Samples]:
    """Let the card play for so long: what came out of it, and what the ears got."""
    played, heard = [], []
    for _ in range(round(seconds * RATE / BLOCK)):
        played.append(card.ask(BLOCK))
        clock.time += BLOCK / RATE
        source.fill()
        heard.append(source.read(clock.time))
    return np.concatenate(played), np.concatenate(heard)


def test_the_ears_get_what_the_speakers_play_when_it_is_heard() -> None:
    card, clock = Card(RATE), Clock()
    source = speakers(card, clock)
    played, heard = run(card, clock, source, 10.0)
    assert np.array_equal(played[:, 0], np.arange(10 * RATE))
    assert len(heard) == pytest.approx((10.0 - LATENCY) * RATE, abs=2)
    assert np.array_equal(heard, played[: len(heard)])
    assert source.heard == pytest.approx(10.0, abs=0.001)


def test_the_music_begins_when_show_time_does() -> None:
    card, clock = Card(RATE), Clock()
    source = speakers(card, clock)
    clock.time = 0.0
    for _ in range(400):  # four seconds in which a show is opened
        assert not card.ask(BLOCK).any()
    assert len(source.read(0.0)) == 0 and source.heard == 0.0
    clock.time = 0.001
    played, heard = run(card, clock, source, 2.0)
    assert np.array_equal(played[:, 0], np.arange(2 * RATE))
    assert np.array_equal(heard, played[: len(heard)])
    assert source.heard - len(heard) / RATE == pytest.approx(0.001 + LATENCY, abs=0.002)


def test_speakers_that_start_late_make_the_music_late_not_wrong() -> None:
    card, clock = Card(RATE), Clock()
    source = speakers(card, clock)
    clock.time = 2.0
    assert len(source.read(2.0)) == 0
    _, heard = run(card, clock, source, 1.0)
    assert heard[0, 0] == 0
    assert source.heard - len(heard) / RATE == pytest.approx(2.0 + LATENCY, abs=0.002)


def test_the_music_goes_on_unheard_when_the_speakers_go_and_is_heard_when_they_return() -> None:
    card, clock = Card(RATE), Clock()
    source = speakers(card, clock)
    _, before = run(card, clock, source, 1.0)
    card.streams[0].active, card.plugged = False, False
    source.keeper.step(1.0)
    assert source.status() == "counting (unheard: Fake Card is gone, retrying)"
    unheard = []
    for _ in range(200):
        clock.time += 0.01
        source.fill()
        unheard.append(source.read(clock.time))
    card.plugged = True
    source.keeper.step(9.0)
    played, after = run(card, clock, source, 1.0)
    everything = np.concatenate([before, *unheard, after])[:, 0]
    assert np.array_equal(everything, np.arange(len(everything)))
    assert len(everything) == pytest.approx((4.0 - 2 * LATENCY) * RATE, abs=4)
    assert played[0, 0] == len(before) + 2 * RATE
    assert source.status() == "counting"


def test_a_starved_card_plays_silence_and_loses_nothing() -> None:
    card, clock = Card(RATE), Clock()
    source = speakers(card, clock)
    first = np.concatenate([card.ask(BLOCK) for _ in range(200)])
    source.fill()
    then = card.ask(BLOCK)
    filled = int(np.flatnonzero(first[:, 0])[-1]) + 1
    assert not first[filled:].any()
    assert np.array_equal(then[:, 0], np.arange(filled, filled + BLOCK))


def test_speakers_of_another_rate_are_refused_with_their_rate() -> None:
    card, clock = Card(RATE), Clock()
    card.rate = 11025
    with pytest.raises(WrongRate, match="11025 Hz only") as caught:
        speakers(card, clock)
    assert caught.value.rate == 11025
    assert card.streams[0].closed


def test_a_converted_supply_keeps_pitch_and_time() -> None:
    supply = Converted(tone(441.0, level=0.5, rate=44100), 48000)
    samples = supply.take(48000 * 2)[:, 0]
    spectrum = np.abs(np.fft.rfft(samples[2000:50000] * np.hanning(48000)))
    assert np.argmax(spectrum) == pytest.approx(441, abs=1)
    assert np.sqrt(np.mean(samples[2000:50000] ** 2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.01)


def test_without_speakers_the_music_plays_in_silence_from_now_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def none() -> tuple[tuple[()], tuple[()]]:
        return (), ()

    monkeypatch.setattr(playback, "sound_devices", none)
    monkeypatch.setattr(playback, "refresh", lambda: None)
    clock = Clock()
    clock.time = 5.0
    with caplog.at_level(logging.WARNING):
        source = play(counting(), clock)
    assert isinstance(source, Steady)
    assert "no sound output found" in caplog.text
    assert len(source.read(5.5)) == RATE // 2
    assert source.heard == pytest.approx(5.5)


def test_silence_asks_for_no_speakers(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def wanted(again: bool) -> None:
        raise AssertionError("speakers were looked for")

    monkeypatch.setattr(playback, "_default_output", wanted)
    with caplog.at_level(logging.WARNING):
        assert isinstance(play(silence(), Clock()), Steady)
    assert not caplog.text


def test_a_missing_portaudio_is_no_reason_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise UserError("live sound needs PortAudio")

    monkeypatch.setattr(playback, "sound_devices", missing)
    assert isinstance(play(counting(), Clock()), Steady)
