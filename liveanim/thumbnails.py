"""Thumbnails of presets and their scenes: those that travel with the package, and what the stage showed while one's own
played, kept in the user's cache.

A kept file is named by hashes, never by what a user typed: of the preset (and scene) it is of, and of the preset's
content. So an edited preset gets another one, and keeps the old one until then.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import queue
import re
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as Pictures
from PIL import ImageOps

from . import home
from .core.errors import brief
from .core.model import Blend, Image
from .core.params import spec
from .core.performance import MORPHS
from .core.preset import Preset
from .core.preset_data import preset_data
from .data import data_dir, stamp, whole
from .inputs.web.hub import THUMBNAILS, Thumbnails
from .library import read_text, shipped
from .plan import PAINT
from .priority import FILMING, give_way

log = logging.getLogger(__name__)

SIZE, QUALITY = (320, 180), 70  # pixels; of WebP
REST = 4.0  # s that a look plays undisturbed before it is taken
SHOTS, EVERY = 4, 1.0  # pictures, s apart, of which the best is kept
SOON = 2.0  # s in which a preset that was saved is taken
DULL = 15.0  # what is less lively shows nothing of a look
STALE = 3.0  # s that the newest picture may be old: the camera has carried it off meanwhile
MOST = 500  # files; the oldest go
LARGEST = 200_000  # bytes of one
_FILE = re.compile(r"([0-9a-f]{16})-([0-9a-f]{16})\.webp")


@dataclass(frozen=True, slots=True)
class _Shot:
    """Pictures of a preset in `scenes` ('': the preset itself)."""

    preset: Preset
    scenes: Sequence[str]
    images: Sequence[Image]


class Thumbnailer:
    """Takes thumbnails while presets play: a sink and viewer of small pictures of the stage (see archive.Thumbnailer).
    What is slow is done in a thread of its own.

    model   the one that was asked for, for all presets, if any; folder: where thumbnails are kept
    logo    whether there is one over the picture: while it is seen none is taken
    """

    def __init__(self, model: str | None = None, folder: Path | None = None, logo: bool = False) -> None:
        self._model, self._folder, self._logo = model, folder or kept_dir(), logo
        self._known: Sequence[Preset] = ()
        self._told: tuple[Preset | None, str] = None, ""  # what plays, from the next frame on
        self._playing: tuple[Preset | None, str] = None, ""
        self._since = self._now = 0.0
        self._clear = False
        self._images: list[Image] = []
        self._saved: tuple[Preset, float] | None = None
        self._lacking: frozenset[tuple[str, str]] = frozenset()  # names and scenes
        self._shots: queue.SimpleQueue[_Shot] = queue.SimpleQueue()
        self._found = Thumbnails()
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="thumbnails", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._wake.set()
        self._thread.join(5.0)

    def thumbnails(self) -> Thumbnails:
        """Those there are of the presets of this show; any thread may ask."""
        return self._found

    # the loop's thread

    def plays(self, known: Sequence[Preset], preset: Preset | None, scene: str) -> None:
        """From the next frame on `preset` plays as it was loaded, in a scene of that name; None: it has been edited.
        `known`: those of the show, the same ones while nothing changes."""
        if known is not self._known:
            self._known = known
            self._wake.set()
        listed = preset is not None and any(preset is one for one in known)
        self._told = preset if listed else None, scene

    def saved(self, preset: Preset, now: float) -> None:
        """What plays has been saved as `preset`."""
        self._saved = preset, now

    def write(self, blend: Blend, now: float) -> None:
        """A frame of the show, which is drawn already."""
        (before, scene), self._playing = self._playing, self._told
        self._now, self._clear = now, self._shown_clearly(blend)
        same = self._playing[0] is before and self._playing[1] == scene
        if not (same and self._clear and untouched(blend)):
            self._since, self._images = now, []
        if self._saved is not None and now - self._saved[1] > SOON:
            self._saved = None

    def wanted(self) -> bool:
        """Whether it is time for a picture."""
        return self._due(self._now)

    def picture(self, image: Image, now: float) -> None:
        """The stage as it was in the frame of show time `now`, the last one that was written."""
        if not self._due(now):
            return
        if self._saved is not None:
            (saved, _), self._saved = self._saved, None
            self._hand_over(_Shot(saved, ("", saved.start) if saved.start else ("",), (image,)))
            return
        self._images.append(image)
        preset, _ = self._playing
        if preset is not None and len(self._images) == SHOTS:
            self._hand_over(_Shot(preset, self._wishes(), self._images))
            self._since, self._images = now, []

    def _due(self, now: float) -> bool:
        if self._saved is not None and self._clear:
            return True
        rested = now - self._since >= REST + EVERY * len(self._images)
        return rested and bool(self._wishes())

    def _wishes(self) -> list[str]:
        """The scenes ('': the preset itself) for which what plays would be a thumbnail that there is not."""
        preset, scene = self._playing
        if preset is None:
            return []
        shown = dict.fromkeys(["", scene] if scene == preset.start else [scene])
        return [one for one in shown if (preset.name, one) in self._lacking]

    def _hand_over(self, shot: _Shot) -> None:
        self._lacking -= {(shot.preset.name, scene) for scene in shot.scenes}
        self._shots.put(shot)
        self._wake.set()

    def _shown_clearly(self, blend: Blend) -> bool:
        """Whether the whole look is seen, painted by whoever is to paint it."""
        if blend.blackout or blend.freeze or blend.level < 1.0 or blend.status.arriving < 1.0 or not blend.layers:
            return False
        if blend.time - blend.layers[-1].keyframe.time > STALE:
            return False
        if self._logo and blend.values.get("logo.opacity", 1.0) > 0.0:
            return False
        preset, _ = self._playing
        by_paint = (self._model or (preset.model if preset is not None else None)) == PAINT
        return by_paint or all(layer.keyframe.model != PAINT for layer in blend.layers)

    # its own thread

    def _run(self) -> None:
        give_way(FILMING)
        while not self._stop.is_set():
            self._wake.wait()
            self._wake.clear()
            try:
                self.work()
            except Exception as error:  # noqa: BLE001  top of the thread: presets go on without new thumbnails
                log.warning("no thumbnail is kept in %s: %s", self._folder, brief(error))

    def work(self) -> None:
        """Keep what was taken, and look for what there is. May raise OSError."""
        while not self._shots.empty():
            self._keep(self._shots.get())
        self._look()

    def _keep(self, shot: _Shot) -> None:
        image = best(shot.images)
        if liveliness(image) < DULL:
            return
        data, content = as_webp(image), content_of(shot.preset)
        self._folder.mkdir(parents=True, exist_ok=True)
        for scene in shot.scenes:
            who = _hash(f"{shot.preset.name}\n{scene}")
            path = self._folder / f"{who}-{content}.webp"
            with whole(path) as part:
                part.write_bytes(data)
            _remove([old for old in self._folder.glob(f"{who}-*.webp") if old != path])
        _remove(_by_age(self._folder)[:-MOST])

    def _look(self) -> None:
        known = self._known
        files = {path.name[:16]: path for path in _by_age(self._folder)}
        theirs = shipped_dir()
        package = {path.relative_to(theirs).with_suffix("").as_posix(): path for path in theirs.rglob("*.webp")}
        texts = {path.stem: read_text(path) for path in shipped()}
        addresses, data, lacking = {}, {}, set()
        for preset in known:
            content, as_shipped = content_of(preset), texts.get(preset.name) == preset.text
            for scene in ("", *(one.name for one in preset.scenes)):
                who = _hash(f"{preset.name}\n{scene}")
                of = f"{preset.name}/{scene}" if scene else preset.name
                ours, kept = package.get(of), files.get(who)
                right = {self._folder / f"{who}-{content}.webp", ours if as_shipped else None}
                path, webp = _first([ours, kept] if as_shipped else [kept, ours])
                if path is None or path not in right:
                    lacking.add((preset.name, scene))
                if path is not None:
                    name = f"{hashlib.sha256(webp).hexdigest()[:16]}.webp"
                    addresses[of] = THUMBNAILS + name
                    data[name] = webp
        self._found, self._lacking = Thumbnails(addresses, data), frozenset(lacking)


def untouched(blend: Blend) -> bool:
    """Whether no hand holds what the look shows. Macros at rest, and how presets change, are no matter."""
    return all(
        who == "preset"
        or name.partition(".")[0] in ("out", "audio", "logo")
        or (name.startswith("play.") and name not in MORPHS)
        or (name.startswith("macro.") and blend.knobs.get(name) == spec(name).default)
        for name, who in blend.holders.items()
    )


def liveliness(image: Image) -> float:
    """How much there is to see: contrast, more so in colour. 0 (a plain card) to about 200."""
    small = image[::3, ::3].astype(np.float32)
    colour = (small.max(2) - small.min(2)).mean() / 255.0
    return float(small.std(axis=(0, 1)).mean() * (1.0 + colour))


def best(images: Sequence[Image]) -> Image:
    """The liveliest of `images`."""
    return max(images, key=liveliness)


def as_webp(image: Image) -> bytes:
    """`image` as the file of a thumbnail."""
    made = io.BytesIO()
    small = ImageOps.fit(Pictures.fromarray(np.ascontiguousarray(image)), SIZE, Pictures.Resampling.LANCZOS)
    small.save(made, "WEBP", quality=QUALITY, method=6)
    return made.getvalue()


def content_of(preset: Preset) -> str:
    """What changes when a preset does, whatever it is called and wherever it lies."""
    return _hash(json.dumps(preset_data(preset), sort_keys=True, default=str))


def shipped_dir() -> Path:
    """The thumbnails of the presets that travel with the package, of scenes in a folder named as their preset."""
    return data_dir("presets") / "thumbnails"


def kept_dir() -> Path:
    """Those that were taken from the stage."""
    return home.cache() / "thumbnails"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _first(paths: Sequence[Path | None]) -> tuple[Path | None, bytes]:
    """The first of `paths` that is a thumbnail, and what is in it; None when none is."""
    for path in filter(None, paths):
        with suppress(OSError):
            data = path.read_bytes() if path.stat().st_size <= LARGEST else b""
            if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
                return path, data
    return None, b""


def _by_age(folder: Path) -> list[Path]:
    """The thumbnails in `folder`, the newest last."""
    found = [path for path in folder.glob("*.webp") if _FILE.fullmatch(path.name)]
    return sorted(found, key=lambda path: stamp([path])[0] or (0, 0))


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
