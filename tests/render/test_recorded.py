"""What a CUDA graph would record, looked at without a GPU: tensors without contents go the ways that a GPU's go, and
whoever asks for a number in them gets an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch._dynamo.utils import counters
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from liveanim.render import coherence
from liveanim.render.brush import Dials, Own, Stroke, Way
from liveanim.render.engines import CompiledEngine, TorchEngine
from liveanim.render.resident import Resident
from tools.benchmarks.random_models import RandomParts

DEVICE = "meta"
SIZE = (64, 64)


class Spy(TorchDispatchMode):
    """Names of what is computed, and of what takes in something from the host."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.from_host: list[str] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        self.names.append(str(func))
        tensors = [value for value in tree_leaves((args, kwargs)) if isinstance(value, torch.Tensor)]
        if any(value.device.type == "cpu" for value in tensors):
            self.from_host.append(str(func))
        return func(*args, **(kwargs or {}))


class SpyTape:
    """Spies upon what it is to record."""

    device = DEVICE

    def __init__(self) -> None:
        self.spy = Spy()

    def record(self, work: Callable[[], torch.Tensor]) -> tuple[Callable[[], object], torch.Tensor]:
        with self.spy:
            answer = work()
        return lambda: None, answer

    def wait(self) -> None:
        pass

    def renew(self) -> None:
        pass


def led_colours() -> Spy:
    """What is computed where colours are led, by a number that the device is told."""
    picture = torch.rand(1, 3, 64, 64, device=DEVICE)
    now, amount = coherence.measure(picture), torch.zeros((), device=DEVICE)
    for _ in range(2):  # constants are made once
        with Spy() as spy:
            coherence.recoloured(picture, now, now, amount)
    return spy


def keyframe(
    model: str, way_of: Callable[[RandomParts, torch.Tensor], Way], kind: Callable[..., Any] = TorchEngine
) -> tuple[Resident, SpyTape, Stroke]:
    """All that it takes to record a keyframe. `kind(parts)` makes the engine."""
    parts = RandomParts(model, DEVICE, tiny=True)
    width, height = SIZE
    first = torch.randn(parts.latents(SIZE))
    look = coherence.measure(torch.rand(1, 3, height, width, device=DEVICE))
    grain = torch.randn(1, 1, height // 2, width // 2)
    own = Own(look, coherence.layout(first.to(DEVICE)))
    stroke = Stroke(Dials(0.4, 1.0, 0.2, 0.02, 0.5, 1.0), own, way_of(parts, first), first, grain)
    schedule = replace(parts.family.schedule(parts), renoise=True).on(DEVICE)  # type: ignore[arg-type]
    tape = SpyTape()
    return Resident(kind(parts), schedule, tape), tape, stroke


@pytest.mark.parametrize("kind", ["steps", "guided", "itself, pooled", "sketch", "steps, flux", "sketch, flux"])
@torch.inference_mode()
def test_what_is_recorded_asks_the_host_for_nothing(kind: str) -> None:
    def way_of(parts: RandomParts, first: torch.Tensor) -> Way:
        itself, steps = kind.startswith("itself"), 2 if kind.startswith("steps") else 1
        against = parts.embedding(1) if kind == "guided" else None
        return Way([(parts.embedding(0), 1.0)], steps, 2.0, against, itself, [first] * (steps - 1))

    led_colours()
    model = "sdxl-turbo" if "pooled" in kind else "flux2-klein" if "flux" in kind else "sd-turbo"
    resident, tape, stroke = keyframe(model, way_of)
    if kind.startswith("sketch"):
        assert resident.sketched(stroke.way, stroke.first).look.numbers.device.type == DEVICE
    else:
        resident.record(SIZE, stroke)
    assert len(tape.spy.names) > 500 and tape.spy.from_host == []
    assert not [name for name in tape.spy.names if "scalar_dense" in name or "nonzero" in name or "eigh" in name]


@torch.inference_mode()
def test_what_is_recorded_has_been_compiled_before(monkeypatch: pytest.MonkeyPatch) -> None:
    compiler, graphs = torch.compile, counters["stats"]
    monkeypatch.setattr(torch.nn.Module, "compile", lambda module, dynamic: None)
    monkeypatch.setattr(torch, "compile", lambda work, **more: compiler(work, backend="eager", fullgraph=True, **more))
    before = graphs["unique_graphs"]
    resident, tape, stroke = keyframe(
        "sd-turbo",
        lambda parts, first: Way([(parts.embedding(1), 1.0)]),
        lambda parts: CompiledEngine(parts, SIZE, parts.embedding(0)),
    )
    compiled = graphs["unique_graphs"]
    tape.spy = nullcontext()  # type: ignore[assignment]  # nothing is compiled under a spy
    resident.record(SIZE, stroke)
    assert compiled - before == 5  # a look with detail and one without, what is prepared, colours, the camera
    assert graphs["unique_graphs"] == compiled


def test_leading_colours_takes_few_launches() -> None:
    views = ("select", "slice", "diagonal", "numpy_T", "reshape", "unsqueeze", "view", "alias", "permute", ".t.")
    launches = [name for name in led_colours().names if not any(view in name for view in views)]
    assert len(launches) < 110
