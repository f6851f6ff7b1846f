"""A logo over the picture: where it lies, how it is laid over it, its edges, and its file."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pictures

from liveanim.core.errors import UserError
from liveanim.core.model import Blend, Image
from liveanim.outputs.headless import Headless
from liveanim.outputs.logo import LogoFile, open_logo, read_logo

from .pictures import flat, smooth, still

Make = Callable[..., Headless]
SIZE = (320, 180)
OVER, ADD, SCREEN = 0.0, 1.0, 2.0


def saved(pixels: np.ndarray, folder: Path, name: str = "logo.png") -> str:
    """The file of a logo, (height, width, 4): colours and how opaque they are."""
    Pictures.fromarray(pixels.astype(np.uint8)).save(folder / name)
    return str(folder / name)


def plain(colour: tuple[int, int, int, int], size: tuple[int, int] = (40, 20)) -> np.ndarray:
    return np.full((size[1], size[0], 4), colour)


def laid(picture: Image, **values: float) -> Blend:
    """`picture` with the logo where and how `values` say."""
    return replace(still(picture), values={f"logo.{name}": value for name, value in values.items()})


def drawn(stage: Make, logo: str, blend: Blend, size: tuple[int, int] = SIZE) -> Image:
    one = stage(size)
    one.compositor.lay_over(open_logo(logo, live=False))
    one.write(blend, blend.time)
    return one.read()


@pytest.mark.parametrize(
    ("mode", "opacity", "expected"),
    [
        (OVER, 1.0, [150, 75, 50]),  # 128 / 255 of (200, 100, 0), the rest of (100, 50, 100)
        (OVER, 0.5, [125, 62, 75]),
        (OVER, 0.0, [100, 50, 100]),
        (ADD, 1.0, [200, 100, 100]),
        (SCREEN, 1.0, [161, 90, 100]),  # what is left to white, less by the logo's light
    ],
)
def test_it_is_laid_over_the_picture(
    stage: Make, tmp_path: Path, mode: float, opacity: float, expected: list[int]
) -> None:
    logo = saved(plain((200, 100, 0, 128)), tmp_path)
    seen = drawn(stage, logo, laid(flat((100, 50, 100), SIZE), mode=mode, opacity=opacity))
    assert seen[90, 160].tolist() == pytest.approx(expected, abs=1)
    assert seen[5, 5].tolist() == [100, 50, 100]


@pytest.mark.parametrize(
    ("values", "logo", "box"),
    [
        ({"size": 1.0}, (40, 20), (0, 10, 320, 160)),  # as large as fits: by its width
        ({"size": 1.0}, (10, 20), (115, 0, 90, 180)),  # by its height
        ({"size": 0.5, "x": 0.25, "y": 0.75}, (40, 20), (0, 95, 160, 80)),
        ({"size": 0.5, "angle": 90.0}, (40, 20), (120, 10, 80, 160)),
        ({"size": 0.5, "x": 0.0, "y": 1.0}, (40, 20), (0, 140, 80, 40)),  # half of it is outside
    ],
)
def test_it_lies_where_its_parameters_say_and_nothing_else_changes(
    stage: Make, tmp_path: Path, values: dict[str, float], logo: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    picture = smooth(SIZE)
    seen = drawn(stage, saved(plain((255, 0, 255, 255), logo), tmp_path), laid(picture, **values))
    before = drawn(stage, "none", laid(picture))
    x, y, wide, tall = box
    inside = np.zeros(seen.shape[:2], bool)
    inside[y : y + tall, x : x + wide] = True
    assert (seen[inside] == [255, 0, 255]).all() and np.array_equal(seen[~inside], before[~inside])


def test_its_first_row_is_on_top_and_it_rolls_counter_clockwise(stage: Make, tmp_path: Path) -> None:
    halves = plain((255, 0, 0, 255), (40, 40))
    halves[:20] = (0, 0, 255, 255)
    logo = saved(halves, tmp_path)
    black = flat((0, 0, 0), SIZE)
    assert drawn(stage, logo, laid(black, size=0.5))[[70, 110], 160].tolist() == [[0, 0, 255], [255, 0, 0]]
    assert drawn(stage, logo, laid(black, size=0.5, angle=90.0))[90, [140, 180]].tolist() == [[0, 0, 255], [255, 0, 0]]


@pytest.mark.parametrize("size", [0.9, 0.4, 0.15, 0.03])
@pytest.mark.parametrize("angle", [0.0, 33.0])
def test_soft_edges_have_no_dark_fringe(stage: Make, tmp_path: Path, size: float, angle: float) -> None:
    """White, round and soft on white is white, whatever colour its file has where nothing is seen of it."""
    y, x = np.mgrid[-100:100, -100:100] / 100.0
    pixels = plain((0, 0, 0, 0), (200, 200))
    pixels[..., 3] = 255 * np.clip((0.9 - np.hypot(x, y)) * 4, 0, 1)
    pixels[pixels[..., 3] > 0, :3] = 255
    values = {"size": size, "angle": angle, "x": 0.4987, "y": 0.513}
    assert drawn(stage, saved(pixels, tmp_path), laid(flat((255, 255, 255), SIZE), **values)).min() >= 253
    assert drawn(stage, saved(pixels, tmp_path), laid(flat((0, 0, 0), SIZE), **values)).max() == 255


def test_a_logo_of_the_size_that_is_shown_is_as_sharp_as_its_file(stage: Make, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (60, 100, 4))
    pixels[..., 3] = 255
    seen = drawn(stage, saved(pixels, tmp_path), laid(flat((0, 0, 0), SIZE), size=1 / 3))
    assert np.abs(seen[60:120, 110:210].astype(int) - pixels[..., :3]).max() <= 1


@pytest.mark.parametrize(("wide", "most"), [(240, 12), (112, 20)])
def test_a_small_logo_shows_the_mean_of_what_it_covers(stage: Make, tmp_path: Path, wide: int, most: float) -> None:
    """Rings, 28 pixels from one to the next, 5 and 11 times smaller: they neither sparkle nor blur."""
    y, x = np.mgrid[0:720, 0:1280]
    rings = plain((0, 0, 0, 255), (1280, 720))
    rings[np.sin(np.hypot(x - 300, y - 200) / 4.5) > 0.6, :3] = 255
    logo, tall = saved(rings, tmp_path), wide * 9 // 16
    values = {"size": wide / 320, "y": (90 + tall % 2 / 2) / 180}  # on whole pixels
    seen = drawn(stage, logo, laid(flat((0, 0, 0), SIZE), **values)).astype(float)
    with Pictures.open(logo) as picture:
        mean = np.asarray(picture.convert("RGB").resize((wide, tall), Pictures.Resampling.BOX), float)
    left, top = 160 - wide // 2, 90 - tall // 2
    off = seen[top : top + tall, left : left + wide] - mean
    assert np.sqrt((off**2).mean()) < most


def test_where_the_picture_is_transparent_the_logo_is_not(stage: Make, tmp_path: Path) -> None:
    half = plain((255, 255, 255, 255))
    half[:, 20:, 3] = 128
    one = stage(SIZE)
    for mode in (OVER, ADD, SCREEN):
        one.compositor.lay_over(open_logo(saved(half, tmp_path), live=False))
        blend = laid(flat((10, 10, 10), SIZE), size=0.5, mode=mode)
        one.write(replace(blend, stage={**blend.stage, "key": 1.0}), 0.0)
        with one.compositor.framebuffer.ctx:
            seen = one.compositor.read_whole()[90]
        assert seen[120].tolist() == [255] * 4 and seen[200].tolist() == [128] * 4 and seen[10].tolist() == [0] * 4


def test_it_goes_on_over_a_frozen_picture(stage: Make, tmp_path: Path) -> None:
    """Moved, faded, taken away and put back, each frame is as one that was never frozen."""
    logo, picture = saved(plain((200, 100, 0, 128)), tmp_path), smooth(SIZE)
    frozen = stage(SIZE)
    frozen.compositor.lay_over(open_logo(logo, live=False))
    frozen.write(laid(picture, size=0.5), 0.0)
    for n, values in enumerate(
        [
            {"size": 0.5},
            {"size": 0.4, "x": 0.3, "angle": 20.0},
            {"opacity": 0.3, "mode": ADD},
            {"opacity": 0.0},
            {"y": 0.9},
        ]
    ):
        other = laid(flat((9, 9, 9), SIZE), **values)
        frozen.write(replace(other, freeze=True), 0.0)
        assert np.array_equal(frozen.read(), drawn(stage, logo, laid(picture, **values))), n
    frozen.write(replace(laid(picture, opacity=0.0), freeze=True, level=0.5), 0.0)
    assert np.array_equal(frozen.read(), drawn(stage, logo, replace(laid(picture, opacity=0.0), level=0.5)))


def test_the_master_fader_a_blackout_and_the_flash_limiter_have_it_too(stage: Make, tmp_path: Path) -> None:
    one = stage(SIZE)
    one.compositor.lay_over(open_logo(saved(plain((200, 200, 200, 255)), tmp_path), live=False))
    levels = []
    for n, level in enumerate((1.0, 0.5, 0.0)):
        one.write(replace(laid(flat((0, 0, 0), SIZE), size=0.3), level=level), n / 60)
        levels.append(int(one.read()[90, 160, 0]))
    assert levels == [200, pytest.approx(100, abs=1), 0]
    for n in range(60):
        one.write(laid(flat((0, 0, 0), SIZE), size=1.0, opacity=float(n % 4 < 2)), 1 + n / 60)
    assert one.compositor.limiter is not None and one.compositor.limiter.holding


def read_meanwhile(file: LogoFile, now: float) -> tuple[int, ...]:
    """The first pixel after what is read beside the show at `now` has been read."""
    file.at(now)
    for thread in threading.enumerate():
        if thread.name == "logo":
            thread.join(20)
    return tuple(file.at(now)[0][0, 0].tolist())


def test_a_file_that_is_written_is_read_again_and_a_broken_one_leaves_the_last(tmp_path: Path) -> None:
    name = saved(plain((255, 0, 0, 255)), tmp_path)
    file = LogoFile(name, live=True)
    assert read_meanwhile(file, 0.0) == (255, 0, 0, 255)
    saved(plain((0, 100, 0, 255), (8, 8)), tmp_path)
    assert read_meanwhile(file, 0.1) == (255, 0, 0, 255), "looked at twice a second"
    assert read_meanwhile(file, 0.6) == (0, 100, 0, 255)
    Path(name).write_bytes(Path(name).read_bytes()[:40])
    assert read_meanwhile(file, 1.2) == (0, 100, 0, 255) and f"{name}: " in file.problem
    Path(name).unlink()
    assert read_meanwhile(file, 1.8) == (0, 100, 0, 255) and "No such file" in file.problem
    saved(plain((0, 0, 9, 255)), tmp_path)
    assert read_meanwhile(file, 2.4) == (0, 0, 9, 255) and file.problem == ""


def test_the_new_picture_of_a_file_is_drawn_and_trouble_is_said(stage: Make, tmp_path: Path) -> None:
    one, file = stage(SIZE, live=True), LogoFile(saved(plain((255, 0, 0, 255)), tmp_path), live=True)
    one.compositor.lay_over(file)
    shown = []
    for now, colour in enumerate([(255, 0, 0, 255), (0, 0, 255, 255)]):
        saved(plain(colour, (20, 20)), tmp_path)  # of another size, too
        read_meanwhile(file, float(now))
        one.write(replace(laid(flat((0, 0, 0), SIZE)), time=now), now)
        shown.append(one.read()[90, 160].tolist())
    assert shown == [[255, 0, 0], [0, 0, 255]] and one.compositor.problem() == ""
    (tmp_path / "logo.png").write_text("no picture")
    read_meanwhile(file, 5.0)
    assert "not a picture" in one.compositor.problem()


def test_a_file_that_is_no_logo_is_one_line_and_every_kind_of_picture_is_one(tmp_path: Path) -> None:
    (tmp_path / "words.png").write_text("no picture")
    for name, said in [("none.png", "No such file"), ("words.png", "not a picture"), (".", "directory")]:
        with pytest.raises(UserError, match=said) as caught:
            open_logo(str(tmp_path / name), live=True)
        assert "\n" not in str(caught.value)
    assert open_logo(None, live=True) is open_logo("none", live=False) is None
    half = Pictures.new("RGBA", (9, 9), (200, 100, 0, 128))
    half.save(tmp_path / "a.webp", lossless=True)
    half.convert("RGB").save(tmp_path / "a.jpg", quality=100)
    half.convert("P").save(tmp_path / "a.gif")
    kinds = [read_logo(tmp_path / f"a.{kind}")[0][4, 4].tolist() for kind in ("webp", "jpg", "gif")]
    assert kinds[0] == pytest.approx([100, 50, 0, 128], abs=1) and kinds[1][3] == kinds[2][3] == 255
    Pictures.new("RGBA", (9000, 10)).save(tmp_path / "wide.png")
    assert read_logo(tmp_path / "wide.png")[0].shape[:2] == (5, 4096)
