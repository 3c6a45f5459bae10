"""Telephone numbers, other long numbers, number plates, dates of birth."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import phonenumbers

from community.redaction.plain import Plain
from community.redaction.spans import Span

_ONE_DIGIT: Final = """
    zero oh one two three four five six seven eight nine double triple
    cero uno una dos tres cuatro cinco seis siete ocho nueve doble
"""
_TWO_DIGITS: Final = """
    ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen
    twenty thirty forty fifty sixty seventy eighty ninety hundred
    diez once doce trece catorce quince veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa
    veintiuno veintidos veintitres veinticuatro veinticinco cien
"""
_DIGIT_WORDS: Final = dict.fromkeys(_ONE_DIGIT.split(), 1) | dict.fromkeys(_TWO_DIGITS.split(), 2)
# A digit, or a letter that stands for one beside digits: "617-555-O1l3".
_DIGITISH: Final = re.compile(r"(?=[oil|sb]*\d)[\doil|sb]+|\b(?:" + "|".join(_DIGIT_WORDS) + r")\b")
# What people put between the digits of one number. Not a comma between groups of three: 1,000,000.
_BETWEEN: Final = re.compile(
    r"[\s\-.()/+*_~•,=]{0,4}(?:(?:dash|hyphen|dot|space|then|and|gui[oó]n|punto|y|luego|area code|ext)[\s.\-]{1,2})?$"
)
_THOUSANDS: Final = re.compile(r"\$?\s?\d{1,3}(?:,\d{3}){1,2}(?!\d)")
# The country's 1, when it is written as the letter that looks like it: "+l 617 ...".
_COUNTRY: Final = re.compile(r"(?:\+|\b)[il|][\s.(-]{1,2}$")
FEWEST_PHONE_DIGITS: Final = 7  # a local number
MOST_PHONE_DIGITS: Final = 11  # with the country's 1

_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|enero|febrero|marzo|abril|mayo|junio|julio|agosto|"
    r"septiembre|setiembre|octubre|noviembre|diciembre)"
)
_DATE: Final = re.compile(
    r"\b(?:"
    r"\d{1,2}\s*[/.-]\s*\d{1,2}\s*[/.-]\s*(?:19|20)?\d{2}"
    r"|(?:19|20)\d{2}[/.-]\d{1,2}[/.-]\d{1,2}"
    rf"|{_MONTH}\.?\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+(?:19|20)?\d{{2}}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?\s+(?:de\s+|of\s+)?{_MONTH}\.?,?\s+(?:de\s+|del\s+)?(?:19|20)\d{{2}}"
    r")\b"
)
_BIRTH: Final = re.compile(
    r"\b(?:born|birth\s?-?days?|birth|b-?day|birthdate|d\.?\s?o\.?\s?b\b\.?|naci[oód]\w*|nacimiento|"
    r"cumplea[nñ]os|cumple)"
)
_YEAR: Final = re.compile(r"\b(?:19\d\d|20[0-2]\d)\b")
_DAY: Final = re.compile(
    rf"\b(?:{_MONTH}\.?\s+\d{{1,2}}|\d{{1,2}}\s+(?:de\s+)?{_MONTH}|\d{{1,2}}\s?[/.-]\s?\d{{1,2}})\b"
)
# Nobody reports what happened that long ago; a full date of then is somebody's birthday.
_LAST_BIRTH_YEAR: Final = 2012
_NEAR: Final = 40  # characters between a telling word and what it tells of

# An officer's number names the officer.
_BADGE: Final = re.compile(
    r"\b(?:badge|shield|unit|id|identificaci[oó]n)\s*(?:number|num|no|nr|n[uú]mero|is|es|[:#.])*\s*#?\s*\d{2,8}\b"
)
_PLATE_WORD: Final = re.compile(
    r"\b(?:(?:licen[cs]e|number|tag|lic|reg)\s*)?(?:plates?|licen[cs]e|tags?|lic|regis?(?:tration)?|reg|"
    r"placas?|matr[ií]culas?|patente|chapa|tablilla|vin)\b"
)
_TOKEN: Final = re.compile(r"[^\W_]+")
ORDINARY_MIX: Final = re.compile(
    r"\d+(?:st|nd|rd|th|am|pm|a|p|x|ft|in|m|km|mi|mph|kph|lb|lbs|oz|kg|k|hr|hrs|min|mins|sec|yr|yrs|"
    r"yo|s|pcs|pc|gal|v|w|kw|kwh|db|g|mm|cm|er|ro|do|to|days?|hours?|weeks?|months?|years?)"
    r"|[a-z]\d|(?:i|us|rt|rte|sr|hwy)\d{1,3}|covid\d+|mp[34]|h264|24x7|24h"
)
_TIME_OR_YEAR: Final = re.compile(r"\d{1,2}|(?:19|20)\d{2}")
_SPLIT_PLATE: Final = re.compile(
    r"\b(?:[A-Z]{2,3}[ -]?\d{3,4}|\d{3,4}[ -]?[A-Z]{2,3}|\d[A-Z]{3}[ -]?\d{3}"
    r"|(?=[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z0-9]{2,4}[ -](?=[A-Z0-9]*\d)[A-Z0-9]{2,4}"
    r"|(?=[A-Z0-9]*\d)[A-Z0-9]{2,4}[ -](?=[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z0-9]{2,4})\b"
)
_ROUTE: Final = re.compile(r"(?:US|RT|RTE|SR|HWY|ROUTE|MA|AT|ON|IN|TO|OF|AND|BY|THE|AM|PM)[ -]")


def find_numbers(plain: Plain) -> list[Span]:
    """Spans of kinds phone, number, plate and birth-date."""
    dates = [found.span() for found in _DATE.finditer(plain.lower)]
    badges = [Span(*found.span(), "number") for found in _BADGE.finditer(plain.lower)]
    return [*badges, *_birth_dates(plain), *_phones(plain, dates), *_plates(plain, dates)]


def _phones(plain: Plain, dates: list[tuple[int, int]]) -> Iterator[Span]:
    if sum(c.isdigit() for c in plain.text) >= FEWEST_PHONE_DIGITS:
        matcher = phonenumbers.PhoneNumberMatcher(
            plain.text, "US", leniency=phonenumbers.Leniency.POSSIBLE
        )
        for match in matcher:
            if not _inside(match.start, match.end, dates):
                yield Span(match.start, match.end, "phone")
    for start, end, n_digits in _digit_runs(plain.lower):
        if n_digits < FEWEST_PHONE_DIGITS or _inside(start, end, dates):
            continue
        if _THOUSANDS.fullmatch(plain.lower[start:end]):
            continue
        country = _COUNTRY.search(plain.lower, 0, start)
        start = country.start() if country else start
        yield Span(start, end, "phone" if n_digits <= MOST_PHONE_DIGITS else "number")


def _digit_runs(lower: str) -> Iterator[tuple[int, int, int]]:
    """(start, end, digits) of runs of digits and digit words with nothing but separators between."""
    start = end = -1
    count = 0
    for found in _DIGITISH.finditer(lower):
        if count and not _BETWEEN.match(lower[end : found.start()]):
            yield start, end, count
            count = 0
        if not count:
            start = found.start()
        end = found.end()
        count += _DIGIT_WORDS.get(found.group(), len(found.group()))
    if count:
        yield start, end, count


def _inside(start: int, end: int, ranges: list[tuple[int, int]]) -> bool:
    """Whether a date explains it. A date with more digits around it does not: "1/2/2017 5550123"."""
    return any(low - 1 <= start and end <= high + 1 for low, high in ranges)


def _birth_dates(plain: Plain) -> Iterator[Span]:
    for found in _DATE.finditer(plain.lower):
        year = _YEAR.search(found.group())
        old = year is not None and int(year.group()) <= _LAST_BIRTH_YEAR
        around = plain.lower[max(0, found.start() - _NEAR) : found.end() + _NEAR]
        if old or _BIRTH.search(around):
            yield Span(found.start(), found.end(), "birth-date")
    for told in _BIRTH.finditer(plain.lower):
        for pattern in (_DAY, _YEAR):
            after = pattern.search(plain.lower, told.end(), told.end() + _NEAR)
            if after:
                yield Span(after.start(), after.end(), "birth-date")


# "V/A/S/6/2/6/3": single signs, letters among digits.
_APART: Final = re.compile(r"(?<![^\W_])(?:[^\W_][\s.*_/•~|-]{1,3}){4,}[^\W_](?![^\W_])")
_LOWER_PLATE: Final = re.compile(r"\b(?:[a-z]{2,3}-\d{3,4}|\d{3,4}-[a-z]{2,3})\b")


def _plates(plain: Plain, dates: list[tuple[int, int]]) -> Iterator[Span]:
    for found in _TOKEN.finditer(plain.text):
        token = found.group().lower()
        digits = sum(c.isdigit() for c in token)
        if len(token) >= 5 and 2 <= digits < len(token) and not ORDINARY_MIX.fullmatch(token):
            yield Span(found.start(), found.end(), "plate")
    for found in _SPLIT_PLATE.finditer(plain.text):
        if not _ROUTE.match(found.group()) and not _inside(*found.span(), dates):
            yield Span(found.start(), found.end(), "plate")
    for found in _APART.finditer(plain.text):
        signs = [c for c in found.group() if c.isalnum()]
        if 0 < sum(c.isdigit() for c in signs) < len(signs):
            yield Span(found.start(), found.end(), "plate")
    for found in _LOWER_PLATE.finditer(plain.text):
        if not _inside(*found.span(), dates):
            yield Span(found.start(), found.end(), "plate")
    for word in _PLATE_WORD.finditer(plain.lower):
        yield from _plates_near(plain, word.start(), word.end(), dates)


def _plates_near(
    plain: Plain, start: int, end: int, dates: list[tuple[int, int]]
) -> Iterator[Span]:
    """Beside a word such as "plate" any token with a digit is one, with the capitals next to it."""
    nearby = _TOKEN.finditer(plain.text, max(0, start - _NEAR // 2), end + _NEAR + _NEAR // 2)
    tokens = [t for t in nearby if t.start() >= end or t.end() <= start]
    for i, token in enumerate(tokens):
        low = token.group().lower()
        named = _named_directly(plain.lower[end : token.start()]) if token.start() >= end else False
        has_digit = any(c.isdigit() for c in low) and not ORDINARY_MIX.fullmatch(low)
        if _inside(token.start(), token.end(), dates) or not (
            has_digit or (named and token.group().isupper())
        ):
            continue
        first, last = _grown(plain.text, tokens, i)
        if named or not _TIME_OR_YEAR.fullmatch(plain.text[first:last]):
            yield Span(first, last, "plate")


def _grown(text: str, tokens: list[re.Match[str]], i: int) -> tuple[int, int]:
    """The whole plate around one of its parts: capitals or digits a space, dash or dot away."""
    low = high = i
    while low and _joined(text, tokens[low - 1], tokens[low], tokens[low - 1].group()):
        low -= 1
    while high + 1 < len(tokens) and _joined(
        text, tokens[high], tokens[high + 1], tokens[high + 1].group()
    ):
        high += 1
    return tokens[low].start(), tokens[high].end()


def _joined(text: str, left: re.Match[str], right: re.Match[str], part: str) -> bool:
    gap = text[left.end() : right.start()]
    short = len(gap) <= 2 and not gap.strip(" -.·")
    return short and len(part) <= 5 and (part.isupper() or part.isdigit())


def _named_directly(between: str) -> bool:
    """ "plate: ", "plate number is ", "placa número "."""
    return bool(
        re.fullmatch(
            r"\W*(?:(?:number|num|no|nr|n[uú]mero|n[oº]|is|was|es|era|of|de)\b\W*){0,3}", between
        )
    )
