"""The diffusion renderer: the previous picture, moved by the camera, becomes the next one by few-step img2img.

Order of a keyframe: warp -> colour coherence -> contrast -> sharpen -> noise -> encode -> denoise -> decode -> colour
coherence -> bytes. The picture is a function of (model, request, previous picture) alone: the look that feedback is led
back to is measured on the prompt's own picture, painted from noise once per prompt and size and then remembered.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from liveanim.core.model import Image, Keyframe, Prompt, RenderRequest, frozen_image, frozen_map

from . import coherence, family, noise, tune
from .adapters import Adapters
from .coherence import Look
from .engines import Engine, EnginePool
from .family import Schedule
from .feedback import Feedback, Start
from .models import Parts
from .prompts import Embedding, PromptBook, plain, worded
from .tune import Floats
from .warp import fit, warp_tensor

log = logging.getLogger(__name__)

LOOKS_KEPT = 64
PULL = 0.5  # share of `coherence` by which each keyframe's coarse layout goes toward the prompt's own
LOOK_SEEDS = (11, 23)
LOOK_STEPS = 4
SMALLEST_SHARE = 0.06  # denoise below which the painted picture fades into the moved one, down to nothing at 0
DEAD, ALIVE = 0.25, 0.6  # vitality: at DEAD a picture is painted anew, above ALIVE it is left alone
CONTRAST_LIMITS = (0.25, 4.0)

Seen = Callable[[Tensor], None]


@dataclass(frozen=True, slots=True)
class Own:
    """A prompt's own picture: its colours and detail, and its coarse layout as latents (1, c, few, few)."""

    look: Look
    plan: Tensor


class Stopwatch:
    """Milliseconds by stage, in the order they came."""

    def __init__(self, device: str) -> None:
        self._cuda = device.startswith("cuda")
        self._last = time.perf_counter()
        self.stages: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        if self._cuda:
            torch.cuda.synchronize()
        now = time.perf_counter()
        self.stages[stage] = self.stages.get(stage, 0.0) + (now - self._last) * 1e3
        self._last = now


class DiffusionRenderer:
    """Paints with a model. Not for more than one thread at a time."""

    def __init__(
        self,
        parts: Parts,
        pool: EnginePool,
        book: PromptBook,
        feedback: Feedback | None = None,
        adapters: Adapters | None = None,
    ) -> None:
        self.name = parts.spec.name
        self._note = ""
        self._parts, self._pool, self._book = parts, pool, book
        self._device = parts.device
        self._schedule: Schedule = family.schedule_of(parts.scheduler)
        self._channels = int(parts.unet_config["in_channels"])
        self._owns: OrderedDict[tuple[str, tuple[int, int]], Own] = OrderedDict()
        self._feedback, self._adapters = feedback or Feedback(), adapters
        self._shrink = 1.0

    @property
    def message(self) -> str:
        return self._note or self._pool.message

    @message.setter
    def message(self, text: str) -> None:
        self._note = text

    def close(self) -> None:
        self._pool.close()
        self._owns.clear()

    def render(self, request: RenderRequest, previous: Image | None) -> Keyframe:
        """The next keyframe, painted at another size and scaled where the asked one cannot be had (yet).

        Out of GPU memory, the size goes down for good.
        """
        while True:
            engine, size = self._pool.at(self._painting_size(request.size))
            try:
                picture, start, timings = self._paint(engine, replace(request, size=size), previous)
                break
            except torch.OutOfMemoryError:
                if self._shrink < 0.3:
                    raise
                self._shrink *= 0.75
                torch.cuda.empty_cache()
                width, height = self._painting_size(request.size)
                self._note = f"out of GPU memory: {self.name} paints at {width}x{height} now"
                log.warning("%s", self._note)
        image = frozen_image(fit(picture, request.size))
        keyframe = Keyframe(request.index, request.time, image, self.name, frozen_map(timings))
        return self._feedback.developed(request, keyframe, start)

    def warm(self, size: tuple[int, int]) -> None:
        """Build what pictures of `size` need, and paint one."""
        self._pool.prepare(size)
        self.render(RenderRequest(0, 0.0, size, denoise=1.0), None)

    def _painting_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """The nearest size below that the model can paint."""
        unit = self._parts.shrinking
        width, height = (max(64, int(side * self._shrink) // unit * unit) for side in size)
        return width, height

    @torch.inference_mode()
    def _paint(
        self, engine: Engine, request: RenderRequest, previous: Image | None
    ) -> tuple[Image, Start, dict[str, float]]:
        watch = Stopwatch(self._device)
        start = self._start(request, previous)
        watch.lap("warp")
        if self._adapters is not None:
            self._adapters.weigh(request)
        if start.picture is None:
            latents = self._from_noise(self._led(engine, request, None), request, request.steps)
            watch.lap("unet")
            image = self._bytes(engine.decode(latents))
            watch.lap("decode")
        elif start.denoise <= 0:
            image = tune.levels(start.picture)
        else:
            image = self._repaint(engine, replace(request, denoise=start.denoise), start.picture, watch)
        image = self._feedback.finished(request, image, start)
        watch.lap("finish")
        return image, start, watch.stages

    def _repaint(self, engine: Engine, request: RenderRequest, start: Tensor | Floats, watch: Stopwatch) -> Image:
        moved = start if isinstance(start, Tensor) else self._tensor(start)
        own = self._own(engine, request)
        watch.lap("look")
        now = coherence.measure(moved)
        source = self._prepared(moved, now, own.look, request)
        watch.lap("coherence")
        latents = coherence.laid_out(engine.encode(source), own.plan, request.coherence * PULL)
        watch.lap("encode")
        led = self._led(engine, request, moved)
        latents = self._repainted(led, latents, request, coherence.vitality(now, own.look))
        watch.lap("unet")
        picture = engine.decode(latents)
        watch.lap("decode")
        picture = self._finished(picture, moved, own.look, request)
        image = self._bytes(picture)
        watch.lap("coherence")
        return image

    def _led(self, engine: Engine, request: RenderRequest, moved: Tensor | None) -> Engine:
        """`engine` under the ControlNets there are, shown what is painted over."""
        if self._adapters is None:
            return engine
        picture = None if moved is None else self._bytes(moved)
        return self._adapters.over(engine, request, picture, self._feedback.depth_of(request))

    def _start(self, request: RenderRequest, previous: Image | None) -> Start:
        """What to paint over; where only a homography moves it, a GPU does that."""
        moves = previous is not None and not request.fresh and 0 < request.denoise < 1
        if self._device == "cpu" or previous is None or not moves or not self._feedback.plain(request):
            return self._feedback.start(request, previous)
        picture = self._tensor(fit(previous, request.size)).float() / 255
        return Start(warp_tensor(picture, request.motion).clamp(0, 1), request.denoise)

    def _tensor(self, picture: Image | Floats) -> Tensor:
        """(height, width, 3) -> (1, 3, height, width) on the device."""
        return torch.from_numpy(np.ascontiguousarray(picture)).to(self._device).permute(2, 0, 1)[None]

    def _prepared(self, moved: Tensor, now: Look, own: Look, request: RenderRequest) -> Tensor:
        """Coherence, contrast, sharpening and grain, in this order."""
        picture = coherence.recoloured(moved, now, own, request.coherence)
        low, high = CONTRAST_LIMITS
        if not self._feedback.contrasts(request):
            picture = coherence.contrasted(picture, min(high, max(low, request.contrast)))
        picture = coherence.redetailed(picture, now, own, request.coherence, request.sharpen)
        if request.noise > 0:
            picture = picture + request.noise * self._grain(request)
        return picture.clamp(0, 1)

    def _grain(self, request: RenderRequest) -> Tensor:
        """Grey noise of two sizes of grain, standard deviation about 1."""
        width, height = request.size
        fine = noise.still((1, 1, height // 2, width // 2), request, 101)
        grain = fine + functional.interpolate(fine.roll(1, -1)[..., ::2, ::2], scale_factor=2, mode="nearest")
        return functional.interpolate(grain, scale_factor=2, mode="nearest").to(self._device) * 0.7

    def _repainted(self, engine: Engine, latents: Tensor, request: RenderRequest, vitality: float) -> Tensor:
        """img2img. A picture that has gone flat is painted more strongly, up to anew."""
        weak = min(1.0, max(0.0, (ALIVE - vitality) / (ALIVE - DEAD)))
        start = family.start_time(self._schedule, request.denoise)
        start += (1 - start) * weak**2
        start_noise = noise.turning(self._latent_shape(request.size), request).to(self._device)
        x = family.noised(self._schedule, latents, start_noise, start)
        return self._sampled(engine, request, x, start)

    def _from_noise(self, engine: Engine, request: RenderRequest, steps: int, callback: Seen | None = None) -> Tensor:
        shape = self._latent_shape(request.size)
        start_noise = noise.still(shape, request).to(self._device)
        x = family.noised(self._schedule, torch.zeros_like(start_noise), start_noise, 1.0)
        return self._sampled(engine, replace(request, steps=steps), x, 1.0, callback)

    def _sampled(
        self, engine: Engine, request: RenderRequest, x: Tensor, start: float, callback: Seen | None = None
    ) -> Tensor:
        path = family.times(start, max(1, request.steps), self._schedule.shift)
        shape = self._latent_shape(request.size)

        def noise_of(step: int) -> Tensor:
            return noise.still(shape, request, step).to(self._device)

        return family.sample(self._schedule, self._network(engine, request), x, path, noise_of, callback)

    def _network(self, engine: Engine, request: RenderRequest) -> family.Network:
        """The model under the request's prompts: parts averaged, guidance away from the negative."""
        conditions = self._book.conditions(request.prompts)
        guided = request.guidance > 1
        negative = self._book.negative(request.prompts, request.negative) if guided else None
        against: Embedding | None = (negative or self._book.embedding("")) if guided else None

        def network(x: Tensor, timestep: float) -> Tensor:
            out = sum_of([(engine.unet(x, timestep, condition), weight) for condition, weight in conditions])
            if against is None:
                return out
            away = engine.unet(x, timestep, against)
            return away + request.guidance * (out - away)

        return network

    def _latent_shape(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        unit = self._parts.shrinking
        return 1, self._channels, size[1] // unit, size[0] // unit

    def _own(self, engine: Engine, request: RenderRequest) -> Own:
        """What the prompts' own pictures look like, mixed by weight."""
        prompts = [prompt for prompt in request.prompts if prompt.weight > 0] or [Prompt("")]
        found = [(self._own_of(engine, request, prompt.text), prompt.weight) for prompt in prompts]
        total = sum(weight for _, weight in found)
        plan = sum_of([(own.plan, weight / total) for own, weight in found])
        return Own(coherence.mixed([(own.look, weight) for own, weight in found]), plan)

    def _own_of(self, engine: Engine, request: RenderRequest, text: str) -> Own:
        text = " | ".join(plain(part) for part in worded(text).parts)  # weights may move all the time
        key = (text, request.size)
        if key in self._owns:
            self._owns.move_to_end(key)
            return self._owns[key]
        looks, plans = [], []
        for seed in LOOK_SEEDS:
            alone = RenderRequest(0, 0.0, request.size, (Prompt(text),), seed=seed)
            guesses: list[Tensor] = []
            picture = engine.decode(self._from_noise(engine, alone, LOOK_STEPS, guesses.append))
            looks.append((coherence.measure(picture), 1.0))
            plans.append(coherence.layout(guesses[0]))
        self._owns[key] = Own(coherence.mixed(looks), torch.stack(plans).mean(0))
        if len(self._owns) > LOOKS_KEPT:
            self._owns.popitem(last=False)
        return self._owns[key]

    def _finished(self, picture: Tensor, moved: Tensor, own: Look, request: RenderRequest) -> Tensor:
        """Colours led back once more; near denoise 0 the moved picture shows through."""
        picture = coherence.recoloured(picture, coherence.measure(picture, 0), own, request.coherence / 2)
        share = min(1.0, request.denoise / SMALLEST_SHARE)
        return picture if share >= 1 else moved + share * (picture - moved)

    def _bytes(self, picture: Tensor) -> Image:
        levels = (picture[0].permute(1, 2, 0) * 255 + 0.5).clamp(0, 255).to(torch.uint8)
        return np.ascontiguousarray(levels.cpu().numpy())


def sum_of(terms: Sequence[tuple[Tensor, float]]) -> Tensor:
    """The weighted sum; one term of weight 1 is handed on as it is."""
    if len(terms) == 1:
        return terms[0][0]
    return torch.stack([value * weight for value, weight in terms]).sum(0)
