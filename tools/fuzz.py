"""Throws random and mutated input at everything that listens, and looks whether memory grows.

    python tools/fuzz.py [--osc 1000000] [--midi 100000] [--web 100000] [--seed 1]

Every packet goes the whole way: reader, queue, a running show. An exception ends it with its traceback; a bad line of
input never does. At the end: rates, what was applied and refused, and the memory before and after.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from liveanim.core.model import Blend, ControlEvent, RenderRequest  # noqa: E402
from liveanim.core.params import PARAMS  # noqa: E402
from liveanim.core.preset import preset_from  # noqa: E402
from liveanim.inputs import midimap, oscwire  # noqa: E402
from liveanim.inputs.mididesk import MidiDesk  # noqa: E402
from liveanim.inputs.osc import OscReader  # noqa: E402
from liveanim.inputs.oscnames import ADDRESSES  # noqa: E402
from liveanim.inputs.oscwire import Argument  # noqa: E402
from liveanim.inputs.readback import Readback  # noqa: E402
from liveanim.inputs.web.events import BadEvent, Vocabulary  # noqa: E402
from liveanim.inputs.web.state import difference, state_of  # noqa: E402
from liveanim.show import Settings, Show  # noqa: E402
from tests.fakes import AtOnce, Hears  # noqa: E402
from tools.benchmarks.machine import rss_mb  # noqa: E402

FRAME = 64  # packets of a display frame
LOOKS = ("dawn", "storm")
WARM_UP = 0.2  # share of the run after which memory has to stay
_PATHS = list(ADDRESSES)
_WORDS: list[Argument] = [
    "toggle",
    "+",
    "-",
    "*",
    "?",
    "a",
    "",
    "dawn",
    "2*kick",
    "1 +",
    "/",
    "\0",
    "é",
    "𝄞",
    "x" * 3000,
    "%s",
    "{0}",
]
_NUMBERS: list[Argument] = [
    0.0,
    1.0,
    -1.0,
    0.5,
    1e38,
    -1e38,
    1e-40,
    float("nan"),
    float("inf"),
    2**31 - 1,
    -(2**31),
    127,
    True,
    False,
]


class Forgetful(AtOnce):
    """A painter that keeps no requests, as a real one: they would look like memory that the show loses."""

    def submit(self, request: RenderRequest) -> None:
        super().submit(request)
        self.requests.clear()


class Played:
    """A show whose pictures are grey, fed by hand."""

    def __init__(self) -> None:
        self.events: list[ControlEvent] = []
        looks = [preset_from({"prompt": {"text": ["a"]}}, "fuzz", name) for name in LOOKS]
        self._show = Show([self], Hears(), Forgetful(), looks, Settings((16, 8)))
        self.blend: Blend = self._show.tick(0.0)
        self.now = 0.0

    def read(self, now: float) -> Sequence[ControlEvent]:
        events, self.events = self.events, []
        return events

    def frame(self, events: Sequence[ControlEvent]) -> Blend:
        self.now += 1 / 60
        self.events = [event for event in events if event.target != "do.quit"]
        self.blend = self._show.tick(self.now)
        return self.blend


def osc_packet(dice: random.Random, depth: int = 0) -> bytes:
    """A good packet, a damaged one, or noise."""
    if dice.random() < 0.1:
        return dice.randbytes(dice.randrange(120))
    path = (
        dice.choice(_PATHS)
        if dice.random() < 0.8
        else "/" + "".join(dice.choices("/ab*?[]{},!-é", k=dice.randrange(20)))
    )
    arguments = [
        dice.choice(_NUMBERS if dice.random() < 0.7 else _WORDS) for _ in range(dice.choice((0, 1, 1, 1, 2, 3)))
    ]
    packet = oscwire.message(path, *arguments)
    if depth < 3 and dice.random() < 0.15:
        tag = dice.choice([oscwire.AT_ONCE, 0, 2**64 - 1, oscwire.tag_of(time.time() + dice.uniform(-5, 90))])
        packet = oscwire.bundle([osc_packet(dice, depth + 1) for _ in range(dice.randrange(4))], tag)
    if dice.random() < 0.4:
        packet = damaged(dice, packet)
    return packet


def damaged(dice: random.Random, packet: bytes) -> bytes:
    """`packet` with bytes changed, cut off or added."""
    data = bytearray(packet)
    for _ in range(dice.randrange(1, 5)):
        if data:
            data[dice.randrange(len(data))] = dice.randrange(256)
    return bytes(data[: dice.randrange(len(data) + 1)]) + dice.randbytes(dice.choice((0, 0, 0, 4, 7)))


def midi_message(dice: random.Random) -> list[int]:
    """Bytes of a channel message, mostly; else of anything."""
    if dice.random() < 0.8:
        return [
            dice.choice((0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0)) | dice.randrange(16),
            dice.randrange(128),
            dice.randrange(128),
        ]
    return [dice.randrange(256) for _ in range(dice.choice((0, 1, 2, 3, 3, 5, 40)))]


def web_message(dice: random.Random) -> tuple[object, object]:
    """Target and value as a client might send them."""
    targets = [*PARAMS, *(f"{kind}.{name}" for kind in ("add", "scale", "expr", "bar") for name in list(PARAMS)[:5])]
    target: Any = dice.choice(
        [*targets, "prompt.1", "prompt.99", "do.preset", "do.tap", "do.quit", "do.learn", None, 5, [], {}]
    )
    value: Any = dice.choice([dice.choice(_NUMBERS), dice.choice(_WORDS), None, [1], {"a": 1}, 10**400])
    return target, value


def run_osc(count: int, dice: random.Random) -> Counter[str]:
    played = Played()
    reader = OscReader(lambda: played.now, lambda: played.blend.values, lambda packet, sender: None, lambda: LOOKS)

    def one(number: int) -> None:
        reader.packet(osc_packet(dice), ("127.0.0.1", 5000 + number % 7), played.now)
        if number % FRAME == 0:
            played.frame(reader.read(played.now))

    measured("OSC packets", count, one)
    return reader.counts


def run_midi(count: int, dice: random.Random) -> Counter[str]:
    played, back = Played(), Readback()
    desk = MidiDesk(midimap.shipped(), back)
    ports = ["APC mini mk2", "LPD8", "MPD218", "nanoKONTROL2", "Midi Fighter Twister", "something else"]

    def one(number: int) -> None:
        desk.message(dice.choice(ports), midi_message(dice), played.now)
        if number % 16 == 0:
            back.write(played.frame(desk.take()), played.now)
        if number % 5000 == 0:
            desk.forget(dice.choice(ports))

    measured("MIDI messages", count, one)
    return desk.counts


def run_web(count: int, dice: random.Random) -> Counter[str]:
    played, words = Played(), Vocabulary(presets=lambda: LOOKS)
    counts: Counter[str] = Counter()
    waiting: list[ControlEvent] = []
    told: Any = {}

    def one(number: int) -> None:
        nonlocal told
        try:
            waiting.append(words.event(*web_message(dice), played.now))
            counts["applied"] += 1
        except BadEvent:
            counts["refused"] += 1
        if number % FRAME == 0:
            state = state_of(played.frame(list(waiting)), PARAMS, {}, 60.0)
            json.dumps(difference(told, state), allow_nan=False)
            told = state
            waiting.clear()

    measured("web messages", count, one)
    return counts


def measured(name: str, count: int, one: Callable[[int], None]) -> None:
    """Does `one` count times; says how fast, and what became of memory after the first part."""
    begun, warm = time.process_time(), rss_mb()
    for number in range(count):
        one(number)
        if number == int(count * WARM_UP):
            warm = rss_mb()
    seconds = max(1e-6, time.process_time() - begun)
    print(f"{name}: {count}, {count / seconds:,.0f}/s of CPU time; memory {warm:.0f} MB -> {rss_mb():.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, count in (("osc", 1_000_000), ("midi", 100_000), ("web", 100_000), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=count)
    wanted = parser.parse_args()
    logging.disable(logging.WARNING)
    for run, count in ((run_osc, wanted.osc), (run_midi, wanted.midi), (run_web, wanted.web)):
        counts = run(count, random.Random(wanted.seed))
        print("  " + ", ".join(f"{name} {number}" for name, number in counts.most_common()))


if __name__ == "__main__":
    main()
