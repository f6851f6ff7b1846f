#!/usr/bin/env bash
# Makes this checkout ready where it is not, then starts the show:
#   bash tools/run.sh                 a window if there is a screen and a sound input, else a video of the built-in track
#   bash tools/run.sh render x.mp3 …  any liveanim command (bash tools/run.sh --help lists them)
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
# shellcheck disable=SC2086
set_up "" $RUN_PACKAGES
[ $# -gt 0 ] || set -- start
exec "$VENV/bin/liveanim" "$@"
