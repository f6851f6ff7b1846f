"""Hands the pictures of a stage to whoever wants them: the video writer, the contact sheet, tests."""

from __future__ import annotations

from typing import Protocol

import moderngl
import numpy as np

from liveanim.core.model import Image

from .compositor import Compositor
from .preview import RATE, WIDTH, Preview, Viewer


class Tap(Protocol):
    """Gets every picture drawn, with its show time, before the HUD is put over it."""

    def picture(self, image: Image, now: float) -> None:
        """`image` (height, width, 3) uint8 RGB, top row first, read-only: keep it as long as you like.

        Taps that ask for the `whole` get (height, width, 4), the light that is there and how opaque it is; it lies in
        one piece, which the others' pictures do not.
        """

    def close(self) -> None:
        """No more pictures will come."""


class TapFeed:
    """The taps of one compositor.

    With `later`, a picture is fetched from the card while the next is drawn, and handed on one frame late with its own
    time: the drawing never waits for the bus. Without, it is handed on at once. All four channels are fetched: to
    leave one out the card (or the processor that stands in for it) would have to copy pixel by pixel.
    """

    def __init__(self, compositor: Compositor, later: bool) -> None:
        self._compositor, self._later = compositor, later
        self._taps: dict[Tap, bool] = {}  # whether it gets the whole
        self._buffers: list[moderngl.Buffer] = []
        self._waiting: float | None = None
        self._previews: dict[tuple[int, float], Preview] = {}

    def show(self, ctx: moderngl.Context, viewer: Viewer, width: int = WIDTH, rate: float = RATE) -> None:
        """Small pictures for `viewer`, too, while it looks: of that width in pixels at most, so many a second."""
        if (width, rate) not in self._previews:
            self._previews[width, rate] = Preview(ctx, self._compositor, width, rate)
        self._previews[width, rate].viewers.append(viewer)

    def add(self, tap: Tap, whole: bool = False) -> None:
        self._taps[tap] = whole

    def remove(self, tap: Tap) -> None:
        """Forget `tap` (it is not closed); does nothing when it is not there."""
        self._taps.pop(tap, None)

    def taken(self, now: float) -> None:
        """The picture for show time `now` has been drawn."""
        for preview in self._previews.values():
            preview.taken(now)
        if not self._taps:
            self._waiting = None
            return
        if not self._later:
            self._hand_on(self._compositor.read_whole(), now)
            return
        self._flush()
        if not self._buffers:
            width, height = self._compositor.size
            self._buffers = [self._compositor.framebuffer.ctx.buffer(reserve=width * height * 4)]
        self._compositor.framebuffer.read_into(self._buffers[0], components=4, alignment=1)
        self._waiting = now

    def close(self) -> None:
        """Hand on what is waiting and close every tap."""
        if self._taps:
            self._flush()
        for tap in self._taps:
            tap.close()
        self._taps.clear()
        for preview in self._previews.values():
            preview.release()
        for buffer in self._buffers:
            buffer.release()
        self._buffers.clear()

    def _flush(self) -> None:
        if self._waiting is None:
            return
        width, height = self._compositor.size
        image: Image = np.frombuffer(self._buffers[0].read(), dtype=np.uint8).reshape(height, width, 4)
        now, self._waiting = self._waiting, None
        self._hand_on(image, now)

    def _hand_on(self, image: Image, now: float) -> None:
        for tap, whole in tuple(self._taps.items()):  # one may leave meanwhile
            tap.picture(image if whole else image[..., :3], now)
