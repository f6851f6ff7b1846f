"""What plays: a preset with its live edits, its scenes and their transitions, the knobs, undo. Owned by the show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from . import macros
from .errors import UserError, near
from .expr import Env
from .history import History, State
from .loops import Gesture
from .mix import Key, Mix
from .model import Prompt
from .modulation import KEPT, Drivers, Panel, Share
from .modulators import Bank, standard
from .params import PARAMS, PROMPT_SLOTS, Table, spec
from .preset import Preset, read_driver
from .preset_data import as_before, with_driver, with_negative, with_text
from .scenes import Look, Scene, corner_weights
from .step import Texts
from .wording import Words

GRASP = 0.5  # s in which the picture comes over to a morph knob that was just touched
UNDO = 0.4  # s that going back to another scene or preset takes, or a preset that is read again
MORPHS: Mapping[str, Literal["ab", "xy"]] = {"play.morph": "ab", "play.x": "xy", "play.y": "xy"}
PROMPT_VALUES = ("prompt.fade", "prompt.position", *(f"prompt.weight{n}" for n in range(1, PROMPT_SLOTS + 1)))
"""What a look says of these counts for its own prompts, whatever else plays."""


class Performance:
    """Times are show seconds. Every method that takes a name raises UserError when it is unknown.

    overrides   parameters the command line sets, whatever presets and scenes say
    dissolve    seconds over which the next fresh picture is to fade in over the one on stage; None: no such wish.
                Whoever paints takes the wish and sets it to None
    again       how often a scene with a video of its own was chosen while it played already: the video begins anew
    """

    def __init__(self, start: Preset, overrides: Drivers | None = None, table: Table = PARAMS) -> None:
        self.panel = Panel(table=table)
        self.history = History()
        self.dissolve: float | None = None
        self.again = 0
        self.modulators: Mapping[str, float] = {}
        self._overrides, self._parameters = dict(overrides or {}), table
        self._values: Mapping[str, float] = {}
        self._stage, self._paint = Mix(), Mix()
        self._looks: dict[Key, Look] = {}
        self._banks: dict[str, Bank] = {}
        self._shared = Bank(standard())
        self._words: dict[Key, Words] = {}
        self._playing: list[tuple[Look, float]] = []
        self._takes = self._count = 0
        self._by: Literal["scene", "ab", "xy"] = "scene"
        self.take(start, 0.0, 0.0)

    # -- what plays

    @property
    def preset(self) -> Preset:
        """The preset that plays, with the live edits."""
        return self._preset

    @property
    def as_loaded(self) -> Preset | None:
        """The preset as it was chosen or read again; None while live edits make another of it."""
        return self._original if self._preset.written == self._original.written else None

    @property
    def scene(self) -> Scene | None:
        """The scene that plays, or the one that there is most of."""
        return self._scene_called(self._scene) if self._scene else None

    @property
    def texts(self) -> Texts:
        """The texts of the look that plays."""
        return self._looks[self._key(self._scene)].texts

    @property
    def seed(self) -> float:
        """The seed of the look, for expressions."""
        seed = self._looks[self._key(self._scene)].drivers.get("picture.seed")
        return seed if isinstance(seed, (int, float)) else spec("picture.seed").default

    def arriving(self, now: float) -> float:
        """0..1: how far the newest transition has come."""
        return min(self._stage.progress(now), self._paint.progress(now))

    def state(self) -> State:
        """How things stand, for undo and for keeping."""
        return State(self._preset, self._scene, self.panel.knobs(), self.panel.holders(), self.panel.loops())

    def as_preset(self) -> Preset:
        """The state as a preset that begins where it stands. A blackout or a freeze is not kept."""
        knobs = {name: value for name, value in self.panel.knobs().items() if not name.startswith("out.")}
        return replace(self._preset, start=self._scene, knobs=knobs)

    # -- presets, scenes, morphs

    def take(self, preset: Preset, now: float, seconds: float) -> None:
        """Play `preset`, its values gliding in over `seconds`; 0 cuts to it."""
        self._hand_over(None, seconds)
        self._preset = self._original = preset
        self._takes += 1
        self._scene = preset.start
        self._banks[self._generation] = Bank(preset.modulators)
        for scene in ("", *(scene.name for scene in preset.scenes)):
            self._looks[self._key(scene)] = self._look(scene)
        self._by = "scene"
        self._go({self._key(self._scene): 1.0}, now, seconds, seconds)
        for name, value in preset.knobs.items():
            self.panel.turn(name, value, "preset")
        for name, way in MORPHS.items():
            if name in preset.knobs or not isinstance(preset.drivers.get(name, 0.0), (int, float)):
                self._grasp(way, now)

    def reread(self, preset: Preset, now: float) -> None:
        """Play `preset`, an edited one of the same name, where the show stands: its scene and the knobs stay, but for
        those that the preset itself holds."""
        state = self.state()
        hands = {name: value for name, value in state.knobs.items() if state.holders.get(name) != "preset"}
        scene = state.scene if state.scene in [scene.name for scene in preset.scenes] else preset.start
        self.take(replace(preset, start=scene, knobs={}), now, UNDO)
        self._original = preset
        self._hold({**preset.knobs, **hands}, {**dict.fromkeys(preset.knobs, "preset"), **state.holders}, state.loops)

    def panic(self, now: float) -> None:
        """The preset as it was loaded, at once, without gestures that repeat and macros that are held over it."""
        self.end_loops()
        self.take(self._original, now, 0.0)
        for name in self.panel.knobs():
            if name.startswith("macro."):
                self.panel.turn(name, None)

    def go(self, which: float | str | None, now: float, bpm: float, seconds: float | None = None) -> None:
        """Play a scene by name or number from 1; 0 or None: the preset without one. By its own transition unless
        `seconds` says how long; 0 cuts."""
        self._enter(self._find(which), now, bpm, seconds)

    def advance(self, step: int, now: float, bpm: float) -> None:
        """Play the next scene (1) or the one before (-1), round the end; the next one is what the scene itself says."""
        scenes, scene = self._preset.scenes, self.scene
        if not scenes:
            raise UserError(f"preset {self._preset.name} has no scenes")
        if step > 0 and scene is not None and scene.next:
            self._enter(self._scene_called(scene.next), now, bpm, None)
            return
        index = scenes.index(scene) if scene is not None else (-1 if step > 0 else 0)
        self._enter(scenes[(index + step) % len(scenes)], now, bpm, None)

    def _enter(self, scene: Scene | None, now: float, bpm: float, seconds: float | None) -> None:
        way = scene or Scene("")
        length = way.length(bpm) if seconds is None else seconds
        key = self._key(way.name)
        self.again += way.name == self._scene and "video" in way.media
        self._hand_over(self._looks[key].drivers, length)
        self._scene, self._by = way.name, "scene"
        for name in MORPHS:
            self.panel.turn(name, None)
        fades = way.transition == "fade" and length > 0
        self._go({key: 1.0}, now, length, 0.0 if fades else length)
        if fades:
            self.dissolve = length

    def _go(self, goal: Mapping[Key, float], now: float, stage: float, paint: float) -> None:
        self._stage, self._paint = self._stage.to(goal, now, stage), self._paint.to(goal, now, paint)
        if stage <= 0:
            self.dissolve = 0.0 if self._values else None  # a show begins with a fresh picture anyway
            self._blend(now)
            self.panel.jump()

    def _hand_over(self, coming: Drivers | None, seconds: float) -> None:
        """Let go of the knobs whose parameters get another driver (all but `KEPT` when a preset comes): where they
        hold a value now, the looks that leave keep it on their way out."""
        held = {name for name in self.panel.held() if name.partition(".")[0] not in KEPT}
        if coming is not None:
            here = self._looks[self._key(self._scene)].drivers
            held = {name for name in held if here.get(name) is not coming.get(name)}
        knobs = self.panel.knobs()
        kept = {name: self._values.get(name, spec(name, self._parameters).default) for name in held if name in knobs}
        for name in held:
            self.panel.turn(name, None)
        if kept and seconds > 0:
            self._leave(kept)

    def _leave(self, kept: Mapping[str, float]) -> None:
        """From now on the looks that play are on their way out, with the values `kept`, under keys of their own."""
        self._count += 1
        leaving = {key: (key[0], f"{key[1]}\n{self._count}") for key in self._looks}
        for key, new in leaving.items():
            self._looks[new] = replace(self._looks[key], key=new, drivers={**self._looks[key].drivers, **kept})
            if key in self._words:
                self._words[new] = self._words.pop(key)
        self._stage, self._paint = self._stage.renamed(leaving), self._paint.renamed(leaving)

    def _grasp(self, way: Literal["ab", "xy"], now: float) -> None:
        """A morph knob was touched: the picture comes over to where the knob stands."""
        corners = self._preset.morph.ab if way == "ab" else self._preset.morph.xy
        if corners and self._by != way:
            self._by = way
            goal = self._morphed()
            self._stage, self._paint = self._stage.to(goal, now, GRASP), self._paint.to(goal, now, GRASP)

    def _morphed(self) -> dict[Key, float]:
        """The weights that the morph knobs ask for."""
        morph, values = self._preset.morph, self._values
        if self._by == "ab":
            weights = corner_weights(morph.ab, values.get("play.morph", 0.0), 0.0)
        else:
            weights = corner_weights(morph.xy, values.get("play.x", 0.0), values.get("play.y", 0.0))
        return {self._key(name): weight for name, weight in weights.items()}

    # -- edits

    def text(self, slot: int, text: str) -> None:
        """Replace the text of prompt slot `slot` (from 1), in the scene where it has prompts of its own."""
        scene = self.scene
        self._edited(with_text(self._preset, scene.name if scene and scene.prompts is not None else "", slot, text))

    def negative(self, text: str) -> None:
        """Replace the negative text, in the scene where it has one of its own."""
        scene = self.scene
        self._edited(with_negative(self._preset, scene.name if scene and scene.negative is not None else "", text))

    def drive(self, name: str, text: str | None) -> None:
        """Run the expression `text` from now on (None or '': what the preset has), in the scene where it names the
        parameter; the knob is released. UserError with the column for a bad one: the last good one goes on."""
        row, scene = spec(name, self._parameters), self.scene
        if row.group == "out":
            raise UserError(f"{name} takes no expression: it belongs to the show, not to a preset")
        where = scene.name if scene is not None and name in scene.drivers else ""
        if text and text.strip():
            names, clock = self._preset.names, self._preset.clock
            driver = read_driver(name, text, name, self._parameters, names, clock)
            self._edited(with_driver(self._preset, where, name, driver, text))
        else:
            self._edited(as_before(self._preset, self._original, where, name))
        self.panel.turn(row.name, None)

    def turned(self, name: str, now: float) -> None:
        """The knob of `name` was just touched: those that morph take hold of the picture."""
        if name in MORPHS:
            self._grasp(MORPHS[name], now)

    def loop(self, gestures: Mapping[str, Gesture], now: float) -> None:
        """Have `gestures` move the knobs of their parameters again and again, until these are turned or released."""
        self.panel.loop(gestures)
        for name in gestures:
            self.turned(name, now)

    def end_loops(self) -> None:
        """Release every knob that a gesture moves."""
        for name in self.panel.loops():
            self.panel.turn(name, None)

    def undo(self, now: float) -> None:
        """Take the newest edit back."""
        self._restore(self.history.undo(self.state()), now, "there is nothing to undo")

    def redo(self, now: float) -> None:
        """Do what was undone again."""
        self._restore(self.history.redo(self.state()), now, "there is nothing to redo")

    def _restore(self, state: State | None, now: float, none: str) -> None:
        if state is None:
            raise UserError(none)
        if state.preset.name != self._preset.name:
            self.take(replace(state.preset, start=state.scene, knobs={}), now, UNDO)
        elif state.scene != self._scene:
            self._edited(state.preset)
            self._scene, self._by = state.scene, "scene"
            self._go({self._key(state.scene): 1.0}, now, UNDO, UNDO)
        else:
            self._edited(state.preset)
        self._hold(state.knobs, state.holders, state.loops)

    def _hold(self, knobs: Mapping[str, float], holders: Mapping[str, str], loops: Mapping[str, Gesture]) -> None:
        """Have these knobs held, by these gestures some of them, and no others, but for a blackout or a freeze."""
        for name in {*self.panel.held(), *knobs}:
            if not name.startswith("out."):
                self.panel.turn(name, knobs.get(name), holders.get(name, ""))
        self.panel.loop(loops)

    def _edited(self, preset: Preset) -> None:
        self._preset = preset
        for key in [key for key in self._looks if key[0] == self._generation and "\n" not in key[1]]:
            fresh = self._look(key[1])
            if fresh.drivers != self._looks[key].drivers or fresh.texts != self._looks[key].texts:
                self._looks[key] = fresh

    # -- every frame

    def evaluate(self, env: dict[str, float], now: float) -> dict[str, float]:
        """Every parameter's value at `now`; `env` has the signals, the beat, t and dt."""
        self.panel.replay((now, env["beat"]))
        if self._by != "scene":
            goal = self._morphed()
            self._stage, self._paint = self._stage.follow(goal), self._paint.follow(goal)
            self._scene = max(goal, key=lambda key: goal[key])[1]
        self.panel.macros(env)
        self._blend(now, env)
        self._values = self.panel.evaluate(env)
        return dict(self._values)

    def _modulated(self, env: Mapping[str, float]) -> dict[str, dict[str, float]]:
        """The modulators' values in this frame, those that all share with them, by who has them."""
        own, common = {}, dict(env)
        shared = self._shared.advance(common)
        for name, bank in self._banks.items():
            values = dict(common)
            places = bank.advance(values)
            places |= {one: place for one, place in shared.items() if one not in places}
            own[name] = {one: values[one] for one in places}
            if name == self._generation:
                self.modulators = places
        return own

    def _blend(self, now: float, env: Mapping[str, float] | None = None) -> None:
        """Tell the panel which looks play, the one to come last; let go of those that do not."""
        stage, paint = self._stage.at(now), self._paint.at(now)
        here = self._key(self._scene)
        keys = [key for key in dict.fromkeys([*stage, *paint]) if key != here] + [here]
        generations = dict.fromkeys(key[0] for key in keys)
        self._banks = {name: bank for name, bank in self._banks.items() if name in generations}
        own: dict[str, dict[str, float]] = {name: {} for name in generations}
        if env is not None:
            own |= self._modulated(env)
        self._playing = [(self._looks[key], paint.get(key, 0.0)) for key in keys]
        self._looks = {
            k: v for k, v in self._looks.items() if (k[0] == self._generation and "\n" not in k[1]) or k in keys
        }
        looks = [(self._looks[key], key) for key in keys]
        self.panel.blend(
            [Share(one.drivers, stage.get(k, 0.0), paint.get(k, 0.0), own[k[0]], one.free) for one, k in looks]
        )

    def prompts(self, now: float, env: Env) -> tuple[Prompt, ...]:
        """The prompts of the frame that was last evaluated, with their weights: those of every look that is painted."""
        found: dict[str, float] = {}
        painted = [(number, look, weight) for number, (look, weight) in enumerate(self._playing) if weight > 0]
        self._words = {look.key: self._words.get(look.key) or Words() for _, look, _ in painted}
        for number, look, weight in painted:
            values = {**self._values, **{name: self.panel.said(name, number) for name in PROMPT_VALUES}}
            prompts = self._words[look.key].prompts(look.texts, now, values, env)
            total = sum(prompt.weight for prompt in prompts) if len(painted) > 1 else 1.0
            for prompt in prompts:
                found[prompt.text] = found.get(prompt.text, 0.0) + weight * prompt.weight / (total or 1.0)
        return tuple(Prompt(text, weight) for text, weight in found.items())

    def macros(self) -> tuple[str, ...]:
        """What each macro is called that the look to come leaves free; '' for its own."""
        free = self._looks[self._key(self._scene)].free
        return tuple(one.name if number in free else "" for number, one in enumerate(macros.MACROS, 1))

    def trouble(self) -> str:
        """One line about a prompt that cannot be read as it was meant; '' when all is well."""
        return next((line for words in self._words.values() if (line := words.trouble())), "")

    def negative_text(self) -> str:
        """The negative text of the look that is painted most."""
        return max(self._playing, key=lambda pair: pair[1])[0].texts.negative

    # -- names

    @property
    def _generation(self) -> str:
        return f"{self._preset.name}#{self._takes}"

    def _key(self, scene: str) -> Key:
        return self._generation, scene

    def _look(self, scene: str) -> Look:
        preset, row = self._preset, self._scene_called(scene) if scene else Scene("")
        drivers = {**preset.drivers, **row.drivers, **self._overrides}
        negative = preset.negative if row.negative is None else row.negative
        texts = Texts(preset.prompts, negative, preset.journey, preset.clock)
        if row.prompts is not None:
            texts = Texts(row.prompts, negative, None, preset.clock)
        inputs = [value for row in preset.modulators for value in row.inputs.values()]
        return Look(self._key(scene), drivers, texts, macros.free(drivers, inputs, texts.prompts))

    def _find(self, which: float | str | None) -> Scene | None:
        scenes = self._preset.scenes
        if which is None or which == 0:
            return None
        if isinstance(which, (int, float)) and 1 <= which < len(scenes) + 1:
            return scenes[int(which) - 1]
        return self._scene_called(str(which) if isinstance(which, str) else f"{which:g}")

    def _scene_called(self, name: str) -> Scene:
        for scene in self._preset.scenes:
            if scene.name == name:
                return scene
        names = [scene.name for scene in self._preset.scenes]
        has = f"{near(name, names)}" if names else f": preset {self._preset.name} has none"
        raise UserError(f"there is no scene {name!r}{has}")
