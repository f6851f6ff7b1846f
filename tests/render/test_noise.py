"""Noise between seeds: the arc, its ends, and what it must not do."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.model import RenderRequest
from liveanim.render.family import noise_like
from liveanim.render.noise import still, travelled, turning

SHAPE = (1, 4, 16, 24)
ASKED = RenderRequest(5, 0.0, (192, 128), seed=3, subseed=4, drift=False)


def test_without_drift_every_keyframe_of_a_seed_starts_from_the_same_noise() -> None:
    for make in (still, turning):
        assert torch.equal(make(SHAPE, ASKED), make(SHAPE, replace(ASKED, index=77)))
        assert not torch.equal(make(SHAPE, ASKED), make(SHAPE, replace(ASKED, drift=True)))


@pytest.mark.parametrize("make", [still, turning])
def test_the_whole_way_to_the_subseed_is_its_noise(make) -> None:  # type: ignore[no-untyped-def]
    there = make(SHAPE, replace(ASKED, subseed_share=1.0))
    assert torch.allclose(there, make(SHAPE, replace(ASKED, seed=4)), atol=1e-5)


@given(st.floats(0, 1))
def test_noise_on_the_way_is_as_loud_as_noise(share: float) -> None:
    mixed = travelled(noise_like(SHAPE, 1), noise_like(SHAPE, 2), share)
    assert float(mixed.std()) == pytest.approx(1.0, abs=0.05)


def test_equal_and_opposite_vectors_make_no_trouble() -> None:
    a = noise_like(SHAPE, 1)
    assert torch.allclose(travelled(a, a.clone(), 0.3), a)
    assert torch.isfinite(travelled(a, -a, 0.5)).all()
    assert torch.isfinite(travelled(torch.zeros(SHAPE), a, 0.5)).all()


def test_a_share_beyond_the_ends_goes_on_along_the_arc() -> None:
    a, b = noise_like(SHAPE, 1), noise_like(SHAPE, 2)
    beyond = travelled(a, b, 1.1)
    assert torch.isfinite(beyond).all()
    assert torch.dot((beyond - b).flatten(), (b - a).flatten()) > 0
