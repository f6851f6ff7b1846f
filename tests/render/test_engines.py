import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from liveanim.core.model import Prompt, RenderRequest
from liveanim.render import compiled
from liveanim.render import engines as e
from liveanim.render.load import Options, load
from liveanim.render.models import Parts, find
from liveanim.render.prompts import Embedding

DEADLINE = 20.0
needs_openvino = pytest.mark.skipif(not compiled.installed("openvino"), reason="openvino is not installed")


class Named:
    """An engine by name only."""

    def __init__(self, name: str) -> None:
        self.name = name

    def encode(self, picture: torch.Tensor) -> torch.Tensor:
        return picture

    def unet(self, x: torch.Tensor, timestep: float | torch.Tensor, condition: Embedding) -> torch.Tensor:
        return x

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        return latents


def test_the_last_ready_size_plays_until_the_new_one_is_compiled() -> None:
    gate, began = threading.Event(), threading.Event()

    def build(size: tuple[int, int]) -> e.Engine:
        began.set() if size == (64, 64) else None
        assert size == (8, 8) or gate.wait(DEADLINE)
        return Named(f"compiled {size[0]}")

    pool = e.EnginePool(lambda: Named("eager"), build, background=True)
    pool.prepare((8, 8))
    engine, size = pool.at((64, 64))
    assert engine.name == "compiled 8" and size == (8, 8)
    assert began.wait(DEADLINE)
    assert "compiling for 64x64" in pool.message
    gate.set()
    pool.close(DEADLINE)
    pool.prepare((64, 64))
    engine, size = pool.at((64, 64))
    assert engine.name == "compiled 64" and size == (64, 64) and pool.message == ""


def test_eager_plays_while_nothing_is_compiled_yet() -> None:
    gate = threading.Event()

    def build(size: tuple[int, int]) -> e.Engine:
        assert gate.wait(DEADLINE)
        return Named("compiled")

    pool = e.EnginePool(lambda: Named("eager"), build, background=True)
    assert pool.at((64, 64))[0].name == "eager"
    gate.set()
    pool.close(DEADLINE)


def test_without_background_the_first_picture_waits() -> None:
    pool = e.EnginePool(lambda: Named("eager"), lambda size: Named("compiled"), background=False)
    assert pool.at((64, 64))[0].name == "compiled"


def test_a_compiler_that_fails_is_tried_once_and_torch_plays(caplog: pytest.LogCaptureFixture) -> None:
    tries = []

    def build(size: tuple[int, int]) -> e.Engine:
        tries.append(size)
        raise RuntimeError("no")

    pool = e.EnginePool(lambda: Named("eager"), build, background=False)
    assert pool.at((64, 64))[0].name == pool.at((64, 64))[0].name == "eager"
    assert len(tries) == 1 and "torch plays" in pool.message


def test_the_last_sizes_are_kept() -> None:
    built = []

    def build(size: tuple[int, int]) -> e.Engine:
        built.append(size[0])
        return Named("compiled")

    pool = e.EnginePool(lambda: Named("eager"), build, background=False)
    for width in (1, 2, 3, 4, 2, 3, 4, 1):
        pool.at((width, 8))
    assert built == [1, 2, 3, 4, 1]


WORDS = Embedding(torch.from_numpy(np.random.default_rng(1).standard_normal((1, 12, 32))).float())
FEW = Options("cpu", "openvino", threads=1, background=False)


@pytest.fixture(scope="module")
def kept(flow_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[e.OpenVinoEngine, Path]:
    """The tiny model compiled by OpenVINO for 96x64 and the folder where it is kept."""
    pytest.importorskip("openvino", reason="openvino is not installed")
    folder = tmp_path_factory.mktemp("openvino") / "kept"
    return e.OpenVinoEngine(Parts(find(str(flow_model))), (96, 64), WORDS, threads=1, cache=folder), folder


def test_what_another_process_has_made_meanwhile_is_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "network"

    def write(folder: Path) -> None:
        (folder / "who").write_text("ours")
        path.mkdir()
        (path / "who").write_text("theirs")

    assert compiled.kept(path, write, lambda folder: (folder / "who").read_text()) == "theirs"
    assert caplog.text == "" and [one.name for one in tmp_path.iterdir()] == ["network"]


@needs_openvino
def test_openvino_is_loaded_without_its_reports() -> None:
    asked = """
from liveanim.render.compiled import quiet_openvino
quiet_openvino()
from openvino.tools.ovc import convert_impl
print(convert_impl.tm.__name__)
"""
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "openvino.tools.ovc.telemetry_stub"


@needs_openvino
def test_a_conversion_leaves_everybodys_log_as_it_is(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    levels = []

    def broken_off(*_: object) -> None:
        levels.append(logging.getLogger().level)
        raise KeyboardInterrupt

    compiled.quiet_openvino()
    monkeypatch.setattr("openvino.tools.ovc.convert_impl.check_model_object", broken_off)
    caplog.set_level(logging.INFO)
    with pytest.raises(KeyboardInterrupt):
        compiled.converted(torch.nn.Linear(2, 2), [torch.zeros(1, 2)])
    assert [*levels, logging.getLogger().level] == [logging.INFO, logging.INFO]


def test_openvino_answers_as_torch_does(kept: tuple[e.OpenVinoEngine, Path], flow_model: Path) -> None:
    torch.set_num_threads(1)
    plain, fast = e.TorchEngine(Parts(find(str(flow_model)))), kept[0]
    picture = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    latents = plain.encode(picture)
    assert float((fast.encode(picture) - latents).abs().mean() / latents.abs().mean()) < 0.03
    out = plain.unet(latents, 400.0, WORDS)
    assert float((fast.unet(latents, 400.0, WORDS) - out).abs().mean() / out.abs().mean()) < 0.05
    assert float((fast.decode(latents) - plain.decode(latents)).abs().mean()) * 255 < 2


def test_what_torch_compiles_is_compiled_before_it_plays(flow_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda module, dynamic: told.append(type(module).__name__))
    parts = Parts(find(str(flow_model)))
    engine = e.CompiledEngine(parts, (96, 64), WORDS)
    assert told == ["_Encode", "_UNet", "_Decode"]
    latents = torch.rand(1, 4, 8, 12, generator=torch.Generator().manual_seed(2))
    assert engine.name == "compile"
    assert torch.equal(engine.decode(latents), e.TorchEngine(parts).decode(latents))


def test_what_plays_is_told_nothing_by_what_is_compiled_beside_it(
    flow_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.nn.Module, "compile", lambda module, dynamic: None)
    parts = Parts(find(str(flow_model)))
    plays = e.TorchEngine(parts)
    latents = torch.rand(1, 4, 8, 12, generator=torch.Generator().manual_seed(2))
    words = plays.remembering(WORDS)
    before = plays.unet(latents, 400.0, words)
    made = e.CompiledEngine(parts, (96, 64), Embedding(WORDS.words.flip(1)))
    assert torch.equal(plays.unet(latents, 400.0, words), before)
    assert torch.equal(made.unet(latents, 400.0, made.remembering(WORDS)), before)
    pairs = zip(plays.networks[1].parameters(), made.networks[1].parameters(), strict=True)
    assert all(one is other for one, other in pairs)


def test_a_library_that_is_out_of_memory_says_so_in_its_own_words() -> None:
    for error in (
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    ):
        assert e.out_of_memory(error)
    assert not e.out_of_memory(RuntimeError("CUDA error: operation not permitted when stream is capturing"))


def test_a_packed_model_sees_a_sixteenth_and_gets_its_picture_back(packed_model: Path, flow_model: Path) -> None:
    torch.set_num_threads(1)
    parts = Parts(find(str(packed_model)))
    engine, vae = e.TorchEngine(parts), parts.vae
    picture = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    latents = engine.encode(picture)
    assert latents.shape == (1, 16, 4, 6)
    assert engine.unet(latents, 400.0, WORDS).shape == latents.shape
    own = vae.decode(vae.encode(picture * 2 - 1).latents).sample * 0.5 + 0.5
    assert float((engine.decode(latents) - own.clamp(0, 1)).abs().mean()) * 255 < 2
    assert (parts.shrinking, Parts(find(str(flow_model))).shrinking) == (16, 8)


def test_a_compiled_model_is_read_again_without_the_original(
    kept: tuple[e.OpenVinoEngine, Path], flow_model: Path
) -> None:
    first, folder = kept
    bare = Parts(find(str(flow_model)))
    second = e.OpenVinoEngine(bare, (96, 64), WORDS, threads=1, cache=folder)
    assert "unet" not in vars(bare) and "vae" not in vars(bare)
    latents = torch.rand(1, 4, 8, 12, generator=torch.Generator().manual_seed(2))
    assert torch.equal(first.decode(latents), second.decode(latents))
    assert torch.equal(first.unet(latents, 500.0, WORDS), second.unet(latents, 500.0, WORDS))


def test_what_was_made_for_this_cpu_is_kept_and_made_anew_where_it_is_broken(
    kept: tuple[e.OpenVinoEngine, Path], flow_model: Path
) -> None:
    first, folder = kept
    latents = torch.rand(1, 4, 8, 12, generator=torch.Generator().manual_seed(2))
    made = list(folder.glob("decode-*/*.blob"))
    assert len(made) == 1
    os.truncate(made[0], made[0].stat().st_size // 2)
    again = e.OpenVinoEngine(Parts(find(str(flow_model))), (96, 64), WORDS, threads=1, cache=folder)
    assert torch.equal(first.decode(latents), again.decode(latents))


def test_what_an_engine_gives_is_not_overwritten_by_the_next_call(kept: tuple[e.OpenVinoEngine, Path]) -> None:
    first = kept[0].decode(torch.zeros(1, 4, 8, 12))
    copy = first.clone()
    kept[0].decode(torch.ones(1, 4, 8, 12))
    assert torch.equal(first, copy)


@pytest.mark.parametrize(
    ("fast", "slow", "told"),
    [
        (True, False, {}),
        (False, True, {"SNIPPETS_MODE": "DISABLE", "INFERENCE_PRECISION_HINT": "f32"}),
        (False, False, {"SNIPPETS_MODE": "DISABLE"}),
    ],
)
def test_openvino_is_kept_from_what_crashes_it_and_from_slow_numbers(
    fast: bool, slow: bool, told: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "fast_bfloat16", lambda: fast)
    monkeypatch.setattr(compiled, "slow_bfloat16", lambda: slow)
    assert compiled.cpu_options(3) == {
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": False,
        "INFERENCE_NUM_THREADS": 3,
        **told,
    }
    assert "INFERENCE_NUM_THREADS" not in compiled.cpu_options(0)
    exact = compiled.cpu_options(single=True)
    assert (exact["SNIPPETS_MODE"], exact["INFERENCE_PRECISION_HINT"]) == ("DISABLE", "f32")


@needs_openvino
def test_a_cache_that_cannot_be_written_costs_nothing_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    import openvino

    (tmp_path / "file").write_text("in the way")
    core = openvino.Core()
    model = compiled.converted(torch.nn.Conv2d(3, 4, 1), [torch.zeros(1, 3, 8, 8)])
    read = compiled.stored(core, model, tmp_path / "file" / "cache" / "encode")
    assert read.output(0).shape == openvino.Shape([1, 4, 8, 8])
    assert "not kept" in caplog.text


def test_what_plays_meanwhile_is_made_before_another_is_built_beside_it() -> None:
    """Both read the same weights, and the first one lays them out anew."""
    order: list[str] = []

    def engine(name: str) -> e.Engine:
        order.append(name)
        return e.HostEngine(name, ())

    pool = e.EnginePool(lambda: engine("eager"), lambda size: engine("built"), background=True)
    assert pool.at((64, 64))[0].name == "eager"
    pool.close(20.0)
    assert order == ["eager", "built"]


@needs_openvino
def test_the_loader_chooses_openvino_on_a_cpu(
    flow_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liveanim.home.cache", lambda: tmp_path / "liveanim")
    renderer = load(str(flow_model), (64, 64), FEW)
    assert list((tmp_path / "liveanim" / "openvino").glob("flow-*/unet-64x64-12/model.xml"))
    asked = RenderRequest(0, 0.0, (64, 64), (Prompt("gold"),), seed=3)
    first = renderer.render(asked, None).image
    assert np.array_equal(load(str(flow_model), (64, 64), FEW).render(asked, None).image, first)


def test_compiled_models_of_older_weights_are_removed(tmp_path: Path) -> None:
    keys = [character * 16 for character in "abcd"]
    for number, key in enumerate(keys):
        for name in ("ember", "ember-large"):
            (tmp_path / f"{name}-{key}").mkdir()
            os.utime(tmp_path / f"{name}-{key}", (number, number))
    for name, age in (("tmpold", 7200.0), ("tmpnew", 60.0)):
        (tmp_path / f"ember-{keys[0]}" / name / "whole").mkdir(parents=True)
        os.utime(tmp_path / f"ember-{keys[0]}" / name, (time.time() - age,) * 2)
    compiled.pruned(tmp_path / f"ember-{keys[0]}")
    assert [path.name for path in (tmp_path / f"ember-{keys[0]}").iterdir()] == ["tmpnew"]
    left = sorted(path.name for path in tmp_path.iterdir() if "large" not in path.name)
    assert left == [f"ember-{keys[0]}", f"ember-{keys[3]}"]
    assert len(list(tmp_path.iterdir())) == 2 + 4
