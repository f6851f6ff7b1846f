"""Scenes and whole presets as data: read, refused, and written so that they read back as the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liveanim.core.errors import UserError
from liveanim.core.expr import Expression
from liveanim.core.params import PARAMS
from liveanim.core.preset import GROUPS, Preset, preset_from
from liveanim.core.preset_data import baked, preset_data
from liveanim.core.scenes import corner_weights
from liveanim.library import as_toml, parse_preset


def look(**tables: object) -> Preset:
    return preset_from({"prompt": {"text": ["a"]}, **tables}, "test.toml", "look")


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"scene": {}}, r"\[\[scene\]\]"),
        ({"scene": [{}]}, "expected name"),
        ({"scene": [{"name": "a"}, {"name": "a"}]}, "two scenes called 'a'"),
        ({"scene": [{"name": "a", "transition": "melt"}]}, "scene 'a': transition: expected one of cut, fade, morph"),
        ({"scene": [{"name": "a", "seconds": 1, "beats": 1}]}, "either seconds or beats"),
        ({"scene": [{"name": "a", "seconds": -1}]}, "seconds: expected a number from 0"),
        ({"scene": [{"name": "a", "advance": "bar"}]}, "advance: expected one of manual, timer"),
        ({"scene": [{"name": "ab", "next": "abc"}]}, r"no scene 'abc' \(did you mean: ab"),
        ({"scene": [{"name": "a", "camera": {"zom": 1}}]}, r"scene 'a': \[camera\] zom: unknown parameter"),
        ({"scene": [{"name": "a", "camera": {"zoom": "1 +"}}]}, r"scene 'a': \[camera\] zoom: column"),
        ({"scene": [{"name": "a", "stage": {"filters": ["x"]}}]}, "stage.filters"),
        ({"scene": [{"name": "a", "colour": 1}]}, "unknown key 'colour'"),
        ({"scene": [{"name": "a", "media": {"vido": "a.mp4"}}]}, r"scene 'a': \[media\]: unknown key 'vido' \(did"),
        ({"scene": [{"name": "a", "media": {"video": 1}}]}, r"scene 'a': \[media\] video: expected a text"),
        ({"scene": [{"name": "a"}], "morph": {"ab": ["a"]}}, "names of 2 scenes"),
        ({"scene": [{"name": "a"}], "morph": {"xy": ["a", "b", "c", "d"]}}, "no scene 'b'"),
        ({"start": "a"}, "start: there is no scene 'a'"),
        ({"autopilot": {"prompts": "a"}}, "list of at most"),
        ({"knobs": {"stage.hue": "t"}}, "knobs. stage.hue: expected a number"),
        ({"knobs": {"stage.hew": 1}}, "unknown parameter 'stage.hew'"),
    ],
)
def test_a_mistake_is_one_line_with_its_place(tables: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        look(**tables)
    assert str(caught.value).startswith("test.toml: ") and "\n" not in str(caught.value)


def test_the_four_corners_of_a_morph_sum_to_one_and_two_lie_along_x() -> None:
    assert corner_weights(["a", "b"], 0.25, 1.0) == {"a": 0.75, "b": 0.25}
    assert corner_weights(["a", "b", "c", "d"], 0.5, 0.25) == {"a": 0.375, "b": 0.375, "c": 0.125, "d": 0.125}
    assert corner_weights(["a", "b", "c"], 1.0, 1.0) == {"a": 0, "b": 0, "c": 1}


SOME = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = st.text("abc ü'\"\\\n", min_size=1, max_size=8).map(str.strip).filter(bool)
ROWS = [row for row in PARAMS.values() if row.group in GROUPS and row.group != "knobs"]
VALUES = st.one_of(st.floats(-10, 10), st.sampled_from(["kick", "0.5*sway + knob", "0:(1), 2s:(sin(t))"]))
TEXTS = st.lists(st.text(max_size=20), max_size=4)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for row in draw(st.lists(st.sampled_from(ROWS), max_size=4)):
        found.setdefault(row.group, {})[row.short] = draw(VALUES)
    return found


@st.composite
def scenes(draw: st.DrawFn) -> list[dict[str, Any]]:
    names = draw(st.lists(NAMES, unique=True, max_size=3))
    rows = []
    for name in names:
        row: dict[str, Any] = {"name": name, **draw(tables())}
        row["transition"] = draw(st.sampled_from(["cut", "fade", "morph"]))
        row[draw(st.sampled_from(["seconds", "beats"]))] = draw(st.floats(0, 60))
        row["advance"] = draw(st.sampled_from(["manual", "timer", "bars", "drop", "random"]))
        row["every"], row["next"] = draw(st.floats(1, 64)), draw(st.sampled_from(["", *names]))
        row["energy"] = draw(st.floats(0, 1))
        if draw(st.booleans()):
            row.setdefault("prompt", {})["text"] = draw(TEXTS)
        rows.append(row)
    return rows


@st.composite
def presets(draw: st.DrawFn) -> Preset:
    rows = draw(scenes())
    names = [row["name"] for row in rows]
    data: dict[str, Any] = {**draw(tables()), "scene": rows, "start": draw(st.sampled_from(["", *names]))}
    data.setdefault("prompt", {})["text"] = draw(TEXTS)
    data["prompt"]["negative"] = draw(st.text(max_size=20))
    data["about"] = draw(st.text(max_size=30))
    data["modulators"] = {"sway": {"lfo": "sine", "beats": 8}, "riff": {"steps": [1, 0.5], "beats": "1 + sway"}}
    data["autopilot"] = {"prompts": draw(TEXTS), "bars": draw(st.floats(1, 64))}
    data["knobs"] = draw(st.dictionaries(st.sampled_from([row.name for row in ROWS]), st.floats(-10, 10), max_size=5))
    if names:
        data["morph"] = {"ab": [names[0], names[-1]]}
    return preset_from(data, "test.toml", "look")


def plain(preset: Preset) -> dict[str, Any]:
    """A preset as values that can be compared."""

    def words(drivers: Any) -> dict[str, Any]:
        return {name: d if isinstance(d, (int, float)) else d.text for name, d in drivers.items()}

    names = (
        "about",
        "model",
        "size",
        "prompts",
        "negative",
        "chain",
        "journey",
        "clock",
        "morph",
        "wander",
        "start",
        "knobs",
    )
    fields = {name: getattr(preset, name) for name in names}
    fields["drivers"] = words(preset.drivers)
    fields["modulators"] = [(row.name, row.kind, row.shape, row.steps, row.low, row.high) for row in preset.modulators]
    fields["scenes"] = [
        (s.name, words(s.drivers), s.prompts, s.negative, s.transition, s.seconds, s.beats, s.advance, s.every, s.next)
        for s in preset.scenes
    ]
    return fields


@SOME
@given(presets())
def test_a_preset_that_is_written_reads_back_as_the_same(preset: Preset) -> None:
    text = as_toml(preset)
    again = parse_preset(text, "look")
    assert plain(again) == plain(preset)
    assert as_toml(again) == text


@SOME
@given(presets())
def test_baking_writes_the_knobs_into_the_values(preset: Preset) -> None:
    done = baked(preset)
    scene = next((one for one in done.scenes if one.name == done.start), None)
    for name, value in preset.knobs.items():
        here = scene.drivers if scene is not None and name in scene.drivers else done.drivers
        if name in done.knobs:
            assert isinstance(here[name], Expression) and done.knobs[name] == round(value, 6)
        else:
            assert here[name] == round(value, 6)
    assert plain(parse_preset(as_toml(done), "look")) == plain(done)


def test_what_needs_no_table_gets_none() -> None:
    assert preset_data(look(stage={"hue": 0.5})) == {"prompt": {"text": ["a"]}, "stage": {"hue": 0.5}}
