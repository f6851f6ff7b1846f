"""The flash limiter on the card: what reaches the taps never flashes too often, and a quiet picture is left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from liveanim.core.flash import MOST_TRANSITIONS
from liveanim.core.model import Blend, Image
from liveanim.outputs.glyphs import Letters
from liveanim.outputs.headless import Headless
from liveanim.outputs.hud_canvas import sizes_for
from liveanim.outputs.hud_layout import Readout, lay_out
from tests import flashes

from .pictures import flat, smooth, still

Make = Callable[..., Headless]
CLIPS = Path(__file__).resolve().parents[3] / "shared" / "data" / "flash"
SIZE = 128, 72
BRIGHT, DARK = flat((245, 245, 245)), flat((12, 12, 12))


def play(stage: Headless, blends: Iterable[Blend]) -> list[Image]:
    shown = []
    for blend in blends:
        stage.write(blend, blend.time)
        shown.append(stage.read())
    return shown


def strobe(rate: float, fps: float, seconds: float = 1.6) -> list[Blend]:
    times = np.arange(round(seconds * fps)) / fps
    return [still(BRIGHT if int(2 * rate * t + 1e-6) % 2 else DARK, time=float(t)) for t in times]


def as_light(images: list[Image]) -> flashes.Grids:
    """Small pictures in linear light: the mean of blocks of 4x4 pixels."""
    value = np.stack(images) / 255.0
    light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    count, height, width, _ = light.shape
    return light.reshape(count, height // 4, 4, width // 4, 4, 3).mean(axis=(2, 4)).astype(np.float32)


@pytest.mark.parametrize(("rate", "fps"), [(5.0, 30.0), (10.0, 60.0), (15.0, 60.0), (30.0, 60.0), (12.0, 24.0)])
def test_a_strobe_is_shown_three_times_a_second(stage: Make, rate: float, fps: float) -> None:
    shown = as_light(play(stage(SIZE), strobe(rate, fps)))
    assert 4 <= flashes.worst(shown, fps) <= MOST_TRANSITIONS


def test_without_the_limiter_a_strobe_is_a_strobe(stage: Make) -> None:
    free = Headless(stage(SIZE).size, flash_limit=False)
    assert flashes.worst(as_light(play(free, strobe(15.0, 60.0))), 60.0) >= 28
    free.close()


def test_a_quiet_picture_is_bit_identical_with_and_without(stage: Make) -> None:
    safe, free = stage(SIZE), Headless(SIZE, flash_limit=False)
    blends = [
        still(smooth(), time=n / 30, exposure=0.6 * np.exp(-((n / 30) % 0.5) * 8), punch=0.01 * (n % 5), grain=0.2)
        for n in range(60)
    ]
    for one, other in zip(play(safe, blends), play(free, blends), strict=True):
        np.testing.assert_array_equal(one, other)
    free.close()


def test_a_picture_that_is_held_back_settles_on_the_right_one_bit_by_bit(stage: Make) -> None:
    rest = [still(smooth(), time=1.6 + n / 60) for n in range(70)]
    shown = play(stage(SIZE), strobe(15.0, 60.0) + rest)
    np.testing.assert_array_equal(shown[-1], play(stage(SIZE), rest[:1])[0])


def test_held_back_pictures_drift_and_never_flicker(stage: Make) -> None:
    shown = as_light(play(stage(SIZE), strobe(15.0, 60.0, 3.0)))[:, :, :, 1].mean(axis=(1, 2))
    steps = np.abs(np.diff(shown))
    assert ((steps < 0.02) | (steps > 0.09)).all()


def test_a_blackout_is_black_at_once_whatever_the_strobe_has_spent(stage: Make) -> None:
    blends = strobe(15.0, 60.0)
    for n in (20, 45, 46, 47, 90):
        blends[n] = replace(blends[n], blackout=True, level=0.0)
    shown = play(stage(SIZE), blends)
    assert all(shown[n].max() == 0 for n in (20, 45, 46, 47, 90))


def test_one_blackout_comes_and_goes_at_once(stage: Make) -> None:
    blends = [replace(still(smooth(), time=n / 60), level=float(not 20 <= n < 40)) for n in range(60)]
    shown = play(stage(SIZE), blends)
    assert shown[20].max() == 0 and shown[39].max() == 0
    np.testing.assert_array_equal(shown[40], shown[19])


def test_a_master_fader_that_is_shaken_flashes_no_more_than_a_strobe_and_black_is_black(stage: Make) -> None:
    shaken = [replace(one, level=0.05 if n % 4 < 2 else 1.0) for n, one in enumerate([still(BRIGHT)] * 96)]
    blends = [replace(one, time=n / 60) for n, one in enumerate(shaken)]
    assert 4 <= flashes.worst(as_light(play(stage(SIZE), blends)), 60.0) <= MOST_TRANSITIONS
    assert play(stage(SIZE), [*blends, replace(still(BRIGHT, time=1.6), level=0.0)])[-1].max() == 0


def test_after_a_blackout_a_picture_that_fades_in_is_held_against_black(stage: Make) -> None:
    levels = [1.0, 0.0] * 5 + [0.0, 0.9] * 5
    blends = [replace(still(BRIGHT, time=n / 60), level=level) for n, level in enumerate(levels)]
    shown = play(stage(SIZE), blends)
    assert max(int(picture.max()) for picture in shown[-8:]) < 0.9 * BRIGHT.max() - 10


def test_a_frozen_picture_stays(stage: Make) -> None:
    blends = [replace(still(smooth(seed=n), time=n / 60), freeze=n >= 2) for n in range(12)]
    shown = play(stage(SIZE), blends)
    assert all((picture == shown[1]).all() for picture in shown[2:])


def test_the_taps_get_the_limited_picture_and_twice_the_same(stage: Make) -> None:
    class Keep:
        def __init__(self) -> None:
            self.images: list[Image] = []

        def picture(self, image: Image, now: float) -> None:
            self.images.append(image)

        def close(self) -> None: ...

    runs = []
    for _ in range(2):
        one, tap = stage(SIZE), Keep()
        one.add_tap(tap)
        shown = play(one, strobe(12.0, 60.0))
        assert all((a == b).all() for a, b in zip(shown, tap.images, strict=True))
        runs.append(np.stack(shown))
    np.testing.assert_array_equal(runs[0], runs[1])


def test_it_counts_the_flashes_for_the_hud(stage: Make) -> None:
    one = stage(SIZE)
    limiter = one.compositor.limiter
    assert limiter is not None
    play(one, [still(DARK, time=0.0), still(BRIGHT, time=0.1), still(DARK, time=0.2)])
    assert limiter.flashes == 1 and not limiter.holding
    counts = []
    for blend in strobe(15.0, 60.0):
        one.write(replace(blend, time=blend.time + 1.0), blend.time + 1.0)
        counts.append(limiter.flashes)
    assert max(counts) == 3 and limiter.holding


def test_the_hud_says_that_nothing_limits_it() -> None:
    letters = Letters(sizes_for(1.0))
    said = [
        lay_out(Blend(time), Readout(flashes=count, holding=held), (1280, 720), letters)
        for time, count, held in ((0.0, 2, False), (1.0, 2, True), (2.0, None, False))
    ]
    amber = [(np.abs(rows[:, 8:11] - (1.0, 0.76, 0.30)).max(axis=1) < 0.01).sum() for rows in said]
    assert amber[1] - amber[0] == len("2/3") and amber[2] - amber[0] == len("any")


@pytest.mark.skipif(not CLIPS.is_dir(), reason="the flash test clips are not here")
@pytest.mark.parametrize("name", ["3Hz_6s", "flashStripes"])
def test_broadcast_test_clips_come_out_within_the_budget(stage: Make, name: str) -> None:
    with av.open(str(CLIPS / f"{name}.mp4")) as video:
        small = [frame.reformat(width=SIZE[0], height=SIZE[1], interpolation="AREA") for frame in video.decode(video=0)]
    pictures = [np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8) for frame in small[:75]]
    shown = play(stage(SIZE), [still(image, time=n / 25) for n, image in enumerate(pictures)])
    assert flashes.worst(as_light(shown), 25.0) <= MOST_TRANSITIONS < flashes.worst(as_light(pictures), 25.0)
