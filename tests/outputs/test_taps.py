"""Taps, the contact sheet and the null sink."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from liveanim.core.errors import UserError
from liveanim.core.model import Blend, Image
from liveanim.outputs.headless import Headless
from liveanim.outputs.sheet import ContactSheet
from liveanim.outputs.taps import TapFeed

from .pictures import flat, still

Make = Callable[[tuple[int, int]], Headless]


class Keep:
    """A tap that keeps what it gets."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, int]] = []
        self.closed = 0

    def picture(self, image: Image, now: float) -> None:
        self.seen.append((now, int(image[0, 0, 0])))

    def close(self) -> None:
        self.closed += 1


def level(value: int) -> Blend:
    return still(flat((value,) * 3))


def test_every_tap_gets_every_picture_with_its_time_and_is_closed_with_the_stage(stage: Make) -> None:
    one, taps = stage((64, 36)), [Keep(), Keep()]
    for tap in taps:
        one.add_tap(tap)
    for n in range(3):
        one.write(level(n * 10), n / 30)
    one.close()
    one.close = lambda: None  # type: ignore[method-assign]
    for tap in taps:
        assert tap.seen == [(0.0, 0), (1 / 30, 10), (2 / 30, 20)] and tap.closed == 1


def test_a_removed_tap_gets_nothing_more_and_is_not_closed(stage: Make) -> None:
    one, tap = stage((64, 36)), Keep()
    one.add_tap(tap)
    one.write(level(1), 0.0)
    one.remove_tap(tap)
    one.remove_tap(tap)
    one.write(level(2), 0.1)
    assert tap.seen == [(0.0, 1)] and tap.closed == 0


def test_fetched_later_the_same_pictures_come_with_the_same_times(stage: Make) -> None:
    one, tap = stage((64, 36)), Keep()
    with one.compositor.framebuffer.ctx:
        feed = TapFeed(one.compositor, later=True)
        feed.add(tap)
        for n in range(4):
            one.compositor.draw(level(n * 10), 1 / 30)
            feed.taken(n / 30)
            assert len(tap.seen) == n
        feed.close()
    assert tap.seen == [(n / 30, n * 10) for n in range(4)] and tap.closed == 1


class Looks:
    """A viewer that looks while `wants`."""

    def __init__(self, wants: bool) -> None:
        self.wants = wants
        self.seen: list[tuple[float, int]] = []

    def wanted(self) -> bool:
        return self.wants

    def picture(self, image: Image, now: float) -> None:
        self.seen.append((now, int(image[0, 0, 0])))


def test_small_pictures_are_made_while_any_viewer_looks(stage: Make) -> None:
    one, viewers = stage((64, 36)), [Looks(True), Looks(False)]
    for viewer in viewers:
        one.show_to(viewer)
    for n in range(6):
        if n == 2:
            viewers[0].wants = False
        if n == 4:
            viewers[1].wants = True
        one.write(level(n * 10), n / 10)
    assert viewers[0].seen == viewers[1].seen == [(0.0, 0), (0.1, 10), (0.4, 40)]


def test_a_contact_sheet_shows_frames_evenly_over_the_length(tmp_path: Path) -> None:
    sheet = ContactSheet(tmp_path / "s.png", seconds=12.0)
    for n in range(120):
        sheet.picture(flat((n * 2,) * 3, (160, 90)), 5.0 + n / 10)
    sheet.close()
    image = np.asarray(Pillow.open(tmp_path / "s.png"))
    assert image.shape == (3 * 96 + 6, 4 * 166 + 6, 3)
    cells = [int(image[6 + 96 * row + 45, 6 + 166 * column + 80, 0]) for row in range(3) for column in range(4)]
    assert cells == [2 * (5 + 10 * k) for k in range(12)]
    assert image[2, 2, 0] < 40
    assert [path.name for path in tmp_path.iterdir()] == ["s.png"]


def test_a_contact_sheet_of_a_show_that_ended_early_is_filled_up(tmp_path: Path) -> None:
    sheet = ContactSheet(tmp_path / "s.png", seconds=100.0)
    sheet.picture(flat((77, 77, 77), (160, 90)), 0.0)
    sheet.close()
    sheet.close()
    assert np.asarray(Pillow.open(tmp_path / "s.png"))[250, 600, 0] == 77


def test_large_frames_are_reduced_so_that_the_sheet_stays_handy(tmp_path: Path) -> None:
    sheet = ContactSheet(tmp_path / "s.png", seconds=1.0)
    sheet.picture(flat((9, 9, 9), (1280, 720)), 0.0)
    sheet.close()
    with Pillow.open(tmp_path / "s.png") as image:
        assert image.size[0] <= 1920


def test_a_contact_sheet_without_pictures_is_not_written(tmp_path: Path) -> None:
    ContactSheet(tmp_path / "s.png", seconds=1.0).close()
    assert list(tmp_path.iterdir()) == []


def test_a_contact_sheet_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="mkdir -p"):
        ContactSheet(tmp_path / "nowhere" / "s.png", seconds=1.0)
    (tmp_path / "s.png").mkdir()
    sheet = ContactSheet(tmp_path / "s.png", seconds=1.0)
    sheet.picture(flat((9, 9, 9)), 0.0)
    with pytest.raises(UserError, match=r"cannot write .*s\.png: is a directory"):
        sheet.close()
    assert [path.name for path in tmp_path.iterdir()] == ["s.png"]
