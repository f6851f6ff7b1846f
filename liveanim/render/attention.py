"""A network's attention to words, with what depends on the words alone computed once per text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from .prompts import Embedding


class Remembered:
    """diffusers' attention to words by torch's fused kernel; `kept`: its keys and values, or None to compute them."""

    def __init__(self) -> None:
        self.kept: tuple[Tensor, Tensor] | None = None

    def __call__(self, attn: Any, hidden_states: Tensor, encoder_hidden_states: Tensor, *_: Any, **__: Any) -> Tensor:
        key, value = self.kept or keys_and_values(attn, encoder_hidden_states)
        batch, count, _channels = hidden_states.shape
        query = attn.to_q(hidden_states).view(batch, count, attn.heads, -1).transpose(1, 2)
        out = functional.scaled_dot_product_attention(query, key.to(query.dtype), value.to(query.dtype))
        return attn.to_out[0](out.transpose(1, 2).reshape(batch, count, -1))


class Itself:
    """diffusers' attention of a picture to itself, its queries, keys and values by one product."""

    def __init__(self, attn: Any) -> None:
        self._weight = torch.cat([attn.to_q.weight, attn.to_k.weight, attn.to_v.weight])

    def __call__(self, attn: Any, hidden_states: Tensor, *_: Any, **__: Any) -> Tensor:
        batch, count, _channels = hidden_states.shape
        made = functional.linear(hidden_states, self._weight).view(batch, count, 3, attn.heads, -1)
        query, key, value = made.permute(2, 0, 3, 1, 4).unbind()
        out = functional.scaled_dot_product_attention(query, key, value)
        return attn.to_out[0](out.transpose(1, 2).reshape(batch, count, -1))


def keys_and_values(attn: Any, words: Tensor) -> tuple[Tensor, Tensor]:
    """(1, heads, tokens, width of a head) twice."""
    batch, count, _width = words.shape
    key, value = (layer(words).view(batch, count, attn.heads, -1).transpose(1, 2) for layer in (attn.to_k, attn.to_v))
    return key, value


class WordMemory:
    """Keys and values of `unet`'s attention to words, kept with an Embedding (`remembering`) and used from it.

    With it the attention of pictures to themselves takes fewer launches: whoever has one plays from recordings.
    """

    def __init__(self, unet: Any) -> None:
        found = {name: part for name, part in unet.named_modules() if name.endswith(".attn2")}
        self._layers = list(found.values()) if all(map(_usual, found.values())) else []
        self._unet = unet
        self._processors = [Remembered() for _ in self._layers]
        for layer, processor in zip(self._layers, self._processors, strict=True):
            layer.set_processor(processor)
        for name, part in unet.named_modules():
            if name.endswith(".attn1") and _usual(part) and part.to_q.bias is None and not part.is_cross_attention:
                part.set_processor(Itself(part))

    @torch.inference_mode()
    def remembering(self, embedding: Embedding) -> Embedding:
        """`embedding` with its keys and values. Its text must be wanted often enough to be worth the memory."""
        if not self._layers:
            return embedding
        words = embedding.words.to(self._layers[0].to_k.weight.dtype)
        projected = getattr(self._unet, "encoder_hid_proj", None)
        words = words if projected is None else projected(words)
        return replace(embedding, keys=tuple(keys_and_values(layer, words) for layer in self._layers))

    def use(self, embedding: Embedding | None) -> None:
        """Have the next call of the network use what `embedding` holds; None: nothing."""
        keys = embedding.keys if embedding is not None and embedding.keys else (None,) * len(self._processors)
        for processor, kept in zip(self._processors, keys, strict=True):
            processor.kept = kept


def _usual(layer: Any) -> bool:
    """Whether `layer` is nothing but queries, keys, values and an output."""
    extras = ("group_norm", "spatial_norm", "norm_q", "norm_k", "added_kv_proj_dim")
    return (
        not any(getattr(layer, name, None) for name in extras)
        and not layer.norm_cross
        and not layer.residual_connection
        and layer.rescale_output_factor == 1
        and layer.scale_qk
    )
