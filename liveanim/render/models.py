"""The table of models, where their weights are, and the networks of one model as loaded objects.

A model is a folder in diffusers' own layout: unet/ or transformer/, vae/ text_encoder/ tokenizer/ scheduler/ (and
text_encoder_2/ tokenizer_2/ for SDXL). Weights are safetensors; pickled weights run code when they are loaded and are
refused unless asked for. Only this module reads weights from disk or from the network.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from liveanim.core.errors import UserError, brief, near

if TYPE_CHECKING:  # models are named where torch is not loaded yet
    import torch

    from .family import Schedule
    from .prompts import Encoder

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
    family     'unets' or 'flux': the module that knows its networks
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
    family: str = "unets"


_ROWS = (
    # To ember a picture is a quarter of Stable Diffusion's numbers, at a sixteenth of the places: noise hides more.
    ModelSpec("ember", "package:ember", "", 2, 256, "small, ships with liveanim, plays on any CPU", "", 0.4, True),
    ModelSpec("sd-turbo", "stabilityai/sd-turbo", "madebyollin/taesd", 1, 512, "SD 2.1 in one step; wants a GPU"),
    ModelSpec(
        "sdxs", "IDKiro/sdxs-512-0.9", "", 1, 512, "a third of SD 2.1, made to paint from noise alone in one step", ""
    ),
    ModelSpec("sdxl-turbo", "stabilityai/sdxl-turbo", "madebyollin/taesdxl", 1, 512, "SDXL in one step; a large GPU"),
    ModelSpec(
        "flux2-klein",
        "black-forest-labs/FLUX.2-klein-4B",
        "",
        4,
        512,
        "FLUX.2 in 2 to 4 steps; a GPU of 24 GB",
        "",
        family="flux",
    ),
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
    if (folder / "transformer" / "config.json").is_file():
        return _transformer(folder)
    if folder.is_dir():
        raise UserError(
            f"no model in {folder}: expected a diffusers folder with unet/ (FLUX.2 klein: transformer/), vae/, "
            "text_encoder/, tokenizer/"
        )
    raise UserError(f"unknown model {name!r}{near(name, MODELS)}; known: {', '.join(MODELS)}, or a diffusers folder")


def _transformer(folder: Path) -> ModelSpec:
    """The model in `folder`, which has a transformer/. UserError where it is of none of the families."""
    kind = _settings(folder / "transformer" / "config.json").get("_class_name")
    reads = _settings(folder / "text_encoder" / "config.json").get("model_type")
    if (kind, reads) != ("Flux2Transformer2DModel", "qwen3"):
        raise UserError(
            f"{folder}: {kind} with texts read by {reads} is not played; of models with a transformer/ only FLUX.2 "
            "klein is (Flux2Transformer2DModel and qwen3)"
        )
    return ModelSpec(folder.name, str(folder.resolve()), steps=4, family="flux")


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
    parts = ["unet", "transformer", "text_encoder", "text_encoder_2", *([] if spec.tiny_vae else ["vae"])]
    names = [f"{name}{spec.variant}{rest}.safetensors" for name in ("model", WEIGHTS) for rest in ("", "-*-of-*")]
    return ("*/*.json", "*/*.txt", "*/*.jinja", "*.json", *(f"{part}/{name}" for part in parts for name in names))


def from_hub(repository: str, files: tuple[str, ...]) -> Path:
    """A snapshot of `repository`: from the local cache, else from the network, which is asked for briefly first."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        cached = Path(snapshot_download(repository, allow_patterns=list(files), local_files_only=True))
        if _whole(cached, files):
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


def _whole(folder: Path, files: Iterable[str]) -> bool:
    """Whether `folder` has weights wherever `files` ask for them, and of those in pieces every piece: else fetching was
    broken off."""
    asked = {(folder / name).parent for name in files if name.endswith(".safetensors")}
    indices = [index for part in asked for index in part.glob("*.safetensors.index.json")]
    pieces = [index.parent / name for index in indices for name in set(_settings(index)["weight_map"].values())]
    wanting = [part for part in asked if (part / "config.json").exists()]
    there = all(any(part.glob("*.safetensors")) for part in wanting) and all(piece.exists() for piece in pieces)
    return bool(wanting) and there


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


class Family(Protocol):
    """What models of one architecture have in common. `unets` and `flux` are such modules.

    FOLDER      of what denoises
    HALF        what half precision is to it
    RUN_BY      the engines that can run it
    TEXTS_KEPT  how many texts' embeddings are kept
    """

    FOLDER: str
    HALF: torch.dtype
    RUN_BY: tuple[str, ...]
    TEXTS_KEPT: int

    def network(self, parts: Parts) -> Any:
        """What denoises, as `Parts.read` gives it; so the others."""

    def vae(self, parts: Parts) -> Any: ...
    def text_encoders(self, parts: Parts) -> tuple[Any, ...]: ...
    def tokenizers(self, parts: Parts) -> tuple[Any, ...]: ...

    def modules(self, parts: Parts) -> tuple[torch.nn.Module, torch.nn.Module, torch.nn.Module]:
        """(encode, unet, decode) as modules from tensors to tensors: what `engines.Engine` says of each."""

    def encoder(self, parts: Parts) -> Encoder:
        """What reads texts."""

    def schedule(self, parts: Parts) -> Schedule: ...


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
        return _settings(self.folder / self.family.FOLDER / "config.json")

    @cached_property
    def ranges(self) -> Mapping[str, Ranges]:
        """By network ('unet', 'decode'): what goes into its convolutions, for `quantized.quantize`; empty where nobody
        measured it. UserError where the file does not say that."""
        return _ranges(self.folder / RANGES)

    @property
    def family(self) -> Family:
        """What these networks are a family of. Torch is loaded with it."""
        from . import flux, unets

        return flux if self.spec.family == "flux" else unets

    @cached_property
    def unet(self) -> Any:
        """What denoises; of some families it is no UNet."""
        _quiet("diffusers")
        return self.family.network(self)

    @cached_property
    def vae(self) -> Any:
        _quiet("diffusers")
        return self.family.vae(self)

    @cached_property
    def text_encoders(self) -> tuple[Any, ...]:
        _quiet("transformers")
        return self.family.text_encoders(self)

    @cached_property
    def tokenizers(self) -> tuple[Any, ...]:
        return self.family.tokenizers(self)

    def forget(self, *networks: str) -> None:
        """Let go of `networks` ('unet', 'vae', 'text_encoders'); they are loaded again when they are asked for."""
        for name in networks:
            self.__dict__.pop(name, None)

    def read(self, kind: Any, folder: Path, half: bool = True, **more: Any) -> Any:
        """The network in `folder`, of class `kind`. half: its weights may be in half precision."""
        import torch

        check_weights(folder, self._allow_pickle)
        safe = any(folder.glob("*.safetensors"))
        plain = any(path for path in folder.glob("*.safetensors") if ".fp16" not in path.name)
        dtype = self.family.HALF if self._half and half else torch.float32
        model = kind.from_pretrained(
            str(folder),
            torch_dtype=dtype,
            variant="fp16" if safe and not plain else None,
            use_safetensors=safe,
            local_files_only=True,
            **more,
        )
        return model.to(self.device).eval().requires_grad_(False)


def _quiet(library: str) -> None:
    """Without this, loading prints bars and advice over the performer's terminal."""
    logging = importlib.import_module(f"{library}.utils.logging")
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
