"""Each stage effect does what its row of the table says, on the very frame that asks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveanim.core.model import Blend, Image
from liveanim.core.params import PARAMS, ParamSpec
from liveanim.outputs.headless import Headless
from liveanim.outputs.stage import Stage, colour_matrix, stage_motion

from .pictures import centroid, dots, flat, homography, mixed, smooth, still

Make = Callable[[tuple[int, int]], Headless]
Show = Callable[..., Image]
LUMA = np.array([0.2126, 0.7152, 0.0722])
ROWS = [row for row in PARAMS.values() if row.group == "stage"]
ELSEWHERE = {"feedback", "strobe", "strobe_rate", "generator_mix", "generator_mode", "lut_mix"} | {
    "linear_fade",
    "deflicker",
    "steady",
    "median",
    "key",
    "key_level",
    "key_soft",
    "key_hue",
}  # tested further down, or in files of their own


def luma(image: Image) -> np.ndarray:
    return image.astype(np.float64) @ LUMA


def test_every_stage_row_is_a_field_of_the_stage() -> None:
    assert {row.short for row in ROWS} == {field.name for field in fields(Stage)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.short)
def test_every_stage_row_changes_the_picture_and_leaves_it_alone_at_its_neutral_value(
    show: Show, row: ParamSpec
) -> None:
    image = smooth()
    neutral = 1.0 if row.short in ("saturation", "strobe_rate") else 0.0
    assert np.array_equal(show(mixed([(image, 1.0)], {row.short: neutral})), image)
    if row.short in ELSEWHERE:
        return
    for value in {row.clamp(row.low + share * (row.high - row.low)) for share in (0.2, 0.8)} - {neutral}:
        shown = show(Blend(0.31, still(image).layers, {"vignette": 0.0, row.short: value}))
        assert np.abs(shown.astype(int) - image).mean() > 0.5, value


def test_punch_enlarges_about_the_centre_at_once(show: Show) -> None:
    shown = show(still(dots([(0.3, -0.2)], (640, 360)), punch=0.5), (640, 360))
    assert centroid(shown) == pytest.approx((0.45, -0.3), abs=1 / 360)


def test_punch_comes_after_the_camera(show: Show) -> None:
    seen = homography(1.1, 0.2, 0.05, 0.02)
    shown = show(still(dots([(0.2, 0.1)], (640, 360)), seen, punch=0.25), (640, 360))
    x, y, _ = 1.25 * (seen @ np.array([0.2, 0.1, 1.0]))
    assert centroid(shown) == pytest.approx((x, y), abs=1 / 360)


@settings(deadline=None)
@given(st.floats(0, 3600), st.floats(0, 1))
def test_shake_is_small_smooth_and_the_same_for_the_same_time(time: float, amount: float) -> None:
    stage = Stage.of({"shake": amount})
    here, again, next_frame = stage_motion(stage, time), stage_motion(stage, time), stage_motion(stage, time + 1 / 60)
    assert np.array_equal(here, again)
    assert np.abs(here[:2, 2]).max() <= 0.051 * amount + 1e-9
    assert np.abs(here - next_frame).max() <= 0.07 * amount + 1e-9


def test_without_shake_nothing_moves() -> None:
    assert np.array_equal(stage_motion(Stage.of({}), 12.3), np.eye(3))


@pytest.mark.parametrize("stops", [-3.0, -1.0, -0.25])
def test_exposure_down_is_in_photographic_stops(show: Show, stops: float) -> None:
    shown = show(still(flat((200, 120, 60)), exposure=stops)).reshape(-1, 3).mean(axis=0)
    light = (shown / 255) ** 2.2 / (np.array([200, 120, 60]) / 255) ** 2.2
    assert np.log2(light) == pytest.approx([stops] * 3, abs=0.06)


def test_exposure_up_lifts_dark_parts_by_its_stops_and_never_clips_two_tones_into_one(show: Show) -> None:
    shown = show(still(flat((30, 60, 90)), exposure=1.0)).reshape(-1, 3).mean(axis=0)
    assert shown == pytest.approx(np.array([30, 60, 90]) * 2 ** (1 / 2.2), abs=1)
    bright, brighter = (show(still(flat((v, v, v)), exposure=1.5)).mean() for v in (200, 240))
    assert 225 < bright < brighter - 3 < 255


@settings(deadline=None)
@given(st.floats(-1, 1))
def test_hue_keeps_greys_and_luma(turns: float) -> None:
    matrix = colour_matrix(turns, 1.0)
    assert matrix @ np.ones(3) == pytest.approx(np.ones(3))
    assert LUMA @ matrix == pytest.approx(LUMA)


def test_a_third_of_a_turn_of_hue_makes_red_green_and_a_whole_turn_nothing(show: Show) -> None:
    image = flat((140, 60, 60))
    third = show(still(image, hue=1 / 3)).reshape(-1, 3).mean(axis=0)
    assert third[1] > third[0] + 30 and third[1] > third[2] + 30
    assert np.abs(show(still(image, hue=1.0)).astype(int) - (140, 60, 60)).max() <= 1


def test_saturation_zero_is_grey_of_the_same_luma_and_two_doubles_colour(show: Show) -> None:
    image = smooth()
    grey = show(still(image, saturation=0.0))
    assert np.ptp(grey, axis=2).max() <= 1
    assert np.abs(luma(grey) - luma(image)).max() <= 1
    more = show(still(flat((120, 100, 90)), saturation=2.0)).reshape(-1, 3).mean(axis=0)
    base = np.array([120, 100, 90]) @ LUMA
    assert more == pytest.approx(base + 2 * (np.array([120, 100, 90]) - base), abs=0.6)


def test_trails_keep_their_share_of_the_last_frame(stage: Make) -> None:
    one = stage((64, 36))
    one.write(still(flat((200, 200, 200)), feedback=0.8), 0.0)
    values = []
    for n in range(1, 5):
        one.write(still(flat((0, 0, 0)), feedback=0.8), n / 60)
        values.append(float(one.read().mean()))
    assert values == pytest.approx([200 * 0.8**n for n in range(1, 5)], abs=1.0)


def test_trails_last_as_long_at_any_frame_rate(stage: Make) -> None:
    def after_half_a_second(fps: int) -> float:
        one = stage((64, 36))
        one.write(still(flat((250, 250, 250)), feedback=0.95), 0.0)
        for n in range(1, fps // 2 + 1):
            one.write(still(flat((0, 0, 0)), feedback=0.95), n / fps)
        return float(one.read().mean())

    assert after_half_a_second(20) == pytest.approx(after_half_a_second(60), abs=1.0)


def test_trails_fade_out_wholly(stage: Make) -> None:
    one = stage((64, 36))
    one.write(still(flat((255, 255, 255)), feedback=0.97), 0.0)
    for n in range(1, 400):
        one.write(still(flat((0, 0, 0)), feedback=0.97), n / 60)
    assert one.read().max() == 0


def test_trails_begin_with_the_frame_that_asks_for_them(stage: Make) -> None:
    one = stage((64, 36))
    one.write(still(flat((255, 255, 255)), feedback=0.9), 0.0)
    one.write(still(flat((100, 100, 100))), 0.1)
    one.write(still(flat((10, 10, 10)), feedback=0.9), 0.2)
    assert one.read().mean() == pytest.approx(10, abs=0.5)


@pytest.mark.parametrize(("mode", "axes"), [(1, [1]), (2, [0]), (3, [0, 1])])
def test_mirror_makes_the_picture_symmetric(show: Show, mode: int, axes: list[int]) -> None:
    image = smooth()
    shown = show(still(image, mirror=mode)).astype(int)
    for axis in (0, 1):
        unlike = np.abs(shown - np.flip(shown, axis)).max()
        assert unlike <= 1 if axis in axes else unlike > 20
    assert np.abs(shown[:80, :150] - image[:80, :150]).max() <= 1


def test_a_kaleidoscope_looks_the_same_turned_by_one_segment(show: Show) -> None:
    size = (240, 240)
    shown = show(still(smooth(size), kaleidoscope=4), size).astype(int)
    assert np.abs(shown - np.rot90(shown)).mean() < 1.5
    assert np.abs(shown - shown[:, ::-1]).mean() < 1.5


def test_a_strobe_blinks_in_time_with_the_beat(stage: Make) -> None:
    one, levels = Headless((64, 36), flash_limit=False), []
    for n in range(16):
        blend = replace(still(flat((200, 200, 200)), strobe=0.75, strobe_rate=2.0), signals={"beat": n / 8})
        one.write(blend, n / 60)
        levels.append(round(float(one.read().mean())))
    one.close()
    assert levels == [200, 200, 50, 50] * 4


def test_split_moves_red_and_blue_apart_and_leaves_green(show: Show) -> None:
    shown = show(still(dots([(0.0, 0.0)], (640, 360)), split=1.0), (640, 360))
    red, green, blue = (centroid(shown[:, :, c : c + 1])[0] for c in range(3))
    assert green == pytest.approx(0.0, abs=0.001)
    assert red - green == pytest.approx(0.014, abs=0.003) and blue - green == pytest.approx(-0.014, abs=0.003)


def test_bloom_lights_the_surroundings_of_bright_parts_only(show: Show) -> None:
    image = dots([(0.0, 0.0)], (320, 180), radius=0.1)
    plain, glowing = show(still(image)), show(still(image, bloom=1.0))
    ring = np.s_[90, 160 + 24]
    assert plain[ring].max() == 0 and glowing[ring].min() > 8
    dark = flat((80, 80, 80))
    assert np.array_equal(show(still(dark, bloom=1.0)), show(still(dark)))


def test_vignette_darkens_the_corners_and_keeps_the_middle(show: Show) -> None:
    shown = show(still(flat((200, 200, 200)), vignette=1.0))[:, :, 0]
    assert shown[90, 160] == 200 and shown[0, 0] < 30
    assert (
        list(shown[90, 160:]) == sorted(shown[90, 160:], reverse=True)
        or np.diff(shown[90, 160:].astype(int)).max() <= 1
    )


def test_grain_is_new_with_time_the_same_for_the_same_time_and_keeps_the_mean(show: Show) -> None:
    grey = flat((128, 128, 128))
    first, again, later = (show(still(grey, time=t, grain=0.5)) for t in (1.0, 1.0, 1.1))
    assert np.array_equal(first, again) and not np.array_equal(first, later)
    assert first.mean() == pytest.approx(128, abs=0.7) and 5 < first.std() < 40
    assert np.ptp(first, axis=2).max() <= 1  # film grain has no colour


def test_grain_is_weaker_in_the_shadows(show: Show) -> None:
    assert show(still(flat((20, 20, 20)), grain=0.5)).std() < 0.6 * show(still(flat((128, 128, 128)), grain=0.5)).std()


def test_pixelate_makes_flat_square_blocks_of_the_mean(show: Show) -> None:
    image = smooth((640, 360))
    shown = show(still(image, pixelate=1.0), (640, 360)).astype(int)
    block = shown[180 + 2 : 180 + 58, 320 + 2 : 320 + 58]
    assert block.std(axis=(0, 1)).max() < 0.6
    mean = image[180:240, 320:380].astype(float).mean(axis=(0, 1))
    assert np.abs(block.mean(axis=(0, 1)) - mean).max() < 25


@pytest.mark.parametrize("amount", [0.25, 1.0])
def test_invert_is_the_negative(show: Show, amount: float) -> None:
    image = smooth()
    expected = image + amount * (255.0 - 2.0 * image)
    assert np.abs(show(still(image, invert=amount)) - expected).max() <= 1.01


def test_values_outside_their_range_and_nan_are_clamped(show: Show) -> None:
    image = smooth()
    wild = {"punch": 99.0, "exposure": float("nan"), "mirror": 7.7, "feedback": 2.0, "bloom": -3.0, "hue": float("inf")}
    shown = show(mixed([(image, 1.0)], wild))
    assert shown.std() > 3


def test_everything_at_once_is_still_a_picture(stage: Make) -> None:
    one = stage((320, 180))
    values = {row.short: row.low + 0.4 * (row.high - row.low) for row in ROWS}
    for n in range(3):
        one.write(Blend(n / 30, still(smooth()).layers, values), n / 30)
    assert one.read().std() > 3
