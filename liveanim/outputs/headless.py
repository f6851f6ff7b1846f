"""The stage without a screen: the same compositor on an EGL context, for offline rendering and bare machines."""

from __future__ import annotations

from liveanim.core.model import Blend, Image

from .compositor import Compositor
from .context import headless_context
from .preview import RATE, WIDTH, Viewer
from .taps import Tap, TapFeed


class Headless:
    """A stage sink of `size` (width, height) pixels without a window. Pictures reach the taps at once.

    live                    nothing stops it, and quick rather than exact where processors draw (see Compositor)
    refresh_rate, max_fps   what a live show without a screen is paced to (Hz)
    """

    refresh_rate = max_fps = 30.0

    def __init__(self, size: tuple[int, int], flash_limit: bool = True, live: bool = False) -> None:
        self.size = size
        self._ctx = headless_context()
        with self._ctx:
            self.compositor = Compositor(self._ctx, size, flash_limit, live)
        self._feed = TapFeed(self.compositor, later=False)
        self._last: float | None = None

    def add_tap(self, tap: Tap, whole: bool = False) -> None:
        """Give `tap` every picture (the `whole`: with its transparency) from now on; it is closed with the stage."""
        self._feed.add(tap, whole)

    def remove_tap(self, tap: Tap) -> None:
        self._feed.remove(tap)

    def show_to(self, viewer: Viewer, width: int = WIDTH, rate: float = RATE) -> None:
        """Small pictures for `viewer`, while it looks: at most so wide (pixels), and so many a second."""
        with self._ctx:
            self._feed.show(self._ctx, viewer, width, rate)

    def write(self, blend: Blend, now: float) -> None:
        """Draw `blend` for show time `now` (s) and hand the picture to the taps."""
        dt = now - self._last if self._last is not None else 1 / 60
        self._last = now
        # Current for as long as it draws: other stages may live on this thread.
        with self._ctx:
            self.compositor.draw(blend, dt)
            self._feed.taken(now)

    def read(self) -> Image:
        """The picture last drawn."""
        with self._ctx:
            return self.compositor.read()

    def close(self) -> None:
        with self._ctx:
            self._feed.close()
            self.compositor.release()
        self._ctx.release()
