"""`liveanim learn`: through a running show, by itself, and what it lists."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from liveanim import learn
from liveanim.cli import main
from liveanim.core.errors import UserError
from liveanim.inputs.midi import LEARNED, MidiInput
from tests.inputs.web.clients import Playing

KNOB = [[0xB0, 21, value] for value in (30, 31, 33, 36, 40, 44)]
NOBODY = 9  # a port on which nobody answers


@pytest.fixture
def playing() -> Iterator[Playing]:
    one = Playing()
    yield one
    one.close()


def told(words: Sequence[str], port: int) -> list[str]:
    said: list[str] = []
    learn.learn(words, port, None, said.append)
    return said


def test_a_running_show_learns_and_lists(playing: Playing) -> None:
    port, stop = playing.remote.port, threading.Event()

    def play() -> None:
        while not stop.wait(0.02):
            if playing.blend.status.learning.startswith("stage.hue"):
                playing.wiggled(*KNOB)

    hand = threading.Thread(target=play)
    hand.start()
    try:
        asked, done = told(["stage.hue", "range=0.2..0.8"], port)
    finally:
        stop.set()
        hand.join()
    assert asked.startswith("move a knob") and done == "learned stage.hue: controller 21 of desk (absolute)"
    assert told([], port) == ["stage.hue: controller 21 of desk (absolute, knob=cc:1:21)"]
    assert told(["stage.hue", "adjust", "curve=2"], port)[-1] == "stage.hue: adjusted"
    assert told(["stage.hue", "forget", "knob=cc:1:21"], port)[-1] == "stage.hue: no learned knob any more"
    assert told([], port) == ["nothing has been learned yet: liveanim learn stage.hue"]


class Inputs(MidiInput):
    """MIDI inputs without ports, on which somebody wiggles a knob as soon as it is listened to."""

    folder = Path()

    def __init__(self, clock: Any, values: Any, wanted: str | None = None) -> None:
        super().__init__(clock, values, wanted, find=lambda: None, folder=self.folder)

    def read(self, now: float) -> Any:
        events = super().read(now)
        for message in KNOB:
            self._heard("desk", message, now)
        return events


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(Inputs, "folder", tmp_path)
    monkeypatch.setattr(learn, "MidiInput", Inputs)
    return tmp_path / LEARNED


def test_without_a_show_it_is_kept_for_the_next_one(alone: Path) -> None:
    assert told(["do.scene", "value=night drive"], NOBODY)[-1].startswith("learned do.scene: controller 21 of desk")
    end = time.monotonic() + 10
    while not list(alone.glob("*.toml")) and time.monotonic() < end:
        time.sleep(0.01)
    assert told([], NOBODY) == ["do.scene night drive: controller 21 of desk (trigger, knob=cc:1:21)"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["stage.hu"], "cannot learn 'stage.hu' (did you mean: stage.hue"),
        (["stage.hue", "range=2"], "learn: range: expected a number from 0 to 1"),
        (["do.preset"], "needs value = a preset"),
    ],
)
def test_a_mistake_is_told_before_anything_is_waited_for(words: list[str], said: str) -> None:
    with pytest.raises(UserError) as error:
        told(words, NOBODY)
    assert said in str(error.value)


def test_it_is_a_command(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["learn", "--web-port", str(NOBODY)]) == 0
    assert "nothing has been learned yet" in capsys.readouterr().out
