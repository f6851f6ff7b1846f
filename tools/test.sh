#!/usr/bin/env bash
# Every check, on a bare machine: set-up with the test extras, lint, format, types, tests.
#   bash tools/test.sh                everything
#   bash tools/test.sh tests/core …   only these tests (arguments are handed on to pytest)
# On Linux the tests get an X server, a PulseAudio server and a JACK server of their own, stopped at the end, and a test
# that is skipped though it could run there is a failure (LIVEANIM_CI=1, see tests/conftest.py).
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

TEST_PACKAGES="xvfb xdotool x11-utils x11-apps x11-xserver-utils imagemagick
  pulseaudio pulseaudio-utils libasound2-plugins jackd2 liblo-tools ffmpeg
  chromium"

RIG=""
PIDS=""

stop_servers() {
  local pid
  for pid in $PIDS; do kill "$pid" 2>/dev/null || true; done
  for pid in $PIDS; do wait "$pid" 2>/dev/null || true; done
  [ -z "$RIG" ] || rm -rf "$RIG" "/dev/shm/jack_sem.0_$JACK_DEFAULT_SERVER"* "/dev/shm/jack_${JACK_DEFAULT_SERVER}_"*
}

# wait_for LOG COMMAND...: until COMMAND succeeds; after 15 s shows the end of the server's log and gives up.
wait_for() {
  local log=$1 end=$((SECONDS + 15))
  shift
  while [ $SECONDS -lt $end ]; do
    if timeout 5 "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.05
  done
  tail -n 20 "$log" >&2 || true
  say "not ready after 15 s: $*"
  return 1
}

start_screen() {
  Xvfb -displayfd 6 -screen 0 1600x900x24 -nolisten tcp -noreset 6>"$RIG/display" >"$RIG/xvfb.log" 2>&1 &
  PIDS="$PIDS $!"
  wait_for "$RIG/xvfb.log" test -s "$RIG/display"
  export DISPLAY=":$(cat "$RIG/display")"
  unset WAYLAND_DISPLAY
}

start_sound() {
  export PULSE_SERVER=unix:$RIG/run/native PULSE_RUNTIME_PATH=$RIG/run PULSE_STATE_PATH=$RIG/run
  export PULSE_SINK=stage PULSE_SOURCE=stage.monitor
  # norewinds: without it an idle null sink sleeps for two seconds at a time and the first sound is lost.
  pulseaudio -n --daemonize=no --use-pid-file=no --exit-idle-time=-1 --realtime=no --high-priority=no \
    "--log-target=file:$RIG/pulse.log" \
    -L "module-native-protocol-unix auth-anonymous=1 socket=$RIG/run/native" \
    -L "module-null-sink sink_name=stage norewinds=1 rate=48000 channels=2" &
  PIDS="$PIDS $!"
  wait_for "$RIG/pulse.log" pactl info
}

start_midi() {
  export JACK_NO_AUDIO_RESERVATION=1 JACK_NO_START_SERVER=1
  local turn
  # JACK remembers eight servers; ones that were killed fill its list for good, until nobody uses it and it is removed.
  # So with its metadata: a client that was killed while it wrote them lets every later one die of a bus error.
  pgrep jackd >/dev/null || rm -rf /dev/shm/jack-shm-registry "/dev/shm/jack-$(id -u)-"* "/dev/shm/jack_db-$(id -u)"
  for turn in 1 2 3; do
    jackd -r -n "$JACK_DEFAULT_SERVER" -d dummy -r 48000 -p 256 >"$RIG/jack.log" 2>&1 &
    PIDS="$PIDS $!"
    if wait_for "$RIG/jack.log" jack_lsp; then return 0; fi
    kill -9 "$!" 2>/dev/null || true
    # What a server that was killed leaves behind would keep the next one of that name from starting.
    JACK_DEFAULT_SERVER=liveanim$$-$turn
  done
  return 1
}

start_servers() {
  RIG=$(mktemp -d)
  export JACK_DEFAULT_SERVER=liveanim$$ XDG_RUNTIME_DIR=$RIG/run LIVEANIM_CI=1
  mkdir -m 700 "$XDG_RUNTIME_DIR"
  start_screen
  start_sound
  start_midi
}

FAILED=""
check() {
  printf '\n== %s\n' "$*"
  "$@" || FAILED="$FAILED${FAILED:+, }$(basename "$1") ${2:-}"
}

# shellcheck disable=SC2086
set_up test $RUN_PACKAGES $TEST_PACKAGES
trap stop_servers EXIT
trap 'exit 130' INT TERM
if on_linux; then start_servers; fi

cd "$ROOT"
check "$VENV/bin/ruff" check .
check "$VENV/bin/ruff" format --check .
check "$VENV/bin/mypy" liveanim tests tools
check "$VENV/bin/pytest" -rs --durations=8 "$@"
if [ -n "$FAILED" ]; then
  say "failed: $FAILED"
  exit 1
fi
say "all checks passed"
