"""The sheets of the presets: how they are drawn."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image as Pillow

from liveanim.core.model import Image, Keyframe, frozen_image
from liveanim.core.preset import Preset
from liveanim.library import read_preset
from liveanim.options import RenderOptions
from liveanim.thumbnails import SIZE
from tools import gallery_presets as gallery
from tools import gallery_stage as stage
from tools.gallery_shaders import GAP, MARGIN, TITLE, sheet


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


def test_the_overview_has_a_frame_of_each_sheet_in_full_rows(tmp_path: Path) -> None:
    sheets = [tmp_path / f"{n}.jpg" for n in range(9)]
    for n, path in enumerate(sheets):
        Pillow.new("RGB", (64, 24), (25 * n, 0, 0)).save(path)
    gallery.overview(sheets, tmp_path / "all.png")
    with Pillow.open(tmp_path / "all.png") as whole:
        assert whole.size == (64, 16)
        reds = np.asarray(whole)[4::8, 8::16, 0].ravel()
    assert np.abs(reds - 25.0 * np.arange(8)).max() <= 2


def test_the_liveliest_frame_of_a_sheet_is_the_thumbnail(tmp_path: Path) -> None:
    sheet = Pillow.new("RGB", (1280, 549), (14, 14, 14))
    for n in range(12):
        column, row = n % 4, n // 4
        lit = Pillow.new("RGB", (150, 90), (0, 200 if n == 6 else 90, 0))
        sheet.paste(lit, (column * 320 + 60, row * 183 + 40))
    sheet.save(tmp_path / "vertigo.jpg", quality=95)
    assert gallery.main(["--no-painting", "--into", str(tmp_path), "--thumbnails", str(tmp_path / "small")]) == 0
    assert [path.name for path in (tmp_path / "small").iterdir()] == ["vertigo.webp"]
    with Pillow.open(tmp_path / "small" / "vertigo.webp") as small:
        assert small.size == SIZE
        assert 180 < np.asarray(small.convert("RGB"))[90, 130, 1] < 220


def test_a_row_has_the_liveliest_frame_of_each_scene_and_gives_their_thumbnails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str, str, float]] = []

    def performed(preset: Preset, called: str, seconds: float, model: str, clip: Path) -> Pillow.Image:
        played = read_preset(Path(called))
        assert played.start == "cruise"
        asked.extend((one.name, one.transition, one.advance, one.every) for one in played.scenes)
        sheet = Pillow.new("RGB", (1280, 549), (14, 14, 14))
        for n, level in enumerate([9, 70, 9, 9, 9, 9, 9, 140, 210, 9, 9, 9]):
            sheet.paste(Pillow.new("RGB", (150, 90), (0, level, 0)), (n % 4 * 320 + 60, n // 4 * 183 + 40))
        return sheet

    monkeypatch.setattr(gallery, "performed", performed)
    gallery.scenes("neon-tunnel", 12.0, "paint", tmp_path / "dance.mp4", tmp_path / "neon-tunnel.jpg")
    gallery.scenes("vertigo", 12.0, "paint", tmp_path / "dance.mp4", tmp_path / "vertigo.jpg")
    assert asked == [(name, "cut", "timer", 4.0) for name in ("cruise", "drive", "warp")]
    assert not (tmp_path / "vertigo.jpg").exists()
    with Pillow.open(tmp_path / "neon-tunnel.jpg") as row:
        assert row.size == (960, 183)
        assert np.asarray(row)[80, 120::320, 1].tolist() == pytest.approx([70, 140, 210], abs=6)
    gallery.scene_thumbnails([tmp_path / "neon-tunnel.jpg"], tmp_path / "small")
    for name, green in (("cruise", 70), ("drive", 140), ("warp", 210)):
        with Pillow.open(tmp_path / "small" / "neon-tunnel" / f"{name}.webp") as small:
            assert small.size == SIZE and abs(int(np.asarray(small.convert("RGB"))[80, 120, 1]) - green) < 12


def test_presets_that_nobody_knows_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        gallery.main(["no-such-preset"])
    assert "there is no preset 'no-such-preset'; known: audio-travel" in capsys.readouterr().err


def grey(level: int) -> Image:
    return frozen_image(np.full((36, 64, 3), level, np.uint8))


def test_pictures_lie_beside_each_other_under_their_titles() -> None:
    page = np.asarray(sheet([("dark", [grey(40), grey(90)]), ("light", [grey(240)] * 2)], (32, 18), 1))
    assert page.shape == (2 * (18 + TITLE + MARGIN), 2 * (32 + GAP), 3)
    assert page[TITLE + 9, 16].tolist() == [40] * 3 and page[TITLE + 9, 32 + GAP + 16].tolist() == [90] * 3
    assert page[2 * TITLE + MARGIN + 18 + 9, 16].tolist() == [240] * 3
    assert page[:TITLE].max() > 200  # words


def test_what_flickers_and_trembles_is_evened_out(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(1).integers(40, 160, (18, 32, 1), dtype=np.uint8)
    frame = Keyframe(0, 0.0, frozen_image(np.repeat(rows.repeat(8, 0).repeat(8, 1), 3, axis=2)))
    monkeypatch.setattr(stage, "SIZE", (256, 144))
    restless, calm = (
        np.abs(np.diff(stage.over_time(frame, values).astype(float).mean(axis=(0, 2)))).mean()
        for values in ({}, {"deflicker": 1.0, "steady": 1.0})
    )
    assert calm < 0.6 * restless
