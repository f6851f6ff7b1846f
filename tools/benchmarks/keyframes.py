"""Whole keyframes of the large models on a GPU, as liveanim paints them: rates, jitter, what a change of prompt costs.

Needs torch, numpy and diffusers, no window and no OpenCV. On a CPU the same runs with tiny networks, so that it is
known to run.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from liveanim.core.model import Image
from liveanim.render import coherence, family
from liveanim.render.brush import Dials, Own, Stroke, Way
from liveanim.render.compiled import installed
from liveanim.render.engines import CompiledEngine, TorchEngine
from liveanim.render.resident import CudaTape, Resident, Tape

from .random_models import RandomParts
from .stats import median, percentile

MOTION = np.array([[1.02, -0.01, 0.0], [0.01, 1.02, 0.0], [0.0, 0.0, 1.0]])
WARM = 50
"""Keyframes before any is counted: a card that was idle takes a while to come up to speed."""
Figures = Iterator[dict[str, float]]


class HostTape:
    """Works again instead of playing again, where there is no GPU."""

    device = "cpu"

    def record(self, work: Callable[[], Tensor]) -> tuple[Callable[[], object], Tensor]:
        answer = work()
        return lambda: answer.copy_(work()), answer

    def wait(self) -> None:
        pass

    def renew(self) -> None:
        pass


def tape_for(device: str) -> Tape:
    return CudaTape(device) if device.startswith("cuda") else HostTape()


@dataclass(frozen=True, slots=True)
class Played:
    """Milliseconds of every keyframe; allocations: of device memory meanwhile; alive: nothing turned to NaN or grey."""

    times: Sequence[float]
    allocations: int
    alive: bool

    def figures(self, name: str) -> dict[str, float]:
        return {
            f"{name}_keyframes_per_s": 1e3 / median(self.times),
            f"{name}_p50_ms": median(self.times),
            f"{name}_p99_ms": percentile(self.times, 99),
            f"{name}_p99_over_median": percentile(self.times, 99) / median(self.times),
            f"{name}_allocations": float(self.allocations),
            f"{name}_alive": float(self.alive),
        }


class Painter:
    """Feedback with a camera: every keyframe is painted over the last one."""

    def __init__(
        self, parts: RandomParts, size: tuple[int, int], steps: int = 1, guidance: float = 1.0, engine: Any = None
    ) -> None:
        self._parts, self._size, self._steps, self._guidance = parts, size, steps, guidance
        self._schedule = parts.family.schedule(parts).on(parts.device)  # type: ignore[arg-type]
        engine = engine or TorchEngine(parts)  # type: ignore[arg-type]
        self._resident = Resident(engine, self._schedule, tape_for(parts.device))
        self._texts = [parts.embedding(seed) for seed in range(4)]
        dice = torch.Generator().manual_seed(2)
        width, height = size
        picture = torch.rand(1, 3, height // 8, width // 8, generator=dice)
        picture = torch.nn.functional.interpolate(picture, size=(height, width), mode="bicubic").clamp(0, 1)
        latents = torch.randn(parts.latents(size), generator=dice).to(parts.device)
        self._own = Own(coherence.measure(picture.to(parts.device)), coherence.layout(latents))
        self.picture: Image = (picture[0].permute(1, 2, 0) * 255).to(torch.uint8).numpy()
        self._noises = [torch.randn(parts.latents(size), generator=dice) for _ in range(8)]
        self._grain = torch.randn(1, 1, height // 2, width // 2, generator=dice)

    def stroke(self, index: int, text: int) -> Stroke:
        dials = Dials(0.4, 1.0, 0.15, 0.02, family.start_time(self._schedule, 0.45), 1.0)
        against = self._texts[3] if self._guidance > 1 else None
        way = Way([(self._texts[text], 1.0)], self._steps, self._guidance, against)
        way = replace(way, later=[self._noises[(index + step) % 8] for step in range(1, self._steps)])
        return Stroke(dials, self._own, way, self._noises[index % 8], self._grain)

    @torch.inference_mode()
    def next(self, index: int, text: int = 0) -> float:
        """The next keyframe; milliseconds that it took."""
        since = time.perf_counter()
        stroke = self.stroke(index, text)
        self.picture, _ = self._resident.paint(self._size, stroke, MOTION, self.picture, lambda: None)
        return 1e3 * (time.perf_counter() - since)

    @torch.inference_mode()
    def sketch(self, text: int) -> float:
        """Milliseconds that the looks of a new text take, which the renderer asks for twice."""
        way = Way([(self._texts[text], 1.0)], 4)
        since = time.perf_counter()
        for seed in range(2):
            self._resident.sketched(way, self._noises[seed])
        return 1e3 * (time.perf_counter() - since)

    def play(self, count: int, text_of: Callable[[int], int] = lambda index: 0) -> Played:
        """`count` keyframes; `text_of(index)` says which of three texts each has."""
        warm = min(WARM, count)
        for index in range(warm):
            self.next(index)
        before = allocations(self._parts.device)
        times = [self.next(index, text_of(index)) for index in range(warm, warm + count)]
        return Played(times, allocations(self._parts.device) - before, bool(self.picture.std() > 1))


def allocations(device: str) -> int:
    """How often torch has asked the device for a segment of memory."""
    return int(torch.cuda.memory_stats(device)["segment.all.allocated"]) if device.startswith("cuda") else 0


def run(device: str, count: int, tiny: bool = False) -> Figures:
    """The figures of the bars: SD-Turbo at 512x512 in one step, and changes of prompt."""
    parts, size = RandomParts("sd-turbo", device, tiny), (64, 64) if tiny else (512, 512)
    painter = Painter(parts, size)
    yield painter.play(count).figures("sd_turbo_512")
    stay = 10 if count > 10 else 2
    switching = painter.play(count, lambda index: index // stay % 3)
    changed = switching.times[::stay]  # from one text to the next
    yield {
        "prompt_change_over_median": max(switching.times) / median(switching.times),
        "prompt_change_p50_ms": median(changed),
        "prompt_change_slowest_ms": max(changed),
    }


def run_ways(device: str, count: int, tiny: bool = False) -> Figures:
    """What else could be done to the same keyframes: another layout, convolutions chosen by trying them out."""
    size = (64, 64) if tiny else (512, 512)
    layouts = {"channels_last": torch.channels_last, "contiguous": torch.contiguous_format}
    for tried in (False, True):
        torch.backends.cudnn.benchmark = tried
        for name, layout in layouts.items():
            parts = RandomParts("sd-turbo", device, tiny)
            engine = TorchEngine(parts, layout=layout)  # type: ignore[arg-type]
            painter = Painter(parts, size, engine=engine)
            name = f"sd_turbo_512_{name}{'_tried' * tried}"
            yield {f"{name}_recording_ms": painter.next(0), f"{name}_p50_ms": median(painter.play(count).times)}
    torch.backends.cudnn.benchmark = False


def run_profile(device: str, count: int, tiny: bool = False) -> Figures:
    """Where the time of a keyframe goes: kernels and the thirty that take longest together."""
    parts, size = RandomParts("sd-turbo", device, tiny), (64, 64) if tiny else (512, 512)
    painter, on_gpu = Painter(parts, size), device.startswith("cuda")
    yield {"keyframe_recording_ms": painter.next(0), "keyframe_ms": median(painter.play(count).times)}
    yield {"new_text_ms": median([painter.sketch(text) for text in (0, 1, 2, 0, 1, 2)][2:])}
    if on_gpu:
        yield {"memory_reserved_mb": torch.cuda.max_memory_reserved(device) / 2**20}
    yield from _kernels(painter, count, on_gpu, "")


def _kernels(painter: Painter, count: int, on_gpu: bool, name: str) -> Figures:
    """What a keyframe consists of, kernels by their milliseconds; figures begin with `name`."""
    kinds = torch.profiler.ProfilerActivity
    with torch.profiler.profile(activities=[kinds.CUDA if on_gpu else kinds.CPU]) as profile:
        for index in range(count):
            painter.next(index)
    took: dict[str, float] = defaultdict(float)
    launched = 0.0
    for row in profile.key_averages():
        spent = row.self_device_time_total if on_gpu else row.self_cpu_time_total
        if spent > 0 and not row.key.startswith("cuda"):  # what the host calls
            took[short(row.key)] += spent / count / 1e3
            launched += row.count / count
    yield {f"{name}keyframe_kernels": launched, f"{name}keyframe_kernels_ms": sum(took.values())}
    longest = sorted(took.items(), key=lambda row: -row[1])[:30]
    yield {f"{name}kernel {kernel}": spent for kernel, spent in longest}


def short(kernel: str) -> str:
    """A kernel's name without what many have in common."""
    for common in ("void ", "at::native::", "(anonymous namespace)::", "std::array<char*, "):
        kernel = kernel.replace(common, "")
    return kernel[:120]


def run_more(device: str, count: int, tiny: bool = False) -> Figures:
    """More steps, guidance, and other sizes."""
    parts = RandomParts("sd-turbo", device, tiny)
    small = (64, 64) if tiny else (512, 512)
    for steps in (2, 4):
        yield Painter(parts, small, steps).play(count).figures(f"sd_turbo_512_{steps}_steps")
    yield Painter(parts, small, 1, 2.0).play(count).figures("sd_turbo_512_guided")
    for size in ((1024, 576), (1024, 1024)):
        shown = (size[0] // 8, size[1] // 8 // 8 * 8) if tiny else size
        yield Painter(parts, shown).play(count).figures(f"sd_turbo_{size[0]}x{size[1]}")


def run_xl(device: str, count: int, tiny: bool = False) -> Figures:
    """SDXL-Turbo from 512 to 1024."""
    parts = RandomParts("sdxl-turbo", device, tiny)
    for size in ((512, 512), (1024, 576), (1024, 1024)):
        shown = (size[0] // 8, size[1] // 8 // 8 * 8) if tiny else size
        yield Painter(parts, shown).play(count).figures(f"sdxl_turbo_{size[0]}x{size[1]}")


def run_flux(device: str, count: int, tiny: bool = False) -> Figures:
    """FLUX.2 klein at 512x512, in four steps and in two; without what reads its texts."""
    parts, size = RandomParts("flux2-klein", device, tiny), (64, 64) if tiny else (512, 512)
    for steps in (4, 2):
        painter = Painter(parts, size, steps)
        yield painter.play(count).figures(f"flux2_klein_512_{steps}_steps")
    yield {"flux2_klein_512_new_text_ms": painter.sketch(1)}
    if device.startswith("cuda"):
        yield {"flux2_klein_512_memory_mb": torch.cuda.max_memory_reserved(device) / 2**20}


def run_compiled(device: str, count: int, tiny: bool = False) -> Figures:
    """The same as `run` with the networks through torch.compile, under the same graph."""
    parts, size = RandomParts("sd-turbo", device, tiny), (64, 64) if tiny else (512, 512)
    since = time.perf_counter()
    engine: Any = CompiledEngine(parts, size, parts.embedding(0))  # type: ignore[arg-type]
    yield {"compile_s": time.perf_counter() - since}
    painter = Painter(parts, size, engine=engine)
    yield {"compiled_recording_ms": painter.next(0)}
    yield painter.play(count).figures("sd_turbo_512_compiled")
    switching = painter.play(count, lambda index: index // 10 % 3).times
    yield {"compiled_prompt_change_over_median": max(switching) / median(switching)}
    if installed("streamdiffusion"):
        from . import peers

        yield peers.beside(parts, size, engine, min(count, 100), "compiled")
    yield from _kernels(painter, min(count, 40), device.startswith("cuda"), "compiled_")
