"""What the processor is called. Needs nothing that is not always there."""

from __future__ import annotations

import platform
import re
from pathlib import Path


def processor() -> str:
    """The processor's name, with family and model where the name alone says little, and what it can compute with."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    rows = dict(re.findall(r"^([\w ]+?)\s*: (.*)$", text.partition("\n\n")[0], re.MULTILINE))
    flags = set(rows.get("flags", "").split())
    able = [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in flags]
    name = f"{rows.get('model name', '')} (family {rows.get('cpu family')} model {rows.get('model')})"
    return f"{name}, {' '.join(able)}".rstrip(", ")
