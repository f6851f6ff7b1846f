"""Builds a show from what was asked for, runs it, takes it down in order. Only this module names concrete classes."""

from __future__ import annotations

import logging
import math
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from . import __version__, progress
from .clock import FrameClock, WallClock
from .core.errors import UserError
from .core.model import Blend, ControlEvent
from .core.params import spec
from .core.preset import Preset
from .inputs import playback
from .inputs.analysis import Analyser
from .inputs.audio import LiveInput
from .inputs.ears import Ears
from .inputs.fakes import Script
from .inputs.midi import MidiInput
from .inputs.osc import PORT, OscInput
from .inputs.oscout import OscOut
from .inputs.readback import Readback
from .inputs.sources import AudioSource, Steady, open_supply
from .inputs.take import TakeInfo, TakeReader, TakeWriter
from .library import find_preset, parse_preset, read_preset, shipped
from .options import BUILTIN, PlayOptions, RenderOptions
from .outputs.headless import Headless
from .outputs.sheet import ContactSheet
from .outputs.video import VideoWriter
from .outputs.window import Window
from .render.models import find
from .render.paint import PaintRenderer
from .render.worker import InlineRender, Renderer, ThreadRender
from .show import Settings, Show, Sink, Source, run

log = logging.getLogger(__name__)

DEFAULT_PRESET = "neon-tunnel"
RENDER_FPS = 30.0
RECORD_FPS = 60.0  # at most: a video of a 144 Hz screen need not be larger
PICTURE = (1280, 720)  # of a video or a window when nothing else is said
SWITCH_INTERVAL = 0.0005  # s: as late as a busy Python thread may make the loop
PAINT = "paint"
PAINTED_AREA = {"ember": 448 * 256, "sd-turbo": 512 * 512, "sdxl-turbo": 768 * 512, PAINT: 640 * 360}
GRID = 32  # painted pictures are whole multiples: the networks halve them five times


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be played. painted: (width, height) of keyframes; overrides: parameters the command line sets."""

    preset: Preset
    model: str
    painted: tuple[int, int]
    overrides: dict[str, float]


class Noted:
    """A source whose events are also told to somebody (a take)."""

    def __init__(self, source: Source, tell: Callable[[ControlEvent], None]) -> None:
        self._source, self._tell = source, tell

    def read(self, now: float) -> Sequence[ControlEvent]:
        events = self._source.read(now)
        for event in events:
            self._tell(event)
        return events


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
    with ExitStack() as stack:
        source = Steady(open_supply(str(take.audio) if take else options.source))
        stack.callback(source.close)
        fps = options.fps or (take.info.fps if take else 0) or RENDER_FPS
        frames = frame_count(source.duration, options.seconds, fps)
        size = options.size or PICTURE
        plan = _render_plan(options, take, size)
        stage = Headless(size, flash_limit=_safe(options))
        stack.callback(stage.close)
        ears = Ears(source, Analyser(source.rate))
        writer = VideoWriter(options.output, size, fps, audio_rate=ears.rate, channels=ears.channels)
        stack.callback(writer.abort)
        stage.add_tap(writer)
        ears.add_tap(writer.audio)
        sheet = ContactSheet(options.sheet, frames / fps) if options.sheet else None
        if sheet is not None:
            stage.add_tap(sheet)
            stack.callback(stage.remove_tap, sheet)
        port = InlineRender(_offline_renderer(plan))
        stack.callback(port.close)
        settings = Settings(plan.painted, fps, frames, plan.overrides)
        show = Show([take] if take else [], ears, port, _choice(plan.preset), settings, plan.preset)
        with progress.frames(frames, options.output.name, quiet=options.quiet) as done:
            run(show, FrameClock(fps, frames), [stage, Counted(done)])
        ears.read(frames / fps)  # the sound of the last frame
        writer.close()
        if sheet is not None:
            sheet.close()
    return 0


def frame_count(duration: float | None, seconds: float | None, fps: float) -> int:
    """Frames of a render: the whole source or `seconds` of it, the shorter one. UserError when both are unknown."""
    lengths = [length for length in (duration, seconds) if length is not None]
    if not lengths:
        raise UserError("this source does not say how long it is: add --seconds N")
    return max(1, math.ceil(min(lengths) * fps - 1e-6))


def painted_size(model: str, picture: tuple[int, int]) -> tuple[int, int]:
    """(width, height) to paint for a picture of that shape: what the model does well, never more than the picture."""
    width, height = picture
    area = PAINTED_AREA.get(model, 512 * 512)
    if width * height <= area:
        return picture
    scale = math.sqrt(area / (width * height))
    wide, high = (max(2, round(n * scale / GRID)) * GRID for n in picture)
    return wide, high


def default_model() -> str:
    """sd-turbo where there is an NVIDIA GPU, else ember. A cheap look: torch is loaded later, beside the show."""
    return "sd-turbo" if shutil.which("nvidia-smi") or Path("/dev/nvidiactl").exists() else "ember"


def _plan(preset: Preset, model: str | None, picture: tuple[int, int], overrides: dict[str, float | None]) -> Plan:
    name = model or preset.model or default_model()
    if name != PAINT:
        find(name)
    return Plan(
        preset,
        name,
        preset.size or painted_size(name, picture),
        {key: spec(key).clamp(float(value)) for key, value in overrides.items() if value is not None},
    )


def _render_plan(options: RenderOptions, take: TakeReader | None, picture: tuple[int, int]) -> Plan:
    seed = options.seed
    if take is None:
        preset, model = find_preset(options.preset or DEFAULT_PRESET), options.model
    else:
        preset = (
            find_preset(options.preset) if options.preset else parse_preset(take.info.preset_text, take.info.preset)
        )
        model = options.model or take.info.model
        seed = take.info.seed if seed is None else seed
    return _plan(preset, model, picture, {"picture.seed": seed, "picture.steps": options.steps})


def _choice(first: Preset) -> list[Preset]:
    """The presets that keys and events choose from; `first` is among them."""
    presets = [read_preset(path) for path in shipped()]
    return presets if first.name in [preset.name for preset in presets] else [*presets, first]


def _offline_renderer(plan: Plan) -> Renderer:
    if plan.model == PAINT:
        return PaintRenderer()
    from .render.load import Options, load_or_ember
    from .render.models import find

    find(plan.model)  # offline a name that nobody knows is refused; weights that are missing are not

    return load_or_ember(plan.model, plan.painted, Options(background=False))[0]


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
    preset = find_preset(options.preset or DEFAULT_PRESET)
    plan = _plan(preset, options.model, options.size or PICTURE, {"picture.seed": options.seed})
    with ExitStack() as stack:
        stage = _stage(options)
        stack.callback(stage.close)
        port = ThreadRender(_loading(plan), PaintRenderer())
        stack.callback(port.close)
        choice = _choice(preset)
        clock = WallClock(stage.max_fps, options.seconds)
        source = _live_source(options, clock)
        stack.callback(source.close)
        ears = Ears(source, Analyser(source.rate))
        keys: Source = stage if isinstance(stage, Window) else Script([])
        readback = Readback()
        controls = _controls(options, clock, readback, choice, stack)
        sources: list[Source] = [keys, *controls]
        if options.take is not None:
            writer = TakeWriter(options.take, _take_info(plan))
            stack.callback(writer.close)
            ears.add_tap(writer.sound)
            sources = [Noted(source, writer.event) for source in sources]
        if options.record is not None:
            _record(options.record, stage, ears)
        settings = Settings(plan.painted, stage.refresh_rate, 0, plan.overrides)
        problems = [control.problem for control in controls]
        show = Show(sources, ears, port, choice, settings, preset, problems)
        yield Live(show, clock, (stage, readback, *_tellers(options, stack)))


def _controls(
    options: PlayOptions, clock: WallClock, readback: Readback, choice: Sequence[Preset], stack: ExitStack
) -> list[OscInput | MidiInput]:
    """What plays the show besides the keys. UserError only for what was asked for by name."""
    controls: list[OscInput | MidiInput] = []
    if options.osc:
        host = "0.0.0.0" if options.listen else "127.0.0.1"
        try:
            names = [preset.name for preset in choice]
            osc = OscInput(clock.now, lambda: readback.values, host, options.osc_port or PORT, names)
        except UserError as error:
            if options.osc_port is not None or options.listen:
                raise
            log.warning("%s; the show goes on without OSC", error)
        else:
            stack.callback(osc.close)
            controls.append(osc)
    if options.midi != "-":
        try:
            midi = MidiInput(clock.now, readback, options.midi, options.midi_map)
        except UserError as error:
            if options.midi is not None or options.midi_map is not None:
                raise
            log.warning("%s; the show goes on without MIDI", error)
        else:
            stack.callback(midi.close)
            controls.append(midi)
    return controls


def _tellers(options: PlayOptions, stack: ExitStack) -> list[OscOut]:
    if not options.osc_out:
        return []
    if options.osc and any(target in _own(options) for target in options.osc_out):
        raise UserError("--osc-out names the port that this show listens on: it would turn its own knobs")
    out = OscOut(options.osc_out)
    stack.callback(out.close)
    return [out]


def _own(options: PlayOptions) -> list[tuple[str, int]]:
    return [(host, options.osc_port or PORT) for host in ("127.0.0.1", "localhost", "0.0.0.0")]


def _stage(options: PlayOptions) -> Window | Headless:
    size = options.size or PICTURE
    if options.headless:
        return Headless(size, flash_limit=_safe(options))
    window = Window(size, fullscreen=options.fullscreen, monitor=options.monitor, flash_limit=_safe(options))
    window.hud_shown = options.hud
    return window


def _safe(options: PlayOptions | RenderOptions) -> bool:
    if not options.flash_limit:
        log.warning("the flash limiter is off: the picture may flash in ways that can cause seizures")
    return options.flash_limit


def _live_source(options: PlayOptions, clock: WallClock) -> AudioSource:
    """The file that was named, the input that was named, the default input, or (it is said) the built-in track.

    Show time begins with the sound: opening a supply may take a second.
    """
    supply = None if options.audio is None else open_supply(options.audio, loop=True)
    if supply is None:
        try:
            clock.restart()
            return LiveInput(options.input, clock.now)
        except UserError as error:
            if options.input is not None:
                raise
            log.warning("%s; the built-in track plays instead", error)
            supply = open_supply(BUILTIN)
    clock.restart()
    return playback.play(supply, clock.now)


def _loading(plan: Plan) -> Callable[[], Renderer] | None:
    """What loads the model beside the show; None when nothing is to be loaded."""
    if plan.model == PAINT:
        return None

    def load() -> Renderer:
        from .render.load import load_or_ember

        return load_or_ember(plan.model, plan.painted)[0]

    return load


def _record(path: Path, stage: Window | Headless, ears: Ears) -> None:
    fps = min(stage.refresh_rate, RECORD_FPS)
    writer = VideoWriter(path, stage.size, fps, audio_rate=ears.rate, channels=ears.channels, live=True)
    stage.add_tap(writer)
    ears.add_tap(writer.audio)
    if isinstance(stage, Window):
        stage.recorder = writer


def _take_info(plan: Plan) -> TakeInfo:
    seed = plan.overrides.get("picture.seed", plan.preset.drivers.get("picture.seed", spec("picture.seed").default))
    return TakeInfo(
        __version__,
        plan.preset.name,
        plan.preset.text,
        plan.model,
        plan.painted,
        int(seed) if isinstance(seed, (int, float)) else 0,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
    )
