"""Where keyframes land and how they mix: numbers against numpy and OpenCV."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest

from liveanim.core.model import Blend, Image, Layer, Matrix
from liveanim.outputs.headless import Headless

from .pictures import centroid, dots, flat, homography, keyframe, mixed, smooth, still

Make = Callable[[tuple[int, int]], Headless]
Show = Callable[..., Image]
TILT = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.35, 1.0]])


def warped(image: Image, seen: Matrix, interpolation: int = cv2.INTER_LINEAR) -> Image:
    """`image` where `seen` puts it, by OpenCV, mirrored at the borders."""
    height, width = image.shape[:2]
    to_pixels = np.array([[height, 0, width / 2 - 0.5], [0, height, height / 2 - 0.5], [0, 0, 1.0]])
    matrix = to_pixels @ seen @ np.linalg.inv(to_pixels)
    moved = cv2.warpPerspective(image, matrix, (width, height), flags=interpolation, borderMode=cv2.BORDER_REFLECT)
    return moved.astype(np.uint8)


def difference(a: Image, b: Image) -> float:
    return float(np.abs(a.astype(np.int16) - b.astype(np.int16)).mean())


def test_a_keyframe_at_rest_comes_through_unchanged_to_the_bit(show: Show) -> None:
    image = np.random.default_rng(1).integers(0, 256, (180, 320, 3), dtype=np.uint8)
    assert np.array_equal(show(still(image)), image)


@pytest.mark.parametrize(
    "seen",
    [
        homography(1.2),
        homography(0.8),
        homography(roll=0.3),
        homography(x=0.21, y=-0.13),
        homography(1.1, -0.2, 0.1, 0.05),
    ],
    ids=["zoom in", "zoom out", "roll", "shift", "all"],
)
def test_a_moved_keyframe_matches_opencv(show: Show, seen: Matrix) -> None:
    image = smooth()
    assert difference(show(still(image, seen)), warped(image, seen)) <= 1.0


def test_a_tilted_keyframe_matches_opencv(show: Show) -> None:
    image = smooth()
    assert difference(show(still(image, TILT)), warped(image, TILT)) <= 2.0


@pytest.mark.parametrize("point", [(0.5, 0.2), (-0.6, -0.3), (0.1, 0.4)])
def test_a_point_lands_where_the_homography_sends_it(show: Show, point: tuple[float, float]) -> None:
    seen = homography(1.15, 0.1, 0.08, -0.06)
    x, y, w = seen @ np.array([*point, 1.0])
    found = centroid(show(still(dots([point], (640, 360)), seen), (640, 360)))
    assert math.dist(found, (x / w, y / w)) * 360 < 1.0


def test_content_moves_right_and_down_for_positive_shifts(show: Show) -> None:
    x, y = centroid(show(still(dots([(0.0, 0.0)], (320, 180)), homography(x=0.25, y=0.1))))
    assert x == pytest.approx(0.25, abs=0.005) and y == pytest.approx(0.1, abs=0.005)


def test_borders_are_mirrored(show: Show) -> None:
    image = smooth()
    shown = show(still(image, homography(x=0.5)))
    assert np.abs(shown[:, :90].astype(int) - image[:, 89::-1]).max() <= 1


@pytest.mark.parametrize("weights", [(0.25, 0.75), (0.5, 0.5), (0.1, 0.9)])
def test_two_keyframes_mix_by_weight(show: Show, weights: tuple[float, float]) -> None:
    a, b = (200, 40, 120), (20, 240, 60)
    shown = show(mixed([(flat(a), weights[0]), (flat(b), weights[1])]))
    expected = weights[0] * np.array(a) + weights[1] * np.array(b)
    assert np.abs(shown.reshape(-1, 3).mean(axis=0) - expected).max() <= 0.6
    assert np.abs(shown - expected).max() <= 1.01


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_up_to_four_keyframes_mix_by_weight(show: Show, count: int) -> None:
    colours = [(250, 10, 30), (10, 200, 90), (60, 60, 240), (120, 130, 20)][:count]
    weights = np.arange(1, count + 1) / np.arange(1, count + 1).sum()
    shown = show(mixed([(flat(colour), float(weight)) for colour, weight in zip(colours, weights, strict=True)]))
    assert np.abs(shown.reshape(-1, 3).mean(axis=0) - weights @ np.array(colours)).max() <= 0.6


def test_mixed_as_light_a_fade_is_brighter_in_the_middle(stage: Make) -> None:
    blend = mixed([(flat((0, 0, 0)), 0.5), (flat((255, 255, 255)), 0.5)])
    plain, light = stage((64, 36)), stage((64, 36))
    plain.write(blend, 0.0)
    light.write(replace(blend, stage={**blend.stage, "linear_fade": 1.0}), 0.0)
    values = plain.read().mean(), light.read().mean()
    assert values[0] == pytest.approx(127.5, abs=0.6) and values[1] == pytest.approx(180.3, abs=0.6)


@pytest.mark.parametrize(
    ("painted", "shown_part"),
    [((256, 256), (256, 144)), ((512, 128), (227, 128)), ((100, 300), (100, 56))],
    ids=["square", "wide", "tall"],
)
def test_a_keyframe_of_another_shape_covers_the_stage(
    show: Show, painted: tuple[int, int], shown_part: tuple[int, int]
) -> None:
    image = smooth(painted)
    shown = show(still(image))
    (width, height), (wide, tall) = painted, shown_part
    y, x = (height - tall) // 2, (width - wide) // 2
    part = cv2.resize(image[y : y + tall, x : x + wide], (320, 180), interpolation=cv2.INTER_CUBIC)
    assert difference(shown, part.astype(np.uint8)) <= 2.5


def test_a_small_keyframe_is_enlarged_as_smoothly_as_bicubic(show: Show) -> None:
    image = smooth((160, 90), seed=4)
    expected = cv2.resize(image, (640, 360), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    shown = show(still(image), (640, 360))
    assert difference(shown, expected) <= 1.0


def test_an_enlarged_edge_is_not_blocky(show: Show) -> None:
    """A slanted edge at four times its size: rows step by small amounts, not by whole source pixels."""
    y, x = np.mgrid[0:45, 0:80]
    edge = (np.clip((x - 30 - 0.5 * y) + 0.5, 0, 1) * 255).astype(np.uint8)
    shown = show(still(np.repeat(edge[..., None], 3, axis=2)), (320, 180))[:, :, 0].astype(float)
    crossing = [float(np.interp(127.0, row, np.arange(320))) for row in np.sort(shown, axis=1)[20:160]]
    steps = np.abs(np.diff(crossing))
    assert steps.max() < 1.2


def test_an_enlarged_drawing_is_nearer_to_the_original_than_bicubic_and_has_no_halos(show: Show) -> None:
    original, rng = np.full((360, 640, 3), 128, dtype=np.uint8), np.random.default_rng(5)
    for _ in range(120):
        centre = (int(rng.integers(0, 640)), int(rng.integers(0, 360)))
        axes = (int(rng.integers(15, 60)), int(rng.integers(5, 14)))
        colour = [int(level) for level in rng.integers(60, 200, 3)]
        cv2.ellipse(original, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
    painted = cv2.resize(original, (160, 90), interpolation=cv2.INTER_AREA).astype(np.uint8)
    bicubic = cv2.resize(painted, (640, 360), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    shown = show(still(painted), (640, 360))
    errors = [float(((image.astype(float) - original) ** 2).mean()) for image in (shown, bicubic)]
    assert errors[0] < 0.85 * errors[1]
    assert shown.min() >= painted.min() - 12 and shown.max() <= painted.max() + 12


def test_a_large_keyframe_is_reduced_without_sparkling(show: Show) -> None:
    checks = (np.indices((720, 1280)).sum(axis=0) % 2 * 255).astype(np.uint8)
    shown = show(still(np.repeat(checks[..., None], 3, axis=2)))
    assert np.abs(shown.astype(int) - 128).max() <= 6


def test_a_picture_seen_edge_on_or_from_behind_is_no_garbage(show: Show) -> None:
    image = smooth()
    for seen in (np.zeros((3, 3)), np.full((3, 3), np.nan), np.array([[1, 0, 0], [0, 1, 0], [0, 2.5, 1.0]])):
        shown = show(still(image, seen))
        assert 40 < shown.mean() < 215


def test_before_the_first_keyframe_there_is_a_dark_quiet_moving_gradient(stage: Make) -> None:
    one = stage((320, 180))
    one.write(Blend(0.0), 0.0)
    first = one.read()
    one.write(Blend(4.0), 4.0)
    later = one.read()
    assert 3 < first.mean() < 40 and first.max() < 90 and first.std() > 1
    assert 0 < difference(first, later) < 10


def test_a_dark_gradient_is_dithered_and_does_not_band(show: Show) -> None:
    ramp = np.repeat(np.linspace(8, 16, 40).round().astype(np.uint8)[None, :, None], 30, axis=0)
    shown = show(still(np.repeat(ramp, 3, axis=2), exposure=0.4), (640, 480))
    middle = shown[100:380, :, 0].astype(float)
    columns = middle.mean(axis=0)
    assert len(np.unique(columns.round(2))) > 60
    assert middle.std(axis=0).max() < 0.6


def test_blackout_is_black_and_the_picture_comes_back(stage: Make) -> None:
    one, image = stage((320, 180)), smooth()
    blend = still(image)
    one.write(blend, 0.0)
    one.write(Blend(0.1, blend.layers, blend.stage, blackout=True, level=0.0), 0.1)
    assert one.read().max() == 0
    one.write(blend, 0.2)
    assert np.array_equal(one.read(), image)


def test_freeze_holds_the_picture_through_a_blackout_and_whatever_comes(stage: Make) -> None:
    one = stage((320, 180))
    held, other = smooth(seed=1), smooth(seed=2)
    one.write(still(held), 0.0)
    new = still(other)
    for blackout in (False, True, False):
        one.write(Blend(0.1, new.layers, new.stage, freeze=True, level=float(not blackout)), 0.1)
        assert np.array_equal(one.read(), np.zeros_like(held) if blackout else held)
    one.write(new, 0.2)
    assert np.array_equal(one.read(), other)


def test_a_dimmed_picture_is_a_share_of_itself_a_frozen_one_too(stage: Make) -> None:
    one, image = stage((320, 180)), smooth()
    for n, (level, freeze) in enumerate([(0.4, False), (0.4, True), (1 / 255, True), (1.0, True), (0.0, False)]):
        one.write(replace(still(image, time=n / 60), level=level, freeze=freeze), n / 60)
        assert np.abs(one.read() - image * level).max() <= 0.502
    assert one.read().max() == 0


def test_frozen_from_the_start_shows_the_first_picture(stage: Make) -> None:
    one, image = stage((320, 180)), smooth()
    one.write(Blend(0.0, still(image).layers, {"vignette": 0.0}, freeze=True), 0.0)
    assert np.array_equal(one.read(), image)


def test_a_keyframe_is_uploaded_once(stage: Make) -> None:
    one = stage((320, 180))
    frames = [keyframe(smooth(seed=n), n) for n in range(3)]
    for n in range(30):
        pair = (frames[n // 10], frames[(n // 10 + 1) % 3])
        layers = tuple(Layer(frame, 0.5, homography(1 + n / 100)) for frame in pair)
        one.write(Blend(n / 30, layers), n / 30)
    assert one.compositor.uploads == 3


def test_two_equal_keyframes_are_two_pictures(stage: Make) -> None:
    one, image = stage((64, 36)), flat((9, 9, 9))
    for _ in range(2):
        one.write(still(image), 0.0)
    assert one.compositor.uploads == 2


def test_the_same_blends_give_the_same_pictures_to_the_bit(stage: Make) -> None:
    def play() -> list[Image]:
        one, frames = stage((160, 90)), [keyframe(smooth((160, 90), n), n) for n in range(2)]
        pictures = []
        for n in range(6):
            layers = (Layer(frames[0], 1 - n / 6, homography(1 + n / 50)), Layer(frames[1], n / 6, homography()))
            values = {"shake": 0.5, "grain": 0.5, "feedback": 0.8, "bloom": 0.4, "split": 0.3}
            one.write(Blend(n / 30, layers, values), n / 30)
            pictures.append(one.read())
        return pictures

    assert all(np.array_equal(a, b) for a, b in zip(play(), play(), strict=True))


def test_a_picture_read_is_read_only_and_stays_as_it_was(stage: Make) -> None:
    one = stage((64, 36))
    one.write(still(flat((10, 20, 30))), 0.0)
    first = one.read()
    one.write(still(flat((90, 20, 30))), 0.1)
    assert not first.flags.writeable and tuple(first[0, 0]) == (10, 20, 30)
