"""Convolutions in whole numbers: which ones, how near they are, and what is said when something does not fit."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from liveanim.core.errors import UserError
from liveanim.render import compiled, processor
from liveanim.render.engines import OpenVinoEngine, TorchEngine
from liveanim.render.load import _cache
from liveanim.render.models import RANGES, Parts, find
from liveanim.render.prompts import Embedding
from liveanim.render.quantized import convolutions, quantize

needs_openvino = pytest.mark.skipif(not compiled.installed("openvino"), reason="openvino is an extra")


class Two(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.net = torch.nn.Sequential(torch.nn.Conv2d(3, 16, 3, padding=1), torch.nn.Conv2d(16, 4, 3, padding=1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(x)


@needs_openvino
def test_a_named_convolution_is_rounded_to_256_steps_and_the_other_is_not() -> None:
    module, picture = Two(), torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(2))
    model = compiled.converted(module, (picture,))
    assert list(convolutions(model)) == ["0", "1"]
    quantize(model, {"0": (0.0, 1.0)})
    kinds = [node.get_type_name() for node in model.get_ordered_ops()]
    assert kinds.count("FakeQuantize") == 2
    core = compiled.quiet_openvino().Core()
    run = core.compile_model(model, "CPU", compiled.cpu_options(1, single=True))
    with torch.no_grad():
        expected = module(picture).numpy()
    error = np.abs(run([picture.numpy()])[0] - expected).mean() / np.abs(expected).mean()
    assert 0 < error < 0.02


@needs_openvino
def test_names_that_no_convolution_has_are_said_and_change_nothing(caplog: pytest.LogCaptureFixture) -> None:
    model = compiled.converted(Two(), (torch.zeros(1, 3, 8, 8),))
    quantize(model, {"7": (0.0, 1.0)})
    assert "FakeQuantize" not in [node.get_type_name() for node in model.get_ordered_ops()]
    assert "1 convolutions are not found by name (7)" in caplog.text


def test_a_model_without_ranges_has_none_and_a_wrong_file_is_named(flow_model: Path, tmp_path: Path) -> None:
    def read() -> object:
        parts = Parts(find(str(flow_model)))
        parts.folder = tmp_path
        return dict(parts.ranges)

    assert read() == {}
    (tmp_path / RANGES).write_text('{"unet": {"conv": [-1, 2]}}')
    assert read() == {"unet": {"conv": (-1.0, 2.0)}}
    for wrong in ("{", "[]", '{"unet": [1]}', '{"unet": {"conv": [1]}}', '{"unet": {"conv": ["a", 1]}}'):
        (tmp_path / RANGES).write_text(wrong)
        with pytest.raises(UserError, match=r"quantization\.json: not ranges"):
            read()


def test_ember_brings_ranges_for_all_convolutions_but_the_first_and_the_last() -> None:
    parts = Parts(find("ember"))
    assert set(parts.ranges) == {"unet", "decode"}
    networks: Any = parts.family.modules(parts)[1:]
    for network in networks:
        names = [name for name, layer in network.net.named_modules() if isinstance(layer, torch.nn.Conv2d)]
        assert len(set(names) - set(parts.ranges[network.role])) == 2
        assert set(parts.ranges[network.role]) < set(names)


def test_ranges_have_0_as_one_of_their_steps() -> None:
    rows = json.loads((Parts(find("ember")).folder / RANGES).read_text())
    for low, high in (pair for network in rows.values() for pair in network.values()):
        place = -low / (high - low) * 255
        assert low <= 0 < high
        assert abs(place - round(place)) < 0.02


@needs_openvino
def test_embers_pictures_in_whole_numbers_are_those_of_float32(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liveanim.render.engines.fast_int8", lambda: True)
    parts, dice = Parts(find("ember")), torch.Generator().manual_seed(3)
    words = Embedding(torch.randn(1, 32, 128, generator=dice))
    whole, plain = OpenVinoEngine(parts, (128, 128), words, threads=1), TorchEngine(parts)
    assert caplog.text == ""
    x = torch.randn(1, 16, 8, 8, generator=dice)
    answer = plain.unet(x, 500.0, words)
    error = (whole.unet(x, 500.0, words) - answer).abs().mean() / answer.abs().mean()
    assert 0.001 < float(error) < 0.06
    latents = x - 0.5 * answer
    levels = (whole.decode(latents) - plain.decode(latents)).abs().mean() * 255
    assert 0.05 < float(levels) < 2


@needs_openvino
def test_forms_for_other_processors_are_kept_apart(flow_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts, folders = Parts(find(str(flow_model))), set()
    for fast in (True, False):
        monkeypatch.setattr("liveanim.render.load.fast_int8", lambda fast=fast: fast)
        folders.add(_cache("openvino", parts))
    assert len(folders) == 2


@pytest.mark.parametrize(
    ("able", "fast"),
    [
        ({"avx2": True, "amx_bf16": False}, True),
        ({"avx2": True, "avx512_vnni": True, "amx_bf16": True}, False),
        ({"neon": True}, False),
        ({}, False),
    ],
    ids=["AVX2", "AMX", "ARM", "nothing is known of it"],
)
def test_whole_numbers_are_used_where_they_were_measured(
    able: dict[str, bool], fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: able, raising=False)
    assert processor.fast_int8() is fast
