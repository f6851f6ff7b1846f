"""The shipped presets, as looks to play."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from liveanim.core.modulators import Bank, Modulator, standard
from liveanim.inputs import track
from liveanim.inputs.analysis import Analyser
from liveanim.library import read_preset, shipped

BAR = 4 * 60.0 / track.BPM
FPS = 60


def test_every_look_answers_a_drop() -> None:
    for path in shipped():
        look = read_preset(path)
        inputs = (value for row in look.modulators for value in row.inputs.values())
        heard = [value for value in (*look.drivers.values(), *inputs) if not isinstance(value, (int, float))]
        assert any("drop" in value.names for value in heard), path.stem


def test_a_drop_is_heard_with_its_first_kick_once_and_breaks_tighten_before_it() -> None:
    rows = standard()
    music = track.render()[: round(9.5 * BAR * track.RATE)].mean(axis=1)
    tension, drop = zip(*places(rows, music), strict=True)
    hits = [n / FPS for n in range(1, len(drop)) if drop[n] > drop[n - 1] + 0.3]
    assert hits == [pytest.approx(8 * BAR, abs=0.05)]
    assert max(tension[: round(6 * BAR * FPS)]) < 0.1 < 0.5 < tension[round(7.98 * BAR * FPS)]
    assert drop[round(9.2 * BAR * FPS)] == 0.0


def places(rows: Sequence[Modulator], music: track.Mono) -> list[tuple[float, float]]:
    """Both modulators in every frame of `music`."""
    bank, hops, found = Bank(rows), iter(Analyser(track.RATE).feed(music)), []
    hop = next(hops)
    for n in range(1, int(len(music) / track.RATE * FPS)):
        kick = 0.0
        while hop.time <= n / FPS:
            kick, env, hop = max(kick, hop.values["kick"]), dict(hop.values), next(hops)
        row = bank.advance({**env, "kick": kick, "dt": 1 / FPS, "t": n / FPS})
        found.append((row["tension"], row["drop"]))
    return found
