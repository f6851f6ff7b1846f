"""What plays a live show besides its keys, and who is told what it plays."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .clock import WallClock
from .core.errors import UserError
from .core.params import Table
from .core.preset import Preset
from .inputs.abletonlink import LinkClock
from .inputs.dmx import DmxIn
from .inputs.midi import MidiInput, NoMidi
from .inputs.midiclock import ClockOut
from .inputs.midiout import MidiLights
from .inputs.midiports import find_system
from .inputs.osc import PORT, OscInput
from .inputs.oscnames import Book
from .inputs.oscout import OscOut
from .inputs.readback import Readback
from .inputs.web.server import WebRemote
from .options import LOGO, PlayOptions
from .remote import open_remote
from .show import Sink
from .taking import Takes
from .thumbnails import Thumbnailer

if TYPE_CHECKING:  # only shows with lights need it
    from .outputs.lights import Lights

log = logging.getLogger(__name__)

Control = OscInput | MidiInput | NoMidi | LinkClock | WebRemote | DmxIn


@dataclass(frozen=True, slots=True)
class Controls:
    """What was opened. told: sinks that hear what is played; viewers: those among them that like to see the stage;
    thumbnailer: the one that takes thumbnails for the remote; lights: lamps that show the picture, told too."""

    controls: Sequence[Control]
    told: Sequence[Sink]
    viewers: Sequence[WebRemote | Thumbnailer] = ()
    thumbnailer: Thumbnailer | None = None
    lights: Lights | None = None


def open_controls(
    options: PlayOptions,
    clock: WallClock,
    choice: Sequence[Preset],
    table: Table,
    takes: Takes,
    stack: ExitStack,
) -> Controls:
    """What plays the show besides the keys, and who is told what it plays; `stack` closes them. In any thread.

    UserError only for what was asked for by name.
    """
    readback = Readback([preset.name for preset in choice])
    controls: list[Control] = []
    if options.link:
        controls.append(stack.enter_context(closing(LinkClock(clock.now))))
    if options.osc and (osc := _osc(options, clock, readback, table)) is not None:
        controls.append(stack.enter_context(closing(osc)))
    midi = _midi(options, clock, readback, table) if options.midi != "-" or options.dmx else None
    controls.append(NoMidi(readback) if midi is None else stack.enter_context(closing(midi)))
    if options.dmx is not None and midi is not None:
        controls.append(stack.enter_context(closing(DmxIn(*options.dmx, midi.faders, clock.now))))
    sinks: list[Sink] = [readback, *_tellers(options, table, stack)]
    sinks += [control for control in controls if isinstance(control, LinkClock)]
    sinks += [_lights(control, options, table, stack) for control in controls if isinstance(control, MidiInput)]
    lights = None
    if options.lights is not None:
        from .lighting import open_lights

        lights = open_lights(options.lights, options.dmx, options.flash_limit)
        stack.callback(lights.close)
        sinks.append(lights)
    osc_port = next((control.port for control in controls if isinstance(control, OscInput)), None)
    learned = next((control.learned for control in controls if isinstance(control, MidiInput)), dict)
    thumbnailer = Thumbnailer(options.model, logo=LOGO in options.outside.files)
    remote = open_remote(options, clock.now, choice, table, osc_port, learned, takes.rows, thumbnailer.thumbnails)
    if remote is None:
        return Controls(controls, sinks, lights=lights)
    stack.callback(remote.close)
    thumbnailer.start()
    stack.callback(thumbnailer.close)
    viewers = remote, thumbnailer
    return Controls([*controls, remote], [*sinks, *viewers], viewers, thumbnailer, lights)


def _osc(options: PlayOptions, clock: WallClock, readback: Readback, table: Table) -> OscInput | None:
    host = "0.0.0.0" if options.listen else "127.0.0.1"
    try:
        port, names = options.osc_port or PORT, lambda: readback.presets
        return OscInput(clock.now, lambda: readback.told, host, port, names, Book(table), lambda: readback.frame)
    except UserError as error:
        if options.osc_port is not None or options.listen:
            raise
        log.warning("%s; the show goes on without OSC", error)
        return None


def _midi(options: PlayOptions, clock: WallClock, readback: Readback, table: Table) -> MidiInput | None:
    try:
        wanted, find = (None, lambda: None) if options.midi == "-" else (options.midi, find_system)
        return MidiInput(clock.now, readback, wanted, options.midi_map, find, table=table)
    except UserError as error:
        if options.midi is not None or options.midi_map is not None or options.dmx is not None:
            raise
        log.warning("%s; the show goes on without MIDI", error)
        return None


def _lights(midi: MidiInput, options: PlayOptions, table: Table, stack: ExitStack) -> MidiLights:
    """The lights of the controllers that `midi` hears."""
    lights = MidiLights(midi.desk, lambda: midi.ports.devices, table, options.midi)
    lights.start()
    stack.callback(lights.close)
    return lights


def _tellers(options: PlayOptions, table: Table, stack: ExitStack) -> list[Sink]:
    """Who is told what is played: OSC listeners and machines that follow our clock."""
    tellers: list[Sink] = []
    if options.midi_clock_out is not None:
        ticks = ClockOut(options.midi_clock_out)
        stack.callback(ticks.close)
        tellers.append(ticks)
    if not options.osc_out:
        return tellers
    if options.osc and any(target in _own(options) for target in options.osc_out):
        raise UserError("--osc-out names the port that this show listens on: it would turn its own knobs")
    out = OscOut(options.osc_out, table)
    stack.callback(out.close)
    return [*tellers, out]


def _own(options: PlayOptions) -> list[tuple[str, int]]:
    return [(host, options.osc_port or PORT) for host in ("127.0.0.1", "localhost", "0.0.0.0")]
