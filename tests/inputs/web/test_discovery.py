"""Another program on the network finds the show by itself."""

from __future__ import annotations

import threading

import pytest

from liveanim.inputs.web.discovery import OSC, OSCQUERY
from liveanim.inputs.web.server import own_address

from .clients import PATIENCE, Make

zeroconf = pytest.importorskip("zeroconf", reason="no zeroconf here (pip install zeroconf)")


def test_the_show_is_found_on_the_network_and_gone_when_it_ends(make: Make) -> None:
    client = make(host="0.0.0.0", token="secret-of-this-show", osc_port=7123)
    found: dict[str, int] = {}
    both, gone = threading.Event(), threading.Event()

    class Seen(zeroconf.ServiceListener):  # type: ignore[name-defined]
        def add_service(self, zc: zeroconf.Zeroconf, kind: str, name: str) -> None:  # type: ignore[name-defined]
            info = zc.get_service_info(kind, name, timeout=int(PATIENCE * 1000))
            if info is not None and str(client.remote.port) in name:
                found[kind] = info.port
                both.set() if len(found) == 2 else None

        def remove_service(self, zc: zeroconf.Zeroconf, kind: str, name: str) -> None:  # type: ignore[name-defined]
            gone.set()

        def update_service(self, zc: zeroconf.Zeroconf, kind: str, name: str) -> None:  # type: ignore[name-defined]
            pass

    other = zeroconf.Zeroconf(interfaces=[own_address()])
    try:
        zeroconf.ServiceBrowser(other, [OSC, OSCQUERY], listener=Seen())
        assert both.wait(PATIENCE)
        assert found == {OSC: 7123, OSCQUERY: client.remote.port}
        client.remote.close()
        assert gone.wait(PATIENCE)
    finally:
        other.close()
