"""Played once, rendered again: what can be the same is the same.

On the same frame clock everything is: pictures and sound, bit for bit. A live show draws its frames when the screen
wants them, so its re-render has other frame times; the same events, sound and seeds, and the same pictures painted at
the display frames nearest to the live ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from liveanim import app, plan
from liveanim.archive import Archive
from liveanim.clock import FrameClock
from liveanim.core.errors import UserError
from liveanim.core.model import ControlEvent, Image
from liveanim.core.preset import Preset
from liveanim.inputs.analysis import Analyser
from liveanim.inputs.ears import Ears
from liveanim.inputs.fakes import RATE, Script, click
from liveanim.inputs.sources import Loop, Steady
from liveanim.library import as_toml, find_preset, read_preset, shipped, table_of
from liveanim.options import PlayOptions, RenderOptions
from liveanim.outputs.headless import Headless
from liveanim.recording import Recorders, keep_take
from liveanim.render.inline import InlineRender
from liveanim.render.paint import PaintRenderer
from liveanim.show import Render, Settings, Show, Source, run
from liveanim.takes.format import EVENTS, TakeInfo
from liveanim.takes.reader import TakeReader
from liveanim.takes.writer import TakeWriter
from liveanim.taking import Takes

from ..outputs.test_video import pictures, sound

SMALL, FPS, SECONDS = (128, 72), 20, 4
EVENTS_PLAYED = (
    ControlEvent(0.31, "camera.zoom", 1.4, "midi"),
    ControlEvent(0.33, "do.loop", None, "keys"),
    ControlEvent(0.52, "macro.m4", 0.9, "midi"),  # goes on turning the colours, also in the preset that comes
    ControlEvent(0.74, "macro.m4", 0.3, "midi"),
    ControlEvent(0.85, "do.loop", None, "keys"),
    ControlEvent(1.2, "prompt.1", "green leaves", "web"),
    ControlEvent(1.7, "expr.stage.exposure", "0.5*kick", "osc"),
    ControlEvent(2.4, "do.preset", "deep-flight", "keys"),
    ControlEvent(3.1, "camera.zoom", None, "midi"),
    ControlEvent(3.2, "cc.21", 0.5, "midi"),
    ControlEvent(3.6, "do.reset", None, "keys"),
)


def beat() -> Steady:
    """A metronome whose samples are numbers of 16 bits, as a sound card gives them."""
    loop = click(120)
    return Steady(Loop("beat", (np.round(loop.take(RATE * 8) * 32767) / 32768).astype(np.float32), RATE))


def perform(folder: Path, seconds: float = SECONDS, painted: tuple[int, int] = SMALL) -> Path:
    """A performance on a frame clock, kept as take `folder`/take and recorded to `folder`/shown.mp4."""
    preset, looks = find_preset("neon-tunnel"), [read_preset(path) for path in shipped()]
    info = TakeInfo("1", preset.name, preset.text, "paint", painted, 7, FPS, picture=SMALL)
    frames = round(seconds * FPS)
    with ExitStack() as stack:
        stage = Headless(SMALL)
        stack.callback(stage.close)
        ears = Ears(beat(), Analyser(RATE))
        writer = TakeWriter(folder / "take", info, {one.name: one.text for one in looks})
        stack.callback(writer.close)
        recorders = Recorders([folder / "shown.mp4"], stage, ears, FPS, live=False)
        inner: Render = InlineRender(PaintRenderer())
        sources: list[Source] = [Script(EVENTS_PLAYED)]
        sources, port = keep_take(writer, sources, inner, ears)
        settings = Settings(painted, FPS, frames, {"picture.seed": 7.0}, table_of(looks))
        run(Show(sources, ears, port, looks, settings, preset), FrameClock(FPS, frames), [stage])
        ears.read(seconds)
        recorders.close()
    return folder / "take"


@pytest.fixture(scope="module")
def take(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return perform(tmp_path_factory.mktemp("show"))


def again(take: Path, output: Path, **more: object) -> Path:
    asked = RenderOptions(str(take), output, quiet=True)
    app.render(replace(asked, **more))  # type: ignore[arg-type]
    return output


def test_on_the_same_clock_pictures_and_sound_are_the_same_bit_for_bit(take: Path, tmp_path: Path) -> None:
    output = again(take, tmp_path / "again.mp4")
    times, shown, _ = pictures(take.parent / "shown.mp4")
    times_again, shown_again, _ = pictures(output)
    assert len(shown) == SECONDS * FPS and times == times_again
    assert np.array_equal(shown, shown_again)
    assert np.array_equal(sound(take.parent / "shown.mp4")[0], sound(output)[0])
    assert output.read_bytes() == (take.parent / "shown.mp4").read_bytes()


def test_a_take_of_the_middle_goes_on_from_the_picture_that_was_on(tmp_path: Path) -> None:
    begin, seconds = 4.0, 7
    played = [*(event for event in EVENTS_PLAYED if event.time < 2), ControlEvent(begin, "do.take", "part", "keys")]
    played += [ControlEvent(3.0, "out.level", 0.4, "midi"), ControlEvent(5.0, "out.fade", 0.8, "web")]
    played += [ControlEvent(time, "out.blackout", "toggle", "keys") for time in (5.5, 6.0)]
    preset, frames = find_preset("neon-tunnel"), seconds * FPS

    def make(folder: Path, state: Preset, presets: Sequence[Preset], now: float, since: float) -> TakeWriter:
        info = TakeInfo("1", state.name, as_toml(state), "paint", SMALL, 7, FPS, begin=now, sound_from=since)
        return TakeWriter(folder, replace(info, picture=SMALL), {})

    with ExitStack() as stack:
        stage, ears, takes = Headless(SMALL), Ears(beat(), Analyser(RATE)), Takes(make, tmp_path)
        stack.callback(stage.close)
        recorders = Recorders([tmp_path / "shown.mp4"], stage, ears, FPS, live=False)
        sources, port = keep_take(takes, [Script(played)], InlineRender(PaintRenderer()), ears)
        settings = Settings(SMALL, FPS, frames, {"picture.seed": 7.0})
        show = Show(sources, ears, port, [preset], settings, preset, archive=Archive(taker=takes))
        run(show, FrameClock(FPS, frames), [stage])
        ears.read(float(seconds))
        recorders.close()
        takes.close()
    _, shown, _ = pictures(tmp_path / "shown.mp4")
    _, part, _ = pictures(again(tmp_path / "part", tmp_path / "part.mp4"))
    assert len(part) == len(shown) - begin * FPS
    alike = [likeness(one, other) for one, other in zip(part, shown[round(begin * FPS) :], strict=True)]
    assert min(alike) > 0.98, alike  # some are nearly black
    bright = [(one.mean(), other.mean()) for one, other in zip(part, shown[round(begin * FPS) :], strict=True)]
    assert max(abs(one - other) for one, other in bright) < 1.5, bright
    heard, again_heard = (sound(tmp_path / name)[0] for name in ("shown.mp4", "part.mp4"))
    rest = heard[round(begin * RATE) :]
    length = min(len(rest), len(again_heard))
    assert np.corrcoef(rest[:length], again_heard[:length])[0, 1] > 0.9


def test_what_was_played_matters(take: Path, tmp_path: Path) -> None:
    """Else the test above could not fail: without its events the take shows something else."""
    folder = tmp_path / "take"
    folder.mkdir()
    for path in take.iterdir():
        if path.name != EVENTS:
            (folder / path.name).symlink_to(path)
    (folder / EVENTS).write_text("")
    _, shown, _ = pictures(again(folder, tmp_path / "a.mp4"))
    _, played, _ = pictures(take.parent / "shown.mp4")
    apart = np.abs(shown.astype(int) - played).mean(axis=(1, 2, 3))
    assert apart[:6].max() < 4 and np.median(apart[30:]) > 10  # the encoder looks some frames ahead


def likeness(one: Image, other: Image) -> float:
    """Correlation of two pictures of the same size, from -1 to 1."""
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def test_a_part_is_that_part_of_the_whole(take: Path, tmp_path: Path) -> None:
    _, whole, _ = pictures(take.parent / "shown.mp4")
    times, part, _ = pictures(again(take, tmp_path / "part.mp4", begin=2.5, end=3.5))
    assert len(part) == 20 and times[0] == 0.0
    assert np.mean([likeness(a, b) for a, b in zip(part, whole[50:70], strict=True)]) > 0.97
    loud, length = sound(tmp_path / "part.mp4")
    assert length == pytest.approx(1.0, abs=0.001)
    assert np.flatnonzero(loud > 0.3)[0] / RATE < 0.02  # a click on the first frame


@pytest.mark.parametrize(("fps", "size", "floor"), [(40, (256, 144), 0.93)])
def test_at_another_rate_or_size_it_is_the_same_performance(
    take: Path, tmp_path: Path, fps: int, size: tuple[int, int], floor: float
) -> None:
    _, whole, _ = pictures(take.parent / "shown.mp4")
    _, other, _ = pictures(again(take, tmp_path / "a.mp4", fps=float(fps), size=size))
    assert len(other) == SECONDS * fps
    step = size[0] // SMALL[0]
    small = other.reshape(len(other), SMALL[1], step, SMALL[0], step, 3).mean(axis=(2, 4))
    pairs = [(whole[n], small[round(n * fps / FPS)]) for n in range(2, len(whole), 2)]
    alike = [likeness(a, b) for a, b in pairs]
    assert np.mean(alike) > floor
    shuffled = [likeness(a, b) for (a, _), (_, b) in zip(pairs, pairs[20:] + pairs[:20], strict=True)]
    assert np.mean(shuffled) < np.mean(alike) - 0.2


def test_a_live_show_and_its_render_paint_the_same_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "take"
    look = tmp_path / "still.toml"
    look.write_text(
        '[prompt]\ntext = ["deep blue sea"]\n[camera]\nzoom = 1.2\n[picture]\nstrength = 0.6\ncadence = 0.2\n'
    )
    played = PlayOptions("click:120", preset=str(look), headless=True, osc=False, midi="-", seconds=6.0, seed=4)
    app.play(replace(played, model="paint", take=folder, size=SMALL))
    take = TakeReader(folder)
    painted = painted_again(folder, tmp_path, take)
    kept = [moment for moment in take.kept_moments() if moment.index in painted]
    assert len(kept) >= 2
    # The first one is painted at once in a render, and when the window is ready in a live show.
    assert min(likeness(take.picture(moment), painted[moment.index]) for moment in kept[1:]) > 0.9


def painted_again(folder: Path, tmp_path: Path, take: TakeReader) -> dict[int, Image]:
    """The keyframes of a re-render by their index."""
    seen: dict[int, Image] = {}
    real: Callable[..., object] = PaintRenderer.render
    with pytest.MonkeyPatch.context() as patch:

        def render(self: PaintRenderer, request: object, previous: object) -> object:
            keyframe = real(self, request, previous)
            seen[keyframe.index] = keyframe.image  # type: ignore[attr-defined]
            return keyframe

        patch.setattr(PaintRenderer, "render", render)
        again(folder, tmp_path / "a.mp4", fps=30.0)
    assert set(seen) <= {moment.index for moment in take.moments}
    return seen


def test_the_free_pace_paints_at_every_frame(take: Path, tmp_path: Path) -> None:
    line = '{"index": 0, "time": 0.0}\n'
    folder = tmp_path / "take"
    folder.mkdir()
    for path in take.iterdir():
        if path.name != "keyframes.jsonl":
            (folder / path.name).symlink_to(path)
    (folder / "keyframes.jsonl").write_text(line)
    assert list(painted_again(folder, tmp_path, TakeReader(folder))) == [0]
    again(folder, tmp_path / "free.mp4", pace="free")
    assert np.array_equal(pictures(tmp_path / "free.mp4")[1], pictures(take.parent / "shown.mp4")[1])


def test_the_presets_of_a_take_are_its_own(take: Path, tmp_path: Path) -> None:
    """A preset that is changed after the show does not change the show."""
    reader = TakeReader(take)
    assert list(reader.looks()) == [read_preset(path).name for path in shipped()]
    assert [one.text for one in plan.presets_for(find_preset("neon-tunnel"), reader)] == list(reader.looks().values())


def test_a_take_whose_preset_no_longer_reads_says_so(take: Path, tmp_path: Path) -> None:
    folder = tmp_path / "take"
    folder.mkdir()
    for path in take.iterdir():
        if path.name != "take.toml":
            (folder / path.name).symlink_to(path)
    (folder / "take.toml").write_text('version = "1"\npreset = "mine"\npreset_text = "[prompt]\\nspeed = 3"\n')
    with pytest.raises(UserError, match="speed"):
        again(folder, tmp_path / "a.mp4")


def test_ember_paints_the_same_film_twice_and_a_like_one_at_twice_the_size(take: Path, tmp_path: Path) -> None:
    wish = {"model": "ember", "painted": (128, 64), "seconds": 1.0, "fps": 10.0}
    films = [pictures(again(take, tmp_path / f"{n}.mp4", **wish))[1] for n in range(2)]
    assert len(films[0]) == 10 and np.array_equal(films[0], films[1])
    _, large, _ = pictures(again(take, tmp_path / "large.mp4", **wish, size=(256, 144)))
    small = large.reshape(10, 72, 2, 128, 2, 3).mean(axis=(2, 4))
    assert np.mean([likeness(a, b) for a, b in zip(films[0], small, strict=True)]) > 0.95
