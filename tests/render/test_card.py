"""Everything that a card paints, painted as on the host: on one that is not there (tests.render.fakecard), and on a
real one where there is one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from liveanim.core.model import Image, Prompt, Shots
from liveanim.core.space import step_move
from liveanim.render import brush
from liveanim.render.load import Options, load

from .fakecard import KIND, Card, plugged_in
from .test_resident import SIZE, asking, before

__all__ = ["before"]
HERE, THERE = Options("cpu", "torch", threads=1, background=False), Options(KIND, background=False, keep=False)
REAL = pytest.param("cuda", marks=pytest.mark.gpu)
MOVE = {f"space.{name}": 0.0 for name in ("x", "y", "pitch", "yaw", "roll")} | {"space.z": 0.8}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What texts look like is painted in one step."""
    monkeypatch.setattr("liveanim.render.diffusion.LOOK_STEPS", 1)
    monkeypatch.setattr("liveanim.render.flux.LAYERS", (1, 2, 3))
    monkeypatch.setattr("liveanim.render.flux.TOKENS", 64)
    monkeypatch.setattr("liveanim.render.flux.HALF", torch.float32)  # in bfloat16 pictures are a level apart


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Iterator[Card]:
    monkeypatch.setattr("liveanim.render.resident.REHEARSALS", 1)  # it is slow
    with plugged_in(monkeypatch) as found:
        yield found


@pytest.fixture(params=[KIND, REAL])
def there(request: pytest.FixtureRequest) -> Options:
    """How to paint on a card."""
    if request.param == KIND:
        request.getfixturevalue("card")
    return replace(THERE, device=request.param)


def most(options: Options) -> float:
    """Levels that pictures of a card are apart from the host's on average: a real one's kernels are its own."""
    return 0.02 if options.device == KIND else 1.0


def apart(one: Image, other: Image) -> float:
    return float(np.abs(one.astype(int) - other).mean())


@pytest.mark.parametrize("model", ["epsilon_model", "xl_model", "flux_model"])
def test_a_graph_played_again_paints_what_the_host_paints(
    model: str, before: Image, request: pytest.FixtureRequest, there: Options
) -> None:
    folder = str(request.getfixturevalue(model))
    card, host = (load(folder, SIZE, options) for options in (there, HERE))
    for asked in (
        asking(1),
        asking(2, seed=9, denoise=0.6, prompts=(Prompt("sea"),), coherence=0.0),
        asking(
            3,
            steps=2,
            noise=0.0,
            contrast=1.0,
            motion=np.eye(3),
            guidance=3.0,
            negative="grey",
            prompts=(Prompt("(a:1.4) | b"),),
        ),
        asking(4, denoise=0.03),
        asking(5, fresh=True),
    ):
        painted, expected = card.render(asked, before), host.render(asked, before)
        assert apart(painted.image, expected.image) < most(there)
        assert ("keyframe" in painted.timings) == (not asked.fresh) and card.message == ""


def test_a_keyframe_waits_once_and_takes_its_picture_where_it_lies(
    epsilon_model: Path, before: Image, card: Card
) -> None:
    renderer, picture = load(str(epsilon_model), SIZE, THERE), before
    waits = []
    for index in range(1, 6):
        card.waited.clear()
        asked = asking(
            index, prompts=(Prompt("gold"), Prompt("sea", index / 9)), denoise=0.3 + 0.05 * index, seed=index
        )
        picture = renderer.render(asked, picture).image
        waits.append(list(card.waited))
    assert waits[2:] == [["synchronize"]] * 3
    renderer.render(asking(6, prompts=(Prompt("(c:1.3) d"),)), picture)
    assert not [name for name in card.waited if "scalar" in name]  # a text that is new asks for no number


CASES: dict[str, dict[str, Any]] = {
    "from noise": {"fresh": True},
    "flight": {"values": MOVE, "move": step_move(MOVE, 0.1)},
    "video": {"values": {"hybrid.composite": 1.0, "hybrid.motion": 1.0}},
    "video after": {"values": {"hybrid.composite": 3.0, "hybrid.mask": 1.0}},
    "mask in words": {"values": {"mask.source": 3.0}, "mask_words": "sea"},
    "colours": {"values": {"match.space": 1.0}},
    "redo": {"values": {"picture.redo": 2.0, "picture.redo_flow": 1.0}},
    "eddies": {"values": {"flow.amount": 0.3}, "since": 0.1},
    "control": {"values": {"control.weight1": 0.7, "control.filter1": 3.0}},
    "lora": {"values": {"lora.weight1": 0.6}},
    "against itself": {"values": {"picture.against": 1.0}, "guidance": 2.0},
}


def test_what_is_painted_step_by_step(
    epsilon_model: Path, lora: Path, control: Path, depth_model: Path, finder_model: Path, before: Image, there: Options
) -> None:
    more: dict[str, Any] = {
        "loras": (str(lora),), "controls": (str(control),), "depth": str(depth_model), "words": str(finder_model),
    }  # fmt: skip
    card, host = (load(str(epsilon_model), SIZE, replace(options, **more)) for options in (there, HERE))
    shots = Shots(video=before[:, ::-1], before=before[::-1], sample=before[::-1], init=before)
    pictures = set()
    for name, case in CASES.items():
        values = {"control.weight1": 0.0, "lora.weight1": 0.0, **case.get("values", {})}
        asked = asking(1, **{"shots": shots, "steps": 2, **case, "values": values})
        painted, expected = card.render(asked, before), host.render(asked, before)
        assert apart(painted.image, expected.image) < (25 if name == "colours" else 1) * most(there), name
        assert (painted.depth is None) == (expected.depth is None) == (name != "flight")
        pictures.add(painted.image.tobytes())
    assert len(pictures) == len(CASES) and card.message == ""


def test_a_card_with_too_little_memory_paints_smaller(epsilon_model: Path, before: Image, card: Card) -> None:
    renderer = load(str(epsilon_model), SIZE, THERE)
    card.largest = 80 * 64 * 16 * 2  # the autoencoder has 16 channels of half precision
    picture = renderer.render(asking(1), before)
    assert picture.image.shape == before.shape and "keyframe" in picture.timings
    assert renderer.message == "out of GPU memory: epsilon paints at 72x64 in 1 steps now"


@pytest.mark.parametrize("engine", ["torch", "compile"])
def test_what_prompts_look_like_is_kept_for_the_next_show(
    engine: str, epsilon_model: Path, before: Image, card: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liveanim.home.cache", lambda: tmp_path)
    monkeypatch.setattr("liveanim.render.compiled.installed", lambda package: True)
    monkeypatch.setattr("torch.compile", lambda work, **more: work)
    monkeypatch.setattr("torch.nn.Module.compile", lambda module, **more: None)
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "")
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR")
    pictures, sketches = [], []
    sketched = brush.sketched

    def counted(*rest: Any) -> brush.Own:
        sketches.append(rest)
        return sketched(*rest)

    monkeypatch.setattr(brush, "sketched", counted)
    for _ in range(2):
        sketches.clear()
        renderer = load(str(epsilon_model), SIZE, replace(THERE, engine=engine, keep=True, prompts=(Prompt("gold"),)))
        pictures.append(renderer.render(asking(1), before).image)
    assert sketches == [] and np.array_equal(pictures[0], pictures[1])
    (folder,) = (tmp_path / engine).iterdir()
    assert len(list((folder / "looks").iterdir())) == 1
    assert os.environ.get("TORCHINDUCTOR_CACHE_DIR") == (str(folder / "inductor") if engine == "compile" else None)
