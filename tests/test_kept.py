"""Real shows in real processes: killed, and on disks that are full or cannot be written to."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from liveanim import app
from liveanim.core.errors import UserError
from liveanim.inputs.audiofile import FileSupply
from liveanim.options import PlayOptions
from liveanim.takes.format import parse_moment
from liveanim.takes.reader import TakeReader

from .outputs.test_codecs import seconds_that_play

ROOT = Path(__file__).parents[1]
PLAY = [sys.executable, "-m", "liveanim", "play", "--audio", "builtin", "--headless", "--no-osc", "--midi", "-"]
SHOW = [*PLAY, "--model", "paint", "--size", "128x72"]
LOOK = '[prompt]\ntext = ["deep blue sea"]\n[camera]\nzoom = 1.2\n[picture]\ncadence = 0.1\n'
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9 and no such disks")


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def played(take: Path) -> float:
    """Seconds of show time between the first picture that was painted and the newest."""
    file = take / "keyframes.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    return parse_moment(lines[-1]).time - parse_moment(lines[0]).time if len(lines) > 1 else 0.0


def test_a_killed_show_loses_at_most_its_last_second(tmp_path: Path) -> None:
    film, take = tmp_path / "a.mp4", tmp_path / "take"
    (tmp_path / "light.toml").write_text(LOOK)
    words = [*SHOW, "--preset", str(tmp_path / "light.toml"), "--record", str(film), "--take", str(take)]
    with subprocess.Popen(words, env=environment(), stderr=subprocess.PIPE) as show:
        deadline = time.monotonic() + 90
        while played(take) < 3.0:
            assert show.poll() is None and time.monotonic() < deadline, "it does not play"
            time.sleep(0.05)
        show.kill()
    reader = TakeReader(take)
    assert reader.warnings == [] or "cut off" in reader.warnings[0]
    # The first frame, and the last that another one followed: until then nobody knows how long it is shown.
    first, last = reader.moments[0].time, reader.moments[-2].time
    assert seconds_that_play(film) > last - first - 1.0
    assert (FileSupply(take / "audio.flac").duration or 0.0) > last - 1.0


def small_disk(folder: Path, size: int) -> tuple[list[str], bool]:
    """What to put before a command so that `folder` holds no more than `size` bytes: (words, whether that can be).

    It can where a process may mount a tmpfs.
    """
    folder.mkdir()
    words = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
    mount = f"mount -t tmpfs -o size={size} tmpfs {folder}"
    if shutil.which("unshare") and subprocess.run([*words, mount], capture_output=True).returncode == 0:
        return [*words, f'{mount} && "$@"; code=$?; cp {folder}/a.mp4 {folder}.mp4; exit $code', "sh"], True
    return [], False


def test_a_full_disk_ends_recording_and_take_with_a_line_each_and_not_the_show(tmp_path: Path) -> None:
    disk, size, most = tmp_path / "disk", 700_000, 250_000  # bytes: of the disk; of a file, where there is no such disk
    prefix, real = small_disk(disk, size)

    def limit() -> None:
        if not real:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    words = [*prefix, *SHOW, "--seconds", "8", "--record", str(disk / "a.mp4"), "--take", str(disk / "take")]
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, timeout=90, preexec_fn=limit)
    assert done.returncode == 0
    lines = [line for line in done.stderr.splitlines() if line.startswith("liveanim:")]
    said = sorted(line for line in lines if "the music is not heard" not in line)  # where nothing plays sound
    assert len(said) == 2
    assert f"recording stopped: cannot write {disk / 'a.mp4'}: " in said[0]
    assert f"take ended early: {disk / 'take'}: " in said[1]
    if real:
        assert "no space left on device" in said[0] and "the disk is full" in said[1]
    assert seconds_that_play(tmp_path / "disk.mp4" if real else disk / "a.mp4") > 1.0


@pytest.mark.parametrize("wish", [{"record": (Path("/proc/a.mp4"),)}, {"take": Path("/proc/take")}])
def test_what_cannot_be_written_is_said_before_the_show(wish: dict[str, Any]) -> None:
    played = PlayOptions("silence", headless=True, model="paint", osc=False, midi="-", seconds=1.0, size=(64, 64))
    with pytest.raises(UserError, match="/proc/"):
        app.play(replace(played, **wish))
