import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from liveanim.core.model import Image, Prompt, RenderRequest
from liveanim.render import brush, diffusion
from liveanim.render.brush import Own
from liveanim.render.coherence import Look
from liveanim.render.diffusion import REDO_SEED, DiffusionRenderer
from liveanim.render.engines import Engine, vram_of
from liveanim.render.family import start_time
from liveanim.render.load import Options, load
from liveanim.render.looks import Looks
from liveanim.render.warp import warp

SIZE = (96, 64)
TORCH = Options(device="cpu", engine="torch", threads=1, background=False)


def request(index: int = 1, **changes: object) -> RenderRequest:
    values: dict[str, object] = {"size": SIZE, "prompts": (Prompt("gold"),), "seed": 5, "coherence": 0.4, **changes}
    return RenderRequest(index, index * 0.1, **values)  # type: ignore[arg-type]


def distance(a: Image, b: Image) -> float:
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


@pytest.fixture(scope="module")
def renderer(flow_model: Path) -> DiffusionRenderer:
    return load(str(flow_model), options=TORCH)


@pytest.fixture(scope="module")
def before() -> Image:
    x, y = np.meshgrid(np.linspace(0, 9, SIZE[0]), np.linspace(0, 6, SIZE[1]))
    planes = [np.sin(x + y), np.cos(x * 1.7 - y), np.sin(y * 3)]
    return (127.5 + 100 * np.stack(planes, -1)).astype(np.uint8)


def test_a_keyframe_has_the_size_the_number_and_the_timings(renderer: DiffusionRenderer, before: Image) -> None:
    keyframe = renderer.render(request(7), before)
    assert keyframe.index == 7 and keyframe.image.shape == (64, 96, 3) and keyframe.image.dtype == np.uint8
    assert not keyframe.image.flags.writeable
    assert {"warp", "encode", "unet", "decode", "coherence"} <= set(keyframe.timings)


def test_the_same_arguments_give_the_same_bytes(flow_model: Path, renderer: DiffusionRenderer, before: Image) -> None:
    again = load(str(flow_model), options=TORCH)
    asked = request(3, steps=2, noise=0.1, sharpen=0.2)
    first = renderer.render(asked, before).image
    assert np.array_equal(renderer.render(asked, before).image, first)
    assert np.array_equal(again.render(asked, before).image, first)


def test_what_a_prompt_looks_like_is_kept_for_the_next_show(
    flow_model: Path, before: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fresh(threads: int = 1) -> DiffusionRenderer:
        renderer = load(str(flow_model), options=TORCH)
        renderer._looks = Looks(tmp_path / "looks", "cpu", threads)
        return renderer

    first = fresh().render(request(3), before).image
    (kept,) = (tmp_path / "looks").iterdir()
    with monkeypatch.context() as patch:
        patch.setattr(brush, "sketched", lambda *_: pytest.fail("the look of a prompt is found out again"))
        assert np.array_equal(fresh().render(request(3), before).image, first)
        for other in (request(3, prompts=(Prompt("jade"),)), request(3, size=(64, 64))):
            with pytest.raises(pytest.fail.Exception):
                fresh().render(other, before)
        with pytest.raises(pytest.fail.Exception):
            fresh(threads=2).render(request(3), before)
    for broken in (b"", kept.read_bytes()[:-40], b"PK nonsense"):
        kept.write_bytes(broken)
        assert np.array_equal(fresh().render(request(3), before).image, first)
    assert [path.stat().st_size > 500 for path in (tmp_path / "looks").iterdir()] == [True]


def test_looks_that_cannot_be_kept_cost_a_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    looks, own = Looks(tmp_path / "file" / "looks", "cpu", 1), Own(Look(torch.zeros(15)), torch.zeros(1, 16, 4, 4))
    for text in ("gold", "jade"):
        looks.keep(own, "openvino", text, SIZE)
        assert looks.find("openvino", text, SIZE) is None
    assert caplog.text.count("not kept") == 1


def test_of_too_many_looks_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liveanim.render.looks.MOST", 4)
    own = Own(Look(torch.zeros(15)), torch.zeros(1, 16, 4, 4))
    for n in range(5):
        Looks(tmp_path, "cpu", 1).keep(own, "openvino", str(n), SIZE)
        os.utime(max(tmp_path.iterdir(), key=lambda path: path.stat().st_mtime_ns), (n, n))
    found = Looks(tmp_path, "cpu", 1)
    assert [n for n in range(5) if found.find("openvino", str(n), SIZE) is not None] == [3, 4]


def test_a_fresh_process_gives_the_same_bytes(flow_model: Path, renderer: DiffusionRenderer, tmp_path: Path) -> None:
    code = (
        "import sys, numpy as np\n"
        "from liveanim.core.model import Prompt, RenderRequest\n"
        "from liveanim.render.load import Options, load\n"
        "options = Options(device='cpu', engine='torch', threads=1, background=False)\n"
        "renderer = load(sys.argv[1], options=options)\n"
        "previous = None\n"
        "for index in range(3):\n"
        "    asked = RenderRequest(index, index * 0.1, (96, 64), prompts=(Prompt('gold'),), seed=5, coherence=0.4)\n"
        "    previous = renderer.render(asked, previous).image\n"
        "np.save(sys.argv[2], previous)\n"
    )
    target = tmp_path / "picture.npy"
    subprocess.run([sys.executable, "-c", code, str(flow_model), str(target)], check=True, timeout=100)
    previous = None
    for index in range(3):
        previous = renderer.render(request(index), previous).image
    assert previous is not None and np.array_equal(np.load(target), previous)


def test_what_a_show_begins_with_is_known_when_the_model_is_ready(
    flow_model: Path, renderer: DiffusionRenderer, before: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = load(str(flow_model), SIZE, replace(TORCH, prompts=(Prompt("gold"),)))
    with monkeypatch.context() as patch:
        patch.setattr(brush, "sketched", lambda *_: pytest.fail("the look of a prompt is looked for again"))
        first = ready.render(request(), before).image
    assert np.array_equal(first, renderer.render(request(), before).image)


def test_denoise_nought_gives_the_moved_picture_untouched(renderer: DiffusionRenderer, before: Image) -> None:
    motion = np.array([[1.02, 0, 0.01], [0, 1.02, 0], [0, 0, 1]])
    assert np.array_equal(renderer.render(request(denoise=0.0, motion=motion), before).image, warp(before, motion))
    nearly = renderer.render(request(denoise=1e-4, coherence=0.0), before).image
    assert distance(nearly, before) < 1


def test_more_denoise_leaves_less_of_the_picture(renderer: DiffusionRenderer, before: Image) -> None:
    changes = [
        distance(renderer.render(request(denoise=d, coherence=0.0), before).image, before)
        for d in (0.0, 0.01, 0.03, 0.05)
    ]
    assert changes == sorted(changes)


def test_strength_as_stable_diffusion_is_less_noise_for_a_model_that_keeps_less_under_it(
    flow_model: Path, renderer: DiffusionRenderer, before: Image
) -> None:
    weaker = load(str(flow_model), options=TORCH)
    weaker._parts.spec = replace(weaker._parts.spec, noise=0.5)
    own, as_sd = request(denoise=0.35), request(denoise=0.35, values={"picture.strength_as": 1.0})
    plain = renderer.render(own, before).image
    assert np.array_equal(renderer.render(as_sd, before).image, plain)  # of its own kind: the same
    assert np.array_equal(weaker.render(own, before).image, plain)

    starts = [start_time(renderer._schedule, denoise) for denoise in np.linspace(0, 1, 10_001)]
    half = np.interp(start_time(renderer._schedule, 0.35, noise=0.5), starts, np.linspace(0, 1, 10_001))
    assert 0.2 < half < 0.21
    less = renderer.render(request(denoise=float(half)), before).image
    assert distance(weaker.render(as_sd, before).image, less) < 0.1 * distance(less, plain)


def test_denoise_one_and_fresh_forget_the_picture(renderer: DiffusionRenderer, before: Image) -> None:
    new = renderer.render(request(), None).image
    assert np.array_equal(renderer.render(request(denoise=1.0), before).image, new)
    assert np.array_equal(renderer.render(request(fresh=True), before).image, new)


def test_seed_index_prompt_and_steps_all_matter(renderer: DiffusionRenderer, before: Image) -> None:
    plain = renderer.render(request(), before).image
    for changes in ({"seed": 6}, {"prompts": (Prompt("sea"),)}, {"steps": 3}, {"contrast": 1.3}, {"noise": 0.2}):
        assert not np.array_equal(renderer.render(request(**changes), before).image, plain), changes
    assert not np.array_equal(renderer.render(request(2), before).image, plain)


def test_the_seed_survives_a_prompt_change(renderer: DiffusionRenderer, before: Image) -> None:
    first = renderer.render(request(4), before).image
    renderer.render(request(5, prompts=(Prompt("another"),), seed=9), before)
    assert np.array_equal(renderer.render(request(4), before).image, first)


def test_keyframes_do_not_share_memory(renderer: DiffusionRenderer, before: Image) -> None:
    first = renderer.render(request(1), before).image
    kept = np.array(first)
    renderer.render(request(2), first)
    assert np.array_equal(first, kept)


def test_guidance_and_a_negative_steer_away(renderer: DiffusionRenderer, before: Image) -> None:
    plain = renderer.render(request(), before).image
    guided = renderer.render(request(guidance=4.0), before).image
    negated = renderer.render(request(guidance=4.0, negative="people"), before).image
    assert not np.array_equal(plain, guided) and not np.array_equal(guided, negated)


@pytest.mark.parametrize("size", [(64, 64), (72, 40), (40, 104)])
def test_any_multiple_of_eight_paints_and_another_previous_size_is_fitted(
    renderer: DiffusionRenderer, before: Image, size: tuple[int, int]
) -> None:
    assert renderer.render(request(size=size), before).image.shape == (size[1], size[0], 3)


@pytest.mark.parametrize("kind", ["epsilon_model", "xl_model"])
def test_the_other_families_paint_too(kind: str, before: Image, request: pytest.FixtureRequest) -> None:
    other = load(str(request.getfixturevalue(kind)), options=TORCH)
    asked = RenderRequest(1, 0.1, SIZE, (Prompt("gold"),), seed=5, steps=2, guidance=2.0)
    first = other.render(asked, before).image
    assert first.shape == (64, 96, 3)
    assert np.array_equal(other.render(asked, before).image, first)


def test_a_flat_picture_is_painted_anew(renderer: DiffusionRenderer) -> None:
    flat = np.full((64, 96, 3), 90, np.uint8)
    low = renderer.render(request(denoise=0.2), flat).image
    assert low.std() > 3


def test_out_of_memory_steps_the_size_down_and_says_so(
    flow_model: Path, before: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = load(str(flow_model), options=TORCH)
    paint = small._paint

    def full(engine: Engine, asked: RenderRequest, previous: Image | None) -> Any:
        if asked.size[0] > 80:
            raise torch.OutOfMemoryError("out of memory")
        return paint(engine, asked, previous)

    monkeypatch.setattr(small, "_paint", full)
    keyframe = small.render(request(), before)
    assert keyframe.image.shape == (64, 96, 3)
    assert "out of GPU memory" in small.message and "72x64" in small.message


def test_how_full_the_card_is_shows_once_a_second(
    flow_model: Path, before: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, asked = load(str(flow_model), options=TORCH), list[str]()
    plain.render(request(), before)
    assert plain.vram == (0.0, 0.0) and vram_of("cpu") == (0.0, 0.0)

    def told(device: str) -> tuple[int, int]:
        asked.append(device)
        return 3, 10

    monkeypatch.setattr(torch.cuda, "mem_get_info", told)
    monkeypatch.setattr(diffusion, "vram_of", lambda device: vram_of("cuda"))
    for now in (1e9, 1e9 + 0.5, 1e9 + 1.1):
        plain._weigh(now)
    assert plain.vram == (7.0, 10.0) and asked == ["cuda", "cuda"]


def test_where_no_smaller_picture_fits_fewer_steps_may(
    flow_model: Path, before: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = load(str(flow_model), options=TORCH)
    paint = small._paint
    fits = 2

    def full(engine: Engine, asked: RenderRequest, previous: Image | None) -> Any:
        if asked.steps > fits:
            raise torch.OutOfMemoryError("out of memory")
        return paint(engine, asked, previous)

    monkeypatch.setattr(small, "_paint", full)
    assert small.render(request(steps=4), before).image.shape == (64, 96, 3)
    assert "in 2 steps now" in small.message
    fits = 0
    with pytest.raises(torch.OutOfMemoryError):
        small.render(request(steps=4), before)


def test_what_was_painted_before_does_not_matter(
    flow_model: Path, renderer: DiffusionRenderer, before: Image, tmp_path: Path
) -> None:
    """The prompt's own look is remembered: it must not depend on the request that first asked for it."""
    folder = Path(shutil.copytree(flow_model, tmp_path / "renoised"))
    settings = {"_class_name": "FlowMatchEulerDiscreteScheduler", "stochastic_sampling": True}
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(settings))
    asked = request(9, steps=2)
    pictures = []
    for first in (asked, request(2, seed=77, steps=3, guidance=2.0)):
        fresh = load(str(folder), options=TORCH)
        fresh.render(first, before)
        pictures.append(fresh.render(asked, before).image)
    assert np.array_equal(pictures[0], pictures[1])


def test_a_model_that_shrinks_by_sixteen_paints_any_size(packed_model: Path, before: Image) -> None:
    renderer = load(str(packed_model), options=TORCH)
    for size in ((96, 64), (104, 72)):
        first = renderer.render(request(0, size=size), None)
        assert first.image.shape == (size[1], size[0], 3)
        assert renderer.render(request(1, size=size), first.image).image.shape == first.image.shape


def test_redo_passes_paint_over_and_move_along_the_flow_of_a_picture_thrown_away(
    renderer: DiffusionRenderer, before: Image
) -> None:
    def painted(**values: float) -> Image:
        named = {f"picture.{name}": value for name, value in values.items()}
        return renderer.render(request(3, denoise=0.3, values=named), before).image

    pictures = [painted(), painted(redo=1.0), painted(redo=2.0), painted(redo_flow=1.0), painted(redo_flow=-1.0)]
    assert len({picture.tobytes() for picture in pictures}) == 5
    assert np.array_equal(pictures[1], painted(redo=1.0))
    away = renderer.render(request(3, denoise=0.3, seed=5 + REDO_SEED), before).image
    assert np.array_equal(pictures[1], renderer.render(request(3, denoise=0.3), away).image)


def test_a_network_without_a_middle_paints(epsilon_model: Path, tmp_path: Path, before: Image) -> None:
    """As SDXS has it."""
    from diffusers import UNet2DConditionModel

    folder = tmp_path / "lean"
    shutil.copytree(epsilon_model, folder)
    config: Any = UNet2DConditionModel.load_config(folder / "unet")
    UNet2DConditionModel.from_config({**config, "mid_block_type": None}).save_pretrained(folder / "unet")
    lean = load(str(folder), options=TORCH)
    assert lean.render(request(), before).image.std() > 1
