"""OSCQuery as its clients use it: HTTP for the tree, a WebSocket for values and packets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from liveanim.core.model import Status, frozen_map
from liveanim.core.params import PARAMS, defaults
from liveanim.inputs import oscwire
from liveanim.inputs.oscnames import Book

from .clients import PATIENCE, Client, Make, blend_at

HUE, ZOOM = "/liveanim/param/stage/hue", "/liveanim/param/camera/zoom"


@pytest.fixture
def shown(make: Make) -> Client:
    return make(osc_port=7123)


def leaves(node: dict[str, Any]) -> dict[str, dict[str, Any]]:
    if "CONTENTS" not in node:
        return {node["FULL_PATH"]: node}
    return {path: leaf for inner in node["CONTENTS"].values() for path, leaf in leaves(inner).items()}


def test_the_host_says_where_osc_comes_in(shown: Client) -> None:
    info = shown.ask("GET", "/?HOST_INFO").json
    assert (info["NAME"], info["OSC_PORT"], info["OSC_TRANSPORT"]) == ("liveanim", 7123, "UDP")
    assert info["EXTENSIONS"]["LISTEN"] and info["EXTENSIONS"]["VALUE"]


def test_every_parameter_is_a_leaf_with_its_range_and_value(shown: Client) -> None:
    root = shown.ask("GET", "/").json
    found = leaves(root)
    assert {f"/liveanim/param/{name.replace('.', '/')}" for name in PARAMS} <= set(found)
    assert set(found) <= set(Book().addresses)
    zoom = found[ZOOM]
    assert (zoom["TYPE"], zoom["ACCESS"], zoom["VALUE"], zoom["RANGE"]) == ("f", 3, [0.5], [{"MIN": 0.0, "MAX": 1.0}])
    assert zoom["DESCRIPTION"] == PARAMS["camera.zoom"].doc
    assert found["/liveanim/prompt/1/text"]["VALUE"] == ["a lighthouse"]
    assert found["/liveanim/preset"]["RANGE"] == [{"VALS": ["dawn", "storm"]}]
    tap = found["/liveanim/tempo/tap"]
    assert (tap["TYPE"], tap["ACCESS"], "VALUE" in tap) == ("I", 2, False)
    assert (found["/liveanim/out/blackout"]["TYPE"], found["/liveanim/out/blackout"]["VALUE"]) == ("F", [False])


def test_every_node_is_at_its_own_path(shown: Client) -> None:
    part = shown.ask("GET", "/liveanim/param/camera").json
    assert (part["FULL_PATH"], part["ACCESS"], "zoom" in part["CONTENTS"]) == ("/liveanim/param/camera", 0, True)
    assert shown.ask("GET", ZOOM).json == part["CONTENTS"]["zoom"]


@pytest.mark.parametrize(
    ("path", "status", "json"),
    [
        (f"{ZOOM}?VALUE", 200, {"VALUE": [0.5]}),
        (f"{ZOOM}?TYPE", 200, {"TYPE": "f"}),
        (f"{ZOOM}?RANGE", 200, {"RANGE": [{"MIN": 0.0, "MAX": 1.0}]}),
        ("/liveanim/tempo/tap?VALUE", 204, None),
        ("/liveanim/nothing", 404, None),
        ("/liveanim/nothing?VALUE", 404, None),
        (f"{ZOOM}?COLOUR", 400, None),
    ],
)
def test_one_attribute_can_be_asked_for(shown: Client, path: str, status: int, json: object) -> None:
    answer = shown.ask("GET", path)
    assert answer.status == status
    assert json is None or answer.json == json


def test_a_browser_gets_the_page_at_the_same_place(shown: Client) -> None:
    assert "<!doctype html>" in shown.ask("GET", "/", Accept="text/html,*/*").text
    assert shown.ask("GET", "/", Accept="application/json").json["FULL_PATH"] == "/"


def over_a_line(client: Client, story: Callable[[aiohttp.ClientWebSocketResponse], Awaitable[None]]) -> None:
    async def run() -> None:
        async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE):
            async with session.ws_connect(f"ws://127.0.0.1:{client.remote.port}/") as line:
                await story(line)

    asyncio.run(run())


def test_what_is_held_stands_where_its_knob_does(shown: Client) -> None:
    values = frozen_map({**defaults(), "stage.hue": 1.0})
    shown.remote.write(blend_at(1.0, values=values, knobs=frozen_map({"stage.hue": 0.5})), 1.0)
    assert shown.ask("GET", f"{HUE}?VALUE").json == {"VALUE": [0.75]}


def moved(client: Client, time: float, hue: float) -> None:
    client.remote.write(blend_at(time, values=frozen_map({**defaults(), "stage.hue": hue})), time)


def test_what_is_listened_to_is_told_when_it_changes_until_it_is_ignored(shown: Client) -> None:
    async def story(line: aiohttp.ClientWebSocketResponse) -> None:
        await line.send_json({"COMMAND": "LISTEN", "DATA": HUE})
        await line.send_json({"COMMAND": "LISTEN", "DATA": "/liveanim/preset"})
        told = [oscwire.read((await line.receive()).data)[0] for _ in range(2)]
        assert {(one.address, *one.arguments) for one in told} == {(HUE, 0.5), ("/liveanim/preset", "dawn")}
        moved(shown, 1.0, 1.0)
        assert oscwire.read((await line.receive()).data)[0].arguments == (1.0,)
        await line.send_json({"COMMAND": "IGNORE", "DATA": HUE})
        await asyncio.sleep(0.1)
        moved(shown, 2.0, -1.0)
        await asyncio.sleep(0.1)
        status = Status(
            preset="storm", prompts=("a",), presets=("dawn", "storm", "mine"), scenes=("calm",), scene="calm"
        )
        shown.remote.write(blend_at(3.0, status=status), 3.0)
        assert oscwire.read((await line.receive()).data)[0].arguments == ("storm",)

    over_a_line(shown, story)
    found = {name: shown.ask("GET", f"/liveanim/{name}").json for name in ("preset", "scene/go")}
    assert [(one["VALUE"], one["RANGE"]) for one in found.values()] == [
        (["storm"], [{"VALS": ["dawn", "storm", "mine"]}]),
        (["calm"], [{"VALS": ["calm"]}]),
    ]


def test_osc_packets_play_over_the_line_and_questions_are_answered_there(shown: Client) -> None:
    async def story(line: aiohttp.ClientWebSocketResponse) -> None:
        await line.send_bytes(oscwire.message(HUE, 0.75))
        await line.send_bytes(oscwire.message(f"{ZOOM}/raw", 2.0))
        await line.send_bytes(oscwire.message(ZOOM, "?"))
        answer = oscwire.read((await line.receive()).data)[0]
        assert (answer.address, answer.arguments) == (ZOOM, (0.5,))
        await line.send_bytes(b"no osc at all")
        refused = oscwire.read((await line.receive()).data)[0]
        assert refused.address == "/liveanim/error"

    over_a_line(shown, story)
    assert shown.played() == [("stage.hue", 0.5), ("camera.zoom", 2.0)]
    assert shown.remote.problem().startswith("OSC:")


@pytest.mark.parametrize("said", ["[", "[]", '{"COMMAND": "LISTEN"}', '{"COMMAND": "LISTEN", "DATA": 5}', "null", "5"])
def test_what_means_nothing_is_passed_over(shown: Client, said: str) -> None:
    async def story(line: aiohttp.ClientWebSocketResponse) -> None:
        await line.send_str(said)
        await line.send_json({"COMMAND": "LISTEN", "DATA": HUE})
        assert oscwire.read((await line.receive()).data)[0].address == HUE

    over_a_line(shown, story)
