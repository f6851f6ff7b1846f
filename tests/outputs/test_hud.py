"""The HUD: readable, in its place, and never in what is recorded."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import moderngl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import ImageFont

from liveanim import data
from liveanim.core.mapping import Mapping
from liveanim.core.model import Blend, Image, Status
from liveanim.core.params import PARAMS
from liveanim.outputs.fonts import Drawn, Finder
from liveanim.outputs.glyphs import Colour, Letters, readable
from liveanim.outputs.headless import Headless
from liveanim.outputs.hud import Hud
from liveanim.outputs.hud_canvas import (
    AMBER,
    CYAN,
    DIM,
    GREEN,
    PANEL,
    RATE,
    ROSE,
    TEXT,
    holder_colour,
    scale_for,
    sizes_for,
)
from liveanim.outputs.hud_layout import Readout, _cells, lay_out
from liveanim.outputs.hud_pick import written
from liveanim.outputs.keys import help_lines
from liveanim.outputs.picker import Picker

from .pictures import smooth, still

Make = Callable[[tuple[int, int]], Headless]
LETTERS = Letters(sizes_for(1.0))
STATUS = Status(
    "Neon Garden", "ember", "USB Audio 48 kHz", 12.4, 0.084, 126.0, ("camera.zoom",), ("late",), "a garden of glass"
)
SIGNALS = {
    "rms": 0.6,
    "bass": 0.9,
    "mid": 0.4,
    "high": 0.2,
    "onset": 1.0,
    "kick": 1.0,
    "beat": 9.25,
    "bar": 2,
    "bpm": 126.0,
}


MOMENTS = itertools.count()
UPRIGHT = Mapping()


def blend(**changes: object) -> Blend:
    """Each at a moment of its own: words and figures are drawn anew."""
    values = {"time": next(MOMENTS) / RATE, "signals": SIGNALS, "status": STATUS, **changes}
    return Blend(**values)  # type: ignore[arg-type]


def boxes(
    size: tuple[int, int] = (1280, 720), readout: Readout | None = None, **changes: object
) -> NDArray[np.float32]:
    return lay_out(blend(**changes), readout or Readout(60.0), size, LETTERS)


def drawn(size: tuple[int, int], what: Blend, readout: Readout, hangs: Mapping = UPRIGHT) -> Image:
    """The HUD over black, top row first, with the panels' own darkness left out of account."""
    context = moderngl.create_context(standalone=True, backend="egl", require=330)  # type: ignore[arg-type]
    with context:
        target = context.simple_framebuffer(size)
        target.use()
        target.clear()
        hud = Hud(context)
        hud.draw(what, readout, size, hangs)
        image: Image = np.frombuffer(target.read(components=3, alignment=1), np.uint8).reshape(size[1], size[0], 3)[
            ::-1
        ]
        hud.release()
    context.release()
    return image


@pytest.mark.parametrize("size", [(1280, 720), (3840, 2160), (960, 540), (720, 1280)])
def test_everything_lies_on_the_window_at_every_size(size: tuple[int, int]) -> None:
    letters = Letters(sizes_for(scale_for(size)))
    rows = lay_out(
        blend(freeze=True, blackout=True), Readout(60.0, "REC 00:12", ("disk full",), True, True), size, letters
    )
    assert rows.shape[1] == 13 and len(rows) < 2048
    assert rows[:, 0].min() >= 0 and rows[:, 1].min() >= 0
    assert (rows[:, 0] + rows[:, 2]).max() <= size[0] and (rows[:, 1] + rows[:, 3]).max() <= size[1]


@pytest.mark.parametrize("size", [(640, 360), (480, 270), (320, 176), (176, 320), (640, 176), (200, 112), (64, 64)])
@pytest.mark.parametrize("marks", [False, True])
def test_panels_on_a_small_window_do_not_lie_on_one_another(size: tuple[int, int], marks: bool) -> None:
    letters = Letters(sizes_for(scale_for(size)))
    names = tuple(f"scene {n}" for n in range(12))
    status = replace(STATUS, scenes=names, scene="scene 5", presets=names, waiting=("do.next",), warnings=("hot",) * 2)
    readout = Readout(60.0, "REC 00:12" if marks else "", ("disk full",), memory=2e9)
    rows = lay_out(blend(status=status, freeze=marks, blackout=marks), readout, size, letters)
    panels = rows[np.isclose(rows[:, 8:12], PANEL).all(axis=1) | (rows[:, 12] == 13 * scale_for(size))]
    for a, b in itertools.combinations(panels[:, :4], 2):
        assert (a[:2] >= b[:2] + b[2:]).any() or (b[:2] >= a[:2] + a[2:]).any(), (a, b)


def test_it_grows_with_the_window() -> None:
    assert scale_for((1280, 720)) == 1.0 and scale_for((3840, 2160)) == 3.0 and scale_for((1920, 1080)) == 1.5


def test_how_full_the_card_is_stands_beside_the_rest_where_there_is_one() -> None:
    def cells(taken: float, whole: float) -> list[tuple[str, str]]:
        readout, status = Readout(60.0, memory=1.4e9), Status(vram=(taken * 2**30, whole * 2**30))
        return [(figure, "amber" if colour == AMBER else name) for figure, name, colour in _cells(status, readout)]

    assert cells(0.0, 0.0)[3:] == [("1.4", "GB memory"), ("0/3", "flashes/s")]
    assert cells(5.2, 7.9)[3:] == [("1.4", "GB memory"), ("5.2/8", "GB VRAM"), ("0/3", "flashes/s")]
    assert cells(7.5, 7.9)[4] == ("7.5/8", "amber")


def test_it_is_mirrored_and_turned_as_the_screen_hangs() -> None:
    what, readout = blend(), Readout(60.0)
    image = drawn((960, 540), what, readout)
    assert image.max() > 200
    for hangs, size, expected in [
        (Mapping(mirror=True), (960, 540), image[:, ::-1]),
        (Mapping(turn=180), (960, 540), image[::-1, ::-1]),
        (Mapping(turn=90), (540, 960), np.rot90(image, -1)),
    ]:
        assert np.abs(drawn(size, what, readout, hangs).astype(int) - expected).max() <= 1


def luminance(colour: Sequence[float]) -> float:
    """Of an sRGB colour, 0..1."""
    return float(np.dot([0.2126, 0.7152, 0.0722], [((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]))


@pytest.mark.parametrize("ink", [TEXT, DIM, CYAN, AMBER, GREEN])
def test_words_are_seen_on_a_panel_over_a_white_picture(ink: Colour) -> None:
    ground = [part * PANEL[3] + (1 - PANEL[3]) for part in PANEL[:3]]
    assert (luminance(ink) + 0.05) / (luminance(ground) + 0.05) > 4.5  # WCAG AA


def test_who_moves_a_parameter_has_one_colour_here_and_on_the_remote() -> None:
    page = Path(data.__file__).with_name("inputs") / "web" / "pages" / "style.css"
    for who, colour in {"web": ROSE, "osc": AMBER, "midi": CYAN, "key": GREEN}.items():
        found = re.search(rf"--{who}: #(\w\w)(\w\w)(\w\w);", page.read_text())
        assert found is not None
        assert [int(part, 16) / 255 for part in found.groups()] == pytest.approx(colour[:3], abs=0.01)
        assert holder_colour("keyboard" if who == "key" else who) == colour


def test_letters_stand_on_whole_pixels() -> None:
    rows = boxes()
    glyphs = rows[rows[:, 6] > 0]
    assert len(glyphs) > 40 and np.array_equal(glyphs[:, :4], glyphs[:, :4].round())


def test_a_meter_is_as_high_as_its_signal() -> None:
    def tallest(level: float) -> float:
        rows = boxes(signals={"bass": level})
        rose = rows[(np.abs(rows[:, 8:11] - (1.0, 0.36, 0.52)).max(axis=1) < 0.01) & (rows[:, 2] == 12)]
        return float(rose[:, 3].max())

    assert tallest(1.0) == 50 and tallest(0.5) == 25


@pytest.mark.parametrize("meter", range(1, 17))
def test_there_is_a_lamp_for_every_beat_of_the_bar_and_the_present_one_is_lit(meter: int) -> None:
    def lamps(beat: float, bpm: float) -> NDArray[np.float32]:
        """Those that are bright: left end, top, diameter, by their colours."""
        signals = {"beat": beat, "bar": 5 + (beat - 20) / meter, "bpm": bpm, "meter": float(meter)}
        rows = boxes(status=Status(), signals=signals)
        rows = rows[(rows[:, 0] >= 330) & (rows[:, 0] + rows[:, 2] <= 450) & (rows[:, 12] > 0) & (rows[:, 2] < 15)]
        return rows[rows[:, 11] > 0.5]

    assert len(lamps(20.0, 0.0)) == 0
    lit = [lamps(20.25 + n, 120.0) for n in range(meter)]
    assert all(len(one) == 1 for one in lit)
    places = [(one[0, 1], one[0, 0]) for one in lit]
    assert places == sorted(places) and len(set(places)) == meter
    assert np.allclose(lit[0][0, 8:11], (1.0, 0.36, 0.52)) and all(one[0, 9] > 0.9 for one in lit[1:])
    ends = [(one[0, 0] + one[0, 2], row) for one, (row, _) in zip(lit, places, strict=True)]
    assert all(end <= x for (end, row), (top, x) in zip(ends, places[1:], strict=False) if row == top)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["rms", "bass", "onset", "kick", "beat", "bar", "bpm", "meter"]), st.floats()))
def test_no_signal_value_breaks_it(signals: dict[str, float]) -> None:
    assert np.isfinite(boxes(signals=signals)).all()


@settings(deadline=None)
@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    rows = boxes(status=Status(preset=text, model=text, prompt=text, taken_over=(text,) * 12, warnings=(text,) * 5))
    assert (rows[:, 0] + rows[:, 2]).max() <= 1280 and len(rows) < 2048


def test_parts_that_stay_the_same_are_not_drawn_again() -> None:
    letters = Letters(sizes_for(1.0))
    painted = []
    letters.painted = lambda text, *rest: painted.append(text) or LETTERS.painted(text, *rest)  # type: ignore
    for beat in (9.25, 9.5):
        rows = lay_out(blend(signals={**SIGNALS, "beat": beat}), Readout(60.0), (1280, 720), letters)
    assert len(painted) == len(set(painted)) > 15
    assert np.array_equal(rows, boxes(signals={**SIGNALS, "beat": 9.5}))
    lay_out(blend(status=Status("Another")), Readout(60.0), (1280, 720), letters)
    assert painted.count("Another") == 1


def test_meters_move_with_every_frame_and_words_as_fast_as_they_can_be_read() -> None:
    letters = Letters(sizes_for(1.0))

    def at(time: float, preset: str, **changes: Any) -> NDArray[np.float32]:
        return lay_out(blend(time=time, status=Status(preset), **changes), Readout(60.0), (1280, 720), letters)

    silent = at(0.1, "One", signals={})
    loud = at(0.1 + 0.5 / RATE, "Another", signals={"kick": 1.0})
    assert len(loud) == len(silent) and np.array_equal(loud[:, 4:8], silent[:, 4:8])
    assert np.sum(loud[:, 11] - silent[:, 11] > 0.2) == 2  # a lamp and its halo
    assert not np.array_equal(at(0.1 + 1 / RATE, "Another")[:, 4:8].sum(), silent[:, 4:8].sum())
    assert len(at(0.1 + 1.1 / RATE, "Another", freeze=True)) == len(at(0.1 + 1 / RATE, "Another")) + 1 + len("FROZEN")


def test_letters_of_other_fonts_appear_when_they_are_found(tmp_path: Path) -> None:
    ink = np.full((9, 12), 255, np.uint8)
    finder = Finder(lambda: iter(()))
    letters = Letters((14,), finder)
    assert letters.width("é森", 14) == letters.width("e?", 14)
    assert finder._asked.qsize() == 2
    letters.width("é", 14)
    assert finder._asked.qsize() == 2  # asked for once
    assert not letters.refresh()
    finder._found.put(Drawn("森", 14, ink, 1, -9, 13.0))
    assert letters.refresh() and letters.version == 1
    assert letters.width("森", 14) == 13.0 and letters.fitted("森" * 30, 14, 60.0) == "森" * 3 + "…"
    (row,) = letters.painted("森", 14, 0, 0, (1, 1, 1, 1))
    x, y = (round(row[4] * letters.image.shape[1]), round(row[5] * letters.image.shape[0]))
    assert (row[2], row[3]) == (12, 9) and letters.image[y : y + 9, x : x + 12].min() == 255


def ink(letters: Letters, rows: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.uint8]:
    """What `rows` draw, as coverage."""
    tall, wide = letters.image.shape
    sheet = np.zeros(size[::-1], np.uint8)
    for x, y, w, h, u, v in np.rint(rows[:, :6] * (1, 1, 1, 1, wide, tall)).astype(int):
        part = sheet[y : y + h, x : x + w]
        np.maximum(part, letters.image[v : v + h, u : u + w], out=part)
    return sheet


def test_a_text_is_one_box_that_looks_like_its_letters() -> None:
    letters, white = Letters((14, 21)), (1.0, 1.0, 1.0, 1.0)
    text = "camera.zoom 12.5 /s"
    whole = letters.painted(text, 14, 10.4, 7.0, white)
    apart = letters.figures([text], 14, [10 + letters.width(text, 14)], [7.0], [white])
    assert (len(whole), len(apart)) == (1, len(text.replace(" ", "")))
    assert np.array_equal(ink(letters, whole, (200, 40)), ink(letters, apart, (200, 40)))
    assert ink(letters, whole, (200, 40)).max() == 255


def test_only_rows_of_the_atlas_that_changed_are_told() -> None:
    letters = Letters((14,))
    letters.changed()
    letters.painted("one text", 14, 0, 0, (1, 1, 1, 1))
    first, end = letters.changed()
    assert 0 < end - first < 20 and letters.image[first:end].max() > 0
    assert letters.changed()[1] == 0


def test_when_the_atlas_is_full_texts_go_letter_by_letter_until_the_next_frame() -> None:
    letters = Letters((14,))
    for n in range(5000):
        rows = letters.painted(f"text number {n}", 14, 0, 0, (1, 1, 1, 1))
        if len(rows) > 1:
            break
    assert 100 < n < 4999 and len(rows) == len(f"textnumber{n}")
    assert not letters.refresh() and letters.version == 1
    assert len(letters.painted(f"text number {n}", 14, 0, 0, (1, 1, 1, 1))) == 1


def test_more_letters_than_there_is_room_for_keep_their_stand_ins() -> None:
    finder = Finder(lambda: iter(()))
    letters = Letters((14,), finder)
    for n in range(4000):
        finder._found.put(Drawn(chr(0x4E00 + n), 14, np.zeros((14, 14), np.uint8), 0, -12, 14.0))
    letters.refresh()
    assert 300 < len(letters._known[14]) < 4000
    assert letters.width(chr(0x4E00 + 3999), 14) == letters.width("?", 14)


def test_the_fonts_of_this_machine_are_searched_and_bad_files_are_passed_over(tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.ttf", tmp_path / "good.ttf"
    bad.write_bytes(b"no font")
    good.write_bytes(ImageFont.load_default(12).font_bytes)  # type: ignore[union-attr]
    finder = Finder(lambda: iter([bad, good]))
    drawn = finder.search("©", 14)
    assert drawn is not None and drawn.ink.max() > 200 and -14 < drawn.top < 0 < drawn.advance
    assert finder.search("森", 14) is None


def test_the_thread_that_looks_for_letters_ends_with_the_display(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    finder = Finder(lambda: iter(()))
    finder.start()
    (thread,) = set(threading.enumerate()) - before
    finder.ask("森", 14)
    finder.close()
    thread.join(10.0)
    assert not thread.is_alive() and finder.answers() == []


def test_text_that_the_font_lacks_stays_readable() -> None:
    assert readable("café - naïve\nÜber") == "cafe - naive Uber"
    assert readable("森") == "?"


def test_long_text_is_cut_with_an_ellipsis_and_fits() -> None:
    fitted = LETTERS.fitted("a very long prompt " * 20, 14, 300.0)
    assert fitted.endswith("…") and LETTERS.width(fitted, 14) <= 300
    assert LETTERS.fitted("short", 14, 300.0) == "short"


def test_digits_are_of_one_width_so_that_numbers_do_not_jitter() -> None:
    assert len({LETTERS.width(digit * 4, 21) for digit in "0123456789"}) == 1


def test_marks_show_what_holds_and_nothing_else() -> None:
    plain = len(boxes())
    assert len(boxes(freeze=True)) == plain + 1 + len("FROZEN")
    assert len(boxes(blackout=True)) == plain + 1 + len("BLACKOUT")
    assert len(boxes(level=0.406)) == plain + 1 + len("DIMMEDTO40%")
    black = len(boxes(blackout=True, level=0.3))  # it fades: no news
    assert black == plain + 1 + len("BLACKOUT")
    assert len(boxes(blackout=True, level=0.0, values={"out.level": 0.999})) == black + 1 + len("DIMMEDTO99%")
    loops = boxes(status=Status(loop="3 beats", looped=("stage.hue", "stage.bloom")))
    assert len(loops) == len(boxes(status=Status())) + 2 + len("LOOPREC3beats" + "LOOP2")
    assert len(boxes(readout=Readout(60.0, "REC 02:14"))) == plain + 1 + len("REC02:14")


def test_the_list_of_keys_has_every_key_once() -> None:
    names = [name for name, _ in help_lines()]
    assert {"escape", "F", "space", "B", "H", "1 - 9", "T", "R"} <= set(names) and len(names) == len(set(names))


def test_the_list_of_keys_lies_whole_on_a_performers_small_window() -> None:
    for size in [(800, 450), (640, 360), (1280, 720)]:
        rows = lay_out(blend(), Readout(panels=False, keys=True), size, Letters(sizes_for(scale_for(size))))
        assert rows[:, :2].min() >= 0
        assert (rows[:, 0] + rows[:, 2]).max() <= size[0] and (rows[:, 1] + rows[:, 3]).max() <= size[1]


def test_it_is_drawn_where_it_was_laid_out_and_nowhere_else(stage: Make) -> None:
    stage((8, 8))  # skips where there is no EGL
    image = drawn((1280, 720), blend(), Readout(60.0))
    assert image[16 + 12 : 16 + 34, 28:160].max() > 200  # the preset's name
    assert image[620:690, 30:180].max() > 200  # meters
    assert image[200:500, 300:1000].max() == 0


def test_without_panels_and_keys_nothing_is_drawn(stage: Make) -> None:
    stage((8, 8))
    assert drawn((640, 360), blend(), Readout(panels=False)).max() == 0


def test_taps_never_see_it(stage: Make) -> None:
    """The picture a tap gets is the compositor's own, whatever a blend's status says."""
    one, seen = stage((320, 180)), []

    class Keep:
        def picture(self, image: Image, now: float) -> None:
            seen.append(image)

        def close(self) -> None:
            pass

    one.add_tap(Keep())
    image = smooth()
    quiet = still(image)
    one.write(Blend(0.0, quiet.layers, quiet.stage, SIGNALS, status=STATUS), 0.0)
    assert np.array_equal(seen[0], image)


def test_the_scene_that_plays_is_marked_as_far_as_it_has_come() -> None:
    def marks(scene: str, arriving: float) -> list[float]:
        status = Status("look", scenes=("calm", "storm"), scene=scene, arriving=arriving)
        rows = boxes(status=status)
        mark = rows[(np.abs(rows[:, 8:12] - (0.36, 0.82, 1.0, 0.30)).max(axis=1) < 0.01) & (rows[:, 3] == 20)]
        return [float(width) for width in mark[:, 2]]

    assert marks("", 1.0) == []
    (whole,), (half,) = marks("storm", 1.0), marks("storm", 0.5)
    assert whole > 40 and abs(half - whole / 2) <= 1


def test_the_presets_of_nine_keys_stand_with_their_numbers_where_there_is_room() -> None:
    names = tuple(f"look {'abcdefghijklm'[n]}" for n in range(13))

    def listed(preset: str, size: tuple[int, int] = (1280, 720), **more: object) -> tuple[int, NDArray[np.float32]]:
        """Boxes more than without presets, and those of words that are bright or marked."""
        bare, letters = Status(preset, **more), Letters(sizes_for(scale_for(size)))  # type: ignore[arg-type]
        both = [blend(status=replace(bare, presets=names)), blend(status=bare)]
        rows, without = (lay_out(one, Readout(60.0), size, letters) for one in both)
        marked = [row for row in rows if tuple(row[8:11]) == pytest.approx(CYAN[:3]) and row[6] > 0]
        return len(rows) - len(without), np.array(marked)

    assert listed("look c")[0] == 2 * 9 + 1 and listed("look l")[0] == 2 * 4 + 1  # a page; 10 to 13 are another
    ((*_, third), (*_, fourth)) = (listed(name)[1] for name in ("look c", "look d"))
    assert fourth[1] - third[1] == 20 and len(listed("gone")[1]) == 0
    assert listed("look c", scenes=tuple("ABCDEFGHI"))[0] == 2 * 9 + 1
    assert listed("look c", (1280, 300), scenes=tuple("ABCDEFGHI"))[0] == 0


def test_modulators_are_shown_as_far_as_there_is_room_for_them() -> None:
    names = {f"wave{n}": n / 20 for n in range(20)}

    def knobs(size: tuple[int, int]) -> int:
        rows = boxes(size, modulators=names)
        return int(np.sum((rows[:, 2] == 12) & (rows[:, 3] == 12) & (rows[:, 12] == 6)))

    assert knobs((1280, 720)) == 10 and knobs((1000, 720)) == 4


def test_a_held_parameter_shows_its_value_and_a_knob_that_waits_its_place() -> None:
    status = Status("look", taken_over=("stage.hue",))
    held = boxes(status=status, values={"stage.hue": 0.25})
    assert len(held) - len(boxes(status=status)) == len("0.250")
    waits = Status("look", taken_over=("play.quantise",))
    assert len(boxes(status=waits, values={"play.quantise": 2.0})) - len(boxes(status=waits)) == len("bar")
    waiting = boxes(status=Status("look"), hints={"stage.hue": 0.5})
    assert len(waiting) - len(boxes(status=Status("look"))) == 3 + len("stage.hue(knobat50%)")


def test_a_blackout_that_was_taken_back_leaves_no_trace() -> None:
    status = Status("look", taken_over=("out.blackout", "out.freeze"))
    values = {"out.blackout": 0.0, "out.freeze": 0.0}
    assert len(boxes(status=status, values=values)) == len(boxes(status=Status("look"), values=values))


def test_who_holds_the_tempo_stands_beside_the_bar() -> None:
    told, heard = Status("look", bpm=124.0, tempo="tapped"), Status("look", bpm=124.0)
    assert len(boxes(status=told)) == len(boxes(status=heard)) + 1  # a text that stays is one box


def test_what_the_window_asks_is_seen_while_the_figures_are_hidden() -> None:
    assert len(boxes(readout=Readout(panels=False))) == 0
    assert len(boxes(readout=Readout(panels=False, warnings=("once more",)))) == 3


def test_a_held_macro_says_what_it_does() -> None:
    def letters(macros: tuple[str, ...]) -> int:
        return len(boxes(status=Status("look", taken_over=("macro.m2",), macros=macros), values={"macro.m2": 0.5}))

    assert letters(("trails", "glow")) - letters(("trails", "")) == len("glow")


def test_the_list_of_parameters_shows_values_holders_and_where_knobs_stand() -> None:
    picker = Picker()
    picker.toggle()
    for name in ("s", "b", "l", "o", "o", "m", "enter"):
        picker.key(name, False)
    assert picker.pick is not None and picker.pick.rows == (PARAMS["stage.bloom"],)

    moments = itertools.count()

    def shown(later: float = 1.0, **changes: Any) -> NDArray[np.float32]:
        time = (next(moments) + later) / RATE
        return boxes(readout=Readout(60.0, panels=False, pick=picker.pick), time=time, **changes)

    def bar(rows: NDArray[np.float32], height: int) -> list[float]:
        return [float(width) for width in rows[(rows[:, 3] == height) & (rows[:, 0] > 1100) & (rows[:, 11] > 0.5), 2]]

    assert max(bar(shown(values={"stage.bloom": 0.5}), 6)) == pytest.approx(46, abs=1)
    held = shown(values={"stage.bloom": 0.5}, knobs={"stage.bloom": 1.0}, holders={"stage.bloom": "midi"})
    assert bar(held, 14) == [3.0]
    assert np.any(np.abs(held[:, 8:11] - (0.36, 0.82, 1.0)).max(axis=1) < 0.01)
    waiting = shown(values={"stage.bloom": 0.5}, hints={"stage.bloom": 0.25})
    assert len(waiting[(waiting[:, 2] == 10) & (waiting[:, 3] == 10)]) == 1
    soon = shown(later=0.2, values={"stage.bloom": 0.9}, hints={"stage.bloom": 0.25})
    assert np.array_equal(soon, waiting)  # numbers that change 60 times a second cannot be read


def test_the_list_of_parameters_lies_on_the_window_at_every_size() -> None:
    picker = Picker()
    picker.toggle()
    for size in [(1280, 720), (3840, 2160), (960, 540), (720, 1280), (320, 180)]:
        letters = Letters(sizes_for(scale_for(size)))
        for _ in range(3):
            picker.key("page_down", False)
            rows = lay_out(blend(), Readout(60.0, pick=picker.pick), size, letters)
            assert len(rows) < 4096
            if size[0] >= 720:
                assert rows[:, 0].min() >= 0 and (rows[:, 0] + rows[:, 2]).max() <= size[0]
                assert (rows[:, 1] + rows[:, 3]).max() <= size[1]


@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (1920, 1080)])
def test_the_list_of_parameters_lies_beside_everything_else(size: tuple[int, int]) -> None:
    picker = Picker()
    picker.toggle()
    letters = Letters(sizes_for(scale_for(size)))
    modulators = {f"wave{n}": 0.5 for n in range(20)}
    rows = [
        lay_out(blend(modulators=modulators), Readout(60.0, "", lines, panels, pick=picker.pick), size, letters)
        for panels, lines in ((True, ("long " * 90,)), (False, ()))
    ]
    left, top = rows[1][:, 0].min(), rows[1][:, 1].min()
    others = rows[0][: len(rows[0]) - len(rows[1])]
    assert not np.any((others[:, 0] + others[:, 2] > left) & (others[:, 1] + others[:, 3] > top))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("out.freeze", 1.0, "on"),
        ("camera.border", 2.0, "wrap"),
        ("picture.seed", 7.0, "7"),
        ("stage.hue", 0.25, "0.250"),
        ("camera.angle", -12.34, "-12.3"),
        ("stage.hue", float("nan"), "-"),
    ],
)
def test_values_are_written_for_people(name: str, value: float, words: str) -> None:
    assert written(PARAMS[name], value) == words
