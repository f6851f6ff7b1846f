"""The family's random numbers, against torch itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from liveanim.render.twister import Twister


@pytest.mark.parametrize("seed", [0, 42, 2**40 + 7])
@pytest.mark.parametrize("shape", [(3, 37, 41), (16,), (17,), (3, 64, 64)])
def test_numbers_are_those_of_torch_and_go_on_as_there(seed: int, shape: tuple[int, ...]) -> None:
    theirs, ours = torch.Generator().manual_seed(seed), Twister(seed)
    assert np.allclose(ours.normal(*shape), torch.randn(shape, generator=theirs).numpy(), atol=2e-6)
    assert np.array_equal(ours.even(5, 9), torch.rand((5, 9), generator=theirs).numpy())


def test_a_handful_of_normal_numbers_is_refused() -> None:
    """torch makes fewer than 16 in another way."""
    with pytest.raises(ValueError, match="at least 16 numbers"):
        Twister(1).normal(3, 5)
