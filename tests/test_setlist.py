"""The set list: presets in the order of a performer's keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from liveanim import app, cli, plan, presetfiles, recording, setlist
from liveanim.archive import Archive
from liveanim.clock import FrameClock
from liveanim.core.errors import UserError
from liveanim.core.model import Blend, ControlEvent
from liveanim.core.setlist import SetList, parsed
from liveanim.inputs.analysis import Analyser
from liveanim.inputs.ears import Ears
from liveanim.inputs.fakes import RATE, Script, silence
from liveanim.inputs.sources import Steady
from liveanim.keeping import Keeper
from liveanim.library import parse_preset, shipped
from liveanim.options import PlayOptions, RenderOptions
from liveanim.presetfiles import PresetFiles
from liveanim.setlist import open_set, own_set, read_set
from liveanim.show import Settings, Show, run
from liveanim.span import Span
from liveanim.takes.format import TakeInfo
from liveanim.takes.reader import TakeReader
from liveanim.takes.writer import TakeWriter
from tests.fakes import AtOnce, Hears, Tape

LIBRARY = [path.stem for path in shipped()]
LOOK = '[prompt]\ntext = ["sea"]\n[picture]\ncadence = 0.1\n[stage]\nexposure = 1\n'


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder: a set of two presets of one's own, one of the package, and a mistake."""
    monkeypatch.setattr(presetfiles, "LOOK_EVERY", 1e6)  # the tests look themselves
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    mine = tmp_path / "liveanim"
    for name in ("presets/my-intro", "looks/fire"):
        (mine / name).parent.mkdir(parents=True)
        (mine / f"{name}.toml").write_text(LOOK)
    (mine / "set.toml").write_text(
        '# tonight\npresets = [\n  "My-Intro",\n  "ink-strom",\n  "looks/fire.toml",\n  "vertigo",\n]\n'
    )
    return mine


NAMED = ["my-intro", "fire", "vertigo"]


def test_those_named_have_the_first_numbers_and_the_others_come_after_or_have_none() -> None:
    known = ["a", "b", "c"]
    assert SetList(("c", "gone", "a")).numbered(known) == ["c", "a", "b"]
    assert SetList(("c", "gone", "a"), only=True).numbered(known) == ["c", "a"]
    assert SetList(("gone",), only=True).numbered(known) == SetList().numbered(known) == known
    one = SetList(("c", "ü"), True)
    assert parsed(one.as_text(), SetList()) == one
    assert parsed('{"presets": ["a", "a"]}', one) == SetList(("a",), True)
    for wrong in ("", "a, b", "[]", '{"presets": [1]}', '{"presets": 1}', '{"only": 1}'):
        with pytest.raises(UserError, match="a set list is said as"):
            parsed(wrong, one)


def test_the_users_set_is_what_numbers_mean_everywhere(
    home: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert cli.main(["presets", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows[:4]] == [*NAMED, LIBRARY[0]]
    assert [row["number"] for row in rows] == list(range(1, len(LIBRARY) + 3))
    (said,) = caplog.messages
    assert said.startswith(f"{home / 'set.toml'}: line 4: there is no preset 'ink-strom' (did you mean: ink-storm")
    asked = RenderOptions("silence", Path("o.mp4"), preset="2", model="paint")
    assert plan.render_plan(asked, None, (64, 32)).preset.name == "fire"
    assert cli.main(["presets", "--set", "none", "--json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == [*LIBRARY, "my-intro"]


def test_a_set_may_leave_the_others_out(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "small.toml").write_text('only = true\npresets = ["looks/fire.toml", "my-intro"]')
    assert cli.main(["presets", "--set", str(home / "small.toml")]) == 0
    lines = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    assert lines[:3] == [["1", "fire"], ["2", "my-intro"], ["-", LIBRARY[0]]]
    numbered, others = plan.presets_of(open_set(str(home / "small.toml")))
    assert [preset.name for preset in others] == LIBRARY
    with pytest.raises(UserError, match="there is no preset '3'"):
        plan.first_look(PlayOptions(preset="3"), None, numbered)


def test_a_show_begins_with_the_first_of_its_set(home: Path) -> None:
    found = open_set(None)
    numbered, _ = plan.presets_of(found)
    assert plan.first_look(PlayOptions(), None, numbered, found.listed).name == "my-intro"
    assert plan.first_look(PlayOptions(preset="fire"), None, numbered, found.listed).name == "fire"
    numbered, _ = plan.presets_of(open_set("none"))
    assert plan.first_look(PlayOptions(), None, numbered).name == "neon-tunnel"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('presets = ["a"\n', "not valid TOML: "),
        ("\npreset = []", r"line 2: a set list has no 'preset' \(did you mean: presets\?\)"),
        ("presets = [1]", r"line 1: presets: expected a list of names"),
        ("presets = []\nonly = 1", "line 2: only: expected true or false"),
    ],
)
def test_a_file_that_is_no_good_is_refused_where_it_was_asked_for_and_else_said(
    home: Path, caplog: pytest.LogCaptureFixture, text: str, line: str
) -> None:
    (home / "set.toml").write_text(text)
    with pytest.raises(UserError, match=line):
        open_set(str(home / "set.toml"))
    assert open_set(None).listed == SetList()
    assert len(caplog.messages) == 1 and caplog.messages[0].startswith(f"{home / 'set.toml'}: ")


def test_a_name_that_is_there_twice_and_a_file_that_is_not_there_are_said(home: Path) -> None:
    path = home / "set.toml"
    path.write_text('presets = ["vertigo",\n"looks/gone.toml",\n"VERTIGO", "vertigo"]')
    found = read_set(path, LIBRARY)
    assert found.listed.names == ("vertigo",)
    assert [line.removeprefix(f"{path}: ") for line in found.problems] == [
        f"line 2: {home / 'looks' / 'gone.toml'} is not there",
        "line 3: 'VERTIGO' is there already: a preset has one number",
        "line 3: 'vertigo' is there already: a preset has one number",
    ]
    with pytest.raises(UserError, match=r"absent\.toml: no such file"):
        open_set(str(home / "absent.toml"))


@pytest.fixture
def files(home: Path) -> Iterator[PresetFiles]:
    made = PresetFiles(None, found=open_set(None))
    yield made
    made.close()


def events(files: PresetFiles) -> list[tuple[str, object]]:
    files.look()
    return [(event.target, event.value) for event in files.read(1.0)]


def test_a_set_that_is_saved_during_the_show_is_an_event_after_the_presets_that_are_new(
    home: Path, files: PresetFiles
) -> None:
    assert events(files) == []
    assert "line 4: there is no preset 'ink-strom'" in files.problem()
    (home / "looks" / "ice.toml").write_text(LOOK)
    (home / "set.toml").write_text('presets = ["looks/ice.toml", "vertigo", "later"]')
    new, ordered = events(files)
    assert new == ("look.ice", LOOK) and ordered == ("do.set", SetList(("ice", "vertigo")).as_text())
    assert "line 1: there is no preset 'later'" in files.problem()
    (home / "presets" / "later.toml").write_text(LOOK)
    assert events(files)[1] == ("do.set", SetList(("ice", "vertigo", "later")).as_text())
    assert files.problem() == ""


def test_a_mistake_in_it_is_said_until_it_is_mended_and_the_set_stays(
    home: Path, files: PresetFiles, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    (home / "set.toml").write_text("presets = ")
    for _ in range(3):
        assert events(files) == [] and "set.toml: not valid TOML" in files.problem()
    assert len(caplog.messages) == 1
    (home / "set.toml").unlink()
    assert events(files) == []
    (home / "set.toml").write_text("presets = []")
    assert events(files) == [("do.set", SetList().as_text())] and files.problem() == ""


def test_one_that_is_written_when_the_show_plays_already_counts(home: Path) -> None:
    (home / "set.toml").unlink()
    files = PresetFiles(None, found=open_set(None))
    files.close()
    (home / "set.toml").write_text('presets = ["vertigo"]')
    assert events(files) == [("do.set", SetList(("vertigo",)).as_text())]


def played(*changes: tuple[str, float | str | None], keeper: Keeper | None = None) -> list[Blend]:
    """A show of presets a, b, c, d, with a change every tenth of a second."""
    tape, looks = Tape(), [parse_preset(LOOK, name) for name in "abcd"]
    script = [ControlEvent(n / 10, target, value, "file") for n, (target, value) in enumerate(changes)]
    archive = Archive(keeper=keeper, read=lambda name, text: parse_preset(text, name))
    show = Show([Script(script)], Hears(), AtOnce(), looks, Settings((16, 8)), archive=archive)
    run(show, FrameClock(10, 20), [tape])
    return tape.blends


def test_numbers_and_the_presets_beside_follow_the_set() -> None:
    ordered, fewer = SetList(("c", "a")).as_text(), SetList(("d", "a"), True).as_text()
    beside: list[tuple[str, float | str | None]] = [("do.preset", "+"), ("do.preset", 2.0)]
    seen = played(("do.set", ordered), ("do.preset", 1.0), *beside, ("do.set", fewer), *beside, ("do.preset", "b"))
    assert [blend.status.preset for blend in seen[:8]] == ["a", "c", "a", "a", "a", "d", "a", "a"]
    assert seen[3].status.presets == ("c", "a", "b", "d") and seen[3].status.set_list == ("c", "a")
    assert seen[7].status.presets == ("d", "a") and seen[7].status.left_out == ("b", "c")
    assert seen[0].status.notice == "the set list is read again"
    assert any("there is no preset 'b'" in line for line in seen[7].status.warnings)


def test_a_wrong_set_changes_nothing() -> None:
    seen = played(("do.set", SetList(("c", "a")).as_text()), ("do.set", "nonsense"))
    assert seen[2].status.presets == ("c", "a", "b", "d")
    assert any("a set list is said as" in line for line in seen[2].status.warnings)


def test_a_preset_that_is_new_keeps_to_the_set(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "shows", tmp_path)
    only = SetList(("b",), True).as_text()
    seen = played(("do.set", only), ("look.new", LOOK), ("do.save", "mine"), ("do.preset", 2.0), keeper=keeper)
    keeper.close()
    assert seen[1].status.presets == ("b",) and seen[1].status.notice == "new is new"
    assert seen[3].status.preset == "mine"  # what was saved is played at once


def test_a_set_is_saved_with_its_remarks_and_its_paths(home: Path) -> None:
    keeper = Keeper(home / "shows", home / "presets", open_set(None))
    assert keeper.save_set(SetList(("vertigo", "fire", "deep-sea"), True)).endswith(str(home / "set.toml"))
    keeper.close()
    text = (home / "set.toml").read_text()
    assert text.startswith("# tonight\npresets = [") and "only = true" in text and '"looks/fire.toml"' in text
    found = open_set(None)
    assert found.listed == SetList(("vertigo", "fire", "deep-sea"), True) and found.problems == ()


def test_a_set_is_not_saved_over_a_file_that_cannot_be_read_nor_nowhere(home: Path, tmp_path: Path) -> None:
    keeper = Keeper(home / "shows", home / "presets", open_set(None))
    (home / "set.toml").write_text("presets = ")
    keeper.save_set(SetList(("vertigo",)))
    keeper.close()
    assert (home / "set.toml").read_text() == "presets = " and "not valid TOML" in keeper.problem()
    keeper = Keeper(home / "shows", home / "presets", open_set("none"))
    with pytest.raises(UserError, match="begin it with --set FILE"):
        keeper.save_set(SetList())
    keeper.close()
    own_set().unlink()
    assert setlist.rewritten(own_set(), SetList(("vertigo",))).count("vertigo") == 1


class Hand:
    """A source of the events that a show begins with, and of those that come with the next frame."""

    def __init__(self) -> None:
        self.events: list[tuple[str, float | str | None]] = []

    def begin(self, events: Sequence[ControlEvent]) -> Hand:
        self.events = [(event.target, event.value) for event in events]
        return self

    def read(self, now: float) -> list[ControlEvent]:
        events, self.events = self.events, []
        return [ControlEvent(now, target, value, "keys") for target, value in events]


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "part"])
def test_a_take_chooses_by_the_numbers_of_its_show(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    monkeypatch.setattr(recording, "takes_dir", lambda: tmp_path)
    monkeypatch.setattr(presetfiles, "LOOK_EVERY", 0.02)
    hand = Hand()
    monkeypatch.setattr(app, "Script", hand.begin)
    options = PlayOptions(
        "silence", headless=True, seconds=600.0, model="paint", size=(64, 32), midi="-", osc=False, web=False,
        take=tmp_path / "take" if whole else None,
    )  # fmt: skip
    begun = 0.0
    with app.live(options) as ready:
        frames = ready.clock.frames()

        def until_shown(done: Callable[[Blend], bool], *events: tuple[str, float | str | None]) -> float:
            hand.events += events
            return next(now for now in frames if done(ready.show.tick(now)))

        until_shown(lambda blend: blend.status.presets[:3] == tuple(NAMED))
        if not whole:
            begun = until_shown(lambda blend: blend.status.taking == "take", ("do.take", "take"))
        times = [until_shown(lambda blend: blend.status.preset == "vertigo", ("do.preset", 3.0))]
        (home / "looks" / "ice.toml").write_text(LOOK)
        (home / "set.toml").write_text('only = true\npresets = ["fire", "looks/ice.toml", "vertigo", "my-intro"]')
        until_shown(lambda blend: len(blend.status.presets) == 3)  # fire is nowhere but in the folder looks
        times.append(until_shown(lambda blend: blend.status.preset == "ice", ("do.preset", 1.0)))
        times.append(until_shown(lambda blend: blend.status.preset == "my-intro", ("do.preset", "-")))
    own_set().unlink()
    take = TakeReader(tmp_path / "take")
    asked = RenderOptions(str(take.folder), Path("o.mp4"), model="paint")
    played = plan.render_plan(asked, take, (64, 32))
    show = app.offline_show(played, Span(0, 100, 100, 10.0), take, Ears(Steady(silence()), Analyser(RATE)), AtOnce())
    seen = [show.tick(at).status for at in (begun, *times)]
    assert [status.preset for status in seen] == ["my-intro", "vertigo", "ice", "my-intro"]
    assert seen[0].presets[:3] == tuple(NAMED) and seen[3].presets == ("ice", "vertigo", "my-intro")


def test_a_take_has_its_presets_by_their_names_in_their_order(tmp_path: Path) -> None:
    looks = {f"l'été ({n}) +": LOOK for n in range(120)}
    writer = TakeWriter(tmp_path / "take", TakeInfo("1", "a", LOOK), looks)
    writer.sound(np.zeros((100, 1), np.float32), RATE, 0.0)
    writer.close()
    assert list(TakeReader(tmp_path / "take").looks()) == list(looks)
