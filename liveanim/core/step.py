"""One step of a show: what to ask the renderer for, and when. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .model import Matrix, Prompt, RenderRequest, frozen_map
from .params import PROMPT_SLOTS
from .seeds import seeds_at


@dataclass(frozen=True, slots=True)
class Texts:
    """The words of a look: up to PROMPT_SLOTS prompts and a negative one."""

    prompts: tuple[str, ...] = ()
    negative: str = ""

    def with_slot(self, slot: int, text: str) -> Texts:
        """The texts with 1-based `slot` replaced."""
        padded = [*self.prompts, *[""] * (slot - len(self.prompts))]
        padded[slot - 1] = text
        return Texts(tuple(padded), self.negative)


def weighted(texts: Sequence[str], values: Mapping[str, float]) -> tuple[Prompt, ...]:
    """The prompts that count, with their weights; the first text alone when every weight is 0."""
    slots = [(text, values[f"prompt.weight{n}"]) for n, text in enumerate(texts[:PROMPT_SLOTS], 1) if text]
    return tuple(Prompt(text, weight) for text, weight in slots if weight > 0) or tuple(
        Prompt(text) for text, _ in slots[:1]
    )


def next_request(
    last: RenderRequest | None,
    now: float,
    size: tuple[int, int],
    texts: Texts,
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
        prompts=weighted(texts.prompts, values),
        negative=texts.negative,
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
    )
