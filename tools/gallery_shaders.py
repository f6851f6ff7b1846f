"""Draws docs/gallery/shaders.jpg: every shipped ISF shader over drawn pictures, before and on a beat.

python tools/gallery_shaders.py [OUT.jpg]
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from liveanim.core.model import FFT, WAVE, Blend, Chain, Image, Keyframe, Layer, frozen_image  # noqa: E402
from liveanim.isf import library  # noqa: E402
from liveanim.outputs.headless import Headless  # noqa: E402
from tools.ember.drawing import Spec, draw  # noqa: E402

SIZE, FPS, BPM = (512, 288), 25, 120.0
SHOWN = (22, 39)  # frames: late in a beat, and just after the next one
COLUMNS, MARGIN, GAP, TITLE = 3, 8, 3, 22
SCENES = (
    ("galaxy", "neon"),
    ("mandala", "jade"),
    ("flowers", "sunset"),
    ("tunnel", "ice"),
    ("city", "neon"),
    ("aurora", "forest"),
)


def pictures() -> list[Keyframe]:
    """Drawn pictures of several motifs and palettes; names that are not there give way to ones that are."""
    from tools.ember.drawing import MOTIFS, PALETTES

    motifs, palettes = list(MOTIFS), list(PALETTES)
    specs = [
        Spec(
            motif if motif in MOTIFS else motifs[7 * n % len(motifs)],
            palette if palette in PALETTES else palettes[5 * n % len(palettes)],
            "plain",
            "plain",
            40 + n,
        )
        for n, (motif, palette) in enumerate(SCENES)
    ]
    drawn = (draw(specs, 288, 512).permute(0, 2, 3, 1).numpy() * 255).round().astype(np.uint8)
    return [Keyframe(n, 0.0, frozen_image(np.ascontiguousarray(each))) for n, each in enumerate(drawn)]


def sound(time: float) -> dict[str, np.ndarray]:
    """The wave and the spectrum of a four-on-the-floor track at `time` (s)."""
    beat = time * BPM / 60
    kick, hat = math.exp(-6 * (beat % 1)), math.exp(-9 * ((2 * beat) % 1))
    bins, at = np.arange(FFT), np.arange(WAVE) / WAVE
    fft = 0.9 * kick * np.exp(-bins / 6) + 0.12 * np.exp(-(((bins - 20) / 14) ** 2)) + 0.08 * hat * np.exp(-bins / 160)
    wave = kick * np.sin(18.8 * at + 9 * time) + 0.25 * np.sin(107 * at + 31 * time)
    return {"wave": np.clip(wave, -1, 1).astype(np.float32), "fft": np.clip(fft, 0, 1).astype(np.float32)}


def play(path: Path, frames: list[Keyframe], first: int) -> list[Image]:
    """The frames SHOWN of a show with one shader."""
    kind = library.read(path).kind
    chain = Chain(
        generator=str(path) if kind == "generator" else "",
        filters=(str(path),) if kind == "filter" else (),
        transition=str(path) if kind == "transition" else "",
    )
    stage, shown = Headless(SIZE), []
    for n in range(max(SHOWN) + 1):
        time = n / FPS
        place = first + time / 1.7
        k, share = int(place), place % 1
        mix = share if kind == "transition" else max(0.0, 5 * share - 4)
        pair = (frames[k % len(frames)], 1 - mix, share), (frames[(k + 1) % len(frames)], mix, share - 1)
        layers = tuple(Layer(frame, weight, np.diag([1.08**far, 1.08**far, 1.0])) for frame, weight, far in pair)
        values = {"isf.glitch.hit": float((time * BPM / 60) % 1 < 0.1)}
        stage.write(Blend(time, layers, {}, values=values, chain=chain, **sound(time)), time)  # type: ignore[arg-type]
        if n in SHOWN:
            shown.append(stage.read())
    stage.close()
    return shown


def sheet(cells: Sequence[tuple[str, Sequence[Image]]], size: tuple[int, int], columns: int) -> Pillow.Image:
    """Titled rows of pictures, each drawn `size` (width, height) small; all cells have as many."""
    (wide, high), across = size, len(cells[0][1])
    step = across * (wide + GAP) + MARGIN
    rows = math.ceil(len(cells) / columns)
    page = Pillow.new("RGB", (columns * step - MARGIN, rows * (high + TITLE + MARGIN)), (16, 16, 20))
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(15)
    for n, (title, images) in enumerate(cells):
        x, y = n % columns * step, n // columns * (high + TITLE + MARGIN)
        pen.text((x + 4, y + 2), title, (225, 225, 230), font)
        for k, image in enumerate(images):
            small = Pillow.fromarray(image).resize(size, Pillow.Resampling.LANCZOS)
            page.paste(small, (x + k * (wide + GAP), y + TITLE))
    return page


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "gallery" / "shaders.jpg"
    frames = pictures()
    cells = [
        (f"{path.stem} ({library.read(path).kind})", play(path, frames, n)) for n, path in enumerate(library.shipped())
    ]
    sheet(cells, (320, 180), COLUMNS).save(out, quality=82, optimize=True)


if __name__ == "__main__":
    main()
