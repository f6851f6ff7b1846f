from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.errors import UserError
from liveanim.inputs.devices import SoundDevice, choose_input, find, loopback_cure
from liveanim.inputs.portaudio import sound_devices

USB_SLOW = SoundDevice(0, "USB Audio CODEC", "MME", 2, 44100)
MIC = SoundDevice(1, "Built-in Microphone", "Windows WASAPI", 1, 48000, default=True)
USB = SoundDevice(2, "USB Audio CODEC", "Windows WASAPI", 2, 48000)
MIXER = SoundDevice(3, "Mixer (hw:1,0)", "ALSA", 18, 96000)
ALL = (USB_SLOW, MIC, USB, MIXER)


@pytest.mark.parametrize(
    ("wanted", "device", "columns"),
    [
        (None, MIC, (0,)),
        ("", MIC, (0,)),
        ("usb", USB, (0, 1)),
        ("USB Audio CODEC", USB, (0, 1)),
        ("0", USB_SLOW, (0, 1)),
        ("mme", USB_SLOW, (0, 1)),
        ("USB:2", USB, (1,)),
        ("mixer:3-4", MIXER, (2, 3)),
        ("hw:1", MIXER, (0, 1)),
        ("hw:1,0:18", MIXER, (17,)),
        (":1", MIC, (0,)),
        ("3:1-8", MIXER, (0, 1, 2, 3, 4, 5, 6, 7)),
    ],
)
def test_a_device_and_its_channels_are_chosen_by_name_or_number(
    wanted: str | None, device: SoundDevice, columns: tuple[int, ...]
) -> None:
    choice = choose_input(ALL, wanted)
    assert (choice.device, choice.columns) == (device, columns)


def test_an_unknown_name_tells_the_near_ones_and_all_there_are() -> None:
    with pytest.raises(UserError, match=r"did you mean: USB Audio CODEC") as caught:
        choose_input(ALL, "USB Adio")
    assert "'Built-in Microphone'" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wanted", ["USB:3", "USB:0", "USB:2-1", "mixer:1-12", "mixer:19"])
def test_channels_that_are_not_there_are_refused(wanted: str) -> None:
    with pytest.raises(UserError, match="channels 1 to"):
        choose_input(ALL, wanted)


def test_no_input_at_all_is_one_line_with_a_way_out() -> None:
    with pytest.raises(UserError, match="--audio FILE"):
        choose_input((), "USB")


@given(st.text(max_size=20))
def test_any_words_choose_a_device_or_are_refused_in_one_line(wanted: str) -> None:
    try:
        choice = choose_input(ALL, wanted)
    except UserError as error:
        assert "\n" not in str(error)
    else:
        assert choice.device in ALL and choice.columns


PULSE = SoundDevice(7, "pulse", "ALSA", 32, 44100)
SPEAKERS = SoundDevice(8, "Speakers (Realtek)", "Windows WASAPI", 2, 48000, default=True)
LOOPS = tuple(
    SoundDevice(number, name, system, 2, 48000)
    for number, name, system in (
        (10, "Stereo Mix (Realtek)", "MME"),
        (11, "HDMI [Loopback]", "Windows WASAPI"),
        (12, "Speakers (Realtek) [Loopback]", "Windows WASAPI"),
        (13, "BlackHole 2ch", "Core Audio"),
        (14, "Monitor of Speakers", "PulseAudio"),
    )
)


@pytest.mark.parametrize(
    ("devices", "outputs", "number", "monitor"),
    [
        ((*ALL, PULSE), (), 7, True),
        ((*ALL, *LOOPS), (SPEAKERS,), 12, False),
        ((*ALL, *LOOPS), (), 11, False),
        ((*ALL, LOOPS[3]), (SPEAKERS,), 13, False),
        ((*ALL, LOOPS[0], LOOPS[4]), (), 14, False),
    ],
)
def test_loopback_is_what_the_machine_plays(
    devices: tuple[SoundDevice, ...], outputs: tuple[SoundDevice, ...], number: int, monitor: bool
) -> None:
    choice = choose_input(devices, "Loopback", outputs)
    assert (choice.device.number, choice.columns, choice.monitor) == (number, (0, 1), monitor)
    assert choose_input(devices, "loopback:2", outputs).columns == (1,)


def test_where_nothing_hears_what_is_played_one_line_says_what_to_do() -> None:
    with pytest.raises(UserError, match="no input here hears what this machine plays: "):
        choose_input(ALL, "loopback")
    with pytest.raises(UserError, match="channels 1 to 32"):
        choose_input((PULSE,), "loopback:left")
    assert len({loopback_cure(platform) for platform in ("linux", "darwin", "win32")}) == 3


def test_nothing_is_found_by_an_empty_name() -> None:
    assert find(ALL, "  ") is None


def test_without_portaudio_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    class Missing:
        def find_spec(self, name: str, path: object = None, target: object = None) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(UserError, match="apt install libportaudio2"):
        sound_devices()
