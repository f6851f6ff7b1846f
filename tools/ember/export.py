"""Writes ember as a folder in diffusers' own format, fp16 safetensors, and reads it back to train on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderTiny, FlowMatchEulerDiscreteScheduler, UNet2DConditionModel
from transformers import CLIPTextModel

from .nets import LATENT_CHANNELS, Text, Unet, Vae, make_text, make_unet, make_vae
from .tokens import END, START, load_tokenizer, write_tokenizer
from .words import lexicon, vocabulary

SHARD = "14MB"


@dataclass
class Ember:
    """The four parts."""

    tokenizer: Any
    text: Text
    unet: Unet
    vae: Vae


def fresh(work: Path, seed: int) -> Ember:
    """Untrained networks; the tokenizer is written under `work`."""
    torch.manual_seed(seed)
    write_tokenizer(work / "tokenizer")
    tokenizer = load_tokenizer(work / "tokenizer")
    numbers = tokenizer.get_vocab()
    return Ember(tokenizer, make_text(len(numbers), numbers[START], numbers[END]), make_unet(), make_vae())


def fits(folder: Path) -> bool:
    """Whether the folder holds exported networks that training can go on from."""
    config = folder / "unet" / "config.json"
    return config.exists() and json.loads(config.read_text(encoding="utf-8"))["in_channels"] == LATENT_CHANNELS


def load(folder: Path) -> Ember:
    """The exported networks, in float32 for training."""
    text = CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32)
    unet = UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=torch.float32)
    vae = AutoencoderTiny.from_pretrained(folder / "vae", torch_dtype=torch.float32)
    return Ember(load_tokenizer(folder / "tokenizer"), text, unet, vae)


def _half(module: Any) -> Any:
    """An fp16 copy of a network with plain memory layout, as the files want it."""
    state = {k: v.detach().to("cpu", torch.float16).contiguous() for k, v in module.state_dict().items()}
    kind = type(module)
    twin = kind.from_config(module.config) if hasattr(kind, "from_config") else kind(module.config)
    twin.half().load_state_dict(state)
    return twin


def _forget_where_from(config: Path) -> None:
    """Leaves the folder that the network was read from out of its configuration."""
    kept = {key: value for key, value in json.loads(config.read_text()).items() if key != "_name_or_path"}
    config.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")


def export(ember: Ember, folder: Path) -> None:
    """Writes unet, vae, text_encoder, tokenizer, scheduler, model_index.json, vocabulary.json and lexicon.json."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, module in (("unet", ember.unet), ("vae", ember.vae), ("text_encoder", ember.text)):
        for old in (folder / name).glob("*.safetensors*"):
            old.unlink()
        _half(module).save_pretrained(folder / name, safe_serialization=True, max_shard_size=SHARD)
        _forget_where_from(folder / name / "config.json")
        for path in (folder / name).iterdir():
            path.chmod(0o644)
    write_tokenizer(folder / "tokenizer")
    scheduler: Any = FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=1.0)
    scheduler.save_pretrained(folder / "scheduler")
    index = {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": "0.36.0",
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderTiny"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
        "safety_checker": [None, None],
        "feature_extractor": [None, None],
        "requires_safety_checker": False,
    }
    (folder / "model_index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
    for name, told in (("vocabulary", vocabulary()), ("lexicon", lexicon())):
        (folder / f"{name}.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
