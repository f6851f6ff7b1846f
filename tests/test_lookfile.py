"""A look where a command expects something to play: what becomes of the options."""

from __future__ import annotations

from pathlib import Path

import pytest

from liveanim.cli import main
from liveanim.core.errors import UserError
from liveanim.lookfile import ENDLESS, played, rendered
from liveanim.options import PlayOptions, RenderOptions

SETTINGS = '{"animation_mode": "2D", "zoom": "0:(1.02)", "angle": 1, "fps": 12, "max_frames": 36, "W": 640, "H": 360%s}'


@pytest.fixture
def spiral(tmp_path: Path) -> Path:
    path = tmp_path / "spiral.txt"
    path.write_text(SETTINGS % "")
    return path


def test_settings_are_rendered_at_their_own_size_rate_and_length_in_silence(spiral: Path) -> None:
    made = rendered(RenderOptions(str(spiral), Path("o.mp4")), None)
    assert (made.source, made.preset, made.fps, made.size, made.seconds) == ("silence", str(spiral), 12, (640, 360), 3)


def test_what_is_said_counts_more(spiral: Path) -> None:
    asked = RenderOptions(str(spiral), Path("o.mp4"), fps=60, size=(320, 192), seconds=9)
    made = rendered(asked, "song.flac")
    assert (made.source, made.fps, made.size, made.seconds) == ("song.flac", 60, (320, 192), 9)
    assert rendered(RenderOptions(str(spiral), Path("o.mp4")), "song.flac").seconds is None


def test_a_soundtrack_beside_the_file_is_played(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(SETTINGS % ', "add_soundtrack": "File", "soundtrack_path": "music.wav"')
    assert rendered(RenderOptions(str(path), Path("o.mp4")), None).source == "silence"
    (tmp_path / "music.wav").write_bytes(b"x")
    assert rendered(RenderOptions(str(path), Path("o.mp4")), None).source == str(tmp_path / "music.wav")
    assert played(PlayOptions(), str(path)).audio == str(tmp_path / "music.wav")


def test_a_preset_without_an_end_is_rendered_for_a_minute(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[prompt]\ntext = "x"\n')
    assert rendered(RenderOptions(str(path), Path("o.mp4")), None).seconds == ENDLESS


def test_music_is_what_it_was(tmp_path: Path) -> None:
    options = RenderOptions("song.mp3", Path("o.mp4"))
    assert rendered(options, None) is options
    with pytest.raises(UserError, match=r"the sound is song\.mp3 already"):
        rendered(options, "other.mp3")


def test_play_takes_a_look_or_music(spiral: Path) -> None:
    made = played(PlayOptions(), str(spiral))
    assert (made.preset, made.size, made.audio) == (str(spiral), (640, 360), None)
    assert played(PlayOptions(), "song.mp3").audio == "song.mp3"
    assert played(PlayOptions(seconds=3), None) == PlayOptions(seconds=3)
    with pytest.raises(UserError, match="one look to begin with"):
        played(PlayOptions(preset="x"), str(spiral))
    with pytest.raises(UserError, match="one sound at a time"):
        played(PlayOptions(audio="a"), "song.mp3")


def test_the_import_command_writes_a_preset_and_a_report(spiral: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = spiral.with_suffix(".toml")
    assert main(["import", str(spiral), "-o", str(made), "--report"]) == 0
    assert "as it is (7)" in capsys.readouterr().out
    assert 'compat = "deforum"' in made.read_text()
    assert main(["import", str(spiral)]) == 0
    assert capsys.readouterr().out == made.read_text()
    bad = spiral.with_name("bad.json")
    bad.write_text('{"zoom": "0:(1)",\n "angle" 5}')
    assert main(["import", str(bad)]) == 2
    assert "bad.json: line 2, column 10: expected ':' after 'angle', got '5}'" in capsys.readouterr().err
