"""Convolutions in whole numbers of 8 bits, which most processors compute in half the time of float32.

What goes into a convolution is rounded to 256 steps between two numbers that a model brings along, its weights to steps
of their own for each output channel (Krishnamoorthi 2018, "Quantizing deep convolutional networks for efficient
inference", arXiv:1806.08342, sections 2.1 and 3.1). Everything else stays as it was. OpenVINO is told so by
FakeQuantize operations, and computes in whole numbers what is between them.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .models import Ranges

log = logging.getLogger(__name__)

STEPS = 256
ROOM = 2.0
"""Weights use 7 of their 8 bits: without VNNI a processor adds two products in 16 bits, where more would not fit."""


def convolutions(model: Any) -> dict[str, Any]:
    """The convolutions of an OpenVINO model that was converted from torch, in order, by their names there."""
    nodes = [node for node in model.get_ordered_ops() if node.get_type_name() == "Convolution"]
    return {node.get_friendly_name().partition("/")[0].removeprefix("__module.net."): node for node in nodes}


def quantize(model: Any, ranges: Ranges) -> None:
    """Has the convolutions that are named in `ranges` of an OpenVINO `model` computed in whole numbers."""
    found = convolutions(model)
    for name, ends in ranges.items():
        if name in found:
            _quantize(found[name], *ends)
    missing = [name for name in ranges if name not in found]
    if missing:
        log.warning("%d convolutions are not found by name (%s): they stay as they are", len(missing), missing[0])
    model.validate_nodes_and_infer_types()


def _quantize(node: Any, low: float, high: float) -> None:
    weights = node.input_value(1)
    largest = np.abs(weights.get_node().get_data()).max((1, 2, 3), keepdims=True)
    reach = np.maximum(largest * ROOM, 1e-12).astype(np.float32)
    node.input(0).replace_source_output(_rounded(node.input_value(0), np.float32(low), np.float32(high), STEPS))
    node.input(1).replace_source_output(_rounded(weights, -reach, reach, STEPS - 1))


def _rounded(source: Any, low: np.float32 | NDArray[Any], high: np.float32 | NDArray[Any], steps: int) -> Any:
    from openvino import opset13 as operations

    ends = [operations.constant(np.asarray(end, np.float32)) for end in (low, high, low, high)]
    return operations.fake_quantize(source, *ends, steps).output(0)
