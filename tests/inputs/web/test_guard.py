"""Who may come in: by name, by origin, with a token, and how often."""

from __future__ import annotations

import logging
import socket
from collections.abc import Mapping

import pytest
from aiohttp.test_utils import make_mocked_request

from liveanim.inputs.web import oscquery
from liveanim.inputs.web.guard import Allowance, Guard

from .clients import PATIENCE, Client, Make


class Asked:
    """A guard under the test's clock, and requests without a socket."""

    def __init__(self, token: str = "") -> None:
        self.now = 0.0
        self.guard = Guard(token, lambda: self.now, Allowance(10, 20), Allowance(1, 3), lambda request: False)

    def status(self, peer: str = "127.0.0.1", path: str = "/", **headers: str) -> int:
        given: Mapping[str, str] = {"Host": "localhost:8008"} | {k.replace("_", "-"): v for k, v in headers.items()}
        request = make_mocked_request("GET", path, headers=given)
        refused = self.guard.refusal(request.clone(remote=peer))
        return 200 if refused is None else refused[0]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8008", 200),
        ("127.0.0.1", 200),
        ("[::1]:8008", 200),
        ("192.168.1.20:8008", 200),
        (f"{socket.gethostname()}:8008", 200),
        (f"{socket.gethostname()}.local:8008".upper(), 200),
        ("evil.example:8008", 403),
        ("localhost.evil.example", 403),
        ("", 403),
        ("127.0.0.1.evil.example", 403),
    ],
)
def test_a_name_that_is_not_ours_is_turned_away(host: str, status: int) -> None:
    assert Asked().status(Host=host) == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:8008", 200),
        ("http://LOCALHOST:8008", 200),
        ("http://localhost:9999", 403),
        ("https://evil.example", 403),
        ("null", 403),
        ("", 403),
    ],
)
def test_pages_of_other_sites_play_nothing(origin: str, status: int) -> None:
    assert Asked().status(Origin=origin) == status


def test_another_site_may_link_to_it_but_embed_nothing_of_it() -> None:
    asked = Asked()
    assert asked.status(Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate") == 200
    assert asked.status(Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors") == 403


def test_beyond_this_machine_the_token_is_needed_in_one_of_three_ways() -> None:
    asked = Asked("right")
    assert asked.status("127.0.0.1") == asked.status("::1") == 200
    assert asked.status("192.168.1.9") == 401
    assert asked.status("192.168.1.9", path="/?token=right") == 200
    assert asked.status("192.168.1.9", Authorization="Bearer right") == 200
    assert asked.status("192.168.1.9", Cookie="liveanim=right") == 200
    assert asked.status("192.168.1.9", Cookie="liveanim=wrong") == 401


def test_thumbnails_are_for_those_with_the_token_only() -> None:
    path = "/api/thumbnails/a1.webp"
    assert not oscquery.is_open(make_mocked_request("GET", path))
    assert Asked("right").status("192.168.1.9", path=path) == 401


def test_without_a_token_nobody_comes_from_outside() -> None:
    asked = Asked()
    assert asked.status("192.168.1.9") == asked.status("192.168.1.9", path="/?token=") == 401


def test_guessing_the_token_is_slow() -> None:
    asked = Asked("right")
    assert [asked.status("10.0.0.9", path=f"/?token={n}") for n in range(5)] == [401, 401, 401, 429, 429]
    assert asked.status("10.0.0.8", path="/?token=x") == 401
    asked.now = 1.0
    assert [asked.status("10.0.0.9", path=f"/?token={n}") for n in range(2)] == [401, 429]


def test_a_flood_of_one_address_is_held_to_its_rate_and_harms_no_other() -> None:
    asked = Asked()
    assert [asked.status("127.0.0.1") for _ in range(25)].count(200) == 20
    assert asked.status("::1") == 200
    asked.now = 0.5
    assert [asked.status("127.0.0.1") for _ in range(25)].count(200) == 5


def test_only_so_many_addresses_are_remembered() -> None:
    one = Allowance(1, 1, most=10)
    assert all(one.take(str(n), 0.0) for n in range(100))
    assert not one.take("99", 0.0)
    assert one.take("5", 0.0)  # forgotten


def test_the_link_leaves_a_cookie_that_no_script_and_no_other_site_can_use(make: Make) -> None:
    client = make(host="0.0.0.0", token="secret-of-this-show")
    assert client.remote.link.endswith("?token=secret-of-this-show")
    cookie = client.ask("GET", "/?token=secret-of-this-show").headers["Set-Cookie"]
    assert "liveanim=secret-of-this-show" in cookie
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie


def test_a_wrong_token_leaves_no_cookie(make: Make) -> None:
    answer = make(host="0.0.0.0", token="secret-of-this-show").ask("GET", "/?token=guess")
    assert "Set-Cookie" not in answer.headers


def test_every_answer_forbids_frames_and_guessing_of_types(client: Client) -> None:
    for path in ("/", "/api/state", "/api/nothing", "/pages/style.css"):
        headers = client.ask("GET", path).headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000 + b"\r\n",
        b"POST /api/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /remote HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ],
)
def test_what_is_no_request_of_ours_ends_with_an_answer_and_the_next_one_is_served(
    client: Client, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection(("127.0.0.1", client.remote.port), PATIENCE) as line:
        line.settimeout(PATIENCE)
        line.sendall(sent)
        line.shutdown(socket.SHUT_WR)
        answer = line.recv(100)
        assert answer == b"" or answer.startswith((b"HTTP/1.0 4", b"HTTP/1.1 4"))
    assert client.ask("GET", "/api/state").status == 200
    assert client.remote.problem() == ""
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []
