"""Performs every shipped preset and each of its scenes to the built-in track and keeps a contact sheet of each preset
and a row of its scenes in docs/gallery, and the liveliest frame of each in presets/thumbnails.

    python tools/gallery_presets.py [NAME ...] [--into DIR] [--thumbnails DIR] [--seconds S] [--model NAME]
        [--only-scenes] [--no-painting]

Presets that want a video are shown one that is drawn here: a figure that dances to the beat. Worth running again when
the weights of ember or a preset have changed; docs/gallery.md shows sheets and rows, the README presets.jpg (a frame of
each sheet that is there), the web remote the thumbnails.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import tomlkit
from PIL import Image as Pillow

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from liveanim import app  # noqa: E402
from liveanim.core.model import Image  # noqa: E402
from liveanim.core.params import PARAMS  # noqa: E402
from liveanim.core.preset import Preset  # noqa: E402
from liveanim.core.preset_data import preset_data  # noqa: E402
from liveanim.inputs.track import BPM  # noqa: E402
from liveanim.library import read_preset, shipped  # noqa: E402
from liveanim.options import BUILTIN, Outside, RenderOptions  # noqa: E402
from liveanim.thumbnails import as_webp, best, liveliness, shipped_dir  # noqa: E402

SIZE, FPS, SECONDS = (640, 360), 12.0, 24.0
LONGER = {"prompt-travel": 48.0}  # s: once round its journey
OF_SCENES = 12.0  # s of all scenes of a preset in turn: up to the break
WIDTH, QUALITY = 1280, 82
CLIP, CLIP_FPS = (512, 288), 24
COLUMNS, ROWS, SHOWN = 4, 3, (1, 0)  # of a sheet; the column and row of the frame that stands for it
DANCE = 16  # beats
VIDEO = float(PARAMS["picture.mode"].choices.index("video"))


def main(argv: Sequence[str] | None = None) -> int:
    known = [path.stem for path in shipped()]
    about, _, rest = (__doc__ or "").partition("\n\n")
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=about, epilog=rest, formatter_class=style)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)} (all)")
    parser.add_argument("--into", type=Path, default=ROOT / "docs" / "gallery", metavar="DIR")
    parser.add_argument("--thumbnails", type=Path, default=shipped_dir(), metavar="DIR")
    parser.add_argument("--seconds", type=float, metavar="S", help=f"of each ({SECONDS:g})")
    parser.add_argument("--model", default="ember", metavar="NAME")
    parser.add_argument("--only-scenes", action="store_true", help="the sheets stay as they are")
    parser.add_argument("--no-painting", action="store_true", help="only what is made of the sheets that are there")
    asked = parser.parse_args(argv)
    if unknown := [name for name in asked.names if name not in known]:
        parser.error(f"there is no preset {unknown[0]!r}; known: {', '.join(known)}")
    rows = asked.into / "scenes"
    rows.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "dance.mp4"
        write_clip(clip)
        for name in () if asked.no_painting else asked.names or known:
            if not asked.only_scenes:
                seconds = asked.seconds or LONGER.get(name, SECONDS)
                sheet(name, seconds, asked.model, clip, asked.into / f"{name}.jpg")
            scenes(name, asked.seconds or OF_SCENES, asked.model, clip, rows / f"{name}.jpg")
            sys.stdout.write(f"{asked.into / name}.jpg\n")
            sys.stdout.flush()
    sheets, rowed = (
        [path for name in known if (path := folder / f"{name}.jpg").exists()] for folder in (asked.into, rows)
    )
    overview(sheets, asked.into / "presets.jpg")
    thumbnails(sheets, asked.thumbnails)
    scene_thumbnails(rowed, asked.thumbnails)
    return 0


def sheet(name: str, seconds: float, model: str, clip: Path, out: Path) -> None:
    """Twelve frames of the preset called `name`, performed for `seconds`."""
    performed(of_package(name), name, seconds, model, clip).save(out, quality=QUALITY, optimize=True)


def scenes(name: str, seconds: float, model: str, clip: Path, out: Path) -> None:
    """The liveliest frame of each scene of the preset called `name`, side by side, of a performance of all in turn for
    `seconds`; none: no row."""
    preset = of_package(name)
    count = len(preset.scenes)
    if not count:
        return
    data, turn = preset_data(preset), {"transition": "cut", "advance": "timer", "every": seconds / count}
    played = {"start": preset.scenes[0].name, **data, "scene": [{**row, **turn} for row in data["scene"]]}
    look = clip.with_name(f"{name}.toml")
    look.write_text(tomlkit.dumps(played), encoding="utf-8")
    frames = cells(performed(preset, str(look), seconds, model, clip))
    parts = [
        [frame for n, frame in enumerate(frames) if int((n + 0.5) * count / len(frames)) == k] for k in range(count)
    ]
    shown = [max(part, key=lambda frame: liveliness(bare(frame))) for part in parts]
    Pillow.fromarray(np.concatenate(shown, axis=1)).save(out, quality=QUALITY, optimize=True)


def of_package(name: str) -> Preset:
    return read_preset(next(path for path in shipped() if path.stem == name))


def performed(preset: Preset, called: str, seconds: float, model: str, clip: Path) -> Pillow.Image:
    """The contact sheet of `preset`, which is the name or the file `called`, performed for `seconds`."""
    drivers = preset.drivers
    shown = drivers.get("picture.mode") == VIDEO or any(driver.startswith("hybrid.") for driver in drivers)
    files = {"video": str(clip)} if shown else {}
    film, picture = clip.with_name(f"{preset.name}.mp4"), clip.with_name(f"{preset.name}.png")
    seed = None if "picture.seed" in drivers else 7
    asked = RenderOptions(BUILTIN, film, called, SIZE, FPS, seconds, seed=seed, model=model, sheet=picture, quiet=True)
    app.render(replace(asked, outside=Outside(files)))
    with Pillow.open(picture) as whole:
        size = WIDTH, round(whole.height * WIDTH / whole.width)
        return whole.convert("RGB").resize(size, Pillow.Resampling.LANCZOS)


def cells(sheet: Pillow.Image) -> list[Image]:
    """The frames of a sheet, with the margins around them."""
    rows = np.array_split(np.asarray(sheet.convert("RGB")), ROWS)
    return [frame for row in rows for frame in np.array_split(row, COLUMNS, axis=1)]


def bare(cell: Image) -> Image:
    """A frame of a sheet or a row without its margins."""
    rim = -(-WIDTH // 200)
    return cell[rim:-rim, rim:-rim]


def overview(sheets: Sequence[Path], out: Path) -> None:
    """A frame of each of the `sheets`, in full rows: what is left over is not shown."""
    columns = min(COLUMNS, len(sheets))
    full = sheets[: len(sheets) // columns * columns]
    with Pillow.open(sheets[0]) as first:
        width, height = first.width // COLUMNS, first.height // ROWS
    whole = Pillow.new("RGB", (width * columns, height * len(full) // columns))
    left, top = SHOWN[0] * width, SHOWN[1] * height
    for n, path in enumerate(full):
        with Pillow.open(path) as sheet:
            frame = sheet.crop((left, top, left + width, top + height))
        whole.paste(frame, (n % columns * width, n // columns * height))
    whole.save(out, quality=QUALITY, optimize=True)


def thumbnails(sheets: Sequence[Path], into: Path) -> None:
    """The liveliest frame of each of the `sheets`, without the margins, as the thumbnail of its preset."""
    into.mkdir(parents=True, exist_ok=True)
    for path in sheets:
        with Pillow.open(path) as whole:
            frames = [bare(cell) for cell in cells(whole)]
        (into / f"{path.stem}.webp").write_bytes(as_webp(best(frames)))


def scene_thumbnails(rows: Sequence[Path], into: Path) -> None:
    """Each frame of the `rows`, without the margins, as the thumbnail of its scene."""
    for path in rows:
        names = [scene.name for scene in of_package(path.stem).scenes]
        with Pillow.open(path) as whole:
            frames = np.array_split(np.asarray(whole.convert("RGB")), len(names), axis=1)
        (into / path.stem).mkdir(parents=True, exist_ok=True)
        for name, frame in zip(names, frames, strict=True):
            (into / path.stem / f"{name}.webp").write_bytes(as_webp(bare(frame)))


def write_clip(path: Path) -> None:
    """The dance as a video without sound, which begins again after DANCE beats."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=CLIP_FPS, options={"crf": "16"})
        stream.width, stream.height = CLIP
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, CLIP_FPS)
        for picture in dance():
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())


def dance() -> Iterator[Image]:
    for frame in range(round(DANCE * 60 / BPM * CLIP_FPS)):
        yield dancer(frame / CLIP_FPS * BPM / 60)


def dancer(beat: float) -> Image:
    """A lit figure before a dark ground at `beat`: it sways in two beats, bends its knees in one, lifts its arms in
    four."""
    width, height = CLIP
    up = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    picture = np.repeat(np.array([[[30, 16, 60]]], np.float32) * (1 - up) + np.array([[[8, 60, 90]]]) * up, width, 1)
    sway, bend = math.sin(math.pi * beat), 0.5 - 0.5 * math.cos(2 * math.pi * beat)
    lift = math.sin(math.pi * beat / 2)
    hip = np.array([width / 2 + 34 * sway, height * (0.56 + 0.05 * bend)])
    neck, head = (hip + np.array([14 * sway, -74]), hip + np.array([24 * sway, -104]))
    joints = [(neck, hip, 30), (head, head, 36)]
    for side in (-1, 1):
        knee = hip + np.array([side * (22 + 16 * bend), 48])
        foot = np.array([width / 2 + side * 40, height * 0.94])
        shoulder, elbow = neck + np.array([side * 12, 8]), neck + np.array([side * 44, 6 - 30 * lift * side])
        hand = elbow + np.array([side * (22 + 12 * bend), -44 * lift * side - 14 * bend])
        joints += [(hip, knee, 20), (knee, foot, 17), (shoulder, elbow, 17), (elbow, hand, 14)]
    for n, (a, b, thick) in enumerate(joints):
        colour = (255.0, 200.0 - 12 * n, 90.0 + 14 * n)
        start, end = (np.rint(point).astype(int).tolist() for point in (a, b))
        cv2.line(picture, start, end, colour, thick, cv2.LINE_AA)
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 2), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    raise SystemExit(main())
