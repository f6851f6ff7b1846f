"""A stage without a screen, for every test of the outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from liveanim.core.errors import UserError
from liveanim.core.model import Blend, Image
from liveanim.outputs.headless import Headless

Show = Callable[[Blend], Image]


@pytest.fixture
def stage() -> Iterator[Callable[..., Headless]]:
    """Makes headless stages of a given size; skips where there is no EGL (macOS, Windows)."""
    made: list[Headless] = []

    def make(size: tuple[int, int] = (320, 180), live: bool = False) -> Headless:
        try:
            made.append(Headless(size, live=live))
        except UserError as error:
            pytest.skip(f"macOS and Windows have no EGL: {error}")
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def show(stage: Callable[..., Headless]) -> Show:
    """Draws one blend on a fresh 320x180 stage."""

    def draw(blend: Blend, size: tuple[int, int] = (320, 180)) -> Image:
        one = stage(size)
        one.write(blend, blend.time)
        return one.read()

    return draw
