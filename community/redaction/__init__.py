"""Personal data in what residents write, found by rules that fail closed. Pure.

No language model: none can be had offline, and a rule can be read by whoever doubts it. What is found
is masked; what is doubtful is masked and held for a person; nothing is published on these rules alone.
"""

from __future__ import annotations

from community.redaction.names import find_names
from community.redaction.numbers import find_numbers
from community.redaction.online import find_online
from community.redaction.places import Gazetteer, find_places
from community.redaction.plain import Plain, tidy
from community.redaction.second_look import SecondLook, says_something, seal_of
from community.redaction.spans import LABEL, Findings, Span, covered, marked, mask, merged
from community.redaction.vocabulary import known_share

__all__ = [
    "Findings",
    "Gazetteer",
    "SecondLook",
    "Span",
    "find_personal_data",
    "look_again",
    "marked",
    "mask",
    "says_something",
    "seal_of",
]

# Of the words of an ordinary report in English or Spanish nearly all are in the vocabulary; below this
# share the text is in another language or written so that rules cannot read it.
LEAST_KNOWN_SHARE = 0.5
FEWEST_WORDS_TO_JUDGE = 6


def find_personal_data(text: str, *, gazetteer: Gazetteer | None = None) -> Findings:
    """Where personal data is, and whether a person must look before anything is published.

    ``text`` is the resident's own, English or Spanish. ``gazetteer`` holds the city's street and place
    names. Spans are in characters of ``text``, in order, without overlap. ``reasons`` says why a
    person must look; ``hold_for_human`` is whether there is any.
    """
    gazetteer = gazetteer or Gazetteer()
    plain = Plain(tidy(LABEL.sub(lambda label: "§" * len(label.group()), text)))
    spans = [*find_online(plain), *find_places(plain, gazetteer), *find_numbers(plain)]
    names, name_reasons = find_names(plain, gazetteer, known=merged(spans))
    spans = merged([*spans, *names])
    reasons = {*name_reasons, *_doubts(plain, covered(spans, len(plain.text)))}
    return Findings(
        tuple(plain.in_original(span) for span in spans), reasons=tuple(sorted(reasons))
    )


def look_again(text: str, answer: str, *, gazetteer: Gazetteer | None = None) -> SecondLook:
    """The same rules over what a person would publish of a message and of its answer."""
    found = [find_personal_data(words, gazetteer=gazetteer) for words in (text, answer)]
    return SecondLook(found[0], found[1], seal=seal_of(text, answer))


def _doubts(plain: Plain, is_covered: list[bool]) -> list[str]:
    """Why what is left after masking may still say too much."""
    left = "".join(" " if hide else c for c, hide in zip(plain.text, is_covered, strict=True))
    share, n_words = known_share(left)
    found = {
        "letters of another alphabet": plain.has_lookalikes,
        "hidden characters": plain.has_hidden,
        "letters spelled out one by one": plain.spelled_out.search(left) is not None,
        "a long number": plain.long_number.search(left) is not None,
        "an at sign": "@" in left,
        "a sensitive matter": plain.sensitive.search(left) is not None,
        "few known words": n_words >= FEWEST_WORDS_TO_JUDGE and share < LEAST_KNOWN_SHARE,
    }
    return [reason for reason, holds in found.items() if holds]
