"""Scenes of a look: named subsets of its values, how one turns into the next, and what brings the next one on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from .errors import UserError, near, number_within, only_known
from .expr import Driver
from .step import Texts

Transition = Literal["cut", "fade", "morph"]
Advance = Literal["manual", "timer", "bars", "drop", "random"]
Drivers = Mapping[str, Driver | float]
MOST_SCENES = 64
LONGEST = 600.0  # s or beats of a transition
_KEYS = ("name", "transition", "seconds", "beats", "advance", "every", "next", "energy", "prompt", "media")
CORNERS = 4
MOST_PROMPTS, MOST_TEXT = 200, 2000


@dataclass(frozen=True, slots=True)
class Scene:
    """A subset of a look's values. What it does not name is as the look has it.

    prompts, negative   None: the look's own
    transition   cut: at once, on a fresh picture; fade: the new picture is painted beside and faded in; morph: values
                 and prompts glide
    seconds      the transition's length; `beats`, where it is given, counts instead
    advance      what brings the next scene on: nothing; `every` seconds (timer) or bars (bars); the next drop; a random
                 other scene after `every` bars
    next         name of the scene that follows; '': the one below
    energy       0 calm .. 1 wild: where the autopilot plays it; None: by its place among the scenes
    media        its own files by what they are for (preset.MEDIA); the look has the others
    """

    name: str
    drivers: Drivers = field(default_factory=dict)
    prompts: tuple[str, ...] | None = None
    negative: str | None = None
    transition: Transition = "morph"
    seconds: float = 2.0
    beats: float | None = None
    advance: Advance = "manual"
    every: float = 16.0
    next: str = ""
    energy: float | None = None
    media: Mapping[str, str] = field(default_factory=dict)

    def length(self, bpm: float) -> float:
        """Seconds that the way into it takes."""
        if self.transition == "cut":
            return 0.0
        return self.seconds if self.beats is None else self.beats * 60.0 / max(1.0, bpm)


@dataclass(frozen=True, slots=True)
class Read:
    """What a table of values says: drivers, the texts where it has some, and files."""

    drivers: Drivers
    prompts: tuple[str, ...] | None
    negative: str | None
    media: Mapping[str, str]


def scenes_from(
    rows: Any, where: str, groups: Sequence[str], read: Callable[[Mapping[str, Any], str], Read]
) -> tuple[Scene, ...]:
    """The scenes of a preset's [[scene]] tables; `read` reads their values, `groups` are the tables they may hold.

    UserError names the scene, the key and what was expected.
    """
    if not isinstance(rows, list) or len(rows) > MOST_SCENES:
        raise UserError(f"{where}: expected at most {MOST_SCENES} tables [[scene]]")
    scenes: list[Scene] = []
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise UserError(f"{where}: scene {number}: expected a table [[scene]], got {row!r}")
        scene = _scene(row, f"{where}: scene {row.get('name', number)!r}", groups, read)
        if scene.name in [one.name for one in scenes]:
            raise UserError(f"{where}: there are two scenes called {scene.name!r}")
        scenes.append(scene)
    names = [scene.name for scene in scenes]
    for scene in scenes:
        if scene.next and scene.next not in names:
            raise UserError(
                f"{where}: scene {scene.name!r}: next: there is no scene {scene.next!r}{near(scene.next, names)}"
            )
    return tuple(scenes)


def _scene(
    row: Mapping[str, Any], where: str, groups: Sequence[str], read: Callable[[Mapping[str, Any], str], Read]
) -> Scene:
    only_known(row, (*_KEYS, *groups), where)
    name = row.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= 60 or name != name.strip():
        raise UserError(f'{where}: expected name = "..." of at most 60 characters, got {name!r}')
    values = read(row, where)
    beats, energy = row.get("beats"), row.get("energy")
    if beats is not None and "seconds" in row:
        raise UserError(f"{where}: expected either seconds or beats")
    return Scene(
        name,
        values.drivers,
        values.prompts,
        values.negative,
        _word(row.get("transition", "morph"), get_args(Transition), f"{where}: transition"),
        number_within(row.get("seconds", 2.0), 0.0, LONGEST, f"{where}: seconds"),
        None if beats is None else number_within(beats, 0.0, LONGEST, f"{where}: beats"),
        _word(row.get("advance", "manual"), get_args(Advance), f"{where}: advance"),
        number_within(row.get("every", 16.0), 0.25, 86400.0, f"{where}: every"),
        _word(row.get("next", ""), None, f"{where}: next"),
        None if energy is None else number_within(energy, 0.0, 1.0, f"{where}: energy"),
        values.media,
    )


def _word(value: Any, words: Sequence[str] | None, where: str) -> Any:
    if words is None and isinstance(value, str):
        return value
    if words is None or value not in words:
        wanted = "a text" if words is None else f"one of {', '.join(words)}"
        raise UserError(f"{where}: expected {wanted}, got {value!r}")
    return value


@dataclass(frozen=True, slots=True)
class Morph:
    """The scenes that the knobs play.morph (a, b) and play.x, play.y (a, b, c, d: the corners) lie between."""

    ab: tuple[str, ...] = ()
    xy: tuple[str, ...] = ()


def morph_from(row: Any, scenes: Sequence[Scene], where: str) -> Morph:
    """What a preset's [morph] table says; without one the first scenes. UserError for a scene that is not there."""
    names = [scene.name for scene in scenes]
    if not isinstance(row, Mapping) or any(key not in ("ab", "xy") for key in row):
        raise UserError(f'{where}: expected [morph] with ab = ["one", "two"] or xy = [four scenes], got {row!r}')
    found = {}
    for key, most in (("ab", 2), ("xy", CORNERS)):
        corners = row.get(key, names[:most] if len(names) >= 2 else [])
        if not isinstance(corners, list) or (key in row and not 2 <= len(corners) <= most):
            count = "2" if most == 2 else f"2 to {most}"
            raise UserError(f"{where}: [morph] {key}: expected the names of {count} scenes, got {corners!r}")
        for name in corners:
            if name not in names:
                raise UserError(f"{where}: [morph] {key}: there is no scene {name!r}{near(str(name), names)}")
        found[key] = tuple(corners)
    return Morph(**found)


@dataclass(frozen=True, slots=True)
class Wander:
    """What the autopilot paints by itself: one of `prompts` in the first slot, another one every `bars` bars."""

    prompts: tuple[str, ...] = ()
    bars: float = 16.0


def wander_from(row: Any, where: str) -> Wander:
    """What a preset's [autopilot] table says. UserError as `scenes_from`."""
    if not isinstance(row, Mapping) or any(key not in ("prompts", "bars") for key in row):
        raise UserError(f"{where}: expected [autopilot] with prompts = [texts] and bars = a number, got {row!r}")
    prompts = row.get("prompts", [])
    good = isinstance(prompts, list) and len(prompts) <= MOST_PROMPTS
    if not good or not all(isinstance(text, str) and len(text) <= MOST_TEXT for text in prompts):
        raise UserError(f"{where}: [autopilot] prompts: expected a list of at most {MOST_PROMPTS} texts")
    return Wander(tuple(prompts), number_within(row.get("bars", 16.0), 1.0, 1024.0, f"{where}: [autopilot] bars"))


@dataclass(frozen=True, slots=True)
class Look:
    """Everything that a preset and one of its scenes say together: a whole picture of values. `key` names it; `free`
    are the numbers of the macros that it does not use."""

    key: tuple[str, str]
    drivers: Drivers
    texts: Texts
    free: frozenset[int] = frozenset()


def corner_weights(corners: Sequence[str], x: float, y: float) -> dict[str, float]:
    """How much of each scene there is at (x, y), 0..1: the four weights of a square, summing to 1.

    Missing corners are taken by the last scene there is; two scenes lie along x alone.
    """
    if len(corners) == 2:
        return {corners[0]: 1.0 - x, corners[1]: x}
    padded = [*corners, *[corners[-1]] * (CORNERS - len(corners))]
    weights: dict[str, float] = {}
    for name, weight in zip(padded, ((1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y), strict=True):
        weights[name] = weights.get(name, 0.0) + weight
    return weights
