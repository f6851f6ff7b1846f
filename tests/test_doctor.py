"""The doctor: a broken library is a row, and every row that is not fine says what to do."""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from liveanim import doctor
from liveanim.doctor import Row
from liveanim.probes import PROBES, Answer, ask, run_all

DIES = [sys.executable, "-c", "import os; os.abort()"]
HANGS = [sys.executable, "-c", "import time; time.sleep(60)"]
RAISES = [sys.executable, "-c", "raise OSError('PortAudio library not found')"]


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (DIES, "crashed with signal 6"),
        (HANGS, "no answer within 0.5 s"),
        (RAISES, "OSError: PortAudio library not found"),
    ],
)
def test_a_library_that_dies_hangs_or_raises_is_an_answer(command: list[str], problem: str) -> None:
    patience = 0.5 if command is HANGS else 30.0
    assert ask("sound", command, patience) == Answer("sound", problem=problem)


def test_noise_around_the_answer_is_ignored() -> None:
    script = "import sys; sys.stdout.write('ALSA lib: noise\\nliveanim-probe {\"inputs\": []}\\nmore noise\\n')"
    assert ask("sound", [sys.executable, "-c", script]).facts == {"inputs": []}


@pytest.mark.parametrize("name", PROBES)
def test_every_probe_answers_here(name: str) -> None:
    answer = run_all([name])[name]
    if name == "openvino" and "No module named" in answer.problem:
        pytest.skip("no OpenVINO for this machine (macOS and Windows of some kinds)")
    assert answer.problem == ""
    assert answer.facts != {}


JUDGES: list[Callable[[Answer], list[Row]]] = [
    doctor.screen_rows,
    doctor.headless_rows,
    doctor.sound_rows,
    doctor.midi_rows,
    doctor.aubio_rows,
    doctor.torch_rows,
    doctor.openvino_rows,
    doctor.encoder_rows,
]


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: judge.__name__)
def test_a_probe_without_an_answer_is_one_row_with_its_problem_and_a_way_out(
    judge: Callable[[Answer], list[Row]],
) -> None:
    (row,) = judge(Answer("x", problem="crashed with signal 11"))
    assert row.state != "ok"
    assert row.found == "crashed with signal 11"
    assert row.fix != ""


def test_no_screen_and_no_sound_are_notes_because_a_show_goes_on_without() -> None:
    (window,) = doctor.screen_rows(Answer("screen", {"monitors": [], "why": "DISPLAY is not set"}))
    sounds = doctor.sound_rows(Answer("sound", {"inputs": [], "outputs": []}))
    assert (window.state, window.found) == ("note", "no screen: DISPLAY is not set")
    assert [(row.name, row.state) for row in sounds] == [("sound input", "note"), ("sound output", "note")]
    assert "--audio FILE" in sounds[0].fix


def test_drawing_by_the_processor_is_noted() -> None:
    (row,) = doctor.headless_rows(Answer("headless", {"version": "4.5", "renderer": "llvmpipe (LLVM 15)"}))
    assert row.state == "note"
    (row,) = doctor.headless_rows(Answer("headless", {"version": "4.6", "renderer": "NVIDIA RTX"}))
    assert row.state == "ok"


def _torch(**facts: object) -> Answer:
    return Answer("torch", {"version": "2.13.0", "threads": 8, "gpus": [], "cuda": None, "mps": False} | facts)


@pytest.mark.parametrize(
    ("facts", "nvidia", "state", "found"),
    [
        ({}, False, "note", "none: the processor paints"),
        ({}, True, "note", "an NVIDIA card, but torch is its CPU build"),
        ({"cuda": "12.8"}, True, "note", "an NVIDIA card that torch cannot use"),
        ({"mps": True}, False, "ok", "Apple GPU (mps)"),
        ({"gpus": [{"name": "RTX 4090", "memory": 24e9}]}, True, "ok", "RTX 4090, 24 GB"),
    ],
)
def test_the_gpu_row_says_why_a_card_is_not_used(
    facts: dict[str, object], nvidia: bool, state: str, found: str
) -> None:
    row = doctor.torch_rows(_torch(**facts), nvidia)[1]
    assert (row.state, row.found) == (state, found)


def test_an_encoder_that_a_video_needs_is_missed() -> None:
    (row,) = doctor.encoder_rows(Answer("encoders", {"works": ["libx264"], "fails": ["aac: no"]}))
    assert (row.state, row.found) == ("missing", "cannot encode aac")


@pytest.mark.parametrize(("version", "state"), [((3, 10, 9), "missing"), ((3, 11, 0), "ok"), ((3, 14, 0), "missing")])
def test_only_supported_pythons_are_fine(version: tuple[int, ...], state: str) -> None:
    assert doctor.python_rows(version)[0].state == state


def test_a_requirement_that_is_not_installed_is_named() -> None:
    (row,) = doctor.library_rows(["numpy", "surely-not-installed"])
    assert (row.state, row.found) == ("missing", "not installed: surely-not-installed")
    assert row.fix.endswith("-m pip install surely-not-installed")


def safetensors(path: Path, data: bytes, promised: int) -> None:
    header = json.dumps({"w": {"dtype": "U8", "shape": [promised], "data_offsets": [0, promised]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)


@pytest.mark.parametrize(
    ("data", "promised", "state"), [(b"1234", 4, "ok"), (b"12", 4, "missing"), (b"123456", 4, "missing")]
)
def test_weights_that_are_cut_short_are_damaged(tmp_path: Path, data: bytes, promised: int, state: str) -> None:
    (tmp_path / "unet").mkdir()
    safetensors(tmp_path / "unet" / "model.safetensors", data, promised)
    assert doctor.ember_rows(tmp_path)[0].state == state


@pytest.mark.parametrize("data", [b"", b"\xff" * 8, b"\x02\0\0\0\0\0\0\0no", b"version https://git-lfs"])
def test_what_is_no_weights_file_is_damaged(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.safetensors").write_bytes(data)
    assert doctor.ember_rows(tmp_path)[0].found == "damaged: a.safetensors"


def test_the_table_has_a_fix_below_each_row_that_needs_one() -> None:
    rows = [Row("torch", "ok", "2.13"), Row("sound", "missing", "no PortAudio", "sudo apt-get install libportaudio2")]
    assert doctor.table(rows).splitlines() == [
        "ok       torch  2.13",
        "missing  sound  no PortAudio",
        "                -> sudo apt-get install libportaudio2",
        "",
        "Missing for a show: sound.",
    ]
    assert "\x1b[31mmissing" in doctor.table(rows, colour=True)


def test_the_whole_examination_ends_in_rows() -> None:
    rows = doctor.examine()
    assert {"python", "libraries", "aubio", "torch", "video", "ember", "presets", "disk"} <= {row.name for row in rows}
    assert all(row.fix for row in rows if row.state == "missing")


def test_shaders_are_counted_as_they_are_listed() -> None:
    from liveanim.isf import library

    (row,) = [row for row in doctor.data_rows() if row.name == "shaders"]
    assert row.found.startswith(f"{len(list(library.shipped()))} in ")
