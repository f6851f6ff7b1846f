"""Networks compiled and kept on disk, in a cache that survives a kill; conversion to OpenVINO, straight from torch."""

from __future__ import annotations

import copy
import glob
import hashlib
import importlib.util
import logging
import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from liveanim import home

from .attention import Remembered
from .models import RANGES, Parts
from .processor import fast_bfloat16, slow_bfloat16

log = logging.getLogger(__name__)
Found = TypeVar("Found")

VERSIONS_KEPT = 2
LARGEST = 300_000_000  # bytes of a network of which more than one form is kept on disk
ABANDONED = 3600.0  # s after which whoever was at a half-written network is gone
FORM = 5
"""Another number where what is converted changes in the code, so that nobody goes on with what was kept before."""


def quiet_openvino() -> Any:
    """OpenVINO without its reports to its makers: they fork processes and use the network in the middle of a show."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def cpu_options(threads: int = 0, single: bool = False) -> dict[str, Any]:
    """How OpenVINO is to compile for this CPU. `threads` 0: OpenVINO chooses. `single`: in float32 in any case."""
    # Not bound to processors: others work there too, and the system moves a thread that would wait for them.
    options: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY", "ENABLE_CPU_PINNING": False}
    if single or not fast_bfloat16():
        # In float32 OpenVINO 2026.4 crashes the program in its "snippets" pass over some UNets.
        options["SNIPPETS_MODE"] = "DISABLE"
    if single or slow_bfloat16():
        options["INFERENCE_PRECISION_HINT"] = "f32"
    if threads:
        options["INFERENCE_NUM_THREADS"] = threads
    return options


def for_cpu(core: Any, folder: Path, options: Mapping[str, Any], keep: bool) -> Any:
    """The model in `folder`, ready for this CPU. `keep`: beside it is kept what was made for this kind of CPU, which
    the next start reads in a third of the time. OpenVINO makes it anew where it is broken."""
    more = {"CACHE_DIR": str(folder)} if keep and small(folder) else {}
    return core.compile_model(str(folder / "model.xml"), "CPU", {**options, **more})


def small(folder: Path) -> bool:
    """Whether what is made of the model in `folder` for a kind of CPU is kept too."""
    return (folder / "model.bin").stat().st_size <= LARGEST


def save(model: Any, folder: Path) -> None:
    """Put an OpenVINO model into `folder`; not as float16: it would blur the frequencies of the time embedding."""
    quiet_openvino().save_model(model, folder / "model.xml", compress_to_fp16=False)


def converted(module: nn.Module, example: Sequence[Tensor]) -> Any:
    """An OpenVINO model of `module` with the fixed shapes of `example`."""
    module = apart(module)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracer warns of every shape it makes constant; they are meant to be
        # traced once: OpenVINO's own call runs a network three times more to check itself, a third of the time
        traced = torch.jit.trace(module, tuple(example), strict=False, check_trace=False)
        shapes = [list(value.shape) for value in example]
        openvino = quiet_openvino()
        with suppress(ImportError):  # it would silence everybody's log meanwhile, and for good where it is broken off
            importlib.import_module("openvino.tools.ovc.convert_impl").init_logger = lambda *_: None  # type: ignore[attr-defined]
        return openvino.convert_model(traced, input=shapes, verbose=False)


def apart(module: nn.Module) -> nn.Module:
    """A copy with the same weights, for another thread or to be converted, which patches what it converts: the module
    itself may be playing meanwhile."""
    weights = {id(value): value for value in (*module.parameters(), *module.buffers())}
    module = copy.deepcopy(module, weights).eval()
    for part in module.modules():
        if isinstance(memory := getattr(part, "processor", None), Remembered):
            memory.kept = None
    return module


def stored(core: Any, model: Any, path: Path | None, beside: Mapping[str, str] = {}) -> Any:
    """`model` written to folder `path` for the next start (None: nowhere) and read back.

    `beside`: texts by file name, kept with it. What was read back differs in its last bits from what was converted, so
    that is what is always used. A folder that cannot be written only costs the conversion again.
    """

    def write(folder: Path) -> None:
        save(model, folder)
        for name, text in beside.items():
            (folder / name).write_text(text, encoding="utf-8")

    return kept(path, write, lambda folder: core.read_model(folder / "model.xml"))


def kept(path: Path | None, write: Callable[[Path], object], read: Callable[[Path], Found]) -> Found:
    """`read` of folder `path`, once `write` has filled it: it is there whole or not at all.

    None, or a folder that cannot be written: of a passing one, so that it costs the work again the next time.
    """
    if path is not None and path.is_dir():
        return read(path)
    try:
        return _made(path, write, read)
    except OSError as error:
        if path is None:
            raise
        log.warning("the compiled model is not kept: %s", error)
        return _made(None, write, read)


def _made(path: Path | None, write: Callable[[Path], object], read: Callable[[Path], Found]) -> Found:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent if path else None, ignore_cleanup_errors=True) as scratch:
        whole = Path(scratch) / "whole"
        whole.mkdir()
        write(whole)
        if path is None:
            return read(whole)
        try:
            os.replace(whole, path)
        except OSError:
            if not path.is_dir():  # else another process has made it meanwhile
                raise
        return read(path)


def cache_folder(parts: Parts, kind: str, *versions: str) -> Path:
    """Where forms of this very model compiled by this very `kind` of compiler live; older ones are removed.

    `versions`: of the compiler and of whatever else they hold for, such as the GPU.
    """
    vae = parts.vae_folder or parts.folder / "vae"
    files = sorted((*parts.folder.glob("*/*.safetensors"), *vae.glob("*.safetensors"), *parts.folder.glob(RANGES)))
    stamp = [f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files]
    stamp = [f"form {FORM}", torch.__version__, *versions, *stamp]
    key = hashlib.sha256("\n".join(stamp).encode()).hexdigest()[:16]
    folder = home.cache() / kind / f"{parts.spec.name}-{key}"
    pruned(folder)
    return folder


def pruned(folder: Path) -> None:
    """Touch `folder` and remove all but the VERSIONS_KEPT newest of its kind (the same name up to the last dash), and
    what a conversion that was broken off has left in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        kin = folder.parent.glob(f"{glob.escape(folder.name.rpartition('-')[0])}-{'[0-9a-f]' * 16}")
        for old in sorted(kin, key=lambda path: -path.stat().st_mtime)[VERSIONS_KEPT:]:
            shutil.rmtree(old, ignore_errors=True)
        for left in folder.glob("tmp*"):
            if time.time() - left.stat().st_mtime > ABANDONED:
                shutil.rmtree(left, ignore_errors=True)
    except OSError as error:
        log.warning("%s cannot be used for compiled models: %s", folder.parent, error)


def installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None
