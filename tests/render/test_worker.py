import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from liveanim.core.errors import UserError
from liveanim.core.model import Image, Keyframe, RenderRequest, frozen_image
from liveanim.render.inline import InlineRender
from liveanim.render.worker import Renderer, ThreadRender

DEADLINE = 10.0


class Fake:
    """Paints its index as a grey; remembers what it was given; waits at `gate`; raises at the indices in `fail_at`."""

    def __init__(self, name: str = "fake", fail_at: tuple[int, ...] = (), gate: threading.Event | None = None) -> None:
        self.name, self.message, self.vram = name, "", (0.0, 0.0)
        self.fail_at, self.gate = fail_at, gate
        self.seen: list[tuple[int, Image | None]] = []
        self.began = threading.Event()
        self.closed = False

    def render(self, request: RenderRequest, previous: Image | None) -> Keyframe:
        self.seen.append((request.index, previous))
        self.began.set()
        if self.gate is not None:
            assert self.gate.wait(DEADLINE)
        if request.index in self.fail_at:
            raise RuntimeError(f"no picture {request.index}")
        width, height = request.size
        image = np.full((height, width, 3), request.index, np.uint8)
        return Keyframe(request.index, request.time, frozen_image(image), self.name)

    def close(self) -> None:
        self.closed = True


def request(index: int, fresh: bool = False) -> RenderRequest:
    return RenderRequest(index, index * 0.1, (16, 8), fresh=fresh)


def wait_until(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + DEADLINE
    turn = threading.Event()
    while not true():
        assert time.monotonic() < end, f"timed out: {what}"
        turn.wait(0.002)


def painted(render: ThreadRender, index: int) -> Keyframe:
    render.submit(request(index))
    got: list[Keyframe] = []

    def arrived() -> bool:
        keyframe = render.poll()
        got.extend([keyframe] if keyframe else [])
        return bool(got)

    wait_until(arrived, f"keyframe {index}")
    return got[0]


def test_inline_paints_in_submit_and_hands_the_previous_picture_in() -> None:
    fake = Fake()
    render = InlineRender(fake)
    assert render.poll() is None and render.taken() is None
    for index in range(3):
        render.submit(request(index, fresh=index == 2))
        keyframe = render.poll()
        assert keyframe is not None and keyframe.index == index
        assert render.poll() is None
        taken = render.taken()
        assert taken is not None and taken.index == index
    first, second, third = (previous for _, previous in fake.seen)
    assert first is None and third is None
    assert second is not None and second[0, 0, 0] == 0 and not second.flags.writeable
    render.close()
    assert fake.closed


def test_inline_lets_a_failure_end_the_run() -> None:
    with pytest.raises(RuntimeError, match="no picture 0"):
        InlineRender(Fake(fail_at=(0,))).submit(request(0))


def test_a_thread_paints_and_keeps_the_previous_picture() -> None:
    fake = Fake()
    render = ThreadRender(None, fake)
    assert [painted(render, index).index for index in range(3)] == [0, 1, 2]
    assert [None if p is None else int(p[0, 0, 0]) for _, p in fake.seen] == [None, 0, 1]
    render.close()
    assert fake.closed


def test_the_newest_request_wins_while_a_picture_is_being_painted() -> None:
    gate = threading.Event()
    fake = Fake(gate=gate)
    render = ThreadRender(None, fake)
    render.submit(request(0))
    assert fake.began.wait(DEADLINE)
    for index in (1, 2, 3):
        render.submit(request(index))
    taken = render.taken()
    assert taken is not None and taken.index == 0
    gate.set()
    wait_until(lambda: len(fake.seen) == 2, "the newest request")
    assert fake.seen[1][0] == 3
    assert render.status().dropped == 2
    render.close()


def test_the_loaded_renderer_goes_on_from_the_picture_on_show() -> None:
    gate, model, meanwhile = threading.Event(), Fake("model"), Fake("paint")

    def load() -> Renderer:
        assert gate.wait(DEADLINE)
        return model

    render = ThreadRender(load, meanwhile)
    assert painted(render, 7).model == "paint"
    assert "loading" in render.status().message
    gate.set()
    index = 8
    while painted(render, index).model != "model":
        index += 1
        assert index < 200
    _, previous = model.seen[0]
    assert previous is not None and previous[0, 0, 0] == index - 1
    assert render.status().model == "model" and render.status().message == ""
    render.close()
    assert model.closed and meanwhile.closed


def test_a_model_that_does_not_load_leaves_meanwhile_playing_and_says_why() -> None:
    def load() -> Renderer:
        raise UserError("no such model 'embr' (did you mean: ember?)")

    render = ThreadRender(load, Fake("paint"))
    wait_until(lambda: "did you mean" in render.status().message, "the message")
    assert painted(render, 0).model == "paint"
    render.close()


def test_a_model_that_takes_long_to_load_says_for_how_long_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, late, machine = threading.Event(), 0.0, time.perf_counter
    monkeypatch.setattr("liveanim.render.worker.time.perf_counter", lambda: machine() + late)

    def load() -> Renderer:
        assert gate.wait(DEADLINE)
        return Fake("loaded")

    render = ThreadRender(load, Fake("meanwhile"))
    assert render.status().message == "loading the model"
    late = 1000.0
    assert render.status().message.startswith("loading the model: 10")
    gate.set()
    render.close()


def test_one_failure_keeps_the_picture_and_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    render = ThreadRender(None, Fake("model", fail_at=(1, 2)))
    assert painted(render, 0).index == 0
    for count in (1, 2):
        render.submit(request(count))
        wait_until(lambda: render.status().failures == count, "the failure")  # noqa: B023
    assert render.poll() is None
    assert "no picture 2" in render.status().message
    assert painted(render, 3).index == 3
    assert sum("failed to paint" in record.message for record in caplog.records) == 1
    render.close()


def test_three_failures_in_a_row_bring_meanwhile_back() -> None:
    model, meanwhile = Fake("model", fail_at=(201, 202, 203)), Fake("paint")
    render = ThreadRender(lambda: model, meanwhile)
    index = 0
    while painted(render, index).model != "model":
        index += 1
    for bad in (1, 2, 3):
        render.submit(request(200 + bad))
        wait_until(lambda: render.status().failures == bad, "the failure")  # noqa: B023
    assert render.status().model == "paint"
    assert "failed 3 times" in render.status().message
    keyframe = painted(render, 204)
    assert keyframe.model == "paint"
    previous = meanwhile.seen[-1][1]
    assert previous is not None and previous[0, 0, 0] == index
    render.close()
    assert meanwhile.closed


def test_a_stuck_renderer_is_replaced_and_comes_back_when_it_wakes() -> None:
    gate, meanwhile = threading.Event(), Fake("paint")
    model = Fake("model", gate=gate)
    render = ThreadRender(lambda: model, meanwhile, hang_after=0.05)
    index = 0
    while not model.began.is_set():
        render.submit(request(index))
        index += 1
        model.began.wait(0.01)
    wait_until(lambda: render.status().model == "paint", "the hang to be seen")
    assert "hangs" in render.status().message
    while render.poll() is not None:
        pass
    assert painted(render, 50).model == "paint"
    gate.set()
    index = 51
    while painted(render, index).model != "model":
        index += 1
        assert index < 250
    render.close()


def test_closing_does_not_wait_for_a_stuck_renderer(caplog: pytest.LogCaptureFixture) -> None:
    gate = threading.Event()
    fake = Fake(gate=gate)
    render = ThreadRender(None, fake)
    render.submit(request(0))
    assert fake.began.wait(DEADLINE)
    with caplog.at_level("INFO"):
        render.close(deadline=0.05)
    assert "did not end" in caplog.text
    gate.set()


def test_reloading_swaps_models_beside_the_show_and_closes_the_old_one() -> None:
    first, second = Fake("one"), Fake("two")
    render = ThreadRender(lambda: first, Fake("paint"))
    index = 0
    for wanted, load in (("one", None), ("two", lambda: second)):
        if load is not None:
            render.reload(load)
        while painted(render, index).model != wanted:
            index += 1
            assert index < 250
        index += 1
    assert first.closed and not second.closed
    render.close()


def test_a_wish_repeated_for_a_picture_already_begun_is_not_painted_again() -> None:
    fake = Fake()
    render = ThreadRender(None, fake)
    painted(render, 0)
    render.submit(request(0))
    assert painted(render, 1).index == 1
    assert [index for index, _ in fake.seen] == [0, 1]
    render.close()
