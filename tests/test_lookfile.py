"""A look where a command expects something to play: what becomes of the options."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from liveanim.cli import main
from liveanim.core.errors import UserError
from liveanim.library import beside, read_import, read_preset
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


def test_settings_are_rendered_to_their_end(spiral: Path) -> None:
    """All of their frames, at their own rate: more than a second of them."""
    spiral.write_text((SETTINGS % "").replace('"max_frames": 36', '"max_frames": 15'))
    video = spiral.with_suffix(".mp4")
    assert main(["render", str(spiral), "-o", str(video), "-q", "-m", "paint", "--size", "96x64"]) == 0
    with av.open(str(video)) as film:
        assert film.streams.video[0].average_rate == 12
        assert sum(1 for _ in film.decode(video=0)) == 15


@pytest.mark.parametrize("missing", ["C:/Users/Me/Downloads/video.mp4", "https://example.org/video.mp4"])
def test_settings_whose_video_is_not_here_are_rendered_without_it(
    tmp_path: Path, missing: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "hybrid.txt"
    more = f', "hybrid_composite": "Normal", "hybrid_motion": "Optical Flow", "video_init_path": "{missing}"'
    path.write_text(SETTINGS % more)
    asked = ["render", str(path), "-o", str(tmp_path / "a.mp4"), "-q", "-m", "paint", "--size", "96x64"]
    assert main([*asked, "--seconds", "0.2"]) == 0
    assert "://" in missing or "there is no such file" in caplog.text


def test_a_file_of_another_machine_is_found_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "pulse.mp4").write_bytes(b"x")
    assert beside(tmp_path, "C:\\Deforum\\pulse.mp4") == str(tmp_path / "pulse.mp4")
    assert beside(tmp_path, "/home/me/pulse.mp4") == str(tmp_path / "pulse.mp4")
    assert beside(tmp_path, "/home/me/other.mp4") == "/home/me/other.mp4"
    assert beside(tmp_path, "udp://127.0.0.1:9000/pulse.mp4") == "udp://127.0.0.1:9000/pulse.mp4"
    assert beside(tmp_path, "0") == "0" and beside(tmp_path, "") == ""
    assert beside(tmp_path, "x" * 2000) == "x" * 2000


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


def test_what_is_to_be_known_of_settings_is_said_before_they_are_rendered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "my look.txt"
    path.write_text(
        SETTINGS % ', "add_soundtrack": "File", "soundtrack_path": "gone.wav", "strength_schedule": "0:(x)"'
    )
    rendered(RenderOptions(str(path), Path("o.mp4")), None)
    assert "strength_schedule cannot be read and is left out: column 4: unknown name 'x'" in caplog.text
    assert f"import '{path}' --report" in caplog.text
    assert "its soundtrack gone.wav is not there: --audio FILE gives another" in caplog.text
    caplog.clear()
    rendered(RenderOptions(str(path), Path("o.mp4")), "song.flac")
    assert "gone.wav" not in caplog.text


def test_settings_in_utf_16_are_read_and_other_bytes_are_named_by_their_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    text = '{"animation_mode": "2D", "zoom": "0:(1)",\r\n "fps": 9, "prompts": {"0": "a caf\u00e9"}}'
    path.write_bytes(text.encode("utf-16"))
    assert 'text = [\n    "a caf\u00e9",' in read_import(path).toml
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match=r"a\.txt: line 2: not a text in UTF-8"):
        read_import(path)


def test_a_preset_made_elsewhere_finds_the_pictures_beside_its_settings(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, made = tmp_path / "a.json", tmp_path / "looks" / "a.toml"
    more = ', "use_init": true, "init_image": "start.png", "use_mask": true, "mask_file": "gone.png"'
    path.write_text(SETTINGS % (more + ', "add_soundtrack": "File", "soundtrack_path": "music.wav"'))
    (tmp_path / "start.png").write_bytes(b"x")
    assert main(["import", str(path), "-o", str(made)]) == 0
    assert dict(read_preset(made).media) == {"init": str(tmp_path / "start.png"), "mask": "gone.png"}
    assert "give it with --audio music.wav" in caplog.text
    assert main(["import", str(path), "-o", str(path)]) == 2
    assert path.read_text().startswith("{")


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
    assert main(["import", str(made)]) == 2
    assert "a preset already: liveanim play --preset" in capsys.readouterr().err
    assert main(["import", str(spiral.with_name("spirol.txt"))]) == 2
    assert f"no such file (did you mean: {spiral.name}" in capsys.readouterr().err
    bad = spiral.with_name("bad.json")
    bad.write_text('{"zoom": "0:(1)",\n "angle" 5}')
    assert main(["import", str(bad)]) == 2
    assert "bad.json: line 2, column 10: expected ':' after 'angle', got '5}'" in capsys.readouterr().err
