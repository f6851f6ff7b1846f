"""Who may talk to the server: names it is called by, pages it is called from, the token, and how often."""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

COOKIE = "liveanim"
LARGEST = 64_000  # bytes of a request
RATE, BURST = 100.0, 400.0  # requests a second from one address
GUESSES, GUESSES_AT_ONCE = 1.0, 10.0  # wrong tokens a second from one address
_MOST_PEERS = 2000
_YEAR = 365 * 24 * 3600

A = TypeVar("A", bound=web.StreamResponse)

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Allowance:
    """A token bucket for each of the addresses that were seen last."""

    def __init__(self, rate: float, burst: float, most: int = _MOST_PEERS) -> None:
        self._rate, self._burst, self._most = rate, burst, most
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str, now: float) -> bool:
        """Whether `who` may do one more thing at `now` (s)."""
        left, at = self._left.pop(who, (self._burst, now))
        left = min(self._burst, left + self._rate * max(0.0, now - at))
        self._left[who] = (left - 1 if left >= 1 else left, now)
        while len(self._left) > self._most:
            self._left.popitem(last=False)
        return left >= 1


@dataclass(frozen=True, slots=True)
class Guard:
    """Turns away who may not come in.

    token      what a client beyond this machine must show; '': no such client may come
    requests   how many an address may send; guesses: how many of them with a wrong token
    is_open    for which requests no token is needed
    """

    token: str
    clock: Callable[[], float]
    requests: Allowance
    guesses: Allowance
    is_open: Callable[[web.Request], bool]

    def refusal(self, request: web.Request) -> tuple[int, str] | None:
        """Status and reason for turning `request` away; None lets it in."""
        peer = request.remote or ""
        if not self.requests.take(peer, self.clock()):
            return 429, "too many requests"
        host = request.headers.get("Host", "")
        if not _is_ours(host):
            return 403, f"this server is not called {host[:80]!r}: use its address in numbers"
        origin = request.headers.get("Origin")
        if origin is not None and origin.rpartition("://")[2].lower() != host.lower():
            return 403, "pages of other sites may not play this show"
        if (
            request.headers.get("Sec-Fetch-Site") == "cross-site"
            and request.headers.get("Sec-Fetch-Mode") != "navigate"
        ):
            return 403, "pages of other sites may not play this show"
        if _is_local(peer) or self.is_open(request):
            return None
        given = _shown_token(request)
        if self.token and hmac.compare_digest(given.encode(), self.token.encode()):
            return None
        if given and not self.guesses.take(peer, self.clock()):
            return 429, "too many wrong tokens"
        return 401, "the link shown at the start of the show has the token that is needed here"


def middleware(guard: Guard) -> Middleware:
    """The guard and the headers of every answer, as aiohttp wants them."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        refused = guard.refusal(request)
        if refused is not None:
            return _with_headers(problem(*refused))
        try:
            answer = await handler(request)
        except web.HTTPException as error:
            return _with_headers(problem(error.status, error.reason) if error.status >= 400 else error)
        if not answer.prepared:
            _with_headers(answer)
            if guard.token and request.query.get("token") == guard.token:  # the page's own requests are to carry it
                answer.set_cookie(COOKIE, guard.token, max_age=_YEAR, httponly=True, samesite="Strict")
        return answer

    return guarded


def problem(status: int, reason: str, column: int = 0) -> web.Response:
    """An answer that says what is wrong."""
    body: dict[str, object] = {"error": reason}
    if column:
        body["column"] = column
    return web.json_response(body, status=status)


def _with_headers(answer: A) -> A:
    answer.headers.update(HEADERS)
    answer.headers.setdefault("Cache-Control", "no-store")
    return answer


def _shown_token(request: web.Request) -> str:
    kind, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return bearer.strip()
    return request.query.get("token") or request.cookies.get(COOKIE, "")


def _is_local(peer: str) -> bool:
    try:
        return ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False


def _is_ours(host: str) -> bool:
    """Whether a page may have this server under the name `host`. A web site that points its own name at this machine
    (DNS rebinding) may not; an address in numbers cannot be pointed anywhere."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    name = name.strip("[]").lower()
    own = socket.gethostname().lower()
    if name in ("localhost", own, f"{own}.local", f"{own.partition('.')[0]}.local"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
