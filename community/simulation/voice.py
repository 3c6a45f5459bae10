"""One thing that a resident may write, with what an officer would answer."""

from __future__ import annotations

from typing import NamedTuple


class Voice(NamedTuple):
    """``text`` and ``answer`` with words in braces to fill in; no answer is an answer still to come."""

    kind: str  # report, question, praise, complaint
    topic: str
    text: str
    answer: str
    about_officer: bool = False
