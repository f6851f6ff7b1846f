"""Networks as OpenVINO models on disk: conversion straight from torch, and a cache that survives a kill."""

from __future__ import annotations

import copy
import glob
import hashlib
import importlib.util
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .models import Parts

log = logging.getLogger(__name__)

VERSIONS_KEPT = 2
FORM = 2
"""Another number where what is converted changes in the code, so that nobody goes on with what was kept before."""


def cpu_options(threads: int = 0) -> dict[str, Any]:
    """How OpenVINO is to compile for this CPU. `threads` 0: OpenVINO chooses."""
    options: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
    if torch.backends.cpu.get_cpu_capability() == "AVX2":
        # There OpenVINO 2026.4 crashes the program in its "snippets" pass over a UNet.
        options["SNIPPETS_MODE"] = "DISABLE"
    if threads:
        options["INFERENCE_NUM_THREADS"] = threads
    return options


def converted(module: nn.Module, example: Sequence[Tensor]) -> Any:
    """An OpenVINO model of `module` with the fixed shapes of `example`."""
    import openvino

    module = copy.deepcopy(module).eval()  # conversion patches the module, which may be playing meanwhile
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracer warns of every shape it makes constant; they are meant to be
        return openvino.convert_model(
            module, example_input=tuple(example), input=[list(value.shape) for value in example], verbose=False
        )


def stored(core: Any, model: Any, path: Path | None, beside: Mapping[str, str] = {}) -> Any:
    """`model` written to folder `path` for the next start (None: nowhere) and read back.

    `beside`: texts by file name, kept with it. What was read back differs in its last bits from what was converted, so
    that is what is always used. A folder that cannot be written only costs the conversion again.
    """
    try:
        return _written(core, model, path, beside)
    except OSError as error:
        log.warning("the compiled model is not kept: %s", error)
        return _written(core, model, None, {})


def _written(core: Any, model: Any, path: Path | None, beside: Mapping[str, str]) -> Any:
    import openvino

    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent if path else None, ignore_cleanup_errors=True) as scratch:
        whole = Path(scratch) / "whole"
        whole.mkdir()
        # not as float16: it would blur the frequencies of the time embedding
        openvino.save_model(model, whole / "model.xml", compress_to_fp16=False)
        for name, text in beside.items():
            (whole / name).write_text(text, encoding="utf-8")
        if path is not None:
            os.replace(whole, path)
        return core.read_model((path or whole) / "model.xml")


def cache_folder(parts: Parts) -> Path:
    """Where compiled forms of this very model and OpenVINO live; those of the model's older weights are removed."""
    import openvino
    import platformdirs

    weights = sorted(
        (*parts.folder.glob("*/*.safetensors"), *(parts.vae_folder or parts.folder / "vae").glob("*.safetensors"))
    )
    stamp = [f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in weights]
    key = hashlib.sha256("\n".join([str(FORM), openvino.__version__, torch.__version__, *stamp]).encode()).hexdigest()[
        :16
    ]
    folder = Path(platformdirs.user_cache_dir("liveanim")) / "openvino" / f"{parts.spec.name}-{key}"
    pruned(folder)
    return folder


def pruned(folder: Path) -> None:
    """Touch `folder` and remove all but the VERSIONS_KEPT newest of its kind (the same name up to the last dash)."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        kin = folder.parent.glob(f"{glob.escape(folder.name.rpartition('-')[0])}-{'[0-9a-f]' * 16}")
        for old in sorted(kin, key=lambda path: -path.stat().st_mtime)[VERSIONS_KEPT:]:
            shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        log.warning("%s cannot be used for compiled models: %s", folder.parent, error)


def openvino_installed() -> bool:
    return importlib.util.find_spec("openvino") is not None
