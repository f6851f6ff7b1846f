"""The table of models, where their weights are, and the networks of one model as loaded objects.

A model is a folder in diffusers' own layout: unet/ vae/ text_encoder/ tokenizer/ scheduler/ (and text_encoder_2/
tokenizer_2/ for SDXL). Weights are safetensors; pickled weights run code when they are loaded and are refused unless
asked for. Only this module reads weights from disk or from the network.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from liveanim.core.errors import UserError, brief, near

ENGINES = ("auto", "torch", "openvino", "onnx", "compile", "tensorrt")
"""What can run a model's networks; 'auto' is OpenVINO on a CPU where it is installed, else torch."""
WEIGHTS = "diffusion_pytorch_model"
RANGES = "quantization.json"
NETWORK_TIMEOUT = 4.0

Ranges = Mapping[str, tuple[float, float]]
"""By the name of a convolution as torch has it: (lowest, highest) of what goes into it."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model.

    source     'package:NAME', a folder, or an 'owner/name' on the Hugging Face hub
    tiny_vae   where a small fast VAE comes from; '' uses the model's own
    steps, size    what it was made for: steps of a picture, and its height in pixels
    variant    which of the weights on the hub to take: '.fp16', or '' where there is but one kind
    noise      share of Stable Diffusion's noise under which it keeps as much of a picture (picture.strength_as)
    plain      its pictures are of few colours: matched by a sample's histogram they would have false ones
    """

    name: str
    source: str
    tiny_vae: str = ""
    steps: int = 2
    size: int = 512
    doc: str = ""
    variant: str = ".fp16"
    noise: float = 1.0
    plain: bool = False


_ROWS = (
    # To ember a picture is a quarter of Stable Diffusion's numbers, at a sixteenth of the places: noise hides more.
    ModelSpec("ember", "package:ember", "", 2, 256, "small, ships with liveanim, plays on any CPU", "", 0.4, True),
    ModelSpec("sd-turbo", "stabilityai/sd-turbo", "madebyollin/taesd", 1, 512, "SD 2.1 in one step; wants a GPU"),
    ModelSpec(
        "sdxs", "IDKiro/sdxs-512-0.9", "", 1, 512, "a third of SD 2.1, made to paint from noise alone in one step", ""
    ),
    ModelSpec("sdxl-turbo", "stabilityai/sdxl-turbo", "madebyollin/taesdxl", 1, 512, "SDXL in one step; a large GPU"),
)
MODELS: Mapping[str, ModelSpec] = MappingProxyType({row.name: row for row in _ROWS})


def default_model(cuda: bool) -> str:
    """The name of the model to start with: sd-turbo on a GPU, else ember."""
    return "sd-turbo" if cuda else "ember"


def find(name: str) -> ModelSpec:
    """The model called `name`, or the one in the folder `name`. UserError (with near names) when there is neither."""
    if name in MODELS:
        return MODELS[name]
    folder = Path(name).expanduser()
    if (folder / "unet" / "config.json").is_file():
        return ModelSpec(folder.name, str(folder.resolve()), size=_native_size(folder))
    if folder.is_dir():
        raise UserError(
            f"no model in {folder}: expected a diffusers folder with unet/, vae/, text_encoder/, tokenizer/"
        )
    raise UserError(f"unknown model {name!r}{near(name, MODELS)}; known: {', '.join(MODELS)}, or a diffusers folder")


def _native_size(folder: Path) -> int:
    config = json.loads((folder / "unet" / "config.json").read_text(encoding="utf-8"))
    size = int(config.get("sample_size") or 64)
    vae = folder / "vae" / "config.json"
    return size * (shrinking(config, json.loads(vae.read_text(encoding="utf-8"))) if vae.is_file() else 8)


def packing(unet_config: Mapping[str, Any], vae_config: Mapping[str, Any]) -> int:
    """2 where the network sees squares of 2 x 2 latents as one with four times the channels, else 1."""
    return 2 if unet_config.get("in_channels") == 4 * int(vae_config.get("latent_channels") or 4) else 1


def shrinking(unet_config: Mapping[str, Any], vae_config: Mapping[str, Any]) -> int:
    """Pixels per latent that the network sees; an autoencoder halves the size between one level and the next."""
    levels = vae_config.get("encoder_block_out_channels") or vae_config.get("block_out_channels") or range(4)
    return int(packing(unet_config, vae_config) * 2 ** (len(levels) - 1))


def folder_of(spec: ModelSpec) -> Path:
    """The folder with the weights of `spec`; fetched from the hub when they are not on this machine yet."""
    if spec.source.startswith("package:"):
        folder = Path(str(resources.files("liveanim"))) / "models" / spec.source.partition(":")[2]
        if not (folder / "unet" / "config.json").is_file():
            raise UserError(f"the weights of {spec.name} are missing from {folder}: install liveanim again")
        return folder
    if Path(spec.source).is_dir():
        return Path(spec.source)
    return from_hub(spec.source, _hub_files(spec))


def tiny_vae_of(spec: ModelSpec) -> Path | None:
    """The folder of the small VAE of `spec`, or None when the model's own is to be used."""
    if not spec.tiny_vae:
        return None
    return (
        Path(spec.tiny_vae)
        if Path(spec.tiny_vae).is_dir()
        else from_hub(spec.tiny_vae, ("*.json", f"{WEIGHTS}.safetensors"))
    )


def _hub_files(spec: ModelSpec) -> tuple[str, ...]:
    parts = ["unet", "text_encoder", "text_encoder_2", *([] if spec.tiny_vae else ["vae"])]
    weights = [f"{part}/{name}{spec.variant}.safetensors" for part in parts for name in ("model", WEIGHTS)]
    return ("*/*.json", "*/*.txt", "*.json", *weights)


def from_hub(repository: str, files: tuple[str, ...]) -> Path:
    """A snapshot of `repository`: from the local cache, else from the network, which is asked for briefly first."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        cached = Path(snapshot_download(repository, allow_patterns=list(files), local_files_only=True))
        if any(cached.rglob("*.safetensors")):
            return cached
    except LocalEntryNotFoundError:
        pass
    if not _hub_answers():
        raise UserError(
            f"{repository} is not on this machine and huggingface.co does not answer: connect once to fetch it, "
            "or name a folder that holds it"
        )
    try:
        return Path(snapshot_download(repository, allow_patterns=list(files), etag_timeout=NETWORK_TIMEOUT))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise UserError(f"{repository} could not be fetched: {brief(error)}") from error


def _hub_answers() -> bool:
    """Whether the hub can be reached within a few seconds. Behind a proxy that cannot be told: then it is tried."""
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        return False
    if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HF_ENDPOINT")):
        return True
    try:
        socket.create_connection(("huggingface.co", 443), NETWORK_TIMEOUT).close()
    except OSError:
        return False
    return True


class Parts:
    """The networks of one model, each loaded when first used, in eval mode, float32 on `device` unless `half`.

    Diffusers takes seconds to import: whoever has a compiled copy of a network never asks for the original.
    """

    def __init__(self, spec: ModelSpec, device: str = "cpu", half: bool = False, allow_pickle: bool = False) -> None:
        self.spec, self.device = spec, device
        self.folder, self.vae_folder = folder_of(spec), tiny_vae_of(spec)
        self._half, self._allow_pickle = half, allow_pickle

    @cached_property
    def scheduler(self) -> Mapping[str, Any]:
        """The scheduler's settings, which tell the parametrisation."""
        path = self.folder / "scheduler" / "scheduler_config.json"
        return _settings(path)

    @cached_property
    def vae_config(self) -> Mapping[str, Any]:
        return _settings((self.vae_folder or self.folder / "vae") / "config.json")

    @property
    def double(self) -> bool:
        """Whether two text encoders read side by side (SDXL)."""
        return (self.folder / "text_encoder_2").is_dir()

    @property
    def shrinking(self) -> int:
        """Pixels per latent that the network sees, 8 or 16 as a rule."""
        return shrinking(self.unet_config, self.vae_config)

    @property
    def packing(self) -> int:
        """2 where squares of 2 x 2 latents are one to the network."""
        return packing(self.unet_config, self.vae_config)

    @cached_property
    def unet_config(self) -> Mapping[str, Any]:
        return _settings(self.folder / "unet" / "config.json")

    @cached_property
    def ranges(self) -> Mapping[str, Ranges]:
        """By network ('unet', 'decode'): what goes into its convolutions, for `quantized.quantize`; empty where nobody
        measured it. UserError where the file does not say that."""
        return _ranges(self.folder / RANGES)

    @cached_property
    def unet(self) -> Any:
        _quiet_diffusers()
        from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

        return self._ready(UNet2DConditionModel, self.folder / "unet")

    @cached_property
    def vae(self) -> Any:
        _quiet_diffusers()
        folder = self.vae_folder or self.folder / "vae"
        if self.vae_config.get("_class_name") == "AutoencoderTiny":
            from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny

            return self._ready(AutoencoderTiny, folder)
        from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

        # Where it says so, half precision overflows in it, and pictures would be black.
        return self._ready(AutoencoderKL, folder, half=not self.vae_config.get("force_upcast"))

    @cached_property
    def text_encoders(self) -> tuple[Any, ...]:
        from transformers import CLIPTextModel, CLIPTextModelWithProjection
        from transformers.utils import logging

        logging.disable_progress_bar()
        first = self._ready(CLIPTextModel, self.folder / "text_encoder")
        if not self.double:
            return (first,)
        return first, self._ready(CLIPTextModelWithProjection, self.folder / "text_encoder_2")

    @cached_property
    def tokenizers(self) -> tuple[Any, ...]:
        from transformers import CLIPTokenizer

        folders = (self.folder / "tokenizer", self.folder / "tokenizer_2")
        return tuple(CLIPTokenizer.from_pretrained(str(folder)) for folder in folders if folder.is_dir())

    def forget(self, *networks: str) -> None:
        """Let go of `networks` ('unet', 'vae', 'text_encoders'); they are loaded again when they are asked for."""
        for name in networks:
            self.__dict__.pop(name, None)

    def _ready(self, kind: Any, folder: Path, half: bool = True) -> Any:
        import torch

        check_weights(folder, self._allow_pickle)
        safe = any(folder.glob("*.safetensors"))
        plain = any(path for path in folder.glob("*.safetensors") if ".fp16." not in path.name)
        dtype = torch.float16 if self._half and half else torch.float32
        model = kind.from_pretrained(
            str(folder),
            torch_dtype=dtype,
            variant="fp16" if safe and not plain else None,
            use_safetensors=safe,
            local_files_only=True,
        )
        return model.to(self.device).eval().requires_grad_(False)


def _quiet_diffusers() -> None:
    """Without this, loading prints bars and advice over the performer's terminal."""
    from diffusers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()


def _settings(path: Path) -> Mapping[str, Any]:
    try:
        return MappingProxyType(json.loads(path.read_text(encoding="utf-8")))
    except OSError:
        raise UserError(f"{path} is missing: the model folder is not in diffusers format") from None
    except ValueError as error:
        raise UserError(f"{path} is not JSON ({error})") from None


def _ranges(path: Path) -> Mapping[str, Ranges]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return MappingProxyType(
            {network: {name: (float(low), float(high)) for name, (low, high) in rows.items()}
             for network, rows in said.items()}
        )  # fmt: skip
    except FileNotFoundError:
        return MappingProxyType({})
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: not ranges by network and convolution ({error}); remove it to play without") from None


def check_weights(folder: Path, allow_pickle: bool) -> None:
    if any(folder.glob("*.safetensors")):
        return
    if any(folder.glob("*.bin")) and not allow_pickle:
        raise UserError(
            f"{folder} has only pickled weights (.bin), which can run code: convert them to safetensors, "
            "or start with --allow-pickle if you trust them"
        )
    if not any(folder.glob("*.bin")):
        raise UserError(f"{folder} has no weights (*.safetensors): fetch the model again")
