"""LoRA and ControlNet with tiny random weights of the real classes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from liveanim.core.errors import UserError
from liveanim.core.model import Image, Prompt, RenderRequest, Shots, frozen_image
from liveanim.render.adapters import filtered
from liveanim.render.depth import guessed
from liveanim.render.diffusion import DiffusionRenderer
from liveanim.render.load import Options, load

SIZE = (64, 64)


def picture(seed: int) -> Image:
    return frozen_image(np.random.default_rng(seed).integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8, endpoint=True))


def painted(renderer: DiffusionRenderer, shots: Shots | None = None, **values: float) -> np.ndarray:
    named = {name.replace("__", "."): value for name, value in values.items()}
    asked = RenderRequest(
        1, 0.1, SIZE, (Prompt("a b"),), seed=5, denoise=0.7, steps=2, values=named, shots=shots or Shots()
    )
    return renderer.render(asked, picture(1)).image.astype(int)


def options(**more: Any) -> Options:
    return replace(Options(engine="torch", keep=False), **more)


def test_the_weight_of_a_lora_is_played_without_a_rebuild(epsilon_model: Path, lora: Path) -> None:
    plain = painted(load(str(epsilon_model), options=options()))
    renderer = load(str(epsilon_model), options=options(loras=(str(lora),)))
    off = painted(renderer, lora__weight1=0.0)
    some, full = (painted(renderer, lora__weight1=weight) for weight in (0.5, 1.0))
    assert np.array_equal(off, plain)
    assert 0 < np.abs(some - off).mean() < np.abs(full - off).mean()
    assert np.array_equal(painted(renderer, lora__weight1=0.0), plain)


def test_a_controlnet_follows_what_it_is_shown(epsilon_model: Path, control: Path) -> None:
    plain = painted(load(str(epsilon_model), options=options()))
    renderer = load(str(epsilon_model), options=options(controls=(str(control),)))
    assert np.array_equal(painted(renderer, control__weight1=0.0), plain)
    led = painted(renderer)
    assert np.abs(led - plain).mean() > 0.1
    half = painted(renderer, control__weight1=0.5)
    assert 0 < np.abs(half - plain).mean() < np.abs(led - plain).mean()
    assert np.array_equal(painted(renderer, control__source1=1.0), plain)  # there is no video
    shown = [painted(renderer, Shots(video=picture(seed)), control__source1=1.0) for seed in (2, 3)]
    assert np.abs(shown[0] - shown[1]).mean() > 0
    fixed = Shots(controls=(picture(2),))
    assert np.array_equal(painted(renderer, fixed, control__source1=2.0), shown[0])
    late = painted(renderer, control__start1=0.3)  # not on the first step
    assert np.abs(late - led).mean() > 0 < np.abs(late - plain).mean()


def test_two_controlnets_add_up(epsilon_model: Path, control: Path) -> None:
    one = load(str(epsilon_model), options=options(controls=(str(control),)))
    two = load(str(epsilon_model), options=options(controls=(str(control), str(control))))
    both = painted(two, control__weight1=0.5, control__weight2=0.5)
    assert np.abs(both - painted(one)).max() <= 1


@pytest.mark.parametrize("name", ["none", "edges", "grey", "depth"])
def test_what_a_controlnet_is_shown(name: str) -> None:
    image = picture(4)
    shown = filtered(image, name, lambda each: guessed(each, "auto"))
    assert shown.shape == image.shape and shown.dtype == np.uint8
    assert (name == "none") == (shown is image)
    if name == "edges":
        assert set(np.unique(shown)) <= {0, 255}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"loras": ("nowhere.safetensors",)}, "a LoRA as a .safetensors file; there is no such file"),
        ({"loras": ("a.safetensors",) * 5}, "at most 4 LoRAs"),
        ({"controls": ("nowhere",)}, "a ControlNet in diffusers' format; there is no such file"),
    ],
)
def test_what_does_not_fit_is_one_line(epsilon_model: Path, more: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        load(str(epsilon_model), options=options(**more))


def test_a_lora_of_another_model_is_one_line(epsilon_model: Path, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    pytest.importorskip("peft")
    save_file({"unet.nowhere.lora_A.weight": torch.zeros(4, 4)}, tmp_path / "other.safetensors")
    with pytest.raises(UserError, match="does not fit"):
        load(str(epsilon_model), options=options(loras=(str(tmp_path / "other.safetensors"),)))
