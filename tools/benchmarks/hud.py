"""What the performer's display costs a frame: laying it out, and handing it to the card."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace

import moderngl

from liveanim.core.model import Blend, Status
from liveanim.core.params import PARAMS, defaults
from liveanim.outputs.hud import Hud
from liveanim.outputs.hud_layout import Readout
from liveanim.outputs.picker import Picker

from .rig import FPS, HD
from .stats import median, percentile

HELD = {"camera.zoom": 1.2, "stage.hue": 0.1, "stage.bloom": 0.4}
STATUS = Status(
    "Neon Garden",
    "ember",
    "USB Audio 48 kHz",
    bpm=126.0,
    taken_over=tuple(HELD),
    warnings=("the disk is too slow, something was left out",),
    prompt="a garden of glass and light, slow and deep",
    scenes=("calm", "rise", "storm", "after"),
    scene="rise",
)


def run(quick: bool) -> dict[str, float]:
    """Milliseconds of CPU time a frame at 720p: with everything that moves moving, and with the list of parameters, all
    of those in sight moving."""
    frames = [_frame(n) for n in range(120 if quick else 1200)]
    picker = Picker()
    picker.toggle()
    while picker.pick is None or picker.pick.rows[picker.pick.at].name != "camera.flip_x":
        picker.key("down", False)
    plain = _costs(frames, Readout(60.0, "REC 02:14", memory=1.4e9))
    listed = _costs(frames, Readout(60.0, "REC 02:14", memory=1.4e9, pick=picker.pick))
    return {
        "hud_ms": median(plain),
        "hud_p95_ms": percentile(plain, 95),
        "hud_list_ms": sum(listed) / len(listed),  # not all frames have the same to do
        "hud_list_p95_ms": percentile(listed, 95),
    }


def _frame(number: int) -> Blend:
    t = number / FPS
    waves = {name: 0.5 + 0.5 * math.sin(t * k) for k, name in enumerate(("rms", "bass", "mid", "high"), 1)}
    hits = {name: number % k / k for k, name in ((20, "onset"), (30, "kick"), (60, "snare"), (15, "hat"))}
    signals = {**waves, **hits, "beat": 2.1 * t, "bar": 0.525 * t, "bpm": 126.0}
    moving = {name: row.from_unit(waves["bass"]) for name, row in PARAMS.items() if row.group in ("stage", "camera")}
    return Blend(
        t,
        signals=signals,
        values={**defaults(), **moving, **HELD},
        holders={"stage.hue": "midi"},
        knobs=HELD,
        modulators={f"lfo{k}": 0.5 + 0.5 * math.sin(k * t) for k in range(1, 5)},
        status=replace(STATUS, keyframe_rate=12.0 + 0.1 * (number % 9), keyframe_delay=0.08 + 0.001 * (number % 7)),
    )


def _costs(frames: Sequence[Blend], readout: Readout) -> list[float]:
    """Milliseconds for each frame but the first ones, without what the card itself does."""
    context = moderngl.create_context(standalone=True, backend="egl", require=330)  # type: ignore[arg-type]
    with context:
        target = context.simple_framebuffer(HD)
        hud, costs = Hud(context), []
        for blend in frames:
            target.use()
            begun = time.thread_time()
            hud.draw(blend, readout, HD)
            costs.append(1000 * (time.thread_time() - begun))
            context.finish()
        hud.release()
    context.release()
    return costs[30:]
