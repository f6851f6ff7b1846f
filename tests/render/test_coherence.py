import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from liveanim.render import coherence as c
from liveanim.render import matrices


def picture(seed: int, contrast: float = 0.2, blur: int = 0) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    tint = rng.normal(size=(3, 3)) * 0.4 + np.eye(3)
    noise = np.einsum("ck,khw->chw", tint, rng.normal(size=(3, 64, 96)))
    result = torch.from_numpy(noise / noise.std() * contrast + rng.uniform(0.3, 0.6, (3, 1, 1))).float()[None]
    for _ in range(blur):
        result = torch.nn.functional.avg_pool2d(result, 3, 1, 1, count_include_pad=False)
    return result


def test_a_full_correction_reaches_the_colours_asked_for() -> None:
    own = c.measure(picture(1, 0.16))
    moved = picture(1, 0.14).flip(-1)
    after = c.measure(c.recoloured(moved, c.measure(moved), own, 1.0))
    assert np.allclose(after.mean, own.mean, atol=0.01)
    assert float(after.contrast) == pytest.approx(float(own.contrast), rel=0.15)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 200), amount=st.floats(0.05, 1))
def test_repeated_corrections_come_ever_nearer(seed: int, amount: float) -> None:
    own = c.measure(picture(seed, 0.2))
    now = picture(seed + 1, 0.1)
    distances = []
    for _ in range(4):
        look = c.measure(now)
        distances.append(float((look.mean - own.mean).abs().sum() + abs(look.contrast - own.contrast)))
        now = c.recoloured(now, look, own, amount)
    assert distances[-1] <= distances[0] + 1e-6


def test_what_a_compiler_is_given_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    own, moved = c.measure(picture(1, 0.16)), picture(2, 0.14)
    plain = c.recoloured(moved, c.measure(moved), own, 0.7)
    square = torch.arange(9.0, dtype=torch.float64).reshape(3, 3)
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    assert torch.allclose(c.recoloured(moved, c.measure(moved), own, 0.7), plain, atol=1e-6)
    assert torch.allclose(matrices.times(square, square + 1), square @ (square + 1))


def test_a_flat_picture_does_not_explode() -> None:
    flat = torch.full((1, 3, 64, 64), 0.4)
    own = c.measure(picture(1))
    after = c.redetailed(c.recoloured(flat, c.measure(flat), own, 1.0), c.measure(flat), own, 1.0)
    assert torch.isfinite(after).all()
    assert float(after.std()) < 0.2


def test_blur_is_found_and_undone_octave_by_octave() -> None:
    sharp, soft = picture(3), picture(3, blur=1)
    own, now = c.measure(sharp), c.measure(soft)
    assert now.detail[0] < 0.5 * own.detail[0]
    better = c.measure(c.redetailed(soft, now, own, 0.5))
    assert now.detail[0] < better.detail[0] < own.detail[0]


def test_amplified_octaves_sharpen() -> None:
    wide = picture(4)
    assert torch.allclose(c.amplified(wide, (1.0, 1.0, 1.01)), wide, atol=1e-2)
    look = c.measure(wide)
    assert float(c.redetailed(wide, look, look, 0.0, sharpen=0.3).std()) > float(wide.std())
    assert c.amplified(wide, (1.5, 1.0, 1.0)).std() < c.amplified(wide, (1.5, 1.5, 1.5)).std()


def test_nothing_asked_changes_nothing() -> None:
    same, look = picture(5), c.measure(picture(6))
    assert c.recoloured(same, look, look, 0) is same
    assert c.redetailed(same, look, look, 0) is same
    assert c.contrasted(same, 1) is same


def test_vitality_falls_from_one_to_nought() -> None:
    own = c.measure(picture(7))
    levels = [float(c.vitality(c.measure(picture(7, contrast)), own)) for contrast in (0.25, 0.1, 0.05, 0.01, 0.0)]
    assert levels[0] == 1 and levels == sorted(levels, reverse=True) and levels[-1] < 0.02


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 500), exponent=st.floats(-1, 1), alike=st.sampled_from([0.0, 1e-9, 1e-5, 1.0]))
def test_matrix_powers_in_closed_form_are_those_of_eigh(seed: int, exponent: float, alike: float) -> None:
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    values = 0.02 * np.array([1.0, 1.0 + alike * rng.uniform(), 1.0 + alike * rng.uniform(0, 100)])
    matrix = torch.from_numpy(turn @ np.diag(values) @ turn.T)
    expected = torch.from_numpy(turn @ np.diag(values**exponent) @ turn.T)
    made = matrices.spectral(matrix, lambda found: found**exponent)
    assert torch.allclose(made, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("kind", ["any", "alike", "grey", "itself"])
def test_colours_are_led_the_same_way_in_closed_form(kind: str) -> None:
    rng = np.random.default_rng(len(kind))

    def covariance() -> torch.Tensor:
        turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        values = 10 ** rng.uniform(-7, -1, 3)
        values = {"alike": values[[0, 0, 1]], "grey": values * [1, 0, 0]}.get(kind, values)
        return torch.from_numpy(turn @ np.diag(values) @ turn.T)

    for _ in range(30):
        now = covariance()
        own = now.clone() if kind == "itself" else covariance()
        expected = matrices.transport(now, own, 0.012)
        little = 0.012**2 * torch.eye(3, dtype=torch.float64)
        made = matrices.inverse(now + little) @ matrices.spectral((now + little) @ (own + little), torch.sqrt)
        assert torch.allclose(made, expected, rtol=1e-5, atol=1e-6)
        assert torch.allclose(made @ (now + little) @ made, own + little, rtol=1e-4, atol=1e-7)


def test_the_device_is_told_the_amounts_as_well_as_the_program() -> None:
    before, own = picture(1), c.measure(picture(2))
    now = c.measure(before)
    told = [torch.tensor(amount, dtype=torch.float64) for amount in (0.4, 0.2)]
    assert torch.allclose(c.recoloured(before, now, own, told[0]), c.recoloured(before, now, own, 0.4), atol=1e-6)
    made = c.redetailed(before, now, own, *told)
    assert torch.allclose(made, c.redetailed(before, now, own, 0.4, 0.2), atol=1e-6)
    assert torch.allclose(c.contrasted(before, told[0]), c.contrasted(before, 0.4), atol=1e-6)


def test_looks_mix_by_weight() -> None:
    a, b = c.measure(picture(1)), c.measure(picture(2))
    assert np.allclose(c.mixed([(a, 1), (b, 3)]).mean, a.mean * 0.25 + b.mean * 0.75)


def test_a_layout_is_led_to_the_plan_and_finer_things_stay() -> None:
    latents = torch.randn(1, 4, 16, 24, generator=torch.Generator().manual_seed(1))
    plan = torch.randn(1, 4, 4, 6, generator=torch.Generator().manual_seed(2))
    assert c.layout(latents).shape == plan.shape
    distances = [float((c.layout(c.laid_out(latents, plan, share)) - plan).norm()) for share in (0, 0.3, 0.6, 1)]
    assert distances == sorted(distances, reverse=True) and distances[-1] < 0.6 * distances[0]
    change = c.laid_out(latents, plan, 0.5) - latents
    assert float((change[..., 1:] - change[..., :-1]).std()) < 0.5 * float(change.std())
    assert c.laid_out(latents, plan, 0) is latents
