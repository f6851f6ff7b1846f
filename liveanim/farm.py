"""Renders a take in pieces at once: cut at its kept pictures, painted by many workers, put together as one film.

Each piece is an ordinary `liveanim render TAKE --from A --to B` in a process of its own. It
begins from the picture that the take kept there, overlaps with the next piece, and the two are cross-faded. A worker
that is lost loses its piece only; pieces that are finished are kept until the film is, so a run that broke off goes on.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from . import __version__, progress
from .core.errors import UserError, brief, told_as
from .core.model import Image
from .inputs.ears import Deaf, Ears
from .inputs.sources import Steady, open_supply
from .options import RenderOptions
from .outputs.encode import light
from .outputs.sheet import ContactSheet
from .outputs.taps import Tap
from .recording import Recorders
from .span import Span
from .takes.reader import TakeReader
from .workers import Crew, Job, Local, Place

OVERLAP = 0.25  # s during which two pieces are cross-faded
SHORTEST = 4.0  # s of a piece
WORTH = 20.0  # s of a piece beside which its start, and the two seconds it paints beforehand, are little
PIECES = 3  # a worker at most, so that a slow one does not keep all the others waiting
MOST_PIECES = 200


@dataclass(frozen=True, slots=True)
class Piece:
    """Frames `first` to `last` (not with it) of a show; the last `shared` of them are also the first of the next."""

    number: int
    first: int
    last: int
    shared: int = 0

    @property
    def frames(self) -> int:
        return self.last - self.first


def cut(span: Span, kept: Sequence[float], workers: int) -> tuple[Piece, ...]:
    """`span` in pieces for `workers`, each beginning where a picture was kept (`kept`: their show times, sorted).

    As many for each worker, so that none waits for another at the end.
    """
    seconds = span.frames / span.fps
    each = max(1, min(PIECES, int(seconds / (workers * WORTH))))
    count = max(1, min(workers * each, MOST_PIECES, int(seconds / SHORTEST)))
    starts = [span.first]
    for n in range(1, count):
        wished = span.begin + n * seconds / count
        at = min(bisect_left(kept, wished), len(kept) - 1)
        frame = math.ceil(kept[at] * span.fps - 1e-6) if kept else span.last
        if starts[-1] + SHORTEST * span.fps / 2 <= frame <= span.last - SHORTEST * span.fps / 2:
            starts.append(frame)
    shared = max(1, round(OVERLAP * span.fps))
    ends = [*(start + shared for start in starts[1:]), span.last]
    return tuple(
        Piece(n, first, last, shared if last != span.last else 0)
        for n, (first, last) in enumerate(zip(starts, ends, strict=True))
    )


def render(options: RenderOptions, span: Span, size: tuple[int, int], place: Place | None = None) -> int:
    """The frames of `span` of a take, `size` pixels, by `options.workers` processes, or by the workers of `place`.

    UserError when a worker says that something is wrong; pieces that were finished are then used by the next run.
    """
    take = TakeReader(Path(options.source))
    where = place or Local(options.workers or 1)
    pieces = cut(span, [moment.time for moment in take.kept_moments()], where.workers)
    folder = options.output.with_name(options.output.name + ".pieces")
    with ExitStack() as stack:
        source = Steady(open_supply(str(take.audio)), take.info.sound_from)
        stack.callback(source.close)
        film = _Film(options, span, size, source)
        stack.callback(film.abort)
        _reuse(folder, take, options, span, pieces)
        jobs = [Job(_words(options, span, size, piece, folder), _file(folder, piece), piece.frames) for piece in pieces]
        crew = stack.enter_context(Crew(jobs, where))
        started = time.monotonic()
        total = sum(piece.frames for piece in pieces)
        with progress.frames(total, options.output.name, quiet=options.quiet) as say:
            for image in joined(pieces, [_pictures(crew, job, say, options.alpha) for job in jobs]):
                film.picture(image)
            say(total)
        film.close()
        shutil.rmtree(folder, ignore_errors=True)
        if not options.quiet:
            _report(crew, time.monotonic() - started)
    return 0


def joined(pieces: Sequence[Piece], films: Sequence[Iterator[Image]]) -> Iterator[Image]:
    """The pictures of all pieces in order; where two share frames they are cross-faded."""
    tail: list[Image] = []
    for piece, film in zip(pieces, films, strict=True):
        held: list[Image] = []
        for n in range(piece.frames):
            image = next(film)
            if n < len(tail):
                image = _mixed(tail[n], image, (n + 1) / (len(tail) + 1))
            if n < piece.frames - piece.shared:
                yield image
            else:
                held.append(image)
        tail = held


def _mixed(one: Image, other: Image, share: float) -> Image:
    mixed = one.astype(np.float32) * (1 - share) + other.astype(np.float32) * share
    return np.asarray(np.round(mixed), dtype=np.uint8)


def _file(folder: Path, piece: Piece) -> Path:
    return folder / f"{piece.number:04d}.mkv"


def _words(options: RenderOptions, span: Span, size: tuple[int, int], piece: Piece, folder: Path) -> list[str]:
    """The command line, after `liveanim`, that renders one piece."""
    outside = options.outside
    wish: list[tuple[str, object]] = [
        ("-o", _file(folder, piece)),
        ("--codec", "ffv1" if options.alpha else "master"),
        ("--from", repr(piece.first / span.fps)),
        ("--to", repr(piece.last / span.fps)),
        ("--fps", repr(span.fps)),
        ("--size", f"{size[0]}x{size[1]}"),
        ("--pace", options.pace),
        ("--preset", options.preset),
        ("--model", options.model),
        ("--seed", options.seed),
        ("--steps", options.steps),
        ("--painted", options.painted and f"{options.painted[0]}x{options.painted[1]}"),
        ("--engine", outside.engine),
        ("--depth", outside.depth),
        ("--words", outside.words),
        ("--depth-maps", options.depth_maps),
        *((f"--{key}", file) for key, file in outside.files.items()),
        *(("--lora", file) for file in outside.loras),
        *(("--control", file) for file in outside.controls),
        *(("--shader", name) for name in options.shaders),
        *(("--param", text) for text in options.params),
    ]
    words = [str(word) for name, value in wish if value is not None for word in (name, value)]
    flags = [*([] if options.flash_limit else ["--no-flash-limit"]), *(["--alpha"] if options.alpha else [])]
    return ["render", options.source, *words, "--count", *flags]


def _reuse(folder: Path, take: TakeReader, options: RenderOptions, span: Span, pieces: Sequence[Piece]) -> None:
    """Keep the pieces of an earlier run of the very same job, and nothing else."""
    outside = [options.preset, *options.outside.files.values(), *options.outside.loras, *options.shaders]
    files = [path for path in (*sorted(take.folder.rglob("*")), *(Path(str(name)) for name in outside if name))]
    job = [__version__, repr(replace(options, quiet=False, workers=None, ray=None)), repr(span), repr(pieces)]
    job += [f"{path} {stat.st_size} {stat.st_mtime_ns}" for path in files if path.is_file() and (stat := path.stat())]
    digest = hashlib.sha256(json.dumps(job).encode()).hexdigest()
    note = folder / "job"
    with told_as(f"{folder}: cannot keep the pieces there"):
        if folder.is_dir() and not (note.is_file() and note.read_text() == digest):
            shutil.rmtree(folder)
        folder.mkdir(exist_ok=True)
        note.write_text(digest)


def _pictures(crew: Crew, job: Job, say: Callable[[int], None], alpha: bool) -> Iterator[Image]:
    """The pictures of one piece, once it is finished; with `alpha` (height, width, 4), as light that is there.

    UserError when its file does not hold them all; it is then gone, so that the next run paints it again.
    """
    import av

    while not crew.finished(job, timeout=0.2):
        say(crew.done)
    say(crew.done)
    shown, why = 0, "it ends"
    try:
        with av.open(str(job.file)) as film:
            for frame in film.decode(video=0):
                image = np.asarray(frame.to_ndarray(format="rgba" if alpha else "rgb24"), dtype=np.uint8)
                yield light(image) if alpha else image
                shown += 1
    except av.error.FFmpegError as error:
        why = brief(error)
    if shown < job.frames:
        job.file.unlink()
        raise UserError(f"{job.file}: {why} after {shown} of {job.frames} frames; render again, other pieces are kept")


class _Film:
    """What is written: every file that was asked for, with the sound of the take, as one render would write it."""

    def __init__(self, options: RenderOptions, span: Span, size: tuple[int, int], source: Steady) -> None:
        self.size = size
        self._taps: dict[Tap, bool] = {}  # whether it gets the whole
        self._span, self._next = span, span.first
        self._ears = Ears(source, Deaf())
        files = [options.output, *options.extra]
        self._recorders = Recorders(
            files,
            self,
            self._ears,
            span.fps,
            live=False,
            codec=options.codec,
            begin=span.begin,
            alpha=options.alpha,
        )
        self._sheet = ContactSheet(options.sheet, span.frames / span.fps) if options.sheet else None
        if self._sheet is not None:
            self.add_tap(self._sheet)

    def add_tap(self, tap: Tap, whole: bool = False) -> None:
        self._taps[tap] = whole

    def picture(self, image: Image) -> None:
        now = self._next / self._span.fps
        if self._next == self._span.first:
            for second in range(int(now)):
                self._ears.read(float(second))  # in small bites: it may be hours
        self._ears.read(now)
        for tap, whole in self._taps.items():
            tap.picture(image if whole else image[..., :3], now)
        self._next += 1

    def close(self) -> None:
        self._ears.read(self._span.last / self._span.fps)
        self._recorders.close()
        if self._sheet is not None:
            self._sheet.close()

    def abort(self) -> None:
        self._recorders.abort()


def _report(crew: Crew, seconds: float) -> None:
    import sys

    times = crew.work / seconds if seconds > 0 else 1.0
    lost = f", {crew.lost} lost and replaced" if crew.lost else ""
    sys.stderr.write(
        f"{progress.clock_text(crew.work)} of work in {progress.clock_text(seconds)}: {times:.1f} workers busy{lost}\n"
    )
