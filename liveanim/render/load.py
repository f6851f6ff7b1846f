"""From a model's name to a renderer that paints: device, precision and engine are chosen here."""

from __future__ import annotations

import importlib.metadata
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from liveanim.core.errors import UserError, near
from liveanim.core.model import Prompt

from . import apart, compiled, exported, trt
from .adapters import Adapters
from .depth import Depth, load_depth
from .diffusion import DiffusionRenderer
from .engines import CompiledEngine, Engine, EnginePool, OpenVinoEngine, TorchEngine, on, prepared
from .feedback import Feedback
from .lexicon import lexicon_of
from .looks import Looks
from .models import ENGINES, Parts, find
from .processor import fast_bfloat16, fast_int8
from .prompts import Embedding, PromptBook
from .resident import CudaTape
from .text import compiled_encoder
from .wordmask import load_finder

log = logging.getLogger(__name__)

NEEDS = {
    "openvino": ("cpu", "openvino", "the CPU and `pip install openvino`"),
    "onnx": ("cpu", "onnxruntime", "the CPU and `pip install onnx onnxruntime`"),
    "compile": ("cuda", "triton", "an NVIDIA card and triton, which comes with torch on Linux"),
    "tensorrt": ("cuda", "tensorrt", "an NVIDIA card and `pip install onnx tensorrt`"),
}
"""By engine: the kind of device and the package it needs, and how to say so."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to run a model.

    device      'auto', 'cpu', 'cuda', 'cuda:1', 'mps'
    engine      what runs the networks (models.ENGINES)
    threads     CPU threads for the model; 0: half of the cores beside a live show (background), else all
    background  compile for a new size beside the show; False waits, for runs that give the same bytes every time
    depth       depth model to load as well; None: depth is guessed
    words       model for masks in words to load as well; None: such masks are off
    loras       LoRA files, controls: folders of ControlNets; with either torch runs the networks
    interop     hand keyframes over on the card too (CUDA; a window takes them from there)
    keep        keep compiled models, and what prompts look like, on disk for the next start
    prompts     what is painted first: what it looks like is found before the model is ready
    """

    device: str = "auto"
    engine: str = "auto"
    threads: int = 0
    background: bool = True
    interop: bool = False
    keep: bool = True
    allow_pickle: bool = False
    depth: str | None = None
    words: str | None = None
    loras: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    prompts: tuple[Prompt, ...] = ()


def load(name: str, size: tuple[int, int] | None = None, options: Options = Options()) -> DiffusionRenderer:
    """The renderer of model `name` (a row of the table or a diffusers folder), warm for pictures of `size`.

    UserError when there is no such model, its weights are missing, or the engine asked for is not installed.
    """
    spec = find(name)
    device = best_device(options.device)
    adapted = bool(options.loras or options.controls)
    if adapted and spec.family != "unets":
        raise UserError(f"{spec.name} plays without LoRA and ControlNet: these go with Stable Diffusion alone")
    engine = _engine_wanted(device, "torch" if adapted else options.engine)
    # UNets are made for float16, in which no CPU is fast; their torch engine rounds them as it plays.
    half = device != "cpu" or (spec.family != "unets" and fast_bfloat16())
    parts = Parts(spec, device, half, options.allow_pickle)
    engine, foreign = _engine_had(engine, parts, options.engine != "auto")
    threads = options.threads or _threads(options.background)
    kept = options.keep and not adapted and (engine != "torch" or device.startswith("cuda"))
    cache = _cache(engine, parts) if kept else None

    def convert(size: tuple[int, int]) -> None:
        """Beside a show, not in its process."""
        if engine == "openvino" and cache is not None and options.background:
            apart.converted(cache, name, size, threads, options.allow_pickle)

    trouble = "" if size is None else _crash(convert, size)  # with what encodes texts, which comes next
    engine = "torch" if trouble else engine
    if device == "cpu":
        torch.set_num_threads(threads if engine == "torch" else 1)  # beside a compiler torch has only small work
    fast_words = engine == "openvino" and not parts.double
    book = _book(parts, fast_words, threads, cache)

    def build(size: tuple[int, int]) -> Engine:
        convert(size)
        return _built(engine, parts, size, book.embedding(""), threads, cache)

    makes = None if engine == "torch" else build
    pool = EnginePool(lambda: TorchEngine(parts), makes, options.background, eager_first=device != "cpu")
    feedback, lacking = _feedback(options, device, spec.plain)
    adapters = Adapters(parts, options.loras, options.controls) if adapted else None
    tape = CudaTape(device) if device.startswith("cuda") else None
    looks = None if cache is None else Looks(cache / "looks", device, threads)
    renderer = DiffusionRenderer(parts, pool, book, feedback, adapters, tape, looks, options.interop)
    renderer.message = "; ".join(filter(None, (foreign, trouble, lacking)))
    if size is not None:
        renderer.warm(size, options.prompts)
        if engine in ("openvino", "onnx"):  # what was converted plays now
            parts.forget("unet", "vae", *(["text_encoders"] if fast_words else []))
    return renderer


def _crash(convert: Callable[[tuple[int, int]], None], size: tuple[int, int]) -> str:
    """What is to be said where `convert` crashed the process that did it; '' where it did not."""
    try:
        convert(size)
    except RuntimeError as error:
        log.warning("%s; torch plays", error)
        return f"{error}; torch plays"
    return ""


def prepare(name: str, size: tuple[int, int], threads: int, allow_pickle: bool = False) -> None:
    """Have all that OpenVINO needs for pictures of `size` beside a show in the cache; nothing of it is run here.

    A large network wants memory for torch's copy and OpenVINO's: no more than one is converted at a time.
    """
    parts = Parts(find(name), "cpu", allow_pickle=allow_pickle)
    cache = _cache("openvino", parts)
    words = _book(parts, not parts.double, threads, cache).embedding("")
    parts.forget("text_encoders")
    prepared(parts, size, words, threads, cache)
    apart.done(cache, size, threads).touch()


def _book(parts: Parts, fast: bool, threads: int, cache: Path | None) -> PromptBook:
    """`fast`: texts are read by OpenVINO."""
    encode = compiled_encoder(parts, threads, cache) if fast else parts.family.encoder(parts)
    return PromptBook(encode, lexicon_of(parts.folder), parts.family.TEXTS_KEPT)


def _feedback(options: Options, device: str, plain: bool) -> tuple[Feedback, str]:
    """With the models beside that are asked for; which of them cannot be had is said."""
    depth, words, troubles = Depth(), None, []
    if options.depth is not None:
        try:
            depth = Depth(load_depth(options.depth, device))
        except UserError as error:
            troubles.append(f"{error}; depth is guessed")
    if options.words is not None:
        try:
            words = load_finder(options.words, device)
        except UserError as error:
            troubles.append(f"{error}; masks in words are off")
    for trouble in troubles:
        log.warning("%s", trouble)
    return Feedback(depth, words, plain), "; ".join(troubles)


def load_or_ember(
    name: str, size: tuple[int, int] | None = None, options: Options = Options()
) -> tuple[DiffusionRenderer, str]:
    """`load(name)`; when that model cannot be had, ember and one line that says why (its message too)."""
    try:
        return load(name, size, options), ""
    except UserError as error:
        if name == "ember":
            raise
        log.warning("%s; ember plays instead", error)
        renderer = load("ember", size, replace(options, engine="auto"))
        renderer.message = f"{error}; ember plays instead"
        return renderer, renderer.message


def best_device(wanted: str) -> str:
    """The device to use; 'auto' takes a GPU when there is one."""
    if wanted == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    if wanted.startswith("cuda") and not torch.cuda.is_available():
        raise UserError(f"device {wanted!r}: this torch sees no CUDA GPU; use cpu, or install torch with CUDA")
    return wanted


def _threads(live: bool) -> int:
    """CPU threads for a model: display, sound and encoder want the other half of the cores of a live show."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // 2) if live else cores


def _engine_wanted(device: str, engine: str) -> str:
    """Which engine is to run the networks. UserError where it cannot."""
    if engine not in ENGINES:
        raise UserError(f"unknown engine {engine!r}{near(engine, ENGINES)}; known: {', '.join(ENGINES)}")
    if engine == "auto":
        return "openvino" if device == "cpu" and compiled.installed("openvino") else "torch"
    if engine in NEEDS:
        kind, package, words = NEEDS[engine]
        if not device.startswith(kind) or not compiled.installed(package):
            raise UserError(f"the engine {engine} needs {words}")
    return engine


def _engine_had(engine: str, parts: Parts, asked: bool) -> tuple[str, str]:
    """`engine`, or torch where that cannot run this family; where it was `asked` for, that is said."""
    able = parts.family.RUN_BY
    if engine in able:
        return engine, ""
    trouble = f"{parts.spec.name} is run by {' or '.join(able)}, not by {engine}; torch plays" if asked else ""
    if trouble:
        log.warning("%s", trouble)
    return "torch", trouble


def _cache(engine: str, parts: Parts) -> Path:
    """Where what `engine` makes of this model, and what prompts look like by it, is kept."""
    if engine == "openvino":
        numbers = "int8" if fast_int8() else "float"
        return compiled.cache_folder(parts, engine, importlib.metadata.version("openvino"), numbers)
    if engine == "onnx":
        return compiled.cache_folder(parts, engine, f"opset {exported.OPSET}")
    card = torch.cuda.get_device_properties(parts.device)
    version = [trt.version()] if engine == "tensorrt" else []
    return compiled.cache_folder(parts, engine, *version, f"{card.name} {card.major}.{card.minor}", "fp16")


def _built(
    engine: str, parts: Parts, size: tuple[int, int], words: Embedding, threads: int, cache: Path | None
) -> Engine:
    with on(parts.device):
        if engine == "compile":
            return CompiledEngine(parts, size, words, cache)
        if engine == "tensorrt":
            return trt.TensorRtEngine(parts, size, words, cache)
        kind = OpenVinoEngine if engine == "openvino" else exported.OnnxEngine
        return kind(parts, size, words, threads, cache)
