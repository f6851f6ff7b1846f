"""A web remote on a free port, and clients for it. Sockets are real, the show is a blend made by hand."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from liveanim.archive import Archive
from liveanim.core.model import Blend, ControlEvent, Status, frozen_image, frozen_map
from liveanim.core.params import PARAMS, defaults
from liveanim.core.preset import Preset, preset_from
from liveanim.inputs.mididesk import MidiDesk
from liveanim.inputs.midilearn import row_of
from liveanim.inputs.readback import Readback
from liveanim.inputs.web.hub import THUMBNAILS, Thumbnails
from liveanim.inputs.web.server import WebRemote
from liveanim.keeping import Paper
from liveanim.show import Settings, Show
from tests.fakes import AtOnce, Hears

PRESETS = (("dawn", "slow light"), ("storm", "fast rain"))
PATIENCE = 20.0  # s: a busy machine


def blend_at(time: float = 0.0, **changes: Any) -> Blend:
    """A display frame with the defaults, and `changes`."""
    drivers = {name: f"{row.default:g}" for name, row in PARAMS.items()}
    status = Status(preset="dawn", prompts=("a lighthouse",), negative="text", scenes=("calm", "drop"))
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


LOOKS = [
    preset_from({"prompt": {"text": ["a lighthouse"]}, "camera": {"zoom": "1 + 0.2*sin(bar)"}}, "t", "dawn"),
    preset_from({"prompt": {"text": ["rain", "thunder"]}, "about": "fast rain"}, "t", "storm"),
]


def pictured(**pictures: bytes) -> Thumbnails:
    """Thumbnails of presets by their names."""
    names = {of: f"{zlib.crc32(webp):x}.webp" for of, webp in pictures.items()}
    return Thumbnails(
        {of: THUMBNAILS + name for of, name in names.items()}, {names[of]: webp for of, webp in pictures.items()}
    )


class Taken:
    """Takes of nothing."""

    def __init__(self) -> None:
        self.name, self._names = "", list[str]()

    def take(
        self, name: str, state: Preset, presets: Sequence[Preset], now: float, stands: Sequence[ControlEvent]
    ) -> str:
        self.name = "" if self.name else name
        self._names += [name] if self.name else []
        return "a take"

    def rows(self) -> list[dict[str, str]]:
        return [{"name": name, "folder": name, "date": "2026-01-01T20:00:00"} for name in self._names]


class Filmed:
    """Films and stills of nothing."""

    def __init__(self) -> None:
        self.name = ""

    def record(self, name: str, now: float) -> str:
        self.name = "" if self.name else name
        return "a film"

    def still(self, preset: str, now: float) -> str:
        return f"a still of {preset}"


class Playing:
    """A show that runs in a thread of its own at about 60 frames a second, with its remote."""

    def __init__(self, port: int = 0, broken_off: Preset | None = None, looks: Sequence[Preset] = LOOKS) -> None:
        self._start = time.monotonic()
        self.readback = Readback()
        self.desk = MidiDesk([], self.readback)
        rows = [(look.name, look.about) for look in looks]
        self.takes, self.thumbnails = Taken(), Thumbnails()
        self.remote = WebRemote(
            self.now,
            rows,
            port=port,
            learned=self._learned,
            takes=self.takes.rows,
            thumbnails=lambda: self.thumbnails,
        )
        self.played: list[ControlEvent] = []
        self.ears = Hears()
        self._show = Show(
            [self],
            self.ears,
            AtOnce(),
            looks,
            Settings((64, 36)),
            archive=Archive(keeper=Paper(), broken_off=broken_off, taker=self.takes, filmer=Filmed()),
        )
        self.blend: Blend = self._show.tick(0.0)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def now(self) -> float:
        return time.monotonic() - self._start

    def _learned(self) -> Mapping[str, Mapping[str, Any]]:
        return {f"desk {c.number}": row_of(c, "desk") for one in self.desk.learned.values() for c in one.controls}

    def read(self, now: float) -> Sequence[ControlEvent]:
        events = [*self.remote.read(now), *self.desk.take(now)]
        self.played += events
        return events

    def wiggled(self, *messages: Sequence[int]) -> list[str]:
        """Let a controller send `messages`; what it has learned so far."""
        for message in messages:
            self.desk.message("desk", message, self.now())
        return [control.target for one in self.desk.learned.values() for control in one.controls]

    def _run(self) -> None:
        for count in itertools.count():
            now = self.now()
            self.blend = self._show.tick(now)
            self.readback.write(self.blend, now)
            self.remote.write(self.blend, now)
            if self.remote.wanted() and count % 6 == 0:
                level = 40 + count % 200
                self.remote.picture(frozen_image(np.full((90, 160, 3), level, dtype=np.uint8)), now)
            if self._stop.wait(1 / 60):
                return

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self.remote.close()
