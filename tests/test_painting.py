"""Presets that name the model that paints them, and how large: chosen while the show plays, and in its render."""

from __future__ import annotations

from pathlib import Path

import pytest

from liveanim import app
from liveanim.core.model import Blend, ControlEvent, Keyframe
from liveanim.core.preset import Preset
from liveanim.inputs.fakes import click
from liveanim.library import parse_preset
from liveanim.options import PlayOptions, RenderOptions
from liveanim.plan import Painting, plan_for, render_plan
from liveanim.recording import new_take
from liveanim.render.inline import InlineRender
from liveanim.takes.format import META, TakeInfo, from_toml
from liveanim.takes.reader import TakeReader
from liveanim.takes.writer import TakeWriter

from .render.test_worker import Fake

SHOWN = (160, 80)
LOOK = '[prompt]\ntext = ["deep blue sea"]\n[picture]\ncadence = 0.1\n'


def look(name: str, top: str = "") -> Preset:
    return parse_preset(top + LOOK, name)


PLAIN, EMBER, UNKNOWN = (
    look("plain"),
    look("glow", 'model = "ember"\nsize = "128x64"\n'),
    look("odd", 'model = "embr"\n'),
)


@pytest.mark.parametrize(
    ("asked", "painted", "expected"),
    [
        (None, None, [("sd-turbo", (672, 384)), ("ember", (128, 64)), ("paint", (640, 352))]),
        ("ember", None, [("ember", (448, 256)), ("ember", (128, 64)), ("ember", (448, 256))]),
        (None, (96, 48), [("sd-turbo", (96, 48)), ("ember", (96, 48)), ("paint", (96, 48))]),
    ],
)
def test_the_command_line_goes_before_the_preset_and_that_before_what_the_machine_suggests(
    asked: str | None, painted: tuple[int, int] | None, expected: list[object]
) -> None:
    painting = Painting(asked, "sd-turbo", (1280, 720), painted)
    assert [painting(one) for one in (PLAIN, EMBER, look("p", 'model = "paint"\n'))] == expected


def take(folder: Path, *events: ControlEvent, **info: object) -> Path:
    """A second of a performance that begins with PLAIN, of which nothing but events was kept."""
    about = TakeInfo("1", PLAIN.name, PLAIN.text, "paint", (96, 48), 7, 10.0, picture=SHOWN, **info)  # type: ignore[arg-type]
    writer = TakeWriter(folder / "take", about, {one.name: one.text for one in (PLAIN, EMBER, UNKNOWN)})
    for event in events:
        writer.event(event)
    writer.sound(click(120).take(8000), 8000, 0.0)
    writer.close()
    return folder / "take"


THEN = {"default": "paint"}


@pytest.mark.parametrize(
    ("info", "model", "expected"),
    [
        (THEN, None, [("paint", (96, 48)), ("ember", (128, 64))]),
        (THEN, "sdxs", [("sdxs", (256, 128)), ("sdxs", (128, 64))]),
        (THEN, "paint", [("paint", (96, 48)), ("paint", (128, 64))]),
        ({"asked": "paint", **THEN}, None, [("paint", (96, 48)), ("paint", (128, 64))]),
        ({}, None, [("paint", (96, 48)), ("paint", (96, 48))]),  # kept before models changed during a show
        ({}, "ember", [("ember", (256, 128)), ("ember", (128, 64))]),
    ],
)
def test_a_render_paints_as_the_take_was_painted(
    tmp_path: Path, info: dict[str, str], model: str | None, expected: list[object]
) -> None:
    folder = take(tmp_path, **info)
    asked = RenderOptions(str(folder), tmp_path / "out.mp4", model=model)
    painting = render_plan(asked, TakeReader(folder), (256, 128)).painting
    assert [painting(one) for one in (PLAIN, EMBER)] == expected


def rendered(folder: Path, monkeypatch: pytest.MonkeyPatch, **more: object) -> list[tuple[str, tuple[int, int]]]:
    """Model and (width, height) of the keyframes of a render."""
    painted, poll = [], InlineRender.poll

    def noted(port: InlineRender) -> Keyframe | None:
        if (keyframe := poll(port)) is not None:
            painted.append((keyframe.model, (keyframe.image.shape[1], keyframe.image.shape[0])))
        return keyframe

    monkeypatch.setattr(InlineRender, "poll", noted)
    app.render(RenderOptions(str(folder), folder.parent / "out.mp4", quiet=True, **more))  # type: ignore[arg-type]
    return painted


def test_a_take_with_two_models_is_painted_by_each_in_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    played = [(0.35, "glow"), (0.65, "odd"), (0.85, "plain")]
    folder = take(tmp_path, *(ControlEvent(at, "do.preset", name, "keys") for at, name in played), default="paint")
    painted = rendered(folder, monkeypatch)
    assert painted == [("paint", (96, 48))] * 4 + [("ember", (128, 64))] * 5 + [("paint", (96, 48))]
    (line,) = [record.getMessage() for record in caplog.records if "goes on" in record.getMessage()]
    assert line.startswith("unknown model 'embr' (did you mean: ember?)") and line.endswith("; ember goes on")
    assert rendered(folder, monkeypatch, model="paint", end=0.6)[-1] == ("paint", (128, 64))


def test_a_take_that_begins_later_says_what_paints_then(tmp_path: Path) -> None:
    plan = plan_for(PLAIN, Painting(None, "paint", SHOWN), {})
    new_take(tmp_path / "take", PlayOptions(), plan, [PLAIN], None, SHOWN, EMBER, 5.0, 4.0).close()
    info = from_toml((tmp_path / "take" / META).read_text())
    assert (info.model, info.size, info.asked, info.default) == ("ember", (128, 64), "", "paint")


class Hand:
    """A source of events that come with the next frame."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def read(self, now: float) -> list[ControlEvent]:
        names, self.events = self.events, []
        return [ControlEvent(now, "do.preset", name, "keys") for name in names]


def test_a_preset_that_is_chosen_brings_its_model_and_its_size_and_the_take_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand, made = Hand(), []

    def load(name: str, size: tuple[int, int], options: object) -> Fake:
        made.append((name, size))
        if name == "embr":
            raise ZeroDivisionError("no such thing")
        return Fake(name)

    monkeypatch.setattr("liveanim.render.load.load", load)
    monkeypatch.setattr(app, "Script", lambda events: hand)
    monkeypatch.setattr(app, "default_model", lambda: "paint")
    monkeypatch.setattr(app, "first_look", lambda *_: PLAIN)
    monkeypatch.setattr(app, "presets_for", lambda *_, **__: [PLAIN, EMBER, UNKNOWN])
    options = PlayOptions(
        "silence", headless=True, seconds=600.0, size=SHOWN, midi="-", osc=False, web=False, take=tmp_path / "take"
    )
    with app.live(options) as ready:
        frames = ready.clock.frames()

        def until(model: str, size: tuple[int, int], said: str = "", *names: str) -> None:
            """Play presets, then go on until a picture of that model and size is shown and `said` is said."""
            hand.events += names
            assert next(now for now in frames if seen(ready.show.tick(now), model, size, said))

        until("paint", SHOWN)
        until("ember", (128, 64), "", "glow")
        until("ember", (128, 64), "embr could not be loaded (ZeroDivisionError: no such thing); ember goes on", "odd")
        until("paint", SHOWN, "", "plain")
    assert made == [("ember", (128, 64)), ("embr", SHOWN)]
    info = TakeReader(tmp_path / "take").info
    assert (info.model, info.size, info.asked, info.default) == ("paint", SHOWN, "", "paint")


def seen(blend: Blend, model: str, size: tuple[int, int], said: str) -> bool:
    images = [layer.keyframe.image for layer in blend.layers]
    told = said in blend.status.warnings if said else not blend.status.warnings
    return bool(images) and images[-1].shape[:2] == size[::-1] and blend.status.model == model and told
