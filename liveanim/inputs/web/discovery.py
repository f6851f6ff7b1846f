"""Tells the network where OSCQuery and OSC are (mDNS, with the `discovery` extra; nothing is told without it)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator

log = logging.getLogger(__name__)

OSCQUERY, OSC = "_oscjson._tcp.local.", "_osc._udp.local."


@contextlib.asynccontextmanager
async def announced(address: str, port: int, osc_port: int) -> AsyncIterator[None]:
    """Both services at `address` for as long as the body runs. Trouble is logged: the show is played all the same."""
    try:
        from zeroconf import Error, IPVersion, ServiceInfo
        from zeroconf.asyncio import AsyncZeroconf
    except ImportError:
        yield
        return
    name = f"liveanim on {socket.gethostname().partition('.')[0]} {port}"
    where = [socket.inet_aton(address)]
    services = [
        ServiceInfo(kind, f"{name}.{kind}", number, addresses=where)
        for kind, number in ((OSCQUERY, port), (OSC, osc_port))
    ]
    try:
        told = AsyncZeroconf(interfaces=[address], ip_version=IPVersion.V4Only)
    except OSError as error:
        log.warning("the network is not told where the show is (%s)", error)
        yield
        return

    async def tell(service: ServiceInfo) -> None:
        await (await told.async_register_service(service))

    telling = asyncio.gather(*map(tell, services), return_exceptions=True)
    try:
        yield
    finally:
        telling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await telling
        with contextlib.suppress(Error, OSError):
            await told.async_unregister_all_services()
        await told.async_close()
