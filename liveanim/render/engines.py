"""Who runs the three networks of a model: torch as it is, or a compiler's form of them for one picture size.

OpenVINO is here; render.exported has ONNX Runtime, render.trt TensorRT.

Every engine has the same three methods and gives the same pictures (within 2 of 255 levels on average). An
`EnginePool` hands out the best one that is ready for a size and builds the faster one beside the show.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from liveanim.core.errors import brief
from liveanim.priority import give_way

from . import brush
from .attention import WordMemory
from .compiled import apart, converted, cpu_options, for_cpu, kept, quiet_openvino, save, small
from .family import Number
from .models import Parts
from .processor import fast_bfloat16, fast_int8
from .prompts import Embedding
from .quantized import quantize
from .unets import Led

log = logging.getLogger(__name__)

SIZES_KEPT = 3
ROLES = ("encode", "unet", "decode")

Found = TypeVar("Found")
Run = Callable[[Sequence[np.ndarray]], np.ndarray]
Size = tuple[int, int]  # (width, height)


class Engine(Protocol):
    """Runs the networks. Tensors are float32 on the engine's device; the caller owns what it gets."""

    name: str

    def encode(self, picture: Tensor) -> Tensor:
        """(1, 3, height, width) sRGB 0..1 -> latents (1, channels, height / n, width / n), n 8 or 16."""

    def unet(self, x: Tensor, timestep: Number, condition: Embedding) -> Tensor:
        """Noisy latents -> the network's answer, same shape."""

    def decode(self, latents: Tensor) -> Tensor:
        """Latents -> (1, 3, height, width) sRGB 0..1 (clamped)."""


def on(device: str) -> AbstractContextManager[object]:
    """`device` as the thread's current one, which CUDA asks for at every turn."""
    return torch.cuda.device(device) if device.startswith("cuda") else nullcontext()


def vram_of(device: str) -> tuple[float, float]:
    """Bytes of the card's memory that are taken, by whomever, and that it has; zeros for a CPU."""
    if device.startswith("cuda"):
        free, whole = torch.cuda.mem_get_info(device)
        return float(whole - free), float(whole)
    if device == "mps":
        return float(torch.mps.driver_allocated_memory()), float(torch.mps.recommended_max_memory())
    return 0.0, 0.0


def out_of_memory(error: BaseException) -> bool:
    """Whether a device had too little memory: the libraries of CUDA say so in their own words."""
    if isinstance(error, torch.OutOfMemoryError):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and ("out of memory" in text or "STATUS_ALLOC_FAILED" in text)


def unet_inputs(x: Tensor, timestep: Number, condition: Embedding) -> tuple[Tensor, ...]:
    """What a UNet module is called with."""
    step = torch.ones(1, dtype=torch.float32, device=x.device) * timestep
    if condition.pooled is None:
        return x, step.float(), condition.words
    height, width = (torch.full((1, 1), 8.0 * side, device=x.device) for side in x.shape[-2:])
    corner = torch.zeros(1, 2, device=x.device)
    return x, step.float(), condition.words, condition.pooled, torch.cat([height, width, corner, height, width], 1)


def fitting(value: Tensor, dtype: torch.dtype) -> Tensor:
    """A network's input in its `dtype`; a time (one dimension) stays: half precision would round it to half steps."""
    return value if value.ndim == 1 else value.to(dtype)


class TorchEngine:
    """The networks as torch runs them: half precision on GPUs, bfloat16 where the CPU is fast at it.

    hand   how pictures are worked on around them where a keyframe is recorded
    """

    def __init__(
        self,
        parts: Parts,
        networks: Sequence[nn.Module] | None = None,
        layout: torch.memory_format = torch.channels_last,
    ) -> None:
        self.name, self.hand = "torch", brush.TENSORS
        self._memory: WordMemory | None = None
        self._layout = layout
        own = parts.family.modules(parts) if networks is None else networks
        self.networks: list[Any] = [part.to(memory_format=layout) for part in own]  # type: ignore[call-overload]
        self._dtypes = [next(part.parameters()).dtype for part in self.networks]
        self._autocast = parts.device == "cpu" and fast_bfloat16()

    def encode(self, picture: Tensor) -> Tensor:
        return self._run(0, picture)

    def unet(self, x: Tensor, timestep: Number, condition: Embedding, led: Led | None = None) -> Tensor:
        if self._memory is not None:
            self._memory.use(condition)
        return self._run(1, *unet_inputs(x, timestep, condition), **({} if led is None else {"led": led}))

    def decode(self, latents: Tensor) -> Tensor:
        return self._run(2, latents)

    def remembering(self, embedding: Embedding) -> Embedding:
        """`embedding` with all that the UNet can compute from it alone."""
        self._memory = self._memory or WordMemory(self.networks[1].net)
        return self._memory.remembering(embedding)

    @torch.inference_mode()
    def _run(self, number: int, *inputs: Tensor, **more: Led) -> Tensor:
        ready = [fitting(value, self._dtypes[number]) for value in inputs]
        ready[0] = ready[0].contiguous(memory_format=self._layout)
        with torch.autocast("cpu", torch.bfloat16) if self._autocast else nullcontext():
            answer: Tensor = self.networks[number](*ready, **more)
        return answer.float()


def examples(parts: Parts, size: Size, words: Embedding) -> tuple[tuple[Tensor, ...], ...]:
    """What encode, unet and decode are called with for pictures of `size`, on the CPU in float32."""
    (width, height), unit = size, parts.shrinking
    latents = torch.zeros(1, int(parts.unet_config["in_channels"]), height // unit, width // unit)
    words = Embedding(words.words.cpu(), None if words.pooled is None else words.pooled.cpu())
    return (torch.zeros(1, 3, height, width),), unet_inputs(latents, 500.0, words), (latents,)


class CompiledEngine(TorchEngine):
    """A `TorchEngine` through torch.compile, for pictures of `size`: what it compiles is compiled when this returns.

    It shares nothing but the weights with the one that plays meanwhile: modules hold the words they are at.

    cache   where the compiler keeps what it makes, if any; wherever it is told to by TORCHINDUCTOR_CACHE_DIR instead
    """

    def __init__(self, parts: Parts, size: Size, words: Embedding, cache: Path | None = None) -> None:
        super().__init__(parts, [apart(module) for module in parts.family.modules(parts)])
        self.name = "compile"
        if cache is not None:
            os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache / "inductor"))
        for module in self.networks:
            module.compile(dynamic=False)
        if parts.device != "cpu":
            self.hand = brush.compiled_hand()
        brush.rehearsed(self, parts.family.schedule(parts).on(parts.device), size, words)

    def unet(self, x: Tensor, timestep: Number, condition: Embedding, led: Led | None = None) -> Tensor:
        """With keys and values in any case: a network that computes them would be a second one to compile."""
        return super().unet(x, timestep, condition if condition.keys else self.remembering(condition), led)


class HostEngine:
    """The networks compiled for one size by something that takes and gives arrays on the host."""

    def __init__(self, name: str, runs: Sequence[Run]) -> None:
        self.name, self._runs = name, runs

    def encode(self, picture: Tensor) -> Tensor:
        return self._run(0, picture)

    def unet(self, x: Tensor, timestep: Number, condition: Embedding) -> Tensor:
        return self._run(1, *unet_inputs(x, timestep, condition))

    def decode(self, latents: Tensor) -> Tensor:
        return self._run(2, latents)

    def _run(self, number: int, *inputs: Tensor) -> Tensor:
        return torch.from_numpy(self._runs[number]([np.ascontiguousarray(value.numpy()) for value in inputs]))


def compiled_runs(
    parts: Parts,
    size: Size,
    words: Embedding,
    cache: Path | None,
    write: Callable[[nn.Module, tuple[Tensor, ...], Path], object],
    read: Callable[[Path], Found],
) -> list[Found]:
    """What `read` makes of the three networks in the form that `write` gives a folder; kept in `cache`, if any.

    The networks themselves are loaded only where something is to be written.
    """
    made = []
    for number, example in enumerate(examples(parts, size, words)):
        name = f"{ROLES[number]}-{size[0]}x{size[1]}-{words.words.shape[1]}"

        def written(folder: Path, number: int = number, example: tuple[Tensor, ...] = example) -> object:
            return write(parts.family.modules(parts)[number], example, folder)

        made.append(kept(None if cache is None else cache / name, written, read))
    return made


def _converter(parts: Parts) -> Callable[[Any, tuple[Tensor, ...], Path], None]:
    """What puts a network of `parts` into a folder as OpenVINO reads it, in whole numbers where they are quicker."""

    def write(module: Any, example: tuple[Tensor, ...], folder: Path) -> None:
        model = converted(module, example)
        if fast_int8():
            quantize(model, parts.ranges.get(module.role, {}))
        save(model, folder)

    return write


class OpenVinoEngine(HostEngine):
    """OpenVINO on a CPU. `threads` 0: OpenVINO chooses."""

    def __init__(self, parts: Parts, size: Size, words: Embedding, threads: int = 0, cache: Path | None = None):
        core, options = quiet_openvino().Core(), cpu_options(threads)

        def read(folder: Path) -> Run:
            keep = cache is not None and cache in folder.parents
            request = for_cpu(core, folder, options, keep).create_infer_request()

            def run(arrays: Sequence[np.ndarray]) -> np.ndarray:
                request.infer(dict(enumerate(arrays)), share_inputs=True)
                return np.array(request.get_output_tensor(0).data)

            return run

        super().__init__("openvino", compiled_runs(parts, size, words, cache, _converter(parts), read))


def prepared(parts: Parts, size: Size, words: Embedding, threads: int, cache: Path) -> None:
    """Have in `cache` what an `OpenVinoEngine` reads, and of small networks what it makes of them for this CPU."""
    core, options = quiet_openvino().Core(), cpu_options(threads)

    def read(folder: Path) -> None:
        if small(folder):
            for_cpu(core, folder, options, keep=True)

    compiled_runs(parts, size, words, cache, _converter(parts), read)


class EnginePool:
    """The engine to use for a size now.

    `make_eager` gives an engine for any size; `build` (slow) a faster one for one size. With `background`, what is
    ready goes on until the faster one is; without, `at` waits for it, so that a run gives the same bytes every time.
    `eager_first`: until then the eager one plays, even where a faster one is ready for another size.
    """

    def __init__(
        self,
        make_eager: Callable[[], Engine],
        build: Callable[[Size], Engine] | None,
        background: bool,
        eager_first: bool = False,
    ) -> None:
        self.message = ""
        self._eager_first = eager_first
        self._make_eager, self._build, self._background = make_eager, build, background
        self._eager: Engine | None = None
        self._ready: OrderedDict[Size, Engine] = OrderedDict()
        self._failed: set[Size] = set()
        self._thread: threading.Thread | None = None

    def at(self, size: Size) -> tuple[Engine, Size]:
        """An engine and the (width, height) to paint with it: `size`, or a ready one while it is being built."""
        if size in self._ready:
            self._ready.move_to_end(size)
            return self._ready[size], size
        if self._build is None or size in self._failed:
            return self.eager, size
        if not self._background:
            self._make(size)
            return self._ready.get(size) or self.eager, size
        ready = [] if self._eager_first else list(self._ready.items())
        # The eager one is made before the thread runs: it lays out anew in memory the weights that both read.
        meanwhile = (ready[-1][1], ready[-1][0]) if ready else (self.eager, size)
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._beside, args=(size,), name="render-compile", daemon=True)
            self._thread.start()
        return meanwhile

    def prepare(self, size: Size) -> None:
        """Have the best engine for `size` ready when this returns."""
        if self._build is not None and size not in self._ready:
            self._make(size)

    @property
    def eager(self) -> Engine:
        self._eager = self._eager or self._make_eager()
        return self._eager

    def close(self, deadline: float = 1.0) -> None:
        if self._thread is not None:
            self._thread.join(deadline)
        self._ready.clear()

    def _beside(self, size: Size) -> None:
        """Thread 'render-compile': builds the engine of one size. Touches nothing else."""
        give_way()
        self._make(size)

    def _make(self, size: Size) -> None:
        self.message = f"compiling for {size[0]}x{size[1]}"
        try:
            engine = self._undisturbed(size)
        except Exception as error:  # whatever a compiler does, plain torch goes on
            log.exception("no compiled engine for %dx%d", *size)
            self._failed.add(size)
            self.message = f"no compiled engine for {size[0]}x{size[1]} ({brief(error)}); torch plays"
            return
        self._ready[size] = engine
        while len(self._ready) > SIZES_KEPT:
            self._ready.popitem(last=False)
        self.message = ""

    def _undisturbed(self, size: Size) -> Engine:
        """What is built. CUDA refuses some calls while another thread records a keyframe: then once more."""
        assert self._build is not None
        try:
            return self._build(size)
        except RuntimeError as error:
            if "captur" not in str(error):
                raise
        return self._build(size)
