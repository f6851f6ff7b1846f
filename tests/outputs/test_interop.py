"""Keyframes that come into their textures on the card, by a stand-in for CUDA that copies as late as it may."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace

import moderngl
import numpy as np
import pytest

from liveanim.core.errors import UserError
from liveanim.core.model import Image, Keyframe, OnCard, frozen_image
from liveanim.outputs.context import headless_context
from liveanim.outputs.interop import Interop
from liveanim.outputs.textures import Pictures

from .fakecuda import FakeCuda
from .pictures import smooth

REFUSED = (
    "cudaGLGetDevices", "cudaSetDevice", "cudaStreamCreateWithPriority", "cudaGraphicsGLRegisterImage",
    "cudaGraphicsMapResources", "cudaGraphicsSubResourceGetMappedArray", "cudaMemcpy2DToArrayAsync",
    "cudaGraphicsUnmapResources", "cudaStreamSynchronize",
)  # fmt: skip


@pytest.fixture(scope="module")
def ctx() -> Iterator[moderngl.Context]:
    try:
        context = headless_context()
    except UserError as error:
        pytest.skip(f"macOS and Windows have no EGL: {error}")
    with context:
        yield context
    context.release()


def on_card(image: Image, index: int = 0, device: int = 0) -> Keyframe:
    """A keyframe that lies in memory "of the card" as well."""
    height, width = image.shape[:2]
    rgba = np.dstack([image, np.full((height, width), 255, np.uint8)])
    where = OnCard(device, rgba.ctypes.data, (width, height), rgba)
    return Keyframe(index, 0.0, frozen_image(image), on_card=where)


def pixels(texture: moderngl.Texture) -> Image:
    width, height = texture.size
    return np.frombuffer(texture.read(), np.uint8).reshape(height, width, 4)


def test_every_picture_comes_whole_and_the_last_one_stays_what_it_is(ctx: moderngl.Context) -> None:
    cuda, dice = FakeCuda(ctx), np.random.default_rng(3)
    interop = Interop(ctx, cuda)
    for index in range(6):
        image = dice.integers(0, 256, (48, 80, 3), dtype=np.uint8)
        keyframe = on_card(image, index)
        texture = interop.texture(keyframe)
        assert keyframe.on_card is not None
        keyframe.on_card.memory[:] = 0  # painted over as soon as it was taken: nothing of that is seen
        assert texture is not None and np.array_equal(pixels(texture)[..., :3], image)
        assert (pixels(texture)[..., 3] == 255).all()
    assert len(cuda.registered) == cuda.streams == 1 and cuda.calls.count("GraphicsGLRegisterImage") == 1
    order = ["GraphicsMapResources", "Memcpy2DToArrayAsync", "GraphicsUnmapResources", "StreamSynchronize"]
    assert [call for call in cuda.calls if call in order] == 6 * order
    interop.release()
    assert not cuda.registered and not cuda.streams


def test_a_new_size_is_registered_anew(ctx: moderngl.Context) -> None:
    cuda = FakeCuda(ctx)
    interop = Interop(ctx, cuda)
    for size in ((80, 48), (64, 64), (80, 48)):
        keyframe = on_card(np.array(smooth(size)))
        texture = interop.texture(keyframe)
        assert texture is not None and np.array_equal(pixels(texture)[..., :3], keyframe.image)
        assert len(cuda.registered) == cuda.streams == 1
    interop.release()


@pytest.mark.parametrize("fails", REFUSED)
def test_what_is_refused_leaves_keyframes_to_the_host(
    ctx: moderngl.Context, fails: str, caplog: pytest.LogCaptureFixture
) -> None:
    cuda = FakeCuda(ctx, fails=fails)
    interop, keyframe = Interop(ctx, cuda), on_card(np.array(smooth((32, 16))))
    with caplog.at_level(logging.WARNING):
        assert interop.texture(keyframe) is None and interop.texture(keyframe) is None
    assert [record.getMessage() for record in caplog.records] == [
        f"keyframes reach the window through the host: {fails} says cudaErrorUnknown"
    ]
    assert cuda.calls.count(fails.removeprefix("cuda")) == 1 and not cuda.registered and not cuda.streams


def test_another_card_a_wrong_picture_and_no_cuda_leave_them_to_the_host(
    ctx: moderngl.Context, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyframe = on_card(np.array(smooth((32, 16))))
    other = replace(keyframe, image=frozen_image(255 - keyframe.image))
    monkeypatch.setitem(__import__("sys").modules, "cuda.bindings.runtime", None)
    assert Interop(ctx, FakeCuda(ctx, cards=(1,))).texture(keyframe) is None
    assert Interop(ctx, FakeCuda(ctx)).texture(other) is None
    assert Interop(ctx).texture(keyframe) is None
    assert Interop(ctx, FakeCuda(ctx)).texture(replace(keyframe, on_card=None)) is None
    said = [record.getMessage().partition(": ")[2] for record in caplog.records]
    assert said[:2] == [
        "the window is drawn by another card than CUDA's number 0",
        "what CUDA copied is not the picture that was painted",
    ]
    assert len(said) == 3 and "cuda" in said[2]


@pytest.mark.parametrize("size", [(64, 36), (256, 144)], ids=["enlarged", "as it is"])
def test_the_stage_shows_the_same_either_way(
    ctx: moderngl.Context, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    cuda = FakeCuda(ctx)
    monkeypatch.setattr("liveanim.outputs.textures.Interop", lambda ctx: Interop(ctx, cuda))
    pictures = Pictures(ctx, (256, 144))
    shared = [on_card(np.array(smooth(size, seed))) for seed in (1, 2)]
    plain = [replace(one, on_card=None) for one in shared]
    way: Callable[[list[Keyframe]], list[bytes]] = lambda ones: [one.texture.read() for one in pictures.get(ones)]  # noqa: E731
    with_cuda, by_host = [np.frombuffer(a, np.uint8) for a in way(shared)], way(plain)
    assert cuda.calls.count("StreamSynchronize") == 2
    for a, b in zip(with_cuda, by_host, strict=True):
        host = np.frombuffer(b, np.uint8)
        if a.size != host.size:  # three channels by the host
            a = a.reshape(-1, 4)[:, :3].ravel()
        assert np.array_equal(a, host)
    pictures.release()
    assert not cuda.registered
