"""The render port of offline shows: paints at once, and for a take when and from what the painter did then."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from liveanim.core.cadence import SLACK
from liveanim.core.errors import UserError
from liveanim.core.model import Image, Keyframe, RenderRequest, RenderStatus, frozen_image

from .warp import fit
from .worker import Others, Renderer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Start:
    """Where painting begins: nothing is painted before show time `time`; `image`, if there is one, is the first
    picture, and what follows grows out of it."""

    time: float = 0.0
    image: Image | None = None


class InlineRender:
    """Renders inside `submit`: nothing is dropped and a failure ends the run.

    moments   (index, show time) of the pictures painted then; each is painted at the display frame nearest to it, with
              its own index and so with the same noise. None: a picture whenever the show asks for one
    period    seconds between display frames
    model     what `renderer` was asked for as; `others` loads what a later request names instead, and where that cannot
              be had the one before goes on, which is said
    """

    def __init__(
        self,
        renderer: Renderer,
        moments: Sequence[tuple[int, float]] | None = None,
        period: float = 0.0,
        start: Start | None = None,
        model: str = "",
        others: Others | None = None,
    ) -> None:
        self._renderer = renderer
        self._wanted = self._model = model
        self._others = others
        self._size: tuple[int, int] | None = None  # of its model's pictures
        self._moments = None if moments is None else list(moments)
        self._half = period / 2
        self._start = start or Start()
        self._given = self._start.image is None
        self._at = 0
        self._previous: Image | None = None
        self._taken: RenderRequest | None = None
        self._done: Keyframe | None = None

    def submit(self, request: RenderRequest) -> None:
        index = self._due(request)
        if index is None:
            return
        self._taken = request = replace(request, index=index)
        if request.model == self._model or self._size is None:
            self._size = request.size
        if request.time < self._start.time - self._half - SLACK:
            return
        request = self._by(request)
        self._done = self._first(request) or self._renderer.render(request, None if request.fresh else self._previous)
        self._previous = frozen_image(self._done.image)

    def _due(self, request: RenderRequest) -> int | None:
        """The index to paint `request` with; None: not now."""
        if self._moments is None:
            return request.index
        due = max(self._at, int(self._taken is None))  # the first one at once: then nobody waits in the dark
        while due < len(self._moments) and self._moments[due][1] < request.time + self._half - SLACK:
            due += 1
        if due == self._at:
            return None
        self._at = due
        return self._moments[due - 1][0]

    def _by(self, request: RenderRequest) -> RenderRequest:
        """`request` as the renderer that there is from now on is to paint it: in its own size if it is another one."""
        if self._others is None:
            return request
        if request.model != self._wanted:
            self._wanted = request.model
            if request.model != self._model:
                self._change(self._others(request), request)
        return replace(request, size=self._size or request.size)

    def _change(self, load: Callable[[], Renderer], request: RenderRequest) -> None:
        try:
            fresh = load()
        except UserError as error:
            log.warning("%s; %s goes on", error, self._renderer.name)
        else:
            self._renderer.close()
            self._renderer, self._model, self._size = fresh, request.model, request.size

    def _first(self, request: RenderRequest) -> Keyframe | None:
        """The picture to begin with, once."""
        image = self._start.image
        if self._given or image is None:
            return None
        self._given = True
        return Keyframe(request.index, request.time, frozen_image(fit(image, request.size)), self._renderer.name)

    def taken(self) -> RenderRequest | None:
        return self._taken

    def poll(self) -> Keyframe | None:
        keyframe, self._done = self._done, None
        return keyframe

    def status(self) -> RenderStatus:
        return RenderStatus(self._renderer.name, self._renderer.message)

    def close(self) -> None:
        self._renderer.close()
