"""The numbers of a display frame: where each keyframe lies and how it is coloured. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from liveanim.core.model import Image, Layer, Matrix
from liveanim.core.params import PARAMS

_LUMA = np.array([0.2126, 0.7152, 0.0722])
_EPSILON = 1e-6
_WHOLE = ("mirror", "kaleidoscope", "generator_mode", "linear_fade", "key")


@dataclass(frozen=True, slots=True)
class Stage:
    """The `stage.*` parameters of a blend, clamped, with the defaults where the blend says nothing."""

    punch: float
    shake: float
    exposure: float
    hue: float
    saturation: float
    feedback: float
    mirror: int
    kaleidoscope: int
    split: float
    bloom: float
    vignette: float
    grain: float
    pixelate: float
    invert: float
    strobe: float
    strobe_rate: float
    generator_mix: float
    generator_mode: int
    lut_mix: float
    linear_fade: int
    deflicker: float
    steady: float
    median: float
    key: int
    key_level: float
    key_soft: float
    key_hue: float

    @classmethod
    def of(cls, values: Mapping[str, float]) -> Stage:
        def value(name: str) -> float:
            row = PARAMS[f"stage.{name}"]
            return row.clamp(float(values.get(name, row.default)))

        numbers = {name: value(name) for name in cls.__slots__}
        whole = {name: int(numbers[name]) for name in _WHOLE}
        return cls(**{**numbers, **whole})  # type: ignore[arg-type]

    @property
    def folds(self) -> bool:
        """Whether the stage's points are folded before the keyframes are looked up."""
        return self.mirror > 0 or self.kaleidoscope > 0 or self.pixelate > _EPSILON

    @property
    def needs_scene(self) -> bool:
        """Whether the blended picture is needed as a picture of its own before it is finished."""
        return self.splits or self.glows

    @property
    def trailing(self) -> bool:
        return self.feedback > _EPSILON

    @property
    def splits(self) -> bool:
        return self.split > _EPSILON

    @property
    def glows(self) -> bool:
        return self.bloom > _EPSILON

    @property
    def smooths(self) -> bool:
        """Whether frames are compared with those before them."""
        return self.median > _EPSILON

    @property
    def grains(self) -> bool:
        return self.grain > _EPSILON

    @property
    def gain(self) -> float:
        """Exposure as a factor on display values: light is about value^2.2."""
        return float(2.0 ** (self.exposure / 2.2))

    def lamp(self, beat: float) -> float:
        """Factor of the strobe at `beat`: 1 in the first half of each blink, 1 - strobe in the second."""
        return 1.0 - self.strobe if (beat * self.strobe_rate) % 1.0 >= 0.5 else 1.0

    @property
    def blocks(self) -> float:
        """Blocks per picture height: 240 where pixelate begins, 6 at 1; 0 when it is off."""
        return float(240.0 * (6.0 / 240.0) ** self.pixelate) if self.pixelate > _EPSILON else 0.0

    def trails(self, dt: float) -> float:
        """Share of the last frame that stays after `dt` seconds; `feedback` is that share at 60 frames a second."""
        if not self.trailing:
            return 0.0
        return float(self.feedback ** (60.0 * min(max(dt, 1e-3), 0.25)))


def stage_motion(stage: Stage, time: float) -> Matrix:
    """Homography of punch and shake at show time `time` (s): the same time always gives the same shake."""
    zoom = 1.0 + stage.punch
    matrix = np.diag([zoom, zoom, 1.0])
    if stage.shake > _EPSILON:
        # Two incommensurate waves a direction, 5 to 17 Hz: restless without ever being white noise.
        sway = [
            0.6 * math.sin(2 * math.pi * slow * time + at) + 0.4 * math.sin(2 * math.pi * fast * time + 2.3 * at)
            for slow, fast, at in ((5.3, 12.7, 0.3), (6.1, 14.9, 1.9), (4.7, 11.3, 3.7))
        ]
        x, y, roll = stage.shake * 0.05 * sway[0], stage.shake * 0.05 * sway[1], stage.shake * 0.04 * sway[2]
        # Moved in far enough for the borders to stay out of sight most of the time.
        zoom = 1.0 + 0.08 * stage.shake
        c, s = zoom * math.cos(roll), zoom * math.sin(roll)
        matrix = np.array([[c, -s, x], [s, c, y], [0.0, 0.0, 1.0]]) @ matrix
    return matrix


def cover(keyframe_aspect: float, aspect: float) -> float:
    """Keyframe heights per stage height when the keyframe fills the stage and overlaps it on one side."""
    return min(1.0, keyframe_aspect / aspect)


def place(layer: Layer, motion: Matrix, aspect: float) -> Matrix:
    """Stage point (units of stage height) -> texture coordinates (0..1, v down) of the keyframe, before the division.

    A homography that cannot be inverted (the picture edge on) gives the keyframe at rest: never garbage.
    """
    height, width = layer.keyframe.image.shape[:2]
    seen = motion @ np.asarray(layer.homography, dtype=np.float64)
    if not np.all(np.isfinite(seen)) or abs(np.linalg.det(seen)) < 1e-9:
        seen = np.eye(3)
    # The stage's motion is in stage heights, the layer's in keyframe heights: scaled by the same cover both agree.
    k = cover(width / height, aspect)
    to_keyframe = np.linalg.inv(seen) @ np.diag([k, k, 1.0])
    to_texture = np.array([[height / width, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
    return to_texture @ to_keyframe / to_keyframe[2, 2] if abs(to_keyframe[2, 2]) > 1e-9 else to_texture @ to_keyframe


def at_rest(aspect: float) -> Matrix:
    """Stage point -> texture coordinates of a picture that fills the stage and whose rows run upwards."""
    return np.array([[1.0 / aspect, 0.0, 0.5], [0.0, -1.0, 0.5], [0.0, 0.0, 1.0]])


def reduction(matrix: Matrix, aspect: float, image: Image, height: int) -> float:
    """Most keyframe pixels per stage pixel (height `height`) at the centre and corners; infinite at a horizon."""
    points = np.array([[0, 0], [-aspect, -1], [aspect, -1], [-aspect, 1], [aspect, 1]]) * 0.5
    q = np.c_[points, np.ones(5)] @ matrix.T
    if q[:, 2].min() < 0.05:
        return math.inf
    tall, wide = image.shape[:2]
    across, down = ((matrix[n, :2] * q[:, 2:] - matrix[2, :2] * q[:, n : n + 1]) / q[:, 2:] ** 2 for n in (0, 1))
    # The larger singular value of each 2x2 Jacobian: of its squares' sum and its determinant.
    squares = wide**2 * (across**2).sum(1) + tall**2 * (down**2).sum(1)
    area = wide * tall * (across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0])
    largest = (squares + np.sqrt(np.maximum(squares**2 - 4 * area**2, 0.0))) / 2
    return float(np.sqrt(largest.max())) / height


def colour_matrix(hue: float, saturation: float) -> Matrix:
    """(3, 3) matrix on RGB: rotation by `hue` turns about the grey axis, then colourfulness; greys keep their value."""
    a = 2 * math.pi * hue
    k = 1.0 / math.sqrt(3.0)
    cross = np.array([[0, -k, k], [k, 0, -k], [-k, k, 0]])
    turn = math.cos(a) * np.eye(3) + (1 - math.cos(a)) / 3.0 + math.sin(a) * cross
    # Rotation alone makes yellow turn into a blue just as bright to the numbers but not to the eye: put the luma back.
    turn = turn + np.ones((3, 1)) @ (_LUMA @ (np.eye(3) - turn))[None, :] if abs(hue) > _EPSILON else np.eye(3)
    grey = np.ones((3, 1)) @ _LUMA[None, :]
    return grey + saturation * (turn - grey) if abs(saturation - 1.0) > _EPSILON else turn


def frame_seed(time: float) -> int:
    """A number for the grain of the picture at show time `time`: new 30 times a second, the same for the same time."""
    return (math.floor(time * 30.0 + 1e-6) * 2654435761) & 0xFFFFFFFF
