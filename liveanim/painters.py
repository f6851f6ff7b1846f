"""Who paints: the model of a plan and what goes on top of it, loaded at once or beside a show."""

from __future__ import annotations

import gc
import importlib
import logging
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from .core.model import Prompt, RenderRequest
from .options import Outside
from .plan import PAINT, Plan
from .render.models import find
from .render.paint import PaintRenderer
from .render.worker import Others, Renderer

if TYPE_CHECKING:  # nothing that the first picture does not need is imported before it
    from .render.load import Options

log = logging.getLogger(__name__)

LOADS = "liveanim.render.load"


def _by_paint(plan: Plan, outside: Outside) -> bool:
    """Whether no model is wanted. What is asked for besides that only a model can use is then said."""
    asked = {"lora": outside.loras, "control": outside.controls, "depth": outside.depth, "words": outside.words}
    idle = [f"--{name}" for name, value in asked.items() if value]
    if plan.model == PAINT and idle:
        log.warning("paint has no networks: it makes nothing of %s", ", ".join(idle))
    return plan.model == PAINT


def offline(plan: Plan, outside: Outside) -> Renderer:
    """Who paints a render of `plan`, ready. UserError where nobody knows the model."""
    if _by_paint(plan, outside):
        return PaintRenderer()
    find(plan.model)  # offline a name that nobody knows is refused; weights that are missing are not
    return _loaded(plan, outside, background=False)


def _loaded(plan: Plan, outside: Outside, background: bool, prompts: tuple[Prompt, ...] = ()) -> Renderer:
    """The model of `plan` with what goes on top of it, or ember where it cannot be had."""
    from .render.load import load_or_ember

    return load_or_ember(plan.model, plan.painted, networks(outside, background, prompts))[0]


def networks(outside: Outside, background: bool, prompts: tuple[Prompt, ...] = ()) -> Options:
    """How models are to be run."""
    from .render.load import Options

    return Options(
        background=background,
        engine=outside.engine,
        interop=outside.interop,
        depth=outside.depth,
        words=outside.words,
        loras=outside.loras,
        controls=outside.controls,
        prompts=prompts,
    )


def beside(plan: Plan, outside: Outside, prompts: tuple[Prompt, ...]) -> Callable[[], Renderer] | None:
    """What loads the model beside the show; None when nothing is to be loaded."""
    if _by_paint(plan, outside):
        return None
    imports = _importing()

    def load() -> Renderer:
        imports.join()
        return _loaded(plan, outside, background=True, prompts=prompts)

    return load


def others(outside: Outside, background: bool) -> Others:
    """What loads models of presets that are chosen later, or says why one cannot be had."""

    def loading(request: RenderRequest) -> Callable[[], Renderer]:
        if request.model == PAINT:
            return PaintRenderer
        imports = _importing()

        def load() -> Renderer:
            imports.join()
            from .render.load import load

            return load(request.model, request.size, networks(outside, background, request.prompts))

        return load

    return loading


def _importing() -> threading.Thread:
    """Imports what loads models. Not in the thread that loads: it is of low priority, an import holds the interpreter's
    lock, and whoever had that while waiting for a processor would hold up the picture."""
    imports = threading.Thread(target=_import, name="imports", daemon=True)
    imports.start()
    return imports


def _import() -> None:
    """Modules stay, so the collector need not look at what they are made of, now or later: with torch among them that
    took it 75 to 130 ms each time, in which no frame was shown."""
    if LOADS in sys.modules:
        return  # models are there by now, and they may go
    gc.disable()
    try:
        importlib.import_module(LOADS)
    finally:
        gc.freeze()
        gc.enable()
