"""Keyframes from static buffers, with a tape that plays on the CPU what a CUDA graph plays on a GPU."""

import ctypes
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from liveanim.core.model import Image, Prompt, RenderRequest
from liveanim.core.motion import step_matrix
from liveanim.core.params import defaults
from liveanim.render.diffusion import LOOK_SEEDS, DiffusionRenderer
from liveanim.render.engines import Engine, EnginePool, TorchEngine
from liveanim.render.load import Options, load
from liveanim.render.models import Parts, find
from liveanim.render.prompts import PromptBook
from liveanim.render.resident import CudaTape
from liveanim.render.text import clip_encoder

SIZE = (96, 64)
MOTION = step_matrix({**defaults(), "camera.zoom": 1.3, "camera.angle": 9.0}, 0.1, SIZE[0] / SIZE[1])
MODELS = ("flow_model", "epsilon_model", "xl_model", "flux_model")


class Tape:
    """Plays again by working again, into the same memory. Keyframes are counted, looks of texts (`sketched`) apart."""

    device = "cpu"

    def __init__(self, error: Exception | None = None) -> None:
        self.recorded = self.played = self.sketched = self.waited = self.renewed = 0
        self.answers: list[torch.Tensor] = []
        self._error = error

    def record(self, work: Callable[[], torch.Tensor]) -> tuple[Callable[[], object], torch.Tensor]:
        if self._error is not None:
            raise self._error
        answer = work()
        painted = answer.dtype == torch.uint8
        if painted:
            self.recorded += 1
            self.answers.append(answer)

        def again() -> None:
            self.played += painted
            self.sketched += not painted
            answer.copy_(work())

        return again, answer

    def wait(self) -> None:
        self.waited += 1

    def renew(self) -> None:
        self.renewed += 1


def asking(index: int = 1, **changes: object) -> RenderRequest:
    values: dict[str, object] = {
        "size": SIZE, "prompts": (Prompt("gold"),), "seed": 5, "coherence": 0.4, "noise": 0.02, "sharpen": 0.15,
        "contrast": 1.05, "denoise": 0.4, "motion": MOTION, **changes,
    }  # fmt: skip
    return RenderRequest(index, index * 0.1, **values)  # type: ignore[arg-type]


def played(folder: Path, tape: Tape, interop: bool = False) -> DiffusionRenderer:
    parts = Parts(find(str(folder)))
    pool = EnginePool(lambda: TorchEngine(parts), None, False)
    return DiffusionRenderer(parts, pool, PromptBook(parts.family.encoder(parts)), tape=tape, interop=interop)


@pytest.fixture(scope="module")
def before() -> Image:
    x, y = np.meshgrid(np.linspace(0, 9, SIZE[0]), np.linspace(0, 6, SIZE[1]))
    planes = [np.sin(x + y), np.cos(x * 1.7 - y), np.sin(y * 3)]
    return (127.5 + 100 * np.stack(planes, -1)).astype(np.uint8)


@pytest.fixture(autouse=True)
def _float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is compared is not to differ by how numbers are rounded."""
    monkeypatch.setattr("liveanim.render.engines.fast_bfloat16", lambda: False)
    monkeypatch.setattr("liveanim.render.flux.LAYERS", (1, 2, 3))  # quicker


@pytest.mark.parametrize("model", MODELS)
def test_what_is_played_is_what_would_be_painted(model: str, before: Image, request: pytest.FixtureRequest) -> None:
    folder, tape = request.getfixturevalue(model), Tape()
    one = played(folder, tape)
    other = load(str(folder), options=Options("cpu", "torch", threads=1, background=False))
    two = before
    for asked in (
        asking(1),
        asking(2, seed=9, denoise=0.6, prompts=(Prompt("sea"),), coherence=0.0),
        asking(3, steps=2, noise=0.0, contrast=1.0, motion=np.eye(3)),
        asking(4, guidance=3.0, negative="grey", prompts=(Prompt("a | b"), Prompt("c", 0.4))),
        asking(5, denoise=0.03),
    ):
        picture, expected = one.render(asked, two).image, other.render(asked, two).image
        assert float(np.abs(picture.astype(int) - expected).mean()) < 0.05
        assert np.abs(picture.astype(int) - expected).max() <= 2
        two = picture
    assert tape.played == 5 and tape.waited == tape.played + tape.sketched
    assert tape.sketched == 3 * len(LOOK_SEEDS)  # of all texts but the first


def test_prompts_seeds_and_numbers_record_nothing_again(flow_model: Path, before: Image) -> None:
    tape = Tape()
    renderer = played(flow_model, tape)
    picture = renderer.render(asking(1), before).image
    place = tape.answers[0].data_ptr()
    changes: tuple[dict[str, object], ...] = (
        {"prompts": (Prompt("sea"),)}, {"seed": 8}, {"denoise": 0.7}, {"coherence": 0.9}, {"noise": 0.2},
        {"prompts": (Prompt("gold", 0.3), Prompt("sea"))}, {"motion": np.eye(3)},
    )  # fmt: skip
    seen = {picture.tobytes()}
    for change in changes:
        seen.add(renderer.render(asking(1, **change), before).image.tobytes())
    assert tape.recorded == 1 and tape.answers[0].data_ptr() == place
    assert len(seen) == len(changes) + 1
    assert np.array_equal(renderer.render(asking(1), before).image, picture)


def test_a_picture_handed_over_on_the_card_is_the_one_that_was_painted(flow_model: Path, before: Image) -> None:
    assert played(flow_model, Tape()).render(asking(1), before).on_card is None
    renderer = played(flow_model, Tape(), interop=True)
    first, second = (renderer.render(asking(index), before) for index in (2, 3))
    for keyframe in (first, second):
        shared = keyframe.on_card
        assert shared is not None and (shared.device, shared.size) == (0, SIZE)
        lies = np.ctypeslib.as_array((ctypes.c_uint8 * (SIZE[0] * SIZE[1] * 4)).from_address(shared.address))
        rgba = lies.reshape(SIZE[1], SIZE[0], 4)
        assert np.array_equal(rgba[..., :3], keyframe.image) and (rgba[..., 3] == 255).all()
    assert not np.array_equal(first.image, second.image)
    assert renderer.render(asking(4, fresh=True), before).on_card is None  # painted step by step


def test_a_new_size_or_number_of_steps_is_recorded_once(flow_model: Path, before: Image) -> None:
    tape = Tape()
    renderer = played(flow_model, tape)
    for changes in ({}, {"size": (64, 64)}, {"steps": 3}, {}, {"size": (64, 64)}, {"steps": 3}):
        asked = asking(1, **changes)
        width, height = asked.size
        assert renderer.render(asked, before).image.shape == (height, width, 3)
    assert tape.recorded == 3


def test_what_is_recorded_is_given_up_all_at_once(
    flow_model: Path, before: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liveanim.render.resident.SHAPES_KEPT", 2)
    tape = Tape()
    renderer = played(flow_model, tape)
    alive = []
    for steps in (1, 2, 1, 2, 3, 3, 1):
        renderer.render(asking(1, steps=steps), before)
        alive.append(tape.recorded)
    assert alive == [1, 2, 2, 2, 3, 3, 4]
    assert tape.renewed == 2  # at first, and when all was given up


def test_a_recording_that_lacks_memory_makes_the_picture_smaller(flow_model: Path, before: Image) -> None:
    renderer = played(flow_model, Tape(RuntimeError("CUDA error: out of memory")))
    with pytest.raises(RuntimeError, match="out of memory"):
        renderer.render(asking(1), before)
    assert renderer.message.startswith("out of GPU memory: flow paints at 64x64 in 1 steps now")


def test_the_last_picture_need_not_come_back_from_the_host(
    flow_model: Path, before: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    renderer = played(flow_model, Tape())
    first = renderer.render(asking(1), before).image
    kept = np.array(first)
    second = renderer.render(asking(2), first).image
    assert np.array_equal(first, kept)
    assert np.array_equal(renderer.render(asking(2), kept).image, second)


def test_a_model_that_is_warmed_up_beside_another_leaves_recording_to_who_plays_it(
    flow_model: Path, before: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    tape = Tape()
    renderer = played(flow_model, tape)
    paint, room = renderer._paint, [False]

    def full(engine: Engine, asked: RenderRequest, previous: Image | None) -> Any:
        if asked.size[0] > 80 and not room[0]:
            raise torch.OutOfMemoryError("out of memory")
        return paint(engine, asked, previous)

    monkeypatch.setattr(renderer, "_paint", full)
    renderer.warm(SIZE)
    assert tape.recorded == tape.sketched == 0 and renderer.message == ""
    room[0] = True  # the other one is gone
    picture = renderer.render(asking(1), before).image
    assert tape.recorded == 1 and tape.answers[0].shape == picture.shape


def test_pictures_that_are_not_only_moved_are_painted_step_by_step(flow_model: Path, before: Image) -> None:
    tape = Tape()
    renderer = played(flow_model, tape)
    renderer.render(asking(1, fresh=True), before)
    renderer.render(asking(1, denoise=0.0), before)
    renderer.render(asking(1), None)
    renderer.render(asking(1, values={"match.space": 1.0}), before)
    assert tape.recorded == 0
    assert "keyframe" in renderer.render(asking(1), before).timings


def test_a_gpu_that_cannot_record_paints_step_by_step_and_says_so(
    flow_model: Path, before: Image, caplog: pytest.LogCaptureFixture
) -> None:
    renderer = played(flow_model, Tape(RuntimeError("operation not permitted\nwhen stream is capturing")))
    assert "encode" in renderer.render(asking(1), before).timings and renderer.message == ""
    assert "encode" in renderer.render(asking(2), before).timings
    assert renderer.message.startswith("keyframes cannot be recorded on this GPU (operation not permitted)")
    assert "encode" in renderer.render(asking(3), before).timings


def test_a_recording_that_another_thread_has_spoilt_is_made_again(
    flow_model: Path, before: Image, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    tape = Tape(RuntimeError("operation failed due to a previous error during capture"))
    renderer = played(flow_model, tape)
    assert "encode" in renderer.render(asking(1), before).timings
    monkeypatch.setattr(tape, "_error", None)
    assert "keyframe" in renderer.render(asking(2), before).timings
    assert renderer.message == "" and tape.recorded == 1


def test_guidance_away_from_the_picture_itself_asks_the_network_once(
    epsilon_model: Path, before: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    unet = TorchEngine.unet

    def counted(self: TorchEngine, *arguments: object, **more: object) -> torch.Tensor:
        calls.append(1)
        return unet(self, *arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(TorchEngine, "unet", counted)
    renderer = load(str(epsilon_model), options=Options("cpu", "torch", threads=1, background=False))
    asked = asking(1, guidance=2.0, coherence=0.0)
    itself = replace(asked, values={"picture.against": 1.0})
    counts, pictures = [], []
    for one in (asked, itself, replace(itself, guidance=1.0)):
        renderer.render(one, before)  # looks are painted now
        calls.clear()
        pictures.append(renderer.render(one, before).image.tobytes())
        counts.append(len(calls))
    assert counts == [2, 1, 1] and len(set(pictures)) == 3


def on_card(folder: Path) -> tuple[Parts, EnginePool, PromptBook]:
    parts = Parts(find(str(folder)), "cuda", half=True)
    return parts, EnginePool(lambda: TorchEngine(parts), None, False), PromptBook(clip_encoder(parts))


@pytest.mark.gpu
def test_a_cuda_graph_paints_as_the_steps_do(epsilon_model: Path, before: Image) -> None:
    graph, steps = (DiffusionRenderer(*on_card(epsilon_model), tape=tape) for tape in (CudaTape("cuda"), None))
    one = two = before
    for index in range(1, 6):
        asked = asking(index, prompts=(Prompt("gold" if index < 3 else "sea"),))
        one, two = graph.render(asked, two).image, steps.render(asked, two).image
        assert float(np.abs(one.astype(int) - two).mean()) < 1
    assert graph.message == ""


@pytest.mark.gpu
@pytest.mark.filterwarnings("ignore:Synchronization debug mode")
def test_a_keyframe_on_a_card_waits_for_nothing_but_its_picture(epsilon_model: Path, before: Image) -> None:
    renderer = DiffusionRenderer(*on_card(epsilon_model), tape=CudaTape("cuda"))
    picture = before
    for index in range(1, 6):
        asked = asking(index, prompts=(Prompt("gold" if index % 2 else "sea"),), denoise=0.3 + 0.05 * index)
        torch.cuda.set_sync_debug_mode("error" if index > 2 else "default")
        try:
            picture = renderer.render(asked, picture).image
        finally:
            torch.cuda.set_sync_debug_mode("default")
    assert renderer.message == ""


@pytest.mark.gpu
def test_recordings_that_were_given_up_are_made_again_on_a_card(
    epsilon_model: Path, before: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liveanim.render.resident.SHAPES_KEPT", 2)
    graph, steps = (DiffusionRenderer(*on_card(epsilon_model), tape=tape) for tape in (CudaTape("cuda"), None))
    for count in (1, 2, 3, 1, 1, 2, 4, 1, 2, 2):
        asked = asking(count, steps=count, prompts=(Prompt("abcdefg"[count]),))
        one, two = graph.render(asked, before).image, steps.render(asked, before).image
        assert float(np.abs(one.astype(int) - two).mean()) < 1
    assert graph.message == ""
