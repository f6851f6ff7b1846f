"""A flash counter of another make than the limiter's own: what broadcasters' analysers do, and light to test it with.

Follows the open description of EA's IRIS: frame differences of relative luminance over at least a quarter of the
picture, accumulated while their sign stays the same; a tenth, with a dark end below 0.8, is a transition.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Grids = NDArray[np.float32]  # (frames, height, width, 3) linear light


def luminance(grids: Grids) -> NDArray[np.float64]:
    """(frames, cells) relative luminance."""
    return (grids.astype(np.float64) @ np.array([0.2126, 0.7152, 0.0722])).reshape(len(grids), -1)


def redness(grids: Grids) -> NDArray[np.float64]:
    """(frames, cells) saturated red in the guideline's unit, 0..320."""
    red, green, blue = np.moveaxis(grids.astype(np.float64), -1, 0)
    saturated = red >= 0.8 * np.maximum(red + green + blue, 1e-9)
    return np.where(saturated, np.maximum(red - green - blue, 0.0) * 320.0, 0.0).reshape(len(grids), -1)


def transitions(rows: NDArray[np.float64], step: float = 0.1, dark: float = 0.8, area: float = 0.25) -> list[int]:
    """Frames at which a transition is complete."""
    found: list[int] = []
    run, counted, darkest = 0.0, False, np.inf
    for n in range(1, len(rows)):
        change = rows[n] - rows[n - 1]
        parts = [part for part in (change > 0, change < 0) if part.mean() >= area]
        if not parts:
            continue
        part = max(parts, key=lambda cells: abs(change[cells].mean()))
        mean, low = change[part].mean(), np.minimum(rows[n], rows[n - 1])[part].mean()
        if mean * run > 0:
            run, darkest = run + mean, min(darkest, low)
        else:
            run, counted, darkest = mean, False, low
        if not counted and abs(run) >= step and darkest < dark:
            counted = True
            found.append(n)
    return found


def most_in_a_second(frames: list[int], fps: float) -> int:
    """The most transitions that any window of one second holds."""
    times = np.array(frames) / fps
    return max((int(((times > start - 1e-6) & (times < start + 1.0 - 1e-6)).sum()) for start in times), default=0)


def worst(grids: Grids, fps: float) -> int:
    """Transitions in the worst second, of light or of red."""
    light = transitions(luminance(grids))
    red = transitions(redness(grids), step=20.0, dark=np.inf)
    return max(most_in_a_second(light, fps), most_in_a_second(red, fps))


def cell_by_cell(grids: Grids, fps: float, area: float = 0.25) -> int:
    """Transitions in the worst second that a quarter of the picture sees, each cell followed by itself."""
    rows = luminance(grids)
    counts = np.zeros((len(rows), rows.shape[1]), dtype=int)
    low, high, way = rows[0].copy(), rows[0].copy(), np.zeros(rows.shape[1], dtype=int)
    for n, now in enumerate(rows):
        up = (way != 1) & (now - low >= 0.1) & (low < 0.8)
        down = (way != -1) & (high - now >= 0.1) & (now < 0.8)
        turned = up | down
        way = np.where(up, 1, np.where(down, -1, way))
        low = np.where(turned, now, np.minimum(low, now))
        high = np.where(turned, now, np.maximum(high, now))
        counts[n] = turned
    second = max(1, round(fps))
    total = np.cumsum(np.vstack([np.zeros((1, rows.shape[1]), dtype=int), counts]), axis=0)
    windows = total[second:] - total[:-second] if len(total) > second else total[-1:]
    return int(np.quantile(windows, 1.0 - area, axis=1, method="lower").max())
