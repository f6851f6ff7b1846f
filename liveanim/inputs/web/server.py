"""The web server: a thread with an event loop, from which nothing but checked events reaches the show."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from ...core.errors import UserError, brief
from ...core.model import Blend, ControlEvent, Image
from ...core.params import PARAMS, Table
from . import openapi, oscquery, remote
from .api import HUB, ROUTES, answering
from .discovery import announced
from .guard import BURST, GUESSES, GUESSES_AT_ONCE, LARGEST, RATE, Allowance, Guard, middleware
from .hub import Hub, Learned, Rows, Thumbnails

log = logging.getLogger(__name__)

PORT = 8008
PAGES = Path(__file__).with_name("pages")
_KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}


class WebRemote:
    """A `Source` of what web clients do, a sink that shows them the show, and a viewer of small pictures.

    clock    show time; presets: (name, what it says of itself)
    host     '127.0.0.1', or '0.0.0.0' for everybody on the network who has the `token`
    version  of liveanim; table: the parameters of this show; osc_port: where OSC comes in
    learned  what MIDI knobs have learned; takes, thumbnails: those there are (Hub)
    UserError when the port cannot be had (0 takes a free one: `port` tells which).
    """

    def __init__(
        self,
        clock: Callable[[], float],
        presets: Sequence[tuple[str, str]] = (),
        host: str = "127.0.0.1",
        port: int = PORT,
        token: str = "",
        version: str = "",
        table: Table = PARAMS,
        osc_port: int | None = None,
        learned: Learned = lambda: {},
        takes: Rows = lambda: [],
        thumbnails: Callable[[], Thumbnails] = Thumbnails,
    ) -> None:
        self._version, self._osc_port = version, osc_port
        self._hub = Hub(clock, presets, table, learned=learned, takes=takes, thumbnails=thumbnails)
        self._hub.answer = self._answer
        self._lines: dict[int, web.WebSocketResponse] = {}
        self._token = token
        self._socket = _open(host, port)
        self.port: int = self._socket.getsockname()[1]
        self._shown = host if host != "0.0.0.0" else own_address()
        self._problem = ""
        self._tasks: set[asyncio.Task[None]] = set()  # answers under way
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._thread.start()

    @property
    def link(self) -> str:
        """What to open in a browser; beyond this machine with the token."""
        return f"http://{self._shown}:{self.port}/" + (f"?token={self._token}" if self._token else "")

    def read(self, now: float) -> Sequence[ControlEvent]:
        """What clients did since the last call, in order. Never blocks or raises."""
        return self._hub.read(now)

    def write(self, blend: Blend, now: float) -> None:
        """Keep the frame for the clients. Never blocks or raises."""
        self._hub.write(blend, now)

    def wanted(self) -> bool:
        """Whether somebody looks at the preview."""
        return self._hub.wanted()

    def picture(self, image: Image, now: float) -> None:
        """A small picture, (height, width, 3) uint8 RGB, top row first, read-only."""
        self._hub.picture(image, now)

    def problem(self) -> str:
        """Why the remote is gone, or what of OSC could not be applied; '' while all is well."""
        return self._problem or self._hub.problem()

    def close(self) -> None:
        """Say goodbye to the clients and give the port back."""
        with contextlib.suppress(RuntimeError):  # the loop has ended by itself
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5.0)
        self._socket.close()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except Exception as error:  # noqa: BLE001  top of the thread: the show goes on without the remote
            self._problem = f"the web remote ended: {error}"
            log.warning(self._problem)
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        log.addFilter(_of_ours)
        runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=1.0, logger=log)
        await runner.setup()
        await web.SockSite(runner, self._socket).start()
        ticking = asyncio.create_task(self._hub.run())
        async with self._announced():
            await self._stop.wait()
        ticking.cancel()
        await runner.cleanup()

    def _announced(self) -> contextlib.AbstractAsyncContextManager[None]:
        if not self._token or self._osc_port is None:
            return contextlib.nullcontext()
        return announced(self._shown, self.port, self._osc_port)

    def _answer(self, packet: bytes, number: int) -> None:
        if number in self._lines:
            task = self._loop.create_task(_sent_by(self._lines[number], packet))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _app(self) -> web.Application:
        tree = oscquery.Tree(self._hub.book, self._osc_port)
        is_open = oscquery.is_open if self._osc_port is not None else (lambda request: False)
        guard = Guard(
            self._token,
            time.monotonic,
            Allowance(RATE, BURST),
            Allowance(GUESSES, GUESSES_AT_ONCE),
            is_open,
        )
        app = web.Application(middlewares=[middleware(guard)], client_max_size=LARGEST)
        app[HUB] = self._hub
        app[remote.CLIENTS] = set()
        app[oscquery.TREE], app[oscquery.LINES] = tree, self._lines
        app.on_shutdown.append(_goodbye)
        for route in ROUTES:
            app.router.add_route(route.method, route.path, answering(route))
        document = json.dumps(openapi.document(self._version, self._hub.words))
        app.router.add_get("/api/openapi.json", _text(document, "application/json"))
        page = _text(openapi.page(self._version, self._hub.words), "text/html")
        app.router.add_get("/api", page)
        app.router.add_get("/api/", page)
        app.router.add_get("/remote", remote.connect)
        app.router.add_get("/pages/{name}", _page)
        app.router.add_get("/liveanim", oscquery.answer)
        app.router.add_get("/liveanim/{path:.*}", oscquery.answer)
        app.router.add_get("/", _front)
        return app


def _of_ours(record: logging.LogRecord) -> bool:
    """Whether a line of the log is about this program: what strangers send that is no HTTP is answered, not logged."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


def own_address() -> str:
    """This machine's address on its network; '127.0.0.1' when it has none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked, contextlib.suppress(OSError):
        asked.connect(("192.0.2.1", 9))  # an address that is nobody's: only the way there is looked up
        return str(asked.getsockname()[0])
    return "127.0.0.1"


async def _goodbye(app: web.Application) -> None:
    clients, lines = app[remote.CLIENTS], app[oscquery.LINES]
    for line in (*clients, *lines.values()):
        await line.close(code=1001, message=b"the show has ended")


async def _page(request: web.Request) -> web.StreamResponse:
    path = PAGES / request.match_info["name"]
    if path.parent != PAGES or path.suffix not in _KINDS or not path.is_file():
        raise web.HTTPNotFound(reason="there is no such page")
    return _sent(path)


def _sent(path: Path) -> web.Response:
    return web.Response(
        body=path.read_bytes(), content_type=_KINDS[path.suffix], charset="utf-8" if path.suffix != ".png" else None
    )


async def _front(request: web.Request) -> web.StreamResponse:
    """The page for people, the address space for programs."""
    return await oscquery.answer(request) if oscquery.is_asked(request) else _sent(PAGES / "index.html")


async def _sent_by(line: web.WebSocketResponse, packet: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        await line.send_bytes(packet)


def _text(text: str, kind: str) -> Callable[[web.Request], Coroutine[Any, Any, web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=text, content_type=kind)

    return answer


def _open(host: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(64)
        made.setblocking(False)
    except (OSError, OverflowError) as error:
        made.close()
        reason = brief(error).lower()
        raise UserError(
            f"web remote: port {port} on {host} cannot be opened ({reason}): --web-port takes another"
        ) from None
    return made
