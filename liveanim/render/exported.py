"""Networks as ONNX files with fixed shapes, and ONNX Runtime, which runs them on any CPU."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from .compiled import apart
from .engines import HostEngine, Run, Size, compiled_runs
from .models import Parts
from .prompts import Embedding

OPSET = 17
OUTPUT = "answer"


def names(example: Sequence[Tensor]) -> list[str]:
    """What the inputs of an exported network are called, in order."""
    return [f"input{number}" for number in range(len(example))]


def export(module: nn.Module, example: Sequence[Tensor], folder: Path) -> Path:
    """Writes `module` to model.onnx in `folder`, for the shapes of `example` alone. Weights over 2 GB lie beside it."""
    path = folder / "model.onnx"
    module = apart(module)
    with warnings.catch_warnings(), torch.no_grad():
        # torch's newer exporter needs a further package and thirty times as long for the same file
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            tuple(example),
            str(path),
            input_names=names(example),
            output_names=[OUTPUT],
            opset_version=OPSET,
            dynamo=False,
        )
    return path


class OnnxEngine(HostEngine):
    """ONNX Runtime on a CPU, in float32. `threads` 0: all cores."""

    def __init__(self, parts: Parts, size: Size, words: Embedding, threads: int = 0, cache: Path | None = None):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # display and sound want the cores

        def read(folder: Path) -> Run:
            path = str(folder / "model.onnx")
            session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
            inputs = [row.name for row in session.get_inputs()]

            def run(arrays: Sequence[np.ndarray]) -> np.ndarray:
                answer: np.ndarray = session.run(None, dict(zip(inputs, arrays, strict=True)))[0]
                return answer

            return run

        super().__init__("onnx", compiled_runs(parts, size, words, cache, export, read))
