"""Settings written for Stable Diffusion, painted by ember: forms that stay and fly, no pebbles."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
import torch

from liveanim.core.model import Image, Prompt, RenderRequest
from liveanim.render.diffusion import DiffusionRenderer
from liveanim.render.load import Options, load
from liveanim.render.prompts import PromptBook
from liveanim.render.warp import warp

SIZE = (256, 256)
NEARER = np.array([[1.03, 0, 0], [0, 1.03, 0], [0, 0, 1]])
PROMPTS = (
    "emma watson as an avocado chair",
    "a beautiful durian, trending on Artstation",
    "anthropomorphic clean cat, surrounded by fractals, epic angle and pose, symmetrical, 3d, depth of field",
)


@pytest.fixture(scope="module")
def ember() -> Iterator[DiffusionRenderer]:
    threads = torch.get_num_threads()
    yield load("ember", options=Options(device="cpu", engine="torch", background=False))
    torch.set_num_threads(threads)


def request(index: int, text: str, **changes: object) -> RenderRequest:
    return RenderRequest(index, index * 0.13, SIZE, (Prompt(text),), steps=2, **changes)  # type: ignore[arg-type]


def fine(image: Image) -> np.ndarray:
    """What is smaller than an eighth of the picture, in grey."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return grey - cv2.GaussianBlur(grey, (0, 0), SIZE[0] / 24)


def kept(ember: DiffusionRenderer, strength_as: float) -> float:
    """How like the moved picture the small forms of a keyframe are, 0..1, in a flight at Deforum's strength of 0.65."""
    text, values = "a galaxy of glowing crystals, violet and gold", {"picture.strength_as": strength_as}
    image, alike = ember.render(request(0, text), None).image, []
    for index in range(1, 4):
        asked = request(index, text, seed=index, denoise=0.35, motion=NEARER, coherence=0.4, values=values)
        moved, image = warp(image, NEARER), ember.render(asked, image).image
        alike.append(np.corrcoef(fine(moved).ravel(), fine(image).ravel())[0, 1])
    return float(np.mean(alike))


def test_forms_stay_from_keyframe_to_keyframe(ember: DiffusionRenderer) -> None:
    as_sd, own = kept(ember, 1.0), kept(ember, 0.0)
    assert as_sd > 0.8 and as_sd > own + 0.1


def test_prompts_of_others_have_pictures_of_their_own(ember: DiffusionRenderer) -> None:
    """Unread, they all came out as about the same: the mean of all motifs."""

    def apart() -> float:
        images = [ember.render(request(0, text, seed=2), None).image.astype(float) for text in PROMPTS]
        return float(np.mean([np.abs(a - b).mean() for a, b in itertools.combinations(images, 2)]))

    book, ember._book = ember._book, PromptBook(ember._book._encode)
    unread, ember._book = apart(), book
    assert apart() > 2 * unread
