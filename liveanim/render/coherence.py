"""What keeps a picture alive through hours of feedback: its colours and its detail are measured and led back.

Pictures are (1, 3, height, width) float32 sRGB 0..1 on any device, height and width multiples of 8. A `Look` is what a
prompt's own picture measures; the fed-back picture is led toward it by small, bounded corrections. Nothing here waits
for the device: numbers stay on it. Amounts are plain numbers (0 then costs nothing) or tensors of one number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from . import matrices
from .matrices import Number

OCTAVES = 3
LAYOUT = 4
LUMA = (0.299, 0.587, 0.114)
_FLOOR = 0.012  # standard deviation (0..1) below which a colour direction or an octave counts as empty
_MOST_COLOUR = 1.35
_MOST_DETAIL = 1.4


@dataclass(frozen=True, slots=True)
class Look:
    """Statistics of a picture: `numbers` (12 + OCTAVES,), float64 on the picture's device, hold them all in a row."""

    numbers: Tensor

    @property
    def mean(self) -> Tensor:
        """(3,) RGB."""
        return self.numbers[:3]

    @property
    def spread(self) -> Tensor:
        """(3, 3) covariance of RGB."""
        return self.numbers[3:12].reshape(3, 3)

    @property
    def detail(self) -> Tensor:
        """(OCTAVES,) standard deviation of luma in each octave, finest (1-2 pixels) first."""
        return self.numbers[12:]

    @property
    def contrast(self) -> Tensor:
        """Standard deviation of luma, 0..0.5."""
        red, green, blue = (self.spread[channel] * share for channel, share in enumerate(LUMA))
        return _weighed(red + green + blue).clamp_min(0).sqrt()


def measure(picture: Tensor, octaves: int = OCTAVES) -> Look:
    """The look of one picture; octaves 0 leaves its detail out."""
    pixels = picture[0, :, ::2, ::2].reshape(3, -1)
    mean = pixels.mean(1, keepdim=True)
    centred = pixels - mean
    spread = _products(centred) / pixels.shape[1]
    detail = [octave.std(correction=0)[None] for octave in _octaves(_luma(picture), octaves)]
    numbers = torch.cat([mean[:, 0], spread.reshape(-1), *detail])
    return Look((numbers.cpu() if numbers.device.type == "mps" else numbers).double())  # Metal knows no float64


def _products(planes: Tensor) -> Tensor:
    """`planes` @ its transpose. On a GPU a matrix product of so few rows and so many columns would be done by a single
    multiprocessor."""
    return planes @ planes.T if planes.device.type == "cpu" else (planes[:, None] * planes).sum(-1)


def mixed(looks: Sequence[tuple[Look, float]]) -> Look:
    """Looks mixed by weight (positive, any sum)."""
    total = sum(weight for _, weight in looks)
    return Look(torch.stack([look.numbers * (weight / total) for look, weight in looks]).sum(0))


def vitality(now: Look, own: Look) -> Tensor:
    """How alive a picture is beside the prompt's own: 1 fine, 0 flat; the worse of contrast and detail."""
    contrast = (now.contrast + 1e-4) / (own.contrast + 1e-4)
    detail = (now.detail[1:].sum() + 1e-4) / (own.detail[1:].sum() + 1e-4)
    return torch.minimum(contrast, detail).clamp(0, 1)


def recoloured(picture: Tensor, now: Look, own: Look, amount: Number) -> Tensor:
    """`picture` with its colours led toward `own` by `amount` 0..1: one affine map of RGB, bounded either way."""
    if nothing(amount):
        return picture
    mapping = colour_map(now, own, amount).to(picture)
    if torch.compiler.is_compiling():  # as sums: one kernel with what is around them
        return (mapping[:, :3, None, None] * picture).sum(1, keepdim=True).movedim(0, 1) + mapping[:, 3, None, None]
    return functional.conv2d(picture, mapping[:, :3, None, None], mapping[:, 3])


def colour_map(now: Look, own: Look, amount: Number) -> Tensor:
    """(3, 4), float64: the affine map of RGB that leads colours like `now`'s toward `own`'s by `amount` 0..1."""
    gain = matrices.powered(matrices.transport(now.spread, own.spread, _FLOOR), amount, _MOST_COLOUR)
    shift = now.mean + amount * (own.mean - now.mean) - matrices.times(gain, now.mean[:, None])[:, 0]
    return torch.cat([gain, shift[:, None]], 1)


def redetailed(picture: Tensor, now: Look, own: Look, amount: Number, sharpen: Number = 0.0) -> Tensor:
    """`picture` with each octave of its detail led toward `own` by `amount` 0..1 (bounded), then sharpened.

    `sharpen` is an unsharp mask: the finest octave grows by it, the next by half of it.
    """
    if nothing(amount) and nothing(sharpen):
        return picture
    return amplified(picture, sharpened(detail_gains(now, own, amount).to(picture).unbind(), sharpen))


def detail_gains(now: Look, own: Look, amount: Number) -> Tensor:
    """(OCTAVES,), float64: what each octave is multiplied by, finest first, to lead it toward `own`'s by `amount`."""
    ratio = own.detail.clamp_min(_FLOOR / 4) / now.detail.clamp_min(_FLOOR / 4)
    return (ratio**amount).clamp(1 / _MOST_DETAIL, _MOST_DETAIL)


def sharpened(gains: Sequence[Any], sharpen: Number) -> list[Any]:
    """`gains` of octaves with an unsharp mask in them."""
    first, second, *rest = gains
    return [first * (1 + sharpen), second * (1 + sharpen / 2), *rest]


def amplified(picture: Tensor, gains: Sequence[Number]) -> Tensor:
    """`picture` with the octaves of its luma (finest first) multiplied by `gains`; colours keep their differences."""
    planes = [_luma(picture)]
    for _ in gains:
        planes.append(functional.avg_pool2d(planes[-1], 2))
    # An octave is a plane less the next one enlarged: what is enlarged is added up before, so that it is done once.
    change = torch.zeros_like(planes[-1])
    for plane, smaller, gain in zip(planes[-2::-1], planes[:0:-1], reversed(gains), strict=True):
        inner = functional.interpolate(change - (gain - 1) * smaller, scale_factor=2, mode="bilinear")
        change = (gain - 1) * plane + inner
    return picture + change


def contrasted(picture: Tensor, contrast: Number) -> Tensor:
    """Contrast about mid-grey; 1 changes nothing. The result may leave 0..1."""
    return picture if not isinstance(contrast, Tensor) and contrast == 1 else (picture - 0.5) * contrast + 0.5


def layout(latents: Tensor) -> Tensor:
    """The coarse arrangement of a picture: its latents (1, c, h, w) averaged over LAYOUT cells in the shorter side."""
    height, width = latents.shape[-2:]
    cell = max(1, min(height, width) // LAYOUT)
    return functional.adaptive_avg_pool2d(latents, (max(1, height // cell), max(1, width // cell)))


def laid_out(latents: Tensor, plan: Tensor, amount: Number) -> Tensor:
    """`latents` with their layout led toward `plan` by `amount` 0..1; everything finer than its cells stays."""
    if nothing(amount):
        return latents
    return latents + amount * functional.interpolate(plan - layout(latents), size=latents.shape[-2:], mode="bilinear")


def nothing(amount: Number) -> bool:
    """Whether `amount` is known to be 0; that of a tensor is for the device to know."""
    return not isinstance(amount, Tensor) and amount <= 0


def _luma(picture: Tensor) -> Tensor:
    return picture[:, 0:1] * LUMA[0] + picture[:, 1:2] * LUMA[1] + picture[:, 2:3] * LUMA[2]


def _weighed(rgb: Tensor) -> Tensor:
    return rgb[0] * LUMA[0] + rgb[1] * LUMA[1] + rgb[2] * LUMA[2]


def _octaves(plane: Tensor, count: int) -> list[Tensor]:
    """Detail of each octave, finest first, each at its own size."""
    octaves = []
    for _ in range(count):
        small = functional.avg_pool2d(plane, 2)
        octaves.append(plane - functional.interpolate(small, scale_factor=2, mode="bilinear"))
        plane = small
    return octaves
