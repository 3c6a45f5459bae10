"""The one way to write what is signed: canonical JSON, as RFC 8785 has it for texts and whole numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Words = Mapping[str, str | int]


def canonical(words: Words) -> str:
    """Keys in order, no spaces, no escapes but those that JSON needs. Fractions are refused: writers
    of JSON disagree about them."""
    for name, value in words.items():
        if not name.isascii() or isinstance(value, bool) or not isinstance(value, str | int):
            raise TypeError(f"got {name!r}: {value!r}; wanted a text or a whole number")
    return compact(words)


def compact(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
