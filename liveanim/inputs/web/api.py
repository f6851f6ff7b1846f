"""The JSON API: one table of routes, from which the server, the OpenAPI document and its page follow."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from ...core.params import PROMPT_SLOTS, ParamSpec
from .check import check
from .events import BadEvent
from .guard import problem
from .hub import RATE, THUMBNAILS, Hub, preset_rows

HUB = web.AppKey("hub", Hub)
KEEP = 15 * int(RATE)  # ticks without a change after which a silent line is used
MOST_EVENTS = 200  # of one request
FOR_GOOD = "private, max-age=31536000, immutable"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Json = Mapping[str, Any]

NUMBER: Json = {"type": "number"}
TEXT: Json = {"type": "string"}
ANYTHING: Json = {}


@dataclass(frozen=True, slots=True)
class Route:
    """One thing the API does. body: the properties of the JSON object it takes (JSON Schema by name)."""

    method: str
    path: str
    about: str
    answer: Answer
    body: Json | None = None
    kind: str = "application/json"


class Wrong(Exception):
    """A request that cannot be understood; the text is for the caller."""


async def _state(request: web.Request) -> web.Response:
    return web.json_response(request.app[HUB].state())


async def _changes(request: web.Request) -> web.StreamResponse:
    """Server-sent events: everything first, then what changes, for as long as the client stays."""
    stream = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await stream.prepare(request)
    silent = 0
    async with contextlib.aclosing(request.app[HUB].follow()) as changes:
        with contextlib.suppress(ConnectionResetError):  # a client that goes is no mistake
            async for change in changes:
                silent = 0 if change else silent + 1
                if change:
                    await stream.write(b"data: " + json.dumps(change).encode() + b"\n\n")
                elif silent % KEEP == 0:  # a proxy keeps the line open, a client that is gone is noticed
                    await stream.write(b": here\n\n")
    return stream


async def _parameters(request: web.Request) -> web.Response:
    return web.json_response(
        [parameter(row, request.app[HUB].state()) for row in request.app[HUB].words.table.values()]
    )


async def _parameter(request: web.Request) -> web.Response:
    return web.json_response(parameter(_row(request), request.app[HUB].state()))


async def _turn(request: web.Request) -> web.Response:
    row, body = _row(request), await _body(request)
    verbs = [key for key in ("value", "position", "add", "expression") if key in body]
    if len(verbs) != 1 or len(body) != 1:
        raise Wrong("expected one of value, position, add, expression")
    given = body[verbs[0]]
    if verbs[0] == "position":
        if not isinstance(given, int | float):
            raise Wrong("position: expected a number from 0 to 1")
        given = row.from_unit(min(1.0, max(0.0, given)))
    prefix = {"add": "add.", "expression": "expr."}.get(verbs[0], "")
    request.app[HUB].play(prefix + row.name, given)
    return _done()


async def _release(request: web.Request) -> web.Response:
    request.app[HUB].play(_row(request).name, None)
    return _done()


async def _prompts(request: web.Request) -> web.Response:
    state = request.app[HUB].state()
    texts, values = state.get("prompts", {}), state.get("values", {})
    slots = [
        {"slot": slot, "text": texts.get(str(slot), ""), "weight": values.get(f"prompt.weight{slot}", 0.0)}
        for slot in range(1, PROMPT_SLOTS + 1)
    ]
    rest = {"negative": texts.get("negative", ""), "history": texts.get("history", [])}
    return web.json_response({"slots": slots, **rest})


async def _write(request: web.Request) -> web.Response:
    hub, slot, body = request.app[HUB], request.match_info["slot"], await _body(request)
    if slot != "negative" and not (slot.isdecimal() and 1 <= int(slot) <= PROMPT_SLOTS):
        raise web.HTTPNotFound(reason=f"there is no prompt slot {slot[:20]!r}")
    if not body or set(body) - {"text", "weight"}:
        raise Wrong("expected text, weight, or both")
    names = {"text": f"prompt.{slot}", "weight": f"prompt.weight{slot}"}
    hub.play_all([(names[key], body[key]) for key in names if key in body])
    return _done()


async def _presets(request: web.Request) -> web.Response:
    hub = request.app[HUB]
    return web.json_response({"playing": hub.state().get("status", {}).get("preset", ""), "presets": preset_rows(hub)})


async def _preset(request: web.Request) -> web.Response:
    which = request.match_info["name"]
    request.app[HUB].play("do.preset", float(which) if which.isdecimal() else which)
    return _done()


async def _scenes(request: web.Request) -> web.Response:
    status = request.app[HUB].state().get("status", {})
    return web.json_response({"playing": status.get("scene", ""), "scenes": status.get("scenes", [])})


async def _scene(request: web.Request) -> web.Response:
    which = request.match_info["name"]
    request.app[HUB].play("do.scene", float(which) if which.isdecimal() else which)
    return _done()


async def _actions(request: web.Request) -> web.Response:
    actions = request.app[HUB].words.actions.items()
    rows = [{"name": name[3:], "takes": action.takes, "about": action.doc} for name, action in actions]
    return web.json_response(rows)


async def _act(request: web.Request) -> web.Response:
    body = await _body(request) if request.can_read_body else {}
    request.app[HUB].play(f"do.{request.match_info['name']}", body.get("value"))
    return _done()


async def _events(request: web.Request) -> web.Response:
    body = await _json(request)
    rows = body if isinstance(body, list) else [body]
    if len(rows) > MOST_EVENTS:
        raise Wrong(f"expected at most {MOST_EVENTS} events")
    for row in rows:
        if not isinstance(row, dict) or set(row) - {"target", "value"}:
            raise Wrong('expected {"target": ..., "value": ...} or a list of them')
    request.app[HUB].play_all([(row.get("target"), row.get("value")) for row in rows])
    return _done()


async def _takes(request: web.Request) -> web.Response:
    hub = request.app[HUB]
    rows = await asyncio.get_running_loop().run_in_executor(None, hub.takes)
    return web.json_response({"running": hub.state().get("status", {}).get("taking", ""), "takes": [*rows]})


async def _take(request: web.Request) -> web.Response:
    hub, name = request.app[HUB], (await _body(request)).get("name") if request.can_read_body else None
    if hub.state().get("status", {}).get("taking"):
        return problem(409, "a take runs already")
    hub.play("do.take", name)
    return _done()


async def _end_take(request: web.Request) -> web.Response:
    if not request.app[HUB].state().get("status", {}).get("taking"):
        return problem(409, "no take runs")
    request.app[HUB].play("do.take", None)
    return _done()


async def _learned(request: web.Request) -> web.Response:
    return web.json_response([*request.app[HUB].state().get("learned", {}).values()])


async def _check(request: web.Request) -> web.Response:
    hub, body = request.app[HUB], await _body(request)
    target, text = body.get("target"), body.get("text")
    if not isinstance(target, str) or not isinstance(text, str):
        raise Wrong("expected target and text, both texts")
    return web.json_response(check(hub.words.table, target, text, hub.state().get("signals"), hub.names))


async def _preview(request: web.Request) -> web.Response:
    hub = request.app[HUB]
    for _ in range(20):
        picture = hub.jpeg()
        if picture is not None:
            return web.Response(body=picture, content_type="image/jpeg")
        await asyncio.sleep(0.05)
    return problem(503, "there is no picture yet")


async def _thumbnail(request: web.Request) -> web.Response:
    """A picture that never changes: another one has another address."""
    webp = request.app[HUB].thumbnails().webp.get(request.match_info["name"])
    if webp is None:
        raise web.HTTPNotFound(reason="there is no such thumbnail")
    return web.Response(body=webp, content_type="image/webp", headers={"Cache-Control": FOR_GOOD})


ROUTES = (
    Route("GET", "/api/state", "everything there is to know of the running show", _state),
    Route(
        "GET",
        "/api/changes",
        "the state, then what changes in it, as server-sent events",
        _changes,
        kind="text/event-stream",
    ),
    Route("GET", "/api/parameters", "every parameter: range, value, what drives it", _parameters),
    Route("GET", "/api/parameters/{name}", "one parameter, such as camera.zoom", _parameter),
    Route(
        "PUT",
        "/api/parameters/{name}",
        'take a parameter over with a value in its own unit (or "toggle") or a position 0..1, turn it on by a share of '
        "its way, or give it another expression: one of these",
        _turn,
        {"value": ANYTHING, "position": NUMBER, "add": NUMBER, "expression": TEXT},
    ),
    Route("DELETE", "/api/parameters/{name}", "give a parameter back to its expression", _release),
    Route("GET", "/api/prompts", "the texts, their weights, and what was played before", _prompts),
    Route(
        "PUT",
        "/api/prompts/{slot}",
        "text and weight of a prompt slot, or the text of `negative`",
        _write,
        {"text": TEXT, "weight": NUMBER},
    ),
    Route("GET", "/api/presets", "the presets, and which one plays", _presets),
    Route("GET", f"{THUMBNAILS}{{name}}", "the thumbnail of a preset or scene", _thumbnail, kind="image/webp"),
    Route("POST", "/api/presets/{name}", "play a preset, by name or number", _preset),
    Route("GET", "/api/scenes", "the scenes of this preset, and which one plays", _scenes),
    Route("POST", "/api/scenes/{name}", "play a scene, by name or number; 0: the preset without one", _scene),
    Route("GET", "/api/actions", "what else can be done", _actions),
    Route("POST", "/api/actions/{name}", "do it; some take a value", _act, {"value": ANYTHING}),
    Route("GET", "/api/takes", "the takes there are, and which one runs", _takes),
    Route("POST", "/api/takes", "keep a take from here on, under a name or the date", _take, {"name": TEXT}),
    Route("DELETE", "/api/takes/running", "end the take that runs; it is kept", _end_take),
    Route(
        "GET",
        "/api/learned",
        "what MIDI knobs and pads have learned; the actions learn, adjust, forget change it",
        _learned,
    ),
    Route(
        "POST",
        "/api/events",
        "one control event or a list of them, as a take keeps them",
        _events,
        {"target": TEXT, "value": ANYTHING},
    ),
    Route(
        "POST",
        "/api/check",
        "try an expression without playing it: an error with its column, or the curve over two bars",
        _check,
        {"target": TEXT, "text": TEXT},
    ),
    Route("GET", "/api/preview.jpg", "the picture as it is now, small", _preview, kind="image/jpeg"),
)


def parameter(row: ParamSpec, state: Json) -> dict[str, Any]:
    """One row of the table with where it stands."""
    value = state.get("values", {}).get(row.name, row.default)
    return {
        "name": row.name,
        "about": row.doc,
        "unit": row.unit,
        "low": row.low,
        "high": row.high,
        "default": row.default,
        "curve": row.curve,
        "acts": row.acts,
        "choices": list(row.choices),
        "value": value,
        "position": round(row.to_unit(value), 5),
        "holder": state.get("holders", {}).get(row.name),
        "expression": state.get("drivers", {}).get(row.name),
    }


def answering(route: Route) -> Answer:
    """The route's answer, with what a caller got wrong as a 400."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await route.answer(request)
        except BadEvent as error:
            return problem(400, str(error), error.column)
        except Wrong as error:
            return problem(400, str(error))

    return answer


def _done() -> web.Response:
    return web.json_response({"ok": True})


def _row(request: web.Request) -> ParamSpec:
    name, table = request.match_info["name"], request.app[HUB].words.table
    if name not in table:
        raise web.HTTPNotFound(reason=f"there is no parameter {name[:60]!r}")
    return table[name]


async def _json(request: web.Request) -> Any:
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(reason="expected Content-Type: application/json")
    try:
        return json.loads(await request.text())
    except (ValueError, RecursionError, LookupError) as error:
        raise Wrong(f"not valid JSON: {error}"[:200]) from None


async def _body(request: web.Request) -> dict[str, Any]:
    body = await _json(request)
    if not isinstance(body, dict):
        raise Wrong("expected a JSON object")
    return body
