from __future__ import annotations

import numpy as np
import pytest

from liveanim.core.errors import UserError
from liveanim.core.model import ControlEvent
from liveanim.inputs.fakes import Script, Vanishing, click, named_fake, silence, tone
from liveanim.inputs.sources import Steady, open_supply


def test_a_tone_has_the_asked_frequency_and_no_seam() -> None:
    samples = tone(440.0).take(44100 * 12)[:, 0]
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) / 12 == pytest.approx(440.0, abs=0.1)
    assert np.abs(np.diff(samples)).max() < 0.5 * 2 * np.pi * 440 / 44100 * 1.01


def test_clicks_are_on_the_beat_for_minutes() -> None:
    supply = click(125.0, rate=48000)
    samples = np.abs(supply.take(48000 * 60)[:, 0])
    loud = np.flatnonzero((samples[1:] > 0.5) & (samples[:-1] < 1e-9)) + 1
    expected = np.round(np.arange(1, len(loud) + 1) * 60 / 125 * 48000)
    assert len(loud) == 124
    assert np.abs(loud - expected).max() <= 1


def test_a_steady_source_gives_every_sample_once_and_up_to_now() -> None:
    whole = tone(100.0).take(4410)
    source = Steady(tone(100.0))
    parts = [source.read(now) for now in (0.0, 0.01, 0.01, 0.033, 0.02, 0.1)]
    assert [len(part) for part in parts] == [0, 441, 0, 1014, 0, 2955]
    assert np.array_equal(np.concatenate(parts), whole)
    assert source.heard == pytest.approx(0.1)


@pytest.mark.parametrize("name", ["tone:loud", "tone:nan", "tone:-3", "click:0", "click:1e9"])
def test_a_bad_number_is_one_line(name: str) -> None:
    with pytest.raises(UserError, match="expected a number"):
        named_fake(name)


def test_names_of_files_are_not_names_of_fakes() -> None:
    assert named_fake("music/tone:440") is None
    assert named_fake("song.flac") is None


@pytest.mark.parametrize("name", ["builtin", "builtin:", "tone:220", "click:", "silence"])
def test_every_name_opens_a_supply_with_sound_of_its_own(name: str) -> None:
    supply = open_supply(name)
    assert supply.take(100).shape == (100, supply.channels)


def test_only_the_built_in_track_ends() -> None:
    lengths = {name: open_supply(name).duration for name in ("builtin", "tone:220", "click:", "silence")}
    assert (lengths.pop("builtin") or 0) > 10
    assert set(lengths.values()) == {None}


def test_a_script_gives_each_event_once_in_order_of_time() -> None:
    late, early = ControlEvent(2.0, "camera.zoom", 1.5), ControlEvent(1.0, "prompt.1", "sea")
    script = Script([late, early])
    assert [list(script.read(now)) for now in (0.5, 1.0, 1.5, 9.0, 9.0)] == [[], [early], [], [late], []]


def test_a_vanishing_source_is_silent_while_away_and_then_goes_on_in_time() -> None:
    source = Vanishing(silence(rate=1000), gaps=[(1.0, 2.0)])
    assert len(source.read(0.9)) == 900
    assert len(source.read(1.5)) == 0
    assert source.status() == "gone: silence, retrying"
    assert len(source.read(2.1)) == 100
    assert source.heard == pytest.approx(2.1)
    assert source.status() == "silence"
