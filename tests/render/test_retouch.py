import numpy as np
import pytest
import torch

from liveanim.render import brush, coherence, retouch
from liveanim.render.brush import Dials
from liveanim.render.coherence import Look

SAME = 2e-6


def picture(seed: int, height: int = 64, width: int = 96) -> torch.Tensor:
    dice = torch.Generator().manual_seed(seed)
    soft = torch.rand(1, 3, height // 8, width // 8, generator=dice)
    soft = torch.nn.functional.interpolate(soft, size=(height, width), mode="bicubic")
    return (soft + 0.05 * torch.randn(1, 3, height, width, generator=dice)).clamp(0, 1)


def apart(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).abs().max())


@pytest.mark.parametrize("octaves", [3, 0])
@pytest.mark.parametrize("size", [(64, 96), (8, 8)])
def test_a_picture_measures_the_same(size: tuple[int, int], octaves: int) -> None:
    seen = picture(1, *size)
    assert apart(retouch.measure(seen, octaves).numbers, coherence.measure(seen, octaves).numbers) < SAME


@pytest.mark.parametrize("dials", [
    Dials(0.4, 1.0, 0.15, 0.02, 0.5, 1.0), Dials(0.0, 1.3, 0.5, 0.0, 0.5, 1.0), Dials(1.0, 0.8, 0.0, 0.1, 0.5, 1.0),
    Dials(0.0, 1.0, 0.0, 0.0, 0.5, 1.0),
], ids=["usual", "sharp", "noisy", "nothing"])  # fmt: skip
def test_a_picture_is_prepared_the_same(dials: Dials) -> None:
    moved, own = picture(1), coherence.measure(picture(2))
    now = coherence.measure(moved)
    grain = torch.randn(1, 1, 32, 48, generator=torch.Generator().manual_seed(3)) if dials.noise else None
    expected = brush.TENSORS.prepared(moved, now, own, dials, grain)
    assert apart(retouch.prepared(moved, now, own, dials, grain), expected) < SAME


def test_colours_are_led_the_same_and_a_flat_picture_does_not_explode() -> None:
    own = coherence.measure(picture(2))
    for seen in (picture(1), torch.full((1, 3, 64, 96), 0.4)):
        now: Look = retouch.measure(seen)
        led = retouch.recoloured(seen, now, own, 0.4)
        assert apart(led, coherence.recoloured(seen, now, own, 0.4)) < SAME
        assert torch.isfinite(led).all()


def test_what_is_given_stays_as_it_is() -> None:
    moved, own = picture(1), coherence.measure(picture(2))
    before = moved.clone()
    by_pixels = retouch.planewise(retouch.pixelwise(moved))
    for given in (moved, by_pixels):
        retouch.prepared(given, coherence.measure(moved), own, Dials(0.4, 1.1, 0.2, 0.0, 0.5, 1.0), None)
        assert torch.equal(given, before)
    assert np.shares_memory(retouch.pixelwise(by_pixels), by_pixels.numpy())
