"""Pieces of a take rendered on Ray: by the machines of a cluster, or by a Ray that is started here for it.

The take goes to every machine that does not see it under its own name; the pieces come back as bytes. What else the
command line names (videos, presets, models) has to be where it says on every machine.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import socket
import subprocess
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import __version__
from .core.errors import UserError, brief
from .data import whole
from .takes.format import EVENTS, META
from .workers import Job, Lost, counted

LOCAL = "local"
"""The address of a Ray that is started here, and ends with the render."""
_CHUNK = 16_000_000  # bytes of a finished piece that travel at once
_PATIENCE = 10.0  # s for somebody to answer at an address, and for threads to let go of their tasks
_TOLD = 10  # frames: so often a worker says how far it is


class OnRay:
    """A place with the workers of the Ray at `address`. UserError (one line) when there is none, or Ray is missing.

    workers   how many pieces are painted at once; None: one for every GPU, or for every processor where there are none
    """

    def __init__(self, address: str, workers: int | None, take: Path) -> None:
        self._ray = _begin(address)
        resources = self._ray.cluster_resources()
        cores, cards = int(resources.get("CPU", 1)), resources.get("GPU", 0.0)
        self.workers = workers or int(cards) or max(1, cores)
        smallest = min((int(node["Resources"].get("CPU", 1)) for node in self._ray.nodes() if node["Alive"]), default=1)
        share = max(1, min(smallest, cores // self.workers))
        self._task = self._ray.remote(
            num_returns="streaming", max_retries=0, num_cpus=share, num_gpus=min(1.0, cards / self.workers)
        )(piece)
        self._take, self._mark = take, _mark(take)
        self._packed: Any = None
        self._stopped = False
        self._busy = 0  # threads that wait for a task
        self._changed = threading.Condition()  # of the three above

    def do(self, job: Job, slot: int, tell: Callable[[int], None]) -> None:
        ray = self._ray
        try:
            with whole(job.file) as part, self._begun(job) as task, part.open("wb") as film:
                for news in self._told(task):
                    if isinstance(news, int):
                        tell(news)
                    else:
                        film.write(news)
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, (UserError, Lost)):
                raise error.cause from None
            last = str(error).strip().rpartition("\n")[2]  # of a traceback
            raise UserError(f"a worker failed: {last}") from None
        except ray.exceptions.RayError as error:
            raise Lost(brief(error)) from None

    @contextmanager
    def _begun(self, job: Job) -> Iterator[Any]:
        """A task that does `job`. Ray goes on at least until it is left."""
        with self._changed:
            if self._stopped:
                raise Lost("stopped")
            self._packed = self._packed or self._ray.put(packed(self._take))
            names = (str(job.file), str(self._take), self._mark)
            # In a list: so it is not sent unasked.
            task = self._task.remote(__version__, job.words, *names, [self._packed])
            self._busy += 1
        try:
            yield task
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()

    def _told(self, task: Any) -> Iterator[int | bytes]:
        """What `piece` yields over there. Lost as soon as this place is stopped."""
        while not self._stopped:
            if self._ray.wait([task], timeout=0.2)[0]:
                try:
                    reference = next(task)
                except StopIteration:
                    return
                yield self._ray.get(reference)
        raise Lost("stopped")

    def stop(self) -> None:
        """Let go of the tasks, then end Ray: a thread that still waited for one would crash, or start another Ray."""
        with self._changed:
            self._stopped = True
            self._changed.wait_for(lambda: not self._busy, _PATIENCE)
        self._ray.shutdown()


def _begin(address: str) -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_worker_niceness", "0")  # as fast as the workers of --workers
    if address != LOCAL and _has_token():
        # A cluster asks for the token that `ray start` leaves there; one that does not ask takes no notice of it.
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    try:
        import ray
    except ImportError:
        raise UserError('--ray needs Ray: pip install "liveanim[ray]"') from None
    _answers(address)
    more: dict[str, Any] = {"include_dashboard": False} if address == LOCAL else {}
    try:
        ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False, **more)
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        raise UserError(f"--ray {address}: there is no Ray to work with ({brief(error)})") from None
    return ray


def _answers(address: str) -> None:
    """UserError at once where nobody listens: Ray itself tries for minutes."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not (host and port.isdecimal()):
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise UserError(f"--ray {address}: there is no Ray to work with ({brief(error)})") from None


def _has_token() -> bool:
    named = any(os.environ.get(name) for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"))
    return named or (Path.home() / ".ray" / "auth_token").is_file()


def piece(
    version: str, words: Sequence[str], output: str, take: str, mark: str, packed_take: Sequence[Any]
) -> Iterator[int | bytes]:
    """On a worker: renders one piece and yields how many frames are done, then the film in chunks.

    words         the command line, in which `output` and `take` are changed for what they are called here
    mark          how to know the take where it is seen under its own name; else `packed_take` is unpacked
    """
    if version != __version__:
        raise UserError(f"a worker has liveanim {__version__}, here is {version}: install the same on every machine")
    with tempfile.TemporaryDirectory(prefix="liveanim-") as folder:
        seen = Path(take)
        if _mark(seen) != mark:
            import ray

            seen = Path(folder) / "take"
            unpack(ray.get(packed_take[0]), seen)
        film = Path(folder) / "piece.mkv"
        names = {output: str(film), take: str(seen)}
        processes: list[subprocess.Popen[str]] = []
        try:
            told = counted([names.get(word, word) for word in words], None, processes.append)
            yield from (frames for frames in told if frames % _TOLD == 0)
        finally:
            for process in processes:
                process.kill()
        if not film.is_file():
            raise Lost("it left no file")
        with film.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk


def _mark(take: Path) -> str:
    """The same for the same take, and '' where there is none."""
    try:
        return hashlib.sha256((take / META).read_bytes() + (take / EVENTS).read_bytes()).hexdigest()
    except OSError:
        return ""


def packed(take: Path) -> bytes:
    """A take as bytes."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(take.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(take).as_posix())
    return data.getvalue()


def unpack(data: bytes, folder: Path) -> None:
    """The take that was `packed`, in `folder`."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(folder)
