"""People's names: after a title or an introduction, from a list, and any capital nobody vouched for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from community.redaction.introductions import (
    GREETING,
    INTRODUCTION,
    NAME_IS,
    NICKNAME,
    OFFICE,
    RELATION,
    TITLE,
)
from community.redaction.numbers import ORDINARY_MIX
from community.redaction.places import STREET_TYPES, Gazetteer
from community.redaction.plain import Plain
from community.redaction.spans import Span, covered
from community.redaction.vocabulary import (
    WORD,
    ambiguous_names,
    everyday_names,
    first_names,
    is_ordinary,
    ordinary_names,
)

# "D.T.W.": initials, not a country's or an hour's.
_INITIALS: Final = re.compile(
    r"(?i)(?<![\w.])(?!(?:U\.S|D\.C|A\.M|P\.M|P\.O|E\.G|I\.E|N\.Y|L\.A|D\.O\.B|U\.K|E\.U|A\.K)\b)(?:[A-Z]\.\s?){2,4}"
)
_MIXED: Final = re.compile(r"(?<![^\W_])(?=[^\W_]*?[^\W\d_])(?=[^\W_]*?\d)[^\W_]{3,}+")
# "wh17c0mb3" changes between letters and digits more often than a plate does.
_TO_AND_FRO: Final = re.compile(
    r"(?<![^\W_])[^\W_]*(?:[^\W\d_]\d+[^\W\d_]+\d|\d[^\W\d_]+\d+[^\W\d_])[^\W_]*"
)
_MIXED_CASE: Final = re.compile(r"\b[^\W\d_]*[a-z][A-Z][^\W\d_]*\b")
_SPELLED_OUT: Final = re.compile(r"(?<![\w'])(?:[^\W\d_][\s.*_/•~|-]{1,3}){3,}[^\W\d_](?![\w'])")
_NAME_RUN: Final = 3  # words after a title or an introduction: first, middle, last
_PARTICLES: Final = "de del la las los van von der den da do dos di y"
_SMALL: Final = frozenset(_PARTICLES.split())
_NO_NAMES: Final = """
    is was were are has had have who that which and or but the a an of in on at to for with from
    not never very did does do said says told asked came went will would could should can may
    es era fue son que quien y o pero el los en con por para no nunca muy dijo vino me nos le lo
"""
_NOT_AFTER: Final = frozenset(_NO_NAMES.split())
_STREET_WORDS: Final = frozenset(STREET_TYPES)
_LONGEST_PHRASE: Final = 6


def find_names(
    plain: Plain, gazetteer: Gazetteer, *, known: Sequence[Span]
) -> tuple[list[Span], set[str]]:
    """Spans of kind name outside ``known`` spans, and the reasons why a person must look."""
    hidden = covered(known, len(plain.text))
    words = [w for w in WORD.finditer(plain.text) if not hidden[w.start()]]
    vouched = _vouched_for(plain, words, gazetteer)
    certain = {*_introduced(plain, words), *_listed(words, vouched)}
    certain |= set(_followers(plain, words, certain))
    doubtful = {
        i
        for i, word in enumerate(words)
        if i not in certain
        and i not in vouched
        and word.group()[0].isupper()
        and len(word.group()) > 1
        and not is_ordinary(word.group())
    }
    doubtful |= {*_ordinary_names(plain, words)} - certain - vouched
    doubtful |= {*_named_like_streets(plain, words, gazetteer)} - certain
    doubtful |= set(_followers(plain, words, doubtful)) - certain
    spans = [Span(*words[i].span(), "name") for i in sorted(certain | doubtful)]
    spans += [Span(*found.span(), "name") for found in _INITIALS.finditer(plain.text)]
    odd = [Span(*token.span(), "name") for token in _odd(plain, hidden)]
    reasons = {
        "a capitalised word that may be a name": bool(doubtful),
        "a word written to be read by people only": bool(odd),
    }
    return [*spans, *odd], {reason for reason, holds in reasons.items() if holds}


def _odd(plain: Plain, hidden: Sequence[bool]) -> Iterator[re.Match[str]]:
    """Words with digits or capitals inside, and words in single letters: "M4ria", "hAmZa", "w.e.n.d.y"."""
    for pattern in (_MIXED, _MIXED_CASE, _SPELLED_OUT):
        for token in pattern.finditer(plain.text):
            word = token.group()
            known = is_ordinary(word) or ORDINARY_MIX.fullmatch(word.lower())
            if not known and not hidden[token.start()]:
                yield token
    yield from _TO_AND_FRO.finditer(plain.text)


def _introduced(plain: Plain, words: list[re.Match[str]]) -> Iterator[int]:
    """The words after a title or "my name is", whatever their case."""
    starts = {word.start(): i for i, word in enumerate(words)}
    for pattern, run, may_be in _INTRODUCED:
        for found in pattern.finditer(plain.lower):
            first = starts.get(found.end())
            if first is None:
                continue
            for i in range(first, min(first + run, len(words))):
                if not _continues(plain, words, first, i) or not may_be(
                    words[i].group(), i == first
                ):
                    break
                yield i


def _can_be_name(word: str, is_first: bool) -> bool:
    low = word.lower()
    if low in _NOT_AFTER:
        return False
    known = low in first_names() or low in ordinary_names()
    return word[0].isupper() or not is_ordinary(word) or (is_first and known)


def _is_any_word(word: str, is_first: bool) -> bool:
    return word.lower() not in _NOT_AFTER


def _is_name_though_ordinary(word: str, is_first: bool) -> bool:
    low = word.lower()
    return (
        low in ambiguous_names()
        or low in first_names()
        or (word[0].isupper() and low in ordinary_names())
    )


def _titled(word: str, is_first: bool) -> bool:
    return _is_any_word(word, is_first) if is_first else _can_be_name(word, is_first)


_INTRODUCED: Final = (
    (TITLE, 2, _titled),
    (OFFICE, 2, _can_be_name),
    (RELATION, 2, _can_be_name),
    (NAME_IS, _NAME_RUN, _titled),
    (INTRODUCTION, _NAME_RUN, _can_be_name),
    (NICKNAME, 2, _is_any_word),
    (GREETING, 2, _is_name_though_ordinary),
)

# What a person does and a month, a flower or a wish does not: "Will came", "Rose and Mark".
_DOES: Final = re.compile(
    r"\s+(?:(?:came|said|told|went|did|called|wrote|saw|never|always|from|lives|keeps|kept|got|took|made|gave|left|"
    r"drew|and\s+i|who|threw|ran|\w{2,}ed)\b)"
)

# "The bill came", "my hope died".
_NO_SUBJECT: Final = """
    a an the my our your his her their this that i we you they to no any
"""
_NOT_A_SUBJECT: Final = frozenset(_NO_SUBJECT.split())
_SEASONS: Final = "april may june summer winter spring abril domingo"
_TIMES: Final = frozenset(_SEASONS.split())
_WHEN: Final = """
    since in on of until till every by last this next early late mid before after from to through
    during all desde en de hasta cada este esta el los del a
"""
_BEFORE_TIMES: Final = frozenset(_WHEN.split())


def _ordinary_names(plain: Plain, words: list[re.Match[str]]) -> Iterator[int]:
    """Names that are ordinary words: with a capital inside a sentence, or with a person's verb behind."""
    for i, word in enumerate(words):
        shown, low = word.group(), word.group().lower().removesuffix("'s")
        before = words[i - 1].group().lower() if i > 0 else ""
        if low in ambiguous_names() and low not in everyday_names() and shown == low:
            yield i
        elif shown[1:].isupper() or not shown[0].isupper():
            if (
                low in ambiguous_names()
                and before not in _NOT_A_SUBJECT
                and _DOES.match(plain.lower, word.end())
            ):
                yield i
        elif low in ordinary_names() or low in ambiguous_names():
            inside = i > 0 and re.fullmatch(r"[ ,]+", plain.text[words[i - 1].end() : word.start()])
            time = low in _TIMES and before in _BEFORE_TIMES
            does = low in ambiguous_names() and _DOES.match(plain.lower, word.end())
            if (inside or does) and not time:
                yield i


def _named_like_streets(
    plain: Plain, words: list[re.Match[str]], gazetteer: Gazetteer
) -> Iterator[int]:
    """ "Grace Park": a first name and a street word that the map of the city does not hold together."""
    for i, word in enumerate(words[:-1]):
        first, second = word.group(), words[i + 1].group()
        both = f"{first} {second}".lower()
        if (
            first[0].isupper()
            and second[0].isupper()
            and second.lower() in _STREET_WORDS
            and first.lower() in first_names() | ambiguous_names()
            and plain.text[word.end() : words[i + 1].start()] == " "
            and both not in gazetteer.allowed_phrases
        ):
            yield from (i, i + 1)


def _continues(plain: Plain, words: list[re.Match[str]], first: int, i: int) -> bool:
    """Whether only a space, a hyphen or an initial's full stop parts this word from the one before."""
    if i == first:
        return True
    between = plain.text[words[i - 1].end() : words[i].start()]
    return between in (" ", "-", "  ") or (between == ". " and len(words[i - 1].group()) == 1)


def _listed(words: list[re.Match[str]], vouched: set[int]) -> Iterator[int]:
    """First names in any case; those that are ordinary words only before another capital."""
    for i, word in enumerate(words):
        low = word.group().lower().removesuffix("'s")
        if i in vouched:
            continue
        if low in ambiguous_names():
            after = words[i + 1].group() if i + 1 < len(words) else ""
            before_capital = after[:1].isupper() and after.lower() not in _STREET_WORDS
            if word.group()[0].isupper() and before_capital and not _is_sentence(after):
                yield i
        elif low in first_names():
            yield i


def _is_sentence(word: str) -> bool:
    return word.lower() in _NOT_AFTER or word == "I"


def _followers(plain: Plain, words: list[re.Match[str]], names: set[int]) -> Iterator[int]:
    """The surname after a name: capitalised, or in no vocabulary; across "de la" and an initial."""
    for start in sorted(names):
        i = start + 1
        while i < len(words) and i not in names and _continues(plain, words, start, i):
            word = words[i].group()
            if word.lower() in _SMALL and i + 1 < len(words) and words[i + 1].group()[0].isupper():
                i += 1
                continue
            if not _can_be_name(word, False) or (
                word.isupper() and is_ordinary(word) and len(word) > 1
            ):
                break
            yield i
            i += 1


def _vouched_for(plain: Plain, words: list[re.Match[str]], gazetteer: Gazetteer) -> set[int]:
    """Words that belong to a street or place: in the gazetteer, or right before a street word."""
    vouched: set[int] = set()
    for i, word in enumerate(words):
        low = word.group().lower()
        if low in _STREET_WORDS:
            vouched.add(i)
            j = i - 1
            while j >= max(0, i - 2) and _street_name(plain, words, j):
                vouched.add(j)
                j -= 1
        for length in range(min(_LONGEST_PHRASE, len(words) - i), 0, -1):
            if (
                " ".join(w.group().lower() for w in words[i : i + length])
                in gazetteer.allowed_phrases
            ):
                vouched.update(range(i, i + length))
                break
    return vouched


def _street_name(plain: Plain, words: list[re.Match[str]], j: int) -> bool:
    """ "Elm" in "Elm Street": capitalised, a space away, and no ordinary word of a sentence."""
    gap = plain.text[words[j].end() : words[j + 1].start()]
    word = words[j].group()
    return gap == " " and word[0].isupper() and word.lower() not in _NOT_AFTER
