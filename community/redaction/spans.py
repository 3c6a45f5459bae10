"""Stretches of text that say too much, and how they are masked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

KINDS: Final = (
    "phone",
    "number",
    "reference",
    "email",
    "url",
    "handle",
    "plate",
    "address",
    "birth-date",
    "name",
)

# What stands in the place of the words, by language. "[...]" so that it cannot be read as theirs.
_LABELS: Final = {
    "en": {
        "phone": "phone number",
        "number": "number",
        "reference": "reference",
        "email": "e-mail",
        "url": "link",
        "handle": "account",
        "plate": "plate",
        "address": "address",
        "birth-date": "date of birth",
        "name": "name",
    },
    "es": {
        "phone": "teléfono",
        "number": "número",
        "reference": "referencia",
        "email": "correo",
        "url": "enlace",
        "handle": "cuenta",
        "plate": "placa",
        "address": "dirección",
        "birth-date": "fecha de nacimiento",
        "name": "nombre",
    },
}

# A label as ``mask`` writes it: what stands there was looked at already.
LABEL: Final = re.compile(
    r"\[(?:" + "|".join(sorted({word for by in _LABELS.values() for word in by.values()})) + r")\]"
)


@dataclass(frozen=True, order=True)
class Span:
    """``text[start:end]`` is personal data of this kind."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class Findings:
    """What was found. ``reasons`` are why a person must look; none means the rules had no doubt.

    ``spans`` are to be masked. ``doubts`` are where else a person should look: of kind doubt, not masked.
    """

    spans: tuple[Span, ...]
    reasons: tuple[str, ...] = ()
    doubts: tuple[Span, ...] = ()

    @property
    def hold_for_human(self) -> bool:
        return bool(self.reasons)


def merged(spans: Iterable[Span]) -> list[Span]:
    """In order, without overlap: overlapping spans become one, of the kind of the longest."""
    out: list[Span] = []
    longest = 0
    for span in sorted(spans):
        if span.start >= span.end:
            continue
        length = span.end - span.start
        if not out or span.start >= out[-1].end:
            out.append(span)
            longest = length
            continue
        last = out[-1]
        kind = span.kind if length > longest else last.kind
        longest = max(longest, length)
        out[-1] = Span(last.start, max(last.end, span.end), kind)
    return out


def covered(spans: Iterable[Span], length: int) -> list[bool]:
    """For each character, whether a span covers it."""
    flags = [False] * length
    for span in spans:
        flags[span.start : span.end] = [True] * (span.end - span.start)
    return flags


def mask(text: str, spans: Sequence[Span], *, language: str = "en") -> str:
    """The text with each span replaced by what was there, in brackets. Spans in order, no overlap."""
    labels = _LABELS.get(language[:2], _LABELS["en"])
    parts, at = [], 0
    for span in spans:
        parts += [text[at : span.start], f"[{labels[span.kind]}]"]
        at = span.end
    return "".join([*parts, text[at:]])


def marked(text: str, findings: Findings) -> list[tuple[str, str]]:
    """The whole text in pieces, each with the kind of what was found there, or "" for nothing."""
    pieces, at = [], 0
    for span in merged([*findings.spans, *findings.doubts]):
        pieces += [(text[at : span.start], ""), (text[span.start : span.end], span.kind)]
        at = span.end
    return [(words, kind) for words, kind in [*pieces, (text[at:], "")] if words]
