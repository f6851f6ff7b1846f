"""What is seen while devices are opened, on stages that only note what they are given."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np
import pytest

from liveanim.core.errors import UserError
from liveanim.core.model import Blend, ControlEvent, Keyframe, Layer, frozen_image, frozen_map
from liveanim.library import find_preset
from liveanim.overture import BEFORE, BLANK, FADE, Left, Opening, Overture, mixed
from liveanim.show import Settings


class Noted:
    """A stage that keeps what it is given."""

    def __init__(self) -> None:
        self.blends: list[Blend] = []
        self.times: list[float] = []

    def write(self, blend: Blend, now: float) -> None:
        self.blends.append(blend)
        self.times.append(now)


def layer(level: int, weight: float = 1.0) -> Layer:
    image = frozen_image(np.full((36, 64, 3), level, dtype=np.uint8))
    return Layer(Keyframe(level, 0.0, image, "test", frozen_map({})), weight, np.eye(3))


@pytest.fixture
def played() -> tuple[Overture, Noted]:
    stage = Noted()
    overture = Overture(stage, find_preset("neon-tunnel"), Settings((64, 36)))
    overture.play(lambda: overture.painted)
    return overture, stage


def test_a_painted_picture_moves_long_before_the_show(played: tuple[Overture, Noted]) -> None:
    overture, stage = played
    overture.play(lambda: sum(bool(blend.layers) for blend in stage.blends) >= 6)
    assert overture.asked is not None and overture.asked.prompts[0].text.startswith("a tunnel")
    overture.close()
    assert {layer.keyframe.model for blend in stage.blends for layer in blend.layers} == {"paint"}
    assert stage.times == sorted(set(stage.times))
    assert all(BEFORE <= blend.time == now < -FADE for blend, now in zip(stage.blends, stage.times, strict=True))
    seen = [blend.layers[-1] for blend in stage.blends if blend.layers]
    first, last = (np.asarray(one.homography) for one in (seen[0], seen[-1]))
    moved = not np.allclose(first, last, rtol=0, atol=1e-5)
    assert len(seen) > 1 and (moved or seen[-1].keyframe.index > seen[0].keyframe.index)


def test_the_show_fades_in_once_it_has_something_to_show(played: tuple[Overture, Noted]) -> None:
    overture, stage = played
    overture.write(Blend(0.0), 0.0)
    assert [one.keyframe.model for one in stage.blends[-1].layers].count("paint") > 0
    shares = []
    for now in (0.1, 0.1 + FADE / 2, 0.1 + 0.999 * FADE):
        overture.write(Blend(now, layers=(layer(200),)), now)
        weights = {one.keyframe.model: 0.0 for one in stage.blends[-1].layers}
        for one in stage.blends[-1].layers:
            weights[one.keyframe.model] += one.weight
        assert sum(weights.values()) == pytest.approx(1.0)
        assert stage.blends[-1].time == now
        shares.append(weights["test"])
    assert shares == pytest.approx([0.0, 0.5, 1.0], abs=1e-4)
    blend = Blend(2.0, layers=(layer(200),))
    overture.write(blend, 2.0)
    assert stage.blends[-1] is blend


def test_what_is_pressed_acts_at_once_and_the_show_begins_with_it() -> None:
    stage, pressed = Noted(), [ControlEvent(9.0, "out.blackout", "toggle"), ControlEvent(9.5, "do.quit", None)]

    class Keys:
        def read(self, now: float) -> Sequence[ControlEvent]:
            assert now < 0
            return [pressed.pop(0)] if len(pressed) == 2 or len(stage.blends) > 2 else []

    overture = Overture(stage, find_preset("neon-tunnel"), Settings((64, 36)), keys=[Keys()])
    with pytest.raises(Left):
        overture.play(lambda: False, most=30.0)
    overture.close()
    assert stage.blends[-1].blackout
    assert [(event.time, event.target) for event in overture.pressed] == [(0.0, "out.blackout"), (0.0, "do.quit")]


def test_a_preset_that_is_pressed_is_played_at_once_by_the_numbers_of_the_show(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage, pressed = Noted(), [ControlEvent(9.0, "do.preset", 2.0)]

    class Keys:
        def read(self, now: float) -> Sequence[ControlEvent]:
            return [pressed.pop()] if pressed and len(stage.blends) > 2 else []

    looks = [find_preset(name) for name in ("neon-tunnel", "ink-storm", "deep-sea")]
    listed = ControlEvent(0.0, "do.set", '{"presets": ["neon-tunnel", "deep-sea"], "only": true}')
    overture = Overture(stage, looks[0], Settings((64, 36)), 0.0, [Keys()], looks, [listed])
    overture.play(lambda: bool(stage.blends) and stage.blends[-1].status.preset != "neon-tunnel", most=30.0)
    overture.close()
    assert stage.blends[-1].status.preset == "deep-sea"
    assert caplog.messages == [] and [event.value for event in overture.pressed] == [2.0]


def test_an_overture_that_is_never_painted_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no paint")

    monkeypatch.setattr("liveanim.overture.PaintRenderer.render", broken)
    stage = Noted()
    overture = Overture(stage, find_preset("neon-tunnel"), Settings((64, 36)))
    overture.play(lambda: overture.painted, most=BLANK + 0.01)
    overture.close()
    assert stage.blends and not overture.painted


def test_weights_keep_their_sum_on_the_way() -> None:
    before, after = (layer(1, 0.3), layer(2, 0.7)), (layer(3),)
    for share in np.linspace(0, 1, 11):
        assert sum(one.weight for one in mixed(before, after, float(share))) == pytest.approx(1.0)


def test_what_is_opened_beside_is_handed_over_and_closed() -> None:
    closed: list[str] = []

    def work(shelf: ExitStack) -> str:
        shelf.callback(closed.append, "card")
        return threading.current_thread().name

    opening = Opening(work)
    assert opening.result() == "opening" and opening.done() and not closed
    opening.close()
    assert closed == ["card"]


def test_what_cannot_be_opened_is_said_where_it_is_asked_for() -> None:
    def work(shelf: ExitStack) -> None:
        raise UserError("no such card")

    opening = Opening(work)
    with pytest.raises(UserError, match="no such card"):
        opening.result()
    opening.close()


def test_a_driver_that_never_answers_does_not_keep_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liveanim.overture.PATIENCE", 0.01)
    stuck = threading.Event()
    opening = Opening(lambda shelf: stuck.wait(60.0))
    since = time.perf_counter()
    opening.close()
    assert not opening.done() and time.perf_counter() - since < 30.0
    stuck.set()
    assert opening.result() is True
