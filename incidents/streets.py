"""Street addresses as people and police systems write them, made comparable. PURE."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# USPS Publication 28, the common ones: what a street is called -> the abbreviation we compare.
_WORDS: Final = {
    "STREET": "ST", "STR": "ST", "AVENUE": "AVE", "AV": "AVE", "AVEN": "AVE", "ROAD": "RD",
    "DRIVE": "DR", "DRV": "DR", "BOULEVARD": "BLVD", "BL": "BLVD", "BV": "BLVD", "LANE": "LN",
    "COURT": "CT", "PLACE": "PL", "PARKWAY": "PKWY", "PKY": "PKWY", "HIGHWAY": "HWY",
    "CIRCLE": "CIR", "TERRACE": "TER", "TERR": "TER", "SQUARE": "SQ", "TRAIL": "TRL", "WY": "WAY",
    "EXPRESSWAY": "EXPY", "FREEWAY": "FWY", "ALLEY": "ALY", "BRIDGE": "BRG", "PLAZA": "PLZ",
    "HEIGHTS": "HTS", "PARK": "PARK", "NORTH": "N", "SOUTH": "S", "EAST": "E", "WEST": "W",
    "NORTHEAST": "NE", "NORTHWEST": "NW", "SOUTHEAST": "SE", "SOUTHWEST": "SW", "SAINT": "ST",
    "MOUNT": "MT",
}  # fmt: skip

_UNIT = re.compile(r"\s+(?:APT|APARTMENT|UNIT|STE|SUITE|RM|ROOM|FLOOR|FL|BLDG|LOT|#)\b.*$|\s*#.*$")
_RANGE = re.compile(r"^(\d{1,6})\s*-\s*(\d{1,6})\s+(?:BLOCK\s+(?:OF\s+)?)?(\D.*)$")
_BLOCK = re.compile(r"^(\d{1,6})\s+BLOCK\s+(?:OF\s+)?(.+)$")
_MASKED = re.compile(r"^(\d{1,4})(X{1,3})\s+(.+)$")
_SINGLE = re.compile(r"^(\d{1,6})(?:-?[A-Z]|\s+1/2)?\s+(.+)$")
_HUNDRED = 100


@dataclass(frozen=True)
class StreetAddress:
    """House numbers from-to on a street; both ends the same for one house."""

    number_from: int
    number_to: int
    street_key: str


def street_key(street: str) -> str:
    """A street's name for comparing: capitals, no punctuation, common words abbreviated."""
    words = re.sub(r"[^A-Z0-9 ]", " ", re.sub(r"['.’]", "", street.upper())).split()
    return " ".join(_WORDS.get(word, word) for word in words)


def parse_address(text: str) -> StreetAddress | None:
    """Number or block, and street, of "705 S Colorado Blvd Apt 4", "029XX N HOYNE AVE",
    "800 - 899 BLOCK OF H STREET NW" or "2100 BLOCK E 17TH AVE"; None for corners and landmarks.
    """
    words = " ".join(text.upper().split())
    if "&" in words or "/" in words.replace("1/2", "") or " AND " in words:
        return None
    words = _UNIT.sub("", words)
    if found := _RANGE.match(words):
        low, high = sorted((int(found[1]), int(found[2])))
        return _address(low, high, found[3])
    if found := _BLOCK.match(words):
        low = int(found[1])
        return _address(low, low + _HUNDRED - 1, found[2])
    if found := _MASKED.match(words):
        size = 10 ** len(found[2])
        low = int(found[1]) * size
        return _address(low, low + size - 1, found[3])
    if found := _SINGLE.match(words):
        return _address(int(found[1]), int(found[1]), found[2])
    return None


def _address(low: int, high: int, street: str) -> StreetAddress | None:
    key = street_key(street)
    return StreetAddress(low, high, key) if key else None
