"""What every training stage shares: a clock for its minutes, a learning rate that follows it, EMA and checkpoints."""

from __future__ import annotations

import copy
import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from liveanim.data import whole

from .optimiser import Orthogonal, split

logger = logging.getLogger("ember")
SAVE_EVERY_S = 120.0
LOG_EVERY = 25
LossOf = Callable[[int, float], tuple[Tensor, dict[str, float], int]]


@dataclass
class Curve:
    """The history of one stage: steps, samples and seconds so far, and rows of (step, {name: mean since the last})."""

    steps: int = 0
    samples: int = 0
    seconds: float = 0.0
    rows: list[tuple[int, dict[str, float]]] = field(default_factory=list)


class Ema:
    """A running average of a module's weights, warmed up over the first steps."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.module = copy.deepcopy(module).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Moves the average toward the module's weights."""
        decay = min(self.decay, (1.0 + step) / (10.0 + step))
        averages: list[Tensor] = list(self.module.parameters())
        torch._foreach_lerp_(averages, [p.detach() for p in module.parameters()], 1.0 - decay)


def rate(progress: float, step: int, warmup: int = 30) -> float:
    """Factor on the learning rate: rises over the warm-up, and falls evenly over the whole time."""
    return min(1.0, (step + 1) / warmup) * (1.0 - 0.98 * min(1.0, progress))


@dataclass
class Stage:
    """One stage's state: modules by name, their EMA, the optimiser and the curve; saved under `work/name.pt`."""

    name: str
    work: Path
    modules: dict[str, nn.Module]
    learning_rate: float
    plain_rate: float = 1.5e-3
    decay: float = 0.999
    curve: Curve = field(default_factory=Curve)

    def __post_init__(self) -> None:
        self.ema = {key: Ema(module, self.decay) for key, module in self.modules.items()}
        matrices, others = split(list(self.modules.values()))
        self.parameters = matrices + others
        matrices.sort(key=lambda p: -p.numel())
        self.optimisers: list[tuple[torch.optim.Optimizer, float]] = [
            (Orthogonal(matrices[0::2], self.learning_rate), self.learning_rate),
            (Orthogonal(matrices[1::2], self.learning_rate), self.learning_rate),
            (torch.optim.AdamW(others, self.plain_rate, betas=(0.9, 0.98), weight_decay=0.0), self.plain_rate),
        ]

    @property
    def path(self) -> Path:
        """Where the checkpoint lies."""
        return self.work / f"{self.name}.pt"

    def save(self) -> None:
        """Writes the checkpoint, whole or not at all."""
        state = {
            "modules": {key: module.state_dict() for key, module in self.modules.items()},
            "ema": {key: ema.module.state_dict() for key, ema in self.ema.items()},
            "optimisers": [optimiser.state_dict() for optimiser, _ in self.optimisers],
            "curve": json.dumps(self.curve.__dict__),
        }
        with whole(self.path) as part:
            torch.save(state, part)

    def load(self) -> bool:
        """Takes up the checkpoint if there is one that fits; says whether it did."""
        if not self.path.exists():
            return False
        state = torch.load(self.path, map_location="cpu", weights_only=True)
        for key, module in self.modules.items():
            module.load_state_dict(state["modules"][key])
            self.ema[key].module.load_state_dict(state["ema"][key])
        if len(state["optimisers"]) == len(self.optimisers):
            for (optimiser, _), saved in zip(self.optimisers, state["optimisers"], strict=True):
                optimiser.load_state_dict(saved)
        self.curve = Curve(**json.loads(state["curve"]))
        return True

    def run(self, minutes: float, losses: Sequence[LossOf]) -> None:
        """Trains for that long. Each of `losses` gives, for a step number and the progress 0..1, a loss, numbers to log
        and how many samples it used; they run side by side, one thread each, and their gradients are averaged."""
        for module in self.modules.values():
            module.train()
        sums: dict[str, float] = {}
        seen = 0
        with ThreadPoolExecutor(len(losses), "ember-train", torch.set_num_threads, (_threads(losses),)) as crew:
            for progress in _clock(minutes, self):
                self._schedule(rate(progress, self.curve.steps))
                numbers = self._gradients(crew, losses, progress)
                norm = nn.utils.clip_grad_norm_(self.parameters, 1.0)
                if not torch.isfinite(norm):
                    raise FloatingPointError(f"{self.name}: gradients are not finite at step {self.curve.steps}")
                self._step(crew)
                seen += 1
                for key, value in numbers.items():
                    sums[key] = sums.get(key, 0.0) + value
                if self.curve.steps % LOG_EVERY == 0:
                    self._report({key: value / seen for key, value in sums.items()})
                    sums, seen = {}, 0
        self.save()

    def _schedule(self, factor: float) -> None:
        for optimiser, full in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = full * factor

    def _gradients(self, crew: ThreadPoolExecutor, losses: Sequence[LossOf], progress: float) -> dict[str, float]:
        """Puts the mean gradient of all losses into the parameters; gives the mean of their numbers."""

        def work(loss_of: LossOf) -> tuple[tuple[Tensor | None, ...], dict[str, float], int]:
            loss, numbers, samples = loss_of(self.curve.steps, progress)
            return torch.autograd.grad(loss, self.parameters, allow_unused=True), numbers, samples

        results = list(crew.map(work, losses))
        for index, parameter in enumerate(self.parameters):
            found = [gradients[index] for gradients, _, _ in results]
            known = [gradient for gradient in found if gradient is not None]
            parameter.grad = torch.stack(known).mean(0) if len(known) > 1 else (known[0] if known else None)
        self.curve.samples += sum(samples for _, _, samples in results)
        return {key: sum(numbers[key] for _, numbers, _ in results) / len(results) for key in results[0][1]}

    def _step(self, crew: ThreadPoolExecutor) -> None:
        for _ in crew.map(lambda pair: pair[0].step(), self.optimisers):
            pass
        self.curve.steps += 1
        for key, module in self.modules.items():
            self.ema[key].update(module, self.curve.steps)

    def _report(self, means: dict[str, float]) -> None:
        self.curve.rows.append((self.curve.steps, {key: round(value, 5) for key, value in means.items()}))
        text = " ".join(f"{key} {value:.4f}" for key, value in means.items())
        per_s = self.curve.samples / max(self.curve.seconds, 1e-6)
        logger.info("%s step %d samples %d (%.1f/s) %s", self.name, self.curve.steps, self.curve.samples, per_s, text)


def _threads(losses: Sequence[LossOf]) -> int:
    """Threads inside each operation: all of them for one loss, one each for several."""
    return torch.get_num_threads() if len(losses) == 1 else 1


def _clock(minutes: float, stage: Stage) -> Iterator[float]:
    """Progress 0..1 for as long as the minutes last; keeps the stage's seconds and saves now and then."""
    start = last = saved = time.monotonic()
    while last - start < minutes * 60.0:
        yield (last - start) / (minutes * 60.0)
        now = time.monotonic()
        stage.curve.seconds += now - last
        last = now
        if now - saved > SAVE_EVERY_S:
            stage.save()
            saved = now
