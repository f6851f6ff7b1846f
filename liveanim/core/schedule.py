"""Schedules sampled over frames, and the Deforum family's schedules of words and prompts. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .expr import Compat, Expression, compile_expr
from .expr.maths import fract


def frame_env(
    frame: float, *, fps: float = 24.0, bpm: float = 120.0, max_f: float = 0.0, seed: float = 0.0, compat: Compat = ""
) -> dict[str, float]:
    """The clocks at `frame` of a steady show without sound: t f s fps max_f seed beat bar phase bpm now dt.

    In compat="deforum" `t` is the frame number, else seconds. A bar is four beats.
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
        "bar": beat / 4.0,
        "phase": fract(beat),
        "now": seconds,
        "dt": 1.0 / fps,
    }


def values(
    text: str | Expression,
    frames: int | Iterable[float],
    *,
    fps: float = 24.0,
    bpm: float = 120.0,
    seed: float = 0.0,
    max_f: float | None = None,
    compat: Compat = "",
    signals: Mapping[str, float] | None = None,
    events: Sequence[float] = (),
) -> NDArray[np.float64]:
    """The schedule's value at each of `frames` (a count from frame 0, or frame numbers), float64.

    `max_f` is the last frame number (default: the last of `frames`). `signals` are held for all frames. `events` are
    times (s) for Deforum Studio's event variables. Frames without a value are NaN; compat keeps infinities. Raises
    ExprError for text that cannot be read.
    """
    numbers = [float(n) for n in range(frames)] if isinstance(frames, int) else [float(n) for n in frames]
    expression = compile_expr(text, compat=compat) if isinstance(text, str) else text
    last = max(numbers, default=0.0) if max_f is None else max_f
    memory, result = expression.memory(), np.empty(len(numbers))
    evaluate = expression.raw if expression.compat else expression.evaluate
    for index, number in enumerate(numbers):
        env = frame_env(number, fps=fps, bpm=bpm, max_f=last, seed=seed, compat=expression.compat)
        if events:
            env |= event_env(number, events, fps=fps, bpm=bpm, max_f=last)
        result[index] = evaluate(env | dict(signals) if signals else env, memory)
    return result


def event_env(frame: float, events: Sequence[float], *, fps: float, bpm: float, max_f: float) -> dict[str, float]:
    """Deforum Studio's event variables at `frame` for events at those seconds; the show's ends count as events.

    The family's slip is kept: beats_ and seconds_since_prev_event give the time until the next one.
    """
    marks = sorted(time * fps for time in events)
    passed = sum(1 for mark in marks if mark < frame)
    before = marks[passed - 1] if passed else 0.0
    after = marks[passed] if passed < len(marks) else max_f
    since, until = frame - before, after - frame
    beats = until * bpm / (fps * 60.0)
    return {
        "events_passed": float(passed),
        "events_to_go": float(len(marks) - passed),
        "events_total": float(len(marks)),
        "progress_until_next_event": since / (after - before) if after > before else 0.0,
        "frames_until_next_event": until,
        "beats_until_next_event": beats,
        "seconds_until_next_event": until / fps,
        "frames_since_prev_event": since,
        "beats_since_prev_event": beats,
        "seconds_since_prev_event": until / fps,
    }
