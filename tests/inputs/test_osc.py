"""OSC in: what reaches the show, what is told to the sender, and what a flood does. Sockets are real."""

from __future__ import annotations

import random
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveanim.clock import unix_time
from liveanim.core.errors import UserError
from liveanim.core.expr import compile_expr
from liveanim.core.model import Blend, ControlEvent, Status
from liveanim.core.preset import preset_from
from liveanim.inputs import oscwire
from liveanim.inputs.osc import MOST_FOREIGN, MOST_SCHEDULED, OscInput, OscReader, Sender
from liveanim.inputs.oscwire import Argument, bundle, message, tag_of
from liveanim.inputs.readback import Readback
from liveanim.show import Settings, Show
from tests.fakes import AtOnce, Hears
from tests.inputs.test_oscwire import mutated

ME: Sender = ("127.0.0.1", 5000)
HUE, ZOOM = "/liveanim/param/stage/hue", "/liveanim/param/camera/zoom"
PATIENCE = 20.0  # s: a busy machine


class Desk:
    """An OscReader without a socket, on a clock that stands still."""

    def __init__(self, frame: Blend | None = None) -> None:
        self.now, self.frame = 0.0, frame
        self.unix: Callable[[], float] = unix_time
        self.sent: list[oscwire.Message] = []
        self.reader = OscReader(
            lambda: self.now,
            lambda: {"camera.zoom": 10.0},
            self._send,
            lambda: ["a", "b"],
            unix=lambda: self.unix(),
            frame=lambda: self.frame,
        )

    def _send(self, packet: bytes, sender: Sender) -> None:
        assert sender == ME
        self.sent += oscwire.read(packet)

    def packet(self, data: bytes) -> None:
        self.reader.packet(data, ME, self.now)

    def take(self, path: str, *arguments: Argument, at: float = 0.0) -> None:
        self.now = at
        self.packet(message(path, *arguments))

    def events(self, now: float | None = None) -> list[tuple[str, float | str | None]]:
        return [(event.target, event.value) for event in self.reader.read(self.now if now is None else now)]


def test_only_the_newest_value_of_a_parameter_is_applied_but_every_trigger() -> None:
    desk = Desk()
    for n in range(5):
        desk.take(HUE, n / 4, at=n * 0.001)
        desk.take("/liveanim/tempo/tap", at=round(n * 0.001 + 0.0005, 6))
    assert [(event.time, event.target) for event in desk.reader.read(1.0)] == [
        (0.0005, "do.tap"),
        (0.0015, "do.tap"),
        (0.0025, "do.tap"),
        (0.0035, "do.tap"),
        (0.004, "stage.hue"),
        (0.0045, "do.tap"),
    ]
    assert desk.events() == []


def test_turns_add_up_and_a_set_value_ends_them() -> None:
    desk = Desk()
    for n, arguments in enumerate([("+", 0.5), ("+", 0.25), ("-", 0.125)]):
        desk.take(HUE, *arguments, at=n * 0.001)
    assert desk.events() == [("add.stage.hue", 0.625)]
    for n, one in enumerate([("+", 0.5), (1.0,), ("+", 0.125), ("*", 0.5)]):
        desk.take(HUE, *one, at=1 + n * 0.001)
    assert desk.events() == [("stage.hue", 1.0), ("add.stage.hue", 0.125), ("scale.stage.hue", 0.5)]


def test_what_a_bundle_holds_keeps_its_order() -> None:
    desk = Desk()
    desk.packet(bundle([message(HUE, 1.0), message("/liveanim/preset", "b"), message(ZOOM, 0.5)]))
    assert [target for target, _ in desk.events()] == ["stage.hue", "do.preset", "camera.zoom"]


def test_presets_go_by_name_or_number() -> None:
    desk = Desk()
    for which in ("b", 1, 2.0, "+"):
        desk.take("/liveanim/preset", which)
    assert desk.events() == [("do.preset", "b"), ("do.preset", 1.0), ("do.preset", 2.0), ("do.preset", "+")]


def test_choices_go_by_their_names_too() -> None:
    desk = Desk()
    desk.take("/liveanim/param/play/quantise", "bar")
    desk.take("/liveanim/param/stage/mirror/raw", "Left-Right")
    assert desk.events() == [("play.quantise", 2.0), ("stage.mirror", 1.0)]


def test_what_plays_can_be_asked_for() -> None:
    back, sent = Readback(), list[oscwire.Message]()
    reader = OscReader(lambda: 0.0, lambda: back.told, lambda packet, sender: sent.extend(oscwire.read(packet)))
    status = Status(preset="a", scene="calm", prompts=("hill",), negative="text")
    back.write(Blend(0.0, signals={"bpm": 120.0}, status=status), 0.0)
    for path in ("preset", "scene/go", "prompt/1/text", "prompt/2", "prompt/negative", "tempo/bpm", "show/save"):
        reader.packet(message(f"/liveanim/{path}", "?"), ME, 0.0)
    assert [one.arguments[0] for one in sent[:-1]] == ["a", "calm", "hill", "", "text", 120.0]
    assert sent[-1].arguments == ("/liveanim/show/save", "this cannot be asked for")


def test_a_preset_can_be_asked_for_as_soon_as_it_was_saved() -> None:
    back = Readback(["a"])
    reader = OscReader(lambda: 0.0, dict, lambda packet, sender: None, lambda: back.presets)
    for _ in range(2):
        for name in ("a", "mine"):
            reader.packet(message("/liveanim/preset", name), ME, 0.0)
        back.write(Blend(0.0, status=Status(presets=("a", "mine"))), 0.0)
    assert [event.value for event in reader.read(0.0)] == ["a", "a", "mine"]


def test_scenes_and_expressions_that_the_preset_does_not_have_are_answered_not_played() -> None:
    desk = Desk(Blend(1.0, status=Status(scenes=("calm", "storm")), modulators={"slow": 0.0}))
    for which in ("calm", 2, 0, "strom", 3):
        desk.take("/liveanim/scene/go", which, at=1.0)
    desk.take("/liveanim/bar/scene/go", "nosuch", at=1.0)
    for text in ("slow + kick", "", "0.1 + kik", "0:(1), 10:(2"):  # the last one is right by Deforum's rules
        desk.take(f"{HUE}/expression", text, at=1.0)
    desk.take("/liveanim/param/play/quantise/expression", "bar", at=1.0)
    assert [value for _, value in desk.events()] == ["calm", 2.0, 0.0, "0:(1), 10:(2", "bar"]
    assert [one.arguments[1] for one in desk.sent] == [
        "there is no scene 'strom' (did you mean: storm?)",
        "there is no scene 3",
        "there is no scene 'nosuch'",
        "column 7: unknown name 'kik' (did you mean: kick?) in '0.1 + kik'",
    ]


def test_a_scene_of_a_preset_that_was_just_asked_for_is_its_own_affair() -> None:
    desk = Desk(Blend(1.0, status=Status(scenes=("calm",))))
    desk.now = 1.5
    desk.packet(bundle([message("/liveanim/preset", "b"), message("/liveanim/scene/go", "dusk")]))
    assert desk.events(2.0) == [("do.preset", "b"), ("do.scene", "dusk")] and desk.sent == []
    desk.frame = Blend(3.0, status=Status(scenes=("dusk",), waiting=("do.preset a",)))
    desk.take("/liveanim/scene/go", "rain", at=3.0)  # a's, when the bar comes
    assert desk.events(3.0) == [("do.scene", "rain")] and desk.sent == []
    desk.frame = Blend(4.0, status=Status(scenes=("rain",)))
    desk.take("/liveanim/scene/go", "dusk", at=4.0)
    assert desk.events(4.0) == [] and len(desk.sent) == 1


def test_a_wrong_message_spoils_no_other_of_its_bundle() -> None:
    desk = Desk()
    desk.packet(
        bundle([message(HUE, 1.0), message("/liveanim/nothing"), message(ZOOM, float("nan")), message(ZOOM, 0.5)])
    )
    assert desk.events() == [("stage.hue", 1.0), ("camera.zoom", 1.0)]


def test_a_bundle_of_the_future_waits_for_its_time_and_holds_up_nothing() -> None:
    desk = Desk()
    desk.now, desk.unix = 0.005, lambda: 1000.0
    desk.packet(bundle([message(HUE, 1.0), message("/liveanim/tempo/tap")], tag_of(1002.0)))
    desk.take(HUE, 0.5, at=0.01)
    assert desk.events(0.5) == [("stage.hue", 0.0)]
    assert desk.events(1.9) == []
    due = desk.reader.read(2.1)
    assert [event.target for event in due] == ["stage.hue", "do.tap"]
    assert [event.time for event in due] == pytest.approx([2.005, 2.005], abs=1e-6)
    assert desk.reader.counts["scheduled"] == 2


def test_a_bundle_that_came_before_the_show_began_is_played_at_its_time_all_the_same() -> None:
    desk = Desk()
    desk.unix = lambda: 1000.0
    desk.packet(bundle([message(HUE, 1.0)], tag_of(1008.0)))
    desk.packet(bundle([message(ZOOM, 1.0)], tag_of(1002.0)))
    assert desk.events(0.0) == []
    desk.unix = lambda: 1005.5  # devices took five seconds to open
    (late,) = desk.reader.read(0.5)
    assert (late.target, late.time) == ("camera.zoom", 0.5)
    assert desk.events(2.99) == [] and [event.time for event in desk.reader.read(3.0)] == [3.0]


def test_a_bundle_of_the_past_is_applied_at_once() -> None:
    desk = Desk()
    desk.packet(bundle([message(HUE, 1.0)], tag_of(unix_time() - 100)))
    assert desk.events() == [("stage.hue", 1.0)]


@pytest.mark.parametrize("tag", [tag_of(unix_time() + 3600), 2**64 - 1])
def test_a_bundle_of_the_far_future_is_refused(tag: int) -> None:
    desk = Desk()
    desk.packet(bundle([message(HUE, 1.0)], tag))
    assert desk.events(1e9) == []
    assert desk.reader.counts["time tag too far ahead"] == 1


def test_a_bounded_number_of_messages_waits_for_its_time() -> None:
    desk = Desk()
    packet = bundle([message("/liveanim/tempo/tap")] * 1000, tag_of(unix_time() + 30))
    for _ in range(MOST_SCHEDULED // 1000 + 1):
        desk.packet(packet)
    assert (desk.reader.counts["scheduled"], desk.reader.counts["too many scheduled"]) == (MOST_SCHEDULED, 1000)


@pytest.mark.parametrize(
    ("path", "arguments", "kind", "reason"),
    [
        ("/liveanim/param/stage/hu", (0.5,), "unknown address", "did you mean: /liveanim/param/stage/hue"),
        ("/liveanim/nothing/*", (), "unknown address", "unknown address"),
        ("/other", ("text",), "unknown address", "unknown address"),
        ("/liveanim/preset", ("c",), "unknown preset", "there is no preset 'c'"),
        ("/liveanim/preset", (0,), "unknown preset", "there is no preset 0"),
        ("/liveanim/preset", (3.0,), "unknown preset", "there is no preset 3"),
        ("/liveanim/bar/preset", ("aa",), "unknown preset", "there is no preset 'aa' (did you mean: a?)"),
        (HUE, ("text",), "wrong type", "expected one number"),
        (HUE, (float("nan"),), "not a number", "finite"),
        ("/liveanim/param/stage/*", ("text",), "wrong type", "expected a number, got 'text'"),
    ],
)
def test_a_wrong_message_is_counted_shown_answered_and_not_applied(
    path: str, arguments: tuple[Argument, ...], kind: str, reason: str
) -> None:
    desk = Desk()
    desk.take(path, *arguments, at=3.0)
    assert desk.events() == []
    assert desk.reader.counts == {kind: 1}
    assert path in desk.reader.problem()
    ((answer),) = desk.sent
    assert (answer.address, answer.arguments[0]) == ("/liveanim/error", path)
    assert isinstance(answer.arguments[1], str)
    assert reason in answer.arguments[1] or reason.startswith("expected")


def test_a_problem_is_shown_for_eight_seconds_and_only_once() -> None:
    desk = Desk()
    desk.take("/liveanim/nothing", at=1.0)
    assert desk.reader.problem().startswith("OSC: /liveanim/nothing: unknown address")
    desk.now = 8.9
    assert desk.reader.problem() != ""
    desk.now = 9.1
    assert desk.reader.problem() == ""
    desk.take("/liveanim/nothing", at=10.0)
    assert desk.reader.problem() == ""
    assert desk.reader.counts["unknown address"] == 2


def test_a_truncated_packet_changes_nothing() -> None:
    desk = Desk()
    desk.packet(message(HUE, 0.5)[:-4])
    assert desk.events() == []
    assert desk.reader.counts == {"malformed packet": 1}
    assert desk.sent[0].arguments == ("", "truncated argument of type f")


def test_questions_are_answered() -> None:
    desk = Desk()
    desk.take(ZOOM, "?")
    desk.take(f"{ZOOM}/raw", "?")
    desk.take("/liveanim/param/out/*", "?")
    assert [(one.address, one.arguments) for one in desk.sent] == [
        (ZOOM, (1.0,)),
        (f"{ZOOM}/raw", (10.0,)),
        ("/liveanim/param/out/blackout", (0.0,)),
        ("/liveanim/param/out/freeze", (0.0,)),
        ("/liveanim/param/out/level", (1.0,)),
        ("/liveanim/param/out/fade", (0.0,)),
    ]
    assert desk.events() == []


def test_errors_are_never_answered_with_errors() -> None:
    desk = Desk()
    desk.take("/liveanim/error", "/x", "unknown address")
    assert desk.sent == []


def test_a_flood_of_wrong_messages_is_not_doubled_by_answers() -> None:
    desk = Desk()
    for n in range(10_000):
        desk.take(f"/liveanim/nothing/{n}", at=n / 1000)
    assert 700 <= len(desk.sent) <= 800
    assert desk.reader.counts["unknown address"] == 10_000


def test_numbers_of_foreign_addresses_are_bounded() -> None:
    desk = Desk()
    for n in range(MOST_FOREIGN + 10):
        desk.take(f"/fader/{n}", 0.5)
    assert len(desk.events()) == MOST_FOREIGN
    desk.take("/fader/3", 0.25)
    assert desk.events() == [("osc./fader/3", 0.25)]
    assert desk.reader.counts["too many addresses"] == 10


def test_a_bounded_number_of_triggers_waits_for_a_frame() -> None:
    desk = Desk()
    for _ in range(2000):
        desk.take("/liveanim/tempo/tap")
    assert len(desk.events()) == 1000


@settings(deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=100), mutated()), max_size=20))
def test_whatever_is_sent_nothing_is_raised_and_what_is_good_still_comes(packets: list[bytes]) -> None:
    desk = Desk()
    for packet in packets:
        desk.packet(packet)
    desk.reader.read(0.0)
    desk.take(HUE, 1.0)
    assert desk.events(0.0) == [("stage.hue", 1.0)]


# in a show


def test_osc_values_reach_expressions_and_takes_turns_of_knobs() -> None:
    preset = preset_from(
        {"prompt": {"text": ["a"]}, "stage": {"exposure": 'osc("/1/fader") + cc(7)', "mirror": 0}}, "t", "t"
    )
    desk = Desk()
    show = Show([desk.reader], Hears(), AtOnce(), [preset], Settings((16, 8)), problems=[desk.reader.problem])
    assert show.tick(0.0).stage["exposure"] == 0.0
    desk.take("/1/fader", 1.5, at=0.1)
    desk.take("/liveanim/param/stage/mirror", "+", 0.1, at=0.1)
    assert show.tick(0.1).stage["exposure"] == 1.5
    for n in range(2, 5):
        desk.take("/liveanim/param/stage/mirror", "+", 0.1, at=n / 10)
        blend = show.tick(n / 10)
    assert blend.stage["mirror"] == 1.0  # 0.4 of 0 .. 3: turns too small for a whole step add up
    assert blend.knobs == {"stage.mirror": 1.0}
    desk.take("/liveanim/param/stage/mirror", "*", 2.0, at=0.5)
    assert show.tick(0.5).values["stage.mirror"] == 2.0
    desk.take("/liveanim/param/stage/mirror/release", at=0.6)
    assert show.tick(0.6).knobs == {}
    desk.take("/liveanim/param/stage/hu", at=0.7)
    assert show.tick(0.7).status.warnings[0].startswith("OSC: /liveanim/param/stage/hu: unknown address (did you mean")


@pytest.mark.parametrize(
    "event", [ControlEvent(0, "osc./x", "text"), ControlEvent(0, "cc.1"), ControlEvent(0, "add.x", 1.0)]
)
def test_a_wrong_value_for_expressions_changes_nothing(event: ControlEvent) -> None:
    class Once:
        def read(self, now: float) -> list[ControlEvent]:
            return [event]

    preset = preset_from({"prompt": {"text": ["a"]}}, "t", "t")
    blend = Show([Once()], Hears(), AtOnce(), [preset], Settings((16, 8))).tick(0.0)
    assert blend.knobs == {}
    assert len(blend.status.warnings) == 1


def test_the_names_that_expressions_read_are_the_ones_that_are_kept() -> None:
    assert {"osc:/1/fader", "cc:7"} <= set(compile_expr('osc("/1/fader") + cc(7)').names)


# through a socket


@pytest.fixture
def ears() -> Iterator[OscInput]:
    made = OscInput(time.monotonic, dict, port=0)
    yield made
    made.close()


def until(done: Callable[[], bool], patience: float = PATIENCE) -> None:
    end = time.monotonic() + patience
    while not done():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.005)


def sent(count: int, port: int, packets: Callable[[int], bytes]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for n in range(count):
            out.sendto(packets(n), ("127.0.0.1", port))


def collected(source: OscInput, events: list[ControlEvent], least: int) -> bool:
    events.extend(source.read(time.monotonic()))
    return len(events) >= least


def test_a_message_of_a_real_client_arrives(ears: OscInput) -> None:
    if shutil.which("oscsend") is None:
        pytest.skip("liblo-tools is not installed")
    port = str(ears.port)
    types = [("f", "0.25"), ("d", "0.25"), ("i", "1"), ("h", "1"), ("T", ""), ("F", "")]
    for kind, value in types:
        subprocess.run(["oscsend", "127.0.0.1", port, HUE, kind, *([value] if value else [])], check=True)
        events: list[ControlEvent] = []
        until(lambda events=events: collected(ears, events, 1))  # type: ignore[misc]
        place = {"T": 1.0, "F": 0.0}[kind] if not value else float(value)
        assert events[0].value == pytest.approx(2 * place - 1)
    subprocess.run(["oscsend", "127.0.0.1", port, "/liveanim/prompt/1", "s", "ein roter Fuchs, böse"], check=True)
    texts: list[ControlEvent] = []
    until(lambda: collected(ears, texts, 1))
    assert (texts[0].target, texts[0].value) == ("prompt.1", "ein roter Fuchs, böse")


OSC_JS: list[tuple[str, list[tuple[str, float | str | None]]]] = [
    ("2f6c697665616e696d2f706172616d2f73746167652f6875650000002c6600003f400000", [("stage.hue", 0.5)]),
    ("2f6c697665616e696d2f706172616d2f73746167652f626c6f6f6d002c69000000000001", [("stage.bloom", 1.0)]),
    ("2f6c697665616e696d2f706172616d2f73746167652f677261696e002c6400003fd0000000000000", [("stage.grain", 0.25)]),
    (
        "2f6c697665616e696d2f706172616d2f73746167652f73706c69742f726177002c6800000000000000000001",
        [("stage.split", 1.0)],
    ),
    ("2f6c697665616e696d2f6f75742f626c61636b6f757400002c540000", [("out.blackout", 1.0)]),
    ("2f6c697665616e696d2f6f75742f667265657a65000000002c460000", [("out.freeze", 0.0)]),
    (
        "2f6c697665616e696d2f70726f6d70742f3100002c73000065696e20726f7465722046756368732c2062c3b6736520e6a3ae0000",
        [("prompt.1", "ein roter Fuchs, böse 森")],
    ),
    ("2f6c697665616e696d2f747269676765722f7461700000002c000000", [("do.tap", None)]),
    (
        "2f6c697665616e696d2f706172616d2f73746167652f7b7368616b652c696e766572747d000000002c6600003f000000",
        [("stage.invert", 0.5), ("stage.shake", 0.5)],
    ),
    (
        "2f6c697665616e696d2f706172616d2f73746167652f7669676e6574746500002c7366002b0000003dcccccd",
        [("add.stage.vignette", 0.1)],
    ),
    ("2f312f6661646572330000002c6600003f000000", [("osc./1/fader3", 0.5)]),
    (
        "2362756e646c65000000000000000001000000242f6c697665616e696d2f706172616d2f73746167652f6875650000002c6600003dcccccd"
        "000000242f6c697665616e696d2f706172616d2f73746167652f626c6f6f6d002c6600003e4ccccd",
        [("stage.hue", -0.8), ("stage.bloom", 0.2)],
    ),
    ("2f6c697665616e696d2f706172616d2f73746167652f6875650000002c6600007fc00000", []),  # not a number
    ("2f6c697665616e696d2f706172616d2f73746167652f6875650000002c720000ff0000ff", []),  # a colour
    ("2f6c697665616e696d2f706172616d2f73746167652f6875650000002c6200000000000301020300", []),  # a blob
]
"""What osc.js (npm `osc` 2.4.5) put on the wire, and what it is to do here."""


@pytest.mark.parametrize(("packet", "done"), OSC_JS)
def test_packets_of_osc_js_are_understood(packet: str, done: list[tuple[str, float | str | None]]) -> None:
    desk = Desk()
    desk.packet(bytes.fromhex(packet))
    assert desk.events() == [
        (target, value if isinstance(value, str) else pytest.approx(value)) for target, value in done
    ]
    assert [one.address for one in desk.sent] == ([] if done else ["/liveanim/error"])


def test_what_is_sent_is_what_osc_js_writes() -> None:
    written = {
        message("/liveanim/param/stage/hue", 0.75),
        message("/liveanim/param/stage/bloom", 1),
        message("/liveanim/out/blackout", True),
        message("/liveanim/prompt/1", "ein roter Fuchs, böse 森"),
        bundle([message("/liveanim/param/stage/hue", 0.1), message("/liveanim/param/stage/bloom", 0.2)]),
    }
    assert written <= {bytes.fromhex(packet) for packet, _ in OSC_JS}


def test_the_sender_is_told_what_was_wrong(ears: OscInput) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE)
        client.sendto(message("/zzz", "x"), ("127.0.0.1", ears.port))
        (answer,) = oscwire.read(client.recv(2000))
    assert (answer.address, answer.arguments) == ("/liveanim/error", ("/zzz", "unknown address"))


def test_the_newest_value_of_every_address_survives_bursts_of_4000_messages(ears: OscInput) -> None:
    names = [f"/liveanim/param/macro/m{n}" for n in range(1, 9)]
    last: dict[str, float] = {}

    def packet(n: int) -> bytes:
        value = struct.unpack(">f", struct.pack(">f", random.random()))[0]
        last[f"macro.m{n % 8 + 1}"] = value
        return message(names[n % 8], value)

    heard: dict[str, float | str | None] = {}

    def all_there() -> bool:
        heard.update({event.target: event.value for event in ears.read(time.monotonic())})
        return heard == last

    for _ in range(5):  # the system keeps some 10,000 packets that nobody has read yet, and no more
        sent(4000, ears.port, packet)
        until(all_there)
    assert ears.problem() == ""


def test_a_number_that_is_none_does_not_hide_the_good_one_before_it(ears: OscInput) -> None:
    values = [0.25, 0.5, 1.0, float("nan"), float("inf"), float("-inf")]
    for _ in range(3):  # by the second time the address is known as one of a plain value
        sent(len(values), ears.port, lambda n: message(HUE, values[n]))
        events: list[ControlEvent] = []
        until(lambda events=events: collected(ears, events, 1) and events[-1].value == 1.0)  # type: ignore[misc]
    until(lambda: ears.counts["not a number"] == 9)
    assert ears.counts["applied"] + ears.counts["merged"] == 9


def test_turns_and_set_values_through_the_socket_keep_their_order(ears: OscInput) -> None:
    script = [message(HUE, 0.5), message(HUE, 0.75), message(HUE, "+", 0.125), message("/liveanim/tempo/tap")]
    for _ in range(20):
        sent(4, ears.port, lambda n: script[n])
        rows: list[ControlEvent] = []
        until(lambda rows=rows: collected(ears, rows, 1) and rows[-1].target == "do.tap")  # type: ignore[misc]
        assert [(e.target, e.value) for e in rows][-3:] == [
            ("stage.hue", 0.5),
            ("add.stage.hue", 0.125),
            ("do.tap", None),
        ]


def test_garbage_through_the_socket_leaves_it_listening(ears: OscInput) -> None:
    dice = random.Random(1)
    sent(2000, ears.port, lambda n: dice.randbytes(dice.randrange(200)))
    sent(1, ears.port, lambda n: message(HUE, 1.0))
    events: list[ControlEvent] = []
    until(lambda: collected(ears, events, 1))
    assert [event.target for event in events] == ["stage.hue"]


def test_a_taken_port_is_one_line() -> None:
    first = OscInput(time.monotonic, dict, port=0)
    with pytest.raises(
        UserError, match=rf"^OSC: port {first.port} on 127.0.0.1 cannot be opened \(address already in use\)"
    ):
        OscInput(time.monotonic, dict, port=first.port)
    port = first.port
    first.close()
    OscInput(time.monotonic, dict, port=port).close()


def test_only_this_machine_is_listened_to_unless_asked() -> None:
    here = OscInput(time.monotonic, dict, port=0)
    everywhere = OscInput(time.monotonic, dict, "0.0.0.0", port=0)
    assert [one._socket.getsockname()[0] for one in (here, everywhere)] == ["127.0.0.1", "0.0.0.0"]
    here.close()
    everywhere.close()
