"""The rules' look at what a person typed: whoever takes names out can leave one in, or put one in. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Final

from community.redaction.spans import LABEL, Findings

# Their form alone says what these are; in a resident's words no doubt about them is left to confirm.
UNMISTAKABLE: Final = frozenset({"phone", "number", "email", "plate", "birth-date"})
_WORD: Final = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True)
class SecondLook:
    """What the rules find in the public version of a message and of its answer."""

    text: Findings
    answer: Findings
    seal: str  # of the very words; whoever confirms the doubts confirms them for these words alone

    @property
    def must_go(self) -> tuple[str, ...]:
        """Kinds in the resident's words that nobody can confirm."""
        return tuple(sorted({span.kind for span in self.text.spans} & UNMISTAKABLE))

    @property
    def is_clear(self) -> bool:
        findings = (self.text, self.answer)
        return not any(found.spans or found.hold_for_human for found in findings)

    @property
    def doubts(self) -> str:
        """What was doubted, counted, for the record: never a word of the text."""
        spans = Counter(span.kind for found in (self.text, self.answer) for span in found.spans)
        reasons = sorted({*self.text.reasons, *self.answer.reasons})
        return "; ".join([*(f"{kind} {n}" for kind, n in sorted(spans.items())), *reasons])


def seal_of(text: str, answer: str) -> str:
    """The same for the same words and for no others."""
    return hashlib.sha256(f"{len(text)}\n{text}\n{answer}".encode()).hexdigest()


def whole_lines(text: str) -> str:
    """The text as it would be published: lines that end in one way, no control characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    return "".join(c for c in lines if c in "\n\t" or unicodedata.category(c) != "Cc")


def says_something(text: str) -> bool:
    """Whether a word is left beside the labels that stand for what was taken out."""
    return bool(_WORD.search(LABEL.sub(" ", text)))
