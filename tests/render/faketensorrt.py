"""TensorRT's Python interface as far as liveanim uses it, played by ONNX Runtime on host memory. It can fail."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime


class _Context:
    def __init__(self, plan: bytes) -> None:
        self._session = onnxruntime.InferenceSession(plan, providers=["CPUExecutionProvider"])
        self._addresses: dict[str, int] = {}

    def set_tensor_address(self, name: str, address: int) -> None:
        self._addresses[name] = address

    def _at(self, row: Any) -> np.ndarray:
        memory = (ctypes.c_float * math.prod(row.shape)).from_address(self._addresses[row.name])
        return np.frombuffer(memory, np.float32).reshape(row.shape)

    def execute_async_v3(self, stream: int) -> bool:
        answer = self._session.run(None, {row.name: self._at(row) for row in self._session.get_inputs()})[0]
        self._at(self._session.get_outputs()[0])[...] = answer
        return True


def fake(refuses: Callable[[str], bool] = lambda stage: False) -> Any:
    """The module. `refuses('parse' | 'build' | 'read')` says which stage fails."""

    class Parser:
        num_errors = 1

        def __init__(self, network: Any, logger: Any) -> None:
            self._network = network

        def parse_from_file(self, path: str) -> bool:
            with open(path, "rb") as file:
                self._network.append(file.read())
            return not refuses("parse")

        def get_error(self, number: int) -> str:
            return "no such operator"

    class Builder:
        def __init__(self, logger: Any) -> None:
            self.flags = 0

        def create_network(self, flags: int) -> list[bytes]:
            assert flags == 2
            return []

        def create_builder_config(self) -> object:
            return object()

        def build_serialized_network(self, network: list[bytes], config: object) -> bytes | None:
            return None if refuses("build") else network[0]

    class Runtime:
        def __init__(self, logger: Any) -> None:
            pass

        def deserialize_cuda_engine(self, plan: bytes) -> Any:
            if refuses("read"):
                return None
            return SimpleNamespace(create_execution_context=lambda: _Context(plan))

    class Logger:
        ERROR = 1

        def __init__(self, level: int) -> None:
            pass

    return SimpleNamespace(
        __version__="10.0.fake",
        Logger=Logger,
        Builder=Builder,
        OnnxParser=Parser,
        Runtime=Runtime,
        NetworkDefinitionCreationFlag=SimpleNamespace(STRONGLY_TYPED=1),
    )
