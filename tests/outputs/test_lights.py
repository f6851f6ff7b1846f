"""Lights over real sockets: what a node on the network gets while a picture is shown."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import closing

import numpy as np
import pytest

from liveanim.core.dmx import Packet, artnet, sacn
from liveanim.core.errors import UserError
from liveanim.core.lights import Address, Light
from liveanim.core.model import Blend, Image
from liveanim.outputs.lights import Hosts, Lights, Sender, chase, darken

LOCAL = "127.0.0.1"
PARSE = {"artnet": artnet, "sacn": sacn}


class Node:
    """Hears what is sent to it."""

    def __init__(self, way: str) -> None:
        self.way = way
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((LOCAL, 0))
        self._socket.settimeout(5.0)
        self.ports = {way: int(self._socket.getsockname()[1])}

    def packet(self) -> Packet:
        found = PARSE[self.way](self._socket.recv(2048))
        assert found is not None
        return found

    def until(self, levels: Sequence[int]) -> Packet:
        """The first packet with these levels."""
        for _ in range(400):
            if (packet := self.packet()).levels == bytes(levels):
                return packet
        raise AssertionError(f"{packet.levels!r} came last")

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["artnet", "sacn"])
def node(request: pytest.FixtureRequest) -> Iterator[Node]:
    with closing(Node(request.param)) as made:
        yield made


def light(node: Node, **more: object) -> Light:
    return Light("a", Address(node.way, 3, LOCAL), **more)  # type: ignore[arg-type]


def flat(*colour: int) -> Image:
    return np.full((72, 128, 3), colour, np.uint8)


def shown(**more: float) -> Blend:
    return Blend(0.0, values={f"lights.{name}": value for name, value in more.items()})


def test_a_node_gets_the_picture_and_black_at_the_end(node: Node) -> None:
    lights = Lights([light(node, channels="RGBW")], lambda: None, Sender(ports=node.ports))
    lights.write(shown(saturation=1.0, smooth=0.0), 1.0)
    lights.picture(flat(255, 0, 0), 1.0)
    lights.start()
    assert node.until([255, 0, 0, 0]).universe == 3
    lights.write(shown(saturation=1.0, smooth=0.0, level=0.2), 1.1)
    lights.picture(flat(255, 255, 0), 1.1)
    node.until([51, 51, 0, 0])
    lights.close()
    last = node.until([0, 0, 0, 0])
    if node.way == "sacn":
        assert not last.ended and [node.packet().ended for _ in range(3)] == [True] * 3


def test_lights_follow_in_their_time_and_say_the_same_again_while_nothing_comes() -> None:
    with closing(Node("artnet")) as node:
        lights = Lights([light(node, channels="R+")], lambda: None, Sender(ports=node.ports))
        lights.write(shown(saturation=1.0, smooth=1.0), 0.0)
        lights.picture(flat(0, 0, 0), 0.0)
        lights.start()
        node.until([0, 255])
        lights.picture(flat(255, 0, 0), 1.0)
        follows = [round(255 * (1 - np.exp(-1.0))), 255]
        node.until(follows)
        lights.picture(flat(0, 0, 0), 1.1)
        node.until([0, 255])  # a blackout is at once
        lights.picture(flat(255, 0, 0), 2.1)
        node.until(follows)
        assert node.packet().levels == bytes(follows)  # by itself
        lights.close()


@pytest.mark.parametrize("limited", [True, False])
def test_a_level_that_jumps_flashes_no_more_often_than_a_picture_may(limited: bool) -> None:
    with closing(Node("artnet")) as node:
        lights = Lights([light(node)], lambda: None, Sender(ports=node.ports), flash_limit=limited)
        levels = []
        for n in range(120):  # three seconds of ten flashes a second, then dark
            lights.write(shown(smooth=0.0, level=1.0 if n < 120 - 1 and n // 2 % 2 else 0.0), n / 40)
            lights.picture(flat(255, 255, 255), n / 40)
            lights._show(n / 40)
            levels.append(node.packet().levels[0] / 255)
        steps = np.abs(np.diff(levels)) > 0.097
        assert levels[-1] == 0.0 and (steps[40:79].sum() <= 7) == limited
        lights.start()
        lights.close()


def test_a_file_that_is_written_again_counts_and_a_mistake_leaves_what_was() -> None:
    with closing(Node("artnet")) as node:
        answers: list[Sequence[Light] | UserError] = [UserError("lights.toml: no"), [light(node, channels="B")]]

        def read() -> Sequence[Light] | None:
            if answers and isinstance(answers[0], UserError):
                raise answers.pop(0)  # type: ignore[misc]
            return answers.pop(0) if answers and gone else None  # type: ignore[return-value]

        gone = False
        lights = Lights([light(node, channels="RG")], read, Sender(ports=node.ports))
        lights.write(shown(saturation=1.0, smooth=0.0), 0.0)
        lights.picture(flat(255, 255, 255), 0.0)
        lights.start()
        node.until([255, 255])
        assert lights.problem() == "lights.toml: no"
        gone = True
        node.until([255, 0])  # one channel, and Art-Net sends even numbers of them
        assert lights.problem() == ""
        lights.close()


def test_a_host_is_asked_for_beside_the_others_and_again_later() -> None:
    asked: list[str] = []

    def find(host: str) -> str:
        asked.append(host)
        if len(asked) == 1:
            raise OSError("no such host")
        return LOCAL

    hosts = Hosts(find)

    def settled(now: float) -> str:
        for _ in range(1000):
            if address := hosts.of("wled", now):
                return address
        return ""

    with closing(Node("artnet")) as node:
        sender = Sender(hosts, node.ports)
        levels = {Address("artnet", 0, "wled"): b"\x01\x02"}
        sender.send(levels, 0.0)
        assert sender.trouble == "lights: wled is not found in the network"
        assert settled(5.0) == "" and asked == ["wled"]
        hosts.of("wled", 10.5)
        while not hosts.of("wled", 10.5):
            pass
        sender.send(levels, 10.6)
        assert sender.trouble == "" and node.packet().levels == b"\x01\x02"
        sender.close()


def test_every_light_can_be_looked_for() -> None:
    with closing(Node("artnet")) as node:
        lights = [light(node, channels="RGB"), light(node, channels="RGB", channel=4)]
        sender, steps = Sender(ports=node.ports), []

        def wait(seconds: float) -> None:
            steps.append(node.packet().levels)

        chase(lights, sender, 0.5, wait)
        lit = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]
        assert [tuple(step) for step in steps] == [(*c, 0, 0, 0) for c in lit] + [(0, 0, 0, *c) for c in lit]
        darken(lights, sender)
        assert node.packet().levels == bytes(6)
        sender.close()
