"""What lamps and LEDs show of a picture: the file's words, the light of their parts, their channels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveanim.core.errors import UserError
from liveanim.core.lights import Address, Light, Mood, colours, read_lights, spread, tinted, universes
from liveanim.core.model import Image

HERE = Address("artnet", 0)


def light(**more: object) -> Light:
    return Light("a", HERE, **more)  # type: ignore[arg-type]


AS_IT_IS = Mood()


def levels(one: Light, image: Image, mood: Mood = AS_IT_IS) -> list[int]:
    return list(universes([one], tinted(colours([one], image), mood))[HERE])


def flat(*colour: int) -> Image:
    return np.full((9, 16, 3), colour, np.uint8)


def test_a_lamp_has_the_mean_light_of_its_part() -> None:
    image = flat(0, 0, 0)
    image[:, :8] = 255, 0, 0
    image[:, 8:] = 0, 0, 255
    assert levels(light(area=(0, 0, 0.5, 1)), image) == [255, 0, 0]
    assert levels(light(area=(0.5, 0, 1, 1)), image) == [0, 0, 255]
    assert levels(light(area=(0.25, 0.2, 0.625, 0.4)), image) == [170, 0, 85]  # two thirds, parts of pixels too
    assert levels(light(), image) == [128, 0, 128]


def test_channels_are_light_and_display_values_where_the_lamp_corrects_them() -> None:
    assert levels(light(), flat(255, 128, 0)) == [255, round(255 * (128 / 255) ** 2.2), 0]
    assert levels(light(linear=False), flat(255, 128, 3)) == [255, 128, 3]


def test_letters_say_what_channels_are() -> None:
    colour = flat(255, 128, 64)
    r, g, b = (255 * (x / 255) ** 2.2 for x in (255, 128, 64))
    assert levels(light(channels="GRB"), colour) == [round(g), round(r), round(b)]
    assert levels(light(channels="RGBW"), colour) == [round(r - b), round(g - b), 0, round(b)]
    assert levels(light(channels="DRGB"), flat(128, 64, 0)) == [round(g), 255, round(255 * b / g), 0]
    assert levels(light(channels="+R-"), colour) == [255, 255, 0]
    high, low = levels(light(channels="Gg"), colour)
    assert high * 256 + low == round(g * 257)
    assert levels(light(channels="DRGB"), flat(0, 0, 0)) == [0, 0, 0, 0]


def test_brightness_and_colourfulness() -> None:
    assert levels(light(level=0.5), flat(255, 255, 255), Mood(level=0.5)) == [64] * 3
    assert levels(light(), flat(255, 0, 0), Mood(saturation=0.0)) == [85] * 3
    grey = levels(light(), flat(255, 128, 128), Mood(saturation=2.0))
    assert grey[0] == 255 and grey[1] == grey[2] == 0


def test_a_field_is_wired_as_it_is_said() -> None:
    image = np.zeros((2, 3, 3), np.uint8)
    image[..., 0] = [[255, 0, 0], [0, 0, 255]]
    image[..., 1] = [[0, 255, 0], [0, 255, 0]]

    def names(**more: object) -> str:
        found = np.array(levels(light(grid=(3, 2), **more), image)).reshape(6, 3)
        return "".join({(255, 0): "r", (0, 255): "g", (0, 0): "."}[cell[0], cell[1]] for cell in found)

    assert names() == "rg..gr"
    assert names(snake=True) == "rg.rg."
    assert names(area=(1, 0, 0, 1)) == ".grrg."
    assert names(area=(0, 1, 1, 0)) == ".grrg."


def test_cells_go_on_in_the_next_universe_without_being_cut() -> None:
    strip = light(grid=(300, 1), channel=2)
    found = universes([strip], colours([strip], flat(255, 255, 255)))
    assert {address.universe: len(part) for address, part in found.items()} == {0: 511, 1: 390}
    assert found[HERE][0] == 0 and set(found[HERE][1:]) == {255}


@settings(max_examples=60)
@given(st.integers(1, 300), st.integers(1, 9), st.integers(1, 512), st.text("RGBWD+-", min_size=1, max_size=12))
def test_every_cell_is_somewhere_once(columns: int, rows: int, channel: int, channels: str) -> None:
    runs = list(light(grid=(columns, rows), channel=channel, channels=channels).runs())
    assert [cell for _, _, first, count in runs for cell in range(first, first + count)] == list(range(columns * rows))
    assert all(first + count * len(channels) <= 512 for _, first, _, count in runs)
    assert len({address for address, *_ in runs}) == len(runs)


@settings(max_examples=60)
@given(st.lists(st.floats(0, 1), min_size=4, max_size=4), st.integers(1, 50), st.integers(1, 20), st.booleans())
def test_any_part_of_one_colour_has_that_colour(area: list[float], columns: int, rows: int, snake: bool) -> None:
    one = light(area=tuple(area), grid=(columns, rows), snake=snake)
    (seen,) = colours([one], flat(200, 100, 50))
    assert seen.shape == (columns * rows, 3)
    assert seen == pytest.approx(np.tile((np.array([200, 100, 50]) / 255) ** 2.2, (columns * rows, 1)), abs=1e-6)


def test_a_lamp_weighs_as_much_as_a_long_strip() -> None:
    lit = [np.ones((1, 3)), np.repeat(np.linspace(0, 1, 301)[:, None], 3, axis=1)]
    area = spread(lit)
    assert area.shape == (2, 16, 3) and area.dtype == np.float32
    assert (area[0] == 1).all() and area[1, :, 0] == pytest.approx(np.linspace(0, 1, 16), abs=0.01)


def test_a_file_is_read() -> None:
    text = """
    [[light]]
    name = "bar"
    to = "sacn:1 wled.local"
    channel = 4
    channels = "GRB"
    area = [0, 0.9, 1, 1]
    grid = [150, 1]
    snake = true
    level = 0.5
    linear = false
    [[light]]
    to = "artnet:0"
    """
    bar, plain = read_lights(text, "lights.toml")
    address = Address("sacn", 1, "wled.local")
    assert bar == Light("bar", address, 4, "GRB", (0, 0.9, 1, 1), (150, 1), True, 0.5, False)
    assert plain == Light("light 2", HERE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no [[light]] in it"),
        ("light = 3", "no [[light]] in it"),
        ("[lights]", "unknown key 'lights' (did you mean: light?)"),
        ("[[light]]\nchannel = 1", "light 1: to: missing"),
        ('[[light]]\nto = "dmx:1"', "light 1: to: 'dmx:1': expected artnet:UNIVERSE or sacn:UNIVERSE"),
        ('[[light]]\nto = "sacn:0"', "from 1 to 63999"),
        ('[[light]]\nto = "sacn:1"\ncolour = "RGB"', "unknown key 'colour'"),
        ('[[light]]\nto = "sacn:1"\nchannel = 513', "channel: expected a whole number from 1 to 512"),
        ('[[light]]\nto = "sacn:1"\nchannel = true', "channel: expected a whole number"),
        ('[[light]]\nto = "sacn:1"\nchannels = "RGX"', "channels: 'RGX': expected letters of"),
        ('[[light]]\nto = "sacn:1"\narea = [0, 0, 2, 1]', "area: expected numbers from 0"),
        ('[[light]]\nto = "sacn:1"\narea = [0, 1]', "area: expected [left, top, right, bottom]"),
        ('[[light]]\nto = "sacn:1"\ngrid = [0, 1]', "grid: expected whole numbers from 1"),
        ('[[light]]\nto = "sacn:1"\ngrid = [1000, 9]', "9000 cells, and 4096 are the most"),
        ('[[light]]\nto = "sacn:1"\nsnake = 1', "snake: expected true or false"),
        ('[[light]]\nto = "sacn:1"\nlevel = 2', "level: expected a number from 0 to 1"),
        ('[[light]]\nto = "sacn:1"\nchannel = 511', "3 channels from 511 end after 512"),
        ('[[light]]\nto = "sacn:63999"\ngrid = [200, 1]', "it ends in universe 64000, and 63999 is the last"),
        (
            '[[light]]\nto = "sacn:1"\n[[light]]\nname = "b"\nto = "sacn:1"\nchannel = 3',
            "b: channel 3 of sacn:1 is light 1",
        ),
        ('[[light]]\nname = "a"\nto = "sacn:1"\n' * 2, "a: channel 1 of sacn:1 is a's already"),
        ("[[light]", "not valid TOML"),
    ],
)
def test_mistakes_are_said_in_a_line(text: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        read_lights(text, "lights.toml")
    assert str(caught.value).startswith("lights.toml: ") and said in str(caught.value)
    assert "\n" not in str(caught.value)
