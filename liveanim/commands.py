"""What each command does. Every one takes the parsed options and returns an exit code."""

from __future__ import annotations

import json
import logging
import math
import sys
import textwrap
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from .arguments import Arguments, parse
from .core.errors import UserError, told_as
from .options import BUILTIN, LOGO, LatencyOptions, ListenOptions, Outside, PlayOptions, RenderOptions

log = logging.getLogger(__name__)
Options = TypeVar("Options")


def say(text: str = "") -> None:
    """A line on standard output."""
    sys.stdout.write(text + "\n")


def play(arguments: Arguments) -> int:
    from . import app, playfile, preparing
    from .lookfile import played
    from .outputs.logo import NONE

    if arguments.save_settings is not None:
        say(f"{playfile.save(arguments).line()}\nliveanim play --settings FILE plays with them, play.toml by itself.")
        return 0
    settings = playfile.in_effect(arguments)
    if settings.path is not None:
        say(f"Settings: {settings.line()}")
    arguments = playfile.settled(arguments, settings)
    arguments.logo = None if arguments.logo == NONE else arguments.logo
    options = played(options_of(PlayOptions, arguments, outside=_outside(arguments)), arguments.look)
    if arguments.prepare is not None:
        return int(preparing.prepare(options, arguments.prepare, say) > 0)
    return app.play(options)


def render(arguments: Arguments) -> int:
    from . import app
    from .lookfile import rendered
    from .outputs.video import recorded

    for path in filter(recorded, arguments.output):
        log.warning("%s is there already: this render replaces it", path)
    output, *extra = arguments.output
    options = options_of(RenderOptions, arguments, output=output, extra=tuple(extra), outside=_outside(arguments))
    return app.render(rendered(options, arguments.audio))


def options_of(kind: Callable[..., Options], arguments: Arguments, **more: Any) -> Options:
    """The options of that kind: each field is `more`'s, or the argument of its name (a list as a tuple)."""
    names = {field.name for field in fields(kind)} - more.keys()  # type: ignore[arg-type]
    given = {name: getattr(arguments, name) for name in names}
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}, **more)


def _outside(arguments: Arguments) -> Outside:
    named = {key: getattr(arguments, key) for key in ("video", "mask", "init", "match", LOGO)}
    return options_of(Outside, arguments, files={key: name for key, name in named.items() if name is not None})


def listen(arguments: Arguments) -> int:
    from . import hearing

    source, named = arguments.source, arguments.input
    if source is not None and named is not None:
        raise UserError("listen takes a FILE or --input, not both")
    if arguments.plot is not None and source is None:
        raise UserError("--plot draws a file: liveanim listen FILE --plot OUT.png")
    say(hearing.listen(options_of(ListenOptions, arguments)))
    return 0


def latency(arguments: Arguments) -> int:
    from .latency import latency

    options = LatencyOptions(arguments.input, arguments.inject, arguments.headless, arguments.screen, arguments.forget)
    latency(options, say)
    return 0


def bring(arguments: Arguments) -> int:
    from .importers import as_text
    from .library import beside_again, parse_preset, read_import

    if arguments.file.suffix.lower() == ".toml":
        raise UserError(f"{arguments.file}: a preset already: liveanim play --preset {arguments.file}")
    found, output = read_import(arguments.file), arguments.output
    parse_preset(found.toml, arguments.file.stem)
    if output is not None:
        if output.suffix.lower() != ".toml":
            raise UserError(f"{output}: a preset's name ends in .toml")
        write_text(output, beside_again(found.toml, arguments.file.parent, output.parent))
        if found.sound:
            log.warning("its soundtrack is not part of a preset: give it with --audio %s", found.sound)
    if arguments.report:
        say(as_text(found))
    elif output is None:
        say(found.toml.rstrip())
    else:
        for warning in found.warnings:
            log.warning("%s: %s", arguments.file, warning)
        say(f"{output}: {found.summary()} (--report lists them)")
    return 0


def travel(arguments: Arguments) -> int:
    from . import soundjourney

    prompts = soundjourney.prompts_in(arguments.prompts, arguments.fps)
    text = soundjourney.travel(arguments.audio, prompts, arguments.fps, arguments.part, arguments.reduce)
    if arguments.output is None:
        say(text.rstrip())
        return 0
    write_text(arguments.output, text)
    say(f"{arguments.output}: liveanim render {arguments.audio} --preset {arguments.output} -o OUT.mp4 paints it")
    return 0


def write_text(path: Path, text: str) -> None:
    """`text` as the file `path`; what is replaced is said. UserError where it cannot be written."""
    if path.is_file():
        log.warning("%s was there already: it is replaced", path)
    with told_as(f"{path}: cannot be written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def demo(arguments: Arguments) -> int:
    return _demo(arguments.into, arguments.seconds)


def _demo(folder: Path, seconds: float) -> int:
    from . import app

    folder.mkdir(parents=True, exist_ok=True)
    video, sheet = folder / "demo.mp4", folder / "demo.png"
    code = app.render(RenderOptions(source=BUILTIN, output=video, seconds=seconds, sheet=sheet))
    if code == 0:
        say(f"The built-in track was performed for {seconds:g} s: {video} (with sound), {sheet} (12 of its frames).")
    return code


def start(_arguments: Arguments) -> int:
    from . import probes

    found = probes.run_all(("screen", "sound"))
    lacks = []
    if not found["screen"].value("monitors"):
        lacks.append("screen")
    if not found["sound"].value("inputs"):
        lacks.append("sound input")
    if not lacks:
        return play(parse(["play"], ["play"]))
    say(f"No {' and no '.join(lacks)} here, so the built-in track is performed into a video (20 s).")
    return _demo(Path("out"), 20.0)


def presets(arguments: Arguments) -> int:
    from .setlist import in_order, open_set

    broken: list[tuple[str, str, Path]] = []
    numbered, others = in_order(
        open_set(arguments.set_list), lambda path, error: broken.append((path.stem, f"(broken: {error})", path))
    )
    rows = [(preset.name, preset.about, path) for path, preset in (*numbered, *others)] + broken
    numbers = [*range(1, len(numbered) + 1), *[None] * (len(rows) - len(numbered))]  # a show leaves the others out
    if arguments.json:
        keys = ("number", "name", "about", "file")
        table = [(number, name, about, str(path)) for number, (name, about, path) in zip(numbers, rows, strict=True)]
        say(json.dumps([dict(zip(keys, row, strict=True)) for row in table], indent=2))
        return 0
    wide = max((len(name) for name, _about, _path in rows), default=0)
    for number, (name, about, _path) in zip(numbers, rows, strict=True):
        say(f"{number or '-':>2}  {name:<{wide}}  {about}".rstrip())
    return 0


def shaders(arguments: Arguments) -> int:
    from .isf import library

    folders = [Path(), library.own_folder()]
    paths = [*(path for folder in folders for path in sorted(folder.glob("*.fs"))), *library.shipped()]
    rows = [_shader_row(path) for path in paths]
    if arguments.json:
        say(json.dumps(rows, indent=2))
        return 0
    wide = max((len(str(row["name"])) for row in rows), default=0)
    for row in rows:
        say(f"{row['name']:<{wide}}  {row['kind']:<10}  {row['about']}")
        for name, about in row["inputs"].items():
            say(f"{'':<{wide}}    {name}: {about}")
    return 0


def _shader_row(path: Path) -> dict[str, Any]:
    """What a shader says of itself. A broken one says so in its row and hides none of the others."""
    from .isf import library

    try:
        shader = library.read(path)
    except UserError as error:
        return {"name": path.stem, "kind": "broken", "about": str(error), "file": str(path), "inputs": {}}
    inputs = {row.name: f"{row.doc} ({row.low:g} .. {row.high:g}, {row.default:g})" for row in shader.rows}
    about = {"name": shader.name, "kind": shader.kind, "about": shader.header.about}
    return {**about, "file": str(path), "inputs": inputs}


def lights(arguments: Arguments) -> int:
    from . import lighting

    found = lighting.lights_of(arguments.file)
    for line in lighting.listed(found):
        say(line)
    if arguments.tried:
        lighting.identify(found)
    return 0


def devices(arguments: Arguments) -> int:
    from . import devicelist, probes

    found = probes.run_all(devicelist.looked_for())
    if arguments.json:
        rows = {name: dict(answer.facts) | {"problem": answer.problem} for name, answer in found.items()}
        say(json.dumps(rows, indent=2))
        return 0
    for title, lines in devicelist.device_lines(found):
        say(title)
        for text in lines or ["none"]:
            say(f"  {text}")
    say("\nliveanim doctor says how to mend what is missing.")
    return 0


def osc(arguments: Arguments) -> int:
    from .inputs import oscnames

    if arguments.touchosc is not None:
        if arguments.touchosc.suffix.lower() != ".tosc":
            raise UserError(f"{arguments.touchosc}: a layout's name ends in .tosc")
        return _touchosc(arguments.touchosc)
    say(oscnames.as_json() if arguments.json else oscnames.as_text())
    return 0


def learn(arguments: Arguments) -> int:
    from . import learn as learning

    learning.learn(arguments.words, arguments.web_port, arguments.midi, say)
    return 0


def _touchosc(path: Path) -> int:
    from .inputs.touchosc import layout
    from .setlist import in_order, open_set

    names = [preset.name for _, preset in in_order(open_set(None), lambda file, error: None)[0]]
    with told_as(f"{path}: cannot be written"):
        path.write_bytes(layout(presets=names))
    say(f"{path}: open it in TouchOSC, and set its first OSC connection to this machine, port 7000 (docs/controls.md)")
    return 0


def doctor(arguments: Arguments) -> int:
    from . import doctor as examination

    rows = examination.examine()
    say(examination.as_json(rows) if arguments.json else examination.table(rows, colour=sys.stdout.isatty()))
    return 1 if any(row.state == "missing" for row in rows) else 0


def words(arguments: Arguments) -> int:
    from .doctor import EMBER

    if arguments.prompt is not None:
        say(_read_by(EMBER, arguments.prompt))
        return 0
    path = EMBER / "vocabulary.json"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"the embedded model has no list of words here ({path}): install liveanim again") from None
    if arguments.json:
        say(text.rstrip())
        return 0
    known = json.loads(text)
    for title, group in known.items() if isinstance(known, dict) else {"words": known}.items():
        say(f"{title}:")
        say(textwrap.fill(", ".join(sorted(map(str, group))), 100, initial_indent="  ", subsequent_indent="  "))
    return 0


def _read_by(model: Path, prompt: str) -> str:
    """`prompt` as the model in that folder reads it, without weights and what it is led away from."""
    from .core.schedule import split_negative
    from .render.lexicon import lexicon_of

    lexicon, parts = lexicon_of(model), split_negative(prompt)[0].split("|")
    if lexicon is None:
        return prompt
    return " | ".join(text for part in parts for text, _ in lexicon.read([(part.strip(), 1.0)]))


def take(arguments: Arguments) -> int:
    from . import takecommands

    return takecommands.act(arguments)


def schedule(arguments: Arguments) -> int:
    from .core.expr import compile_expr
    from .core.schedule import values

    expression = compile_expr(arguments.text, compat=arguments.compat)
    for warning in expression.warnings:
        log.warning("%s", warning)
    rows = values(
        expression,
        arguments.frames,
        fps=arguments.fps,
        bpm=arguments.bpm,
        meter=arguments.meter,
        seed=arguments.seed,
        compat=arguments.compat,
    )
    if arguments.plot is not None:
        from .plot import draw_curve

        draw_curve(rows, arguments.plot, arguments.fps, arguments.text)
        say(f"{arguments.plot}: {arguments.frames} values")
    elif arguments.json:
        say(json.dumps([float(value) if math.isfinite(value) else None for value in rows]))
    else:
        for frame, value in enumerate(rows):
            say(f"{frame:>6}  {frame / arguments.fps:8.3f} s  {value:.6g}")
    return 0
