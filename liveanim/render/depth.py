"""How near each part of a picture is: a depth model where one is loaded, else a guess from geometry and light.

Nearness is (h, w) float32, 0 the farthest .. 1 the nearest, a few times smaller than the picture. A model answers on a
scale of its own; `near_far` (followed slowly by the show) is what maps it to 0..1, so that depth does not pump.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from liveanim.core.errors import UserError, near
from liveanim.core.model import Image
from liveanim.core.params import Values

from .deep import equalised

log = logging.getLogger(__name__)

Plane = NDArray[np.float32]
Estimator = Callable[[Image], Plane]

SMALLER = 4  # times: nearness has this many pixels fewer in both directions
RELIEF_OF_LIGHT = 0.35  # share of the guess that is the picture's own light, the rest is the scene's geometry
_PERCENTILES = (2, 98)  # of a model's answers: what lies outside is as far or near as anything


@dataclass(frozen=True, slots=True)
class DepthSpec:
    """One depth model: 'owner/name' on the hub, pixels of the shorter side it looks at, and their multiple."""

    name: str
    source: str
    size: int
    multiple: int
    doc: str


_ROWS = (
    DepthSpec("depth-anything", "depth-anything/Depth-Anything-V2-Small-hf", 252, 14, "small and sharp, the default"),
    DepthSpec("midas", "Intel/dpt-hybrid-midas", 256, 32, "MiDaS 3 hybrid, as Deforum's"),
    DepthSpec("dpt", "Intel/dpt-large", 384, 32, "DPT large; a large GPU"),
)
DEPTH_MODELS: Mapping[str, DepthSpec] = MappingProxyType({row.name: row for row in _ROWS})


class Depth:
    """Nearness of pictures. `estimate`: a loaded model's, None for the guess alone."""

    def __init__(self, estimate: Estimator | None = None) -> None:
        self._estimate = estimate
        self._last: tuple[Image, Plane, tuple[float, float]] | None = None

    def of(
        self, image: Image, values: Values, near_far: tuple[float, float] | None = None
    ) -> tuple[Plane, tuple[float, float] | None]:
        """(nearness, the model's range on this picture or None). The model runs once for the same picture."""
        scene = values.word("space.depth")
        share = values["space.midas_weight"] if scene == "auto" and self._estimate is not None else 0.0
        found = None
        nearness = guessed(image, scene, (values["camera.centre_x"], values["camera.centre_y"]))
        if share > 0:
            answer, found = self._answer(image)
            low, high = near_far or found
            modelled = np.clip((answer - low) / max(high - low, 1e-6), 0, 1)
            modelled = cv2.resize(modelled, nearness.shape[::-1], interpolation=cv2.INTER_AREA)
            nearness = (nearness + np.float32(share) * (modelled - nearness)).astype(np.float32)
        if values.on("camera.warp") and scene != "flat":
            nearness = equalised(nearness)
        return nearness, found

    def _answer(self, image: Image) -> tuple[Plane, tuple[float, float]]:
        assert self._estimate is not None
        if self._last is None or self._last[0] is not image:
            answer = self._estimate(image)
            low, high = np.percentile(answer[::2, ::2], _PERCENTILES)
            self._last = image, answer, (float(low), float(high))
        return self._last[1], self._last[2]


def guessed(image: Image, scene: str, centre: tuple[float, float] = (0.5, 0.5)) -> Plane:
    """Nearness without a model.

    tunnel      a tube around the vanishing point `centre` (shares of width and height)
    landscape   ground below the horizon at centre[1], a high sky above it
    picture     bright parts before dark ones
    auto        a tunnel whose walls stand out by their light
    flat        everything at the nearest distance
    """
    height, width = image.shape[:2]
    rows, columns = max(8, height // SMALLER), max(8, width // SMALLER)
    if scene == "flat":
        return np.ones((rows, columns), np.float32)
    aspect = width / height
    x = (((np.arange(columns) + 0.5) / columns - centre[0]) * aspect).astype(np.float32)[None]
    y = ((np.arange(rows) + 0.5) / rows - centre[1]).astype(np.float32)[:, None]
    # For a tube or a plane seen along its length 1/z grows evenly with the distance from where it vanishes.
    if scene == "landscape":
        shape = np.where(y > 0, y / max(1 - centre[1], 0.05), -0.35 * y / max(centre[1], 0.05)) + 0 * x
    else:
        farthest = np.hypot(aspect * max(centre[0], 1 - centre[0]), max(centre[1], 1 - centre[1]))
        shape = np.hypot(x, y) / np.float32(farthest)
    share = {"auto": RELIEF_OF_LIGHT, "picture": 0.85}.get(scene, 0.12)
    nearness = np.asarray(shape, np.float32) * np.float32(1 - share) + np.float32(share) * _relief(image, columns, rows)
    return np.clip(cv2.GaussianBlur(nearness, (0, 0), max(0.8, rows / 60)), 0, 1)


def _relief(image: Image, columns: int, rows: int) -> Plane:
    """Light as relief, about 0..1: what is brighter than its surroundings stands out from them."""
    small = cv2.cvtColor(cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    luma = small.astype(np.float32) / 255
    around = cv2.GaussianBlur(luma, (0, 0), rows / 5)
    local = cv2.GaussianBlur(luma, (0, 0), max(1.0, rows / 40)) - around
    return np.clip(0.5 + 1.2 * local + 0.3 * (around - 0.5), 0, 1).astype(np.float32)


def find_depth(name: str) -> DepthSpec:
    """The depth model called `name`, or the one in the folder `name`; UserError when there is neither."""
    if name in DEPTH_MODELS:
        return DEPTH_MODELS[name]
    if (Path(name).expanduser() / "config.json").is_file():
        folder = Path(name).expanduser().resolve()
        return DepthSpec(folder.name, str(folder), 252, 14, "")
    known = ", ".join(DEPTH_MODELS)
    raise UserError(f"unknown depth model {name!r}{near(name, DEPTH_MODELS)}; known: {known}, or a folder")


def load_depth(name: str, device: str = "cpu") -> Estimator:
    """The depth model `name`, loaded. UserError when it is not on this machine and cannot be fetched."""
    import torch
    from transformers import AutoModelForDepthEstimation
    from transformers.utils import logging as quiet

    from .models import from_hub

    quiet.disable_progress_bar()
    spec = find_depth(name)
    files = ("*.json", "*.safetensors")
    folder = Path(spec.source) if Path(spec.source).is_dir() else from_hub(spec.source, files)
    model: Any = AutoModelForDepthEstimation.from_pretrained(
        str(folder), local_files_only=True, use_safetensors=True, torch_dtype=torch.float32
    )
    model = model.to(device).eval().requires_grad_(False)
    mean, std, multiple = _looks(folder, spec)

    @torch.inference_mode()
    def estimate(image: Image) -> Plane:
        height, width = image.shape[:2]
        scale = spec.size / min(height, width)
        columns, rows = (max(multiple, round(side * scale / multiple) * multiple) for side in (width, height))
        small = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA)
        pixels = ((small.astype(np.float32) / 255 - mean) / std).transpose(2, 0, 1)[None]
        answer = model(pixel_values=torch.from_numpy(np.ascontiguousarray(pixels)).to(device)).predicted_depth
        return answer[0].float().cpu().numpy()

    return estimate


def _looks(folder: Path, spec: DepthSpec) -> tuple[Plane, Plane, int]:
    """Mean and deviation of colours, and the multiple of pixels, that the model in `folder` wants."""
    try:
        settings = json.loads((folder / "preprocessor_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        settings = {}
    mean, std = settings.get("image_mean", [0.485, 0.456, 0.406]), settings.get("image_std", [0.229, 0.224, 0.225])
    multiple = int(settings.get("ensure_multiple_of") or spec.multiple)
    return np.asarray(mean, np.float32), np.asarray(std, np.float32), max(1, multiple)
