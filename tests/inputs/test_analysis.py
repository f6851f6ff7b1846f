"""The analyser on signals whose answer is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from liveanim.core.drops import Drops
from liveanim.core.model import Features
from liveanim.core.params import defaults
from liveanim.inputs import track
from liveanim.inputs.analysis import BEGUN_S, Analyser, AnalyserConfig
from liveanim.inputs.bands import hop_for
from liveanim.inputs.drums import RULES, RisePicker
from liveanim.inputs.meters import Tuning, tuning_of

RATE = 44100
KINDS = ("onsets", "kicks", "snares", "hats", "beats")
Sound = NDArray[np.float32]


def bursts(seconds: float, every: float, rate: int = RATE, low: float = 0.0, seed: int = 1) -> Sound:
    """Decaying bursts of noise every `every` s (from `every` on), with a kick of `low` strength under each."""
    rng = np.random.default_rng(seed)
    out = np.zeros(round(seconds * rate))
    t = np.arange(round(0.2 * rate)) / rate
    for start in np.arange(every, seconds - 0.21, every):
        at = round(start * rate)
        kick = low * np.sin(2 * np.pi * np.cumsum(55 + 120 * np.exp(-t / 0.02)) / rate) * np.exp(-t / 0.08)
        out[at : at + len(t)] += 0.4 * rng.standard_normal(len(t)) * np.exp(-t / 0.02) + kick
    return out.astype(np.float32)


def onsets(features: list[Features]) -> list[float]:
    return [time for one in features for time in one.onsets]


@pytest.mark.parametrize("rate", [16000, 22050, 32000, 44100, 48000, 88200, 96000, 192000])
def test_bursts_are_heard_at_any_rate(rate: int) -> None:
    heard = onsets(Analyser(rate).feed(bursts(4.0, 0.5, rate)))
    assert 0.0052 < hop_for(rate) / rate < 0.0061
    assert heard == pytest.approx(list(np.arange(0.5, 3.79, 0.5)), abs=0.02)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 3000), min_size=1, max_size=40))
def test_the_cutting_of_the_stream_changes_nothing(cuts: list[int]) -> None:
    sound = bursts(1.2, 0.3)
    whole = Analyser(RATE).feed(sound)
    analyser, at = Analyser(RATE), 0
    parts: list[list[Features]] = []
    while at < len(sound):
        n = cuts[len(parts) % len(cuts)]
        parts.append(analyser.feed(sound[at : at + n]))
        at += n
    assert [one for part in parts for one in part] == whole


def events(sound: Sound, block: int = 1024) -> dict[str, list[float]]:
    analyser = Analyser(RATE)
    heard = [one for at in range(0, len(sound), block) for one in analyser.feed(sound[at : at + block])]
    return {kind: [time for one in heard for time in getattr(one, kind)] for kind in KINDS}


BAR = 4 * 60 / track.BPM


@pytest.fixture(scope="module")
def music() -> Sound:
    """Six bars of the built-in track."""
    return track.render()[: round(6 * BAR * RATE)].mean(axis=1)


@pytest.fixture(scope="module")
def heard(music: Sound) -> dict[str, list[float]]:
    return events(music)


def cut(times: dict[str, list[float]], end: float) -> dict[str, list[float]]:
    return {kind: [time for time in times[kind] if time < end] for kind in KINDS}


@pytest.mark.parametrize("block", [73, 5000])
def test_music_gives_the_same_events_in_blocks_of_any_size(
    music: Sound, heard: dict[str, list[float]], block: int
) -> None:
    part = cut(events(music[: 5 * RATE], block), 4.9)
    assert min(len(part[kind]) for kind in KINDS) >= 2
    assert part == cut(heard, 4.9)


@pytest.mark.parametrize("gain_db", [-40.0, 40.0])
def test_music_gives_the_same_events_however_loud_it_is(
    music: Sound, heard: dict[str, list[float]], gain_db: float
) -> None:
    gained = cut(events(music[: 5 * RATE] * np.float32(10 ** (gain_db / 20))), 4.9)
    for kind, times in cut(heard, 4.9).items():
        assert gained[kind] == pytest.approx(times, abs=0.005)


@pytest.mark.parametrize("rate", [44100, 48000])
@pytest.mark.parametrize("hum", [0.0, 2.0])
def test_a_room_has_no_kicks_and_no_tempo(rate: int, hum: float) -> None:
    count = 30 * rate
    spectrum = np.fft.rfft(np.random.default_rng(3).standard_normal(count))
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), count)
    room = noise / noise.std() + hum * np.sin(2 * np.pi * 50 * np.arange(count) / rate)
    heard = Analyser(rate).feed((room * 1e-3).astype(np.float32))
    after = [each for each in heard if each.time > BEGUN_S]
    assert sum(len(each.onsets) for each in after) < 0.6 * 28  # 2 to 3.5 a second were heard
    assert sum(len(each.kicks) for each in after) < 0.4 * 28
    assert not any(each.beats for each in after) and max(each.confidence for each in heard) == 0


def test_what_begins_faintly_gives_the_same_events_40_db_down() -> None:
    sound = bursts(2.5, 0.25, low=0.6) * np.float32(10.0) ** np.linspace(-5.0, 0.0, round(2.5 * RATE), dtype=np.float32)
    plain, gained = events(sound), events(sound * np.float32(0.01))
    assert min(len(plain[kind]) for kind in ("onsets", "kicks")) >= 6 and len(plain["beats"]) >= 3
    for kind in KINDS:
        assert gained[kind] == pytest.approx(plain[kind], abs=0.005)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 1.0, -1e-30, 3.4e38, np.nan, np.inf, -np.inf, 0.5]), st.integers(1, 2000)),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from([16000, 44100, 192000]),
)
def test_whatever_a_driver_sends_every_signal_stays_a_number(runs: list[tuple[float, int]], rate: int) -> None:
    free = {"pitch", "note", "onset_count", "time_since_onset"}
    for one in Analyser(rate).feed(np.concatenate([np.full(count, value, np.float32) for value, count in runs])):
        assert all(np.isfinite(value) for value in one.values.values())
        assert all(0.0 <= value <= 1.0 for name, value in one.values.items() if name not in free)
        assert np.isfinite(one.wave).all() and np.isfinite(one.fft).all()


@pytest.mark.parametrize("kind", ["silence", "dc", "square", "nan", "inf", "absurd"])
@pytest.mark.parametrize("own", [True, False])
def test_faulty_input_gives_no_events(kind: str, own: bool) -> None:
    t = np.arange(2 * RATE) / RATE
    sound = {
        "silence": np.zeros_like(t),
        "dc": np.ones_like(t),
        "square": np.where(np.sin(2 * np.pi * 100 * t) >= 0, 1.0, -1.0),
        "nan": np.full_like(t, np.nan),
        "inf": np.full_like(t, -np.inf),
        "absurd": np.full_like(t, 1e30),
    }[kind]
    config = AnalyserConfig() if own else AnalyserConfig(onset="aubio", tempo="aubio")
    heard = Analyser(RATE, config).feed(sound)
    assert not any(one.onsets or one.kicks or one.snares or one.hats or one.beats for one in heard)


def test_a_block_of_nan_in_the_music_does_not_deafen() -> None:
    sound = bursts(4.0, 0.5)
    sound[round(1.7 * RATE) : round(1.8 * RATE)] = np.nan
    late = [time for time in onsets(Analyser(RATE).feed(sound)) if time > 1.95]
    assert late == pytest.approx([2.0, 2.5, 3.0, 3.5], abs=0.02)


@pytest.mark.parametrize("gain_db", [-40.0, -12.0, 40.0])
def test_gain_changes_no_event(gain_db: float) -> None:
    sound = bursts(4.0, 0.35, low=0.6)
    plain = Analyser(RATE).feed(sound)
    gained = Analyser(RATE).feed(sound * np.float32(10 ** (gain_db / 20)))
    for kind in KINDS:
        before = [time for one in plain for time in getattr(one, kind)]
        after = [time for one in gained for time in getattr(one, kind)]
        assert after == pytest.approx(before, abs=0.005)


def test_every_signal_lies_between_0_and_1() -> None:
    free = {"pitch", "note", "onset_count", "time_since_onset"}
    for one in Analyser(RATE, AnalyserConfig(tuning=Tuning(bands=(("sub", (20, 60)),)))).feed(
        bursts(3.0, 0.4, low=0.5)
    ):
        assert all(0.0 <= value <= 1.0 for name, value in one.values.items() if name not in free)
        assert "sub" in one.values


@pytest.mark.parametrize(("sure", "picked"), [(0.95, 10), (0.4, 20)])
def test_a_bass_is_no_kick_where_the_network_is_sure_of_the_kicks(sure: float, picked: int) -> None:
    """Kicks and bass notes rise alike in turn; of the bass the network is less sure."""
    picker, hits = RisePicker(RULES["kick"], 0.0058), 0
    for n in range(60):
        hit = picker.step(0.5, sure if n % 2 == 0 else 0.3, True)
        hits += hit and n >= 40
        for _ in range(30):
            picker.step(0.0, 0.0, True)
    assert hits == picked


def test_the_bass_of_the_built_in_track_is_no_kick(heard: dict[str, list[float]]) -> None:
    late = [time for time in heard["kicks"] if time > 2 * BAR]
    false = [time for time in late if np.abs(track.kicks() - time).min() > 0.05]
    assert (len(late) - len(false), len(false)) == (16, pytest.approx(0, abs=4))


def test_a_kick_is_told_from_a_hat() -> None:
    t = np.arange(round(0.25 * RATE)) / RATE
    kick = np.sin(2 * np.pi * np.cumsum(50 + 150 * np.exp(-t / 0.02)) / RATE) * np.exp(-t / 0.1)
    noise = np.diff(np.random.default_rng(3).standard_normal(len(t) + 2), 2) / 2.4
    hat = 0.3 * noise * np.exp(-t / 0.02)
    sound = np.zeros(8 * RATE)
    for n in range(30):
        at = round((0.25 + n * 0.25) * RATE)
        part = kick if n % 2 == 0 else hat
        sound[at : at + len(t)] += part[: len(sound) - at]
    heard = Analyser(RATE).feed(sound.astype(np.float32))
    kicks = [time for one in heard for time in one.kicks]
    hats = [time for one in heard for time in one.hats if time > 1.0]
    assert kicks == pytest.approx([0.25 + n * 0.5 for n in range(15)], abs=0.03)
    assert len([hat for hat in hats if abs((hat - 0.5) % 0.5) < 0.03 or (hat - 0.5) % 0.5 > 0.47]) >= 12


def test_the_level_is_steady_three_seconds_after_20_db_less() -> None:
    sound = bursts(16.0, 0.5, low=0.6)
    sound[round(8.25 * RATE) :] *= 0.1
    heard = Analyser(RATE).feed(sound)
    loud = max(one.values["rms"] for one in heard if 5.0 < one.time < 8.0)
    after = max(one.values["rms"] for one in heard if 11.3 < one.time < 13.0)
    later = max(one.values["rms"] for one in heard if 13.0 < one.time < 15.5)
    assert after == pytest.approx(loud, abs=0.06)
    assert later == pytest.approx(after, abs=0.03)


def test_silence_holds_the_gain_and_closes_the_gate() -> None:
    sound = bursts(12.0, 0.5, low=0.6)
    sound[round(4.0 * RATE) : round(9.0 * RATE)] = 0.0
    sound += 1e-5 * np.random.default_rng(2).standard_normal(len(sound)).astype(np.float32)
    heard = Analyser(RATE).feed(sound)
    quiet = [one for one in heard if 6.0 < one.time < 9.0]
    assert max(one.values["rms"] for one in quiet) < 0.01
    assert all(one.values["silence"] == 1.0 for one in quiet)
    before = max(one.values["rms"] for one in heard if 2.0 < one.time < 4.0)
    assert max(one.values["rms"] for one in heard if 9.0 < one.time < 9.9) == pytest.approx(before, abs=0.05)


def test_the_noise_of_the_room_after_the_music_makes_no_events() -> None:
    sound = bursts(10.0, 0.5, low=0.6)
    sound[4 * RATE :] = 0.0
    sound += 3e-4 * np.random.default_rng(2).standard_normal(len(sound)).astype(np.float32)
    late = [one for one in Analyser(RATE).feed(sound) if one.time > 4.3]
    assert not any(one.onsets or one.kicks or one.snares or one.hats for one in late)


def test_a_tone_is_harmonic_and_has_a_pitch() -> None:
    t = np.arange(3 * RATE) / RATE
    tone = sum(np.sin(2 * np.pi * 220 * k * t) / k for k in range(1, 8)) * 0.2
    last = Analyser(RATE).feed(np.asarray(tone, dtype=np.float32))[-1].values
    assert last["pitch"] == pytest.approx(220, abs=2)
    assert last["note"] == pytest.approx(57, abs=0.2)
    assert last["harmonic"] > 0.9
    assert last["percussive"] < last["harmonic"] - 0.2


def test_a_steady_pulse_has_its_tempo() -> None:
    heard = Analyser(RATE).feed(bursts(12.0, 0.5, low=0.8))
    assert heard[-1].bpm == pytest.approx(120.0, abs=2.0)
    assert heard[-1].confidence > 0.5
    beats = np.array([time for one in heard for time in one.beats if time > 5.0])
    assert np.abs((beats + 0.25) % 0.5 - 0.25).max() < 0.05


def test_silence_has_no_tempo_of_its_own_and_keeps_that_of_the_music_before() -> None:
    silence, music = np.zeros(40 * RATE, dtype=np.float32), bursts(12.0, 0.5, low=0.8)
    analyser = Analyser(RATE)
    before = analyser.feed(silence)
    assert {(one.bpm, one.confidence) for one in before} == {(0.0, 0.0)}
    music_bpm = analyser.feed(music)[-1].bpm
    assert music_bpm == pytest.approx(120.0, abs=2.0)
    assert analyser.feed(silence)[-1].bpm == pytest.approx(music_bpm, abs=0.5)


@pytest.mark.parametrize("level", [1e-4, 2e-4])  # -80 and -74 dB: under the gate
def test_the_noise_of_a_quiet_room_has_no_tempo(level: float) -> None:
    room = (level * np.random.default_rng(3).standard_normal(20 * RATE)).astype(np.float32)
    heard = Analyser(RATE).feed(room)
    assert {(one.bpm, one.confidence, one.values["silence"]) for one in heard} == {(0.0, 0.0, 1.0)}
    assert not any(one.beats for one in heard if one.time > 16.0)


def test_music_that_is_just_over_the_gate_is_followed() -> None:
    heard = Analyser(RATE).feed(0.002 * bursts(12.0, 0.5, low=0.8))
    assert heard[-1].bpm == pytest.approx(120.0, abs=2.0) and heard[-1].values["silence"] == 0.0


def test_aubio_dates_its_beats_by_the_stream_after_a_long_silence() -> None:
    analyser = Analyser(RATE, AnalyserConfig(tempo="aubio"))
    analyser.feed(np.zeros(20 * RATE, dtype=np.float32))
    beats = np.array([time for one in analyser.feed(bursts(12.0, 0.5, low=0.8)) for time in one.beats])
    assert len(beats) > 8 and np.abs((beats + 0.25) % 0.5 - 0.25).max() < 0.05 and beats.min() > 20.0


@pytest.mark.parametrize("rate", [16000, 44100, 96000])
@pytest.mark.parametrize("level", [0.8, 0.01])
def test_the_newest_sound_can_be_looked_at(rate: int, level: float) -> None:
    sound = (level * np.sin(2 * np.pi * 1000 * np.arange(rate) / rate)).astype(np.float32)
    last = Analyser(rate).feed(sound)[-1]
    assert last.wave.shape == (512,) and last.fft.shape == (256,)
    assert float(last.wave.max()) == pytest.approx(0.4 * np.sqrt(2), abs=0.03)
    cycles = np.count_nonzero(np.diff(np.sign(last.wave))) / 2
    assert cycles == pytest.approx(512 * 1000 / (rate / max(1, round(rate / 48000))), abs=0.6)
    assert int(last.fft.argmax()) == pytest.approx(1000 / min(22050, rate / 2) * 256, abs=2)
    assert float(last.fft.max()) > 0.9
    with pytest.raises(ValueError, match="read-only"):
        last.fft[0] = 1.0


def test_what_can_be_looked_at_is_flat_in_silence() -> None:
    sound = bursts(3.0, 0.5)
    sound[2 * RATE :] = 0.0
    heard = Analyser(RATE).feed(sound)
    assert any(one.wave.any() and one.fft.any() for one in heard if one.time < 2.0)
    assert not any(one.wave.any() or one.fft.any() for one in heard if one.time > 2.6)


def test_every_click_out_of_digital_silence_is_an_onset() -> None:
    rate = 44100
    sound = np.zeros(4 * rate, dtype=np.float32)
    for beat in range(1, 8):
        start = beat * rate // 2
        sound[start : start + 130] = 0.8 * np.cos(np.arange(130) * 0.3) * np.exp(-np.arange(130) / 53)
    heard = [time for features in Analyser(rate).feed(sound) for time in features.onsets]
    assert heard == pytest.approx([beat / 2 for beat in range(1, 8)], abs=0.01)


def test_what_is_too_faint_to_hear_does_not_hide_the_attack_after_it() -> None:
    """As what a lossy codec smears before a click."""
    sound = np.zeros(RATE, dtype=np.float32)
    at, rng = RATE // 2, np.random.default_rng(4)
    sound[at - 500 : at] = 5e-9 * rng.standard_normal(500)
    sound[at : at + 2000] = 0.5 * rng.standard_normal(2000) * np.exp(-np.arange(2000) / 500)
    assert onsets(Analyser(RATE).feed(sound)) == pytest.approx([0.5], abs=0.005)


def test_bands_of_ones_own_are_levels_from_the_moment_they_are_set_and_others_keep_their_gain() -> None:
    analyser = Analyser(RATE)
    sound = (0.3 * np.sin(2 * np.pi * 1000 * np.arange(4 * RATE) / RATE)).astype(np.float32)
    before = analyser.feed(sound[: 2 * RATE])
    assert "band3" not in before[-1].values
    values = defaults() | {"audio.band3_low": 900.0, "audio.band3_high": 1100.0, "audio.band8_low": 5000.0}
    analyser.tune(tuning_of(values | {"audio.band8_high": 9000.0, "audio.band1_low": 90.0}))
    after = analyser.feed(sound[2 * RATE :])
    assert after[-1].values["band3"] == pytest.approx(1.0, abs=0.02)
    assert after[-1].values["band8"] < 0.3
    assert "band1" not in after[-1].values  # its ends have crossed: off
    assert abs(after[1].values["mid"] - before[-1].values["mid"]) < 0.02


def test_attack_release_decay_and_gate_are_what_the_parameters_say() -> None:
    assert tuning_of(defaults()) == Tuning()
    sound = bursts(3.0, 1.0, low=0.8)
    lasts = []
    for slow in (False, True):
        analyser = Analyser(RATE)
        if slow:
            analyser.tune(Tuning(release=2.0, decay=2.0))
        at = {round(one.time, 2): one.values for one in analyser.feed(sound)}
        lasts.append(
            (at[1.5]["rms"], at[1.5]["onset"] / np.exp(-at[1.5]["time_since_onset"] / (2.0 if slow else 0.18)))
        )
    assert lasts[1][0] > lasts[0][0] + 0.2 and [one[1] for one in lasts] == pytest.approx([1.0, 1.0], abs=0.1)
    deaf = Analyser(RATE, AnalyserConfig(tuning=Tuning(gate_db=-20.0)))
    assert all(one.values["silence"] == 1.0 and one.values["rms"] == 0.0 for one in deaf.feed(sound * np.float32(0.01)))


def test_the_drop_of_the_built_in_track_is_heard_where_it_is() -> None:
    music = track.render()[: round(9.5 * BAR * RATE)].mean(axis=1)
    drops, before, found = Drops(), 0.0, []
    for hop in Analyser(RATE).feed(music):
        if drops.step(hop.values["bass_energy"], hop.time - before):
            found.append(hop.time)
        before = hop.time
    assert found == [pytest.approx(8 * BAR, abs=0.3)]
