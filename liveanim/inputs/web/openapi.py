"""The API in words: an OpenAPI document and a page to read, both from the tables."""

from __future__ import annotations

import html
import re
from typing import Any

from .api import ROUTES, Route
from .events import Vocabulary

_SLOTS = re.compile(r"{(\w+)}")


def document(version: str, words: Vocabulary) -> dict[str, Any]:
    """OpenAPI 3.1."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, words)
    about = (
        "Plays a running show. Beyond the machine it runs on, send the token of its link: Authorization: Bearer TOKEN."
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "liveanim", "version": version, "description": about},
        "paths": paths,
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}, {}],
    }


def _operation(route: Route, words: Vocabulary) -> dict[str, Any]:
    good = {"description": "done" if route.method != "GET" else route.about, "content": {route.kind: {}}}
    bad = {"description": "what is wrong, and the column where an expression goes wrong"}
    operation: dict[str, Any] = {"summary": route.about, "responses": {"200": good, "4XX": bad}}
    names = _SLOTS.findall(route.path)
    if names:
        operation["parameters"] = [_slot(name, route.path, words) for name in names]
    if route.body is not None:
        schema = {"type": "object", "properties": dict(route.body), "additionalProperties": False}
        operation["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    return operation


def _slot(name: str, path: str, words: Vocabulary) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if "parameters" in path:
        schema["enum"] = list(words.table)
    elif "actions" in path:
        schema["enum"] = [action.removeprefix("do.") for action in words.actions]
    return {"name": name, "in": "path", "required": True, "schema": schema}


def page(version: str, words: Vocabulary) -> str:
    """The same to read."""
    routes = "".join(_route(route) for route in ROUTES)
    rows = "".join(
        f"<tr><td><code>{row.name}</code><td>{row.unit}<td>{row.low:g} .. {row.high:g}<td>{row.default:g}"
        f"<td>{row.acts}<td>{html.escape(row.doc)}"
        for row in words.table.values()
    )
    actions = "".join(
        f"<tr><td><code>{name.removeprefix('do.')}</code><td>{html.escape(row.doc)}"
        for name, row in words.actions.items()
    )
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>liveanim API</title>
<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/pages/style.css">
<body class="paper"><h1>liveanim {html.escape(version)}: the API</h1>
<p>Everything here plays the running show. Bodies are JSON objects (<code>Content-Type: application/json</code>); an
answer other than 200 says in <code>error</code> what is wrong. Beyond this machine send the token of the show's link:
<code>Authorization: Bearer TOKEN</code>. For programs: <a href="/api/openapi.json">openapi.json</a>.</p>
<pre>curl -X PUT localhost:8008/api/parameters/stage.hue -H 'Content-Type: application/json' -d '{{"value": 0.3}}'
curl -N localhost:8008/api/changes</pre>
<h2>Requests</h2><table><tr><th><th>path<th>body<th>what it does{routes}</table>
<h2>Actions</h2><table>{actions}</table>
<h2>Parameters</h2><table><tr><th>name<th>unit<th>range<th>default<th>acts on<th>{rows}</table>
"""


def _route(route: Route) -> str:
    body = ", ".join(route.body or ())
    return (
        f"<tr><td><b>{route.method}</b><td><code>{html.escape(route.path)}</code><td>{body}"
        f"<td>{html.escape(route.about)}"
    )
