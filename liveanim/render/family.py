"""Few-step sampling, one function per method; networks, noise and schedules are arguments.

Names: x_t = alpha(t) x_0 + sigma(t) noise, with t from 0 (the picture) to 1 (noise alone), whatever the model's own
parametrisation. `network(x, timestep)` answers in the model's own terms: the noise (epsilon), the velocity of DDPM
(v_prediction) or the velocity of a straight flow (flow: noise - x_0). Latents are (1, channels, h, w). Times are plain
numbers or, for a `Schedule.on` a device, tensors of one number: then the host need not know them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from liveanim.core.errors import UserError

Prediction = Literal["epsilon", "v_prediction", "flow"]
Number = float | Tensor
Network = Callable[[Tensor, Number], Tensor]
NoiseOf = Callable[[int], Tensor]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a model mixes picture and noise.

    log_snr   for epsilon and v: ln(alpha^2 / sigma^2) at the training timesteps 0..n-1, falling; empty for flow
    shift     for flow: bends time toward noise (1: straight)
    shift_of  (places, steps) -> shift, for models whose shift goes by how many latents and steps there are
    renoise   draw new noise at every step (distilled models) instead of keeping the direction (ODE)
    table     log_snr on the device, for times that are tensors
    """

    prediction: Prediction
    log_snr: tuple[float, ...] = ()
    shift: float = 1.0
    renoise: bool = False
    table: Tensor | None = None
    shift_of: Callable[[int, int], float] | None = None

    def on(self, device: str) -> Schedule:
        """The same for times that are tensors on `device`."""
        return replace(self, table=torch.tensor(self.log_snr, dtype=torch.float32, device=device))

    def mix(self, t: Any) -> tuple[Any, Any]:
        """(alpha, sigma) at t."""
        if self.prediction == "flow":
            return 1.0 - t, t
        if self.table is not None and isinstance(t, Tensor):
            place = (t * (len(self.table) - 1)).reshape(1)
            low = place.long().clamp(0, len(self.table) - 2)
            before, after = self.table[low], self.table[low + 1]
            ratio = torch.lerp(before, after, (place - low).to(before)).reshape(())
            return torch.sigmoid(ratio).sqrt(), torch.sigmoid(-ratio).sqrt()
        snr = float(np.interp(t * (len(self.log_snr) - 1), np.arange(len(self.log_snr)), self.log_snr))
        return float(1 / np.sqrt(1 + np.exp(-snr))), float(1 / np.sqrt(1 + np.exp(snr)))

    def path(self, start: Any, steps: int, latents: Tensor) -> tuple[Any, ...]:
        """`times` from `start` to 0 for pictures of that many latents."""
        places = latents.shape[-2] * latents.shape[-1]
        return times(start, steps, self.shift if self.shift_of is None else self.shift_of(places, steps))

    def timestep(self, t: Any) -> Any:
        """What the network is told for t."""
        return 1000.0 * t if self.prediction == "flow" else t * (len(self.log_snr) - 1)


def schedule_of(config: Mapping[str, Any]) -> Schedule:
    """The schedule that a diffusers scheduler_config.json describes."""
    kind = str(config.get("_class_name", ""))
    if kind.startswith("FlowMatch"):
        return Schedule("flow", (), float(config.get("shift", 1.0)), bool(config.get("stochastic_sampling", False)))
    prediction = config.get("prediction_type", "epsilon")
    if prediction not in ("epsilon", "v_prediction"):
        raise UserError(
            f"scheduler_config.json: prediction_type {prediction!r} is not supported (epsilon, v_prediction)"
        )
    betas = _betas(config)
    kept = np.cumprod(1 - betas)
    log_snr = np.log(kept) - np.log1p(-kept)
    renoise = kind in ("LCMScheduler", "EulerAncestralDiscreteScheduler", "TCDScheduler")
    return Schedule("epsilon" if prediction == "epsilon" else "v_prediction", tuple(map(float, log_snr)), 1.0, renoise)


def _betas(config: Mapping[str, Any]) -> np.ndarray:
    count = int(config.get("num_train_timesteps", 1000))
    first, last = float(config.get("beta_start", 0.0001)), float(config.get("beta_end", 0.02))
    kind = config.get("beta_schedule", "linear")
    if kind == "scaled_linear":
        return np.linspace(first**0.5, last**0.5, count) ** 2
    if kind == "linear":
        return np.linspace(first, last, count)
    raise UserError(f"scheduler_config.json: beta_schedule {kind!r} is not supported (linear, scaled_linear)")


def start_time(schedule: Schedule, denoise: float, noise: float = 1.0) -> float:
    """Where img2img starts for denoise 0..1. Monotone and continuous, 0 at 0 and 1 at 1.

    The models of the SD family are used to timestep = 1000 denoise, and it changes pictures evenly (measured). A flow
    starts at the t with the same noise to picture ratio, so that a strength means about the same whatever paints.

    `noise`: factor on that ratio, for models that keep less of a picture under as much noise.
    """
    d = min(1.0, max(0.0, denoise))
    t = d * (1.6 + d * (0.5 * d - 1.1)) if schedule.prediction == "flow" else d
    return noise * t / (1 + (noise - 1) * t)


def times(start: Any, steps: int, shift: float = 1.0) -> tuple[Any, ...]:
    """steps + 1 falling times from `start` to 0, evenly spaced (trailing) in the time before `shift` bends it."""
    straight = start / (shift - (shift - 1) * start)
    even = [straight * (steps - i) / steps for i in range(steps + 1)]
    return (start, *(shift * t / (1 + (shift - 1) * t) for t in even[1:-1]), 0.0)


def noised(schedule: Schedule, x_0: Tensor, noise: Tensor, t: Number) -> Tensor:
    """x_t."""
    alpha, sigma = schedule.mix(t)
    return alpha * x_0 + sigma * noise


def denoised(schedule: Schedule, network: Network, x: Tensor, t: Number) -> Tensor:
    """The model's x_0 for x at time t > 0."""
    alpha, sigma = schedule.mix(t)
    out = network(x, schedule.timestep(t))
    if schedule.prediction == "epsilon":
        return (x - sigma * out) / (alpha.clamp_min(1e-3) if isinstance(alpha, Tensor) else max(alpha, 1e-3))
    if schedule.prediction == "v_prediction":
        return alpha * x - sigma * out
    return x - sigma * out


def sample(
    schedule: Schedule,
    network: Network,
    x: Tensor,
    path: Sequence[Number],
    noise_of: NoiseOf,
    callback: Callable[[Tensor], None] | None = None,
) -> Tensor:
    """x at path[0] -> x_0, one network call per step.

    `noise_of(i)`: fresh noise for step i (used when `renoise`). `callback` is shown the x_0 of every step.
    """
    for step, (t, t_next) in enumerate(itertools.pairwise(path), 1):
        x_0 = denoised(schedule, network, x, t)
        if callback is not None:
            callback(x_0)
        if not isinstance(t_next, Tensor) and t_next <= 0:
            return x_0
        if schedule.renoise:
            x = noised(schedule, x_0, noise_of(step), t_next)
        else:
            alpha, sigma = schedule.mix(t)
            x = noised(schedule, x_0, (x - alpha * x_0) / sigma, t_next)
    return x


def noise_like(shape: Sequence[int], *key: int) -> Tensor:
    """Standard normal noise on the CPU, float32, from `key` alone: the same on every machine and device."""
    words = [int(part) & 0xFFFFFFFF for part in key]
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence(words)))
    return torch.from_numpy(generator.standard_normal(tuple(shape), dtype=np.float32))


def slerp(a: Tensor, b: Tensor, share: float) -> Tensor:
    """The arc from `a` (share 0) to `b` (share 1) along the last axis, lengths interpolated; a line where parallel."""
    length_a = torch.linalg.vector_norm(a, dim=-1, keepdim=True)
    length_b = torch.linalg.vector_norm(b, dim=-1, keepdim=True)
    cosine = ((a * b).sum(-1, keepdim=True) / (length_a * length_b).clamp_min(1e-12)).clamp(-1, 1)
    angle = torch.acos(cosine)
    sine = torch.sin(angle)
    flat = sine < 1e-3
    safe = torch.where(flat, torch.ones_like(sine), sine)
    weight_a = torch.where(flat, torch.full_like(sine, 1 - share), torch.sin((1 - share) * angle) / safe)
    weight_b = torch.where(flat, torch.full_like(sine, share), torch.sin(share * angle) / safe)
    arc = weight_a * a / length_a.clamp_min(1e-12) + weight_b * b / length_b.clamp_min(1e-12)
    return arc * ((1 - share) * length_a + share * length_b)
