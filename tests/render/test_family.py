import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.errors import UserError
from liveanim.render import family

FLOW = {"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 1.0}
EPSILON = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "epsilon",
}

SHARES = st.floats(0, 1)
SCHEDULES = {
    "flow": family.schedule_of(FLOW),
    "shifted flow": family.schedule_of({**FLOW, "shift": 3.0}),
    "epsilon": family.schedule_of(EPSILON),
    "v": family.schedule_of({**EPSILON, "prediction_type": "v_prediction"}),
}
every_schedule = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)


def vector(seed: int, *shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape)).float()


def perfect(schedule: family.Schedule, x_0: torch.Tensor) -> family.Network:
    """The network that knows the picture: its answer for any x, in the schedule's own terms."""

    def network(x: torch.Tensor, timestep: family.Number) -> torch.Tensor:
        t = timestep / schedule.timestep(1.0)
        alpha, sigma = schedule.mix(t)
        noise = (x - alpha * x_0) / sigma
        answers = {"flow": noise - x_0, "epsilon": noise, "v_prediction": alpha * noise - sigma * x_0}
        return answers[schedule.prediction]

    return network


@every_schedule
def test_time_runs_from_the_picture_to_noise(schedule: family.Schedule) -> None:
    mixes = [schedule.mix(t) for t in np.linspace(0, 1, 50)]
    alphas, sigmas = zip(*mixes, strict=True)
    assert list(alphas) == sorted(alphas, reverse=True) and list(sigmas) == sorted(sigmas)
    assert alphas[0] > 0.99 and sigmas[0] < 0.05
    assert alphas[-1] < 0.08 and sigmas[-1] > 0.99
    steps = np.abs(np.diff(sigmas))
    assert steps.max() < 0.12


@every_schedule
@pytest.mark.parametrize("t", [0.0, 0.0123, 0.5, 0.73, 1.0])
def test_a_time_on_the_device_means_the_same(schedule: family.Schedule, t: float) -> None:
    there = torch.tensor(t, dtype=torch.float64)
    mixed = [float(share) for share in schedule.on("cpu").mix(there)]
    assert mixed == pytest.approx(schedule.mix(t), abs=1e-5)
    path = [float(time) for time in family.times(there, 3, schedule.shift)]
    assert path == pytest.approx(family.times(t, 3, schedule.shift))


@every_schedule
@pytest.mark.parametrize("renoise", [False, True])
@pytest.mark.parametrize("steps", [1, 2, 4])
@pytest.mark.parametrize("start", [0.1, 0.5, 0.93, 1.0])
def test_a_perfect_network_gives_the_picture_back(
    schedule: family.Schedule, renoise: bool, steps: int, start: float
) -> None:
    x_0, noise = vector(1, 1, 4, 3, 5), vector(2, 1, 4, 3, 5)
    schedule = family.Schedule(schedule.prediction, schedule.log_snr, schedule.shift, renoise)
    x = family.noised(schedule, x_0, noise, start)
    path = family.times(start, steps, schedule.shift)
    again = family.sample(schedule, perfect(schedule, x_0), x, path, lambda step: vector(step, 1, 4, 3, 5))
    assert torch.allclose(again, x_0, atol=2e-3)


@every_schedule
@given(a=SHARES, b=SHARES)
def test_more_denoise_starts_no_earlier(schedule: family.Schedule, a: float, b: float) -> None:
    low, high = (family.start_time(schedule, d) for d in sorted((a, b)))
    assert 0 <= low <= high <= 1
    assert high - low <= 2 * abs(a - b) + 1e-9


@every_schedule
def test_denoise_ends_are_the_picture_and_noise(schedule: family.Schedule) -> None:
    assert family.start_time(schedule, -3) == family.start_time(schedule, 0) == 0
    assert family.start_time(schedule, 7) == family.start_time(schedule, 1) == pytest.approx(1)


@pytest.mark.parametrize("denoise", [0.2, 0.4, 0.6, 0.8])
def test_a_strength_means_the_same_noise_in_every_family(denoise: float) -> None:
    ratios = []
    for name in ("flow", "epsilon"):
        alpha, sigma = SCHEDULES[name].mix(family.start_time(SCHEDULES[name], denoise))
        ratios.append(sigma / (alpha + sigma))
    assert ratios[0] == pytest.approx(ratios[1], abs=0.09)


@every_schedule
@given(a=SHARES, b=SHARES)
def test_a_model_that_keeps_less_starts_nearer_the_picture(schedule: family.Schedule, a: float, b: float) -> None:
    low, high = (family.start_time(schedule, d, noise=0.5) for d in sorted((a, b)))
    assert 0 <= low <= high <= family.start_time(schedule, max(a, b))
    assert family.start_time(schedule, 0, 0.5) == 0 and family.start_time(schedule, 1, 0.5) == pytest.approx(1)


@pytest.mark.parametrize("denoise", [0.2, 0.4, 0.6, 0.8])
def test_half_the_noise_is_half_the_noise_beside_the_picture(denoise: float) -> None:
    ratios = []
    for noise in (1.0, 0.5):
        alpha, sigma = SCHEDULES["flow"].mix(family.start_time(SCHEDULES["flow"], denoise, noise))
        ratios.append(sigma / alpha)
    assert ratios[1] == pytest.approx(ratios[0] / 2)


@given(start=st.floats(1e-3, 1), steps=st.integers(1, 12), shift=st.floats(0.5, 6))
def test_times_fall_from_start_to_nought(start: float, steps: int, shift: float) -> None:
    path = family.times(start, steps, shift)
    assert len(path) == steps + 1 and path[0] == start and path[-1] == 0
    assert all(a > b for a, b in itertools.pairwise(path))


@given(share=SHARES, seed=st.integers(0, 50))
def test_slerp_stays_on_the_arc(share: float, seed: int) -> None:
    a, b = vector(seed, 1, 6, 16), vector(seed + 100, 1, 6, 16) * 2
    mid = family.slerp(a, b, share)
    length = (1 - share) * a.norm(dim=-1) + share * b.norm(dim=-1)
    assert torch.allclose(mid.norm(dim=-1), length, rtol=1e-3)
    turned = torch.acos(torch.cosine_similarity(a, mid, dim=-1).clamp(-1, 1))
    whole = torch.acos(torch.cosine_similarity(a, b, dim=-1).clamp(-1, 1))
    assert torch.allclose(turned, share * whole, atol=2e-2)


@given(seed=st.integers(0, 50))
def test_slerp_ends_where_it_should(seed: int) -> None:
    a, b = vector(seed, 1, 3, 8), vector(seed + 1, 1, 3, 8)
    assert torch.allclose(family.slerp(a, b, 0.0), a, atol=1e-5)
    assert torch.allclose(family.slerp(a, b, 1.0), b, atol=1e-5)


@given(share=SHARES)
def test_slerp_of_equal_opposite_and_empty_vectors_is_finite(share: float) -> None:
    a = vector(3, 1, 3, 8)
    assert torch.allclose(family.slerp(a, a, share), a, atol=1e-5)
    for b in (-a, torch.zeros_like(a)):
        assert torch.isfinite(family.slerp(a, b, share)).all()


def test_noise_depends_on_its_key_alone() -> None:
    shape = (1, 4, 8, 8)
    assert torch.equal(family.noise_like(shape, 5, 9), family.noise_like(shape, 5, 9))
    others = [family.noise_like(shape, *key) for key in ((5, 10), (6, 9), (5,), (2**40 + 5, 9, 1))]
    assert all(not torch.equal(family.noise_like(shape, 5, 9), other) for other in others)
    large = family.noise_like((1, 4, 64, 64), 1)
    assert abs(float(large.mean())) < 0.03 and abs(float(large.std()) - 1) < 0.03


@pytest.mark.parametrize("bad", [{"prediction_type": "sample"}, {"beta_schedule": "squaredcos_cap_v2"}])
def test_an_unknown_schedule_is_named(bad: dict[str, str]) -> None:
    with pytest.raises(UserError, match=next(iter(bad.values()))):
        family.schedule_of({**EPSILON, **bad})
