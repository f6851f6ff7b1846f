"""State on disk: kept as it changes, offered after a kill, gone after a good end."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from liveanim import app, plan
from liveanim.core.errors import UserError
from liveanim.core.preset import Preset, preset_from
from liveanim.data import write_whole
from liveanim.inputs import oscwire
from liveanim.keeping import Keeper, file_name
from liveanim.library import as_toml, find_preset, own_presets_dir, parse_preset, read_preset
from liveanim.options import PlayOptions


def look(**more: object) -> Preset:
    return preset_from({"prompt": {"text": ["hill"]}, **more}, "test.toml", "look")


def waited(path: Path, text: str, seconds: float = 30.0) -> str:
    """What a file holds, once it holds `text`."""
    for _ in range(int(seconds / 0.05)):
        if path.is_file() and text in (found := path.read_text(encoding="utf-8")):
            return found
        time.sleep(0.05)
    raise AssertionError(f"{path} never held {text!r}")


def test_the_newest_state_is_on_disk_and_a_good_end_takes_it_away(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path, tmp_path / "presets")
    for value in (0.1, 0.2, 0.3):
        keeper.keep(look(knobs={"stage.hue": value}))
    path = tmp_path / f"{os.getpid()}-look.toml"
    waited(path, '"stage.hue" = 0.3')
    assert keeper.broken_off() is None  # its process is alive
    keeper.close()
    assert list(tmp_path.glob("*.toml")) == [] and keeper.problem() == ""


def test_a_state_of_a_process_that_is_gone_is_offered_until_a_good_end(tmp_path: Path) -> None:
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    path = tmp_path / f"{int(gone.stdout)}-look.toml"
    write_whole(path, as_toml(look(knobs={"stage.hue": 0.5})))
    (tmp_path / f"{int(gone.stdout)}-torn.toml").write_text("[prompt", encoding="utf-8")
    os.utime(tmp_path / f"{int(gone.stdout)}-torn.toml", (0, 0))
    keeper = Keeper(tmp_path, tmp_path / "presets")
    state = keeper.broken_off()
    assert state is not None and (state.name, dict(state.knobs)) == ("look", {"stage.hue": 0.5})
    keeper.close()
    assert not path.exists()


@pytest.mark.parametrize(
    ("end", "left"), [(None, 0), (KeyboardInterrupt, 0), (SystemExit, 0), (RuntimeError, 2), (UserError, 2)]
)
def test_an_error_leaves_what_was_kept_and_offered_to_be_taken_up(
    tmp_path: Path, end: type[BaseException] | None, left: int
) -> None:
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    write_whole(tmp_path / f"{int(gone.stdout)}-look.toml", as_toml(look()))
    with contextlib.suppress(end or Exception), Keeper(tmp_path, tmp_path / "presets") as keeper:
        assert keeper.broken_off() is not None
        keeper.keep(look(knobs={"stage.hue": 0.5}))
        if end is not None:
            raise end
    assert len(list(tmp_path.glob("*.toml"))) == left
    assert (tmp_path / f"{os.getpid()}-look.toml").exists() == bool(left)  # also what was kept in the last moment


def test_a_show_that_an_error_ends_can_be_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liveanim.keeping.shows_dir", lambda: tmp_path)
    options = PlayOptions("silence", headless=True, model="paint", size=(64, 64), midi="-", osc=False, web=False)
    with pytest.raises(ZeroDivisionError), app.live(replace(options, autopilot=True)) as ready:
        ready.show.tick(0.0)
        raise ZeroDivisionError
    (path,) = tmp_path.glob("*.toml")
    assert read_preset(path).knobs == {"play.autopilot": 1.0}


def test_pictures_beside_a_preset_are_found_again_from_where_its_state_and_its_copies_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    looks, clip = Path("looks"), "https://example.org/clip.mp4"
    looks.mkdir()
    (looks / "paper.png").write_bytes(b"")
    media = f'init = "paper.png"\nvideo = "{clip}"\nmask = "gone.png"\n'
    (looks / "mine.toml").write_text(
        f'[media]\n{media}[[scene]]\nname = "a"\n[[scene]]\nname = "b"\n[scene.media]\n{media}'
    )
    keeper = Keeper(tmp_path / "shows", tmp_path / "presets")
    state = read_preset(looks / "mine.toml")
    keeper.keep(state)
    keeper.save("mine", state)
    text = waited(tmp_path / "shows" / f"{os.getpid()}-mine.toml", "paper.png")
    waited(tmp_path / "presets" / "mine.toml", "paper.png")
    keeper.close()
    monkeypatch.chdir("/")
    expected = {"init": str(tmp_path / "looks" / "paper.png"), "video": clip, "mask": "gone.png"}
    for found in (parse_preset(text, "mine"), read_preset(tmp_path / "presets" / "mine.toml")):
        assert [found.media, *(scene.media for scene in found.scenes)] == [expected, {}, expected]


def test_a_saved_preset_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liveanim.library.own_presets_dir", lambda: tmp_path)
    keeper = Keeper(tmp_path / "shows", tmp_path)
    assert keeper.save("../My look?", look(stage={"hue": 0.25})) == f"saved as -My look-: {tmp_path / '-My look-.toml'}"
    waited(tmp_path / "-My look-.toml", "hue = 0.25")
    assert find_preset("-my look-").drivers["stage.hue"] == 0.25
    keeper.close()


def test_what_was_saved_over_a_shipped_preset_takes_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liveanim.library.own_presets_dir", lambda: tmp_path)
    names = [preset.name for preset in plan.presets_for(find_preset("1"))]
    write_whole(tmp_path / "neon-tunnel.toml", as_toml(look(stage={"hue": 0.25})))
    there = plan.presets_for(find_preset("1"))
    assert [preset.name for preset in there] == names
    assert there[names.index("neon-tunnel")].drivers["stage.hue"] == 0.25
    assert find_preset("neon-tunnel").drivers["stage.hue"] == 0.25


def test_a_file_with_the_name_of_a_shipped_preset_is_the_one_that_its_key_plays(tmp_path: Path) -> None:
    write_whole(tmp_path / "neon-tunnel.toml", as_toml(look(stage={"hue": 0.25})))
    mine = find_preset(str(tmp_path / "neon-tunnel.toml"))
    there = plan.presets_for(mine, in_place=True)
    assert [preset.name for preset in there] == [preset.name for preset in plan.presets_for(mine)]
    assert [preset for preset in there if preset.name == "neon-tunnel"] == [mine]


def test_a_disk_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    keeper = Keeper(tmp_path / "file" / "shows", tmp_path)
    keeper.keep(look())
    for _ in range(200):
        if keeper.problem():
            break
        time.sleep(0.02)
    assert "cannot be saved" in keeper.problem()
    keeper.close()


def test_a_preset_that_was_not_saved_is_told_until_one_is(tmp_path: Path) -> None:
    (tmp_path / "presets").write_text("")
    keeper = Keeper(tmp_path / "shows", tmp_path / "presets")
    keeper.save("mine", look())
    keeper.keep(look())
    waited(tmp_path / "shows" / f"{os.getpid()}-look.toml", "hill")  # the state is kept all the same
    assert keeper.problem().startswith("mine is not saved: ")
    (tmp_path / "presets").unlink()
    keeper.save("mine", look())
    keeper.close()
    assert keeper.problem() == "" and (tmp_path / "presets" / "mine.toml").exists()


@pytest.mark.parametrize(
    ("name", "file"), [("a/b", "a-b"), ("..", "preset"), ("ü 1", "ü 1"), ("", "preset"), ("x" * 200, "x" * 80)]
)
def test_a_name_becomes_one_that_files_may_have(name: str, file: str) -> None:
    assert file_name(name) == file


def test_a_show_that_is_killed_can_be_taken_up(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}
    play = "play --headless --audio silence -m paint --no-web --midi - --size 64x64".split()
    command = [sys.executable, "-m", "liveanim", *play]
    show = subprocess.Popen([*command, "--osc-port", str(port), "-p", "ink-storm"], env={**os.environ, **home})
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            folder = tmp_path / "state" / "liveanim" / "shows"
            for _ in range(600):  # until it listens
                out.sendto(oscwire.message("/liveanim/param/stage/hue/raw", 0.375), ("127.0.0.1", port))
                if list(folder.glob("*.toml")) or show.poll() is not None:
                    break
                time.sleep(0.1)
        text = waited(folder / f"{show.pid}-ink-storm.toml", '"stage.hue" = 0.375')
        assert "ink" in text
    finally:
        show.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        show.wait(10)
    keeper = Keeper(folder, tmp_path)
    left = keeper.broken_off()
    keeper.close()
    assert left is not None and (left.name, left.knobs["stage.hue"]) == ("ink-storm", 0.375)
    first = plan.first_look(PlayOptions(resume=True), left)
    assert parse_preset(first.text, first.name).knobs == left.knobs  # what a take of it keeps
    with pytest.raises(UserError, match="nothing to resume"):
        plan.first_look(PlayOptions(resume=True), None)


def test_presets_of_ones_own_have_a_folder() -> None:
    assert own_presets_dir().name == "presets"
