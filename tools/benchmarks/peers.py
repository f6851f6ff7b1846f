"""The same weights painted by liveanim, by StreamDiffusion 0.1.1 and by diffusers, in turns within one process.

StreamDiffusion's core is installed with `pip install --no-deps streamdiffusion==0.1.1`: it then runs with today's
diffusers. As shipped it waits for the device at every picture and goes through the host; it is also measured with
pictures that stay on the device, and with its networks under our graph: its authors' own best uses TensorRT.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from liveanim.render.compiled import apart, installed

from .keyframes import Painter, tape_for
from .random_models import EPSILON, RandomParts
from .stats import median, percentile

Paint = Callable[[int], object]
TURN = 10
WARM = 3
ENGINES = ("openvino", "onnx")


def figures(device: str, count: int, tiny: bool = False) -> Iterator[dict[str, float]]:
    """`run`, for tools/gpu_check.py."""
    yield run(device, count, tiny)


def run(
    device: str, count: int, tiny: bool = False, size: tuple[int, int] | None = None, without: Sequence[str] = ENGINES
) -> dict[str, float]:
    """Pictures a second of each, and how many times as fast liveanim is. `without`: engines to leave out.

    The others have networks of their own with the same weights: liveanim rearranges what it loads, and its attention
    remembers words. StreamDiffusion under our graph has the weights as we lay them out.
    """
    parts, size = RandomParts("sd-turbo", device, tiny), size or ((64, 64) if tiny else (512, 512))
    theirs = replace(parts)
    with torch.inference_mode(), _events(device):
        ways: dict[str, Paint] = {
            "liveanim": _liveanim(parts, size),
            "streamdiffusion": _stream(theirs, size, _by_host),
            "streamdiffusion_on_device": _stream(theirs, size, _on_device),
            "streamdiffusion_graphed": _stream(_channels_last(parts), size, _on_device, graphed=True),
            "diffusers": _diffusers(theirs, size, theirs.unet, theirs.vae),
        }
        if device == "cpu":
            ways |= _on_cpu(parts, size, without)
        times = _in_turns(ways, count, device)
    figures = {f"{name}_pictures_per_s": 1e3 / median(spans) for name, spans in times.items()}
    figures |= {f"{name}_picture_p99_ms": percentile(spans, 99) for name, spans in times.items()}
    own = median(times["liveanim"])
    return figures | {f"vs_{name}": median(spans) / own for name, spans in times.items() if name != "liveanim"}


def beside(parts: RandomParts, size: tuple[int, int], engine: Any, count: int, name: str) -> dict[str, float]:
    """How many times as fast as StreamDiffusion `engine` is, as shipped and under our graph; figures begin with
    `name`."""
    with torch.inference_mode(), _events(parts.device):
        times = _in_turns(
            {
                "liveanim": _liveanim(parts, size, engine),
                "streamdiffusion": _stream(replace(parts), size, _by_host),
                "streamdiffusion_graphed": _stream(_channels_last(parts), size, _on_device, graphed=True),
            },
            count,
            parts.device,
        )
    own = median(times.pop("liveanim"))
    return {f"{name}_vs_{other}": median(spans) / own for other, spans in times.items()}


def _in_turns(ways: dict[str, Paint], count: int, device: str) -> dict[str, list[float]]:
    """Milliseconds of every picture; whatever slows the machine down slows all alike."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    length = min(TURN, count)
    for turn in range(-1, max(1, count // TURN)):
        for name, paint in ways.items():
            for index in range(WARM if turn < 0 else length):
                since = time.perf_counter()
                paint(max(0, turn) * length + index)
                if device.startswith("cuda"):
                    torch.cuda.synchronize(device)
                if turn >= 0:
                    times[name].append(1e3 * (time.perf_counter() - since))
    return times


def _channels_last(parts: RandomParts) -> RandomParts:
    """Networks of their own over the weights as liveanim lays them out."""
    made = replace(parts)
    made.unet, made.vae = (apart(net.to(memory_format=torch.channels_last)) for net in (parts.unet, parts.vae))
    return made


def _liveanim(parts: RandomParts, size: tuple[int, int], engine: Any = None) -> Paint:
    painter = Painter(parts, size, engine=engine)
    return lambda index: painter.next(index)


def _scheduler(kind: Any) -> Any:
    return kind.from_config({key: value for key, value in EPSILON.items() if key != "_class_name"})


def _stream(parts: RandomParts, size: tuple[int, int], feed: Callable[..., Paint], graphed: bool = False) -> Paint:
    """StreamDiffusion's img2img of one step, without guidance."""
    from diffusers import LCMScheduler
    from streamdiffusion import StreamDiffusion

    words = parts.embedding(0).words.to(parts.dtype)
    pipe = SimpleNamespace(
        device=torch.device(parts.device),
        vae_scale_factor=8,
        scheduler=_scheduler(LCMScheduler),
        text_encoder=None,
        unet=_Graphed(parts.unet, parts.device) if graphed else parts.unet,
        vae=parts.vae,
        encode_prompt=lambda **_: (words, None),
    )
    stream = StreamDiffusion(pipe, [32], parts.dtype, *size, cfg_type="none")
    stream.prepare("", num_inference_steps=50, generator=torch.Generator())
    if graphed:
        stream.vae = _GraphedVae(parts.vae, parts.device)
    return feed(stream, size, parts)


def _by_host(stream: Any, size: tuple[int, int], parts: RandomParts) -> Paint:
    """As it is shipped: a picture of the host goes in, one comes out."""
    from PIL import Image

    picture = [Image.fromarray(np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), np.uint8))]

    def paint(index: int) -> None:
        out = stream.image_processor.postprocess(stream(picture[0]).float().cpu(), output_type="pil")
        picture[0] = out[0]

    return paint


def _on_device(stream: Any, size: tuple[int, int], parts: RandomParts) -> Paint:
    picture = [torch.rand(1, 3, size[1], size[0], device=parts.device, dtype=parts.dtype)]

    def paint(index: int) -> None:
        picture[0] = (stream(picture[0]) / 2 + 0.5).clamp(0, 1)

    return paint


class _Graphed:
    """A network of diffusers that is recorded at its first call and played from then on."""

    def __init__(self, net: Any, device: str) -> None:
        self._net, self._tape = net, tape_for(device)
        self._inputs: list[Tensor] = []
        self._play: Callable[[], object] | None = None
        self._answer: Tensor | None = None
        self.config, self.dtype = net.config, net.dtype

    def __call__(self, x: Tensor, t: Tensor, encoder_hidden_states: Tensor, **_: Any) -> tuple[Tensor]:
        given = (x, t, encoder_hidden_states)
        if self._play is None:
            self._inputs = [value.clone() for value in given]
            sample, step, words = self._inputs
            self._play, self._answer = self._tape.record(
                lambda: self._net(sample, step, encoder_hidden_states=words, return_dict=False)[0]
            )
        for mine, value in zip(self._inputs, given, strict=True):
            mine.copy_(value)
        self._play()
        assert self._answer is not None
        return (self._answer,)


class _GraphedVae:
    """The same of an autoencoder's two halves."""

    def __init__(self, vae: Any, device: str) -> None:
        self._vae, self._device = vae, device
        self._recorded: dict[str, tuple[Tensor, Callable[[], object], Tensor]] = {}
        self.config, self.dtype = vae.config, vae.dtype

    def encode(self, picture: Tensor) -> Any:
        return SimpleNamespace(latents=self._run("encode", picture, lambda x: self._vae.encode(x).latents))

    def decode(self, latents: Tensor, return_dict: bool = False) -> tuple[Tensor]:
        return (self._run("decode", latents, lambda x: self._vae.decode(x, return_dict=False)[0]),)

    def _run(self, name: str, value: Tensor, work: Callable[[Tensor], Tensor]) -> Tensor:
        if name not in self._recorded:
            mine = value.clone()
            play, answer = tape_for(self._device).record(lambda: work(mine))
            self._recorded[name] = mine, play, answer
        mine, play, answer = self._recorded[name]
        mine.copy_(value)
        play()
        return answer


def _diffusers(parts: RandomParts, size: tuple[int, int], unet: Any, vae: Any) -> Paint:
    """StableDiffusionImg2ImgPipeline as it comes, one step, its words encoded beforehand."""
    from diffusers import EulerDiscreteScheduler, StableDiffusionImg2ImgPipeline

    pipeline: Any = StableDiffusionImg2ImgPipeline(
        vae, None, None, unet, _scheduler(EulerDiscreteScheduler), None, None, requires_safety_checker=False
    )  # fmt: skip
    pipeline.set_progress_bar_config(disable=True)
    words = parts.embedding(0).words.to(parts.dtype)
    picture = [np.full((1, size[1], size[0], 3), 0.5, dtype=np.float32)]

    def paint(index: int) -> None:
        out = pipeline(
            prompt_embeds=words,
            image=picture[0],
            strength=0.5,
            num_inference_steps=2,
            guidance_scale=1.0,
            generator=torch.Generator().manual_seed(index),
            output_type="np",
        )
        picture[0] = np.clip(out.images, 0, 1)

    return paint


def _on_cpu(parts: RandomParts, size: tuple[int, int], without: Sequence[str]) -> dict[str, Paint]:
    """liveanim and diffusers over the compilers for CPUs that are installed."""
    from liveanim.render.engines import OpenVinoEngine
    from liveanim.render.exported import OnnxEngine

    words = parts.embedding(0)
    kinds: dict[str, tuple[str, Any]] = {
        "openvino": ("openvino", OpenVinoEngine),
        "onnx": ("onnxruntime", OnnxEngine),
    }
    ways: dict[str, Paint] = {}
    for name, (package, kind) in kinds.items():
        if installed(package) and name not in without:
            engine = kind(parts, size, words, torch.get_num_threads())
            unet, vae = _EngineUNet(engine, parts), _EngineVae(engine, parts)
            ways[f"liveanim_on_{name}"] = _liveanim(parts, size, engine)
            ways[f"diffusers_on_{name}"] = _diffusers(parts, size, unet, vae)
    return ways


class _EngineUNet(torch.nn.Module):
    """Diffusers' pipeline over a compiled UNet."""

    def __init__(self, engine: Any, parts: RandomParts) -> None:
        super().__init__()
        self._engine, self._words = engine, parts.embedding(0)
        self.config, self.dtype, self.device = parts.unet.config, parts.dtype, torch.device("cpu")

    def forward(self, x: Tensor, t: Tensor, **_: Any) -> tuple[Tensor]:
        return (self._engine.unet(x, float(t), self._words),)


class _EngineVae(torch.nn.Module):
    """The same of the autoencoder, between -1 and 1 as diffusers has it."""

    def __init__(self, engine: Any, parts: RandomParts) -> None:
        super().__init__()
        self._engine = engine
        self.config, self.dtype, self.device = parts.vae.config, parts.dtype, torch.device("cpu")

    def encode(self, picture: Tensor, **_: Any) -> Any:
        return SimpleNamespace(latents=self._engine.encode(picture / 2 + 0.5))

    def decode(self, latents: Tensor, **_: Any) -> tuple[Tensor]:
        return (self._engine.decode(latents) * 2 - 1,)


@contextmanager
def _events(device: str) -> Any:
    """Stand-ins for what StreamDiffusion asks of CUDA at every picture, where there is no CUDA."""
    if device.startswith("cuda"):
        yield
        return
    kept = torch.cuda.Event, torch.cuda.synchronize
    event = SimpleNamespace(record=lambda: None, elapsed_time=lambda other: 0.0)
    torch.cuda.Event, torch.cuda.synchronize = (lambda **_: event), (lambda *_: None)  # type: ignore[assignment,misc]
    try:
        yield
    finally:
        torch.cuda.Event, torch.cuda.synchronize = kept  # type: ignore[misc]
