"""Models that come and go while the show plays: the old one goes on until the new one paints, or for good."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from liveanim.core.errors import UserError
from liveanim.core.model import Keyframe, RenderRequest
from liveanim.render.inline import InlineRender, Start
from liveanim.render.worker import Renderer, ThreadRender

from .test_worker import DEADLINE, Fake, wait_until

SMALL, LARGE = (16, 8), (32, 16)


class House:
    """Models by name, a new one at each load: `gates` hold a load up, `broken` ones raise; how many load at once."""

    def __init__(self, **broken: Exception) -> None:
        self.broken = broken
        self.made: list[Fake] = []
        self.began: list[str] = []
        self.at_once = self.most = 0
        self.fail_at: dict[str, tuple[int, ...]] = {}
        self.stuck: dict[str, threading.Event] = {}
        self.gates: dict[str, threading.Event] = {}

    def others(self, request: RenderRequest) -> Callable[[], Renderer]:
        return lambda: self.load(request.model)

    def load(self, name: str) -> Renderer:
        self.began.append(name)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            if name in self.gates:
                assert self.gates[name].wait(DEADLINE)
            if name in self.broken:
                raise self.broken[name]
            self.made.append(Fake(name, self.fail_at.get(name, ()), self.stuck.get(name)))
            return self.made[-1]
        finally:
            self.at_once -= 1

    def last(self, name: str) -> Fake:
        return [fake for fake in self.made if fake.name == name][-1]


class Show:
    """Asks for one picture after the other."""

    def __init__(self, house: House, hang_after: float = 12.0) -> None:
        self.house, self.index, self.time = house, -1, 0.0
        self.render = ThreadRender(
            lambda: house.load("one"), Fake("paint"), hang_after, model="one", others=house.others
        )
        self.until("one")

    def ask(self, model: str, size: tuple[int, int] = SMALL) -> None:
        self.index += 1
        self.render.submit(RenderRequest(self.index, self.time, size, model=model))

    def paint(self, model: str, size: tuple[int, int] = SMALL) -> Keyframe | None:
        """What is painted for one request; None when that failed."""
        failures = self.render.status().failures
        self.ask(model, size)
        got: list[Keyframe] = []

        def arrived() -> bool:
            got.extend(keyframe for keyframe in [self.render.poll()] if keyframe is not None)
            return bool(got) or self.render.status().failures > failures

        wait_until(arrived, f"picture {self.index}")
        return got[0] if got else None

    def until(self, painter: str, asked: str = "", size: tuple[int, int] = SMALL) -> Keyframe:
        """Goes on until `painter` paints what is asked of model `asked`."""
        for _ in range(300):
            keyframe = self.paint(asked or painter, size)
            if keyframe is not None and keyframe.model == painter:
                return keyframe
        raise AssertionError(f"{painter} never painted")

    def says(self, what: str) -> None:
        wait_until(lambda: what in self.render.status().message, f"{what!r}, not {self.render.status().message!r}")


def width(keyframe: Keyframe | None) -> int:
    assert keyframe is not None
    return keyframe.image.shape[1]


def test_the_old_model_goes_on_at_its_size_until_the_new_one_paints_and_is_closed_then() -> None:
    house = House()
    house.gates["two"] = threading.Event()
    show = Show(house)
    for _ in range(3):
        keyframe = show.paint("two", LARGE)
        assert keyframe is not None and (keyframe.model, width(keyframe)) == ("one", SMALL[0])
    assert show.render.status().message == "loading two" and show.render.loading
    assert not house.last("one").closed
    house.gates["two"].set()
    assert width(show.until("two", size=LARGE)) == LARGE[0]
    previous = house.last("two").seen[0][1]
    assert previous is not None and previous.shape[1] == SMALL[0]  # from the picture on show
    assert (show.render.status().model, show.render.status().message, show.render.loading) == ("two", "", False)
    wait_until(lambda: house.last("one").closed, "the old model to be closed")
    show.render.close()
    assert house.last("two").closed and house.began == ["one", "two"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (UserError("unknown model 'two'"), "unknown model 'two'; one goes on"),
        (MemoryError("out of memory"), "two could not be loaded (MemoryError: out of memory); one goes on"),
    ],
)
def test_a_model_that_cannot_be_had_is_said_and_tried_again_when_it_is_chosen_again(
    error: Exception, said: str
) -> None:
    house = House(two=error)
    show = Show(house)
    assert width(show.paint("two", LARGE)) == SMALL[0]
    show.says(said)
    assert width(show.paint("two", LARGE)) == SMALL[0] and show.render.status().message == said
    assert show.paint("one") is not None and show.render.status().message == ""
    house.broken.clear()
    show.until("two")
    assert house.began == ["one", "two", "two"]
    show.render.close()


def test_a_model_that_fails_at_its_first_pictures_leaves_the_stage_to_the_old_one() -> None:
    house = House()
    house.fail_at["two"] = tuple(range(1000))
    show = Show(house)
    while show.paint("two", LARGE) is not None:
        pass
    assert not house.last("one").closed
    assert [show.paint("two", LARGE) for _ in range(2)] == [None, None]
    keyframe = show.paint("two", LARGE)
    assert keyframe is not None and (keyframe.model, width(keyframe)) == ("one", SMALL[0])
    assert show.render.status().message.startswith("two failed 3 times (RuntimeError: no picture")
    assert show.render.status().message.endswith("; one goes on")
    assert house.last("two").closed
    show.render.close()
    assert house.last("one").closed


def test_who_changes_their_mind_gets_the_last_wish_and_one_model_is_loaded_at_a_time() -> None:
    house = House()
    house.gates["two"] = threading.Event()
    show = Show(house)
    show.ask("two")
    wait_until(lambda: house.began == ["one", "two"], "the load")
    for model in ("three", "four", "five"):
        show.ask(model)
    house.gates["two"].set()
    show.until("five")
    assert house.began == ["one", "two", "five"] and house.most == 1
    assert house.last("two").closed and house.last("two").seen == []
    show.render.close()


def test_a_model_that_is_no_longer_wanted_when_it_is_loaded_is_closed() -> None:
    house = House()
    house.gates["two"] = threading.Event()
    show = Show(house)
    show.ask("two")
    wait_until(lambda: house.began == ["one", "two"], "the load")
    show.ask("one")
    assert show.render.status().message == "" and not show.render.loading
    house.gates["two"].set()
    wait_until(lambda: bool(house.made[1:]) and house.last("two").closed, "it to be closed")
    assert show.until("one") and len(house.made) == 2 and not house.last("one").closed
    show.render.close()


def test_a_model_that_failed_is_tried_again_after_a_rest_that_doubles() -> None:
    house = House()
    show = Show(house)
    model, begun = house.last("one"), len(house.last("one").seen)
    model.fail_at = tuple(range(1000))
    assert [show.paint("one") for _ in range(3)] == [None] * 3
    show.says(f"one failed 3 times (RuntimeError: no picture {show.index}); paint plays, the next try is in 30 s")
    for at, rest in ((30.0, 60), (90.0, 120), (210.0, 240)):
        show.time = at - 0.1
        keyframe = show.paint("one")
        assert keyframe is not None and keyframe.model == "paint"
        show.time = at
        assert show.paint("one") is None
        show.says(f"one failed again (RuntimeError: no picture {show.index}); paint plays, the next try is in {rest} s")
    assert len(model.seen) == begun + 6
    model.fail_at, show.time = (), 450.0
    keyframe = show.paint("one")
    assert keyframe is not None and keyframe.model == "one" and show.render.status().message == ""
    show.render.close()


def test_a_failure_that_is_over_is_no_longer_said() -> None:
    show = Show(House())
    show.house.last("one").fail_at = (show.index + 1,)
    assert show.paint("one") is None
    assert "the last picture stays" in show.render.status().message
    assert show.paint("one") is not None and show.render.status().message == ""
    show.render.close()


def test_a_model_that_hangs_at_its_first_picture_leaves_the_stage_to_the_old_one_until_it_wakes() -> None:
    house = House()
    gate = house.stuck["two"] = threading.Event()
    show = Show(house, hang_after=0.2)
    show.ask("two")
    wait_until(lambda: bool(house.made[1:]), "the load")
    show.ask("two")
    assert house.last("two").began.wait(DEADLINE)
    show.says("two hangs; one plays until it comes back")
    assert show.until("one", asked="two")
    gate.set()
    show.until("two")
    wait_until(lambda: house.last("one").closed, "the old model to be closed")
    assert show.render.status().message == ""
    show.render.close()


def test_a_model_that_fails_when_it_wakes_rests_as_well() -> None:
    house = House()
    house.stuck["one"], house.fail_at["one"] = threading.Event(), tuple(range(1000))
    render = ThreadRender(lambda: house.load("one"), Fake("paint"), 0.05, model="one", others=house.others)
    index = 0
    while not (house.made and house.made[0].began.is_set()):
        render.submit(RenderRequest(index, 0.0, SMALL, model="one"))
        index += 1
        threading.Event().wait(0.01)
    wait_until(lambda: "hangs" in render.status().message, "the hang")
    house.stuck["one"].set()
    wait_until(lambda: "the next try is in 30 s" in render.status().message, "the rest")
    render.close()
    assert house.made[0].closed


def test_offline_each_model_paints_in_its_time_and_what_cannot_be_had_is_said(caplog: pytest.LogCaptureFixture) -> None:
    house = House(three=UserError("no weights of three"))
    first = Fake("one")
    port = InlineRender(first, model="one", others=house.others)
    painted = []
    for index, model in enumerate(["one", "two", "two", "three", "three", "one"]):
        port.submit(RenderRequest(index, index / 10, LARGE if model in ("two", "three") else SMALL, model=model))
        keyframe = port.poll()
        assert keyframe is not None
        painted.append((keyframe.model, width(keyframe)))
    assert painted == [("one", 16), ("two", 32), ("two", 32), ("two", 32), ("two", 32), ("one", 16)]
    assert house.began == ["two", "three", "one"] and first.closed and house.last("two").closed
    assert [record.getMessage() for record in caplog.records] == ["no weights of three; two goes on"]
    port.close()
    assert house.last("one").closed


def test_a_part_that_begins_with_a_model_that_cannot_be_had_is_painted_as_large_as_the_one_before_did() -> None:
    house = House(two=UserError("no weights of two"))
    port = InlineRender(Fake("one"), start=Start(0.2), model="one", others=house.others)
    for index, (model, size) in enumerate([("one", SMALL), ("two", LARGE), ("two", LARGE)]):
        port.submit(RenderRequest(index, index / 10, size, model=model))
    assert width(port.poll()) == SMALL[0] and house.began == ["two"]
    port.close()
