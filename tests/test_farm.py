"""A take rendered in pieces: cut at kept pictures, no frame lost or doubled, workers that die replaced."""

from __future__ import annotations

import itertools
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from liveanim import app, farm
from liveanim.core.errors import UserError
from liveanim.core.model import Image
from liveanim.farm import Piece, cut, joined
from liveanim.options import RenderOptions
from liveanim.outputs.video import VideoWriter
from liveanim.span import Span
from liveanim.workers import Crew, Job, Local, Lost, counted, shares

from .fakes import grey
from .outputs.test_video import pictures, sound
from .takes.test_rerender import FPS, SMALL, likeness, perform


@pytest.fixture(autouse=True)
def _short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(farm, "WORTH", farm.SHORTEST)


@pytest.mark.parametrize("workers", [1, 2, 5, 40])
@pytest.mark.parametrize("kept", [[n * 2.0 for n in range(300)], [n * 2.03 + 0.01 for n in range(20)], []])
@pytest.mark.parametrize("span", [Span(0, 18000, 18000, 30.0), Span(900, 1500, 18000, 30.0), Span(7, 40, 50, 25.0)])
def test_pieces_cover_every_frame_once_but_for_what_they_share(span: Span, kept: list[float], workers: int) -> None:
    pieces = cut(span, kept, workers)
    assert pieces[0].first == span.first and pieces[-1].last == span.last and pieces[-1].shared == 0
    for one, other in itertools.pairwise(pieces):
        assert one.last - one.shared == other.first and one.shared >= 1
        assert any(0 <= other.first / span.fps - time < 1 / span.fps for time in kept)
    assert all(piece.frames > piece.shared for piece in pieces)
    if len(kept) == 300 and span.frames > 10000 and workers == 5:
        assert len(pieces) == 15
        assert max(piece.frames for piece in pieces) < 1.3 * span.frames / 15


@pytest.mark.parametrize(
    ("seconds", "workers", "wanted"), [(30, 2, 2), (100, 2, 4), (600, 2, 6), (30, 12, 7), (9, 1, 1)]
)
def test_a_short_take_is_cut_into_few_pieces_as_many_for_each_worker(
    seconds: int, workers: int, wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(farm, "WORTH", 20.0)
    kept = [n * 1.0 for n in range(seconds)]
    assert len(cut(Span(0, 30 * seconds, 30 * seconds, 30.0), kept, workers)) == wanted


def test_joined_pieces_fade_over_what_they_share() -> None:
    def film(piece: Piece, level: int) -> Iterator[Image]:
        return iter([grey(level)] * piece.frames)

    pieces = [Piece(0, 0, 6, 3), Piece(1, 3, 9, 2), Piece(2, 7, 10)]
    levels = [int(image[0, 0, 0]) for image in joined(pieces, [film(p, n * 80) for n, p in enumerate(pieces)])]
    assert levels == [0, 0, 0, 20, 40, 60, 80, 107, 133, 160]


@pytest.mark.parametrize(
    ("workers", "cores", "wanted"),
    [(2, [0, 1, 2, 3], [{0, 2}, {1, 3}]), (3, [0, 1], [{0}, {1}, {0}]), (1, [4, 5], [{4, 5}])],
)
def test_processors_are_shared_out(workers: int, cores: list[int], wanted: list[set[int]]) -> None:
    assert shares(workers, cores) == wanted


class Hall:
    """A place under the test's hand: each job does what `plan` says of its number, in turn."""

    def __init__(self, plan: dict[int, list[Exception | None]], workers: int = 2) -> None:
        self.workers, self._plan = workers, plan
        self.stopped = False
        self.lock = threading.Lock()

    def do(self, job: Job, slot: int, tell: Callable[[int], None]) -> None:
        with self.lock:
            turn = self._plan.get(int(job.file.stem), [None])
            what = turn.pop(0) if turn else None
        tell(job.frames // 2)
        if what is not None:
            raise what
        job.file.touch()

    def stop(self) -> None:
        self.stopped = True


def jobs(folder: Path, count: int) -> list[Job]:
    return [Job(["render"], folder / f"{n}.mkv", 10) for n in range(count)]


def finish(crew: Crew, work: list[Job]) -> None:
    end = time.monotonic() + 20
    for job in work:
        while not crew.finished(job, 0.05):
            assert time.monotonic() < end


def test_a_lost_worker_is_replaced_and_every_piece_is_done(tmp_path: Path) -> None:
    hall, work = Hall({1: [Lost("gone"), Lost("gone again")], 3: [Lost("gone")]}), jobs(tmp_path, 5)
    with Crew(work, hall) as crew:
        finish(crew, work)
        assert (crew.done, crew.lost) == (50, 3)
    assert hall.stopped


def test_what_was_finished_before_is_not_done_again(tmp_path: Path) -> None:
    work = jobs(tmp_path, 3)
    work[1].file.touch()
    with Crew(work, Hall({1: [UserError("done twice")]})) as crew:
        finish(crew, work)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ([Lost("killed")] * 3, "3 workers were lost with the same piece .killed"),
        ([UserError("no such preset")], "no such"),
    ],
)
def test_what_cannot_be_done_ends_the_run_with_one_line(
    tmp_path: Path, plan: list[Exception | None], said: str
) -> None:
    work = jobs(tmp_path, 3)
    with Crew(work, Hall({0: plan})) as crew, pytest.raises(UserError, match=said):
        finish(crew, work)


def test_a_process_that_refuses_says_why_and_one_that_dies_is_lost() -> None:
    with pytest.raises(UserError, match="no such file"):
        list(counted(["render", "/nowhere.wav", "-o", "/tmp/a.mp4"], None, lambda process: None))
    with pytest.raises(Lost, match="-9"):
        list(counted(["render", "silence", "-o", "/tmp/a.mp4"], None, lambda process: process.kill()))


@pytest.fixture(scope="module")
def take(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return perform(tmp_path_factory.mktemp("farm"), seconds=10.0)


class Here:
    """Workers in this process: as real as can be without the time a process takes to start."""

    workers = 1

    def __init__(self) -> None:
        self.rendered = 0

    def do(self, job: Job, slot: int, tell: Callable[[int], None]) -> None:
        from liveanim.arguments import parse
        from liveanim.commands import render

        self.rendered += 1
        if self.rendered == 2:
            raise Lost("the second worker is killed")
        render(parse([*job.words, "-q"], ["render"]))

    def stop(self) -> None:
        pass


def test_a_take_in_pieces_is_the_same_film(take: Path, tmp_path: Path) -> None:
    options = RenderOptions(str(take), tmp_path / "a.mp4", quiet=True, extra=(tmp_path / "a.wav",))
    span = Span(0, 10 * FPS, 10 * FPS, FPS)
    place = Here()
    farm.render(options, span, SMALL, place)
    assert place.rendered == len(cut(span, [0, 2, 4, 6, 8], 1)) + 1 >= 3
    whole_times, whole, _ = pictures(take.parent / "shown.mp4")
    times, film, _ = pictures(tmp_path / "a.mp4")
    assert times == whole_times
    assert np.array_equal(sound(take.parent / "shown.mp4")[0], sound(tmp_path / "a.mp4")[0])
    alike = [likeness(a, b) for a, b in zip(film, whole, strict=True)]
    assert np.mean(alike) > 0.97 and min(alike) > 0.8
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "a.wav"]


def test_pieces_keep_what_is_transparent(take: Path, tmp_path: Path) -> None:
    look = tmp_path / "keyed.toml"
    look.write_text('[prompt]\ntext = ["deep blue sea"]\n[stage]\nkey = "dark"\nkey_level = 0.4\nkey_soft = 0.2\n')
    options = RenderOptions(str(take), tmp_path / "one.mov", quiet=True, preset=str(look), codec="prores", alpha=True)
    span = Span(0, 8 * FPS, 8 * FPS, FPS)
    app.render(replace(options, seconds=8.0))
    farm.render(replace(options, output=tmp_path / "many.mov"), span, SMALL, Here())
    one, many = (transparent(tmp_path / name) for name in ("one.mov", "many.mov"))
    assert one.shape == many.shape == (8 * FPS, SMALL[1], SMALL[0], 4)
    assert one[..., 3].min() < 10 and one[..., 3].max() > 245
    solid = (one[..., 3] > 128) & (many[..., 3] > 128)
    assert np.abs(one[..., 3].astype(int) - many[..., 3]).mean() < 8
    assert np.abs(one[..., :3].astype(int) - many[..., :3])[solid].mean() < 8


def transparent(path: Path) -> NDArray[np.uint8]:
    """(n, height, width, 4) of a film."""
    with av.open(str(path)) as file:
        return np.stack([np.asarray(frame.to_ndarray(format="rgba"), np.uint8) for frame in file.decode(video=0)])


def test_pieces_of_a_take_whose_files_have_changed_are_done_again(take: Path, tmp_path: Path) -> None:
    folder = tmp_path / "take"
    shutil.copytree(take, folder)
    (folder / "files" / "01").mkdir(parents=True)
    (folder / "files" / "01" / "film.cube").write_text("one")
    options = RenderOptions(str(folder), tmp_path / "a.mp4", quiet=True)
    began = []
    for text in ("one", "another"):
        if text != "one":
            (folder / "files" / "01" / "film.cube").write_text(text)
        for _ in range(2):
            workers = Third()
            with pytest.raises(UserError, match="the third piece is bad"):
                farm.render(options, Span(0, 10 * FPS, 10 * FPS, FPS), SMALL, workers)
            began.append(workers.began)
    assert began == [[0, 1], [1], [0, 1], [1]]


def test_a_run_that_broke_off_goes_on_with_its_finished_pieces(take: Path, tmp_path: Path) -> None:
    options = RenderOptions(str(take), tmp_path / "a.mp4", quiet=True)
    span = Span(0, 10 * FPS, 10 * FPS, FPS)
    with pytest.raises(UserError, match="the third piece is bad"):
        farm.render(options, span, SMALL, Third())
    assert not (tmp_path / "a.mp4").exists() and (tmp_path / "a.mp4.pieces").is_dir()
    kept = [path.name for path in (tmp_path / "a.mp4.pieces").glob("*.mkv")]
    other = Third()
    with pytest.raises(UserError, match="the third piece is bad"):
        farm.render(RenderOptions(str(take), tmp_path / "a.mp4", quiet=True, seed=9), span, SMALL, other)
    assert other.began == [0, 1]  # another job: nothing of the first is used
    assert "job" not in kept


@pytest.mark.parametrize("damage", ["short", "empty"])
def test_a_piece_that_is_not_whole_is_named_and_done_again(take: Path, tmp_path: Path, damage: str) -> None:
    class Careless(Third):
        def do(self, job: Job, slot: int, tell: Callable[[int], None]) -> None:
            if damage == "short":
                super().do(replace(job, frames=7), slot, tell)
            else:
                job.file.touch()

    options = RenderOptions(str(take), tmp_path / "a.mp4", quiet=True)
    span = Span(0, 10 * FPS, 10 * FPS, FPS)
    why = "it ends after 7" if damage == "short" else "Invalid data found when processing input after 0"
    with pytest.raises(UserError, match=rf"0000\.mkv: {why} of \d+ frames; render again"):
        farm.render(options, span, SMALL, Careless())
    again = Third()
    with pytest.raises(UserError):  # the second piece is no better
        farm.render(options, span, SMALL, again)
    assert again.began[0] == 0


class Third:
    """Workers that make pieces of one grey picture, and refuse the last."""

    workers = 1

    def __init__(self) -> None:
        self.began: list[int] = []

    def do(self, job: Job, slot: int, tell: Callable[[int], None]) -> None:
        number = int(job.file.stem)
        self.began.append(number)
        if number == 1:
            raise UserError("the third piece is bad")
        writer = VideoWriter(job.file, SMALL, FPS, codec="master", channels=0)
        for n in range(job.frames):
            writer.picture(grey(99, SMALL), n / FPS)
        writer.close()

    def stop(self) -> None:
        pass


def test_two_processes_render_a_take(take: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = RenderOptions(str(take), tmp_path / "a.mp4", workers=2, seconds=8.0)
    assert app.render(options) == 0
    assert len(pictures(tmp_path / "a.mp4")[1]) == 8 * FPS
    assert "of work in" in capsys.readouterr().err


def test_only_takes_are_cut(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="only takes"):
        app.render(RenderOptions("click:120", tmp_path / "a.mp4", seconds=1.0, workers=2))


def test_workers_here_have_processors_of_their_own() -> None:
    assert Local(3).workers == 3


@pytest.mark.timeout(300)
def test_ray_renders_the_same_frames_and_sound_and_survives_a_worker_that_is_killed(
    take: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ray itself, started here: its workers see the take under another name and get it as bytes."""
    pytest.importorskip("ray", reason="Ray is not installed")
    from liveanim.onray import LOCAL, OnRay

    elsewhere = tmp_path / "take"
    elsewhere.symlink_to(take)
    place = OnRay(LOCAL, 2, elsewhere)
    place._mark = "unknown on the workers"
    started, run = [], place._task.remote

    def remote(*args: object) -> object:
        task = run(*args)
        started.append(task)
        if started[0] is task:
            place._ray.cancel(task, force=True)
        return task

    monkeypatch.setattr(place, "_task", type("Task", (), {"remote": staticmethod(remote)}))
    span = Span(0, 8 * FPS, 10 * FPS, FPS)
    output = tmp_path / "a.mp4"
    farm.render(RenderOptions(str(elsewhere), output, quiet=True, painted=SMALL), span, SMALL, place)
    times, film, _ = pictures(output)
    whole_times, whole, _ = pictures(take.parent / "shown.mp4")
    assert len(started) == len(cut(span, [0, 2, 4, 6, 8], 2)) + 1 == 3
    assert times == whole_times[: span.frames]
    assert sound(output)[1] == pytest.approx(8.0, abs=0.03)
    assert np.mean([likeness(a, b) for a, b in zip(film, whole, strict=False)]) > 0.97


def test_ray_ends_only_after_the_threads_that_wait_for_it(take: Path, tmp_path: Path) -> None:
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    from liveanim.onray import LOCAL, OnRay

    place = OnRay(LOCAL, 2, take)
    jobs = [Job(["render"], tmp_path / f"{n}.mkv", 9) for n in range(3)]
    with Crew(jobs, place) as crew:
        pass
    assert not ray.is_initialized() and not any(thread.is_alive() for thread in crew._threads)
    with pytest.raises(Lost, match="stopped"):
        place.do(jobs[0], 0, print)


def test_a_ray_that_is_not_there_is_one_line() -> None:
    pytest.importorskip("ray", reason="Ray is not installed")
    from liveanim.onray import OnRay

    with pytest.raises(UserError, match=r"--ray 127\.0\.0\.1:1: there is no Ray to work with"):
        OnRay("127.0.0.1:1", None, Path("night"))


def test_a_take_travels_as_bytes(take: Path, tmp_path: Path) -> None:
    from liveanim.onray import packed, unpack

    unpack(packed(take), tmp_path / "take")
    names = [path.relative_to(take) for path in sorted(take.rglob("*")) if path.is_file()]
    assert [
        path.relative_to(tmp_path / "take") for path in sorted((tmp_path / "take").rglob("*")) if path.is_file()
    ] == names
    assert all((take / name).read_bytes() == (tmp_path / "take" / name).read_bytes() for name in names)


def test_a_worker_of_another_version_refuses() -> None:
    from liveanim.onray import piece

    with pytest.raises(UserError, match=r"a worker has liveanim .*, here is 0\.0\.1: install the same"):
        next(piece("0.0.1", [], "", "", "", []))
