"""Workers on a Ray cluster (optional: `pip install liveanim[ray]`): the take travels to them, the pieces back."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from .core.errors import UserError
from .workers import Job, Lost, counted

LOCAL = "local"


class RayPlace:
    """A `workers.Place` on the cluster at `address`; 'local': one of its own, started here and stopped at the end.

    workers   None: one for every processor of the cluster
    UserError when Ray is not installed or the cluster does not answer.
    """

    def __init__(self, address: str, workers: int | None, take: Path) -> None:
        self._ray = ray = _ray()
        where = {"num_cpus": max(workers or 0, os.cpu_count() or 1)} if address == LOCAL else {"address": address}
        try:
            ray.init(include_dashboard=False if address == LOCAL else None, logging_level=logging.ERROR, **where)
        except (ConnectionError, RuntimeError, ValueError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise UserError(f"--ray {address}: no cluster answers there ({reason})") from None
        resources = ray.cluster_resources()
        self.workers = workers or max(1, int(resources.get("CPU", 1)))
        graphics = min(1.0, resources.get("GPU", 0.0) / self.workers)
        self._task = ray.remote(num_cpus=1, num_gpus=graphics, max_retries=0, num_returns="streaming")(render_piece)
        self._take, self._packed = take, ray.put(packed(take))

    def do(self, job: Job, slot: int, tell: Callable[[int], None]) -> None:
        words = list(job.words)
        words[words.index(str(self._take))] = "{take}"
        words[words.index(str(job.file))] = "{file}"
        try:
            for reference in self._task.remote(words, self._packed, job.file.suffix):
                said = self._ray.get(reference)
                if isinstance(said, int):
                    tell(said)
                elif isinstance(said, str):
                    raise UserError(said)
                else:
                    partial = job.file.with_name(job.file.name + ".part")
                    partial.write_bytes(said)
                    os.replace(partial, job.file)
        except self._ray.exceptions.RayError as error:
            raise Lost(str(error).strip().splitlines()[0]) from None
        if not job.file.exists():
            raise Lost("it sent no file")

    def stop(self) -> None:
        self._ray.shutdown()


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError:
        raise UserError("--ray needs Ray: pip install 'liveanim[ray]' (--workers N needs nothing)") from None
    return ray


def render_piece(words: Sequence[str], take: bytes, suffix: str) -> Iterator[int | str | bytes]:
    """On a worker: frames done, again and again, then the file; a text when something is wrong with what was asked."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"piece{suffix}"
        real = {"{take}": str(unpacked(take)), "{file}": str(file)}
        try:
            yield from counted([real.get(word, word) for word in words], None, lambda process: None)
        except UserError as error:
            yield str(error)
        else:
            yield file.read_bytes()


def packed(folder: Path) -> bytes:
    """The files of `folder` as one archive."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.add(folder, arcname=".")
    return data.getvalue()


def unpacked(data: bytes) -> Path:
    """A folder with what was packed, the same one for the same data: a worker unpacks a take once."""
    folder = Path(tempfile.gettempdir()) / f"liveanim-{os.getuid()}-{hashlib.sha256(data).hexdigest()[:16]}"
    if not folder.exists():
        fresh = Path(tempfile.mkdtemp(prefix="liveanim-"))
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            archive.extractall(fresh, filter="data")
        try:
            os.rename(fresh, folder)
        except OSError:
            return fresh  # another worker was first
    return folder
