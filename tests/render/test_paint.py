import json
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from liveanim.core.model import Image, Prompt, RenderRequest, frozen_map
from liveanim.render import fields, palettes
from liveanim.render.paint import PaintRenderer

SIZE = (160, 96)


def request(index: int = 0, text: str = "neon tunnel", **changes: object) -> RenderRequest:
    values: dict[str, object] = {"size": SIZE, "prompts": (Prompt(text),), "seed": 5, **changes}
    return RenderRequest(index, index * 0.1, **values)  # type: ignore[arg-type]


def painted(asked: RenderRequest, previous: Image | None = None) -> Image:
    return PaintRenderer().render(asked, previous).image


def distance(a: Image, b: Image) -> float:
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


def test_the_same_request_and_previous_picture_give_the_same_bytes() -> None:
    first = painted(request(0))
    assert np.array_equal(painted(request(1), first), painted(request(1), first))


def test_a_picture_has_the_asked_size_is_read_only_and_is_not_dull() -> None:
    for name in fields.NAMES:
        picture = painted(request(3, f"{name} picture"))
        assert picture.shape == (96, 160, 3) and picture.dtype == np.uint8
        assert not picture.flags.writeable
        assert picture.std() > 20, name
        assert 15 < picture.mean() < 200, name


def test_denoise_nought_keeps_the_moved_picture_and_one_forgets_it() -> None:
    before = painted(request(0, "fire"))
    assert np.array_equal(painted(request(1, denoise=0.0), before), before)
    assert np.array_equal(painted(request(1, denoise=1.0), before), painted(request(1)))


def test_more_denoise_changes_more() -> None:
    before = painted(request(0, "fire flames"))
    changes = [distance(painted(request(9, denoise=d), before), before) for d in (0.1, 0.3, 0.5, 0.7, 0.9)]
    assert changes == sorted(changes)


def test_prompts_seeds_time_and_sound_all_show() -> None:
    plain = painted(request(4))
    loud = frozen_map({"kick": 1.0, "bass": 1.0})
    for other in (request(4, "ocean waves"), request(4, seed=6), request(9), request(4, signals=loud)):
        assert distance(plain, painted(other)) > 2


def test_two_prompts_blend_by_weight() -> None:
    a, b = Prompt("gold mandala", 1.0), Prompt("ice waves", 0.0)
    only = painted(request(2, prompts=(a,)))
    assert np.array_equal(painted(request(2, prompts=(a, b))), only)
    even = painted(request(2, prompts=(a, Prompt("ice waves", 1.0))))
    assert distance(even, only) > 5


@pytest.mark.parametrize(
    ("text", "palette"),
    [
        ("a NEON city", "neon"),
        ("ocean, waves", "ocean"),
        ("golden eye", "gold"),
        ("lightning over an ocean, silver", "mono"),
        ("ink splashes, inked, crimson, black and white", "blood"),
    ],
)
def test_palette_words_choose_the_palette(text: str, palette: str) -> None:
    assert palettes.palette_of(text) == palette


def test_every_colour_that_ember_knows_is_known_here() -> None:
    ember = Path(palettes.__file__).parents[1] / "models" / "ember" / "vocabulary.json"
    colours = json.loads(ember.read_text())["palettes"]
    assert [word for word in colours if palettes.palette_of(f"{word} ocean") == "ocean"] == ["turquoise"]


def test_unknown_words_always_give_the_same_look() -> None:
    assert palettes.palette_of("xyzzy") == palettes.palette_of("xyzzy") in palettes.NAMES
    assert fields.field_of("xyzzy") in fields.NAMES
    assert fields.field_of("") in fields.NAMES


def test_thirty_pictures_a_second_at_512_by_288() -> None:
    renderer = PaintRenderer()
    previous, spent = None, []
    for index in range(12):
        asked = request(index, "ocean waves", size=(512, 288), motion=np.diag([1.01, 1.01, 1.0]))
        started = time.thread_time()
        previous = renderer.render(asked, previous).image
        spent.append(time.thread_time() - started)
    assert sorted(spent)[len(spent) // 2] < 1 / 30


def test_a_fake_can_fail_where_told() -> None:
    renderer = PaintRenderer(fail_at=(2,))
    renderer.render(request(1), None)
    with pytest.raises(RuntimeError, match="keyframe 2"):
        renderer.render(request(2), None)


def test_a_previous_picture_of_another_size_is_fitted() -> None:
    small = painted(request(0, size=(64, 64)))
    assert painted(request(1), small).shape == (96, 160, 3)


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_it_plays_without_torch_whatever_is_asked_of_it(noise: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """It plays while torch is being imported: whoever imports it too waits as long."""
    monkeypatch.setitem(sys.modules, "torch", None)  # its import fails
    values = {"noise.amount": 0.05, "noise.type": noise, "flow.amount": 0.2, "picture.flow_fade": 1.0}
    ahead = np.eye(4)
    ahead[2, 3] = -0.2
    asked = request(1, values=frozen_map(values), move=ahead, since=0.1)
    assert distance(painted(asked, painted(request(0))), painted(request(1), painted(request(0)))) > 0.5
