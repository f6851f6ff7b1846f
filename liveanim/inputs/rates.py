"""From one sample rate to another: for devices that do not run at the rate of the show."""

from __future__ import annotations

import numpy as np

from ..core.errors import UserError
from .sources import Samples


class RateMatch:
    """Turns one sample rate into another, a piece at a time.

    By the quickest of soxr's filters that lets nothing fold back: better ones hold sound back for longer.
    """

    def __init__(self, rate_in: int, rate_out: int, channels: int) -> None:
        if rate_in <= 0 or rate_out <= 0:
            raise UserError(f"sample rates must be positive, not {rate_in} and {rate_out} Hz")
        import soxr

        self._turn = soxr.ResampleStream(rate_in, rate_out, channels, dtype="float32", quality="LQ")
        self._rate_out = rate_out

    @property
    def pending(self) -> float:
        """Seconds of sound taken in and not yet handed out."""
        return float(self._turn.delay()) / self._rate_out

    def convert(self, samples: Samples) -> Samples:
        """(n, channels) at the one rate -> (m, channels) at the other."""
        return np.asarray(self._turn.resample_chunk(np.ascontiguousarray(samples)), dtype=np.float32)
