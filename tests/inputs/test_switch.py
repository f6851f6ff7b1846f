"""Another input taken while a show runs: beside the old one, in its place, or not at all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from liveanim.core.errors import UserError
from liveanim.core.model import ControlEvent
from liveanim.core.preset import preset_from
from liveanim.inputs.audio import LiveInput
from liveanim.inputs.devices import Choice
from liveanim.inputs.ears import Deaf, Ears
from liveanim.inputs.fakes import Script, tone
from liveanim.inputs.sources import AudioSource, Steady, fitted
from liveanim.inputs.switch import START, Switch
from liveanim.show import Settings, Show
from tests.fakes import AtOnce, Hears
from tests.inputs.cards import Card, Clock


class Named(Steady):
    """A tone that tells when it is closed."""

    def __init__(self, name: str, rate: int, closed: Callable[[str], None]) -> None:
        super().__init__(tone(440.0 if name == START else 880.0, rate=rate))
        self.name, self._closed = name, closed

    def status(self) -> str:
        return self.name or "the start"

    def close(self) -> None:
        self._closed(self.name)


class Rig:
    """Inputs by name: what is `there` can be had, what is `alone` only while nothing else is open."""

    def __init__(self, there: tuple[str, ...] = ("mixer",), alone: tuple[str, ...] = ()) -> None:
        self.there, self.alone = set(there), set(alone)
        self.open: list[str] = []
        self.told: list[str] = []

    def make(self, name: str, rate: int | None) -> AudioSource:
        if name not in self.there | {START} or (name in self.alone and self.open):
            raise UserError(f"no sound input {name!r}")
        self.open.append(name)
        self.told.append(f"open {name}")
        return Named(name, rate or 32000, self.closed)

    def closed(self, name: str) -> None:
        self.open.remove(name)
        self.told.append(f"close {name}")

    def look(self) -> None:
        self.told.append("look")

    def switch(self) -> Switch:
        return Switch(self.make, self.look, lambda: sorted(self.there))


def changed(switch: Switch, name: str) -> None:
    """`choose`, and wait until it is done."""
    switch.choose(name)
    if (thread := switch._thread) is not None:
        thread.join(5.0)


def hertz(switch: Switch, now: float) -> float:
    """Of the tone that is heard in the second before `now`."""
    samples = switch.read(now)[-switch.rate :, 0]
    return float(np.argmax(np.abs(np.fft.rfft(samples)))) * switch.rate / len(samples)


def test_another_input_is_opened_beside_the_old_one_and_heard_from_then_on() -> None:
    rig = Rig()
    switch = rig.switch()
    assert (switch.rate, switch.channels, switch.inputs, switch.status()) == (32000, 2, ("mixer",), "the start")
    assert hertz(switch, 1.0) == pytest.approx(440)
    changed(switch, " mixer ")
    assert rig.told == ["open ", "open mixer", "close "]
    assert (switch.chosen, switch.problem()) == ("mixer", "")
    assert hertz(switch, 2.0) == pytest.approx(880)
    changed(switch, START)
    assert (switch.chosen, rig.open) == (START, [START])
    switch.close()
    assert rig.open == []


def test_what_is_not_found_is_looked_for_again_with_nothing_open() -> None:
    rig = Rig(("mixer", "late"), alone=("late",))
    switch = rig.switch()
    changed(switch, "late")
    assert rig.told == ["open ", "close ", "look", "open late"]
    assert (switch.status(), switch.problem(), switch.inputs) == ("late", "", ("late", "mixer"))


def test_what_cannot_be_had_is_said_and_the_old_one_comes_back() -> None:
    rig = Rig()
    switch = rig.switch()
    changed(switch, "mixer")
    changed(switch, "lost")
    assert switch.problem() == "sound: no sound input 'lost'; mixer goes on"
    assert (switch.chosen, rig.open) == ("mixer", ["mixer"])
    rig.there.clear()
    changed(switch, "lost")
    assert (switch.problem(), switch.status()) == ("sound: no sound input 'mixer'", "opening the sound")
    assert switch.read(1.0).shape == (0, 2)
    rig.there.add("mixer")
    changed(switch, "mixer")
    assert (switch.problem(), switch.status()) == ("", "mixer")


def test_the_one_that_is_heard_is_opened_anew() -> None:
    rig = Rig()
    switch = rig.switch()
    changed(switch, START)
    assert rig.told == ["open ", "close ", "look", "open "]


def test_a_driver_that_fails_in_its_own_way_ends_nothing() -> None:
    def broken() -> None:
        raise RuntimeError("the driver is confused")

    rig = Rig()
    switch = Switch(rig.make, broken, list)
    changed(switch, "lost")
    assert switch.problem() == "sound: the driver is confused"
    changed(switch, "mixer")
    assert switch.status() == "mixer"


def test_after_the_end_nothing_is_opened() -> None:
    rig = Rig()
    switch = rig.switch()
    switch.close()
    changed(switch, "mixer")
    assert rig.open == []


def test_an_input_at_another_rate_is_heard_at_that_of_the_show() -> None:
    card, clock = Card(rate=16000), Clock()
    choose: Callable[[bool], Choice] = lambda again: Choice(card.device, (0, 1))  # noqa: E731
    source = LiveInput(None, clock, opener=card.open, chooser=choose, watched=False, rate=32000)
    assert source.rate == 32000
    for n in range(1, 11):
        clock.time = n * 0.1
        card.play(np.ones((1600, 2), np.float32))
    assert len(source.read(1.0)) == pytest.approx(32000, rel=0.05)


def test_channels_are_repeated_or_mixed() -> None:
    two = np.array([[1.0, 3.0]], np.float32)
    assert fitted(two, 1).tolist() == [[2.0]]
    assert fitted(two, 3).tolist() == [[1.0, 3.0, 3.0]]
    assert fitted(two[:, :1], 2).tolist() == [[1.0, 1.0]]
    assert fitted(two, 2) is two


def test_ears_choose_by_their_switch_and_without_one_not_at_all() -> None:
    rig = Rig()
    switch = rig.switch()
    ears = Ears(switch, Deaf(), switch)
    assert ears.inputs() == ("mixer",)
    ears.choose("mixer")
    if (thread := switch._thread) is not None:
        thread.join(5.0)
    assert (ears.status(), rig.open) == ("mixer", ["mixer"])
    alone = Ears(Steady(tone()), Deaf())
    alone.choose("mixer")
    assert (alone.inputs(), alone.status()) == ((), "tone 440 Hz")


def test_a_show_hears_what_it_is_told_to() -> None:
    ears, look = Hears(), preset_from({"prompt": {"text": ["a"]}}, "t", "t")
    events = [ControlEvent(0.0, "do.input", "USB:3"), ControlEvent(0.1, "do.input", None)]
    show = Show([Script(events)], ears, AtOnce(), [look], Settings((16, 8)))
    status = show.tick(0.0).status
    assert (ears.chosen, status.notice, status.inputs) == (["USB:3"], "sound input: USB:3", ("Microphone", "USB Mixer"))
    assert show.tick(0.1).status.notice == "sound input: as at the start"
    show.tick(0.2)
    assert ears.chosen == ["USB:3", ""]
