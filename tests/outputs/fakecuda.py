"""What `cuda.bindings.runtime` does for textures, on the CPU: an address is one of this process, copies are late."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from enum import IntEnum
from typing import Any

import moderngl


class State(IntEnum):
    """Two of CUDA's answers."""

    cudaSuccess = 0
    cudaErrorUnknown = 999


class _Names:
    cudaGraphicsRegisterFlagsWriteDiscard = 2
    cudaMemcpyDeviceToDevice = 3
    cudaGLDeviceListAll = 1


class FakeCuda:
    """Fills textures of `ctx`, which is drawn by the cards `cards`. A call of the name `fails` is refused.

    A copy is done when its stream is waited for, and no sooner; it is lost where the texture was not mapped.
    """

    cudaGLDeviceList = cudaGraphicsRegisterFlags = cudaMemcpyKind = _Names
    cudaStreamNonBlocking = 1

    def __init__(self, ctx: moderngl.Context, cards: tuple[int, ...] = (0,), fails: str = "") -> None:
        self._ctx, self._cards, self.fails = ctx, cards, fails
        self.calls: list[str] = []
        self.registered: dict[str, int] = {}
        self.streams = 0
        self._mapped: set[str] = set()
        self._late: list[Callable[[], None]] = []

    def __getattribute__(self, name: str) -> Any:
        found = object.__getattribute__(self, name)
        if not name.startswith("cuda") or not callable(found):
            return found
        self.calls.append(name.removeprefix("cuda"))
        return (lambda *_: (State.cudaErrorUnknown, None)) if name == self.fails else found

    def cudaGLGetDevices(self, most: int, which: int) -> tuple[State, int, list[int]]:
        return State.cudaSuccess, len(self._cards), [*self._cards, *[0] * (most - len(self._cards))]

    def cudaSetDevice(self, device: int) -> tuple[State]:
        return (State.cudaSuccess if device in self._cards else State.cudaErrorUnknown,)

    def cudaDeviceGetStreamPriorityRange(self) -> tuple[State, int, int]:
        return State.cudaSuccess, 0, -5

    def cudaStreamCreateWithPriority(self, flags: int, priority: int) -> tuple[State, str]:
        assert (flags, priority) == (self.cudaStreamNonBlocking, -5)
        self.streams += 1
        return State.cudaSuccess, "stream"

    def cudaStreamDestroy(self, stream: str) -> tuple[State]:
        self.streams -= 1
        return (State.cudaSuccess,)

    def cudaGraphicsGLRegisterImage(self, glo: int, target: int, flags: int) -> tuple[State, str]:
        assert (target, flags) == (0x0DE1, 2)
        name = f"resource {glo}"
        self.registered[name] = glo
        return State.cudaSuccess, name

    def cudaGraphicsUnregisterResource(self, resource: str) -> tuple[State]:
        del self.registered[resource]
        return (State.cudaSuccess,)

    def cudaGraphicsMapResources(self, count: int, resource: str, stream: str) -> tuple[State]:
        self._mapped.add(resource)
        return (State.cudaSuccess,)

    def cudaGraphicsUnmapResources(self, count: int, resource: str, stream: str) -> tuple[State]:
        self._mapped.remove(resource)
        return (State.cudaSuccess,)

    def cudaGraphicsSubResourceGetMappedArray(self, resource: str, index: int, level: int) -> tuple[State, str]:
        return (State.cudaSuccess if resource in self._mapped else State.cudaErrorUnknown), resource

    def cudaMemcpy2DToArrayAsync(
        self, array: str, x: int, y: int, source: int, pitch: int, width: int, height: int, way: int, stream: str
    ) -> tuple[State]:
        assert (x, y, way, pitch) == (0, 0, 3, width) and array in self._mapped
        texture = self._ctx.external_texture(self.registered[array], (width // 4, height), 4, 0, "f1")
        self._late.append(lambda: texture.write(ctypes.string_at(source, pitch * height)))
        return (State.cudaSuccess,)

    def cudaStreamSynchronize(self, stream: str) -> tuple[State]:
        assert not self._mapped
        while self._late:
            self._late.pop(0)()
        return (State.cudaSuccess,)
