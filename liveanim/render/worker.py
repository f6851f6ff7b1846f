"""The render port of live shows: `ThreadRender` paints in a thread that can fail (offline: `render.inline`).

A renderer is anything with `render(request, previous)`. Its picture depends on its two arguments alone; the worker
remembers the previous picture. Every hand-over is one `Latest` slot: the newest request wins, the newest keyframe wins.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from liveanim.core.errors import UserError, brief
from liveanim.core.model import Image, Keyframe, RenderRequest, RenderStatus, frozen_image
from liveanim.mailbox import Latest
from liveanim.priority import give_way

log = logging.getLogger(__name__)

FAILURES_IN_A_ROW = 3
REST, LONGEST_REST = (
    30.0,
    480.0,
)  # s of the show after which a model that failed is tried again, twice as long each time
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


Others = Callable[[RenderRequest], Callable[[], Renderer]]
"""From a request to what loads the model that it names, warm for its size and prompts; that may raise a UserError."""


@dataclass(frozen=True, slots=True)
class _Player:
    """A renderer and the model that it was asked for as; '' for one that plays meanwhile."""

    model: str
    renderer: Renderer

    @property
    def name(self) -> str:
        return self.renderer.name


@dataclass(frozen=True, slots=True)
class _Bench:
    """Who failed, and rests until show time `until` (s), for `rest` seconds."""

    player: _Player
    until: float
    rest: float


@dataclass(frozen=True, slots=True)
class _Work:
    """What the worker thread is at: since when (perf_counter seconds) and with whom."""

    since: float
    player: _Player


class ThreadRender:
    """Paints in a thread of lower priority; the loop that owns this object never waits for it.

    `meanwhile` (a renderer that always works) plays while `load` runs in a second thread; then the loaded renderer, of
    `model`, goes on from the picture now on show. A request that names another model has that one loaded by what
    `others` makes of it: the old one goes on, painting pictures of its own size, until the first picture of the new one
    is there, and for good where that does not come about.
    Three failures in a row, or one picture that takes longer than `hang_after` seconds, and `meanwhile` plays again; a
    renderer that was only slow comes back when its picture is done, one that failed is tried again after a rest.
    Call the methods from one thread. `status().message` says in one line whatever a performer should know.
    """

    def __init__(
        self,
        load: Callable[[], Renderer] | None,
        meanwhile: Renderer,
        hang_after: float = 12.0,
        model: str = "",
        others: Others | None = None,
    ) -> None:
        self._hang_after, self._others = hang_after, others
        self._requests: Latest[RenderRequest] = Latest()
        self._done: Latest[Keyframe] = Latest()
        self._closing = threading.Event()
        self._loader = threading.Lock()  # one model is loaded at a time
        self._lock = threading.Lock()
        self._generation = 0  # guarded by the lock with all below: a stuck worker may wake up at any time
        self._previous: Image | None = None
        self._taken: RenderRequest | None = None
        self._work: _Work | None = None
        self._message = self._loading = self._refused = ""
        self._asked = 0.0  # when a model was wished for
        self._wanted, self._wishes = model, 0
        self._failures = 0
        self._meanwhile = _Player("" if load is not None else model, meanwhile)
        self._active = self._meanwhile
        self._before: _Player | None = None  # who played before, until the active one has painted
        self._bench: _Bench | None = None
        self._ready: _Player | None = None
        self._sizes: dict[str, tuple[int, int]] = {}  # of pictures, by the model that was to paint them
        self._threads: list[threading.Thread] = []
        self._start(self._paint_loop, "render", 0)
        if load is not None:
            self.reload(load, model)

    def reload(self, load: Callable[[], Renderer], model: str = "") -> None:
        """Load another renderer, of `model`, beside the show; it takes over at its first picture."""
        self._asked = time.perf_counter()
        with self._lock:
            self._wanted, self._wishes = model, self._wishes + 1
            self._loading, self._refused = f"loading {model or 'the model'}", ""
        self._start(self._load, "render-load", load, model, self._wishes)

    @property
    def loading(self) -> bool:
        """Whether a model is on its way."""
        return bool(self._loading)

    def submit(self, request: RenderRequest) -> None:
        self._watch()
        if self._others is not None and request.model != self._wanted and not self._returned(request.model):
            self.reload(self._others(request), request.model)
        self._requests.put(request)

    def taken(self) -> RenderRequest | None:
        return self._taken

    def poll(self) -> Keyframe | None:
        return self._done.take()

    def status(self) -> RenderStatus:
        self._watch()
        with self._lock:
            loading = self._loading
            if loading and (seconds := time.perf_counter() - self._asked) > LONG:
                loading += f": {seconds:.0f} s (the first time it is compiled, which takes longer)"
            message = "; ".join(filter(None, (loading or self._refused, self._message)))
            active, dropped = self._active.renderer, self._requests.dropped
            return RenderStatus(active.name, message or active.message, self._failures, dropped, active.vram)

    def close(self, deadline: float = 1.0) -> None:
        """Stop the threads; wait at most `deadline` seconds for them (a stuck or loading one dies with the program)."""
        self._closing.set()
        end = time.perf_counter() + deadline
        for thread in self._threads:
            thread.join(max(0.0, end - time.perf_counter()))
        if any(thread.is_alive() for thread in self._threads):
            log.info("a render thread did not end within %.0f s", deadline)
            return
        bench = self._bench.player if self._bench is not None else None
        players = (self._ready, self._active, self._before, bench, self._meanwhile)
        for renderer in {id(one.renderer): one.renderer for one in players if one is not None}.values():
            renderer.close()

    def _start(self, target: Callable[..., None], name: str, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, name=name, daemon=True)
        self._threads = [known for known in self._threads if known.is_alive()] + [thread]
        thread.start()

    def _watch(self) -> None:
        """Replace a worker that is stuck in one picture by a new one, with who played before or `meanwhile`."""
        work = self._work
        if work is None or work.player is self._meanwhile or self._closing.is_set():
            return
        seconds = time.perf_counter() - work.since
        if seconds < self._hang_after:
            return
        with self._lock:
            if self._work is not work:
                return  # it has just come to an end
            self._generation += 1
            self._work = None
            self._active, self._before = self._before or self._meanwhile, None
            if self._bench is not None and self._bench.player is work.player:
                self._bench = None
            self._failures += 1
            self._message = f"{work.player.name} hangs; {self._active.name} plays until it comes back"
        log.error("%s has been at one picture for %.0f s", work.player.name, seconds)
        self._start(self._paint_loop, "render", self._generation)

    # -- models that come and go

    def _returned(self, model: str) -> bool:
        """Whether a model that is wanted again is still here; then nothing is to be loaded."""
        with self._lock:
            if not self._here(model):
                return False
            self._wanted, self._wishes = model, self._wishes + 1
            self._loading = self._refused = ""
            if self._active.model == model:
                self._message = ""
            return True

    def _here(self, model: str) -> bool:
        players = self._active, self._ready, self._bench.player if self._bench is not None else None
        return bool(model) and any(player is not None and player.model == model for player in players)

    def _load(self, load: Callable[[], Renderer], model: str, wish: int) -> None:
        """Thread 'render-load': makes one renderer and hands it over, unless it is no longer wanted."""
        give_way()
        with self._loader:
            with self._lock:
                if wish != self._wishes or self._here(model) or self._closing.is_set():
                    return
            try:
                renderer = load()
            except UserError as error:
                self._refuse(str(error), wish)
            except Exception as error:  # top of the thread: whatever a model does, the show goes on
                log.exception("%s could not be loaded", model or "the model")
                self._refuse(f"{model or 'the model'} could not be loaded ({brief(error, kind=True)})", wish)
            else:
                self._offer(_Player(model, renderer))

    def _refuse(self, why: str, wish: int) -> None:
        with self._lock:
            if wish == self._wishes:
                self._loading, self._refused = "", f"{why}; {self._active.name} goes on"

    def _offer(self, player: _Player) -> None:
        """`player` may take over, if its model is (still) wanted."""
        with self._lock:
            unused: _Player | None = player
            if player.model == self._wanted:
                unused, self._ready, self._loading = self._ready, player, ""
        _close(unused)

    def _take_over(self, now: float) -> _Player:
        """Who is to paint at show time `now`: a newly loaded one, or one that has rested; else who painted last."""
        with self._lock:
            fresh, self._ready = self._ready, None
            bench, gone = self._bench, [fresh]
            if fresh is not None and fresh.model == self._wanted:
                old, self._active, self._bench, self._message = self._active, fresh, None, ""
                gone = [old, bench.player if bench is not None else None]
                if self._before is None and old is not self._meanwhile:
                    self._before = old
                gone = [one for one in gone if one not in (fresh, self._before, self._meanwhile)]
            elif bench is not None and now >= bench.until:
                self._active = bench.player
            active = self._active
        _close(*gone)
        return active

    # -- painting

    def _paint_loop(self, generation: int) -> None:
        """Thread 'render': takes the newest request, paints it, hands the keyframe over; owns the active renderer."""
        give_way()
        in_a_row = 0
        while not self._closing.is_set() and generation == self._generation:
            request = self._requests.take(0.05)
            if request is None or (self._taken is not None and request.index <= self._taken.index):
                continue  # nothing asked, or wished again for a picture already begun
            player = self._take_over(request.time)
            try:
                keyframe = self._paint(player, request, generation)
            except Exception as error:  # noqa: BLE001 (top of the thread: keep the last picture, say so, go on)
                in_a_row = self._failed(player, error, in_a_row + 1, request.time, generation)
            else:
                if keyframe is None:
                    self._offer(player)  # this worker was replaced while it was stuck
                    return
                old = self._well(player, in_a_row > 0)
                in_a_row = 0
                self._done.put(keyframe)
                _close(old)

    def _paint(self, player: _Player, request: RenderRequest, generation: int) -> Keyframe | None:
        with self._lock:
            if player.model == request.model:
                self._sizes[player.model] = request.size
            elif player.model:  # pictures of the other size are for the model that is on its way
                request = replace(request, size=self._sizes.get(player.model, request.size))
            self._taken = request
            self._work = _Work(time.perf_counter(), player)
            previous = None if request.fresh else self._previous
        keyframe = player.renderer.render(request, previous)
        with self._lock:
            if generation != self._generation:
                return None
            self._work = None
            self._previous = frozen_image(keyframe.image)
        return keyframe

    def _well(self, player: _Player, failed: bool) -> _Player | None:
        """`player` has painted; `failed`: before that it could not. Who is no longer needed."""
        old = None
        with self._lock:
            if player is self._active:
                old, self._before = self._before, None
            rested = self._bench is not None and self._bench.player is player
            if rested:
                self._bench = None
            if rested or (failed and self._bench is None):
                self._message = ""
        return old

    def _failed(self, player: _Player, error: Exception, in_a_row: int, now: float, generation: int) -> int:
        """How often in a row whoever paints next has failed."""
        if in_a_row == 1:
            log.error("%s failed to paint", player.name, exc_info=error)
        gone = None
        with self._lock:
            self._failures += 1
            again = self._bench is not None and self._bench.player is player
            stuck = generation != self._generation  # it has failed at last: another worker plays
            if not stuck:
                self._work = None
                self._message = f"{player.name}: {brief(error, kind=True)}; the last picture stays"
            if stuck or (player is not self._meanwhile and (again or in_a_row >= FAILURES_IN_A_ROW)):
                times = "again" if again else f"{in_a_row} times" if in_a_row > 1 else ""
                gone = self._give_up(
                    player, " ".join(f"{player.name} failed {times} ({brief(error, kind=True)})".split()), now
                )
                in_a_row = 0
        _close(gone)
        return in_a_row

    def _give_up(self, player: _Player, why: str, now: float) -> _Player | None:
        """Another plays instead: who played before, or `meanwhile` until `player` has rested. Who is to be closed."""
        if player is self._active:
            self._active, self._before = self._before or self._meanwhile, None
        if self._active is not self._meanwhile:
            self._message = ""
            if player.model == self._wanted:
                self._refused = f"{why}; {self._active.name} goes on"
            return player
        bench = self._bench
        rest = min(2 * bench.rest, LONGEST_REST) if bench is not None and bench.player is player else REST
        self._bench = _Bench(player, now + rest, rest)
        self._message = f"{why}; {self._active.name} plays, the next try is in {rest:.0f} s"
        return None


def _close(*players: _Player | None) -> None:
    for player in players:
        if player is not None:
            player.renderer.close()
