# Makes this checkout ready to run: sourced by run.sh and test.sh, never run by itself.
# Works with the bash 3.2 of macOS. Sets ROOT and PYTHON (of the virtual environment).

set -eu -o pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV=$ROOT/.venv
PYTHON=$VENV/bin/python
VENV_LOG=""
CPU_TORCH=https://download.pytorch.org/whl/cpu

# What a show needs from the system beyond the Python packages (Debian and Ubuntu; elsewhere the wheels bring it).
RUN_PACKAGES="libportaudio2 libgl1 libegl1 libgl1-mesa-dri libx11-6 libxrandr2 libxinerama1 libxcursor1 libxi6"

say() { printf 'liveanim: %s\n' "$*" >&2; }
on_linux() { [ "$(uname -s)" = Linux ]; }

# as_root COMMAND...: runs it as root, or fails where that would need a password.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then sudo -n "$@"
  else return 126; fi
}

installed() { dpkg -s "$1" 2>/dev/null | grep -q '^Status: install ok installed'; }

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -o DPkg::Lock::Timeout=180 -y -qq --no-install-recommends install "$@" >/dev/null
}

# need_packages PACKAGE...: installs what is missing of them; says the line to type where it may not. Fails if some lack.
need_packages() {
  command -v apt-get >/dev/null || return 0
  local missing="" package failed=""
  for package in "$@"; do installed "$package" || missing="$missing $package"; done
  [ -n "$missing" ] || return 0
  if ! as_root true; then
    say "some system packages are missing. Type this once:  sudo apt-get install --no-install-recommends$missing"
    return 1
  fi
  say "installing system packages:$missing"
  as_root apt-get -o DPkg::Lock::Timeout=180 -qq update || say "apt-get update failed; going on with the lists there are"
  # shellcheck disable=SC2086
  apt_install $missing && return 0
  for package in $missing; do apt_install "$package" || failed="$failed $package"; done
  [ -z "$failed" ] || { say "could not install:$failed"; return 1; }
}

right_version() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }
makes_venvs() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

# Every Python of the right version, newest first. LIVEANIM_PYTHON names one instead.
pythons() {
  local name
  for name in ${LIVEANIM_PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
    if right_version "$name"; then command -v "$name"; fi
  done
}

# The system packages without which no virtual environment can be made here: Debian keeps a part of Python apart.
python_packages() {
  local python first=""
  ! right_version "$PYTHON" || return 0
  for python in $(pythons); do
    ! makes_venvs "$python" || return 0
    first=${first:-$python}
  done
  if [ -z "$first" ]; then echo python3 python3-venv
  else "$first" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'; fi
}

# make_venv PYTHON: an empty environment with pip, in place of what is there.
make_venv() { VENV_LOG=$("$1" -m venv --clear "$VENV" 2>&1); }

has_nvidia() { command -v nvidia-smi >/dev/null && nvidia-smi -L 2>/dev/null | grep -q GPU; }

pinned_torch() { sed -n 's/^torch==//p' "$ROOT/constraints.txt"; }

# finds_cpu_torch: whether pip, as it is set up here, finds the small CPU build of torch for this Python by itself.
finds_cpu_torch() {
  "$PYTHON" -m pip --timeout 10 --retries 1 index versions torch 2>/dev/null | grep -qF "$(pinned_torch)+cpu"
}

answers() {
  "$PYTHON" -c 'import sys, urllib.request as r; r.urlopen(r.Request(sys.argv[1], method="HEAD"), timeout=6)' "$1" 2>/dev/null
}

# new_venv: with the newest Python; without a GPU rather with the newest one that pip has a CPU torch for.
new_venv() {
  local python first=""
  for python in $(pythons); do
    makes_venvs "$python" && make_venv "$python" || continue
    first=${first:-$python}
    if ! on_linux || has_nvidia || finds_cpu_torch; then return 0; fi
  done
  [ -n "$first" ] && make_venv "$first"
}

need_venv() {
  if right_version "$PYTHON" && "$PYTHON" -m pip --version >/dev/null 2>&1; then return 0; fi
  if [ -z "$(pythons)" ]; then
    say "Python 3.11, 3.12 or 3.13 is needed and none was found (LIVEANIM_PYTHON=/path/to/python names one)"
    exit 1
  fi
  if ! new_venv; then
    [ -z "$VENV_LOG" ] || printf '%s\n' "$VENV_LOG" >&2
    say "could not make $VENV: Python's venv and ensurepip are needed"
    exit 1
  fi
  say "made .venv with $("$PYTHON" --version)"
}

pip_install() {
  local quiet=-qq
  [ ! -t 2 ] || quiet=
  # shellcheck disable=SC2086
  "$PYTHON" -m pip install $quiet --disable-pip-version-check -c "$ROOT/constraints.txt" "$@"
}

has_torch() { "$PYTHON" -c 'import torch' 2>/dev/null; }

# install_torch: the CPU build where there is no NVIDIA card and one can be found (it is a tenth of the CUDA build).
install_torch() {
  local version; version=$(pinned_torch)
  if has_torch; then return 0; fi
  if on_linux && has_nvidia; then
    # === takes the build for NVIDIA cards even where pip also finds a '+cpu' one.
    pip_install "torch===$version" && return 0
  elif on_linux && ! finds_cpu_torch && answers "$CPU_TORCH/torch/"; then
    pip_install --extra-index-url "$CPU_TORCH" "torch==$version" && return 0
  fi
  pip_install "torch==$version"
}

stamp() { printf '%s %s %s\n' "$(cat "$ROOT/pyproject.toml" "$ROOT/constraints.txt" | cksum)" "$ROOT" "$1"; }

# set_up EXTRAS PACKAGE...: everything; at once where nothing has changed since the last time.
set_up() {
  local extras=$1 mark="$VENV/.liveanim-$1"
  shift
  if right_version "$PYTHON" && [ "$(cat "$mark" 2>/dev/null)" = "$(stamp "$extras")" ]; then return 0; fi
  # shellcheck disable=SC2046
  need_packages "$@" $(python_packages) || say "going on without them: what needs them may not work"
  need_venv
  say "installing Python packages (the first time: 2 to 3 GB, some minutes)"
  install_torch
  if ! pip_install --only-binary openvino -e "$ROOT[openvino${extras:+,$extras}]"; then
    say "without OpenVINO, then: painting by torch alone"
    pip_install -e "$ROOT${extras:+[$extras]}"
  fi
  stamp "$extras" >"$mark"
}
