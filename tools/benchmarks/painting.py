"""How fast pictures are painted: ember with OpenVINO, with plain torch, plain diffusers on the same weights, and paint.

What is compared takes turns, a few pictures each, so that a busy machine slows all of them alike.
"""

from __future__ import annotations

import importlib.util
import os
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from liveanim.core.model import Image, Prompt, RenderRequest
from liveanim.core.motion import step_matrix
from liveanim.core.params import defaults
from liveanim.render.paint import PaintRenderer
from liveanim.render.worker import Renderer

from .rig import PAINTED, load_ember
from .stats import median, percentile

PROMPTS = (Prompt("a neon tunnel, glowing, dark background"),)
STAGES = ("warp", "encode", "unet", "decode", "coherence")
TURN = 4


@dataclass
class Contender:
    """One way to paint. `paint(n)` paints picture n; threads: what torch may use during its turns.

    computed   seconds of all processors together, which hardly depend on what else runs on the machine
    """

    paint: Callable[[int], object]
    threads: int
    seconds: list[float] = field(default_factory=list)
    computed: list[float] = field(default_factory=list)
    stages: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def turn(self, first: int) -> None:
        import torch

        torch.set_num_threads(self.threads)
        for n in range(first, first + TURN):
            since, before = time.perf_counter(), time.process_time()
            timings = self.paint(n)
            self.seconds.append(time.perf_counter() - since)
            self.computed.append(time.process_time() - before)
            if isinstance(timings, Mapping):
                for stage, ms in timings.items():
                    self.stages[stage].append(ms)

    @property
    def rate(self) -> float:
        """Pictures per second at the median time."""
        return 1 / median(self.seconds)


def run(quick: bool) -> dict[str, float]:
    turns = 2 if quick else 8
    figures: dict[str, float] = {}
    for size in ((256, 256), (512, 512)):
        figures |= _ember(size, 1, turns)
    figures |= _ember(PAINTED, 2, turns, name="ember_play", peers=False)
    for width, height in ((256, 256), (640, 360), (1280, 720)):
        paint = Contender(_feedback(PaintRenderer(), (width, height), 1), 1)
        _take_turns([paint], turns)
        figures[f"paint_{width}x{height}_keyframes_per_s"] = paint.rate
    return figures


def _ember(size: tuple[int, int], steps: int, turns: int, name: str = "", peers: bool = True) -> dict[str, float]:
    """Figures of one size: rates, milliseconds by stage, and how many times faster than the peers."""
    cores = os.cpu_count() or 1
    name = name or f"ember_{size[1]}"
    contenders = {}
    if importlib.util.find_spec("openvino") is not None:
        fast = load_ember(size, "openvino", live=False)
        contenders["openvino"] = Contender(_feedback(fast, size, steps), 1)
    if peers or not contenders:
        contenders["torch"] = Contender(_feedback(load_ember(size, "torch", live=False), size, steps), cores)
    if peers:
        contenders["diffusers"] = Contender(_diffusers(size, steps), cores)
    _take_turns(list(contenders.values()), turns)
    best = next(iter(contenders.values()))
    figures = {
        f"{name}_keyframes_per_s": best.rate,
        f"{name}_p95_ms": 1e3 * percentile(best.seconds, 95),
        f"{name}_cpu_ms": 1e3 * median(best.computed),
        **{f"{name}_{stage}_ms": median(best.stages[stage]) for stage in STAGES},
    }
    for peer in [key for key in contenders if contenders[key] is not best]:
        figures[f"{name}_{peer}_keyframes_per_s"] = contenders[peer].rate
        figures[f"{name}_{peer}_cpu_ms"] = 1e3 * median(contenders[peer].computed)
        figures[f"{name}_vs_{peer}_eager"] = best.rate / contenders[peer].rate
    if "diffusers" in contenders and size == (256, 256):
        figures["ember_vs_diffusers_eager"] = best.rate / contenders["diffusers"].rate
    return figures


def _take_turns(contenders: list[Contender], turns: int) -> None:
    for contender in contenders:
        contender.turn(0)  # warm
        contender.seconds.clear()
        contender.computed.clear()
        contender.stages.clear()
    for turn in range(1, turns + 1):
        for contender in contenders:
            contender.turn(turn * TURN)


def _feedback(renderer: Renderer, size: tuple[int, int], steps: int) -> Callable[[int], Mapping[str, float]]:
    """Each picture from the one before, moved by a camera, with everything on that a preset usually has on."""
    motion = step_matrix({**defaults(), "camera.zoom": 1.3, "camera.angle": 9.0}, 0.1, size[0] / size[1])
    previous: list[Image | None] = [None]

    def paint(n: int) -> Mapping[str, float]:
        request = RenderRequest(
            n, n / 10, size, PROMPTS, steps=steps, noise=0.02, coherence=0.4, sharpen=0.15, motion=motion
        )
        keyframe = renderer.render(request, previous[0])
        previous[0] = keyframe.image
        return keyframe.timings

    return paint


def _pack(vae: Any) -> None:
    """Has diffusers' autoencoder give and take the packed latents that ember's UNet is trained on."""
    from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTinyOutput
    from torch.nn import functional

    encode, decode = vae.encode, vae.decode
    vae.encode = lambda x, **_: AutoencoderTinyOutput(functional.pixel_unshuffle(encode(x).latents, 2))
    vae.decode = lambda z, **_: decode(functional.pixel_shuffle(z, 2), return_dict=False)


def _diffusers(size: tuple[int, int], steps: int) -> Callable[[int], None]:
    """diffusers' own img2img pipeline as it comes, on the same weights and as many steps; the words encoded beforehand.

    It knows no flow schedule, so it is given another: the pictures are wrong, the arithmetic of a step is the same.
    """
    import torch
    from diffusers import DDIMScheduler, StableDiffusionImg2ImgPipeline

    from liveanim.render.models import MODELS, folder_of

    pipeline = StableDiffusionImg2ImgPipeline.from_pretrained(
        str(folder_of(MODELS["ember"])),
        scheduler=DDIMScheduler(),
        torch_dtype=torch.float32,
        local_files_only=True,
    )
    pipeline.set_progress_bar_config(disable=True)
    if pipeline.unet.config.in_channels == 4 * pipeline.vae.config.latent_channels:
        _pack(pipeline.vae)
    words = torch.zeros(1, pipeline.tokenizer.model_max_length, pipeline.unet.config.cross_attention_dim)
    picture = [np.full((1, size[1], size[0], 3), 0.5, dtype=np.float32)]

    def paint(n: int) -> None:
        out = pipeline(
            prompt_embeds=words,
            image=picture[0],
            strength=0.5,
            num_inference_steps=2 * steps,
            guidance_scale=1.0,
            generator=torch.Generator().manual_seed(n),
            output_type="np",
        )
        picture[0] = np.clip(out.images, 0, 1)

    return paint
