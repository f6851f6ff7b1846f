"""The tokenizer: byte pair merges learned so that each of ember's words is one token; other words fall into pieces."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from pathlib import Path

from torch import Tensor
from transformers import CLIPTokenizer

from .nets import TOKENS
from .words import all_words

START, END = "<|startoftext|>", "<|endoftext|>"


def learn_merges(words: list[str]) -> list[tuple[str, str]]:
    """Merges, best first, after which every word is one piece (its last letter carries `</w>`)."""
    split = {word: (*word[:-1], word[-1] + "</w>") for word in words}
    merges: list[tuple[str, str]] = []
    while True:
        pairs: Counter[tuple[str, str]] = Counter()
        for pieces in split.values():
            pairs.update(itertools.pairwise(pieces))
        if not pairs:
            return merges
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        split = {word: _merge(pieces, best) for word, pieces in split.items()}


def _merge(pieces: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    out: list[str] = []
    index = 0
    while index < len(pieces):
        if pieces[index : index + 2] == pair:
            out.append(pieces[index] + pieces[index + 1])
            index += 2
        else:
            out.append(pieces[index])
            index += 1
    return tuple(out)


def byte_symbols() -> list[str]:
    """The 256 characters that stand for bytes in this kind of tokenizer."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) for byte in plain] + [chr(256 + index) for index in range(len(rest))]


def write_tokenizer(folder: Path) -> None:
    """Writes vocab.json, merges.txt and the two settings files."""
    folder.mkdir(parents=True, exist_ok=True)
    merges = learn_merges(all_words())
    symbols = byte_symbols()
    pieces = [*symbols, *(s + "</w>" for s in symbols), *dict.fromkeys(a + b for a, b in merges), START, END]
    vocabulary = {piece: index for index, piece in enumerate(dict.fromkeys(pieces))}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2", *(f"{a} {b}" for a, b in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    special = {"bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END}
    settings = {**special, "tokenizer_class": "CLIPTokenizer", "model_max_length": TOKENS, "do_lower_case": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1), encoding="utf-8")
    (folder / "special_tokens_map.json").write_text(json.dumps(special, indent=1), encoding="utf-8")


def load_tokenizer(folder: Path) -> CLIPTokenizer:
    """The tokenizer written by `write_tokenizer`."""
    return CLIPTokenizer.from_pretrained(str(folder))


def encode(tokenizer: CLIPTokenizer, texts: list[str]) -> Tensor:
    """Token numbers (B, TOKENS), cut or padded."""
    return tokenizer(texts, padding="max_length", truncation=True, max_length=TOKENS, return_tensors="pt").input_ids
