"""What a command was asked to do, as values: the command line makes them, `app` carries them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

BUILTIN = "builtin"
"""The name of the built-in track where an audio file is expected."""
LOGO = "logo"
"""What the file that lies over all pictures is for, among those from outside."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Pictures and networks from outside that a show is painted with.

    files   files by what they are for: video (also a camera), mask, init, match, control1 .. control5, LOGO
    depth   depth model by name or folder; None: depth is guessed
    loras   LoRA files; controls: folders of ControlNets
    words   model that finds what words name, for masks, by name or folder; None: such masks are off
    engine  what runs the model's networks (render.models.ENGINES)
    interop   whether the stage takes keyframes from the memory of the card that painted them
    """

    files: Mapping[str, str] = field(default_factory=dict)
    depth: str | None = None
    loras: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    words: str | None = None
    engine: str = "auto"
    interop: bool = False


@dataclass(frozen=True, slots=True)
class PlayOptions:
    """A live show. None means: as the preset or the machine suggests.

    audio       audio file to play to, or BUILTIN; None: listen to `input`
    input       name (or part of it) or number of a sound input; None: the default one
    preset      name of a preset, or path of a .toml file
    set_list    file that says which presets have numbers, in which order; None: the user's own; 'none': no such file
    size        (width, height) of the picture shown, multiples of 8; how large to paint follows from it and the model
    model       name of the models table, or path of a diffusers folder; 'paint' needs no model
    monitor     1-based, as `liveanim devices` numbers them
    performer   a second window has the figures, the first only the picture
    also_on     numbers of further screens that the picture, or a part of it, fills
    streams     where to stream to: rtmp://, srt://, udp:// or file addresses
    share       how the picture is shared with other programs: ndi, spout, syphon, camera
    record      files to write while playing: films, pictures, sound
    codec       how films are encoded; None: as their ending suggests; `alpha`: with their transparency
    take        folder to keep sound, control events and seeds in
    seconds     end by itself after this show time
    headless    no window: draw off screen
    osc         whether to listen for OSC at all; osc_port: None takes 7000 if it is free
    web         whether to serve the web remote at all; web_port: None takes 8008 if it is free
    listen      whether other machines on the network may send OSC, and use the remote with the token of its link
    osc_out     (host, port) of everybody who is told what is heard and what changes
    midi        part of the name of the MIDI input to use; None: every one; '-': none
    dmx         way and universe by which a lighting desk is heard: ('artnet', 0), ('sacn', 1)
    lights      .toml file of the lamps and LEDs that show parts of the picture
    link        whether to share tempo and bar with the Ableton Link programs of the network
    midi_clock_out   part of the name of a MIDI output that gets our beat as MIDI clock
    midi_map    .toml file that says what its knobs and pads do; None: the profile that fits
    flash_limit whether pictures that flash too often are held back
    shaders     ISF shaders put on top of the preset: names, or paths of .fs files
    params      parameters that are so whatever presets say: 'logo.x=0.9', a number or an expression
    resume      go on where the last show broke off
    autopilot   scenes and presets change by themselves
    outside     pictures and networks from outside
    """

    audio: str | None = None
    input: str | None = None
    preset: str | None = None
    set_list: str | None = None
    size: tuple[int, int] | None = None
    model: str | None = None
    fullscreen: bool = False
    monitor: int | None = None
    performer: bool = False
    also_on: tuple[int, ...] = ()
    streams: tuple[str, ...] = ()
    share: tuple[str, ...] = ()
    record: tuple[Path, ...] = ()
    codec: str | None = None
    alpha: bool = False
    take: Path | None = None
    seconds: float | None = None
    seed: int | None = None
    hud: bool = True
    headless: bool = False
    osc: bool = True
    osc_port: int | None = None
    web: bool = True
    web_port: int | None = None
    listen: bool = False
    osc_out: tuple[tuple[str, int], ...] = ()
    midi: str | None = None
    midi_map: Path | None = None
    dmx: tuple[str, int] | None = None
    lights: Path | None = None
    link: bool = False
    midi_clock_out: str | None = None
    flash_limit: bool = True
    shaders: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    resume: bool = False
    autopilot: bool = False
    outside: Outside = field(default_factory=Outside)


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """An offline show, as fast as it goes. None means: as the preset, the take or the source suggests.

    source      audio file, take folder, or BUILTIN
    output      file to write; under another name first, so never left half-written; `extra`: more of the same render
    codec       how films are encoded; None: as their ending suggests; `alpha`: with their transparency
    painted     (width, height) of painted pictures
    begin, end  show times (s) of the part to write
    pace        'take': painted when the take's painter did; 'free': as often as the preset wants
    count       say on standard output how many frames are done
    workers     render a take in pieces, so many at once; `ray` by the Ray at this address
    size        (width, height) of the picture shown, multiples of 8; how large to paint follows from it and the model
    seconds     length; None: the whole source
    depth_maps  folder to keep the keyframes' depth in
    sheet       contact sheet to write besides (PNG, 12 frames)
    quiet       no progress bar
    flash_limit whether pictures that flash too often are held back
    shaders     ISF shaders put on top of the preset: names, or paths of .fs files
    params      parameters that are so whatever presets say, as in PlayOptions
    outside     pictures and networks from outside
    """

    source: str
    output: Path
    preset: str | None = None
    size: tuple[int, int] | None = None
    fps: float | None = None
    seconds: float | None = None
    seed: int | None = None
    model: str | None = None
    steps: int | None = None
    sheet: Path | None = None
    depth_maps: Path | None = None
    quiet: bool = False
    flash_limit: bool = True
    shaders: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    outside: Outside = field(default_factory=Outside)
    extra: tuple[Path, ...] = ()
    codec: str | None = None
    alpha: bool = False
    painted: tuple[int, int] | None = None
    begin: float | None = None
    end: float | None = None
    pace: str = "take"
    count: bool = False
    workers: int | None = None
    ray: str | None = None


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """What to listen to, with meters in the terminal.

    source   audio file or BUILTIN; None: the sound input called `input` (None: the default one)
    plot     PNG to draw a file's features into instead, as fast as it goes
    seconds  end by itself after so long
    meter    beats of a bar
    """

    source: str | None
    input: str | None
    plot: Path | None
    seconds: float | None
    meter: int


@dataclass(frozen=True, slots=True)
class LatencyOptions:
    """How late sound and picture are.

    input     part of the name of the sound input that hears the clicks; None: the default one, if it does
    inject    no sound devices: clicks are fed in
    headless  no window: draw off screen
    screen    ms that the screen adds, as its maker or a slow-motion film says
    forget    give up what was measured
    """

    input: str | None = None
    inject: bool = False
    headless: bool = False
    screen: float = 0.0
    forget: bool = False
