"""Trains the networks of the ears on tracks that it arranges itself, and writes liveanim/models/ears/ears.npz.

    python tools/train_ears.py --work DIR [--tracks 660] [--epochs 12] [--out FILE]

The sounds come from two MIT-licensed soundfonts and from our own synthesis (tools/ears/samples.py): it needs the Debian
packages `fluidsynth`, `fluid-soundfont-gm` and `musescore-general-soundfont`, and mido, soundfile, scipy and torch.
Tracks are kept in DIR, so that a second run goes on where the first one stopped. About an hour on two cores.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from liveanim.inputs.earnet import WEIGHTS
from tools.ears.arrange import CLASSES, Truth, make_track
from tools.ears.features import beat_inputs, beat_targets, hit_inputs, log_bands, targets
from tools.ears.samples import library

Array = NDArray[Any]

TRACKS_A_FILE = 20
SECONDS = 30.0
HIT_CHUNK, BEAT_CHUNK = 400, 688  # frames: 2.3 s at the hop rate, 8 s at half of it


class EarModel(nn.Module):
    """Two recurrent layers and a read-out of both: the torch twin of liveanim.inputs.earnet.Network."""

    def __init__(self, inputs: int, first: int, second: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.GRU(inputs, first, batch_first=True)
        self.second = nn.GRU(first, second, batch_first=True)
        self.out = nn.Linear(first + second, outputs)
        self.mean: torch.Tensor
        self.spread: torch.Tensor
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("spread", torch.ones(inputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, frames, inputs) -> (batch, frames, outputs) logits."""
        low, _ = self.first((x - self.mean) / self.spread)
        high, _ = self.second(low)
        return self.out(torch.cat([low, high], -1))

    def arrays(self, name: str) -> dict[str, NDArray[np.float32]]:
        """The weights under the names the analyser reads, the input's normalisation folded in."""
        state = {key: value.double().numpy() for key, value in self.state_dict().items()}
        out = {f"{name}.out": state["out.weight"], f"{name}.out_bias": state["out.bias"]}
        for layer in ("first", "second"):
            weight, bias = state[f"{layer}.weight_ih_l0"], state[f"{layer}.bias_ih_l0"]
            if layer == "first":
                weight = weight / state["spread"]
                bias = bias - weight @ state["mean"]
            out[f"{name}.{layer}.weight"], out[f"{name}.{layer}.bias"] = weight, bias
            out[f"{name}.{layer}.recurrent"] = state[f"{layer}.weight_hh_l0"]
            out[f"{name}.{layer}.recurrent_bias"] = state[f"{layer}.bias_hh_l0"]
        return {key: value.astype(np.float32) for key, value in out.items()}


@dataclass(slots=True)
class Chunks:
    """Training material: inputs (n, frames, i), wanted and weights (n, frames, o)."""

    inputs: NDArray[np.float16]
    wanted: NDArray[np.uint8]
    weights: NDArray[np.uint8]


def varied(rng: np.random.Generator, sound: NDArray[np.float32], truth: Truth) -> tuple[NDArray[np.float32], Truth]:
    """The track played 0.75 to 1.35 times as fast, so that no sound belongs to one tempo."""
    speed = float(np.exp(rng.uniform(np.log(0.75), np.log(1.35))))
    at = np.arange(0, len(sound) - 1, speed)
    faster = np.interp(at, np.arange(len(sound)), sound).astype(np.float32)
    for times in (truth.hits, truth.unsure):
        for name in CLASSES:
            times[name] = [time / speed for time in times[name]]
    truth.beats = [time / speed for time in truth.beats]
    return faster, truth


def arrange_tracks(work: Path, count: int) -> list[Path]:
    """`count` tracks as bands and targets, TRACKS_A_FILE to a file; files that exist are kept."""
    files = [work / f"tracks{first}.npz" for first in range(0, count, TRACKS_A_FILE)]
    missing = [file for file in files if not file.exists()]
    if not missing:
        return files
    print("rendering the one-shots")
    kits, voices = library()
    for n, file in enumerate(files):
        if file not in missing:
            continue
        rows: dict[str, list[Array]] = {"bands": [], "wanted": [], "weights": [], "beats": []}
        for seed in range(n * TRACKS_A_FILE, (n + 1) * TRACKS_A_FILE):
            rng = np.random.default_rng(seed)
            sound, truth = varied(rng, *make_track(rng, kits, voices, SECONDS))
            bands = log_bands(sound)
            wanted, weights = targets(truth, len(bands))
            found: list[Array] = [bands, wanted, weights, beat_targets(truth, len(bands) // 2)]
            for key, each in zip(rows, found, strict=True):
                rows[key].append(each)
        ends = np.cumsum([len(bands) for bands in rows["bands"]])
        joined = {key: np.concatenate(value) for key, value in rows.items()}
        bands16 = joined.pop("bands").astype(np.float16)
        np.savez(file, allow_pickle=False, bands=bands16, ends=ends, **joined)
        print(f"{file.name}: {len(ends)} tracks", flush=True)
    return files


def cut(array: Array, size: int) -> Array:
    """(frames, k) -> (n, size, k), the remainder dropped."""
    count = len(array) // size
    return array[: count * size].reshape(count, size, -1)


def load_chunks(files: list[Path], beats: bool) -> Chunks:
    """The chunks of every track, inputs as the analyser makes them."""
    parts: list[list[Array]] = [[], [], []]
    for file in files:
        with np.load(file) as stored:
            bands, ends = stored["bands"].astype(np.float32), stored["ends"]
            half = np.concatenate([[0], np.cumsum(np.diff(ends, prepend=0) // 2)])
            for i, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
                found: list[Array] = []
                if beats:
                    wanted = stored["beats"][half[i] : half[i + 1], None]
                    found += [beat_inputs(bands[start:end]), wanted, np.ones_like(wanted)]
                else:
                    found += [hit_inputs(bands[start:end]), stored["wanted"][start:end], stored["weights"][start:end]]
                for part, each in zip(parts, found, strict=True):
                    part.append(cut(each, BEAT_CHUNK if beats else HIT_CHUNK))
    joined = [np.concatenate(part) for part in parts]
    return Chunks(joined[0].astype(np.float16), joined[1], joined[2])


def train(model: EarModel, chunks: Chunks, epochs: int, seed: int, name: str, batch: int = 48) -> None:
    """Adam with one cycle of the learning rate; every twentieth chunk is kept aside and its loss printed."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    held = np.arange(0, len(chunks.inputs), 20)
    used = np.setdiff1d(np.arange(len(chunks.inputs)), held)
    sample = chunks.inputs[used[::10]].astype(np.float32).reshape(-1, chunks.inputs.shape[-1])
    model.mean[:] = torch.tensor(sample.mean(axis=0))
    model.spread[:] = torch.tensor(sample.std(axis=0) + 0.05)
    optimiser = torch.optim.Adam(model.parameters(), lr=4e-3)
    steps = epochs * (len(used) // batch) + 1
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=4e-3, total_steps=steps, pct_start=0.1)

    def loss(index: NDArray[np.integer]) -> torch.Tensor:  # summed over the classes
        logits = model(torch.from_numpy(chunks.inputs[index].astype(np.float32)))
        wanted, weights = (torch.from_numpy(part[index].astype(np.float32)) for part in (chunks.wanted, chunks.weights))
        weights[:, :20] = 0  # the network must first hear something
        each = nn.functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
        return ((each * weights).sum((0, 1)) / weights.sum((0, 1))).sum()

    for epoch in range(epochs):
        began, total = time.monotonic(), []
        order = rng.permutation(used)
        for start in range(0, len(order) - batch + 1, batch):
            value = loss(order[start : start + batch])
            optimiser.zero_grad()
            value.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total.append(float(value))
        with torch.no_grad():
            kept = float(loss(held))
        print(f"{name} {epoch}: {np.mean(total):.4f}, held {kept:.4f}, {time.monotonic() - began:.0f} s", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for the arranged tracks")
    parser.add_argument("--tracks", type=int, default=660)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    torch.set_num_threads(2)
    options.work.mkdir(parents=True, exist_ok=True)
    files = arrange_tracks(options.work, options.tracks)
    hits = EarModel(100, 64, 32, len(CLASSES))
    train(hits, load_chunks(files, beats=False), options.epochs, 0, "hits")
    weights = hits.arrays("hits")
    # The two beat networks hear different halves more often: their mean is steadier than either.
    for seed, (name, share) in enumerate(
        (("beats", files[: 2 * len(files) // 3]), ("beats2", files[len(files) // 3 :]))
    ):
        model = EarModel(75, 56, 32, 1)
        train(model, load_chunks(share, beats=True), options.epochs, seed + 1, name, 32)
        weights.update(model.arrays(name))
    np.savez(options.out, allow_pickle=False, **weights)
    print(f"wrote {options.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
