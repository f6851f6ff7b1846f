"""Whether the JACK server that PortAudio speaks to still runs.

PortAudio cannot be asked, and where its server is gone it ends the whole program: by an assertion that fails in
Pa_Terminate, and in Pa_CloseStream of a stream on JACK after ten minutes in which that hangs (seen with 19.6; the lines
are the same in 19.7). So another client is opened beside PortAudio's: what the one is told the other would be told.
"""

from __future__ import annotations

import ctypes
import enum
from typing import Any

JACK = "JACK Audio Connection Kit"  # PortAudio's word for it
_NO_START = 1  # JackNoStartServer


class _State(enum.Enum):
    UNKNOWN = enum.auto()  # nothing to ask
    MET = enum.auto()
    GONE = enum.auto()


class JackServer:
    """The server that PortAudio met when it was last started. Not for several threads at once.

    JACK's library knows one server a process: a second one, met while the first is known, crashes it.
    """

    def __init__(self) -> None:
        self._state = _State.UNKNOWN
        self._lib: Any = None
        self._client: Any = None

    def meet(self) -> None:
        """Open the client. OSError without the library that is JACK's on Linux."""
        self._lib = ctypes.CDLL("libjack.so.0")
        self._lib.jack_client_open.restype = ctypes.c_void_p
        self._client = ctypes.c_void_p(self._lib.jack_client_open(b"liveanim watch", _NO_START, None))
        met = bool(self._client) and self._lib.jack_activate(self._client) == 0
        self._state = _State.MET if met else _State.GONE

    def lives(self) -> bool:
        """Ask the server; it takes one or two of its periods. Once it is gone it stays so; True where none was met."""
        if self._state is _State.MET:
            lives = self._lib.jack_deactivate(self._client) == 0 and self._lib.jack_activate(self._client) == 0
            self._state = _State.MET if lives else _State.GONE
        return self._state is not _State.GONE

    def part(self) -> bool:
        """Close the client: from now on no server is known. False where the server is gone, which remains known."""
        if not self.lives():
            return False
        if self._state is _State.MET:
            self._lib.jack_client_close(self._client)
        self._state = _State.UNKNOWN
        return True
