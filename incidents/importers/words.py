"""A table from a city's own words or codes to ours; ``*`` is anything, ``?`` one character."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Value = TypeVar("Value")


def _key(word: str) -> str:
    return " ".join(word.split()).casefold()


def matcher(patterns: Iterable[str]) -> re.Pattern[str]:
    """One expression for several patterns; match it against :func:`fold` of a word."""
    return re.compile("|".join(f"(?:{_expression(pattern)})" for pattern in patterns))


def fold(word: str) -> str:
    """Case and spacing never decide: exports of one system differ in both."""
    return _key(word)


_WILD = {"*": ".*", "?": "."}


def _expression(pattern: str) -> str:
    return "".join(_WILD.get(character) or re.escape(character) for character in _key(pattern))


def _is_pattern(word: str) -> bool:
    return any(wild in word for wild in _WILD)


@dataclass(frozen=True)
class WordTable(Generic[Value]):
    """Looks a word up: as it is, else by the pattern with the most letters, else nothing.

    ``"0110"`` matches itself, ``"02*"`` every word with that beginning, ``"*juvenile*"`` every
    word with that inside and ``"*"`` what nothing else matched.
    """

    rows: Mapping[str, Value]
    _exact: dict[str, Value] = field(init=False, repr=False, compare=False)
    _patterns: list[tuple[re.Pattern[str], Value]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        exact = {_key(word): value for word, value in self.rows.items() if not _is_pattern(word)}
        by_length = sorted(
            filter(_is_pattern, self.rows),
            key=lambda word: (-len(word.replace("*", "").replace("?", "")), word),
        )
        patterns = [(re.compile(_expression(word)), self.rows[word]) for word in by_length]
        object.__setattr__(self, "_exact", exact)
        object.__setattr__(self, "_patterns", patterns)

    def __bool__(self) -> bool:
        return bool(self.rows)

    def look_up(self, word: str) -> Value | None:
        key = _key(word)
        if key in self._exact:
            return self._exact[key]
        return next((value for found, value in self._patterns if found.fullmatch(key)), None)
