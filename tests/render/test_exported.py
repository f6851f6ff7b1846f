"""Networks as ONNX files: what ONNX Runtime and (a stand-in for) TensorRT make of them."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from liveanim.core.errors import UserError
from liveanim.core.model import Prompt, RenderRequest
from liveanim.render import engines as e
from liveanim.render.exported import OnnxEngine
from liveanim.render.load import Options, load
from liveanim.render.models import Parts, find
from liveanim.render.prompts import Embedding
from liveanim.render.trt import ENGINE, TensorRtEngine

from .faketensorrt import fake

SIZE = (96, 64)


def words_for(parts: Parts) -> Embedding:
    dice = torch.Generator().manual_seed(4)
    config = parts.unet_config
    width = config["encoder_hid_dim"] if config.get("encoder_hid_dim") else config["cross_attention_dim"]
    pooled = torch.randn(1, 32, generator=dice) if config.get("addition_embed_type") == "text_time" else None
    return Embedding(torch.randn(1, 12, int(width), generator=dice), pooled)


def error(made: torch.Tensor, expected: torch.Tensor) -> float:
    """The largest difference beside the largest value."""
    return float((made - expected).abs().max() / expected.abs().max())


@pytest.fixture(autouse=True)
def _float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liveanim.render.engines.fast_bfloat16", lambda: False)


@pytest.mark.parametrize("model", ["ember", "flow_model", "epsilon_model", "xl_model"])
def test_an_exported_model_answers_as_torch_does(model: str, request: pytest.FixtureRequest) -> None:
    torch.set_num_threads(1)
    parts = Parts(find(model if model == "ember" else str(request.getfixturevalue(model))))
    words, dice = words_for(parts), torch.Generator().manual_seed(1)
    plain, fast = e.TorchEngine(parts), OnnxEngine(parts, SIZE, words, threads=1)
    picture = torch.rand(1, 3, SIZE[1], SIZE[0], generator=dice)
    latents = plain.encode(picture)
    noise = torch.randn(latents.shape, generator=dice)
    assert error(fast.encode(picture), latents) < 1e-3
    assert error(fast.unet(noise, 437.5, words), plain.unet(noise, 437.5, words)) < 1e-3
    assert error(fast.decode(latents), plain.decode(latents)) < 1e-3


def test_a_renderer_plays_on_onnx_runtime_and_finds_its_files_again(
    flow_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liveanim.home.cache", lambda: tmp_path / "liveanim")
    options = Options("cpu", "onnx", threads=1, background=False)
    asked = RenderRequest(0, 0.0, SIZE, (Prompt("gold"),), seed=3)
    first = load(str(flow_model), SIZE, options).render(asked, None).image
    (kept,) = (tmp_path / "liveanim" / "onnx").glob("flow-*/unet-96x64-12/model.onnx")
    stamp = kept.stat().st_mtime_ns
    assert np.array_equal(load(str(flow_model), SIZE, options).render(asked, None).image, first)
    assert kept.stat().st_mtime_ns == stamp


@pytest.mark.parametrize(("engine", "says"), [("tensorrt", "NVIDIA"), ("onnxx", "unknown engine")])
def test_an_engine_that_cannot_be_is_refused_in_one_line(flow_model: Path, engine: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        load(str(flow_model), None, Options("cpu", engine))


def test_tensorrt_compiles_once_for_a_size_and_answers_as_torch_does(
    epsilon_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", fake())
    parts = Parts(find(str(epsilon_model)))
    words, dice = words_for(parts), torch.Generator().manual_seed(1)
    plain = e.TorchEngine(parts)
    fast = TensorRtEngine(parts, SIZE, words, tmp_path / "kept", stream=lambda: 0)
    picture = torch.rand(1, 3, SIZE[1], SIZE[0], generator=dice)
    latents = plain.encode(picture)
    first = fast.encode(picture)
    assert error(first, latents) < 1e-3
    assert error(fast.unet(latents, 400.0, words), plain.unet(latents, 400.0, words)) < 1e-3
    assert error(fast.decode(latents), plain.decode(latents)) < 1e-3
    fast.encode(picture * 0)
    assert error(first, latents) < 1e-3  # what was given is not written over
    files = sorted(path.relative_to(tmp_path / "kept") for path in (tmp_path / "kept").rglob("*") if path.is_file())
    assert [str(path) for path in files] == [f"{name}-96x64-12/{ENGINE}" for name in ("decode", "encode", "unet")]
    monkeypatch.setitem(sys.modules, "tensorrt", fake(lambda stage: stage in ("parse", "build")))
    again = TensorRtEngine(Parts(find(str(epsilon_model))), SIZE, words, tmp_path / "kept", stream=lambda: 0)
    assert torch.equal(again.encode(picture), first)


@pytest.mark.parametrize(
    ("stage", "says"),
    [
        ("parse", "cannot read the network: no such operator"),
        ("build", "could not compile"),
        ("read", "is removed"),
    ],
)
def test_a_tensorrt_that_fails_leaves_torch_playing_and_says_why(
    stage: str, says: str, epsilon_model: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setitem(sys.modules, "tensorrt", fake(lambda at: at == stage))
    parts = Parts(find(str(epsilon_model)))

    def build(size: tuple[int, int]) -> e.Engine:
        return TensorRtEngine(parts, size, words_for(parts), tmp_path / "kept", stream=lambda: 0)

    pool = e.EnginePool(lambda: e.TorchEngine(parts), build, background=True, eager_first=True)
    assert pool.at(SIZE)[0].name == "torch"
    pool.close(60.0)
    assert pool.at(SIZE) == (pool.eager, SIZE)
    assert says in pool.message and pool.message.endswith("torch plays")
    assert len(pool.message) < 160
    assert list((tmp_path / "kept").rglob(ENGINE)) == []


def test_an_engine_for_another_size_does_not_push_a_fast_eager_one_aside() -> None:
    pool = e.EnginePool(
        lambda: e.HostEngine("eager", ()), lambda size: e.HostEngine("made", ()), True, eager_first=True
    )
    pool.prepare((8, 8))
    assert pool.at((64, 64))[0].name == "eager"
    pool.prepare((64, 64))
    assert pool.at((64, 64))[0].name == "made"
    pool.close(20.0)
