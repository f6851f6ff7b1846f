"""Parts of the training and of the judging that can be checked in seconds."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from ember import album, bank, judge, measures, nets, ranges, shows, silence, stage_crisp, stage_few  # noqa: E402
from ember.captions import plain_caption  # noqa: E402
from ember.drawing import Spec  # noqa: E402
from ember.loop import Stage  # noqa: E402
from ember.optimiser import TURNS, Orthogonal, orthogonal  # noqa: E402
from ember.stage_few import HALFWAY, WHOLE, FewLoss, Ways  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

from liveanim.render.engines import HostEngine  # noqa: E402


def test_a_plain_caption_names_everything_in_one_order() -> None:
    assert plain_caption(Spec("rain", "azure", "glass", "wide", 1, "fire")) == "rain and fire, azure, glass, wide"
    assert plain_caption(Spec("mandala", "jade", "plain", "plain", 1)) == "a mandala, jade"


def test_packed_latents_come_back_as_the_autoencoders_own() -> None:
    torch.manual_seed(1)
    vae = nets.make_vae().eval()
    picture = torch.rand(1, 3, 64, 32) * 2 - 1
    with torch.no_grad():
        packed = nets.to_latents(vae, picture)
        assert packed.shape == (1, nets.LATENT_CHANNELS, 4, 2)
        assert torch.equal(nets.to_pictures(vae, packed), vae.decode(vae.encode(picture).latents).sample.clamp(-1, 1))


def test_sheets_are_drawn_encoded_and_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (album, bank):
        monkeypatch.setattr(module, "SHEET", 4)
    monkeypatch.setattr(album, "SIDE", 64)
    monkeypatch.setattr(bank, "WORN", 2)
    monkeypatch.setattr(bank, "BATCH", 2)
    torch.manual_seed(2)
    bank.fill(tmp_path, 2, 5, nets.make_vae(), "cpu", parent=__import__("os").getppid())
    filled = bank.Bank(tmp_path, "cpu")
    filled.refresh()
    assert filled.size == 8
    generator = torch.Generator().manual_seed(1)
    specs, clean, used = filled.batch(6, generator, worn_share=0.0)
    assert len(specs) == 6 and clean.shape == (6, nets.LATENT_CHANNELS, 4, 4) and torch.equal(clean, used)
    _, clean, used = filled.batch(6, generator, worn_share=1.0)
    assert float((clean - used).abs().mean()) > 1e-3
    pictures = album.Album(tmp_path)
    pictures.refresh()
    crops = pictures.crops(3, 32, generator)
    assert crops.shape == (3, 3, 32, 32) and -1.0 <= float(crops.min()) < float(crops.max()) <= 1.0


def test_most_of_what_few_steps_learn_is_where_they_stop() -> None:
    ways = Ways(*(torch.zeros(1) for _ in range(4)))
    places, halfway = FewLoss(None, ways, 10_000, 3, "cpu").places()
    assert float((places == 1.0).float().mean()) == pytest.approx(WHOLE, abs=0.02)
    assert float(halfway.float().mean()) == pytest.approx(HALFWAY, abs=0.02)
    assert torch.equal(halfway, places == 0.5)
    others = places[(places != 1.0) & ~halfway]
    assert float(others.min()) >= 0.05 and float(others.mean()) == pytest.approx(0.525, abs=0.02)


def test_a_student_that_goes_straight_to_the_end_has_nothing_to_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in that always heads for the end is right everywhere; one that stands still is not, nor beside a way."""
    generator = torch.Generator().manual_seed(6)
    end = torch.randn(1, 16, 2, 2, generator=generator).expand(4, -1, -1, -1)
    start = torch.randn(4, 16, 2, 2, generator=generator)
    ways = Ways(start, end, torch.full((4,), 0.8), torch.zeros(4, 3, dtype=torch.long))
    ember = SimpleNamespace(unet="network", text="text")
    monkeypatch.setattr(stage_few, "embed", lambda text, tokens: tokens)
    told = []
    for gain in (1.0, 0.0):

        def answer(unet: str, point: Any, t: Any, words: Any, gain: float = gain) -> Any:
            return gain * (point - end[:1]) / t.view(-1, 1, 1, 1)

        monkeypatch.setattr(stage_few, "velocity", answer)
        told.append(FewLoss(ember, ways, 512, 3, "cpu")(0, 0.0)[1]["loss"])
    straight = float(((start - end) / 0.8).square().mean())
    beside = 4.0  # whoever stood still for half of the time has to go twice as fast
    assert told[0] == pytest.approx(0.0, abs=1e-9)
    assert told[1] == pytest.approx(straight * (1 - HALFWAY + HALFWAY * beside), rel=0.1)


def test_the_nearest_orthogonal_matrix_has_even_singular_values() -> None:
    values = torch.linalg.svdvals(orthogonal(torch.randn(24, 60, generator=torch.Generator().manual_seed(3))))
    assert 0.5 < float(values.min()) and float(values.max()) < 1.5


def test_every_matrix_takes_its_turn() -> None:
    weights = [torch.nn.Parameter(torch.zeros(3, 5)) for _ in range(TURNS)]
    optimiser = Orthogonal(weights, lr=0.1)
    for step in range(1, TURNS + 1):
        for weight in weights:
            weight.grad = torch.ones_like(weight)
        optimiser.step()
        assert sum(bool(weight.any()) for weight in weights) == step


def test_frechet_distance_is_that_of_normal_distributions() -> None:
    a = torch.randn(4000, 3, generator=torch.Generator().manual_seed(4))
    assert judge.frechet(a, a) == pytest.approx(0.0, abs=1e-6)
    assert judge.frechet(a, a + torch.tensor([3.0, 0.0, 4.0])) == pytest.approx(25.0, rel=1e-3)
    assert judge.frechet(a, 2 * a) == pytest.approx(3.0, rel=0.1)  # trace of (2 - 1)^2, three times


class Scripted:
    """A painter of known pictures: grey noise whose contrast and change per keyframe are given by rules."""

    def __init__(self, fading: float = 0.0) -> None:
        self.fading = fading

    def fresh(self, prompts: object, seed: int, steps: int) -> measures.Frame:
        return self.picture(seed, 1.0)

    def next(self, prompt: str, index: int, previous: measures.Frame, strength: float, moving: bool) -> measures.Frame:
        return self.picture(index, 1.0 - self.fading * index)

    def picture(self, seed: int, contrast: float) -> measures.Frame:
        values = np.random.default_rng(seed).standard_normal((64, 64, 3)) * 30 * contrast + 128
        return values.clip(0, 255).astype(np.uint8)


def test_feedback_that_keeps_its_contrast_drifts_by_nothing_and_a_fading_one_shows() -> None:
    steady = measures.feedback(Scripted(), 60, lambda *_: None)
    assert max(steady.values()) < 0.05
    fading = measures.feedback(Scripted(fading=0.01), 60, lambda *_: None)
    assert fading["feedback_contrast_drift"] == pytest.approx(0.45, abs=0.1)


def test_rest_that_calms_down_has_a_ratio_below_one() -> None:
    assert measures.rest(Scripted(), 60) == pytest.approx(1.0, abs=0.05)
    assert measures.rest(Scripted(fading=0.012), 60) < 0.6


def test_health_of_grey_stripes() -> None:
    frame = np.zeros((64, 64, 3), np.uint8)
    frame[::2] = 255
    contrast, saturation, detail = measures.health(frame)
    assert contrast == pytest.approx(0.5, abs=0.01) and detail == pytest.approx(0.5, abs=0.01) and saturation == 0.0


def test_every_motif_has_prompts_and_the_judge_one_score_each() -> None:
    prompts = measures.motif_prompts(2)
    assert [number for _, number in prompts] == [*range(len(judge.NAMES))] * 2
    assert len({text for text, _ in prompts}) == len(prompts)
    scores = judge.Judge().eval()(torch.rand(2, 3, 32, 32))
    assert scores.shape == (2, len(judge.NAMES))


def test_a_channel_that_never_speaks_is_silenced_and_leaves_the_picture_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(7)
    vae = nets.make_vae().eval().requires_grad_(False)
    block = next(part for part in vae.modules() if type(part).__name__ == "AutoencoderTinyBlock")
    block.conv[0].bias[[3, 5]] = -100.0
    picture = torch.rand(1, 3, 64, 64) * 2 - 1
    monkeypatch.setattr(silence, "shown", lambda parts, count, seed: [picture])
    before = silence.through(vae, picture)
    loudest = silence.heard(SimpleNamespace(vae=vae), 1, 1)
    silent = int(sum((most <= 0).sum() for most in loudest.values()))
    assert silence.silence(loudest) == silent >= 2
    assert not block.conv[0].weight[[3, 5]].any() and not block.conv[0].bias[[3, 5]].any()
    assert torch.equal(silence.through(vae, picture), before)
    path = tmp_path / "vae.safetensors"
    save_file({name: value.half().contiguous() for name, value in vae.state_dict().items()}, path)
    block.conv[0].weight[0] = 0.25
    silence.write(vae, path)
    kept = load_file(path)
    assert kept.keys() == vae.state_dict().keys() and {value.dtype for value in kept.values()} == {torch.float16}
    name = next(name for name, value in vae.named_parameters() if value is block.conv[0].weight)
    assert (kept[name][0] == 0.25).all()


def test_a_range_cuts_off_what_is_rare_and_has_0_as_a_step() -> None:
    heard, dice = ranges.Heard(), torch.Generator().manual_seed(1)
    heard.hear(torch.randn(1, 8, 64, 64, generator=dice).relu(), dice)
    heard.hear(torch.tensor([[-0.2, 40.0]]), dice)
    heard.some.pop()
    low, high = heard.range()
    assert high == pytest.approx(20, rel=0.01)
    assert -0.25 < low < 0
    assert -low / (high - low) * 255 == pytest.approx(round(-low / (high - low) * 255), abs=1e-9)
    assert ranges.lost(np.array([low, 0.0, high], np.float32), low, high) < 1e-12


def test_what_goes_into_convolutions_is_heard_in_the_order_they_are_called() -> None:
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 1), torch.nn.ReLU(), torch.nn.Conv2d(2, 1, 1))
    with ranges.heard(network) as found:
        network(torch.full((1, 1, 4, 4), 3.0))
    network(torch.full((1, 1, 4, 4), 99.0))
    assert list(found) == ["0", "2"]
    assert (found["0"].low, found["0"].high) == (3.0, 3.0)


def test_the_decoder_learns_on_fewer_operations_what_it_then_computes() -> None:
    torch.manual_seed(8)
    vae = nets.make_vae().eval().requires_grad_(False)
    latents = torch.randn(2, nets.VAE_CHANNELS, 6, 9)
    inside = (..., slice(4, -4), slice(4, -4))  # the zeros around the layer between are gone
    assert torch.allclose(stage_crisp.decoded(vae, latents)[inside], vae.decode(latents).sample[inside], atol=1e-4)


def test_dots_stand_out_and_lines_do_not() -> None:
    picture = torch.zeros(2, 1, 16, 16)
    picture[0, :, 5], picture[1, ..., 9] = 0.5, -0.5
    assert not stage_crisp.dots(picture).any()
    picture[:, :, 12, 3] = 0.4
    spots = stage_crisp.dots(picture)
    assert torch.allclose(spots[:, 0, 12, 3], torch.tensor(0.4)) and torch.allclose(spots.sum(), torch.tensor(0.8))


def test_painted_pictures_may_be_crisper_than_the_soft_decoders_but_not_where_that_has_nothing() -> None:
    soft = torch.zeros(1, 3, 32, 32)
    soft[..., 16:] = 0.5
    crisper = soft + 0.4 * stage_crisp.detail(soft)
    lined = soft.clone()
    lined[..., 8] = 0.2
    assert stage_crisp.near(soft, soft) == 0 and stage_crisp.near(crisper, soft) < stage_crisp.near(lined, soft) / 5


def test_of_a_show_every_third_of_the_latents_that_are_decoded_is_kept() -> None:
    kept: list[Any] = []
    engine = HostEngine("host", [lambda arrays: arrays[0] + 1.0] * 3)
    with shows.noted(kept):
        made = [engine.decode(torch.full((1, 16, 2, 3), float(number))) for number in range(7)]
    engine.decode(torch.zeros(1, 16, 2, 3))
    assert [float(picture[0, 0, 0, 0]) for picture in made] == [1, 2, 3, 4, 5, 6, 7]
    assert [latents.shape for latents in kept] == [(16, 2, 3)] * 2 and [float(one[0, 0, 0]) for one in kept] == [2, 5]


def test_a_decoder_of_another_shape_is_begun_anew_and_the_encoder_stays(tmp_path: Path) -> None:
    torch.manual_seed(9)
    known = nets.make_vae()
    same = stage_crisp.crisp(known).state_dict()
    assert all(torch.equal(value, same[name]) for name, value in known.state_dict().items())
    known.save_pretrained(tmp_path)
    same = stage_crisp.crisp(type(known).from_pretrained(tmp_path)).state_dict()
    assert all(torch.equal(value, same[name]) for name, value in known.state_dict().items())
    other = type(known).from_config({**known.config, "num_decoder_blocks": (3, 3, 2, 0)})
    new = stage_crisp.crisp(other)
    assert new.config["num_decoder_blocks"] == known.config["num_decoder_blocks"]
    mine, its = new.encoder.state_dict(), other.encoder.state_dict()
    assert all(torch.equal(mine[name], its[name]) for name in its)


def test_critics_learn_and_only_the_decoder_follows_within_its_narrow_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage_crisp, "CROP", 32)
    torch.manual_seed(10)
    before, vae = nets.make_vae().eval().requires_grad_(False), nets.make_vae()
    vae.encoder.requires_grad_(False)
    pictures = SimpleNamespace(refresh=lambda: None, crops=lambda count, side, _: torch.rand(count, 3, side, side))
    loss = stage_crisp.CrispLoss(vae, before, list(torch.randn(3, nets.VAE_CHANNELS, 6, 8)), pictures, 1, "cpu")
    first = {name: value.clone() for name, value in vae.state_dict().items()}
    stage = Stage("crisp", tmp_path, {"vae": vae}, 2e-3)
    said = []
    for step in range(24):
        value, numbers, used = loss(step, 0.5)
        assert used == stage_crisp.BATCH and set(numbers) == {"loss", "kept", "dots", "psnr", "critic", "adverse"}
        for one, gradient in zip(stage.parameters, torch.autograd.grad(value, stage.parameters), strict=True):
            one.grad = gradient
        for optimiser, _ in stage.optimisers:
            optimiser.step()
        said.append(numbers)
    assert said[-1]["loss"] < 0.9 * said[0]["loss"]
    drawn = torch.rand(4, 3, 32, 32)
    told = [float(loss._learn(drawn, 0.5 * drawn).detach()) for _ in range(24)]
    assert told[-1] < 0.9 * told[0]
    assert set(loss(1, 0.0)[1]) == {"loss", "kept", "dots", "psnr"}
    moved = {name for name, value in vae.state_dict().items() if not torch.equal(value, first[name])}
    assert moved and all(name.startswith("decoder.") for name in moved)
    *_, last = (part for part in vae.decoder.modules() if type(part).__name__ == "AutoencoderTinyBlock")
    for layer in (last.conv[0], last.conv[2]):
        assert layer.weight[: nets.NARROW].any() and not layer.weight[nets.NARROW :].any()
        assert not layer.bias[nets.NARROW :].any()
