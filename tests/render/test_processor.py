"""Which numbers a CPU is asked to compute with."""

import pytest

from liveanim.render import processor

RAPIDS = {"avx512_bf16": True, "avx512_fp16": True, "amx_bf16": False}


@pytest.mark.parametrize(
    ("able", "supported", "slow", "fast"),
    [
        (RAPIDS, True, True, False),
        ({**RAPIDS, "amx_bf16": True}, True, False, True),
        ({"avx512_bf16": True, "avx512_fp16": False, "amx_bf16": False}, True, False, True),
        ({"avx2": True}, False, False, False),
        ({}, True, False, True),
    ],
    ids=["Sapphire Rapids without AMX", "with AMX", "Zen 4", "AVX2", "nothing is known of it"],
)
def test_bfloat16_is_used_where_it_is_the_faster_one(
    able: dict[str, bool], supported: bool, slow: bool, fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: able, raising=False)
    monkeypatch.setattr(processor, "_supported", lambda: supported)
    assert (processor.slow_bfloat16(), processor.fast_bfloat16()) == (slow, fast)


def test_a_torch_that_does_not_know_what_the_cpu_can_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("torch.cpu.get_capabilities", raising=False)
    assert not processor.slow_bfloat16()
