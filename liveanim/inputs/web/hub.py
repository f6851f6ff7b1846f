"""What the web server knows of the show and hands to it: between the loop's thread and the server's."""

from __future__ import annotations

import asyncio
import contextlib
import io
import threading
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from PIL import Image as Pictures

from ...core.gauges import FrameRate, Peaks
from ...core.model import Blend, ControlEvent, Image
from ...core.params import PARAMS, Table
from ..osc import OscReader
from ..oscnames import Book
from ..pending import Pending
from ..readback import told_of
from .events import Vocabulary
from .state import MOST_HISTORY, State, difference, state_of

RATE = 30.0  # Hz: how often clients are told what changed
LOOKING = 1.0  # s a picture is still made for after somebody asked for one
QUALITY = 72  # of the preview's JPEG
THUMBNAILS = "/api/thumbnails/"

Clock = Callable[[], float]
Rows = Callable[[], Sequence[Mapping[str, Any]]]
Learned = Callable[[], Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """Small pictures of presets, and of their scenes.

    addresses  of those of 'preset' and 'preset/scene': another picture has another address
    webp       the pictures by what follows THUMBNAILS in their addresses
    """

    addresses: Mapping[str, str] = field(default_factory=dict)
    webp: Mapping[str, bytes] = field(default_factory=dict)


class Hub:
    """`write`, `picture`, `wanted` and `read` belong to the loop, everything else to the server's thread.

    clock    show time; presets: the first names, and what they say of themselves; table, book: of this show
    takes    the takes there are, as rows for JSON; may look at the disk
    learned  what knobs have learned, as rows for JSON by a name of their own; the same mapping while nothing changes
    thumbnails  those there are
    """

    def __init__(
        self,
        clock: Clock,
        presets: Sequence[tuple[str, str]] = (),
        table: Table = PARAMS,
        book: Book | None = None,
        learned: Learned = lambda: {},
        takes: Rows = lambda: [],
        thumbnails: Callable[[], Thumbnails] = Thumbnails,
    ) -> None:
        self.takes, self.thumbnails = takes, thumbnails
        self._learned = learned
        self.clock, self.presets = clock, tuple(presets)
        self.book = book or Book(table)
        self.words = Vocabulary(table, self.book, self.preset_names, self._frame)
        self.answer: Callable[[bytes, int], None] = lambda packet, line: None
        """What takes an OSC answer back to the line its question came by."""
        self._osc = OscReader(
            clock,
            self._values,
            lambda packet, who: self.answer(packet, who[1]),
            self.preset_names,
            self.book,
            frame=self._frame,
        )
        self._pending = Pending()
        self._lock = threading.Lock()
        self._blend: Blend | None = None
        self._rate, self._peaks = FrameRate(), Peaks()
        self._state: State = {}
        self._told: Blend | None = None
        self._history: tuple[str, ...] = ()
        self._texts: tuple[str, ...] = ()
        self._tick, self._soon = asyncio.Event(), asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._played = False  # whether the next frame has what a client did
        self._followers = 0
        self._image: Image | None = None
        self._jpeg: tuple[Image, bytes] | None = None
        self._looked = -LOOKING

    # the loop's thread

    def write(self, blend: Blend, now: float) -> None:
        """Keep the frame for whoever asks."""
        self._remember(blend.status.prompts)
        with self._lock:
            self._blend = blend
            self._rate.frame(now)
            self._peaks.hold(blend.signals)
        if self._played and self._loop is not None:
            self._played = False
            with contextlib.suppress(RuntimeError):  # the server has ended
                self._loop.call_soon_threadsafe(self._soon.set)

    def read(self, now: float) -> list[ControlEvent]:
        """What clients did since the last call, or put off until `now`."""
        events = [*self._pending.take(), *self._osc.read(now)]
        self._played = self._played or bool(events)
        return events

    def problem(self) -> str:
        """The newest OSC packet that was not applied, for a while; else ''."""
        return self._osc.problem()

    def wanted(self) -> bool:
        """Whether somebody is looking at the preview."""
        return time.monotonic() - self._looked < LOOKING

    def picture(self, image: Image, now: float) -> None:
        """A small picture for the preview: (height, width, 3) uint8 RGB, top row first, read-only."""
        self._image = image

    # the server's thread

    def play(self, target: object, value: object) -> None:
        """Check what a client wants and give it to the show. Raises BadEvent."""
        self.play_all([(target, value)])

    def play_all(self, rows: Sequence[tuple[object, object]]) -> None:
        """Several of them, all or none. Raises BadEvent."""
        now = self.clock()
        for event in [self.words.event(target, value, now, self.names) for target, value in rows]:
            self._pending.put(event)

    def packet(self, packet: bytes, line: int) -> None:
        """Take in an OSC packet that came by `line`."""
        self._osc.packet(packet, ("a web client", line), self.clock())

    @property
    def names(self) -> Set[str]:
        """The modulators of the preset that plays: variables of expressions besides those of every show."""
        return frozenset() if self._blend is None else self._blend.modulators.keys()

    def preset_names(self) -> Sequence[str]:
        """The presets that can be played now: one that is saved is another."""
        return (() if self._blend is None else self._blend.status.presets) or [name for name, _ in self.presets]

    def _frame(self) -> Blend | None:
        return self._blend

    def _values(self) -> Mapping[str, float | str]:
        return {} if self._blend is None else told_of(self._blend)

    def state(self) -> State:
        """The newest frame as JSON; empty before the first. The same for everybody who follows."""
        return self._state if self._followers else self._fresh_state()

    async def run(self) -> None:
        """Wakes those who follow, RATE times a second, and at once when a frame has what one of them did. Runs as long
        as the server."""
        self._loop = asyncio.get_running_loop()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1 / RATE):
                    await self._soon.wait()
            self._soon.clear()
            if self._followers:
                self._fresh_state()
                self._tick.set()
                self._tick = asyncio.Event()

    async def follow(self, ready: Callable[[], bool] = lambda: True) -> AsyncGenerator[dict[str, dict[str, Any]]]:
        """The whole state, then at every tick what changed in it: {} when nothing did, or while it is not `ready`.

        Whoever skips ticks is told all at once.
        """
        told: State = {}
        self._followers += 1
        try:
            self._fresh_state()
            while True:
                if ready():
                    state = self._state
                    yield difference(told, state)
                    told = state
                else:
                    yield {}
                await self._tick.wait()
        finally:
            self._followers -= 1

    def _fresh_state(self) -> State:
        with self._lock:
            blend = self._blend
            if blend is None or blend is self._told:
                return self._state
            self._told, peaks, fps = blend, self._peaks.take(), self._rate.fps
        plain = state_of(blend, self.words.table, peaks, fps, self._history)
        self._state = {**plain, "learned": self._learned(), "thumbnails": self.thumbnails().addresses}
        return self._state

    def jpeg(self) -> bytes | None:
        """The newest preview, the same bytes until there is a new one; None before. Asking keeps it coming."""
        self._looked = time.monotonic()
        image = self._image
        if image is None:
            return None
        if self._jpeg is None or self._jpeg[0] is not image:
            kept = io.BytesIO()
            Pictures.fromarray(image).save(kept, "JPEG", quality=QUALITY)
            self._jpeg = image, kept.getvalue()
        return self._jpeg[1]

    def _remember(self, texts: tuple[str, ...]) -> None:
        """Texts that were played, the newest first."""
        if texts == self._texts:
            return
        self._texts = texts
        for text in filter(None, texts):
            self._history = (text, *(old for old in self._history if old != text))[:MOST_HISTORY]


def preset_rows(hub: Hub) -> list[Mapping[str, Any]]:
    """The presets for JSON, in the order of their numbers; with the addresses of their thumbnails, None for none."""
    abouts, addresses = dict(hub.presets), hub.thumbnails().addresses
    return [
        {"number": n, "name": name, "about": abouts.get(name, ""), "thumbnail": addresses.get(name)}
        for n, name in enumerate(hub.preset_names(), 1)
    ]
