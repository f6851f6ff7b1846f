"""Named colour palettes: five sRGB stops from the dark end to the light end, and the colour of their light."""

from __future__ import annotations

import torch
from torch import Tensor

PALETTES: dict[str, tuple[str, ...]] = {
    "crimson": ("0a0104", "4a0410", "b30c22", "f4303c", "ffb878", "ff4a1c"),
    "tangerine": ("0d0401", "5a1c02", "cf5606", "ff9422", "ffe89c", "ffa020"),
    "gold": ("090702", "40300a", "9c7a14", "e8c63a", "fff7cc", "ffe060"),
    "lime": ("040a01", "1f4004", "5a9a08", "a8ea1e", "f0ffb0", "b4ff20"),
    "emerald": ("010a05", "053a1c", "0a8a46", "2fd67c", "d8ffb8", "58ff80"),
    "turquoise": ("010b0b", "043c40", "088f90", "22dcd2", "c8fff6", "20ffe8"),
    "azure": ("01060f", "062a66", "0c5fd0", "3aa0ff", "c8f4ff", "30b8ff"),
    "indigo": ("030312", "141056", "2c28b0", "5a5cf4", "ccc0ff", "7a5cff"),
    "violet": ("080210", "32085c", "7816c0", "b44cfa", "ffc8fa", "d848ff"),
    "rose": ("0e030a", "5c0a3a", "d0207e", "ff6ab4", "ffd8ea", "ff3c9c"),
    "silver": ("040405", "24262a", "6c7076", "b8bcc2", "ffffff", "e8ecff"),
    "sepia": ("0a0603", "38220f", "7d5530", "bf9468", "f2e0c4", "e0a868"),
    "sunset": ("0c0422", "4a0c5c", "c41e64", "ff7a30", "ffe46e", "ff9a38"),
    "neon": ("05020f", "240a5a", "d010b0", "10c8f0", "d0fbff", "ff28d8"),
    "ice": ("06101a", "2c5674", "74aed0", "bce2f4", "f8feff", "c0f0ff"),
    "pastel": ("8c7fb8", "c49ad2", "f4b4cc", "fbdcc4", "c4f0dc", "fff0f4"),
    "rainbow": ("10042c", "2a34d8", "08b890", "f4c81c", "f4344c", "ff60c0"),
    "jade": ("060a10", "0c3448", "b8482c", "e8a060", "d4f4e4", "40e0c0"),
}
STOPS = 5


def to_linear(srgb: Tensor) -> Tensor:
    """sRGB 0..1 to linear light."""
    return torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb.clamp(min=0.0) + 0.055) / 1.055) ** 2.4)


def to_srgb(linear: Tensor) -> Tensor:
    """Linear light to sRGB, clamped to 0..1."""
    light = linear.clamp(0.0, 1.0)
    return torch.where(light <= 0.0031308, light * 12.92, 1.055 * light.clamp(min=1e-6) ** (1 / 2.4) - 0.055)


def table(name: str) -> Tensor:
    """A palette's six colours (5 stops and its light) as (6, 3) sRGB 0..1."""
    rows = [[int(text[i : i + 2], 16) / 255.0 for i in (0, 2, 4)] for text in PALETTES[name]]
    return torch.tensor(rows)


def ramp(stops: Tensor, tone: Tensor) -> Tensor:
    """Colours (B, 3, H, W) for tones (B, H, W) 0..1 on each picture's stops (B, 5, 3)."""
    position = tone.clamp(0.0, 1.0) * (STOPS - 1)
    colour = torch.zeros((tone.shape[0], 3, *tone.shape[1:]), device=tone.device)
    for index in range(STOPS):
        weight = (1.0 - (position - index).abs()).clamp(min=0.0)
        colour = colour + weight[:, None] * stops[:, index, :, None, None]
    return colour
