"""Web remotes on free ports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from liveanim.inputs.web.server import WebRemote

from .clients import PRESETS, Client, Make, blend_at


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes remotes with a client each; closes them."""
    made: list[WebRemote] = []

    def remote(**options: Any) -> Client:
        one = WebRemote(lambda: 12.5, PRESETS, port=0, **options)
        made.append(one)
        one.write(blend_at(), 0.0)
        return Client(one, {})

    yield remote
    for one in made:
        one.close()


@pytest.fixture
def client(make: Make) -> Client:
    return make()
