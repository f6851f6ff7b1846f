"""What the keys send."""

from __future__ import annotations

import pytest

from liveanim.core.model import ControlEvent
from liveanim.core.params import PARAMS
from liveanim.outputs.keys import BY_NAME, KEYS, Leaving, event_for


@pytest.mark.parametrize(
    ("name", "target", "value"),
    [
        ("escape", "do.quit", None),
        ("space", "out.freeze", "toggle"),
        ("b", "out.blackout", "toggle"),
        ("1", "do.preset", 1.0),
        ("9", "do.preset", 9.0),
        ("t", "do.tap", None),
        ("shift+t", "do.follow", None),
        ("r", "do.reset", None),
        ("backspace", "do.release", None),
        ("page_down", "do.preset", "+"),
        ("p", "do.panic", None),
        ("shift+3", "do.scene", 3.0),
        ("n", "do.next", None),
        ("ctrl+z", "do.undo", None),
        ("ctrl+v", "do.record", None),
        ("s", "do.still", None),
    ],
)
def test_a_key_sends_its_event_stamped_now(name: str, target: str, value: float | str | None) -> None:
    assert event_for(BY_NAME[name], 2.5, {}) == ControlEvent(2.5, target, value, "keyboard")


def test_only_two_presses_within_two_seconds_end_a_show() -> None:
    leaving = Leaving()
    assert [leaving.pressed(now) for now in (0.0, 2.5, 4.4)] == [False, False, True]
    assert Leaving().hint(0.0) == "" and leaving.hint(6.3).startswith("escape") and leaving.hint(6.5) == ""


@pytest.mark.parametrize("name", ["f", "h", "f1", "f11"])
def test_keys_the_window_acts_on_itself_send_nothing(name: str) -> None:
    assert event_for(BY_NAME[name], 0.0, {}) is None and BY_NAME[name].local


def test_stepping_keys_go_from_the_present_value_and_stay_in_range() -> None:
    up = event_for(BY_NAME["up"], 0.0, {"stage.exposure": 1.0})
    assert up is not None and (up.target, up.value) == ("stage.exposure", 1.25)
    top = event_for(BY_NAME["up"], 0.0, {"stage.exposure": 4.0})
    assert top is not None and top.value == 4.0


def test_turning_the_colours_goes_round() -> None:
    hue = 0.0
    for _ in range(24):
        event = event_for(BY_NAME["right"], 0.0, {"stage.hue": hue})
        assert event is not None and isinstance(event.value, float)
        hue = event.value
        assert -0.5 <= hue <= 0.5
    assert hue == pytest.approx(0.0, abs=1e-9)


def test_every_key_is_named_once_and_sets_something_that_exists() -> None:
    assert len(BY_NAME) == len(KEYS)
    for key in KEYS:
        assert key.doc and (key.local or key.target.startswith("do.") or key.target in PARAMS)


def test_the_keys_for_the_meter_go_up_and_round_and_down_to_one() -> None:
    for name, before, after in (("m", 4.0, 5.0), ("m", 16.0, 1.0), ("shift+m", 4.0, 3.0), ("shift+m", 1.0, 1.0)):
        event = event_for(BY_NAME[name], 0.0, {"play.meter": before})
        assert event is not None and (event.target, event.value) == ("play.meter", after)


def test_the_key_for_quantise_goes_round() -> None:
    values = {"play.quantise": 0.0}
    for expected in (1.0, 2.0, 3.0, 0.0):
        event = event_for(BY_NAME["q"], 0.0, values)
        assert event is not None and event.value == expected
        values = {"play.quantise": expected}
