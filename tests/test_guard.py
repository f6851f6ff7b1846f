"""A live show outlives what goes wrong in a frame: by numbers, on a clock moved by hand."""

from __future__ import annotations

import pytest

from liveanim.clock import FrameClock
from liveanim.core.errors import UserError
from liveanim.core.model import Blend, ControlEvent
from liveanim.core.preset import preset_from
from liveanim.guard import DROPPED_AFTER, ENDED_AFTER, Guard
from liveanim.hands import SHOWN
from liveanim.inputs.fakes import Script
from liveanim.show import Settings, Show, Sink, run

from .fakes import AtOnce, Hears, Tape

FPS = 60


class Ears(Hears):
    """Raises in the frames `bad`."""

    def __init__(self, *bad: int) -> None:
        super().__init__()
        self._bad, self._frame = bad, -1

    def tune(self, values: object) -> None:
        self._frame += 1
        if self._frame in self._bad:
            raise ValueError(f"frame {self._frame}\nmore")


class Sulking:
    """A sink that raises in the frames `bad`."""

    def __init__(self, *bad: int) -> None:
        self.bad, self.frames = bad, 0

    def write(self, blend: Blend, now: float) -> None:
        self.frames += 1
        if self.frames - 1 in self.bad:
            raise KeyError("nobody there")


def played(ears: Ears, frames: int, *sinks: Sink, events: tuple[ControlEvent, ...] = ()) -> Tape:
    """What the stage shows, beside the other `sinks`."""
    tape, look = Tape(), preset_from({"prompt": {"text": ["a"]}}, "x", "x")
    guard = Guard(Show([Script(events)], ears, AtOnce(), [look], Settings((16, 8))), [tape, *sinks])
    run(guard, FrameClock(FPS, frames), guard.sinks)
    return tape


def said(tape: Tape) -> list[tuple[str, ...]]:
    return [blend.status.warnings for blend in tape.blends]


def test_a_frame_that_fails_shows_the_last_one_and_says_so_for_a_while(caplog: pytest.LogCaptureFixture) -> None:
    frames = round(FPS * (SHOWN + 1))
    tape = played(Ears(4, 5, 8), frames)
    assert [blend.time for blend in tape.blends] == [n / FPS for n in range(frames)]
    assert tape.blends[4].layers is tape.blends[5].layers is tape.blends[3].layers
    assert tape.blends[4].layers and tape.blends[6].layers is not tape.blends[3].layers
    assert said(tape)[3:6] == [
        (),
        ("the show failed (ValueError: frame 4)",),
        ("the show failed (ValueError: frame 5)",),
    ]
    assert said(tape)[8] == said(tape)[7 + FPS] and said(tape)[-1] == ()
    assert [bool(record.exc_info) for record in caplog.records] == [True]  # the same place thrice, told once


def test_a_show_that_fails_from_its_first_frame_shows_the_dark_gradient() -> None:
    tape = played(Ears(0, 1), 4)
    assert [bool(blend.layers) for blend in tape.blends] == [False, False, True, True]


def test_a_sink_that_fails_is_left_out_in_the_end_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    seldom, always = Sulking(*range(1, 400, 2)), Sulking(*range(400))
    tape = played(Ears(), 400, seldom, always)
    assert (len(tape.blends), seldom.frames, always.frames) == (400, 400, DROPPED_AFTER)
    line = f"Sulking failed (KeyError: 'nobody there') {DROPPED_AFTER} times: it is left out from now on"
    assert said(tape)[-1][-1] == line
    assert sum(record.getMessage() == line for record in caplog.records) == 1


def test_a_stage_that_fails_is_never_left_out() -> None:
    stage = Sulking(*range(DROPPED_AFTER + 50))
    tape, look = Tape(), preset_from({"prompt": {"text": ["a"]}}, "x", "x")
    guard = Guard(Show([], Hears(), AtOnce(), [look], Settings((16, 8))), [stage, tape])
    run(guard, FrameClock(FPS, 400), guard.sinks)
    assert stage.frames == len(tape.blends) == 400


@pytest.mark.parametrize("stage", [True, False])
def test_a_show_that_only_fails_ends_with_one_line(stage: bool) -> None:
    look, sink = preset_from({"prompt": {"text": ["a"]}}, "x", "x"), Sulking(*(range(2000) if stage else ()))
    ears = Ears(*(() if stage else range(2000)))
    guard = Guard(Show([], ears, AtOnce(), [look], Settings((16, 8))), [sink])
    with pytest.raises(UserError, match=r"failed \(.*--resume") as caught:
        run(guard, FrameClock(FPS, 2000), guard.sinks)
    assert "\n" not in str(caught.value)
    assert sink.frames == ENDED_AFTER - (not stage)


def test_quitting_and_interrupts_end_it_as_ever() -> None:
    quits = ControlEvent(0.5, "do.quit")
    assert len(played(Ears(*range(100)), 100, events=(quits,)).blends) == 31  # also while it fails

    class Interrupted:
        def write(self, blend: Blend, now: float) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        played(Ears(), 3, Interrupted())


def test_offline_an_error_ends_the_run() -> None:
    look = preset_from({"prompt": {"text": ["a"]}}, "x", "x")
    with pytest.raises(ValueError, match="frame 2"):
        run(Show([], Ears(2), AtOnce(), [look], Settings((16, 8))), FrameClock(FPS, 9), [])
