"""`liveanim play --prepare`: what a show would else make while it plays, made before it.

Models are fetched and compiled for the sizes they paint at, and what prompts look like by themselves is found. All
of it is kept on disk, where the show reads it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from .core.errors import UserError
from .core.model import Prompt
from .core.params import PROMPT_SLOTS
from .core.preset import Preset
from .options import PlayOptions
from .painters import networks
from .plan import PAINT, PICTURE, Painting, default_model, first_look, presets_of
from .setlist import open_set

log = logging.getLogger(__name__)

ALL, FIRST = "all", "first"


def prepare(options: PlayOptions, which: str, say: Callable[[str], None]) -> int:
    """Make ready what `options` play: the preset that begins (FIRST), or that and all with numbers (ALL). How many
    models could not be had; they are said."""
    found = open_set(options.set_list)
    numbered, _ = presets_of(found)
    first = first_look(options, None, numbered, found.listed)
    presets = [first, *(preset for preset in numbered if preset.name != first.name)] if which == ALL else [first]
    painting = Painting(options.model, default_model(), options.size or PICTURE)
    missed = 0
    for model, size in dict.fromkeys(map(painting, presets)):
        if model != PAINT:
            missed += not _ready(model, size, [one for one in presets if painting(one) == (model, size)], options, say)
    return missed


def texts_of(preset: Preset) -> list[str]:
    """Every text that a preset shows by itself, once each; without those that are not the same all the time."""
    journey = () if preset.journey is None else preset.journey.texts
    texts = [*preset.prompts, *journey, *(text for scene in preset.scenes for text in scene.prompts or ())]
    return [text for text in dict.fromkeys(texts) if text.strip() and "`" not in text]


def _ready(
    model: str, size: tuple[int, int], presets: Sequence[Preset], options: PlayOptions, say: Callable[[str], None]
) -> bool:
    """Whether `model` is ready for pictures of `size` and the words of `presets` now."""
    from .render.load import load

    since = time.perf_counter()
    say(f"{model} at {size[0]}x{size[1]}")
    try:
        renderer = load(model, size, networks(options.outside, background=True))
    except UserError as error:
        log.warning("%s", error)
        return False
    for preset in presets:
        texts = texts_of(preset)
        for at in range(0, len(texts), PROMPT_SLOTS):
            renderer.warm(size, tuple(map(Prompt, texts[at : at + PROMPT_SLOTS])))
        say(f"  {preset.name}: {len(texts)} prompts")
    renderer.close()
    say(f"  ready after {time.perf_counter() - since:.0f} s")
    return True
