"""The frozen values that flow through a show.

Conventions, everywhere in liveanim:
- Times are show seconds (float), 0 at the start of the show.
- Pictures are (height, width, 3) uint8 sRGB, RGB order, top row first, read-only.
- A homography is a (3, 3) float64 array that maps a point of a keyframe to where it is seen now. Points are in units of
  picture HEIGHT with the origin at the picture's centre: x right (-w/2h..w/2h), y DOWN (-0.5..0.5). Divide by the third
  component. Samplers (render.warp, the compositor) use its inverse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Matrix = NDArray[np.float64]
Floats = NDArray[np.float32]

WAVE, FFT = 512, 256  # lengths of `Features.wave` and `Features.fft`
T = TypeVar("T")


def _nothing() -> Mapping[str, float]:
    return MappingProxyType({})


def _no_texts() -> Mapping[str, str]:
    return MappingProxyType({})


def frozen_map(values: Mapping[str, T]) -> Mapping[str, T]:
    """A read-only copy of `values`."""
    return MappingProxyType(dict(values))


def frozen_image(image: Image) -> Image:
    """`image` itself, made read-only, so that it may cross threads."""
    image.flags.writeable = False
    return image


def _still(count: int) -> Floats:
    zeros = np.zeros(count, dtype=np.float32)
    zeros.flags.writeable = False
    return zeros


SILENT_WAVE, SILENT_FFT = _still(WAVE), _still(FFT)


def _no_wave() -> Floats:
    return SILENT_WAVE


def _no_fft() -> Floats:
    return SILENT_FFT


BESIDE: Mapping[str | float | None, int] = {"+": 1, "-": -1}
"""What stands for the next preset and the one before."""


@dataclass(frozen=True, slots=True)
class ControlEvent:
    """Something a performer did, stamped with the show time it arrived at.

    target               value
    'camera.zoom' ...    number in the parameter's own unit: takes over from its expression; None releases it; 'toggle'
    'add.camera.zoom'    share of the knob's whole way to turn it on by, -1..1
    'scale.camera.zoom'  factor of the knob's place on its way
    'expr.camera.zoom'   text of the expression it runs from now on; None or '': as the preset has it again
    'prompt.1' ..        text of that prompt slot
    'prompt.negative'    text
    'do.preset' ..       by the rows of core.actions: preset name, 1-based number (float) or one of `BESIDE`; None
    'loops'              text: what repeats when a take begins (core.loops.as_text)
    'clock.midi' 'clock.link'  text 'BPM' or 'BPM BEAT': what another clock says; BEAT counts from a bar line
    'cc.21' 'pad.36' 'osc./fader'   number: what cc(21), pad(36) and osc("/fader") are in expressions
    'hint.camera.zoom'   place 0..1 of a knob that waits to meet the parameter; None: it has
    'beat.do.scene' 'bar.stage.hue' ...   any of the above, put off to the next beat or bar
    """

    time: float
    target: str
    value: float | str | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Features:
    """What the ears know after one analysis hop.

    `values` holds every signal by name, 0..1 unless said: rms bass mid high onset kick snare hat flux centroid silence
    energy bass_energy, harmonic percussive pitch_confidence, onset_count (a count), time_since_onset (s), pitch (Hz, 0:
    none), note (MIDI number, 0: none). `onsets`, `kicks`, `snares`, `hats`, `beats`: show times heard in this hop.
    `bpm` is 0 and `confidence` (0..1) is 0 until a tempo is known.

    wave    (512,) the newest samples, -1..1, newest last, by the auto-gain: the loudest of the last 2 s nearly fills it
    fft     (256,) magnitudes, 0..1 (not logarithmic), evenly over 0 Hz .. half the sample rate, by the same gain
    Both are read-only, flat in silence, and left out when features are compared.
    """

    time: float
    values: Mapping[str, float] = field(default_factory=_nothing)
    onsets: tuple[float, ...] = ()
    kicks: tuple[float, ...] = ()
    snares: tuple[float, ...] = ()
    hats: tuple[float, ...] = ()
    beats: tuple[float, ...] = ()
    bpm: float = 0.0
    confidence: float = 0.0
    wave: Floats = field(default_factory=_no_wave, compare=False, repr=False)
    fft: Floats = field(default_factory=_no_fft, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Prompt:
    """One weighted text of a prompt blend; weights need not sum to 1."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Shots:
    """Pictures from outside that the next keyframe may be painted from, of the keyframe's size or to be fitted to it.

    video     the video's picture now; `before`: its picture at the previous keyframe
    mask      (height, width) uint8: white is painted, black is kept
    init      what a picture begun afresh starts from
    sample    whose colours are to be kept
    controls  one a ControlNet unit, None where the unit has no picture of its own
    """

    video: Image | None = None
    before: Image | None = None
    mask: NDArray[np.uint8] | None = None
    init: Image | None = None
    sample: Image | None = None
    controls: tuple[Image | None, ...] = ()


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """Everything the renderer may know about the next picture. Same request, same previous picture: same result.

    index     keyframe number from 0; the noise of a keyframe comes from (seeds, index) alone
    time      show time the picture belongs to
    size      (width, height) in pixels, multiples of 8
    denoise   0 keeps the (moved) previous picture, 1 paints a new one. 1 - the `strength` of presets
    motion    homography from the previous keyframe's time to this one's
    fresh     True: ignore the previous picture and paint from noise (or from `shots.init`)
    subseed   seed whose noise is mixed in: subseed_share (0..1) of the way from the noise of `seed` to it
    drift     True: the noise turns with the keyframe number; False: it is that of the seeds alone
    since     seconds since the previous keyframe
    move      the camera's move in space since the previous keyframe (core.space), after `motion`
    near_far  the depth model's range to use (core.space.Range's numbers); None: this picture's own
    values    every parameter by its whole name; what is missing is at its default
    mask_words  what a mask in words is of, separated by commas
    model     who is to paint it; '': whoever there is
    """

    index: int
    time: float
    size: tuple[int, int]
    prompts: tuple[Prompt, ...] = ()
    negative: str = ""
    seed: int = 0
    denoise: float = 0.45
    steps: int = 1
    guidance: float = 1.0
    noise: float = 0.0
    coherence: float = 0.0
    contrast: float = 1.0
    sharpen: float = 0.0
    motion: Matrix = field(default_factory=lambda: np.eye(3))
    fresh: bool = False
    subseed: int = 0
    subseed_share: float = 0.0
    drift: bool = True
    beat: float = 0.0
    signals: Mapping[str, float] = field(default_factory=_nothing)
    since: float = 0.0
    move: Matrix = field(default_factory=lambda: np.eye(4))
    near_far: tuple[float, float] | None = None
    values: Mapping[str, float] = field(default_factory=_nothing)
    shots: Shots = field(default_factory=Shots)
    mask_words: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class OnCard:
    """A finished picture in the memory of an NVIDIA card: RGBA bytes, row after row, top row first.

    device    number of the card, as CUDA counts them
    address   where the picture begins
    size      (width, height)
    memory    what keeps it there as long as it lives
    """

    device: int
    address: int
    size: tuple[int, int]
    memory: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A painted picture, for the show time it was asked for. `timings`: milliseconds by stage name.

    depth     (h, w) float32 nearness 0 far .. 1 near, smaller than the picture; None where nothing flies through it
    near_far  lowest and highest answer of the depth model on this picture
    flow      (h, w, 2) float32: how far what is seen here has moved since the previous keyframe (beyond the camera's
              move), in picture heights right and down; None where fades do not follow it
    on_card   where the same picture lies on the card that painted it; None where it is not handed over
    """

    index: int
    time: float
    image: Image
    model: str = ""
    timings: Mapping[str, float] = field(default_factory=_nothing)
    depth: NDArray[np.float32] | None = None
    near_far: tuple[float, float] | None = None
    flow: NDArray[np.float32] | None = None
    on_card: OnCard | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Layer:
    """A keyframe on the stage: how much of it shows (weights of a blend sum to 1) and where it is seen now.

    `move`: the camera's move in space since, after `homography`; it needs the keyframe's depth.
    """

    keyframe: Keyframe
    weight: float
    homography: Matrix
    move: Matrix = field(default_factory=lambda: np.eye(4))


@dataclass(frozen=True, slots=True)
class RenderStatus:
    """What the render side says of itself, for the HUD. vram: as in Status."""

    model: str = ""
    message: str = ""
    failures: int = 0
    dropped: int = 0
    vram: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Status:
    """What the HUD and remotes show of a running show. Rates per second, times in seconds.

    prompt: the text with the most weight; prompts: those of all slots, the first first.

    presets, scenes   names, in the order of their numbers; `scene` is the one that plays, '' for none
    set_list          those of the presets that the set list names; left_out: those that it leaves without a number
    arriving          0..1: how far the change to it has come
    waiting           what is put off to the next beat or bar, as 'do.scene storm'
    learning          what the next knob or pad to move will play; '' for nothing
    taking            name of the take that is kept now; '' for none. filming: of the film that was begun meanwhile
    notice            one line that is good news: what was saved, learned, offered
    undo, redo        how many live edits can be taken back and done again
    broken_off        whether there is a show that broke off to be taken up
    vram              bytes of the graphics card's memory that are taken, and that there are; zeros without a card
    macros            what each macro does where the preset does not use it; '' for its own
    inputs            names of the sound inputs that can be chosen
    loop              how long the gesture is that is being recorded, '4 beats'; '' for none
    looped            names of the parameters whose knobs repeat what was done to them
    tempo             who says the tempo where it is not the ear: 'tapped', 'locked', 'midi' or 'link'
    """

    preset: str = ""
    model: str = ""
    audio: str = ""
    keyframe_rate: float = 0.0
    keyframe_delay: float = 0.0
    bpm: float = 0.0
    taken_over: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    prompt: str = ""
    prompts: tuple[str, ...] = ()
    negative: str = ""
    presets: tuple[str, ...] = ()
    scenes: tuple[str, ...] = ()
    scene: str = ""
    arriving: float = 1.0
    waiting: tuple[str, ...] = ()
    learning: str = ""
    taking: str = ""
    notice: str = ""
    undo: int = 0
    redo: int = 0
    broken_off: bool = False
    vram: tuple[float, float] = (0.0, 0.0)
    macros: tuple[str, ...] = ()
    tempo: str = ""
    set_list: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    filming: str = ""
    loop: str = ""
    looped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """What a look puts on the stage besides keyframes: names of ISF shaders, and the file of a colour table ('': none).

    generator   draws over the picture; filters are drawn one after the other; transition fades between keyframes
    """

    generator: str = ""
    filters: tuple[str, ...] = ()
    transition: str = ""
    lut: str = ""

    @property
    def shaders(self) -> tuple[str, ...]:
        """Every shader it names."""
        return tuple(name for name in (self.transition, self.generator, *self.filters) if name)


@dataclass(frozen=True, slots=True)
class Blend:
    """One display frame as a value: what to show, not yet drawn.

    layers    oldest first; empty before the first keyframe (sinks then show a quiet dark gradient, never garbage)
    stage     every `stage.*` parameter by its short name
    signals   the audio signals of this frame and beat, bar, phase, bpm, meter (for displays and shaders)
    ahead     beats by which beat, bar and phase among them are ahead of what is heard now: a screen shows them later
    values    every parameter's value by its whole name, in its own unit
    knobs     where the knobs stand that have taken over, in the parameters' own units
    holders   by parameter, what took it over: the `source` of the event (window, osc, midi, web ...)
    drivers   by parameter, the text of the expression or number that it runs
    hints     places 0..1 of knobs that wait to meet their parameter before they move it
    modulators   every modulator of the preset by name, 0..1 of its way
    blackout    whether one is on; while it fades something is still seen
    level       how bright the finished picture is shown, a frozen one too: 0 black .. 1 as it is
    midi        what MIDI knobs do in the preset that plays (Preset.midi); the same tuple while it plays
    wave, fft   the sound of this frame, as in Features
    """

    time: float
    layers: tuple[Layer, ...] = ()
    stage: Mapping[str, float] = field(default_factory=_nothing)
    signals: Mapping[str, float] = field(default_factory=_nothing)
    ahead: float = 0.0
    values: Mapping[str, float] = field(default_factory=_nothing)
    knobs: Mapping[str, float] = field(default_factory=_nothing)
    holders: Mapping[str, str] = field(default_factory=_no_texts)
    drivers: Mapping[str, str] = field(default_factory=_no_texts)
    hints: Mapping[str, float] = field(default_factory=_nothing)
    modulators: Mapping[str, float] = field(default_factory=_nothing)
    blackout: bool = False
    freeze: bool = False
    level: float = 1.0
    status: Status = field(default_factory=Status)
    wave: Floats = field(default_factory=_no_wave, compare=False, repr=False)
    fft: Floats = field(default_factory=_no_fft, compare=False, repr=False)
    chain: Chain = field(default_factory=Chain)
    midi: tuple[Mapping[str, Any], ...] = ()
