"""Receipt codes: what a resident keeps instead of an account. Pure.

Twelve symbols of Crockford's base 32 carry 60 bits. We keep a keyed hash only, so a copy of the
database opens no thread, and neither does the copy together with a list of all codes ever guessed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U
PREFIX: Final = "DAY"
SYMBOLS: Final = 12
ENTROPY_BITS: Final = 5 * SYMBOLS

_READ_AS: Final = str.maketrans({"I": "1", "L": "1", "O": "0"})
_SEPARATORS: Final = re.compile(r"[\s\W_]+")


def code_from(entropy: bytes) -> str:
    """The code made of the first 60 bits: ``DAY-7K3M-Q9XT-4RWZ``. ``entropy`` is at least 8 bytes."""
    if len(entropy) < 8:
        raise ValueError(f"got {len(entropy)} bytes; wanted at least 8")
    number = int.from_bytes(entropy[:8], "big") >> (64 - ENTROPY_BITS)
    symbols = "".join(ALPHABET[number >> shift & 31] for shift in range(ENTROPY_BITS - 5, -1, -5))
    return grouped(symbols)


def grouped(symbols: str) -> str:
    """Twelve symbols as people read them aloud: in fours, after the prefix."""
    return "-".join([PREFIX, *(symbols[i : i + 4] for i in range(0, SYMBOLS, 4))])


def parse_code(typed: str) -> str | None:
    """The code as we write it, or None when this cannot be one.

    Forgives case, spaces, any dashes, full-width characters, a missing prefix, and O, I, L for 0 and 1.
    """
    plain = _SEPARATORS.sub("", unicodedata.normalize("NFKC", typed)).upper()
    if len(plain) == len(PREFIX) + SYMBOLS and plain.startswith(PREFIX):
        plain = plain[len(PREFIX) :]
    symbols = plain.translate(_READ_AS)
    if len(symbols) != SYMBOLS or any(symbol not in ALPHABET for symbol in symbols):
        return None
    return grouped(symbols)


def keyed_hash(code: str, *, key: bytes) -> str:
    """What is stored of a code: HMAC-SHA256 in hex. The key is the site's, never in the database."""
    return hmac.new(key, code.encode(), hashlib.sha256).hexdigest()
