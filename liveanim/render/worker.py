"""The render port of live shows: `ThreadRender` paints in a thread that can fail (offline: `render.inline`).

A renderer is anything with `render(request, previous)`. Its picture depends on its two arguments alone; the worker
remembers the previous picture. Every hand-over is one `Latest` slot: the newest request wins, the newest keyframe wins.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from liveanim.core.errors import UserError, brief
from liveanim.core.model import Image, Keyframe, RenderRequest, RenderStatus, frozen_image
from liveanim.mailbox import Latest
from liveanim.priority import give_way

log = logging.getLogger(__name__)

FAILURES_IN_A_ROW = 3
LOADING = "loading the model"
LONG = 5.0  # s after which it is said how long that takes already


class Renderer(Protocol):
    """Paints keyframes. One thread at a time calls it.

    name      shown to the performer: 'ember', 'paint'
    message   one line about its state ('' when all is well), read from any thread
    vram      bytes of the graphics card's memory that are taken, and that there are; zeros without a card. Any thread
    """

    name: str
    message: str
    vram: tuple[float, float]

    def render(self, request: RenderRequest, previous: Image | None) -> Keyframe:
        """The picture of `request`; the same arguments give the same bytes. `previous` may have another size."""

    def close(self) -> None:
        """Give devices and memory back."""


@dataclass(frozen=True, slots=True)
class _Work:
    """What the worker thread is at: since when (perf_counter seconds) and with which renderer."""

    since: float
    renderer: Renderer


class ThreadRender:
    """Paints in a thread of lower priority; the loop that owns this object never waits for it.

    `meanwhile` (a renderer that always works) plays while `load` runs in a second thread; then the loaded renderer goes
    on from the picture now on show. Three failures in a row, or one picture that takes longer than `hang_after`
    seconds, and `meanwhile` plays again; a renderer that was only slow comes back when its picture is done.
    Call the methods from one thread. `status().message` says in one line whatever a performer should know.
    """

    def __init__(self, load: Callable[[], Renderer] | None, meanwhile: Renderer, hang_after: float = 12.0) -> None:
        self._meanwhile = meanwhile
        self._hang_after = hang_after
        self._requests: Latest[RenderRequest] = Latest()
        self._done: Latest[Keyframe] = Latest()
        self._ready: Latest[Renderer] = Latest()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._generation = 0  # guarded by the lock with the five below: a stuck worker may wake up at any time
        self._previous: Image | None = None
        self._taken: RenderRequest | None = None
        self._work: _Work | None = None
        self._message = ""
        self._asked = 0.0  # when a model was wished for
        self._failures = 0
        self._active = meanwhile
        self._threads: list[threading.Thread] = []
        self._start(self._paint_loop, "render", 0)
        if load is not None:
            self.reload(load)

    def reload(self, load: Callable[[], Renderer]) -> None:
        """Load another renderer beside the show; it takes over at its first picture."""
        self._asked = time.perf_counter()
        self._say(LOADING)
        self._start(self._load, "render-load", load)

    @property
    def loading(self) -> bool:
        """Whether a model is on its way."""
        return self._message == LOADING

    def submit(self, request: RenderRequest) -> None:
        self._watch()
        self._requests.put(request)

    def taken(self) -> RenderRequest | None:
        return self._taken

    def poll(self) -> Keyframe | None:
        return self._done.take()

    def status(self) -> RenderStatus:
        self._watch()
        with self._lock:
            message = self._message or self._active.message
            if message == LOADING and (seconds := time.perf_counter() - self._asked) > LONG:
                message = f"{LOADING}: {seconds:.0f} s (the first time it is compiled, which takes longer)"
            active, dropped = self._active, self._requests.dropped
            return RenderStatus(active.name, message, self._failures, dropped, active.vram)

    def close(self, deadline: float = 1.0) -> None:
        """Stop the threads; wait at most `deadline` seconds for them (a stuck or loading one dies with the program)."""
        self._closing.set()
        end = time.perf_counter() + deadline
        for thread in self._threads:
            thread.join(max(0.0, end - time.perf_counter()))
        if any(thread.is_alive() for thread in self._threads):
            log.info("a render thread did not end within %.0f s", deadline)
            return
        unused = self._ready.take()
        for renderer in {id(r): r for r in (unused, self._active, self._meanwhile) if r is not None}.values():
            renderer.close()

    def _start(self, target: Callable[..., None], name: str, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, name=name, daemon=True)
        self._threads = [known for known in self._threads if known.is_alive()] + [thread]
        thread.start()

    def _say(self, message: str) -> None:
        with self._lock:
            self._message = message

    def _watch(self) -> None:
        """Replace a worker that is stuck in one picture by a new one that plays `meanwhile`."""
        work = self._work
        if work is None or work.renderer is self._meanwhile or self._closing.is_set():
            return
        seconds = time.perf_counter() - work.since
        if seconds < self._hang_after:
            return
        with self._lock:
            if self._work is not work:
                return  # it has just come to an end
            self._generation += 1
            self._work = None
            self._active = self._meanwhile
            self._failures += 1
            self._message = f"{work.renderer.name} hangs; {self._meanwhile.name} plays until it comes back"
        log.error("%s has been at one picture for %.0f s", work.renderer.name, seconds)
        self._start(self._paint_loop, "render", self._generation)

    def _load(self, load: Callable[[], Renderer]) -> None:
        """Thread 'render-load': makes one renderer and hands it over. Touches nothing else."""
        give_way()
        try:
            renderer = load()
        except UserError as error:
            self._say(str(error))
        except Exception as error:  # top of the thread: whatever a model does, the show goes on
            log.exception("the model could not be loaded")
            self._say(f"the model could not be loaded ({brief(error, kind=True)}); {self._meanwhile.name} plays")
        else:
            self._ready.put(renderer)

    def _paint_loop(self, generation: int) -> None:
        """Thread 'render': takes the newest request, paints it, hands the keyframe over; owns the active renderer."""
        give_way()
        in_a_row = 0
        while not self._closing.is_set() and generation == self._generation:
            request = self._requests.take(0.05)
            if request is None or (self._taken is not None and request.index <= self._taken.index):
                continue  # nothing asked, or wished again for a picture already begun
            renderer = self._take_over()
            try:
                keyframe = self._paint(renderer, request, generation)
            except Exception as error:  # noqa: BLE001 (top of the thread: keep the last picture, say so, go on)
                in_a_row += 1
                self._failed(renderer, error, in_a_row, generation)
            else:
                in_a_row = 0
                if keyframe is None:
                    self._ready.put(renderer)  # this worker was replaced while it was stuck
                else:
                    self._done.put(keyframe)

    def _take_over(self) -> Renderer:
        """The renderer to use now; a newly loaded one replaces the old one, which is closed."""
        fresh = self._ready.take()
        if fresh is None:
            return self._active
        with self._lock:
            old, self._active, self._message = self._active, fresh, ""
        if old is not self._meanwhile and old is not fresh:
            old.close()
        return fresh

    def _paint(self, renderer: Renderer, request: RenderRequest, generation: int) -> Keyframe | None:
        with self._lock:
            self._taken = request
            self._work = _Work(time.perf_counter(), renderer)
            previous = None if request.fresh else self._previous
        keyframe = renderer.render(request, previous)
        with self._lock:
            if generation != self._generation:
                return None
            self._work = None
            self._previous = frozen_image(keyframe.image)
        return keyframe

    def _failed(self, renderer: Renderer, error: Exception, in_a_row: int, generation: int) -> None:
        if in_a_row == 1:
            log.error("%s failed to paint", renderer.name, exc_info=error)
        with self._lock:
            self._failures += 1
            if generation != self._generation:
                return
            self._work = None
            self._message = f"{renderer.name}: {brief(error, kind=True)}; the last picture stays"
            if in_a_row >= FAILURES_IN_A_ROW and renderer is not self._meanwhile:
                self._active = self._meanwhile
                why = brief(error, kind=True)
                self._message = f"{renderer.name} failed {in_a_row} times ({why}); {self._active.name} plays"
