"""One call: which addresses are never called, and that nobody draws it out."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Iterator
from time import monotonic
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.webhooks import calling
from portal.webhooks.calling import (
    AddressRefusedError,
    CallFailedError,
    checked,
    is_public,
    public_addresses,
)


@pytest.mark.parametrize(
    "url",
    ["http://example.org/", "https://u:p@example.org/", "https://example.org:8443/", "ftp://example.org/",
     "https:///x", "https://exämple.org/", "https://example.org/#x", "https://[::1", "javascript:alert(1)",
     "https://example.org/a b", "https://example.org/\r\nX: y", "https://example.org/\0", " https://example.org/",
     "https://example.org\\@example.net/", "https://example.org@10.0.0.1/", "https://example.org:0/"],
)  # fmt: skip
def test_an_address_that_is_no_plain_https_is_refused(url: str) -> None:
    with pytest.raises(AddressRefusedError, match="wanted"):
        checked(url)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "10.1.2.3", "192.168.0.1", "169.254.169.254", "::1", "fe80::1",
     "::ffff:127.0.0.1", "0.0.0.0", "100.64.0.1", "224.0.0.1", "2130706433"],
)  # fmt: skip
def test_our_own_network_is_never_called(host: str) -> None:
    with pytest.raises((AddressRefusedError, CallFailedError)):
        public_addresses(host, 443)


@given(st.ip_addresses(v=4))
def test_only_global_addresses_are_public(ip: Any) -> None:
    try:
        assert public_addresses(str(ip), 443) == [str(ip)]
    except AddressRefusedError:
        assert not ip.is_global or ip.is_multicast
    else:
        assert ip.is_global


def packed(prefix: str, v4: ipaddress.IPv4Address, *, shift: int) -> ipaddress.IPv6Address:
    return ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | int(v4) << shift)


INSIDE = st.sampled_from(
    ["10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.168.0.0/16", "100.64.0.0/10", "224.0.0.0/4"]
).flatmap(lambda network: st.ip_addresses(network=network))  # fmt: skip


@given(INSIDE, st.integers(0, 2**80 - 1))
def test_an_inner_address_is_not_public_however_it_is_packed(v4: Any, rest: int) -> None:
    ways = [
        packed("::ffff:0:0", v4, shift=0),
        packed("::", v4, shift=0),
        packed("64:ff9b::", v4, shift=0),
        packed("64:ff9b:1::", v4, shift=0),
        ipaddress.IPv6Address(int(packed("2002::", v4, shift=80)) | rest),
        packed("2001::", v4, shift=64),  # Teredo: the server
        packed("2001:0:808:808::", ipaddress.IPv4Address(int(v4) ^ 0xFFFF_FFFF), shift=0),
    ]

    assert [str(way) for way in ways if is_public(way)] == []


@given(st.ip_addresses(v=4))
def test_what_is_packed_for_a_translator_is_as_public_as_what_is_in_it(v4: Any) -> None:
    for prefix, shift in (("::ffff:0:0", 0), ("64:ff9b::", 0), ("2002::", 80)):
        assert is_public(packed(prefix, v4, shift=shift)) == is_public(v4)


@given(
    st.sampled_from(["fec0::/10", "fe80::/10", "fc00::/7", "ff00::/8", "2001::/32", "::/96"]).flatmap(
        lambda network: st.ip_addresses(network=network)
    )
)  # fmt: skip
def test_what_is_not_global_unicast_is_not_public(ip: Any) -> None:
    assert not is_public(ip)


def test_a_common_address_of_ipv6_is_public() -> None:
    assert is_public(ipaddress.ip_address("2606:4700::6810:84e5"))


def test_a_name_that_also_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def two(*_: Any, **__: Any) -> Any:
        return [(0, 0, 0, "", ("93.184.216.34", 443)), (0, 0, 0, "", ("10.0.0.1", 443))]

    monkeypatch.setattr(calling.socket, "getaddrinfo", two)

    with pytest.raises(AddressRefusedError, match="leads inside"):
        public_addresses("example.org", 443)


def test_the_connection_goes_to_the_address_that_was_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever asked the name again would be led inside by now."""
    server = socket.create_server(("127.0.0.1", 0))
    asked: list[str] = []
    heard: list[bytes] = []

    def rebinding(host: str, *_: Any, **__: Any) -> Any:
        asked.append(host)
        address = host if host == "127.0.0.1" else f"127.0.0.{len(asked)}"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, server.getsockname()[1]))]

    def answer() -> None:
        accepted, _ = server.accept()
        with accepted:
            heard.append(accepted.recv(4_000))
            accepted.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    monkeypatch.setattr(calling.socket, "getaddrinfo", rebinding)
    thread = threading.Thread(target=answer, daemon=True)
    thread.start()

    assert called(f"http://rebind.example:{server.getsockname()[1]}/", within_s=60).status == 204

    thread.join(timeout=10)
    server.close()
    assert asked == ["rebind.example", "127.0.0.1"]
    assert b"Host: rebind.example:" in heard[0]


def test_an_address_that_takes_no_call_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a receiver on both protocols, called from a machine that has one of them."""
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]

    def both(host: str, *_: Any, **__: Any) -> Any:
        numbers = [host] if host[0].isdigit() else ["127.0.0.9", "127.0.0.1"]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (n, port)) for n in numbers]

    def answer() -> None:
        accepted, _ = server.accept()
        with accepted:
            accepted.recv(4_000)
            accepted.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    monkeypatch.setattr(calling.socket, "getaddrinfo", both)
    thread = threading.Thread(target=answer, daemon=True)
    thread.start()

    assert called(f"http://two.example:{port}/", within_s=60).status == 204
    thread.join(timeout=10)
    server.close()


@pytest.mark.parametrize(
    ("port", "is_secure", "said"),
    [(443, True, b"Host: example.org\r\n"), (8443, True, b"Host: example.org:8443\r\n"), (80, False, b"Host: example.org\r\n")],
)  # fmt: skip
def test_a_usual_port_goes_unsaid(port: int, is_secure: bool, said: bytes) -> None:
    """Not every server knows itself by example.org:443."""
    ours, theirs = socket.socketpair()
    connection = calling._Pinned(
        "example.org", port, addresses=[], is_secure=is_secure, until=monotonic() + 5
    )
    connection.sock = ours

    connection.request("POST", "/", body=b"{}")

    assert said in theirs.recv(4_000)
    theirs.close()
    connection.close()


@pytest.mark.parametrize(
    ("url", "host"),
    [("https://EXAMPLE.org./x", "example.org"), ("https://[2606:4700:0:0::1]/", "2606:4700::1")],
)
def test_a_host_has_one_spelling(url: str, host: str) -> None:
    assert calling.host_of(checked(url)) == host


# --- slow servers ---

# What a server says at once, before it drips.
SLOW = {
    "status line": b"",
    "headers": b"HTTP/1.1 200 OK\r\n",
    "body": b"HTTP/1.1 200 OK\r\n\r\n",
    "body of a known length": b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n",
    "handshake": b"\x16\x03\x03\x40\x00",
}


@pytest.fixture
def dripping() -> Iterator[Any]:
    """Says something, then a letter now and then, until the test is over or two seconds have passed."""
    server = socket.create_server(("127.0.0.1", 0))
    is_over = threading.Event()

    def drip(said: bytes) -> None:
        accepted, _ = server.accept()
        with accepted:
            try:
                accepted.sendall(said)
                for _ in range(200):
                    if is_over.wait(0.01):
                        break
                    accepted.sendall(b"a")
            except OSError:
                return  # hung up, as it should be

    threads: list[threading.Thread] = []

    def start(said: bytes) -> str:
        threads.append(threading.Thread(target=drip, args=(said,), daemon=True))
        threads[-1].start()
        return f"127.0.0.1:{server.getsockname()[1]}"

    yield start
    is_over.set()
    for thread in threads:
        thread.join(timeout=10)
    server.close()


@pytest.mark.parametrize("part", SLOW)
def test_a_server_that_drips_is_left_at_the_deadline(part: str, dripping: Any) -> None:
    scheme = "https" if part == "handshake" else "http"

    with pytest.raises(CallFailedError, match="TimeoutError"):
        called(f"{scheme}://{dripping(SLOW[part])}/", within_s=0.1)


def test_a_name_that_is_looked_up_slowly_is_left_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_over = threading.Event()

    def slow(*_: Any, **__: Any) -> Any:
        is_over.wait(2)
        return [(0, 0, 0, "", ("127.0.0.1", 9))]

    monkeypatch.setattr(calling.socket, "getaddrinfo", slow)

    with pytest.raises(CallFailedError, match="in time"):
        called("http://example.org/", within_s=0.05)
    is_over.set()


def called(url: str, *, within_s: float) -> calling.Answer:
    return calling.call(url, b"{}", secret="whsec_eA==", message_id="1", timestamp_s=1,
                        within_s=within_s, allow_private=True)  # fmt: skip
