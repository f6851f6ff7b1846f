"""What is installed from a wheel works without the checkout: presets, shaders and the model travel with it."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import av
import pytest

ROOT = Path(__file__).resolve().parents[1]
LARGEST = 45_000_000  # bytes; the embedded model may take 40 MB of it


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(build, check=True, timeout=110)
    (path,) = folder.glob("liveanim-*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new environment that holds the wheel; what it depends on is borrowed from this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", str(wheel)]
    subprocess.run(install, check=True, timeout=110)
    where = "import sysconfig; import sys; sys.stdout.write(sysconfig.get_path('purelib'))"
    packages = subprocess.run([python, "-c", where], capture_output=True, text=True, check=True).stdout
    # A .pth file adds this folder to the end of the path, but not the .pth of our own editable install in it.
    (Path(packages) / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


def liveanim(python: Path, folder: Path, *words: str) -> str:
    done = subprocess.run(
        [python, "-m", "liveanim", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=110
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_the_package_its_data_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"liveanim"}
    for kept in ("presets", "shaders"):
        here = {path.name for path in (ROOT / kept).rglob("*") if path.is_file()}
        assert here == {Path(name).name for name in names if name.startswith(f"liveanim/_data/{kept}/")}
    assert any(name.startswith("liveanim/models/ember/") and name.endswith(".safetensors") for name in names)
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert wheel.stat().st_size < LARGEST


def test_an_installed_wheel_lists_the_presets_of_the_checkout(installed: Path, tmp_path: Path) -> None:
    rows = json.loads(liveanim(installed, tmp_path, "presets", "--json"))
    assert [Path(row["file"]).name for row in rows] == sorted(path.name for path in (ROOT / "presets").glob("*.toml"))
    assert all(ROOT not in Path(row["file"]).parents for row in rows)


def test_an_installed_wheel_renders_a_second(installed: Path, tmp_path: Path) -> None:
    liveanim(
        installed, tmp_path, "render", "builtin", "-o", "out.mp4", "--seconds", "1", "--size", "256x144", "--fps", "12"
    )
    with av.open(str(tmp_path / "out.mp4")) as video:
        assert sum(1 for _ in video.decode(video.streams.video[0])) == 12
        assert len(video.streams.audio) == 1
