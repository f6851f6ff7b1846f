"""The family of FLUX.2 klein: a transformer that sees words and picture as one row of tokens (`models.Family`).

As in diffusers' Flux2KleinPipeline: a language model (Qwen3) reads a prompt as a question put to it, and what three of
its layers make of it are the words; a latent is a square of 2 x 2 of the autoencoder's, normalised by its statistics.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from liveanim.core.errors import UserError

from .family import Schedule, schedule_of
from .lexicon import Stretch
from .models import Parts
from .prompts import Embedding, Encoder

FOLDER = "transformer"
HALF = torch.bfloat16  # float16 overflows in it
RUN_BY: tuple[str, ...] = ("torch", "compile")
TEXTS_KEPT = 64  # of 16 MB each
TOKENS = 512  # of every text: the rest is padding, which is seen too
LAYERS = (9, 18, 27)
PATCH = 2


def network(parts: Parts) -> Any:
    try:
        from diffusers.models.transformers.transformer_flux2 import Flux2Transformer2DModel
    except ImportError:
        raise UserError(f"{parts.spec.name} needs a newer diffusers: pip install -U diffusers") from None
    return parts.read(Flux2Transformer2DModel, parts.folder / FOLDER)


def vae(parts: Parts) -> Any:
    from diffusers.models.autoencoders.autoencoder_kl_flux2 import AutoencoderKLFlux2

    return parts.read(AutoencoderKLFlux2, parts.folder / "vae")


def text_encoders(parts: Parts) -> tuple[Any, ...]:
    """Without the layers whose answer nobody wants, a quarter of them."""
    from transformers import Qwen3Config, Qwen3Model

    folder = parts.folder / "text_encoder"
    config: Any = Qwen3Config.from_pretrained(str(folder), local_files_only=True)
    config.num_hidden_layers = LAYERS[-1] + 1  # what the last one gives is normalised
    config.layer_types = config.layer_types[: config.num_hidden_layers]
    return (parts.read(Qwen3Model, folder, config=config),)


def tokenizers(parts: Parts) -> tuple[Any, ...]:
    from transformers import AutoTokenizer

    folder = parts.folder / "tokenizer"
    made = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    if not made.chat_template:
        raise UserError(f"{folder} has no chat template: fetch the model again")
    return (made,)


def modules(parts: Parts) -> tuple[nn.Module, nn.Module, nn.Module]:
    return _Encode(parts.vae), _Transformer(parts.unet), _Decode(parts.vae)


def schedule(parts: Parts) -> Schedule:
    made = schedule_of(parts.scheduler)
    if not parts.scheduler.get("use_dynamic_shifting"):
        return made
    linear = parts.scheduler.get("time_shift_type") == "linear"
    return replace(made, shift_of=bent if linear else lambda places, steps: math.exp(bent(places, steps)))


def bent(places: int, steps: int) -> float:
    """By how much time is bent toward noise for so many latents and steps, as its makers have found it."""
    most = 0.00016927 * places + 0.45666666  # in 200 steps
    if places > 4300:
        return most
    few = 8.73809524e-05 * places + 1.89833333  # in 10
    return most + (few - most) * (200 - steps) / 190


def encoder(parts: Parts) -> Encoder:
    """Weighted text -> Embedding. The network is loaded when the first text comes.

    Words of weight w are w times as far from what an empty text has in their places: how long their vectors are makes
    no difference here, the transformer normalises them.
    """

    @lru_cache(8)  # weights may move all the time, the words do not
    def read(text: str) -> tuple[Tensor, Sequence[tuple[int, int]]]:
        """Words (1, TOKENS, width), and where each begins and ends in `_question`."""
        (tokenizer,), (reader,) = parts.tokenizers, parts.text_encoders
        tokens = tokenizer(
            _question(tokenizer, text),
            padding="max_length",
            truncation=True,
            max_length=TOKENS,
            return_tensors="pt",
            return_offsets_mapping=True,
        )
        seen = {name: tokens[name].to(parts.device) for name in ("input_ids", "attention_mask")}
        layers = reader(**seen, output_hidden_states=True, use_cache=False).hidden_states
        words = torch.cat([layers[layer] for layer in LAYERS], -1).float()
        return words, tokens["offset_mapping"][0].tolist()

    @torch.inference_mode()
    def encode(pieces: Sequence[Stretch]) -> Embedding:
        text = " ".join(words for words, _ in pieces)
        words, spans = read(text)
        if all(weight == 1 for _, weight in pieces):
            return Embedding(words)
        weights = [1.0] * len(_question(parts.tokenizers[0], text))
        at = _question(parts.tokenizers[0], "\0").index("\0")
        for piece, weight in pieces:
            weights[at : at + len(piece)] = [weight] * len(piece)
            at += len(piece) + 1
        share = torch.tensor([weights[end - 1] if end > start else 1.0 for start, end in spans], device=words.device)
        return Embedding(torch.lerp(read("")[0], words, share[None, :, None]))

    return encode


def _question(tokenizer: Any, text: str) -> str:
    asked = [{"role": "user", "content": text}]
    made: str = tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True, enable_thinking=False)
    return made


class _Normal(nn.Module):
    """The autoencoder `net` and the mean and deviation of each of its channels, (1, 4 c, 1, 1)."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("mean", net.bn.running_mean[None, :, None, None])
        self.register_buffer("deviation", (net.bn.running_var + net.config.batch_norm_eps).sqrt()[None, :, None, None])


class _Encode(_Normal):
    role = "encode"

    def forward(self, picture: Tensor) -> Tensor:
        latents = functional.pixel_unshuffle(self.net.encode(picture * 2 - 1).latent_dist.mode(), PATCH)
        return (latents - self.mean) / self.deviation


class _Decode(_Normal):
    role = "decode"

    def forward(self, latents: Tensor) -> Tensor:
        latents = functional.pixel_shuffle(latents * self.deviation + self.mean, PATCH)
        return (self.net.decode(latents, return_dict=False)[0] * 0.5 + 0.5).clamp(0, 1)


class _Given(nn.Module):
    """A network's `pos_embed` for places whose turns, (tokens, 2 x width of a head), are given in their stead."""

    def __init__(self, own: Any) -> None:
        super().__init__()
        self.own = own

    def forward(self, turns: Tensor) -> tuple[Tensor, Tensor]:
        cos, sin = turns.chunk(2, -1)
        return cos, sin


class _Transformer(nn.Module):
    role = "unet"

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net
        self._known: dict[tuple[int, int, int], Tensor] = {}
        if not isinstance(net.pos_embed, _Given):  # of an engine beside
            net.pos_embed = _Given(net.pos_embed)

    def forward(self, x: Tensor, timestep: Tensor, words: Tensor) -> Tensor:
        """`timestep`: 0..1000. The network's answer for `x`, same shape."""
        height, width = x.shape[-2:]
        answer = self.net(
            hidden_states=x.flatten(2).transpose(1, 2),
            encoder_hidden_states=words,
            timestep=timestep / 1000,
            img_ids=self._turns(height, width, 1, x.device),
            txt_ids=self._turns(1, 1, words.shape[1], x.device),
            return_dict=False,
        )[0]
        return answer.transpose(1, 2).unflatten(2, (height, width))

    def _turns(self, rows: int, columns: int, length: int, device: torch.device) -> Tensor:
        """What `_Given` is given for tokens in these rows, columns and places of a text. Kept for good: recordings read
        them where they lie."""
        key = rows, columns, length
        if key in self._known and not torch.compiler.is_compiling():  # else it is compiled once more for what is kept
            return self._known[key]
        axes = [torch.arange(count, device=device) for count in (1, *key)]
        turns = torch.cat(self.net.pos_embed.own(torch.cartesian_prod(*axes)), -1)
        if not torch.compiler.is_compiling():
            self._known[key] = turns
        return turns
