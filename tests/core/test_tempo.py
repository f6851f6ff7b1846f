"""The beat clock, told in beats and seconds."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from liveanim.core.errors import UserError
from liveanim.core.model import Blend, Features
from liveanim.core.tempo import GRACE, Bars, BeatClock, heard, told


def test_without_any_tempo_it_runs_at_120_with_no_confidence() -> None:
    clock = BeatClock()
    beat = clock.at(2.0)
    assert (beat.beat, beat.bpm, beat.confidence, beat.source) == (4.0, 120.0, 0.0, "free")


def test_four_taps_set_the_tempo_and_the_phase() -> None:
    clock = BeatClock()
    for n in range(5):
        clock.tap(1.0 + n * 0.6)
    beat = clock.at(1.0 + 6 * 0.6)
    assert beat.bpm == pytest.approx(100.0)
    assert beat.phase == pytest.approx(0.0, abs=1e-6) or beat.phase == pytest.approx(1.0, abs=1e-6)


def test_tracked_beats_pull_the_phase_in_and_then_it_coasts() -> None:
    clock = BeatClock()
    for n in range(32):
        now = 0.1 + n * 0.5
        clock.observe(Features(time=now, beats=(now,), bpm=120.0, confidence=0.9))
    distance = abs(clock.at(0.1 + 40 * 0.5).phase - 0.5)
    assert distance == pytest.approx(0.5, abs=0.01)


def test_who_holds_the_tempo_is_known_until_the_ear_has_it_again() -> None:
    clock, heard = BeatClock(), Features(time=3.0, bpm=150.0, confidence=1.0)
    holders = [clock.holder]
    for step in (lambda: clock.set_bpm(90.0, 1.0), lambda: clock.lock(True), clock.release):
        step()
        holders.append(clock.holder)
    clock.observe(heard)
    assert holders == ["", "tapped", "locked", ""] and (clock.holder, clock.bpm) == ("", 150.0)


def test_a_tempo_is_not_doubled_beyond_what_is_heard_as_one_and_the_ear_undoes_it() -> None:
    clock, found = BeatClock(), []
    for n, change in enumerate([lambda: clock.scale(2.0)] * 3 + [clock.release]):
        change()
        clock.observe(Features(time=1.0 + n, bpm=124.0, confidence=1.0))
        found.append(clock.bpm)
    assert found == [248.0, 248.0, 248.0, 124.0]


def test_a_wild_nudge_is_over_in_seconds() -> None:
    clock = BeatClock()
    for _ in range(3):
        clock.nudge(1e308)
    assert clock.at(10.0).beat == pytest.approx(24.0)
    assert clock.at(11.0).beat == pytest.approx(26.0)


def test_locked_it_ignores_what_is_heard() -> None:
    clock = BeatClock()
    clock.lock(True)
    clock.observe(Features(time=1.0, beats=(0.9,), bpm=150.0, confidence=1.0))
    assert clock.at(2.0).bpm == 120.0


@example([(1e-70, "tap"), (0.0, "resync")])
@given(
    st.lists(st.tuples(st.floats(0, 0.7), st.sampled_from(["tap", "nudge", "beat", "double", "half", "resync", "at"])))
)
def test_the_beat_never_runs_backwards(steps: list[tuple[float, str]]) -> None:
    clock, now, last = BeatClock(), 0.0, 0.0
    for wait, what in steps:
        now += wait
        if what == "tap":
            clock.tap(now)
        elif what == "nudge":
            clock.nudge(-0.3)
        elif what == "beat":
            clock.observe(Features(time=now, beats=(now - 0.02,), bpm=133.0, confidence=0.5))
        elif what == "resync":
            clock.resync(now)
        elif what != "at":
            clock.scale(2.0 if what == "double" else 0.5)
        beat = clock.at(now).beat
        assert beat >= last
        last = beat


def played(clock: BeatClock, first: float, count: int, bpm: float, confidence: float = 0.9) -> float:
    """Tracked beats at `bpm` from `first` on; returns the time of the last."""
    for n in range(count):
        now = first + n * 60.0 / bpm
        clock.observe(Features(time=now, beats=(now,), bpm=bpm, confidence=confidence))
    return now


def off_beat(clock: BeatClock, now: float) -> float:
    """How far (beats) `now` is from a whole beat."""
    phase = clock.at(now).phase
    return min(phase, 1.0 - phase)


def test_it_coasts_through_a_break_at_the_tempo_it_knew() -> None:
    clock = BeatClock()
    last = played(clock, 0.3, 40, 128.0)
    for n in range(400):
        clock.observe(Features(time=last + n * 0.02, bpm=61.0, confidence=0.05))
    assert off_beat(clock, last + 20 * 60.0 / 128.0) < 0.02
    assert clock.at(last + 20 * 60.0 / 128.0).bpm == pytest.approx(128.0)


def test_a_new_tempo_is_taken_within_four_seconds() -> None:
    clock = BeatClock()
    last = played(clock, 0.3, 20, 120.0)
    last = played(clock, last + 60.0 / 134.0, 8, 134.0)
    assert clock.at(last).bpm == pytest.approx(134.0, rel=0.005)
    assert off_beat(clock, last) < 0.05


def test_taps_choose_the_octave_and_tracked_beats_keep_them_in_time() -> None:
    clock = BeatClock()
    for n in range(5):
        clock.tap(1.0 + n * 1.0)
    played(clock, 5.3, 10, 120.0)
    assert clock.at(10.0).bpm == pytest.approx(60.0)
    for n in range(20):
        now = 11.25 + n
        clock.observe(Features(time=now, beats=(now,), bpm=60.5, confidence=0.8))
    assert clock.at(31.0).source == "tapped"
    assert off_beat(clock, 31.25) < 0.05


def test_half_tempo_keeps_to_every_other_tracked_beat() -> None:
    clock = BeatClock()
    last = played(clock, 0.5, 20, 140.0)
    clock.scale(0.5)
    last = played(clock, last + 60.0 / 140.0, 21, 140.0)
    assert clock.at(last).bpm == pytest.approx(70.0)
    phase = clock.at(last).phase
    assert min(phase, 1.0 - phase, abs(phase - 0.5)) < 0.03


def test_link_outranks_midi_clock_and_both_outrank_the_ear() -> None:
    clock = BeatClock()
    for n in range(40):
        now = n * 0.1
        clock.follow("link", now * 2.0, 120.0, now)
        clock.follow("midi", now * 3.0, 180.0, now)
        clock.observe(Features(time=now, beats=(now,), bpm=97.0, confidence=1.0))
    assert (clock.at(4.0).source, clock.at(4.0).bpm) == ("link", 120.0)
    played(clock, 7.0, 4, 97.0)
    assert clock.at(9.0).source == "tracked"


def test_a_resync_starts_a_bar() -> None:
    clock = BeatClock()
    clock.at(3.3)
    clock.resync(3.3)
    assert clock.at(3.3).bar % 1.0 == 0.0
    assert clock.at(3.3).beat == 8.0


def test_taps_and_set_tempos_do_not_disturb_a_clock_that_is_followed() -> None:
    clock = BeatClock()
    for n in range(20):
        now = n * 0.1
        clock.follow("midi", now * 2.0, 120.0, now)
        clock.tap(now + 0.03)
        clock.set_bpm(77.0, now + 0.04)
    assert (clock.at(2.0).source, clock.at(2.0).bpm) == ("midi", 120.0)
    assert off_beat(clock, 2.0) < 0.01


def test_a_clock_without_a_start_gives_the_tempo_and_the_ear_the_place() -> None:
    clock = BeatClock()
    for n in range(60):
        now = 0.2 + n * 0.5
        clock.follow("midi", None, 120.0, now)
        clock.observe(Features(time=now, beats=(now,), bpm=121.0, confidence=0.9))
        clock.observe(Features(time=now + 0.1, beats=(now + 0.1,), bpm=97.0, confidence=0.9))  # not that tempo: unheard
    assert (clock.at(30.0).source, clock.at(30.0).bpm) == ("midi", 120.0)
    assert off_beat(clock, 30.2) < 0.03


def test_tracking_the_music_again_leaves_a_running_clock_unheard_until_it_has_paused() -> None:
    clock = BeatClock()
    clock.follow("midi", 0.0, 140.0, 0.0)
    clock.at(0.5)
    clock.release()
    for n in range(40):
        clock.follow("midi", n * 0.2, 140.0, 0.5 + n * 0.1)
    last = played(clock, 5.0, 8, 100.0)
    assert (clock.at(last).source, clock.at(last).bpm) == ("tracked", 100.0)
    clock.follow("midi", 0.0, 140.0, last + 3.0)
    assert clock.at(last + 3.0).source == "midi"


def test_half_tempo_halves_a_clock_that_is_followed() -> None:
    clock = BeatClock()
    clock.scale(0.5)
    for n in range(100):
        clock.follow("link", n * 0.2, 120.0, n * 0.1)
    assert clock.at(10.0).bpm == 60.0
    assert clock.at(10.0).beat % 4 == pytest.approx(10.0 % 4, abs=0.15)


METERS = st.integers(1, 16)


@given(METERS, st.floats(0, 1e6))
def test_bar_and_beat_agree_in_every_meter(meter: int, beat: float) -> None:
    clock = BeatClock()
    clock.set_meter(meter, 0.0)
    at = clock.at(0.0).at_beat(beat)
    assert (at.bar, at.meter) == (beat / meter, meter)
    assert at.line % meter == pytest.approx(0.0, abs=1e-6) or at.line % meter == pytest.approx(meter, abs=1e-6)
    assert at.line + at.place == pytest.approx(beat) and 0 <= at.place <= meter


@given(st.lists(st.tuples(st.floats(0.01, 9.0), METERS), max_size=12))
def test_a_bar_that_has_begun_is_played_to_its_end_and_no_bar_is_left_out(steps: list[tuple[float, int]]) -> None:
    bars, beat, line, meter = Bars(), 0.0, 0, 4
    for passed, wanted in steps:
        beat += passed
        while beat >= line + meter:  # bars counted one by one
            line, meter = line + meter, bars.meter
        if beat - line <= GRACE:
            meter = wanted
        bars = bars.turned(wanted, beat)
        assert bars.meter_at(beat) == meter and bars.at(line) == round(bars.at(line))
        assert bars.at(beat) - bars.at(line) == pytest.approx((beat - line) / meter)
        assert bars.next_line(line + 0.5)[0] == line + meter


@given(st.lists(st.tuples(st.floats(0.01, 9.0), METERS), max_size=12))
def test_bars_are_continuous_and_never_run_back(steps: list[tuple[float, int]]) -> None:
    bars, beat = Bars(), 0.0
    for passed, wanted in steps:
        seen = [bars.at(beat + passed * n / 50) for n in range(51)]
        assert all(0 <= b - a <= passed / 50 + 1e-9 for a, b in itertools.pairwise(seen))
        beat += passed
        turned = bars.turned(wanted, beat)
        late = beat - bars.next_line(beat, GRACE)[0]  # > 0: it counts from a line that has just been
        assert turned.at(beat) == pytest.approx(bars.at(beat), abs=1e-9 + max(0.0, late))
        bars = turned


def test_a_new_meter_comes_with_the_next_bar_line_or_the_one_that_has_just_been() -> None:
    late, early = BeatClock(), BeatClock()
    for clock, beat in ((late, 4.2), (early, 4.5)):
        clock.set_meter(3, beat)
    at = [late.at(2.0).at_beat(beat) for beat in (3.5, 4.5, 7.0)]
    assert [(beat.bar, beat.meter) for beat in at] == [(0.875, 4), (1 + 0.5 / 3, 3), (2.0, 3)]
    at = [early.at(2.0).at_beat(beat) for beat in (4.5, 7.5, 8.0, 9.5)]
    assert [(beat.bar, beat.meter) for beat in at] == [(1.125, 4), (1.875, 4), (2.0, 3), (2.5, 3)]


@given(METERS, METERS, st.floats(0.3, 40))
def test_a_resync_is_a_bar_line_in_every_meter_and_lets_a_new_one_begin(before: int, meter: int, time: float) -> None:
    clock = BeatClock()
    clock.set_meter(before, 0.0)
    was = clock.at(time)
    clock.set_meter(meter, was.beat)
    clock.resync(time)
    beat = clock.at(time)
    assert beat.bar == pytest.approx(round(beat.bar)) and 0 <= beat.beat - was.beat <= max(before, meter)
    if beat.beat > was.beat:
        assert beat.meter == meter


@pytest.mark.parametrize("meter", [1, 3, 5, 7, 16])
def test_a_clock_that_is_followed_says_the_place_in_a_bar_of_any_meter(meter: int) -> None:
    clock = BeatClock()
    clock.at(1.15)
    clock.set_meter(meter, 2.3)  # from beat 4 on
    for n in range(250):
        clock.follow("link", (n * 0.2 + 1.25) % meter, 120.0, 2.0 + n * 0.1)
    beat = clock.at(2.0 + 250 * 0.1)
    assert beat.place == pytest.approx((250 * 0.2 + 1.25) % meter, abs=0.01) and beat.meter == meter


def test_what_is_heard_is_told_where_another_beat_is_shown() -> None:
    shown = {"beat": 9.25, "bar": 3 + 0.25 / 3, "meter": 3.0, "bpm": 96.0}
    beat = heard(Blend(0.0, signals=shown, ahead=0.5))
    assert (beat.beat, beat.meter, beat.bpm) == (8.75, 3, 96.0)
    assert (beat.bar, beat.line) == pytest.approx((3 - 0.25 / 3, 6.0))
    assert heard(Blend(0.0, signals={"beat": 9.0})).bar == 2.25


@pytest.mark.parametrize(("value", "expected"), [("120", ("midi", None, 120.0)), ("99.5 17.25", ("midi", 17.25, 99.5))])
def test_what_a_clock_says_is_read(value: str, expected: tuple[str, float | None, float]) -> None:
    assert told("clock.midi", value) == expected


@given(st.text(max_size=20) | st.none() | st.floats())
def test_any_other_word_of_a_clock_is_refused_or_read(value: object) -> None:
    try:
        source, beat, bpm = told("clock.link", value)
    except UserError as error:
        assert "expected" in str(error)
    else:
        assert source == "link" and bpm == bpm and (beat is None or beat == beat)


def test_a_clock_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UserError, match="expected"):
        told("clock.smpte", "120")
