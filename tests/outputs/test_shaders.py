"""The shaders: found, complete, and good GLSL 3.30 in every combination that the stage may ask for."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from liveanim.core.errors import UserError
from liveanim.data import data_dir
from liveanim.outputs.headless import Headless
from liveanim.outputs.shaders import Program, source

Make = Callable[[tuple[int, int]], Headless]
STAGE = ["scene.glsl", "finish.glsl", "stage.frag.glsl"]


def subsets(*names: str) -> list[tuple[str, ...]]:
    return [chosen for count in range(len(names) + 1) for chosen in itertools.combinations(names, count)]


@pytest.mark.parametrize("layers", range(5))
@pytest.mark.parametrize("way", ["DIRECT", "SCENE"])
def test_every_way_through_the_stage_compiles(stage: Make, layers: int, way: str) -> None:
    one = stage((8, 8))
    context = one.compositor.framebuffer.ctx
    with context:
        for options in subsets("FOLDED", "GRAIN", "TRAILS"):
            Program(context, STAGE, (f"LAYERS {layers}", way, *options)).release()


def test_every_finish_compiles(stage: Make) -> None:
    one = stage((8, 8))
    context = one.compositor.framebuffer.ctx
    with context:
        for options in subsets("SPLIT", "BLOOM", "GRAIN"):
            Program(context, STAGE, ("LAYERS 0", "FINISH", *options)).release()


@pytest.mark.parametrize("name", sorted(path.name for path in data_dir("shaders").glob("*.glsl")))
def test_a_shader_says_what_it_is_for_and_leaves_the_version_to_the_program(name: str) -> None:
    text = source(name)
    assert text.startswith("// ") and "#version" not in text
    assert not {"gl_FragColor", "texture2D", "varying", "attribute"} & set(text.replace("(", " ").split())


def test_a_missing_shader_is_one_line() -> None:
    with pytest.raises(UserError, match=r"cannot read the shader .*nothing\.glsl") as caught:
        source("nothing.glsl")
    assert "\n" not in str(caught.value)


def test_uniforms_that_the_compiler_dropped_may_be_set(stage: Make) -> None:
    one = stage((8, 8))
    context = one.compositor.framebuffer.ctx
    with context:
        program = Program(context, ["show.frag.glsl"])
        program.set(nothing=1.0, picture=0)
        program.release()
