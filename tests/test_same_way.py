"""A settings file of the Deforum family played live, unevenly and late, goes the way it goes offline."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np
import pytest

from liveanim.core.preset import Preset
from liveanim.importers import import_text
from liveanim.library import parse_preset
from liveanim.show import Settings, Show
from tests.fakes import Desk, Hears

FPS, FRAMES = 15, 60
SETTINGS = {
    "2D": {
        "zoom": "0:(1.0025+0.02*sin(1.25*3.14*t/30)), 40:(1.06)",
        "angle": "0:(1), 20:(-6*cos(t/5)**3)",
        "translation_x": "0:(4), 59:(-4)",
        "translation_y": "0:(3*sin(t/4))",
    },
    "3D": {
        "translation_x": "0:(5*sin(2*3.14*t/10))",
        "translation_y": "0:(2)",
        "translation_z": "0:(1.75), 30:(6)",
        "rotation_3d_x": "0:(0.5*sin(t/7))",
        "rotation_3d_y": "0:(-4.5), 45:(3)",
        "rotation_3d_z": "0:(2*cos(t/9))",
    },
}
POINTS = np.array([[0.0, 0.5, -0.5], [0.0, 0.25, 0.4], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
Way = dict[int, np.ndarray]


def preset_of(mode: str) -> Preset:
    settings = {"animation_mode": mode, "fps": FPS, "max_frames": FRAMES, "diffusion_cadence": 2, **SETTINGS[mode]}
    return parse_preset(import_text(json.dumps(settings), "a.txt").toml, "a")


def way(preset: Preset, times: Iterable[float], busy: float = 0.0) -> Way:
    """Where three points have gone at each frame of the look, over the picture and in space, as the stage shows it.

    `busy`: seconds the painter takes for a picture.
    """
    desk = Desk()
    show = Show([], Hears(), desk, [preset], Settings((64, 64)))
    begun, done, places = [(np.eye(3), np.eye(4))], 0.0, {}
    for now in times:
        blend = show.tick(now)
        if blend.layers and abs(now * FPS - round(now * FPS)) < 1e-9:
            layer = blend.layers[-1]
            over, through = begun[layer.keyframe.index + 1]
            flat, deep = layer.homography @ over @ POINTS[:3], layer.move @ through @ POINTS
            places[round(now * FPS)] = np.concatenate([flat[:2] / flat[2], deep[:3]])
        if desk.begun is not None and desk.begun.index + 2 == len(begun) and now >= done:
            desk.finish()
        if desk.waiting is not None and now >= done:
            desk.begin()
            assert desk.begun is not None
            begun.append((desk.begun.motion @ begun[-1][0], desk.begun.move @ begun[-1][1]))
            done = now + busy
    return places


def agree(live: Way, offline: Way, within: float) -> None:
    common = sorted(set(live) & set(offline))
    assert len(common) >= 10 and common[-1] > 0.8 * FRAMES
    assert max(float(np.abs(live[frame] - offline[frame]).max()) for frame in common) < within
    assert np.abs(offline[common[-1]] - offline[common[0]]).max() > 0.2  # and it has gone somewhere


@pytest.mark.parametrize("mode", ["2D", "3D"])
def test_a_settings_file_played_live_goes_the_way_it_goes_offline(mode: str) -> None:
    preset = preset_of(mode)
    frames = [n / FPS for n in range(FRAMES)]
    offline = way(preset, frames)
    uneven = np.random.default_rng(3).uniform(0, FRAMES / FPS, 200)
    agree(way(preset, sorted({*frames, *uneven.tolist()}), 0.22), offline, 1e-9)
    agree(way(preset, [n / 60 for n in range(FRAMES * 4)], 0.19), offline, 1e-9)


@pytest.mark.parametrize("mode", ["2D", "3D"])
def test_a_screen_whose_frames_fall_between_the_looks_frames_shows_almost_the_same_way(mode: str) -> None:
    preset = preset_of(mode)
    offline = way(preset, [n / FPS for n in range(FRAMES)])
    agree(way(preset, [n / 144 for n in range(round(FRAMES * 9.6))], 0.1), offline, 5e-3)
