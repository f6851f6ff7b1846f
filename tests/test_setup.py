"""The set-up scripts, with pretended machines: no package is installed and nothing is fetched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BASH = shutil.which("bash")
pytestmark = pytest.mark.skipif(BASH is None, reason="Windows without bash: the scripts are for Linux and macOS")


def program(folder: Path, name: str, script: str) -> None:
    """An executable called `name` that does `script`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!{BASH}\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def python_of(folder: Path, name: str, version: str, venv: bool = True) -> None:
    """A pretended Python: knows its version, makes environments (`venv`), and any other question succeeds."""
    program(
        folder,
        name,
        f"""case "$*" in
          *"(3, 11)"*) exec "{sys.executable}" -c "import sys; sys.exit(not (3, 11) <= ({version}) <= (3, 13))" ;;
          *"import ensurepip"*) {"true" if venv else "false"} ;;
          *"python%d.%d-venv"*) echo "python{version.replace(", ", ".")}-venv" ;;
          *"-m venv"*) mkdir -p "${{@: -1}}/bin" && cp "$0" "${{@: -1}}/bin/python" ;;
          *"index versions"*) echo "torch ($FOUND)" ;;
          --version) echo "Python {version}" ;;
          *) echo "$@" >> "$CALLS" ;;
        esac""",
    )


class Machine:
    """A copy of the set-up in an empty checkout, on a PATH of pretended programs."""

    def __init__(self, tmp_path: Path) -> None:
        self.root, self.bin, self.calls = tmp_path / "checkout", tmp_path / "bin", tmp_path / "calls"
        (self.root / "tools").mkdir(parents=True)
        for name in ("tools/setup.sh", "pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, self.root / name)
        self.calls.write_text("")
        for name in ("dirname", "uname", "grep", "sed", "mkdir", "cp", "cat", "cksum", "bash"):
            program(self.bin, name, f'exec {shutil.which(name)} "$@"')
        program(self.bin, "uname", "echo Linux")
        program(self.bin, "id", "echo 1000")

    def run(self, script: str, found: str = "") -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.bin), "CALLS": str(self.calls), "FOUND": found, "HOME": str(self.root)}
        command = [str(BASH), "-c", f'. "{self.root}/tools/setup.sh"\nanswers() {{ return 1; }}\n{script}']
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_newest_supported_python_comes_first_and_others_are_left_out(machine: Machine) -> None:
    for name, version in (("python3.11", "3, 11"), ("python3.13", "3, 13"), ("python3", "3, 10"), ("python", "2, 7")):
        python_of(machine.bin, name, version)
    assert machine.run("pythons").stdout.split() == [str(machine.bin / "python3.13"), str(machine.bin / "python3.11")]


def test_without_a_usable_python_it_says_what_is_needed(machine: Machine) -> None:
    python_of(machine.bin, "python3", "3, 10")
    done = machine.run("need_venv")
    assert done.returncode == 1
    assert "Python 3.11, 3.12 or 3.13 is needed" in done.stderr


def test_missing_system_packages_are_named_in_the_line_to_type_when_there_is_no_root(machine: Machine) -> None:
    program(machine.bin, "apt-get", "exit 99")
    program(machine.bin, "dpkg", 'test "$2" = libegl1 && echo "Status: install ok installed"')
    done = machine.run("need_packages libportaudio2 libegl1 libgl1 || echo lacking")
    assert "sudo apt-get install --no-install-recommends libportaudio2 libgl1\n" in done.stderr
    assert done.stdout == "lacking\n"


def test_what_python_itself_lacks_is_in_the_same_line(machine: Machine) -> None:
    program(machine.bin, "apt-get", "exit 99")
    program(machine.bin, "dpkg", "exit 1")
    assert machine.run("python_packages").stdout == "python3 python3-venv\n"
    python_of(machine.bin, "python3.12", "3, 12", venv=False)
    done = machine.run("set_up '' libgl1")
    assert "sudo apt-get install --no-install-recommends libgl1 python3.12-venv\n" in done.stderr
    assert done.returncode == 1
    python_of(machine.bin, "python3.11", "3, 11")
    assert machine.run("python_packages").stdout == ""
    assert machine.run('new_venv; "$PYTHON" --version').stdout == "Python 3, 11\n"


def test_root_installs_only_what_is_missing(machine: Machine) -> None:
    program(machine.bin, "id", "echo 0")
    program(machine.bin, "env", 'shift; exec "$@"')
    program(machine.bin, "apt-get", 'echo "$@" >> "$CALLS"')
    program(machine.bin, "dpkg", 'test "$2" = libegl1 && echo "Status: install ok installed"')
    assert machine.run("need_packages libportaudio2 libegl1").returncode == 0
    update, install = machine.calls.read_text().splitlines()
    assert update.endswith("update")
    assert install.endswith("install libportaudio2")


def test_a_machine_without_apt_needs_no_system_packages(machine: Machine) -> None:
    assert machine.run("need_packages libportaudio2").returncode == 0


def test_without_a_gpu_the_python_that_pip_has_a_small_torch_for_is_taken(machine: Machine) -> None:
    for name, version in (("python3.11", "3, 11"), ("python3.13", "3, 13")):
        python_of(machine.bin, name, version)
    small = machine.run('new_venv; "$PYTHON" --version', found="2.13.0+cpu").stdout
    large = machine.run('new_venv; "$PYTHON" --version', found="2.13.0").stdout
    assert (small, large) == ("Python 3, 13\n", "Python 3, 13\n")
    only_old = 'finds_cpu_torch() { "$PYTHON" --version | grep -q 11; }; new_venv; "$PYTHON" --version'
    assert machine.run(only_old).stdout == "Python 3, 11\n"


@pytest.mark.parametrize(
    ("gpu", "found", "expected"),
    [
        (False, "2.13.0+cpu", "torch==2.13.0"),
        (False, "2.13.0", "torch==2.13.0"),
        (True, "2.13.0+cpu", "torch===2.13.0"),
    ],
)
def test_the_pinned_torch_is_asked_for_and_with_an_nvidia_card_its_cuda_build(
    machine: Machine, gpu: bool, found: str, expected: str
) -> None:
    python_of(machine.root / ".venv" / "bin", "python", "3, 11")
    if gpu:
        program(machine.bin, "nvidia-smi", "echo GPU 0: pretended")
    done = machine.run("has_torch() { return 1; }\ninstall_torch", found=found)
    assert done.returncode == 0, done.stderr
    assert machine.calls.read_text().split()[-1] == expected


def test_a_second_run_does_nothing_until_a_requirement_changes(machine: Machine) -> None:
    python_of(machine.bin, "python3.12", "3, 12")
    assert machine.run("set_up ''").returncode == 0
    first = machine.calls.read_text()
    assert machine.run("set_up ''").returncode == 0
    assert machine.calls.read_text() == first
    with (machine.root / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    machine.run("set_up ''")
    assert machine.calls.read_text() != first


@pytest.mark.parametrize("name", ["tools/run.sh", "tools/test.sh", "tools/setup.sh", ".ci/run"])
def test_the_scripts_parse(name: str) -> None:
    subprocess.run([str(BASH), "-n", str(ROOT / name)], check=True, env=dict(os.environ))


def test_the_build_server_runs_what_a_contributor_runs() -> None:
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").rstrip().endswith("exec bash tools/test.sh")
