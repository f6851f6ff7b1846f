"""OSCQuery: the address space as JSON over HTTP, values and OSC packets over a WebSocket, on the remote's own port.

After the proposal at github.com/Vidvox/OSCQueryProposal. Programs list everything by themselves and show where it
stands. Leaves are the addresses one would put on a fader; `/raw`, `/release` and `/expression` work all the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import WSMsgType, web

from .. import oscwire
from ..oscnames import ROOT, Address, Book
from .api import HUB
from .guard import LARGEST, problem
from .hub import Hub

ATTRIBUTES = ("FULL_PATH", "CONTENTS", "ACCESS", "TYPE", "VALUE", "RANGE", "CLIPMODE", "DESCRIPTION", "UNIT")
_EXTENSIONS = ("ACCESS", "VALUE", "RANGE", "DESCRIPTION", "UNIT", "CLIPMODE", "LISTEN")
MOST_LISTENED = 2000
MOST_LINES = 32
_WRITE, _BOTH = 2, 3  # ACCESS: only set, or read as well
_SILENCE = 15.0  # s
Json = dict[str, Any]


class Tree:
    """The address space of one show. osc_port: where its OSC socket is; None: only the WebSocket takes packets."""

    def __init__(self, book: Book, osc_port: int | None) -> None:
        kept = [row for row in book.addresses.values() if row.kind not in ("raw", "release", "expression")]
        inner = {row.path.rpartition("/")[0] for row in kept}  # programs take what holds others for a folder
        self.leaves = {row.path: row for row in kept if row.path not in inner}
        self._osc_port = osc_port
        self._inside: dict[str, dict[str, None]] = {}  # path -> the names in it, in order
        for path in self.leaves:
            parts = path.split("/")
            for n in range(1, len(parts)):
                self._inside.setdefault("/".join(parts[:n]) or "/", {})[parts[n]] = None

    def host(self) -> Json:
        """HOST_INFO."""
        info: Json = {"NAME": "liveanim", "EXTENSIONS": dict.fromkeys(_EXTENSIONS, True)}
        if self._osc_port is not None:
            info |= {"OSC_PORT": self._osc_port, "OSC_TRANSPORT": "UDP"}
        return info

    def node(self, path: str, hub: Hub) -> Json | None:
        """What is at `path` and in it; None when nothing is."""
        if path in self.leaves:
            return self._leaf(self.leaves[path], hub)
        if path not in self._inside:
            return None
        base = "" if path == "/" else path
        contents = {name: self.node(f"{base}/{name}", hub) for name in self._inside[path]}
        return {"FULL_PATH": path, "ACCESS": 0, "CONTENTS": contents}

    def _leaf(self, row: Address, hub: Hub) -> Json:
        value = value_of(row, hub)
        leaf: Json = {
            "FULL_PATH": row.path,
            "DESCRIPTION": row.doc,
            "TYPE": row.types or "I",
            "ACCESS": _WRITE if value is None else _BOTH,
        }
        if isinstance(value, bool):
            leaf["TYPE"] = "T" if value else "F"
        if value is not None:
            leaf["VALUE"] = [value]
        if row.range is not None and row.types == "f":
            leaf |= {"RANGE": [{"MIN": row.range[0], "MAX": row.range[1]}], "CLIPMODE": ["both"]}
        if row.target == "do.preset":
            leaf["RANGE"] = [{"VALS": list(hub.preset_names())}]
        if row.target == "do.scene":
            leaf["RANGE"] = [{"VALS": list(hub.state().get("status", {}).get("scenes", []))}]
        return leaf


def value_of(row: Address, hub: Hub) -> float | str | bool | None:
    """Where `row` stands; None for what can only be done."""
    state: Mapping[str, Mapping[str, Any]] = hub.state()
    if row.spec is not None and row.kind == "value":
        live = state.get("values", {}).get(row.spec.name, row.spec.default)
        place = row.spec.to_unit(state.get("knobs", {}).get(row.spec.name, live))  # a fader stands where it was put
        return place > 0.5 if row.types == "T" else round(place, 5)
    if row.kind == "text":
        return str(state.get("prompts", {}).get(row.target.removeprefix("prompt."), ""))
    if row.target in ("do.preset", "do.scene"):
        return str(state.get("status", {}).get(row.target.removeprefix("do."), ""))
    if row.target == "do.bpm":
        return float(state.get("signals", {}).get("bpm") or 0.0)
    return None


TREE = web.AppKey("tree", Tree)
LINES = web.AppKey("lines", dict[int, web.WebSocketResponse])


def is_asked(request: web.Request) -> bool:
    """Whether a request for '/' means this: a browser asks for text/html."""
    return (
        "HOST_INFO" in request.query
        or request.headers.get("Upgrade", "").lower() == "websocket"
        or ("text/html" not in request.headers.get("Accept", "") and "token" not in request.query)
    )


async def answer(request: web.Request) -> web.StreamResponse:
    """A node, one of its attributes, HOST_INFO, or a line for as long as a client stays."""
    if request.headers.get("Upgrade", "").lower() == "websocket":
        return await _connect(request)
    tree, hub = request.app[TREE], request.app[HUB]
    asked = next(iter(request.query), "")
    if asked == "HOST_INFO":
        return web.json_response(tree.host())
    path = request.path.rstrip("/") or "/"
    node = tree.node(path, hub)
    if node is None:
        return problem(404, f"there is no address {path[:200]!r}")
    if not asked:
        return web.json_response(node)
    if asked not in ATTRIBUTES:
        return problem(400, f"unknown attribute {asked[:40]!r}")
    return web.json_response({asked: node[asked]}) if asked in node else web.Response(status=204)


async def _connect(request: web.Request) -> web.StreamResponse:
    lines = request.app[LINES]
    if len(lines) >= MOST_LINES:
        return problem(503, f"{MOST_LINES} clients listen already")
    line = web.WebSocketResponse(heartbeat=_SILENCE, max_msg_size=LARGEST)
    await line.prepare(request)
    number = max(lines, default=0) + 1
    lines[number] = line
    client = _Listener(request.app[TREE], request.app[HUB], line)
    telling = asyncio.create_task(client.tell())
    try:
        async for message in line:
            if message.type is WSMsgType.BINARY:
                request.app[HUB].packet(message.data, number)
            elif message.type is WSMsgType.TEXT:
                client.heard(message.data)
    finally:
        del lines[number]
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
    return line


class _Listener:
    """Tells one client the values it listens to, as they change."""

    def __init__(self, tree: Tree, hub: Hub, line: web.WebSocketResponse) -> None:
        self._tree, self._hub, self._line = tree, hub, line
        self._told: dict[str, float | str | bool | None] = {}

    def heard(self, text: str) -> None:
        """LISTEN or IGNORE; anything else means nothing to us."""
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            return
        if not isinstance(said, dict) or not isinstance(path := said.get("DATA"), str):
            return
        if said.get("COMMAND") == "LISTEN" and path in self._tree.leaves and len(self._told) < MOST_LISTENED:
            self._told.setdefault(path, None)
        elif said.get("COMMAND") == "IGNORE":
            self._told.pop(path, None)

    async def tell(self) -> None:
        with contextlib.suppress(ConnectionError):
            async with contextlib.aclosing(self._hub.follow()) as ticks:
                async for _ in ticks:
                    for path, told in list(self._told.items()):
                        value = value_of(self._tree.leaves[path], self._hub)
                        if value is not None and value != told:
                            self._told[path] = value
                            await self._line.send_bytes(oscwire.message(path, value))


def is_open(request: web.Request) -> bool:
    """Whether a request is for the address space only: as open as the OSC socket is."""
    return request.path.startswith(ROOT + "/") or request.path == ROOT or (request.path == "/" and is_asked(request))
