"""Presets that are edited while they play."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from liveanim import presetfiles
from liveanim.archive import Archive
from liveanim.clock import FrameClock
from liveanim.core.errors import UserError
from liveanim.core.model import Blend, ControlEvent
from liveanim.core.preset import Preset
from liveanim.inputs.fakes import Script
from liveanim.library import as_toml, parse_preset
from liveanim.presetfiles import PresetFiles
from liveanim.show import Settings, Show, run
from tests.fakes import AtOnce, Hears, Tape

LOOK = '[prompt]\ntext = ["sea"]\n[stage]\nexposure = 1\n[[scene]]\nname = "calm"\n[scene.stage]\nbloom = 0.5\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(presetfiles, "LOOK_EVERY", 1e6)  # the tests look themselves
    (tmp_path / "sea.toml").write_text(LOOK)
    return tmp_path


@pytest.fixture
def files(folder: Path) -> Iterator[PresetFiles]:
    made = PresetFiles(None, lambda: sorted(folder.glob("*.toml")))
    yield made
    made.close()


def test_a_file_that_is_saved_or_new_is_an_event_and_no_other(folder: Path, files: PresetFiles) -> None:
    files.look()
    assert files.read(1.0) == []
    changed = LOOK.replace("exposure = 1", "exposure = -1.5")
    (folder / "sea.toml").write_text(changed)
    (folder / "my wood.toml").write_text(LOOK)
    files.look()
    assert list(files.read(2.0)) == [
        ControlEvent(2.0, "look.my wood", LOOK, "file"),
        ControlEvent(2.0, "look.sea", changed, "file"),
    ]
    files.look()
    (folder / "sea.toml").unlink()
    files.look()
    assert files.read(3.0) == [] and files.problem() == ""


def test_a_file_that_was_named_goes_before_one_of_its_name(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    own = tmp_path / "here" / "sea.toml"
    own.write_text(LOOK)
    files = PresetFiles(own, lambda: [folder / "sea.toml"])
    files.close()
    assert files.files == {"sea": own}
    with pytest.raises(UserError, match=r"here.sea.toml: \[stage\] exposure"):
        files.parsed("sea", LOOK.replace("exposure = 1", 'exposure = "2*"'))


def test_what_cannot_be_read_is_said_until_it_can(folder: Path, files: PresetFiles) -> None:
    (folder / "sea.toml").write_bytes(b"# \xff\xfa\n" + LOOK.encode())
    files.look()
    assert files.read(1.0) == [] and "sea.toml: line 1: not a text in UTF-8" in files.problem()
    (folder / "sea.toml").write_text(LOOK)
    files.look()
    assert [event.target for event in files.read(2.0)] == ["look.sea"] and files.problem() == ""


def played(*events: ControlEvent) -> list[Blend]:
    """Three seconds of sea, in which its file and others are saved; the frames by tenths of a second."""
    others = [parse_preset(LOOK.replace("exposure = 1", "exposure = 2"), "other")]
    archive, looks = Archive(read=lambda name, text: parse_preset(text, name)), [parse_preset(LOOK, "sea"), *others]
    tape = Tape()
    show = Show([Script(events)], Hears(), AtOnce(), looks, Settings((16, 8)), archive=archive)
    run(show, FrameClock(10, 30), [tape])
    return tape.blends


def saved(at: float, name: str, old: str, new: str) -> ControlEvent:
    assert old in LOOK
    return ControlEvent(at, f"look.{name}", LOOK.replace(old, new), "file")


def test_the_preset_that_plays_glides_to_what_was_saved_in_its_scene_with_the_knobs_held() -> None:
    events = ControlEvent(0.2, "do.scene", "calm"), ControlEvent(0.4, "stage.vignette", 0.7)
    seen = played(*events, saved(1.0, "sea", "exposure = 1", "exposure = -1"))
    assert [seen[at].values["stage.exposure"] for at in (9, 20)] == [1.0, -1.0]
    assert -1 < seen[12].values["stage.exposure"] < 1
    assert seen[20].status.scene == "calm" and seen[20].values["stage.bloom"] == 0.5
    assert seen[20].values["stage.vignette"] == 0.7 and seen[20].status.notice == "sea is read again"


def test_a_mistake_leaves_what_plays_and_says_where_it_is() -> None:
    seen = played(saved(1.0, "sea", "exposure = 1", 'exposure = "2*"'))
    assert seen[20].values["stage.exposure"] == 1.0
    assert any("[stage] exposure" in line for line in seen[20].status.warnings)


def test_another_preset_is_as_it_was_saved_when_its_turn_comes_and_a_new_one_has_the_next_number() -> None:
    seen = played(
        ControlEvent(0.0, "play.fade", 0.0),
        saved(0.5, "other", "exposure = 1", "exposure = -2"),
        saved(0.6, "third", "exposure = 1", "exposure = 1.5"),
        ControlEvent(1.0, "do.preset", "other"),
        ControlEvent(2.0, "do.preset", 3.0),
    )
    assert seen[8].values["stage.exposure"] == 1.0 and seen[8].status.presets == ("sea", "other", "third")
    assert seen[18].values["stage.exposure"] == -2.0 and seen[29].values["stage.exposure"] == 1.5


def again(text: str) -> list[ControlEvent]:
    """The same preset once more, and with a remark."""
    return [ControlEvent(2.0, "look.sea", text), ControlEvent(2.1, "look.sea", text + "# a remark\n")]


def test_what_the_show_saved_itself_changes_nothing() -> None:
    edited = parse_preset(LOOK, "sea")
    mine = as_toml(replace(edited, knobs={"stage.exposure": -0.5}))
    seen = played(ControlEvent(0.5, "look.sea", mine), ControlEvent(1.0, "stage.exposure", 0.25), *again(mine))
    assert [seen[at].values["stage.exposure"] for at in (9, 29)] == [-0.5, 0.25]


def test_the_edit_can_be_undone() -> None:
    seen = played(saved(1.0, "sea", "exposure = 1", "exposure = -1"), ControlEvent(2.0, "do.undo"))
    assert seen[19].values["stage.exposure"] == -1.0 and seen[29].values["stage.exposure"] == 1.0


def test_where_presets_are_not_read_again_it_is_said() -> None:
    tape = Tape()
    events = [saved(0.0, "sea", "exposure = 1", "exposure = -1")]
    run(Show([Script(events)], Hears(), AtOnce(), [looked()], Settings((16, 8))), FrameClock(10, 3), [tape])
    assert "presets are not read again here" in tape.blends[-1].status.warnings


def looked() -> Preset:
    return parse_preset(LOOK, "sea")
