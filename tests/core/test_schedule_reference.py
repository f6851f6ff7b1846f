"""Values made with the Deforum family's own code, read here with compat="deforum": every case, deviations by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from liveanim.core.expr import ExprError, compile_expr
from liveanim.core.schedule import values

DATA = Path(__file__).parents[3] / "shared" / "data"
TOLERANCE = 1e-9

ACCEPTED = {
    "10:(1), 20:(2)": "Deforum Studio mends the missing key 0, and its value is in the Studio reference",
    "0:(where(t>10,1,2))": "no function of several arguments works in A1111; Studio mends it",
    "0:(min(t, 5))": "no function of several arguments works in A1111; Studio mends it",
    "0:(pi)": "Studio has pi",
}
"""Strings A1111 fails on with a Python error that are read here, and why."""
REFUSED = {
    "0:(t.real)": "attribute access slips through the family's check: refused here",
    "0:(i)": "a loop variable that leaks by accident; not supported on purpose",
}
"""Strings that have a value in A1111 and are refused here, and why."""


def cases(name: str, key: str = "", only: Callable[[Any], bool] = lambda case: True) -> list[Any]:
    path = DATA / name
    if not path.exists():
        return [pytest.param({}, marks=pytest.mark.skip(reason="needs shared/data"))]
    document = json.loads(path.read_text())
    return [pytest.param(c, id=str(n)) for n, c in enumerate(document[key] if key else document) if only(c)]


def numbers(items: list[Any]) -> NDArray[np.float64]:
    return np.array([np.nan if item is None else float(item) for item in items])


def assert_same(got: NDArray[np.float64], wanted: list[Any]) -> None:
    expected = numbers(wanted)
    finite = np.isfinite(expected)
    assert (got[~finite] == expected[~finite]).all()
    assert got[finite] == pytest.approx(expected[finite], rel=TOLERANCE, abs=TOLERANCE)


@pytest.mark.parametrize("case", cases("schedule_reference.json", only=lambda case: not case["string"]))
def test_reference_schedules_of_real_users(case: dict[str, Any]) -> None:
    last = case["max_frames"] - 1
    count = len(case["values"])
    got = values(case["expr"], [*range(count), last], max_f=last, seed=case["seed"], compat="deforum")
    assert_same(got, [*case["values"], case["last"]])


@pytest.mark.parametrize("case", cases("schedule_edge_cases.json", "cases"))
def test_reference_edge_cases(case: dict[str, Any]) -> None:
    text = case["expr"]
    refused = text in REFUSED or (case["outcome"] == "exception" and text not in ACCEPTED)
    if refused:
        with pytest.raises(ExprError):
            compile_expr(text, compat="deforum")
        return
    expression = compile_expr(text, compat="deforum")
    if text in ACCEPTED:
        assert case["outcome"] == "exception"
        return
    frames = len(case["values"])
    assert_same(values(expression, frames, max_f=case["max_frames"] - 1, seed=case["seed"]), case["values"])


def event_env(frame: float, events: Sequence[float], *, fps: float, bpm: float, max_f: float) -> dict[str, float]:
    """Deforum Studio's event variables at `frame` for events at those seconds; the show's ends count as events."""
    marks = sorted(time * fps for time in events)
    passed = sum(1 for mark in marks if mark < frame)
    before = marks[passed - 1] if passed else 0.0
    after = marks[passed] if passed < len(marks) else max_f
    since, until = frame - before, after - frame
    beats = until * bpm / (fps * 60.0)
    return {
        "events_passed": float(passed),
        "events_to_go": float(len(marks) - passed),
        "events_total": float(len(marks)),
        "progress_until_next_event": since / (after - before) if after > before else 0.0,
        "frames_until_next_event": until,
        "beats_until_next_event": beats,
        "seconds_until_next_event": until / fps,
        "frames_since_prev_event": since,
        "beats_since_prev_event": beats,
        "seconds_since_prev_event": until / fps,
    }


@pytest.mark.parametrize("case", cases("schedule_reference_deforum_studio.json", "cases"))
def test_reference_deforum_studio(case: dict[str, Any]) -> None:
    assert case["beat_offset"] == 0
    pace = {"max_f": case["max_frames"] - 1, "fps": case["fps"], "bpm": case["bpm"]}
    frames = len(case["values"])
    events = partial(event_env, events=case["events_sec"], **pace)
    got = values(case["expr"], frames, extra=events, compat="deforum", **pace)
    assert_same(got, case["values"])


def _strings(value: Any, name: str = "") -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [pair for key, item in value.items() for pair in _strings(item, str(key))]
    if isinstance(value, list):
        return [pair for item in value for pair in _strings(item, name)]
    return [(name, value)] if isinstance(value, str) else []


WORD_FIELDS = ("prompt", "sampler", "scheduler", "checkpoint", "mask", "path", "video", "image", "parseq", "timestring")


def test_reference_every_schedule_of_the_real_settings_files_compiles_and_plays() -> None:
    if not DATA.exists():
        pytest.skip("needs shared/data")
    seen: set[str] = set()
    for path in sorted((DATA / "deforum_settings").iterdir()):
        try:
            document = json.loads(path.read_text())
        except (ValueError, UnicodeDecodeError):
            continue
        for name, text in _strings(document):
            if "schedule" not in name and not name.startswith(
                ("translation", "rotation", "angle", "zoom", "perspective")
            ):
                continue
            if text in seen or ":" not in text or any(word in name for word in WORD_FIELDS):
                continue
            seen.add(text)
            line = values(text, [0, 1, 17, 60, 149], max_f=149, seed=1, compat="deforum")
            assert np.isfinite(line).all(), (path.name, name, text[:100])
    assert len(seen) > 80
