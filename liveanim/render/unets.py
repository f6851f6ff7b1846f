"""The family of models with a UNet: Stable Diffusion, SDXL, ember (`models.Family`)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from .family import Schedule, schedule_of
from .models import ENGINES, Parts
from .prompts import CACHE_SIZE, Encoder
from .rewrite import rewritten
from .text import clip_encoder

FOLDER = "unet"
HALF = torch.float16
RUN_BY: tuple[str, ...] = ENGINES
TEXTS_KEPT = CACHE_SIZE

Led = tuple[list[Tensor], Tensor]
"""What ControlNets add: one tensor a layer on the way down, and one in the middle."""


def network(parts: Parts) -> Any:
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    return parts.read(UNet2DConditionModel, parts.folder / FOLDER)


def vae(parts: Parts) -> Any:
    folder = parts.vae_folder or parts.folder / "vae"
    if parts.vae_config.get("_class_name") == "AutoencoderTiny":
        from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny

        return parts.read(AutoencoderTiny, folder)
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    # Where it says so, half precision overflows in it, and pictures would be black.
    return parts.read(AutoencoderKL, folder, half=not parts.vae_config.get("force_upcast"))


def text_encoders(parts: Parts) -> tuple[Any, ...]:
    from transformers import CLIPTextModel, CLIPTextModelWithProjection

    first = parts.read(CLIPTextModel, parts.folder / "text_encoder")
    if not parts.double:
        return (first,)
    return first, parts.read(CLIPTextModelWithProjection, parts.folder / "text_encoder_2")


def tokenizers(parts: Parts) -> tuple[Any, ...]:
    from transformers import CLIPTokenizer

    folders = (parts.folder / "tokenizer", parts.folder / "tokenizer_2")
    return tuple(CLIPTokenizer.from_pretrained(str(folder)) for folder in folders if folder.is_dir())


def encoder(parts: Parts) -> Encoder:
    return clip_encoder(parts)


def schedule(parts: Parts) -> Schedule:
    return schedule_of(parts.scheduler)


def modules(parts: Parts) -> tuple[nn.Module, nn.Module, nn.Module]:
    """(encode, unet, decode) as modules from tensors to tensors."""
    pooled = parts.unet_config.get("addition_embed_type") == "text_time"
    unet = (_PooledUNet if pooled else _UNet)(parts.unet)
    return _Encode(parts.vae, parts.packing), unet, _Decode(parts.vae, parts.packing)


class _Half(nn.Module):
    """What an autoencoder does in one direction; of a tiny one that half alone, its layers as few as they can be."""

    role: str

    def __init__(self, vae: Any, packing: int) -> None:
        super().__init__()
        self.tiny, self.packing = type(vae).__name__ == "AutoencoderTiny", packing
        self.net: Any = rewritten(getattr(vae, f"{self.role}r").layers) if self.tiny else vae
        self.scale = float(vae.config.scaling_factor)
        self.shift = float(getattr(vae.config, "shift_factor", None) or 0.0)


class _Encode(_Half):
    role = "encode"

    def forward(self, picture: Tensor) -> Tensor:
        latents = self.net(picture) if self.tiny else self.net.encode(picture * 2 - 1).latent_dist.mode()
        return functional.pixel_unshuffle((latents - self.shift) * self.scale, self.packing)


class _Decode(_Half):
    role = "decode"

    def forward(self, latents: Tensor) -> Tensor:
        latents = functional.pixel_shuffle(latents, self.packing) / self.scale + self.shift
        if self.tiny:
            return self.net(torch.tanh(latents / 3) * 3).clamp(0, 1)
        return (self.net.decode(latents, return_dict=False)[0] * 0.5 + 0.5).clamp(0, 1)


class _UNet(nn.Module):
    role = "unet"

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor, timestep: Tensor, words: Tensor, led: Led | None = None) -> Tensor:
        return self.net(x, timestep, encoder_hidden_states=words, return_dict=False, **_residuals(led))[0]


class _PooledUNet(_UNet):
    """SDXL's: wants a pooled text embedding and the picture's size as well."""

    def forward(  # type: ignore[override]
        self, x: Tensor, timestep: Tensor, words: Tensor, pooled: Tensor, sizes: Tensor, led: Led | None = None
    ) -> Tensor:
        more = {"added_cond_kwargs": {"text_embeds": pooled, "time_ids": sizes}, **_residuals(led)}
        return self.net(x, timestep, encoder_hidden_states=words, return_dict=False, **more)[0]


def _residuals(led: Led | None) -> dict[str, Any]:
    """What ControlNets add to the UNet's layers."""
    if led is None:
        return {}
    down, middle = led
    return {"down_block_additional_residuals": tuple(down), "mid_block_additional_residual": middle}
