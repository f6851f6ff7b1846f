"""The options of every command, and what their values must look like."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from . import __version__
from .argtypes import number, size, target, universe, whole
from .core.errors import UserError, near
from .core.params import METER, PARAMS
from .render.models import ENGINES

Arguments = argparse.Namespace

_ABOUT = "Play Stable Diffusion like an instrument: live sound in, diffused pictures out."
_EPILOG = """\
examples:
  liveanim play                                  listen to the default sound input
  liveanim play --audio set.flac --fullscreen    play to a file, on the whole screen
  liveanim play --input "USB Audio" --preset 2   a chosen input, the second preset
  liveanim render song.mp3 -o song.mp4           a video, as fast as it goes
  liveanim doctor                                what works here, and how to mend what does not

In the window: esc twice quits, F full screen, space freeze, B blackout, H figures, 1-9 presets, T tap the beat."""


class _Parser(argparse.ArgumentParser):
    """argparse, but a mistake is one line with the command to ask for help."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message} ({self.prog} --help shows how)")


def _many(group: argparse._ActionsContainer, *options: str, **more: Any) -> None:
    """An option that may be repeated: its values make a list."""
    more["help"] += "; may repeat"
    group.add_argument(*options, action="append", default=[], **more)


def _set(group: argparse._ActionsContainer) -> None:
    about = "set list: the presets by the keys and pads that play them; none: as they come (docs/presets.md)"
    group.add_argument("--set", dest="set_list", metavar="FILE", help=about)


def _look(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    group = parser.add_argument_group("the look")
    group.add_argument("-p", "--preset", metavar="NAME", help="preset by name, number or .toml file (liveanim presets)")
    group.add_argument("-m", "--model", metavar="NAME", help="ember, sd-turbo, a diffusers folder; paint: no model")
    group.add_argument("--engine", choices=ENGINES, default="auto", help="what runs the model (docs/gpu.md)")
    about = "NVIDIA: keyframes go to the stage on the card, not through the host (docs/gpu.md)"
    group.add_argument("--interop", action="store_true", help=about)
    group.add_argument(
        "--size", type=size("--size"), metavar="WxH", help="picture in pixels, multiples of 8 (1280x720)"
    )
    group.add_argument("--seed", type=whole(0, 2**32 - 1), metavar="N", help="same seed, same pictures")
    value = "number or expression of a parameter, whatever presets say: logo.x=0.9"
    _many(group, "--param", dest="params", metavar="NAME=VALUE", help=value)
    shader = "put a shader on top, ISF or Shadertoy: a name or a file (liveanim shaders)"
    _many(group, "--shader", dest="shaders", metavar="NAME", help=shader)
    group.add_argument(
        "--no-flash-limit",
        dest="flash_limit",
        action="store_false",
        help="let it flash more than 3 times a second (can cause seizures)",
    )
    outside = parser.add_argument_group("pictures from outside (docs/modes.md)")
    outside.add_argument(
        "--video", metavar="FILE", help="video, folder of pictures, camera (0), stream (URL) or ndi:NAME"
    )
    outside.add_argument("--mask", metavar="FILE", help="picture or video: white is painted, black kept")
    outside.add_argument("--init", metavar="FILE", help="picture to begin with")
    outside.add_argument("--match", metavar="FILE", help="picture whose colours are kept")
    outside.add_argument("--logo", metavar="FILE", help="picture over all the others; none: none (docs/outputs.md)")
    _many(outside, "--lora", dest="loras", metavar="FILE", help="LoRA for the model")
    _many(outside, "--control", dest="controls", metavar="DIR", help="ControlNet")
    outside.add_argument("--depth", metavar="NAME", help="depth model for 3D: depth-anything, midas, dpt or a folder")
    outside.add_argument("--words", metavar="NAME", help="model for masks in words: clipseg or a folder")
    return group


def _import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="Deforum settings (.txt, .json) or a Parseq document")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT.toml", help="the preset to write (else it is shown)")
    parser.add_argument("--report", action="store_true", help="say what became of every field")


def _travel(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("audio", type=Path, metavar="AUDIO", help="the music")
    parser.add_argument("prompts", type=Path, metavar="PROMPTS.txt", help="one prompt a line, or 'frame: prompt'")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT.toml", help="the preset to write (else it is shown)")
    parser.add_argument("--fps", type=number(1, 240, "frames/s"), default=12.0, metavar="F", help="steps a second (12)")
    parser.add_argument(
        "--part", choices=["both", "percussive", "harmonic"], default="both", help="what is listened to"
    )
    parser.add_argument("--reduce", choices=["max", "mean", "median"], default="max", help="over the bands (max)")


def _play(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "look", nargs="?", metavar="FILE", help="a preset, Deforum settings or a Parseq document; or music to play to"
    )
    sound = parser.add_argument_group("the sound (without: the default input)").add_mutually_exclusive_group()
    sound.add_argument("-a", "--audio", metavar="FILE", help="play to an audio file; 'builtin' is the built-in track")
    sound.add_argument("-i", "--input", metavar="DEVICE", help="sound input by part of its name, number, or 'loopback'")
    _set(_look(parser))
    itself = parser.add_argument_group("by itself")
    itself.add_argument("--autopilot", action="store_true", help="scenes and presets follow the music by themselves")
    itself.add_argument("--resume", action="store_true", help="go on where the last show broke off")
    _window(parser.add_argument_group("the window"))
    _hands(parser.add_argument_group("the hands"))
    out = parser.add_argument_group("other programs")
    _many(out, "--share", metavar="WAY", help="give the picture to other programs: ndi, spout, syphon or camera")
    stream = "stream picture and sound to rtmp://, srt://, udp:// or tcp://"
    _many(out, "--stream", dest="streams", metavar="URL", help=stream)
    about = "lamps and LEDs that show parts of the picture (docs/outputs.md)"
    out.add_argument("--lights", type=Path, metavar="FILE", help=about)
    keep = parser.add_argument_group("keeping it")
    record = "record the show: .mp4 .mov .mkv .gif .png (a series) .wav .flac"
    _many(keep, "-r", "--record", type=Path, metavar="OUT.mp4", help=record)
    _codec(keep)
    keep.add_argument("-t", "--take", type=Path, metavar="DIR", help="keep sound and controls, to render again")
    keep.add_argument("--seconds", type=number(0.05, 86400, "seconds"), metavar="S", help="end by itself after S s")
    venue = parser.add_argument_group("settings of a venue (docs/venue.md)")
    venue.add_argument("--settings", metavar="FILE", help="options that hold beside these; none: no file (play.toml)")
    save = "write these options, and those of the settings, into a file (play.toml), and play nothing"
    venue.add_argument("--save-settings", nargs="?", const="", metavar="FILE", help=save)
    about = "play nothing: compile, fetch and find out what these options and presets (all, or the first) need"
    venue.add_argument("--prepare", nargs="?", const="all", choices=["all", "first"], help=about)
    for action in list(parser._actions):
        if isinstance(action, argparse._StoreTrueAction | argparse._StoreFalseAction):
            name, other = opposite(action.option_strings[-1]), not action.const
            more: dict[str, Any] = {"dest": action.dest, "default": action.default, "help": argparse.SUPPRESS}
            parser.add_argument(name, action="store_const", const=other, **more)


def opposite(name: str) -> str:
    """'--hud' for '--no-hud', and the other way round."""
    return f"--{name[5:]}" if name.startswith("--no-") else f"--no-{name[2:]}"


def _window(group: argparse._ArgumentGroup) -> None:
    group.add_argument("-f", "--fullscreen", action="store_true", help="cover the whole monitor")
    group.add_argument("--monitor", type=whole(1, 99), metavar="N", help="which monitor (liveanim devices)")
    group.add_argument(
        "--performer", action="store_true", help="a second window with the figures; the first has only the picture"
    )
    about = "fill that monitor too, with the picture or a part of it (docs/outputs.md)"
    _many(group, "--also-on", type=whole(1, 99), metavar="N", help=about)
    group.add_argument("--no-hud", dest="hud", action="store_false", help="start without the figures (H shows them)")
    group.add_argument("--headless", action="store_true", help="no window: draw off screen")


def _hands(group: argparse._ArgumentGroup) -> None:
    port = whole(1, 65535)
    group.add_argument("--osc-port", type=port, metavar="N", help="listen for OSC there (7000 if it is free)")
    group.add_argument("--no-osc", dest="osc", action="store_false", help="do not listen for OSC")
    group.add_argument("--web-port", type=port, metavar="N", help="serve the web remote there (8008 if it is free)")
    group.add_argument("--no-web", dest="web", action="store_false", help="no web remote")
    group.add_argument(
        "--listen", action="store_true", help="let the network in: a phone with the link shown, OSC from anybody"
    )
    _many(group, "--osc-out", type=target, metavar="HOST:PORT", help="tell others by OSC")
    group.add_argument("--midi", metavar="NAME", help="only MIDI inputs with this in their name; '-' for none (all)")
    about = "hear a lighting desk: artnet:UNIVERSE or sacn:UNIVERSE (docs/controls.md)"
    group.add_argument("--dmx", type=universe, metavar="UNIVERSE", help=about)
    group.add_argument("--link", action="store_true", help="share tempo and bar by Ableton Link")
    group.add_argument("--midi-clock-out", metavar="NAME", help="send our beat as MIDI clock to that MIDI output")
    group.add_argument("--midi-map", type=Path, metavar="FILE", help="what knobs and pads do (.toml)")


def _codec(group: argparse._ArgumentGroup) -> None:
    codecs = ["h264", "hevc", "av1", "prores", "master", "ffv1"]
    group.add_argument("--codec", choices=codecs, metavar="NAME", help=f"of a film: {', '.join(codecs)} (h264)")
    group.add_argument(
        "--alpha", action="store_true", help="keep what stage.key makes transparent: prores, ffv1, .png, .gif, and NDI"
    )


def _render(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", metavar="SOURCE", help="audio, folder of a take, 'builtin', a preset or Deforum settings"
    )
    parser.add_argument("-a", "--audio", metavar="FILE", help="the sound, where SOURCE is a preset or settings")
    files = "what to write: .mp4 .mov .mkv .gif .png (a series) .wav .flac"
    _many(parser, "-o", "--output", type=Path, required=True, metavar="OUT.mp4", help=files)
    _look(parser)
    group = parser.add_argument_group("the video")
    _codec(group)
    group.add_argument("--fps", type=number(1, 240, "frames/s"), metavar="F", help="frames per second")
    group.add_argument("--seconds", type=number(0.05, 86400, "seconds"), metavar="S", help="only S seconds")
    group.add_argument("--from", dest="begin", type=number(0, 86400, "seconds"), metavar="S", help="begin at S seconds")
    group.add_argument("--to", dest="end", type=number(0, 86400, "seconds"), metavar="S", help="end at S seconds")
    group.add_argument(
        "--painted", type=size("--painted"), metavar="WxH", help="size of painted pictures (follows from the model)"
    )
    group.add_argument(
        "--pace",
        choices=["take", "free"],
        default="take",
        help="paint when the painter of the take did, or as often as the preset wants",
    )
    group.add_argument("--workers", type=whole(1, 256), metavar="N", help="render a take with N processes at once")
    group.add_argument("--ray", metavar="ADDRESS", help="render a take on that Ray cluster; 'local' starts one here")
    group.add_argument("--count", action="store_true", help=argparse.SUPPRESS)
    group.add_argument("--steps", type=whole(1, 8), metavar="N", help="diffusion steps of a keyframe")
    group.add_argument("--depth-maps", type=Path, metavar="DIR", help="keep the depth of every keyframe as a picture")
    group.add_argument("--sheet", type=Path, metavar="OUT.png", help="write a contact sheet of 12 frames too")
    group.add_argument("-q", "--quiet", action="store_true", help="no progress bar")


def _listen(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", nargs="?", metavar="FILE", help="audio file or 'builtin' (without: the input)")
    parser.add_argument(
        "-i", "--input", metavar="DEVICE", help="sound input by part of its name, number, or 'loopback'"
    )
    parser.add_argument("--plot", type=Path, metavar="OUT.png", help="draw what is heard in FILE, as fast as it goes")
    parser.add_argument("--seconds", type=number(0.05, 86400, "seconds"), metavar="S", help="end by itself after S s")
    _meter(parser)


def _meter(parser: argparse.ArgumentParser) -> None:
    row = PARAMS["play.meter"]
    beats = whole(round(row.low), round(row.high))
    parser.add_argument("--meter", type=beats, default=METER, metavar="N", help=f"beats of a bar ({METER})")


def _latency(parser: argparse.ArgumentParser) -> None:
    sound = parser.add_mutually_exclusive_group()
    sound.add_argument("-i", "--input", metavar="DEVICE", help="what hears the clicks: a name, number, or 'loopback'")
    sound.add_argument("--inject", action="store_true", help="no sound devices: clicks are fed in")
    parser.add_argument("--headless", action="store_true", help="no window: draw off screen")
    parser.add_argument(
        "--screen", type=number(0, 400, "ms"), default=0.0, metavar="MS", help="what the screen or projector adds (0)"
    )
    parser.add_argument("--forget", action="store_true", help="give up what was measured")


def _take(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions", required=True)

    def action(name: str, about: str) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".", allow_abbrev=False)
        made.add_argument("take", type=Path, metavar="TAKE", help="folder of the take")
        return made

    _json(action("info", "say what is in it"))
    trim = action("trim", "cut a part out into a new take")
    trim.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder of the new take")
    trim.add_argument("--from", dest="begin", type=number(0, 86400, "seconds"), metavar="S", help="begin at S seconds")
    trim.add_argument("--to", dest="end", type=number(0, 86400, "seconds"), metavar="S", help="end at S seconds")
    sound = action("export-audio", "write its sound to a file")
    sound.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.wav", help=".wav, .flac, .ogg or .mp3")
    events = action("events", "list what was played, to edit it as text")
    events.add_argument("-o", "--output", type=Path, metavar="OUT.jsonl", help="write them there instead")
    events.add_argument("--load", type=Path, metavar="IN.jsonl", help="play these from now on (the first are kept)")
    plot = action("plot", "draw how parameters and signals moved")
    plot.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.png", help="the picture")
    plot.add_argument(
        "--only", dest="names", nargs="+", default=[], metavar="NAME", help="like camera.zoom, kick (those that moved)"
    )


def _demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=number(0.05, 600, "seconds"), default=20.0, metavar="S", help="length (20)")
    parser.add_argument("--into", type=Path, default=Path("out"), metavar="DIR", help="folder to write to (out)")


def _schedule(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", metavar="EXPR", help="like '0:(1.0), 2s:(1.1+0.02*sin(2*pi*beat/4))'")
    parser.add_argument("--frames", type=whole(1, 100000), default=120, metavar="N", help="how many values (120)")
    parser.add_argument("--fps", type=number(1, 240, "frames/s"), default=30.0, metavar="F", help="frames/s (30)")
    parser.add_argument("--bpm", type=number(20, 400, "beats/min"), default=120.0, metavar="B", help="tempo (120)")
    _meter(parser)
    parser.add_argument("--seed", type=whole(0, 2**32 - 1), default=0, metavar="N", help="seed of noise (0)")
    parser.add_argument("--compat", choices=["deforum"], default="", help="read it as that family does, quirks and all")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="the values as a JSON list")
    shown.add_argument("--plot", type=Path, metavar="OUT.png", help="draw the values as a curve")


def _presets(parser: argparse.ArgumentParser) -> None:
    _set(parser)
    _json(parser)


def _json(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--json", action="store_true", help="the same as JSON, for programs")


def _osc(parser: argparse.ArgumentParser) -> None:
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--json", action="store_true", help="the same as JSON, for programs")
    kind.add_argument("--touchosc", type=Path, metavar="FILE.tosc", help="write a layout for TouchOSC instead")


def _learn(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words",
        nargs="*",
        metavar="TARGET",
        help="a parameter or do.ACTION, and how to play it: stage.hue range=0.2..0.8 curve=2, stage.hue forget, "
        "do.scene value=storm (docs/controls.md); nothing: list what has been learned",
    )
    parser.add_argument("--midi", metavar="NAME", help="only MIDI inputs with this in their name")
    parser.add_argument(
        "--web-port", type=whole(1, 65535), default=8008, metavar="N", help="of the show that is to learn it (8008)"
    )


def _words(parser: argparse.ArgumentParser) -> None:
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("prompt", nargs="?", metavar="PROMPT", help="say what of it is painted")
    _json(shown)


def _lights(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="lamps and LEDs, as play --lights takes them")
    about = "show each by itself in turn: red, green, blue, white (ctrl+C ends it)"
    parser.add_argument("--try", dest="tried", action="store_true", help=about)


def _nothing(_parser: argparse.ArgumentParser) -> None:
    pass


_TABLE: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "play": ("open the window and play live", _play),
    "render": ("make a video of an audio file or a take, offline", _render),
    "take": ("look into a take, cut it, edit what was played", _take),
    "start": ("play where there is a screen and a sound input, else perform the demo", _nothing),
    "demo": ("perform the built-in track into out/demo.mp4 and out/demo.png", _demo),
    "listen": ("show what is heard: meters, lamps, tempo, advice on the level", _listen),
    "latency": ("measure how late sound and picture are here; shows make up for it", _latency),
    "import": ("make a preset of Deforum settings or a Parseq document", _import),
    "travel": ("make a preset whose prompts follow a piece of music", _travel),
    "presets": ("list the presets", _presets),
    "shaders": ("list the ISF shaders and what each of their inputs does", _json),
    "words": ("list the words the embedded model knows, or say what it reads in a prompt", _words),
    "schedule": ("show the values an expression takes", _schedule),
    "osc": ("list the OSC addresses that play it", _osc),
    "learn": ("teach a MIDI knob or pad what to play, or list what has been learned", _learn),
    "lights": ("list the lamps and LEDs of a file, or show each in turn", _lights),
    "devices": ("list what is plugged in and who sends: sound, MIDI, screens, cameras, programs, desks, GPUs", _json),
    "doctor": ("say what works here, what is missing, and how to mend it", _json),
}


def _parser(commands: Iterable[str]) -> tuple[_Parser, dict[str, _Parser]]:
    style = argparse.RawDescriptionHelpFormatter
    parser = _Parser(prog="liveanim", description=_ABOUT, epilog=_EPILOG, formatter_class=style, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"liveanim {__version__}")
    sub = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", parser_class=_Parser)
    made = {}
    for name in commands:
        about, add = _TABLE[name]
        made[name] = sub.add_parser(
            name, help=about, description=about[0].upper() + about[1:] + ".", allow_abbrev=False
        )
        add(made[name])
    return parser, made


def play_options() -> dict[str, argparse.Action]:
    """The options of `play` by their long names."""
    options = _parser(["play"])[1]["play"]._option_string_actions
    return {name[2:]: action for name, action in options.items() if name.startswith("--")}


def said(argv: Sequence[str], command: str) -> dict[str, Any]:
    """What the words of one command line say, as texts: nothing of what they leave out."""
    parser, made = _parser([command])
    for action in made[command]._actions:
        action.type, action.default = None, argparse.SUPPRESS
    return vars(parser.parse_known_args(argv)[0])


def parse(argv: Sequence[str], commands: Iterable[str]) -> Arguments:
    """The options of one command line; `arguments.command` names the command, `arguments.argv` are what was typed.
    Exits by itself after --help.

    Raises UserError for anything that cannot be understood.
    """
    parser, made = _parser(commands)
    if not argv:
        parser.print_help()
        raise SystemExit(0)
    if not argv[0].startswith("-") and argv[0] not in made:
        raise UserError(f"unknown command {argv[0]!r}{near(argv[0], made)} (liveanim --help lists them)")
    arguments, extra = parser.parse_known_args(argv)
    if arguments.command is None:
        raise UserError(f"unknown option {argv[0]!r} (liveanim --help shows how)")
    if extra:
        _refuse(extra[0], arguments.command, made[arguments.command])
    arguments.argv = tuple(argv)
    return arguments


def _refuse(word: str, command: str, parser: argparse.ArgumentParser) -> NoReturn:
    known = re.findall(r"--[a-z-]+", parser.format_help())
    if word.startswith("-"):
        option = word.partition("=")[0]
        raise UserError(f"{command} has no option {option!r}{near(option, known)} (liveanim {command} --help)")
    raise UserError(f"{command} does not know what to do with {word!r} (liveanim {command} --help)")
