"""A web remote on a free port, and clients for it. Sockets are real, the show is a blend made by hand."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from liveanim.core.model import Blend, Status, frozen_map
from liveanim.core.params import PARAMS, defaults
from liveanim.inputs.web.server import WebRemote

PRESETS = (("dawn", "slow light"), ("storm", "fast rain"))
PATIENCE = 20.0  # s: a busy machine


def blend_at(time: float = 0.0, **changes: Any) -> Blend:
    """A display frame with the defaults, and `changes`."""
    drivers = {name: f"{row.default:g}" for name, row in PARAMS.items()}
    status = Status(preset="dawn", prompts=("a lighthouse",), negative="text")
    plain = Blend(time, values=frozen_map(defaults()), drivers=frozen_map(drivers), status=status)
    return Blend(**{field: getattr(plain, field) for field in Blend.__slots__} | changes)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(slots=True)
class Client:
    """Sends requests as a script would."""

    remote: WebRemote
    headers: dict[str, str]

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        line = http.client.HTTPConnection("127.0.0.1", self.remote.port, timeout=PATIENCE)
        given = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        text = None
        if body is not None:
            text = body if isinstance(body, bytes) else json.dumps(body).encode()
            given.setdefault("Content-Type", "application/json")
        try:
            line.request(method, path, text, given)
            answer = line.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read().decode("utf-8", "replace"))
        finally:
            line.close()

    def played(self) -> list[tuple[str, float | str | None]]:
        """The events that reached the show since the last time."""
        return [(event.target, event.value) for event in self.remote.read(0.0)]


Make = Callable[..., Client]


def until(true: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """What `true` gives as soon as it is not nothing; fails after a while."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        found = true()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("it did not happen")
