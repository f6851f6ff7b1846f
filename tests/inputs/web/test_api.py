"""The JSON API, with a real client on a real port."""

from __future__ import annotations

import json
import re
import socket

import numpy as np
import pytest

from liveanim.core.errors import UserError
from liveanim.core.model import Status, frozen_image, frozen_map
from liveanim.core.params import PARAMS, defaults
from liveanim.inputs.web.api import ROUTES
from liveanim.inputs.web.hub import THUMBNAILS, Thumbnails
from liveanim.inputs.web.server import WebRemote

from .clients import PATIENCE, Client, Make, blend_at


def test_the_state_is_the_newest_frame(client: Client) -> None:
    values = {**defaults(), "camera.zoom": 1.2345678}
    status = Status(preset="storm", keyframe_rate=7.5, prompts=("a", "b"), scenes=("drop",), undo=3)
    client.remote.write(
        blend_at(
            1.0,
            values=frozen_map(values),
            knobs=frozen_map({"stage.hue": 0.25}),
            holders=frozen_map({"stage.hue": "midi"}),
            signals=frozen_map({"kick": 0.5, "bpm": 124.0}),
            blackout=True,
            level=0.25,
            status=status,
        ),
        1.0,
    )
    state = client.ask("GET", "/api/state").json
    assert state["values"]["camera.zoom"] == 1.23457
    assert (state["knobs"], state["holders"]) == ({"stage.hue": 0.25}, {"stage.hue": "midi"})
    assert (state["signals"]["kick"], state["signals"]["bpm"]) == (0.5, 124.0)
    assert (state["prompts"]["1"], state["prompts"]["2"], state["prompts"]["3"]) == ("a", "b", "")
    shown = state["status"]
    assert (shown["preset"], shown["keyframe_rate"], shown["scenes"], shown["undo"]) == ("storm", 7.5, ["drop"], 3)
    assert (shown["blackout"], shown["freeze"], shown["level"]) == (True, False, 0.25)


def test_a_number_that_is_none_is_null(client: Client) -> None:
    client.remote.write(blend_at(1.0, signals=frozen_map({"pitch": float("nan")})), 1.0)
    text = client.ask("GET", "/api/state").text
    assert "NaN" not in text and json.loads(text)["signals"]["pitch"] is None


def test_a_parameter_is_one_row_of_the_table(client: Client) -> None:
    rows = client.ask("GET", "/api/parameters").json
    assert [row["name"] for row in rows] == list(PARAMS)
    zoom = client.ask("GET", "/api/parameters/camera.zoom").json
    assert zoom == next(row for row in rows if row["name"] == "camera.zoom")
    assert (zoom["low"], zoom["high"], zoom["curve"], zoom["position"], zoom["expression"]) == (
        0.1,
        10,
        "log",
        0.5,
        "1",
    )


@pytest.mark.parametrize(
    ("method", "path", "body", "played"),
    [
        ("PUT", "/api/parameters/camera.zoom", {"value": 2}, [("camera.zoom", 2.0)]),
        ("PUT", "/api/parameters/camera.zoom", {"position": 1}, [("camera.zoom", 10.0)]),
        ("PUT", "/api/parameters/camera.zoom", {"add": -0.1}, [("add.camera.zoom", -0.1)]),
        ("PUT", "/api/parameters/out.freeze", {"value": "toggle"}, [("out.freeze", "toggle")]),
        ("PUT", "/api/parameters/camera.zoom", {"expression": "1 + kick"}, [("expr.camera.zoom", "1 + kick")]),
        ("DELETE", "/api/parameters/camera.zoom", None, [("camera.zoom", None)]),
        ("PUT", "/api/prompts/2", {"text": "rain", "weight": 0.5}, [("prompt.2", "rain"), ("prompt.weight2", 0.5)]),
        ("PUT", "/api/prompts/negative", {"text": "text"}, [("prompt.negative", "text")]),
        ("POST", "/api/presets/storm", None, [("do.preset", "storm")]),
        ("POST", "/api/presets/1", None, [("do.preset", 1.0)]),
        ("POST", "/api/scenes/drop", None, [("do.scene", "drop")]),
        ("POST", "/api/actions/tap", None, [("do.tap", None)]),
        ("POST", "/api/actions/bpm", {"value": 128}, [("do.bpm", 128.0)]),
        ("POST", "/api/events", {"target": "stage.hue", "value": 0.5}, [("stage.hue", 0.5)]),
        (
            "POST",
            "/api/events",
            [{"target": "stage.hue", "value": 0.5}, {"target": "do.tap"}],
            [("stage.hue", 0.5), ("do.tap", None)],
        ),
    ],
)
def test_what_a_request_plays(client: Client, method: str, path: str, body: object, played: list[object]) -> None:
    answer = client.ask(method, path, body)
    assert (answer.status, answer.json) == (200, {"ok": True})
    assert client.played() == played


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "reason"),
    [
        ("PUT", "/api/parameters/camera.zoom", b"{", 400, "not valid JSON"),
        ("PUT", "/api/parameters/camera.zoom", b"[" * 30_000, 400, "not valid JSON"),
        ("PUT", "/api/parameters/camera.zoom", b"\xff\xfe", 400, "not valid JSON"),
        ("PUT", "/api/parameters/camera.zoom", [], 400, "expected a JSON object"),
        ("PUT", "/api/parameters/camera.zoom", {}, 400, "expected one of value, position, add, expression"),
        ("PUT", "/api/parameters/camera.zoom", {"value": 1, "add": 1}, 400, "expected one of"),
        ("PUT", "/api/parameters/camera.zoom", {"value": "much"}, 400, "expected a number, got 'much'"),
        ("PUT", "/api/parameters/camera.zoom", {"position": "left"}, 400, "position: expected a number"),
        ("PUT", "/api/parameters/camera.zoom", {"expression": "1 + kik"}, 400, "kick"),
        ("PUT", "/api/parameters/camera.zoom", b"{" + b" " * 70_000 + b"}", 413, "Too Large"),
        ("GET", "/api/parameters/camera.zom", None, 404, "there is no parameter 'camera.zom'"),
        ("PUT", "/api/prompts/9", {"text": "x"}, 404, "there is no prompt slot"),
        ("PUT", "/api/prompts/1", {"words": "x"}, 400, "expected text, weight, or both"),
        ("POST", "/api/presets/noon", None, 400, "there is no preset 'noon'"),
        ("POST", "/api/presets/strom", None, 400, "there is no preset 'strom' (did you mean: storm?)"),
        ("POST", "/api/scenes/drp", None, 400, "there is no scene 'drp' (did you mean: drop?)"),
        ("POST", "/api/scenes/3", None, 400, "there is no scene 3"),
        ("POST", "/api/actions/quit", None, 400, "unknown target 'do.quit'"),
        ("POST", "/api/events", [{"target": "do.tap"}] * 201, 400, "at most 200 events"),
        ("POST", "/api/events", [5], 400, "or a list of them"),
        ("POST", "/api/check", {"target": "camera.zoom"}, 400, "expected target and text"),
        ("GET", "/api/nothing", None, 404, "Not Found"),
        ("DELETE", "/api/state", None, 405, "Method Not Allowed"),
        ("GET", "/pages/../server.py", None, 404, "Not Found"),
        ("GET", "/pages/..%2fserver.py", None, 404, "there is no such page"),
    ],
)
def test_what_is_wrong_is_answered_and_plays_nothing(
    client: Client, method: str, path: str, body: object, status: int, reason: str
) -> None:
    answer = client.ask(method, path, body)
    assert answer.status == status
    assert reason in answer.json["error"]
    assert client.played() == []


def test_nothing_of_a_list_with_a_bad_event_is_played(client: Client) -> None:
    rows = [{"target": "stage.hue", "value": 0.5}, {"target": "stage.hu", "value": 1}]
    assert client.ask("POST", "/api/events", rows).status == 400
    assert client.played() == []


def test_the_column_of_a_bad_expression_is_told(client: Client) -> None:
    assert client.ask("PUT", "/api/parameters/camera.zoom", {"expression": "1 + kik"}).json["column"] == 5


def test_trying_an_expression_draws_its_curve_over_two_bars_and_plays_nothing(client: Client) -> None:
    client.remote.write(blend_at(1.0, signals=frozen_map({"bpm": 120.0})), 1.0)
    tried = client.ask("POST", "/api/check", {"target": "camera.zoom", "text": "1 + kick"}).json
    assert (tried["ok"], tried["seconds"], len(tried["curve"])) == (True, 4.0, 160)
    assert [round(value, 2) for value in tried["curve"][::20]] == [2.0] * 8  # a kick on each of eight beats
    assert max(tried["curve"][10:20]) < 1.1
    bad = client.ask("POST", "/api/check", {"target": "camera.zoom", "text": "1 + kik"}).json
    assert (bad["ok"], bad["column"]) == (False, 5)
    client.remote.write(blend_at(2.0, signals=frozen_map({"bpm": 120.0, "meter": 3.0})), 2.0)
    tried = client.ask("POST", "/api/check", {"target": "stage.bloom", "text": "bar / 2"}).json
    assert tried["seconds"] == 3.0 and tried["curve"][80] == 0.5
    assert client.played() == []


def test_prompts_presets_scenes_and_actions_are_listed(client: Client) -> None:
    prompts = client.ask("GET", "/api/prompts").json
    assert prompts["slots"][0] == {"slot": 1, "text": "a lighthouse", "weight": 1.0}
    assert (prompts["negative"], prompts["history"]) == ("text", ["a lighthouse"])
    presets = client.ask("GET", "/api/presets").json
    assert presets["playing"] == "dawn"
    assert presets["presets"][1] == {"number": 2, "name": "storm", "about": "fast rain", "thumbnail": None}
    client.remote.write(blend_at(0.5, status=Status(presets=("dawn", "storm", "mine"))), 0.5)  # one was saved
    mine = client.ask("GET", "/api/presets").json["presets"][2]
    assert mine == {"number": 3, "name": "mine", "about": "", "thumbnail": None}
    assert client.ask("POST", "/api/presets/mine").status == 200
    client.remote.write(blend_at(1.0, status=Status(scenes=("calm", "drop"), scene="drop")), 1.0)
    assert client.ask("GET", "/api/scenes").json == {"playing": "drop", "scenes": ["calm", "drop"]}
    actions = {row["name"]: row["takes"] for row in client.ask("GET", "/api/actions").json}
    assert (actions["tap"], actions["bpm"], actions["scene"], "quit" in actions) == ("nothing", "number", "name", False)


def test_thumbnails_have_addresses_that_may_be_kept_for_good(make: Make) -> None:
    found = Thumbnails(
        {"storm": f"{THUMBNAILS}a1.webp", "storm/drop": f"{THUMBNAILS}b2.webp"}, {"a1.webp": b"RIFF one"}
    )
    client = make(thumbnails=lambda: found)
    presets = client.ask("GET", "/api/presets").json["presets"]
    assert [row["thumbnail"] for row in presets] == [None, "/api/thumbnails/a1.webp"]
    assert client.ask("GET", "/api/state").json["thumbnails"] == found.addresses
    answer = client.ask("GET", presets[1]["thumbnail"])
    assert (answer.status, answer.text, answer.headers["Content-Type"]) == (200, "RIFF one", "image/webp")
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    for name in ("b2.webp", "storm", "..%2f..%2fetc%2fpasswd", "a1.webp%00", "A1.WEBP"):
        answer = client.ask("GET", THUMBNAILS + name)
        assert (answer.status, answer.json) == (404, {"error": "there is no such thumbnail"})
        assert answer.headers["Cache-Control"] == "no-store"
    assert (
        client.ask("GET", f"{THUMBNAILS}a1.webp", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors").status == 403
    )


def test_played_texts_are_remembered_the_newest_first(client: Client) -> None:
    for n, text in enumerate(["a", "b", "a"]):
        client.remote.write(blend_at(n + 1.0, status=Status(prompts=(text,))), n + 1.0)
        client.ask("GET", "/api/state")
    assert client.ask("GET", "/api/prompts").json["history"] == ["a", "b", "a lighthouse"]


def test_changes_are_told_as_server_sent_events(client: Client) -> None:
    with socket.create_connection(("127.0.0.1", client.remote.port), PATIENCE) as line:
        line.settimeout(PATIENCE)
        line.sendall(b"GET /api/changes HTTP/1.0\r\nHost: localhost\r\n\r\n")
        told = line.makefile("rb")
        head = b"".join(iter(told.readline, b"\r\n"))
        assert b"text/event-stream" in head
        first = _event(told.readline)
        assert first["values"]["camera.zoom"] == 1.0 and first["prompts"]["1"] == "a lighthouse"
        values = {**defaults(), "stage.hue": 0.5}
        client.remote.write(blend_at(1.0, values=frozen_map(values), knobs=frozen_map({"stage.hue": 0.5})), 1.0)
        second = _event(told.readline)
        assert (second["values"], second["knobs"]) == ({"stage.hue": 0.5}, {"stage.hue": 0.5})
        client.remote.write(blend_at(2.0), 2.0)
        third = _event(told.readline)
        assert (third["values"], third["knobs"]) == ({"stage.hue": 0.0}, {"stage.hue": None})


def test_a_client_that_leaves_the_changes_is_no_mistake(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_connection(("127.0.0.1", client.remote.port), PATIENCE) as line:
        line.sendall(b"GET /api/changes HTTP/1.0\r\nHost: localhost\r\n\r\n")
        _event(line.makefile("rb").readline)
    line.close()
    for n in range(20):
        client.remote.write(blend_at(n + 1.0, status=Status(prompts=(str(n),))), n + 1.0)
        client.ask("GET", "/api/state")
    assert caplog.text == ""


def _event(read):  # type: ignore[no-untyped-def]
    for line in iter(read, b""):
        if line.startswith(b"data: "):
            return json.loads(line[6:])
    raise AssertionError("the stream ended")


def test_the_preview_is_a_small_jpeg_and_wanted_only_while_somebody_asks(client: Client) -> None:
    assert not client.remote.wanted()
    client.remote.picture(frozen_image(np.full((27, 48, 3), (200, 30, 60), dtype=np.uint8)), 1.0)
    answer = client.ask("GET", "/api/preview.jpg")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert client.remote.wanted()


def test_every_route_is_in_the_document_and_on_the_page(client: Client) -> None:
    document = client.ask("GET", "/api/openapi.json").json
    assert document["openapi"].startswith("3.1")
    paths = document["paths"]
    assert {(route.path, route.method.lower()) for route in ROUTES} == {(p, m) for p in paths for m in paths[p]}
    for path, operations in paths.items():
        for operation in operations.values():
            named = {row["name"] for row in operation.get("parameters", [])}
            assert named == set(re.findall(r"{(\w+)}", path))
            assert operation["summary"] and "200" in operation["responses"]
    page = client.ask("GET", "/api").text
    assert all(f"<code>{name}</code>" in page for name in PARAMS)
    assert all(f"<code>{route.path}</code>" in page for route in ROUTES)
    assert client.ask("GET", "/api/").text == page


def test_a_port_that_is_taken_is_one_line(client: Client) -> None:
    with pytest.raises(UserError, match=rf"web remote: port {client.remote.port} on 127.0.0.1 .*--web-port"):
        WebRemote(lambda: 0.0, port=client.remote.port)


def test_modulators_of_the_preset_are_names_in_expressions(client: Client) -> None:
    body = {"target": "camera.zoom", "text": "1 + 0.1*wave"}
    assert client.ask("POST", "/api/check", body).json["ok"] is False
    assert client.ask("PUT", "/api/parameters/camera.zoom", {"expression": "1 + wave"}).status == 400
    client.remote.write(blend_at(1.0, modulators=frozen_map({"wave": 0.5})), 1.0)
    tried = client.ask("POST", "/api/check", body).json
    assert tried["ok"] and (min(tried["curve"]), max(tried["curve"])) == (1.0, pytest.approx(1.1))
    assert client.ask("PUT", "/api/parameters/camera.zoom", {"expression": "1 + wave"}).status == 200
    assert client.played() == [("expr.camera.zoom", "1 + wave")]


def test_what_was_learned_is_listed() -> None:
    row = {"target": "stage.hue", "knob": "cc:1:21"}
    remote = WebRemote(lambda: 0.0, learned=lambda: {"desk cc:1:21": row})
    try:
        remote.write(blend_at(1.0), 1.0)
        assert Client(remote, {}).ask("GET", "/api/learned").json == [row]
    finally:
        remote.close()


def test_takes_are_listed_begun_and_ended(make: Make) -> None:
    client = make(takes=lambda: [{"name": "one", "folder": "/takes/one", "date": "2026-01-01T20:00:00"}])
    assert client.ask("GET", "/api/takes").json["takes"][0]["name"] == "one"
    assert client.ask("DELETE", "/api/takes/running").status == 409
    assert client.ask("POST", "/api/takes", {"name": "two"}).status == 200
    assert client.ask("POST", "/api/takes").status == 200
    assert client.played() == [("do.take", "two"), ("do.take", None)]
    client.remote.write(blend_at(1.0, status=Status(taking="two")), 1.0)
    assert client.ask("GET", "/api/takes").json["running"] == "two"
    assert client.ask("POST", "/api/takes", {"name": "three"}).status == 409
    assert client.ask("DELETE", "/api/takes/running").status == 200
    assert client.played() == [("do.take", None)]
