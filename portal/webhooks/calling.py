"""One signed call to somebody else's server (Standard Webhooks 1.0), and the addresses that are never called.

A subscriber chooses the address, so it must not lead into our own network: the name is resolved once,
every address behind it must be public, and the connection goes to those that were looked at. Nor may a
server hold us by answering slowly: one deadline holds for the whole call. What is raised names no address.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.client
import ipaddress
import queue
import re
import socket
import ssl
import threading
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

WITHIN_S: Final = 5.0  # from looking up the name to the last byte that is read
LONGEST_HOST: Final = 253
GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
MOST_READ: Final = 4_096  # bytes of an answer
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - a prefix
# No space, control character or backslash, of which one reader makes nothing and another a slash.
PLAIN: Final = re.compile(r"[!-\[\]-~]+")


class AddressRefusedError(ValueError):
    """An address that is not called; the message says what was got and what was wanted."""


class CallFailedError(Exception):
    """No answer; the message says why."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


def checked(url: str, *, allow_private: bool = False) -> SplitResult:
    """The parts of an address that may be called. Raises AddressRefusedError."""
    wanted = "wanted an address such as https://example.org/hook"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefusedError(f"got no address; {wanted}") from error
    schemes = ("https", "http") if allow_private else ("https",)
    plain = not (parts.username or parts.password or parts.fragment)
    is_host = 0 < len(host_of(parts)) <= LONGEST_HOST
    if parts.scheme not in schemes or not is_host or not plain or not PLAIN.fullmatch(url):
        raise AddressRefusedError(f"got an address of another shape; {wanted}")
    if port not in (None, 443) and not allow_private:
        raise AddressRefusedError(f"got port {port}; wanted 443")
    return parts


def host_of(parts: SplitResult) -> str:
    """The one spelling of a host: small letters, no dot at the end, an IP address in its short form."""
    host = (parts.hostname or "").rstrip(".")
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return host


def public_addresses(
    host: str, port: int, *, within_s: float = WITHIN_S, allow_private: bool = False
) -> list[str]:
    """The IP addresses to try, best first; every one behind the name must be public. Raises as above."""
    found = _looked_up(host, port, within_s=within_s)
    if not allow_private and not all(is_public(ipaddress.ip_address(one)) for one in found):
        raise AddressRefusedError("got a name that leads inside; wanted a public address")
    return found


def is_public(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Everybody's to call. An IPv4 address that is packed into one of IPv6 is judged as well."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip.is_global and not ip.is_multicast
    if ip.ipv4_mapped:
        return is_public(ip.ipv4_mapped)
    if ip in NAT64:
        return is_public(ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF))
    # Outside lie site-local, IPv4-compatible, local NAT64, multicast; Teredo lies inside but is not global.
    if ip not in GLOBAL_UNICAST or not ip.is_global or ip.teredo:
        return False
    return ip.sixtofour is None or is_public(ip.sixtofour)


def _looked_up(host: str, port: int, *, within_s: float) -> list[str]:
    """In the resolver's order, which knows what this machine can reach. In a thread of its own: whoever runs the name server can be slow too, and a lookup takes no timeout."""
    answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(info[4][0]) for info in found)))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=look_up, daemon=True).start()
    try:
        answer = answers.get(timeout=within_s)
    except queue.Empty as error:
        raise CallFailedError("the name was not looked up in time") from error
    if isinstance(answer, Exception):
        raise CallFailedError("the name has no address") from answer
    return answer


def signature(secret: str, message_id: str, timestamp_s: int, body: bytes) -> str:
    """``v1,`` and the HMAC-SHA256 of id, time and body, base64."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def call(
    url: str,
    body: bytes,
    *,
    secret: str,
    message_id: str,
    timestamp_s: int,
    within_s: float = WITHIN_S,
    allow_private: bool = False,
) -> Answer:
    """POST once, without following anywhere else. Raises CallFailedError or AddressRefusedError."""
    until = monotonic() + within_s
    parts = checked(url, allow_private=allow_private)
    host = host_of(parts)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    addresses = public_addresses(host, port, within_s=within_s, allow_private=allow_private)
    connection = _Pinned(
        host, port, addresses=addresses, is_secure=parts.scheme == "https", until=until
    )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Daylight-Webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": signature(secret, message_id, timestamp_s, body),
    }
    try:
        with connection:
            connection.request("POST", target, body=body, headers=headers)
            response = connection.getresponse()
            return Answer(response.status, response.read(MOST_READ))
    except (OSError, http.client.HTTPException) as error:
        raise CallFailedError(f"no answer: {type(error).__name__}") from error


class _Pinned(http.client.HTTPConnection):
    """Connects to addresses that were looked at, whatever the name resolves to by now, and ends at a deadline.

    A timeout of the socket counts from byte to byte, so a watchdog shuts the socket at the deadline. What
    was read by then looks like a whole answer (the end of a stream ends headers and body): leaving raises.
    """

    def __init__(
        self, host: str, port: int, *, addresses: list[str], is_secure: bool, until: float
    ) -> None:
        left_s = max(until - monotonic(), 0.001)  # 0 would mean: do not wait
        super().__init__(host, port, timeout=left_s)
        self.default_port = 443 if is_secure else 80  # goes unsaid in the header Host
        self._addresses, self._is_secure = addresses, is_secure
        self._watched: socket.socket | None = None
        self._is_late = threading.Event()
        self._watchdog = threading.Timer(left_s, self._end)
        self._watchdog.daemon = True

    def __enter__(self) -> None:
        self._watchdog.start()

    def __exit__(self, *_: Any) -> None:
        self._watchdog.cancel()
        self.close()
        if self._is_late.is_set():
            raise TimeoutError

    def connect(self) -> None:
        self._watch(self._reached())
        if self._is_secure:
            context = ssl.create_default_context()
            secure = context.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self._watch(secure)  # before it shakes hands, which a server can draw out too
            secure.do_handshake()

    def _reached(self) -> socket.socket:
        """The first address that takes the call; none may use up the time of those after it."""
        *others, last = self._addresses
        assert self.timeout is not None
        for address in others:
            with contextlib.suppress(OSError):
                within_s = self.timeout / len(self._addresses)
                found = socket.create_connection((address, self.port), within_s)
                found.settimeout(self.timeout)
                return found
        return socket.create_connection((last, self.port), self.timeout)

    def _watch(self, sock: socket.socket) -> None:
        self.sock = self._watched = sock
        if self._is_late.is_set():
            raise TimeoutError

    def _end(self) -> None:
        self._is_late.set()
        if self._watched is not None:
            with contextlib.suppress(OSError):  # closed by now
                # Not SSLSocket's own, which takes the session from under a reader in the other thread.
                socket.socket.shutdown(self._watched, socket.SHUT_RDWR)
