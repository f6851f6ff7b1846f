"""Builds a show from what was asked for, runs it, takes it down in order."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import calibration, outlets, painters, progress
from .archive import Archive
from .calibration import Calibration
from .clock import FrameClock, WallClock
from .core.errors import UserError
from .core.model import Blend, ControlEvent
from .core.params import Table
from .core.preset import Preset
from .core.setlist import NO_SET, SetList
from .guard import Guard
from .inputs import playback
from .inputs.analysis import Analyser
from .inputs.audio import LiveInput
from .inputs.audiofile import Converted
from .inputs.ears import Ears
from .inputs.fakes import Script
from .inputs.midimap import look_map
from .inputs.portaudio import input_names, refresh
from .inputs.sources import AudioSource, Steady, open_supply
from .inputs.switch import START, Switch
from .keeping import Keeper, Paper
from .library import table_of, with_shaders
from .memory import keep_freed
from .options import BUILTIN, LOGO, Outside, PlayOptions, RenderOptions
from .outputs.headless import Headless
from .outputs.logo import open_logo
from .outputs.window import Window
from .overture import Left, Opening, Overture
from .plan import (
    PICTURE,
    Painting,
    Plan,
    broken_off,
    default_model,
    first_look,
    kept_preset,
    moments_of,
    outside_of,
    params_of,
    plan_for,
    presets_for,
    presets_of,
    render_plan,
    span_for,
    start_of,
)
from .presetfiles import PresetFiles
from .render.inline import InlineRender
from .render.paint import PaintRenderer
from .render.worker import ThreadRender
from .setlist import open_set
from .show import Render, Settings, Show, Sink, run
from .span import SinkFrom, Span, TapFrom
from .takes.reader import TakeReader

if TYPE_CHECKING:  # nothing that the first picture does not need is imported before it
    from .controls import Controls
    from .inputs.media import MediaDesk
    from .outputs.sheet import ContactSheet
    from .taking import Takes

log = logging.getLogger(__name__)

PAINTED_WITHIN = 3.0  # s: then the devices are opened all the same
REST = 0.5  # share of the time that drawing processors leave to what is being opened and loaded
SWITCH_INTERVAL = 0.0005  # s: as late as a busy Python thread may make the loop


class Counted:
    """A sink that says how many frames have been written."""

    def __init__(self, say: Callable[[int], None]) -> None:
        self._say, self._count = say, 0

    def write(self, blend: Blend, now: float) -> None:
        self._count += 1
        self._say(self._count)


def render(options: RenderOptions) -> int:
    """A show on a frame clock into a video file.

    UserError (one line) when the source, the preset or the output is no good; then no file has the asked-for name.
    """
    from .outputs.depthmaps import DepthMaps
    from .recording import Recorders

    keep_freed()
    take = _take(Path(options.source))
    with ExitStack() as stack:
        sound, since = (str(take.audio), take.info.sound_from) if take else (options.source, 0.0)
        source = stack.enter_context(closing(Steady(open_supply(sound), since)))
        span = span_for(options, take, None if source.duration is None else since + source.duration)
        size = options.size or (take.shown if take else None) or PICTURE
        if options.workers or options.ray:
            return _farmed(options, take, span, size)
        plan, outside = render_plan(options, take, size), outside_of(options.outside, take)
        logo = open_logo(outside.files.get(LOGO), live=False)
        stage = stack.enter_context(closing(Headless(size, flash_limit=_safe(options))))
        stage.compositor.lay_over(logo)
        ears = Ears(source, Analyser(source.rate))
        sheet = _sheet(options, span, stage, stack)
        files = [options.output, *options.extra]
        recorders = Recorders(
            files, stage, ears, span.fps, live=False, codec=options.codec, begin=span.begin, alpha=options.alpha
        )
        stack.callback(recorders.abort)
        start = start_of(take, span)
        others, moments = painters.others(outside, background=False), moments_of(take, options)
        inline = InlineRender(painters.offline(plan, outside), moments, 1 / span.fps, start, plan.model, others)
        port = stack.enter_context(closing(inline))
        media = stack.enter_context(closing(_media(outside, plan, options.outside, live=False)))
        show = offline_show(plan, span, take, ears, port, [stage.compositor.problem, media.problem], media)
        clock = FrameClock(span.fps, span.last, first=take.first_frame(span.fps) if take else 0)
        with progress.frames(span.frames, options.output.name, quiet=options.quiet, plain=options.count) as done:
            maps = [SinkFrom(DepthMaps(options.depth_maps), span.begin)] if options.depth_maps else []
            run(show, clock, [SinkFrom(stage, start.time), SinkFrom(Counted(done), span.begin), *maps])
        ears.read(span.last / span.fps)  # the sound of the last frame
        recorders.close()
        if sheet is not None:
            sheet.close()
    return 0


def _take(folder: Path) -> TakeReader | None:
    """The take in `folder`, with a word on what it lacks; None where it is no folder."""
    if not folder.is_dir():
        return None
    take = TakeReader(folder)
    for warning in take.warnings:
        log.warning("%s", warning)
    return take


def _sheet(options: RenderOptions, span: Span, stage: Headless, stack: ExitStack) -> ContactSheet | None:
    """The contact sheet that is asked for, while it is drawn on."""
    if options.sheet is None:
        return None
    from .outputs.sheet import ContactSheet

    sheet = ContactSheet(options.sheet, span.frames / span.fps)
    stage.add_tap(tap := TapFrom(sheet, span.begin))
    stack.callback(stage.remove_tap, tap)
    return sheet


def _farmed(options: RenderOptions, take: TakeReader | None, span: Span, size: tuple[int, int]) -> int:
    """The same by many workers."""
    from . import farm

    if take is None:
        raise UserError(f"{options.source}: only takes are rendered by several workers (play with --take to make one)")
    if options.ray is None:
        return farm.render(options, span, size)
    from .onray import OnRay

    return farm.render(options, span, size, OnRay(options.ray, options.workers, take.folder))


def offline_show(
    plan: Plan,
    span: Span,
    take: TakeReader | None,
    ears: Ears,
    port: Render,
    problems: Sequence[Callable[[], str]] = (),
    media: MediaDesk | None = None,
) -> Show:
    """A show on a frame clock: nobody plays it but the take, if there is one."""
    sources, broken = [take] if take else [], broken_off(take)
    choice = presets_for(plan.preset, take)
    read = None if take is None else lambda name, text: kept_preset(take, text, name)
    table = table_of([*choice, plan.preset])
    settings = Settings(plan.painted, span.fps, span.whole, plan.overrides, table, plan.painting)
    archive = Archive(keeper=Paper(), broken_off=broken, read=read)
    return Show(sources, ears, port, choice, settings, plan.preset, problems, media, archive)


def _file_of(preset: str | None) -> Path | None:
    """The file that was named for a preset; None: it was none."""
    path = Path(preset or "")
    return path.absolute() if path.suffix.lower() == ".toml" and path.is_file() else None


@dataclass(frozen=True, slots=True)
class Live:
    """A live show that is ready to run: `run(live.show, live.clock, live.sinks)`."""

    show: Guard
    clock: WallClock
    sinks: tuple[Sink, ...]


def play(options: PlayOptions) -> int:
    """A live show until somebody quits. UserError (one line) where it cannot begin; once it runs nothing stops it."""
    with suppress(Left), live(options) as ready:
        run(ready.show, ready.clock, ready.sinks)
    return 0


@contextmanager
def live(options: PlayOptions) -> Iterator[Live]:
    """Everything a live show needs, opened in order and closed in reverse: stage, painter, sound and controls, files.

    The stage comes first and shows the look while the rest is opened, which may take seconds.
    """
    keep_freed()
    sys.setswitchinterval(SWITCH_INTERVAL)
    measured = calibration.read()
    outlets.check(options.streams, options.share)
    logo = open_logo(options.outside.files.get(LOGO), live=True)
    if options.record:
        from .recording import check

        check(options.record, options.codec, options.alpha)
    with ExitStack() as stack:
        found = open_set(options.set_list)
        keeper = stack.enter_context(Keeper(found=found))
        broken = keeper.broken_off()
        numbered, unnumbered = presets_of(found)
        look = first_look(options, broken, numbered, found.listed)
        plan = _live_plan(options, look, measured)
        # As their files are: what was put on top goes when another is taken.
        choice = presets_for(look, known=[*numbered, *unnumbered], in_place=not options.resume)
        table = table_of([*choice, plan.preset])
        look_map(look.midi, f"{look.name}: midi", table)
        stage = stack.enter_context(closing(_stage(options, table)))
        stage.compositor.lay_over(logo)
        edited = stack.enter_context(closing(PresetFiles(_file_of(options.preset), found=found)))
        settings = Settings(plan.painted, stage.refresh_rate, 0, plan.overrides, table, plan.painting)
        rest = REST if stage.compositor.by_processors else 0.0
        keys = [stage] if isinstance(stage, Window) else []
        given = _asked(options, found.listed)
        listed = [event for event in given if event.target == "do.set"]
        overture = Overture(stage, plan.preset, settings, rest, keys, choice, listed)
        stack.enter_context(closing(overture))
        overture.play(lambda: overture.painted, most=PAINTED_WITHIN)
        from .recording import films_of, keep_take, takes_of

        prompts = overture.asked.prompts if overture.asked is not None else ()
        load = painters.beside(plan, options.outside, prompts)
        others = painters.others(options.outside, background=True)
        painter = ThreadRender(load, PaintRenderer(), model=plan.model, others=others)
        stack.enter_context(closing(painter))
        pace = stage.max_fps, options.seconds
        clock = WallClock(*pace, waits=True, rest=lambda: rest if painter.loading else 0.0)
        takes = stack.enter_context(closing(takes_of(options, plan, choice, broken, stage.size)))
        source, opened = _devices(options, clock, measured, choice, table, stage, takes, overture, stack)
        ears = Ears(source, Analyser(source.rate), source)
        asked = Script([*given, *overture.pressed])
        films = stack.enter_context(closing(films_of(options, stage, ears)))
        sources, port = keep_take(takes, [asked, *keys, edited, *opened.controls], painter, ears)
        stage.compositor.prepare([file for one in (plan.preset, *choice) for file in one.chain.shaders])
        media = stack.enter_context(closing(_media(options.outside, plan, options.outside, live=True)))
        problems = [
            stage.compositor.problem,
            keeper.problem,
            *(control.problem for control in opened.controls),
            takes.status,
        ]
        problems += [] if opened.lights is None else [opened.lights.problem]
        problems += [source.problem, *_files(options, stage, ears), films.status, media.problem, edited.problem]
        offered = None if options.resume else broken
        archive = Archive(
            keeper=keeper,
            broken_off=offered,
            taker=takes,
            filmer=films,
            thumbnailer=opened.thumbnailer,
            read=edited.parsed,
        )
        show = Show(sources, ears, port, choice, settings, plan.preset, problems, media, archive)
        guard = Guard(show, (overture, *opened.told))
        yield Live(guard, clock, guard.sinks)
        ears.read(min(clock.now(), options.seconds or math.inf))  # the sound of the last frame


def _devices(
    options: PlayOptions,
    clock: WallClock,
    measured: Calibration,
    choice: Sequence[Preset],
    table: Table,
    stage: Window | Headless,
    takes: Takes,
    overture: Overture,
    stack: ExitStack,
) -> tuple[Switch, Controls]:
    """Sound, controls and who is told what is played, opened in a thread of their own while `overture` plays."""

    def opened(shelf: ExitStack) -> tuple[Switch, Controls]:
        from .controls import open_controls

        source = shelf.enter_context(closing(_live_source(options, clock, measured)))
        return source, open_controls(options, clock, choice, table, takes, shelf)

    opening = stack.enter_context(closing(Opening(opened)))
    overture.play(opening.done)
    source, found = opening.result()
    for viewer in found.viewers:
        stage.show_to(viewer)
    if found.lights is not None:
        stage.show_to(found.lights, found.lights.width, found.lights.rate)
    return source, found


def _files(options: PlayOptions, stage: Window | Headless, ears: Ears) -> list[Callable[[], str]]:
    """Streams, sharing and recordings begun; what tells of their trouble later."""
    problems = outlets.open_outlets(options.streams, options.share, stage, ears, options.alpha)
    if options.record:
        from .recording import record

        problems.append(record(options, stage, ears).status)
    return problems


def _live_plan(options: PlayOptions, look: Preset, measured: Calibration) -> Plan:
    overrides: dict[str, float | str] = {}
    if measured.display:
        overrides["play.ahead"] = 1e3 * measured.display
    overrides |= params_of(options.params)
    if options.seed is not None:
        overrides["picture.seed"] = float(options.seed)
    painting = Painting(options.model, default_model(), options.size or PICTURE)
    return plan_for(with_shaders(look, options.shaders), painting, overrides)


def _asked(options: PlayOptions, listed: SetList) -> list[ControlEvent]:
    """What the command line and the set list say, as if it were played."""
    events = [ControlEvent(0.0, "do.set", listed.as_text(), "command line")] if listed != NO_SET else []
    return events + ([ControlEvent(0.0, "play.autopilot", 1.0, "command line")] if options.autopilot else [])


def _stage(options: PlayOptions, table: Table) -> Window | Headless:
    size = options.size or PICTURE
    if options.headless:
        return Headless(size, flash_limit=_safe(options), live=True)
    window = Window(
        size,
        fullscreen=options.fullscreen,
        monitor=options.monitor,
        flash_limit=_safe(options),
        performer=options.performer,
        also=options.also_on,
        screens=outlets.screens(),
        table=table,
    )
    window.hud_shown = options.hud
    return window


def _safe(options: PlayOptions | RenderOptions) -> bool:
    if not options.flash_limit:
        log.warning("the flash limiter is off: the picture may flash in ways that can cause seizures")
    return options.flash_limit


def _live_source(options: PlayOptions, clock: WallClock, measured: Calibration) -> Switch:
    """What is heard, until another input is asked for."""

    def made(name: str, rate: int | None) -> AudioSource:
        if name == START:
            return _first_source(options, clock, measured, rate)
        return LiveInput(name, clock.now, delays=measured.inputs, rate=rate)

    return Switch(made, refresh, input_names)


def _first_source(options: PlayOptions, clock: WallClock, measured: Calibration, rate: int | None) -> AudioSource:
    """The file that was named, the input that was named, the default input, or (it is said) the built-in track."""
    supply = None if options.audio is None else open_supply(options.audio, loop=True)
    if supply is None:
        try:
            return LiveInput(options.input, clock.now, delays=measured.inputs, rate=rate)
        except UserError as error:
            if options.input is not None:
                raise
            log.warning("%s; the built-in track plays instead", error)
            supply = open_supply(BUILTIN)
    return playback.play(supply if rate in (None, supply.rate) else Converted(supply, rate), clock.now)


def _media(outside: Outside, plan: Plan, asked: Outside, live: bool) -> MediaDesk:
    """The pictures from outside; `asked` for on the command line: what the look makes nothing of is said."""
    from .inputs.media import MediaDesk
    from .used import unseen

    for line in unseen(plan.preset, asked.files):
        log.warning("%s", line)
    painted = {key: file for key, file in outside.files.items() if key != LOGO}
    return MediaDesk(painted, plan.painted, live, plan.preset.media, plan.preset.first_scene)
