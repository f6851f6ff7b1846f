"""From the last picture to the one that is painted over: video, masks, flow, depth, init images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from liveanim.core.errors import UserError
from liveanim.core.model import Image, RenderRequest, Shots, frozen_image
from liveanim.core.params import PARAMS, Values
from liveanim.core.space import step_move
from liveanim.render import hybrid, optical, tune
from liveanim.render.depth import Depth, find_depth, guessed, load_depth
from liveanim.render.feedback import Feedback
from liveanim.render.paint import PaintRenderer
from liveanim.render.wordmask import find_finder, load_finder

SIZE = (160, 96)


def picture(seed: int = 1, size: tuple[int, int] = SIZE) -> Image:
    noise = np.random.default_rng(seed).random((size[1], size[0], 3), np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    return frozen_image(np.clip((smooth - 0.5) * 700 + 128, 0, 255).astype(np.uint8))


def request(shots: Shots = Shots(), fresh: bool = False, denoise: float = 0.4, **values: float) -> RenderRequest:  # noqa: B008
    named = {name.replace("__", "."): value for name, value in values.items()}
    flight = {f"space.{name}": 0.0 for name in ("x", "y", "z", "pitch", "yaw", "roll")} | named
    return RenderRequest(
        3, 0.3, SIZE, denoise=denoise, fresh=fresh, values=named, shots=shots, since=0.1, move=step_move(flight, 0.1)
    )  # fmt: skip


def start(asked: RenderRequest, previous: Image | None = None) -> Any:
    found = Feedback().start(asked, previous)
    return None if found.picture is None else tune.levels(found.picture)


def shifted(image: Image, right: int, down: int) -> Image:
    return frozen_image(np.roll(image, (down, right), (0, 1)))


def apart(a: np.ndarray, b: np.ndarray, margin: int = 16) -> float:
    inside = slice(margin, -margin)
    return float(np.abs(a.astype(int) - b.astype(int))[inside, inside].mean())


def test_video_mode_paints_over_the_video_and_forgets_the_last_picture() -> None:
    video = picture(2)
    asked = request(Shots(video=video), picture__mode=2.0)
    assert np.array_equal(start(asked, picture(1)), video)
    without = request(picture__mode=2.0)
    assert np.array_equal(start(without, picture(1)), picture(1))  # no video: feedback goes on


def test_the_colours_of_plain_pictures_are_led_where_they_would_be_matched() -> None:
    sample, still = picture(2), tune.floats(picture(1))
    asked, plain = request(Shots(sample=sample), match__space=1.0, match__amount=0.5), Feedback(plain=True)
    assert np.array_equal(plain.coloured(asked, still), tune.led(still, sample, 0.5))
    assert np.array_equal(Feedback().coloured(asked, still), tune.matched(still, sample, "lab", 0.5))
    assert plain.coloured(request(Shots(sample=sample)), still) is still


def test_still_mode_paints_every_picture_from_noise() -> None:
    assert start(request(picture__mode=1.0), picture(1)) is None


def test_an_init_image_begins_a_look_at_its_own_strength() -> None:
    init = picture(4)
    found = Feedback().start(request(Shots(init=init), fresh=True, picture__init_strength=0.7), picture(1))
    assert found.denoise == pytest.approx(0.3)
    assert np.array_equal(tune.levels(found.picture), init)
    assert start(request(Shots(init=init)), picture(1)) is not None  # not fresh: the feedback goes on
    assert np.array_equal(start(request(Shots(init=init)), picture(1)), picture(1))


@pytest.mark.parametrize("method", [0.0, 1.0, 2.0])
def test_the_motion_of_the_video_moves_the_picture(method: float) -> None:
    before = picture(5)
    shots = Shots(video=shifted(before, 6, 3), before=before)
    moved = start(request(shots, hybrid__motion=1.0, hybrid__method=method), picture(1))
    assert apart(moved, shifted(picture(1), 6, 3)) < 6 < apart(moved, picture(1))
    back = start(request(shots, hybrid__motion=1.0, hybrid__factor=-1.0), picture(1))
    assert apart(back, shifted(picture(1), -6, -3)) < 8


@pytest.mark.parametrize("kind", [2.0, 3.0])
def test_affine_and_perspective_motion(kind: float) -> None:
    before = picture(6)
    turned = cv2.warpAffine(before, cv2.getRotationMatrix2D((80, 48), 6, 1.05), SIZE, borderMode=cv2.BORDER_REFLECT)
    expected = cv2.warpAffine(picture(1), cv2.getRotationMatrix2D((80, 48), 6, 1.05), SIZE)
    moved = start(
        request(Shots(video=frozen_image(np.asarray(turned, np.uint8)), before=before), hybrid__motion=kind), picture(1)
    )
    assert apart(moved, expected) < 5 < apart(moved, picture(1))


@pytest.mark.parametrize("perspective", [False, True])
@pytest.mark.parametrize(("degrees", "zoom", "right"), [(3, 1.02, 5), (-6, 0.9, -20), (0, 1, 150), (30, 1.3, 0)])
def test_moves_between_large_pictures_are_found_to_a_pixel_small_steps_and_jumps(
    perspective: bool, degrees: float, zoom: float, right: float
) -> None:
    width, height = 640, 400
    before = picture(7, (width, height))
    move = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), degrees, zoom), [0, 0, 1]])
    move[0, 2] += right
    after = cv2.warpPerspective(before, move, (width, height), borderMode=cv2.BORDER_REFLECT)
    found = optical.move_between(before, np.asarray(after, np.uint8), perspective)
    assert found is not None
    corners = np.array([[100, 80, 1], [540, 80, 1], [320, 200, 1], [100, 320, 1], [540, 320, 1]]).T
    there, ours = (matrix @ corners / (matrix @ corners)[2] for matrix in (move, found))
    assert np.abs(there - ours).max() < 1.0


def test_flow_is_found_on_a_small_picture_and_is_in_pixels_of_the_large_one() -> None:
    before = picture(8, (640, 576))
    for method in PARAMS["hybrid.method"].choices:
        way = optical.flow(before, shifted(before, 12, 8), method)
        assert way.shape == (576, 640, 2)
        assert np.median(way, (0, 1)) == pytest.approx([12, 8], abs=0.5)


def test_a_video_without_features_moves_nothing() -> None:
    flat = frozen_image(np.full((SIZE[1], SIZE[0], 3), 90, np.uint8))
    for kind in (1.0, 2.0, 3.0):
        moved = start(request(Shots(video=flat, before=flat), hybrid__motion=kind), picture(1))
        assert apart(moved, picture(1)) < 1


def test_flow_that_does_not_come_home_is_left_out() -> None:
    forward = np.zeros((40, 60, 2), np.float32)
    forward[:, :30, 0] = 3
    sure = optical.consistent(forward, -forward, 0)
    assert sure[20, 10] == 1 and sure[20, 50] == 1
    assert optical.consistent(forward, forward, 0)[20, 10] == 0


@pytest.mark.parametrize("when", [1.0, 2.0])
def test_the_video_is_mixed_in(when: float) -> None:
    video, own = picture(2), picture(1)
    half = start(request(Shots(video=video), hybrid__composite=when, hybrid__alpha=0.25), own)
    assert apart(half, own * 0.75 + video * 0.25, 1) < 1


def test_the_video_is_mixed_in_after_painting() -> None:
    video, own = picture(2), picture(1)
    asked = request(Shots(video=video), hybrid__composite=3.0, hybrid__alpha=1.0)
    feedback = Feedback()
    assert apart(feedback.finished(asked, own, feedback.start(asked, own)), video, 1) < 1


@pytest.mark.parametrize("kind", [1.0, 2.0, 3.0, 4.0])
def test_every_mask_of_the_mix_says_where(kind: float) -> None:
    own, video = tune.floats(picture(1)), picture(2)
    values = {"hybrid.mask": kind, "hybrid.mask_auto": 1.0}
    there = hybrid.mixed(own, video, Values(values), lambda image: guessed(image, "auto"))
    other = hybrid.mixed(own, video, Values({**values, "hybrid.mask_invert": 1.0}), lambda i: guessed(i, "auto"))
    assert np.abs(there + other - own - tune.floats(video)).mean() < 0.02  # the two share the picture out
    assert np.abs(there - own).mean() > 0.02 < np.abs(there - tune.floats(video)).mean()
    even = hybrid.mixed(own, video, Values({**values, "hybrid.mask_equalize": 3.0}), lambda i: guessed(i, "auto"))
    assert np.isfinite(even).all()


def test_what_a_mask_keeps_is_the_video_and_what_it_lets_is_painted() -> None:
    mask = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    mask[:, 80:] = 255
    video = picture(2)
    shots = Shots(video=video, mask=mask)
    painted = frozen_image(np.full((SIZE[1], SIZE[0], 3), 200, np.uint8))
    for invert in (0.0, 1.0):
        asked = request(shots, picture__mode=2.0, mask__source=1.0, mask__invert=invert, mask__blur=0.0)
        feedback = Feedback()
        done = feedback.finished(asked, painted, feedback.start(asked, None))
        left, right = (done[:, :80], done[:, 80:]) if not invert else (done[:, 80:], done[:, :80])
        kept = video[:, :80] if not invert else video[:, 80:]
        assert np.abs(left.astype(int) - kept).max() <= 1
        assert (right == 200).all()


def test_masked_noise_stays_in_the_mask() -> None:
    mask = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    mask[:, 80:] = 255
    asked = request(
        Shots(mask=mask), mask__source=1.0, mask__blur=0.0, noise__amount=0.3, noise__masked=1.0, noise__type=1.0
    )
    noisy = start(asked, picture(1))
    assert np.array_equal(noisy[:, :79], picture(1)[:, :79])
    assert apart(noisy[:, 80:], picture(1)[:, 80:], 1) > 4


def test_content_that_flows_round_in_a_circle_stays_on_it() -> None:
    y, x = np.mgrid[-48:48, -48:48].astype(np.float32)
    round_and_round = np.dstack([-y, x])  # a radian
    way = optical.followed(round_and_round)
    apart = np.hypot(x - way[..., 0], y - way[..., 1]) - np.hypot(x, y)
    ring = np.hypot(x, y) < 30
    assert np.abs(apart[ring]).max() < 0.08 * 30  # straight on it is 0.41
    turned = np.arctan2(x * (y - way[..., 1]) - y * (x - way[..., 0]), x * (x - way[..., 0]) + y * (y - way[..., 1]))
    assert -turned[ring & (np.hypot(x, y) > 5)].mean() == pytest.approx(1.0, abs=0.05)


def test_eddies_move_without_sources_and_the_same_every_time() -> None:
    field = optical.eddies(96, 160, 0.5, 2.0, 7)
    assert np.array_equal(field, optical.eddies(96, 160, 0.5, 2.0, 7))
    speed = float(np.sqrt(np.square(field).sum(-1).mean()))
    assert 0.3 < speed < 3
    spread = np.gradient(field[..., 0], axis=1) + np.gradient(field[..., 1], axis=0)
    turning = np.gradient(field[..., 1], axis=1) - np.gradient(field[..., 0], axis=0)
    assert np.abs(spread).mean() < 0.25 * np.abs(turning).mean()
    for source in (0.0, 1.0):
        moved = start(request(flow__amount=0.3, flow__source=source), picture(1))
        assert 2 < apart(moved, picture(1)) < 60


def test_nothing_asked_for_is_nothing_done() -> None:
    assert Feedback().plain(request())
    assert not Feedback().plain(request(flow__amount=0.1))
    assert np.array_equal(start(request(), picture(1)), picture(1))


def test_a_flight_gives_the_keyframe_its_depth_and_a_flow_fade_its_flow() -> None:
    painter = PaintRenderer()
    keyframe = painter.render(request(space__z=0.5), picture(1))
    assert keyframe.depth is not None and keyframe.depth.shape == (24, 40) and keyframe.near_far is None
    again = painter.render(request(space__z=0.5), keyframe.image)  # depth remembered
    fresh = PaintRenderer().render(request(space__z=0.5), keyframe.image)  # depth found anew
    assert np.array_equal(again.image, fresh.image)
    assert painter.render(request(), picture(1)).depth is None
    flowing = painter.render(request(picture__flow_fade=1.0), picture(1)).flow
    assert flowing is not None and flowing.shape == (96, 160, 2) and np.isfinite(flowing).all()


@pytest.mark.parametrize("scene", ["auto", "tunnel", "landscape", "picture", "flat"])
def test_guessed_depth(scene: str) -> None:
    near = guessed(picture(1), scene, (0.5, 0.5))
    assert near.min() >= 0 and near.max() <= 1 and near.shape == (24, 40)
    if scene in ("auto", "tunnel"):
        assert near[0, 0] > near[12, 20] + 0.3
    if scene == "landscape":
        assert near[-1].mean() > near[0].mean() > near[12].mean()


def test_a_depth_model_runs_once_a_picture_on_its_own_scale(depth_model: Path) -> None:
    estimate = load_depth(str(depth_model))
    calls: list[Image] = []

    def counted(image: Image) -> np.ndarray:
        calls.append(image)
        return estimate(image)

    depth, image = Depth(counted), picture(1)
    near, found = depth.of(image, Values({}))
    assert near.shape == (24, 40) and near.min() >= 0 and near.max() <= 1 and found is not None
    wide, same = depth.of(image, Values({}), (found[0] - (found[1] - found[0]), found[1]))
    assert same == found and len(calls) == 1
    assert wide.mean() > near.mean()  # the show's range, not the picture's own
    mixed, _ = depth.of(image, Values({"space.midas_weight": 0.0}))
    assert np.array_equal(mixed, guessed(image, "auto"))


def test_depth_models_by_name(tmp_path: Path) -> None:
    assert find_depth("depth-anything").source.endswith("V2-Small-hf")
    with pytest.raises(UserError, match="unknown depth model 'dept'"):
        find_depth("dept")


def test_a_model_finds_words_in_a_picture_the_same_every_time(finder_model: Path) -> None:
    find = load_finder(str(finder_model))
    image = picture(1)
    sea, both = find(image, "sea"), find(image, "sea, a glowing tunnel")
    assert sea.shape == (SIZE[1], SIZE[0]) and sea.dtype == np.float32
    assert 0 <= sea.min() < sea.max() <= 1
    assert np.array_equal(sea, find(image, "sea")) and not np.array_equal(sea, find(picture(2), "sea"))
    assert (both >= sea - 1e-5).all() and (both > sea + 1e-5).any()  # the mask has both


def test_a_mask_in_words_is_of_what_is_painted_over(caplog: pytest.LogCaptureFixture) -> None:
    asked = []

    def find(image: Image, words: str) -> np.ndarray:
        asked.append(words)
        return (image[..., 0] > 128).astype(np.float32)

    painted = frozen_image(np.full((SIZE[1], SIZE[0], 3), 200, np.uint8))
    before = picture(1)
    wanted = replace(request(mask__source=3.0, mask__blur=0.0), mask_words="sky, sea")
    for finder, words, kept in ((find, "sky, sea", True), (find, " ,", False), (None, "sky", False)):
        feedback = Feedback(finder=finder)
        request_ = replace(wanted, mask_words=words)
        done = feedback.finished(request_, painted, feedback.start(request_, before))
        here = before[..., 0] > 128
        assert (done[here] == 200).all()
        assert np.array_equal(done[~here], before[~here]) if kept else (done == 200).all()
        feedback.start(request_, before)
    assert asked == ["sky, sea", "sky, sea"]
    assert caplog.text.count("--words clipseg") == 1


def test_models_for_masks_by_name(tmp_path: Path) -> None:
    assert find_finder("clipseg").source.startswith("CIDAS/")
    with pytest.raises(UserError, match=r"unknown model for masks 'clipsegg' \(did you mean: clipseg"):
        find_finder("clipsegg")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UserError, match="no model for masks in words"):
        load_finder(str(tmp_path))
