"""The render port of offline shows: paints at once, and for a take when and from what the painter did then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from liveanim.core.cadence import SLACK
from liveanim.core.model import Image, Keyframe, RenderRequest, RenderStatus, frozen_image

from .warp import fit
from .worker import Renderer


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
    """

    def __init__(
        self,
        renderer: Renderer,
        moments: Sequence[tuple[int, float]] | None = None,
        period: float = 0.0,
        start: Start | None = None,
    ) -> None:
        self._renderer = renderer
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
        if request.time < self._start.time - self._half - SLACK:
            return
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
