"""A TouchOSC layout (.tosc) of the whole address space: faders, buttons and texts for phones and tablets.

The format as TouchOSC 1.5 writes it: an XML tree of nodes with properties, values and messages, compressed by zlib. The
connection (this machine's address, port 7000; `--osc-out` for the way back) is set in the app, not in the file.
"""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar
from xml.etree import ElementTree as Tree

from .oscnames import ROOT, Address, Book

WIDTH, HEIGHT = 1024, 768
_TAB, _GAP, _LABEL = 44, 8, 26
_COLUMNS, _ROWS = 4, 6  # faders of a page
_NODES = uuid.UUID("5f0c6f7e-6d2b-4c57-9d0a-1f6c0f2c9a11")  # ids come from paths: the same table, the same file
_CONNECTION = "0000000001"  # the first of ten
_LEFT, _MIDDLE, _EAST = 1, 2, 1
_MOMENTARY, _TOGGLE = 0, 2
_INK = (0.93, 0.94, 0.96, 1.0)
_PAPER = (0.04, 0.043, 0.06, 1.0)
_COLOURS = {"stage": (0.62, 0.48, 1.0, 1.0), "keyframe": (1.0, 0.7, 0.28, 1.0)}
_RED, _GREY = (1.0, 0.3, 0.37, 1.0), (0.35, 0.38, 0.47, 1.0)
Argument = tuple[str, str, str]
"""Of a message: kind, conversion, value."""
PLACE: Argument = ("VALUE", "FLOAT", "x")
Row = TypeVar("Row")
Frame = tuple[float, float, float, float]
Colour = tuple[float, float, float, float]


def layout(book: Book | None = None, presets: Sequence[str] = ()) -> bytes:
    """The file: a page of what is always needed, then one (or more) of presets and for each group of parameters."""
    rows = list((book or Book()).addresses.values())
    faders = [row for row in rows if row.kind == "value" and row.path.startswith(f"{ROOT}/param/")]
    groups: dict[str, list[Address]] = {}
    for row in faders:
        groups.setdefault(row.path.split("/")[3], []).append(row)
    pages = [("live", _live_page(rows))]
    pages += [(title, _preset_page(part)) for title, part in _parts("presets", presets)]
    for group, members in groups.items():
        pages += [(title, _fader_page(part)) for title, part in _parts(group, members)]
    root = Tree.Element("lexml", version="6")
    top = _node("GROUP", "liveanim", (0, 0, WIDTH, HEIGHT), _PAPER)
    top.insert(0, Tree.Element("includes"))
    pager = _node("PAGER", "pages", (0, 0, WIDTH, HEIGHT), _PAPER, {"tabbarSize": _TAB, "tabLabels": True})
    _add(pager, [_page(title, nodes) for title, nodes in pages])
    _add(top, [pager])
    root.append(top)
    return zlib.compress(Tree.tostring(root, encoding="UTF-8", xml_declaration=True))


def _parts(title: str, rows: Sequence[Row]) -> list[tuple[str, Sequence[Row]]]:
    """`rows` in as many pages as they need, with their titles."""
    size = _COLUMNS * _ROWS
    parts = [rows[start : start + size] for start in range(0, len(rows), size)]
    return [(title if len(parts) == 1 else f"{title} {number}", part) for number, part in enumerate(parts, 1)]


def _page(title: str, nodes: list[Tree.Element]) -> Tree.Element:
    page = _node("GROUP", title, (0, _TAB, WIDTH, HEIGHT - _TAB), _PAPER, {"tabLabel": title})
    _add(page, nodes)
    return page


def _fader_page(rows: Sequence[Address]) -> list[Tree.Element]:
    return [node for place, row in enumerate(rows) for node in _fader(row, _cell(place, _COLUMNS, _ROWS))]


def _live_page(rows: Sequence[Address]) -> list[Tree.Element]:
    """Blackout, freeze and the master fader, what can be done, and the first scenes of the preset that plays."""
    switches = [row for row in rows if row.types == "T"]
    (master,) = (row for row in rows if row.path == f"{ROOT}/out/level")
    triggers = [row for row in rows if row.path.startswith(f"{ROOT}/trigger/")]
    columns, lines = 5, 8
    nodes = []
    for place, row in enumerate(switches):
        nodes += _button(row.path, row.path.rpartition("/")[2], _cell(place, columns, lines), _RED, toggle=True)
    x, y, _, high = _cell(len(switches), columns, lines)
    nodes += _fader(master, (x, y, WIDTH - _GAP - x, high), "master")
    for place, row in enumerate(triggers, columns):
        nodes += _button(row.path, row.path.rpartition("/")[2], _cell(place, columns, lines), _GREY)
    start = columns * (2 + (len(triggers) - 1) // columns)
    for number in range(1, columns * lines - start + 1):
        frame, what = _cell(start + number - 1, columns, lines), ("CONSTANT", "INTEGER", str(number))
        nodes += _button(f"{ROOT}/scene/go", f"scene {number}", frame, _COLOURS["keyframe"], what=what)
    return nodes


def _preset_page(names: Sequence[str]) -> list[Tree.Element]:
    nodes = []
    for place, name in enumerate(names):
        frame, what = _cell(place, _COLUMNS, _ROWS), ("CONSTANT", "STRING", name)
        nodes += _button(f"{ROOT}/preset", name, frame, _COLOURS["stage"], what=what)
    return nodes


def _cell(place: int, columns: int, lines: int) -> Frame:
    wide, high = (WIDTH - _GAP) / columns, (HEIGHT - _TAB - _GAP) / lines
    return _GAP + place % columns * wide, _GAP + place // columns * high, wide - _GAP, high - _GAP


def _fader(row: Address, frame: Frame, title: str = "") -> list[Tree.Element]:
    x, y, wide, high = frame
    assert row.spec is not None
    title = title or row.spec.name.partition(".")[2].replace("_", " ")
    colour, place = _COLOURS[row.spec.acts], row.spec.to_unit(row.spec.default)
    if row.spec.curve == "toggle":
        return _button(row.path, title, frame, colour, toggle=True)
    fader = _node("FADER", row.path, (x, y + _LABEL, wide, high - _LABEL), colour, {"orientation": _EAST})
    _values(fader, {"x": f"{place:.6g}", "touch": "false"})
    _message(fader, row.path, "ANY", PLACE, receives=True)
    return [_label(f"{row.path} title", title, (x, y, wide, _LABEL), 14, _LEFT), fader]


def _button(
    path: str, title: str, frame: Frame, colour: Colour, toggle: bool = False, what: Argument = PLACE
) -> list[Tree.Element]:
    """A button that sends `what`, and its words over it, which let touches through."""
    button = _node("BUTTON", f"{path} {title}", frame, colour, {"buttonType": _TOGGLE if toggle else _MOMENTARY})
    _values(button, {"x": "0", "touch": "false"})
    _message(button, path, "ANY" if toggle else "RISE", what, receives=toggle)
    return [button, _label(f"{path} {title} title", title, frame, 16, _MIDDLE)]


def _label(name: str, text: str, frame: Frame, size: int, align: int) -> Tree.Element:
    more = {"interactive": False, "background": False, "outline": False, "textSize": size, "textAlignH": align}
    label = _node("LABEL", name, frame, _INK, more)
    _property(label.find("properties"), "textColor", _INK)
    _values(label, {"text": text, "touch": "false"})
    return label


def _node(
    kind: str, name: str, frame: Frame, colour: Colour, more: Mapping[str, str | int | bool] | None = None
) -> Tree.Element:
    node = Tree.Element("node", ID=str(uuid.uuid5(_NODES, f"{kind} {name}")), type=kind)
    properties = Tree.SubElement(node, "properties")
    for key, value in {"name": name, "frame": frame, "color": colour, **(more or {})}.items():
        _property(properties, key, value)
    return node


def _property(properties: Tree.Element | None, key: str, value: str | int | bool | Frame) -> None:
    assert properties is not None
    kinds = {bool: "b", int: "i", str: "s"}
    kind = kinds.get(type(value), "r" if key == "frame" else "c")
    row = Tree.SubElement(properties, "property", type=kind)
    Tree.SubElement(row, "key").text = key
    told = Tree.SubElement(row, "value")
    if isinstance(value, tuple):
        for part, number in zip("xywh" if kind == "r" else "rgba", value, strict=True):
            Tree.SubElement(told, part).text = f"{number:.6g}"
    else:
        told.text = str(int(value)) if isinstance(value, int) else value


def _values(node: Tree.Element, values: dict[str, str]) -> None:
    place = Tree.SubElement(node, "values")
    for key, value in values.items():
        row = Tree.SubElement(place, "value")
        rows = (("key", key), ("locked", "0"), ("lockedDefaultCurrent", "0"), ("default", value), ("defaultPull", "0"))
        for tag, text in rows:
            Tree.SubElement(row, tag).text = text


def _message(node: Tree.Element, path: str, condition: str, what: Argument, receives: bool) -> None:
    """An OSC message to `path` when x changes (ANY) or a button is pressed (RISE); `what` is its argument."""
    osc = Tree.SubElement(Tree.SubElement(node, "messages"), "osc")
    flags = {"enabled": "1", "send": "1", "receive": str(int(receives)), "feedback": "0", "noDuplicates": "0"}
    for tag, text in {**flags, "connections": _CONNECTION}.items():
        Tree.SubElement(osc, tag).text = text
    trigger = Tree.SubElement(Tree.SubElement(osc, "triggers"), "trigger")
    Tree.SubElement(trigger, "var").text = "x"
    Tree.SubElement(trigger, "condition").text = condition
    for place, (kind, conversion, value) in (("path", ("CONSTANT", "STRING", path)), ("arguments", what)):
        partial = Tree.SubElement(Tree.SubElement(osc, place), "partial")
        rows = (("type", kind), ("conversion", conversion), ("value", value), ("scaleMin", "0"), ("scaleMax", "1"))
        for tag, text in rows:
            Tree.SubElement(partial, tag).text = text


def _add(node: Tree.Element, children: Iterable[Tree.Element]) -> None:
    Tree.SubElement(node, "children").extend(children)
