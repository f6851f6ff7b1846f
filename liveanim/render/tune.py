"""Colours, sharpness and noise of the fed-back picture as Deforum has them, without its overflows.

Pictures are (height, width, 3) float32 RGB 0..1. Values match that family's (levels of 255) where it is right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from liveanim.core.model import Image

from .twister import Twister

Floats = NDArray[np.float32]
SPACES = ("none", "lab", "hsv", "rgb")
_CONVERSIONS = {"lab": (cv2.COLOR_RGB2LAB, cv2.COLOR_LAB2RGB), "hsv": (cv2.COLOR_RGB2HSV, cv2.COLOR_HSV2RGB)}
_FLAT = 0.012  # deviation (0..1) below which there is nothing to spread
_MOST_GAIN = 1.35  # of colours at a time
_GRAIN = 64  # pixels: perlin noise is made for whole multiples of this and scaled


def levels(picture: Floats) -> Image:
    """0..1 -> 0..255, rounded."""
    return np.asarray(cv2.convertScaleAbs(np.clip(picture, 0, 1), alpha=255.0), np.uint8)


def floats(image: Image) -> Floats:
    """0..255 -> 0..1."""
    return np.asarray(image, np.float32) * np.float32(1 / 255)


def matched(picture: Floats, sample: Image, space: str, amount: float = 1.0) -> Floats:
    """`picture` whose channels in `space` ('lab', 'hsv', 'rgb') are spread like the sample's, by `amount` 0..1."""
    if space == "none" or amount <= 0:
        return picture
    made = floats(matched_levels(levels(picture), sample, space))
    return made if amount >= 1 else picture + np.float32(amount) * (made - picture)


def matched_levels(image: Image, sample: Image, space: str) -> Image:
    """The same on bytes, whole: each channel's values are moved so that as many lie below each as in the sample."""
    there, back = _CONVERSIONS.get(space, (None, None))
    if there is not None:
        image, sample = np.asarray(cv2.cvtColor(image, there)), np.asarray(cv2.cvtColor(sample, there))
    moved = np.dstack([_curve(image[..., k], sample[..., k])[image[..., k]] for k in range(3)])
    return np.asarray(moved if back is None else cv2.cvtColor(moved, back), np.uint8)


def _curve(channel: NDArray[np.uint8], sample: NDArray[np.uint8]) -> NDArray[np.uint8]:
    below = np.bincount(channel.ravel(), minlength=256).cumsum() / channel.size
    counts = np.bincount(sample.ravel(), minlength=256)
    values = np.nonzero(counts)[0]
    return np.interp(below, counts[values].cumsum() / sample.size, values).astype(np.uint8)


def led(picture: Floats, sample: Image, amount: float = 1.0) -> Floats:
    """`picture` whose colours have the sample's mean and spread, by `amount` 0..1: one affine map of RGB, which makes
    no false colours, as curves of channels do where much is of one colour."""
    if amount <= 0:
        return picture
    now, wanted = picture[::2, ::2].reshape(-1, 3), floats(sample)[::2, ::2].reshape(-1, 3)
    low = np.eye(3) * _FLAT**2
    root, back = (_power(np.cov(now.T) + low, power) for power in (0.5, -0.5))
    gain = back @ _power(root @ (np.cov(wanted.T) + low) @ root, 0.5) @ back
    gain = (np.eye(3) + amount * (_power(gain, 1.0, _MOST_GAIN) - np.eye(3))).astype(np.float32)
    mean = now.mean(0)
    return np.clip((picture - mean) @ gain + mean + np.float32(amount) * (wanted.mean(0) - mean), 0, 1)


def _power(matrix: NDArray[np.float64], power: float, most: float = math.inf) -> NDArray[np.float64]:
    """A symmetric matrix to a power, its eigenvalues within 1 / `most` and `most`."""
    values, ways = np.linalg.eigh(matrix)
    return np.asarray((ways * np.clip(values**power, 1 / most, most)) @ ways.T, np.float64)


def grey(picture: Floats) -> Floats:
    """Without colours."""
    return np.asarray(cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.float32)


def unsharp(picture: Floats, amount: float, kernel: int = 5, sigma: float = 1.0, threshold: float = 0.0) -> Floats:
    """Unsharp mask: `amount` times the difference from a Gaussian blur is added where it is `threshold` levels."""
    if amount <= 0:
        return picture
    kernel |= 1
    blurred = cv2.GaussianBlur(picture, (kernel, kernel), sigma)
    sharp = cv2.addWeighted(picture, amount + 1, blurred, -amount, 0)
    if threshold > 0:
        sharp = np.where(np.abs(picture - blurred) < threshold / 255, picture, sharp)
    return np.clip(sharp, 0, 1)


@dataclass(frozen=True, slots=True)
class Perlin:
    """Cells across and down, octaves, and the share of each next one."""

    width: int = 8
    height: int = 8
    octaves: int = 4
    persistence: float = 0.5


def noised(
    picture: Floats, amount: float, seed: int, perlin: Perlin | None = None, where: Floats | None = None
) -> Floats:
    """`picture` with its share `amount` replaced by noise from `seed` alone; `where` (height, width) 0..1 limits it."""
    if amount <= 0:
        return picture
    height, width = picture.shape[:2]
    numbers = Twister(seed)
    noise = numbers.normal(3, height, width).transpose(1, 2, 0)
    if perlin is not None:
        noise = noise * ((cloud(height, width, perlin, numbers) + 1) / 2)[..., None].astype(np.float32)
    grain = np.clip(0.5 * noise + 0.5, 0, 1)
    share = np.float32(amount) if where is None else np.float32(amount) * where[..., None]
    return (picture + share * (grain - picture)).astype(np.float32)


def cloud(height: int, width: int, perlin: Perlin, numbers: Twister) -> Floats:
    """(height, width) Perlin noise about -1..1."""
    rows, columns = max(1, height // _GRAIN) * _GRAIN, max(1, width // _GRAIN) * _GRAIN
    plane = np.zeros((rows, columns), np.float32)
    for octave in range(perlin.octaves):
        down, across = perlin.width * 2**octave, perlin.height * 2**octave
        plane += np.float32(perlin.persistence**octave) * _octave(rows, columns, down, across, numbers)
    return plane if (rows, columns) == (height, width) else np.asarray(cv2.resize(plane, (width, height)), np.float32)


def _octave(rows: int, columns: int, down: int, across: int, numbers: Twister) -> Floats:
    """One octave of `down` by `across` cells: gradients at the corners, faded into each other (Perlin 2002).

    Both directions fade by themselves: first every row of pixels at all corners across, then along the rows.
    """
    angles = np.float32(2 * math.pi) * numbers.even(down + 1, across + 1)
    slope_y, slope_x = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
    row, fy, u = _cells(rows, down)
    column, fx, v = _cells(columns, across)
    fy, u = fy[:, None], u[:, None]
    above, below = 1 - u, u
    rise = (above * fy) * slope_y[row] + (below * (fy - 1)) * slope_y[row + 1]
    tilt = above * slope_x[row] + below * slope_x[row + 1]
    left, right = 1 - v, v
    noise = rise.take(column, 1) * left + tilt.take(column, 1) * (left * fx)
    noise += rise.take(column + 1, 1) * right + tilt.take(column + 1, 1) * (right * (fx - 1))
    return np.asarray(np.float32(math.sqrt(2)) * noise, np.float32)


def _cells(pixels: int, cells: int) -> tuple[NDArray[np.int32], Floats, Floats]:
    """Of each pixel: the cell it is in, where in it (0..1), and how far the fade to the next corner has come (0..1)."""
    place = np.arange(pixels) * (cells / pixels)
    cell = place.astype(np.int32)
    t = (place - cell).astype(np.float32)
    return cell, t, t * t * t * (t * (t * 6 - 15) + 10)
