"""Models of the real architectures with random weights, for measuring where nothing can be downloaded.

They have what `liveanim.render.engines` asks of `models.Parts`. `tiny` ones have the same kinds of layers, for trying
the measurements out on a CPU. Needs torch and diffusers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import torch

from liveanim.render import flux, unets
from liveanim.render.models import Family
from liveanim.render.prompts import Embedding

EPSILON: Mapping[str, Any] = MappingProxyType(
    {
        "_class_name": "EulerDiscreteScheduler",
        "num_train_timesteps": 1000,
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "prediction_type": "epsilon",
        "steps_offset": 1,
    }
)
FLOW: Mapping[str, Any] = MappingProxyType(
    {"_class_name": "FlowMatchEulerDiscreteScheduler", "use_dynamic_shifting": True, "time_shift_type": "exponential"}
)
_SD = {
    "sample_size": 64,
    "block_out_channels": (320, 640, 1280, 1280),
    "layers_per_block": 2,
    "cross_attention_dim": 1024,
    "attention_head_dim": (5, 10, 20, 20),
    "use_linear_projection": True,
}
_XL = {
    "sample_size": 64,
    "block_out_channels": (320, 640, 1280),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": (1, 2, 10),
    "layers_per_block": 2,
    "cross_attention_dim": 2048,
    "attention_head_dim": (5, 10, 20),
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}
_TINY_SD = {
    **_SD,
    "block_out_channels": (32, 32, 64, 64),
    "cross_attention_dim": 32,
    "attention_head_dim": (1, 1, 2, 2),
}
_TINY_XL = {
    **_XL,
    "block_out_channels": (32, 32, 64),
    "transformer_layers_per_block": (1, 1, 1),
    "cross_attention_dim": 32,
    "attention_head_dim": (1, 1, 2),
    "addition_time_embed_dim": 8,
    "projection_class_embeddings_input_dim": 8 * 6 + 32,
}
_KLEIN = {
    "in_channels": 128,
    "num_layers": 5,
    "num_single_layers": 20,
    "num_attention_heads": 24,
    "attention_head_dim": 128,
    "joint_attention_dim": 3 * 2560,
    "guidance_embeds": False,
}
_TINY_KLEIN = {
    **_KLEIN,
    "in_channels": 16,
    "num_layers": 1,
    "num_single_layers": 2,
    "num_attention_heads": 2,
    "attention_head_dim": 16,
    "joint_attention_dim": 3 * 8,
    "axes_dims_rope": (4, 4, 4, 4),
}
_TINY_KL = {"block_out_channels": (8, 8, 8, 8), "layers_per_block": 1, "latent_channels": 4, "norm_num_groups": 4}
_NETWORKS = {"sd-turbo": (_SD, _TINY_SD), "sdxl-turbo": (_XL, _TINY_XL), "flux2-klein": (_KLEIN, _TINY_KLEIN)}
TOKENS = 77


@dataclass
class RandomParts:
    """SD-Turbo's or SDXL-Turbo's UNet and the tiny autoencoder, or FLUX.2 klein's transformer and its own; in half
    precision on a GPU."""

    name: str
    device: str
    tiny: bool = False
    packing = 1

    @property
    def family(self) -> Family:
        return flux if self.name == "flux2-klein" else unets

    @property
    def shrinking(self) -> int:
        return 16 if self.family is flux else 8

    @property
    def scheduler(self) -> Mapping[str, Any]:
        return FLOW if self.family is flux else EPSILON

    @property
    def dtype(self) -> torch.dtype:
        return torch.float32 if self.device == "cpu" else self.family.HALF

    @property
    def unet_config(self) -> Any:
        return self.unet.config

    def latents(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Their shape for pictures of `size`, (width, height)."""
        return 1, self.unet_config["in_channels"], size[1] // self.shrinking, size[0] // self.shrinking

    @cached_property
    def unet(self) -> Any:
        config: Any = _NETWORKS[self.name][self.tiny]
        if self.family is flux:
            from diffusers.models.transformers.transformer_flux2 import Flux2Transformer2DModel

            return self._made(Flux2Transformer2DModel, **config)
        from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

        return self._made(UNet2DConditionModel, **config)

    @cached_property
    def vae(self) -> Any:
        if self.family is flux:
            from diffusers.models.autoencoders.autoencoder_kl_flux2 import AutoencoderKLFlux2

            return self._made(AutoencoderKLFlux2, **(_TINY_KL if self.tiny else {}))
        from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny

        channels = (8 if self.tiny else 64,) * 4
        return self._made(AutoencoderTiny, encoder_block_out_channels=channels, decoder_block_out_channels=channels)

    def embedding(self, seed: int) -> Embedding:
        """What a text of its own would be."""
        dice = torch.Generator().manual_seed(seed)
        if self.family is flux:
            width = self.unet_config["joint_attention_dim"]
            return Embedding(torch.randn(1, flux.TOKENS, width, generator=dice).to(self.device))
        width = int(self.unet_config["cross_attention_dim"])
        words = torch.randn(1, TOKENS, width, generator=dice).to(self.device)
        if self.unet_config["addition_embed_type"] != "text_time":
            return Embedding(words)
        times = 6 * int(self.unet_config["addition_time_embed_dim"])
        pooled = torch.randn(1, self.unet_config["projection_class_embeddings_input_dim"] - times, generator=dice)
        return Embedding(words, pooled.to(self.device))

    def _made(self, kind: Any, **config: Any) -> Any:
        from diffusers.utils import logging

        logging.set_verbosity_error()
        torch.manual_seed(1)
        usual = torch.get_default_dtype()
        torch.set_default_dtype(self.dtype)  # never there in float32, which takes twice the memory
        try:
            with torch.device(self.device):
                return kind(**config).eval().requires_grad_(False)
        finally:
            torch.set_default_dtype(usual)
