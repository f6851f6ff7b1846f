"""What pictures from and for other programs need, and how it is installed."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import UserError

_SYSTEMS = {"win32": "Windows", "darwin": "macOS"}


@dataclass(frozen=True, slots=True)
class Extra:
    """One of the package's extras: its name, the module it brings, the only `sys.platform` that has it ('': all)."""

    name: str
    module: str
    system: str = ""

    def lacking(self, asked: str, error: ImportError) -> UserError:
        """The line for `asked`, which cannot do without."""
        only = f" ({_SYSTEMS[self.system]} only)" if self.system else ""
        return UserError(f'{asked} needs {self.module} ({error}): pip install "liveanim[{self.name}]"{only}')


NDI, CAMERA = Extra("ndi", "cyndilib"), Extra("camera", "pyvirtualcam")
SPOUT, SYPHON = Extra("spout", "SpoutGL", "win32"), Extra("syphon", "syphon", "darwin")
