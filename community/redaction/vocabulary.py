"""Which words are ordinary, and which are first names."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Final

WORD: Final = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")

# Endings that leave the word behind them ordinary. Not "-er": "Walker", "Baker" and "Carter" are people.
_ENDINGS: Final = (
    "'s",
    "s",
    "es",
    "ed",
    "d",
    "ing",
    "ly",
    "n't",
    "'re",
    "'ve",
    "'ll",
    "'d",
    "'m",
    "mente",
)

_AMBIGUOUS: Final = """
    amber angel april art autumn bill carol chase crystal daisy dale dawn dean faith frank gene
    grace grant guy hope ivy iris jack joy june lily mark may mercy miles norma olive pat paz
    penny pilar ray rich rob rocky rosa rose ruby sky sol sue summer violet will
    dolores consuelo esperanza mercedes blanca cruz jan drew jean max amparo rosario
    rusty marina flor luz sol cielo socorro trinidad domingo salvador stella summer hunter chance major
"""


# Of these, the ones that stand in every other message in lower case, where they are no doubt.
_EVERYDAY: Final = """
    will may mark hope bill art summer chase guy rich miles frank grant max norma major chance faith
    april june autumn luz sol cielo cruz domingo blanca penny dawn sky rocky rose crystal violet olive
    pilar hunter esperanza socorro pat jack gene salvador
"""


def _words(name: str) -> frozenset[str]:
    lines = resources.files(__package__).joinpath("words", name).read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


@cache
def ordinary_words() -> frozenset[str]:
    return _words("english.txt") | _words("spanish.txt")


@cache
def lower_case_words() -> frozenset[str]:
    """Ordinary in lower case; with a capital some are surnames."""
    return _words("lower_case.txt")


@cache
def first_names() -> frozenset[str]:
    return _words("first_names.txt")


@cache
def ordinary_names() -> frozenset[str]:
    """Ordinary words that are surnames as well: "Young", "Flores"."""
    return _words("also_names.txt")


@cache
def ambiguous_names() -> frozenset[str]:
    """First names that are ordinary words too: names only where a capitalised word follows."""
    return frozenset(_AMBIGUOUS.split())


@cache
def everyday_names() -> frozenset[str]:
    """The ambiguous ones that are nearly always the word."""
    return frozenset(_EVERYDAY.split())


def is_ordinary(word: str) -> bool:
    """Whether a word (any case) is in the vocabulary, also with a usual ending."""
    low = word.lower()
    words = ordinary_words()
    if low in words:
        return True
    return any(low.endswith(end) and low[: -len(end)] in words for end in _ENDINGS)


# What a word in lower case may begin and end with besides; a capital makes some of them surnames.
_MORE_ENDINGS: Final = (
    *_ENDINGS,
    *("er", "ers", "r", "rs", "able", "ible", "al", "ally", "ment", "ments", "ness", "less", "ful"),
    *("y", "ies", "ied", "ier", "iest", "est", "ion", "ions", "tion", "ity", "ive", "ous", "ish"),
    *(
        "ito",
        "ita",
        "itos",
        "itas",
        "ísimo",
        "ísima",
        "ando",
        "iendo",
        "ado",
        "ada",
        "ados",
        "adas",
    ),
)
_BEGINNINGS: Final = ("un", "re", "dis", "non", "over", "mis", "pre")
_SHORTEST_STEM: Final = 3


def is_derived(word: str) -> bool:
    """Whether a word in lower case is ordinary, or made of an ordinary one: "unswept", "widening"."""
    return any(
        is_ordinary(stem) or stem in lower_case_words()
        for start in _without_beginning(word)
        for stem in _without_ending(start)
        if len(stem) >= _SHORTEST_STEM or stem == word
    )


def _without_beginning(word: str) -> list[str]:
    return [word, *(word.removeprefix(begin) for begin in _BEGINNINGS if word.startswith(begin))]


def _without_ending(word: str) -> list[str]:
    """The word, and what may be before its ending: "stopping" -> stopping, stopp, stop, stoppe."""
    stems = [word]
    for end in _MORE_ENDINGS:
        if word.endswith(end):
            stem = word.removesuffix(end)
            stems += [stem, f"{stem}e", f"{stem}y"]
            if stem[-1:] == stem[-2:-1]:
                stems.append(stem[:-1])
    return stems


def known_share(text: str) -> tuple[float, int]:
    """Share of the words that are ordinary (1.0 without words), and how many words there are."""
    found = WORD.findall(text)
    if not found:
        return 1.0, 0
    return sum(is_ordinary(word) for word in found) / len(found), len(found)
