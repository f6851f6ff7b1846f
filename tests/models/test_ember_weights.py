"""The weights that ship: they load as diffusers expects, stay small, follow words and survive their own output."""

from __future__ import annotations

import itertools
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

FOLDER = Path(__file__).resolve().parents[2] / "liveanim" / "models" / "ember"
SIDE = 128


class Loaded:
    """The five parts and the few lines that sampling takes."""

    def __init__(self) -> None:
        from diffusers import AutoencoderTiny, FlowMatchEulerDiscreteScheduler, UNet2DConditionModel
        from transformers import CLIPTextModel, CLIPTokenizer

        self.tokenizer = CLIPTokenizer.from_pretrained(str(FOLDER / "tokenizer"))
        self.text = CLIPTextModel.from_pretrained(FOLDER / "text_encoder", dtype=torch.float32).eval()
        self.unet = UNet2DConditionModel.from_pretrained(FOLDER / "unet", torch_dtype=torch.float32).eval()
        self.vae = AutoencoderTiny.from_pretrained(FOLDER / "vae", torch_dtype=torch.float32).eval()
        self.scheduler = FlowMatchEulerDiscreteScheduler.from_pretrained(FOLDER / "scheduler")

    @torch.no_grad()
    def words(self, text: str) -> Any:
        """Embeddings (1, 32, 128)."""
        ids = self.tokenizer(text, padding="max_length", truncation=True, return_tensors="pt").input_ids
        return self.text(input_ids=ids).last_hidden_state

    @torch.no_grad()
    def picture(self, text: str, seeds: list[int], steps: int = 2) -> Any:
        """Pictures (B, 3, SIDE, SIDE) 0..1."""
        noises = [torch.randn(16, SIDE // 16, SIDE // 16, generator=torch.Generator().manual_seed(s)) for s in seeds]
        x = torch.stack(noises)
        words = self.words(text).expand(len(seeds), -1, -1)
        times = [1.0 - index / steps for index in range(steps + 1)]
        for now, then in itertools.pairwise(times):
            t = torch.full((len(seeds),), 1000.0 * now)
            x = x + (then - now) * self.unet(x, t, encoder_hidden_states=words).sample
        return self.vae.decode(torch.nn.functional.pixel_shuffle(x, 2)).sample.clamp(-1, 1) * 0.5 + 0.5


@pytest.fixture(scope="module")
def ember() -> Iterator[Loaded]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield Loaded()
    torch.set_num_threads(threads)


def test_the_folder_is_small_and_holds_no_pickles() -> None:
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 40e6
    assert max(path.stat().st_size for path in files) < 15e6
    assert {path.suffix for path in files} <= {".json", ".txt", ".md", ".safetensors"}


def test_the_index_names_every_part() -> None:
    index = json.loads((FOLDER / "model_index.json").read_text())
    for part in ("unet", "vae", "text_encoder", "tokenizer", "scheduler"):
        assert (FOLDER / part).is_dir()
        assert index[part][1]


def test_every_word_of_the_vocabulary_is_one_token_and_the_longest_phrase_fits(ember: Loaded) -> None:
    kinds = json.loads((FOLDER / "vocabulary.json").read_text())
    assert set(kinds) == {"motifs", "palettes", "styles", "composition"}
    for entries in kinds.values():
        for said in entries.values():
            for word in " ".join(said).replace("-", " ").split():
                assert len(ember.tokenizer.tokenize(word)) == 1, word


def test_unknown_words_are_cut_into_pieces_and_fit(ember: Loaded) -> None:
    ids = ember.tokenizer("zyxwvut \u00fcber \U0001f389 " * 20, padding="max_length", truncation=True).input_ids
    assert len(ids) == ember.tokenizer.model_max_length
    assert torch.isfinite(ember.words("zyxwvut \u00fcber \U0001f389")).all()


def test_two_steps_make_a_picture_that_is_not_flat(ember: Loaded) -> None:
    picture = ember.picture("a neon mandala, glowing", [0, 1])
    assert torch.isfinite(picture).all()
    assert float(picture.std(dim=(2, 3)).mean()) > 0.06
    assert float((picture[0] - picture[1]).abs().mean()) > 0.01


def test_palette_words_pull_the_colour_their_way(ember: Loaded) -> None:
    red, green, blue = (
        ember.picture(f"{word} waves", [0, 1, 2]).mean((0, 2, 3)) for word in ("crimson", "emerald", "azure")
    )
    assert red[0] - red[2] > blue[0] - blue[2] + 0.05
    assert green[1] - green[0] > red[1] - red[0] + 0.05
    assert blue[2] - blue[0] > red[2] - red[0] + 0.05


@torch.no_grad()
def test_the_autoencoder_gives_drawn_pictures_back(ember: Loaded) -> None:
    import sys

    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
    from ember.drawing import Spec, draw

    chosen = [Spec(m, p, "plain", "plain", 4) for m, p in (("flower", "rose"), ("ocean", "azure"), ("spiral", "lime"))]
    pictures = draw(chosen, 128)
    latents = ember.vae.encode(pictures * 2 - 1).latents * ember.vae.config.scaling_factor
    assert latents.shape == (3, 4, 16, 16)
    assert 0.4 < float(latents.std()) < 1.6
    back = ember.vae.decode(latents / ember.vae.config.scaling_factor).sample.clamp(-1, 1) * 0.5 + 0.5
    noise = (back - pictures).square().mean((1, 2, 3))
    assert float((-10 * torch.log10(noise)).mean()) > 21.0
