#!/usr/bin/env bash
# Makes this checkout ready where it is not, then starts the show:
#   bash tools/run.sh                 a window if there is a screen and a sound input, else a video of the built-in track
#   bash tools/run.sh render x.mp3 …  any liveanim command (bash tools/run.sh --help lists them)
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
# shellcheck disable=SC2086
set_up "" $RUN_PACKAGES
if [ ! -e "$VENV/.liveanim-prepared" ]; then
  say "making ember ready (once; half a minute)"
  "$VENV/bin/liveanim" play --settings none --model ember --prepare first >/dev/null || say "it is made ready when it plays"
  touch "$VENV/.liveanim-prepared"
fi
[ $# -gt 0 ] || set -- start
exec "$VENV/bin/liveanim" "$@"
