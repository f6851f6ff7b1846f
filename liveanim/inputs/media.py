"""The pictures from outside that a look is painted from: video, mask, init image, colour sample, ControlNet pictures.

A look names them under [media], and so may each of its scenes; what the command line names comes first. Live, other
files than the first are opened beside the show, and what is named and cannot be opened is left out and said on the HUD.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ..core.errors import UserError, brief
from ..core.model import Image, Shots, frozen_image
from ..core.params import Values
from ..core.reel import Reel
from ..core.scenes import Scene
from .video import Clip, open_clip

log = logging.getLogger(__name__)

CONTROLS = tuple(f"control{n}" for n in range(1, 6))
Clips = dict[str, Clip]
Wanted = Mapping[str, tuple[tuple[str, str], ...]]
"""By key the file to show and what it is in words ('': the command line named it), then what shows where that fails."""


@dataclass(frozen=True, slots=True)
class _Fetched:
    """What there is of the files that were wanted as the look changed for the `number`th time.

    names   the file that each key shows from now on; clips: those of them that were not open before
    """

    number: int
    names: Mapping[str, str]
    clips: Clips
    trouble: str


class MediaDesk:
    """Owned by the show's thread. `named`: files by key ('video', 'mask', 'init', 'match', 'control1' ..), which stay
    whatever look is taken; UserError when one of these cannot be opened. `media` and `scene`: what plays first."""

    def __init__(
        self,
        named: Mapping[str, str],
        size: tuple[int, int],
        live: bool,
        media: Mapping[str, str] | None = None,
        scene: Scene | None = None,
    ) -> None:
        self._named, self._size, self._live = dict(named), size, live
        self._reel = Reel()
        self._clips: Clips = {}
        self._names: Mapping[str, str] = {}
        self._came: queue.SimpleQueue[_Fetched] = queue.SimpleQueue()
        self._number = self._again = 0
        self._wanted = self._files(media or {}, scene)
        self._take(self._opened(self._wanted, {}, 0))

    def look(self, media: Mapping[str, str], scene: Scene | None = None, again: int = 0) -> bool:
        """The files of the look that plays, and of its scene; what is open already stays open and plays on, but begins
        anew when `again` has changed. Whether they are there; until then the clips before stay."""
        wanted = self._files(media, scene)
        if again != self._again:
            self._again, self._reel = again, Reel()
        if wanted != self._wanted:
            self._number += 1
            self._wanted, self._trouble, self._ready = wanted, "", False
            job = wanted, self._names, self._number
            if self._live:
                threading.Thread(target=self._fetch, args=job, name="media", daemon=True).start()
            else:
                self._fetch(*job)
        while not self._came.empty():
            fetched = self._came.get()
            if fetched.number == self._number:
                self._take(fetched)
            else:
                self._let_go(fetched.clips.values())
        return self._ready

    def at(self, now: float, values: Mapping[str, float]) -> Shots:
        """What there is for a keyframe of show time `now`."""
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
        _close(self._clips.values())
        self._clips = {}

    def _frame(self, clip: Clip, values: Mapping[str, float]) -> Image:
        return clip.at(self._reel.frame(values, clip.count) if clip.count else 0)

    def _files(self, media: Mapping[str, str], scene: Scene | None) -> Wanted:
        wanted: dict[str, tuple[tuple[str, str], ...]] = {}
        for key, name in media.items():
            wanted[key] = ((name, f"the look's {key}"),)
        called, own = ("", {}) if scene is None else (scene.name, scene.media)
        for key, name in own.items():
            wanted[key] = ((name, f"the {key} of scene {called!r}"), *wanted.get(key, ()))
        for key, name in self._named.items():
            wanted[key] = ((name, ""),)
        return wanted

    def _opened(self, wanted: Wanted, have: Mapping[str, str], number: int) -> _Fetched:
        """What there is of `wanted` where the files `have` are open, and one line about what is not. UserError for
        what the command line named."""
        names: dict[str, str] = {}
        clips: Clips = {}
        trouble = ""
        for key, files in wanted.items():
            for name, what in files:
                try:
                    if have.get(key) != name:
                        clips[key] = open_clip(name, self._size, self._live)
                    names[key] = name
                    break
                except UserError as error:
                    if not what:
                        _close(clips.values())
                        raise
                    other = f": --{key} FILE gives another" if key not in CONTROLS else ""
                    trouble = f"{error} ({what}{other})"
                    log.warning("%s", trouble)
        return _Fetched(number, names, clips, trouble)

    def _fetch(self, wanted: Wanted, have: Mapping[str, str], number: int) -> None:
        """Thread 'media', one for each change: opens the files that are not open yet."""
        try:
            self._came.put(self._opened(wanted, have, number))
        except Exception as error:  # top of the thread: what plays stays, and it is said
            log.exception("the files of a look could not be opened")
            self._came.put(_Fetched(number, have, {}, f"the look's files cannot be opened: {brief(error, kind=True)}"))

    def _take(self, fetched: _Fetched) -> None:
        stay = {key: clip for key, clip in self._clips.items() if key in fetched.names and key not in fetched.clips}
        left = [clip for key, clip in self._clips.items() if key not in stay]
        if fetched.clips and "video" not in stay:
            self._reel = Reel()
        self._clips, self._names = {**stay, **fetched.clips}, fetched.names
        self._trouble, self._ready = fetched.trouble, True
        self._let_go(left)

    def _let_go(self, clips: Iterable[Clip]) -> None:
        """Close `clips`; live beside the show, for one that is busy takes a while."""
        if self._live and clips:
            threading.Thread(target=_close, args=(clips,), name="media", daemon=True).start()
        else:
            _close(clips)


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


def _close(clips: Iterable[Clip]) -> None:
    for clip in clips:
        clip.close()
