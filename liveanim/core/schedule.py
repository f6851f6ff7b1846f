"""Schedules sampled over frames, and the Deforum family's schedules of words and prompts. Pure functions."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .expr import Compat, ExprError, Expression, compile_expr
from .expr.maths import fract, rand

SeedBehaviour = Literal["iter", "fixed", "random", "ladder", "alternate"]
_SEEDS = 1 << 32
_BARE = str.maketrans("", "", "()\"'")
_BACKTICKS = re.compile(r"`([^`]*)`")


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


def family_env(env: Mapping[str, float], *, fps: float, max_f: float = 0.0) -> dict[str, float]:
    """A live show's `env` for expressions with compat="deforum": `t` and `f` count frames of `fps`, fractions included.

    `fps` is the rate the schedules were written for, `max_f` their last frame (0: no end).
    """
    frame = env.get("now", env.get("t", 0.0)) * fps
    return {**env, "t": frame, "f": frame, "fps": fps, "max_f": max_f}


def values(
    text: str | Expression,
    frames: int | Iterable[float],
    *,
    fps: float = 24.0,
    bpm: float = 120.0,
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
        env = frame_env(number, fps=fps, bpm=bpm, max_f=last, seed=seed, compat=expression.compat)
        result[index] = evaluate({**env, **extra(number)} if extra else env, memory)
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


# -- seeds and cadence of the family --------------------------------------------------------------------


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


def scheduled_seed(value: float, first: int, index: int) -> int:
    """The seed a seed schedule gives at keyframe `index`: `value`, or for -1 (and NaN) a random one."""
    return int(value) % _SEEDS if value == value and -1 < value < 1e18 else seed_at("random", first, index)


def cadence_at(frame: int, every: int) -> tuple[int, int, float]:
    """What output `frame` shows when every `every`-th frame is diffused: (keyframe before, keyframe, its weight).

    Diffusion k belongs to frame k*every; it is faded in from 1/every to 1 while the next one is made. Before the first
    one there is none: (-1, 0, 1).
    """
    key = frame // every
    return (key - 1, key, (frame % every + 1) / every) if key else (-1, 0, 1.0)


# -- words and prompts ----------------------------------------------------------------------------------


def words(text: str, *, max_f: float = 0.0, seed: float = 0.0) -> list[tuple[int, str]]:
    """The (frame, word) keys of a schedule of words such as '0: ("Euler a"), 20: ("DDIM")', in order of frames.

    As the family reads it: commas split first, then colons, brackets and quotes are dropped. Raises ExprError.
    """
    found: dict[int, str] = {}
    start = 0
    for piece in text.split(","):
        key, colon, word = piece.partition(":")
        if not colon:
            raise ExprError("expected 'frame: (\"word\")'", text, start + 1)
        frame = key_frame(key, max_f=max_f, seed=seed)
        found[frame] = word.partition(":")[0].translate(_BARE).strip()
        start += len(piece) + 1
    return sorted(found.items())


def key_frame(key: str, *, max_f: float = 0.0, seed: float = 0.0) -> int:
    """The frame a key such as '90' or 'max_f/2' means. Raises ExprError."""
    expression = compile_expr(key.translate(_BARE).strip(), compat="deforum")
    frame = expression.evaluate({"max_f": max_f, "s": seed}, expression.memory())
    if frame != frame:
        raise ExprError("a key must be a frame number", key, 1)
    return int(frame)


def word_at(keys: Sequence[tuple[int, str]], frame: float) -> str:
    """The word that holds at `frame`: each until the next key, the first one also before its key; '' without keys."""
    index = bisect_right(keys, frame, key=lambda row: row[0]) - 1
    return keys[max(0, index)][1] if keys else ""


def prompt_keys(prompts: Mapping[str, str], *, max_f: float = 0.0) -> list[tuple[int, str]]:
    """The (frame, prompt) keys of a prompt table in order of frames. Raises ExprError for a key that is no frame."""
    found = {key_frame(key, max_f=max_f): text for key, text in prompts.items()}
    return sorted(found.items())


def prompt_at(prompts: Mapping[str, str], frame: int, *, max_f: float = 0.0, compat: Compat = "") -> tuple[str, str]:
    """(positive, negative) prompt at `frame`: each holds until the next key, backtick expressions are filled in.

    Raises ExprError for a key or an expression that cannot be read.
    """
    text = word_at(prompt_keys(prompts, max_f=max_f), frame)
    return split_negative(fill_backticks(text, frame, max_f=max_f, compat=compat))


def split_negative(text: str) -> tuple[str, str]:
    """`text` before and after '--neg'. Further '--neg' only go away, as in the family."""
    positive, _, negative = text.partition("--neg")
    return positive.strip(), negative.replace("--neg", "")


def fill_backticks(
    text: str, frame: int, *, max_f: float = 0.0, compat: Compat = "", env: Mapping[str, float] | None = None
) -> str:
    """`text` with every `expression` in backticks replaced by its value at `frame`.

    compat="deforum" prints all digits; else four, and `env` may hold the live signals. Raises ExprError.
    """

    def filled(match: re.Match[str]) -> str:
        expression = compile_expr(match.group(1), compat=compat)
        clocks = frame_env(frame, max_f=max_f, compat=compat) | dict(env or {})
        value = expression.raw(clocks, expression.memory())
        return str(value) if compat else f"{value:.4g}"

    return _BACKTICKS.sub(filled, text)


def blend_at(keys: Sequence[tuple[int, str]], frame: float) -> list[tuple[str, float]]:
    """The prompts that show at `frame` with their weights (sum 1): a straight fade from each key to the next."""
    if not keys:
        return []
    index = bisect_right(keys, frame, key=lambda row: row[0]) - 1
    if index < 0 or index == len(keys) - 1 or keys[index][0] == frame:
        return [(keys[max(0, index)][1], 1.0)]
    (a, first), (b, second) = keys[index], keys[index + 1]
    weight = (frame - a) * (1 / (b - a))
    return [(first, 1 - weight), (second, weight)]


def with_common(text: str, positive: str = "", negative: str = "") -> str:
    """`text` with the prompts common to all frames around it, spaced exactly as the family does."""
    return f"{positive} {text} {'' if '--neg' in text else '--neg'} {negative}"


def composed_at(keys: Sequence[tuple[int, str]], frame: float) -> str:
    """The family's Interpolation mode at `frame`: 'a :w AND b :w --neg ...' for keys made by `with_common`."""
    blend = blend_at(keys, frame)
    if len(blend) < 2:
        return "".join(text for text, _ in blend)
    halves = [(*text.partition("--neg")[::2], weight) for text, weight in blend]
    positive = " AND ".join(f" ({text}):{weight}" for text, _, weight in halves)
    negative = " AND ".join(f" ({text}):{weight}" for _, text, weight in halves if text.strip())
    return f"{positive} --neg {negative}" if negative else positive
