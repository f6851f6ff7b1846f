"""`liveanim` with a stopwatch: runs the command line it is given until ember's first keyframe is on the stage.

Prints {"startup_blank_s", "startup_s", "first_keyframe_s", ...} as JSON: seconds from LIVEANIM_BENCH_START (reading of
time.perf_counter by whoever started this process, on systems where that clock is the machine's) to the first frame, to
the first with a painted picture, to the first of the show itself, for which every device is open, and to the first that
shows a picture of the model; and the processors' time until then as *_cpu_s, which hardly depends on what else runs on
the machine.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import NoReturn


def main(argv: Sequence[str]) -> NoReturn:
    since = float(os.environ["LIVEANIM_BENCH_START"])
    from liveanim import app, cli
    from liveanim.clock import Clock
    from liveanim.core.model import Blend
    from liveanim.outputs.headless import Headless
    from liveanim.outputs.window import Window
    from liveanim.show import Played, Sink, run

    seen: dict[str, float] = {}

    def note(name: str) -> None:
        if f"{name}_s" not in seen:
            seen[f"{name}_s"] = time.perf_counter() - since
            seen[f"{name}_cpu_s"] = time.process_time()

    def lit(write: Callable[..., None]) -> Callable[..., None]:
        def watched(stage: Window | Headless, blend: Blend, now: float) -> None:
            write(stage, blend, now)
            note("startup_blank")
            if blend.layers:
                note("startup")
            if now >= 0:
                note("show")
            if any(layer.keyframe.model == "ember" for layer in blend.layers):
                note("first_keyframe")

        return watched

    for kind in (Window, Headless):
        kind.write = lit(kind.write)  # type: ignore[method-assign]

    class Ended:
        def __init__(self, show: Played) -> None:
            self._show = show

        def write(self, blend: Blend, now: float) -> None:
            if "first_keyframe_s" in seen:
                self._show.finish()

    def watched(show: Played, clock: Clock, sinks: Sequence[Sink]) -> None:
        run(show, clock, [*sinks, Ended(show)])

    app.run = watched
    code = cli.main(argv)
    sys.stdout.write(json.dumps(seen) + "\n")
    sys.stdout.flush()
    os._exit(code)  # as liveanim's own main: a model that still loads would abort a program that is taken down


if __name__ == "__main__":
    main(sys.argv[1:])
