"""The command line: words in, options out. A known error becomes one line on standard error and exit code 2.

Nothing heavy is imported before a command needs it, so `liveanim --help` is quick.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType

from . import commands
from .arguments import Arguments, parse
from .core.errors import UserError, brief

USER_ERROR, INTERRUPTED, PIPE_CLOSED, TERMINATED = 2, 130, 141, 143

COMMANDS: dict[str, Callable[[Arguments], int]] = {
    "play": commands.play,
    "render": commands.render,
    "take": commands.take,
    "start": commands.start,
    "demo": commands.demo,
    "listen": commands.listen,
    "latency": commands.latency,
    "import": commands.bring,
    "travel": commands.travel,
    "presets": commands.presets,
    "shaders": commands.shaders,
    "words": commands.words,
    "schedule": commands.schedule,
    "osc": commands.osc,
    "learn": commands.learn,
    "lights": commands.lights,
    "devices": commands.devices,
    "doctor": commands.doctor,
}


class _OneLine(logging.Formatter):
    """A warning reads like an error: who says it, and one line with what went wrong. Tracebacks only with
    LIVEANIM_DEBUG."""

    def format(self, record: logging.LogRecord) -> str:
        text = f"{record.name.partition('.')[0]}: {' '.join(record.getMessage().split())}"
        if not record.exc_info or (error := record.exc_info[1]) is None:
            return text
        if brief(error) not in text:
            text = f"{text} ({brief(error, kind=True)})"
        return f"{text}\n{self.formatException(record.exc_info)}" if os.environ.get("LIVEANIM_DEBUG") else text


class _Terminated(BaseException):
    """Unwinds like any other end, so that files are finished and devices closed."""


def _terminated(_signal: int, _frame: FrameType | None) -> None:
    raise _Terminated


def _mute() -> None:
    """Whoever read our output has gone: let the interpreter's last flush go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str) -> int:
    sys.stderr.write(f"liveanim: {' '.join(message.split())}\n")
    return USER_ERROR


def main(argv: Sequence[str]) -> int:
    """Runs one command; returns its exit code."""
    signal.signal(signal.SIGTERM, _terminated)
    # Advice to programmers from a library is not for performers; errors still arrive as errors.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_OneLine())
    try:
        arguments = parse(argv, COMMANDS)
        code = COMMANDS[arguments.command](arguments)
        sys.stdout.flush()
        return code
    except UserError as error:
        return _fail(str(error))
    except _Terminated:
        return TERMINATED
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return INTERRUPTED
    except BrokenPipeError:
        _mute()
        return PIPE_CLOSED
    except OSError as error:
        if os.environ.get("LIVEANIM_DEBUG"):
            raise
        return _fail(f"{error} (LIVEANIM_DEBUG=1 shows where)")
