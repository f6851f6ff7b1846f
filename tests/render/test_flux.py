"""FLUX.2 klein, held against diffusers' own pipeline on a tiny model of the same kind."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch._dynamo.utils import counters

from liveanim.core.errors import UserError
from liveanim.core.model import Prompt, RenderRequest
from liveanim.render import brush, flux
from liveanim.render.engines import CompiledEngine, TorchEngine
from liveanim.render.load import Options, load
from liveanim.render.models import Parts, find
from liveanim.render.prompts import Embedding, PromptBook, stretches

TEXT = "a golden mandala, 4 birds"
PLAIN = Options("cpu", "torch", threads=1, background=False)


@pytest.fixture(autouse=True)
def _float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is compared is not to differ by how numbers are rounded."""
    monkeypatch.setattr("liveanim.render.engines.fast_bfloat16", lambda: False)
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def parts(flux_model: Path) -> Parts:
    return Parts(find(str(flux_model)))


@pytest.fixture(scope="module")
def pipeline(flux_model: Path) -> Any:
    from diffusers import Flux2KleinPipeline
    from diffusers.models import AutoencoderKLFlux2, Flux2Transformer2DModel
    from diffusers.schedulers import FlowMatchEulerDiscreteScheduler
    from transformers import AutoTokenizer, Qwen3ForCausalLM

    made: Any = Flux2KleinPipeline(
        FlowMatchEulerDiscreteScheduler.from_pretrained(flux_model / "scheduler"),
        AutoencoderKLFlux2.from_pretrained(flux_model / "vae"),
        Qwen3ForCausalLM.from_pretrained(flux_model / "text_encoder"),
        AutoTokenizer.from_pretrained(flux_model / "tokenizer"),
        Flux2Transformer2DModel.from_pretrained(flux_model / "transformer"),
        is_distilled=True,
    )
    made.set_progress_bar_config(disable=True)
    return made


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3))


@torch.inference_mode()
def test_texts_are_read_as_the_pipeline_reads_them(parts: Parts, pipeline: Any) -> None:
    encode = parts.family.encoder(parts)
    for text in ("", TEXT, "x" * 600):
        words = encode([(text, 1.0)]).words
        assert words.shape == (1, 512, 24) and words.dtype == torch.float32
        assert torch.equal(words, pipeline.encode_prompt(text)[0])
    assert len(parts.text_encoders[0].layers) == 28  # of 30


def test_weights_lead_words_away_from_those_of_an_empty_text(parts: Parts) -> None:
    encode = parts.family.encoder(parts)
    plain, empty = encode(stretches(TEXT)).words, encode(stretches("")).words
    strong = encode(stretches("a golden (mandala,:1.5) 4 birds")).words
    at = 1 + len("user\n") + TEXT.index("mandala")  # a token is a byte
    named = slice(at, at + len("mandala,"))
    assert torch.allclose(strong[:, named], empty[:, named] + 1.5 * (plain - empty)[:, named], atol=1e-6)
    others = torch.ones(512, dtype=torch.bool)
    others[named] = False
    assert torch.equal(strong[:, others], plain[:, others]) and not torch.equal(strong, plain)
    plain, strong = (encode([("us", weight)]).words for weight in (1.0, 1.5))  # there is a "user" in the question
    assert (plain != strong).any(-1).nonzero()[:, 1].tolist() == [6, 7]


def test_a_tokenizer_that_asks_nothing_is_refused_in_one_line(flux_model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(flux_model, tmp_path / "copy"))
    (folder / "tokenizer" / "chat_template.jinja").unlink()
    with pytest.raises(UserError, match="has no chat template"):
        Parts(find(str(folder))).family.encoder(Parts(find(str(folder))))([("gold", 1.0)])


def test_a_text_whose_weights_move_is_read_once(parts: Parts) -> None:
    calls: list[int] = []
    reader = parts.text_encoders[0]
    hook = reader.register_forward_hook(lambda *_: calls.append(1))
    encode = parts.family.encoder(parts)
    for weight in (1.0, 1.1, 1.2, 1.3):
        encode([("gold", weight), ("sea", 1.0)])
    hook.remove()
    assert len(calls) == 2  # and the empty text


@pytest.mark.parametrize("size", [(64, 96), (512, 512), (1024, 1024), (1280, 1024)])
def test_time_is_bent_as_the_pipeline_bends_it(parts: Parts, pipeline: Any, size: tuple[int, int]) -> None:
    from diffusers.pipelines.flux2.pipeline_flux2_klein import compute_empirical_mu, retrieve_timesteps

    schedule, (width, height) = parts.family.schedule(parts), size
    for steps in (1, 2, 3, 4, 8, 50):
        mu = compute_empirical_mu(width * height // 256, steps)
        assert flux.bent(width * height // 256, steps) == pytest.approx(mu, abs=1e-9)
        retrieve_timesteps(pipeline.scheduler, steps, "cpu", sigmas=np.linspace(1.0, 1 / steps, steps).tolist(), mu=mu)
        path = schedule.path(1.0, steps, torch.empty(1, 16, height // 16, width // 16))
        assert path == pytest.approx(pipeline.scheduler.sigmas.tolist(), abs=1e-6)


@torch.inference_mode()
def test_a_picture_of_noise_is_the_pipelines(parts: Parts, pipeline: Any) -> None:
    first, engine, schedule = noise(1, 16, 4, 6), TorchEngine(parts), parts.family.schedule(parts)
    words = parts.family.encoder(parts)([(TEXT, 1.0)])
    for steps in (1, 4):
        own = pipeline(prompt=TEXT, width=96, height=64, num_inference_steps=steps, latents=first, output_type="np")
        latents = brush.from_noise(engine, schedule, brush.Way([(words, 1.0)], steps), first)
        picture = engine.decode(latents)[0].permute(1, 2, 0).numpy()
        assert own.images[0].std() > 0.1
        assert np.abs(picture - own.images[0]).max() < 2e-5  # of float32, through two networks: 1/200 of a level


@torch.inference_mode()
def test_a_picture_is_encoded_as_the_pipeline_does_it(parts: Parts, pipeline: Any) -> None:
    picture, engine = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(1)), TorchEngine(parts)
    own = pipeline._encode_vae_image(picture * 2 - 1, None)
    assert own.shape == (1, 16, 4, 6) and torch.allclose(engine.encode(picture), own, atol=1e-4)
    vae = pipeline.vae
    back = vae.decode(vae.encode(picture * 2 - 1).latent_dist.mode()).sample * 0.5 + 0.5
    assert torch.allclose(engine.decode(own), back.clamp(0, 1), atol=1e-4)


def asking(text: str, **changes: Any) -> RenderRequest:
    return replace(RenderRequest(1, 0.1, (96, 64), (Prompt(text),), seed=5, denoise=0.6), **changes)


def test_prompts_compose_negate_and_blend(flux_model: Path) -> None:
    renderer = load(str(flux_model), options=PLAIN)
    grey = np.full((64, 96, 3), 128, np.uint8)
    texts = ("gold", "gold | sea", "gold (sea:2)", "gold --neg sea")
    asked = [asking(text, guidance=3.0) for text in texts] + [asking("gold")]
    asked.append(asking("gold", prompts=(Prompt("gold"), Prompt("sea"))))
    pictures = [renderer.render(one, grey).image for one in asked]
    assert len({picture.tobytes() for picture in pictures}) == len(asked)
    assert np.array_equal(renderer.render(asked[0], grey).image, pictures[0])


def test_sizes_are_multiples_of_sixteen_and_a_picture_has_the_asked_one(flux_model: Path) -> None:
    renderer = load(str(flux_model), options=PLAIN)
    assert renderer.render(asking("gold", size=(104, 72)), None).image.shape == (72, 104, 3)
    assert renderer._painting_size((104, 72)) == (96, 64)


def test_half_precision_is_one_that_does_not_overflow(flux_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = Parts(find(str(flux_model)), half=True)
    networks = parts.unet, parts.vae, parts.text_encoders[0]
    assert {next(network.parameters()).dtype for network in networks} == {torch.bfloat16}
    plain = TorchEngine(Parts(find(str(flux_model))))
    x, words = noise(1, 16, 4, 6), Embedding(noise(1, 512, 24))
    exact = plain.unet(x, 700.0, words)
    assert float((TorchEngine(parts).unet(x, 700.0, words) - exact).abs().mean() / exact.abs().mean()) < 0.03
    monkeypatch.setattr("liveanim.render.load.fast_bfloat16", lambda: True)
    loaded = load(str(flux_model), options=PLAIN)._parts
    assert next(loaded.unet.parameters()).dtype == torch.bfloat16


def test_where_tokens_lie_is_made_once_for_a_shape(parts: Parts) -> None:
    engine, calls = TorchEngine(parts), []
    turns = engine.networks[1].net.pos_embed
    hook = turns.own.register_forward_hook(lambda *_: calls.append(1))
    words = Embedding(noise(1, 512, 24))
    for shape in ((4, 6), (4, 6), (6, 4), (4, 6)):
        engine.unet(noise(1, 16, *shape), 500.0, words)
    hook.remove()
    assert len(calls) == 3  # words, and two shapes


@torch.inference_mode()  # as when a renderer paints: tensors made otherwise would be compiled for anew
def test_what_torch_compiles_is_compiled_before_it_plays(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    def compiled(module: torch.nn.Module, dynamic: bool) -> None:
        module._compiled_call_impl = torch.compile(module._call_impl, backend="eager", fullgraph=True, dynamic=dynamic)

    monkeypatch.setattr(torch.nn.Module, "compile", compiled)
    x, words = noise(1, 16, 4, 6), Embedding(noise(1, 512, 24))
    engine = CompiledEngine(parts, (96, 64), words)
    graphs = counters["stats"]["unique_graphs"]
    assert torch.allclose(engine.unet(x, 400.0, words), TorchEngine(parts).unet(x, 400.0, words), atol=1e-5)
    assert counters["stats"]["unique_graphs"] == graphs


@pytest.mark.parametrize("engine", ["openvino", "onnx"])
def test_an_engine_that_cannot_run_it_is_said_and_torch_plays(flux_model: Path, engine: str) -> None:
    pytest.importorskip("openvino" if engine == "openvino" else "onnxruntime", reason="an extra")
    renderer = load(str(flux_model), options=replace(PLAIN, engine=engine))
    assert renderer.message == f"flux is run by torch or compile, not by {engine}; torch plays"
    assert renderer._pool.at((64, 64))[0].name == "torch"
    assert load(str(flux_model), options=replace(PLAIN, engine="auto")).message == ""


def test_what_goes_on_top_of_stable_diffusion_is_refused(flux_model: Path) -> None:
    with pytest.raises(UserError, match="flux plays without LoRA and ControlNet"):
        load(str(flux_model), options=replace(PLAIN, loras=("some.safetensors",)))


def test_a_transformer_of_another_family_is_refused_in_one_line(flux_model: Path, tmp_path: Path) -> None:
    for part, key, value in (
        ("transformer", "_class_name", "SD3Transformer2DModel"),
        ("text_encoder", "model_type", "mistral3"),
    ):
        folder = Path(shutil.copytree(flux_model, tmp_path / part))
        config = folder / part / "config.json"
        config.write_text(json.dumps({**json.loads(config.read_text()), key: value}))
        with pytest.raises(UserError, match=rf"{value}.*only FLUX.2 klein") as caught:
            find(str(folder))
        assert "\n" not in str(caught.value)


def test_a_book_keeps_fewer_texts_of_a_model_whose_are_large(flux_model: Path) -> None:
    book = load(str(flux_model), options=PLAIN)._book
    assert isinstance(book, PromptBook) and book._kept == flux.TEXTS_KEPT == 64
