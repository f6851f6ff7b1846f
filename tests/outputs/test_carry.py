"""What a homography alone cannot show: the stage agrees with the renderer's own flight."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from liveanim.core.errors import UserError
from liveanim.core.model import Blend, Image, Keyframe, Layer, frozen_map
from liveanim.core.params import defaults
from liveanim.core.space import Lens, step_move
from liveanim.outputs.headless import Headless
from liveanim.render import deep
from liveanim.render.depth import guessed
from liveanim.render.warp import BORDERS, warp

SIZE = (160, 96)


@pytest.fixture(scope="module")
def stage() -> Iterator[Headless]:
    try:
        made = Headless(SIZE, flash_limit=False)
    except UserError as error:
        pytest.skip(f"macOS and Windows have no EGL: {error}")
    yield made
    made.close()


def picture(seed: int = 3) -> Image:
    noise = np.random.default_rng(seed).random((SIZE[1], SIZE[0], 3), np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 5)
    return np.asarray(np.clip((smooth - 0.5) * 900 + 128, 0, 255), np.uint8)


def shown(stage: Headless, *layers: Layer, **values: float) -> np.ndarray:
    named = frozen_map({**defaults(), **{name.replace("__", "."): value for name, value in values.items()}})
    plain = {"vignette": 0.0}
    stage.write(Blend(0.0, layers, stage=frozen_map(plain), values=named), 0.0)
    return stage.read().astype(int)


def moved(**rates: float) -> np.ndarray:
    return step_move({**defaults(), **{f"space.{name}": value for name, value in rates.items()}}, 1.0)


@pytest.mark.parametrize("compat", [0.0, 1.0])
@pytest.mark.parametrize(
    "rates", [{"z": 0.2}, {"x": 0.15, "y": -0.1}, {"roll": 8.0}, {"z": 0.1, "yaw": 3.0, "pitch": -2.0}]
)
def test_a_flight_looks_the_same_on_the_stage_as_in_the_feedback(
    stage: Headless, rates: dict[str, float], compat: float
) -> None:
    image = picture()
    depth, move = guessed(image, "auto"), moved(**rates)
    lens = Lens(compat=compat > 0)
    expected = deep.fly(image, np.eye(3), move, lens.z(depth), lens, "reflect", "bilinear").astype(int)
    got = shown(stage, Layer(Keyframe(0, 0.0, image, depth=depth), 1.0, np.eye(3), move), camera__warp=compat)
    assert np.abs(expected - image).mean() > 8
    assert np.abs(got - expected)[8:-8, 8:-8].mean() < 2.5


def test_without_depth_a_flight_is_seen_as_a_flat_picture(stage: Headless) -> None:
    image, move = picture(), moved(z=0.2)
    flat = Lens().z(np.full((8, 8), 0.5, np.float32))
    expected = deep.fly(image, np.eye(3), move, flat, Lens(), "reflect", "bilinear").astype(int)
    got = shown(stage, Layer(Keyframe(0, 0.0, image), 1.0, np.eye(3), move))
    assert np.abs(got - expected)[8:-8, 8:-8].mean() < 2.5


@pytest.mark.parametrize("border", [0, 1, 2, 3])
def test_borders(stage: Headless, border: int) -> None:
    image = picture()
    aside = np.array([[1, 0, 0.4], [0, 1, 0.1], [0, 0, 1]])
    expected = warp(image, aside, BORDERS[border], "bilinear").astype(int)
    got = shown(stage, Layer(Keyframe(0, 0.0, image), 1.0, aside), camera__border=border)
    assert np.abs(got - expected).mean() < 2.5


def test_a_fade_that_follows_the_flow_meets_halfway(stage: Headless) -> None:
    """A blob moved by 0.2 heights: halfway through a plain fade there are two of it, along the flow only one."""

    def blob(x: float) -> Image:
        canvas = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
        cv2.circle(canvas, (round(SIZE[0] / 2 + x * SIZE[1]), SIZE[1] // 2), 9, (255, 255, 255), -1)
        return canvas

    flow = np.zeros((24, 40, 2), np.float32)
    flow[..., 0] = 0.2
    old, new = Keyframe(0, 0.0, blob(-0.1)), Keyframe(1, 0.1, blob(0.1), flow=flow)
    layers = Layer(old, 0.5, np.eye(3)), Layer(new, 0.5, np.eye(3))
    plain, drawn = shown(stage, *layers), shown(stage, *layers, picture__flow_fade=1.0)
    expected = blob(0.0).astype(int)
    assert plain.max() < 150
    assert np.abs(drawn - expected).mean() < 2
    done = Layer(old, 0.0, np.eye(3)), Layer(new, 1.0, np.eye(3))
    assert np.abs(shown(stage, *done, picture__flow_fade=1.0) - blob(0.1)).mean() < 1


def test_at_rest_nothing_is_drawn_beforehand(stage: Headless) -> None:
    image = picture()
    depth = guessed(image, "auto")
    shown(stage, Layer(Keyframe(0, 0.0, image, depth=depth), 1.0, np.diag([1.1, 1.1, 1.0])))
    assert stage.compositor._carry._used == 0
