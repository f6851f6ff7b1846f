"""Which noise a keyframe starts from: the seed, what is mixed in, and whether it turns from keyframe to keyframe."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from .schedule import SeedBehaviour, seed_at

MODES: tuple[SeedBehaviour, ...] = ("fixed", "iter", "ladder", "alternate", "random")
"""What picture.seed_mode 1.. means; 0 is noise that drifts."""
_SEEDS = 1 << 32


@dataclass(frozen=True, slots=True)
class Seeds:
    """The noise of `seed`, `share` (0..1) of the way to that of `subseed`; `drift`: it also turns with the index."""

    seed: int
    subseed: int = 0
    share: float = 0.0
    drift: bool = True


def seeds_at(values: Mapping[str, float], index: int) -> Seeds:
    """The noise of keyframe `index` from the `picture.seed*` and `picture.subseed*` values.

    A fraction of picture.seed is the way to the next seed (as Parseq has it) unless a subseed is mixed in.
    """
    first, mode = values["picture.seed"], int(values["picture.seed_mode"])
    if first < 0:
        seed, fraction = seed_at("random", 0, index), 0.0
    else:
        seed, fraction = math.floor(first), first - math.floor(first)
    if first >= 0 and mode > 0:
        seed = seed_at(MODES[mode - 1], seed, index, int(values["picture.seed_every"]))
    share = values["picture.subseed_strength"]
    drift = mode == 0 and first >= 0
    if share > 0:
        return Seeds(seed, int(values["picture.subseed"]), share, drift)
    return Seeds(seed, (seed + 1) % _SEEDS, fraction, drift)
