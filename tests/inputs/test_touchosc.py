"""The TouchOSC layout holds every parameter, and each control sends what the show reads."""

from __future__ import annotations

import uuid
import zlib
from xml.etree import ElementTree as Tree

import pytest

from liveanim.core.params import PARAMS
from liveanim.core.preset import preset_from
from liveanim.inputs import oscnames, oscwire
from liveanim.inputs.osc import OscReader
from liveanim.inputs.oscnames import Book
from liveanim.inputs.touchosc import HEIGHT, WIDTH, layout
from liveanim.show import Settings, Show
from tests.fakes import AtOnce, Hears

BOOK = Book()


def opened(data: bytes) -> Tree.Element:
    return Tree.fromstring(zlib.decompress(data))


def text(node: Tree.Element, path: str) -> str:
    found = node.find(path)
    assert found is not None and found.text is not None, path
    return found.text


def controls() -> list[Tree.Element]:
    return [
        node for node in opened(layout(presets=["dawn", "storm"])).iter("node") if node.find("messages") is not None
    ]


def test_it_is_compressed_xml_of_one_group_and_the_same_for_the_same_table() -> None:
    root = opened(layout())
    assert (root.tag, root.get("version"), [node.get("type") for node in root]) == ("lexml", "6", ["GROUP"])
    assert layout() == layout()
    ids = [node.get("ID") for node in root.iter("node")]
    assert len(ids) == len(set(ids))


def test_every_parameter_has_a_control_and_every_control_plays() -> None:
    sent = {}
    for node in controls():
        path = text(node, "messages/osc/path/partial/value")
        kind, value = (text(node, f"messages/osc/arguments/partial/{key}") for key in ("type", "value"))
        argument: float | str = 1.0
        if kind == "CONSTANT":
            whole = text(node, "messages/osc/arguments/partial/conversion") == "INTEGER"
            argument = int(value) if whole else value
        message = oscwire.read(oscwire.message(path, argument))[0]
        (address,) = BOOK.find(message.address)
        event = oscnames.event(address, message.arguments, 0.0)
        assert event is not None
        sent[event.target, event.value] = node
        assert text(node, "messages/osc/connections") == "0000000001"
    targets = {target for target, _ in sent}
    assert set(PARAMS) <= targets
    assert {"do.tap", "do.panic", "out.blackout"} <= targets
    assert {("do.preset", "dawn"), ("do.preset", "storm"), ("do.scene", 1.0), ("do.scene", 8.0)} <= set(sent)


def test_faders_begin_where_the_parameters_do() -> None:
    places = {
        text(node, "messages/osc/path/partial/value"): float(text(node, "values/value/default"))
        for node in controls()
        if node.get("type") == "FADER"
    }
    assert places["/liveanim/param/camera/zoom"] == 0.5
    assert places["/liveanim/param/stage/saturation"] == 0.5
    assert places["/liveanim/out/level"] == places["/liveanim/param/out/level"] == 1.0


def test_everything_is_on_its_page_and_no_two_faders_overlap() -> None:
    root = opened(layout(presets=["dawn"]))
    for page in root.findall("node/children/node/children/node"):
        frames = []
        for node in page.findall("children/node"):
            frame = next(row for row in node.findall("properties/property") if row.findtext("key") == "frame")
            x, y, wide, high = (float(frame.findtext(f"value/{part}") or "nan") for part in "xywh")
            assert 0 <= x and x + wide <= WIDTH and 0 <= y and y + high <= HEIGHT - 44
            if node.get("type") == "FADER":
                frames.append((x, y))
        assert len(frames) == len(set(frames))


KEYS = {
    "GROUP": {"name", "frame", "color", "tabLabel"},
    "PAGER": {"name", "frame", "color", "tabbarSize", "tabLabels"},
    "FADER": {"name", "frame", "color", "orientation"},
    "BUTTON": {"name", "frame", "color", "buttonType"},
    "LABEL": {"name", "frame", "color", "interactive", "background", "outline", "textSize", "textAlignH", "textColor"},
}
PARTS = {"b": [], "i": [], "s": [], "r": ["x", "y", "w", "h"], "c": ["r", "g", "b", "a"]}
OSC = ["enabled", "send", "receive", "feedback", "noDuplicates", "connections", "triggers", "path", "arguments"]


def tags(node: Tree.Element | None) -> list[str]:
    assert node is not None
    return [part.tag for part in node]


def test_every_part_of_the_file_is_of_a_kind_that_the_format_has() -> None:
    data = layout(presets=["dawn"])
    assert data[:2] == b"\x78\x9c"
    root = opened(data)
    top = root[0]
    for node in root.iter("node"):
        assert str(uuid.UUID(node.get("ID"))) == node.get("ID") and node.get("type") in KEYS
        assert tags(node)[:2] == ["includes", "properties"] if node is top else tags(node)[0] == "properties"
        assert set(tags(node)) <= {"properties", "values", "messages", "children", "includes"}
        keys = [text(row, "key") for row in node.findall("properties/property")]
        assert set(keys) <= KEYS[str(node.get("type"))] and len(keys) == len(set(keys))
        assert {"name", "frame", "color"} <= set(keys)
        for row in node.findall("properties/property"):
            kind = row.get("type")
            assert kind is not None and tags(row) == ["key", "value"] and tags(row.find("value")) == PARTS[kind]
            if kind in "bi":
                assert text(row, "value").isdecimal()
        for osc in node.findall("messages/osc"):
            assert tags(osc) == OSC
            assert text(osc, "triggers/trigger/condition") in ("ANY", "RISE", "FALL")
            for partial in osc.iter("partial"):
                assert tags(partial) == ["type", "conversion", "value", "scaleMin", "scaleMax"]
                assert text(partial, "type") in ("CONSTANT", "INDEX", "VALUE", "PROPERTY")
                assert text(partial, "conversion") in ("BOOLEAN", "INTEGER", "FLOAT", "STRING")
            if text(osc, "arguments/partial/type") == "VALUE":
                known = [text(row, "key") for row in node.findall("values/value")]
                assert text(osc, "arguments/partial/value") in known


def test_what_the_controls_send_moves_a_show() -> None:
    """Every fader at nine tenths of its way, then every switch."""
    looks = [preset_from({"prompt": {"text": ["hill"]}}, "t", name) for name in ("dawn", "storm")]
    reader = OscReader(lambda: 1.0, lambda: {}, lambda packet, sender: None, lambda: ["dawn", "storm"])
    show = Show([reader], Hears(), AtOnce(), looks, Settings((16, 8)))
    show.tick(0.0)
    sent = {}
    for node in controls():
        path = text(node, "messages/osc/path/partial/value")
        row = BOOK.find(path)[0].spec
        if (
            row is None
            or text(node, "messages/osc/arguments/partial/type") == "CONSTANT"
            or row.name.startswith("out.")
        ):
            continue
        place = 1.0 if node.get("type") == "BUTTON" else 0.9
        reader.packet(oscwire.message(path, place), ("127.0.0.1", 1), 1.0)
        sent[row.name] = row.from_unit(place)
    assert set(PARAMS) - set(sent) == {"out.blackout", "out.freeze", "out.level", "out.fade"}
    for frame in range(60):
        blend = show.tick(1.0 + frame / 10)
    assert {name: blend.values[name] for name in sent} == pytest.approx(sent, rel=1e-3, abs=1e-3)
    reader.packet(oscwire.message("/liveanim/out/blackout", 1.0), ("127.0.0.1", 1), 1.0)
    reader.packet(oscwire.message("/liveanim/preset", "storm"), ("127.0.0.1", 1), 1.0)
    blend = show.tick(30.0)  # after four bars of 14 beats, as the faders say
    assert blend.blackout and blend.status.preset == "storm" and not reader.problem()
