"""The diffusion renderer: the previous picture, moved by the camera, becomes the next one by few-step img2img.

Order of a keyframe: warp -> what render.brush does -> bytes. The picture is a function of (model, request, previous
picture) alone: the look that feedback is led back to is measured on the prompt's own picture, painted from noise once
per prompt and size and then remembered.
"""

from __future__ import annotations

import contextlib
import logging
import math
import time
from collections import OrderedDict
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from liveanim.core.errors import brief
from liveanim.core.model import Image, Keyframe, OnCard, Prompt, RenderRequest, frozen_image, frozen_map
from liveanim.core.params import Values

from . import brush, coherence, family, noise, optical, retouch, tune
from .adapters import Adapters
from .brush import Dials, Own, Stroke, Way
from .engines import Engine, EnginePool, on, out_of_memory, vram_of
from .family import Schedule
from .feedback import Feedback, Start
from .looks import Looks
from .models import Parts
from .prompts import PromptBook, worded
from .resident import Resident, Tape
from .tune import Floats
from .warp import fit, warp_tensor

log = logging.getLogger(__name__)

LOOKS_KEPT = 64
LOOK_SEEDS = (11, 23)
LOOK_STEPS = 4  # at most, and twice as many as the model is made for: some take seconds each
MOST_STEPS = 1000  # none so far
MISSES = 2  # recordings that fail one after the other before none is tried any more
SMALLEST_SHRINK = 0.3
WEIGH = 1.0  # s between looks at how full the card is
REDO_SEED = 0x9E3779B1  # apart: the seeds of pictures that are thrown away


class Stopwatch:
    """Milliseconds by stage, in the order they came."""

    def __init__(self, device: str) -> None:
        self._cuda = device.startswith("cuda")
        self._last = time.perf_counter()
        self.stages: dict[str, float] = {}

    def lap(self, stage: str, done: bool = False) -> None:
        """`done`: nothing need be waited for."""
        if self._cuda and not done:
            torch.cuda.current_stream().synchronize()
        now = time.perf_counter()
        self.stages[stage] = self.stages.get(stage, 0.0) + (now - self._last) * 1e3
        self._last = now


class DiffusionRenderer:
    """Paints with a model. Not for more than one thread at a time.

    tape   with one, usual keyframes are recorded on the device and played again (render.resident)
    looks  where what prompts look like is kept beyond the show
    interop   hand what is recorded over on the card, too
    """

    def __init__(
        self,
        parts: Parts,
        pool: EnginePool,
        book: PromptBook,
        feedback: Feedback | None = None,
        adapters: Adapters | None = None,
        tape: Tape | None = None,
        looks: Looks | None = None,
        interop: bool = False,
    ) -> None:
        self.name = parts.spec.name
        self._note = ""
        self._parts, self._pool, self._book = parts, pool, book
        self._device = parts.device
        self._schedule: Schedule = parts.family.schedule(parts).on(parts.device)
        self._channels = int(parts.unet_config["in_channels"])
        self._owns: OrderedDict[tuple[str, tuple[int, int]], Own] = OrderedDict()
        self._feedback, self._adapters = feedback or Feedback(), adapters
        self._tape, self._looks, self._interop = tape, looks, interop
        self._resident: Resident | None = None
        self._missed = 0
        self._shrink, self._most_steps = 1.0, MOST_STEPS
        self.vram, self._weighed = (0.0, 0.0), -math.inf

    @property
    def message(self) -> str:
        return self._note or self._pool.message

    @message.setter
    def message(self, text: str) -> None:
        self._note = text

    def close(self) -> None:
        self._resident = None
        self._pool.close()
        self._owns.clear()

    def render(self, request: RenderRequest, previous: Image | None) -> Keyframe:
        """The next keyframe, painted at another size and scaled where the asked one cannot be had (yet).

        Out of GPU memory, the size goes down for good, and at last the steps.
        """
        while True:
            engine, size = self._pool.at(self._painting_size(request.size))
            asked = replace(request, size=size, steps=min(request.steps, self._most_steps))
            try:
                with on(self._device):
                    picture, on_card, start, timings = self._paint(engine, asked, previous)
                    self._weigh(time.perf_counter())
                break
            except RuntimeError as error:
                if not out_of_memory(error) or not self._gave_way(asked):
                    raise
                torch.cuda.empty_cache()
                width, height = self._painting_size(request.size)
                steps = min(request.steps, self._most_steps)
                self._note = f"out of GPU memory: {self.name} paints at {width}x{height} in {steps} steps now"
                log.warning("%s", self._note)
        image = frozen_image(fit(picture, request.size))
        on_card = on_card if size == request.size else None
        keyframe = Keyframe(request.index, request.time, image, self.name, frozen_map(timings), on_card=on_card)
        return self._feedback.developed(request, keyframe, start)

    def _weigh(self, now: float) -> None:
        if now - self._weighed >= WEIGH:
            self._weighed = now
            with contextlib.suppress(RuntimeError):  # a driver that cannot tell stops no picture
                self.vram = vram_of(self._device)

    def _gave_way(self, asked: RenderRequest) -> bool:
        """Whether there is less to be asked for from now on."""
        if self._resident is not None:
            self._resident.forget()
        if self._shrink >= SMALLEST_SHRINK:
            self._shrink *= 0.75
        elif asked.steps > 1:
            self._most_steps = asked.steps - 1
        else:
            return False
        return True

    def warm(self, size: tuple[int, int], prompts: tuple[Prompt, ...] = ()) -> None:
        """Build what pictures of `size` need and paint one: over another, with the look of `prompts`, where there are
        any. What is recorded on a GPU belongs to the thread that plays it: that is left to the first keyframe.

        The model that played before may still be there: what lacked memory only now is tried again.
        """
        note = self._note
        self._pool.prepare(size)
        grey = frozen_image(np.full((size[1], size[0], 3), 128, np.uint8))
        tape, self._tape = self._tape, None
        try:
            self.render(RenderRequest(0, 0.0, size, prompts, denoise=0.5), grey if prompts or tape else None)
        finally:
            self._tape = tape
        self._shrink, self._most_steps, self._note = 1.0, MOST_STEPS, note

    def _painting_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """The nearest size below that the model can paint."""
        unit = self._parts.shrinking
        width, height = (max(64, int(side * self._shrink) // unit * unit) for side in size)
        return width, height

    @torch.inference_mode()
    def _paint(
        self, engine: Engine, request: RenderRequest, previous: Image | None
    ) -> tuple[Image, OnCard | None, Start, dict[str, float]]:
        watch = Stopwatch(self._device)
        if previous is not None and self._tape is not None and self._moves(request, previous):
            played = self._played(engine, request, fit(previous, request.size))
            if played is not None:
                watch.lap("keyframe", done=True)
                return *played, Start(), watch.stages
        start = self._start(request, previous)
        watch.lap("warp")
        if self._adapters is not None:
            self._adapters.weigh(request)
        if start.picture is None:
            latents = self._from_noise(self._led(engine, request, None), request)
            watch.lap("unet")
            image = self._bytes(engine.decode(latents))
            watch.lap("decode")
        elif start.denoise <= 0:
            image = tune.levels(start.picture)
        else:
            request = replace(request, denoise=start.denoise)
            image = self._repaint(engine, request, self._redone(engine, request, start.picture, watch), watch)
        image = self._feedback.finished(request, image, start)
        watch.lap("finish")
        return image, None, start, watch.stages

    def _repaint(self, engine: Engine, request: RenderRequest, start: Tensor | Floats, watch: Stopwatch) -> Image:
        moved = start if isinstance(start, Tensor) else self._tensor(start)
        stroke = self._stroke(engine, request)
        watch.lap("look")
        led = self._led(engine, request, moved)
        hand = retouch.HAND if self._device == "cpu" else brush.TENSORS
        return self._bytes(brush.repainted(led, self._schedule, stroke, moved, watch.lap, hand))

    def _redone(
        self, engine: Engine, request: RenderRequest, picture: Tensor | Floats, watch: Stopwatch
    ) -> Tensor | Floats:
        """What is painted over after redo passes: moved by the flow to a picture thrown away, then painted over."""
        values = Values(request.values)
        passes, factor = int(values["picture.redo"]), values["picture.redo_flow"]
        if isinstance(picture, Tensor) or not (passes or factor):
            return picture
        others = (replace(request, seed=(request.seed + n * REDO_SEED) & 0xFFFFFFFF) for n in range(1, passes + 2))
        if factor:
            away = self._repaint(engine, next(others), picture, watch)
            way = optical.flow(tune.levels(picture), away, values.word("hybrid.method"))
            picture = np.clip(optical.carried(picture, way * np.float32(factor)), 0, 1)
        for _, other in zip(range(passes), others, strict=False):
            picture = self._feedback.coloured(request, tune.floats(self._repaint(engine, other, picture, watch)))
        return picture

    def _led(self, engine: Engine, request: RenderRequest, moved: Tensor | None) -> Engine:
        """`engine` under the ControlNets there are, shown what is painted over."""
        if self._adapters is None:
            return engine
        picture = None if moved is None else self._bytes(moved)
        return self._adapters.over(engine, request, picture, self._feedback.depth_of(request))

    def _start(self, request: RenderRequest, previous: Image | None) -> Start:
        """What to paint over; where only a homography moves it, a GPU does that."""
        if self._device == "cpu" or previous is None or not self._moves(request, previous):
            return self._feedback.start(request, previous)
        picture = self._tensor(fit(previous, request.size)).float() / 255
        return Start(warp_tensor(picture, request.motion).clamp(0, 1), request.denoise)

    def _moves(self, request: RenderRequest, previous: Image | None) -> bool:
        """Whether the last picture, moved by a homography alone, is painted over."""
        painted = previous is not None and not request.fresh and 0 < request.denoise < 1
        return painted and self._feedback.plain(request)

    def _played(self, engine: Engine, request: RenderRequest, previous: Image) -> tuple[Image, OnCard | None] | None:
        """The picture from what was recorded on the device; None where that cannot be."""
        if self._adapters is not None or self._tape is None:
            return None

        def beside() -> None:
            after = replace(request, index=request.index + 1)
            self._noises(after)  # they are kept until they are wanted
            self._later(after, request.steps)

        try:
            stroke = self._stroke(engine, request)
            if self._tape is None:
                return None
            resident = self._residence(engine, self._tape)
            played = resident.paint(request.size, stroke, request.motion, previous, beside)
            self._missed = 0
            return played
        except RuntimeError as error:
            self._record_no_more(error)
            return None

    def _residence(self, engine: Engine, tape: Tape) -> Resident:
        if self._resident is None or self._resident.engine is not engine:
            self._resident = None  # what was recorded is given up before more is
            self._resident = Resident(engine, self._schedule, tape, self._interop)
        return self._resident

    def _record_no_more(self, error: RuntimeError) -> None:
        """Paint step by step, from the second time in a row on for good: another thread that loads a model may spoil
        one recording. Out of memory is raised again: there is another way out of that."""
        if out_of_memory(error):
            raise error
        log.error("no keyframe recorded on the GPU", exc_info=error)
        self._resident = None
        self._missed += 1
        if self._missed < MISSES:
            return
        self._tape = None
        self._note = f"keyframes cannot be recorded on this GPU ({brief(error)}); they are painted step by step, slower"

    def _tensor(self, picture: Image | Floats) -> Tensor:
        """(height, width, 3) -> (1, 3, height, width) on the device."""
        return torch.from_numpy(np.array(picture)).to(self._device).permute(2, 0, 1)[None]

    def _stroke(self, engine: Engine, request: RenderRequest) -> Stroke:
        """What `request` says, as the brush wants it."""
        low, high = brush.CONTRAST_LIMITS
        contrast = 1.0 if self._feedback.contrasts(request) else min(high, max(low, request.contrast))
        noise = self._parts.spec.noise if Values(request.values).word("picture.strength_as") == "sd" else 1.0
        start, share = family.start_time(self._schedule, request.denoise, noise), request.denoise / brush.SMALLEST_SHARE
        dials = Dials(request.coherence, contrast, request.sharpen, request.noise, start, min(1.0, share))
        return Stroke(dials, self._own(engine, request), self._way(request, request.steps), *self._noises(request))

    def _noises(self, request: RenderRequest) -> tuple[Tensor, Tensor | None]:
        """Noise to begin with, and grain."""
        width, height = request.size
        grain = noise.still((1, 1, height // 2, width // 2), request, 101) if request.noise > 0 else None
        return noise.turning(self._latent_shape(request.size), request), grain

    def _way(self, request: RenderRequest, steps: int) -> Way:
        guided, steps = request.guidance > 1, max(1, steps)
        negative = self._book.negative(request.prompts, request.negative) if guided else None
        against = (negative or self._book.embedding("")) if guided else None
        itself = Values(request.values).word("picture.against") == "picture"
        conditions = self._book.conditions(request.prompts)
        return Way(conditions, steps, request.guidance, against, itself, self._later(request, steps))

    def _later(self, request: RenderRequest, steps: int) -> tuple[Tensor, ...]:
        """Noise for the steps after the first, of models that draw it anew."""
        shape, renewed = self._latent_shape(request.size), range(1, steps) if self._schedule.renoise else ()
        return tuple(noise.still(shape, request, step) for step in renewed)

    def _from_noise(self, engine: Engine, request: RenderRequest) -> Tensor:
        first = noise.still(self._latent_shape(request.size), request).to(self._device)
        return brush.from_noise(engine, self._schedule, self._way(request, request.steps), first)

    def _latent_shape(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        unit = self._parts.shrinking
        return 1, self._channels, size[1] // unit, size[0] // unit

    def _own(self, engine: Engine, request: RenderRequest) -> Own:
        """What the prompts' own pictures look like, mixed by weight."""
        prompts = [prompt for prompt in request.prompts if prompt.weight > 0] or [Prompt("")]
        found = [(self._own_of(engine, request, prompt.text), prompt.weight) for prompt in prompts]
        total = sum(weight for _, weight in found)
        plan = brush.sum_of([(own.plan, weight / total) for own, weight in found])
        return Own(coherence.mixed([(own.look, weight) for own, weight in found]), plan)

    def _own_of(self, engine: Engine, request: RenderRequest, text: str) -> Own:
        text = " | ".join(self._book.plain(part) for part in worded(text).parts)  # weights may move all the time
        key = (text, request.size)
        if key in self._owns:
            self._owns.move_to_end(key)
            return self._owns[key]
        own = None if self._looks is None else self._looks.find(engine.name, *key)
        if own is None:
            own = self._found_out(engine, *key)
            if self._looks is not None:
                self._looks.keep(own, engine.name, *key)
        self._owns[key] = own
        if len(self._owns) > LOOKS_KEPT:
            self._owns.popitem(last=False)
        return own

    def _found_out(self, engine: Engine, text: str, size: tuple[int, int]) -> Own:
        """The mean of a few pictures of `text`."""
        alone = [RenderRequest(0, 0.0, size, (Prompt(text),), seed=seed) for seed in LOOK_SEEDS]
        found = [self._sketched(engine, one) for one in alone]
        look = coherence.mixed([(own.look, 1.0) for own in found])
        return Own(look, torch.stack([own.plan for own in found]).mean(0))

    def _sketched(self, engine: Engine, request: RenderRequest) -> Own:
        """What the picture of `request` from noise is like. The first is painted step by step: a show of one text
        need not wait for a recording."""
        steps = min(LOOK_STEPS, 2 * self._parts.spec.steps)
        way, first = self._way(request, steps), noise.still(self._latent_shape(request.size), request)
        if self._tape is not None and self._adapters is None and self._owns:
            try:
                return self._residence(engine, self._tape).sketched(way, first)
            except RuntimeError as error:
                self._record_no_more(error)
        return brush.sketched(engine, self._schedule, way, first.to(self._device))

    def _bytes(self, picture: Tensor) -> Image:
        if self._device == "cpu":
            return tune.levels(retouch.pixelwise(picture))
        levels = (picture[0].permute(1, 2, 0) * 255 + 0.5).clamp(0, 255).to(torch.uint8)
        return np.ascontiguousarray(levels.cpu().numpy())
