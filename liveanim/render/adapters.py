"""LoRA and ControlNet on a model's UNet: their weights are parameters, so nothing is rebuilt while they are played."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from liveanim.core.errors import UserError, brief
from liveanim.core.model import Image, RenderRequest
from liveanim.core.params import Values

from .engines import Engine, TorchEngine, unet_inputs
from .family import Number
from .hybrid import DepthOf
from .models import Parts, check_weights
from .prompts import Embedding
from .unets import Led
from .warp import fit

MOST_LORAS, MOST_CONTROLS = 4, 5
_CANNY = (80, 160)


class Adapters:
    """The LoRAs (files) and ControlNets (folders in diffusers' format) of one model. UserError for a misfit."""

    def __init__(self, parts: Parts, loras: Sequence[str] = (), controls: Sequence[str] = ()) -> None:
        if len(loras) > MOST_LORAS or len(controls) > MOST_CONTROLS:
            raise UserError(f"at most {MOST_LORAS} LoRAs and {MOST_CONTROLS} ControlNets play at once")
        self._parts = parts
        self._names = [self._add_lora(number, name) for number, name in enumerate(loras, 1)]
        self._controls = [self._load_control(name) for name in controls]
        self._weights: list[float] = []

    def weigh(self, request: RenderRequest) -> None:
        """Set the LoRAs' weights to what the parameters say."""
        values = Values(request.values)
        weights = [values[f"lora.weight{n}"] for n in range(1, len(self._names) + 1)]
        if weights != self._weights:
            self._weights = weights
            self._parts.unet.set_adapters(self._names, weights)

    def over(self, engine: Engine, request: RenderRequest, picture: Image | None, depth_of: DepthOf) -> Engine:
        """`engine` under the ControlNets that have a weight and a picture; `picture` is what is painted over."""
        values = Values(request.values)
        units = []
        for number, network in enumerate(self._controls, 1):
            seen = self._seen(number, values, request, picture)
            weight = values[f"control.weight{number}"]
            if seen is not None and weight > 0:
                hint = filtered(fit(seen, request.size), values.word(f"control.filter{number}"), depth_of)
                span = values[f"control.start{number}"], values[f"control.end{number}"]
                units.append(_Unit(network, self._tensor(hint), weight, *span))
        return _Controlled(engine, units) if units and isinstance(engine, TorchEngine) else engine

    def _seen(self, number: int, values: Values, request: RenderRequest, picture: Image | None) -> Image | None:
        source, shots = values.word(f"control.source{number}"), request.shots
        if source == "file":
            return shots.controls[number - 1] if number <= len(shots.controls) else None
        return shots.video if source == "video" else picture

    def _tensor(self, image: Image) -> Tensor:
        pixels = torch.from_numpy(np.array(image)).to(self._parts.device).permute(2, 0, 1)[None]
        return pixels.to(next(self._parts.unet.parameters()).dtype) / 255

    def _add_lora(self, number: int, name: str) -> str:
        path, adapter = Path(name).expanduser(), f"lora{number}"
        if not path.is_file() or path.suffix != ".safetensors":
            raise UserError(f"{name}: expected a LoRA as a .safetensors file{_gone(path)}")
        try:
            self._parts.unet.load_lora_adapter(str(path), prefix=None, adapter_name=adapter)
        except ImportError:
            raise UserError("LoRA needs `pip install peft`") from None
        except (ValueError, LookupError, RuntimeError, OSError, TypeError) as error:
            raise UserError(f"{name}: this LoRA does not fit {self._parts.spec.name} ({brief(error)})") from None
        return adapter

    def _load_control(self, name: str) -> Any:
        folder = Path(name).expanduser()
        if not (folder / "config.json").is_file():
            raise UserError(f"{name}: expected the folder of a ControlNet in diffusers' format{_gone(folder)}")
        from diffusers.models.controlnets.controlnet import ControlNetModel

        check_weights(folder, allow_pickle=False)
        dtype = next(self._parts.unet.parameters()).dtype
        network: Any = ControlNetModel.from_pretrained(str(folder), torch_dtype=dtype, local_files_only=True)
        wanted, own = self._parts.unet_config["cross_attention_dim"], network.config.cross_attention_dim
        if wanted != own:
            raise UserError(f"{name}: this ControlNet was made for another family than {self._parts.spec.name}")
        return network.to(self._parts.device).eval().requires_grad_(False)


def filtered(image: Image, name: str, depth_of: Callable[[Image], np.ndarray]) -> Image:
    """What a ControlNet is shown of `image`: 'none' itself, 'edges', 'grey', or its 'depth' (near is white)."""
    if name == "none":
        return image
    if name == "depth":
        near = np.clip(depth_of(image) * 255, 0, 255).astype(np.uint8)
        plane = cv2.resize(near, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    else:
        plane = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        plane = cv2.Canny(plane, *_CANNY) if name == "edges" else plane
    return np.asarray(cv2.cvtColor(plane, cv2.COLOR_GRAY2RGB), np.uint8)


@dataclass(frozen=True, slots=True)
class _Unit:
    """A ControlNet at work: `start`..`end` are shares of the way from noise to picture."""

    network: Any
    hint: Tensor
    weight: float
    start: float
    end: float


class _Controlled:
    """An engine whose UNet is led by ControlNets, for one keyframe."""

    def __init__(self, engine: TorchEngine, units: Sequence[_Unit]) -> None:
        self.name, self._engine, self._units = engine.name, engine, units
        self._first = 0.0

    def encode(self, picture: Tensor) -> Tensor:
        return self._engine.encode(picture)

    def decode(self, latents: Tensor) -> Tensor:
        return self._engine.decode(latents)

    def unet(self, x: Tensor, timestep: Number, condition: Embedding) -> Tensor:
        now = float(timestep)
        self._first = max(self._first, now)
        way = 1 - now / self._first if self._first > 0 else 0.0
        led: Led | None = None
        for unit in self._units:
            if unit.start <= way <= unit.end:
                led = _summed(led, self._asked(unit, x, timestep, condition))
        return self._engine.unet(x, timestep, condition, led)

    @torch.inference_mode()
    def _asked(self, unit: _Unit, x: Tensor, timestep: Number, condition: Embedding) -> Led:
        sample, step, words, *pooled = (value.to(unit.hint.dtype) for value in unet_inputs(x, timestep, condition))
        added = {"text_embeds": pooled[0], "time_ids": pooled[1]} if pooled else None
        down, middle = unit.network(
            sample, step, words, unit.hint, unit.weight, added_cond_kwargs=added, return_dict=False
        )
        return list(down), middle


def _summed(one: Led | None, other: Led) -> Led:
    if one is None:
        return other
    return [a + b for a, b in zip(one[0], other[0], strict=True)], one[1] + other[1]


def _gone(path: Path) -> str:
    return "" if path.exists() else "; there is no such file"
