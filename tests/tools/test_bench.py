"""The benchmark's arithmetic by numbers, and one group of it for real."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from liveanim.core.model import RenderRequest
from tools import bench
from tools.benchmarks.latency import Listener, moments, noise_mark, onset_mark, waits
from tools.benchmarks.rig import BLOCK, Clicks
from tools.benchmarks.stats import Frames, Intervals, median, percentile, rise_after, rises, spread

ROOT = Path(__file__).resolve().parents[2]
PERIOD = 0.02


def film(levels: list[float], took: float = 0.008) -> Frames:
    """Frames begun every 20 ms and drawn `took` seconds later."""
    begun = [n * PERIOD for n in range(len(levels))]
    return Frames(begun, [t + took for t in begun], levels)


def test_percentiles_interpolate_and_nothing_has_none() -> None:
    assert percentile([4, 1, 3, 2], 50) == median([1, 2, 3, 4]) == 2.5
    assert percentile(list(range(101)), 95) == 95
    assert math.isnan(median([]))
    assert spread("x", [1.0, 1.0], "ms") == {"x_p50_ms": 1.0, "x_p95_ms": 1.0}


def test_intervals_are_milliseconds_and_the_rate_is_over_the_whole_run() -> None:
    found = Intervals.of([0.0, 0.01, 0.02, 0.05])
    assert (found.p50, found.longest) == pytest.approx((10, 30))
    assert found.rate == pytest.approx(60)
    assert found.p99 == pytest.approx(30, abs=0.5)


def test_a_hop_is_waited_for_from_the_block_on_that_completed_it() -> None:
    early, at_end, within = 1.0, 1000 * BLOCK / 48000, (1000 * BLOCK - 90) / 48000
    known = [(early, 100.0), (at_end, 90.01 + at_end), (within, 90.004 + at_end)]
    assert waits(known, 90.0, 48000) == pytest.approx([0.01, 0.004])


def test_what_listens_notes_every_hop() -> None:
    listener = Listener(48000)
    found = listener.feed(np.zeros(48000, np.float32))
    assert [end for end, _ in listener.known] == [hop.time for hop in found]
    assert [one.end for one in listener.fed] == [found[-1].time]
    assert listener.fed[0].took > 0 and listener.fed[0].computed > 0


def test_a_step_in_brightness_is_found_at_the_frame_that_shows_it() -> None:
    frames = film([30.0] * 10 + [90.0] * 10)
    # Frames 8 and 9 were begun after the cause and are dark still: frame 10 is the third.
    rise = rise_after(frames, 0.155, within=0.3, least=10)
    assert rise is not None and rise.frames == 3
    assert rise.seconds == pytest.approx(0.208 - 0.155)


def test_a_frame_begun_before_the_cause_does_not_count() -> None:
    frames = film([30.0] * 10 + [90.0] * 10)
    rise = rise_after(frames, 0.185, within=0.3, least=10)
    assert rise is not None and rise.frames == 1
    assert rise.seconds == pytest.approx(0.208 - 0.185)


def test_a_fade_is_found_where_it_has_come_as_far_as_asked() -> None:
    frames = film([0.0] * 10 + [20.0, 40.0, 60.0, 80.0, 100.0] + [100.0] * 5)
    early = rise_after(frames, 0.19, within=0.5, least=10, share=0.1)
    half = rise_after(frames, 0.19, within=0.5, least=10, share=0.5)
    assert early is not None and half is not None
    assert (early.frames, half.frames) == (1, 3)


def test_noise_and_missing_frames_are_no_rise() -> None:
    assert rise_after(film([30.0, 31.0] * 10), 0.2, within=0.2, least=10) is None
    assert rise_after(film([30.0] * 10), 5.0, within=0.2, least=10) is None
    assert rise_after(film([]), 0.0, within=0.2, least=10) is None


def test_only_causes_that_showed_are_counted() -> None:
    frames = film([30.0] * 10 + [90.0] * 5 + [30.0] * 30)
    assert len(rises(frames, [0.19, 0.7], within=0.1, least=10)) == 1


def test_clicks_arrive_in_whole_blocks_at_their_own_time() -> None:
    source = Clicks([0.1])
    assert len(source.read(0.004)) == 0
    first = source.read(0.09)
    assert len(first) % BLOCK == 0 and len(first) <= 0.09 * source.rate
    later = source.read(0.2)
    loud = abs(later[:, 0]) > 0.1
    assert (len(first) + loud.argmax()) == pytest.approx(0.1 * source.rate, abs=2)
    assert source.heard == (len(first) + len(later)) / source.rate
    assert abs(first).max() < 0.01


def test_moments_are_apart_and_in_no_step_with_the_display() -> None:
    times = moments(24, seed=1)
    assert min(b - a for a, b in pairwise(times)) > 1.0
    assert len({round(t * 60 % 1, 1) for t in times}) > 5
    assert times == moments(24, seed=1)


def test_a_picture_is_marked_when_its_request_carries_a_new_onset() -> None:
    when = onset_mark()

    def request(time: float, count: float) -> RenderRequest:
        return RenderRequest(0, time, (64, 64), signals={"onset_count": count})

    asked = [(0.0, 0), (0.1, 1), (0.5, 1), (5.0, 1), (5.1, 2)]
    assert [when(request(time, count)) for time, count in asked] == [False, True, True, False, True]
    assert noise_mark(RenderRequest(0, 0.0, (64, 64), noise=0.3))


def test_figures_have_four_digits_and_a_table_shows_each() -> None:
    assert bench.rounded(123.456) == 123.5
    with bench.Neighbours() as neighbours:
        pass
    text = bench.table("expression", {"expression_us": 0.5}, "", neighbours)
    assert "expression_us" in text and "0.5" in text


def test_every_group_can_be_found() -> None:
    for group in bench.GROUPS.values():
        source = (ROOT / "tools" / "benchmarks" / f"{group.module}.py").read_text(encoding="utf-8")
        assert f"def {group.function}(quick: bool)" in source


def test_the_command_writes_machine_figures_and_what_ran_beside_them(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    command = [sys.executable, "tools/bench.py", "--quick", "--only", "expression", "--json", str(file)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert answer.returncode == 0, answer.stderr
    result = json.loads(file.read_text(encoding="utf-8"))
    assert {"cpu", "cores", "ram_gb", "os", "python", "gpu", "versions", "commit", "date"} <= set(result["machine"])
    assert 0 < result["figures"]["expression_us"] < 1000
    assert {"load", "others", "seconds"} == set(result["groups"]["expression"])
    assert "expression_us" in answer.stdout
