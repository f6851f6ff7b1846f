"""Presets with edits, and presets as data again: what `preset_from` reads back as the same preset. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .expr import Driver
from .preset import SHADERS, Preset
from .scenes import Drivers, Scene
from .step import Texts


def preset_data(preset: Preset) -> dict[str, Any]:
    """`preset` as nested tables of texts, numbers and lists, for TOML: where it starts and what is held included."""
    data = {key: value for key, value in preset.written.items() if key not in ("start", "knobs", "scene")}
    top: dict[str, Any] = {key: data.pop(key) for key in ("about", "model", "size", "compat") if key in data}
    if preset.start:
        top["start"] = preset.start
    data = {**top, **data}
    if "stage" in data:
        data["stage"] = {**data["stage"], **_whole_paths(data["stage"], preset)}
    if preset.media:  # as they were found, so that they are found from another folder
        data["media"] = dict(preset.media)
    if preset.knobs:
        data["knobs"] = dict(preset.knobs)
    if preset.written.get("scene"):
        media = {scene.name: dict(scene.media) for scene in preset.scenes}
        data["scene"] = [
            {**row, "media": media[row["name"]]} if "media" in row else row for row in preset.written["scene"]
        ]
    return data


def _whole_paths(stage: Mapping[str, Any], preset: Preset) -> dict[str, Any]:
    """The shaders and tables that a file of its own was named for, so that they are found from another folder."""
    chain = preset.chain
    whole = {"generator": chain.generator, "transition": chain.transition, "lut": chain.lut, "filters": chain.filters}
    found: dict[str, Any] = {}
    for key, value in whole.items():
        if key in stage and any(
            "/" in name or "." in name for name in ([stage[key]] if isinstance(stage[key], str) else stage[key])
        ):
            found[key] = list(value) if key == "filters" else value
    return found


def with_driver(preset: Preset, scene: str, name: str, driver: Driver | float | None, written: Any = None) -> Preset:
    """`preset` with another driver for parameter `name`, in the scene called `scene` ('': in the preset itself).

    `written` is what stands for it in the file; None: its text, or the number. A driver of None takes it out.
    """
    if written is None and driver is not None:
        written = driver if isinstance(driver, (int, float)) else driver.text
    return _driven(preset, scene, name, driver, _put(preset.written, scene, _path(name), written))


def as_before(preset: Preset, original: Preset, scene: str, name: str) -> Preset:
    """`preset` with the driver that `original` has for parameter `name`, in the scene called `scene` or in itself."""
    drivers = next((one.drivers for one in original.scenes if one.name == scene), {}) if scene else original.drivers
    written: Any = original.written
    if scene:
        written = next((row for row in written.get("scene", []) if row.get("name") == scene), {})
    for key in _path(name):
        written = written.get(key) if isinstance(written, Mapping) else None
    return _driven(preset, scene, name, drivers.get(name), _put(preset.written, scene, _path(name), written))


def _driven(preset: Preset, scene: str, name: str, driver: Driver | float | None, written: Mapping[str, Any]) -> Preset:
    if not scene:
        return replace(preset, drivers=_with(preset.drivers, name, driver), written=written)
    scenes = tuple(
        replace(one, drivers=_with(one.drivers, name, driver)) if one.name == scene else one for one in preset.scenes
    )
    return replace(preset, scenes=scenes, written=written)


def _path(name: str) -> list[str]:
    """Where a parameter stands in a file: 'camera.zoom' under [camera], 'isf.glow.size' under [isf.glow]."""
    group, _, key = name.partition(".")
    return [group, *key.split(".", 1)] if group == SHADERS else [group, key]


def with_text(preset: Preset, scene: str, slot: int, text: str) -> Preset:
    """`preset` with another text in prompt slot `slot` (from 1), in the scene called `scene` ('': in itself)."""
    here = next((one.prompts for one in preset.scenes if one.name == scene), None) if scene else preset.prompts
    prompts = Texts(here or ()).with_slot(slot, text).prompts
    written = _put(preset.written, scene, ["prompt", "text"], list(prompts))
    if scene:
        changed = [replace(one, prompts=prompts) if one.name == scene else one for one in preset.scenes]
        return replace(preset, scenes=tuple(changed), written=written)
    if slot > 1 or preset.journey is None:
        return replace(preset, prompts=prompts, written=written)
    for key in ("keys", "path", "curve", "loop"):
        written = _put(written, "", ["prompt", key], None)
    return replace(preset, prompts=prompts, journey=None, written=written)


def with_negative(preset: Preset, scene: str, text: str) -> Preset:
    """`preset` with another negative text, in the scene called `scene` ('': in itself)."""
    written = _put(preset.written, scene, ["prompt", "negative"], text)
    if not scene:
        return replace(preset, negative=text, written=written)
    changed = [replace(one, negative=text) if one.name == scene else one for one in preset.scenes]
    return replace(preset, scenes=tuple(changed), written=written)


def baked(preset: Preset) -> Preset:
    """`preset` with its held knobs written into the values, where their expressions do not read the knob themselves.

    Rounded to six places: OSC has single precision, and 0.77 is to be read as that."""
    knobs = {name: round(value, 6) for name, value in preset.knobs.items() if not name.startswith("out.")}
    scene = preset.first_scene or Scene("")
    kept = {}
    for name, value in knobs.items():
        in_scene = name in scene.drivers
        if reads_knob((scene if in_scene else preset).drivers.get(name, 0.0)):
            kept[name] = value
        else:
            preset = with_driver(preset, scene.name if in_scene else "", name, value)
    return replace(preset, knobs=kept)


def reads_knob(driver: Driver | float) -> bool:
    """Whether the expression mentions `knob`, so that a knob plays along in it instead of taking over."""
    return not isinstance(driver, (int, float)) and "knob" in driver.names


def _with(drivers: Drivers, name: str, driver: Driver | float | None) -> Drivers:
    rest = {key: value for key, value in drivers.items() if key != name}
    return rest if driver is None else {**rest, name: driver}


def _put(data: Mapping[str, Any], scene: str, path: Sequence[str], value: Any) -> dict[str, Any]:
    """A copy of `data` with `value` at `path`, in its scene of that name where there is one; None takes it out."""
    if scene:
        rows = [_put(row, "", path, value) if row.get("name") == scene else row for row in data.get("scene", [])]
        return {**data, "scene": rows}
    key, *rest = path
    if rest:
        return {**data, key: _put(data.get(key, {}), "", rest, value)}
    return {**data, key: value} if value is not None else {k: v for k, v in data.items() if k != key}
