"""Ways from one value to another: cubic Bézier curves by their control points, or by name."""

from __future__ import annotations

from .moment import FormulaError

Points = tuple[float, float, float, float]
_NAMED: dict[str, Points] = {
    "ease": (0.25, 0.1, 0.25, 1.0),
    "easeIn": (0.42, 0.0, 1.0, 1.0),
    "easeOut": (0.0, 0.0, 0.58, 1.0),
    "easeInOut": (0.42, 0.0, 0.58, 1.0),
    "linear": (0.0, 0.0, 1.0, 1.0),
    "stepStart": (0.0, 0.0, 0.0, 1.0),
    "stepEnd": (1.0, 0.0, 1.0, 1.0),
    "easeInSine": (0.12, 0, 0.39, 0),
    "easeOutSine": (0.61, 1, 0.88, 1),
    "easeInOutSine": (0.37, 0, 0.63, 1),
    "easeInQuad": (0.11, 0, 0.5, 0),
    "easeOutQuad": (0.5, 1, 0.89, 1),
    "easeInOutQuad": (0.45, 0, 0.55, 1),
    "easeInCubic": (0.32, 0, 0.67, 0),
    "easeOutCubic": (0.33, 1, 0.68, 1),
    "easeInOutCubic": (0.65, 0, 0.35, 1),
    "easeInQuart": (0.5, 0, 0.75, 0),
    "easeOutQuart": (0.25, 1, 0.5, 1),
    "easeInOutQuart": (0.76, 0, 0.24, 1),
    "easeInQuint": (0.64, 0, 0.78, 0),
    "easeOutQuint": (0.22, 1, 0.36, 1),
    "easeInOutQuint": (0.83, 0, 0.17, 1),
    "easeInExpo": (0.7, 0, 0.84, 0),
    "easeOutExpo": (0.16, 1, 0.3, 1),
    "easeInOutExpo": (0.87, 0, 0.13, 1),
    "easeInCirc": (0.55, 0, 1, 0.45),
    "easeOutCirc": (0, 0.55, 0.45, 1),
    "easeInOutCirc": (0.85, 0, 0.15, 1),
    "easeInBack": (0.36, 0, 0.66, -0.56),
    "easeOutBack": (0.34, 1.56, 0.64, 1),
    "easeInOutBack": (0.68, -0.6, 0.32, 1.6),
}
_NUMBERED = ("Sine", "Quad", "Cubic", "Quart", "Quint", "Expo")
_HYPHENS = {"ease-in": "easeIn", "ease-out": "easeOut", "ease-in-out": "easeInOut"}
_HYPHENS |= {"step-start": "stepStart", "step-end": "stepEnd"}


def points(name: str) -> Points:
    """The control points of a named curve; 'easeIn2' is 'easeInQuad'."""
    full = _HYPHENS.get(name, name)
    if full[:-1] in ("easeIn", "easeOut", "easeInOut") and full[-1] in "123456":
        full = full[:-1] + _NUMBERED[int(full[-1]) - 1]
    if full not in _NAMED:
        raise FormulaError(f"there is no curve {name[:40]!r}")
    return _NAMED[full]


def eased(place: float, curve: Points) -> float:
    """How far the way has gone at `place` 0..1 of the time."""
    x1, y1, x2, y2 = curve
    if not 0 < place < 1:
        return min(max(place, 0.0), 1.0)
    if x1 == y1 and x2 == y2:
        return place
    low, high = 0.0, 1.0
    for _ in range(50):
        t = (low + high) / 2
        low, high = (t, high) if _cubic(t, x1, x2) < place else (low, t)
    return _cubic((low + high) / 2, y1, y2)


def _cubic(t: float, a: float, b: float) -> float:
    return 3 * (1 - t) ** 2 * t * a + 3 * (1 - t) * t * t * b + t**3
