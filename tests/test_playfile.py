"""Settings of a venue: options that are not typed every night."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from liveanim import app, cli, doctor
from liveanim.options import PlayOptions

VENUE = """\
# the club
input = "Scarlett"
fullscreen = true
no-hud = true
monitor = 2
osc-port = 9000
osc-out = ["10.0.0.2:9001", "10.0.0.3:9001"]
midi = "-"
midi-map = "desk.toml"
record = "~/shows/night.mp4"
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder, empty but for a map of knobs."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "liveanim").mkdir()
    (tmp_path / "liveanim" / "desk.toml").write_text("")
    return tmp_path / "liveanim"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[PlayOptions]:
    """What shows were asked to play."""
    options: list[PlayOptions] = []

    def note(one: PlayOptions) -> int:
        options.append(one)
        return 0

    monkeypatch.setattr(app, "play", note)
    return options


def play(*words: object) -> int:
    return cli.main(["play", *map(str, words)])


def test_what_the_file_says_is_as_if_it_had_been_typed(
    home: Path, asked: list[PlayOptions], capsys: pytest.CaptureFixture[str]
) -> None:
    assert play() == 0 and capsys.readouterr().out == ""
    (home / "play.toml").write_text(VENUE)
    assert play() == 0
    venue = PlayOptions(
        input="Scarlett", fullscreen=True, hud=False, monitor=2, osc_port=9000, midi="-",
        osc_out=(("10.0.0.2", 9001), ("10.0.0.3", 9001)), midi_map=home / "desk.toml",
        record=(home.parent / "shows" / "night.mp4",),
    )  # fmt: skip
    assert asked == [PlayOptions(), venue]
    said = capsys.readouterr().out
    assert said.startswith(f"Settings: {home / 'play.toml'}: --input=Scarlett --fullscreen --no-hud --monitor=2 ")
    assert said.count("\n") == 1
    assert play("--settings", "none") == 0 and asked[-1] == PlayOptions()
    (home / "other.toml").write_text("no-hud = false\nfullscreen = false\nmidi = 3")
    assert play("--settings", home / "other.toml") == 0 and asked[-1] == PlayOptions(midi="3")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--monitor", "1", "--no-fullscreen", "--hud"], {"monitor": 1, "fullscreen": False, "hud": True}),
        (["--osc-out", "127.0.0.1:9"], {"osc_out": (("127.0.0.1", 9),)}),  # in place of the file's, not besides
        (["--audio", "a.wav"], {"input": None, "audio": "a.wav"}),
        (["a.wav"], {"input": None, "audio": "a.wav"}),
        (["--input", "2"], {"input": "2"}),
        (["--engine", "auto"], {"engine": "auto"}),
    ],
)
def test_what_is_typed_wins(home: Path, asked: list[PlayOptions], words: list[str], expected: dict[str, Any]) -> None:
    (home / "play.toml").write_text(VENUE + 'engine = "torch"')
    assert play(*words) == 0
    (options,) = asked
    got = {key: options.outside.engine if key == "engine" else getattr(options, key) for key in expected}
    assert got == expected


def test_a_logo_lies_beside_the_file_and_none_takes_it_away(home: Path, asked: list[PlayOptions]) -> None:
    (home / "club.png").touch()
    (home / "play.toml").write_text('logo = "club.png"')
    assert play() == play("--logo", "act.png") == play("--logo", "none") == 0
    assert [one.outside.files.get("logo") for one in asked] == [str(home / "club.png"), "act.png", None]


def test_a_look_that_is_typed_goes_before_the_preset_of_the_file(home: Path, asked: list[PlayOptions]) -> None:
    (home / "mine.toml").write_text('[prompt]\ntext = ["sea"]')
    (home / "play.toml").write_text('preset = "mine.toml"\ninput = "Scarlett"')
    assert play() == play("presets/vertigo.toml") == 0
    assert [(one.preset, one.input) for one in asked] == [
        (str(home / "mine.toml"), "Scarlett"),
        ("presets/vertigo.toml", "Scarlett"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fullscreen = true\n\nimput = 1", "line 3: imput: play has no such option (did you mean: input"),
        ("# osc-port = 1\nosc-port = 0", "line 2: osc-port: 0 is not from 1 to 65535"),
        ('size = "60x60"', "line 1: size: width and height must be multiples of 8"),
        ('engine = "steam"', "line 1: engine: invalid choice: 'steam'"),
        ("fullscreen = 1", "line 1: fullscreen: expected true or false"),
        ('monitor = ["1", "2"]', "line 1: monitor: expected a text or a number"),
        ("monitor = true", "line 1: monitor: expected a text or a number"),
        ("record = [true]", "line 1: record: expected texts in a list"),
        ("\n[osc]\nport = 9000", "line 2: osc: expected true or false"),
        ('settings = "x.toml"', "line 1: settings: play has no such option"),
        ('input = "a"\naudio = "b"', "not allowed with argument"),
        ("fullscreen = yes", "not valid TOML"),
    ],
)
def test_a_mistake_is_one_line_with_file_line_and_option(
    home: Path, asked: list[PlayOptions], capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    (home / "play.toml").write_text(text)
    assert play() == 2 and asked == []
    line = capsys.readouterr().err
    assert line.startswith(f"liveanim: {home / 'play.toml'}: {said}" if "line" in said else "liveanim: ")
    assert said in line and line.count("\n") == 1 and "--help" not in line
    assert [(row.state, said in row.found) for row in doctor.settings_rows()] == [("missing", True)]
    assert play("--settings", "none") == 0


def test_the_doctor_says_which_file_is_used(home: Path) -> None:
    (row,) = doctor.settings_rows()
    assert row.state == "ok" and row.found == f"none ({home / 'play.toml'} would be)"
    (home / "play.toml").write_text("link = true")
    (row,) = doctor.settings_rows()
    assert (row.state, row.found) == ("ok", f"{home / 'play.toml'}: --link")


def test_a_file_that_was_asked_for_has_to_be_there(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert play("--settings", home / "gone.toml") == 2
    assert "gone.toml: no such file" in capsys.readouterr().err


def test_what_is_typed_is_saved_with_what_holds_beside_it(
    home: Path, asked: list[PlayOptions], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(home)
    words = ["--input", "Scarlett", "-f", "--no-hud", "--osc-out", "10.0.0.2:9001", "--midi-map", "desk.toml"]
    assert play(*words, "--midi", "-", "--save-settings") == 0 and asked == []
    assert capsys.readouterr().out.startswith(f"{home / 'play.toml'}: --input=Scarlett --fullscreen --no-hud ")
    monkeypatch.chdir("/")
    assert play() == 0
    saved = PlayOptions(
        input="Scarlett", fullscreen=True, hud=False, osc_out=(("10.0.0.2", 9001),), midi="-",
        midi_map=home / "desk.toml",
    )  # fmt: skip
    assert asked == [saved]
    text = (home / "play.toml").read_text()
    (home / "play.toml").write_text(f"# the club\n{text}")
    assert play("--audio", "a.wav", "--monitor", 2, "--hud", "--save-settings") == 0
    text = (home / "play.toml").read_text()
    assert text.startswith("# the club\n") and "monitor = 2" in text and "input" not in text
    assert play() == 0 and (asked[-1].hud, asked[-1].audio, asked[-1].fullscreen) == (True, "a.wav", True)


def test_nothing_but_settings_is_written_over(
    home: Path, asked: list[PlayOptions], capsys: pytest.CaptureFixture[str]
) -> None:
    look = home / "look.toml"
    look.write_text('[prompt]\ntext = ["sea"]')
    assert play("--link", "--save-settings", look) == play("--link", "--save-settings", home / "song.mp3") == 2
    assert look.read_text().startswith("[prompt]") and not (home / "song.mp3").exists() and asked == []
    assert "a file of settings ends in .toml" in capsys.readouterr().err


def test_start_plays_with_them_too(home: Path, asked: list[PlayOptions], monkeypatch: pytest.MonkeyPatch) -> None:
    from liveanim.probes import Answer

    found = {"screen": Answer("screen", {"monitors": [1]}), "sound": Answer("sound", {"inputs": [1]})}
    monkeypatch.setattr("liveanim.probes.run_all", lambda names: found)
    (home / "play.toml").write_text("link = true")
    assert cli.main(["start"]) == 0 and asked == [PlayOptions(link=True)]
