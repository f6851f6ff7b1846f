"""The sheets of the presets: how they are drawn."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image as Pillow

from liveanim.options import RenderOptions
from tools import gallery_presets as gallery


def test_the_dancer_is_lit_before_a_dark_ground_and_is_back_after_four_beats() -> None:
    first, later = gallery.dancer(0.0), gallery.dancer(0.75)
    assert first.shape == (*gallery.CLIP[::-1], 3) and first.dtype == np.uint8
    assert 0.05 < (first[..., 0] > 180).mean() < 0.3  # the figure's share of the picture
    assert np.abs(first.astype(int) - later).mean() > 4
    assert np.abs(gallery.dancer(4.0).astype(int) - first).mean() < 0.05


def test_a_sheet_is_drawn_of_a_preset_with_its_video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "DANCE", 1)
    monkeypatch.setattr(gallery, "SIZE", (128, 64))
    clip = tmp_path / "dance.mp4"
    gallery.write_clip(clip)
    with av.open(str(clip)) as film:
        assert sum(1 for _ in film.decode(video=0)) == 12
    asked: list[RenderOptions] = []

    def rendered(options: RenderOptions) -> int:
        asked.append(options)
        return render(options)

    render = gallery.app.render
    monkeypatch.setattr(gallery.app, "render", rendered)
    for name, wanted in (("hybrid-flow", True), ("video-ink", True), ("vertigo", False)):
        gallery.sheet(name, 0.1, "paint", clip, tmp_path / f"{name}.jpg")
        assert ("video" in asked[-1].outside.files) is wanted
        with Pillow.open(tmp_path / f"{name}.jpg") as picture:
            assert picture.width == gallery.WIDTH


def test_presets_that_nobody_knows_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        gallery.main(["no-such-preset"])
    assert "there is no preset 'no-such-preset'; known: audio-travel" in capsys.readouterr().err
