"""The text as a reader sees it: without hidden characters, look-alikes and odd spaces."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

from community.redaction.spans import Span

# Cyrillic and Greek letters that look like Latin ones, lower and upper case.
_LOOKALIKES: Final = str.maketrans(
    "аеорсухіјѕһԁԛԝАВЕКМНОРСТХУІЈЅαοιυΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxijshdqwABEKMHOPCTXYIJSaoivABEZHIKMNOPTYX",
)
_DASHES: Final = "‐‑‒–—―−﹘﹣－"


@dataclass(frozen=True)
class Tidy:
    """``text``, and for each of its characters where it came from in the original."""

    text: str
    origin: tuple[int, ...]
    original_length: int
    has_lookalikes: bool
    has_hidden: bool


def tidy(original: str) -> Tidy:
    """Undo what hides words from rules but not from readers; keep the way back to the original."""
    out: list[str] = []
    origin: list[int] = []
    lookalikes = hidden = False
    for i, char in enumerate(original):
        if unicodedata.category(char) in ("Cf", "Cc") and char not in "\n\r\t":
            hidden = True
            continue
        plain = "-" if char in _DASHES else unicodedata.normalize("NFKC", char)
        replaced = plain.translate(_LOOKALIKES)
        lookalikes |= replaced != plain
        for part in replaced.replace("’", "'"):
            out.append(" " if part in "\t\u00a0" else part)
            origin.append(i)
    return Tidy("".join(out), tuple(origin), len(original), lookalikes, hidden)


class Plain:
    """The tidy text, its lower case (of the same length), and the way back."""

    def __init__(self, source: Tidy) -> None:
        self.text = source.text
        # Lower case that changes length ("İ") would move every span behind it.
        self.lower = "".join(c.lower() if len(c.lower()) == 1 else c for c in source.text)
        self.has_lookalikes = source.has_lookalikes
        self.has_hidden = source.has_hidden
        self._origin = source.origin

    def in_original(self, span: Span) -> Span:
        return Span(self._origin[span.start], self._origin[span.end - 1] + 1, span.kind)
