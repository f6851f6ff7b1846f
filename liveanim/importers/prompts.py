"""Prompts of other programs: by frame, with what stands around all of them; the LoRAs that they name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ..core.errors import UserError
from ..core.expr import ExprError, compile_expr
from ..core.schedule import key_frame, split_negative
from . import loose
from .job import Job

NO_PROMPT = "a galaxy of glowing crystals, violet and gold"
"""What is painted for settings that have no prompts at all."""
MOST_LORAS = 4
_TAG = re.compile(r"<(lora|lyco|hypernet):([^:>]*)(?::(`[^`]*`|[^:>]*))?[^>]*>", re.IGNORECASE)
_NUMBER = re.compile(r"\s*-?(\d+\.?\d*|\.\d+)\s*")
_MOST_TEXT = 10_000


def settings_prompts(job: Job) -> None:
    """Prompts by frame with the common ones around them; one that lasts the whole time is slot 1."""
    table = job.get("prompts")
    if isinstance(table, str):
        try:
            table, _ = loose.read(table, "prompts")
        except UserError as error:
            job.say("prompts", "not", str(error))
            table = {}
    around = [str(job.settings.get(f"{which}_prompts") or "").strip() for which in ("positive", "negative")]
    for which in ("positive", "negative"):
        job.say(f"{which}_prompts", "exact")
    if isinstance(table, list):
        step = max(1, (job.frames or 1000) // max(1, len(table)))
        table = {str(n * step): text for n, text in enumerate(table)}
        job.say("prompts", "near", "a list: one after the other, evenly")
    if not isinstance(table, Mapping):
        job.say("prompts", "not", f"expected prompts by frame, got {str(table)[:40]!r}")
        table = {}
    if len(table) > 1:
        table = {key: text for key, text in table.items() if _is_frame(job, str(key))}
    whole = {str(key): _around(str(text or ""), around) for key, text in table.items()}
    whole = whole or {"0": _around("", around)}
    if not any(split_negative(text)[0].strip() for text in whole.values()):
        whole = {"0": _around(NO_PROMPT, around)}
        job.warnings.append(f"it has no prompts: {NO_PROMPT!r} is painted; write your own under [prompt]")
    loras(job, list(whole.items()))
    write(
        job,
        {key: without_tags(text) for key, text in whole.items()},
        "x" if job.mode_name == "Interpolation" else "cut",
    )
    if job.mode_name == "Interpolation" and len(whole) > 1:
        job.say("prompts", "near", "blended on the arc between them, in one evaluation instead of two averaged ones")
    job.say("prompts", "exact")


def _is_frame(job: Job, key: str) -> bool:
    """Whether a prompt's key says when; one that does not is said and left out with its prompt."""
    try:
        key_frame(key, max_f=float(job.frames))
    except ExprError as error:
        job.warnings.append(f"prompts: the key {key[:40]!r} is no frame, its prompt is left out: {error.reason}")
        return False
    return True


def write(job: Job, keys: Mapping[str, str], curve: str) -> None:
    """Prompts by frame, without tags."""
    if len(keys) == 1:
        job.put("prompt.text", list(keys.values()))
        return
    job.put("prompt.curve", curve)
    job.put("prompt.keys", dict(keys))


def _around(text: str, around: Sequence[str]) -> str:
    """`text` with the common prompts around it."""
    positive, negative = split_negative(text)
    found = " ".join(part for part in (around[0], positive.strip()) if part)
    against = " ".join(part for part in (negative.strip(), around[1]) if part)
    return f"{found} --neg {against}" if against else found


def without_tags(text: str) -> str:
    """`text` without the names of LoRAs, not longer than a prompt may be."""
    found, against = (_TAG.sub("", part).strip() for part in split_negative(text))
    return (f"{found} --neg {against}" if against else found)[:_MOST_TEXT]


def loras(job: Job, lines: Sequence[tuple[str, str]]) -> None:
    """The weights of the LoRAs that prompts name, as they change from key to key, and which file is which."""
    named = [(key, _weights(split_negative(text)[0])) for key, text in lines]
    names = list(dict.fromkeys(name for _, weights in named for name in weights))
    for number, name in enumerate(names[:MOST_LORAS], 1):
        steps = [(key, weights.get(name, "0")) for key, weights in named]
        steps = [step for n, step in enumerate(steps) if n == 0 or step[1] != steps[n - 1][1]]
        # What is no plain number holds until the next key; numbers would slide to the next one.
        text = ", ".join(f"{key}:({weight}{'+0*t' if _NUMBER.fullmatch(weight) else ''})" for key, weight in steps)
        try:
            expression = compile_expr(text, compat="deforum")
        except ExprError as error:
            job.warnings.append(f"the weight of the LoRA {name[:100]} cannot be read: {error}")
            continue
        steady = len(steps) == 1 and _NUMBER.fullmatch(steps[0][1])
        job.put(f"lora.weight{number}", float(steps[0][1]) if steady else expression.text)
    if names:
        files = " ".join(f"--lora {name}.safetensors" for name in names[:MOST_LORAS])
        more = f"; more than {MOST_LORAS} are left out: {', '.join(names[MOST_LORAS:])}" if names[MOST_LORAS:] else ""
        job.warnings.append(f"its prompts name LoRAs; give their files, in this order: {files}{more}"[:1000])


def _weights(text: str) -> dict[str, str]:
    """The LoRAs in a prompt and their weights as written; a `number` in backticks is an expression."""
    found = {}
    for kind, name, weight in _TAG.findall(text):
        if kind.lower() != "hypernet" and name.strip():
            found[name.strip()] = weight.strip("`").strip() or "1"
    return found
