"""Keyframes that an NVIDIA card has painted, straight into a texture: CUDA and OpenGL share the card's memory.

The order that leaves no picture torn: the keyframe was finished before it was handed over, and lies in memory of its
own; OpenGL gives the texture up (map), CUDA copies on a stream of its own, OpenGL gets it back (unmap), and the thread
waits until that is done. Whatever goes wrong, keyframes come through the host from then on, which always works.
"""

from __future__ import annotations

import importlib
import logging
from typing import Any

import moderngl
import numpy as np

from liveanim.core.model import Keyframe, OnCard

log = logging.getLogger(__name__)

GL_TEXTURE_2D = 0x0DE1
_MOST_CARDS = 16


class InteropError(Exception):
    """What CUDA refused."""


class Interop:
    """A texture of the context `ctx` that CUDA copies into. Only for the thread whose context that is.

    cuda   the module `cuda.bindings.runtime` or what stands in for it; None: found when it is first needed
    """

    def __init__(self, ctx: moderngl.Context, cuda: Any = None) -> None:
        self._ctx, self._cuda = ctx, cuda
        self._texture: moderngl.Texture | None = None
        self._resource = self._stream = None
        self._device = -1
        self._checked = self._given_up = False

    def texture(self, keyframe: Keyframe) -> moderngl.Texture | None:
        """`keyframe` as a texture with four channels, good until the next call; None: it must come through the host."""
        if keyframe.on_card is None or self._given_up:
            return None
        try:
            texture = self._filled(keyframe.on_card)
            self._check(texture, keyframe)
        except (InteropError, ImportError, RuntimeError) as error:  # RuntimeError: no library of CUDA's was found
            log.warning("keyframes reach the window through the host: %s", error)
            self._given_up = True
            self.release()
            return None
        return texture

    def release(self) -> None:
        for name, thing in (("cudaGraphicsUnregisterResource", self._resource), ("cudaStreamDestroy", self._stream)):
            if thing is not None:
                getattr(self._cuda, name)(thing)
        if self._texture is not None:
            self._texture.release()
        self._texture = self._resource = self._stream = None

    def _filled(self, picture: OnCard) -> moderngl.Texture:
        if self._texture is None or self._texture.size != picture.size or self._device != picture.device:
            self.release()
            self._texture = self._open(picture)
        width, height = picture.size
        self._call("cudaSetDevice", picture.device)
        self._call("cudaGraphicsMapResources", 1, self._resource, self._stream)
        try:
            array = self._call("cudaGraphicsSubResourceGetMappedArray", self._resource, 0, 0)
            way = self._cuda.cudaMemcpyKind.cudaMemcpyDeviceToDevice
            self._call(
                *("cudaMemcpy2DToArrayAsync", array, 0, 0),
                *(picture.address, 4 * width, 4 * width, height, way, self._stream),
            )
        finally:
            self._call("cudaGraphicsUnmapResources", 1, self._resource, self._stream)
        self._call("cudaStreamSynchronize", self._stream)
        return self._texture

    def _open(self, picture: OnCard) -> moderngl.Texture:
        self._cuda = self._cuda or importlib.import_module("cuda.bindings.runtime")
        cuda, self._device = self._cuda, picture.device
        count, cards = self._call("cudaGLGetDevices", _MOST_CARDS, cuda.cudaGLDeviceList.cudaGLDeviceListAll)
        if picture.device not in list(cards)[:count]:
            raise InteropError(f"the window is drawn by another card than CUDA's number {picture.device}")
        self._call("cudaSetDevice", picture.device)
        _, soonest = self._call("cudaDeviceGetStreamPriorityRange")
        self._stream = self._call("cudaStreamCreateWithPriority", cuda.cudaStreamNonBlocking, soonest)
        texture = self._ctx.texture(picture.size, 4)
        discard = cuda.cudaGraphicsRegisterFlags.cudaGraphicsRegisterFlagsWriteDiscard
        self._resource = self._call("cudaGraphicsGLRegisterImage", texture.glo, GL_TEXTURE_2D, int(discard))
        return texture

    def _call(self, name: str, *values: Any) -> Any:
        """What the function `name` answers; InteropError where it refuses."""
        state, *answers = getattr(self._cuda, name)(*values)
        if int(state) != 0:
            raise InteropError(f"{name} says {getattr(state, 'name', state)}")
        return answers[0] if len(answers) == 1 else answers

    def _check(self, texture: moderngl.Texture, keyframe: Keyframe) -> None:
        """The first picture must be the one that came through the host."""
        if self._checked:
            return
        height, width = keyframe.image.shape[:2]
        seen = np.frombuffer(texture.read(), np.uint8).reshape(height, width, 4)[..., :3]
        if not np.array_equal(seen, keyframe.image):
            raise InteropError("what CUDA copied is not the picture that was painted")
        self._checked = True
