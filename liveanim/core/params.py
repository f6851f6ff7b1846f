"""The table of parameters. Adding a parameter is adding a row here and using it.

From one row follow the preset key, the knob, the HUD line, the OSC address, the clamp and the reference page.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from .errors import UserError, near

Acts = Literal["stage", "keyframe"]
Curve = Literal["linear", "log", "toggle", "step"]


@dataclass(frozen=True, slots=True)
class ParamSpec:
    """One parameter. `low`..`high` in `unit` is a knob's way; `smoothing` (s) is how slowly a knob's value is followed.

    reach  the widest values that numbers and expressions may give it; None: `low`..`high`
    acts   'stage': the next display frame shows it; 'keyframe': the next diffusion
    curve  how 0..1 of a knob spreads over the range: linear, log (low > 0), toggle (0 or 1), step (whole numbers)
    choices   words for the whole numbers from 0, which presets and knobs may say instead
    """

    name: str
    unit: str
    low: float
    high: float
    default: float
    acts: Acts
    doc: str
    curve: Curve = "linear"
    smoothing: float = 0.0
    reach: tuple[float, float] | None = None
    choices: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        return self.name.partition(".")[0]

    @property
    def short(self) -> str:
        return self.name.partition(".")[2]

    def clamp(self, value: float) -> float:
        """`value` on a knob's way (and whole, for step and toggle). NaN gives the default; infinities the ends."""
        return self._within(value, self.low, self.high)

    def limit(self, value: float) -> float:
        """As `clamp`, for what an expression or a look gives: inside the reach."""
        return self._within(value, *(self.reach or (self.low, self.high)))

    def _within(self, value: float, low: float, high: float) -> float:
        if math.isnan(value):
            return self.default
        value = min(high, max(low, value))
        return float(round(value)) if self.curve in ("step", "toggle") else value

    def chosen(self, word: str) -> float | None:
        """The number of a choice's name, in any case and with spaces or dashes for '_'; None when it is none."""
        plain = word.strip().lower().replace(" ", "_").replace("-", "_")
        return float(self.choices.index(plain)) if plain in self.choices else None

    def from_unit(self, position: float) -> float:
        """Knob position 0..1 -> value in `unit`."""
        x = min(1.0, max(0.0, position))
        if self.curve == "log":
            return self.clamp(self.low * (self.high / self.low) ** x)
        return self.clamp(self.low + (self.high - self.low) * x)

    def to_unit(self, value: float) -> float:
        """Value in `unit` -> knob position 0..1."""
        v = self.clamp(value)
        if self.curve == "log":
            return math.log(v / self.low) / math.log(self.high / self.low)
        return (v - self.low) / (self.high - self.low)


METER = 4  # beats of a bar where nothing else is said
PROMPT_SLOTS = 8
TEXTS = (*(f"prompt.{slot}" for slot in range(1, PROMPT_SLOTS + 1)), "prompt.negative")
"""What takes a text: the prompt slots are no parameters."""
MACRO_NAMES = ("trails", "glow", "split", "colour", "mirrors", "rush", "blocks", "dream")
"""What macros are called in presets that do not use them (macros.MACROS)."""
P = ParamSpec


def _choice(name: str, acts: Acts, doc: str, choices: str, default: str = "") -> ParamSpec:
    """A row whose values have names; the first is the default unless said."""
    words = tuple(choices.split())
    first = float(words.index(default)) if default else 0.0
    return P(name, "", 0, len(words) - 1, first, acts, f"{doc}: {', '.join(words)}", "step", choices=words)


_ROWS = (
    # what is painted
    *(
        P(f"prompt.weight{n}", "", 0, 1, float(n == 1), "keyframe", f"weight of prompt slot {n}", smoothing=0.1)
        for n in range(1, PROMPT_SLOTS + 1)
    ),
    P(
        "prompt.position",
        "",
        0,
        PROMPT_SLOTS,
        0,
        "keyframe",
        "place along a journey of prompts: 1.5 is halfway from the second to the third",
        reach=(0, 1e6),
    ),
    P("prompt.fade", "s", 0, 30, 0, "keyframe", "how long the old words fade into new ones; 0 is a cut"),
    P("picture.seed", "", -1, 4294967295, 1, "keyframe", "seed; 1.5 is halfway from 1 to 2, -1 another every time"),
    _choice(
        "picture.seed_mode",
        "keyframe",
        "noise that drifts, or one noise a seed and how that goes on",
        "drift fixed iter ladder alternate random",
    ),
    P("picture.seed_every", "", 1, 100, 1, "keyframe", "keyframes that share a seed in seed_mode iter", "step"),
    P("picture.subseed", "", 0, 4294967295, 0, "keyframe", "second seed, mixed in by subseed_strength", "step"),
    P("picture.subseed_strength", "", 0, 1, 0, "keyframe", "way from the seed's noise (0) to the subseed's (1)"),
    P(
        "picture.strength",
        "",
        0,
        1,
        0.55,
        "keyframe",
        "share of the previous picture kept (1 - denoise)",
    ),
    _choice(
        "picture.strength_as",
        "keyframe",
        "strength by this model's noise, or so that as much is kept as by Stable Diffusion's",
        "own sd",
    ),
    P("picture.steps", "", 1, 8, 2, "keyframe", "diffusion steps of a keyframe", "step"),
    P("picture.guidance", "", 0, 12, 1, "keyframe", "classifier-free guidance; 1 is off (and the fastest)"),
    _choice(
        "picture.against",
        "keyframe",
        "what guidance leads away from: the negative words, or the picture painted over, at no cost",
        "words picture",
    ),
    P("picture.noise", "", 0, 0.3, 0.02, "keyframe", "grain added before painting: more gives more new detail"),
    P(
        "picture.cadence",
        "s",
        0,
        4,
        0.1,
        "keyframe",
        "time from one keyframe to the next; 0: as fast as it goes",
        reach=(0, 60),
    ),
    P("picture.beats", "beats", 0, 16, 0, "keyframe", "a keyframe on every so many beats, not by cadence; 0: off"),
    P("picture.trigger", "", 0, 1, 0, "keyframe", "a keyframe more whenever this rises above 0.5 (an onset, a pad)"),
    P("picture.fade", "", 0, 1, 1, "stage", "length of the fade, as a share of the time between keyframes"),
    P("picture.coherence", "", 0, 1, 0.4, "keyframe", "how firmly colours are held to the look's own"),
    _choice("picture.mode", "keyframe", "what a keyframe is painted from", "feedback still video"),
    P("picture.init_strength", "", 0, 1, 0.8, "keyframe", "share of the init image kept in a picture begun afresh"),
    P("picture.flow_fade", "", 0, 1, 0, "stage", "fades follow what has moved from keyframe to keyframe"),
    P(
        "picture.redo",
        "",
        0,
        8,
        0,
        "keyframe",
        "times a picture is painted over before it counts: each costs one",
        "step",
    ),
    P(
        "picture.redo_flow",
        "",
        -4,
        4,
        0,
        "keyframe",
        "how far a picture thrown away moves the one painted over; 0: off",
    ),
    P("picture.grey", "", 0, 1, 0, "keyframe", "no colours, before and after painting", "toggle"),
    _choice("picture.pivot", "keyframe", "what contrast leaves as it is", "mid_grey black"),
    P("picture.contrast", "", 0.5, 1.5, 1, "keyframe", "contrast of the fed-back picture about mid-grey"),
    P("picture.sharpen", "", 0, 1, 0.15, "keyframe", "sharpening of the fed-back picture against blur"),
    P("picture.blend_curve", "", 0, 1, 0.5, "stage", "fade between keyframes: 0 even, 1 slow at both ends"),
    # how the feedback picture travels (per second, relative to picture height)
    P(
        "camera.zoom",
        "/s",
        0.1,
        10,
        1,
        "stage",
        "growth per second: 1.1 is 10 % larger every second",
        "log",
        reach=(1e-6, 1e6),
    ),
    P("camera.angle", "deg/s", -360, 360, 0, "stage", "roll, counter-clockwise"),
    P("camera.x", "height/s", -4, 4, 0, "stage", "content moves right"),
    P("camera.y", "height/s", -4, 4, 0, "stage", "content moves down"),
    P("camera.flip_x", "deg/s", -180, 180, 0, "stage", "perspective tilt about the horizontal axis"),
    P("camera.flip_y", "deg/s", -180, 180, 0, "stage", "perspective turn about the vertical axis"),
    P("camera.centre_x", "", 0, 1, 0.5, "stage", "centre of zoom and roll, 0 left .. 1 right"),
    P("camera.centre_y", "", 0, 1, 0.5, "stage", "centre of zoom and roll, 0 top .. 1 bottom"),
    P("camera.flip_z", "deg/s", -180, 180, 0, "stage", "perspective roll, before the tilt"),
    P("camera.flip_fov", "deg", 10, 160, 53.13, "stage", "field of view of the tilted picture"),
    _choice("camera.border", "stage", "what comes in from outside", "reflect replicate wrap zeros"),
    _choice("camera.sampling", "keyframe", "how the moved picture is read", "bicubic bilinear nearest"),
    _choice("camera.warp", "stage", "exact, or as Deforum computes it", "native compat"),
    # a flight through the picture's depth; 1 is the distance of its nearest parts
    P("space.x", "/s", -20, 20, 0, "stage", "3D: the camera moves right"),
    P("space.y", "/s", -20, 20, 0, "stage", "3D: the camera moves up"),
    P("space.z", "/s", -20, 20, 0, "stage", "3D: the camera moves forward"),
    P("space.pitch", "deg/s", -360, 360, 0, "stage", "3D: the camera looks up"),
    P("space.yaw", "deg/s", -360, 360, 0, "stage", "3D: the camera turns right"),
    P("space.roll", "deg/s", -360, 360, 0, "stage", "3D: the picture rolls counter-clockwise"),
    P("space.fov", "deg", 10, 170, 70, "stage", "3D: vertical field of view; smaller: stronger forward motion"),
    P("space.aspect", "", 0.1, 10, 1, "stage", "3D, compat only: divides the horizontal scale"),
    P("space.relief", "", 0, 8, 1, "stage", "3D: how much farther the farthest parts are than the nearest"),
    _choice("space.depth", "keyframe", "3D: where depth comes from", "auto tunnel landscape picture flat"),
    P("space.midas_weight", "", 0, 1, 1, "keyframe", "3D: share of the depth model's depth; the rest is geometry"),
    # pictures from outside
    P("video.rate", "frames/s", -240, 240, 0, "keyframe", "pace of the video; 0: its own, below 0: backwards"),
    P("video.every", "", 1, 100, 1, "keyframe", "only every so many frames of the video are shown", "step"),
    P("video.first", "frame", 0, 1000000, 0, "keyframe", "first frame of the video to show", "step"),
    P("video.last", "frame", -1, 1000000, -1, "keyframe", "last frame of the video to show; -1: its last", "step"),
    _choice(
        "mask.source", "keyframe", "where the mask comes from; white is painted, black kept", "off file alpha words"
    ),
    P("mask.invert", "", 0, 1, 0, "keyframe", "the other way round: black is painted", "toggle"),
    P("mask.brightness", "", 0, 4, 1, "keyframe", "factor on the mask"),
    P("mask.contrast", "", 0, 4, 1, "keyframe", "contrast of the mask about mid-grey"),
    P("mask.blur", "px", 0, 64, 4, "keyframe", "softness of the mask's edge"),
    P("mask.overlay", "", 0, 1, 1, "keyframe", "what the mask keeps is put back over the painted picture", "toggle"),
    # the video in the feedback ("hybrid video")
    _choice("hybrid.composite", "keyframe", "when the video is mixed in", "none before_motion normal after"),
    P("hybrid.alpha", "", 0, 1, 0.5, "keyframe", "share of the video in the mix"),
    _choice("hybrid.mask", "keyframe", "where it is mixed in", "none depth video_depth blend difference"),
    P("hybrid.mask_alpha", "", 0, 1, 0.5, "keyframe", "mask blend: share of the video in the mask"),
    P("hybrid.mask_invert", "", 0, 1, 0, "keyframe", "the mix's mask the other way round", "toggle"),
    P("hybrid.mask_contrast", "", 0, 4, 1, "keyframe", "contrast of the mix's mask"),
    _choice("hybrid.mask_equalize", "keyframe", "even out the mix's mask", "none before after both"),
    P("hybrid.mask_auto", "", 0, 1, 0, "keyframe", "spread the mix's mask between its percentiles", "toggle"),
    P("hybrid.mask_low", "%", 0, 100, 0, "keyframe", "percentile of that mask that becomes black"),
    P("hybrid.mask_high", "%", 0, 100, 100, "keyframe", "percentile of that mask that becomes white"),
    _choice("hybrid.motion", "keyframe", "how the video's motion moves the picture", "none flow affine perspective"),
    _choice("hybrid.method", "keyframe", "how flow is found", "dis_medium dis_fine farneback"),
    P("hybrid.factor", "", -4, 4, 1, "keyframe", "how much of the video's motion"),
    P("hybrid.consistency", "", 0, 1, 0, "keyframe", "flow only where forward and backward agree", "toggle"),
    P("hybrid.blur", "px", 0, 16, 2, "keyframe", "softness of that"),
    P("hybrid.from_picture", "", 0, 1, 0, "keyframe", "motion from the last picture to the video's", "toggle"),
    # networks put on top of the model: --lora FILE, --control FOLDER
    *(P(f"lora.weight{n}", "", -2, 2, 1, "keyframe", f"weight of LoRA {n}") for n in range(1, 5)),
    *(P(f"control.weight{n}", "", 0, 2, 1, "keyframe", f"weight of ControlNet {n}") for n in range(1, 6)),
    *(P(f"control.start{n}", "", 0, 1, 0, "keyframe", f"where on its way ControlNet {n} begins") for n in range(1, 6)),
    *(P(f"control.end{n}", "", 0, 1, 1, "keyframe", f"where on its way ControlNet {n} ends") for n in range(1, 6)),
    *(
        _choice(f"control.source{n}", "keyframe", f"what ControlNet {n} is shown", "picture video file")
        for n in range(1, 6)
    ),
    *(
        _choice(f"control.filter{n}", "keyframe", f"of which ControlNet {n} is shown", "none edges grey depth")
        for n in range(1, 6)
    ),
    # motion without a video: a field of flow moves the picture
    P("flow.amount", "height/s", -2, 2, 0, "keyframe", "organic motion of the fed-back picture"),
    _choice("flow.source", "keyframe", "what it flows along", "noise picture"),
    P("flow.scale", "", 0.25, 16, 2, "keyframe", "eddies per picture height", "log"),
    P("flow.speed", "/s", 0, 4, 0.2, "keyframe", "how fast the eddies change"),
    # colours and detail of the fed-back picture, as Deforum has them
    _choice("match.space", "keyframe", "colours are matched to the sample in this space", "none lab hsv rgb"),
    _choice("match.to", "keyframe", "the sample colours are matched to", "first image video"),
    P("match.amount", "", 0, 1, 1, "keyframe", "how firmly colours are matched"),
    P("match.every", "", 1, 600, 1, "keyframe", "the video gives a new colour sample every so many keyframes", "step"),
    P("unsharp.amount", "", 0, 5, 0, "keyframe", "unsharp mask on the fed-back picture: how much is added"),
    P("unsharp.kernel", "px", 1, 31, 5, "keyframe", "unsharp mask: width of the blur (odd)", "step"),
    P("unsharp.sigma", "px", 0, 10, 1, "keyframe", "unsharp mask: softness of the blur; 0 follows from the kernel"),
    P("unsharp.threshold", "levels", 0, 255, 0, "keyframe", "unsharp mask: smaller differences stay as they are"),
    P("noise.amount", "", 0, 1, 0, "keyframe", "noise mixed into the fed-back picture"),
    _choice("noise.type", "keyframe", "kind of that noise", "uniform perlin"),
    P("noise.width", "", 1, 64, 8, "keyframe", "perlin: cells across", "step"),
    P("noise.height", "", 1, 64, 8, "keyframe", "perlin: cells down", "step"),
    P("noise.octaves", "", 1, 7, 4, "keyframe", "perlin: octaves", "step"),
    P("noise.persistence", "", 0, 1, 0.5, "keyframe", "perlin: share of each next octave"),
    P("noise.masked", "", 0, 1, 0, "keyframe", "noise only where the mask lets paint", "toggle"),
    # what the stage adds on the next display frame
    P("stage.punch", "", -0.5, 1, 0, "stage", "momentary zoom: 0.1 is 10 % larger now"),
    P("stage.shake", "", 0, 1, 0, "stage", "camera shake"),
    P("stage.exposure", "EV", -4, 4, 0, "stage", "brightness in photographic stops"),
    P("stage.hue", "turns", -1, 1, 0, "stage", "hue rotation"),
    P("stage.saturation", "", 0, 2, 1, "stage", "colourfulness; 0 is grey"),
    P("stage.feedback", "", 0, 0.97, 0, "stage", "trails: share of the last display frame that stays"),
    _choice("stage.mirror", "stage", "one half mirrored onto the other", "off left_right top_bottom both"),
    P("stage.kaleidoscope", "", 0, 16, 0, "stage", "mirror segments about the centre; 0 off", "step"),
    P("stage.split", "", 0, 1, 0, "stage", "RGB split"),
    P("stage.bloom", "", 0, 1, 0, "stage", "glow of the bright parts"),
    P("stage.vignette", "", 0, 1, 0.15, "stage", "dark corners"),
    P("stage.grain", "", 0, 1, 0, "stage", "film grain"),
    P("stage.pixelate", "", 0, 1, 0, "stage", "blocks"),
    P("stage.invert", "", 0, 1, 0, "stage", "negative"),
    P("stage.strobe", "", 0, 1, 0, "stage", "how dark the picture blinks; the flash limiter has the last word"),
    P("stage.strobe_rate", "/beat", 0.25, 8, 2, "stage", "blinks per beat", "log"),
    P("stage.generator_mix", "", 0, 1, 1, "stage", "how much of the generator shader is seen"),
    _choice(
        "stage.generator_mode",
        "stage",
        "how the generator shader is laid over the picture",
        "over add screen multiply difference",
        "screen",
    ),
    P("stage.lut_mix", "", 0, 1, 1, "stage", "how much of the colour table is seen"),
    P("stage.linear_fade", "", 0, 1, 0, "stage", "keyframes fade as light does: brighter halfway", "toggle"),
    P("stage.deflicker", "", 0, 1, 0, "stage", "evens out brightness that jumps from keyframe to keyframe"),
    P("stage.steady", "", 0, 1, 0, "stage", "holds keyframes still that tremble against each other"),
    P("stage.median", "", 0, 1, 0, "stage", "middle of the last three frames: sparks of a single one are gone"),
    _choice("stage.key", "stage", "what becomes transparent: black here, clear with --alpha", "none dark bright hue"),
    P("stage.key_level", "", 0, 1, 0.2, "stage", "how much of it: brightness, or distance in turns of hue times 4"),
    P("stage.key_soft", "", 0, 1, 0.1, "stage", "softness of its edge"),
    P("stage.key_hue", "turns", 0, 1, 1 / 3, "stage", "the hue that becomes transparent: 0 red, 0.33 green, 0.67 blue"),
    # a picture over all of it: --logo FILE
    P("logo.opacity", "", 0, 1, 1, "stage", "how much of the logo is seen", smoothing=0.15),
    P("logo.x", "", 0, 1, 0.5, "stage", "centre of the logo, 0 left .. 1 right", reach=(-2, 3)),
    P("logo.y", "", 0, 1, 0.5, "stage", "centre of the logo, 0 top .. 1 bottom", reach=(-2, 3)),
    P("logo.size", "", 0, 1, 0.3, "stage", "size of the logo: 1 is as large as fits the picture", reach=(0, 10)),
    P("logo.angle", "deg", -180, 180, 0, "stage", "roll of the logo, counter-clockwise", reach=(-1e6, 1e6)),
    _choice("logo.mode", "stage", "how the logo is laid over the picture", "over add screen"),
    # lamps and LEDs that show the picture: --lights FILE
    P("lights.level", "", 0, 1, 1, "stage", "brightness of the lights, of that of the picture"),
    P("lights.saturation", "", 0, 2, 1.3, "stage", "colourfulness of the lights; 1 as the picture has it"),
    P("lights.smooth", "s", 0, 5, 0.05, "stage", "time in which the lights follow the picture"),
    # safety and sound
    P("out.blackout", "", 0, 1, 0, "stage", "black picture: at once, or faded by out.fade", "toggle"),
    P("out.freeze", "", 0, 1, 0, "stage", "hold the picture", "toggle"),
    P("out.level", "", 0, 1, 1, "stage", "master fader: brightness of all that is shown; 0 is black", smoothing=0.03),
    P("out.fade", "s", 0, 30, 0, "stage", "time that a blackout takes to come and to go; 0 cuts"),
    # how the show is played
    P("play.fade", "s", 0, 60, 2, "stage", "time that a change of preset takes; 0 cuts"),
    _choice("play.quantise", "stage", "what presets, scenes and resets wait for", "nothing beat bar four_bars"),
    P("play.meter", "beats", 1, 16, METER, "stage", "beats of a bar, from the next bar line on", "step"),
    P("play.morph", "", 0, 1, 0, "stage", "from scene A to scene B of the preset", smoothing=0.05),
    P("play.x", "", 0, 1, 0, "stage", "from scenes A and C to scenes B and D", smoothing=0.05),
    P("play.y", "", 0, 1, 0, "stage", "from scenes A and B to scenes C and D", smoothing=0.05),
    P("play.autopilot", "", 0, 1, 0, "stage", "scenes and presets change by themselves with the music", "toggle"),
    P("play.ahead", "ms", -200, 300, 0, "stage", "the beat that is shown is so far ahead of the one heard (latency)"),
    P("audio.gain", "dB", -40, 40, 0, "stage", "input gain before analysis (auto-gain follows it)"),
    P("audio.gate", "dB", -100, -20, -66, "stage", "input below this is silence: levels are 0, the auto-gain holds"),
    P("audio.attack", "s", 0.001, 1, 0.005, "stage", "how fast the levels rise", "log"),
    P("audio.release", "s", 0.01, 5, 0.12, "stage", "how fast the levels fall", "log"),
    P("audio.decay", "s", 0.02, 5, 0.18, "stage", "how fast onset, kick, snare and hat fall", "log"),
    *(
        P(f"audio.band{n}_{end}", "Hz", 20, 20000, 20, "stage", f"{end} end of band{n}, a level of your own", "log")
        for n in range(1, 9)
        for end in ("low", "high")
    ),
    *(
        P(
            f"macro.m{n}",
            "",
            0,
            1,
            0,
            "stage",
            f"macro {n}: what a preset makes of m{n}; else {word}",
        )
        for n, word in enumerate(MACRO_NAMES, 1)
    ),
)
PARAMS: Mapping[str, ParamSpec] = MappingProxyType({row.name: row for row in _ROWS})
Table = Mapping[str, ParamSpec]
"""Rows by name: PARAMS, or PARAMS with the rows that a show's shaders bring. A show is given its table and keeps it."""


def with_rows(rows: Iterable[ParamSpec], table: Table = PARAMS) -> Table:
    """`table` and `rows`; a row of the same name takes the place of the old one."""
    return MappingProxyType({**table, **{row.name: row for row in rows}})


def spec(name: str, table: Table = PARAMS) -> ParamSpec:
    """The row of `table` called `name`; UserError with the near names when there is none."""
    try:
        return table[name]
    except KeyError:
        raise UserError(f"unknown parameter {name!r}{near(name, table)}") from None


def defaults(table: Table = PARAMS) -> dict[str, float]:
    """Every parameter's default by name."""
    return {name: row.default for name, row in table.items()}


@dataclass(frozen=True, slots=True)
class Values:
    """Parameters by name, at their defaults where nothing is said."""

    known: Mapping[str, float]

    def __getitem__(self, name: str) -> float:
        return self.known.get(name, PARAMS[name].default)

    def on(self, name: str) -> bool:
        return self[name] > 0.5

    def word(self, name: str) -> str:
        """The choice that the value of `name` stands for."""
        row = PARAMS[name]
        return row.choices[int(row.clamp(self[name]))]
