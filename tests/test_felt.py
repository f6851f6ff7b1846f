"""The beat is seen: the picture changes more on the kicks than between them, in every shipped preset."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from liveanim import app
from liveanim.inputs import track
from liveanim.library import shipped
from liveanim.options import BUILTIN, RenderOptions
from tests.test_app import pictures

FPS, SECONDS = 30.0, 12.0
LATE = 2  # frames: a kick is heard a few milliseconds after it, and shown on the next frame


@pytest.mark.parametrize("preset", [path.stem for path in shipped()])
def test_the_picture_changes_more_on_the_kicks_than_between_them(preset: str, tmp_path: Path) -> None:
    video = tmp_path / "felt.mp4"
    app.render(RenderOptions(BUILTIN, video, preset, (192, 112), FPS, SECONDS, model="paint", quiet=True))
    frames = np.stack(pictures(video)).astype(np.float32)
    change = np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2, 3))  # change[n]: from frame n to n + 1
    kicks = [int(np.ceil(time * FPS)) for time in track.kicks() if time < SECONDS - 0.2]
    windows = [slice(max(0, n - 1), n + LATE) for n in kicks]
    between = np.ones(len(change), dtype=bool)
    for window in windows:
        between[window] = False
    assert np.mean([change[window].max() for window in windows]) >= 1.5 * change[between].mean()
