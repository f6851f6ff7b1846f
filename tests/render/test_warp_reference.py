"""Deforum's warps, against pictures and matrices computed by that family's own code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from liveanim.core.motion import step_matrix
from liveanim.core.params import defaults
from liveanim.core.space import Lens, step_move
from liveanim.render import deep
from liveanim.render.grids import Border, pixel_matrix
from liveanim.render.warp import warp

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "warp_reference"
CASES: list[dict[str, Any]] = []
if (DATA / "cases.json").is_file():
    CASES = json.loads((DATA / "cases.json").read_text(encoding="utf-8"))["cases"]
WIDTH, HEIGHT = 160, 96
BORDERS: dict[str, Border] = {"border": "replicate", "reflection": "reflect", "zeros": "zeros"}

pytestmark = pytest.mark.skipif(not CASES, reason="shared data absent")


def named(mode: str, only: str = "") -> list[Any]:
    found = [case for case in CASES if case["mode"] == mode and only in case["name"]]
    found = [case for case in found if "(old)" not in case["anim_args"].get("depth_algorithm", "")]  # nobody has these
    return [pytest.param(case, id=case["name"]) for case in found]


def values_of(case: dict[str, Any]) -> dict[str, float]:
    """The family's values of one frame as ours of one second."""
    p = case["params"]
    fov = p["perspective_flip_fv"]
    flips = dict(zip("xyz", (p[f"perspective_flip_{name}"] for name in ("phi", "gamma", "theta")), strict=True))
    if not case["anim_args"]["enable_perspective_flip"]:
        flips = dict.fromkeys("xyz", 0)
    values = {
        **defaults(),
        "camera.warp": 1.0,
        "camera.flip_fov": fov,
        **{f"camera.flip_{axis}": -angle for axis, angle in flips.items()},
        "space.fov": p["fov"],
        "space.aspect": WIDTH / HEIGHT if case["anim_args"]["aspect_ratio_use_old_formula"] else p["aspect_ratio"],
    }
    if case["mode"] == "2D":
        moves = {
            "camera.zoom": p["zoom"],
            "camera.angle": p["angle"],
            "camera.x": p["translation_x"] / HEIGHT,
            "camera.y": p["translation_y"] / HEIGHT,
            "camera.centre_x": p["transform_center_x"],
            "camera.centre_y": p["transform_center_y"],
        }
    else:
        moves = {f"space.{axis}": p[f"translation_{axis}"] / 200 for axis in "xyz"}
        turns = zip(("pitch", "yaw", "roll"), "xyz", strict=True)
        moves |= {f"space.{name}": p[f"rotation_3d_{axis}"] for name, axis in turns}
    return {**values, **moves}


def read(name: str) -> np.ndarray:
    picture = cv2.imread(str(DATA / name))
    assert picture is not None
    return picture


def source() -> np.ndarray:
    return read(f"input_{WIDTH}x{HEIGHT}.png")


def agree(ours: np.ndarray, case: dict[str, Any], mean: float) -> None:
    difference = np.abs(ours.astype(int) - read(case["output"]).astype(int))
    assert difference.mean() < mean, (difference.mean(), difference.max())


@pytest.mark.parametrize("case", named("2D"))
def test_reference_matrices_of_the_2d_warp(case: dict[str, Any]) -> None:
    """Case 09: with a perspective flip the family loses the translation; so does 'compat', with a reason to warn."""
    matrix = pixel_matrix(
        HEIGHT, WIDTH, step_matrix(values_of(case), 1.0, WIDTH / HEIGHT, pixel=1 / HEIGHT), corners=True
    )
    expected = np.array(case["forward_matrix_3x3"])
    assert np.abs(matrix / matrix[2, 2] - expected / expected[2, 2]).max() < 1e-4


@pytest.mark.parametrize("case", named("2D"))
def test_reference_pictures_of_the_2d_warp(case: dict[str, Any]) -> None:
    matrix = step_matrix(values_of(case), 1.0, WIDTH / HEIGHT, pixel=1 / HEIGHT)
    border: Border = "wrap" if case["anim_args"]["border"] == "wrap" else "replicate"
    agree(warp(source(), matrix, border, "bilinear", corners=True), case, 0.5)


def distance_of(case: dict[str, Any]) -> np.ndarray:
    """The family's distance of every pixel, from the depth model's answer it was given."""
    if not case["anim_args"]["use_depth_warping"]:
        return np.ones((HEIGHT, WIDTH), np.float32)
    depth = np.load(DATA / f"depth_{WIDTH}x{HEIGHT}.npy")
    name = case["anim_args"]["depth_algorithm"]
    equal = deep.equalised(depth)
    return Lens(compat=True).z(1 - equal if name == "Zoe" else equal)


@pytest.mark.parametrize("case", named("3D"))
def test_reference_pictures_of_the_3d_warp(case: dict[str, Any]) -> None:
    values, settings = values_of(case), case["anim_args"]
    flip = step_matrix(values, 1.0, WIDTH / HEIGHT, pixel=1 / HEIGHT)
    border, sampling = BORDERS[settings["padding_mode"]], settings["sampling_mode"]
    flown = deep.fly(source(), flip, step_move(values, 1.0), distance_of(case), Lens.of(values), border, sampling)
    agree(flown, case, 2.0)


def test_reference_depth_is_equalised_as_the_family_does_it() -> None:
    stages = np.load(DATA / "depth_stages.npz")
    equal = deep.equalised(stages["depth"])
    assert np.abs(equal - stages["equalised01"]).max() < 1e-5
    assert np.abs(Lens(compat=True).z(equal) - stages["z_midas"]).max() < 1e-5
