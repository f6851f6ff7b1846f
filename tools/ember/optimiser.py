"""The optimiser: orthogonalised momentum for weight matrices and convolutions, AdamW for everything else.

A weight's momentum is replaced by the nearest matrix with equal singular values, found by a few steps of a
Newton-Schulz iteration. Small models on few samples learn a good deal faster this way.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .nets import halves

QUINTIC = (3.4445, -4.775, 2.0315)
ITERATIONS = 4
TURNS = 3  # each matrix is stepped once in so many steps, that much further: orthogonalising costs as much as learning


def orthogonal(matrix: Tensor) -> Tensor:
    """About the nearest (rows, columns) matrix whose singular values are all 1."""
    a, b, c = QUINTIC
    x = matrix.bfloat16() if halves(matrix.device) else matrix.float()
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / (x.norm() + 1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.T if tall else x).to(matrix.dtype)


class Orthogonal(torch.optim.Optimizer):
    """Steps of orthogonalised Nesterov momentum for parameters of two or more dimensions."""

    def __init__(self, parameters: list[nn.Parameter], lr: float, momentum: float = 0.95, decay: float = 0.01) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "decay": decay})
        self.turn = 0

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One update from the gradients."""
        self.turn += 1
        for group in self.param_groups:
            for number, p in enumerate(group["params"]):
                if p.grad is None:
                    continue
                state = self.state[p]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(p)
                state["momentum"].lerp_(p.grad, 1.0 - group["momentum"])
                if (number + self.turn) % TURNS:
                    continue
                update = torch.lerp(p.grad, state["momentum"], group["momentum"]).flatten(1)
                rows, columns = update.shape
                size = 0.2 * TURNS * max(rows, columns) ** 0.5
                p.mul_(1.0 - TURNS * group["lr"] * group["decay"])
                p.add_(orthogonal(update).view(p.shape), alpha=-group["lr"] * size)


def split(modules: list[nn.Module]) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Parameters for `Orthogonal` (matrices and kernels) and for AdamW (embeddings, biases, norms)."""
    matrices: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for module in modules:
        tables = {id(m.weight) for m in module.modules() if isinstance(m, nn.Embedding)}
        for p in module.parameters():
            if p.requires_grad:
                (matrices if p.ndim >= 2 and id(p) not in tables else others).append(p)
    return matrices, others
