"""How a picture is painted over: from the moved picture to the next one, as one function of tensors.

Order: colour coherence -> contrast -> sharpen -> grain -> encode -> denoise -> decode -> colour coherence. Numbers are
plain (nothing is then computed for a 0) or tensors of one number; with tensors alone the host never waits and decides
nothing, so that a GPU can be given the whole once and for all (render.resident).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from . import coherence, family, grids
from .coherence import Look
from .family import Number, Schedule
from .prompts import Embedding

PULL = 0.5  # share of `coherence` by which each keyframe's coarse layout goes toward the prompt's own
SMALLEST_SHARE = 0.06  # denoise below which the painted picture fades into the moved one, down to nothing at 0
DEAD, ALIVE = 0.25, 0.6  # vitality: at DEAD a picture is painted anew, above ALIVE it is left alone
CONTRAST_LIMITS = (0.25, 4.0)

Lap = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Own:
    """A prompt's own picture: its colours and detail, and its coarse layout as latents (1, c, few, few)."""

    look: Look
    plan: Tensor


@dataclass(frozen=True, slots=True)
class Dials:
    """The numbers of a keyframe. start: time to begin at (family.start_time); share: of the painted picture, 0..1."""

    coherence: Number
    contrast: Number
    sharpen: Number
    noise: Number
    start: Number
    share: Number


@dataclass(frozen=True, slots=True)
class Way:
    """How noise becomes a picture.

    conditions  what to denoise with, weights that sum to 1
    against     what guidance leads away from; None: no guidance
    itself      it leads away from the picture that is painted over, which asks the network no second time
    later       noise (1, c, h, w), anywhere, for each step after the first of models that draw it anew
    """

    conditions: Sequence[tuple[Embedding, Number]]
    steps: int = 1
    guidance: Number = 1.0
    against: Embedding | None = None
    itself: bool = False
    later: Sequence[Tensor] = ()


@dataclass(frozen=True, slots=True)
class Stroke:
    """Everything there is to know about a keyframe but the picture it is painted over.

    first   noise (1, c, h, w) to begin with, on the host or the device
    grain   noise (1, 1, height / 2, width / 2), None where `dials.noise` is known to be 0
    """

    dials: Dials
    own: Own
    way: Way
    first: Tensor
    grain: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Hand:
    """How colours and detail are measured and led: see `coherence.measure`, `coherence.recoloured`.

    prepared   (moved, its look, own look, dials, grain) -> coherence, contrast, sharpening and grain, clamped to 0..1
    carried    grids.carried
    """

    measure: Callable[..., Look]
    prepared: Callable[[Tensor, Look, Look, Dials, Tensor | None], Tensor]
    recoloured: Callable[[Tensor, Look, Look, Number], Tensor]
    carried: Callable[[Tensor, Tensor], Tensor] = grids.carried


def repainted(
    engine: Any,
    schedule: Schedule,
    stroke: Stroke,
    moved: Tensor,
    lap: Lap = lambda stage: None,
    hand: Hand | None = None,
) -> Tensor:
    """`moved` (1, 3, height, width), 0..1, painted over; same shape and range. `engine`: see engines.Engine.

    `hand`: how the picture itself is worked on; None: with tensors, wherever they are.
    """
    dials, own, hand = stroke.dials, stroke.own, hand or TENSORS
    now = hand.measure(moved)
    source = hand.prepared(moved, now, own.look, dials, stroke.grain)
    lap("coherence")
    latents = coherence.laid_out(engine.encode(source), own.plan, dials.coherence * PULL)
    lap("encode")
    start = _begun(dials.start, coherence.vitality(now, own.look))
    x = family.noised(schedule, latents, stroke.first.to(latents.device), start)
    latents = sampled(engine, schedule, stroke.way, x, start, latents)
    lap("unet")
    picture = engine.decode(latents)
    lap("decode")
    picture = _finished(picture, moved, stroke, hand)
    lap("coherence")
    return picture


def sketched(engine: Any, schedule: Schedule, way: Way, first: Tensor) -> Own:
    """What the picture that `way` makes of noise `first` is like."""
    guesses: list[Tensor] = []
    picture = engine.decode(from_noise(engine, schedule, way, first, guesses.append))
    return Own(coherence.measure(picture), coherence.layout(guesses[0]))


def from_noise(
    engine: Any, schedule: Schedule, way: Way, first: Tensor, callback: Callable[[Tensor], None] | None = None
) -> Tensor:
    """Latents that `way` makes of noise `first` on the engine's device."""
    x = family.noised(schedule, torch.zeros_like(first), first, 1.0)
    return sampled(engine, schedule, way, x, 1.0, None, callback)


def sampled(
    engine: Any,
    schedule: Schedule,
    way: Way,
    x: Tensor,
    start: Number,
    source: Tensor | None = None,
    callback: Callable[[Tensor], None] | None = None,
) -> Tensor:
    """Latents at time `start` -> the picture's. `source`: what `x` was noised from. `callback` sees every guess."""
    path = schedule.path(start, way.steps, x)
    network = _network(engine, schedule, way, source)
    return family.sample(schedule, network, x, path, lambda step: way.later[step - 1].to(x.device), callback)


def sum_of(terms: Sequence[tuple[Tensor, Number]]) -> Tensor:
    """The weighted sum; one term is handed on as it is."""
    if len(terms) == 1:
        return terms[0][0]
    return torch.stack([value * weight for value, weight in terms]).sum(0)


def _prepared(moved: Tensor, now: Look, own: Look, dials: Dials, grain: Tensor | None) -> Tensor:
    """Coherence, contrast, sharpening and grain, in this order."""
    picture = coherence.recoloured(moved, now, own, dials.coherence)
    picture = coherence.contrasted(picture, dials.contrast)
    picture = coherence.redetailed(picture, now, own, dials.coherence, dials.sharpen)
    if grain is not None:
        picture = picture + dials.noise * _grainy(grain.to(picture.device))
    return picture.clamp(0, 1)


def _grainy(fine: Tensor) -> Tensor:
    """Grey noise of two sizes of grain, standard deviation about 1, twice as large as `fine`."""
    coarse = functional.interpolate(fine.roll(1, -1)[..., ::2, ::2], size=fine.shape[-2:], mode="nearest")
    return functional.interpolate(fine + coarse, scale_factor=2, mode="nearest") * 0.7


TENSORS = Hand(coherence.measure, _prepared, coherence.recoloured)


def compiled_hand() -> Hand:
    """`TENSORS` through torch.compile: some 320 launches become a few dozen. Compiled at the first call of each."""

    def made(work: Any) -> Any:
        return torch.compile(work, dynamic=False)

    return Hand(made(coherence.measure), made(_prepared), made(coherence.recoloured), made(grids.carried))


@torch.inference_mode()
def rehearsed(engine: Any, schedule: Schedule, size: tuple[int, int], words: Embedding) -> None:
    """Paint one keyframe of `size` (width, height) with everything as a recorded one has it, so that an engine that
    compiles at the first call has done so. `words` are on its device."""
    width, height = size
    device = words.words.device
    dials, back = torch.zeros(6, device=device).unbind(), torch.eye(3, device=device)
    look = Look(torch.zeros(12 + coherence.OCTAVES, dtype=torch.float64, device=device))
    moved = engine.hand.carried(torch.zeros(1, 3, height, width, device=device), back).clamp(0, 1)
    latents = torch.zeros_like(engine.encode(moved))
    way = Way([(words, dials[0])], guidance=dials[1])
    own, grain = Own(look, coherence.layout(latents)), torch.zeros(1, 1, height // 2, width // 2, device=device)
    repainted(engine, schedule, Stroke(Dials(*dials), own, way, latents, grain), moved, hand=engine.hand)


def _begun(start: Number, vitality: Tensor) -> Number:
    """Where to begin: a picture that has gone flat is painted more strongly, up to anew."""
    if vitality.device.type == "cpu" and not isinstance(start, Tensor):
        weak = min(1.0, max(0.0, (ALIVE - float(vitality)) / (ALIVE - DEAD)))
        return start + (1 - start) * weak**2
    return start + (1 - start) * ((ALIVE - vitality) / (ALIVE - DEAD)).clamp(0, 1) ** 2


def _finished(picture: Tensor, moved: Tensor, stroke: Stroke, hand: Hand) -> Tensor:
    """Colours led back once more; near denoise 0 the moved picture shows through."""
    dials = stroke.dials
    if not coherence.nothing(dials.coherence):
        now = hand.measure(picture, 0)
        picture = hand.recoloured(picture, now, stroke.own.look, dials.coherence / 2)
    if not isinstance(dials.share, Tensor) and dials.share >= 1:
        return picture
    return moved + dials.share * (picture - moved)


def _network(engine: Any, schedule: Schedule, way: Way, source: Tensor | None) -> family.Network:
    """The model under the prompts: parts averaged, guidance away from the negative or from the picture itself."""

    def network(x: Tensor, timestep: Number) -> Tensor:
        out = sum_of([(engine.unet(x, timestep, condition), weight) for condition, weight in way.conditions])
        if way.itself and source is not None:
            away = _answer_for(schedule, x, timestep, source)
        elif way.against is not None:
            away = engine.unet(x, timestep, way.against)
        else:
            return out
        return away + way.guidance * (out - away)

    return network


def _answer_for(schedule: Schedule, x: Tensor, timestep: Number, x_0: Tensor) -> Tensor:
    """What a network would answer to x if the picture were x_0."""
    alpha, sigma = schedule.mix(timestep / schedule.timestep(1.0))
    noise = (x - alpha * x_0) / sigma
    if schedule.prediction == "epsilon":
        return noise
    return alpha * noise - sigma * x_0 if schedule.prediction == "v_prediction" else noise - x_0
