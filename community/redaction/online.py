"""E-mail addresses, links and account names, also when spelled out: "john dot doe at gmail dot com"."""

from __future__ import annotations

import re
from typing import Final

from community.redaction.plain import Plain
from community.redaction.spans import Span

_TLD: Final = (
    r"(?:com|org|net|edu|gov|mil|info|io|app|biz|dev|ai|us|mx|es|uk|ca|pr|do|co|me|tv|ly|gl)"
)
_PROVIDER: Final = (
    r"(?:gmail|g mail|hotmail|yahoo|outlook|icloud|aol|protonmail|proton|live|msn|comcast|verizon)"
)
# "." or "dot", bare or between any signs: "(dot)", "-punto-".
_DOT: Final = r"\s*(?:\.|[^\w\s]{1,2}\s?(?:dot|punto)\s?[^\w\s]{1,2}|\b(?:dot|punto)\b)\s*"
_AT_SIGN: Final = r"\s*(?:@|[^\w\s]{1,2}\s?(?:at|arroba|@)\s?[^\w\s]{1,2}|\barroba\b)\s*"
# Bounded and possessive, so that no text makes a pattern try for long (4,000 characters of "a.a.a").
_WORD: Final = r"[\w+%-]{1,64}+"
_LOCAL: Final = rf"(?<![\w+%-]){_WORD}(?:{_DOT}{_WORD}){{0,5}}"

_PATTERNS: Final = [
    ("email", rf"{_LOCAL}{_AT_SIGN}{_WORD}(?:{_DOT}{_WORD}){{0,4}}?{_DOT}{_TLD}\b"),
    ("email", rf"{_LOCAL}{_AT_SIGN}{_PROVIDER}\b(?:{_DOT}{_TLD}\b)?"),
    ("email", rf"{_LOCAL}\s+at\s+{_PROVIDER}\b(?:{_DOT}{_TLD}\b)?"),
    (
        "email",
        rf"{_LOCAL}\s+at\s+{_WORD}(?:\s+(?:dot|punto)\s+{_WORD}){{0,4}}?\s+(?:dot|punto)\s+{_TLD}\b",
    ),
    ("email", r"(?<![\w.+%-])[\w.+%-]{1,64}+@[\w.-]{1,253}"),
    ("url", r"\bh(?:tt|xx)ps?\s*:\s*/\s*/\s*\S+"),
    ("url", r"\bwww\s*\.\s*\S+"),
    ("url", rf"(?<![\w.-])(?:[\w-]{{1,64}}+\.){{1,6}}{_TLD}\b(?:/\S*)?"),
    (
        "url",
        rf"\b[\w-]{{1,64}}\s*(?:\(\s*(?:dot|punto)\s*\)|\[\s*(?:dot|punto)\s*\]|\b(?:dot|punto)\b)\s*{_TLD}\b",
    ),
    ("handle", r"(?<![\w.])@\s?\w[\w.]*"),
    ("handle", r"\b[a-z0-9]{1,64}+(?:_+[a-z0-9]+)++"),
    (
        "handle",
        r"(?<=\b)(?:instagram|insta|ig|facebook|fb|twitter|tiktok|snapchat|snap|whatsapp|telegram|venmo)"
        r"\s*(?:is|es|:|handle|account|user|usuario|cuenta)+\s*[:=]?\s*@?[\w.]+",
    ),
]
_COMPILED: Final = [(kind, re.compile(pattern)) for kind, pattern in _PATTERNS]
_MAY_HOLD_ANY: Final = re.compile(
    r"[@_./]|\b(?:at|arroba|dot|punto|instagram|insta|ig|facebook|fb|twitter|tiktok|snapchat|snap|"
    r"whatsapp|telegram|venmo)\b"
)


def find_online(plain: Plain) -> list[Span]:
    """Spans of kinds email, url and handle."""
    if not _MAY_HOLD_ANY.search(plain.lower):
        return []
    return [
        Span(found.start(), found.end(), kind)
        for kind, pattern in _COMPILED
        for found in pattern.finditer(plain.lower)
    ]
