"""Schedules sampled over frames; seeds, keys and negative prompts as the Deforum family counts and writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .expr import Compat, ExprError, Expression, compile_expr
from .expr.maths import fract, rand
from .params import METER

SeedBehaviour = Literal["iter", "fixed", "random", "ladder", "alternate"]
_SEEDS = 1 << 32
_BARE = str.maketrans("", "", "()\"'")


def frame_env(
    frame: float,
    *,
    fps: float = 24.0,
    bpm: float = 120.0,
    meter: int = METER,
    max_f: float = 0.0,
    seed: float = 0.0,
    compat: Compat = "",
) -> dict[str, float]:
    """The clocks at `frame` of a steady show without sound: t f s fps max_f seed beat bar phase bpm meter now dt.

    In compat="deforum" `t` is the frame number, else seconds. A bar has `meter` beats.
    """
    seconds = frame / fps
    beat = frame / (fps * 60.0 / bpm)
    return {
        "t": frame if compat else seconds,
        "f": frame,
        "s": seed,
        "seed": seed,
        "fps": fps,
        "bpm": bpm,
        "max_f": max_f,
        "beat": beat,
        "bar": beat / meter,
        "phase": fract(beat),
        "meter": float(meter),
        "now": seconds,
        "dt": 1.0 / fps,
    }


def values(
    text: str | Expression,
    frames: int | Iterable[float],
    *,
    fps: float = 24.0,
    bpm: float = 120.0,
    meter: int = METER,
    seed: float = 0.0,
    max_f: float | None = None,
    compat: Compat = "",
    extra: Callable[[float], Mapping[str, float]] | None = None,
) -> NDArray[np.float64]:
    """The schedule's value at each of `frames` (a count from frame 0, or frame numbers), float64.

    `max_f` is the last frame number (default: the last of `frames`). `extra` gives signals or other variables at a
    frame. Frames without a value are NaN; compat keeps infinities. Raises ExprError for text that cannot be read.
    """
    numbers = [float(n) for n in range(frames)] if isinstance(frames, int) else [float(n) for n in frames]
    expression = compile_expr(text, compat=compat) if isinstance(text, str) else text
    last = max(numbers, default=0.0) if max_f is None else max_f
    memory, result = expression.memory(), np.empty(len(numbers))
    evaluate = expression.raw if expression.compat else expression.evaluate
    for index, number in enumerate(numbers):
        env = frame_env(number, fps=fps, bpm=bpm, meter=meter, max_f=last, seed=seed, compat=expression.compat)
        result[index] = evaluate({**env, **extra(number)} if extra else env, memory)
    return result


def seed_at(behaviour: SeedBehaviour, first: int, index: int, every: int = 1) -> int:
    """The seed of keyframe `index` (from 0), 0..2**32-1. `every` is iter's number of keyframes for one seed.

    As the family counts: with iter the first seed lasts one keyframe whatever `every` says; ladder goes up 2, down 1.
    `random` depends on (first, index) alone, so that it comes out the same again.
    """
    if behaviour == "random":
        return int(rand(index, first) * _SEEDS)
    if behaviour == "iter":
        step = (index + every - 1) // every
    elif behaviour == "ladder":
        step = (index + 3) // 2 if index % 2 else index // 2
    else:
        step = index % 2 if behaviour == "alternate" else 0
    return (first + step) % _SEEDS


def key_frame(key: str, *, max_f: float = 0.0, seed: float = 0.0) -> int:
    """The frame a key such as '90' or 'max_f/2' means. Raises ExprError."""
    expression = compile_expr(key.translate(_BARE).strip(), compat="deforum")
    frame = expression.evaluate({"max_f": max_f, "s": seed}, expression.memory())
    if frame != frame:
        raise ExprError("a key must be a frame number", key, 1)
    return int(frame)


def split_negative(text: str) -> tuple[str, str]:
    """`text` before and after '--neg'. Further '--neg' only go away, as in the family."""
    positive, _, negative = text.partition("--neg")
    return positive.strip(), negative.replace("--neg", "")
