"""Keys derived from the site's secret, one per purpose, so that no hash can stand in for another."""

from __future__ import annotations

import hashlib
import hmac

from django.conf import settings
from django.utils.encoding import force_bytes


def derived_keys(purpose: str) -> list[bytes]:
    """The current key first, then those of retired secrets, so that old receipts still open."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    message = f"daylight.community.{purpose}".encode()
    return [hmac.new(force_bytes(s), message, hashlib.sha256).digest() for s in secrets]


def derived_key(purpose: str) -> bytes:
    return derived_keys(purpose)[0]
