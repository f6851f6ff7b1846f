"""What a show keeps of its keyframes for the next ones: whose colours to keep, and how deep pictures are. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .model import Image, Keyframe, RenderRequest, Shots
from .params import Values
from .space import Range


@dataclass(frozen=True, slots=True)
class Album:
    """`first`: the keyframe painted for the last request that began afresh, number `awaited`; `video`: the picture of
    the video that colours are matched to, and since which keyframe; `depth`: the depth model's range."""

    first: Image | None = None
    awaited: int = 0
    video: Image | None = None
    since: int = -1
    depth: Range | None = None
    time: float = 0.0

    def asked(self, request: RenderRequest, begun: RenderRequest | None, shots: Shots) -> RenderRequest:
        """`request` with the pictures it may use; `begun` is the one before it."""
        before = None if begun is None else begun.shots.video
        video = shots.video if self.video is None else self.video
        samples = {"first": self.first, "image": shots.sample, "video": video}
        near_far = None if self.depth is None else (self.depth.low, self.depth.high)
        sample = samples[Values(request.values).word("match.to")]
        since = 0.0 if begun is None else request.time - begun.time
        return replace(request, shots=replace(shots, before=before, sample=sample), near_far=near_far, since=since)

    def begun(self, request: RenderRequest | None) -> Album:
        """Notes that the renderer is at `request` now."""
        if request is None:
            return self
        album = replace(self, awaited=request.index) if request.fresh and request.index > self.awaited else self
        if request.shots.video is None:
            return album
        due = self.since < 0 or request.index >= self.since + Values(request.values)["match.every"]
        return replace(album, video=request.shots.video, since=request.index) if due else album

    def seen(self, keyframe: Keyframe) -> Album:
        """With what `keyframe` shows."""
        first = keyframe.image if self.first is None or keyframe.index == self.awaited else self.first
        depth = self.depth
        if keyframe.near_far is not None:
            found = Range(*keyframe.near_far)
            depth = found if depth is None else depth.toward(found, keyframe.time - self.time)
        return replace(self, first=first, depth=depth, time=keyframe.time)
