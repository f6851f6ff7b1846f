"""Builds a show from what was asked for, runs it, takes it down in order. Only this module names concrete classes."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from . import calibration, outlets, progress
from .calibration import Calibration
from .clock import FrameClock, WallClock
from .core.errors import UserError
from .core.model import Blend, ControlEvent
from .core.params import Table
from .core.preset import Preset
from .inputs import playback
from .inputs.abletonlink import LinkClock
from .inputs.analysis import Analyser
from .inputs.audio import LiveInput
from .inputs.ears import Ears
from .inputs.fakes import Script
from .inputs.media import MediaDesk
from .inputs.midi import MidiInput, NoMidi
from .inputs.midiclock import ClockOut
from .inputs.midimap import look_map
from .inputs.midiout import MidiLights
from .inputs.osc import PORT, OscInput
from .inputs.oscnames import Book
from .inputs.oscout import OscOut
from .inputs.readback import Readback
from .inputs.sources import AudioSource, Steady, open_supply
from .inputs.web.server import WebRemote
from .keeping import Keeper, Paper
from .library import table_of, with_shaders
from .options import BUILTIN, Outside, PlayOptions, RenderOptions
from .outputs.depthmaps import DepthMaps
from .outputs.headless import Headless
from .outputs.sheet import ContactSheet
from .outputs.window import Window
from .plan import PAINT, Plan, broken_off, first_look, outside_of, plan_for, presets_for, render_plan
from .recording import Recorders, keep_take, new_take
from .remote import open_remote
from .render.inline import InlineRender, Start
from .render.models import find
from .render.paint import PaintRenderer
from .render.worker import Renderer, ThreadRender
from .show import Render, Settings, Show, Sink, Source, run
from .span import SinkFrom, Span, TapFrom, span_of
from .takes.reader import TakeReader
from .takes.writer import TakeWriter
from .taking import Takes, takes_dir

log = logging.getLogger(__name__)

RENDER_FPS = 30.0
RECORD_FPS = 60.0  # at most: a video of a 144 Hz screen need not be larger
PICTURE = (1280, 720)  # of a video or a window when nothing else is said
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
    folder = Path(options.source)
    take = TakeReader(folder) if folder.is_dir() else None
    for warning in take.warnings if take else ():
        log.warning("%s", warning)
    with ExitStack() as stack:
        sound, since = (str(take.audio), take.info.sound_from) if take else (options.source, 0.0)
        source = stack.enter_context(closing(Steady(open_supply(sound), since)))
        span = _span(options, take, source)
        size = options.size or (take.shown if take else None) or PICTURE
        if options.workers or options.ray:
            return _farmed(options, take, span, size)
        plan, outside = render_plan(options, take, size), outside_of(options.outside, take)
        stage = stack.enter_context(closing(Headless(size, flash_limit=_safe(options))))
        ears = Ears(source, Analyser(source.rate))
        sheet = _sheet(options, span, stage, stack)
        files = [options.output, *options.extra]
        recorders = Recorders(
            files, stage, ears, span.fps, live=False, codec=options.codec, begin=span.begin, alpha=options.alpha
        )
        stack.callback(recorders.abort)
        start = _start(take, span)
        renderer, moments = _offline_renderer(plan, outside), _moments(take, options)
        port = stack.enter_context(closing(InlineRender(renderer, moments, 1 / span.fps, start)))
        media = stack.enter_context(closing(_media(outside, plan, live=False)))
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


def _sheet(options: RenderOptions, span: Span, stage: Headless, stack: ExitStack) -> ContactSheet | None:
    """The contact sheet that is asked for, while it is drawn on."""
    if options.sheet is None:
        return None
    sheet = ContactSheet(options.sheet, span.frames / span.fps)
    stage.add_tap(tap := TapFrom(sheet, span.begin))
    stack.callback(stage.remove_tap, tap)
    return sheet


def _farmed(options: RenderOptions, take: TakeReader | None, span: Span, size: tuple[int, int]) -> int:
    """The same by many workers."""
    from . import farm

    if take is None:
        raise UserError(f"{options.source}: only takes are rendered by several workers (play with --take to make one)")
    if options.alpha:
        raise UserError("--alpha: pieces of a film keep no transparency; leave out --workers and --ray")
    if options.ray is None:
        return farm.render(options, span, size)
    from .onray import OnRay

    return farm.render(options, span, size, OnRay(options.ray, options.workers, take.folder))


def _span(options: RenderOptions, take: TakeReader | None, source: Steady) -> Span:
    fps = options.fps or (take.info.fps if take else 0) or RENDER_FPS
    begin = options.begin if options.begin is not None else take.info.begin if take else 0.0
    length = None if source.duration is None else source.heard + source.duration
    end, seconds = options.end, options.seconds
    if take is not None and seconds is not None:
        # A shorter render of a performance is a part of it, not a shorter performance.
        end, seconds = min(begin + seconds, end or math.inf), None
    return span_of(length, fps, begin=begin, end=end, seconds=seconds)


def _start(take: TakeReader | None, span: Span) -> Start:
    """Where to begin painting: at the start, or at the picture of the take that was kept before the part begins."""
    if span.lead_in == 0.0:
        return Start()
    kept = take.kept(span.lead_in) if take else None
    return Start(kept.time, take.picture(kept)) if take and kept else Start(span.lead_in)


def _moments(take: TakeReader | None, options: RenderOptions) -> list[tuple[int, float]] | None:
    """When to paint; None: whenever the preset's cadence says so."""
    if take is None or not take.moments or options.pace == "free":
        return None
    return [(moment.index, moment.time) for moment in take.moments]


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
    settings = Settings(plan.painted, span.fps, span.whole, plan.overrides, table_of([*choice, plan.preset]))
    return Show(sources, ears, port, choice, settings, plan.preset, problems, media, keeper=Paper(), broken_off=broken)


def _offline_renderer(plan: Plan, outside: Outside) -> Renderer:
    if plan.model == PAINT:
        return PaintRenderer()
    find(plan.model)  # offline a name that nobody knows is refused; weights that are missing are not
    return _loaded(plan, outside, background=False)


def _loaded(plan: Plan, outside: Outside, background: bool) -> Renderer:
    """The model of `plan` with what goes on top of it, or ember where it cannot be had."""
    from .render.load import Options, load_or_ember

    return load_or_ember(
        plan.model,
        plan.painted,
        Options(
            background=background,
            engine=outside.engine,
            depth=outside.depth,
            words=outside.words,
            loras=outside.loras,
            controls=outside.controls,
        ),
    )[0]


@dataclass(frozen=True, slots=True)
class Live:
    """A live show that is ready to run: `run(live.show, live.clock, live.sinks)`."""

    show: Show
    clock: WallClock
    sinks: tuple[Sink, ...]


def play(options: PlayOptions) -> int:
    """A live show until somebody quits. UserError (one line) where it cannot begin; once it runs nothing stops it."""
    with live(options) as ready:
        run(ready.show, ready.clock, ready.sinks)
    return 0


@contextmanager
def live(options: PlayOptions) -> Iterator[Live]:
    """Everything a live show needs, opened in order and closed in reverse: sound in, painter, stage, recorders."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    measured = calibration.read()
    overrides = {} if options.seed is None else {"picture.seed": float(options.seed)}
    if measured.display:
        overrides["play.ahead"] = 1e3 * measured.display
    outlets.check(options.streams, options.share)
    with ExitStack() as stack:
        keeper = stack.enter_context(closing(Keeper()))
        broken = keeper.broken_off()
        look = first_look(options, broken)
        preset = with_shaders(look, options.shaders)
        plan = plan_for(preset, options.model, options.size or PICTURE, overrides)
        choice = presets_for(look)  # as their files are: what was put on top goes when another is taken
        table = table_of([*choice, preset])
        look_map(preset.midi, f"{preset.name}: midi", table)
        stage = stack.enter_context(closing(_stage(options, table)))
        painter = stack.enter_context(closing(ThreadRender(_loading(plan, options.outside), PaintRenderer())))
        port: Render = painter
        stage.compositor.prepare([file for look in (preset, *choice) for file in look.chain.shaders])
        clock = WallClock(stage.max_fps, options.seconds, waits=True)
        source = stack.enter_context(closing(_live_source(options, clock, measured)))
        ears = Ears(source, Analyser(source.rate))
        keys: Source = stage if isinstance(stage, Window) else Script([])
        asked = [ControlEvent(0.0, "play.autopilot", 1.0, "command line")] if options.autopilot else []
        takes = stack.enter_context(closing(_takes(options, plan, choice, broken, stage.size)))
        controls, told = _hands(options, clock, choice, table, stage, takes, stack)
        sources: list[Source] = [keys, Script(asked), *controls]
        problems = [stage.compositor.problem, keeper.problem, *(control.problem for control in controls)]
        sources, port = keep_take(takes, sources, port, ears)
        problems.append(takes.status)
        problems += outlets.open_outlets(options.streams, options.share, stage, ears, options.alpha)
        if options.record:
            problems.append(_record(options, stage, ears).status)
        media = stack.enter_context(closing(_media(options.outside, plan, live=True)))
        problems.append(media.problem)
        settings = Settings(plan.painted, stage.refresh_rate, 0, plan.overrides, table)
        offered = None if options.resume else broken
        show = Show(sources, ears, port, choice, settings, preset, problems, media, keeper, offered, takes)
        yield Live(show, clock, (stage, *told))
        ears.read(min(clock.now(), options.seconds or math.inf))  # the sound of the last frame


def _takes(
    options: PlayOptions, plan: Plan, choice: Sequence[Preset], broken: Preset | None, size: tuple[int, int]
) -> Takes:
    """The take that was asked for, and those that may begin later."""

    def make(folder: Path, state: Preset, now: float) -> TakeWriter:
        return new_take(folder, options, plan, choice, None, size, state, now)

    if options.take is None:
        return Takes(make, takes_dir())
    return Takes(
        make, options.take.parent, new_take(options.take, options, plan, choice, broken, size), options.take.name
    )


Control = OscInput | MidiInput | NoMidi | LinkClock | WebRemote


def _hands(
    options: PlayOptions,
    clock: WallClock,
    choice: Sequence[Preset],
    table: Table,
    stage: Window | Headless,
    takes: Takes,
    stack: ExitStack,
) -> tuple[list[Control], list[Sink]]:
    """What plays the show besides the keys, and who is told what it plays."""
    readback = Readback()
    controls: list[Control] = [*_controls(options, clock, readback, choice, table, stack)]
    sinks: list[Sink] = [readback, *_tellers(options, table, stack)]
    sinks += [control for control in controls if isinstance(control, LinkClock)]
    sinks += [_lights(control, options, table, stack) for control in controls if isinstance(control, MidiInput)]
    osc_port = next((control.port for control in controls if isinstance(control, OscInput)), None)
    learned = next((control.learned for control in controls if isinstance(control, MidiInput)), dict)
    remote = open_remote(options, clock.now, choice, table, osc_port, learned, takes.rows)
    if remote is not None:
        stack.callback(remote.close)
        stage.show_to(remote)
        controls.append(remote)
        sinks.append(remote)
    return controls, sinks


def _controls(
    options: PlayOptions,
    clock: WallClock,
    readback: Readback,
    choice: Sequence[Preset],
    table: Table,
    stack: ExitStack,
) -> list[OscInput | MidiInput | NoMidi | LinkClock]:
    """What plays the show besides the keys. UserError only for what was asked for by name."""
    controls: list[OscInput | MidiInput | NoMidi | LinkClock] = []
    if options.link:
        link = LinkClock(clock.now)
        stack.callback(link.close)
        controls.append(link)
    if options.osc:
        host = "0.0.0.0" if options.listen else "127.0.0.1"
        try:
            names = [preset.name for preset in choice]
            osc = OscInput(clock.now, lambda: readback.values, host, options.osc_port or PORT, names, Book(table))
        except UserError as error:
            if options.osc_port is not None or options.listen:
                raise
            log.warning("%s; the show goes on without OSC", error)
        else:
            stack.callback(osc.close)
            controls.append(osc)
    if options.midi != "-":
        try:
            midi = MidiInput(clock.now, readback, options.midi, options.midi_map, table=table)
        except UserError as error:
            if options.midi is not None or options.midi_map is not None:
                raise
            log.warning("%s; the show goes on without MIDI", error)
        else:
            stack.callback(midi.close)
            controls.append(midi)
    if not any(isinstance(control, MidiInput) for control in controls):
        controls.append(NoMidi(readback))
    return controls


def _lights(midi: MidiInput, options: PlayOptions, table: Table, stack: ExitStack) -> MidiLights:
    """The lights of the controllers that `midi` hears."""
    lights = MidiLights(midi.desk, lambda: midi.ports.devices, table, options.midi)
    lights.start()
    stack.callback(lights.close)
    return lights


def _tellers(options: PlayOptions, table: Table, stack: ExitStack) -> list[Sink]:
    """Who is told what is played: OSC listeners and machines that follow our clock."""
    tellers: list[Sink] = []
    if options.midi_clock_out is not None:
        ticks = ClockOut(options.midi_clock_out)
        stack.callback(ticks.close)
        tellers.append(ticks)
    if not options.osc_out:
        return tellers
    if options.osc and any(target in _own(options) for target in options.osc_out):
        raise UserError("--osc-out names the port that this show listens on: it would turn its own knobs")
    out = OscOut(options.osc_out, table)
    stack.callback(out.close)
    return [*tellers, out]


def _own(options: PlayOptions) -> list[tuple[str, int]]:
    return [(host, options.osc_port or PORT) for host in ("127.0.0.1", "localhost", "0.0.0.0")]


def _stage(options: PlayOptions, table: Table) -> Window | Headless:
    size = options.size or PICTURE
    if options.headless:
        return Headless(size, flash_limit=_safe(options))
    window = Window(
        size,
        fullscreen=options.fullscreen,
        monitor=options.monitor,
        flash_limit=_safe(options),
        performer=options.performer,
        screens=outlets.screens(),
        table=table,
    )
    window.hud_shown = options.hud
    return window


def _safe(options: PlayOptions | RenderOptions) -> bool:
    if not options.flash_limit:
        log.warning("the flash limiter is off: the picture may flash in ways that can cause seizures")
    return options.flash_limit


def _live_source(options: PlayOptions, clock: WallClock, measured: Calibration) -> AudioSource:
    """The file that was named, the input that was named, the default input, or (it is said) the built-in track."""
    supply = None if options.audio is None else open_supply(options.audio, loop=True)
    if supply is None:
        try:
            return LiveInput(options.input, clock.now, delays=measured.inputs)
        except UserError as error:
            if options.input is not None:
                raise
            log.warning("%s; the built-in track plays instead", error)
            supply = open_supply(BUILTIN)
    return playback.play(supply, clock.now)


def _media(outside: Outside, plan: Plan, live: bool) -> MediaDesk:
    return MediaDesk(outside.files, plan.painted, live, plan.preset.media)


def _loading(plan: Plan, outside: Outside) -> Callable[[], Renderer] | None:
    """What loads the model beside the show; None when nothing is to be loaded."""
    if plan.model == PAINT:
        return None

    return partial(_loaded, plan, outside, background=True)


def _record(options: PlayOptions, stage: Window | Headless, ears: Ears) -> Recorders:
    fps = min(stage.refresh_rate, RECORD_FPS)
    recorders = Recorders(options.record, stage, ears, fps, live=True, codec=options.codec, alpha=options.alpha)
    if isinstance(stage, Window):
        stage.recorder = recorders
    return recorders
