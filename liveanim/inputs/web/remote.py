"""The page's own line to the show: one WebSocket, JSON both ways, pictures as binary messages.

client -> server   {"target": ..., "value": ...}            a control event
                   {"check": {"target": ..., "text": ...}, "id": n}   try an expression
                   {"drawn": true}                          the last changes are on the screen: ready for more
                   {"look": true | false}, {"seen": true}   pictures on and off; ready for the next one
server -> client   {"hello": ...} once, then what changes in the state, section by section
                   {"checked": ..., "id": n}, {"refused": reason, "target": ..., "column": n}
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import WSMsgType, web

from .api import HUB, parameter
from .check import check
from .events import BadEvent
from .guard import LARGEST, Allowance, problem
from .hub import Hub, preset_rows

MOST_CLIENTS = 32
RATE, BURST = 400.0, 800.0  # messages a second of one client
KEEP = 60  # ticks without a change after which that is said
SLOWEST = 1.0  # s after which changes are told though the last ones are not drawn: nobody looks at that page now
SILENCE = 8.0  # s without a sign of life after which a client is given up
CLIENTS = web.AppKey("clients", set[web.WebSocketResponse])


async def connect(request: web.Request) -> web.StreamResponse:
    """A client for as long as it stays."""
    clients = request.app[CLIENTS]
    if len(clients) >= MOST_CLIENTS:
        return problem(503, f"{MOST_CLIENTS} clients play already")
    line = web.WebSocketResponse(heartbeat=SILENCE, max_msg_size=LARGEST)
    try:
        await line.prepare(request)
    except ConnectionError:  # the page went away meanwhile
        return web.Response()
    clients.add(line)
    client = _Client(request.app[HUB], line)
    telling = asyncio.create_task(client.tell())
    try:
        await client.listen()
    finally:
        clients.discard(line)
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
    return line


def hello(hub: Hub) -> dict[str, Any]:
    """What stays the same during a show."""
    return {
        "parameters": [parameter(row, {}) for row in hub.words.table.values()],
        "presets": preset_rows(hub),
        "actions": {name: [action.takes, action.doc] for name, action in hub.words.actions.items()},
    }


class _Client:
    def __init__(self, hub: Hub, line: web.WebSocketResponse) -> None:
        self._hub, self._line = hub, line
        self._allowance = Allowance(RATE, BURST, most=1)
        self._looking = self._ready = False
        self._drawn, self._told_at = True, 0.0

    async def tell(self) -> None:
        """Say what changes; send a picture when the client is ready for another."""
        shown: bytes | None = None
        silent = 0
        clock = asyncio.get_running_loop().time
        with contextlib.suppress(ConnectionError):  # the client went away: `listen` ends too
            await self._line.send_json({"hello": hello(self._hub)})
            async with contextlib.aclosing(self._hub.follow(self._may_tell)) as changes:
                async for change in changes:
                    silent = 0 if change else silent + 1
                    if change or silent % KEEP == 0:  # an empty one: the client knows that the line is up
                        self._drawn, self._told_at = not change, clock()
                        await self._line.send_json(change)
                    picture = self._hub.jpeg() if self._looking else None
                    if picture is not None and picture is not shown and self._ready:
                        shown, self._ready = picture, False
                        await self._line.send_bytes(picture)

    def _may_tell(self) -> bool:
        """A slow page must not be sent more than it can draw: it would fall behind for good."""
        return self._drawn or asyncio.get_running_loop().time() - self._told_at > SLOWEST

    async def listen(self) -> None:
        """Take in what the client says until it goes away."""
        loop = asyncio.get_running_loop()
        async for message in self._line:
            if message.type is not WSMsgType.TEXT:
                continue
            if not self._allowance.take("", loop.time()):
                continue
            answer = self._heard(message.data)
            if answer is not None:
                with contextlib.suppress(ConnectionError):
                    await self._line.send_json(answer)

    def _heard(self, text: str) -> Mapping[str, Any] | None:
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            return {"refused": "not valid JSON"}
        if not isinstance(said, dict):
            return {"refused": "expected a JSON object"}
        if "target" in said:
            return self._play(said)
        if "check" in said:
            return self._check(said)
        if "look" in said:
            self._looking = self._ready = said["look"] is True
        self._ready = self._ready or "seen" in said
        self._drawn = self._drawn or "drawn" in said
        return None

    def _play(self, said: Mapping[str, Any]) -> Mapping[str, Any] | None:
        try:
            self._hub.play(said["target"], said.get("value"))
        except BadEvent as error:
            return {"refused": str(error), "target": str(said["target"])[:80], "column": error.column}
        return None

    def _check(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        what = said["check"] if isinstance(said["check"], dict) else {}
        signals = self._hub.state().get("signals")
        number = said.get("id") if isinstance(said.get("id"), int) else 0
        table, names = self._hub.words.table, self._hub.names
        tried = check(table, str(what.get("target")), str(what.get("text")), signals, names)
        return {"checked": tried, "id": number}
