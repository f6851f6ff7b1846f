"""ISF shaders on the stage: every kind of input and pass, seen in pixels."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pictures

from liveanim.core.model import FFT, WAVE, Blend, Chain, Image, Layer
from liveanim.isf import library
from liveanim.outputs.headless import Headless

from .pictures import flat, keyframe, smooth, still

Make = Callable[..., Headless]
SIZE = 64, 36
FILTER = '{"NAME": "inputImage", "TYPE": "image"}'


class Bench:
    """A stage, a folder of shaders, and what is drawn with them."""

    def __init__(self, stage: Headless, folder: Path) -> None:
        self.stage, self.folder, self.time = stage, folder, 0.0

    def shader(self, body: str, inputs: str = "", head: str = "", name: str = "a") -> str:
        path = self.folder / f"{name}.fs"
        text = f'/*{{"ISFVSN": "2", {head} "INPUTS": [{inputs}]}}*/\n{body}'
        path.write_text(text, encoding="utf-8")
        return str(path)

    def draw(self, chain: Chain, blend: Blend | None = None, **values: float) -> Image:
        self.time += 0.1
        blend = still(smooth(SIZE)) if blend is None else blend
        named = {f"isf.{name.replace('__', '.')}": value for name, value in values.items()}
        self.stage.write(replace(blend, time=self.time, chain=chain, values=named), self.time)
        return self.stage.read()

    def filtered(self, body: str, inputs: str = "", **values: float) -> np.ndarray:
        """The colour (R, G, B, 0..1) of a grey picture after a filter that makes one colour of it."""
        text = f"void main() {{ gl_FragColor = vec4({body}, 1.0); }}"
        path = self.shader(text, ", ".join(filter(None, [FILTER, inputs])))
        return self.draw(Chain(filters=(path,)), still(flat((128, 128, 128), SIZE)), **values)[18, 32] / 255


@pytest.fixture
def bench(stage: Make, tmp_path: Path) -> Bench:
    return Bench(stage(SIZE, live=True), tmp_path)


def near(colour: tuple[float, float, float]) -> object:
    return pytest.approx(np.array(colour), abs=0.006)


def test_a_filter_that_does_nothing_changes_nothing(bench: Bench) -> None:
    path = bench.shader("void main() { gl_FragColor = IMG_THIS_PIXEL(inputImage); }", FILTER)
    plain = bench.draw(Chain())
    assert np.abs(bench.draw(Chain(filters=(path,))).astype(int) - plain).max() <= 1
    assert np.abs(bench.draw(Chain(filters=(path, path))).astype(int) - plain).max() <= 1


def test_up_is_up(bench: Bench) -> None:
    picture = np.zeros((36, 64, 3), np.uint8)
    picture[:18] = 200
    body = "void main() { gl_FragColor = vec4(isf_FragNormCoord, IMG_THIS_PIXEL(inputImage).r, 1.0); }"
    shown = bench.draw(Chain(filters=(bench.shader(body, FILTER),)), still(picture))
    assert shown[1, 1, 1] > 240 and shown[34, 1, 1] < 15  # y runs up
    assert shown[1, 62, 0] > 240 and shown[1, 32, 2] > 190 and shown[34, 32, 2] < 10
    body = "void main() { gl_FragColor = vec4(gl_FragCoord.xy / RENDERSIZE, 0.0, 1.0); }"
    assert bench.draw(Chain(filters=(bench.shader(body, FILTER, name="b"),)))[1, 62].tolist()[:2] == pytest.approx(
        [249, 244], abs=2
    )


@pytest.mark.parametrize(
    ("inputs", "body", "values", "colour"),
    [
        ('{"NAME": "x", "TYPE": "float", "MAX": 2.0}', "vec3(x * 0.5)", {"a__x": 1.5}, (0.75,) * 3),
        ('{"NAME": "x", "TYPE": "float", "DEFAULT": 0.25}', "vec3(x)", {}, (0.25,) * 3),
        ('{"NAME": "x", "TYPE": "bool"}', "vec3(x ? 1.0 : 0.2)", {"a__x": 1.0}, (1.0,) * 3),
        ('{"NAME": "x", "TYPE": "long", "VALUES": [0, 5]}', "vec3(float(x) / 10.0)", {"a__x": 4.0}, (0.5,) * 3),
        ('{"NAME": "x", "TYPE": "point2D"}', "vec3(x, 0.0)", {"a__x_x": 0.25, "a__x_y": 1.0}, (0.25, 1.0, 0.0)),
        (
            '{"NAME": "x", "TYPE": "color"}',
            "x.rgb * x.a",
            {"a__x_red": 1.0, "a__x_green": 0.5, "a__x_blue": 0.0, "a__x_alpha": 0.5},
            (0.5, 0.25, 0.0),
        ),
        ('{"NAME": "other", "TYPE": "image"}', "IMG_NORM_PIXEL(other, vec2(0.5)).rgb", {}, (0.502,) * 3),
    ],
)
def test_inputs_reach_the_shader(
    bench: Bench, inputs: str, body: str, values: Mapping[str, float], colour: tuple[float, float, float]
) -> None:
    assert bench.filtered(body, inputs, **dict(values)) == near(colour)


def test_points_of_version_one_are_in_pixels(bench: Bench) -> None:
    path = Path(bench.shader("void main() { gl_FragColor = vec4(x / vec2(64.0, 36.0), 0.0, 1.0); }"))
    text = '/*{"INPUTS": [{"NAME": "inputImage", "TYPE": "image"}, {"NAME": "x", "TYPE": "point2D"}]}*/\n'
    path.write_text(text + path.read_text(encoding="utf-8").split("*/\n")[1], encoding="utf-8")
    shown = bench.draw(Chain(filters=(str(path),)), None, a__x_x=0.25, a__x_y=0.75)
    assert shown[18, 32] / 255 == near((0.25, 0.75, 0.0))


def test_an_event_is_true_for_one_frame(bench: Bench) -> None:
    path = bench.shader(
        "void main() { gl_FragColor = vec4(hit ? 1.0 : 0.0); }", f'{FILTER}, {{"NAME": "hit", "TYPE": "event"}}'
    )
    shown = [bench.draw(Chain(filters=(path,)), None, a__hit=value).max() for value in (0, 1, 1, 1, 0, 1)]
    assert shown == [0, 255, 0, 0, 0, 255]


def test_the_clock_of_a_shader(bench: Bench) -> None:
    body = "vec3(TIME, TIMEDELTA, float(FRAMEINDEX) / 10.0)"
    assert bench.filtered(body) == near((0.1, 0.0, 0.0))
    assert bench.filtered(body) == near((0.2, 0.1, 0.1))
    bench.time += 0.7  # the file has changed: it is read again
    assert bench.filtered("vec3(DATE.y / 10.0, DATE.z / 10.0, DATE.w)") == near((0.1, 0.1, 1.0))


@pytest.mark.parametrize(("columns", "place", "level"), [(0, 0.7, 0.9), (4, 0.6, 0.9), (1, 0.5, 0.9)])
def test_the_spectrum_is_a_picture(bench: Bench, columns: int, place: float, level: float) -> None:
    most = f', "MAX": {columns}' if columns else ""
    body = f"void main() {{ gl_FragColor = IMG_NORM_PIXEL(f, vec2({place}, 0.5)); }}"
    path = bench.shader(body, f'{FILTER}, {{"NAME": "f", "TYPE": "audioFFT"{most}}}')
    loud = replace(still(flat((0, 0, 0), SIZE)), fft=np.full(FFT, 0.81, np.float32))
    shown = bench.draw(Chain(filters=(path,)), loud)[18, 32] / 255
    assert shown == near((level,) * 3)
    assert bench.draw(Chain(filters=(path,)), still(flat((0, 0, 0), SIZE))).max() == 0


def test_the_wave_swings_about_the_middle_oldest_first(bench: Bench) -> None:
    body = "void main() { gl_FragColor = IMG_THIS_PIXEL(w); }"
    path = bench.shader(body, f'{FILTER}, {{"NAME": "w", "TYPE": "audio"}}')
    sound = np.linspace(-1, 1, WAVE, dtype=np.float32)
    shown = bench.draw(Chain(filters=(path,)), replace(still(flat((0, 0, 0), SIZE)), wave=sound))[18, :, 0] / 255
    assert shown == pytest.approx((np.arange(64) + 0.5) / 64, abs=0.01)
    quiet = bench.draw(Chain(filters=(path,)), still(flat((0, 0, 0), SIZE)))
    assert set(np.unique(quiet)) <= {127, 128}


def toy(bench: Bench, body: str, blend: Blend | None = None, **values: float) -> np.ndarray:
    """What is drawn, rows from below, by a shader in Shadertoy's manner that sets `c` at `p` (0..1)."""
    path = bench.folder / "toy.frag"
    path.write_text(
        f"void mainImage(out vec4 c, in vec2 f)\n{{\n    vec2 p = f / iResolution.xy;\n    {body}\n}}\n",
        encoding="utf-8",
    )
    return bench.draw(Chain(filters=(str(path),)), blend or still(smooth(SIZE)), **values)[::-1] / 255


def test_a_shader_of_shadertoys_is_drawn_from_below_and_knows_the_time(bench: Bench) -> None:
    drawn = toy(bench, "c = vec4(p, iTime, 0.0);")  # its alpha says nothing
    assert drawn[..., 0] == pytest.approx(np.tile((np.arange(64) + 0.5) / 64, (36, 1)), abs=0.004)
    assert drawn[:, 0, 1] == pytest.approx((np.arange(36) + 0.5) / 36, abs=0.004)
    assert drawn[..., 2] == pytest.approx(0.1, abs=0.004)
    bench.time += 0.7
    told = toy(bench, "c = vec4(iTimeDelta, float(iFrame) / 10.0, iResolution.x / iResolution.y / 4.0, 1.0);")
    assert told[0, 0] == near((0.8, 0.1, 16 / 36))


def test_the_channels_of_shadertoy(bench: Bench) -> None:
    sound = replace(
        still(smooth(SIZE)),
        fft=np.linspace(0, 1, FFT, dtype=np.float32) ** 2,
        wave=np.linspace(-1, 1, WAVE, dtype=np.float32),
    )
    heard = toy(
        bench, "c = vec4(texture(iChannel1, vec2(p.x, 0.25)).x, texture(iChannel1, vec2(p.x, 0.75)).x, 0, 1);", sound
    )
    along = (np.arange(64) + 0.5) / 64
    assert heard[9, :, 0] == pytest.approx(along / 2, abs=0.02) and heard[9, :, 1] == pytest.approx(along, abs=0.02)
    bench.time += 0.7
    seen = toy(bench, "c = texture(iChannel0, p) * vec4(1, 1, 0, 1);")
    assert seen[::-1][..., :2] == pytest.approx(smooth(SIZE)[..., :2] / 255, abs=0.01)
    bench.time += 0.7
    noise = toy(bench, "// iChannel2: noise\n    c = texelFetch(iChannel2, ivec2(f), 0);")
    assert noise.mean() == pytest.approx(0.5, abs=0.02) and noise.std() == pytest.approx(0.289, abs=0.02)
    bench.time += 0.7
    for expected in (0.25, 0.5, 0.75):
        grown = toy(bench, "// iChannel0: self\n    c = texture(iChannel0, p) + 0.25;")
        assert grown == pytest.approx(expected, abs=0.01)


def test_shadertoys_mouse_is_untouched_until_it_is_turned(bench: Bench) -> None:
    body = "c = iMouse.z > 0.0 ? vec4(iMouse.xy / iResolution.xy, 0, 1) : vec4(0, 0, 1, 1);"
    assert toy(bench, body)[0, 0] == near((0, 0, 1))
    assert toy(bench, body, toy__mouse_x=0.25, toy__mouse_y=0.75)[0, 0] == near((0.25, 0.75, 0))


@pytest.mark.parametrize("software", [True, False])
def test_a_persistent_buffer_remembers_and_a_float_buffer_goes_beyond_one(bench: Bench, software: bool) -> None:
    """Also where processors draw: with a program for each pass, after each of which they are waited for."""
    waits: list[str] = []
    context = bench.stage._ctx
    context.extra = replace(context.extra, software=software, finish=lambda: waits.append("waited"))
    head = '"PASSES": [{"TARGET": "sum", "PERSISTENT": true, "FLOAT": true, "WIDTH": "2", "HEIGHT": "2"}, {}],'
    body = """void main() {
        if (PASSINDEX == 0) gl_FragColor = IMG_THIS_PIXEL(sum) + 1.0;
        else gl_FragColor = vec4(IMG_NORM_PIXEL(sum, vec2(0.5)).r / 10.0, IMG_SIZE(sum) / 10.0, 1.0);
    }"""
    path = bench.shader(body, FILTER, head)
    shown = [bench.draw(Chain(filters=(path,)))[9, 9] / 255 for _ in range(4)]
    assert [float(colour[0]) for colour in shown] == pytest.approx([0.1, 0.2, 0.3, 0.4], abs=0.006)
    assert shown[0][1] == pytest.approx(0.2, abs=0.006)
    before, _ = len(waits), bench.draw(Chain())
    plain = len(waits) - before
    before, _ = len(waits), bench.draw(Chain(filters=(path,)))
    assert len(waits) - before - plain >= 2 * software


def test_sizes_of_buffers_follow_the_picture_and_the_inputs(bench: Bench) -> None:
    head = '"PASSES": [{"TARGET": "t", "WIDTH": "$WIDTH/$n", "HEIGHT": "max($HEIGHT/100, 3)"}, {}],'
    body = "void main() { gl_FragColor = PASSINDEX == 0 ? vec4(1.0) : vec4(IMG_SIZE(t) / 64.0, 0.0, 1.0); }"
    path = bench.shader(body, f'{FILTER}, {{"NAME": "n", "TYPE": "float", "DEFAULT": 2, "MIN": 1, "MAX": 8}}', head)
    for n in (2, 4, 1):
        shown = bench.draw(Chain(filters=(path,)), None, a__n=n)[3, 3] / 255
        assert shown == near((1 / n, 3 / 64, 0.0))


def test_a_picture_of_its_own_and_a_vertex_shader_of_its_own(bench: Bench) -> None:
    corner = np.zeros((4, 4, 3), np.uint8)
    corner[:2, :2] = (255, 128, 0)
    Pictures.fromarray(corner).save(bench.folder / "map.png")
    path = bench.shader(
        "varying vec2 half_way;\nvoid main() { gl_FragColor = texture2D(map, half_way + vec2(0.0, 0.5)); }",
        FILTER,
        '"IMPORTED": {"map": {"PATH": "map.png"}},',
    )
    vertex = "varying vec2 half_way;\nvoid main() { isf_vertShaderInit(); half_way = isf_FragNormCoord * 0.5; }"
    Path(path).with_suffix(".vs").write_text(vertex, encoding="utf-8")
    assert bench.draw(Chain(filters=(path,)))[18, 32] / 255 == near((1.0, 0.5, 0.0))
    Pictures.fromarray(corner[..., ::-1].copy()).save(bench.folder / "map.png")
    os.utime(bench.folder / "map.png", (1000, 1000))
    bench.time += 1.0  # a picture that has changed is read again, too
    assert bench.draw(Chain(filters=(path,)))[18, 32] / 255 == near((0.0, 0.5, 1.0))
    (bench.folder / "map.png").unlink()
    other = bench.shader("void main() {}", FILTER, '"IMPORTED": {"map": {"PATH": "map.png"}},', "b")
    bench.draw(Chain(filters=(other,)))
    assert "b.fs: IMPORTED picture map.png cannot be read" in bench.stage.compositor.problem()


@pytest.mark.parametrize(("mode", "expected"), [(0, 0.5), (1, 0.7), (2, 0.6), (3, 0.1), (4, 0.3)])
def test_a_generator_lies_over_the_picture(bench: Bench, mode: int, expected: float) -> None:
    path = bench.shader("void main() { gl_FragColor = vec4(0.5, 0.5, 0.5, 1.0); }")
    blend = still(flat((51, 51, 51), SIZE), generator_mode=mode, generator_mix=1.0)
    assert bench.draw(Chain(path), blend)[18, 32] / 255 == near((expected,) * 3)
    half = still(flat((51, 51, 51), SIZE), generator_mode=mode, generator_mix=0.5)
    assert bench.draw(Chain(path), half)[18, 32] / 255 == near((0.1 + expected / 2,) * 3)


def test_filters_come_after_the_generator_and_one_after_the_other(bench: Bench) -> None:
    plasma = bench.shader("void main() { gl_FragColor = vec4(0.5, 0.0, 0.0, 1.0); }", name="g")
    twice = bench.shader("void main() { gl_FragColor = IMG_THIS_PIXEL(inputImage) * 2.0; }", FILTER, name="f")
    less = bench.shader("void main() { gl_FragColor = IMG_THIS_PIXEL(inputImage) - 0.5; }", FILTER, name="h")
    blend = still(flat((0, 0, 0), SIZE), generator_mode=1)
    assert bench.draw(Chain(plasma, (less, twice)), blend)[18, 32, 0] == 0
    assert int(bench.draw(Chain(plasma, (twice, less)), blend)[18, 32, 0]) == pytest.approx(127, abs=2)


def test_a_transition_fades_between_the_keyframes_where_the_camera_sees_them(bench: Bench) -> None:
    body = """void main() {
        gl_FragColor = isf_FragNormCoord.x < progress ? IMG_THIS_PIXEL(endImage) : IMG_THIS_PIXEL(startImage);
    }"""
    rows = ['{"NAME": "startImage", "TYPE": "image"}', '{"NAME": "endImage", "TYPE": "image"}']
    wipe = bench.shader(body, ", ".join([*rows, '{"NAME": "progress", "TYPE": "float"}']))
    old = np.zeros((36, 64, 3), np.uint8)
    old[:18, :, 0] = 255
    up = np.array([[1.0, 0, 0], [0, 1.0, -0.25], [0, 0, 1.0]])
    layers = (Layer(keyframe(old), 0.75, up), Layer(keyframe(flat((0, 0, 255), SIZE), 1), 0.25, np.eye(3)))
    shown = bench.draw(Chain(transition=wipe), Blend(0.0, layers, {"vignette": 0.0}))
    assert shown[18, 8].tolist() == [0, 0, 255] and shown[3, 40].tolist() == [255, 0, 0]
    assert shown[14, 40].tolist() == [0, 0, 0]  # carried up by a quarter of the height
    single = bench.draw(Chain(transition=wipe), Blend(0.0, layers[1:], {"vignette": 0.0}))
    assert (single == (0, 0, 255)).all()
    mirrored = bench.draw(Chain(transition=wipe), Blend(0.0, layers, {"vignette": 0.0, "mirror": 1.0}))
    assert np.abs(mirrored.astype(int) - mirrored[:, ::-1]).max() <= 1


def test_effects_of_the_stage_go_with_shaders(bench: Bench) -> None:
    path = bench.shader("void main() { gl_FragColor = IMG_THIS_PIXEL(inputImage); }", FILTER)
    blend = still(smooth(SIZE), split=0.5, bloom=0.5, feedback=0.5, punch=0.2, hue=0.1)
    free = Headless(SIZE)
    for n in range(3):
        free.write(replace(blend, time=0.1 * (n + 1)), 0.1 * (n + 1))
        shown = bench.draw(Chain(filters=(path,)), blend)
        assert np.abs(shown.astype(int) - free.read()).max() <= 3
    free.close()


def test_a_broken_shader_is_left_out_and_its_file_and_line_are_said(bench: Bench) -> None:
    path = bench.shader("\nvoid main() {\n    gl_FragColor = vec4(undeclared);\n}", FILTER)
    plain = bench.draw(Chain())
    assert np.abs(bench.draw(Chain(filters=(path,))).astype(int) - plain).max() <= 1
    assert f"{path}: line 4: " in bench.stage.compositor.problem() and "undeclared" in bench.stage.compositor.problem()
    bench.draw(Chain())
    assert bench.stage.compositor.problem() == ""


def test_what_is_too_large_is_left_out_and_said(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    body = "void main() { gl_FragColor = vec4(1.0); }"
    plain, size = bench.draw(Chain()), '"WIDTH": "$WIDTH * 200", "HEIGHT": "8192"'
    path = bench.shader(body, FILTER, f'"PASSES": [{{"TARGET": "t", "FLOAT": true, {size}}}, {{}}],')
    for _ in range(2):
        assert np.abs(bench.draw(Chain(filters=(path,))).astype(int) - plain).max() <= 1
        assert "a.fs: its buffers would take 2.1 GB" in bench.stage.compositor.problem()
    Pictures.fromarray(np.zeros((8, 8, 3), np.uint8)).save(bench.folder / "map.png")
    monkeypatch.setattr(Pictures, "MAX_IMAGE_PIXELS", 10)
    path = bench.shader(body, FILTER, '"IMPORTED": {"map": {"PATH": "map.png"}},', "b")
    bench.draw(Chain(filters=(path,)))
    assert "b.fs: IMPORTED picture map.png cannot be read" in bench.stage.compositor.problem()


def rewrite(path: str, old: str, new: str, stamp: int) -> None:
    file = Path(path)
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    os.utime(file, (stamp, stamp))


def test_a_file_that_changes_is_read_again_and_a_broken_edit_keeps_the_last_good_one(bench: Bench) -> None:
    path = bench.shader("void main() { gl_FragColor = vec4(1.0, 0.0, 0.0, 1.0); }", FILTER)
    chain = Chain(filters=(path,))

    def after_a_while() -> list[int]:
        bench.time += 1.0
        colour: list[int] = bench.draw(chain)[18, 32].tolist()
        return colour

    assert after_a_while() == [255, 0, 0]
    rewrite(path, "vec4(1.0, 0.0", "vec4(0.0, 1.0", 1000)
    assert after_a_while() == [0, 255, 0]
    rewrite(path, "vec4(", "vec5(", 2000)
    assert after_a_while() == [0, 255, 0] and "a.fs: line 2: " in bench.stage.compositor.problem()
    rewrite(path, "vec5(0.0, 1.0, 0.0", "vec4(0.0, 0.0, 1.0", 3000)
    assert after_a_while() == [0, 0, 255] and bench.stage.compositor.problem() == ""
    Path(path).unlink()
    assert after_a_while() == [0, 0, 255] and "a.fs: cannot be read" in bench.stage.compositor.problem()


def test_names_that_became_words_still_compile(bench: Bench) -> None:
    body = "void main() { vec4 sample = vec4(0.5); float common = 1.0; gl_FragColor = sample * common * smooth; }"
    path = bench.shader(body, f'{FILTER}, {{"NAME": "smooth", "TYPE": "float"}}')
    assert bench.draw(Chain(filters=(path,)), None, a__smooth=0.6)[18, 32] / 255 == near((0.3,) * 3)


@pytest.mark.parametrize("path", library.shipped(), ids=lambda path: path.stem)
def test_every_shipped_shader_draws_something_that_moves_with_the_sound(bench: Bench, path: Path) -> None:
    shader = library.read(path)
    chain = Chain(**{"generator": str(path)} if shader.kind == "generator" else {})  # type: ignore[arg-type]
    if shader.kind != "generator":
        chain = Chain(filters=(str(path),)) if shader.kind == "filter" else Chain(transition=str(path))
    layers = tuple(Layer(keyframe(smooth(SIZE, n), n), 0.5, np.eye(3)) for n in range(2))
    plain = bench.draw(Chain(), Blend(0.0, layers, {"vignette": 0.0}))
    pictures = {}
    for level in (0.0, 0.7):
        sound = {"wave": np.sin(np.arange(WAVE) / 9).astype(np.float32) * level, "fft": np.full(FFT, level, np.float32)}
        one = Bench(Headless(SIZE, flash_limit=False), bench.folder)
        for _ in range(3):
            pictures[level] = one.draw(chain, replace(Blend(0.0, layers, {"vignette": 0.0}), **sound))  # type: ignore[arg-type]
        assert one.stage.compositor.problem() == ""
        one.stage.close()
        assert np.abs(pictures[level].astype(int) - plain).mean() > 1.0 or level == 0.0
        assert pictures[level].std() > 5
    hears = any(each.kind in ("audio", "audioFFT") for each in shader.header.inputs)
    assert (np.abs(pictures[0.0].astype(int) - pictures[0.7]).mean() > 0.5) == hears
