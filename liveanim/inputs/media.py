"""The pictures from outside that a look is painted from: video, mask, init image, colour sample, ControlNet pictures.

A look names them under [media]; what the command line names comes first. Live, other files than the first are opened
beside the show, and what a look names and cannot be opened is left out and said on the HUD.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping

import numpy as np

from ..core.errors import UserError
from ..core.model import Image, Shots, frozen_image
from ..core.params import Values
from ..core.reel import Reel
from ..mailbox import Latest
from .video import Clip, open_clip

log = logging.getLogger(__name__)

CONTROLS = tuple(f"control{n}" for n in range(1, 6))
Clips = dict[str, Clip]


class MediaDesk:
    """Owned by the show's thread. `named`: files by key ('video', 'mask', 'init', 'match', 'control1' ..), which stay
    whatever look is taken; UserError when one of these cannot be opened. `media`: those of the first look."""

    def __init__(
        self, named: Mapping[str, str], size: tuple[int, int], live: bool, media: Mapping[str, str] | None = None
    ) -> None:
        self._named, self._size, self._live = dict(named), size, live
        self._reel = Reel()
        self._wanted = {**(media or {}), **self._named}
        self._clips, self._trouble = self._opened(self._wanted)
        self._coming: Latest[tuple[Mapping[str, str], Clips, str]] = Latest()

    def look(self, media: Mapping[str, str]) -> None:
        """The files of the look now taken; those that are open already stay open."""
        wanted = {**media, **self._named}
        if wanted == self._wanted:
            return
        self._wanted, self._trouble = wanted, ""
        if self._live:
            threading.Thread(target=self._fetch, args=(wanted,), name="media", daemon=True).start()
        else:
            self._fetch(wanted)

    def at(self, now: float, values: Mapping[str, float]) -> Shots:
        """What there is for a keyframe of show time `now`."""
        fetched = self._coming.take()
        if fetched is not None and fetched[0] == self._wanted:
            self._take(*fetched[1:])
        elif fetched is not None:
            _close(fetched[1])
        if not self._clips:
            return Shots()
        video = self._clips.get("video")
        self._reel = self._reel.at(now, values, video.fps if video is not None else 30.0)
        shown = {key: self._frame(clip, values) for key, clip in self._clips.items()}
        coloured = {key: _rgb(image) for key, image in shown.items() if key != "mask"}
        return Shots(
            video=coloured.get("video"),
            mask=_mask(Values(values).word("mask.source"), shown),
            init=coloured.get("init"),
            sample=coloured.get("match"),
            controls=tuple(coloured.get(key) for key in CONTROLS),
        )

    def problem(self) -> str:
        """One line for the HUD; '' when all is well."""
        return self._trouble or next((line for clip in self._clips.values() if (line := clip.problem())), "")

    def close(self) -> None:
        _close(self._clips)
        self._clips = {}

    def _frame(self, clip: Clip, values: Mapping[str, float]) -> Image:
        return clip.at(self._reel.frame(values, clip.count) if clip.count else 0)

    def _opened(self, wanted: Mapping[str, str]) -> tuple[Clips, str]:
        """What is there of `wanted`, and one line about what is not. UserError for what the command line named."""
        clips: Clips = {}
        trouble = ""
        for key, name in wanted.items():
            try:
                clips[key] = open_clip(name, self._size, self._live)
            except UserError as error:
                if key in self._named:
                    _close(clips)
                    raise
                other = f": --{key} FILE gives another" if key not in CONTROLS else ""
                trouble = f"{error} (the look's {key}{other})"
                log.warning("%s", trouble)
        return clips, trouble

    def _fetch(self, wanted: Mapping[str, str]) -> None:
        """Thread 'media': opens the files of a look."""
        try:
            self._coming.put((wanted, *self._opened(wanted)))
        except UserError as error:
            log.warning("%s", error)
            self._trouble = str(error)

    def _take(self, clips: Clips, trouble: str) -> None:
        old, self._clips, self._trouble, self._reel = self._clips, clips, trouble, Reel()
        _close(old)


def _rgb(image: Image) -> Image:
    return frozen_image(np.ascontiguousarray(image[..., :3]))


def _mask(source: str, shown: Mapping[str, Image]) -> Image | None:
    """(height, width) uint8 of the mask that is asked for: a file's brightness, or how opaque the init image is."""
    if source == "file" and "mask" in shown:
        mask = shown["mask"]
        light = mask[..., :3].astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
        return frozen_image((light * (mask[..., 3] / np.float32(255))).astype(np.uint8))
    if source == "alpha":
        image = shown.get("init", shown.get("video"))
        return None if image is None else frozen_image(np.ascontiguousarray(image[..., 3]))
    return None


def _close(clips: Clips) -> None:
    for clip in clips.values():
        clip.close()
