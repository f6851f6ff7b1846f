"""Draws docs/gallery/stage.jpg: what the stage does to a picture, effect by effect.

python tools/gallery_stage.py [OUT.jpg]
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Mapping as Table
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from liveanim.core.mapping import Mapping  # noqa: E402
from liveanim.core.model import Blend, Chain, Image, Keyframe, Layer, frozen_image  # noqa: E402
from liveanim.outputs.headless import Headless  # noqa: E402
from liveanim.outputs.mapper import Mapper, Screens  # noqa: E402
from liveanim.outputs.shaders import Program  # noqa: E402
from liveanim.outputs.targets import Target  # noqa: E402
from tools.gallery_shaders import pictures, sheet  # noqa: E402

SIZE, FPS = (512, 288), 25
LENGTH = 16  # frames that are played before the one that is shown
KEYFRAMES, EVERY = 14, 4  # pictures that flicker and tremble, and frames between two of them
EFFECTS: tuple[tuple[str, int, Table[str, float]], ...] = (
    ("as it is painted", 0, {}),
    ("mirror 3", 2, {"mirror": 3}),
    ("kaleidoscope 6", 0, {"kaleidoscope": 6}),
    ("split", 0, {"split": 0.6}),
    ("feedback (trails)", 0, {"feedback": 0.9}),
    ("bloom", 3, {"bloom": 1.0}),
    ("pixelate", 5, {"pixelate": 0.45}),
    ("hue, saturation", 1, {"hue": 0.45, "saturation": 1.4}),
    ("invert", 5, {"invert": 1.0}),
    ("vignette, grain", 3, {"vignette": 0.9, "grain": 0.6}),
)


def camera(time: float) -> np.ndarray:
    """Where the picture lies at `time` (s): it turns and comes nearer."""
    a, zoom = 0.5 * time, 1.0 + 0.25 * time
    c, s = zoom * math.cos(a), zoom * math.sin(a)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def effect(frame: Keyframe, values: Table[str, float], chain: Chain | None = None, whole: bool = False) -> Image:
    """The last frame of a short move with one effect; `whole`: with its transparency."""
    stage = Headless(SIZE)
    for n in range(LENGTH):
        time = n / FPS
        layers = (Layer(frame, 1.0, camera(time)),)
        stage.write(Blend(time, layers, {"vignette": 0.0, **values}, chain=chain or Chain()), time)
    with stage.compositor.framebuffer.ctx:
        image = stage.compositor.read_whole() if whole else stage.compositor.read()
    stage.close()
    return image


def graded(frame: Keyframe, folder: Path) -> Image:
    """Through a table that makes shadows teal and lights orange."""
    steps = np.linspace(0, 1, 17)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    light = (0.2126 * red + 0.7152 * green + 0.0722 * blue)[..., None]
    split = light * np.array([1.15, 0.92, 0.6]) + (1 - light) * np.array([0.0, 0.13, 0.2])
    table = np.clip(0.45 * np.stack([red, green, blue], -1) + 0.55 * split, 0, 1).reshape(-1, 3)
    cube = folder / "teal.cube"
    cube.write_text("LUT_3D_SIZE 17\n" + "\n".join("{:.5f} {:.5f} {:.5f}".format(*row) for row in table))
    return effect(frame, {}, Chain(lut=str(cube)))


def keyed(frame: Keyframe) -> Image:
    """What is dark made transparent, over squares."""
    image = effect(frame, {"key": 1.0, "key_level": 0.16, "key_soft": 0.12}, whole=True)
    rows, columns = np.indices(image.shape[:2]) // 18
    squares = np.where((rows + columns) % 2, 205, 150)[..., None]
    clear = 1 - image[..., 3:].astype(float) / 255
    return np.clip(image[..., :3] + clear * squares, 0, 255).astype(np.uint8)


def fitted(frame: Keyframe, mapping: Mapping, fitting: bool = False) -> Image:
    """The picture on the screen of a projector; `fitting`: while the keys move a corner."""
    stage, mapper = Headless(SIZE), Mapper(Screens())
    stage.write(Blend(0.0, (Layer(frame, 1.0, np.eye(3)),)), 0.0)
    mapper.mapping, mapper.active = mapping, fitting
    with (ctx := stage.compositor.framebuffer.ctx):
        target, program = Target(ctx, SIZE, "f1"), Program(ctx, ["mapped.frag.glsl"])
        target.fbo.use()
        mapper.draw(program, stage.compositor.texture, SIZE)
        image = np.frombuffer(target.fbo.read(components=3, alignment=1), np.uint8).reshape(SIZE[1], SIZE[0], 3)[::-1]
        target.release()
        program.release()
    stage.close()
    return image


def over_time(frame: Keyframe, values: Table[str, float]) -> Image:
    """The middle column of a show whose keyframes flicker and tremble, frame by frame from left to right."""
    rng, stage, columns = np.random.default_rng(3), Headless(SIZE), []
    shaken = []
    for n in range(KEYFRAMES):
        moved = np.roll(frame.image, tuple(rng.integers(-9, 10, 2)), axis=(0, 1))
        light = np.clip(moved * 2.0 ** rng.uniform(-0.7, 0.5), 0, 255).astype(np.uint8)
        shaken.append(Keyframe(n, 0.0, frozen_image(light)))
    for n in range((KEYFRAMES - 1) * EVERY):
        k, share = n // EVERY, n % EVERY / EVERY
        layers = tuple(Layer(shaken[k + m], weight, np.eye(3)) for m, weight in enumerate((1 - share, share)))
        stage.write(Blend(n / FPS, layers, values), n / FPS)
        columns.append(stage.read()[:, SIZE[0] // 2])
    stage.close()
    return np.repeat(np.stack(columns, axis=1), math.ceil(SIZE[0] / len(columns)), axis=1)[:, : SIZE[0]]


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "gallery" / "stage.jpg"
    frames = pictures()
    cells = [(title, [effect(frames[n], values)]) for title, n, values in EFFECTS]
    corners = ((0.06, 0.1), (0.93, 0.02), (0.99, 0.9), (0.02, 0.98))
    with tempfile.TemporaryDirectory() as folder:
        cells.append(("lut: a .cube table", [graded(frames[2], Path(folder))]))
    cells += [
        ('key "dark", over squares', [keyed(frames[1])]),
        ("K: the corners of a projector", [fitted(frames[3], Mapping(corners), fitting=True)]),
        ("a soft edge on the right", [fitted(frames[3], Mapping(corners, (0.0, 0.35, 0.0, 0.0)))]),
        ("a column over time: flicker, trembling", [over_time(frames[1], {})]),
        ("with deflicker and steady", [over_time(frames[1], {"deflicker": 1.0, "steady": 1.0})]),
    ]
    sheet(cells, (288, 162), 4).save(out, quality=78, optimize=True)


if __name__ == "__main__":
    main()
