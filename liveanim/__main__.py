"""`python -m liveanim` and the `liveanim` command."""

from __future__ import annotations

import os
import sys
import threading


def main() -> int:
    from .cli import main as run

    code = run(sys.argv[1:])
    if any(thread.daemon for thread in threading.enumerate() if thread is not threading.current_thread()):
        # A model that still loads in a daemon thread aborts the process when the interpreter is taken down under it.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


if __name__ == "__main__":
    sys.exit(main())
