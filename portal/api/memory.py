"""Answers that were given, kept as bytes while nothing is released or withdrawn."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from django.http import HttpRequest

from portal.feeds.editions import Memory

# For each web process; a page of 100 rows is some 30 kB, pressed 5.
ANSWERS_BYTES: Final = 24_000_000
# About one client's own question, not about its answer.
_PERSONAL: Final = frozenset({"RateLimit"})
_OF_304: Final = ("ETag", "Cache-Control", "Link", "Deprecation", "Sunset")


@dataclass(frozen=True)
class Kept:
    body: bytes
    headers: Mapping[str, str]

    @property
    def weight(self) -> int:
        return len(self.body) + 2_000

    def for_everybody(self) -> Kept:
        return replace(self, headers={k: v for k, v in self.headers.items() if k not in _PERSONAL})

    def headers_of_304(self) -> dict[str, str]:
        return {name: self.headers[name] for name in _OF_304 if name in self.headers}


def key_of(*parts: object) -> bytes:
    """A key of always the same weight, however long the question is."""
    return hashlib.sha256(repr(parts).encode(errors="surrogatepass")).digest()


ANSWERS: Memory[Kept] = Memory(ANSWERS_BYTES, lambda kept: kept.weight)


def tags_in(request: HttpRequest) -> frozenset[str]:
    """What the reader has. Our tags are weak: pressed or not, an answer is the same answer."""
    said = request.META.get("HTTP_IF_NONE_MATCH", "")
    return frozenset(tag.strip() for tag in said.split(",")) if said else frozenset()
