"""Waiting for a picture without holding up the program, and drawing it quickly where processors draw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from liveanim.core.errors import UserError
from liveanim.outputs import context
from liveanim.outputs.headless import Headless
from liveanim.outputs.textures import Enlarger

from .pictures import dots, smooth, still

Make = Callable[[tuple[int, int]], Headless]


def test_processors_are_waited_for_after_each_drawing_outside_of_moderngl(stage: Make) -> None:
    one = stage((64, 36))
    waits: list[str] = []
    with one._ctx:
        one._ctx.extra = replace(one._ctx.extra, software=True, finish=lambda: waits.append("waited"))
        one.compositor.draw(still(smooth((64, 36))), 0.02)
        passes = len(waits)
        one.compositor.draw(still(smooth((64, 36)), bloom=0.5), 0.02)
        assert passes >= 2 and len(waits) - passes >= passes + 8  # the steps of the glow
        one._ctx.extra = replace(one._ctx.extra, software=False)
        before = len(waits)
        one.compositor.draw(still(smooth((64, 36)), bloom=0.5), 0.02)
        assert len(waits) - before <= 2  # the flash limiter reads what it has measured


def test_glfinish_is_found_and_the_renderer_is_known_by_its_name(stage: Make) -> None:
    one = stage((64, 36))
    with one._ctx:
        assert context.software(one._ctx) == ("llvmpipe" in one._ctx.info["GL_RENDERER"])
        assert one._ctx.extra.finish() is not NotImplemented
        assert one._ctx.extra.finish != one._ctx.finish
        context.wait(one._ctx)


def test_a_quick_stage_shows_the_same() -> None:
    pictures = []
    for live in (False, True):
        try:
            one = Headless((640, 360), live=live)
        except UserError as error:
            pytest.skip(f"macOS and Windows have no EGL: {error}")
        one.write(still(smooth((112, 64)), bloom=0.5, exposure=0.3), 1.0)
        pictures.append(one.read().astype(int))
        one.close()
    apart = np.abs(pictures[0] - pictures[1])
    assert apart.mean() < 1.5 and apart.max() <= 8


def test_enlarged_edges_are_steep_and_stay_within_what_is_around_them() -> None:
    image = dots([(0.0, 0.0)], (64, 36), radius=0.2)
    enlarger = Enlarger()
    big = enlarger(image, 4)[..., :3].copy()
    assert big.shape == (144, 256, 3) and np.array_equal(enlarger(image, 1)[..., :3], image)
    assert np.array_equal(enlarger(image, 4)[..., :3], big)  # in the memory of others
    assert (big.min(), big.max()) == (image.min(), image.max())
    row = big[72, 128:, 0].astype(int)
    width = int(np.flatnonzero(row < 26)[0] - np.flatnonzero(row < 230)[0])
    assert 0 < width <= 5  # from 90 % to 10 %; linear mixing takes 6 and more
    assert np.abs(big.astype(int).mean() - image.mean()) < 1.5
