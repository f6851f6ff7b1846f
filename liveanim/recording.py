"""What keeps a live show: the files of `--record`, and the take of `--take`. Trouble ends them, never the show."""

from __future__ import annotations

import importlib.metadata
import logging
import platform
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from . import __version__
from .core.errors import UserError
from .core.model import ControlEvent, Keyframe, RenderRequest, RenderStatus
from .core.params import spec
from .core.preset import Preset
from .filming import Filmed, Films, films_dir, stills_dir
from .inputs.ears import Ears
from .library import as_toml, parse_preset
from .options import PlayOptions
from .outputs.codecs import CODECS, MOST_GIF_FPS, container_of, ending_for
from .outputs.headless import Headless
from .outputs.taps import Tap
from .outputs.video import VideoWriter, recorded
from .outputs.window import Window
from .plan import BROKEN_OFF, Plan
from .show import Render, Source
from .span import TapFrom
from .takes.format import TakeInfo
from .takes.writer import TakeWriter
from .taking import Takes, free, takes_dir
from .used import used_by, whole_paths

log = logging.getLogger(__name__)

RECORD_FPS = 60.0  # at most: a video of a 144 Hz screen need not be larger
_NAMED = ("torch", "diffusers", "openvino", "numpy", "aubio-ledfx")  # what pictures and signals depend on


class Stage(Protocol):
    """A stage that hands out its pictures."""

    size: tuple[int, int]

    def add_tap(self, tap: Tap, whole: bool = False) -> None: ...


class NotedSource:
    """A source whose events are also told to somebody (a take)."""

    def __init__(self, source: Source, tell: Callable[[ControlEvent], None]) -> None:
        self._source, self._tell = source, tell

    def read(self, now: float) -> Sequence[ControlEvent]:
        events = self._source.read(now)
        for event in events:
            self._tell(event)
        return events


class NotedRender:
    """A render port that also tells a take which pictures were begun, and what was painted."""

    def __init__(self, port: Render, take: TakeWriter | Takes) -> None:
        self._port, self._take = port, take
        self._begun: RenderRequest | None = None

    def submit(self, request: RenderRequest) -> None:
        self._port.submit(request)

    def taken(self) -> RenderRequest | None:
        begun = self._port.taken()
        if begun is not None and begun is not self._begun:
            self._begun = begun
            self._take.begun(begun.index, begun.time)
        return begun

    def poll(self) -> Keyframe | None:
        keyframe = self._port.poll()
        if keyframe is not None:
            self._take.keyframe(keyframe)
        return keyframe

    def status(self) -> RenderStatus:
        return self._port.status()


class Recorders:
    """The files that one stage and its ears are recorded to, as one.

    begin   show time (s) from which on pictures and sound are recorded
    alpha   keep the transparency of pictures
    wait    until the files are open; else (live) they are opened meanwhile
    UserError when one of them cannot be written. Live, later trouble is told by `status`; the stage closes them.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        stage: Stage,
        ears: Ears,
        fps: float,
        *,
        live: bool,
        codec: str | None = None,
        begin: float = 0.0,
        alpha: bool = False,
        wait: bool = True,
    ) -> None:
        check(paths, codec, alpha)
        self._ears = ears
        self._writers: list[VideoWriter] = []
        with ExitStack() as undo:
            for path in paths:
                rate = min(fps, MOST_GIF_FPS) if path.suffix.lower() == ".gif" else fps
                writer = VideoWriter(
                    path,
                    stage.size,
                    rate,
                    audio_rate=ears.rate,
                    channels=ears.channels,
                    live=live,
                    codec=codec,
                    alpha=alpha,
                    wait=wait,
                )
                undo.callback(writer.abort)
                self._writers.append(writer)
            undo.pop_all()
        self._taps: list[Tap] = [TapFrom(writer, begin) if begin else writer for writer in self._writers]
        for tap in self._taps:
            stage.add_tap(tap, whole=True)
        for writer in self._writers:
            ears.add_tap(writer.audio)

    def leave(self, stage: Filmed) -> None:
        """Get no more pictures of their `stage`, and no more sound: then any thread may close them."""
        for tap in self._taps:
            stage.remove_tap(tap)
        for writer in self._writers:
            self._ears.remove_tap(writer.audio)

    @property
    def dropped(self) -> int:
        """Pictures left out because an encoder was late."""
        return sum(writer.dropped for writer in self._writers)

    def label(self) -> str:
        """The HUD's recording mark; '' when nothing is recorded (any more)."""
        return next((label for writer in self._writers if (label := writer.label())), "")

    def status(self) -> str:
        """A line about what goes wrong; '' while all is well."""
        return "; ".join(line for writer in self._writers if (line := writer.status()))

    def close(self) -> None:
        """Finish the files. UserError when that fails offline."""
        for writer in self._writers:
            writer.close()

    def abort(self) -> None:
        """Stop; offline, no file has an asked-for name afterwards."""
        for writer in self._writers:
            writer.abort()


def check(paths: Sequence[Path], codec: str | None = None, alpha: bool = False) -> None:
    """UserError for a file that is named twice, or cannot hold what is asked of it."""
    for path in paths:
        if paths.count(path) > 1:
            raise UserError(f"{path} is named twice: give every recording its own file")
        codecs = container_of(path, codec).codecs
        if alpha and codecs and not CODECS[codec or codecs[0]][0].alpha:
            others = ".png, .gif, .mov with --codec prores, or .mkv with --codec ffv1"
            raise UserError(f"{path} keeps no transparency: with --alpha use {others}")


def record(options: PlayOptions, stage: Window | Headless, ears: Ears) -> Recorders:
    """The files of `--record`, begun; the stage closes them."""
    fps = min(stage.refresh_rate, RECORD_FPS)
    files = [_kept_apart(path, free(path, recorded, path.suffix)) for path in options.record]
    recorders = Recorders(files, stage, ears, fps, live=True, codec=options.codec, alpha=options.alpha)
    if isinstance(stage, Window):
        stage.recorders.append(recorders)
    return recorders


def _kept_apart(asked: Path, place: Path) -> Path:
    """`place`, and a word where that is not the one that was `asked` for: what an earlier show left stays."""
    if place != asked:
        log.warning("%s is there already: this show is kept in %s", asked, place)
    return place


def films_of(options: PlayOptions, stage: Window | Headless, ears: Ears) -> Films:
    """The films and stills of a live show, recorded as `--record` does; films lie beside what that names."""

    def make(path: Path, now: float) -> Recorders:
        codecs = container_of(path, options.codec).codecs
        alpha = options.alpha and bool(codecs and CODECS[options.codec or codecs[0]][0].alpha)
        fps = min(stage.refresh_rate, RECORD_FPS)
        return Recorders([path], stage, ears, fps, live=True, codec=options.codec, begin=now, alpha=alpha, wait=False)

    folder = options.record[0].parent if options.record else films_dir()
    films = Films(make, stage, folder, stills_dir(), ending_for(options.codec), alpha=options.alpha)
    if isinstance(stage, Window):
        stage.recorders.append(films)
    return films


def keep_take(
    writer: TakeWriter | Takes, sources: Sequence[Source], port: Render, ears: Ears
) -> tuple[list[Source], Render]:
    """`sources` and `port` to give to a show so that `writer` keeps its events, pictures and sound."""
    ears.add_tap(writer.sound)
    return [NotedSource(source, writer.event) for source in sources], NotedRender(port, writer)


def new_take(
    folder: Path,
    options: PlayOptions,
    plan: Plan,
    choice: Sequence[Preset],
    broken: Preset | None,
    picture: tuple[int, int],
    state: Preset | None = None,
    begin: float = 0.0,
    sound_from: float = 0.0,
) -> TakeWriter:
    """The take of a live show that begins: `choice` may be chosen, `broken` off may be taken up, `picture` is shown.

    state   how the show stands at show time `begin` (s), for a take of its rest, with sound from `sound_from` on;
            None: it begins now
    """
    if state is not None or options.shaders:
        plan = replace(plan, preset=_in_words(state or plan.preset))
    seed = plan.overrides.get("picture.seed", plan.preset.drivers.get("picture.seed", spec("picture.seed").default))
    outside = whole_paths(options.outside)
    info = TakeInfo(
        __version__,
        plan.preset.name,
        plan.preset.text,
        plan.model,
        plan.painted,
        int(seed) if isinstance(seed, (int, float)) else 0,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        picture=picture,
        begin=begin,
        sound_from=sound_from,
        versions=versions(),
        overrides={name: one if isinstance(one, float) else one.text for name, one in plan.overrides.items()},
        media=outside.files,
        loras=outside.loras,
        controls=outside.controls,
        depth=outside.depth or "",
        words=outside.words or "",
        asked=plan.painting.model or "",
        default=plan.painting.default,
    )
    looks = [*choice, *([parse_preset(as_toml(broken), BROKEN_OFF)] if broken is not None else [])]
    texts = {one.name: one.text or as_toml(one) for one in looks}
    return TakeWriter(folder, info, texts, used_by(plan.preset, looks, outside))


def takes_of(
    options: PlayOptions, plan: Plan, choice: Sequence[Preset], broken: Preset | None, size: tuple[int, int]
) -> Takes:
    """The take that was asked for, and those that may begin later."""

    def make(folder: Path, state: Preset, presets: Sequence[Preset], now: float, since: float) -> TakeWriter:
        return new_take(folder, options, plan, presets, None, size, state, now, since)

    if options.take is None:
        return Takes(make, takes_dir())
    asked = options.take if options.take.name not in ("", "..") else options.take.resolve()  # takes go by their names
    if not asked.name:
        raise UserError(f"--take {options.take}: name a folder for it")
    folder = _kept_apart(asked, free(asked, _filled))
    return Takes(make, folder.parent, new_take(folder, options, plan, choice, broken, size), folder.name)


def _filled(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _in_words(preset: Preset) -> Preset:
    """`preset` with all of it in its text, also what was put on top or played since it was read."""
    return parse_preset(as_toml(preset), preset.name)


def versions() -> str:
    """What a performance was played with: 'liveanim 0.1, python 3.11, torch 2.13 ...'."""
    found = [f"liveanim {__version__}", f"python {platform.python_version()}"]
    for name in _NAMED:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ", ".join([*found, f"{platform.system()} {platform.machine()}"])
