"""Looks of the Deforum family on the show's clock: frames, units, and that the rate of the show does not matter."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.deforum import CAMERA, FrameClock, Timed, Unit, family_driver
from liveanim.core.errors import UserError
from liveanim.core.expr import Driver, compile_expr
from liveanim.core.motion import CameraPath, partial, step_matrix
from liveanim.core.params import defaults
from liveanim.core.preset import Preset
from liveanim.core.schedule import values as family_values
from liveanim.library import parse_preset

CLOCK = FrameClock(fps=15, frames=60, loop=False, size=(640, 360))
FLIGHT = """
compat = "deforum"
[deforum]
fps = 15
frames = 60
size = "640x360"
loop = false
zoom = "0:(1.0025+0.02*sin(1.25*3.14*t/30)), 40:(1.06)"
angle = "0:(1), 20:(-6*cos(t/5)**3)"
translation_x = "0:(4), 59:(-4)"
translation_y = "0:(3*sin(t/4))"
[picture]
strength = "0:(0.65), 25:(0.55)"
"""


def at(driver: Driver, now: float, dt: float = 0.0) -> float:
    return driver.evaluate({"now": now, "dt": dt}, driver.memory())


def test_a_value_holds_from_its_frame_to_the_next_whatever_the_rate_of_the_show() -> None:
    text = "0:(t%15), 30:(0.5)"
    driver = Timed(compile_expr(text, compat="deforum"), CLOCK)
    wanted = family_values(text, 60, compat="deforum")
    for rate in (15.0, 24.0, 60.0, 144.0):
        for n in range(int(4 * rate)):
            assert at(driver, n / rate) == wanted[math.floor(n / rate * 15 + 1e-6)]


def poses(preset: Preset, rate: float, seconds: float) -> np.ndarray:
    """Where the centre and two more points have gone at every frame of the look, played at `rate`."""
    path, places = CameraPath(), []
    memory = {n: d.memory() for n, d in preset.drivers.items() if not isinstance(d, (int, float))}
    now = 0.0
    for n in range(int(seconds * rate) + 1):
        dt, now = (0.0 if n == 0 else n / rate - now), n / rate
        env = {"now": now, "dt": dt}
        values = defaults()
        for name, driver in preset.drivers.items():
            values[name] = driver if isinstance(driver, (int, float)) else driver.evaluate(env, memory[name])
        step = partial(step_matrix(values, 1 / 15, 640 / 360), dt * 15) if n else np.eye(3)
        path = path.moved(now, step)
        if abs(now * 15 - round(now * 15)) < 1e-6:
            corners = path.between(0.0, now) @ np.array([[0, 0.5, -0.5], [0, 0.25, 0.4], [1, 1, 1]])
            places.append(corners[:2] / corners[2])
    return np.array(places)


def test_the_camera_goes_the_same_way_live_and_offline_and_as_the_family_moves_it() -> None:
    preset = parse_preset(FLIGHT, "flight")
    offline = poses(preset, 15, 3.8)
    assert poses(preset, 60, 3.8) == pytest.approx(offline, abs=1e-9)
    assert poses(preset, 150, 3.8) == pytest.approx(offline, abs=1e-9)
    assert poses(preset, 144, 3.8) == pytest.approx(offline[::5], abs=5e-3)  # its ticks fall between the frames
    names = {"zoom": "zoom", "angle": "angle", "translation_x": "tx", "translation_y": "ty"}
    texts = dict(line.split(" = ", 1) for line in FLIGHT.splitlines() if " = " in line)
    rows = {s: family_values(texts[n].strip('"'), 58, compat="deforum", max_f=59) for n, s in names.items()}
    matrix, places = np.eye(3), []
    for f in range(58):
        if f:
            c, s = (rows["zoom"][f] * g(math.radians(rows["angle"][f])) for g in (math.cos, math.sin))
            shift = np.array([[1, 0, rows["tx"][f] / 360], [0, 1, rows["ty"][f] / 360], [0, 0, 1]])
            matrix = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) @ shift @ matrix
        places.append((matrix @ np.array([[0, 0.5, -0.5], [0, 0.25, 0.4], [1, 1, 1]]))[:2])
    assert offline == pytest.approx(np.array(places), abs=1e-9)


@given(st.floats(20, 240), st.floats(0.3, 1.9), st.integers(1, 60))
def test_a_zoom_a_frame_grows_as_much_at_any_rate(rate: float, factor: float, frames: int) -> None:
    driver = Timed(compile_expr(f"0:({factor}), {frames}:(1)", compat="deforum"), CLOCK, Unit(grows=True))
    total, ticks = 0.0, int(4 * rate)
    for n in range(1, ticks + 1):
        dt = (n - (n - 1)) * 4 / ticks
        total += math.log(at(driver, n * 4 / ticks, dt)) * dt
    line = family_values(driver.text, [float(f) for f in range(1, 61)], compat="deforum", max_f=59)
    assert total == pytest.approx(float(np.log(line).sum()), abs=1e-6)


def test_after_the_last_frame_a_loop_begins_again() -> None:
    clock = FrameClock(fps=10, frames=20)
    driver = Timed(compile_expr("0:(t)", compat="deforum"), clock)
    assert [at(driver, t) for t in (0.0, 1.95, 2.0, 4.1)] == [0, 19, 0, 1]
    held = Timed(driver.expression, FrameClock(fps=10, frames=20, loop=False))
    assert at(held, 2.5) == 25


def test_beats_count_by_the_looks_own_tempo_when_it_has_one() -> None:
    driver = Timed(compile_expr("0:(beat)", compat="deforum"), FrameClock(fps=24, bpm=120))
    assert at(driver, 2.0) == pytest.approx(4.0)


def test_every_field_of_the_camera_drives_a_parameter_with_the_familys_sign_and_unit() -> None:
    for mode, fields in CAMERA.items():
        rows = "".join(f"{name} = 2\n" for name in fields)
        preset = parse_preset(
            f'compat = "deforum"\n[deforum]\nfps = 10\nsize = "512x256"\nmode = "{mode}"\n{rows}', "x"
        )
        wanted = {
            "camera.zoom": 2**10,
            "camera.angle": 20,
            "camera.x": 20 / 256,
            "camera.y": 20 / 256,
            **{f"camera.flip_{axis}": -20 for axis in "xyz"},
            **{f"space.{axis}": 0.1 for axis in "xyz"},
            **{f"space.{turn}": 20 for turn in ("pitch", "yaw", "roll")},
        }
        assert preset.drivers == {name: pytest.approx(wanted[name]) for name, _ in fields.values()}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("fps = 0", r"\[deforum\]: fps: expected a number from 0.1 to 1000, got 0"),
        ('mode = "4D"', r"\[deforum\]: mode: expected one of 2D, 3D, got '4D'"),
        ("zom = 1", r"\[deforum\]: unknown key 'zom' \(did you mean: zoom"),
        ('zoom = "0:(1.0*"', r"\[deforum\]: zoom: column \d+"),
        ("zoom = 0", r"\[deforum\]: zoom: a zoom must be more than 0"),
        ("angle = true", r"\[deforum\]: angle: expected a number or a schedule"),
        ('size = "5"', r"\[deforum\] size: expected WIDTHxHEIGHT"),
    ],
)
def test_a_mistake_in_the_table_is_named(table: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        parse_preset(f'compat = "deforum"\n[deforum]\n{table}\n', "look")


def test_the_table_needs_the_familys_reading() -> None:
    with pytest.raises(UserError, match='needs compat = "deforum" at the top'):
        parse_preset("[deforum]\nfps = 15\n", "look")


@given(st.floats(allow_nan=True, allow_infinity=True), st.floats(0, 1e9))
def test_no_schedule_gives_a_move_that_is_no_number(value: float, now: float) -> None:
    driver = family_driver("0:(kick**0.5 - 1/kick)", CLOCK, "x", Unit(grows=True))
    assert not isinstance(driver, float)
    result = driver.evaluate({"now": now, "dt": 0.1, "kick": value}, driver.memory())
    assert result != result or 0 <= result < math.inf
