"""The page's line to the show, as the page speaks it."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import statistics
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import numpy as np
import pytest
from aiohttp import web
from PIL import Image

from liveanim.core.model import frozen_image, frozen_map
from liveanim.core.params import PARAMS, defaults
from liveanim.inputs.web.remote import MOST_CLIENTS

from .clients import PATIENCE, Client, Playing, blend_at

Line = aiohttp.ClientWebSocketResponse


def over_lines(client: Client, count: int, story: Callable[..., Awaitable[None]]) -> None:
    """Runs `story` with `count` lines that have been greeted and told the state."""

    async def run() -> None:
        async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE):
            lines = [await session.ws_connect(f"ws://127.0.0.1:{client.remote.port}/remote") for _ in range(count)]
            for line in lines:
                assert "hello" in await line.receive_json()
                assert "values" in await line.receive_json()
                await line.send_json({"drawn": True})
            await story(*lines)
            for line in lines:
                await line.close()

    asyncio.run(run())


async def told(line: Line, key: str) -> Any:
    """The next message that has `key`."""
    while True:
        message = await line.receive()
        if message.type is aiohttp.WSMsgType.TEXT and key in (said := json.loads(message.data)):
            return said[key]


def test_a_client_is_told_what_there_is_and_then_what_changes(client: Client) -> None:
    async def run() -> None:
        async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE):
            async with session.ws_connect(f"ws://127.0.0.1:{client.remote.port}/remote") as line:
                hello = (await line.receive_json())["hello"]
                assert [row["name"] for row in hello["parameters"]] == list(PARAMS)
                assert [row["name"] for row in hello["presets"]] == ["dawn", "storm"]
                assert "do.tap" in hello["actions"] and "do.quit" not in hello["actions"]
                state = await line.receive_json()
                assert state["prompts"]["1"] == "a lighthouse"
                await line.send_json({"drawn": True})
                client.remote.write(blend_at(1.0, knobs=frozen_map({"stage.hue": 0.5})), 1.0)
                assert await told(line, "knobs") == {"stage.hue": 0.5}

    asyncio.run(run())


def test_a_page_that_goes_away_while_it_connects_is_no_error(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gone = threading.Event()

    async def closing(line: web.WebSocketResponse, request: web.BaseRequest) -> None:
        gone.set()
        raise ConnectionResetError("Cannot write to closing transport")

    async def run() -> None:
        async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(f"ws://127.0.0.1:{client.remote.port}/remote")

    with monkeypatch.context() as away:
        away.setattr(web.WebSocketResponse, "prepare", closing)
        asyncio.run(run())
    assert gone.is_set() and [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    over_lines(client, 1, lambda one: asyncio.sleep(0))  # the next page is served


def test_every_client_sees_what_another_does(client: Client) -> None:
    async def story(one: Line, other: Line) -> None:
        await one.send_json({"target": "stage.hue", "value": 0.5})
        while not (played := client.remote.read(0.0)):
            await asyncio.sleep(0.005)
        assert [(event.target, event.value, event.source, event.time) for event in played] == [
            ("stage.hue", 0.5, "web", 12.5)
        ]
        client.remote.write(blend_at(1.0, values=frozen_map({**defaults(), "stage.hue": 0.5})), 1.0)
        assert await told(one, "values") == await told(other, "values") == {"stage.hue": 0.5}

    over_lines(client, 2, story)


def test_a_client_that_is_slow_is_told_all_that_changed_meanwhile_at_once(client: Client) -> None:
    async def story(one: Line) -> None:
        values = defaults()
        client.remote.write(blend_at(1.0, values=frozen_map({**values, "stage.hue": 0.1})), 1.0)
        assert await told(one, "values") == {"stage.hue": 0.1}
        for n, name in enumerate(("stage.bloom", "stage.split", "stage.grain"), 2):
            values[name] = 0.5
            client.remote.write(blend_at(n, values=frozen_map(values)), n)
            await asyncio.sleep(0.05)
        await one.send_json({"drawn": True})
        changed = {"stage.bloom": 0.5, "stage.split": 0.5, "stage.grain": 0.5, "stage.hue": 0.0}
        assert await told(one, "values") == changed

    over_lines(client, 1, story)


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ("{", "not valid JSON"),
        ("[" * 5000, "not valid JSON"),
        ("[]", "expected a JSON object"),
        ('{"target": "stage.hu", "value": 1}', "unknown target 'stage.hu'"),
        ('{"target": {"a": 1}}', "target: expected a text"),
        ('{"target": "do.quit"}', "unknown target"),
        ('{"target": "stage.hue", "value": NaN}', "finite"),
    ],
)
def test_what_is_wrong_is_told_to_the_one_who_said_it(client: Client, said: str, refused: str) -> None:
    async def story(one: Line) -> None:
        await one.send_str(said)
        assert refused in await told(one, "refused")

    over_lines(client, 1, story)
    assert client.played() == []


def test_expressions_are_tried_and_questions_find_their_answers(client: Client) -> None:
    async def story(one: Line) -> None:
        await one.send_json({"id": 7, "check": {"target": "camera.zoom", "text": "1 +"}})
        await one.send_json({"id": "x", "check": 5})
        first = json.loads((await one.receive()).data)
        assert (first["id"], first["checked"]["ok"], first["checked"]["column"]) == (7, False, 4)
        assert not (await told(one, "checked"))["ok"]

    over_lines(client, 1, story)


def picture(level: int) -> Any:
    return frozen_image(np.full((27, 48, 3), level, dtype=np.uint8))


async def next_picture(line: Line) -> int:
    while (message := await line.receive()).type is not aiohttp.WSMsgType.BINARY:
        pass
    return int(np.asarray(Image.open(io.BytesIO(message.data)))[0, 0, 0])


def test_pictures_come_while_somebody_looks_one_at_a_time(client: Client) -> None:
    async def story(one: Line, other: Line) -> None:
        client.remote.picture(picture(200), 0.0)
        assert not client.remote.wanted()
        await one.send_json({"look": True})
        assert await next_picture(one) == 200
        assert client.remote.wanted()
        client.remote.picture(picture(100), 1.0)
        await asyncio.sleep(0.15)
        client.remote.picture(picture(50), 2.0)  # the client was not ready for the one before
        await one.send_json({"seen": True})
        assert await next_picture(one) == 50
        await one.send_json({"look": False})
        await other.send_json({"check": {}, "id": 1})
        await told(other, "checked")  # nothing but text came here

    over_lines(client, 2, story)


def test_a_flood_of_one_client_is_held_to_its_rate_and_the_last_value_of_a_knob_counts(client: Client) -> None:
    async def story(one: Line) -> None:
        for n in range(3000):
            await one.send_json({"target": "do.tap"} if n % 2 else {"target": "stage.hue", "value": n / 3000})
        await one.send_json({"check": {}, "id": 1})
        await asyncio.sleep(3.0)

    over_lines(client, 1, story)
    played = client.played()
    assert sum(target == "stage.hue" for target, _ in played) == 1
    assert len(played) <= 1 + 1000


def test_only_so_many_clients_come_in(client: Client) -> None:
    async def story(*lines: Line) -> None:
        answer = client.ask("GET", "/remote")
        assert answer.status == 503

    over_lines(client, MOST_CLIENTS, story)


def test_the_end_of_the_show_is_said_to_the_clients(client: Client) -> None:
    async def story(one: Line) -> None:
        await asyncio.to_thread(client.remote.close)
        while (message := await one.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
        assert message.type is aiohttp.WSMsgType.CLOSE and message.data == 1001

    over_lines(client, 1, story)


def test_a_turn_of_one_client_reaches_another_through_a_running_show_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liveanim.inputs.web.hub.RATE", 1 / 1000)  # with the very frame that has it, not with a tick
    delays = []

    async def run(playing: Playing) -> None:
        address = f"ws://127.0.0.1:{playing.remote.port}/remote"
        async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE):
            async with session.ws_connect(address) as one, session.ws_connect(address) as other:
                for n in range(1, 16):
                    began = time.perf_counter()
                    await one.send_json({"target": "stage.hue", "value": n / 20})
                    while (await told(other, "values")).get("stage.hue") != n / 20:
                        await other.send_json({"drawn": True})
                    delays.append(time.perf_counter() - began)
                    await other.send_json({"drawn": True})

    playing = Playing()
    try:
        asyncio.run(run(playing))
    finally:
        playing.close()
    print(f"seen by the other client after {1000 * statistics.median(delays):.0f} ms (median)")  # noqa: T201
    assert min(delays) < 0.1
