"""Keyframes that never leave the GPU: recorded once as a CUDA graph, then only filled in and played again.

A recorded keyframe is warp -> encode -> denoise -> decode -> colours -> bytes in one piece, from static buffers into
static buffers: nothing is allocated, and the host waits once, for the bytes. Prompts, seeds, strength and all other
numbers are contents of buffers, so changing them records nothing again. Size, steps and how many prompts are averaged
are its shape: for a new one it is recorded anew (a fraction of a second), and a few are kept. What a new text looks
like by itself (`brush.sketched`) is found the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields, replace
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from liveanim.core.model import Image, Matrix, OnCard

from . import brush
from .brush import Dials, Own, Stroke, Way
from .coherence import Look
from .family import Schedule
from .grids import source_matrix
from .prompts import Embedding

SHAPES_KEPT = 8
REHEARSALS = 3  # before a recording: libraries choose their kernels and workspaces in the first calls
_DIALS = len(fields(Dials))


class Tape(Protocol):
    """What records work of a device to play it again."""

    device: str

    def record(self, work: Callable[[], Tensor]) -> tuple[Callable[[], object], Tensor]:
        """(play it again, where its answer then lies)."""

    def wait(self) -> None:
        """Until all that was played is done."""

    def renew(self) -> None:
        """All that was recorded is gone: what is recorded next shares nothing with it."""


class CudaTape:
    """CUDA graphs recorded on one stream, for the thread that plays them. The device must be its current one
    (`engines.on`).

    They share their memory: no two are played at the same time, and of one nothing but its answer is wanted later.
    They also share the workspace of cuBLAS, and one that is destroyed may take that with it
    (pytorch/pytorch#193402): so all must be given up together, or none.
    """

    def __init__(self, device: str) -> None:
        self.device = device
        self._done = torch.cuda.Event()
        self._beside = torch.cuda.Stream(device)
        self.renew()

    def record(self, work: Callable[[], Tensor]) -> tuple[Callable[[], object], Tensor]:
        here = torch.cuda.current_stream(self.device)
        self._beside.wait_stream(here)
        with torch.cuda.stream(self._beside):
            for _ in range(REHEARSALS):
                work()
        here.wait_stream(self._beside)
        graph = torch.cuda.CUDAGraph()
        try:
            # Other threads may load a model meanwhile: what they do is not recorded and does no harm.
            with torch.cuda.graph(graph, pool=self._pool, stream=self._beside, capture_error_mode="thread_local"):
                answer = work()
        finally:
            torch.cuda.set_stream(here)  # a recording that fails leaves the thread on its own stream
        here.wait_stream(self._beside)
        return graph.replay, answer

    def renew(self) -> None:
        self._pool = torch.cuda.graph_pool_handle()  # one that nothing recorded uses any more is not taken again

    def wait(self) -> None:
        self._done.record(torch.cuda.current_stream(self.device))
        self._done.synchronize()


def on_card(levels: Tensor) -> OnCard:
    """A copy of `levels`, (height, width, 3) bytes, in memory of its own: nothing is painted into what is shown. It is
    done when what was asked of the device before is."""
    height, width = levels.shape[:2]
    rgba = functional.pad(levels, (0, 1), value=255)  # CUDA fills no texture of three channels
    return OnCard(max(0, levels.get_device()), rgba.data_ptr(), (width, height), rgba)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a recorded keyframe is bound to."""

    size: tuple[int, int]
    steps: int
    conditions: int
    guided: bool
    itself: bool

    @classmethod
    def of(cls, size: tuple[int, int], way: Way) -> Shape:
        return cls(size, way.steps, len(way.conditions), way.against is not None, way.itself)


class Resident:
    """Paints keyframes over moved pictures. For one engine and one thread, and the only one that uses `tape`.

    interop   hand each over on the device, too
    """

    def __init__(self, engine: Any, schedule: Schedule, tape: Tape, interop: bool = False) -> None:
        self.engine, self._interop = engine, interop
        self._schedule, self._tape = schedule, tape
        self._recorded: dict[object, Any] = {}
        tape.renew()

    def paint(
        self, size: tuple[int, int], stroke: Stroke, motion: Matrix, previous: Image, beside: Callable[[], object]
    ) -> tuple[Image, OnCard | None]:
        """The next picture; `previous` and it are (height, width, 3). `beside` is called while the device works."""
        return self.record(size, stroke).play(stroke, motion, previous, beside)

    def record(self, size: tuple[int, int], stroke: Stroke) -> _Plate:
        """What is played for pictures like these."""
        shape = Shape.of(size, stroke.way)
        take = (self.engine, self._schedule, self._tape, shape, stroke, self._interop)
        made: _Plate = self._of(shape, lambda: _Plate(*take))
        return made

    def sketched(self, way: Way, first: Tensor) -> Own:
        """`brush.sketched`."""
        key = tuple(first.shape), way.steps, len(way.conditions)
        sketch: _Sketch = self._of(key, lambda: _Sketch(self.engine, self._schedule, self._tape, way, first))
        return sketch.play(way, first)

    def forget(self) -> None:
        """Give the memory of everything recorded back."""
        self._recorded.clear()
        self._tape.renew()

    def _of(self, key: object, make: Callable[[], Any]) -> Any:
        """What is recorded for `key`. Where there are too many all are given up (see `CudaTape`)."""
        if key not in self._recorded:
            if len(self._recorded) >= SHAPES_KEPT:
                self.forget()
            self._recorded[key] = make()
        return self._recorded[key]


class _Plate:
    """One recorded keyframe and its buffers."""

    def __init__(
        self, engine: Any, schedule: Schedule, tape: Tape, shape: Shape, stroke: Stroke, interop: bool
    ) -> None:
        self._engine, self._tape, self._interop = engine, tape, interop
        width, height = shape.size
        self._numbers = _Mail(torch.zeros(9 + _DIALS + 1 + shape.conditions), tape.device)
        self._seen = _Mail(torch.zeros(height, width, 3, dtype=torch.uint8), tape.device)
        self._picture = torch.zeros(1, 3, height, width, device=tape.device)
        self._noises = [_Mail(torch.zeros_like(noise), tape.device) for noise in _noises(stroke)]
        self._grain = _Mail(torch.zeros(1, 1, height // 2, width // 2), tape.device)
        self._words = [_Slot(engine, embedding) for embedding in _embeddings(stroke.way)]
        self._own = Own(Look(stroke.own.look.numbers.clone()), stroke.own.plan.clone())
        self._last: Image | None = None
        static, hand = self._static(stroke), getattr(engine, "hand", brush.TENSORS)

        @torch.inference_mode()
        def work() -> Tensor:
            back = self._numbers.there[:9].reshape(3, 3)
            moved = hand.carried(self._picture, back).clamp(0, 1)
            painted = brush.repainted(engine, schedule, static, moved, hand=hand)
            levels = (painted[0].permute(1, 2, 0) * 255 + 0.5).clamp(0, 255).to(torch.uint8).contiguous()
            self._picture.copy_(levels.permute(2, 0, 1)[None].float() / 255)
            return levels

        self._replay, self._levels = tape.record(work)

    def play(
        self, stroke: Stroke, motion: Matrix, previous: Image, beside: Callable[[], object]
    ) -> tuple[Image, OnCard | None]:
        self._fill(stroke, motion)
        if previous is not self._last:
            self._seen.send(torch.from_numpy(np.array(previous)))
            self._picture.copy_(self._seen.there.permute(2, 0, 1)[None].float() / 255)
        self._replay()
        # Memory of its own for every picture: whoever shows it reads it where it arrived. torch keeps what comes back.
        pinned = self._tape.device.startswith("cuda")
        levels = torch.empty(self._levels.shape, dtype=torch.uint8, pin_memory=pinned)
        levels.copy_(self._levels, non_blocking=True)
        shared = on_card(self._levels) if self._interop else None
        beside()
        self._tape.wait()
        self._last = levels.numpy()
        return self._last, shared

    def _static(self, stroke: Stroke) -> Stroke:
        """`stroke` with the buffers in place of what it holds."""
        dials = self._numbers.there[9 : 9 + _DIALS].unbind()
        guidance, *weights = self._numbers.there[9 + _DIALS :].unbind()
        way, embeddings = stroke.way, [slot.embedding for slot in self._words]
        count = len(way.conditions)
        first, *later = (mail.there for mail in self._noises)
        conditions = list(zip(embeddings[:count], weights, strict=True))
        against = embeddings[count] if way.against is not None else None
        still = replace(way, conditions=conditions, guidance=guidance, against=against, later=later)
        return Stroke(Dials(*dials), self._own, still, first, self._grain.there)

    def _fill(self, stroke: Stroke, motion: Matrix) -> None:
        height, width = self._picture.shape[-2:]
        back = source_matrix(height, width, motion)
        weights = [weight for _, weight in stroke.way.conditions]
        numbers = [*(np.eye(3) if back is None else back).flat, *astuple(stroke.dials), stroke.way.guidance, *weights]
        self._numbers.send(torch.tensor(numbers, dtype=torch.float32))
        for mail, noise in zip(self._noises, _noises(stroke), strict=True):
            mail.send(noise)
        if stroke.grain is not None:
            self._grain.send(stroke.grain)
        for slot, embedding in zip(self._words, _embeddings(stroke.way), strict=True):
            slot.fill(embedding)
        self._own.look.numbers.copy_(stroke.own.look.numbers)
        self._own.plan.copy_(stroke.own.plan)


class _Sketch:
    """The recorded painting of a picture from noise, of which only the look is wanted."""

    def __init__(self, engine: Any, schedule: Schedule, tape: Tape, way: Way, first: Tensor) -> None:
        self._tape = tape
        self._noises = [_Mail(torch.zeros_like(noise), tape.device) for noise in (first, *way.later)]
        self._words = [_Slot(engine, embedding) for embedding, _ in way.conditions]
        self._weights = _Mail(torch.zeros(len(way.conditions)), tape.device)
        begun, *later = (mail.there for mail in self._noises)
        words = [slot.embedding for slot in self._words]
        still = replace(way, conditions=list(zip(words, self._weights.there.unbind(), strict=True)), later=later)

        @torch.inference_mode()
        def work() -> Tensor:
            own = brush.sketched(engine, schedule, still, begun)
            self._plan = own.plan.shape
            return torch.cat([own.look.numbers, own.plan.flatten().double()])

        self._replay, self._found = tape.record(work)

    def play(self, way: Way, first: Tensor) -> Own:
        for mail, noise in zip(self._noises, (first, *way.later), strict=True):
            mail.send(noise)
        self._weights.send(torch.tensor([weight for _, weight in way.conditions], dtype=torch.float32))
        for slot, (embedding, _) in zip(self._words, way.conditions, strict=True):
            slot.fill(embedding)
        self._replay()
        numbers = self._found[: -self._plan.numel()].clone()
        plan = self._found[-self._plan.numel() :].reshape(self._plan).float()
        self._tape.wait()
        return Own(Look(numbers), plan)


class _Mail:
    """A buffer on the device with a twin on the host, from where it is filled without waiting."""

    def __init__(self, like: Tensor, device: str) -> None:
        self._here, self.there = _pinned(like, device), like.to(device, copy=True)

    def send(self, value: Tensor) -> None:
        """The last one sent must have arrived."""
        self._here.copy_(value)
        self.there.copy_(self._here, non_blocking=True)


class _Slot:
    """The buffers of one text. The same Embedding again costs nothing."""

    def __init__(self, engine: Any, embedding: Embedding) -> None:
        self._engine, self._holds = engine, embedding
        remembered = _remembered(engine, embedding)
        self.embedding = Embedding(
            remembered.words.clone(),
            None if remembered.pooled is None else remembered.pooled.clone(),
            tuple((key.clone(), value.clone()) for key, value in remembered.keys),
        )

    def fill(self, embedding: Embedding) -> None:
        if embedding is self._holds:
            return
        self._holds = embedding
        for mine, new in zip(_tensors(self.embedding), _tensors(_remembered(self._engine, embedding)), strict=True):
            mine.copy_(new)


def _remembered(engine: Any, embedding: Embedding) -> Embedding:
    """`embedding` with what an engine of torch keeps of it; others know nothing of a text beforehand."""
    made: Embedding = engine.remembering(embedding) if hasattr(engine, "remembering") else embedding
    return made


def _tensors(embedding: Embedding) -> list[Tensor]:
    pooled = [] if embedding.pooled is None else [embedding.pooled]
    return [embedding.words, *pooled, *(part for pair in embedding.keys for part in pair)]


def _embeddings(way: Way) -> list[Embedding]:
    return [*(embedding for embedding, _ in way.conditions), *([] if way.against is None else [way.against])]


def _noises(stroke: Stroke) -> Sequence[Tensor]:
    """Noise to begin with and that of later steps."""
    return [stroke.first, *stroke.way.later]


def _pinned(tensor: Tensor, device: str) -> Tensor:
    return tensor.pin_memory() if device.startswith("cuda") else tensor
