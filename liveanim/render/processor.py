"""Which numbers this CPU computes with fastest."""

from __future__ import annotations

from collections.abc import Mapping

import torch


def fast_int8() -> bool:
    """Whether this CPU convolves whole numbers of 8 bits in half the time of float32, as those with AVX2 do. Where AMX
    computes in bfloat16 that is as fast as ember gets; whole numbers were not tried there."""
    able = _capabilities()
    return bool(able.get("avx2")) and not able.get("amx_bf16")


def fast_bfloat16() -> bool:
    """Whether this CPU is faster in bfloat16 than in float32."""
    return _supported() and not slow_bfloat16()


def slow_bfloat16() -> bool:
    """Whether it has instructions for bfloat16, but slower ones than for float32, as Intel's Sapphire and Emerald
    Rapids have where AMX is kept from a virtual machine. Libraries choose bfloat16 wherever they find it."""
    able = _capabilities()
    has = {name: bool(able.get(name)) for name in ("avx512_bf16", "avx512_fp16", "amx_bf16")}
    # fp16 tells them from Cooper Lake and from AMD's, where bfloat16 has twice the speed of float32
    return has["avx512_bf16"] and has["avx512_fp16"] and not has["amx_bf16"]


def _capabilities() -> Mapping[str, object]:
    able: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()  # an older torch has it not
    return able


def _supported() -> bool:
    """Whether it computes in bfloat16 by itself: imitated, it is a hundred times slower."""
    try:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    except (AttributeError, RuntimeError):
        return False
