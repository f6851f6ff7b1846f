"""What can be done with a take besides playing it: say what it is, cut it, take its sound and events out."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..core.errors import UserError, brief, told_as
from ..core.model import ControlEvent
from ..data import whole, write_whole
from ..inputs.audiofile import FileSupply
from ..inputs.sources import Samples
from .files import FOLDER, INDEX
from .format import (
    AUDIO,
    EVENTS,
    KEYFRAMES,
    META,
    PICTURES,
    event_line,
    make_folder,
    moment_line,
    to_toml,
    write_looks,
)
from .reader import TakeReader

LEAD = 8.0  # s of sound kept before a cut, so that levels and tempo are known when it begins
_BLOCK = 65536
_KINDS = {".wav": ("RF64", "PCM_24"), ".flac": ("FLAC", "PCM_24"), ".ogg": ("OGG", "VORBIS"), ".mp3": ("MP3", None)}


@dataclass(frozen=True, slots=True)
class Summary:
    """What there is to know of a take. Times in show seconds."""

    folder: str
    begin: float
    end: float
    rate: int
    events: int
    targets: Mapping[str, int]
    painted: int
    kept: int
    files: int
    megabytes: float

    @property
    def keyframe_rate(self) -> float:
        """Pictures painted a second."""
        return self.painted / (self.end - self.begin) if self.end > self.begin else 0.0


def summary(take: TakeReader) -> Summary:
    """Counts and lengths of `take`."""
    rate, length = _sound(take.audio)
    targets: dict[str, int] = {}
    for event in take.events:
        targets[event.target] = targets.get(event.target, 0) + 1
    size = sum(path.stat().st_size for path in take.folder.rglob("*") if path.is_file())
    end = take.info.sound_from + length / rate
    return Summary(
        str(take.folder),
        take.info.begin,
        end,
        rate,
        len(take.events),
        dict(sorted(targets.items(), key=lambda item: (-item[1], item[0]))),
        len(take.moments),
        len(take.kept_moments()),
        sum(1 for _ in (take.folder / FOLDER).glob("*")),
        size / 1e6,
    )


def trim(take: TakeReader, target: Path, begin: float, end: float | None) -> None:
    """A new take in the folder `target`: `take` from show time `begin` to `end` (s; None: to its end).

    Times stay what they were, so everything that depends on them does; events from before are kept and set the scene.
    UserError when nothing is left or the folder cannot be used.
    """
    if end is not None and end <= begin:
        raise UserError(f"{take.folder}: nothing is left from {begin:g} s to {end:g} s: --to has to come after --from")
    if begin < take.info.begin:
        raise UserError(f"{take.folder}: nothing is left from {begin:g} s on; the take begins at {take.info.begin:g} s")
    make_folder(target)
    sound_from = max(take.info.sound_from, begin - LEAD)
    until = float("inf") if end is None else end
    try:
        _copy_sound(take, target / AUDIO, sound_from, until)
        _write_rows(take, target, begin, until)
        write_looks(target, take.looks())
        if (take.folder / INDEX).is_file():
            shutil.copyfile(take.folder / INDEX, target / INDEX)
            shutil.copytree(take.folder / FOLDER, target / FOLDER)
        write_whole(target / META, to_toml(replace(take.info, begin=begin, sound_from=sound_from)))
    except (UserError, OSError) as error:
        shutil.rmtree(target, ignore_errors=True)
        if isinstance(error, OSError):
            raise UserError(f"{target}: cannot write a take there: {brief(error)}") from None
        raise


def _write_rows(take: TakeReader, target: Path, begin: float, until: float) -> None:
    write_whole(target / EVENTS, "".join(event_line(event) for event in take.events if event.time <= until))
    early = begin - LEAD
    moments = [moment for moment in take.moments if early <= moment.time <= until]
    write_whole(target / KEYFRAMES, "".join(map(moment_line, moments)))
    (target / PICTURES).mkdir()
    for moment in take.kept_moments():
        if early <= moment.time <= until:
            shutil.copyfile(take.folder / PICTURES / moment.file, target / PICTURES / moment.file)


def _copy_sound(take: TakeReader, target: Path, begin: float, end: float) -> None:
    import soundfile

    rate, length = _sound(take.audio)
    first = round((begin - take.info.sound_from) * rate)
    last = min(length, round(min(end - take.info.sound_from, length / rate) * rate))
    if last <= first:
        raise UserError(f"{take.folder}: nothing is left: it ends at {take.info.sound_from + length / rate:g} s")
    with soundfile.SoundFile(target, "w", rate, 2, "PCM_24", format="FLAC") as out:
        _pour(take.audio, out.write, first, last)


def export_audio(take: TakeReader, target: Path) -> float:
    """The sound of `take`, from where it begins, as .wav, .flac, .ogg or .mp3; seconds written.

    UserError for another ending, or a place that cannot be written.
    """
    import soundfile

    if target.suffix.lower() not in _KINDS:
        raise UserError(f"cannot write {target}: unknown kind {target.suffix!r}; use {', '.join(_KINDS)}")
    kind, subtype = _KINDS[target.suffix.lower()]
    rate, length = _sound(take.audio)
    first = max(0, round((take.info.begin - take.info.sound_from) * rate))
    try:
        with whole(target) as part, soundfile.SoundFile(part, "w", rate, 2, subtype, format=kind) as out:
            _pour(take.audio, out.write, first, length)
    except (OSError, RuntimeError) as error:  # libsndfile's errors are RuntimeErrors
        hint = f"; make the folder first: mkdir -p {target.parent}" if not target.parent.exists() else ""
        raise UserError(f"cannot write {target}: {brief(error).lower().rstrip('.')}{hint}") from None
    return (length - first) / rate


def export_events(take: TakeReader) -> str:
    """The events as text, a line each, in the order of their times: to look at, edit, and hand to `import_events`."""
    return "".join(event_line(event) for event in sorted(take.events, key=lambda event: event.time))


def import_events(take: TakeReader, events: tuple[ControlEvent, ...]) -> None:
    """Let `take` be played by `events` from now on; what it was played by before is kept beside it."""
    path = take.folder / EVENTS
    with told_as(f"{path}: cannot be written"):
        backup = path.with_name("events.before.jsonl")
        if not backup.exists():
            shutil.copyfile(path, backup)
        write_whole(path, "".join(map(event_line, events)))


def _sound(path: Path) -> tuple[int, int]:
    """(rate, samples) of the sound of a take, also one that was never finished."""
    supply = FileSupply(path)
    supply.close()
    return supply.rate, round((supply.duration or 0.0) * supply.rate)


def _pour(path: Path, give: Callable[[Samples], object], first: int, last: int) -> None:
    """Samples `first` to `last` of a sound file to `give`, block by block, (n, 2) each."""
    supply = FileSupply(path)
    try:
        for at in range(0, last, _BLOCK):
            block = supply.take(min(_BLOCK, last - at))
            if at + len(block) > first:
                give(block[max(0, first - at) :])
    finally:
        supply.close()
