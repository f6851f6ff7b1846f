"""Seeds of keyframes from the knobs: the family's sequences, fractions, subseeds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from liveanim.core.params import defaults
from liveanim.core.seeds import MODES, Seeds, seeds_at

SEQUENCES = Path(__file__).parents[3] / "shared" / "data" / "coherence_reference" / "seed_sequences.json"


def values(**given: float) -> dict[str, float]:
    return defaults() | {f"picture.{name}": value for name, value in given.items()}


@pytest.mark.parametrize("name", ["iter_N1", "iter_N3", "ladder_N1", "alternate_N1", "fixed_N1"])
def test_reference_seed_sequences(name: str) -> None:
    if not SEQUENCES.exists():
        pytest.skip("needs shared/data")
    wanted = json.loads(SEQUENCES.read_text())["sequences"][name]
    behaviour, _, every = name.partition("_N")
    row = values(seed=100, seed_mode=1 + MODES.index(behaviour), seed_every=int(every))
    found = [seeds_at(row, index) for index in range(len(wanted))]
    assert [one.seed for one in found] == wanted
    assert not any(one.drift or one.share for one in found)


def test_by_default_one_seed_whose_noise_drifts() -> None:
    assert [seeds_at(values(seed=7), index) for index in range(3)] == [Seeds(7, 8, 0.0, True)] * 3


def test_a_fraction_is_the_way_to_the_next_seed() -> None:
    found = seeds_at(values(seed=55.25, seed_mode=1), 9)
    assert (found.seed, found.subseed, found.share) == (55, 56, 0.25)


def test_a_subseed_is_mixed_in_by_its_strength() -> None:
    found = seeds_at(values(seed=55, subseed=900, subseed_strength=0.3), 0)
    assert (found.seed, found.subseed, found.share) == (55, 900, 0.3)


def test_minus_one_is_another_seed_every_time_and_the_same_again_in_a_second_render() -> None:
    first, second = ([seeds_at(values(seed=-1), index) for index in range(50)] for _ in range(2))
    assert first == second
    assert len({one.seed for one in first}) == 50 and not any(one.drift for one in first)
