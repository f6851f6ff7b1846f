"""Keying: what goes, what stays, what the window shows of it, and what files and the limiter make of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from liveanim.core.errors import UserError
from liveanim.core.model import Image, frozen_image
from liveanim.outputs.encode import plain
from liveanim.outputs.headless import Headless
from liveanim.recording import check

from .pictures import flat, still

Make = Callable[[tuple[int, int]], Headless]
SIZE = (64, 36)
COLOURS = {
    "black": (10, 10, 10),
    "white": (245, 245, 245),
    "green": (30, 220, 40),
    "red": (220, 30, 40),
    "grey": (120,) * 3,
}


def keyed(stage: Make, colour: str, **values: Any) -> Image:
    """(red, green, blue, opaque) of a picture of one colour, keyed."""
    one = stage(SIZE)
    one.write(still(flat(COLOURS[colour], SIZE), **values), 0.0)
    with one.compositor.framebuffer.ctx:
        return one.compositor.read_whole()[18, 32].astype(int)


@pytest.mark.parametrize(
    ("key", "gone"), [(1, ("black",)), (2, ("white",)), (3, ("green",)), (0, ())], ids=["dark", "bright", "hue", "none"]
)
def test_what_is_keyed_is_clear_and_the_rest_is_as_it_was(stage: Make, key: int, gone: tuple[str, ...]) -> None:
    for name, colour in COLOURS.items():
        seen = keyed(stage, name, key=float(key))
        if name in gone:
            assert list(seen) == [0, 0, 0, 0], name
        else:
            assert np.abs(seen - [*colour, 255]).max() <= 1, name


def test_another_hue_and_a_soft_edge(stage: Make) -> None:
    assert keyed(stage, "red", key=3.0, key_hue=0.99)[3] == 0
    assert keyed(stage, "green", key=3.0, key_hue=0.99)[3] == 255
    half = keyed(stage, "grey", key=1.0, key_level=120 / 255, key_soft=0.4)
    assert half[3] == pytest.approx(127, abs=4) and half[0] == pytest.approx(60, abs=3), "light that is there"


def test_plain_colours_come_back_from_light_that_is_there() -> None:
    rng = np.random.default_rng(0)
    colours, solid = rng.integers(0, 256, (40, 40, 3)), rng.integers(64, 256, (40, 40, 1))
    light = frozen_image(np.concatenate([np.round(colours * solid / 255), solid], axis=2).astype(np.uint8))
    back = plain(light)
    assert np.abs(back[..., :3].astype(int) - colours).max() <= 2 and np.array_equal(back[..., 3:], solid)
    assert plain(frozen_image(np.zeros((2, 2, 4), np.uint8))).max() == 0


def test_a_blackout_is_black_not_clear(stage: Make) -> None:
    one = stage(SIZE)
    one.write(replace(still(flat((200, 90, 10), SIZE), key=1.0), blackout=True, level=0.0), 0.0)
    with one.compositor.framebuffer.ctx:
        assert one.compositor.read_whole()[18, 32].tolist() == [0, 0, 0, 255]


def test_what_is_transparent_is_dimmed_to_opaque_black_as_well(stage: Make) -> None:
    one, whole = stage(SIZE), []
    for n, level in enumerate((1.0, 0.5, 0.0)):
        one.write(replace(still(flat((10, 10, 10), SIZE), key=1.0), level=level), n / 60)
        with one.compositor.framebuffer.ctx:
            whole.append(int(one.compositor.read_whole()[18, 32, 3]))
    assert whole == [0, pytest.approx(127, abs=1), 255]


def test_a_keyed_picture_that_is_held_back_keeps_its_transparency(stage: Make) -> None:
    one = stage(SIZE)
    left = np.zeros((36, 64, 3), np.uint8)
    for n in range(60):
        left[:, 32:] = 250 if n % 4 < 2 else 90
        one.write(still(frozen_image(left.copy()), time=n / 60, key=1.0), n / 60)
    assert one.compositor.limiter is not None and one.compositor.limiter.holding
    with one.compositor.framebuffer.ctx:
        whole = one.compositor.read_whole()
    assert whole[18, 5].tolist() == [0, 0, 0, 0] and whole[18, 60, 3] == 255


def test_files_without_transparency_are_refused_in_one_line() -> None:
    for name, codec in [("a.mp4", None), ("a.mov", None), ("a.mkv", "master")]:
        with pytest.raises(UserError, match="keeps no transparency"):
            check([Path(name)], codec, alpha=True)
    check([Path("a.mov"), Path("b.mkv")], "prores", alpha=True)
    check([Path("a.png"), Path("a.gif"), Path("a.wav")], alpha=True)
