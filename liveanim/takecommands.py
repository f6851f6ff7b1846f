"""`liveanim take`: what a take is, cut, its sound, its events as text, its curves as a picture."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import app
from .arguments import Arguments
from .clock import FrameClock
from .core.errors import UserError, near, told_as
from .core.model import Blend, ControlEvent
from .inputs.analysis import Analyser
from .inputs.ears import Ears
from .inputs.sources import Steady, open_supply
from .inputs.web.events import Vocabulary
from .library import table_of
from .options import RenderOptions
from .plan import PICTURE, presets_for, render_plan
from .progress import clock_text
from .render.inline import InlineRender, Start
from .render.paint import PaintRenderer
from .show import run
from .span import span_of
from .takes import edit
from .takes.format import parse_event
from .takes.reader import TakeReader

CURVE_FPS = 20.0
MOST_CURVES = 12


def act(arguments: Arguments) -> int:
    """The action that was asked for."""
    take = TakeReader(arguments.take)
    for warning in take.warnings:
        sys.stderr.write(f"liveanim: {warning}\n")
    return ACTIONS[arguments.action](take, arguments)


def info(take: TakeReader, arguments: Arguments) -> int:
    found = edit.summary(take)
    if arguments.json:
        _say(json.dumps({**asdict(found), "keyframe_rate": found.keyframe_rate, "take": asdict(take.info)}, indent=2))
        return 0
    about = take.info
    rows = [
        ("take", f"{found.folder}, {found.megabytes:.1f} MB"),
        ("played", f"{about.date or 'at an unknown time'}, with {about.versions or 'liveanim ' + about.version}"),
        ("length", f"{clock_text(found.end - found.begin)} ({found.begin:.1f} to {found.end:.1f} s)"),
        ("look", f"{about.preset}, {about.model}, seed {about.seed}, painted at {about.size[0]}x{about.size[1]}"),
        ("pictures", f"{found.painted} painted ({found.keyframe_rate:.1f} a second), {found.kept} kept"),
        ("sound", f"{found.rate} Hz"),
        ("files", str(found.files)),
        ("events", str(found.events)),
    ]
    for name, text in rows:
        _say(f"{name:<9} {text}")
    for target, count in found.targets.items():
        _say(f"{count:>12}  {target}")
    return 0


def trim(take: TakeReader, arguments: Arguments) -> int:
    begin = take.info.begin if arguments.begin is None else arguments.begin
    edit.trim(take, arguments.output, begin, arguments.end)
    found = edit.summary(TakeReader(arguments.output))
    _say(f"{found.folder}: {clock_text(found.end - found.begin)} of {take.folder}")
    return 0


def export_audio(take: TakeReader, arguments: Arguments) -> int:
    seconds = edit.export_audio(take, arguments.output)
    _say(f"{arguments.output}: {clock_text(seconds)} of sound")
    return 0


def events(take: TakeReader, arguments: Arguments) -> int:
    if arguments.load is not None:
        edited = read_events(arguments.load, targets_of(take))
        edit.import_events(take, edited)
        _say(f"{take.folder}: {len(edited)} events in place of {len(take.events)}")
    elif arguments.output is not None:
        with told_as(f"{arguments.output}: cannot be written"):
            arguments.output.write_text(edit.export_events(take), encoding="utf-8")
        _say(f"{arguments.output}: {len(take.events)} events, a line each; load them again with --load")
    else:
        sys.stdout.write(edit.export_events(take))
    return 0


def targets_of(take: TakeReader) -> Callable[[str], None]:
    """Raises UserError for a target that `take` neither was played by nor can be."""
    plan = render_plan(RenderOptions(str(take.folder), Path()), take, take.shown or PICTURE)
    words = Vocabulary(table_of(presets_for(plan.preset, take)))
    played = {event.target for event in take.events}

    def check(target: str) -> None:
        if target not in played:
            words.check(target)

    return check


def read_events(path: Path, check: Callable[[str], None]) -> tuple[ControlEvent, ...]:
    """The events of a text that somebody edited, in the order of their times. UserError names every bad line.

    `check` raises one for the name of a target that is no good.
    """
    try:
        with told_as(f"{path}: cannot be read"):
            text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not a text in UTF-8") from None
    found: list[ControlEvent] = []
    wrong: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found.append(parse_event(line))
            check(found[-1].target)
        except (ValueError, UserError) as error:
            wrong.append(f"line {number}: {error}")
    if wrong:
        more = f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise UserError(f"{path}, {'; '.join(wrong[:5])}{more}")
    return tuple(sorted(found, key=lambda event: event.time))


class _Curves:
    """A sink that keeps the values and signals of every frame."""

    def __init__(self) -> None:
        self.rows: list[Mapping[str, float]] = []

    def write(self, blend: Blend, now: float) -> None:
        self.rows.append({**blend.values, **blend.signals})


def curves(take: TakeReader, fps: float) -> dict[str, NDArray[np.float64]]:
    """How every parameter and signal moved, by name, `fps` values a second. Nothing is painted or drawn."""
    source = Steady(open_supply(str(take.audio)), take.info.sound_from)
    try:
        span = span_of(source.heard + (source.duration or 0.0), fps)
        plan = render_plan(RenderOptions(str(take.folder), Path()), take, take.shown or PICTURE)
        never = InlineRender(PaintRenderer(), start=Start(math.inf))
        kept = _Curves()
        show = app.offline_show(plan, span, take, Ears(source, Analyser(source.rate)), never)
        run(show, FrameClock(fps, span.last, first=take.first_frame(fps)), [kept])
    finally:
        source.close()
    return {name: np.array([row.get(name, math.nan) for row in kept.rows]) for name in kept.rows[-1]}


def plot(take: TakeReader, arguments: Arguments) -> int:
    from .plot import draw_curves

    values = curves(take, CURVE_FPS)
    names = chosen(arguments.names, values, take.events)
    draw_curves({name: values[name] for name in names}, arguments.output, CURVE_FPS, take.info.sound_from)
    _say(f"{arguments.output}: {', '.join(names)}")
    return 0


def chosen(asked: Sequence[str], values: dict[str, NDArray[np.float64]], played: Sequence[ControlEvent]) -> list[str]:
    """The curves to draw: those asked for, else what was played and what moved most. UserError for an unknown one."""
    for name in asked:
        if name not in values:
            raise UserError(f"there is no parameter or signal {name!r}{near(name, values)}")
    if asked:
        return list(asked)
    touched = {name for event in played for name in values if event.target.endswith(name)}
    moving = [name for name in values if "." in name and np.ptp(values[name]) > 1e-9]
    names = [name for name in values if name in touched] + [name for name in moving if name not in touched]
    return (names or ["rms"])[:MOST_CURVES]


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


ACTIONS: dict[str, Callable[[TakeReader, Arguments], int]] = {
    "info": info,
    "trim": trim,
    "export-audio": export_audio,
    "events": events,
    "plot": plot,
}
