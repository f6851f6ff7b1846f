"""Where in a picture something is that words name: for masks. A small model by table, loaded where it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from liveanim.core.errors import UserError, brief, near
from liveanim.core.model import Image

Plane = NDArray[np.float32]
Finder = Callable[[Image, str], Plane]
"""(picture, words) -> (height, width) float32 0..1 of the picture's size: how sure it is that the words are there.

Commas separate things: the mask has them all."""
MOST_THINGS = 8
_MEAN, _DEVIATION = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], np.float32)


@dataclass(frozen=True, slots=True)
class FinderSpec:
    """One model: 'owner/name' on the hub, and what it is."""

    name: str
    source: str
    doc: str


_ROWS = (FinderSpec("clipseg", "CIDAS/clipseg-rd64-refined", "CLIPSeg, as Deforum's; a GPU for live shows"),)
FINDERS: Mapping[str, FinderSpec] = MappingProxyType({row.name: row for row in _ROWS})


def find_finder(name: str) -> FinderSpec:
    """The model called `name`, or the one in the folder `name`; UserError when there is neither."""
    if name in FINDERS:
        return FINDERS[name]
    folder = Path(name).expanduser()
    if (folder / "config.json").is_file():
        return FinderSpec(folder.name, str(folder.resolve()), "")
    raise UserError(f"unknown model for masks {name!r}{near(name, FINDERS)}; known: {', '.join(FINDERS)}, or a folder")


def _looked_at(image: Image, side: int) -> Plane:
    """(1, 3, side, side): the picture as such a model wants it."""
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return np.ascontiguousarray(((small - _MEAN) / _DEVIATION).transpose(2, 0, 1)[None])


def load_finder(name: str, device: str = "cpu") -> Finder:
    """The model `name`, loaded. UserError when it is not on this machine and cannot be fetched."""
    import torch
    from transformers import CLIPSegForImageSegmentation, CLIPTokenizer
    from transformers.utils import logging as quiet

    from .models import from_hub

    quiet.disable_progress_bar()
    spec = find_finder(name)
    local = Path(spec.source).is_dir()
    folder = Path(spec.source) if local else from_hub(spec.source, ("*.json", "*.txt", "*.safetensors"))
    try:
        tokenizer: Any = CLIPTokenizer.from_pretrained(str(folder), local_files_only=True)
        model: Any = CLIPSegForImageSegmentation.from_pretrained(
            str(folder), local_files_only=True, use_safetensors=True, torch_dtype=torch.float32
        )
    except (OSError, ValueError) as error:
        raise UserError(f"{name}: no model for masks in words: {brief(error)}") from None
    model = model.to(device).eval().requires_grad_(False)
    side = int(model.config.vision_config.image_size)

    @lru_cache(maxsize=64)
    @torch.inference_mode()
    def meant(words: str) -> torch.Tensor:
        """(things, dimension) what the words mean; kept, as they are asked for at every keyframe."""
        things = [thing.strip() for thing in words.split(",") if thing.strip()][:MOST_THINGS]
        tokens = tokenizer(things, padding=True, truncation=True, return_tensors="pt").to(device)
        found = model.clip.get_text_features(input_ids=tokens.input_ids, attention_mask=tokens.attention_mask)
        return found if isinstance(found, torch.Tensor) else found.pooler_output

    @torch.inference_mode()
    def find(image: Image, words: str) -> Plane:
        things = meant(words)
        seen = torch.from_numpy(_looked_at(image, side)).to(device).expand(len(things), -1, -1, -1)
        logits = model(pixel_values=seen, conditional_embeddings=things).logits
        sure = torch.sigmoid(logits.reshape(len(things), *logits.shape[-2:])).amax(0).float().cpu().numpy()
        return np.asarray(cv2.resize(sure, image.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)

    return find
