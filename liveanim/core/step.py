"""One step of a show: what to ask the renderer for, and when. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .deforum import FrameClock
from .journey import Journey
from .model import Matrix, Prompt, RenderRequest, frozen_map
from .seeds import seeds_at


@dataclass(frozen=True, slots=True)
class Texts:
    """The words of a look: up to PROMPT_SLOTS prompts and a negative one.

    journey  takes the place of slot 1; clock: the family's frames, where expressions in prompts are that family's
    """

    prompts: tuple[str, ...] = ()
    negative: str = ""
    journey: Journey | None = None
    clock: FrameClock | None = None

    def with_slot(self, slot: int, text: str) -> Texts:
        """The texts with 1-based `slot` replaced; in slot 1 also what was a journey."""
        padded = [*self.prompts, *[""] * (slot - len(self.prompts))]
        padded[slot - 1] = text
        return replace(self, prompts=tuple(padded), journey=None if slot == 1 else self.journey)


def next_request(
    last: RenderRequest | None,
    now: float,
    size: tuple[int, int],
    prompts: tuple[Prompt, ...],
    negative: str,
    values: Mapping[str, float],
    motion: Matrix,
    signals: Mapping[str, float],
) -> RenderRequest:
    """The request for the picture of `now`; `motion` is the camera's way since the last begun one."""
    index = 0 if last is None else last.index + 1
    noise = seeds_at(values, index)
    return RenderRequest(
        index=index,
        time=now,
        size=size,
        prompts=prompts,
        negative=negative,
        seed=noise.seed,
        subseed=noise.subseed,
        subseed_share=noise.share,
        drift=noise.drift,
        denoise=1.0 - values["picture.strength"],
        steps=int(values["picture.steps"]),
        guidance=values["picture.guidance"],
        noise=values["picture.noise"],
        coherence=values["picture.coherence"],
        contrast=values["picture.contrast"],
        sharpen=values["picture.sharpen"],
        motion=motion,
        beat=signals.get("beat", 0.0),
        signals=frozen_map(signals),
        values=frozen_map(values),
    )
