"""Against machines that fill in forms, without ever shutting out a person and without remembering one.

The form carries a signed token that says when it was shown. How often one network (of 256 neighbours, or a
/48) writes is counted as portal/counting.py does. Where Redis cannot be reached, everybody may write.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing
from django.http import HttpRequest

from community import receipts
from community.keys import derived_key
from portal.counting import network_of, times

_TOKEN = signing.Signer(salt="community.form-token")
FASTEST = timedelta(seconds=3)  # nobody reads and fills in the form in less
SLOWEST = timedelta(hours=24)  # a page older than this came from a saved copy
_CLOCK_SLACK = timedelta(minutes=5)  # between two web servers


@dataclass(frozen=True)
class Token:
    """When a form was shown, and a number of its own."""

    nonce: str
    shown_at: datetime


def new_token(now: datetime) -> str:
    return _TOKEN.sign_object({"n": secrets.token_hex(16), "t": now.isoformat()})


def read_token(signed: str) -> Token | None:
    """What the token says; None when it is not one of ours."""
    try:
        said = _TOKEN.unsign_object(signed)
        return Token(said["n"], datetime.fromisoformat(said["t"]))
    except (signing.BadSignature, KeyError, ValueError, TypeError):
        return None


def is_too_fast(token: Token, now: datetime) -> bool:
    return now - token.shown_at < FASTEST


def is_too_old(token: Token, now: datetime) -> bool:
    return not -_CLOCK_SLACK <= now - token.shown_at <= SLOWEST


def receipt_for(token: Token, words: Mapping[str, object]) -> str:
    """The receipt of this form with these words: the same on a second click, another for other words."""
    told = json.dumps([token.nonce, sorted((k, str(v)) for k, v in words.items())])
    digest = hmac.new(derived_key("form-receipt"), told.encode(), hashlib.sha256).digest()
    return receipts.code_from(digest)


def may_go_on(
    request: HttpRequest, *, purpose: str, limit: int, window: timedelta, now: datetime
) -> bool:
    """Whether this network did this fewer than ``limit`` times in the window. True when in doubt."""
    count = times(
        network_of(request, bits_v4=24, bits_v6=48),
        purpose=purpose,
        window_s=int(window.total_seconds()),
        now=now.timestamp(),
    )
    return count is None or count <= limit
