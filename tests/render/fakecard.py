"""A CUDA card that is not there: its tensors say `cudax:0` and lie in the host's memory.

What a real one refuses is refused: tensors of the host among its own, numpy, and, while a graph is recorded, everything
that waits for the card or brings something new from the host. A graph is played again as a card plays it: the
operations that were recorded, on the memory that they had, without a line of Python in between.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

KIND = "cudax"
_aten = torch.ops.aten
COPIES = (_aten.copy_.default, _aten._to_copy.default)
WAITS = (_aten._local_scalar_dense.default, _aten.nonzero.default, _aten.masked_select.default)
JOINING = (_aten.cat.default, _aten.stack.default)


class CardTensor(torch.Tensor):
    """`lies`: what a card's tensor has in it, on the host."""

    lies: torch.Tensor

    @staticmethod
    def __new__(cls, lies: torch.Tensor) -> CardTensor:
        with torch.inference_mode(False):  # what is viewed may not be of that mode
            made: CardTensor = torch.Tensor._make_wrapper_subclass(
                cls,
                lies.size(),
                strides=lies.stride(),
                storage_offset=lies.storage_offset(),
                dtype=lies.dtype,
                device=torch.device(KIND, 0),
            )
        made.lies = lies
        return made

    def __repr__(self) -> str:  # type: ignore[override]
        return f"CardTensor({tuple(self.shape)}, {self.dtype})"

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # type: ignore[override]
        raise RuntimeError(f"{func}: a tensor of the card where no card is")


class Card(TorchDispatchMode):
    """While it is entered, there is a card."""

    def __init__(self) -> None:
        super().__init__()
        self.recording: Graph | None = None
        self.waited: list[str] = []
        self.largest = math.inf  # bytes of a tensor

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if _composite(func):  # inference_mode hands these over as they are
            with self:
                return func.decompose(*args, **kwargs)
        if func is _aten._has_compatible_shallow_copy_type.default:
            return False
        given = _tensors((args, *kwargs.values()))
        asked = None if kwargs.get("device") is None else torch.device(kwargs["device"]).type
        own = any(map(_on_card, given))
        pinned = kwargs.pop("pin_memory", False)
        if not own and asked != KIND:
            return _on_host(func, args, kwargs, pinned)
        beside = bool(kwargs.get("non_blocking")) or (func is _aten.copy_.default and args[2:] == (True,))
        self._refused(func, given, asked, beside)
        if asked is not None:
            kwargs["device"] = "cpu"
        bare = _mapped(tuple(args), _taken_off)
        found = func(*bare, **kwargs)
        there = asked == KIND if asked is not None else func is not _aten.copy_.default or _on_card(args[0])
        if there:
            if any(one.nbytes > self.largest for one in _tensors(found)):
                raise torch.OutOfMemoryError("CUDA out of memory")
            if self.recording is not None:
                self.recording.steps.append((func, bare, kwargs, found))
        return _returned(func, args, found, there)

    def _refused(self, func: Any, given: Sequence[torch.Tensor], to: str | None, beside: bool) -> None:
        """RuntimeError where a card would raise one. `to`: where the answer is to be; `beside`: nobody waits for it."""
        host = [value for value in given if not _on_card(value)]
        if len(host) < len(given) and any(value.ndim or func in JOINING for value in host) and func not in COPIES:
            raise RuntimeError(f"{func}: expected all tensors to be on the same device: {KIND}:0 and cpu")
        crosses = func in COPIES and (host or to not in (None, KIND))
        if func in WAITS or (crosses and not (beside and all(hasattr(value, "pinned") for value in host))):
            self.waited.append(str(func))
        if self.recording is not None and (func in WAITS or crosses):
            raise RuntimeError(f"{func}: operation not permitted when stream is capturing")


def _on_host(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any], pinned: bool) -> Any:
    """What has nothing to do with the card. It can be told of memory whether it was asked for as pinned."""
    if func is _aten._pin_memory.default:
        func, pinned = _aten.clone.default, True
    found = func(*args, **kwargs)
    if pinned:
        found.pinned = True
    return found


@cache
def _composite(func: Any) -> bool:
    """Whether `func` consists of other operations."""
    return torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), "CompositeImplicitAutograd")


def _returned(func: Any, args: Sequence[Any], found: Any, there: bool) -> Any:
    """`found` as a card hands it back; what was changed in place is what it was."""
    returns = func._schema.returns
    if len(returns) == 1 and returns[0].alias_info is not None and returns[0].alias_info.is_write:
        return args[0]
    if not there:
        return found
    return _mapped(found, CardTensor)


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """`value`, or what is in it, with its tensors changed."""
    if isinstance(value, (list, tuple)):
        return type(value)(_mapped(one, change) for one in value)
    return change(value) if isinstance(value, torch.Tensor) else value


def _on_card(value: Any) -> bool:
    return isinstance(value, CardTensor)


def _taken_off(value: torch.Tensor) -> torch.Tensor:
    return value.lies if isinstance(value, CardTensor) else value


def _tensors(value: Any) -> list[torch.Tensor]:
    if isinstance(value, (list, tuple)):
        return [tensor for one in value for tensor in _tensors(one)]
    return [value] if isinstance(value, torch.Tensor) else []


class Graph:
    """torch.cuda.CUDAGraph."""

    def __init__(self) -> None:
        self.steps: list[tuple[Any, Any, Any, Any]] = []

    def replay(self) -> None:
        with _disable_current_modes(), torch.inference_mode():
            for func, args, kwargs, found in self.steps:
                again = func(*args, **kwargs)
                for old, new in zip(_tensors(found), _tensors(again), strict=True):
                    if old.data_ptr() != new.data_ptr():
                        old.copy_(new)


class Stream:
    """torch.cuda.Stream: everything is done at once. `card`: whose it is."""

    card: Card

    def __init__(self, device: object = None) -> None:
        pass

    def wait_stream(self, other: Stream) -> None:
        pass

    def synchronize(self) -> None:
        if self.card.recording is not None:
            raise RuntimeError("synchronize: operation not permitted when stream is capturing")
        self.card.waited.append("synchronize")


class Event(Stream):
    """torch.cuda.Event."""

    def record(self, stream: Stream) -> None:
        pass


class _Hook(torch._C._acc.PrivateUse1Hooks):
    """Whether there is an accelerator, as torch is told."""

    here = False

    def is_available(self) -> bool:
        return self.here

    def has_primary_context(self, device: int) -> bool:
        return self.here

    def is_built(self) -> bool:
        return True


@cache
def _backend() -> type[_Hook]:
    """torch's place for a device of somebody's own, under a name that passes for CUDA's. Once for a process."""
    _setup_privateuseone_for_python_backend(KIND, hook=_Hook())
    return _Hook


@contextmanager
def plugged_in(patch: pytest.MonkeyPatch) -> Iterator[Card]:
    """A card, for this thread: `torch.cuda` is its driver."""
    card = Card()
    patch.setattr(_backend(), "here", True)
    patch.setattr(Stream, "card", card, raising=False)

    @contextmanager
    def recording(graph: Graph, **options: object) -> Iterator[None]:
        card.recording = graph
        try:
            yield
        finally:
            card.recording = None

    driver: Mapping[str, Any] = {
        "_lazy_init": lambda: None,
        "is_available": lambda: True,
        "device": lambda device: nullcontext(),
        "stream": lambda stream: nullcontext(),
        "current_stream": Stream,
        "set_stream": lambda stream: None,
        "Stream": Stream,
        "Event": Event,
        "CUDAGraph": Graph,
        "graph": recording,
        "graph_pool_handle": lambda: (0, 1),
        "mem_get_info": lambda device=None: (1 << 30, 1 << 34),
        "empty_cache": lambda: None,
        "get_device_properties": lambda device: SimpleNamespace(name="a card", major=9, minor=0),
    }
    for name, part in driver.items():
        patch.setattr(torch.cuda, name, part)
    before = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    torch._C._set_only_lift_cpu_tensors(True)
    try:
        with torch.no_grad(), card:
            yield card
    finally:
        torch._C._set_only_lift_cpu_tensors(False)
        torch.__future__.set_overwrite_module_params_on_conversion(before)
