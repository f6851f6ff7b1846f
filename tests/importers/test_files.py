"""Real files of real people: each one is a preset or refused with a reason; what they say is what plays."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveanim.core.deforum import Timed
from liveanim.core.errors import UserError
from liveanim.core.params import PARAMS
from liveanim.core.preset import Preset
from liveanim.core.schedule import values as family_values
from liveanim.importers import Imported, as_text, import_text
from liveanim.library import parse_preset

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="shared data absent")
SETTINGS = sorted(p for p in (DATA / "deforum_settings").glob("*__*")) if DATA.exists() else []
DOCUMENTS = sorted((DATA / "parseq").glob("*.json")) if DATA.exists() else []


def both(path: Path) -> tuple[Imported, Preset]:
    found = import_text(path.read_text(encoding="utf-8"), path.name)
    return found, parse_preset(found.toml, path.stem)


def named(start: str) -> tuple[Imported, Preset]:
    return both(next(path for path in [*SETTINGS, *DOCUMENTS] if path.name.startswith(start)))


def fields_of(path: Path) -> set[str]:
    from liveanim.importers import deforum, loose

    found = deforum.settings_in(loose.read(path.read_text(encoding="utf-8"), "")[0])
    assert found is not None
    return set(found)


@pytest.mark.parametrize("path", SETTINGS, ids=lambda path: path.name[:30])
def test_every_settings_file_becomes_a_preset_and_no_field_is_dropped_silently(path: Path) -> None:
    found, preset = both(path)
    assert {line.field for line in found.lines} == fields_of(path)
    assert len(found.lines) == len(fields_of(path))
    assert all(line.note for line in found.lines if line.kind in ("near", "not", "off")), found.lines
    assert preset.clock is not None and preset.prompts
    report = as_text(found)
    assert found.summary() in report and all(line.field in report for line in found.lines)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem[:40])
def test_every_parseq_document_becomes_a_preset_or_is_refused_with_the_reason(path: Path) -> None:
    if path.stem != "interpreter_cases":
        found, preset = both(path)
        assert preset.clock is not None and preset.prompts
        document = json.loads(path.read_text(encoding="utf-8"))
        if "keyframes" in document and not document.get("rendered_frames"):
            assert found.lines[0].note.startswith("as Parseq would render them, worked out here")
        return
    with pytest.raises(UserError, match="none of their fields"):
        both(path)


def line_of(preset: Preset, name: str, frames: int) -> np.ndarray:
    """The parameter at every frame, a motion as its move a frame."""
    driver = preset.drivers[name]
    assert preset.clock is not None
    if isinstance(driver, (int, float)):
        return np.full(frames, driver)
    assert isinstance(driver, Timed)
    fps, memory = preset.clock.fps, driver.memory()
    env = {"seed": 1.0, "s": 1.0}
    return np.array([driver.evaluate({**env, "now": f / fps, "dt": 1 / fps}, memory) for f in range(frames)])


@pytest.mark.parametrize("path", SETTINGS, ids=lambda path: path.name[:30])
def test_strength_and_camera_give_what_the_family_computes(path: Path) -> None:
    """Every value of every frame, converted back to the family's units."""
    from liveanim.importers.deforum import _renamed, settings_in
    from liveanim.importers.fields import DEFAULTS
    from liveanim.importers.loose import read

    found = settings_in(read(path.read_text(encoding="utf-8"), "")[0])
    assert found is not None
    given_, *_ = _renamed(found)
    fields = {**DEFAULTS, **given_}
    _, preset = both(path)
    assert preset.clock is not None
    fps, height, count = preset.clock.fps, preset.clock.size[1], min(60, preset.clock.frames or 60)
    rows: dict[str, Any] = {"strength_schedule": ("picture.strength", lambda v: np.clip(v, 0, 1))}
    if fields["animation_mode"] == "3D":
        for n, axis in enumerate("xyz"):
            rows[f"translation_{axis}"] = (f"space.{axis}", lambda v: v / 200 * fps)
            rows[f"rotation_3d_{axis}"] = (f"space.{('pitch', 'yaw', 'roll')[n]}", lambda v: v * fps)
    elif fields["animation_mode"] == "2D":
        rows["translation_x"] = ("camera.x", lambda v: v / height * fps)
        rows["angle"] = ("camera.angle", lambda v: v * fps)
        rows["zoom"] = ("camera.zoom", lambda v: v**fps)
    assert preset.drivers["picture.strength_as"] == 1.0
    for field, (name, converted) in rows.items():
        last = max(0, (preset.clock.frames or 0) - 1)
        wanted = converted(family_values(str(fields[field]), count, max_f=last, seed=1, compat="deforum", fps=fps))
        got = line_of(preset, name, count)
        assert np.clip(got, *(0, 1) if name == "picture.strength" else (-np.inf, np.inf))[1:] == pytest.approx(
            wanted[1:], rel=1e-9, abs=1e-9
        ), field


def test_old_names_and_an_envelope_are_understood() -> None:
    _, preset = named("e-dream-ai")
    assert preset.clock is not None and (preset.clock.fps, preset.clock.frames) == (12, 16)
    assert preset.clock.size == (768, 768)
    found, preset = named("HelixNGC7293__runSettings_AnimationExtra")
    kinds = {line.field: line for line in found.lines}
    assert kinds["animation_prompts"].kind == "exact" and preset.journey is not None
    assert kinds["flip_2d_perspective"].note == "off"
    assert preset.drivers["match.space"] == 1


@pytest.mark.parametrize("name", ["scale", "cfg_scale"])
def test_a_guidance_that_few_step_models_have_is_taken_over_under_any_name(name: str) -> None:
    found = import_text(json.dumps({"max_frames": 10, name: 1.5, "prompts": {"0": "a"}}), "x.txt")
    assert parse_preset(found.toml, "x").drivers["picture.guidance"] == 1.5
    assert [line.kind for line in found.lines if line.field == name] == ["exact"]


def test_a_seed_schedule_and_hard_cuts_of_prompts() -> None:
    _, preset = named("ParkerMedlin")
    seeds = line_of(preset, "picture.seed", 6)
    assert list(seeds[:2]) == [5, -1] and preset.drivers["picture.seed_mode"] == 1
    assert preset.journey is not None and preset.journey.curve is None
    assert preset.journey.texts[0].startswith("mushroom")
    places = line_of(preset, "prompt.position", 90)
    assert [int(places[f]) for f in (0, 29, 30, 59, 60, 89)] == [0, 0, 1, 1, 2, 2]


def test_silent_misreads_are_said() -> None:
    found, _ = named("XmYx__Classic-Zoom-In")
    assert any("second ':'" in line.note for line in found.lines)
    found, _ = named("sergiobr__runSettings_Animation__10deb841")
    assert any("'warp'" in line.note for line in found.lines if line.field == "border")


def test_parseq_gives_poses_and_the_preset_moves_by_their_differences() -> None:
    path = next(path for path in DOCUMENTS if path.stem == "deforum_tests_parseq_fps60_cadence2")
    rows = json.loads(path.read_text())["rendered_frames"]
    _, preset = both(path)
    assert preset.clock is not None and (preset.clock.fps, preset.clock.frames) == (60, 11)
    assert preset.drivers["picture.cadence"] == pytest.approx(2 / 60)
    moves = line_of(preset, "camera.angle", 11) / 60
    assert np.cumsum(moves[1:]) == pytest.approx([row["angle"] for row in rows[1:]], abs=1e-6)
    assert line_of(preset, "picture.seed", 11) == pytest.approx([row["seed"] for row in rows], abs=1e-6)
    assert preset.prompts == ("Parseq prompt! --neg neg parseq prompt!",)


FIXTURES = sorted((DATA / "parseq" / "rendered").glob("*.json")) if DATA.exists() else []


def document_of(path: Path) -> dict[str, Any]:
    """A fixture's document with the frames that Parseq's own code rendered for it."""
    rendered = json.loads(path.read_text())
    columns = dict(rendered["columns"])
    constant = columns.pop("_constant", {})
    count = min(rendered["meta"]["frames"], *(len(column) for column in columns.values()), 400)
    first = rendered["meta"].get("first_frame", 0)
    rows = [{"frame": first + n, **constant, **{k: v[n] for k, v in columns.items()}} for n in range(count)]
    options = {"output_fps": rendered["meta"]["fps"], "cadence": rendered["meta"]["cadence"]}
    return {"options": options, "keyframes": [], "prompts": {}, "rendered_frames": rows}


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem[15:50])
def test_reference_parseq_documents_play_what_parseq_renders(path: Path) -> None:
    document = document_of(path)
    rows = document["rendered_frames"]
    found = import_text(json.dumps(document), path.name)
    preset = parse_preset(found.toml, path.stem)
    assert preset.clock is not None
    fps, count, height = preset.clock.fps, len(rows), preset.clock.size[1]
    deep = "space.x" in preset.drivers
    motions = {
        "rotation_3d_y_delta": ("space.yaw", fps),
        "translation_z_delta": ("space.z", fps / 200),
        "angle_delta": ("camera.angle", fps),
        "translation_x_delta": ("space.x", fps / 200) if deep else ("camera.x", fps / height),
    }
    for field, (name, factor) in motions.items():
        if field in rows[0] and name in preset.drivers:
            wanted = np.array([row[field] for row in rows]) * factor
            assert line_of(preset, name, count)[1:] == pytest.approx(wanted[1:], rel=1e-6, abs=1e-6), field
    if "strength" in rows[0]:
        wanted = np.clip([row["strength"] for row in rows], 0, 1)
        assert np.clip(line_of(preset, "picture.strength", count), 0, 1) == pytest.approx(wanted, abs=1e-6)
    shown = said(preset, count)
    for frame in range(count):
        assert shown[frame] == pytest.approx(_wanted(rows[frame]), abs=2e-4), frame


def said(preset: Preset, count: int) -> list[dict[str, float]]:
    """What is painted at every frame: weights by text, whatever the way the preset writes it."""
    if preset.journey is not None:
        places = line_of(preset, "prompt.position", count) if "prompt.position" in preset.drivers else np.zeros(count)
        return [dict(preset.journey.at(place)) for place in places]
    weights = [
        line_of(preset, f"prompt.weight{n}", count)
        if f"prompt.weight{n}" in preset.drivers
        else np.full(count, n == 1.0)
        for n in range(1, len(preset.prompts) + 1)
    ]
    mixes = []
    for frame in range(count):
        mix = {text: float(w[frame]) for text, w in zip(preset.prompts, weights, strict=True) if w[frame] > 1e-9}
        total = sum(mix.values()) or 1.0
        mixes.append({text: weight / total for text, weight in mix.items()} or {preset.prompts[0]: 1.0})
    return mixes


def _wanted(row: dict[str, Any]) -> dict[str, float]:
    from liveanim.importers.parseq import pieces

    parts: dict[str, float] = {}
    for text, weight in pieces(str(row.get("deforum_prompt") or "")):
        wanted, _, avoided = (re.sub(r"<lora:[^>]*>", "", part).strip() for part in text.partition("--neg"))
        text = f"{wanted} --neg {avoided}" if avoided else wanted
        parts[text] = parts.get(text, 0.0) + max(0.0, weight)
    total = sum(parts.values()) or 1.0
    return {text: weight / total for text, weight in parts.items() if weight > 1e-9}


def mutated(text: str, seed: int) -> str:
    """`text` with a few random wounds: characters lost, doubled, changed; lines swapped; numbers blown up."""
    rng = random.Random(seed)
    letters = list(text)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(letters))
        kind = rng.randrange(5)
        if kind == 0:
            del letters[at : at + rng.randint(1, 8)]
        elif kind == 1:
            letters[at:at] = rng.choice(['"', "{", "}", "[", "]", ",", ":", "\\", "\x00", "9" * 30, "(" * 9, "null"])
        elif kind == 2:
            letters[at] = chr(rng.randrange(1, 0x2FFF))
        elif kind == 3:
            letters[at:at] = letters[at : at + 40]
        else:
            letters[at : at + 3] = rng.choice(["-1", "1e999", "NaN", "true", "''"])
        if not letters:
            return ""
    return "".join(letters)


SMALL = [path for path in [*SETTINGS, *DOCUMENTS] if path.stat().st_size < 20_000] if DATA.exists() else []


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SMALL or [Path("none")]), st.integers(0, 10**9))
def test_a_damaged_file_is_read_or_refused_in_one_line(path: Path, seed: int) -> None:
    text = mutated(path.read_text(encoding="utf-8"), seed)
    try:
        found = import_text(text, "broken.txt")
    except UserError as error:
        assert str(error).startswith("broken.txt") and "\n" not in str(error)
        return
    preset = parse_preset(found.toml, "broken")
    assert set(preset.drivers) <= set(PARAMS)


def test_pictures_and_videos_are_named_in_the_preset_and_nothing_is_fetched() -> None:
    given_: dict[str, Any] = {
        "animation_mode": "2D",
        "max_frames": 10,
        "use_init": True,
        "init_image": "start.png",
        "strength": 0.7,
        "hybrid_composite": True,
        "hybrid_motion": "Optical Flow",
        "hybrid_flow_method": "RAFT",
        "hybrid_comp_alpha_schedule": "0:(0.3), 5:(0.6)",
        "hybrid_flow_factor_schedule": "0:(1.1)",
        "video_init_path": "clip.mp4",
        "extract_nth_frame": 2,
        "use_mask": True,
        "mask_file": "https://example.org/m.png",
        "color_coherence": "Video Input",
        "color_coherence_video_every_N_frames": 3,
    }
    found = import_text(json.dumps(given_), "x")
    preset = parse_preset(found.toml, "x")
    assert dict(preset.media) == {"init": "start.png", "video": "clip.mp4"}
    wanted = {
        "picture.init_strength": 0.7,
        "hybrid.composite": 2,
        "hybrid.motion": 1,
        "hybrid.method": 1,
        "hybrid.factor": 1.1,
        "video.every": 2,
        "match.to": 2,
        "match.every": 3,
    }
    assert {name: preset.drivers[name] for name in wanted} == pytest.approx(wanted)
    assert line_of(preset, "hybrid.alpha", 10)[5] == pytest.approx(0.6)
    kinds = {line.field: line.kind for line in found.lines}
    assert (kinds["mask_file"], kinds["use_mask"], kinds["hybrid_flow_method"]) == ("not", "not", "near")
    assert kinds["hybrid_composite"] == kinds["init_image"] == kinds["color_coherence"] == "exact"
    alone = import_text('{"animation_mode": "Video Input", "video_init_path": "a.mp4", "max_frames": 5, "fps": 9}', "x")
    assert parse_preset(alone.toml, "x").media == {"video": "a.mp4"}
    masked = import_text(
        '{"animation_mode": "2D", "use_mask": 1, "mask_file": "m.png", "invert_mask": true, "fps": 9, "max_frames": 9}',
        "x",
    )
    assert parse_preset(masked.toml, "x").drivers["mask.invert"] == 1


@pytest.mark.parametrize(
    ("zoom", "kind", "played"),
    [("0:(0)", "not", None), (0, "not", None), (10**400, "not", None), (1e-5, "near", 1e-5), (1.02, "exact", 1.02)],
)
def test_any_number_may_be_a_schedule(zoom: Any, kind: str, played: float | None) -> None:
    found = import_text(json.dumps({"animation_mode": "2D", "fps": 15, "max_frames": 9, "zoom": zoom}), "x")
    assert {line.field: line.kind for line in found.lines}["zoom"] == kind
    driver = parse_preset(found.toml, "x").drivers.get("camera.zoom")
    assert driver == (played if played is None else pytest.approx(played**15))


def test_a_parseq_seed_that_begins_with_no_number_is_read_from_where_it_is_one() -> None:
    rows = [{"frame": 0, "seed": None}, {"frame": 1, "seed": 7}, {"frame": 2, "seed": 8}]
    found = import_text(json.dumps({"rendered_frames": rows}), "x")
    assert 'seed = "0:(7), 1:(7), 2:(8)"' in found.toml
