"""How things move from one picture to another: dense flow, or one affine or perspective move for all of it.

A flow is (height, width, 2) float32 pixels, right and down: what is at p in the first picture is at p + flow(p) in the
second. Pictures are (height, width, 3) uint8 RGB.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from liveanim.core.model import Image, Matrix

Flow = NDArray[np.float32]
HEIGHT = 144  # pixels: flow is found on pictures of at most about this height
_SIGHT = 256  # pixels: features are looked for on pictures of at most this height
_POINTS, _HOME = 240, 0.7  # corners that are followed, and how many pixels off they may come home again
_RATIO, _RANSAC = 0.75, 2.5  # of matched features: Lowe's ratio; pixels off the common move
_FEWEST, _AGREE = 9, 0.4  # features that must agree on a move, and their share


def flow(first: Image, second: Image, method: str = "dis_medium", most: int = HEIGHT) -> Flow:
    """The flow from `first` to `second`, found on pictures of at most `most` pixels in height."""
    height, width = first.shape[:2]
    a, b = (_grey(picture, most) for picture in (first, second))
    way = _found(a, b, method)
    if a.shape == (height, width):
        return way
    stretch = np.array([width / a.shape[1], height / a.shape[0]], np.float32)
    return np.asarray(cv2.resize(way * stretch, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _found(a: NDArray[np.uint8], b: NDArray[np.uint8], method: str) -> Flow:
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


def _grey(picture: Image, most: int) -> NDArray[np.uint8]:
    """`picture` without colours, at most `most` pixels high (and at least 16 wide)."""
    height, width = picture.shape[:2]
    if height > most:
        size = max(16, round(width * most / height)), most
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


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


def followed(way: Flow) -> Flow:
    """`way` bent along its own lines: straight off a curved one, content would be thrown outwards and lines get teeth.

    An eighth of the way, doubled three times.
    """
    step = way * np.float32(1 / 8)
    for _ in range(3):
        step = step + carried(step, step)
    return step


def move_between(first: Image, second: Image, perspective: bool) -> Matrix | None:
    """(3, 3) in pixels from `first` to `second`; None where too few features agree on one.

    Corners are followed; where that fails, as on a jump, features are matched wherever they are.
    """
    a, b = (_grey(picture, _SIGHT) for picture in (first, second))
    found = _move(_followed(a, b), perspective)
    if found is None:
        found = _move(_matched(a, b), perspective)
    if found is None:
        return None
    # OpenCV's pixel 0 lies half a pixel inside the picture at every size.
    stretch = np.diag([first.shape[1] / a.shape[1], first.shape[0] / a.shape[0], 1.0])
    stretch[:2, 2] = (stretch.diagonal()[:2] - 1) / 2
    straight: Matrix = stretch @ found @ np.linalg.inv(stretch)
    return straight


Places = tuple[NDArray[np.float32], NDArray[np.float32]]


def _move(places: Places, perspective: bool) -> Matrix | None:
    """The move on which most `places`, (n, 2) pixels before and after, agree."""
    if len(places[0]) < _FEWEST:
        return None
    if perspective:
        matrix, agreed = cv2.findHomography(*places, cv2.RANSAC, _RANSAC)
    else:
        matrix, agreed = cv2.estimateAffinePartial2D(*places, method=cv2.RANSAC, ransacReprojThreshold=_RANSAC)
    if matrix is None or int(np.sum(agreed)) < max(_FEWEST, _AGREE * len(places[0])):
        return None
    return np.vstack([matrix, [0.0, 0.0, 1.0]])[:3].astype(np.float64)


def _followed(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> Places:
    """Corners of `a` and where they are in `b`: those that come home again."""
    corners = cv2.goodFeaturesToTrack(a, _POINTS, 0.01, max(3, a.shape[0] // 32))
    if corners is None:
        return _points([]), _points([])
    there, good, _ = cv2.calcOpticalFlowPyrLK(a, b, corners, np.empty_like(corners), maxLevel=4)
    back, home, _ = cv2.calcOpticalFlowPyrLK(b, a, there, np.empty_like(corners), maxLevel=4)
    sure = (good[:, 0] > 0) & (home[:, 0] > 0) & (np.abs(back - corners).max((1, 2)) < _HOME)
    return _points(corners[sure]), _points(there[sure])


def _matched(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> Places:
    """Features of `a` and where the most similar ones of `b` are."""
    sift = cv2.SIFT.create(1000)
    (points_a, found_a), (points_b, found_b) = (sift.detectAndCompute(plane, None) for plane in (a, b))
    if found_a is None or found_b is None or min(len(points_a), len(points_b)) < 2:
        return _points([]), _points([])
    pairs = cv2.BFMatcher().knnMatch(found_a, found_b, 2)
    good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < _RATIO * pair[1].distance]
    return _points([points_a[m.queryIdx].pt for m in good]), _points([points_b[m.trainIdx].pt for m in good])


def _points(places: Any) -> NDArray[np.float32]:
    return np.asarray(places, np.float32).reshape(-1, 2)


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
