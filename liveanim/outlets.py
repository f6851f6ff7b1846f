"""Where the picture goes besides the window and files: streams, and other programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from . import home
from .outputs.mapper import Screens
from .outputs.taps import Tap

NAME = "liveanim"  # what other programs see
MOST_FPS = 60.0


class Stage(Protocol):
    size: tuple[int, int]

    @property
    def refresh_rate(self) -> float: ...

    def add_tap(self, tap: Tap, whole: bool = False) -> None: ...


class Ears(Protocol):
    @property
    def rate(self) -> int: ...

    @property
    def channels(self) -> int: ...

    def add_tap(self, tap: Callable[..., Any]) -> None: ...


def check(streams: Sequence[str], shares: Sequence[str]) -> None:
    """UserError where an address or a way to share is no good: before anything is opened."""
    if not (streams or shares):
        return  # what these need is not to be imported before the first picture
    from .outputs.share import way
    from .outputs.stream import check_url

    for url in streams:
        check_url(url)
    for name in shares:
        way(name)


def open_outlets(
    streams: Sequence[str], shares: Sequence[str], stage: Stage, ears: Ears, alpha: bool = False
) -> list[Callable[[], str]]:
    """Stream to every address and share in every way; what tells of trouble later. The stage closes them.

    alpha   share the transparency too, where the way has one
    """
    fps = min(stage.refresh_rate, MOST_FPS)
    problems: list[Callable[[], str]] = []
    if not (streams or shares):
        return problems
    from .outputs.share import Shared, way
    from .outputs.stream import Stream

    for name in shares:
        shared = Shared(name, partial(way(name).make, NAME, stage.size, fps))
        stage.add_tap(shared, whole=alpha and way(name).alpha)
        problems.append(shared.status)
    for url in streams:
        stream = Stream(url, stage.size, fps, audio_rate=ears.rate, channels=ears.channels)
        stage.add_tap(stream, whole=True)
        ears.add_tap(stream.audio)
        problems.append(stream.status)
    return problems


def screens() -> Screens:
    """How the picture is fitted to each screen, from the user's own folder."""
    return Screens(home.config() / "screens.toml")
