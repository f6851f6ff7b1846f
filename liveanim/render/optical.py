"""How things move from one picture to another: dense flow, or one affine or perspective move for all of it.

A flow is (height, width, 2) float32 pixels, right and down: what is at p in the first picture is at p + flow(p) in the
second. Pictures are (height, width, 3) uint8 RGB.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from liveanim.core.model import Image, Matrix

Flow = NDArray[np.float32]
METHODS = ("dis_medium", "dis_fine", "farneback")
_RATIO, _MATCHES, _RANSAC = 0.75, 8, 5.0  # of feature matching: Lowe's ratio, fewest matches, pixels off


def flow(first: Image, second: Image, method: str = "dis_medium") -> Flow:
    """The flow from `first` to `second`."""
    a, b = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (first, second))
    if method == "farneback":
        start = np.zeros((*a.shape, 2), np.float32)
        return np.asarray(cv2.calcOpticalFlowFarneback(a, b, start, 0.5, 5, 21, 5, 7, 1.2, 0), np.float32)
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    if method == "dis_fine":
        dis.setFinestScale(0)
        dis.setGradientDescentIterations(192)
        dis.setPatchSize(8)
        dis.setPatchStride(4)
    return np.asarray(dis.calc(a, b, np.zeros((*a.shape, 2), np.float32)), np.float32)


def consistent(forward: Flow, backward: Flow, blur: float = 2.0) -> NDArray[np.float32]:
    """(height, width) 0..1: where going forward and back again comes home (softened over `blur` pixels)."""
    height, width = forward.shape[:2]
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    there = cv2.remap(
        backward, columns + forward[..., 0], rows + forward[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    miss = np.square(forward + there).sum(-1)
    size = np.square(forward).sum(-1) + np.square(there).sum(-1)
    good = (miss <= 0.01 * size + 0.5).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(good, (0, 0), blur) if blur > 0 else good, np.float32)


def carried(picture: NDArray, way: Flow) -> NDArray:
    """`picture` (height, width[, 3]) with its content moved along `way`: each point is read from where it came."""
    height, width = way.shape[:2]
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return cv2.remap(
        picture, columns - way[..., 0], rows - way[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )


def move_between(first: Image, second: Image, perspective: bool) -> Matrix | None:
    """(3, 3) in pixels from `first` to `second` by matched features; None where too few agree."""
    sift = cv2.SIFT.create(1500)
    (points_a, found_a), (points_b, found_b) = (
        sift.detectAndCompute(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), None) for picture in (first, second)
    )
    if found_a is None or found_b is None or min(len(points_a), len(points_b)) < 2:
        return None
    pairs = cv2.BFMatcher().knnMatch(found_a, found_b, 2)
    good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < _RATIO * pair[1].distance]
    if len(good) <= _MATCHES:
        return None
    a = np.array([points_a[m.queryIdx].pt for m in good], np.float32)
    b = np.array([points_b[m.trainIdx].pt for m in good], np.float32)
    if perspective:
        matrix = cv2.findHomography(a, b, cv2.RANSAC, _RANSAC)[0]
        return None if matrix is None else np.asarray(matrix, np.float64)
    affine = cv2.estimateAffinePartial2D(a, b, method=cv2.RANSAC, ransacReprojThreshold=_RANSAC)[0]
    return None if affine is None else np.vstack([np.asarray(affine, np.float64), [0.0, 0.0, 1.0]])


def shared(matrix: Matrix, factor: float) -> Matrix:
    """`factor` of the way that `matrix` goes."""
    straight: Matrix = np.eye(3) + factor * (matrix / matrix[2, 2] - np.eye(3))
    return straight


def eddies(height: int, width: int, time: float, scale: float, seed: int) -> Flow:
    """A flow without sources, of unit typical speed (1 is a picture height): the curl of slowly changing noise.

    `scale` eddies fit into the picture's height; `time` 1 apart the field is another one.
    """
    rows, columns = max(8, height // 8), max(8, width // 8)
    aspect = width / height
    y, x = np.meshgrid(
        (np.arange(rows, dtype=np.float32) + 0.5) / rows,
        (np.arange(columns, dtype=np.float32) + 0.5) / columns * aspect,
        indexing="ij",
    )
    potential = np.zeros((rows, columns), np.float32)
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed & 0xFFFFFFFF, 77])))
    for octave in range(3):
        for _ in range(5):
            angle, phase, drift = rng.random(3) * 2 * np.pi
            wave = 2 * np.pi * scale * 2**octave * (0.5 + 0.5 * rng.random())
            turn = phase + time * 2 * np.pi * (0.3 + 0.2 * np.sin(drift)) * 2 ** (octave / 2)
            along = np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y
            potential += np.float32(0.5**octave / wave) * np.sin(np.float32(wave) * along + np.float32(turn))
    down = np.asarray(np.gradient(potential, axis=0)) * rows
    across = np.asarray(np.gradient(potential, axis=1)) * rows
    field = np.dstack([down, -across]).astype(np.float32)
    return np.asarray(cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def along_edges(picture: Image) -> Flow:
    """A flow of unit typical speed along the picture's own lines: across its smoothed slope."""
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    smooth = cv2.GaussianBlur(luma, (0, 0), max(1.5, picture.shape[0] / 40))
    dx, dy = (cv2.Sobel(smooth, cv2.CV_32F, i, 1 - i, ksize=3) for i in (1, 0))
    field = np.dstack([-dy, dx]).astype(np.float32)
    return field / max(1e-6, float(np.sqrt(np.square(field).sum(-1).mean())))
