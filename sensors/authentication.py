"""Who is speaking: a key id, and an HMAC-SHA256 that only the holder of that key's secret can make.

The signature covers ``timestamp.idempotency_key.body``. A stale timestamp is refused, and within
its window the idempotency key makes a replay harmless: it is answered with the first receipt.
An unknown key, a retired key, a switched-off source and a wrong signature get the same answer
after the same work, so that nobody learns which keys exist.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from sensors.queries import active_key

KEY_HEADER = "Daylight-Key"
TIMESTAMP_HEADER = "Daylight-Timestamp"
IDEMPOTENCY_HEADER = "Daylight-Idempotency-Key"
SIGNATURE_HEADER = "Daylight-Signature"
VERSION = "v1"

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


class AuthenticationError(Exception):
    """The sender did not prove who they are."""


class HeaderMissing(AuthenticationError):  # noqa: N818  (named for the sentence it becomes)
    """A header is absent or not of its form."""


class StaleTimestamp(AuthenticationError):  # noqa: N818
    """The timestamp is outside of the window; most often a device's clock is wrong."""


class NotRecognised(AuthenticationError):  # noqa: N818
    """Key and signature do not fit together. Deliberately no more than that."""


@dataclass(frozen=True)
class Credentials:
    """The four headers of a signed request, of the right form but not yet believed."""

    key_id: str
    timestamp: str
    idempotency_key: str
    signature: str

    @classmethod
    def from_headers(cls, headers: Mapping[str, str], *, now: datetime) -> Credentials:
        """Raises HeaderMissing or StaleTimestamp: all that can be said before the body is read."""
        names = (KEY_HEADER, TIMESTAMP_HEADER, IDEMPOTENCY_HEADER, SIGNATURE_HEADER)
        given = [headers.get(name, "") for name in names]
        if missing := [name for name, value in zip(names, given, strict=True) if not value]:
            raise HeaderMissing(f"got no {', '.join(missing)}; wanted all of {', '.join(names)}")
        credentials = cls(*given)
        credentials._check_form(now)
        return credentials

    def _check_form(self, now: datetime) -> None:
        if not _IDEMPOTENCY_KEY.fullmatch(self.idempotency_key):
            raise HeaderMissing(f"{IDEMPOTENCY_HEADER}: wanted 1 to 128 visible ASCII characters")
        if not _TIMESTAMP.fullmatch(self.timestamp):
            raise HeaderMissing(f"{TIMESTAMP_HEADER}: wanted whole seconds since 1970 UTC")
        skew_s = int(self.timestamp) - now.timestamp()
        if abs(skew_s) > settings.INGEST_WINDOW_S:
            raise StaleTimestamp(
                f"{TIMESTAMP_HEADER} differs by {skew_s:+.0f} s from our clock ({now:%Y-%m-%dT%H:%M:%SZ}); "
                f"wanted at most {settings.INGEST_WINDOW_S} s"
            )


def sign(secret: str, *, timestamp: str, idempotency_key: str, body: bytes) -> str:
    """The value of the signature header. ``secret``: the text that was shown when the key was issued."""
    signed = b".".join([timestamp.encode(), idempotency_key.encode(), body])
    return f"{VERSION}={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def authenticate(credentials: Credentials, body: bytes) -> int:
    """The id of the source that signed the body. Raises NotRecognised."""
    key = active_key(credentials.key_id)
    expected = sign(
        unseal(key.sealed_secret if key else _decoy()),
        timestamp=credentials.timestamp,
        idempotency_key=credentials.idempotency_key,
        body=body,
    )
    given = credentials.signature.encode("utf-8", "replace")
    if not hmac.compare_digest(expected.encode(), given) or key is None:
        raise NotRecognised("the key is not known or the signature does not fit")
    return key.source_id


def seal(secret: str) -> bytes:
    """Encrypted under the first key of the installation's keyring."""
    return _keyring(settings.DEVICE_KEYRING).encrypt(secret.encode())


def unseal(sealed: bytes) -> str:
    """Decrypted under any key of the keyring, so that the keyring itself can be rotated."""
    try:
        return _keyring(settings.DEVICE_KEYRING).decrypt(sealed).decode()
    except InvalidToken:
        raise RuntimeError(
            "a device key was sealed under another keyring; put the old key behind the new one, "
            "with a comma, in DAYLIGHT_DEVICE_KEYRING"
        ) from None


@lru_cache(maxsize=4)
def _keyring(keys: str) -> MultiFernet:
    return MultiFernet([Fernet(key.strip()) for key in keys.split(",") if key.strip()])


@lru_cache(maxsize=1)
def _decoy() -> bytes:
    """Nobody's secret: an unknown key costs as much work as a known one."""
    return seal(secrets.token_urlsafe(32))
