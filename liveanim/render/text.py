"""Texts to embeddings: CLIP text encoders through transformers, or a compiled copy that starts without it.

Transformers takes seconds to import. Once a text encoder has been compiled, its tokenizer and its network are kept on
disk, and the next start reads these two files alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .compiled import converted, cpu_options, for_cpu, quiet_openvino, stored
from .lexicon import Stretch
from .models import Parts
from .prompts import Embedding, Encoder


@dataclass(frozen=True, slots=True)
class Reader:
    """A tokenizer: `numbers(text)` without start and end, which are added here with the padding up to `length`."""

    numbers: Callable[[str], list[int]]
    start: int
    end: int
    padding: int
    length: int

    def read(self, pieces: Sequence[Stretch]) -> tuple[Tensor, Tensor]:
        """Token numbers (1, length) of the pieces and the weight of each token (1, length, 1)."""
        numbers, weights = [self.start], [1.0]
        for text, weight in pieces:
            found = self.numbers(text)
            numbers += found
            weights += [weight] * len(found)
        numbers, weights = numbers[: self.length - 1], weights[: self.length - 1]
        rest = self.length - len(numbers) - 1
        tokens = torch.tensor([[*numbers, self.end, *[self.padding] * rest]])
        return tokens, torch.tensor([*weights, *[1.0] * (rest + 1)])[None, :, None]


def clip_encoder(parts: Parts) -> Encoder:
    """Weighted text -> Embedding through one CLIP text encoder (SD, ember), or two side by side (SDXL).

    Words of weight w have their output vectors scaled by w; then the whole is brought back to its former length, so
    that emphasis moves meaning and not loudness. The networks are loaded when the first text comes.
    """

    @torch.inference_mode()
    def encode(pieces: Sequence[Stretch]) -> Embedding:
        words, pooled = [], None
        double = len(parts.text_encoders) > 1
        for tokenizer, network in zip(parts.tokenizers, parts.text_encoders, strict=True):
            tokens, weights = _reader(tokenizer, network.config.max_position_embeddings).read(pieces)
            output = network(tokens.to(parts.device), output_hidden_states=double)
            hidden = output.hidden_states[-2] if double else output.last_hidden_state
            words.append(_emphasised(hidden.float(), weights))
            pooled = output.text_embeds.float() if double and "text_embeds" in output else pooled
        return Embedding(torch.cat(words, -1), pooled)

    return encode


def compiled_encoder(parts: Parts, threads: int = 0, cache: Path | None = None) -> Encoder:
    """`clip_encoder` for models with one text encoder, on OpenVINO in float32, kept in `cache` if any."""
    core, options = quiet_openvino().Core(), cpu_options(threads, single=True)
    folder = None if cache is None else cache / "text"
    if folder is not None and (folder / "model.xml").is_file() and (folder / "tokenizer.json").is_file():
        network = for_cpu(core, folder, options, keep=True)
        reader = _read_back(json.loads((folder / "tokenizer.json").read_text(encoding="utf-8")))
    else:
        (tokenizer,), (original,) = parts.tokenizers, parts.text_encoders
        reader = _reader(tokenizer, original.config.max_position_embeddings)
        tokens, _ = reader.read([("", 1.0)])
        kept = {"tokenizer.json": _written_down(tokenizer, reader)}
        network = core.compile_model(
            stored(core, converted(_LastHidden(original), (tokens,)), folder, kept), "CPU", options
        )
    request = network.create_infer_request()

    def encode(pieces: Sequence[Stretch]) -> Embedding:
        tokens, weights = reader.read(pieces)
        request.infer({0: tokens.numpy().astype(np.int64)})
        return Embedding(_emphasised(torch.from_numpy(request.get_output_tensor(0).data.copy()), weights))

    return encode


class _LastHidden(torch.nn.Module):
    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, tokens: Tensor) -> Tensor:
        return self.network(input_ids=tokens).last_hidden_state


def _reader(tokenizer: Any, longest: int) -> Reader:
    length = min(tokenizer.model_max_length, longest)

    def numbers(text: str) -> list[int]:
        return list(tokenizer(text, add_special_tokens=False, truncation=True, max_length=length).input_ids)

    return Reader(numbers, tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id, length)


def _written_down(tokenizer: Any, reader: Reader) -> str:
    """The tokenizer and its four numbers as JSON."""
    settings = {"start": reader.start, "end": reader.end, "padding": reader.padding, "length": reader.length}
    return json.dumps({**settings, "tokenizer": tokenizer.backend_tokenizer.to_str()})


def _read_back(kept: dict[str, Any]) -> Reader:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(kept["tokenizer"])
    tokenizer.no_padding()
    tokenizer.enable_truncation(kept["length"])

    def numbers(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False).ids)

    return Reader(numbers, kept["start"], kept["end"], kept["padding"], kept["length"])


def _emphasised(hidden: Tensor, weights: Tensor) -> Tensor:
    if bool((weights == 1).all()):
        return hidden
    scaled = hidden * weights.to(hidden.device)
    return scaled * (hidden.norm() / scaled.norm().clamp_min(1e-6))
