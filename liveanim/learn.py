"""`liveanim learn`: teaches a MIDI knob from the terminal, through the show that runs, else by itself."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from .core.errors import UserError, near
from .core.params import PARAMS, Table
from .inputs import midilearn
from .inputs.midi import MidiInput
from .inputs.midimap import SHADERS, is_done

Say = Callable[[str], None]
_PATIENCE = 3.0  # s for an answer of a show
_LOOK = 0.05  # s between looks at how far it has come


class Wanted:
    """What an input is to learn while there is no show: its values are nowhere."""

    values: Mapping[str, float] = {}
    knobs: Mapping[str, float] = {}
    midi: Sequence[Mapping[str, Any]] = ()

    def __init__(self, learning: str = "") -> None:
        self.learning = learning


def learn(words: Sequence[str], port: int, midi: str | None, say: Say) -> None:
    """Let a knob learn what `words` say; list what is learned when there are none. `port`: of a show's remote.

    UserError for a wish that cannot be read, or a show that does not take it.
    """
    text = _wish(words)
    rows = _ask(port, "/api/learned")
    if text and rows is not None:
        say(_through_the_show(text, port, say))
    elif text:
        say(_alone(text, midi, say))
    else:
        if rows is None:
            source = MidiInput(time.monotonic, Wanted(), midi)
            rows = [*source.learned().values()]
            source.close()
        for line in listing(rows):
            say(line)


def listing(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What is learned, a line each."""
    if not rows:
        yield "nothing has been learned yet: liveanim learn stage.hue"
    for row in sorted(rows, key=lambda row: (row["target"], row["knob"])):
        value = "" if row["value"] is None else f" {row['value']}"
        yield f"{row['target']}{value}: {row['about']} of {row['port']} ({row['mode']}, knob={row['knob']})"


def _wish(words: Sequence[str], table: Table = PARAMS) -> str:
    """The words as one text, once it is known that they can be understood."""
    if not words:
        return ""
    text = " ".join(word if " " not in word else _quoted(word) for word in words)
    target = midilearn.wish_from(text).target
    if target not in table and not is_done(target) and not target.startswith(SHADERS):
        raise UserError(f"cannot learn {target!r}{near(target, table)}")
    return text


def _quoted(word: str) -> str:
    """A word that had quotes before the shell took them."""
    key, found, value = word.partition("=")
    return f'{key}="{value}"' if found else f'"{word}"'


def _through_the_show(text: str, port: int, say: Say) -> str:
    """Let the show that runs learn it, and wait; given up, it is not learned after all."""
    before = _state(port)["notice"]
    _ask(port, "/api/actions/learn", {"value": text})
    end = time.monotonic() + _PATIENCE
    if not midilearn.wish_from(text).at_once:
        say(f"move a knob or hit a pad for {text} (the show on port {port} learns it; Ctrl-C: not after all)")
    try:
        seen = False
        while True:
            status = _state(port)
            waits = status["learning"] == text
            seen = seen or waits
            if not waits and (seen or status["notice"] != before or time.monotonic() > end):
                break
            time.sleep(_LOOK)
    except KeyboardInterrupt:
        _ask(port, "/api/actions/learn", {"value": None})
        raise
    return str(next(iter(status["warnings"]), "") if status["notice"] == before else status["notice"]) or "not learned"


def _state(port: int) -> Mapping[str, Any]:
    state = _ask(port, "/api/state")
    if not state:
        raise UserError("the show has ended")
    status: Mapping[str, Any] = state["status"]
    return status


def _ask(port: int, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """What the remote of a show on this machine answers; None when there is no show."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", data, {"Content-Type": "application/json"} if data else {}
    )
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if body is None:
            return None  # somebody else's server
        reason = json.load(error).get("error", error.reason) if "json" in str(error.headers) else error.reason
        raise UserError(f"the show on port {port}: {reason}") from None
    except (OSError, ValueError):
        return None


def _alone(text: str, midi: str | None, say: Say) -> str:
    """Without a show: the knob's next show knows it."""
    wanted = Wanted(text)
    source = MidiInput(time.monotonic, wanted, midi)
    try:
        waited, said = time.monotonic(), False
        while True:
            for event in source.read(time.monotonic()):
                if event.target == "do.learned":
                    return str(event.value).rpartition("\n")[2]
            if not said and (source.ports.devices or time.monotonic() - waited > 2.0):
                said = True
                there = ", ".join(source.ports.devices) or "none is there yet: plug one in"
                say(f"move a knob or hit a pad for {text} (MIDI inputs: {there})")
            time.sleep(_LOOK / 5)
    finally:
        source.close()
