"""Fitting the picture to a screen: by keys, kept by name, seen in pixels."""

from __future__ import annotations

from pathlib import Path

import moderngl
import numpy as np
import pytest

from liveanim.core.errors import UserError
from liveanim.core.mapping import Mapping
from liveanim.outputs.context import headless_context
from liveanim.outputs.mapper import LEAP, STEP, Mapper, Screens
from liveanim.outputs.shaders import Program


def test_arrows_move_the_chosen_corner_and_tab_goes_on_to_the_edges() -> None:
    mapper = Mapper(Screens())
    mapper.toggle()
    assert mapper.key("right", False) and mapper.key("down", True)
    assert mapper.mapping.corners[0] == pytest.approx((STEP, LEAP))
    for _ in range(4):
        mapper.key("tab", False)
    mapper.key("up", True)
    assert mapper.mapping.edges == (LEAP, 0.0, 0.0, 0.0) and "left soft edge" in mapper.hint
    mapper.key("backspace", False)
    assert mapper.mapping == Mapping() and not mapper.key("b", False)
    mapper.key("escape", False)
    assert not mapper.active and mapper.hint == "" and mapper.plain


def test_each_screen_has_its_own_and_it_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "screens.toml"
    mapper = Mapper(Screens(path))
    for name in ('EPSON "1"', "Béamer"):
        mapper.follow(name)
        mapper.toggle()
        mapper.key("right", True)
        mapper.toggle()
        mapper.follow("HDMI")
        assert mapper.plain
    again = Screens(path)
    assert again.of('EPSON "1"').corners[0] == again.of("Béamer").corners[0] == (LEAP, 0.0)
    assert again.of("HDMI") == Mapping()


def test_keys_mirror_and_turn_it_and_both_are_kept(tmp_path: Path) -> None:
    mapper = Mapper(Screens(tmp_path / "screens.toml"))
    mapper.follow("ceiling")
    mapper.toggle()
    for key in "mrrr":
        assert mapper.key(key, False)
    mapper.key("right", True)
    mapper.key("backspace", False)  # it still hangs as it does
    mapper.toggle()
    assert not mapper.plain
    assert Screens(tmp_path / "screens.toml").of("ceiling") == Mapping(mirror=True, turn=270)
    mapper.toggle()
    for key in "mr":
        mapper.key(key, False)
    assert mapper.mapping == Mapping()


def test_a_file_that_is_no_good_shows_the_picture_as_it_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "screens.toml"
    for text in ("[[screen]]\nname = 'a'\nedges = 3\n", "][", "screen = 3"):
        path.write_text(text, encoding="utf-8")
        assert Screens(path).of("a") == Mapping()
    assert "screens.toml: a: edges: expected" in caplog.text
    blocked = Mapper(Screens(path / "under"))
    blocked.toggle()
    blocked.toggle()
    assert "cannot keep the corners" in blocked.hint


WHITE = np.full((90, 160, 4), 255, np.uint8)


def drawn(
    mapping: Mapping, size: tuple[int, int] = (160, 90), active: bool = False, seen: np.ndarray = WHITE
) -> np.ndarray:
    """(height, width, 3): the picture that is `seen`, 160x90, on a window of `size`, top row first."""
    try:
        ctx = headless_context()
    except UserError as error:
        pytest.skip(f"macOS and Windows have no EGL: {error}")
    with ctx:
        texture = ctx.texture((160, 90), 4, seen.tobytes())
        texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
        window = ctx.framebuffer([ctx.texture(size, 4)])
        window.use()
        mapper = Mapper(Screens())
        mapper.mapping, mapper.active = mapping, active
        mapper.draw(Program(ctx, ["mapped.frag.glsl"]), texture, size)
        image = np.frombuffer(window.read(components=3, alignment=1), np.uint8).reshape(size[1], size[0], 3)[::-1]
    ctx.release()
    return image


def test_at_rest_the_picture_fills_the_window_and_a_wider_window_has_bars() -> None:
    assert drawn(Mapping()).min() == 255
    wide = drawn(Mapping(), (240, 90))
    assert wide[:, :39].max() == 0 and wide[:, 41:199].min() == 255 and wide[:, 201:].max() == 0


def test_mirrored_and_turned_it_is_the_same_picture_to_the_bit() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (90, 160, 4), np.uint8)
    colours = picture[..., :3]
    assert np.array_equal(drawn(Mapping(mirror=True), seen=picture), colours[:, ::-1])
    assert np.array_equal(drawn(Mapping(turn=180), seen=picture), colours[::-1, ::-1])
    assert np.array_equal(drawn(Mapping(turn=90), (90, 160), seen=picture), np.rot90(colours, -1))
    assert np.array_equal(drawn(Mapping(mirror=True, turn=270), (90, 160), seen=picture), np.rot90(colours[:, ::-1]))
    wide = drawn(Mapping(turn=90))  # lies across the window: as large as fits, with bars
    assert wide[:, :54].max() == 0 and wide[:, 56:104].min() == 255 and wide[:, 106:].max() == 0


def test_corners_pull_the_picture_in() -> None:
    image = drawn(Mapping().moved(0, 0.25, 0.0).moved(1, -0.25, 0.0))[:, :, 0]
    light = (image > 127).sum(axis=1)
    assert light[0] == pytest.approx(81, abs=2) and light[-1] == pytest.approx(160, abs=2)
    assert light[45] == pytest.approx(120, abs=2) and (np.diff(light) >= 0).all()


def test_two_soft_edges_that_overlap_give_even_light() -> None:
    right, left = drawn(Mapping().widened(1, 0.25))[45, :, 0], drawn(Mapping().widened(0, 0.25))[45, :, 0]
    light = (right[120:] / 255.0) ** 2.2 + (left[:40] / 255.0) ** 2.2
    assert light == pytest.approx(np.ones(40), abs=0.02)


def test_while_fitting_there_is_a_grid_and_the_chosen_corner_is_marked() -> None:
    image = drawn(Mapping(), active=True)
    assert image[2, 2, 0] > 200 and image[2, 2, 2] < 140
    assert len(np.unique(image[45, :, 0])) >= 2


def test_the_sides_of_what_is_shown_are_moved_after_the_edges_and_kept(tmp_path: Path) -> None:
    mapper = Mapper(Screens(tmp_path / "screens.toml"))
    mapper.follow("EPSON")
    mapper.toggle()
    for _ in range(9):
        mapper.key("tab", False)
    assert "fitting EPSON: right side of what is shown" in mapper.hint
    for _ in range(40):
        mapper.key("left", True)
    mapper.key("tab", False)
    mapper.key("down", False)
    assert mapper.mapping.part == pytest.approx((0.0, STEP, 1 - 40 * LEAP, 1.0)) and not mapper.plain
    mapper.toggle()
    assert Screens(tmp_path / "screens.toml").of("EPSON") == mapper.mapping
    mapper.toggle()
    mapper.key("backspace", False)
    assert mapper.mapping == Mapping()


def test_a_part_of_the_picture_is_shown_as_large_as_fits() -> None:
    ramp = np.zeros((90, 160, 4), np.uint8)
    ramp[..., 0], ramp[..., 3] = np.arange(160), 255
    whole, half = drawn(Mapping(), seen=ramp), drawn(Mapping(part=(0.5, 0, 1, 1)), (80, 90), seen=ramp)
    assert np.array_equal(half, whole[:, 80:])
    wide = drawn(Mapping(part=(0.5, 0, 1, 1)), seen=ramp)
    assert wide[:, :39].max() == 0 and wide[45, 41:119, 0] == pytest.approx(np.arange(81, 159), abs=1)


def test_two_projectors_whose_parts_overlap_show_one_picture_in_even_light() -> None:
    left, right = Mapping(part=(0, 0, 0.6, 1)).widened(1, 1 / 3), Mapping(part=(0.4, 0, 1, 1)).widened(0, 1 / 3)
    wall = np.zeros(160)
    wall[:96] += (drawn(left, (96, 90))[45, :, 0] / 255.0) ** 2.2
    wall[64:] += (drawn(right, (96, 90))[45, :, 0] / 255.0) ** 2.2
    assert wall == pytest.approx(np.ones(160), abs=0.02)
    lines = [
        drawn(each, (96, 90), active=True)[15, :, 1] for each in (Mapping(part=left.part), Mapping(part=right.part))
    ]
    assert np.array_equal(lines[0][70:90], lines[1][6:26])  # of the grid: at the very same places of the picture
    assert lines[0][70:90].max() > lines[0][70:90].min() + 30
