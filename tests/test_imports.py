"""Who may import whom. The layout is a promise; this keeps it."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / "liveanim"
EVERYTHING = {"*"}

# package or module -> (parts of liveanim it may import, third-party packages it may import)
MAY_IMPORT: dict[str, tuple[set[str], set[str]]] = {
    "core": ({"core"}, {"numpy"}),
    "clock": (set(), set()),
    "mailbox": (set(), set()),
    "memory": (set(), set()),
    "data": (set(), set()),
    "home": (set(), {"platformdirs"}),
    "priority": (set(), set()),
    "options": (set(), set()),
    "archive": ({"core"}, set()),
    "hands": ({"core", "archive"}, set()),
    "show": ({"core", "clock", "hands", "archive"}, {"numpy"}),
    "library": ({"core", "data", "home", "isf", "importers"}, {"tomlkit"}),
    "isf": ({"isf", "core", "data", "home"}, {"json5"}),
    "progress": ({"clock"}, {"rich"}),
    "inputs": (
        {"inputs", "core", "mailbox", "clock", "data", "home"},
        {"numpy", "cv2", "sounddevice", "soundfile", "aubio", "av", "mido", "rtmidi", "pythonosc", "openvino", "soxr"}
        | {"aiohttp", "PIL", "zeroconf", "link", "tomlkit", "cyndilib", "SpoutGL", "syphon"},
    ),
    "render": (
        {"render", "core", "mailbox", "data", "home", "priority"},
        {"numpy", "cv2", "openvino", "safetensors", "tokenizers", "huggingface_hub"}
        | {"torch", "diffusers", "transformers", "onnxruntime", "tensorrt"},
    ),
    "takes": ({"takes", "core", "data", "inputs"}, {"numpy", "soundfile", "PIL"}),
    "outputs": (
        {"outputs", "core", "clock", "data", "isf", "priority"},
        {"numpy", "moderngl", "glfw", "av", "PIL", "cv2"} | {"cyndilib", "pyvirtualcam", "psutil", "SpoutGL", "syphon"},
    ),
    "importers": ({"importers", "core"}, set()),
    "models": (set(), set()),
}
"""Everything else (app, the command line, doctor) may import all of liveanim."""
ENTRY = {
    "app": {"commands", "app", "takecommands"},
    "hearing": {"commands"},
    "latency": {"commands"},
    "cli": {"__main__"},
}  # who may import the top: nobody below it
BANNED_IN_CORE = {"time", "threading", "asyncio", "queue", "socket", "subprocess", "logging", "random", "os", "pathlib"}
ABSENT = {"syphon": "syphon-python"}  # packages whose name is another, where they are not installed
HEAVY = {
    "numpy",
    "torch",
    "diffusers",
    "transformers",
    "sounddevice",
    "moderngl",
    "glfw",
    "av",
    "aubio",
    "cv2",
    "rich",
    "aiohttp",
}


def imports(source: str, package: tuple[str, ...]) -> Iterator[str]:
    """Every module imported anywhere in `source`, relative ones made whole; `package` holds the module's own path."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            if module == "liveanim":
                yield from (f"liveanim.{alias.name}" for alias in node.names)
            else:
                yield module


def violations(source: str, path: str) -> list[str]:
    """What `source`, at `path` inside the package, imports and may not."""
    parts = Path(path).with_suffix("").parts
    where = parts[0]
    inside, outside = MAY_IMPORT.get(where, (EVERYTHING, EVERYTHING))
    bad = []
    for name in imports(source, ("liveanim", *parts)):
        top, _, rest = name.partition(".")
        target = rest.split(".")[0]
        if top == "liveanim":
            allowed = target in inside or "*" in inside
            if (target and not allowed) or (target in ENTRY and where not in ENTRY[target]):
                bad.append(name)
        elif top in sys.stdlib_module_names:
            if where == "core" and top in BANNED_IN_CORE:
                bad.append(name)
        elif top not in outside and "*" not in outside:
            bad.append(name)
    return bad


FILES = [path for path in sorted(ROOT.rglob("*.py")) if path.relative_to(ROOT).parts != ("__init__.py",)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_module_imports_only_what_its_place_allows(path: Path) -> None:
    assert violations(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()) == []


def third_party() -> set[str]:
    """Every package outside the standard library that liveanim imports somewhere."""
    package = ("liveanim", "deep", "deep", "module")  # deep enough for any relative import to stay inside
    names = {name for path in FILES for name in imports(path.read_text(encoding="utf-8"), package)}
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"liveanim"}


def test_everything_imported_is_a_declared_requirement() -> None:
    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for name, part in extras.items() if name != "test" for line in part)]
    declared = {re.split("[<>=;]", line)[0].lower().replace("_", "-") for line in lines}
    providers = importlib.metadata.packages_distributions()
    undeclared = {
        name
        for name in third_party()
        if not declared
        & {provider.lower().replace("_", "-") for provider in providers.get(name, [ABSENT.get(name, name)])}
    }
    assert undeclared == set()


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("core/step.py", "import torch"),
        ("core/step.py", "import time"),
        ("core/step.py", "from ..clock import Clock"),
        ("inputs/osc.py", "from ..outputs import window"),
        ("render/paint.py", "def f():\n    import moderngl"),
        ("outputs/video.py", "from liveanim.render.worker import ThreadRender"),
        ("outputs/video.py", "from liveanim import app"),
        ("show.py", "from .inputs.ears import Ears"),
        ("library.py", "from .app import play"),
        ("doctor.py", "from . import cli"),
    ],
)
def test_a_forbidden_import_is_noticed(path: str, line: str) -> None:
    assert violations(line, path) != []


def test_the_command_line_loads_nothing_heavy_before_a_command_needs_it() -> None:
    script = "import liveanim.cli, sys; sys.stdout.write(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert {name for name in done.stdout.split() if name in HEAVY} == set()


def test_a_show_has_a_moving_picture_before_torch_is_loaded() -> None:
    script = "import liveanim.app, sys; sys.stdout.write(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert {name for name in done.stdout.split() if name in {"torch", "diffusers", "transformers", "openvino"}} == set()
