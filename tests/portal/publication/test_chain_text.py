"""Canonical JSON against a second writer, made from the text of RFC 8785 and nothing of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.publication.chain_text import canonical

SHORT = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
NAMES = st.text(st.characters(max_codepoint=126), max_size=8)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1)


def string(text: str) -> str:
    """RFC 8785, 3.2.2.2: the short escapes, lower-case \\u00xx for other controls, all else as it is."""
    written = (SHORT.get(ord(c)) or (f"\\u{ord(c):04x}" if ord(c) < 32 else c) for c in text)
    return f'"{"".join(written)}"'


def reference(words: dict[str, Any]) -> str:
    """3.2.3: names in the order of their UTF-16 code units."""
    names = sorted(words, key=lambda name: name.encode("utf-16-be"))
    pairs = (
        f"{string(name)}:{words[name] if isinstance(words[name], int) else string(words[name])}"
        for name in names
    )
    return "{" + ",".join(pairs) + "}"


@given(st.dictionaries(NAMES, TEXTS | NUMBERS, max_size=6))
def test_it_writes_what_the_standard_says(words: dict[str, Any]) -> None:
    assert canonical(words) == reference(words)
    assert json.loads(canonical(words)) == words


def test_an_example_by_hand() -> None:
    words = {"b": 'Stra\u00dfe "7"\n', "a": 7, "B": "\u007f\u0001"}

    assert canonical(words) == '{"B":"\u007f\\u0001","a":7,"b":"Stra\u00dfe \\"7\\"\\n"}'


@pytest.mark.parametrize("words", [{"a": 0.5}, {"a": None}, {"a": [1]}, {"\u00e4": 1}, {"a": True}])
def test_what_writers_of_json_disagree_about_is_refused(words: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="wanted a text or a whole number"):
        canonical(words)
