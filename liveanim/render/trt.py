"""TensorRT: the networks compiled for one size, one GPU and one version, in the precision of their weights.

Compiling takes minutes; `engines.EnginePool` does it beside the show and takes the result over between two keyframes.
Steps are no part of what is kept: every step is a call of its own.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .engines import Size, compiled_runs, examples, fitting, unet_inputs
from .exported import OUTPUT, export, names
from .family import Number
from .models import Parts
from .prompts import Embedding

ENGINE = "engine.trt"


def version() -> str:
    """Of TensorRT, as part of a key: its engines are read by no other version."""
    import tensorrt

    return str(tensorrt.__version__)


class TensorRtEngine:
    """`stream`: the CUDA stream to run on, asked at every call."""

    def __init__(
        self,
        parts: Parts,
        size: Size,
        words: Embedding,
        cache: Path | None = None,
        stream: Callable[[], int] = lambda: int(torch.cuda.current_stream().cuda_stream),
    ) -> None:
        import tensorrt

        self.name = "tensorrt"
        logger = tensorrt.Logger(tensorrt.Logger.ERROR)
        runtime = tensorrt.Runtime(logger)
        dtype = torch.float32 if parts.device == "cpu" else torch.float16

        def ready(example: tuple[Tensor, ...]) -> list[Tensor]:
            return [fitting(value, dtype).to(parts.device) for value in example]

        def write(module: nn.Module, example: tuple[Tensor, ...], folder: Path) -> None:
            path = export(module, ready(example), folder)
            (folder / ENGINE).write_bytes(_compiled(tensorrt, logger, path))
            for exported in folder.iterdir():
                if exported.name != ENGINE:
                    exported.unlink()

        def read(folder: Path) -> Any:
            engine = runtime.deserialize_cuda_engine((folder / ENGINE).read_bytes())
            if engine is None:
                shutil.rmtree(folder, ignore_errors=True)
                raise RuntimeError("TensorRT cannot read its engine, which is removed now")
            return engine

        engines = compiled_runs(parts, size, words, cache, write, read)
        given = [ready(example) for example in examples(parts, size, words)]
        # What is encoded has the shape of what is decoded, and the other way round.
        answers = given[2][0], given[1][0], given[0][0]
        self._networks = [_Network(*row, stream) for row in zip(engines, given, answers, strict=True)]

    def encode(self, picture: Tensor) -> Tensor:
        return self._networks[0].run(picture)

    def unet(self, x: Tensor, timestep: Number, condition: Embedding) -> Tensor:
        return self._networks[1].run(*unet_inputs(x, timestep, condition))

    def decode(self, latents: Tensor) -> Tensor:
        return self._networks[2].run(latents)


class _Network:
    """One engine with buffers of its own; their addresses are told once, for telling them anew is slow."""

    def __init__(self, engine: Any, given: Sequence[Tensor], answer: Tensor, stream: Callable[[], int]) -> None:
        self._engine, self._stream = engine, stream
        self._context = engine.create_execution_context()
        self._inputs = [torch.zeros_like(value) for value in given]
        self._answer = torch.zeros_like(answer)
        for name, tensor in zip([*names(given), OUTPUT], [*self._inputs, self._answer], strict=True):
            self._context.set_tensor_address(name, tensor.data_ptr())

    def run(self, *values: Tensor) -> Tensor:
        """float32, the caller's own."""
        for mine, value in zip(self._inputs, values, strict=True):
            mine.copy_(value)
        if not self._context.execute_async_v3(self._stream()):
            raise RuntimeError("TensorRT did not run")
        return self._answer.to(torch.float32, copy=True)


def _compiled(tensorrt: Any, logger: Any, path: Path) -> bytes:
    """The engine for an ONNX file. RuntimeError when TensorRT cannot make one."""
    builder = tensorrt.Builder(logger)
    network = builder.create_network(1 << int(tensorrt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = tensorrt.OnnxParser(network, logger)
    if not parser.parse_from_file(str(path)):
        raise RuntimeError(f"TensorRT cannot read the network: {parser.get_error(0) if parser.num_errors else path}")
    plan = builder.build_serialized_network(network, builder.create_builder_config())
    if plan is None:
        raise RuntimeError("TensorRT could not compile the network")
    return bytes(plan)
