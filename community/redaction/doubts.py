"""What rules cannot vouch for after masking: where a person must look, and why. Pure.

Nothing is found here; everything is doubted that is not known to be harmless. A word in no vocabulary
may be a name in lower case, or a misspelt "sidewalk": rules cannot tell, so a person does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from community.redaction.circumstances import CIRCUMSTANCES
from community.redaction.places import Gazetteer, doubtful_places
from community.redaction.plain import Plain
from community.redaction.spans import Span, covered
from community.redaction.vocabulary import WORD, ambiguous_names, is_derived, known_share

# Of the words of an ordinary report in English or Spanish nearly all are in the vocabulary; below this
# share the text is in another language or written so that rules cannot read it.
LEAST_KNOWN_SHARE: Final = 0.5
FEWEST_WORDS_TO_JUDGE: Final = 6
_SHORTEST_NAME: Final = 3
PLACE_DOUBT: Final = "a place that may be somebody's"

_PATTERNS: Final = {
    "a long number": re.compile(r"\d(?:[ .-]?\d){4,}"),
    "an at sign": re.compile(r"[^\s@]{0,64}@\S{0,64}"),
    "a sensitive matter": re.compile(
        r"\b(?:hiv|aids|pregnan\w+|abortion|cancer|diabet\w+|schizo\w+|bipolar|autis\w+|suicid\w+|"
        r"rap(?:e|ed|ist)|molest\w*|sexual\w*|undocumented|immigration|deport\w*|probation|parole|"
        r"addict\w*|rehab|restraining order|evict\w*|foster|dialysis|custody|refugee|"
        r"sikhs?|muslims?|jewish|desaloj\w+|discapacitad\w+|refugiad\w+|gay|lesbian|transgender|"
        r"embaraz\w+|aborto|violaci[oó]n|viol[oó]|sida|"
        r"indocumentad\w+|migra|deportad\w+|c[aá]ncer|esquizo\w+|abus[oó]\w*)\b"
    ),
}


def find_doubts(
    plain: Plain, spans: Sequence[Span], gazetteer: Gazetteer
) -> tuple[list[Span], set[str]]:
    """Places outside ``spans`` at which a person must look, and the reasons; some reasons have no place."""
    hidden = covered(spans, len(plain.text))
    left = "".join(" " if hide else c for c, hide in zip(plain.lower, hidden, strict=True))
    found, reasons = _by_pattern(plain.lower, left, hidden)
    places = _open(doubtful_places(plain, gazetteer), hidden)
    torn = [*_torn(plain.lower, hidden)]
    unknown = [Span(*word.span(), "doubt") for word in _unknown(left, gazetteer)]
    share, n_words = known_share(left)
    whole = {
        PLACE_DOUBT: bool(places),
        "a rest beside what was found": bool(torn),
        "a word that nobody knows": bool(unknown),
        "letters of another alphabet": plain.has_lookalikes,
        "hidden characters": plain.has_hidden,
        "few known words": n_words >= FEWEST_WORDS_TO_JUDGE and share < LEAST_KNOWN_SHARE,
    }
    return [*found, *places, *torn, *unknown], reasons | {
        reason for reason, holds in whole.items() if holds
    }


def _by_pattern(text: str, left: str, hidden: Sequence[bool]) -> tuple[list[Span], set[str]]:
    """``left`` is the text without what was masked; circumstances are looked for in the whole."""
    found: list[Span] = []
    reasons: set[str] = set()
    for patterns, words in ((_PATTERNS, left), (CIRCUMSTANCES, text)):
        for reason, pattern in patterns.items():
            matches = [Span(*match.span(), "doubt") for match in pattern.finditer(words)]
            if shown := _open(matches, hidden):
                found += shown
                reasons.add(reason)
    return found, reasons


def _open(spans: Iterable[Span], hidden: Sequence[bool]) -> list[Span]:
    """Those of which something is left."""
    return [span for span in spans if not all(hidden[span.start : span.end])]


_TOKEN: Final = re.compile(r"\S+")
_ALONE: Final = re.compile(r"\W*(?:'s|s)?\W*")


def _torn(text: str, hidden: Sequence[bool]) -> Iterator[Span]:
    """What is glued to a masked part: the rule found a piece, and the piece may not be the whole."""
    for token in _TOKEN.finditer(text):
        start, end = token.span()
        rest = "".join(text[i] if not hidden[i] else " " for i in range(start, end))
        if any(hidden[start:end]) and not _ALONE.fullmatch(rest):
            yield Span(start, end, "doubt")


def _unknown(left: str, gazetteer: Gazetteer) -> Iterator[re.Match[str]]:
    """Words of three letters or more that no vocabulary and no map of the city holds."""
    for word in WORD.finditer(left):
        low = word.group().removesuffix("'s")
        if len(low) >= _SHORTEST_NAME and not (
            low in ambiguous_names() or low in gazetteer.words or is_derived(low)
        ):
            yield word
