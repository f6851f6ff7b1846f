"""The TouchOSC layout holds every parameter, and each control sends what the show reads."""

from __future__ import annotations

import zlib
from xml.etree import ElementTree as Tree

from liveanim.core.params import PARAMS
from liveanim.inputs import oscnames, oscwire
from liveanim.inputs.oscnames import Book
from liveanim.inputs.touchosc import HEIGHT, WIDTH, layout

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
        argument: float | str = value if kind == "CONSTANT" else 1.0
        message = oscwire.read(oscwire.message(path, argument))[0]
        (address,) = BOOK.find(message.address)
        event = oscnames.event(address, message.arguments, 0.0)
        assert event is not None
        sent[event.target, event.value] = node
        assert text(node, "messages/osc/connections") == "0000000001"
    targets = {target for target, _ in sent}
    assert set(PARAMS) <= targets
    assert {"do.tap", "do.panic", "out.blackout"} <= targets
    assert {("do.preset", "dawn"), ("do.preset", "storm")} <= set(sent)


def test_faders_begin_where_the_parameters_do() -> None:
    places = {
        text(node, "messages/osc/path/partial/value"): float(text(node, "values/value/default"))
        for node in controls()
        if node.get("type") == "FADER"
    }
    assert places["/liveanim/param/camera/zoom"] == 0.5
    assert places["/liveanim/param/stage/saturation"] == 0.5


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
