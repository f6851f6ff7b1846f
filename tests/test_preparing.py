"""What a show would make while it plays, made before it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from liveanim import cli, preparing
from liveanim.core.errors import UserError
from liveanim.core.model import Prompt
from liveanim.library import parse_preset
from liveanim.options import PlayOptions

LOOK = """
model = "{model}"
size = "128x64"
[prompt]
text = ["sea", "sky", " "]
[[scene]]
name = "storm"
[scene.prompt]
text = ["sky", "lightning", "a wave of `sin(t)`"]
"""


def test_the_texts_of_a_preset_are_those_of_its_slots_its_journey_and_its_scenes_once_each() -> None:
    assert preparing.texts_of(parse_preset(LOOK.format(model="ember"), "a")) == ["sea", "sky", "lightning"]
    journey = parse_preset('[prompt]\npath = ["a", "b"]\ntext = ["c", "d"]\n', "j")
    assert preparing.texts_of(journey) == ["c", "d", "a", "b"]


class Fake:
    """Models that are loaded in the order of `loaded`; 'gone' cannot be had."""

    def __init__(self) -> None:
        self.loaded: list[tuple[str, tuple[int, int]]] = []
        self.warmed: list[tuple[str, ...]] = []
        self.closed = 0

    def load(self, model: str, size: tuple[int, int], options: Any) -> Fake:
        self.loaded.append((model, size))
        if model == "gone":
            raise UserError("gone: its weights are not there")
        assert options.background and options.engine == "auto"
        return self

    def warm(self, size: tuple[int, int], prompts: tuple[Prompt, ...]) -> None:
        self.warmed.append(tuple(prompt.text for prompt in prompts))

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Fake:
    made = Fake()
    monkeypatch.setattr("liveanim.render.load.load", made.load)
    monkeypatch.setattr("liveanim.plan.find", lambda name: None)
    looks = {"a": "ember", "b": "gone", "c": "ember", "d": "paint"}
    for name, model in looks.items():
        text = LOOK.format(model=model).replace('"sea"', f'"{name} at sea"')
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    listed = ", ".join(f'"{tmp_path / name}.toml"' for name in looks)
    (tmp_path / "set.toml").write_text(f"only = true\npresets = [{listed}]\n", encoding="utf-8")
    return made


def test_each_model_is_made_ready_once_and_one_that_cannot_be_had_stops_no_other(
    fake: Fake, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    said: list[str] = []
    options = PlayOptions(set_list=str(tmp_path / "set.toml"))
    assert preparing.prepare(options, preparing.ALL, said.append) == 1
    assert fake.loaded == [("ember", (128, 64)), ("gone", (128, 64))] and fake.closed == 1
    assert fake.warmed == [("a at sea", "sky", "lightning"), ("c at sea", "sky", "lightning")]
    assert [line.split(" after")[0] for line in said] == [
        "ember at 128x64", "  a: 3 prompts", "  c: 3 prompts", "  ready", "gone at 128x64",
    ]  # fmt: skip
    assert "gone: its weights are not there" in caplog.text


def test_only_what_begins_is_made_ready_where_that_is_asked_for(
    fake: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liveanim.app.play", lambda options: pytest.fail("a show begins"))
    words = ["play", "--set", str(tmp_path / "set.toml"), "--prepare", "first", "--size", "256x128"]
    assert cli.main(words) == 0
    assert fake.loaded == [("ember", (128, 64))] and fake.warmed == [("a at sea", "sky", "lightning")]
    assert capsys.readouterr().out.startswith("ember at 128x64\n  a: 3 prompts\n  ready after ")
