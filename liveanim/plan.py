"""What is to be played: the look, the model and the sizes that the options of a command, or a take, ask for."""

from __future__ import annotations

import logging
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .core.errors import UserError
from .core.expr import Driver
from .core.params import PARAMS, spec
from .core.preset import Preset, read_driver
from .core.scenes import Drivers
from .core.setlist import NO_SET, SetList
from .inputs.midimap import look_map
from .library import as_toml, find_preset, parse_preset, table_of, with_shaders
from .options import Outside, PlayOptions, RenderOptions
from .render.inline import Start
from .render.models import find
from .setlist import SetFile, in_order, open_set
from .span import Span, span_of
from .takes.files import safe
from .takes.reader import TakeReader

log = logging.getLogger(__name__)

DEFAULT_PRESET = "neon-tunnel"
PAINT = "paint"
PICTURE = (1280, 720)  # of a video or a window when nothing else is said
RENDER_FPS = 30.0
PAINTED_AREA = {"ember": 448 * 256, "sd-turbo": 512 * 512, "sdxl-turbo": 768 * 512, PAINT: 640 * 360}
BROKEN_OFF = "_broken off_"  # a take's name for the state that the show offered to take up
PAINTED_SIDE = {"ember": 256}  # pixels of the shorter side above which a model repeats its motifs, small
GRID = 32  # painted pictures are whole multiples: the networks halve them five times
UNIT = 16  # of which every network can paint multiples


@dataclass(frozen=True, slots=True)
class Painting:
    """By which model a preset is painted, and how large, from the first one of a show to the last.

    model     the one that was asked for, for all of them; default: of those that name none, when none was
    picture   (width, height) that is shown
    painted   (width, height) of keyframes; None: as the preset says, or as suits the model
    known     by model, what suited it when a take was played
    """

    model: str | None
    default: str
    picture: tuple[int, int]
    painted: tuple[int, int] | None = None
    known: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def __call__(self, preset: Preset) -> tuple[str, tuple[int, int]]:
        """(model, (width, height) of keyframes)."""
        name = self.model or preset.model or self.default
        return name, self.painted or preset.size or self.known.get(name) or painted_size(name, self.picture)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be played, from `preset` on. overrides: parameters the command line sets."""

    preset: Preset
    painting: Painting
    overrides: Drivers

    @property
    def model(self) -> str:
        """The model to begin with."""
        return self.painting(self.preset)[0]

    @property
    def painted(self) -> tuple[int, int]:
        """(width, height) of the first keyframes."""
        return self.painting(self.preset)[1]


def painted_size(model: str, picture: tuple[int, int]) -> tuple[int, int]:
    """(width, height) to paint for a picture of that shape: what the model does well, never more than the picture."""
    width, height = picture
    area, side = PAINTED_AREA.get(model, 512 * 512), PAINTED_SIDE.get(model, math.inf)
    scale = min(math.sqrt(area / (width * height)), side / min(width, height))
    if scale >= 1:
        return picture if model == PAINT else (width // UNIT * UNIT, height // UNIT * UNIT)
    wide, high = (max(2, round(n * scale / GRID)) * GRID for n in picture)
    return wide, high


def default_model() -> str:
    """sd-turbo where there is an NVIDIA GPU, else ember. A cheap look: torch is loaded later, beside the show."""
    return "sd-turbo" if shutil.which("nvidia-smi") or Path("/dev/nvidiactl").exists() else "ember"


def plan_for(preset: Preset, painting: Painting, overrides: Mapping[str, float | str]) -> Plan:
    """UserError for a model or parameter that nobody knows, and for an expression with a mistake."""
    plan = Plan(preset, painting, {key: _override(key, value) for key, value in overrides.items()})
    if plan.model != PAINT:
        find(plan.model)
    return plan


def _override(name: str, value: float | str) -> Driver | float:
    driver = read_driver(name, value, f"--param {name}", PARAMS)
    if isinstance(driver, float):
        return spec(name).limit(driver)
    if name.startswith("out."):
        raise UserError(f"--param {name}: takes no expression, only a number")
    return driver


def params_of(asked: Sequence[str]) -> dict[str, float | str]:
    """What `--param` says, by the names of parameters. UserError for one that is not NAME=VALUE."""
    values: dict[str, float | str] = {}
    for text in asked:
        name, equals, value = text.partition("=")
        if not equals:
            raise UserError(f"--param {text}: expected NAME=VALUE, as in logo.x=0.9")
        values[name.strip()] = value.strip()
    return values


def render_plan(options: RenderOptions, take: TakeReader | None, picture: tuple[int, int]) -> Plan:
    """What a render plays, for a picture of that (width, height)."""
    asked = {"picture.seed": options.seed, "picture.steps": options.steps}
    overrides = params_of(options.params) | {name: float(value) for name, value in asked.items() if value is not None}
    if take is None:
        preset = _named(options.preset or DEFAULT_PRESET, options)
        return plan_for(preset, Painting(options.model, default_model(), picture, options.painted), overrides)
    info = take.info
    if options.preset:
        preset = _named(options.preset, options)
    else:
        preset = with_shaders(kept_preset(take, info.preset_text, info.preset), options.shaders)
    overrides = {"picture.seed": info.seed, **info.overrides, **overrides}
    return plan_for(preset, _painted_then(options, take, picture), overrides)


def _painted_then(options: RenderOptions, take: TakeReader, picture: tuple[int, int]) -> Painting:
    """As it was then, whatever the size now: other numbers of pixels would be other pictures. Takes without a default
    model are from when model and size stayed as they were at the start."""
    info, stayed = take.info, not take.info.default
    model, default = options.model or info.asked or (info.model if stayed else None), info.default or default_model()
    if options.model not in (None, info.model):
        return Painting(model, default, picture, options.painted)
    painted = options.painted or (info.size if stayed else None)
    named = kept_preset(take, info.preset_text, info.preset).size  # then that is what the first size is
    return Painting(model, default, take.shown or picture, painted, {} if named else {info.model: info.size})


def _named(name: str, options: RenderOptions) -> Preset:
    """The preset that a render was asked for: as a show with the user's set list has it, and whole, so that what a show
    would refuse is said."""
    found = open_set(None)
    numbered = in_order(found, lambda path, error: None)[0] if found.listed.names else ()
    preset = with_shaders(find_preset(name, [preset for _, preset in numbered]), options.shaders)
    look_map(preset.midi, f"{preset.name}: midi", table_of([preset]))
    return preset


def first_look(
    options: PlayOptions, broken: Preset | None, numbered: Sequence[Preset] = (), listed: SetList = NO_SET
) -> Preset:
    """What a show begins with: the preset asked for, else the first of the set list, or, to resume, the `broken` off
    state. UserError without it."""
    if not options.resume:
        first = numbered[0].name if numbered and numbered[0].name in listed.names else DEFAULT_PRESET
        return find_preset(options.preset or first, numbered)
    if broken is None:
        raise UserError("no show broke off here: there is nothing to resume")
    return replace(broken, text=as_toml(broken))


def presets_of(found: SetFile) -> tuple[list[Preset], list[Preset]]:
    """The presets of a show with that set list: those that have numbers, by these, and those that have none. One that
    cannot be read is said and left out."""
    numbered, others = in_order(found, lambda path, error: log.warning("%s", error))
    return [preset for _, preset in numbered], [preset for _, preset in others]


def broken_off(take: TakeReader | None) -> Preset | None:
    """What the show of a take had to take up when it began."""
    text = take.looks().get(safe(BROKEN_OFF)) if take else None
    return kept_preset(take, text, BROKEN_OFF) if take and text else None


def kept_preset(take: TakeReader, text: str, name: str) -> Preset:
    """A preset of a take, played with the files that were kept for it."""
    return parse_preset(text, name, kept=take.files(name))


def outside_of(asked: Outside, take: TakeReader | None) -> Outside:
    """The pictures and networks of a render: those `asked` for, else those that the take was played with."""
    if take is None:
        return asked
    info, files = take.info, take.files()
    media = dict(asked.files)
    for key, name in info.media.items():
        place = files.get(name, name)
        if key not in media and Path(place).exists():
            media[key] = place
        elif key not in media:
            log.warning("%s: %s %s is not in the take, nor there: give it with --%s", take.folder, key, name, key)
    loras = asked.loras or tuple(files.get(name, name) for name in info.loras)
    depth, words = asked.depth or info.depth or None, asked.words or info.words or None
    controls = asked.controls or info.controls
    return replace(asked, files=media, depth=depth, loras=loras, controls=controls, words=words)


def presets_for(
    first: Preset, take: TakeReader | None = None, known: Sequence[Preset] = (), *, in_place: bool = False
) -> list[Preset]:
    """The presets that keys and events choose from: those of the take if it has any, those `known`, or the library's.
    `first` is among them, or one of its name, whose place it takes when it is to be `in_place`."""
    kept = take.looks() if take else {}
    presets = [kept_preset(take, text, name) for name, text in kept.items() if name != safe(BROKEN_OFF)] if take else []
    presets = presets or list(known) or presets_of(SetFile(None))[0]
    if in_place:
        presets = [first if preset.name == first.name else preset for preset in presets]
    return presets if first.name in [preset.name for preset in presets] else [*presets, first]


def span_for(options: RenderOptions, take: TakeReader | None, length: float | None) -> Span:
    """The frames that a render of sound until show time `length` (s; None: nobody knows) has."""
    fps = options.fps or (take.info.fps if take else 0) or RENDER_FPS
    begin = options.begin if options.begin is not None else take.info.begin if take else 0.0
    end, seconds = options.end, options.seconds
    if take is not None and seconds is not None:
        # A shorter render of a performance is a part of it, not a shorter performance.
        end, seconds = min(begin + seconds, end or math.inf), None
    return span_of(length, fps, begin=begin, end=end, seconds=seconds)


def start_of(take: TakeReader | None, span: Span) -> Start:
    """Where to begin painting: at the start, or at the picture of the take that was kept before the part begins."""
    if span.lead_in == 0.0:
        return Start()
    kept = take.kept(span.lead_in) if take else None
    return Start(kept.time, take.picture(kept)) if take and kept else Start(span.lead_in)


def moments_of(take: TakeReader | None, options: RenderOptions) -> list[tuple[int, float]] | None:
    """When to paint; None: whenever the preset's cadence says so."""
    if take is None or not take.moments or options.pace == "free":
        return None
    return [(moment.index, moment.time) for moment in take.moments]
