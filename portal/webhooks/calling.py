"""One signed call to somebody else's server (Standard Webhooks 1.0), and the addresses that are never called.

A subscriber chooses the address, so it must not lead into our own network: the name is resolved once,
every address behind it must be public, and the connection goes to the one that was looked at.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

TIMEOUT_S: Final = 5.0
MOST_READ: Final = 4_096  # bytes of an answer
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - a prefix


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
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefusedError(
            f"got {url!r}; wanted an address such as https://example.org/hook"
        ) from error
    schemes = ("https", "http") if allow_private else ("https",)
    plain = not (parts.username or parts.password or parts.fragment)
    if parts.scheme not in schemes or not parts.hostname or not plain or not url.isascii():
        raise AddressRefusedError(
            f"got {url!r}; wanted an address such as https://example.org/hook"
        )
    if port not in (None, 443) and not allow_private:
        raise AddressRefusedError(f"got port {port}; wanted 443")
    return parts


def public_address(host: str, port: int, *, allow_private: bool = False) -> str:
    """The IP address to connect to; every one behind the name must be public. Raises as above."""
    try:
        found = {
            str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        }
    except (OSError, UnicodeError) as error:
        raise CallFailedError(f"{host} has no address") from error
    for address in found:
        ip = ipaddress.ip_address(address)
        ip = getattr(ip, "ipv4_mapped", None) or ip
        if not allow_private and (not ip.is_global or ip.is_multicast):
            raise AddressRefusedError(f"got {host}, which is at {address}; wanted a public address")
    return min(found)


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
    allow_private: bool = False,
) -> Answer:
    """POST once, without following anywhere else. Raises CallFailedError or AddressRefusedError."""
    parts = checked(url, allow_private=allow_private)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = public_address(host, port, allow_private=allow_private)
    connection = _Pinned(host, port, address=address, is_secure=parts.scheme == "https")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Daylight-Webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": signature(secret, message_id, timestamp_s, body),
    }
    try:
        connection.request("POST", target, body=body, headers=headers)
        response = connection.getresponse()
        return Answer(response.status, response.read(MOST_READ))
    except (OSError, http.client.HTTPException, ssl.SSLError) as error:
        raise CallFailedError(f"{host} did not answer: {type(error).__name__}") from error
    finally:
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """Connects to an address that was looked at, whatever the name resolves to by now."""

    def __init__(self, host: str, port: int, *, address: str, is_secure: bool) -> None:
        super().__init__(host, port, timeout=TIMEOUT_S)
        self._address, self._is_secure = address, is_secure

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        if self._is_secure:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host)
