"""The command line: what is understood, how a mistake is told, and that nothing half-made is left behind."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from liveanim import app, cli, commands, plan
from liveanim.arguments import parse
from liveanim.core.errors import UserError
from liveanim.library import find_preset, shipped
from liveanim.options import BUILTIN, Outside, PlayOptions, RenderOptions
from liveanim.probes import Answer

COMMAND = [sys.executable, "-m", "liveanim"]


def recorder(asked: list[Any], name: str | None = None) -> Callable[..., int]:
    """A command that succeeds and notes what it was asked (or `name`)."""

    def record(*options: Any) -> int:
        asked.append(name or options[0])
        return 0

    return record


def refusal(*words: str) -> str:
    with pytest.raises(UserError) as caught:
        parse(words, cli.COMMANDS)
    return str(caught.value)


def test_every_option_of_a_show_has_an_argument_and_its_default() -> None:
    """A field that no argument fills would raise here."""
    played, rendered = (parse(words, cli.COMMANDS) for words in (["play"], ["render", "a.wav", "-o", "a.mp4"]))
    assert commands.options_of(PlayOptions, played, outside=Outside()) == PlayOptions()
    plain = commands.options_of(RenderOptions, rendered, output=Path("a.mp4"), extra=(), outside=Outside())
    assert plain == RenderOptions("a.wav", Path("a.mp4"))
    assert commands.options_of(Outside, played, files={}) == Outside()


def test_play_takes_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[PlayOptions] = []
    monkeypatch.setattr(app, "play", recorder(asked))
    assert cli.main("play --audio a.flac --preset 2 --size 512x288 --monitor 2 -f --record o.mp4 --seed 7".split()) == 0
    assert cli.main(["play"]) == 0
    assert asked == [
        PlayOptions(
            audio="a.flac", preset="2", size=(512, 288), monitor=2, fullscreen=True, record=(Path("o.mp4"),), seed=7
        ),
        PlayOptions(),
    ]


def test_render_takes_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[RenderOptions] = []
    monkeypatch.setattr(app, "render", recorder(asked))
    assert (
        cli.main("render a.flac -o o.mp4 --fps 60 --seconds 2.5 --model paint --steps 3 --sheet s.png -q".split()) == 0
    )
    assert asked == [
        RenderOptions(
            "a.flac", Path("o.mp4"), fps=60, seconds=2.5, model="paint", steps=3, sheet=Path("s.png"), quiet=True
        )
    ]


def test_what_a_command_replaces_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app, "render", recorder([]))
    monkeypatch.chdir(tmp_path)
    Path("s.json").write_text('{"prompts": {"0": "a hill"}, "max_frames": 10, "zoom": "0:(1)"}', encoding="utf-8")
    for name in ("old.mp4", "old-000000.png"):
        Path(name).write_bytes(b"")
    assert cli.main("render a.flac -o new.mp4 -o old.mp4 -o old.png".split()) == 0
    assert caplog.messages == [f"{old} is there already: this render replaces it" for old in ("old.mp4", "old.png")]
    caplog.clear()
    assert cli.main("import s.json -o look.toml".split()) == 0
    assert "look.toml was there already: it is replaced" not in caplog.messages
    assert cli.main("import s.json -o look.toml".split()) == 0
    assert "look.toml was there already: it is replaced" in caplog.messages


def test_a_layout_for_touchosc_ends_as_touchosc_wants_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["osc", "--touchosc", str(tmp_path / "x.txt")]) == cli.USER_ERROR
    assert "a layout's name ends in .tosc" in capsys.readouterr().err and not any(tmp_path.iterdir())


def test_a_render_says_what_is_wrong_with_the_midi_of_its_preset(tmp_path: Path) -> None:
    look = tmp_path / "mine.toml"
    look.write_text('[prompt]\ntext = ["a"]\n[[midi]]\ncc = 21\ntarget = "stage.hu"\n', encoding="utf-8")
    asked = RenderOptions("silence", Path("o.mp4"), preset=str(look), model="paint")
    with pytest.raises(UserError, match=r"mine: midi.*stage\.hu"):
        plan.render_plan(asked, None, (64, 32))


def test_the_demo_performs_the_built_in_track_with_a_contact_sheet(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[RenderOptions] = []
    monkeypatch.setattr(app, "render", recorder(asked))
    assert cli.main(["demo", "--into", str(tmp_path / "out")]) == 0
    (options,) = asked
    assert (options.source, options.seconds) == (BUILTIN, 20.0)
    assert (options.output, options.sheet) == (tmp_path / "out" / "demo.mp4", tmp_path / "out" / "demo.png")
    assert "demo.mp4" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("monitors", "inputs", "said"),
    [
        ([{}], [{}], ""),
        ([], [{}], "No screen here"),
        ([{}], [], "No sound input here"),
        ([], [], "No screen and no sound input here"),
    ],
)
def test_start_plays_with_a_screen_and_a_sound_input_and_performs_the_demo_without(
    monitors: list[object],
    inputs: list[object],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = {"screen": Answer("screen", {"monitors": monitors}), "sound": Answer("sound", {"inputs": inputs})}
    asked: list[object] = []
    monkeypatch.setattr("liveanim.probes.run_all", lambda names: found)
    monkeypatch.setattr(app, "play", recorder(asked, "play"))
    monkeypatch.setattr(commands, "_demo", recorder(asked, "demo"))
    assert cli.main(["start"]) == 0
    assert asked == (["demo"] if said else ["play"])
    assert capsys.readouterr().out.startswith(said)


def test_near_names_are_offered() -> None:
    assert "did you mean: play?" in refusal("plya")
    assert "--fullscreen" in refusal("play", "--fulscreen")
    assert "play does not know what to do with 'two.mp3'" in refusal("play", "one.mp3", "two.mp3")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["play", "--size", "511x300"], "512x304"),
        (["play", "--size", "0x0"], "64x64"),
        (["play", "--size", "512"], "WIDTHxHEIGHT"),
        (["play", "--size=-512x512"], "WIDTHxHEIGHT"),
        (["play", "--size", "9" * 5000 + "x8"], "WIDTHxHEIGHT"),
        (["play", "--audio", "a", "--input", "b"], "not allowed with"),
        (["play", "--monitor", "0"], "not from 1"),
        (["play", "--seed", "-1"], "not from 0"),
        (["play", "--seed", "1.5"], "not a whole number"),
        (["play", "--seconds", "nan"], "not a number from"),
        (["render", "a"], "-o/--output"),
        (["render", "a", "-o", "b", "--fps", "inf"], "not a number from 1 to 240"),
        (["render", "a", "-o", "b", "--steps", "0"], "not from 1"),
        (["render", "a", "-o", "b", "--steps", "9"], "not from 1 to 8"),
        (["render", "a", "-o", "b", "--painted", "1x1"], "--painted: width and height"),
        (["--sise"], "--sise"),
    ],
)
def test_a_value_that_cannot_be_is_refused_in_one_line(words: list[str], said: str) -> None:
    message = refusal(*words)
    assert said in message
    assert "\n" not in message
    assert len(message) < 300


def test_a_known_error_is_one_line_and_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_options: PlayOptions) -> int:
        raise UserError("the file\nis broken")

    monkeypatch.setattr(app, "play", broken)
    assert cli.main(["play"]) == cli.USER_ERROR == 2
    assert capsys.readouterr().err == "liveanim: the file is broken\n"


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 130), (OSError(28, "No space left on device", "o.mp4"), 2)]
)
def test_ctrl_c_and_a_full_disk_end_cleanly(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ended(_options: PlayOptions) -> int:
        raise error

    monkeypatch.setattr(app, "play", ended)
    assert cli.main(["play"]) == code
    assert capsys.readouterr().err.count("\n") == 1


TOLD_TO_END = """
import signal, sys
from liveanim import app, cli
app.play = lambda options: signal.raise_signal(signal.SIGTERM)
sys.exit(cli.main(["play"]))
"""


def test_a_program_that_is_told_to_end_returns_as_from_any_other_end() -> None:
    # In a process of its own: what other tests have loaded here may leave a signal too little room.
    assert subprocess.run([sys.executable, "-c", TOLD_TO_END], check=False).returncode == 128 + signal.SIGTERM


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("a could not be\nloaded", "liveanim: a could not be loaded (ZeroDivisionError: division by zero)"),
        ("a failed (division by zero)", "liveanim: a failed (division by zero)"),
    ],
)
def test_what_is_logged_is_one_line_with_its_reason(said: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIVEANIM_DEBUG", raising=False)
    record = logging.makeLogRecord({"name": "liveanim.render", "msg": said})
    plain = cli._OneLine().format(record)
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        record.exc_info = sys.exc_info()
    assert cli._OneLine().format(record) == shown
    assert plain == f"liveanim: {' '.join(said.split())}"
    monkeypatch.setenv("LIVEANIM_DEBUG", "1")
    assert cli._OneLine().format(record).startswith(f"{shown}\nTraceback")


def test_presets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["presets", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) >= 6
    assert all(row["about"] and not row["about"].startswith("(broken") for row in rows)
    assert cli.main(["presets"]) == 0
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == [row["name"] for row in rows]


@pytest.mark.parametrize(
    ("prompt", "read"),
    [
        ("a portrait of a woman, 8k | nebulas --neg text", "eye | galaxy\n"),
        ("neon waves", "neon waves\n"),
    ],
)
def test_what_ember_reads_in_a_prompt_is_said(prompt: str, read: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["words", prompt]) == 0
    assert capsys.readouterr().out == read


def test_own_presets_are_listed_by_the_numbers_that_play_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("liveanim.library.own_presets_dir", lambda: tmp_path)
    for name, text in {"a broken": "[prompt", "neon-tunnel": '[prompt]\ntext = ["x"]', "ü 1": "about = 'mine'"}.items():
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    assert cli.main(["presets"]) == 0
    lines, count = capsys.readouterr().out.splitlines(), len(shipped())
    assert lines[count].split() == [str(count + 1), "ü", "1", "mine"]
    assert lines[count + 1].startswith(" -  a broken ") and len(lines) == count + 2
    assert find_preset(str(count + 1)).about == "mine"
    assert [find_preset(str(n + 1)).name for n in range(count)] == [path.stem for path in shipped()]
    assert [preset.name for preset in plan.presets_for(find_preset("1"))][count] == "ü 1"
    own_one = find_preset(next(line.split()[0] for line in lines if "neon-tunnel" in line))
    assert own_one.prompts == find_preset("neon-tunnel").prompts == ("x",)


def test_help_is_quick_and_names_every_command() -> None:
    before = os.times()
    done = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True)
    after = os.times()
    # Processor time: the wall clock of a busy machine says nothing about the program.
    assert after.children_user + after.children_system - before.children_user - before.children_system < 0.3
    assert all(name in done.stdout for name in cli.COMMANDS)
    assert all(len(line) <= 120 for line in done.stdout.splitlines())


def test_a_reader_that_goes_away_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone:
        done = subprocess.run([*COMMAND, "presets"], stdout=gone, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (cli.PIPE_CLOSED, "")


# bad input, as a user meets it: one line on standard error, code 2, nothing left under the asked-for name


def run(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """The message of a refused command, after checking its form (a live show may have said before what it lacks)."""
    said_before = "the music is not heard", "the show goes on without", "ALSA lib"  # the last is the driver's own voice
    lines = [line for line in done.stderr.splitlines() if not any(words in line for words in said_before)]
    assert done.returncode == 2, done.stderr
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("liveanim: ")
    return lines[0]


SHORT = ("--seconds", "0.2", "--model", "paint", "--size", "128x64", "-q")


def written(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"input"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "input"),
        (b"", "input"),
        (b"this is no music" * 1000, "input"),
        (b"RIFF\xff\xff\xff\xffWAVEfmt ", "input"),
    ],
    ids=["missing", "empty", "text", "cut short"],
)
@pytest.mark.parametrize("command", ["render", "play"])
def test_an_audio_file_that_cannot_be_read(command: str, content: bytes | None, said: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "input").write_bytes(content)
    if command == "render":
        done = run(tmp_path, "render", "input", "-o", "out.mp4", *SHORT)
    else:
        done = run(tmp_path, "play", "--audio", "input", "--headless", "--seconds", "0.2", "--model", "paint")
    assert said in one_line(done)
    assert written(tmp_path) == set()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("[camera]\nzoon = 1.0\n", "zoom"),
        ("[kamera]\nzoom = 1.0\n", "camera"),
        ("[camera]\nzoom = nan\n", "zoom"),
        ('[camera]\nzoom = "nan"\n', "zoom"),
        ('[camera]\nzoom = "1.0 + 0.05*kik"\n', "kick"),
        ("[camera]\nzoom = \"__import__('os')\"\n", "zoom"),
        ("[camera\n", "line 1"),
        ('size = "511x300"\n', "512x304"),
    ],
)
def test_a_preset_that_cannot_be_used(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "mine.toml").write_text(text, encoding="utf-8")
    message = one_line(run(tmp_path, "render", "builtin", "-o", "out.mp4", "--preset", "input/mine.toml", *SHORT))
    assert said in message
    assert "mine.toml" in message
    assert written(tmp_path) == set()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--preset", "neon-tunel"), "neon-tunnel"),
        (("--model", "no/such/model"), "no/such/model"),
        (("--model", "embr"), "ember"),
    ],
)
def test_a_name_that_is_not_known(words: tuple[str, str], said: str, tmp_path: Path) -> None:
    message = one_line(run(tmp_path, "render", "builtin", "-o", "out.mp4", *SHORT[:2], *words, "-q"))
    assert said in message
    assert written(tmp_path) == set()


@pytest.mark.parametrize("output", ["no/such/folder/out.mp4", "input", "/proc/out.mp4", "out.xyz"])
@pytest.mark.parametrize("command", ["render", "play"])
def test_an_output_that_cannot_be_written(command: str, output: str, tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    if command == "render":
        done = run(tmp_path, "render", "builtin", "-o", output, *SHORT)
    else:
        words = ("--headless", "--seconds", "0.2", "--model", "paint", "--size", "128x64")
        done = run(tmp_path, "play", "--audio", "builtin", "--record", output, *words)
    assert output in one_line(done)
    assert written(tmp_path) == set()


def test_an_interrupted_render_leaves_nothing_under_the_asked_for_name(tmp_path: Path) -> None:
    words = ("render", "builtin", "-o", "out.mp4", "--model", "paint", "--size", "128x64")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    process = subprocess.Popen(
        [*COMMAND, *words],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        # A shell starts what runs in the background deaf to the interrupt, and children inherit that.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stderr is not None
    deadline = time.monotonic() + 60
    while not any(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _out, said = process.communicate(timeout=60)
    # Shells call both 130. Where the signal finds Python in an `exec` of a text, as dataclasses are made by, Python
    # ends itself by the signal although it was caught.
    assert process.returncode in (cli.INTERRUPTED, -signal.SIGINT)
    assert "Traceback" not in said
    assert "out.mp4" not in written(tmp_path)


NOWHERE = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "PULSE_SERVER": "unix:/nonexistent", "JACK_NO_START_SERVER": "1"}


def test_no_display_for_a_window_is_one_line(tmp_path: Path) -> None:
    done = run(tmp_path, "play", "--audio", "builtin", "--seconds", "0.2", "--model", "paint", **NOWHERE)
    assert "no display" in one_line(done)


def test_without_a_sound_input_the_show_goes_on(tmp_path: Path) -> None:
    words = ("--headless", "--seconds", "1", "--model", "paint", "--size", "128x64")
    done = run(tmp_path, "play", *words, **NOWHERE, JACK_DEFAULT_SERVER="none")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_an_input_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    words = ("--headless", "--seconds", "1", "--model", "paint", "--size", "128x64")
    done = run(tmp_path, "play", "--input", "no such microphone", *words)
    assert "input" in one_line(done)


def test_without_a_gpu_the_show_goes_on(tmp_path: Path) -> None:
    done = run(tmp_path, "render", "builtin", "-o", "out.mp4", *SHORT, CUDA_VISIBLE_DEVICES="")
    assert (done.returncode, done.stderr) == (0, "")
    assert written(tmp_path) == {"out.mp4"}
