"""The three networks of ember, in diffusers' and transformers' own classes, and their sizes.

Latents are (B, 16, H/16, W/16) of about unit variance: the autoencoder's (B, 4, H/8, W/8) with squares of 2 x 2 packed
into one, which makes the UNet four times as fast. Time t runs 0 (picture) to 1 (noise): x_t = (1-t) x_0 + t noise,
the UNet is given 1000 t and answers with the velocity noise - x_0.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from diffusers import AutoencoderTiny, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from diffusers.models.autoencoders.vae import AutoencoderTinyBlock
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPTextConfig, CLIPTextModel

from liveanim.render.processor import fast_bfloat16

Vae = Any  # an AutoencoderTiny; the libraries' own classes hide their methods from type checkers
Unet = Any  # a UNet2DConditionModel
Text = Any  # a CLIPTextModel
TEXT_WIDTH = 128
TOKENS = 32
VAE_CHANNELS = 4
NARROW = 16
PACK = 2
LATENT_CHANNELS = VAE_CHANNELS * PACK**2
DOWN = 8 * PACK
TIME_SCALE = 1000.0


def make_vae() -> Vae:
    """Pictures (B, 3, H, W) -1..1 to latents (B, 4, H/8, W/8) and back; 32 channels throughout, 0.5 M parameters.

    No block works at full size, where one costs as much as all that is left of the encoder, and the one at half size
    keeps to NARROW channels within: the others are 0 and stay so, and are left out when the model is loaded.
    """
    vae: Vae = AutoencoderTiny(
        encoder_block_out_channels=(32, 32, 32, 32),
        decoder_block_out_channels=(32, 32, 32, 32),
        num_encoder_blocks=(0, 1, 3, 3),
        num_decoder_blocks=(3, 3, 1, 0),
        latent_channels=VAE_CHANNELS,
        scaling_factor=1.0,
        shift_factor=0.0,
    )
    for module in vae.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="linear")
    for module in vae.modules():
        if isinstance(module, AutoencoderTinyBlock):
            for index, gain in ((0, 1.4), (2, 1.4), (4, 0.5)):
                module.conv[index].weight.data.mul_(gain)
    last = [module for module in vae.decoder.modules() if isinstance(module, AutoencoderTinyBlock)][-1]
    for index in (0, 2):
        last.conv[index].weight.data[NARROW:], last.conv[index].bias.data[NARROW:] = 0, 0
    return vae


def to_latents(vae: Vae, pictures: Tensor) -> Tensor:
    """Packed latents (B, 16, H/16, W/16) of pictures (B, 3, H, W) -1..1."""
    return functional.pixel_unshuffle(vae.encode(pictures).latents, PACK)


def to_pictures(vae: Vae, latents: Tensor) -> Tensor:
    """Pictures (B, 3, H, W) -1..1 of packed latents."""
    return vae.decode(functional.pixel_shuffle(latents, PACK)).sample.clamp(-1, 1)


def make_unet() -> Unet:
    """The denoiser. Attention from 8 x 8 down; the words also steer every block through the time embedding."""
    unet: Unet = UNet2DConditionModel(
        sample_size=16,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        layers_per_block=(2, 1, 1),
        block_out_channels=(192, 96, 192),
        time_embedding_dim=192,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=TEXT_WIDTH,
        encoder_hid_dim=TEXT_WIDTH,
        attention_head_dim=4,  # the number of heads, in spite of the name
        norm_num_groups=16,
        addition_embed_type="text",
        addition_embed_type_num_heads=4,
        resnet_time_scale_shift="scale_shift",
    )
    return unet


def quick_attention(unet: Unet) -> None:
    """Makes attention cheaper to train on a CPU, where the fused kernel's way back takes a quarter of a step."""
    unet.set_attn_processor(AttnProcessor())


def make_text(vocabulary: int, start: int, end: int) -> Text:
    """Token numbers (B, TOKENS) to embeddings (B, TOKENS, TEXT_WIDTH). `start`, `end`: their token numbers."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary,
            hidden_size=TEXT_WIDTH,
            intermediate_size=384,
            projection_dim=TEXT_WIDTH,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=TOKENS,
            bos_token_id=start,
            eos_token_id=end,
            pad_token_id=end,
        )
    )


def halves(device: torch.device) -> bool:
    """Whether it computes in bfloat16 faster than in float32."""
    return device.type != "cpu" or fast_bfloat16()


def precision(device: str) -> AbstractContextManager[Any]:
    """bfloat16 where the hardware is faster in it, else float32."""
    where = torch.device(device)
    return torch.autocast(where.type, dtype=torch.bfloat16) if halves(where) else nullcontext()


def embed(text: Text, tokens: Tensor) -> Tensor:
    """Embeddings (B, TOKENS, TEXT_WIDTH) of token numbers (B, TOKENS)."""
    return text(input_ids=tokens).last_hidden_state


def velocity(unet: Unet, latents: Tensor, t: Tensor, words: Tensor) -> Tensor:
    """The UNet's velocity (noise - x_0) for latents (B, 4, h, w) at times t (B,) 0..1 under embeddings `words`."""
    return unet(latents, t * TIME_SCALE, encoder_hidden_states=words, return_dict=False)[0]


def count(module: torch.nn.Module) -> float:
    """Parameters in millions."""
    return sum(p.numel() for p in module.parameters()) / 1e6
