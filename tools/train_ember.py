"""Trains ember from nothing, or goes on from where it was: `python tools/train_ember.py --minutes 120`.

Stages, each with its share of the minutes: the autoencoder (`vae`; on later runs its latents are kept, so that the UNet
stays valid), text encoder and UNet (`flow`), these for few guided steps (`few`, then `polish`), and the decoder once
more, for crisp edges (`crisp`). Another process draws the training pictures meanwhile. Then the networks are exported
as fp16 safetensors in diffusers' format, with the ranges that 8-bit convolutions need.
Checkpoints lie in the work folder; without it, training goes on from the exported weights alone.
"""

from __future__ import annotations

import argparse
import copy
import json
import logging
import multiprocessing
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from ember.album import SHEET, sheet_path
from ember.bank import Bank, fill, shard_path, wait_for
from ember.export import Ember, export, fits, fresh, load
from ember.loop import Stage
from ember.nets import Vae, count
from ember.ranges import write_ranges
from ember.readme import write_readme
from ember.sheets import gallery
from ember.stage_crisp import train_crisp
from ember.stage_few import train_few
from ember.stage_unet import train_unet
from ember.stage_vae import train_vae

logger = logging.getLogger("ember")
ROOT = Path(__file__).resolve().parents[1]
SHARES = {"vae": 0.15, "flow": 0.45, "few": 0.15, "polish": 0.10, "crisp": 0.15}
STAGES = {"flow": train_unet, "few": train_few, "polish": partial(train_few, name="polish")}
FIRST_SHEETS = 4


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, required=True, help="training time in all, without the export")
    parser.add_argument("--out", type=Path, default=ROOT / "liveanim" / "models" / "ember", help="where to export")
    parser.add_argument("--work", type=Path, default=ROOT / ".ember", help="checkpoints and drawn pictures")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--stages", default=",".join(SHARES), help="which stages, comma separated (default: all)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workers", type=int, default=0, help="training threads (default: all cores but one)")
    parser.add_argument("--pictures", type=int, default=8192, help="how many pictures are drawn")
    parser.add_argument("--batch", type=int, default=0, help="samples per worker and step (default: chosen for a CPU)")
    parser.add_argument(
        "--soft", type=Path, metavar="DIR", help="a model near whose soft decoder `crisp` stays (default: as it begins)"
    )
    parser.add_argument("--fresh", action="store_true", help="forget the exported weights, start from nothing")
    parser.add_argument(
        "--gallery", type=Path, help="also write contact sheets of all motifs at 1, 2 and 4 steps into this folder"
    )
    return parser.parse_args(words)


def begin(args: argparse.Namespace) -> tuple[Ember, bool]:
    """The networks to go on with, and whether they are new."""
    args.work.mkdir(parents=True, exist_ok=True)
    begun = (args.work / "vae.pt").exists()
    if fits(args.out) and not args.fresh and not begun:
        logger.info("going on from the weights in %s", args.out)
        return load(args.out), False
    return fresh(args.work, args.seed), not shard_path(args.work, 0).exists()


def take(ember: Ember, stage: Stage) -> None:
    """Puts a stage's averaged weights into the networks."""
    known = {"vae": ember.vae, "decoder": ember.vae.decoder, "unet": ember.unet, "text": ember.text}
    for name, target in known.items():
        if name in stage.ema:
            target.load_state_dict(stage.ema[name].module.state_dict())


@contextmanager
def drawing(args: argparse.Namespace, ready: Path, vae: Vae | None) -> Iterator[None]:
    """Draws (and with a `vae` encodes) training pictures in a process of its own; starts when `ready` is there."""
    spawn = multiprocessing.get_context("spawn")
    sheets = max(FIRST_SHEETS, args.pictures // SHEET)
    words = (args.work, sheets, args.seed, None if vae is None else vae.cpu(), args.device, os.getpid())
    process = spawn.Process(target=fill, args=words, daemon=True, name="ember-draw")
    process.start()
    try:
        wait_for(ready, process)
        yield
    finally:
        process.terminate()
        process.join()


def vae_stage(ember: Ember, args: argparse.Namespace, minutes: float, new: bool) -> list[Stage]:
    """The autoencoder: free on a first run, later with its latents kept."""
    if minutes == 0.0 and not any((args.work / f"{name}.pt").exists() for name in ("vae", "refit")):
        return []
    with drawing(args, sheet_path(args.work, FIRST_SHEETS - 1), None):
        stages = [train_vae(args.work, minutes if new else 0.0, args.device, args.seed, None, ember.vae, args.workers)]
        if stages[0].curve.steps:
            take(ember, stages[0])
        if not new:
            kept = copy.deepcopy(ember.vae)
            stages.append(train_vae(args.work, minutes, args.device, args.seed, kept, ember.vae, args.workers))
            if stages[1].curve.steps:
                take(ember, stages[1])
    ember.vae.eval()
    return [stage for stage in stages if stage.curve.steps]


def flow_stages(ember: Ember, args: argparse.Namespace, minutes: dict[str, float]) -> list[Stage]:
    """The stages of text encoder and UNet, each taking up where the one before it ended."""
    stages = []
    with drawing(args, shard_path(args.work, FIRST_SHEETS - 1), ember.vae):
        bank = Bank(args.work, args.device)
        bank.refresh()
        for name, train in STAGES.items():
            time = minutes.get(name, 0.0)
            if time == 0.0 and not (args.work / f"{name}.pt").exists():
                continue
            stage = train(ember, bank, args.work, time, args.batch, args.device, args.seed, args.workers)
            take(ember, stage)
            stages.append(stage)
    return stages


def crisp_stage(ember: Ember, args: argparse.Namespace, minutes: float) -> list[Stage]:
    """The decoder alone, for the pictures that the UNet now paints."""
    if minutes == 0.0 and not (args.work / "crisp.pt").exists():
        return []
    with drawing(args, sheet_path(args.work, FIRST_SHEETS - 1), None):
        soft = load(args.soft).vae if args.soft else None
        stage = train_crisp(ember, args.work, minutes, args.device, args.seed, args.workers, soft)
    take(ember, stage)
    return [stage]


def main() -> int:
    """Trains, exports, writes the README and says where everything is."""
    args = arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stdout)
    unknown = [name for name in args.stages.split(",") if name not in SHARES]
    if unknown:
        logger.error("unknown stage %s: choose from %s", ", ".join(unknown), ", ".join(SHARES))
        return 2
    args.workers = args.workers or (1 if args.device != "cpu" else max(1, (os.cpu_count() or 1) - 1))
    wanted = args.stages.split(",")
    minutes = {name: args.minutes * SHARES[name] / sum(SHARES[n] for n in wanted) for name in wanted}
    ember, new = begin(args)
    sizes = {"unet": count(ember.unet), "vae": count(ember.vae), "text": count(ember.text)}
    logger.info("parameters in millions: %s", json.dumps(sizes))
    stages = vae_stage(ember, args, minutes.get("vae", 0.0), new)
    if any(minutes.get(name, 0.0) for name in STAGES):
        stages += flow_stages(ember, args, minutes)
    stages += crisp_stage(ember, args, minutes.get("crisp", 0.0))
    for module in (ember.unet, ember.text, ember.vae):
        module.to("cpu", torch.float32).eval()
    export(ember, args.out)
    write_ranges(args.out)
    hardware = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {args.device}"
    write_readme(args.out, ember, stages, args.seed, hardware)
    if args.gallery:
        gallery(ember, args.gallery)
    logger.info("exported to %s", args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
