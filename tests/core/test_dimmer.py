"""The brightness of what is shown, frame by frame."""

from __future__ import annotations

import pytest

from liveanim.core.dimmer import Dimmer


def levels(*frames: tuple[float, float, float, float]) -> list[float]:
    """After each frame of (dt, blackout, fade, level)."""
    dimmer, row = Dimmer(), []
    for dt, blackout, fade, level in frames:
        values = {"out.blackout": blackout, "out.fade": fade, "out.level": level}
        dimmer = dimmer.after(dt, values)
        row.append(round(dimmer.level(values), 6))
    return row


def test_without_a_fade_a_blackout_cuts() -> None:
    assert levels((0, 0, 0, 1), (0.1, 1, 0, 1), (0.1, 0, 0, 1)) == [1, 0, 1]


def test_it_fades_down_and_up_at_any_frame_rate_and_is_quite_black_in_between() -> None:
    down = [(0.25, 1.0, 1.0, 1.0)] * 5
    assert levels((0, 0, 1, 1), *down, (0.5, 0, 1, 1), (0.7, 0, 1, 1)) == [1, 0.75, 0.5, 0.25, 0, 0, 0.5, 1]
    fine = [(1 / 64, 1.0, 1.0, 1.0)] * 32
    assert levels((0, 0, 1, 1), *fine)[-1] == pytest.approx(0.5)


def test_a_fade_that_is_turned_round_goes_back_from_where_it_is_and_one_cut_short_is_over() -> None:
    assert levels((0, 0, 2, 1), (0.5, 1, 2, 1), (0.25, 0, 2, 1), (0.1, 1, 0, 1)) == [1, 0.75, 0.875, 0]


def test_a_show_that_begins_blacked_out_is_black() -> None:
    assert levels((0, 1, 10, 1), (0.1, 1, 10, 1)) == [0, 0]


def test_the_master_fader_dims_what_the_blackout_leaves() -> None:
    assert levels((0, 0, 2, 0.5), (1, 1, 2, 0.5), (0.1, 1, 0, 0.5)) == [0.5, 0.25, 0]
