"""Layers of small autoencoders rewritten into fewer operations that compute the same.

Weights are merged in double precision when a model is loaded. Results are equal up to rounding; where two convolutions
become one, the outermost ring of pixels differs a little, for the zeros around the layer between them are gone.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

WIDTH = 8
"""Channels that processors compute at a time, at least."""


def rewritten(layers: Sequence[nn.Module]) -> nn.Sequential:
    """`layers` in a row, with what can be merged merged; the others are shared, not copied.

    upsample x2, conv 3x3, conv 3x3   one 3x3 convolution at half size, its channels dealt out to 2 x 2 pixels
    upsample x2, conv 3x3             one transposed 4x4 convolution (16 of 36 multiplications)
    conv 3x3, conv 3x3 of stride 2    one 5x5 convolution of stride 2
    residual block                    without its channels that are never above 0
    """
    left, made = [_without_silent(layer) for layer in layers], []
    while left:
        taken, layer = _first(left)
        made.append(layer)
        left = left[taken:]
    return nn.Sequential(*made)


def _first(layers: Sequence[nn.Module]) -> tuple[int, nn.Module]:
    """(how many layers are taken, what they become) at the beginning of `layers`."""
    nobody: list[Any] = [None, None]
    one, two, three = [*layers[:3], *nobody][:3]
    if _doubles(one) and _plain(two, 1):
        if _plain(three, 1) and two.bias is None:
            return 3, _dealt_out(two, three)
        return 2, _transposed(two)
    if _plain(one, 1) and _plain(two, 2):
        kernel, bias = _composed(one, two)
        return 2, _convolution(kernel, bias, one, stride=2)
    return 1, layers[0]


class _Residual(nn.Module):
    """A residual block: what `path` makes of x is added to it."""

    def __init__(self, path: nn.Module, skip: nn.Module, fuse: nn.Module) -> None:
        super().__init__()
        self.path, self.skip, self.fuse = path, skip, fuse

    def forward(self, x: Tensor) -> Any:
        return self.fuse(self.path(x) + self.skip(x))


class _Constant(nn.Module):
    def __init__(self, bias: Tensor) -> None:
        super().__init__()
        self.bias = nn.Parameter(bias[None, :, None, None], requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.bias


def _without_silent(layer: Any) -> nn.Module:
    """A block of `AutoencoderTiny` without channels that its weights keep at 0; anything else as it is."""
    path = list(getattr(layer, "conv", ()))
    shape = [nn.Conv2d, nn.ReLU, nn.Conv2d, nn.ReLU, nn.Conv2d]
    if [type(part) for part in path] != shape or any(part.bias is None for part in path[::2]):
        return layer
    if path[0].weight.is_meta:  # no values, only shapes
        return layer
    first, _, second, _, third = path
    one = _heard(first.weight, first.bias)
    two = _heard(second.weight[:, one], second.bias)
    if not len(two):
        return _Residual(_Constant(third.bias), layer.skip, layer.fuse)
    if not len(one) or (len(one) == first.out_channels and len(two) == second.out_channels):
        return layer
    some = (
        _convolution(first.weight[one], first.bias[one], first), nn.ReLU(),
        _convolution(second.weight[two][:, one], second.bias[two], second), nn.ReLU(),
        _convolution(third.weight[:, two], third.bias, third),
    )  # fmt: skip
    return _Residual(nn.Sequential(*some), layer.skip, layer.fuse)


def _heard(weight: Tensor, bias: Tensor) -> Tensor:
    """Numbers of the channels that can be above 0, with silent ones up to a multiple of WIDTH; none where none can."""
    can = (weight.flatten(1) != 0).any(1) | (bias > 0)
    count = int(can.sum())
    order = torch.argsort(~can, stable=True)
    return order[: min(len(can), -(-count // WIDTH) * WIDTH)].sort().values


def _doubles(layer: nn.Module | None) -> bool:
    return isinstance(layer, nn.Upsample) and layer.mode == "nearest" and layer.scale_factor in (2, (2, 2))


def _plain(layer: Any, stride: int) -> bool:
    """Whether `layer` is a 3x3 convolution with zeros around it."""
    return (
        isinstance(layer, nn.Conv2d)
        and (layer.kernel_size, layer.stride, layer.padding) == ((3, 3), (stride, stride), (1, 1))
        and (layer.groups, layer.dilation, layer.padding_mode) == (1, (1, 1), "zeros")
    )


def _composed(first: Any, second: Any) -> tuple[Tensor, Tensor]:
    """Kernel (out, in, 5, 5) and bias (out,) of `second` after `first`, in double precision."""
    inner, outer = first.weight.double(), second.weight.double()
    kernel = inner.new_zeros(outer.shape[0], inner.shape[1], 5, 5)
    for row, column in itertools.product(range(3), repeat=2):
        part = torch.einsum("om,mihw->oihw", outer[:, :, row, column], inner)
        kernel[:, :, row : row + 3, column : column + 3] += part
    bias = inner.new_zeros(outer.shape[0]) if second.bias is None else second.bias.double()
    return kernel, bias if first.bias is None else bias + outer.sum((2, 3)) @ first.bias.double()


def _dealt_out(first: Any, second: Any) -> nn.Module:
    """The two convolutions on a picture that was doubled, as one on the picture before, for each of 2 x 2 pixels."""
    kernel, bias = _composed(first, second)
    halved = kernel.new_zeros(kernel.shape[0], 4, kernel.shape[1], 3, 3)
    for down, across, row, column in itertools.product(range(2), range(2), range(5), range(5)):
        y, x = (down + row - 2) // 2 + 1, (across + column - 2) // 2 + 1
        halved[:, 2 * down + across, :, y, x] += kernel[:, :, row, column]
    return nn.Sequential(_convolution(halved.flatten(0, 1), bias.repeat_interleave(4), first), nn.PixelShuffle(2))


def _transposed(layer: Any) -> nn.Module:
    """The convolution on a picture that was doubled, as a transposed one on the picture before."""
    kernel = layer.weight.double()
    spread = kernel.new_zeros(kernel.shape[1], kernel.shape[0], 4, 4)
    for row, column, y, x in itertools.product(range(3), range(3), range(2), range(2)):
        spread[:, :, y - row + 2, x - column + 2] += kernel[:, :, row, column].T
    made = nn.ConvTranspose2d(kernel.shape[1], kernel.shape[0], 4, 2, 1, bias=layer.bias is not None)
    return _with(made, spread, layer.bias, layer)


def _convolution(kernel: Tensor, bias: Tensor, like: Any, stride: int = 1) -> nn.Module:
    size = kernel.shape[-1]
    made = nn.Conv2d(kernel.shape[1], kernel.shape[0], size, stride, size // 2)
    return _with(made, kernel, bias, like)


def _with(layer: Any, kernel: Tensor, bias: Tensor | None, like: Any) -> nn.Module:
    """`layer` with these weights, on the device and in the precision of `like`."""
    layer.requires_grad_(False).to(like.weight)
    layer.weight.copy_(kernel)
    if bias is not None:
        layer.bias.copy_(bias)
    made: nn.Module = layer.eval()
    return made
